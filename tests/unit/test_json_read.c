#include "tests/unit/unit.h"

#include "runtime/base/json_read.h"

/* Every token as a letter and its span, strings with what they mean, numbers with their value:
 * compact enough to be written down. The text is copied to memory of its exact size, where a
 * sanitizer sees what is read beyond. */
static char *tokens(const char *text, size_t n)
{
    static const char letter[] = "{}[]k\"#tfn.!";
    char *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, text, n);
    struct json_reader r;
    struct json_token t;
    struct buf out = {0};
    json_read_init(&r, copy, n);
    do {
        json_next(&r, &t);
        assert_true(t.begin <= t.end && t.end <= n);
        buf_printf(&out, "%s%c%zu:%zu", out.n ? " " : "", letter[t.kind], t.begin, t.end);
        if (t.kind == JSON_KEY || t.kind == JSON_STRING)
            buf_printf(&out, "(%.*s)", (int)t.n, t.text);
        if (t.kind == JSON_NUMBER) {
            assert_int_equal(t.n, t.end - t.begin);
            assert_memory_equal(t.text, copy + t.begin, t.n);
            buf_putc(&out, '=');
            buf_f64_text(&out, t.number);
        }
        if (t.kind == JSON_ERROR)
            buf_printf(&out, " %s", t.what);
    } while (t.kind != JSON_END && t.kind != JSON_ERROR);
    enum json_kind last = t.kind;
    assert_int_equal(json_next(&r, &t), last); /* and so it stays */
    json_read_free(&r);
    free(copy);
    return out.data;
}

static void check(const char *text, const char *want)
{
    char *got = tokens(text, strlen(text));
    if (strcmp(got, want) != 0)
        fail_msg("%s\n gives   %s\n and not %s", text, got, want);
    free(got);
}

static void values(void **state)
{
    (void)state;
    check("null", "n0:4 .4:4");
    check(" [ true,\tfalse\r\n] ", "[1:2 t3:7 f9:14 ]16:17 .18:18");
    check("{}", "{0:1 }1:2 .2:2");
    check("[[],{}]", "[0:1 [1:2 ]2:3 {4:5 }5:6 ]6:7 .7:7");
    check("{\"a\" :1, \"\":[2]}",
          "{0:1 k1:4(a) #6:7=1 k9:11() [12:13 #13:14=2 ]14:15 }15:16 .16:16");
    check("\xef\xbb\xbf[]", "[3:4 ]4:5 .5:5");
}

static void strings(void **state)
{
    (void)state;
    check("\"\"", "\"0:2() .2:2");
    check("\"a\xc3\xa9\xf0\x9f\x98\x80\x7f\"", "\"0:10(a\xc3\xa9\xf0\x9f\x98\x80\x7f) .10:10");
    check("\"\\\"\\\\\\/\\b\\f\\n\\r\\tx\"", "\"0:19(\"\\/\b\f\n\r\tx) .19:19");
    check("\"<\\u00E9\\u20ac\\ud83D\\uDe00>\"",
          "\"0:28(<\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80>) .28:28");
    check("{\"\\u0061b\":\"c\\n\"}", "{0:1 k1:10(ab) \"11:16(c\n) }16:17 .17:17");
    struct json_reader r;
    struct json_token t;
    json_read_init(&r, "\"a\\u0000b\"", 10);
    assert_int_equal(json_next(&r, &t), JSON_STRING);
    assert_int_equal(t.n, 3);
    assert_memory_equal(t.text, "a\0b", 3);
    json_read_free(&r);
}

static void numbers(void **state)
{
    (void)state;
    check("0", "#0:1=0 .1:1");
    check("-0", "#0:2=-0 .2:2");
    check("[-12.50,1e2,1E+2,10e-1]", "[0:1 #1:7=-12.5 #8:11=100 #12:16=100 #17:22=1 ]22:23 .23:23");
    check("9007199254740993", "#0:16=9007199254740992 .16:16");
    check("1.7976931348623157e308", "#0:22=1.7976931348623157e308 .22:22");
    check("5e-324", "#0:6=5e-324 .6:6");
    check("0e999999999999999999999", "#0:23=0 .23:23");
    check("0.000000000000000000000000000001e30", "#0:35=1 .35:35");
}

static void errors(void **state)
{
    (void)state;
    check("", "!0:0 a value is expected");
    check("  ", "!2:2 a value is expected");
    check("nul", "!0:1 a value is expected");
    check("nan", "!0:1 a value is expected");
    check("+1", "!0:1 a value is expected");
    check(".5", "!0:1 a value is expected");
    check("'a'", "!0:1 a value is expected");
    check("\f1", "!0:1 a value is expected");
    check("// a", "!0:1 a value is expected");
    check("truex", "t0:4 !4:5 nothing may follow the value of a text");
    check("[] []", "[0:1 ]1:2 !3:4 nothing may follow the value of a text");
    check("[", "[0:1 !1:1 the text ends too early");
    check("[1", "[0:1 #1:2=1 !2:2 the text ends too early");
    check("{\"a\":", "{0:1 k1:4(a) !5:5 the text ends too early");
    check("[,", "[0:1 !1:2 a value is expected");
    check("[1,]", "[0:1 #1:2=1 !3:4 a value is expected");
    check("[1 2]", "[0:1 #1:2=1 !3:4 `,` or `]` is expected");
    check("[1}", "[0:1 #1:2=1 !2:3 `,` or `]` is expected");
    check("{]", "{0:1 !1:2 a key in double quotes is expected");
    check("{a:1}", "{0:1 !1:2 a key in double quotes is expected");
    check("{\"a\" 1}", "{0:1 !5:6 `:` is expected after a key");
    check("{\"a\"", "{0:1 !4:4 `:` is expected after a key");
    check("{\"a\":1,}", "{0:1 k1:4(a) #5:6=1 !7:8 a key in double quotes is expected");
    check("{\"a\":1]", "{0:1 k1:4(a) #5:6=1 !6:7 `,` or `}` is expected");
    check("-", "!0:1 `-` wants a digit after it");
    check("-x", "!0:1 `-` wants a digit after it");
    check("012", "!0:1 a number doesn't begin with 0");
    check("-00", "!0:1 a number doesn't begin with 0");
    check("1.", "!0:1 the number wants a digit after its point");
    check("[1.e5]", "[0:1 !1:2 the number wants a digit after its point");
    check("1e", "!0:1 the number wants a digit in its exponent");
    check("1e+", "!0:1 the number wants a digit in its exponent");
    check("1e400", "!0:1 too large for a number");
    check("-1e-400", "!0:1 too small for a number");
    check("\"a", "!0:1 the string has no end");
    check("\"a\\", "!2:3 there is no such escape");
    check("\"\\x41\"", "!1:2 there is no such escape");
    check("\"\\u12g4\"", "!1:2 `\\u` wants four hexadecimal digits");
    check("\"\\u123", "!1:2 `\\u` wants four hexadecimal digits");
    check("\"\\ud800\"", "!1:2 half of a surrogate pair is no character");
    check("\"\\ud800\\u0041\"", "!1:2 half of a surrogate pair is no character");
    check("\"\\udc00\\ud800\"", "!1:2 half of a surrogate pair is no character");
    check("\"a\nb\"", "!2:3 a control character in a string is written with an escape");
    check("\"\xc0\x80\"", "!1:2 this byte isn't UTF-8");
    check("\"\xed\xa0\x80\"", "!1:2 this byte isn't UTF-8");
    check("\"\xe2\x82", "!1:2 this byte isn't UTF-8");
    check("[\xff]", "[0:1 !1:2 a value is expected");
    char *got = tokens("\"a\0b\"", 5);
    assert_string_equal(got, "!2:3 a control character in a string is written with an escape");
    free(got);
    got = tokens("1\0", 2);
    assert_string_equal(got, "#0:1=1 !1:2 nothing may follow the value of a text");
    free(got);
}

/* No prefix of a valid text is one; each gives an error at its end or inside. */
static void cut_short(void **state)
{
    (void)state;
    const char text[] = "{\"a\\u00e9\":[1.5e-3,true,null,{\"b\":\"\xe2\x82\xac\"}],\"c\":{}}";
    for (size_t n = 0; n < sizeof text - 1; n++) {
        char *got = tokens(text, n);
        assert_non_null(strchr(got, '!'));
        free(got);
    }
    char *got = tokens(text, sizeof text - 1);
    assert_null(strchr(got, '!'));
    free(got);
}

static void depth(void **state)
{
    (void)state;
    enum { N = 100000 };
    char *text = malloc(2 * N);
    assert_non_null(text);
    for (size_t n = JSON_MAX_DEPTH; n <= JSON_MAX_DEPTH + 1; n++) {
        for (size_t i = 0; i < n; i++) {
            text[i] = '[';
            text[2 * n - 1 - i] = ']';
        }
        struct json_reader r;
        struct json_token t;
        json_read_init(&r, text, 2 * n);
        while (json_next(&r, &t) != JSON_END && t.kind != JSON_ERROR)
            ;
        assert_int_equal(t.kind, n > JSON_MAX_DEPTH ? JSON_ERROR : JSON_END);
        if (n > JSON_MAX_DEPTH) {
            assert_int_equal(t.begin, JSON_MAX_DEPTH);
            assert_string_equal(t.what, "more than 64 objects and arrays inside of each other");
        }
        json_read_free(&r);
    }
    free(text);
}

static void skipping(void **state)
{
    (void)state;
    const char text[] = "{\"a\":[1,{\"b\":[]},\"]\"],\"c\":2,\"d\":{\"e\":}}";
    struct json_reader r;
    struct json_token t;
    json_read_init(&r, text, sizeof text - 1);
    assert_int_equal(json_next(&r, &t), JSON_OBJECT);
    assert_int_equal(json_next(&r, &t), JSON_KEY);
    assert_int_equal(json_next(&r, &t), JSON_ARRAY);
    assert_true(json_skip(&r, &t));
    assert_int_equal(t.kind, JSON_END_ARRAY);
    assert_int_equal(t.end, 21);
    assert_int_equal(json_next(&r, &t), JSON_KEY);
    assert_int_equal(json_next(&r, &t), JSON_NUMBER);
    assert_true(json_skip(&r, &t));
    assert_int_equal(json_next(&r, &t), JSON_KEY);
    assert_int_equal(json_next(&r, &t), JSON_OBJECT);
    assert_false(json_skip(&r, &t));
    assert_int_equal(t.kind, JSON_ERROR);
    assert_int_equal(t.begin, 37);
    json_read_free(&r);
}

/* The reader's own memory is that of the longest string with escapes. */
static void memory(void **state)
{
    (void)state;
    struct buf text = {0};
    buf_putc(&text, '[');
    for (int i = 0; i < 100000; i++)
        buf_puts(&text, "\"\\u0041\\n\",[1,2],\"plain plain plain plain\",");
    buf_puts(&text, "0]");
    struct json_reader r;
    struct json_token t;
    uint64_t n = 0;
    json_read_init(&r, text.data, text.n);
    while (json_next(&r, &t) != JSON_END)
        n++;
    assert_int_equal(n, 100000 * 6 + 3);
    assert_true(r.unescaped.cap < 1000);
    json_read_free(&r);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),   cmocka_unit_test(strings),   cmocka_unit_test(numbers),
        cmocka_unit_test(errors),   cmocka_unit_test(cut_short), cmocka_unit_test(depth),
        cmocka_unit_test(skipping), cmocka_unit_test(memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
