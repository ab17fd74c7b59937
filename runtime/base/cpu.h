/* Which of the instruction sets that the runtime has code for this processor can run. */
#ifndef BASE_CPU_H
#define BASE_CPU_H

enum cpu_level {
    CPU_BASE,   /* what the compiler's default is */
    CPU_AVX2,   /* AVX2 and FMA */
    CPU_AVX512, /* AVX-512 F, DQ, VL, BW and FMA */
};

enum cpu_level cpu_level(void);

#endif
