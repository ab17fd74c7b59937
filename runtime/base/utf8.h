/* UTF-8 as input that may be broken: well-formed sequences, and text that is safe to print. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "buf.h"
#include <stdbool.h>

struct arena;

/* Bytes of the well-formed sequence that s[0..n) starts with (1 to 4); 0 if there is none (also for
 * overlong forms, surrogates and what lies above U+10FFFF). */
size_t utf8_length(const void *s, size_t n);

/* Appends a code point; false, and nothing appended, for surrogates and above U+10FFFF. */
bool utf8_put(struct buf *b, uint32_t code_point);

/* A copy of s[0..n) for messages: what is broken or a control character becomes '?', and after 100
 * bytes there are dots. */
const char *utf8_printable(struct arena *a, const void *s, size_t n);

#endif
