/* The functions of K_EXP, K_LOG, K_SIN, K_COS, K_TANH and K_POW within a step, for one lane.
 *
 * exp and log are branch-free, so that a loop over lanes vectorises; the JIT makes the same
 * operations from the same text (kernel_math.inc). The others are libm's in float64, rounded. All
 * treat denormals as 0. Needs -ffp-contract=off, and -mfma (or the like) to be fast. */
#ifndef RUNTIME_KERNEL_MATH_H
#define RUNTIME_KERNEL_MATH_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline int32_t kernel_bits(float x)
{
    int32_t i;
    memcpy(&i, &x, sizeof i);
    return i;
}

static inline float kernel_from_bits(int32_t i)
{
    float x;
    memcpy(&x, &i, sizeof x);
    return x;
}

/* condition ? x : y by masks: compilers that keep floating-point traps turn the conditional
 * operator into branches, which don't vectorise. */
static inline float kernel_choose(bool condition, float x, float y)
{
    int32_t mask = -(int32_t)condition;
    return kernel_from_bits((kernel_bits(x) & mask) | (kernel_bits(y) & ~mask));
}

/* Modulo 2^32, as the hardware does. */
#define MATH_WRAP(a, op, b) ((int32_t)((uint32_t)(a)op(uint32_t)(b)))

#define MATH_FN(name)         static inline float kernel_##name##f(
#define MATH_F                 float
#define MATH_I                 int32_t
#define MATH_FLOAT(c)          (c)
#define MATH_INT(c)            (c)
#define MATH_ADD(a, b)         ((a) + (b))
#define MATH_SUB(a, b)         ((a) - (b))
#define MATH_MUL(a, b)         ((a) * (b))
#define MATH_FMA(a, b, c)      fmaf(a, b, c)
#define MATH_IADD(a, b)        MATH_WRAP(a, +, b)
#define MATH_ISUB(a, b)        MATH_WRAP(a, -, b)
#define MATH_SHL(a, n)         MATH_WRAP(a, <<, n)
#define MATH_SAR(a, n)         ((a) >> (n))
#define MATH_TO_FLOAT(i)       ((float)(i))
#define MATH_BITS(f)           kernel_bits(f)
#define MATH_FROM_BITS(i)      kernel_from_bits(i)
#define MATH_IF_LT(a, b, x, y) kernel_choose((a) < (b), x, y)
#define MATH_IF_NAN(a, x, y)   kernel_choose((a) != (a), x, y)
#include "runtime/kernel_math.inc"
#undef MATH_WRAP

static inline float kernel_sinf(float x)
{
    return (float)sin((double)x);
}

static inline float kernel_cosf(float x)
{
    return (float)cos((double)x);
}

static inline float kernel_tanhf(float x)
{
    return (float)tanh((double)x);
}

static inline float kernel_powf(float x, float y)
{
    return (float)pow((double)x, (double)y);
}

#endif
