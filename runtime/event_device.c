/* Trials whose events a device serves. */
#include "runtime/event_engine.h"

#include <math.h>

static bool fires(void *arg, int64_t t, uint32_t group, uint32_t neuron)
{
    struct event_worker *w = arg;
    if (t != w->t) { /* the chip's own doing, before the event */
        w->t = t;
        w->to_come = EVENT_MOST;
    }
    if (group != EVENT_NO_GROUP)
        return event_emit(w, group, event_lane(&w->e->group[group].map, neuron), 1);
    if (w->to_come == 0)
        return event_fail(w, &(struct event_failure){.kind = EVENT_STORM, .group = group});
    w->to_come--;
    return true;
}

bool event_device_open(struct event_worker *w)
{
    const struct event_device *d = w->e->plan->device;
    w->chip = d->open(d, &w->arena);
    return w->chip != NULL;
}

void event_device_begin(struct event_worker *w)
{
    w->e->plan->device->begin(w->chip);
}

bool event_device_serve(struct event_worker *w, const struct event_in *in)
{
    const struct event_ear ear = {fires, w};
    return w->e->plan->device->serve(w->chip, in->t, in->input, in->channel, &ear);
}

bool event_device_end(struct event_worker *w)
{
    const struct event_ear ear = {fires, w};
    return w->e->plan->device->end(w->chip, (int64_t)fmin(w->e->stimulus.end_us, 0x1p62), &ear);
}

void event_device_tally(const struct event_worker *w)
{
    const struct event_device *d = w->e->plan->device;
    const uint64_t *tally = d->tallies(w->chip);
    for (uint32_t i = 0; i < d->n_tallies; i++)
        w->e->result->tally[i] += tally[i];
}
