/* The scale of each layer that brings the network's outputs nearest to what they were, on a
 * stimulus. */
#ifndef SPECK_CALIBRATE_H
#define SPECK_CALIBRATE_H

#include "targets/speck/numbers.h"
#include "targets/speck/trial.h"

/* Layer by layer: scales below the common one, with which fewer bits are used; above it, where the
 * largest weights stop at the ends of their 8 bits; and, where the bias decided (a core's has 16
 * bits), those that the weights alone allow. The best stays, the common one where none is better;
 * whole layers, which are exact, keep theirs. `x` are all layers at their common scales, `want` is
 * what the network did before it was discretized. Leaves in `have` what it does now. False:
 * reported. */
bool speck_calibrate(struct arena *a, struct net *n, struct speck_numbers *x,
                     const struct stimulus *s, const struct speck_trial *want,
                     struct speck_trial *have, struct diags *d);

#endif
