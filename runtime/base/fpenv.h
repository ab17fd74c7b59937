/* Denormals as zeros: simulations run with FTZ and DAZ set (results and operands that are denormal
 * count as zero), so that speed and results don't depend on values that are nothing. */
#ifndef BASE_FPENV_H
#define BASE_FPENV_H

#include <stdint.h>

/* Flushes denormals in this thread; returns what fpenv_restore() takes. */
uint64_t fpenv_flush(void);
void fpenv_restore(uint64_t old);

#endif
