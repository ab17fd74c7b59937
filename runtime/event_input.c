#include "runtime/event_input.h"

#include "runtime/base/rng.h"
#include "runtime/event_stream.h"
#include <math.h>
#include <stdlib.h>

/* Seconds of a generator's step where the network has none. */
#define GENERATOR_STEP 1e-3

struct timed {
    double t; /* microseconds */
    uint32_t channel, index;
};

/* What is left of one input's trial. */
struct cursor {
    struct event_window *window; /* of a list that is in a file */
    uint64_t at, end;            /* of a list: index of the next event; else steps */
    /* Of a raster: within its step, the count that is being looked for, for which time, and the
     * entry at which that has got. Count 0: the step isn't begun. */
    uint32_t count, time;
    uint64_t entry;
    /* Of a generator: events of the step before `at`, and the next of them. */
    VEC(struct timed) step;
    uint32_t next;
    struct stimulus_event *room;
};

struct event_reader {
    const struct event_stimulus *s;
    uint32_t trial;
    struct cursor *cursor; /* of each input */
    uint32_t only;         /* as of only_list() */
    const char *failed;    /* a file */
    struct arena arena;
};

static bool is_generator(const struct stimulus_source *s)
{
    return s->kind == STIM_POISSON || s->kind == STIM_REGULAR;
}

uint64_t event_stimulus_steps(const struct stimulus *s, double dt)
{
    const double steps = s->delay / stimulus_step(dt); /* a whole number but for rounding: that */
    return s->steps + (uint64_t)fmax(ceil(steps - 1e-6), 0);
}

bool event_stimulus_make(struct arena *a, const struct plan *p, const struct stimulus *s,
                         struct event_stimulus *out, struct diags *d)
{
    struct stimulus *drawn = ARENA_NEW(a, struct stimulus);
    const double dt = p->dt > 0 ? p->dt : GENERATOR_STEP;
    *drawn = *s;
    drawn->source = ARENA_ARRAY(a, struct stimulus_source, s->n_inputs);
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        if (is_generator(&s->source[i]))
            drawn->source[i] = s->source[i];
        if (s->source[i].kind == STIM_TABLE && p->dt == 0) {
            struct diag *g = diag_add(d, E0401, (struct span){0},
                                      "the raster of input `%s` has time steps, network `%s` has "
                                      "none",
                                      p->input.data[i].name, p->network);
            diag_hint(d, g, "give it one: `--dt 1ms`");
            return false;
        }
    }
    const double unit = stimulus_step(p->dt) * 1e6;
    *out = (struct event_stimulus){.of = s,
                                   .plan = p,
                                   .step_us = dt * 1e6,
                                   .drawn_us = (double)s->steps * unit,
                                   .delay_us = s->delay * 1e6,
                                   .end_us = (double)event_stimulus_steps(s, p->dt) * unit};
    return stimulus_play(a, drawn, dt, &out->player, d);
}

/* ---- steps -------------------------------------------------------------------------------------
 */

/* The largest count of a step below `limit`; 0: there is none. */
static uint32_t largest_below(const struct stimulus_source *s, const uint64_t *row, uint64_t limit)
{
    uint32_t most = 0;
    for (uint64_t i = row[0]; i < row[1]; i++) {
        const uint32_t count = s->event[i].count;
        most = count < limit && count > most ? count : most;
    }
    return most;
}

/* Goes on to the next event of a raster, which is at c->entry in step c->at. */
static bool find_raster(const struct event_reader *r, struct cursor *c,
                        const struct stimulus_source *s)
{
    const bool one = r->s->of->one_per_step;
    for (; c->at < c->end; c->at++, c->count = 0) {
        const uint64_t *row = &s->row[r->trial % s->trials * s->steps + c->at];
        if (c->count == 0) {
            c->count = one ? row[0] < row[1] : largest_below(s, row, UINT64_MAX);
            c->time = 0;
            c->entry = row[0];
        }
        while (c->count > 0) {
            for (; c->entry < row[1]; c->entry++)
                if (one || s->event[c->entry].count == c->count)
                    return true;
            c->entry = row[0];
            if (++c->time == c->count) {
                c->time = 0;
                c->count = one ? 0 : largest_below(s, row, c->count);
            }
        }
    }
    return false;
}

/* In [0, 1), of event k of a channel in a step. */
static double random_place(const struct stimulus_source *s, uint32_t trial, uint64_t step,
                           uint32_t channel, uint32_t k)
{
    struct rng_key key = {{(uint32_t)s->seed, (uint32_t)(s->seed >> 32)}};
    threefry(key, trial, UINT32_MAX, key.k); /* no step of a count has this counter */
    threefry(key, (uint32_t)step, (uint32_t)(step >> 32), key.k);
    uint32_t word[2];
    threefry(key, channel, k, word);
    return word[0] * 0x1p-32;
}

static int by_time(const void *a, const void *b)
{
    const struct timed *x = a, *y = b;
    if (x->t != y->t)
        return x->t < y->t ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

static void generator_step(struct event_reader *r, uint32_t input)
{
    struct cursor *c = &r->cursor[input];
    const struct stimulus_source *s = &r->s->of->source[input];
    const double us = r->s->step_us, first = (double)c->at * us, last = first + us;
    const uint32_t n = stimulus_at(&r->s->player, input, r->trial, c->at, c->room);
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t channel = c->room[i].channel;
        for (uint32_t k = 0; k < c->room[i].count; k++) {
            double t = first + random_place(s, r->trial, c->at, channel, k) * us;
            if (s->kind == STIM_REGULAR)
                t = (stimulus_regular_before(&r->s->player, input, channel, c->at) + k) * 1e6 /
                    s->rate[channel];
            t = t < first ? first : t;
            if (t < last && t < r->s->drawn_us)
                VEC_PUSH(&r->arena, &c->step, ((struct timed){floor(t), channel, c->step.n}));
        }
    }
    if (c->step.n > 1)
        qsort(c->step.data, c->step.n, sizeof *c->step.data, by_time);
}

/* Goes on to the next step of a generator that has events, if there is one. */
static bool find_drawn(struct event_reader *r, uint32_t input)
{
    struct cursor *c = &r->cursor[input];
    while (c->next == c->step.n && c->at < c->end) {
        c->next = c->step.n = 0;
        generator_step(r, input);
        c->at++;
    }
    return c->next < c->step.n;
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

/* The only input that isn't silent, if it is a list; else n_inputs. */
static uint32_t only_list(const struct stimulus *s)
{
    uint32_t only = s->n_inputs;
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        if (s->source[i].kind == STIM_SILENCE)
            continue;
        if (s->source[i].kind != STIM_EVENTS || only < s->n_inputs)
            return s->n_inputs;
        only = i;
    }
    return only;
}

struct event_reader *event_reader_new(struct arena *a, const struct event_stimulus *s)
{
    struct event_reader *r = ARENA_NEW(a, struct event_reader);
    r->s = s;
    r->only = only_list(s->of);
    r->cursor = ARENA_ARRAY(&r->arena, struct cursor, s->of->n_inputs);
    for (uint32_t i = 0; i < s->of->n_inputs; i++) {
        const struct stimulus_source *source = &s->of->source[i];
        if (is_generator(source))
            r->cursor[i].room = ARENA_ARRAY(&r->arena, struct stimulus_event, source->channels);
        if (source->kind == STIM_EVENTS && source->stream) {
            r->cursor[i].window = event_window_open(&r->arena, source->stream);
            r->failed = r->cursor[i].window ? r->failed : source->stream->records->path;
        }
    }
    return r;
}

const char *event_reader_failed(const struct event_reader *r)
{
    return r->failed;
}

void event_reader_free(struct event_reader *r)
{
    for (uint32_t i = 0; i < r->s->of->n_inputs; i++)
        event_window_close(r->cursor[i].window);
    arena_free(&r->arena);
}

void event_reader_begin(struct event_reader *r, uint32_t trial)
{
    r->trial = trial;
    for (uint32_t i = 0; i < r->s->of->n_inputs; i++) {
        const struct stimulus_source *s = &r->s->of->source[i];
        struct cursor *c = &r->cursor[i];
        c->at = c->end = 0;
        c->next = c->step.n = c->count = 0;
        if (s->kind == STIM_EVENTS) {
            c->at = s->row[trial % s->trials];
            c->end = s->row[trial % s->trials + 1];
        } else if (s->kind == STIM_TABLE) {
            c->end = s->steps;
        } else if (is_generator(s)) {
            c->end = (uint64_t)ceil(r->s->drawn_us / r->s->step_us);
        }
    }
}

/* The next event of a list. False: there is none, or it can't be read. */
static bool look(struct event_reader *r, struct cursor *c, const struct stimulus_source *s,
                 double *t, uint32_t *channel)
{
    if (c->at == c->end)
        return false;
    if (!s->stream) {
        *t = s->time[c->at];
        *channel = s->of[c->at];
        return true;
    }
    if (!r->failed && event_window_get(c->window, c->at, t, channel))
        return true;
    r->failed = s->stream->records->path;
    c->at = c->end;
    return false;
}

/* Time of an input's next event; INFINITY: there is none. */
static double next_time(struct event_reader *r, uint32_t input)
{
    const struct stimulus_source *s = &r->s->of->source[input];
    struct cursor *c = &r->cursor[input];
    const double delay = r->s->delay_us;
    double t;
    uint32_t channel;
    switch (s->kind) {
    case STIM_SILENCE:
        break;
    case STIM_EVENTS:
        return look(r, c, s, &t, &channel) ? floor(t + delay) : INFINITY;
    case STIM_TABLE: /* the whole microsecond that the vendor's converter makes of it */
        return find_raster(r, c, s) ? floor((double)c->at * 1e6 * r->s->plan->dt + delay)
                                    : INFINITY;
    case STIM_POISSON:
    case STIM_REGULAR:
        return find_drawn(r, input) ? floor(c->step.data[c->next].t + delay) : INFINITY;
    }
    return INFINITY;
}

static uint32_t take(struct event_reader *r, uint32_t input)
{
    const struct stimulus_source *s = &r->s->of->source[input];
    struct cursor *c = &r->cursor[input];
    double t;
    uint32_t channel = 0;
    if (s->kind == STIM_EVENTS) {
        look(r, c, s, &t, &channel);
        c->at++;
        return channel;
    }
    if (s->kind == STIM_TABLE)
        return s->event[c->entry++].channel;
    return c->step.data[c->next++].channel;
}

static bool read_next(struct event_reader *r, struct event_in *out)
{
    double least = INFINITY;
    uint32_t first = 0;
    for (uint32_t i = 0; i < r->s->of->n_inputs; i++) {
        const double t = next_time(r, i);
        first = t < least ? i : first;
        least = t < least ? t : least;
    }
    if (least == INFINITY)
        return false;
    *out = (struct event_in){.t = (int64_t)least, .input = first, .channel = take(r, first)};
    return true;
}

/* Events of one list in memory: nothing to decide, and so many a second that it matters. */
static size_t copy_some(struct cursor *c, const struct stimulus_source *s, uint32_t input,
                        double delay, struct event_in *out, size_t n)
{
    const double *t = s->time + c->at;
    const uint32_t *channel = s->of + c->at;
    n = c->end - c->at < n ? (size_t)(c->end - c->at) : n;
    for (size_t k = 0; k < n; k++)
        out[k] =
            (struct event_in){.t = (int64_t)(t[k] + delay), .input = input, .channel = channel[k]};
    c->at += n;
    return n;
}

size_t event_reader_some(struct event_reader *r, struct event_in *out, size_t n)
{
    const uint32_t only = r->only;
    size_t k = 0;
    if (only == r->s->of->n_inputs) {
        while (k < n && read_next(r, &out[k]))
            k++;
        return k;
    }
    const struct stimulus_source *s = &r->s->of->source[only];
    const double delay = r->s->delay_us;
    struct cursor *c = &r->cursor[only];
    if (!s->stream)
        return copy_some(c, s, only, delay, out, n);
    double t;
    uint32_t channel;
    for (; k < n && look(r, c, s, &t, &channel); k++, c->at++)
        out[k] = (struct event_in){.t = (int64_t)(t + delay), .input = only, .channel = channel};
    return k;
}
