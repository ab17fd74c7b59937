/* One operation of a step on one lane: what every back end must compute, bit for bit. Booleans are
 * 1 and 0. For what is done once (folding of constants, tests); loops over lanes are in
 * interp_step.c. Needs a mode that flushes denormals (base/fpenv.h). */
#ifndef RUNTIME_KERNEL_OPERATE_H
#define RUNTIME_KERNEL_OPERATE_H

#include "runtime/kernel.h"
#include "runtime/kernel_math.h"

static inline float kernel_operate(enum kop op, float a, float b, float c)
{
    switch (op) {
    case K_ADD:
        return a + b;
    case K_SUB:
        return a - b;
    case K_MUL:
        return a * b;
    case K_DIV:
        return a / b;
    case K_FMA:
        return fmaf(a, b, c);
    case K_MIN:
        return kernel_choose(a < b, a, b);
    case K_MAX:
        return kernel_choose(a > b, a, b);
    case K_MOD:
        return a - floorf(a / b) * b;
    case K_NEG:
        return -a;
    case K_ABS:
        return fabsf(a);
    case K_FLOOR:
        return floorf(a);
    case K_CEIL:
        return ceilf(a);
    case K_ROUND:
        return rintf(a);
    case K_TRUNC:
        return truncf(a);
    case K_SQRT:
        return sqrtf(a);
    case K_EXP:
        return kernel_expf(a);
    case K_LOG:
        return kernel_logf(a);
    case K_SIN:
        return kernel_sinf(a);
    case K_COS:
        return kernel_cosf(a);
    case K_TANH:
        return kernel_tanhf(a);
    case K_POW:
        return kernel_powf(a, b);
    case K_LT:
        return a < b;
    case K_LE:
        return a <= b;
    case K_GT:
        return a > b;
    case K_GE:
        return a >= b;
    case K_EQ:
        return a == b;
    case K_NE:
        return a != b;
    case K_AND:
        return a != 0 && b != 0;
    case K_OR:
        return a != 0 || b != 0;
    case K_NOT:
        return a == 0;
    case K_SELECT:
        return kernel_choose(a != 0, b, c);
    default:
        base_panic("`%s` has no operands", kop_text(op));
    }
}

#endif
