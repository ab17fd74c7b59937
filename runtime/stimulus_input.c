#include "runtime/plan.h"
#include "runtime/stimulus.h"

#include <math.h>

/* The channel of an event at (p, y, x) in an input of that shape; NAN where it lies outside. */
static double channel_at(const struct plan_shape *s, double p, double y, double x)
{
    uint32_t r = s->rank;
    double features = r > 2 ? s->extent[r - 3] : 1, height = s->extent[r - 2],
           width = s->extent[r - 1];
    bool inside = p >= 0 && p < features && y >= 0 && y < height && x >= 0 && x < width;
    return inside ? (p * height + y) * width + x : NAN;
}

bool stimulus_event_records(struct arena *a, struct stimulus_source *out, const struct npy *events,
                            const uint64_t *offset, uint32_t n_offsets,
                            const struct plan_shape *shape, double dt, uint64_t steps,
                            struct diags *d, const char *what, struct span at)
{
    const struct npy_type *t = npy_field(events, "t"), *c = npy_field(events, "channel");
    const struct npy_type *x = npy_field(events, "x"), *y = npy_field(events, "y"),
                          *p = npy_field(events, "p");
    uint32_t channels = 1;
    for (uint32_t i = 0; i < shape->rank; i++) {
        channels *= shape->extent[i];
    }
    if (!t || !(c || (x && y && shape->rank >= 2))) {
        struct diag *g = diag_add(d, E0801, at, "the records of `%s` aren't events", what);
        diag_hint(d, g,
                  "events have fields t (microseconds) and channel, or t, x, y and p for an "
                  "input with height and width");
        return false;
    }
    double *v = arena_try(a, (size_t)events->count * 2 + 1, sizeof *v);
    if (!v) {
        diag_add(d, E0308, at, "no memory for the %llu events of `%s`",
                 (unsigned long long)events->count, what);
        return false;
    }
    double *time = v, *channel = v + events->count;
    for (uint64_t i = 0; i < events->count; i++) {
        time[i] = npy_get(events, t, i);
        channel[i] = c ? npy_get(events, c, i)
                       : channel_at(shape, p ? npy_get(events, p, i) : 0, npy_get(events, y, i),
                                    npy_get(events, x, i));
        if (isnan(channel[i])) {
            diag_add(d, E0801, at, "event %llu of `%s` lies outside of the input",
                     (unsigned long long)i, what);
            return false;
        }
    }
    return stimulus_events(a, out, time, channel, events->count, offset, n_offsets, channels, dt,
                           steps, d, what, at);
}

uint32_t stimulus_raster_extents(uint32_t rank, const uint64_t *extent,
                                 const struct plan_shape *own, uint64_t *out)
{
    uint32_t k = own->rank;
    bool shaped = k > 1 && rank > k;
    for (uint32_t i = 0; shaped && i < k; i++)
        shaped = extent[rank - k + i] == own->extent[i];
    uint32_t lead = shaped ? rank - k : rank;
    memcpy(out, extent, lead * sizeof *out);
    if (!shaped)
        return rank;
    out[lead] = 1;
    for (uint32_t i = 0; i < k; i++)
        out[lead] *= own->extent[i];
    return lead + 1;
}

bool stimulus_settle(struct stimulus *s, struct diags *d, struct span at)
{
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        const struct stimulus_source *x = &s->source[i];
        if (x->kind != STIM_TABLE) {
            continue;
        }
        s->steps = s->steps ? s->steps : x->steps;
        if (s->trials <= 1) {
            s->trials = x->trials;
        }
        if (x->steps != s->steps) {
            diag_add(d, E0801, at, "one input lasts %llu steps, another %llu",
                     (unsigned long long)s->steps, (unsigned long long)x->steps);
            return false;
        }
        if (x->trials != s->trials && x->trials > 1) {
            diag_add(d, E0801, at, "one input has %u trials, another %u", s->trials, x->trials);
            return false;
        }
    }
    s->trials = s->trials ? s->trials : 1;
    if (s->steps == 0) {
        diag_add(d, E0801, at, "nothing says how long the stimulus lasts");
        return false;
    }
    return true;
}
