#include "tests/bench/hand.h"

#ifdef __AVX512F__
#include <immintrin.h>

#define MATH_FN(name)    static inline __m512 v_##name(
#define MATH_F                 __m512
#define MATH_I                 __m512i
#define MATH_FLOAT(c)          _mm512_set1_ps(c)
#define MATH_INT(c)            _mm512_set1_epi32(c)
#define MATH_ADD(a, b)         _mm512_add_ps(a, b)
#define MATH_SUB(a, b)         _mm512_sub_ps(a, b)
#define MATH_MUL(a, b)         _mm512_mul_ps(a, b)
#define MATH_FMA(a, b, c)      _mm512_fmadd_ps(a, b, c)
#define MATH_IADD(a, b)        _mm512_add_epi32(a, b)
#define MATH_ISUB(a, b)        _mm512_sub_epi32(a, b)
#define MATH_SHL(a, n)         _mm512_slli_epi32(a, n)
#define MATH_SAR(a, n)         _mm512_srai_epi32(a, n)
#define MATH_TO_FLOAT(i)       _mm512_cvtepi32_ps(i)
#define MATH_BITS(f)           _mm512_castps_si512(f)
#define MATH_FROM_BITS(i)      _mm512_castsi512_ps(i)
#define MATH_IF_LT(a, b, x, y) _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), y, x)
#define MATH_IF_NAN(a, x, y)   _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), y, x)
#include "runtime/kernel_math.inc"

enum { W = 16 };
typedef __m512 V;
typedef __mmask16 M;

#define HAND(name)           name##_avx512
#define HAND_TABLE           hand_avx512
#define ISA_NAME             "AVX-512"
#define SET(x)               _mm512_set1_ps(x)
#define LOAD(p)              _mm512_load_ps(p)
#define STORE(p, v)          _mm512_store_ps(p, v)
#define LOAD_ANYWHERE(p)     _mm512_loadu_ps(p)
#define STORE_ANYWHERE(p, v) _mm512_storeu_ps(p, v)
#define ADD(a, b)            _mm512_add_ps(a, b)
#define SUB(a, b)            _mm512_sub_ps(a, b)
#define MUL(a, b)            _mm512_mul_ps(a, b)
#define DIV(a, b)            _mm512_div_ps(a, b)
#define FMA(a, b, c)         _mm512_fmadd_ps(a, b, c)
#define MAX(a, b)            _mm512_max_ps(a, b)
#define MIN(a, b)            _mm512_min_ps(a, b)
#define CEIL(a)              _mm512_roundscale_ps(a, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC)
#define NE(a, b)             _mm512_cmp_ps_mask(a, b, _CMP_NEQ_UQ)
#define GT(a, b)             _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ)
#define CHOOSE(m, a, b)      _mm512_mask_blend_ps(m, b, a)
#define ANY(m)               ((m) != 0)
#define PER(a)               per(a)
#define TWO_TO(p, n)         _mm512_scalef_ps(p, n)
#define SPLIT(x, e, f)       split(x, &e, &f)

/* 14 bits, and a step of Newton's. */
static inline V per(V a)
{
    V x = _mm512_rcp14_ps(a);
    return _mm512_mul_ps(x, _mm512_fnmadd_ps(a, x, _mm512_set1_ps(2)));
}

static inline void split(V x, V *e, V *f)
{
    const __m512i bits = _mm512_castps_si512(x);
    __m512i i = _mm512_srai_epi32(_mm512_sub_epi32(bits, _mm512_set1_epi32(0x3f2aaaab)), 23);
    *e = _mm512_cvtepi32_ps(i);
    *f = _mm512_castsi512_ps(_mm512_sub_epi32(bits, _mm512_slli_epi32(i, 23)));
    *f = _mm512_sub_ps(*f, _mm512_set1_ps(1));
}

#include "tests/bench/hand_step.inc"
#endif
