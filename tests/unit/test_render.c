/* What a diagnostic looks like, for people and as JSON. */
#include "tests/unit/unit.h"

#include "lang/render.h"

struct fixture {
    struct arena arena;
    struct diags diags;
    struct sources sources;
    struct buf out;
};

static int setup(void **state)
{
    struct fixture *x = calloc(1, sizeof *x);
    x->sources.arena = &x->arena;
    *state = x;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *x = *state;
    buf_free(&x->out);
    diags_free(&x->diags);
    arena_free(&x->arena);
    free(x);
    return 0;
}

static uint32_t add(struct fixture *x, const char *path, const char *text)
{
    return sources_add(&x->sources, path, text, strlen(text), &x->diags);
}

/* The place of the first `what` in a file. */
static struct span find(const struct fixture *x, uint32_t file, const char *what)
{
    const struct source *f = sources_get(&x->sources, file);
    const char *at = strstr(f->text, what);
    assert_non_null(at);
    uint32_t begin = (uint32_t)(at - f->text);
    return (struct span){file, begin, begin + (uint32_t)strlen(what)};
}

static void check(struct fixture *x, const struct diag *g, const char *expected)
{
    buf_clear(&x->out);
    render_diag(&x->out, &x->sources, g, false);
    assert_string_equal(x->out.data, expected);
}

static void check_span(struct fixture *x, struct span at, const char *expected)
{
    check(x, diag_add(&x->diags, E0201, at, "unknown"), expected);
}

static void test_message_and_hint(void **state)
{
    struct fixture *x = *state;
    uint32_t f = add(x, "example.dyn",
                     "\n\n\n\n\n\n\n\n\n\n\n"
                     "    noise -> readuot: dense(w);\n");
    struct diag *g =
        diag_add(&x->diags, E0201, find(x, f, "readuot"), "unknown name `%s`", "readuot");
    diag_hint(&x->diags, g, "did you mean `%s`?", "readout");
    check(x, g,
          "example.dyn:12:14: error[E0201]: unknown name `readuot`\n"
          "  12 |     noise -> readuot: dense(w);\n"
          "     |              ^^^^^^^\n"
          "    hint: did you mean `readout`?\n");
}

static void test_warning_and_no_place(void **state)
{
    struct fixture *x = *state;
    struct diag *g = diag_add(&x->diags, W0654, (struct span){0}, "weight 0.1 becomes 0");
    diag_hint(&x->diags, g, "raise the gain");
    check(x, g, "warning[W0654]: weight 0.1 becomes 0 [-W weight-lost]\n   hint: raise the gain\n");
}

static void test_tabs_stay(void **state)
{
    struct fixture *x = *state;
    uint32_t f = add(x, "t.dyn", "\tlet a =\tb\t+ c;\n");
    check_span(x, find(x, f, "b"),
               "t.dyn:1:10: error[E0201]: unknown\n"
               "  1 | \tlet a =\tb\t+ c;\n"
               "    | \t       \t^\n");
    check_span(x, find(x, f, "b\t+"),
               "t.dyn:1:10: error[E0201]: unknown\n"
               "  1 | \tlet a =\tb\t+ c;\n"
               "    | \t       \t^\t^\n");
}

static void test_wide_and_combining(void **state)
{
    struct fixture *x = *state;
    uint32_t f = add(x, "t.dyn",
                     "// \xe6\x97\xa5\xe6\x9c\xac " /* two columns each */
                     "e\xcc\x81 "                   /* e and a combining accent */
                     "\xc3\xa9 \xf0\x9f\xa7\xa0 x\n");
    check_span(x, find(x, f, "x"),
               "t.dyn:1:14: error[E0201]: unknown\n"
               "  1 | // \xe6\x97\xa5\xe6\x9c\xac e\xcc\x81 \xc3\xa9 \xf0\x9f\xa7\xa0 x\n"
               "    |                ^\n");
    check_span(x, find(x, f, "\xe6\x9c\xac"),
               "t.dyn:1:5: error[E0201]: unknown\n"
               "  1 | // \xe6\x97\xa5\xe6\x9c\xac e\xcc\x81 \xc3\xa9 \xf0\x9f\xa7\xa0 x\n"
               "    |      ^^\n");
}

static void test_labels(void **state)
{
    struct fixture *x = *state;
    uint32_t f = add(x, "a.dyn", "layer readout[2]: dpi;\nnoise -> readout: dense(w);\n");
    uint32_t other = add(x, "stdlib/b.dyn", "\nparam threshold = 1;\n");
    struct diag *g = diag_add(&x->diags, E0303, find(x, f, "dense(w)"), "shapes differ");
    diag_label(&x->diags, g, find(x, f, "noise"), "60 neurons");
    diag_label(&x->diags, g, find(x, f, "readout[2]"), "declared here");
    diag_label(&x->diags, g, find(x, other, "threshold"), "and here");
    check(x, g,
          "a.dyn:2:19: error[E0303]: shapes differ\n"
          "  2 | noise -> readout: dense(w);\n"
          "    |                   ^^^^^^^^\n"
          "    | ----- 60 neurons\n"
          "  1 | layer readout[2]: dpi;\n"
          "    |       ---------- declared here\n"
          "  stdlib/b.dyn:2:7:\n"
          "  2 | param threshold = 1;\n"
          "    |       --------- and here\n");
}

static void test_several_lines(void **state)
{
    struct fixture *x = *state;
    uint32_t f = add(x, "t.dyn", "let a = [1,\r\n    2];\r\n");
    check_span(x, find(x, f, "[1,\r\n    2]"),
               "t.dyn:1:9: error[E0201]: unknown\n"
               "  1 | let a = [1,\n"
               "    |         ^^^...\n");
}

static void test_end_of_file(void **state)
{
    struct fixture *x = *state;
    uint32_t f = add(x, "t.dyn", "let a"), empty = add(x, "e.dyn", "");
    check_span(x, (struct span){f, 5, 5},
               "t.dyn:1:6: error[E0201]: unknown\n"
               "  1 | let a\n"
               "    |      ^\n");
    check_span(x, (struct span){empty, 0, 0},
               "e.dyn:1:1: error[E0201]: unknown\n"
               "  1 | \n"
               "    | ^\n");
}

static void test_long_line(void **state)
{
    struct fixture *x = *state;
    struct buf b = {0};
    for (int i = 0; i < 1000; i++)
        buf_printf(&b, "%d, ", i);
    uint32_t f = add(x, "t.dyn", b.data);
    buf_free(&b);
    check_span(
        x, find(x, f, "500, 501"),
        "t.dyn:1:2391: error[E0201]: unknown\n"
        "  1 | ...496, 497, 498, 499, 500, 501, 502, 503, 504, 505, 506, 507, 508, 509, 510, "
        "511, 512, 513, 514, 515, ...\n"
        "    |                        ^^^^^^^^\n");
    check_span(
        x, find(x, f, "0, 1"),
        "t.dyn:1:1: error[E0201]: unknown\n"
        "  1 | 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, "
        "22, 23, 24, 25, 26, 27...\n"
        "    | ^^^^\n");
}

/* A source can't send control sequences to the terminal, by its lines or by what is quoted. */
static void test_control_characters(void **state)
{
    struct fixture *x = *state;
    uint32_t f = add(x, "t\x1b.dyn", "a \x1b[31m \xff \xe2\x80\xae b\n");
    struct diag *g = diag_add(&x->diags, E0101, find(x, f, "b"), "not \x1b[1m\nthis");
    check(x, g,
          "t\xef\xbf\xbd.dyn:1:13: error[E0101]: not \xef\xbf\xbd[1m this\n"
          "  1 | a \xef\xbf\xbd[31m \xef\xbf\xbd \xef\xbf\xbd b\n"
          "    |             ^\n");
}

static void test_color(void **state)
{
    struct fixture *x = *state;
    uint32_t f = add(x, "t.dyn", "let a = b;\n");
    struct diag *g = diag_add(&x->diags, E0201, find(x, f, "b"), "unknown");
    diag_hint(&x->diags, g, "none");
    render_diag(&x->out, &x->sources, g, true);
    assert_string_equal(x->out.data, "\x1b[1mt.dyn:1:9: \x1b[0m\x1b[1;31merror[E0201]\x1b[0m: "
                                     "\x1b[1munknown\x1b[0m\n"
                                     "\x1b[1;34m  1 | \x1b[0mlet a = b;\n"
                                     "\x1b[1;34m    | \x1b[0m        \x1b[1;31m^\x1b[0m\n"
                                     "   \x1b[1;36mhint: \x1b[0mnone\n");
}

static void test_json(void **state)
{
    struct fixture *x = *state;
    uint32_t f = add(x, "t.dyn", "let a = 1;\nlet \xc3\xa9 \"a\";\n");
    struct diag *g = diag_add(&x->diags, E0202, find(x, f, "\"a\""), "`a` is \"twice\"");
    diag_label(&x->diags, g, find(x, f, "a"), "first here");
    render_diag_json(&x->out, &x->sources, g);
    assert_string_equal(
        x->out.data,
        "{\"code\":\"E0202\",\"name\":null,\"severity\":\"error\",\"message\":\"`a`"
        " is \\\"twice\\\"\","
        "\"file\":\"t.dyn\",\"begin\":{\"byte\":18,\"line\":2,\"column\":7},"
        "\"end\":{\"byte\":21,\"line\":2,\"column\":10},"
        "\"labels\":[{\"text\":\"first here\",\"file\":\"t.dyn\","
        "\"begin\":{\"byte\":4,\"line\":1,\"column\":5},"
        "\"end\":{\"byte\":5,\"line\":1,\"column\":6}}],\"hint\":null,\"edit\":null}\n");
    buf_clear(&x->out);
    g = diag_add(&x->diags, W0654, (struct span){0}, "lost");
    diag_hint(&x->diags, g, "more");
    render_diag_json(&x->out, &x->sources, g);
    assert_string_equal(x->out.data,
                        "{\"code\":\"W0654\",\"name\":\"weight-lost\",\"severity\":"
                        "\"warning\",\"message\":\"lost\","
                        "\"file\":null,\"labels\":[],\"hint\":\"more\",\"edit\":null}\n");
}

static void test_positions(void **state)
{
    struct fixture *x = *state;
    uint32_t f = add(x, "t.dyn", "\xef\xbb\xbfone\r\n\xc3\xa9x\n\nlast");
    const struct source *s = sources_get(&x->sources, f);
    static const struct {
        uint32_t offset, line, column, begin, end;
    } cases[] = {{0, 1, 1, 0, 3},    {2, 1, 3, 0, 3},    {4, 1, 5, 0, 3},
                 {5, 2, 1, 5, 8},    {7, 2, 2, 5, 8},    {9, 3, 1, 9, 9},
                 {10, 4, 1, 10, 14}, {14, 4, 5, 10, 14}, {99, 4, 5, 10, 14}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct source_pos p = source_pos(s, cases[i].offset);
        assert_int_equal(p.line, cases[i].line);
        assert_int_equal(p.column, cases[i].column);
        assert_int_equal(p.line_begin, cases[i].begin);
        assert_int_equal(p.line_end, cases[i].end);
    }
    assert_null(sources_get(&x->sources, 0));
    assert_null(sources_get(&x->sources, f + 1));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_message_and_hint),
        TEST(test_warning_and_no_place),
        TEST(test_tabs_stay),
        TEST(test_wide_and_combining),
        TEST(test_labels),
        TEST(test_several_lines),
        TEST(test_end_of_file),
        TEST(test_long_line),
        TEST(test_control_characters),
        TEST(test_color),
        TEST(test_json),
        TEST(test_positions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
