/* What the text of a number or a string means. Pure functions: the lexer finds where a literal
 * begins and reports what is wrong with it. */
#ifndef LANG_LITERAL_H
#define LANG_LITERAL_H

#include "runtime/base/arena.h"

#include <stdbool.h>

/* Bytes of the number at the start of `s`: `3`, `0.5`, `.5`, `1e-8`, `0b1011`, `0x3f`, `inf`; 0 if
 * there is none. */
size_t literal_number_length(const char *s, size_t n);

/* The float64 nearest to number * 10^pow10, rounded once and independent of the locale. NULL, or
 * what is wrong: beyond the range of float64, or more than 53 bits in binary or hexadecimal. */
const char *literal_number(const char *s, size_t n, int pow10, double *out);

/* The text between the quotes of a string without its escapes. *wrong is the offset of the first
 * backslash that begins none of \n \t \\ \" , or n if all is well (it is then kept as it is). */
char *literal_string(struct arena *a, const char *s, size_t n, size_t *wrong);

#endif
