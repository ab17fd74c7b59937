/* Units, dimensions, and what the text of a number or a string means. */
#include "tests/unit/unit.h"

#include "lang/literal.h"
#include "lang/parse.h"
#include "lang/unit.h"
#include "runtime/base/hash.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>

static struct dim unit(const char *s)
{
    int pow10;
    struct dim d;
    assert_true(unit_lookup(s, strlen(s), &pow10, &d));
    return d;
}

static void test_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int pow10;
        int8_t e[DIM_N];
    } good[] = {
        {"s", 0, {2, 0, 0, 0}},    {"ms", -3, {2, 0, 0, 0}},   {"fs", -15, {2, 0, 0, 0}},
        {"A", 0, {0, 2, 0, 0}},    {"pA", -12, {0, 2, 0, 0}},  {"nA", -9, {0, 2, 0, 0}},
        {"uV", -6, {0, 0, 2, 0}},  {"K", 0, {0, 0, 0, 2}},     {"fF", -15, {2, 2, -2, 0}},
        {"Hz", 0, {-2, 0, 0, 0}},  {"kHz", 3, {-2, 0, 0, 0}},  {"MHz", 6, {-2, 0, 0, 0}},
        {"Ohm", 0, {0, -2, 2, 0}}, {"GOhm", 9, {0, -2, 2, 0}}, {"mW", -3, {0, 2, 2, 0}},
        {"%", -2, {0, 0, 0, 0}},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int pow10 = 99;
        struct dim d;
        assert_true(unit_lookup(good[i].text, strlen(good[i].text), &pow10, &d));
        assert_int_equal(pow10, good[i].pow10);
        assert_memory_equal(d.e, good[i].e, sizeof d.e);
        assert_false(d.any);
    }
    static const char *const bad[] = {"",    "m",  "k",  "mK",  "KHz", "hz", "mm",  "sec",
                                      "mms", "%%", "m%", "ohm", "xs",  "H",  "mHzz"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int pow10;
        struct dim d;
        assert_false(unit_lookup(bad[i], strlen(bad[i]), &pow10, &d));
    }
}

static void test_algebra(void **state)
{
    (void)state;
    struct dim v = unit("V"), a = unit("A"), s = unit("s"), any = {.any = true}, d;
    assert_true(dim_eq(dim_div(v, a), unit("Ohm")));
    assert_true(dim_eq(dim_mul(v, a), unit("W")));
    assert_true(dim_eq(dim_div(dim_mul(a, s), v), unit("F")));
    assert_true(dim_eq(dim_div(DIM_ONE, s), unit("Hz")));
    assert_true(dim_eq(dim_mul(unit("Ohm"), unit("F")), s));
    assert_false(dim_eq(v, a));
    assert_false(dim_eq(v, DIM_ONE));
    assert_true(dim_is_one(dim_div(v, v)));
    assert_false(dim_is_one(v));

    assert_true(dim_eq(any, v) && dim_eq(v, any) && dim_is_one(any));
    assert_true(dim_mul(any, v).any && dim_div(v, any).any && dim_div(any, v).any);

    assert_true(dim_pow(v, 2, &d) && dim_eq(d, dim_mul(v, v)));
    assert_true(dim_pow(dim_mul(v, v), 0.5, &d) && dim_eq(d, v));
    assert_true(dim_pow(v, 0.5, &d) && dim_eq(dim_mul(d, d), v));
    assert_true(dim_pow(v, -1, &d) && dim_eq(d, dim_div(DIM_ONE, v)));
    assert_true(dim_pow(v, 0, &d) && dim_is_one(d));
    assert_true(dim_pow(any, 3, &d) && d.any);
    assert_true(dim_pow(DIM_ONE, 0.3, &d) && dim_is_one(d));
    assert_false(dim_pow(v, 0.25, &d));
    assert_false(dim_pow(v, 1.0 / 3, &d));
    assert_false(dim_pow(v, 100, &d));
    assert_false(dim_pow(v, NAN, &d));
    assert_false(dim_pow(v, INFINITY, &d));
    assert_false(dim_pow(v, -1e300, &d));
}

/* A product of very many units doesn't wrap round to a plain number. */
static void test_exponents_saturate(void **state)
{
    (void)state;
    struct dim d = DIM_ONE;
    for (int i = 0; i < 1000; i++) {
        d = dim_mul(d, unit("V"));
        assert_false(dim_is_one(d));
        assert_true(i == 0 || !dim_eq(d, unit("V")));
    }
}

static void check_text(struct dim d, const char *words, const char *si, const char *factors)
{
    struct buf b = {0};
    dim_describe(&b, d);
    assert_string_equal(b.data, words);
    buf_clear(&b);
    if (si != NULL)
        assert_string_equal(dim_unit(d), si);
    else
        assert_null(dim_unit(d));
    buf_putc(&b, '1');
    dim_factors(&b, d);
    assert_string_equal(b.data, factors);
    buf_free(&b);
}

static void test_texts(void **state)
{
    (void)state;
    struct dim v = unit("V"), s = unit("s"), root;
    assert_true(dim_pow(v, 1.5, &root));
    check_text(s, "a time", "s", "1 * 1 s");
    check_text(unit("A"), "a current", "A", "1 * 1 A");
    check_text(v, "a voltage", "V", "1 * 1 V");
    check_text(unit("K"), "a temperature", "K", "1 * 1 K");
    check_text(unit("F"), "a capacitance", "F", "1 * 1 s * 1 A / 1 V");
    check_text(unit("Hz"), "a frequency", "Hz", "1 / 1 s");
    check_text(unit("Ohm"), "a resistance", "Ohm", "1 / 1 A * 1 V");
    check_text(unit("W"), "a power", "W", "1 * 1 A * 1 V");
    check_text(DIM_ONE, "a plain number", NULL, "1");
    check_text((struct dim){.any = true}, "a value of any dimension", NULL, "1");
    check_text(dim_div(v, dim_mul(s, s)), "V / s^2", NULL, "1 / 1 s^2 * 1 V");
    check_text(dim_div(DIM_ONE, dim_mul(s, s)), "1 / s^2", NULL, "1 / 1 s^2");
    check_text(dim_mul(root, s), "s V^1.5", NULL, "1 * 1 s * 1 V^1.5");
}

/* ---- quantities ---- */

static void check_quantity(double x, const char *name, const char *exact, const char *people)
{
    struct buf b = {0};
    struct arena a = {0};
    unit_f64_text(&b, x, unit(name));
    assert_string_equal(b.data, exact);
    assert_string_equal(unit_text(&a, x, unit(name)), people);
    buf_free(&b);
    arena_free(&a);
}

static void test_quantities(void **state)
{
    (void)state;
    check_quantity(1e-3, "s", "1 ms", "1 ms");
    check_quantity(3.618586e-12, "A", "3.618586 pA", "3.619 pA");
    check_quantity(-12.5e-9, "A", "-12.5 nA", "-12.5 nA");
    check_quantity(0.1, "V", "100 mV", "100 mV");
    check_quantity(0.99996, "V", "999.96 mV", "1 V"); /* rounding may take the next prefix */
    check_quantity(1, "V", "1 V", "1 V");
    check_quantity(999.75, "V", "999.75 V", "999.8 V");
    check_quantity(1000, "Ohm", "1 kOhm", "1 kOhm");
    check_quantity(123456.75, "Ohm", "123.45675 kOhm", "123.5 kOhm");
    check_quantity(2e6, "Hz", "2 MHz", "2 MHz");
    check_quantity(1e-15, "F", "1 fF", "1 fF");
    check_quantity(9.9999e-16, "F", "9.9999e-16 F", "1 fF");
    check_quantity(999e9, "W", "999 GW", "999 GW");
    check_quantity(1e12, "W", "1000000000000 W", "1e+12 W");
    check_quantity(0.02, "K", "0.02 K", "0.02 K"); /* takes no prefix */
    check_quantity(0, "A", "0 A", "0 A");
    check_quantity(-0.0, "A", "-0 A", "-0 A");
    check_quantity((double)INFINITY, "A", "inf A", "inf A");
    check_quantity(1e-3, "%", "0.001", "0.001");
    check_quantity(1.7976931348623157e308, "A", "1.7976931348623157e308 A", "1.798e+308 A");
    check_quantity(1.2345678901234567e-7, "A", "123.45678901234566 nA", "123.5 nA");

    struct buf b = {0};
    unit_f32_text(&b, 3.618586e-12f, unit("A"));
    buf_puts(&b, ", ");
    unit_f64_text(&b, -2e-3, dim_div(unit("V"), unit("s")));
    buf_puts(&b, ", ");
    unit_f64_text(&b, 2e-3, (struct dim){.any = true});
    assert_string_equal(b.data, "3.618586 pA, -0.002 / 1 s * 1 V, 0.002");
    buf_free(&b);
}

/* Numbers to print: any bits, numbers of many magnitudes with few digits and with all, and both
 * sides of every power of ten. */
static double sample(uint32_t i)
{
    uint64_t u = hash_u64(i);
    double x, scale = pow(10, (double)((int)(u >> 8 & 63) - 32));
    switch (i % 4) {
    case 0:
        memcpy(&x, &u, sizeof x);
        return isfinite(x) ? x : 1;
    case 1:
        return (double)(u >> 40) * scale;
    case 2:
        return (double)(u >> 32 & 1023) * scale;
    default:
        return nextafter(scale, u >> 16 & 1 ? INFINITY : 0);
    }
}

static float sample_f32(uint32_t i)
{
    uint32_t u = (uint32_t)hash_u64(i);
    float x = (float)sample(i);
    if (i % 4 == 0)
        memcpy(&x, &u, sizeof x);
    return isfinite(x) ? x : 0x1.5c87fap-84f; /* see test_number.c */
}

/* One to three digits, the first not 0, before the point or the unit. */
static void check_mantissa(const char *text, double x, struct dim d)
{
    size_t n = strspn(text + (*text == '-'), "0123456789");
    bool in_reach = fabs(x) >= 1e-15 && fabs(x) < 1e12 && d.e[DIM_K] == 0;
    if (in_reach && (text[*text == '-'] == '0' || n < 1 || n > 3 || strchr(text, 'e')))
        fail_msg("%s", text);
}

static void check_read_back(const struct ast_expr *e, double x, bool single, struct dim d)
{
    bool negative = e->kind == AST_UNARY && e->op == AST_NEG;
    const struct ast_expr *n = negative ? e->a : e;
    double y = negative ? -n->number : n->number;
    if (single)
        y = (double)(float)y;
    assert_int_equal(n->kind, AST_NUMBER);
    assert_true(dim_eq(n->dim, d) && !n->dim.any);
    assert_memory_equal(&y, &x, sizeof y);
}

static void check_round_trip(struct dim d, bool single)
{
    enum { COUNT = 40000 };
    struct arena a = {0};
    struct intern names;
    struct sources sources = {.arena = &a};
    struct diags diags = {0};
    struct buf text = {0};
    intern_init(&names, &a);
    buf_puts(&text, "let x = [");
    for (uint32_t i = 0; i < COUNT; i++) {
        size_t begin = text.n;
        if (single)
            unit_f32_text(&text, sample_f32(i), d);
        else
            unit_f64_text(&text, sample(i), d);
        check_mantissa(text.data + begin, single ? f32_decimal(sample_f32(i)) : sample(i), d);
        buf_puts(&text, ",\n");
    }
    buf_puts(&text, "0];\n");
    uint32_t file = sources_add(&sources, "t.dyn", text.data, text.n, &diags);
    const struct ast_file *f = parse_file(&a, &names, &sources, file, &diags);
    assert_int_equal(diags.n_errors, 0);
    const struct ast_expr *e = f->decls->let->value->items;
    for (uint32_t i = 0; i < COUNT; i++, e = e->next)
        check_read_back(e, single ? (double)sample_f32(i) : sample(i), single, d);
    buf_free(&text);
    diags_free(&diags);
    arena_free(&a);
}

/* What is printed with a unit, the language reads back to the same bits. */
static void test_quantities_read_back(void **state)
{
    (void)state;
    static const char *const names[] = {"s", "A", "V", "K", "F", "Hz", "Ohm", "W"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        check_round_trip(unit(names[i]), true);
        check_round_trip(unit(names[i]), false);
    }
}

/* ---- literals ---- */

static void check_number(const char *text, int pow10, double expected)
{
    double x;
    assert_int_equal(literal_number_length(text, strlen(text)), strlen(text));
    assert_null(literal_number(text, strlen(text), pow10, &x));
    assert_true(x == expected);
}

static void test_numbers(void **state)
{
    (void)state;
    check_number("3", 0, 3);
    check_number("0.5", 0, 0.5);
    check_number(".5", 0, 0.5);
    check_number("1e-8", 0, 1e-8);
    check_number("2E+3", 0, 2000);
    check_number("0b1011", 0, 11);
    check_number("0x3f", 0, 63);
    check_number("0XfF", -3, 0.255);
    check_number("inf", -3, INFINITY);
    check_number("0", -3, 0);
    check_number("0e999999999999999999999", 0, 0);
    check_number("9007199254740993", 0, 9007199254740992.0);
    /* Rounded once: 3 * 0.001 and the like would be off by one ulp in some of these. */
    check_number("20", -3, 20e-3);
    check_number("0.1", -3, 0.1e-3);
    check_number("1.7", -6, 1.7e-6);
    check_number("2.3", -12, 2.3e-12);
    check_number("123.456e2", -9, 123.456e-7);
    check_number("4.35", -2, 4.35e-2);
    check_number("5e-324", 0, 5e-324);
    check_number("0.0000000000000000000000001", 9, 1e-16);
    check_number("179769313486231570000000000000000000000e270", 0, 1.7976931348623157e308);
}

/* All decimals with three digits and every prefix are what a C compiler would read. */
static void test_numbers_are_rounded_once(void **state)
{
    (void)state;
    for (int pow10 = -15; pow10 <= 9; pow10++) {
        for (int i = 1; i < 1000; i++) {
            char text[32], whole[32];
            double x;
            snprintf(text, sizeof text, "%d.%02d", i / 100, i % 100);
            snprintf(whole, sizeof whole, "%de%d", i, pow10 - 2);
            assert_null(literal_number(text, strlen(text), pow10, &x));
            assert_true(x == strtod(whole, NULL));
        }
    }
}

static void test_numbers_beyond_float64(void **state)
{
    (void)state;
    static const char *const bad[] = {"1e309",
                                      "1e99999999999999999999",
                                      "1e-400",
                                      "1e-99999999999999999999",
                                      "0x20000000000001",
                                      "0xffffffffffffffffffffffff"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        double x;
        assert_int_equal(literal_number_length(bad[i], strlen(bad[i])), strlen(bad[i]));
        assert_non_null(literal_number(bad[i], strlen(bad[i]), 0, &x));
    }
}

static void test_number_lengths(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n;
    } cases[] = {{"", 0},    {"x", 0},    {"-1", 0},    {".", 0},   {"1.", 1},  {"1.e5", 1},
                 {"1e", 1},  {"1e+", 1},  {"1.5.2", 3}, {"0b", 1},  {"0b2", 1}, {"0b12", 3},
                 {"0xg", 1}, {"0x1g", 3}, {"5ms", 1},   {"1eV", 1}, {"in", 0},  {"12 ms", 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(literal_number_length(cases[i].text, strlen(cases[i].text)), cases[i].n);
}

static void test_locale(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (setlocale(LC_NUMERIC, names[i]) != NULL)
            break;
    check_number("1.5", -3, 0x1.89374bc6a7efap-10);
    setlocale(LC_NUMERIC, "C");
}

static void test_strings(void **state)
{
    (void)state;
    struct arena a = {0};
    size_t wrong;
    static const char text[] = "a\\n\\t\\\\\\\"b";
    assert_string_equal(literal_string(&a, text, sizeof text - 1, &wrong), "a\n\t\\\"b");
    assert_int_equal(wrong, sizeof text - 1);
    assert_string_equal(literal_string(&a, "", 0, &wrong), "");
    assert_string_equal(literal_string(&a, "ab\\x\\y", 6, &wrong), "ab\\x\\y");
    assert_int_equal(wrong, 2);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_algebra),
        cmocka_unit_test(test_exponents_saturate),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_quantities),
        cmocka_unit_test(test_quantities_read_back),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_numbers_are_rounded_once),
        cmocka_unit_test(test_numbers_beyond_float64),
        cmocka_unit_test(test_number_lengths),
        cmocka_unit_test(test_locale),
        cmocka_unit_test(test_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
