/* What a network does under a stimulus, event by event as the chip does: for reports and for the
 * choice of scales. */
#ifndef SPECK_TRIAL_H
#define SPECK_TRIAL_H

#include "compiler/net/net.h"
#include "runtime/run.h"

struct speck_trial {
    uint32_t trials;
    uint64_t **spikes; /* of a layer: [trial][neuron] */
    double *load;      /* of a layer: synaptic operations a second, mean of the trials */
};

/* False: reported. */
bool speck_try(struct arena *a, const struct net *n, const struct stimulus *s,
               struct speck_trial *out, struct diags *d);

uint64_t speck_trial_spikes(const struct speck_trial *t, const struct net *n, uint32_t layer);
/* Features of a layer that spiked in `before` and don't in `after`. */
uint32_t speck_trial_silenced(const struct speck_trial *before, const struct speck_trial *after,
                              const struct net *n, uint32_t layer);
/* How far the spike counts of the network's outputs are apart, over all trials and neurons: the sum
 * of differences against the sum of counts in `want` (against 1 if that is 0). */
double speck_trial_error(const struct speck_trial *want, const struct speck_trial *have,
                         const struct net *n);

#endif
