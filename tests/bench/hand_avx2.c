#include "tests/bench/hand.h"

#ifdef __AVX2__
#include <immintrin.h>

#define MATH_FN(name)    static inline __m256 v_##name(
#define MATH_F                 __m256
#define MATH_I                 __m256i
#define MATH_FLOAT(c)          _mm256_set1_ps(c)
#define MATH_INT(c)            _mm256_set1_epi32(c)
#define MATH_ADD(a, b)         _mm256_add_ps(a, b)
#define MATH_SUB(a, b)         _mm256_sub_ps(a, b)
#define MATH_MUL(a, b)         _mm256_mul_ps(a, b)
#define MATH_FMA(a, b, c)      _mm256_fmadd_ps(a, b, c)
#define MATH_IADD(a, b)        _mm256_add_epi32(a, b)
#define MATH_ISUB(a, b)        _mm256_sub_epi32(a, b)
#define MATH_SHL(a, n)         _mm256_slli_epi32(a, n)
#define MATH_SAR(a, n)         _mm256_srai_epi32(a, n)
#define MATH_TO_FLOAT(i)       _mm256_cvtepi32_ps(i)
#define MATH_BITS(f)           _mm256_castps_si256(f)
#define MATH_FROM_BITS(i)      _mm256_castsi256_ps(i)
#define MATH_IF_LT(a, b, x, y) _mm256_blendv_ps(y, x, _mm256_cmp_ps(a, b, _CMP_LT_OQ))
#define MATH_IF_NAN(a, x, y)   _mm256_blendv_ps(y, x, _mm256_cmp_ps(a, a, _CMP_UNORD_Q))
#include "runtime/kernel_math.inc"

enum { W = 8 };
typedef __m256 V;
typedef __m256 M;

#define HAND(name)           name##_avx2
#define HAND_TABLE           hand_avx2
#define ISA_NAME             "AVX2"
#define SET(x)               _mm256_set1_ps(x)
#define LOAD(p)              _mm256_load_ps(p)
#define STORE(p, v)          _mm256_store_ps(p, v)
#define LOAD_ANYWHERE(p)     _mm256_loadu_ps(p)
#define STORE_ANYWHERE(p, v) _mm256_storeu_ps(p, v)
#define ADD(a, b)            _mm256_add_ps(a, b)
#define SUB(a, b)            _mm256_sub_ps(a, b)
#define MUL(a, b)            _mm256_mul_ps(a, b)
#define DIV(a, b)            _mm256_div_ps(a, b)
#define FMA(a, b, c)         _mm256_fmadd_ps(a, b, c)
#define MAX(a, b)            _mm256_max_ps(a, b)
#define MIN(a, b)            _mm256_min_ps(a, b)
#define CEIL(a)              _mm256_ceil_ps(a)
#define NE(a, b)             _mm256_cmp_ps(a, b, _CMP_NEQ_UQ)
#define GT(a, b)             _mm256_cmp_ps(a, b, _CMP_GT_OQ)
#define CHOOSE(m, a, b)      _mm256_blendv_ps(b, a, m)
#define ANY(m)               (_mm256_movemask_ps(m) != 0)
#define PER(a)               per(a)
#define TWO_TO(p, n)         two_to(p, n)
#define SPLIT(x, e, f)       split(x, &e, &f)

/* 12 bits, and a step of Newton's. */
static inline V per(V a)
{
    V x = _mm256_rcp_ps(a);
    return _mm256_mul_ps(x, _mm256_fnmadd_ps(a, x, _mm256_set1_ps(2)));
}

static inline V two_to(V p, V n)
{
    __m256i up = _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), up));
}

static inline void split(V x, V *e, V *f)
{
    const __m256i bits = _mm256_castps_si256(x);
    __m256i i = _mm256_srai_epi32(_mm256_sub_epi32(bits, _mm256_set1_epi32(0x3f2aaaab)), 23);
    *e = _mm256_cvtepi32_ps(i);
    *f = _mm256_castsi256_ps(_mm256_sub_epi32(bits, _mm256_slli_epi32(i, 23)));
    *f = _mm256_sub_ps(*f, _mm256_set1_ps(1));
}

#include "tests/bench/hand_step.inc"
#endif
