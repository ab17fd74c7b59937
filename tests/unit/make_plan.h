/* Kernels and plans made by hand, for tests of the runtime. */
#ifndef TESTS_UNIT_MAKE_PLAN_H
#define TESTS_UNIT_MAKE_PLAN_H

#include "runtime/plan.h"

/* A kernel with parameters p0, p1, ... (layouts), receptors r0, ..., states s0, ... and no code. */
struct kernel *make_kernel(struct arena *a, uint32_t n_params, uint32_t n_lets,
                           uint32_t n_receptors, uint32_t n_states);
/* Appends an instruction; the result is its value. */
uint32_t make_inst(struct arena *a, struct kcode *code, struct kinst in);

/* s0 = p0 * s0 + r0 in two operations; emits floor(s0) if s0 >= 1 and takes that off. With a second
 * receptor, s1 = r1. One let: p0 * p0. */
struct kernel *make_counter(struct arena *a, uint32_t n_receptors);

/* Integrate and fire, event by event as stdlib/speck.dyn has it: parameters p0 the threshold, p1
 * the lower bound, p2 not 0 where a spike sets s0 to 0 instead of taking the threshold off. */
struct kernel *make_iaf(struct arena *a);

uint32_t make_input(struct arena *a, struct plan *p, const char *name, uint32_t n);
/* All parameters are `value`, all states 0. */
uint32_t make_group(struct arena *a, struct plan *p, const char *name, uint32_t n, uint32_t kernel,
                    float value);
/* Dense; `weight` is [n_pre, n_post]. The caller may change receptor and delay. */
struct plan_projection *make_dense(struct arena *a, struct plan *p, bool from_input, uint32_t src,
                                   uint32_t dst, const float *weight);

/* Two inputs, two groups, three projections, a record of each kind. */
struct plan *make_example(struct arena *a);
/* A camera, and two convolutions one after the other, the second with an average and biases. */
struct plan *make_maps(struct arena *a);

#endif
