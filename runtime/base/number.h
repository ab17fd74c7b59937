/* Decimal text to float64, the one way that every reader of the project takes. (The way back is the
 * second half of buf.h.) */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stddef.h>

/* The float64 nearest to s[0..n) * 10^pow10, rounded once, independent of the locale and in memory
 * that doesn't grow with n. The text is digits, of which one may be a decimal point and the end an
 * exponent (`12`, `.5`, `1.5e-8`, `2E+3`), without a sign: who reads it has checked that. NULL, or
 * what is wrong: beyond the range of float64. */
const char *number_read(const char *s, size_t n, int pow10, double *out);

#endif
