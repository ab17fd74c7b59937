/* What parses can be formatted: the same tree comes out, the result formats to itself, and the diff
 * to it has all its lines. */
#include "lang/fmt.h"
#include "lang/parse.h"
#include "tests/unit/ast_text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct text {
    struct sources sources;
    struct buf tree, formatted;
};

/* False if it has errors. */
static bool read_text(struct arena *a, struct text *x, const char *s, size_t n)
{
    struct diags d = {0};
    struct intern names;
    x->sources.arena = a;
    intern_init(&names, a);
    uint32_t file = sources_add(&x->sources, "input.dyn", s, n, &d);
    const struct ast_file *tree = parse_file(a, &names, &x->sources, file, &d);
    bool parsed = d.n_errors == 0;
    if (parsed)
        ast_text(&x->tree, tree);
    if (fmt_source(&x->formatted, &x->sources, file, &d) != parsed)
        abort();
    diags_free(&d);
    return parsed;
}

static bool same(const struct buf *a, const struct buf *b)
{
    return a->n == b->n && (a->n == 0 || memcmp(a->data, b->data, a->n) == 0);
}

/* The second text out of the lines of a diff that shows all lines. */
static void check_diff(const struct source *from, const struct buf *to)
{
    struct buf diff = {0};
    size_t added = 0, removed = 0, lines = 0;
    fmt_diff(&diff, "x", from->text, from->n, to->n ? to->data : "", to->n);
    for (size_t i = 0; i < diff.n; i++) {
        bool begins = i == 0 || diff.data[i - 1] == '\n';
        added += begins && diff.data[i] == '+';
        removed += begins && diff.data[i] == '-';
    }
    for (size_t i = 0; i < to->n; i++)
        lines += to->data[i] == '\n';
    bool differ = from->n != to->n || memcmp(from->text, to->n ? to->data : "", to->n) != 0;
    uint32_t before = from->n_lines - (from->n == 0 || from->text[from->n - 1] == '\n');
    if (differ != (diff.n > 0) || before - removed != lines - added)
        abort();
    buf_free(&diff);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a = {0};
    struct text x = {0}, y = {0};
    if (read_text(&a, &x, (const char *)data, n)) {
        if (!read_text(&a, &y, x.formatted.n ? x.formatted.data : "", x.formatted.n) ||
            !same(&x.tree, &y.tree) || !same(&x.formatted, &y.formatted))
            abort();
        check_diff(sources_get(&x.sources, 1), &x.formatted);
    }
    buf_free(&x.tree);
    buf_free(&x.formatted);
    buf_free(&y.tree);
    buf_free(&y.formatted);
    arena_free(&a);
    return 0;
}
