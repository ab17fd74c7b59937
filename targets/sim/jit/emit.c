/* The processor and machine code for it. */
#include "targets/sim/jit/jit.h"

#include <llvm-c/Core.h>
#include <llvm-c/Target.h>
#include <stdio.h>

bool jit_host_open(struct jit_host *h, char *why, size_t why_size)
{
    LLVMInitializeNativeTarget();
    LLVMInitializeNativeAsmPrinter();
    *h = (struct jit_host){.triple = LLVMGetDefaultTargetTriple()};
    char *message = NULL;
    if (LLVMGetTargetFromTriple(h->triple, &h->target, &message) != 0) {
        snprintf(why, why_size, "%s", message);
        LLVMDisposeMessage(message);
        LLVMDisposeMessage(h->triple);
        return false;
    }
    return true;
}

/* The level below the default leaves out a second scheduling of instructions, which a processor
 * with execution out of order doesn't need. */
static LLVMTargetMachineRef machine_for(const struct jit_host *h, const char *cpu,
                                        const char *features)
{
    return LLVMCreateTargetMachine(h->target, h->triple, cpu, features, LLVMCodeGenLevelLess,
                                   LLVMRelocPIC, LLVMCodeModelDefault);
}

static LLVMTargetMachineRef machine_of_host(const struct jit_host *h)
{
    char *cpu = LLVMGetHostCPUName(), *features = LLVMGetHostCPUFeatures();
    LLVMTargetMachineRef machine = machine_for(h, cpu, features);
    LLVMDisposeMessage(cpu);
    LLVMDisposeMessage(features);
    return machine;
}

static void drop_machine(struct jit_host *h)
{
    if (!h->machine)
        return;
    LLVMDisposeTargetData(h->layout);
    LLVMDisposeTargetMachine(h->machine);
    h->machine = NULL;
}

void jit_host_choose(struct jit_host *h, enum cpu_level level)
{
    /* Levels other than the best exist on x86-64 only. */
    static const char *const features[] = {
        [CPU_BASE] = "",
        [CPU_AVX2] = "+avx2,+fma",
        [CPU_AVX512] = "+avx512f,+avx512dq,+avx512vl,+avx512bw,+fma",
    };
    if (h->machine && h->level == level)
        return;
    drop_machine(h);
    h->level = level;
    h->machine =
        level == cpu_level() ? machine_of_host(h) : machine_for(h, "x86-64", features[level]);
    h->layout = LLVMCreateTargetDataLayout(h->machine);
    h->lanes = level == CPU_AVX512 ? 16 : level == CPU_AVX2 ? 8 : 4;
}

void jit_host_close(struct jit_host *h)
{
    drop_machine(h);
    LLVMDisposeMessage(h->triple);
}

LLVMMemoryBufferRef jit_emit(const struct jit_host *h, LLVMModuleRef m, char **why)
{
    LLVMMemoryBufferRef object = NULL;
    if (LLVMTargetMachineEmitToMemoryBuffer(h->machine, m, LLVMObjectFile, why, &object) != 0)
        object = NULL;
    return object;
}
