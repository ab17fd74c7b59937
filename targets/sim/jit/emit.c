/* The host processor and machine code for it. */
#include "targets/sim/jit/jit.h"

#include <llvm-c/Core.h>
#include <llvm-c/Target.h>
#include <stdio.h>

static unsigned widest(const char *features)
{
    if (strstr(features, "+avx512f"))
        return 16;
    return strstr(features, "+avx2") ? 8 : 4;
}

bool jit_host_open(struct jit_host *h, char *why, size_t why_size)
{
    LLVMInitializeNativeTarget();
    LLVMInitializeNativeAsmPrinter();
    *h = (struct jit_host){.triple = LLVMGetDefaultTargetTriple()};
    LLVMTargetRef target;
    char *message = NULL;
    if (LLVMGetTargetFromTriple(h->triple, &target, &message) != 0) {
        snprintf(why, why_size, "%s", message);
        LLVMDisposeMessage(message);
        LLVMDisposeMessage(h->triple);
        return false;
    }
    char *cpu = LLVMGetHostCPUName(), *features = LLVMGetHostCPUFeatures();
    h->machine = LLVMCreateTargetMachine(target, h->triple, cpu, features, LLVMCodeGenLevelDefault,
                                         LLVMRelocPIC, LLVMCodeModelDefault);
    h->layout = LLVMCreateTargetDataLayout(h->machine);
    h->lanes = widest(features);
    LLVMDisposeMessage(cpu);
    LLVMDisposeMessage(features);
    return true;
}

void jit_host_close(struct jit_host *h)
{
    LLVMDisposeTargetData(h->layout);
    LLVMDisposeTargetMachine(h->machine);
    LLVMDisposeMessage(h->triple);
}

LLVMMemoryBufferRef jit_emit(const struct jit_host *h, LLVMModuleRef m, char **why)
{
    LLVMMemoryBufferRef object = NULL;
    if (LLVMTargetMachineEmitToMemoryBuffer(h->machine, m, LLVMObjectFile, why, &object) != 0)
        object = NULL;
    LLVMDisposeModule(m);
    return object;
}
