/* The events of a stimulus one after another, as an event-driven run takes them: by time, those of
 * the same time by input, and those of one input as below.
 *
 *   list       in its order
 *   raster     of a step at step * dt: channels with the largest count first, each of them once in
 *              the order of channels, and this as often as the count says; then the next count
 *   generator  what a run by steps of dt (1 ms where the network has none) draws, each event of a
 *              step at a time within it: of a Poisson train a random one, of a regular train its
 * own
 *
 * Times are whole microseconds, rounded down after the stimulus's delay was added. */
#ifndef RUNTIME_EVENT_INPUT_H
#define RUNTIME_EVENT_INPUT_H

#include "runtime/plan.h"
#include "runtime/stimulus.h"

struct event_stimulus { /* shared by threads */
    const struct stimulus *of;
    const struct plan *plan;
    struct stimulus_player player; /* of generators */
    double step_us;                /* of rasters and generators */
    double drawn_us;               /* what generators give from then on is left out */
    double delay_us;               /* added to all times */
    double end_us;                 /* of a trial */
};

/* Steps of stimulus_step(dt) that a trial takes: of the stimulus, and of its delay, rounded up. */
uint64_t event_stimulus_steps(const struct stimulus *s, double dt);

/* False: reported (E0401: a raster without a time step). */
bool event_stimulus_make(struct arena *a, const struct plan *p, const struct stimulus *s,
                         struct event_stimulus *out, struct diags *d);

struct event_in {
    int64_t t;        /* microseconds */
    uint32_t input;   /* of the plan */
    uint32_t channel; /* of the stimulus: of a sensor, an element of its own map */
};

struct event_reader; /* of one thread */
struct event_reader *event_reader_new(struct arena *a, const struct event_stimulus *s);
void event_reader_free(struct event_reader *r);
void event_reader_begin(struct event_reader *r, uint32_t trial);
/* The next ones, at most n; fewer: that was all of the trial, or of what could be read. */
size_t event_reader_some(struct event_reader *r, struct event_in *out, size_t n);
/* A file whose events couldn't be read; NULL: there is none. */
const char *event_reader_failed(const struct event_reader *r);

#endif
