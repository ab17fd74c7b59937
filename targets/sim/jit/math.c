/* exp and log as vector code: the text that the interpreter compiles, on LLVM values. */
#include "targets/sim/jit/jit.h"

#include <llvm-c/Core.h>

static LLVMValueRef fma3(const struct jit_gen *g, LLVMValueRef a, LLVMValueRef b, LLVMValueRef c)
{
    return jit_intrinsic(g, "llvm.fma", (LLVMValueRef[]){a, b, c}, 3);
}

static LLVMValueRef choose(const struct jit_gen *g, LLVMRealPredicate p, LLVMValueRef a,
                           LLVMValueRef b, LLVMValueRef x, LLVMValueRef y)
{
    return LLVMBuildSelect(g->builder, LLVMBuildFCmp(g->builder, p, a, b, ""), x, y, "");
}

#define MATH_FN(name)          LLVMValueRef jit_##name(const struct jit_gen *g,
#define MATH_F                 LLVMValueRef
#define MATH_I                 LLVMValueRef
#define MATH_FLOAT(c)          jit_float(g, c)
#define MATH_INT(c)            jit_int(g, c)
#define MATH_ADD(a, b)         LLVMBuildFAdd(g->builder, a, b, "")
#define MATH_SUB(a, b)         LLVMBuildFSub(g->builder, a, b, "")
#define MATH_MUL(a, b)         LLVMBuildFMul(g->builder, a, b, "")
#define MATH_FMA(a, b, c)      fma3(g, a, b, c)
#define MATH_IADD(a, b)        LLVMBuildAdd(g->builder, a, b, "")
#define MATH_ISUB(a, b)        LLVMBuildSub(g->builder, a, b, "")
#define MATH_SHL(a, n)         LLVMBuildShl(g->builder, a, jit_int(g, n), "")
#define MATH_SAR(a, n)         LLVMBuildAShr(g->builder, a, jit_int(g, n), "")
#define MATH_TO_FLOAT(i)       LLVMBuildSIToFP(g->builder, i, g->fv, "")
#define MATH_BITS(f)           LLVMBuildBitCast(g->builder, f, g->iv, "")
#define MATH_FROM_BITS(i)      LLVMBuildBitCast(g->builder, i, g->fv, "")
#define MATH_IF_LT(a, b, x, y) choose(g, LLVMRealOLT, a, b, x, y)
#define MATH_IF_NAN(a, x, y)   choose(g, LLVMRealUNO, a, a, x, y)
#include "runtime/kernel_math.inc"
