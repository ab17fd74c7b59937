/* What the npy and npz targets do with an array that was read: look at all of it. */
#ifndef TESTS_FUZZ_NPY_H
#define TESTS_FUZZ_NPY_H

#include "runtime/base/npy.h"
#include <stdlib.h>

static inline void touch_array(const struct npy *x)
{
    if (x->n_fields == 0) {
        double *all = malloc(x->count ? x->count * sizeof *all : 1);
        if (!all)
            abort();
        npy_to_f64(x, all);
        uint64_t last = x->count - 1;
        if (x->count) {
            double one = npy_get(x, &x->type, last);
            if (memcmp(&one, &all[last], sizeof one) != 0)
                abort();
        }
        free(all);
    }
    for (uint32_t k = 0; k < x->n_fields; k++) {
        if (npy_field(x, x->field[k].name) != &x->field[k])
            abort();
        if (x->count)
            npy_get(x, &x->field[k], x->count - 1);
    }
}

#endif
