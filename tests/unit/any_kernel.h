/* Random kernels over all operations, whatever is constant and whatever varies. */
#ifndef TESTS_UNIT_ANY_KERNEL_H
#define TESTS_UNIT_ANY_KERNEL_H

#include "runtime/kernel.h"

enum { N_PARAMS = 4, N_LETS = 3, N_RECEPTORS = 2, N_STATES = 4, N_INST = 60 };

struct dice {
    uint64_t seed, index;
};

uint32_t roll(struct dice *d, uint32_t n);
/* Never denormal: what enters a kernel isn't. */
float any_float(struct dice *d);
/* With room for one instruction more. */
struct kernel *any_kernel(struct arena *a, struct dice *d);

#endif
