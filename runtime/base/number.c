/* The shortest decimal that reads back to the same number (the second half of buf.h).
 *
 * A decimal is digits * 10^exp. Any decimal of at most 15 (float32: 6) digits survives the way
 * through a normal float64 (float32), so if the rounding to 15 (6) digits reads back exactly, it
 * is, without its trailing zeros, the shortest. Otherwise one digit more is tried at a time, up to
 * 17 (9). */
#include "buf.h"
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct decimal {
    uint64_t digits;
    int exp;
};

/* Powers of ten that are exact in float64. */
static const double exact_pow10[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
enum { MAX_EXACT = 22 };

enum answer { NO, YES, UNSURE };

/* `scaled` is the float64 nearest to a decimal's value. Does the decimal read back to x? For
 * float32 that is one more rounding, which may go wrong only if `scaled` sits between two floats.
 */
static enum answer scaled_reads_back(double scaled, double x, bool single)
{
    if (!single)
        return scaled == x ? YES : NO;
    uint64_t u;
    memcpy(&u, &scaled, sizeof u);
    if ((u & 0x1fffffff) == 0x10000000)
        return UNSURE;
    return (double)(float)scaled == x ? YES : NO;
}

/* Rounds x > 0 to n <= 15 digits with one exact power of ten. */
static enum answer round_fast(double x, int n, bool single, struct decimal *out)
{
    if (!(x >= 1e-7 && x < 1e22))
        return UNSURE;
    int k = n - 1 - (int)floor(log10(x));
    for (;; k--) {
        if (k > MAX_EXACT || k < -MAX_EXACT)
            return UNSURE;
        double p = exact_pow10[k < 0 ? -k : k];
        double m = rint(k < 0 ? x / p : x * p);
        if (m >= exact_pow10[n]) /* log10 was rounded */
            continue;
        *out = (struct decimal){(uint64_t)m, -k};
        return scaled_reads_back(k < 0 ? m * p : m / p, x, single);
    }
}

/* Text without a decimal point means the same in all locales. */
static void plain_text(struct decimal r, char text[64])
{
    snprintf(text, 64, "%llue%d", (unsigned long long)r.digits, r.exp);
}

static bool reads_back(struct decimal r, double x, bool single)
{
    char text[64];
    plain_text(r, text);
    if (!single)
        return strtod(text, NULL) == x;
    /* Also by way of a float64, as the language reads it, whose second rounding misses one float32
     * (7.038531e-26 is such a text). */
    return (double)strtof(text, NULL) == x && (double)(float)strtod(text, NULL) == x;
}

/* The same as round_fast() through the C library, for any n and x. */
static bool round_exact(double x, int n, bool power, bool single, struct decimal *out)
{
    char text[64];
    snprintf(text, sizeof text, "%.*e", n - 1, x);
    const char *e = strchr(text, 'e');
    uint64_t m = 0;
    for (const char *s = text; s < e; s++) {
        if (*s >= '0' && *s <= '9') /* not the locale's decimal point */
            m = m * 10 + (uint64_t)(*s - '0');
    }
    *out = (struct decimal){m, (int)strtol(e + 1, NULL, 10) - (n - 1)};
    if (reads_back(*out, x, single))
        return true;
    /* Above a power of two numbers lie twice as far apart as below it, so that the nearest decimal
     * may fail below where the next one above succeeds. */
    out->digits++;
    return power && reads_back(*out, x, single);
}

static struct decimal shortest(double x, bool single)
{
    int first = single ? FLT_DIG : DBL_DIG, last = single ? FLT_DECIMAL_DIG : DBL_DECIMAL_DIG;
    int exp;
    bool power = frexp(x, &exp) == 0.5; /* see round_exact() */
    struct decimal r = {0, 0};
    if (x < (single ? (double)FLT_MIN : DBL_MIN))
        first = 1; /* subnormal: fewer digits are significant */
    for (int n = first; n <= last; n++) {
        enum answer fast = n <= DBL_DIG && !power ? round_fast(x, n, single, &r) : UNSURE;
        if (fast == YES || (fast == UNSURE && round_exact(x, n, power, single, &r)))
            break;
    }
    while (r.digits && r.digits % 10 == 0) {
        r.digits /= 10;
        r.exp++;
    }
    return r;
}

/* Plain for 1e-4 <= x < 1e16, else with an exponent. */
static void put_decimal(struct buf *b, struct decimal r)
{
    char digit[24];
    int n = snprintf(digit, sizeof digit, "%llu", (unsigned long long)r.digits);
    int point = n + r.exp; /* digits before the decimal point */
    if (point > 16 || point < -3) {
        buf_put(b, digit, 1);
        if (n > 1) {
            buf_putc(b, '.');
            buf_put(b, digit + 1, (size_t)(n - 1));
        }
        buf_printf(b, "e%d", point - 1);
    } else if (point <= 0) {
        buf_puts(b, "0.");
        buf_fill(b, '0', (size_t)-point);
        buf_put(b, digit, (size_t)n);
    } else if (point >= n) {
        buf_put(b, digit, (size_t)n);
        buf_fill(b, '0', (size_t)(point - n));
    } else {
        buf_put(b, digit, (size_t)point);
        buf_putc(b, '.');
        buf_put(b, digit + point, (size_t)(n - point));
    }
}

static void put_integer(struct buf *b, uint32_t x)
{
    char text[10];
    size_t i = sizeof text;
    do {
        text[--i] = (char)('0' + x % 10);
        x /= 10;
    } while (x);
    buf_put(b, text + i, sizeof text - i);
}

static void put_number(struct buf *b, double x, bool single)
{
    if (isnan(x)) {
        buf_puts(b, "nan");
        return;
    }
    if (signbit(x)) {
        buf_putc(b, '-');
        x = -x;
    }
    if (isinf(x))
        buf_puts(b, "inf");
    else if (x < 0x1p24 && x == (double)(uint32_t)x)
        put_integer(b, (uint32_t)x); /* most weights, and every digit of such a number counts */
    else
        put_decimal(b, shortest(x, single));
}

void buf_f64_text(struct buf *b, double x)
{
    put_number(b, x, false);
}

void buf_f32_text(struct buf *b, float x)
{
    put_number(b, (double)x, true);
}

double f32_decimal(float x)
{
    if (x == 0 || !isfinite(x))
        return (double)x;
    char text[64];
    plain_text(shortest(fabs((double)x), true), text);
    return copysign(strtod(text, NULL), (double)x);
}
