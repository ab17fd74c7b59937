/* Object files made callable by LLVM's ORC. What the code calls is defined here by name, so that an
 * object means the same in whatever process it is loaded. */
#include "targets/sim/jit/jit.h"

#include "runtime/kernel_math.h"
#include <llvm-c/Core.h>
#include <llvm-c/LLJIT.h>
#include <stdlib.h>

struct jit_code {
    LLVMOrcLLJITRef orc;
};

/* Functions of kernel_math.h, and what LLVM calls on processors without the instruction. */
static const struct {
    const char *name;
    union {
        float (*unary)(float);
        float (*binary)(float, float);
        float (*ternary)(float, float, float);
        float (*random)(float, const struct kernel_draws *, size_t, size_t);
    } f;
} callable[] = {
    {"kernel_sinf", {.unary = kernel_sinf}},
    {"kernel_cosf", {.unary = kernel_cosf}},
    {"kernel_tanhf", {.unary = kernel_tanhf}},
    {"kernel_powf", {.binary = kernel_powf}},
    {"kernel_random", {.random = kernel_random}},
    {"floorf", {.unary = floorf}},
    {"ceilf", {.unary = ceilf}},
    {"rintf", {.unary = rintf}},
    {"truncf", {.unary = truncf}},
    {"fmaf", {.ternary = fmaf}},
};

/* An LLVM error as a message; true if there was one. */
static bool failed(LLVMErrorRef e, char **why)
{
    if (!e)
        return false;
    char *text = LLVMGetErrorMessage(e);
    *why = LLVMCreateMessage(text);
    LLVMDisposeErrorMessage(text);
    return true;
}

static LLVMErrorRef define_callable(LLVMOrcLLJITRef orc)
{
    enum { N = sizeof callable / sizeof *callable };
    LLVMOrcCSymbolMapPair pair[N];
    for (size_t i = 0; i < N; i++) {
        LLVMOrcExecutorAddress at = 0;
        memcpy(&at, &callable[i].f, sizeof callable[i].f);
        LLVMJITSymbolFlags flags = {
            LLVMJITSymbolGenericFlagsExported | LLVMJITSymbolGenericFlagsCallable, 0};
        pair[i] = (LLVMOrcCSymbolMapPair){LLVMOrcLLJITMangleAndIntern(orc, callable[i].name),
                                          {at, flags}};
    }
    return LLVMOrcJITDylibDefine(LLVMOrcLLJITGetMainJITDylib(orc), LLVMOrcAbsoluteSymbols(pair, N));
}

struct jit_code *jit_load(LLVMMemoryBufferRef object, char **why)
{
    LLVMOrcLLJITRef orc;
    if (failed(LLVMOrcCreateLLJIT(&orc, NULL), why)) {
        LLVMDisposeMemoryBuffer(object);
        return NULL;
    }
    struct jit_code *c = malloc(sizeof *c);
    if (!c)
        base_panic("out of memory");
    c->orc = orc;
    if (failed(define_callable(orc), why)) {
        LLVMDisposeMemoryBuffer(object);
        jit_unload(c);
        return NULL;
    }
    if (failed(LLVMOrcLLJITAddObjectFile(orc, LLVMOrcLLJITGetMainJITDylib(orc), object), why)) {
        jit_unload(c);
        return NULL;
    }
    return c;
}

jit_function *jit_find(struct jit_code *c, const char *name, char **why)
{
    LLVMOrcExecutorAddress at;
    if (failed(LLVMOrcLLJITLookup(c->orc, &at, name), why))
        return NULL;
    jit_function *f;
    uintptr_t p = (uintptr_t)at;
    memcpy(&f, &p, sizeof f);
    return f;
}

void jit_unload(struct jit_code *c)
{
    if (!c)
        return;
    LLVMErrorRef e = LLVMOrcDisposeLLJIT(c->orc);
    if (e)
        LLVMConsumeError(e);
    free(c);
}
