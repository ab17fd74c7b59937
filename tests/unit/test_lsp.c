/* The pieces of the language server: places in UTF-16 against a plain count, lines after random
 * changes against lines counted anew, and what a rename reaches. */
#include "tests/unit/unit.h"

#include "compiler/lsp.h"
#include "runtime/base/rng.h"

#include <stdio.h>

/* ---- places ---- */

static void test_places(void **state)
{
    (void)state;
    /* a, two bytes, three bytes, four bytes (two units), "\r\n", "\r", "\n", no line break */
    static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9d\x9b\xbc"
                               "b\r\nc\rd\n\ne";
    static const struct {
        uint32_t offset, line, character;
    } want[] = {
        {0, 0, 0},  {1, 0, 1},  {3, 0, 2},  {6, 0, 3},  {10, 0, 5}, {11, 0, 6}, {13, 1, 0},
        {14, 1, 1}, {15, 2, 0}, {16, 2, 1}, {17, 3, 0}, {18, 4, 0}, {19, 4, 1},
    };
    struct lsp_lines l = {0};
    lsp_lines_init(&l, text, sizeof text - 1);
    assert_int_equal(l.n_lines, 5);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        const struct lsp_place p = lsp_place_of(&l, want[i].offset);
        assert_int_equal(p.line, want[i].line);
        assert_int_equal(p.character, want[i].character);
        assert_int_equal(lsp_offset(&l, p), want[i].offset);
    }
    /* Within a pair of surrogates, behind the end of a line, of the text. */
    assert_int_equal(lsp_offset(&l, (struct lsp_place){0, 4}), 6);
    assert_int_equal(lsp_offset(&l, (struct lsp_place){0, 99}), 11);
    assert_int_equal(lsp_offset(&l, (struct lsp_place){9, 0}), 19);
    /* With a byte order mark, which the editor counts. */
    l.mark = true;
    assert_int_equal(lsp_place_of(&l, 1).character, 2);
    assert_int_equal(lsp_place_of(&l, 14).character, 1);
    assert_int_equal(lsp_offset(&l, (struct lsp_place){0, 2}), 1);
    assert_int_equal(lsp_offset(&l, (struct lsp_place){0, 0}), 0);
    lsp_lines_free(&l);
}

/* ---- changes ---- */

static void put_change(struct buf *out, struct lsp_place p, struct lsp_place q, const char *text)
{
    struct json j;
    buf_printf(out,
               "[{\"range\":{\"start\":{\"line\":%u,\"character\":%u},"
               "\"end\":{\"line\":%u,\"character\":%u}},\"text\":",
               p.line, p.character, q.line, q.character);
    json_init(&j, out, 0);
    json_str(&j, text);
    buf_puts(out, "}]");
}

static void check_lines(const struct lsp_document *d)
{
    struct lsp_lines anew = {0};
    lsp_lines_init(&anew, d->text.data ? d->text.data : "", d->text.n);
    assert_int_equal(d->lines.n, d->text.n);
    assert_int_equal(d->lines.n_lines, anew.n_lines);
    assert_memory_equal(d->lines.begin, anew.begin, anew.n_lines * sizeof *anew.begin);
    lsp_lines_free(&anew);
}

static uint32_t draw(uint64_t *k, uint32_t n)
{
    return (uint32_t)(rng_uniform(1, (*k)++) * n);
}

static void test_changes(void **state)
{
    (void)state;
    static const char *const pieces[] = {"\r", "\n", "\r\n", "a", "\xc3\xa9", "\xf0\x9d\x9b\xbc",
                                         ""};
    struct lsp s = {0};
    struct lsp_document *d = lsp_open(&s, "file:///x", "", 0);
    struct buf want = {0};
    uint64_t k = 0;
    buf_puts(&want, "");
    for (int i = 0; i < 3000; i++) {
        /* Places of whole characters, so that the text stays UTF-8. */
        uint32_t from = draw(&k, (uint32_t)d->text.n + 1), to = from + draw(&k, 4);
        const struct lsp_place p = lsp_place_of(&d->lines, from);
        const struct lsp_place q = lsp_place_of(&d->lines, to);
        from = lsp_offset(&d->lines, p);
        to = lsp_offset(&d->lines, q);
        char text[64] = "";
        for (uint32_t n = draw(&k, 5); n > 0; n--) {
            strcat(text, pieces[draw(&k, sizeof pieces / sizeof *pieces)]);
        }
        struct buf json = {0}, next = {0};
        put_change(&json, p, q, text);
        assert_true(lsp_change(d, (struct lsp_json){json.data, json.n}));
        buf_put(&next, want.data, from);
        buf_puts(&next, text);
        buf_put(&next, want.data + to, want.n - to);
        buf_free(&want);
        want = next;
        buf_puts(&want, "");
        assert_int_equal(d->text.n, want.n);
        assert_memory_equal(d->text.data, want.data, want.n);
        check_lines(d);
        buf_free(&json);
    }
    buf_free(&want);
    lsp_free(&s);
}

/* ---- names ---- */

/* How many places a rename changes, or 0 where it is refused. */
static uint32_t renamed(const char *source, const char *at, uint32_t skip, const char *name)
{
    struct lsp s = {0};
    struct lsp_document *d = lsp_open(&s, "file:///x.dyn", source, strlen(source));
    struct buf out = {0};
    struct json j;
    json_init(&j, &out, 0);
    lsp_check(&s, d);
    assert_int_equal(d->diags.n_errors, 0);
    const char *place = strstr(source, at);
    assert_non_null(place);
    const char *why = lsp_rename(&s, d, (uint32_t)(place - source) + skip, name, &j);
    uint32_t n = 0;
    for (const char *t = why ? NULL : out.data; t && (t = strstr(t, "\"newText\"")); t++) {
        n++;
    }
    buf_free(&out);
    lsp_free(&s);
    return n;
}

static void test_rename(void **state)
{
    (void)state;
    static const char source[] = "use neurons;\n"
                                 "let w = 2;\n"
                                 "fn f(w) = w + 1;\n"
                                 "network a(n = 3) {\n"
                                 "    dt = 1 ms;\n"
                                 "    let v = w * n;\n"
                                 "    input in[2];\n"
                                 "    layer out[n]: lif { threshold = v; }\n"
                                 "    in -> out: dense(w, in => w + 0 * in);\n"
                                 "}\n"
                                 "network b { let w = 5; input in[2]; part p = a(n = w); }\n"
                                 "stimulus s for a { duration = 10 ms; in = poisson(w * 1 Hz); }\n";
    assert_int_equal(renamed(source, "let w", 4, "x"), 3); /* v, poisson: others have their own */
    assert_int_equal(renamed(source, "w + 1", 0, "x"), 2); /* the argument */
    assert_int_equal(renamed(source, "let w = 5", 4, "x"), 2);
    assert_int_equal(renamed(source, "w + 0", 0, "x"), 2); /* the index */
    assert_int_equal(renamed(source, "n = 3", 0, "m"), 4); /* v, out's shape, the part's argument */
    assert_int_equal(renamed(source, "in -> out", 0, "into"), 3);
    assert_int_equal(renamed(source, "network a", 8, "c"), 3);
    assert_int_equal(renamed(source, "let w", 4, "n"), 0);      /* would mean something else */
    assert_int_equal(renamed(source, "let w", 4, "let"), 0);    /* reserved */
    assert_int_equal(renamed(source, "in[2];\n", 0, "out"), 0); /* taken */
    assert_int_equal(renamed(source, "lif", 0, "x"), 0);        /* of another file */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_places),
                                       cmocka_unit_test(test_changes),
                                       cmocka_unit_test(test_rename)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
