/* What arrives at the inputs: tables of counts (from rasters), lists of events (from files, spike
 * times) and generators (Poisson, regular). A run by steps asks for any trial and step in any
 * order, an event-driven one goes through a trial's events (event_input.h). */
#ifndef RUNTIME_STIMULUS_H
#define RUNTIME_STIMULUS_H

#include "runtime/base/diag.h"
#include "runtime/base/npy.h"

enum stimulus_kind { STIM_SILENCE, STIM_TABLE, STIM_EVENTS, STIM_POISSON, STIM_REGULAR };

struct stimulus_event {
    uint32_t channel, count;
};

struct stimulus_source {
    enum stimulus_kind kind;
    uint32_t channels;
    uint32_t trials; /* TABLE, EVENTS: how many it has; else 0: any number */
    uint64_t steps;  /* TABLE, EVENTS: how many steps a trial has; else 0: any */
    /* TABLE: events of (trial, step) are row[trial * steps + step] .. row[... + 1], channels
     * ascending, counts > 0 */
    uint64_t *row;
    struct stimulus_event *event;
    /* EVENTS: those of a trial are row[trial] .. row[trial + 1], times (microseconds) ascending,
     * events of the same time in the order in which they were given */
    double *time;
    uint32_t *of;                      /* channels */
    const struct event_stream *stream; /* NULL, or where they are instead (event_stream.h) */
    /* POISSON, REGULAR */
    double *rate; /* events a second, for each channel */
    uint64_t seed;
};

struct stimulus {
    const char *name;
    uint64_t steps;
    uint32_t trials;
    uint32_t n_inputs;
    struct stimulus_source *source; /* one for each input of the plan, in its order */
    bool one_per_step;              /* counts above 1 become 1, as on the board */
    double delay; /* seconds that a run event by event waits before it begins; its trials are longer
                   * by that */
};

/* Seconds; what is longer isn't whole in microseconds with all that follows. */
#define STIMULUS_MAX_DELAY 1e9

enum { STIMULUS_MAX_CELLS = 1 << 26 };

/* Counts in C order: one of the two. Bytes are what rasters are stored as, and are read in place.
 */
struct stimulus_counts {
    const uint8_t *u8;
    const double *f64;
};

/* Raster of counts, [trials, steps, channels] or [steps, channels]; fractions and negatives are
 * errors. `what` names it in messages (codes E0801). */
bool stimulus_raster(struct arena *a, struct stimulus_source *out, struct stimulus_counts v,
                     uint32_t rank, const uint64_t *extent, uint32_t channels, struct diags *d,
                     const char *what, struct span at);
/* The same mistakes found, the same trials and steps, but no table. */
bool stimulus_raster_check(struct stimulus_source *out, struct stimulus_counts v, uint32_t rank,
                           const uint64_t *extent, uint32_t channels, struct diags *d,
                           const char *what, struct span at);
/* Events sorted or not; times in microseconds; an event's step is floor(t / dt), exact where dt is
 * a whole number of microseconds. `offset` (n_offsets = trials + 1) cuts the list into trials,
 * NULL: one trial. dt 0: the network has no time step, and a step is STIMULUS_EVENT_STEP. steps 0:
 * as many as the last event needs. Events beyond a given `steps`, before 0, or on channels that
 * don't exist are errors, and so are more steps of dt in all trials than a table may have. */
bool stimulus_events(struct arena *a, struct stimulus_source *out, const double *t_us,
                     const double *channel, uint64_t n, const uint64_t *offset, uint32_t n_offsets,
                     uint32_t channels, double dt, uint64_t steps, struct diags *d,
                     const char *what, struct span at);

/* The same for a list that a reader filled in, with channels that exist; the source keeps its
 * arrays. False without a report: there is no memory for a new list. */
struct stimulus_list {
    uint64_t n;
    double *time; /* microseconds */
    uint32_t *channel;
};
bool stimulus_list_new(struct arena *a, uint64_t n, struct stimulus_list *out);
bool stimulus_take(struct arena *a, struct stimulus_source *out, struct stimulus_list *l,
                   const uint64_t *offset, uint32_t n_offsets, uint32_t channels, double dt,
                   uint64_t steps, struct diags *d, const char *what, struct span at);

/* Seconds of a step where the network has none: what belongs to an event-driven network is in
 * microseconds. */
#define STIMULUS_EVENT_STEP 1e-6
/* dt, or that. */
double stimulus_step(double dt);
/* The step that a time in microseconds belongs to. */
double stimulus_step_of(double t, double dt);

/* The stimulus with its lists of events as tables of steps; the other sources are shared. False:
 * reported (E0801) where there are too many steps. */
bool stimulus_tables(struct arena *a, const struct stimulus *s, double dt, struct stimulus *out,
                     struct diags *d);

/* ---- playing ---- */

enum { STIMULUS_MAX_MEAN = 10000 }; /* events of one channel in one step, on the average */

/* A stimulus made ready for steps of dt: what generators need is worked out once. Refers to `s`. */
struct stimulus_player {
    const struct stimulus *of;   /* has no lists of events */
    struct stimulus_draw **draw; /* for each input; NULL for tables and silence */
};

/* Lists of events become tables. False with E0801 where a rate is negative, not finite or above
 * STIMULUS_MAX_MEAN in a step. */
bool stimulus_play(struct arena *a, const struct stimulus *s, double dt,
                   struct stimulus_player *out, struct diags *d);

/* Counts of one input at (trial, step): up to `channels` events with ascending channels into `out`;
 * returns how many. Poisson: threefry keyed by (seed, trial), counter (channel / 2, step), whose
 * two words are those of channels 2 k and 2 k + 1; inversion of the cumulative distribution.
 * Regular: event k of a channel at time k / rate, the first at 0. A table's trials repeat. */
uint32_t stimulus_at(const struct stimulus_player *p, uint32_t input, uint32_t trial, uint64_t step,
                     struct stimulus_event *out);

/* Events of a channel of a regular train before the beginning of a step. */
double stimulus_regular_before(const struct stimulus_player *p, uint32_t input, uint32_t channel,
                               uint64_t step);

/* Extents of a raster with those of the input's own shape, where they come last, joined into one:
 * [trials, steps, height, width] becomes [trials, steps, channels]. Room for rank + 1; the rank. */
struct plan_shape;
uint32_t stimulus_raster_extents(uint32_t rank, const uint64_t *extent,
                                 const struct plan_shape *own, uint64_t *out);

/* Channels of an input of that shape, and the one of an event at (p, y, x) of an input whose last
 * two extents are height and width; false: it lies outside, or between elements. */
uint32_t stimulus_channels(const struct plan_shape *s);
bool stimulus_place(const struct plan_shape *s, double p, double y, double x, uint32_t *channel);

/* A structured array as numpy holds events: fields `t` (microseconds) and `channel`, or `t`, `x`,
 * `y` and perhaps `p` (or `channel`) for an input of shape [features, height, width] (or [height,
 * width]). Offsets as in stimulus_events(); without them a field `trial`, if there is one, says it.
 * Where the records are still in their file and in order, they stay there: the source refers to it
 * and to a copy of *events. */
bool stimulus_event_records(struct arena *a, struct stimulus_source *out, const struct npy *events,
                            const uint64_t *offset, uint32_t n_offsets,
                            const struct plan_shape *shape, double dt, uint64_t steps,
                            struct diags *d, const char *what, struct span at);

/* Trials and steps of the whole from its sources: all tables must agree, one trial goes with any
 * number; it lasts as long as the longest list of events where no table says it (E0801 otherwise,
 * or where nothing does). Values already set stay. */
bool stimulus_settle(struct stimulus *s, struct diags *d, struct span at);

#endif
