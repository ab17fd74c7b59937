#include "fpenv.h"

#if defined __x86_64__ || defined __i386__
#include <xmmintrin.h>

enum { FTZ = 1 << 15, DAZ = 1 << 6 };

uint64_t fpenv_flush(void)
{
    unsigned old = _mm_getcsr();
    _mm_setcsr(old | FTZ | DAZ);
    return old;
}

void fpenv_restore(uint64_t old)
{
    _mm_setcsr((unsigned)old);
}

#elif defined __aarch64__

uint64_t fpenv_flush(void)
{
    uint64_t old;
    __asm__ volatile("mrs %0, fpcr" : "=r"(old));
    fpenv_restore(old | (uint64_t)1 << 24); /* FZ: operands and results */
    return old;
}

void fpenv_restore(uint64_t old)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(old));
}

#else
#error "runtime/base/fpenv.c: say here how this processor flushes denormals to zero"
#endif
