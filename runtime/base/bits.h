/* Bits of words. */
#ifndef BASE_BITS_H
#define BASE_BITS_H

#include <stdint.h>

/* Index of the lowest bit that is set; 63 if none is. */
static inline uint32_t bits_lowest(uint64_t x)
{
    return (uint32_t)__builtin_ctzll(x | (uint64_t)1 << 63);
}

/* How many are set. */
static inline uint32_t bits_count(uint64_t x)
{
    x -= x >> 1 & 0x5555555555555555;
    x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
    return (uint32_t)(x * 0x0101010101010101 >> 56);
}

#endif
