/* Work of a step that gives the same in every step: what depends on parameters, lets and dt only.
 * It is moved into lets of the run's own, computed once for each neuron with the step's own
 * operations, so the bits are the same. A column of such a let is uniform where all that it depends
 * on is, and then a constant of the code. */
#ifndef RUNTIME_HOIST_H
#define RUNTIME_HOIST_H

#include "runtime/plan.h"

struct hoisted {
    const struct kernel *kernel; /* lets: those of the model, then the moved values */
    struct kcode code;           /* the step's, with the moved values as results */
};

void hoist(struct arena *a, const struct kernel *k, struct hoisted *out);

/* The moved values of n neurons: `code` of a struct hoisted, one column for each result. */
void kernel_constants(struct arena *a, const struct kcode *code, uint32_t n,
                      const struct column *param, const struct column *let, float dt,
                      struct column *out);

#endif
