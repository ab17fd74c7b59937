/* Lists of events, and the events of inputs. */
#include "runtime/base/bits.h"
#include "runtime/base/prefetch.h"
#include "runtime/engine.h"
#include "runtime/expand.h"
#include <stdlib.h>

/* ---- lists -------------------------------------------------------------------------------------
 */

struct event_ring event_ring_new(const struct engine *e, struct arena *a, uint32_t depth)
{
    const size_t n = (size_t)depth * e->parts;
    struct event_ring r = {depth, ARENA_ARRAY(a, struct event_list, n)};
    for (size_t i = 0; i < n; i++)
        r.list[i].begin = ARENA_ARRAY(a, size_t, e->schedule.span + 1);
    return r;
}

void event_ring_free(const struct engine *e, struct event_ring *r)
{
    for (size_t i = 0; i < (size_t)r->depth * e->parts; i++)
        free(r->list[i].event);
}

double event_ring_bytes(const struct engine *e, const struct event_ring *r)
{
    double bytes = 0;
    for (size_t i = 0; i < (size_t)r->depth * e->parts; i++)
        bytes += (double)r->list[i].cap * sizeof(struct event);
    return bytes;
}

void event_list_reserve(struct event_list *l, size_t more)
{
    if (more <= l->cap - l->n)
        return;
    size_t cap = l->cap ? l->cap : 64;
    while (cap - l->n < more)
        cap *= 2;
    l->event = realloc(l->event, cap * sizeof *l->event);
    if (!l->event)
        base_panic("out of memory (%zu events wanted)", cap);
    l->cap = cap;
}

/* ---- inputs ------------------------------------------------------------------------------------
 */

/* The steps of a span that a part plays. */
struct playing {
    const struct engine *e;
    const struct item *it;
    uint64_t first;      /* of the run: where the span begins */
    uint32_t begin, end; /* of the span */
};

static const uint64_t *row_of(const struct playing *x, const struct stimulus_source *s, uint32_t t)
{
    return s->row + (x->it->first + t) % s->trials * s->steps + x->first + x->begin;
}

/* How many events the part's steps have in all; next[i]: where those of step i begin. Each trial's
 * rows and events are somewhere else in a table that is larger than caches are, so they are asked
 * for beforehand. */
static size_t count_events(const struct playing *x, const struct stimulus_source *s, size_t *next)
{
    enum { TRIALS_AHEAD = 4, EVENTS_AHEAD = 64 };
    const uint32_t n = x->end - x->begin;
    size_t all = 0;
    for (uint32_t t = 0; t < x->it->trials; t++) {
        if (t + TRIALS_AHEAD < x->it->trials)
            prefetch(row_of(x, s, t + TRIALS_AHEAD), (n + 1) * sizeof *s->row);
        const uint64_t *row = row_of(x, s, t);
        const uint64_t events = row[n] - row[0];
        prefetch(s->event + row[0],
                 (size_t)(events < EVENTS_AHEAD ? events : EVENTS_AHEAD) * sizeof *s->event);
        for (uint32_t i = 0; i < n; i++)
            next[i] += row[i + 1] - row[i];
    }
    for (uint32_t i = 0; i < n; i++) {
        const size_t here = next[i];
        next[i] = all;
        all += here;
    }
    return all;
}

/* Bit i: step i of `row`, one of `n`, has events. */
static uint64_t steps_with_events(const uint64_t *row, uint32_t n)
{
    uint64_t steps = 0;
    for (uint32_t i = n; i-- > 0;)
        steps = steps << 1 | (row[i] != row[i + 1]);
    return steps;
}

/* Reads a table along its trials, while the list goes along the steps: so events are counted before
 * they are placed. Whether a step of a trial has one is not to be foreseen, so no branch hangs on
 * it. */
static void play_table(const struct playing *x, const struct stimulus_source *s,
                       struct event_list *l)
{
    _Static_assert(SPAN_MOST <= 64, "a bit for each step");
    const bool one = x->e->applied->one_per_step;
    const uint32_t n = x->end - x->begin;
    size_t next[SPAN_MOST] = {0};
    const size_t all = count_events(x, s, next);
    memcpy(l->begin + x->begin, next, n * sizeof *next);
    event_list_reserve(l, all);
    l->n = all;
    for (uint32_t t = 0; all && t < x->it->trials; t++) {
        const uint64_t *row = row_of(x, s, t);
        for (uint64_t steps = steps_with_events(row, n); steps; steps &= steps - 1) {
            const uint32_t i = bits_lowest(steps);
            for (uint64_t k = row[i]; k < row[i + 1]; k++) {
                const struct stimulus_event *from = &s->event[k];
                l->event[next[i]++] =
                    (struct event){x->begin + i, t, from->channel, one ? 1 : (float)from->count};
            }
        }
    }
}

static void play_drawn(const struct playing *x, uint32_t input, struct stimulus_event *room,
                       struct event_list *l)
{
    const struct sensor *sensor = x->e->plan->input.data[input].sensor;
    const bool one = x->e->applied->one_per_step;
    for (uint32_t i = x->begin; i < x->end; i++) {
        l->begin[i] = l->n;
        for (uint32_t t = 0; t < x->it->trials; t++) {
            uint32_t n = stimulus_at(&x->e->stimulus, input, x->it->first + t, x->first + i, room);
            if (sensor)
                n = sensor_step(sensor, room, n);
            event_list_reserve(l, n);
            for (uint32_t k = 0; k < n; k++)
                l->event[l->n++] =
                    (struct event){i, t, room[k].channel, one ? 1 : (float)room[k].count};
        }
    }
}

/* Parts share the steps, so that their lists, one after another, ascend. */
void events_play(const struct engine *e, struct team *t, uint32_t part, uint32_t input,
                 const struct stretch *span)
{
    const struct stimulus_source *s = &e->applied->source[input];
    struct event_list *l = event_list_of(e, &t->block.of_input[input], span->span, part);
    struct playing x = {.e = e,
                        .it = &t->item,
                        .first = span->first,
                        .begin = (uint32_t)((uint64_t)span->steps * part / e->parts),
                        .end = (uint32_t)((uint64_t)span->steps * (part + 1) / e->parts)};
    const uint64_t left = s->steps > x.first ? s->steps - x.first : 0; /* of a table */
    if (s->kind == STIM_SILENCE)
        x.end = x.begin;
    else if (s->kind == STIM_TABLE && left < x.end)
        x.end = left > x.begin ? (uint32_t)left : x.begin;
    l->n = 0;
    for (uint32_t i = 0; i < x.begin; i++)
        l->begin[i] = 0;
    if (s->kind == STIM_TABLE && x.begin < x.end)
        play_table(&x, s, l);
    else if (s->kind != STIM_TABLE)
        play_drawn(&x, input, t->block.room[part], l);
    for (uint32_t i = x.end; i <= span->steps; i++)
        l->begin[i] = l->n;
}
