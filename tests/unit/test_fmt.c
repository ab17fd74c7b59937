/* The formatter: files of tests/fmt against what they become (UPDATE=1 rewrites that), and what
 * holds for every source: the same tree and comments come out, and the result formats to itself. */
#include "tests/unit/unit.h"

#include "lang/fmt.h"
#include "lang/parse.h"
#include "tests/unit/ast_text.h"

#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <time.h>

/* The formatted text and, if wanted, the tree of the source; false: it has errors. */
static bool format(struct buf *out, struct buf *tree, const char *s, size_t n)
{
    struct arena a = {0};
    struct diags d = {0};
    struct intern names;
    struct sources sources = {.arena = &a};
    uint32_t file = sources_add(&sources, "t.dyn", s, n, &d);
    assert_int_not_equal(file, 0);
    bool ok = fmt_source(out, &sources, file, &d);
    assert_int_equal(ok, d.n_errors == 0);
    for (uint32_t i = 0; i < d.list.n; i++)
        assert_int_not_equal(d.list.data[i]->code, E0999);
    if (ok && tree != NULL) {
        intern_init(&names, &a);
        ast_text(tree, parse_file(&a, &names, &sources, file, &d));
    }
    diags_free(&d);
    arena_free(&a);
    return ok;
}

static const char *text_of(const struct buf *b)
{
    return b->n > 0 ? b->data : "";
}

/* Formats, formats the result, and compares. */
static void check_text(struct buf *out, const char *s, size_t n)
{
    struct buf tree = {0}, tree_after = {0}, again = {0};
    assert_true(format(out, &tree, s, n));
    assert_true(format(&again, &tree_after, text_of(out), out->n));
    assert_string_equal(text_of(&again), text_of(out));
    assert_string_equal(text_of(&tree_after), text_of(&tree));
    buf_free(&tree);
    buf_free(&tree_after);
    buf_free(&again);
}

static void for_each_file(const char *pattern, size_t least,
                          void (*f)(const char *path, const char *s, size_t n))
{
    glob_t found;
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    assert_true(found.gl_pathc >= least);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct arena a = {0};
        struct diags d = {0};
        struct bytes b;
        assert_true(file_read(&a, found.gl_pathv[i], &b, &d, E0901, (struct span){0}));
        f(found.gl_pathv[i], (const char *)b.data, b.n);
        arena_free(&a);
    }
    globfree(&found);
}

/* ---- golden files ---- */

static void check_golden(const char *path, const char *s, size_t n)
{
    struct arena a = {0};
    struct diags d = {0};
    struct bytes want;
    struct buf out = {0};
    char *golden = arena_printf(&a, "%.*stxt", (int)strlen(path) - 3, path);
    check_text(&out, s, n);
    const char *update = getenv("UPDATE");
    if (update != NULL && *update != '\0') {
        assert_true(file_write(golden, out.data, out.n, &d));
    } else {
        assert_true(file_read(&a, golden, &want, &d, E0901, (struct span){0}));
        assert_string_equal(out.data, arena_strndup(&a, (const char *)want.data, want.n));
    }
    buf_free(&out);
    arena_free(&a);
}

static void test_golden(void **state)
{
    (void)state;
    for_each_file("tests/fmt/*.dyn", 3, check_golden);
}

/* ---- every source ---- */

static void check_source(const char *path, const char *s, size_t n)
{
    struct buf out = {0};
    if (strstr(path, "/errors") == NULL)
        check_text(&out, s, n);
    buf_free(&out);
}

static void test_every_source(void **state)
{
    (void)state;
    for_each_file("tests/lang/*.dyn", 10, check_source);
    for_each_file("stdlib/*.dyn", 3, check_source);
    for_each_file("tests/golden/speck/*.dyn", 5, check_source);
}

/* The source on one line, and with comments and new lines between any two tokens; not between
 * words, where a `;` would be missed. */
static void check_comments(const char *path, const char *s, size_t n)
{
    static const char *const between[] = {" ",           " /* c */ ", " // c\n",    "\n\n\n// c\n",
                                          "\n/* c\n */", "\n",        " /* c */\n", "\n\n"};
    struct arena a = {0};
    struct diags d = {0};
    struct intern names;
    struct sources sources = {.arena = &a};
    struct parse_tokens tokens = {0};
    if (strstr(path, "/errors") != NULL)
        return;
    intern_init(&names, &a);
    parse_tokens(&a, &names, &sources, sources_add(&sources, path, s, n, &d), &d, &tokens);
    for (size_t k = 0; k < sizeof between / sizeof *between; k++) {
        struct buf text = {0}, out = {0};
        for (uint32_t i = 0; i < tokens.list.n; i++) {
            struct span at = tokens.list.data[i].at;
            buf_put(&text, s + at.begin, at.end - at.begin);
            bool words = i + 1 < tokens.list.n && isalnum((unsigned char)s[at.end - 1]) &&
                         isalpha((unsigned char)s[tokens.list.data[i + 1].at.begin]);
            buf_puts(&text, between[words ? k % 2 : k]);
        }
        check_text(&out, text.data, text.n);
        buf_free(&text);
        buf_free(&out);
    }
    arena_free(&a);
}

static void test_comments_everywhere(void **state)
{
    (void)state;
    for_each_file("tests/fmt/*.dyn", 3, check_comments);
    for_each_file("tests/lang/*.dyn", 10, check_comments);
}

static void test_errors(void **state)
{
    (void)state;
    static const char *const wrong[] = {"let a = ;",   "network n { dt = 1 ms }",
                                        "let a = \"x", "let b = 1; /* open",
                                        "let a = (1;", "\xff"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct buf out = {0};
        assert_false(format(&out, NULL, wrong[i], strlen(wrong[i])));
        assert_int_equal(out.n, 0);
        buf_free(&out);
    }
}

static void test_small(void **state)
{
    (void)state;
    static const char *const pair[][2] = {
        {"", ""},
        {" \r\n\t", ""},
        {"// only", "// only\n"},
        {"\xef\xbb\xbfuse a;\r\n\r\n\r\nuse b; // c\r\n", "use a;\n\nuse b; // c\n"},
        {"let a = b . c [ 0 ] . d ;", "let a = b.c[0].d;\n"},
        {"let a = 1 .x;", "let a = 1 .x;\n"},
        {"let s = \"  a  //  b\" ;", "let s = \"  a  //  b\";\n"},
        {"let a = 1\n\n\n+ 2;", "let a = 1\n    + 2;\n"},
        {"let a\n= 2;", "let a = 2;\n"},
        {";;", ";;\n"},
        {"network a { ; }", "network a { ; }\n"},
    };
    for (size_t i = 0; i < sizeof pair / sizeof *pair; i++) {
        struct buf out = {0};
        check_text(&out, pair[i][0], strlen(pair[i][0]));
        assert_string_equal(text_of(&out), pair[i][1]);
        buf_free(&out);
    }
}

/* ---- diffs ---- */

static void assert_diff(const char *before, const char *after, const char *want)
{
    struct buf out = {0};
    fmt_diff(&out, "f", before, strlen(before), after, strlen(after));
    assert_string_equal(text_of(&out), want);
    buf_free(&out);
}

static void test_diff(void **state)
{
    (void)state;
    assert_diff("a\nb\n", "a\nb\n", "");
    assert_diff("", "", "");
    assert_diff("a", "a\n",
                "--- f\n+++ f\n@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+a\n");
    assert_diff("a b\n", "a\nb\n", "--- f\n+++ f\n@@ -1,1 +1,2 @@\n-a b\n+a\n+b\n");
    assert_diff("\n\n", "", "--- f\n+++ f\n@@ -1,2 +0,0 @@\n-\n-\n");
    assert_diff("a\n\n\nb\n", "a\n\nb\n", "--- f\n+++ f\n@@ -1,4 +1,3 @@\n a\n \n-\n b\n");
    assert_diff("1\n2\n3\n4\n 5\n6\n7\n8\n9\n0\n1\n2\n 3\n4\n",
                "1\n2\n3\n4\n5\n6\n7\n8\n9\n0\n1\n2\n3\n4\n",
                "--- f\n+++ f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n- 5\n+5\n 6\n 7\n 8\n"
                "@@ -10,5 +10,5 @@\n 0\n 1\n 2\n- 3\n+3\n 4\n");
    assert_diff(" 1\n2\n3\n4\n5\n6\n7\n 8\n", "1\n2\n3\n4\n5\n6\n7\n8\n",
                "--- f\n+++ f\n@@ -1,8 +1,8 @@\n- 1\n+1\n 2\n 3\n 4\n 5\n 6\n 7\n- 8\n+8\n");
}

/* ---- time ---- */

static void test_linear(void **state)
{
    (void)state;
    struct buf text = {0}, out = {0};
    buf_puts(&text, "let long = [");
    for (int i = 0; i < 200000; i++)
        buf_printf(&text, "%d, ", i);
    buf_puts(&text, "0];\n");
    for (int i = 0; i < 100000; i++)
        buf_printf(&text, "let x%d = (%d + 2 * x) /* c */ * f(3);\n", i, i);
    clock_t begin = clock();
    assert_true(format(&out, NULL, text.data, text.n));
    assert_true((double)(clock() - begin) / CLOCKS_PER_SEC < 20); /* quadratic would be minutes */
    buf_free(&text);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_every_source),
        cmocka_unit_test(test_comments_everywhere),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_diff),
        cmocka_unit_test(test_linear),
    };
    return cmocka_run_group_tests_name("fmt", tests, NULL, NULL);
}
