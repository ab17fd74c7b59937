/* Bits of words. */
#ifndef BASE_BITS_H
#define BASE_BITS_H

#include <stdint.h>

/* Index of the lowest bit that is set; x != 0. */
static inline uint32_t bits_lowest(uint64_t x)
{
    return (uint32_t)__builtin_ctzll(x);
}

#endif
