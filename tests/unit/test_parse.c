/* The parser: trees and messages against the files of tests/lang (UPDATE=1 rewrites what is
 * expected), places, limits, and time. */
#include "tests/unit/unit.h"

#include "lang/parse.h"
#include "lang/render.h"
#include "tests/unit/ast_text.h"

#include <glob.h>
#include <stdio.h>
#include <time.h>

struct fixture {
    struct arena arena;
    struct diags diags;
    struct intern names;
    struct sources sources;
    struct ast_file *file;
};

static void parse(struct fixture *x, const char *path, const char *text, size_t n)
{
    memset(x, 0, sizeof *x);
    intern_init(&x->names, &x->arena);
    x->sources.arena = &x->arena;
    uint32_t file = sources_add(&x->sources, path, text, n, &x->diags);
    assert_int_not_equal(file, 0);
    x->file = parse_file(&x->arena, &x->names, &x->sources, file, &x->diags);
    assert_non_null(x->file);
}

static void parse_text(struct fixture *x, const char *text)
{
    parse(x, "t.dyn", text, strlen(text));
}

static void done(struct fixture *x)
{
    diags_free(&x->diags);
    arena_free(&x->arena);
}

/* ---- golden files ---- */

static void check_file(const char *path)
{
    struct fixture x;
    struct arena a = {0};
    struct diags d = {0};
    struct bytes source, expected = {0};
    const char *name = strrchr(path, '/') + 1;
    char *golden = arena_printf(&a, "%.*sast", (int)strlen(path) - 3, path);
    assert_true(file_read(&a, path, &source, &d, E0901, (struct span){0}));
    parse(&x, name, (const char *)source.data, source.n);

    struct buf out = {0};
    ast_text(&out, x.file);
    for (uint32_t i = 0; i < x.diags.list.n; i++)
        render_diag(&out, &x.sources, x.diags.list.data[i], false);
    assert_int_equal(strncmp(name, "errors", 6) == 0, x.diags.n_errors > 0);
    const char *update = getenv("UPDATE");
    if (update != NULL && *update != '\0') {
        assert_true(file_write(golden, out.data, out.n, &d));
    } else {
        assert_true(file_read(&a, golden, &expected, &d, E0901, (struct span){0}));
        char *want = arena_strndup(&a, (const char *)expected.data, expected.n);
        if (strcmp(out.data, want) != 0)
            print_error("%s gives\n%s", path, out.data);
        assert_string_equal(out.data, want);
    }
    buf_free(&out);
    done(&x);
    diags_free(&d);
    arena_free(&a);
}

static void test_golden(void **state)
{
    (void)state;
    glob_t found;
    assert_int_equal(glob("tests/lang/*.dyn", 0, NULL, &found), 0);
    assert_true(found.gl_pathc >= 10);
    for (size_t i = 0; i < found.gl_pathc; i++)
        check_file(found.gl_pathv[i]);
    globfree(&found);
}

/* Cut anywhere, a source gives a tree and messages, and never an endless loop. */
static void test_every_prefix(void **state)
{
    (void)state;
    static const char *const paths[] = {"tests/lang/networks.dyn", "tests/lang/neurons.dyn",
                                        "tests/lang/boards.dyn", "tests/lang/errors_recovery.dyn"};
    for (size_t k = 0; k < sizeof paths / sizeof *paths; k++) {
        struct arena a = {0};
        struct diags d = {0};
        struct bytes source;
        assert_true(file_read(&a, paths[k], &source, &d, E0901, (struct span){0}));
        for (size_t n = 0; n <= source.n; n++) {
            struct fixture x;
            parse(&x, "t.dyn", (const char *)source.data, n);
            struct buf out = {0};
            ast_text(&out, x.file);
            buf_free(&out);
            done(&x);
        }
        arena_free(&a);
    }
}

/* ---- places ---- */

static void assert_span(const struct fixture *x, struct span at, const char *text)
{
    const struct source *f = sources_get(&x->sources, at.file);
    assert_non_null(f);
    assert_true(at.begin <= at.end && at.end <= f->n);
    assert_int_equal(at.end - at.begin, strlen(text));
    assert_memory_equal(f->text + at.begin, text, strlen(text));
}

static void test_spans(void **state)
{
    (void)state;
    struct fixture x;
    parse_text(&x, "// first\n"
                   "let a = (b + 20 ms) * f(c, d = 2) ;\n"
                   "network n { layer l[2]: lif { t = 1; } p.q[0:1] -> l: dense(w), via = v; }\n"
                   "use \"x.dyn\";");
    const struct ast_decl *d = x.file->decls;
    assert_span(&x, d->span, "let a = (b + 20 ms) * f(c, d = 2) ;");
    assert_span(&x, d->name.span, "a");
    const struct ast_expr *e = d->let->value;
    assert_span(&x, e->span, "(b + 20 ms) * f(c, d = 2)");
    assert_span(&x, e->a->span, "b + 20 ms");
    assert_span(&x, e->a->b->span, "20 ms");
    assert_span(&x, e->b->span, "f(c, d = 2)");
    assert_span(&x, e->b->args->next->name.span, "d");
    const struct ast_net_item *i = d->next->network->items;
    assert_span(&x, i->span, "layer l[2]: lif { t = 1; }");
    assert_span(&x, i->model.span, "lif");
    assert_span(&x, i->assigns->span, "t = 1");
    i = i->next;
    assert_span(&x, i->src->span, "p.q[0:1]");
    assert_span(&x, i->src->path[1].span, "q");
    assert_span(&x, i->src->subs->span, "0:1");
    assert_span(&x, i->dst->span, "l");
    assert_span(&x, i->value->span, "dense(w)");
    assert_span(&x, i->assigns->name.span, "via");
    assert_span(&x, d->next->next->name.span, "\"x.dyn\"");
    assert_int_equal(x.diags.n_errors, 0);
    done(&x);
}

/* A word after a number on the next line is no unit of it. */
static void test_unit_on_next_line(void **state)
{
    (void)state;
    struct fixture x;
    parse_text(&x, "let a = 5\nms;");
    assert_int_equal(x.diags.n_errors, 1);
    done(&x);
    parse_text(&x, "let a = 5 m;");
    assert_int_equal(x.diags.n_errors, 1);
    done(&x);
}

static void test_byte_order_mark(void **state)
{
    (void)state;
    struct fixture x;
    parse_text(&x, "\xef\xbb\xbflet a = 1;");
    assert_int_equal(x.diags.n_errors, 0);
    assert_int_equal(x.file->decls->span.begin, 0);
    done(&x);
}

/* ---- limits ---- */

static void repeat(struct buf *b, const char *s, int n)
{
    for (int i = 0; i < n; i++)
        buf_puts(b, s);
}

/* `head`, n times `s`, `tail`: reports E0106 alone if `code` says so, else nothing; the tree is
 * walked to see that it is no higher than it claims. */
static void check_nesting(const char *head, const char *s, int n, const char *tail, bool too_deep)
{
    struct fixture x;
    struct buf b = {0}, out = {0};
    buf_puts(&b, head);
    repeat(&b, s, n);
    buf_puts(&b, tail);
    parse(&x, "t.dyn", b.data, b.n);
    assert_int_equal(x.diags.n_errors, too_deep);
    if (too_deep)
        assert_int_equal(x.diags.list.data[0]->code, E0106);
    ast_text(&out, x.file);
    if (x.file->decls != NULL && x.file->decls->kind == AST_LET)
        assert_true(x.file->decls->let->value->height <= AST_MAX_HEIGHT);
    buf_free(&b);
    buf_free(&out);
    done(&x);
}

static void test_nesting(void **state)
{
    (void)state;
    check_nesting("let a = ", "1 + ", 1900, "1;", false);
    check_nesting("let a = ", "1 + ", 100000, "1;", true);
    check_nesting("let a = ", "-", 1900, "1;", false);
    check_nesting("let a = ", "-", 50000, "1;", true);
    check_nesting("let a = ", "-", 1000000, "1;", true);
    check_nesting("let a = ", "2 ^ ", 40000, "1;", true);
    check_nesting("let a = ", "if b then c else ", 9000, "1;", true);
    check_nesting("let a = b", "[0]", 5000, ";", true);
    check_nesting("let a = b", ".c", 5000, ";", true);
    check_nesting("let a = ", "(", 1001, "1", true);
    check_nesting("let a = ", "(", 1000000, "1", true);
    check_nesting("let a = ", "[", 1000000, "1", true);
    check_nesting("let a = ", "f(", 1000000, "1", true);
    check_nesting("neuron n { step { ", "if a { ", 1000000, "", true);
    check_nesting("neuron n { step { ", "if a { } else ", 1900, "{ } } }", false);
    check_nesting("neuron n { step { ", "if a { } else ", 50000, "{ } } }", true);
    check_nesting("board b { ", "chip 0 { ", 1000000, "", true);
}

static void test_brackets_up_to_the_limit(void **state)
{
    (void)state;
    struct fixture x;
    struct buf b = {0};
    buf_puts(&b, "let a = ");
    repeat(&b, "(", 1000);
    buf_puts(&b, "1");
    repeat(&b, ")", 1000);
    buf_puts(&b, ";");
    parse(&x, "t.dyn", b.data, b.n);
    assert_int_equal(x.diags.n_errors, 0);
    buf_free(&b);
    done(&x);
}

/* 100,000 lines in under two seconds, even of errors, and in memory that follows the text. */
static void check_speed(const char *head, const char *line, const char *tail, bool correct)
{
    struct fixture x;
    struct buf b = {0};
    buf_puts(&b, head);
    repeat(&b, line, 100000);
    buf_puts(&b, tail);
    clock_t begin = clock();
    parse(&x, "t.dyn", b.data, b.n);
    double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    print_message("%6.2f s, %5.1f MB for %5.1f MB of `%.40s`\n", seconds,
                  (double)x.arena.used / 1e6, (double)b.n / 1e6, line);
#ifndef __SANITIZE_ADDRESS__
    assert_true(seconds < 2);
#endif
    assert_true(x.arena.used < 64 * b.n);
    assert_int_equal(x.diags.n_errors == 0, correct);
    buf_free(&b);
    done(&x);
}

static void test_speed(void **state)
{
    (void)state;
    check_speed("network n {", "a[0] -> b[1]: dense([[0.25, -1.5]]), delay = 2 ms;\n", "}", true);
    check_speed("board b { chip 0 {",
                "neuron 0 = r[1] { cam 0 = tag 5, weight 0b1011, ampa; latch so_dc; }\n", "}}",
                true);
    check_speed("let a = [", "0.123456789, ", "0];", true);
    check_speed("", "let a = 5 5;\n", "", false);
    check_speed("", "$ $ $ $ \"abc\n", "", false);
    check_speed("network n { ", "x { ", "", false);
    check_speed("", "network n {\n", "", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_spans),
        cmocka_unit_test(test_unit_on_next_line),
        cmocka_unit_test(test_byte_order_mark),
        cmocka_unit_test(test_nesting),
        cmocka_unit_test(test_brackets_up_to_the_limit),
        cmocka_unit_test(test_speed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
