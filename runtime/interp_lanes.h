/* Each operation of the interpreter over a block of lanes, in a loop that the compiler turns into
 * vector code: for the files that are compiled once for each instruction set. */
#ifndef RUNTIME_INTERP_LANES_H
#define RUNTIME_INTERP_LANES_H

#include "runtime/interp.h"
#include "runtime/kernel_math.h"

/* Booleans are 1 and 0. */
static inline float from_bool(bool x)
{
    return kernel_choose(x, 1, 0);
}

#define EACH_LANE(expression)                                                                      \
    for (size_t i = 0; i < n; i++)                                                                 \
        out[i] = (expression);                                                                     \
    break

/* `out` is never one of the operands (see allocate() in interp.c). n is a multiple of 16. */
static inline void operate(uint32_t op, float *restrict out, const float *a, const float *b,
                           const float *c, size_t n)
{
    n &= ~(size_t)15; /* tells the compiler that no rest of a vector is left */
    switch (op) {
    case K_ADD:
        EACH_LANE(a[i] + b[i]);
    case K_SUB:
        EACH_LANE(a[i] - b[i]);
    case K_MUL:
        EACH_LANE(a[i] * b[i]);
    case K_DIV:
        EACH_LANE(a[i] / b[i]);
    case K_FMA:
        EACH_LANE(fmaf(a[i], b[i], c[i]));
    case K_MIN:
        EACH_LANE(kernel_choose(a[i] < b[i], a[i], b[i]));
    case K_MAX:
        EACH_LANE(kernel_choose(a[i] > b[i], a[i], b[i]));
    case K_MOD:
        EACH_LANE(a[i] - floorf(a[i] / b[i]) * b[i]);
    case K_NEG:
        EACH_LANE(-a[i]);
    case K_ABS:
        EACH_LANE(fabsf(a[i]));
    case K_FLOOR:
        EACH_LANE(floorf(a[i]));
    case K_CEIL:
        EACH_LANE(ceilf(a[i]));
    case K_ROUND:
        EACH_LANE(rintf(a[i]));
    case K_TRUNC:
        EACH_LANE(truncf(a[i]));
    case K_SQRT:
        EACH_LANE(sqrtf(a[i]));
    case K_EXP:
        EACH_LANE(kernel_expf(a[i]));
    case K_LOG:
        EACH_LANE(kernel_logf(a[i]));
    case K_SIN:
        EACH_LANE(kernel_sinf(a[i]));
    case K_COS:
        EACH_LANE(kernel_cosf(a[i]));
    case K_TANH:
        EACH_LANE(kernel_tanhf(a[i]));
    case K_POW:
        EACH_LANE(kernel_powf(a[i], b[i]));
    case K_LT:
        EACH_LANE(from_bool(a[i] < b[i]));
    case K_LE:
        EACH_LANE(from_bool(a[i] <= b[i]));
    case K_GT:
        EACH_LANE(from_bool(a[i] > b[i]));
    case K_GE:
        EACH_LANE(from_bool(a[i] >= b[i]));
    case K_EQ:
        EACH_LANE(from_bool(a[i] == b[i]));
    case K_NE:
        EACH_LANE(from_bool(a[i] != b[i]));
    case K_AND:
        EACH_LANE(a[i] * b[i]);
    case K_OR:
        EACH_LANE(kernel_choose(a[i] > b[i], a[i], b[i]));
    case K_NOT:
        EACH_LANE(1 - a[i]);
    case K_SELECT:
        EACH_LANE(kernel_choose(a[i] != 0, b[i], c[i]));
    case INTERP_COPY:
        EACH_LANE(a[i]);
    case INTERP_SATURATE:
        EACH_LANE(kernel_choose(a[i] > INT16_MAX, INT16_MAX,
                                kernel_choose(a[i] < INT16_MIN, INT16_MIN, a[i])));
    default:
        base_panic("interpreter: operation %u", op);
    }
}

#undef EACH_LANE

#endif
