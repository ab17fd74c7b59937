/* exp and log as vector code: the text that the interpreter compiles, on LLVM values. */
#include "targets/sim/jit/jit.h"

static struct jit_vec fma3(const struct jit_gen *g, struct jit_vec a, struct jit_vec b,
                           struct jit_vec c)
{
    return jit_intrinsic(g, "llvm.fma", (struct jit_vec[]){a, b, c}, 3);
}

#define MATH_FN(name)          struct jit_vec jit_##name(const struct jit_gen *g,
#define MATH_F                 struct jit_vec
#define MATH_I                 struct jit_vec
#define MATH_FLOAT(c)          jit_float(g, c)
#define MATH_INT(c)            jit_int(g, c)
#define MATH_ADD(a, b)         jit_binary(g, LLVMFAdd, a, b)
#define MATH_SUB(a, b)         jit_binary(g, LLVMFSub, a, b)
#define MATH_MUL(a, b)         jit_binary(g, LLVMFMul, a, b)
#define MATH_FMA(a, b, c)      fma3(g, a, b, c)
#define MATH_IADD(a, b)        jit_binary(g, LLVMAdd, a, b)
#define MATH_ISUB(a, b)        jit_binary(g, LLVMSub, a, b)
#define MATH_SHL(a, n)         jit_binary(g, LLVMShl, a, jit_int(g, n))
#define MATH_SAR(a, n)         jit_binary(g, LLVMAShr, a, jit_int(g, n))
#define MATH_TO_FLOAT(i)       jit_cast(g, LLVMSIToFP, i, g->fv)
#define MATH_BITS(f)           jit_cast(g, LLVMBitCast, f, g->iv)
#define MATH_FROM_BITS(i)      jit_cast(g, LLVMBitCast, i, g->fv)
#define MATH_IF_LT(a, b, x, y) jit_select(g, jit_compare(g, LLVMRealOLT, a, b), x, y)
#define MATH_IF_NAN(a, x, y)   jit_select(g, jit_compare(g, LLVMRealUNO, a, a), x, y)
#include "runtime/kernel_math.inc"
