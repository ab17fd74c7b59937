/* States that needn't be kept. One whose new value is computed from other states' new values, the
 * count of spikes and constants, in a few cheap operations, is computed again where the next step
 * reads it: that takes no longer than to load it, and what nothing reads any more isn't computed or
 * stored (kernel_live). The operations and what they work on are the same, and so are the bits; in
 * the first step because only such states are taken whose initial values fit. */
#ifndef RUNTIME_DERIVE_H
#define RUNTIME_DERIVE_H

#include "runtime/plan.h"

/* Kernel `kernel` of the plan with such states derived, or itself if there are none. What is true
 * of `recorded`, one for each state, stays as it is. */
const struct kernel *derive_states(struct arena *a, const struct plan *p, uint32_t kernel,
                                   const bool *recorded);

#endif
