/* What the engine of time steps is given: connections as rows of synapses, and what sensors let
 * pass.
 *
 * The order of sums stays what rows in source order give: of a pooled or convolved map, neurons
 * ascend as they do in the map before its pool, and each of them adds its own products. */
#ifndef RUNTIME_EXPAND_H
#define RUNTIME_EXPAND_H

#include "runtime/plan.h"
#include "runtime/stimulus.h"

/* The plan with every convolution and pool as rows over the whole source; an average has divided
 * the weights, rounded once. Zero weights are no synapses. Biases stay. False: reported (E0806)
 * where memory can't hold the synapses. */
bool plan_expand(struct arena *a, const struct plan *p, struct plan *out, struct diags *d);

/* The sums of its connections' biases for each neuron of a group's receptor, in source order; NULL:
 * none has any. */
float *plan_bias_sums(struct arena *a, const struct plan *p, uint32_t group, uint32_t receptor);

/* Events of one step as they come out of a sensor, in place: channels ascend again, counts of the
 * same channel are joined. Returns how many are left. */
uint32_t sensor_step(const struct sensor *s, struct stimulus_event *event, uint32_t n);
/* The same for all of a table. False: reported (E0806). */
bool sensor_table(struct arena *a, const struct sensor *s, const struct stimulus_source *from,
                  struct stimulus_source *out, struct diags *d);

#endif
