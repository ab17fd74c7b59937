#include "compiler/lsp.h"
#include "runtime/base/utf8.h"

#include <stdlib.h>

/* ---- places ---- */

/* Bytes of the line break at `at`; 0: there is none. */
static size_t line_break(const char *text, size_t n, size_t at)
{
    if (text[at] == '\n') {
        return 1;
    }
    return text[at] != '\r' ? 0 : at + 1 < n && text[at + 1] == '\n' ? 2 : 1;
}

/* Bytes and UTF-16 units of the character at `at`: one of each for a byte of broken UTF-8. */
static size_t step(const char *text, size_t n, size_t at, uint32_t *units)
{
    const size_t len = utf8_length(text + at, n - at);
    *units = len == 4 ? 2 : 1;
    return len ? len : 1;
}

uint32_t lsp_offset(const char *text, size_t n, struct lsp_place p)
{
    size_t at = 0;
    for (uint32_t line = 0; line < p.line && at < n;) {
        const size_t len = line_break(text, n, at);
        line += len > 0;
        at += len ? len : 1;
    }
    for (uint32_t c = 0, units; at < n && line_break(text, n, at) == 0; c += units) {
        const size_t len = step(text, n, at, &units);
        if (c + units > p.character) { /* a place within a pair of surrogates is before it */
            break;
        }
        at += len;
    }
    return (uint32_t)at;
}

struct lsp_place lsp_place_of(const char *text, size_t n, uint32_t offset)
{
    struct lsp_place p = {0, 0};
    uint32_t units;
    size_t at = 0;
    while (at < n && at < offset) {
        const size_t len = line_break(text, n, at);
        if (len && at + len <= offset) {
            at += len;
            p = (struct lsp_place){p.line + 1, 0};
        } else if (len) {
            break;
        } else {
            at += step(text, n, at, &units);
            p.character += units;
        }
    }
    return p;
}

static void put_place(struct json *j, const char *key, struct lsp_place p)
{
    json_key(j, key);
    json_object(j);
    json_key(j, "line");
    json_int(j, p.line);
    json_key(j, "character");
    json_int(j, p.character);
    json_end_object(j);
}

void lsp_put_range(struct json *j, const struct source *f, struct span at)
{
    json_object(j);
    put_place(j, "start", f ? lsp_place_of(f->text, f->n, at.begin) : (struct lsp_place){0, 0});
    put_place(j, "end", f ? lsp_place_of(f->text, f->n, at.end) : (struct lsp_place){0, 0});
    json_end_object(j);
}

bool lsp_read_place(struct lsp_json v, struct lsp_place *out)
{
    return lsp_json_whole(lsp_json_get(v, "line"), &out->line) &&
           lsp_json_whole(lsp_json_get(v, "character"), &out->character);
}

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

const char *lsp_uri_of_file(struct arena *a, const struct lsp_document *d, uint32_t file)
{
    const struct source *f = sources_get(&d->unit.sources, file);
    if (file == 1) {
        return d->uri;
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

static void forget(struct lsp_document *d)
{
    diags_free(&d->diags);
    arena_free(&d->arena);
    d->diags = (struct diags){0};
    d->arena = (struct arena){0};
    d->unit = (struct unit){0};
    d->fresh = d->told = false;
}

/* Sources have no byte order mark, so that the text that is kept for places has none either; its
 * first line then is a unit shorter than the editor's. */
static void set_text(struct lsp_document *d, const char *text, size_t n)
{
    const size_t mark = n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    buf_clear(&d->text);
    buf_put(&d->text, text + mark, n - mark);
    forget(d);
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
    forget(d);
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
    const uint32_t from = lsp_offset(d->text.data, d->text.n, p);
    const uint32_t to = lsp_offset(d->text.data, d->text.n, q);
    if (to < from) {
        return false;
    }
    struct buf out = {0};
    buf_put(&out, d->text.data, from);
    buf_put(&out, text, n);
    buf_put(&out, d->text.data + to, d->text.n - to);
    set_text(d, out.n ? out.data : "", out.n);
    buf_free(&out);
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
