/* Lists of events, and the events of inputs. */
#include "runtime/engine.h"
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

struct event_list *event_list_of(const struct engine *e, const struct event_ring *r, uint64_t span,
                                 uint32_t part)
{
    return &r->list[span % r->depth * e->parts + part];
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

/* Steps [first, first + n) of a table, which begin in the list's span at `in_span`. The table is
 * read along its trials and the list goes along the steps: so events are counted before they are
 * placed. That a step of a trial has one or none is not to be foreseen, so no branch hangs on it.
 */
static void play_table(const struct engine *e, const struct item *it,
                       const struct stimulus_source *s, uint64_t first, uint32_t in_span,
                       uint32_t n, struct event_list *l)
{
    const bool one = e->options->stimulus->one_per_step;
    const uint64_t last = s->row[s->trials * s->steps];
    size_t next[SPAN_MOST + 1] = {0}, all = 0;
    uint32_t trial = it->first % s->trials;
    for (uint32_t t = 0; t < it->trials; t++) {
        const uint64_t *row = s->row + trial * s->steps + first;
        for (uint32_t i = 0; i < n; i++)
            next[i] += row[i + 1] - row[i];
        trial = trial + 1 < s->trials ? trial + 1 : 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        const size_t here = next[i];
        next[i] = all;
        l->begin[in_span + i] = all;
        all += here;
    }
    l->n = 0;
    event_list_reserve(l, all + 1);
    l->n = all;
    trial = it->first % s->trials;
    for (uint32_t t = 0; all && t < it->trials; t++) {
        const uint64_t *row = s->row + trial * s->steps + first;
        for (uint32_t i = 0; i < n; i++) {
            const uint64_t begin = row[i], end = row[i + 1];
            uint64_t k = begin;
            do {
                const struct stimulus_event *from = &s->event[k < last ? k : last - 1];
                struct event *to = &l->event[k < end ? next[i] : all]; /* none: beyond the list */
                *to = (struct event){in_span + i, t, from->channel, one ? 1 : (float)from->count};
                next[i] += k < end;
            } while (++k < end);
        }
        trial = trial + 1 < s->trials ? trial + 1 : 0;
    }
}

static void play_drawn(const struct engine *e, const struct item *it, uint32_t input,
                       uint64_t first, uint32_t in_span, uint32_t n, struct stimulus_event *room,
                       struct event_list *l)
{
    for (uint32_t i = 0; i < n; i++) {
        l->begin[in_span + i] = l->n;
        for (uint32_t t = 0; t < it->trials; t++) {
            const uint32_t k = stimulus_at(&e->stimulus, input, it->first + t, first + i, room);
            event_list_reserve(l, k);
            for (uint32_t j = 0; j < k; j++)
                l->event[l->n++] =
                    (struct event){in_span + i, t, room[j].channel, (float)room[j].count};
        }
    }
}

/* Parts share the steps, so that their lists, one after another, ascend. */
void events_play(const struct engine *e, struct team *t, uint32_t part, uint32_t input,
                 uint64_t span, uint32_t steps)
{
    const struct stimulus_source *s = &e->options->stimulus->source[input];
    struct event_list *l = event_list_of(e, &t->block.of_input[input], span, part);
    const uint64_t first = span * e->schedule.span;
    const uint32_t begin = (uint32_t)((uint64_t)steps * part / e->parts),
                   end = (uint32_t)((uint64_t)steps * (part + 1) / e->parts);
    uint32_t played = end;
    l->n = 0;
    for (uint32_t i = 0; i < begin; i++)
        l->begin[i] = 0;
    if (s->kind == STIM_TABLE) {
        const uint64_t left = s->steps > first ? s->steps - first : 0;
        played = left < end ? (uint32_t)left : end;
        if (begin < played)
            play_table(e, &t->item, s, first + begin, begin, played - begin, l);
    } else if (s->kind != STIM_SILENCE) {
        play_drawn(e, &t->item, input, first + begin, begin, end - begin, t->block.room[part], l);
    } else {
        played = begin;
    }
    for (uint32_t i = played > begin ? played : begin; i <= steps; i++)
        l->begin[i] = l->n;
}
