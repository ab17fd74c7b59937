/* Dimensions and units. A dimension is a product of powers of second, ampere, volt and kelvin (all
 * others follow: F = A s / V, Hz = 1 / s, Ohm = V / A, W = V A). Exponents are in halves, so that a
 * square root of a dimension is one. And how a quantity is written: with the prefix that leaves 1
 * to 999 before the point. */
#ifndef LANG_UNIT_H
#define LANG_UNIT_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include <stdbool.h>
#include <stdint.h>

enum { DIM_S, DIM_A, DIM_V, DIM_K, DIM_N };

struct dim {
    int8_t e[DIM_N]; /* twice the exponent */
    bool any;        /* the literal 0: has every dimension */
};

#define DIM_ONE     ((struct dim){{0}, false})
#define DIM_TIME    ((struct dim){.e[DIM_S] = 2})
#define DIM_CURRENT ((struct dim){.e[DIM_A] = 2})

bool dim_eq(struct dim a, struct dim b); /* `any` equals everything */
bool dim_is_one(struct dim a);           /* plain number (or any) */
struct dim dim_mul(struct dim a, struct dim b);
struct dim dim_div(struct dim a, struct dim b);
bool dim_pow(struct dim a, double e, struct dim *out); /* false: exponent not a multiple of 1/2 */

enum { UNIT_MAX = 8 /* bytes of a unit with its prefix, and a 0 behind it */ };

/* For messages. */
#define UNIT_LIST "s, A, V, F, Hz, Ohm, W with a prefix of f p n u m k M G, K, %"

/* "ms", "uA", "Hz", "%": the power of ten and the dimension. False if `s` is no unit. */
bool unit_lookup(const char *s, size_t n, int *pow10, struct dim *out);
/* For a word that is no unit: what to write instead, "did you mean `ms`?" for "msec". *edit is the
 * unit that is meant, NULL where that isn't plain. */
const char *unit_guess(struct arena *a, const char *word, size_t n, const char **edit);
/* The units one after the other, each with all of its prefixes; false: no more. */
bool unit_spelling(uint32_t i, char out[static UNIT_MAX], struct dim *dim);
/* The word for messages: "a time", "a current", "a plain number", "V s^2". */
void dim_describe(struct buf *out, struct dim d);
/* The SI unit for printed values: "A", "s", ...; NULL if the dimension has none of the language's
 * (then dim_factors() gives what to multiply a number with: " * 1 V / 1 s^2" and the like). */
const char *dim_unit(struct dim d);
void dim_factors(struct buf *out, struct dim d);

/* "3.618586 pA", "1 ms", "0 V", "-2 * 1 V / 1 s^2": source text that reads back to exactly x. The
 * digits are those of buf_f64_text() (buf_f32_text()), only the decimal exponent moves. A quantity
 * that no prefix fits, as 1e-18 A, and one in kelvin stand without. */
void unit_f64_text(struct buf *out, double x, struct dim d);
void unit_f32_text(struct buf *out, float x, struct dim d);
/* The same for people, with four digits: "3.619 pA". */
const char *unit_text(struct arena *a, double x, struct dim d);

#endif
