/* Lists of events, and the events of inputs. */
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

/* Reads a table along its trials, while the list goes along the steps: so events are counted before
 * they are placed. That a step of a trial has one or none is not to be foreseen, so no branch hangs
 * on it. */
static void play_table(const struct playing *x, const struct stimulus_source *s,
                       struct event_list *l)
{
    const bool one = x->e->applied->one_per_step;
    const uint64_t last = s->row[s->trials * s->steps];
    size_t next[SPAN_MOST] = {0}, all = 0;
    for (uint32_t t = 0; t < x->it->trials; t++) {
        const uint64_t *row = s->row + (x->it->first + t) % s->trials * s->steps + x->first;
        for (uint32_t i = x->begin; i < x->end; i++)
            next[i] += row[i + 1] - row[i];
    }
    for (uint32_t i = x->begin; i < x->end; i++) {
        const size_t here = next[i];
        l->begin[i] = next[i] = all;
        all += here;
    }
    event_list_reserve(l, all + 1);
    l->n = all;
    for (uint32_t t = 0; all && t < x->it->trials; t++) {
        const uint64_t *row = s->row + (x->it->first + t) % s->trials * s->steps + x->first;
        for (uint32_t i = x->begin; i < x->end; i++) {
            const uint64_t end = row[i + 1];
            uint64_t k = row[i];
            do {
                const struct stimulus_event *from = &s->event[k < last ? k : last - 1];
                struct event *to = &l->event[k < end ? next[i] : all]; /* none: beyond the list */
                *to = (struct event){i, t, from->channel, one ? 1 : (float)from->count};
                next[i] += k < end;
            } while (++k < end);
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
