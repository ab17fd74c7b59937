/* Recorded cases of Speck (tests/golden/speck/chip): the discretized network as a plan, the events
 * that went in, and what the reference made of them. */
#ifndef TESTS_UNIT_SPECK_GOLDEN_H
#define TESTS_UNIT_SPECK_GOLDEN_H

#include "runtime/run.h"

enum { SPECK_LAYERS = 5 };

struct speck_layer {
    int from; /* -1: the input */
    int also; /* a second source; -1: none */
    uint32_t pool, stride[2], padding[2];
    float threshold, v_min;
    bool to_zero;
    uint32_t core;
};

struct speck_case {
    const char *name;
    uint32_t input[3];
    bool merge; /* through a sensor that merges polarities */
    uint32_t n_layers;
    struct speck_layer layer[SPECK_LAYERS];
};

enum { SPECK_CASES = 9 };
extern const struct speck_case speck_cases[SPECK_CASES];

/* Layers are groups l0, l1, ... of make_iaf()'s kernel, the only input is `in`. */
struct plan *speck_golden_plan(struct arena *a, const struct speck_case *c);
/* The case's events, for a network without a time step. */
void speck_golden_stimulus(struct arena *a, const struct speck_case *c, const struct plan *p,
                           struct stimulus *out);
/* A member of its file. */
struct npy speck_golden_array(struct arena *a, const struct speck_case *c, const char *member);

#endif
