/* A plain loop, neuron after neuron; the Makefile sees to it that the compiler leaves it one. */
#include "runtime/kernel_math.h"
#include "tests/bench/hand.h"

enum { W = 1 };
typedef float V;
typedef bool M;

#define HAND(name)           name##_scalar
#define HAND_TABLE           hand_scalar
#define ISA_NAME             "plain C"
#define SET(x)               ((float)(x))
#define LOAD(p)              (*(p))
#define STORE(p, v)          (*(p) = (v))
#define LOAD_ANYWHERE(p)     (*(p))
#define STORE_ANYWHERE(p, v) (*(p) = (v))
#define ADD(a, b)            ((a) + (b))
#define SUB(a, b)            ((a) - (b))
#define MUL(a, b)            ((a) * (b))
#define DIV(a, b)            ((a) / (b))
#define FMA(a, b, c)         fmaf(a, b, c)
#define MAX(a, b)            larger(a, b)
#define MIN(a, b)            smaller(a, b)
#define CEIL(a)              ceilf(a)
#define NE(a, b)             ((a) != (b))
#define GT(a, b)             ((a) > (b))
#define CHOOSE(m, a, b)      ((m) ? (a) : (b))
#define ANY(m)               (m)
#define PER(a)               (1 / (a))
#define TWO_TO(p, n)         kernel_from_bits(kernel_bits(p) + (int32_t)((uint32_t)(int32_t)(n) << 23))
#define SPLIT(x, e, f)       split(x, &e, &f)
#define v_exp(x)             kernel_expf(x)
#define v_log(x)             kernel_logf(x)

static inline V larger(V a, V b)
{
    return a > b ? a : b;
}

static inline V smaller(V a, V b)
{
    return a < b ? a : b;
}

static inline void split(V x, V *e, V *f)
{
    int32_t i = (kernel_bits(x) - 0x3f2aaaab) >> 23;
    *e = (float)i;
    *f = kernel_from_bits((int32_t)((uint32_t)kernel_bits(x) - ((uint32_t)i << 23))) - 1;
}

#include "tests/bench/hand_step.inc"
