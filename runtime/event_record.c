/* What an event-driven run records: events as they come, gathered in pieces, and the states in
 * which a trial ends. */
#include "runtime/event_engine.h"

#include <stdlib.h>

enum { PIECE_EVENTS = 4096 };

static void put_bytes(uint8_t *to, uint64_t x, int n)
{
    for (int i = 0; i < n; i++)
        to[i] = (uint8_t)(x >> (8 * i));
}

void event_record_put(uint8_t *to, uint32_t trial, int64_t t, uint32_t channel, uint32_t y,
                      uint32_t x)
{
    put_bytes(to, trial, 4);
    put_bytes(to + 4, (uint64_t)t, 8);
    put_bytes(to + 12, channel, 2);
    put_bytes(to + 14, y, 2);
    put_bytes(to + 16, x, 2);
}

static uint64_t get_bytes(const uint8_t *from, int n)
{
    uint64_t x = 0;
    for (int i = n; i-- > 0;)
        x = x << 8 | from[i];
    return x;
}

struct event_record event_record_get(const uint8_t *from)
{
    return (struct event_record){.trial = (uint32_t)get_bytes(from, 4),
                                 .t = (int64_t)get_bytes(from + 4, 8),
                                 .channel = (uint32_t)get_bytes(from + 12, 2),
                                 .y = (uint32_t)get_bytes(from + 14, 2),
                                 .x = (uint32_t)get_bytes(from + 16, 2)};
}

void event_record_build(struct event_worker *w)
{
    const struct run_options *o = w->e->options;
    w->piece = arena_alloc(&w->arena, (o->n_record + 1) * sizeof *w->piece);
    for (uint32_t i = 0; i < o->n_record; i++)
        if (o->record[i].state < 0)
            w->piece[i].data = ARENA_ARRAY(&w->arena, uint8_t, PIECE_EVENTS * EVENT_BYTES);
}

static size_t trial_of(const struct event_worker *w)
{
    return (size_t)w->e->chip.index * w->e->result->trials + w->trial;
}

static bool keep(struct event_kept *k, const void *data, size_t n)
{
    if (k->cap - k->n < n) {
        size_t cap = k->cap ? k->cap : n;
        while (cap - k->n < n)
            cap *= 2;
        uint8_t *more = realloc(k->data, cap);
        if (!more)
            return false;
        k->data = more;
        k->cap = cap;
    }
    memcpy(k->data + k->n, data, n);
    k->n += n;
    return true;
}

static bool put(struct event_worker *w, uint32_t record, const void *data, size_t n)
{
    struct event_engine *e = w->e;
    const struct run_sink *sink = e->options->sink;
    const size_t trial = trial_of(w);
    const bool ok = n == 0 || (sink ? sink->put(sink->arg, record, trial, data, n)
                                    : keep(&e->kept[record][trial], data, n));
    if (!ok)
        atomic_store(&e->refused, true);
    return ok;
}

static bool put_piece(struct event_worker *w, uint32_t record)
{
    const size_t n = w->piece[record].n;
    w->piece[record].n = 0;
    return put(w, record, w->piece[record].data, n * EVENT_BYTES);
}

bool event_record(struct event_worker *w, const struct event_group *g, uint32_t lane)
{
    const uint32_t place = lane / g->map.features;
    for (uint32_t i = 0; i < g->n_records; i++) {
        const uint32_t record = g->record[i];
        if (w->piece[record].n == PIECE_EVENTS && !put_piece(w, record))
            return false;
        event_record_put(w->piece[record].data + w->piece[record].n++ * EVENT_BYTES,
                         (uint32_t)trial_of(w), w->t, lane % g->map.features, place / g->map.width,
                         place % g->map.width);
    }
    return true;
}

void event_mark(const struct event_worker *w, uint32_t group, uint32_t lane, int64_t t)
{
    const struct run_result *r = w->e->result;
    const struct event_extents *map = &w->e->group[group].map;
    const uint32_t neuron =
        lane % map->features * (map->height * map->width) + lane / map->features;
    const double row = (double)t * RUN_EVENT_ROWS / ((double)r->steps * r->dt * 1e6);
    const size_t width = run_raster_row(w->e->plan->group.data[group].n);
    if (w->raster[group] && row >= 0 && row < RUN_EVENT_ROWS)
        w->raster[group][(size_t)row * width + neuron / 8] |= (uint8_t)(1u << neuron % 8);
}

static bool put_state(struct event_worker *w, uint32_t record)
{
    const struct event_engine *e = w->e;
    const struct run_record what = e->options->record[record];
    const struct event_group *g = &e->group[what.group];
    const uint32_t n = e->plan->group.data[what.group].n;
    float *to = malloc((n + 1) * sizeof *to);
    if (!to)
        base_panic("out of memory (%u states wanted)", n);
    if (e->plan->device)
        e->plan->device->state(w->chip, what.group, to);
    for (uint32_t i = 0; !e->plan->device && i < n; i++) {
        const void *from = w->lanes[what.group].state[what.state];
        const uint32_t lane = event_lane(&g->map, i);
        const float x = e->chip.group[what.group].narrow ? ((const int16_t *)from)[lane]
                                                         : ((const float *)from)[lane];
        to[i] = g->integer ? x + 0 : x; /* whole numbers have no -0 */
    }
    const bool ok = put(w, record, to, n * sizeof *to);
    free(to);
    return ok;
}

bool event_record_leave(struct event_worker *w)
{
    const struct run_options *o = w->e->options;
    bool ok = true;
    for (uint32_t i = 0; ok && i < o->n_record; i++)
        ok = o->record[i].state < 0 ? put_piece(w, i) : put_state(w, i);
    return ok;
}

bool event_record_collect(struct event_engine *e, struct arena *a)
{
    const struct run_options *o = e->options;
    struct run_result *r = e->result;
    const size_t trials = (size_t)r->chips * r->trials;
    r->n_record = o->n_record;
    r->record = arena_alloc(a, (o->n_record + 1) * sizeof *r->record);
    for (uint32_t i = 0; i < o->n_record; i++) {
        r->record[i].what = o->record[i];
        if (o->sink)
            continue;
        size_t n = 0;
        for (size_t t = 0; t < trials; t++)
            n += e->kept[i][t].n;
        r->record[i].n = o->record[i].state < 0 ? n / EVENT_BYTES : 0;
        uint8_t *to = r->record[i].data = arena_try(a, n + 1, 1);
        if (!to)
            return false;
        for (size_t t = 0; t < trials; t++) {
            if (e->kept[i][t].n)
                memcpy(to, e->kept[i][t].data, e->kept[i][t].n);
            to += e->kept[i][t].n;
        }
    }
    return true;
}
