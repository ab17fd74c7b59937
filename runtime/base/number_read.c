#include "number.h"
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Halfway between two float64 lie decimals of at most 767 digits, so of all further ones it only
 * matters whether there is one that isn't 0. */
enum { MAX_DIGITS = 768 };

/* An exponent that leads beyond float64 whatever the digits before it. */
#define EXPONENT_MAX (INT64_C(1) << 62)

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int64_t read_exponent(const char *s, size_t n)
{
    size_t i = n > 0 && (s[0] == '+' || s[0] == '-');
    int64_t e = 0;
    for (; i < n; i++)
        e = e < EXPONENT_MAX / 16 ? 10 * e + (s[i] - '0') : EXPONENT_MAX / 2;
    return s[0] == '-' ? -e : e;
}

/* digits * 10^exponent; `value` is that of the digits if they are at most 19. */
struct decimal {
    uint64_t value;
    size_t n; /* digits without leading zeros */
    int64_t exponent;
};

static struct decimal split(const char *s, size_t n)
{
    struct decimal d = {0};
    size_t i = 0, point = 0;
    bool fraction = false;
    for (; i < n; i++) {
        if (is_digit(s[i])) {
            d.value = 10 * d.value + (uint64_t)(s[i] - '0');
            d.n += d.n > 0 || s[i] != '0';
        } else if (s[i] == '.') {
            fraction = true;
            point = i + 1;
        } else {
            break;
        }
    }
    d.exponent = fraction ? -(int64_t)(i - point) : 0;
    if (i < n)
        d.exponent += read_exponent(s + i + 1, n - i - 1);
    return d;
}

/* Few digits: one operation of exact operands, which float64 rounds once, or whose result in long
 * double is the same in float64 whichever way it was rounded itself. */
static bool read_fast(const struct decimal *d, double *out)
{
    static const double pow10[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (d->n > 19 || d->exponent < -22 || d->exponent > 22)
        return false;
    double power = pow10[d->exponent < 0 ? -d->exponent : d->exponent];
    if (d->value <= UINT64_C(1) << 53) {
        double x = (double)d->value;
        *out = d->exponent < 0 ? x / power : x * power;
        return true;
    }
    if (LDBL_MANT_DIG < 64)
        return false;
    long double x = (long double)d->value;
    x = d->exponent < 0 ? x / (long double)power : x * (long double)power;
    *out = (double)(x * (1 - 2 * LDBL_EPSILON));
    return *out == (double)(x * (1 + 2 * LDBL_EPSILON));
}

/* Any digits, through the C library; without a decimal point, which locales change. */
static void read_exact(const char *s, const struct decimal *d, double *out)
{
    char text[MAX_DIGITS + 32];
    uint32_t n = 0;
    bool more = false; /* a digit behind MAX_DIGITS isn't 0 */
    for (size_t seen = 0; seen < d->n; s++) {
        if (!is_digit(*s) || (n == 0 && *s == '0'))
            continue;
        if (n < MAX_DIGITS)
            text[n++] = *s;
        else
            more = more || *s != '0';
        seen++;
    }
    if (more)
        text[n++] = '1';
    snprintf(text + n, sizeof text - n, "e%" PRId64, d->exponent + (int64_t)(d->n - n));
    *out = strtod(text, NULL);
}

const char *number_read(const char *s, size_t n, int pow10, double *out)
{
    struct decimal d = split(s, n);
    d.exponent += pow10;
    *out = 0;
    if (d.n == 0 || read_fast(&d, out))
        return NULL;
    read_exact(s, &d, out);
    if (isinf(*out))
        return "too large for a number";
    return *out == 0 ? "too small for a number" : NULL;
}
