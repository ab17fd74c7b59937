#include "tests/bench/hand_events.h"

#ifdef __AVX512BW__
#include <immintrin.h>

enum { W = 32 };
typedef __m512i V;
typedef __mmask32 M;

#define HAND_EVENTS      hand_events_avx512
#define SET(x)           _mm512_set1_epi16(x)
#define LOAD(p)          _mm512_loadu_si512(p)
#define STORE(p, v)      _mm512_storeu_si512(p, v)
#define ADD(a, b)        _mm512_adds_epi16(a, b)
#define SUB(a, b)        _mm512_subs_epi16(a, b)
#define MAX(a, b)        _mm512_max_epi16(a, b)
#define REACHES(a, b)    _mm512_cmpge_epi16_mask(a, b)
#define BOTH(a, b)       ((a) & (b))
#define CHOOSE(m, a, b)  _mm512_mask_blend_epi16(m, b, a)
#define FEW(n)           ((__mmask32)((1u << (n)) - 1))
#define PUT(to, base, m) put(to, base, m)

/* Asked or not: a branch that is taken now and then costs more. */
static inline size_t put(uint32_t *to, uint32_t base, __mmask32 m)
{
    const __m512i low =
        _mm512_add_epi32(_mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
                         _mm512_set1_epi32((int)base));
    const __m512i high = _mm512_add_epi32(low, _mm512_set1_epi32(16));
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi32((__mmask16)m, low));
    to += __builtin_popcount(m & 0xffff);
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi32((__mmask16)(m >> 16), high));
    return (size_t)__builtin_popcount(m);
}

#include "tests/bench/hand_events.inc"
#endif
