#include "tests/bench/hand_events.h"

#ifdef __AVX2__
#include <immintrin.h>

enum { W = 16 };
typedef __m256i V;
typedef __m256i M;

#define HAND_EVENTS      hand_events_avx2
#define SET(x)           _mm256_set1_epi16(x)
#define LOAD(p)          _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define STORE(p, v)      _mm256_storeu_si256((__m256i *)(void *)(p), v)
#define ADD(a, b)        _mm256_adds_epi16(a, b)
#define SUB(a, b)        _mm256_subs_epi16(a, b)
#define MAX(a, b)        _mm256_max_epi16(a, b)
#define REACHES(a, b)    _mm256_cmpeq_epi16(_mm256_max_epi16(a, b), a)
#define BOTH(a, b)       _mm256_and_si256(a, b)
#define CHOOSE(m, a, b)  _mm256_blendv_epi8(b, a, m)
#define FEW(n)           few(n)
#define PUT(to, base, m) put(to, base, m)

static inline __m256i few(uint32_t n)
{
    const __m256i lane = _mm256_set_epi16(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    return _mm256_cmpgt_epi16(_mm256_set1_epi16((int16_t)n), lane);
}

static inline size_t put(uint32_t *to, uint32_t base, __m256i m)
{
    size_t n = 0;
    for (uint32_t bits = (uint32_t)_mm256_movemask_epi8(m) & 0x55555555; bits; bits &= bits - 1)
        to[n++] = base + (uint32_t)__builtin_ctz(bits) / 2;
    return n;
}

#include "tests/bench/hand_events.inc"
#endif
