#include "tests/unit/unit.h"

#include "runtime/base/buf.h"
#include "runtime/base/hash.h"
#include "runtime/base/number.h"
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

static void check_f64(double x, const char *want)
{
    struct buf b = {0};
    buf_f64_text(&b, x);
    assert_string_equal(b.data, want);
    buf_free(&b);
}

static void check_f32(float x, const char *want)
{
    struct buf b = {0};
    buf_f32_text(&b, x);
    assert_string_equal(b.data, want);
    buf_free(&b);
}

static void number_forms(void **state)
{
    (void)state;
    check_f64(0, "0");
    check_f64(-0.0, "-0");
    check_f64(100, "100");
    check_f64(-16777217, "-16777217");
    check_f64(0.1, "0.1");
    check_f64(1.0 / 3, "0.3333333333333333");
    check_f64(0.1 + 0.2, "0.30000000000000004");
    check_f64(5e-13, "5e-13");
    check_f64(-1.25e-100, "-1.25e-100");
    check_f64(1e-4, "0.0001");
    check_f64(9.99e-5, "9.99e-5");
    check_f64(123456.75, "123456.75");
    check_f64(9007199254740993.0, "9007199254740992");
    check_f64(1e16, "1e16");
    check_f64(1e22, "1e22");
    check_f64(1e23, "1e23");
    check_f64(1.7976931348623157e308, "1.7976931348623157e308");
    check_f64(2.2250738585072014e-308, "2.2250738585072014e-308");
    check_f64(5e-324, "5e-324");
    check_f64(0x1p-44, "5.684341886080802e-14"); /* 16 digits, though the nearest 16 don't do */
    check_f64((double)INFINITY, "inf");
    check_f64(-(double)INFINITY, "-inf");
    check_f64(-(double)NAN, "nan");
    check_f32(0.1f, "0.1");
    check_f32(16777216.0f, "16777216");
    check_f32(1e10f, "10000000000");
    check_f32(1.0f / 3, "0.33333334");
    check_f32(3.4028235e38f, "3.4028235e38");
    check_f32(1e-45f, "1e-45");
    check_f32(8.589973e9f, "8589974000");
    check_f32(0x1p-90f, "8.077936e-28");
    check_f32(0x1.5c87fap-84f, "7.0385307e-26"); /* one digit less fails by way of float64 */
}

/* No decimal with one digit less may read back: then the text wasn't the shortest. */
static void check_shortest(double x, bool single)
{
    struct buf b = {0};
    if (single)
        buf_f32_text(&b, (float)x);
    else
        buf_f64_text(&b, x);
    double back = single ? (double)strtof(b.data, NULL) : strtod(b.data, NULL);
    assert_memory_equal(&back, &x, sizeof x);
    if (single) {
        double text = strtod(b.data, NULL), decimal = f32_decimal((float)x);
        assert_memory_equal(&decimal, &text, sizeof text);
    }
    int digits = 0, zeros = 0;
    for (const char *s = b.data; *s && *s != 'e'; s++) {
        if (*s < '0' || *s > '9' || (*s == '0' && digits == 0))
            continue;
        digits++;
        zeros = *s == '0' ? zeros + 1 : 0;
    }
    digits -= zeros;
    if (digits > 1) {
        char fewer[40];
        snprintf(fewer, sizeof fewer, "%.*e", digits - 2, x);
        back = single ? (double)strtof(fewer, NULL) : strtod(fewer, NULL);
        if (back == x)
            fail_msg("%s isn't the shortest for %a", b.data, x);
    }
    buf_free(&b);
}

static void number_round_trips(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 60000; i++) {
        uint64_t u = hash_u64(i);
        double x;
        memcpy(&x, &u, sizeof x); /* any bits */
        if (isfinite(x))
            check_shortest(x, false);
        check_shortest((double)(u >> 11) * 0x1p-53, false);
        check_shortest((double)(u % 100000) / 1000, false);
        uint32_t v = (uint32_t)(u >> 32);
        float y;
        memcpy(&y, &v, sizeof y);
        if (isfinite(y))
            check_shortest((double)y, true);
        check_shortest((double)((float)(u >> 40) * 0x1p-24f), true);
        check_shortest((double)((float)(u % 10000) / 100), true);
    }
    for (int e = -1074; e <= 1023; e++) {
        check_shortest(ldexp(1, e), false);
        if (e >= -149 && e <= 127)
            check_shortest(ldexp(1, e), true);
    }
}

/* ---- reading: against the C library ---- */

static void check_number(const char *text, int pow10)
{
    char whole[2000];
    snprintf(whole, sizeof whole, "%s", text);
    char *e = strpbrk(whole, "eE");
    long exponent = e ? strtol(e + 1, NULL, 10) : 0;
    snprintf(e ? e : whole + strlen(whole), 30, "e%ld", exponent + pow10);
    double want = strtod(whole, NULL), got = -1;
    const char *wrong = number_read(text, strlen(text), pow10, &got);
    assert_memory_equal(&got, &want, sizeof got);
    bool zero = strcspn(text, "123456789") >= strcspn(text, "eE");
    assert_true((wrong != NULL) == (isinf(want) || (want == 0 && !zero)));
}

static void decimals(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "0",
        "0.0",
        "00012",
        ".5",
        "1e-8",
        "2E+3",
        "1e22",
        "1e23",
        "9007199254740993",
        "9007199254740992.0000000000000000000000000000000000000000000000000000000000001",
        "2.2250738585072011e-308",
        "2.4703282292062327208e-324",
        "2.4703282292062328e-324",
        "179769313486231580793728971405301e276",
        "1e400",
        "1e-400",
        "12345678901234567890123",
        "0.1e-5",
        "123456789012345678e5",
        "8.41e21",
        "9.5e-22",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (int pow10 = -12; pow10 <= 9; pow10++)
            check_number(texts[i], pow10);
    }
    char text[2000];
    for (uint32_t i = 0; i < 200000; i++) {
        uint64_t x = hash_u64(2 * i), y = hash_u64(2 * i + 1);
        double as_bits;
        memcpy(&as_bits, &x, sizeof as_bits);
        if (i % 2 == 0 && isfinite(as_bits))
            snprintf(text, sizeof text, "%.*e", (int)(y % 25), fabs(as_bits));
        else
            snprintf(text, sizeof text, "%llu.%llue%d", (unsigned long long)(x >> y % 64),
                     (unsigned long long)(y >> x % 64), (int)(y % 41) - 20);
        check_number(text, i % 3 == 0 ? -12 : 0);
    }
}

/* A decimal between two float64 and its neighbours, far behind the digits that are kept. */
static void long_decimals(void **state)
{
    (void)state;
    char text[2000];
    double x = 0x1.fffffffffffffp-1022; /* its middle to the next has the most digits */
    snprintf(text, sizeof text, "%.1200e", x);
    check_number(text, 0);
    static const char half[] =
        "1.00000000000000011102230246251565404236316680908203125"; /* 1 + 2^-53: to even */
    size_t n = strlen(half);
    memcpy(text, half, n);
    memset(text + n, '0', 1500);
    text[n + 1500] = '\0';
    check_number(text, 0);
    double got;
    assert_null(number_read(text, n + 1500, 0, &got));
    assert_true(got == 1);
    text[n + 1499] = '1';
    assert_null(number_read(text, n + 1500, 0, &got));
    assert_true(got == 1 + 0x1p-52);
    /* Memory and time don't grow with digits that don't matter. */
    size_t many = 3000000;
    char *big = malloc(many + 20);
    assert_non_null(big);
    memset(big, '1', many);
    snprintf(big + many, 20, "e-%zu", many - 1);
    assert_null(number_read(big, strlen(big), 0, &got));
    assert_true(got == 1.1111111111111112);
    assert_non_null(number_read(big, many, 0, &got));
    memset(big, '0', many);
    big[1] = '.';
    snprintf(big + many, 20, "7e%zu", many - 1);
    assert_null(number_read(big, strlen(big), 0, &got));
    assert_true(got == 7);
    free(big);
    assert_non_null(number_read("1e99999999999999999999", 22, 0, &got));
    assert_true(isinf(got));
    assert_non_null(number_read("1e-99999999999999999999", 23, 0, &got));
    assert_true(got == 0);
}

/* Where the decimal point is a comma; skipped if the machine has no such locale. */
static void number_locale(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "nl_NL.UTF-8", "ru_RU.UTF-8"};
    size_t i = 0;
    while (i < 4 && !setlocale(LC_ALL, names[i]))
        i++;
    if (i == 4)
        skip();
    check_f64(0.1 + 0.2, "0.30000000000000004");
    check_f64(5e-324, "5e-324");
    check_f32(1.0f / 3, "0.33333334");
    double x;
    assert_null(number_read("3.25000000000000000000000000001", 31, 0, &x));
    assert_true(x == 3.25);
    setlocale(LC_ALL, "C");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(number_forms),  cmocka_unit_test(number_round_trips),
        cmocka_unit_test(decimals),      cmocka_unit_test(long_decimals),
        cmocka_unit_test(number_locale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
