#include "compiler/lsp.h"
#include "runtime/base/file.h"

#include <stdlib.h>

/* ---- uris ---- */

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

char *lsp_path_of(struct arena *a, const char *uri)
{
    if (strncmp(uri, "file://", 7) != 0) {
        return arena_strdup(a, uri);
    }
    const char *s = uri + 7;
    s += strcspn(s, "/"); /* the host */
    char *out = arena_strdup(a, s);
    size_t n = 0;
    for (; *s; s++) {
        const int hi = *s == '%' ? hex(s[1]) : -1, lo = hi >= 0 ? hex(s[2]) : -1;
        const bool escaped = lo >= 0 && 16 * hi + lo != 0;
        out[n++] = escaped ? (char)(16 * hi + lo) : *s;
        s += escaped ? 2 : 0;
    }
    out[n] = '\0';
    return out;
}

char *lsp_uri_of(struct arena *a, const char *path)
{
    struct buf b = {0};
    buf_puts(&b, "file://");
    for (const char *s = path; *s; s++) {
        const unsigned char c = (unsigned char)*s;
        const bool plain =
            (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || strchr("/-._~", *s);
        buf_printf(&b, plain ? "%c" : "%%%02X", c);
    }
    char *out = arena_strdup(a, b.data);
    buf_free(&b);
    return out;
}

/* Of a module in the library the file with its text: "stdlib/NAME.dyn" stands in the folder of
 * copies as NAME.dyn. */
static const char *uri_of_copy(struct arena *a, const char *folder, const struct source *f)
{
    struct diags quiet = {0};
    struct bytes text = {0};
    const char *name = strrchr(f->path, '/');
    char *path = folder && name ? arena_printf(a, "%s%s", folder, name) : NULL;
    const bool same = path && file_read(a, path, &text, &quiet, E0501, (struct span){0}) &&
                      text.n == f->n && memcmp(text.data, f->text, f->n) == 0;
    diags_free(&quiet);
    return same ? lsp_uri_of(a, path) : NULL;
}

const char *lsp_uri_of_file(struct arena *a, const struct lsp_document *d, uint32_t file)
{
    const struct source *f = sources_get(&d->unit.sources, file);
    if (file == 1) {
        return d->uri;
    }
    if (f && f->path[0] != '/' && d->server && !d->server->stdlib) {
        return uri_of_copy(a, d->server->copies, f);
    }
    return f && f->path[0] == '/' ? lsp_uri_of(a, f->path) : NULL;
}

/* ---- documents ---- */

struct lsp_document *lsp_find(const struct lsp *s, const char *uri)
{
    for (struct lsp_document *d = s->first; d; d = d->next) {
        if (strcmp(d->uri, uri) == 0) {
            return d;
        }
    }
    return NULL;
}

void lsp_forget(struct lsp_document *d)
{
    for (uint32_t i = 0; i < d->n_other; i++) {
        lsp_lines_free(&d->other[i]);
    }
    free(d->other);
    d->other = NULL;
    d->n_other = 0;
    diags_free(&d->diags);
    arena_free(&d->arena);
    d->diags = (struct diags){0};
    d->arena = (struct arena){0};
    d->unit = (struct unit){0};
    d->fresh = d->told = false;
}

static size_t mark_of(const char *text, size_t n)
{
    return n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* Sources have no byte order mark, so that the text that is kept for places has none either. */
static void set_text(struct lsp_document *d, const char *text, size_t n)
{
    const size_t mark = mark_of(text, n);
    buf_clear(&d->text);
    buf_put(&d->text, text + mark, n - mark);
    lsp_lines_init(&d->lines, d->text.data ? d->text.data : "", d->text.n);
    d->lines.mark = mark > 0;
    lsp_forget(d);
}

/* Puts n bytes in place of those from `from` up to `to`. */
static void replace(struct lsp_document *d, uint32_t from, uint32_t to, const char *text, size_t n)
{
    struct buf *b = &d->text;
    const size_t before = b->n, after = before - (to - from) + n;
    if (after > before) {
        buf_fill(b, ' ', after - before);
    }
    if (b->data) {
        memmove(b->data + from + n, b->data + to, before - to);
        memcpy(b->data + from, text, n);
        b->n = after;
        b->data[after] = '\0';
    }
    lsp_lines_change(&d->lines, from, to, n, b->data ? b->data : "", after);
    lsp_forget(d);
}

struct lsp_document *lsp_open(struct lsp *s, const char *uri, const char *text, size_t n)
{
    struct lsp_document *d = lsp_find(s, uri);
    if (!d) {
        struct arena a = {0};
        d = calloc(1, sizeof *d);
        if (!d || !(d->uri = strdup(uri)) || !(d->path = strdup(lsp_path_of(&a, uri)))) {
            base_panic("out of memory");
        }
        arena_free(&a);
        d->server = s;
        d->next = s->first;
        s->first = d;
    }
    set_text(d, text, n);
    return d;
}

void lsp_close(struct lsp *s, struct lsp_document *d)
{
    struct lsp_document **at = &s->first;
    while (*at != d) {
        at = &(*at)->next;
    }
    *at = d->next;
    lsp_forget(d);
    lsp_lines_free(&d->lines);
    buf_free(&d->text);
    free(d->uri);
    free(d->path);
    free(d);
}

/* One change: of a range, or of all of the text. */
static bool change(struct lsp_document *d, struct lsp_json c, struct arena *scratch)
{
    size_t n = 0;
    const char *text = lsp_json_string(lsp_json_get(c, "text"), scratch, &n);
    const struct lsp_json range = lsp_json_get(c, "range");
    struct lsp_place p, q;
    if (!text) {
        return false;
    }
    if (!range.text) {
        set_text(d, text, n);
        return true;
    }
    if (!lsp_read_place(lsp_json_get(range, "start"), &p) ||
        !lsp_read_place(lsp_json_get(range, "end"), &q)) {
        return false;
    }
    const uint32_t from = lsp_offset(&d->lines, p), to = lsp_offset(&d->lines, q);
    if (to < from) {
        return false;
    }
    size_t mark = 0;
    if (p.line == 0 && p.character == 0) { /* the mark goes, or comes */
        mark = mark_of(text, n);
        d->lines.mark = mark > 0 || (d->lines.mark && q.line == 0 && q.character == 0);
    }
    replace(d, from, to, text + mark, n - mark);
    return true;
}

bool lsp_change(struct lsp_document *d, struct lsp_json changes)
{
    struct lsp_json c;
    for (size_t at = 0; lsp_json_item(changes, &at, &c);) {
        struct arena scratch = {0};
        const bool good = change(d, c, &scratch);
        arena_free(&scratch);
        if (!good) {
            return false;
        }
    }
    return true;
}

void lsp_check(struct lsp *s, struct lsp_document *d)
{
    if (d->fresh) {
        return;
    }
    memcpy(d->diags.level, s->level, sizeof s->level);
    unit_init(&d->unit, &d->arena, &d->diags, s->stdlib);
    unit_load_text(&d->unit, d->path, d->text.n ? d->text.data : "", d->text.n);
    unit_check(&d->unit);
    d->fresh = true;
}

const struct source *lsp_source(const struct lsp_document *d)
{
    return sources_get(&d->unit.sources, 1);
}

const struct lsp_lines *lsp_lines_of(struct lsp_document *d, uint32_t file)
{
    const struct source *f = sources_get(&d->unit.sources, file);
    if (file == 1 || !f) {
        return f ? &d->lines : NULL;
    }
    if (file >= d->n_other) {
        d->other = realloc(d->other, (file + 1) * sizeof *d->other);
        if (!d->other) {
            base_panic("out of memory");
        }
        memset(d->other + d->n_other, 0, (file + 1 - d->n_other) * sizeof *d->other);
        d->n_other = file + 1;
    }
    if (d->other[file].n_lines == 0) {
        lsp_lines_init(&d->other[file], f->text, f->n);
    }
    return &d->other[file];
}
