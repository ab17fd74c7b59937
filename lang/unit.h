/* Dimensions and units. A dimension is a product of powers of second, ampere, volt and kelvin (all
 * others follow: F = A s / V, Hz = 1 / s, Ohm = V / A, W = V A). Exponents are in halves, so that a
 * square root of a dimension is one. */
#ifndef LANG_UNIT_H
#define LANG_UNIT_H

#include "runtime/base/buf.h"
#include <stdbool.h>
#include <stdint.h>

enum { DIM_S, DIM_A, DIM_V, DIM_K, DIM_N };

struct dim {
    int8_t e[DIM_N]; /* twice the exponent */
    bool any;        /* the literal 0: has every dimension */
};

#define DIM_ONE ((struct dim){{0}, false})

bool dim_eq(struct dim a, struct dim b); /* `any` equals everything */
bool dim_is_one(struct dim a);           /* plain number (or any) */
struct dim dim_mul(struct dim a, struct dim b);
struct dim dim_div(struct dim a, struct dim b);
bool dim_pow(struct dim a, double e, struct dim *out); /* false: exponent not a multiple of 1/2 */

/* For messages. */
#define UNIT_LIST "s, A, V, F, Hz, Ohm, W with a prefix of f p n u m k M G, K, %"

/* "ms", "uA", "Hz", "%": the power of ten and the dimension. False if `s` is no unit. */
bool unit_lookup(const char *s, size_t n, int *pow10, struct dim *out);
/* The word for messages: "a time", "a current", "a plain number", "V s^2". */
void dim_describe(struct buf *out, struct dim d);
/* The SI unit for printed values: "A", "s", ...; NULL if the dimension has none of the language's
 * (then dim_factors() gives what to multiply a number with: " * 1 V / 1 s^2" and the like). */
const char *dim_unit(struct dim d);
void dim_factors(struct buf *out, struct dim d);

#endif
