#include "cpu.h"

enum cpu_level cpu_level(void)
{
#if defined __x86_64__
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return CPU_BASE;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"))
        return CPU_AVX512;
    return CPU_AVX2;
#else
    return CPU_BASE;
#endif
}

const char *cpu_level_name(enum cpu_level level)
{
    if (level == CPU_AVX512)
        return "avx512";
    if (level == CPU_AVX2)
        return "avx2";
#if defined __x86_64__
    return "sse2";
#elif defined __aarch64__
    return "neon";
#else
    return "generic";
#endif
}
