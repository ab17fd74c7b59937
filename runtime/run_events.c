/* Events of inputs and spikes of groups: into lists that projections read, totals, the result. */
#include "runtime/base/bits.h"
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

static struct event_list *list_of(const struct engine *e, const struct event_ring *r, uint64_t span,
                                  uint32_t part)
{
    return &r->list[span % r->depth * e->parts + part];
}

static void reserve(struct event_list *l, size_t more)
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
 * placed. That a step of a trial has one or none is not to be foreseen, so no branch hangs on it. */
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
    reserve(l, all + 1);
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
                *to = (struct event){in_span + i, t, from->channel,
                                     one ? 1 : (float)from->count};
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
            reserve(l, k);
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
    struct event_list *l = list_of(e, &t->block.of_input[input], span, part);
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

/* ---- spikes ------------------------------------------------------------------------------------
 */

bool failure_before(const struct run_failure *a, const struct run_failure *b)
{
    const uint64_t x[] = {a->item, a->step, a->trial, a->group, a->neuron},
                   y[] = {b->item, b->step, b->trial, b->group, b->neuron};
    size_t i = 0;
    while (i < 4 && x[i] == y[i])
        i++;
    return x[i] < y[i];
}

struct collector {
    const struct engine *e;
    const struct item *it;
    struct run_failure *failure;
    struct event_list *list; /* NULL: nobody hears the group */
    uint32_t group, n;       /* neurons */
    uint64_t *total;         /* of the item's first trial and its neuron 0 */
    uint8_t *spikes;         /* recorded, likewise in step 0; NULL: they aren't */
    uint8_t *raster;         /* NULL: the first trial isn't here */
};

static bool is_count(float count)
{
    /* The comparison with itself rounded fails for NaN; the limit is far below 2^32. */
    return count > 0 && count < 0x1p24f && count == (float)(uint32_t)count;
}

static void one_spike(const struct collector *c, uint32_t lane, float count, uint64_t step,
                      uint32_t in_span)
{
    const uint32_t trial = lane / c->n, neuron = lane % c->n;
    const bool too_large = c->spikes && count > UINT8_MAX;
    if (too_large || !is_count(count)) {
        const struct run_failure f = {.kind =
                                          is_count(count) ? RUN_COUNT_TOO_LARGE : RUN_NOT_A_COUNT,
                                      .item = c->it->index,
                                      .step = step,
                                      .trial = c->it->first + trial,
                                      .group = c->group,
                                      .neuron = neuron,
                                      .count = count};
        if (c->failure->kind == RUN_OK || failure_before(&f, c->failure))
            *c->failure = f;
        return;
    }
    const uint32_t whole = (uint32_t)count;
    c->total[lane] += whole;
    if (c->spikes)
        c->spikes[(trial * c->e->steps + step) * c->n + neuron] = (uint8_t)whole;
    if (c->raster && trial == 0)
        c->raster[step * c->n + neuron] = (uint8_t)(whole < UINT8_MAX ? whole : UINT8_MAX);
    if (c->list)
        c->list->event[c->list->n++] = (struct event){in_span, trial, neuron, count};
}

/* The spikes of one step in lanes [begin, end), 64 at a time. */
static void one_step(const struct collector *c, const float *count, const uint8_t *fired,
                     size_t begin, size_t end, uint64_t step, uint32_t in_span)
{
    for (size_t at = begin; at < end; at += 64) {
        const size_t n = end - at < 64 ? end - at : 64;
        uint64_t bits = 0;
        memcpy(&bits, fired + at / 8, (n + 7) / 8);
        bits &= n < 64 ? ((uint64_t)1 << n) - 1 : UINT64_MAX;
        if (c->list && bits)
            reserve(c->list, 64);
        for (; bits; bits &= bits - 1) {
            const size_t lane = at + bits_lowest(bits);
            one_spike(c, (uint32_t)lane, count[lane], step, in_span);
        }
    }
}

/* A row of a recorded state, trial by trial; `to` is the item's first trial in this step. */
static void keep_row(const float *row, float *to, size_t trial_floats, uint32_t n, size_t begin,
                     size_t end)
{
    size_t neuron = begin % n;
    to += begin / n * trial_floats;
    for (size_t lane = begin; lane < end; to += trial_floats) {
        const size_t stop = n - neuron < end - lane ? lane + (n - neuron) : end;
        float *at = to + neuron;
        while (lane < stop)
            *at++ = row[lane++];
        neuron = 0;
    }
}

/* What a part has of a group: lanes [begin, end), without padding. */
struct share {
    uint32_t group, n; /* neurons */
    size_t begin, end;
    size_t trial; /* of the result, the item's first */
};

static void keep_states(const struct engine *e, const struct kernel_args *args,
                        const struct share *x, uint64_t first, uint32_t steps)
{
    const struct group_plan *g = &e->schedule.group[x->group];
    for (uint32_t s = 0; s < g->n_states; s++) {
        if (!g->traced[s])
            continue;
        for (uint32_t i = 0; i < steps; i++)
            keep_row(args->trace[s] + i * args->stride,
                     g->state[s] + (x->trial * e->steps + first + i) * x->n,
                     (size_t)e->steps * x->n, x->n, x->begin, x->end);
    }
}

void events_collect(const struct engine *e, struct team *t, uint32_t part, uint32_t group,
                    size_t begin, size_t end, uint64_t first, uint32_t steps)
{
    const struct item *it = &t->item;
    const struct group_plan *g = &e->schedule.group[group];
    const struct kernel_args *args = &t->block.group[group].args;
    struct share x = {.group = group, .n = e->plan->group.data[group].n, .begin = begin};
    const size_t used = (size_t)x.n * it->trials;
    x.end = end < used ? end : used;
    x.trial = (size_t)it->chip * e->result->trials + it->first;
    struct collector c = {.e = e, .it = it, .failure = &t->failure[part], .group = group, .n = x.n};
    c.total = e->result->count[group] + x.trial * x.n;
    c.spikes = g->spikes ? g->spikes + x.trial * e->steps * x.n : NULL;
    c.raster = x.trial == 0 ? e->result->raster[group] : NULL;
    uint32_t in_span = (uint32_t)(first % e->schedule.span);
    if (g->heard)
        c.list = list_of(e, &t->block.of_group[group], first / e->schedule.span, part);
    if (g->heard && in_span == 0)
        c.list->n = c.list->begin[0] = 0;
    for (uint32_t i = 0; i < steps; i++, in_span++) {
        one_step(&c, args->spikes + (i + 1) * args->stride, args->fired + i * args->stride / 8,
                 x.begin, x.end, first + i, in_span);
        if (c.list)
            c.list->begin[in_span + 1] = c.list->n;
    }
    keep_states(e, args, &x, first, steps);
}
