/* Which of the instruction sets that the runtime has code for this processor can run. */
#ifndef BASE_CPU_H
#define BASE_CPU_H

enum cpu_level {
    CPU_BASE,   /* what the compiler's default is: SSE2 on x86-64, NEON on AArch64 */
    CPU_AVX2,   /* AVX2 and FMA */
    CPU_AVX512, /* AVX-512 F, DQ, VL, BW and FMA */
};

/* The best; this processor runs those below it too. */
enum cpu_level cpu_level(void);
/* "sse2", "neon" ("generic" elsewhere), "avx2", "avx512" */
const char *cpu_level_name(enum cpu_level level);

#endif
