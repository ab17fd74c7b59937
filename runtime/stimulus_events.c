/* Lists of events: kept as they are, by time, and made tables of steps for runs that want these. */
#include "runtime/stimulus.h"

#include "runtime/event_stream.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static bool no_memory(struct diags *d, const char *what, struct span at)
{
    diag_add(d, E0801, at, "%s doesn't fit in memory", what);
    return false;
}

/* ---- time --------------------------------------------------------------------------------------
 */

double stimulus_step(double dt)
{
    return dt > 0 ? dt : STIMULUS_EVENT_STEP;
}

/* Of a step: a whole number if it's as good as one. */
static double step_microseconds(double dt)
{
    double us = stimulus_step(dt) * 1e6, whole = nearbyint(us);
    return whole >= 1 && fabs(us - whole) <= 1e-9 * whole ? whole : us;
}

/* Exact where the length of a step is a whole number: the quotient of two numbers below 2^53 never
 * rounds up to a whole number that it isn't. */
static double step_of(double t, double step_us)
{
    return floor(t / step_us);
}

double stimulus_step_of(double t, double dt)
{
    return step_of(t, step_microseconds(dt));
}

/* ---- checks ------------------------------------------------------------------------------------
 */

static bool check_offsets(const uint64_t *offset, uint32_t n_offsets, uint64_t n, struct diags *d,
                          const char *what, struct span at)
{
    bool right = n_offsets >= 2 && offset[0] == 0 && offset[n_offsets - 1] == n;
    for (uint32_t i = 1; right && i < n_offsets; i++)
        right = offset[i] >= offset[i - 1];
    if (!right)
        diag_add(d, E0801, at,
                 "the offsets of %s don't ascend from 0 to the number of its events, %" PRIu64,
                 what, n);
    return right;
}

/* Times of all events; *last is the last step that has one. */
static bool check_times(const struct stimulus_list *l, double step_us, uint64_t steps, double *last,
                        struct diags *d, const char *what, struct span at)
{
    *last = -1;
    for (uint64_t i = 0; i < l->n; i++) {
        const double t = l->time[i], step = step_of(t, step_us);
        if (!(t >= 0 && t <= 0x1p53)) {
            diag_add(d, E0801, at, "event %" PRIu64 " of %s is at %g microseconds", i, what, t);
            return false;
        }
        if (steps && step >= (double)steps) {
            diag_add(d, E0801, at,
                     "event %" PRIu64 " of %s is at %g microseconds, in step %.0f of %" PRIu64, i,
                     what, t, step, steps);
            return false;
        }
        *last = step > *last ? step : *last;
    }
    return true;
}

/* Whether a table may have the steps of all trials of `s`. */
static bool check_cells(const struct stimulus_source *s, struct diags *d, const char *what,
                        struct span at)
{
    if (s->steps <= STIMULUS_MAX_CELLS && s->trials * s->steps <= STIMULUS_MAX_CELLS)
        return true;
    diag_add(d, E0801, at, "%s has %" PRIu64 " steps in %u trials; at most %d are possible", what,
             s->steps, s->trials, STIMULUS_MAX_CELLS);
    return false;
}

/* ---- by time -----------------------------------------------------------------------------------
 */

struct timed {
    double time;
    uint64_t index;
    uint32_t channel;
};

static int by_time(const void *a, const void *b)
{
    const struct timed *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

/* Events [begin, end) by time, those of the same time as they were. */
static bool sort(struct stimulus_list *l, uint64_t begin, uint64_t end)
{
    uint64_t i = begin + 1;
    while (i < end && l->time[i] >= l->time[i - 1])
        i++;
    if (i >= end)
        return true;
    struct arena scratch = {0};
    const size_t n = (size_t)(end - begin);
    struct timed *all = arena_try(&scratch, n, sizeof *all);
    for (size_t k = 0; all && k < n; k++)
        all[k] = (struct timed){l->time[begin + k], k, l->channel[begin + k]};
    if (all)
        qsort(all, n, sizeof *all, by_time);
    for (size_t k = 0; all && k < n; k++) {
        l->time[begin + k] = all[k].time;
        l->channel[begin + k] = all[k].channel;
    }
    arena_free(&scratch);
    return all != NULL;
}

bool stimulus_list_new(struct arena *a, uint64_t n, struct stimulus_list *out)
{
    *out = (struct stimulus_list){.n = n};
    out->time = n < SIZE_MAX ? arena_try(a, (size_t)n + 1, sizeof *out->time) : NULL;
    out->channel = out->time ? arena_try(a, (size_t)n + 1, sizeof *out->channel) : NULL;
    return out->channel != NULL;
}

bool stimulus_take(struct arena *a, struct stimulus_source *out, struct stimulus_list *l,
                   const uint64_t *offset, uint32_t n_offsets, uint32_t channels, double dt,
                   uint64_t steps, struct diags *d, const char *what, struct span at)
{
    const uint64_t one_trial[2] = {0, l->n};
    double last;
    if ((offset && !check_offsets(offset, n_offsets, l->n, d, what, at)) ||
        !check_times(l, step_microseconds(dt), steps, &last, d, what, at))
        return false;
    n_offsets = offset ? n_offsets : 2;
    offset = offset ? offset : one_trial;
    *out = (struct stimulus_source){.kind = STIM_EVENTS,
                                    .channels = channels,
                                    .trials = n_offsets - 1,
                                    .steps = steps ? steps : (uint64_t)(last + 1),
                                    .time = l->time,
                                    .of = l->channel};
    if (!out->steps) {
        diag_add(d, E0801, at, "%s lasts 0 steps", what);
        return false;
    }
    if (dt > STIMULUS_EVENT_STEP && !check_cells(out, d, what, at))
        return false;
    out->row = ARENA_ARRAY(a, uint64_t, n_offsets);
    memcpy(out->row, offset, n_offsets * sizeof *offset);
    for (uint32_t i = 0; i < out->trials; i++)
        if (!sort(l, offset[i], offset[i + 1]))
            return no_memory(d, what, at);
    return true;
}

bool stimulus_events(struct arena *a, struct stimulus_source *out, const double *t_us,
                     const double *channel, uint64_t n, const uint64_t *offset, uint32_t n_offsets,
                     uint32_t channels, double dt, uint64_t steps, struct diags *d,
                     const char *what, struct span at)
{
    struct stimulus_list l;
    if (!stimulus_list_new(a, n, &l))
        return no_memory(d, what, at);
    for (uint64_t i = 0; i < n; i++) {
        const double c = channel[i];
        if (!(c >= 0 && c < channels && c == floor(c))) {
            diag_add(d, E0801, at,
                     "event %" PRIu64 " of %s is on channel %g, the input has %u channels", i, what,
                     c, channels);
            return false;
        }
        l.time[i] = t_us[i];
        l.channel[i] = (uint32_t)c;
    }
    return stimulus_take(a, out, &l, offset, n_offsets, channels, dt, steps, d, what, at);
}

/* ---- tables ------------------------------------------------------------------------------------
 */

static int by_channel(const void *a, const void *b)
{
    uint32_t x = ((const struct stimulus_event *)a)->channel,
             y = ((const struct stimulus_event *)b)->channel;
    return x < y ? -1 : x > y;
}

/* Sorted by channel within a cell, equal channels merged. */
static void sort_cells(struct stimulus_source *out, uint64_t cells)
{
    uint64_t to = 0, from = 0;
    for (uint64_t cell = 0; cell < cells; cell++) {
        uint64_t end = out->row[cell + 1], first = to;
        if (end - from > 1)
            qsort(&out->event[from], (size_t)(end - from), sizeof *out->event, by_channel);
        for (; from < end; from++) {
            if (to > first && out->event[to - 1].channel == out->event[from].channel)
                out->event[to - 1].count += out->event[from].count;
            else
                out->event[to++] = out->event[from];
        }
        out->row[cell + 1] = to;
    }
}

static bool make_table(struct arena *a, const struct stimulus_source *from, double step_us,
                       struct stimulus_source *out, struct diags *d, const char *what)
{
    const struct span nowhere = {0};
    *out = (struct stimulus_source){.kind = STIM_TABLE,
                                    .channels = from->channels,
                                    .trials = from->trials,
                                    .steps = from->steps};
    if (!check_cells(out, d, what, nowhere))
        return false;
    const uint64_t cells = out->trials * out->steps, n = from->row[from->trials];
    out->row = arena_try(a, (size_t)cells + 1, sizeof *out->row);
    out->event = arena_try(a, (size_t)n + 1, sizeof *out->event);
    if (!out->row || !out->event)
        return no_memory(d, what, nowhere);
    struct arena scratch = {0};
    struct event_window *w = from->stream ? event_window_open(&scratch, from->stream) : NULL;
    uint64_t i = 0, cell = 0;
    bool ok = w || !from->stream;
    for (uint32_t trial = 0; ok && trial < from->trials; trial++) {
        const uint64_t first = trial * out->steps;
        for (; ok && i < from->row[trial + 1]; i++) { /* they ascend */
            double t = 0;
            uint32_t channel = 0;
            if (w)
                ok = event_window_get(w, i, &t, &channel);
            const double step = step_of(w ? t : from->time[i], step_us);
            ok = ok && step < (double)out->steps &&
                 (cell == 0 || first + (uint64_t)step + 1 >= cell);
            while (ok && cell <= first + (uint64_t)step)
                out->row[cell++] = i;
            out->event[i] = (struct stimulus_event){w ? channel : from->of[i], 1};
        }
    }
    event_window_close(w);
    arena_free(&scratch);
    if (!ok) {
        diag_add(d, E0901, nowhere, "can't read %s: it has changed", from->stream->records->path);
        return false;
    }
    while (cell <= cells)
        out->row[cell++] = n;
    sort_cells(out, cells);
    return true;
}

bool stimulus_tables(struct arena *a, const struct stimulus *s, double dt, struct stimulus *out,
                     struct diags *d)
{
    *out = *s;
    out->source = ARENA_ARRAY(a, struct stimulus_source, s->n_inputs);
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        out->source[i] = s->source[i];
        if (s->source[i].kind == STIM_EVENTS &&
            !make_table(a, &s->source[i], step_microseconds(dt), &out->source[i], d,
                        arena_printf(a, "stimulus `%s`", s->name)))
            return false;
    }
    return true;
}
