/* A chip in place of the engine: what a target puts into a plan whose events it serves by itself,
 * by other means than the plan's kernels. The run around it stays the same: stimuli, trials in
 * threads, records, counts. */
#ifndef RUNTIME_EVENT_DEVICE_H
#define RUNTIME_EVENT_DEVICE_H

#include "runtime/base/diag.h"
#include <stdint.h>

#define EVENT_NO_GROUP (UINT32_MAX - 1) /* of a spike: a neuron of no group */

/* Takes each spike, at its time (microseconds). False: no more is wanted, and the chip stops. */
struct event_ear {
    bool (*fires)(void *arg, int64_t t, uint32_t group, uint32_t neuron);
    void *arg;
};

struct event_device {
    uint32_t n_tallies; /* things that it counts: findings refer to them (findings.h) */
    /* An instance, for one thread, in the arena. NULL: there is no memory for it. */
    void *(*open)(const struct event_device *d, struct arena *a);
    /* A trial begins, at time 0. */
    void (*begin)(void *chip);
    /* An event of an input, and all that follows from it; of a sensor, a channel of its own map.
     * Times ascend. False: the ear said so. */
    bool (*serve)(void *chip, int64_t t, uint32_t input, uint32_t channel,
                  const struct event_ear *ear);
    /* The trial ends at t. */
    bool (*end)(void *chip, int64_t t, const struct event_ear *ear);
    /* The first state of a group's neurons. */
    void (*state)(const void *chip, uint32_t group, float *to);
    /* Since it was opened, n_tallies of them. */
    const uint64_t *(*tallies)(const void *chip);
    /* Settings "KEY=VALUE,KEY", before a run. False: reported (E0903). */
    bool (*choose)(struct event_device *d, const char *text, struct diags *diags);
};

#endif
