#include "lang/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *name;
    struct dim dim;
    const char *word; /* for messages */
};

/* Exponents of s, A, V, K, doubled. */
#define DIM(s, a, v, k)                                                                            \
    {                                                                                              \
        {2 * (s), 2 * (a), 2 * (v), 2 * (k)}, false                                                \
    }

static const struct unit units[] = {
    {"s", DIM(1, 0, 0, 0), "a time"},          {"A", DIM(0, 1, 0, 0), "a current"},
    {"V", DIM(0, 0, 1, 0), "a voltage"},       {"K", DIM(0, 0, 0, 1), "a temperature"},
    {"F", DIM(1, 1, -1, 0), "a capacitance"},  {"Hz", DIM(-1, 0, 0, 0), "a frequency"},
    {"Ohm", DIM(0, -1, 1, 0), "a resistance"}, {"W", DIM(0, 1, 1, 0), "a power"},
};

static const char base_name[DIM_N] = {'s', 'A', 'V', 'K'};

static const struct {
    char letter;
    int pow10;
} prefixes[] = {
    {'f', -15}, {'p', -12}, {'n', -9}, {'u', -6}, {'m', -3}, {'k', 3}, {'M', 6}, {'G', 9},
};

static bool takes_prefix(const struct unit *u)
{
    return u->dim.e[DIM_K] == 0;
}

#define COUNT(x) (sizeof(x) / sizeof *(x))

bool dim_eq(struct dim a, struct dim b)
{
    return a.any || b.any || memcmp(a.e, b.e, sizeof a.e) == 0;
}

bool dim_is_one(struct dim a)
{
    return dim_eq(a, DIM_ONE);
}

/* Exponents beyond the range stay at its end: such a dimension is no quantity's, so that it is
 * still refused wherever it is used. */
static int8_t clamp_exponent(int e)
{
    return (int8_t)(e > INT8_MAX ? INT8_MAX : e < -INT8_MAX ? -INT8_MAX : e);
}

static struct dim combine(struct dim a, struct dim b, int sign)
{
    struct dim d = {.any = a.any || b.any};
    for (int i = 0; i < DIM_N && !d.any; i++)
        d.e[i] = clamp_exponent(a.e[i] + sign * b.e[i]);
    return d;
}

struct dim dim_mul(struct dim a, struct dim b)
{
    return combine(a, b, 1);
}

struct dim dim_div(struct dim a, struct dim b)
{
    return combine(a, b, -1);
}

bool dim_pow(struct dim a, double e, struct dim *out)
{
    *out = (struct dim){.any = a.any};
    for (int i = 0; i < DIM_N; i++) {
        double x = a.e[i] == 0 ? 0 : a.e[i] * e;
        if (!(fabs(x) <= INT8_MAX) || x != floor(x))
            return false;
        out->e[i] = (int8_t)x;
    }
    return true;
}

bool unit_lookup(const char *s, size_t n, int *pow10, struct dim *out)
{
    *pow10 = 0;
    if (n == 1 && s[0] == '%') {
        *pow10 = -2;
        *out = DIM_ONE;
        return true;
    }
    for (size_t i = 0; i < COUNT(units); i++) {
        size_t len = strlen(units[i].name);
        if (n < len || n > len + 1 || memcmp(s + n - len, units[i].name, len) != 0)
            continue;
        *out = units[i].dim;
        if (n == len)
            return true;
        for (size_t k = 0; k < COUNT(prefixes) && takes_prefix(&units[i]); k++) {
            if (s[0] == prefixes[k].letter) {
                *pow10 = prefixes[k].pow10;
                return true;
            }
        }
    }
    return false;
}

bool unit_spelling(uint32_t i, char out[static UNIT_MAX], struct dim *dim)
{
    const uint32_t each = COUNT(prefixes) + 1;
    if (i == each * COUNT(units)) {
        *dim = DIM_ONE;
        memcpy(out, "%", 2);
        return true;
    }
    if (i > each * COUNT(units))
        return false;
    const struct unit *u = &units[i / each];
    const uint32_t prefix = takes_prefix(u) ? i % each : 0;
    *dim = u->dim;
    out[0] = '\0';
    if (prefix > 0) {
        out[0] = prefixes[prefix - 1].letter;
        out[1] = '\0';
    }
    strcat(out, u->name);
    return true;
}

static const struct unit *unit_of(struct dim d)
{
    for (size_t i = 0; i < COUNT(units); i++)
        if (!d.any && memcmp(units[i].dim.e, d.e, sizeof d.e) == 0)
            return &units[i];
    return NULL;
}

/* "^2", "^0.5"; nothing for 1. `twice` is above 0. */
static void put_exponent(struct buf *out, int twice)
{
    if (twice % 2 != 0)
        buf_printf(out, "^%d.5", twice / 2);
    else if (twice != 2)
        buf_printf(out, "^%d", twice / 2);
}

void dim_describe(struct buf *out, struct dim d)
{
    const struct unit *u = unit_of(d);
    if (u != NULL) {
        buf_puts(out, u->word);
        return;
    }
    if (d.any || dim_is_one(d)) {
        buf_puts(out, d.any ? "a value of any dimension" : "a plain number");
        return;
    }
    const char *between = "";
    for (int i = 0; i < DIM_N; i++) {
        if (d.e[i] > 0) {
            buf_printf(out, "%s%c", between, base_name[i]);
            put_exponent(out, d.e[i]);
            between = " ";
        }
    }
    if (*between == '\0')
        buf_puts(out, "1");
    for (int i = 0; i < DIM_N; i++) {
        if (d.e[i] < 0) {
            buf_printf(out, " / %c", base_name[i]);
            put_exponent(out, -d.e[i]);
        }
    }
}

const char *dim_unit(struct dim d)
{
    const struct unit *u = unit_of(d);
    return u != NULL ? u->name : NULL;
}

void dim_factors(struct buf *out, struct dim d)
{
    for (int i = 0; i < DIM_N && !d.any; i++) {
        if (d.e[i] != 0) {
            buf_printf(out, " %c 1 %c", d.e[i] > 0 ? '*' : '/', base_name[i]);
            put_exponent(out, d.e[i] > 0 ? d.e[i] : -d.e[i]);
        }
    }
}

/* ---- quantities ---- */

/* A finite number other than 0, taken apart: 0.0123 has the digits "123" and the exponent -2 of the
 * first of them. */
struct decimal {
    char digit[24]; /* no zero at either end; a float64 has at most 17 */
    int n, exponent;
};

/* `text` is as printf and buf_f64_text() write numbers, without a sign. */
static struct decimal take_apart(const char *text)
{
    struct decimal x = {.exponent = -1};
    bool fraction = false;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text < '0' || *text > '9') { /* the point, which may be a locale's */
            fraction = true;
            continue;
        }
        bool leading = *text == '0' && x.n == 0;
        x.exponent += leading ? -(int)fraction : !fraction;
        if (!leading)
            x.digit[x.n++] = *text;
    }
    while (x.digit[x.n - 1] == '0')
        x.n--;
    if (*text == 'e')
        x.exponent += (int)strtol(text + 1, NULL, 10);
    return x;
}

/* The power of ten, of those with a prefix and 0, that leaves 1 to 3 digits before the point. */
static bool fitting_prefix(int exponent, char *letter, int *pow10)
{
    *letter = '\0';
    *pow10 = 0;
    for (size_t i = 0; i < COUNT(prefixes) && (exponent < *pow10 || exponent > *pow10 + 2); i++) {
        *letter = prefixes[i].letter;
        *pow10 = prefixes[i].pow10;
    }
    return exponent >= *pow10 && exponent <= *pow10 + 2;
}

/* Nothing and false where the quantity has to stand without a prefix. */
static bool put_prefixed(struct buf *out, const char *number, const struct unit *u)
{
    char letter;
    int pow10;
    bool negative = *number == '-';
    struct decimal x = take_apart(number + negative);
    if (!takes_prefix(u) || !fitting_prefix(x.exponent, &letter, &pow10))
        return false;
    int whole = x.exponent - pow10 + 1; /* digits before the point */
    buf_puts(out, negative ? "-" : "");
    buf_put(out, x.digit, (size_t)(x.n < whole ? x.n : whole));
    if (x.n < whole)
        buf_fill(out, '0', (size_t)(whole - x.n));
    else if (x.n > whole)
        buf_printf(out, ".%.*s", x.n - whole, x.digit + whole);
    buf_putc(out, ' ');
    if (letter != '\0')
        buf_putc(out, letter);
    buf_puts(out, u->name);
    return true;
}

/* `number` is the text of x. */
static void put_quantity(struct buf *out, const char *number, double x, struct dim d)
{
    const struct unit *u = unit_of(d);
    bool scalable = u != NULL && x != 0 && isfinite(x);
    if (scalable && put_prefixed(out, number, u))
        return;
    buf_puts(out, number);
    if (u != NULL)
        buf_printf(out, " %s", u->name);
    else
        dim_factors(out, d);
}

void unit_f64_text(struct buf *out, double x, struct dim d)
{
    struct buf number = {0};
    buf_f64_text(&number, x);
    put_quantity(out, number.data, x, d);
    buf_free(&number);
}

void unit_f32_text(struct buf *out, float x, struct dim d)
{
    struct buf number = {0};
    buf_f32_text(&number, x);
    put_quantity(out, number.data, (double)x, d);
    buf_free(&number);
}

const char *unit_text(struct arena *a, double x, struct dim d)
{
    struct buf number = {0}, out = {0};
    buf_printf(&number, "%.4g", x);
    put_quantity(&out, number.data, x, d);
    const char *text = arena_strndup(a, out.data, out.n);
    buf_free(&number);
    buf_free(&out);
    return text;
}
