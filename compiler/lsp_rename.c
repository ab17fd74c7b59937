#include "compiler/lsp.h"

#include <stdlib.h>

static bool same_place(struct span a, struct span b)
{
    return a.file == b.file && a.begin == b.begin && a.end == b.end;
}

static void put_location(struct json *j, struct arena *a, struct lsp_document *d, struct span at)
{
    const char *uri = lsp_uri_of_file(a, d, at.file);
    if (!uri) {
        json_null(j);
        return;
    }
    lsp_put_location(j, uri, lsp_lines_of(d, at.file), at);
}

void lsp_definition(struct lsp_document *d, uint32_t offset, struct json *j)
{
    struct lsp_names names;
    lsp_names(d, offset, &names);
    const struct lsp_name *x = lsp_name_at(&names, offset);
    if (x) {
        put_location(j, &names.arena, d, x->decl->name.span);
    } else {
        json_null(j);
    }
    lsp_names_free(&names);
}

/* Names of other files aren't this one's to change. */
static const struct lsp_name *renamable(struct lsp_document *d, uint32_t offset,
                                        struct lsp_names *names)
{
    lsp_names(d, offset, names);
    const struct lsp_name *x = lsp_name_at(names, offset);
    return x && x->decl->name.span.file == 1 ? x : NULL;
}

void lsp_prepare_rename(struct lsp_document *d, uint32_t offset, struct json *j)
{
    struct lsp_names names;
    const struct lsp_name *x = renamable(d, offset, &names);
    if (x) {
        lsp_put_range(j, &d->lines, x->at);
    } else {
        json_null(j);
    }
    lsp_names_free(&names);
}

static bool is_word(const char *s)
{
    for (size_t i = 0; s[i]; i++) {
        const char c = s[i];
        if (c != '_' && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            !(i > 0 && c >= '0' && c <= '9')) {
            return false;
        }
    }
    return s[0] != '\0';
}

/* Where a byte of the old text stands in the new one. */
static uint32_t moved(const struct lsp_names *at, uint32_t offset, int64_t longer)
{
    int64_t n = 0;
    for (uint32_t i = 0; i < at->list.n; i++) {
        n += at->list.data[i].at.begin < offset;
    }
    return (uint32_t)(offset + n * longer);
}

static int by_place(const void *a, const void *b)
{
    const struct lsp_name *x = a, *y = b;
    return x->at.begin < y->at.begin ? -1 : x->at.begin > y->at.begin;
}

/* Checks the text with the changes: no errors, and as many places that mean what was renamed. */
static bool still_means(struct lsp *s, const struct lsp_document *d, const struct lsp_names *at,
                        const char *name, const struct buf *text)
{
    struct lsp_document changed = {.uri = d->uri, .path = d->path, .text = *text};
    struct lsp_names names;
    const struct span old = at->list.data[0].decl->name.span;
    const uint32_t begin =
        moved(at, old.begin, (int64_t)strlen(name) - (int64_t)(old.end - old.begin));
    uint32_t n = 0;
    lsp_check(s, &changed);
    lsp_names(&changed, 0, &names);
    for (uint32_t i = 0; i < names.list.n; i++) {
        const struct span to = names.list.data[i].decl->name.span;
        n += to.file == 1 && to.begin == begin;
    }
    const bool good = changed.diags.n_errors == 0 && n == at->list.n;
    lsp_names_free(&names);
    lsp_forget(&changed);
    return good;
}

static void put_edits(struct json *j, const struct lsp_document *d, const struct lsp_names *at,
                      const char *name)
{
    json_object(j);
    json_key(j, "changes");
    json_object(j);
    json_key(j, d->uri);
    json_array(j);
    for (uint32_t i = 0; i < at->list.n; i++) {
        json_object(j);
        json_key(j, "range");
        lsp_put_range(j, &d->lines, at->list.data[i].at);
        json_key(j, "newText");
        json_str(j, name);
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
    json_end_object(j);
}

/* The name with the changes made; why not, or NULL. */
static const char *rename_all(struct lsp *s, struct lsp_document *d, const struct lsp_names *names,
                              const struct lsp_name *x, const char *name, struct json *j)
{
    struct lsp_names at = {0};
    struct buf text = {0};
    uint32_t done = 0;
    for (uint32_t i = 0; i < names->list.n; i++) {
        if (same_place(names->list.data[i].decl->name.span, x->decl->name.span)) {
            VEC_PUSH(&at.arena, &at.list, names->list.data[i]);
        }
    }
    qsort(at.list.data, at.list.n, sizeof *at.list.data, by_place);
    for (uint32_t i = 0; i < at.list.n; i++) {
        const struct span here = at.list.data[i].at;
        buf_put(&text, d->text.data + done, here.begin - done);
        buf_puts(&text, name);
        done = here.end;
    }
    buf_put(&text, d->text.data + done, d->text.n - done);
    const bool good = still_means(s, d, &at, name, &text);
    buf_free(&text);
    if (good) {
        put_edits(j, d, &at, name);
    }
    lsp_names_free(&at);
    return good ? NULL : "the name is taken, or a word of the language";
}

const char *lsp_rename(struct lsp *s, struct lsp_document *d, uint32_t offset, const char *name,
                       struct json *j)
{
    struct lsp_names names;
    const struct lsp_name *x = renamable(d, offset, &names);
    const char *why = !x                  ? "there is no name of this file here"
                      : d->diags.n_errors ? "the file has errors: what stands there may be missed"
                      : !is_word(name)    ? "not a name"
                                          : rename_all(s, d, &names, x, name, j);
    lsp_names_free(&names);
    return why;
}
