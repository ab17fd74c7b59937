/* The interpreter's inner loops of events. Compiled once for each instruction set (see the
 * Makefile), with ISA_SUFFIX = base, avx2 or avx512.
 *
 * The stretches that an event meets are often short, a few features of a few places. As many as
 * fit are brought together in a block, so that an operation has many lanes to work on. */
#include "runtime/interp_lanes.h"
#include <stdalign.h>
#include <stdlib.h>

enum {
    ROOM = 1 << 16, /* bytes: enough for most kernels */
    PIECES = 64     /* stretches of a block */
};

#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)

struct gathering {
    const struct interp_code *code;
    const struct event_lanes *lanes;
    const float *weight;
    const float **slot;
    float *column, *reg; /* a block each */
    uint32_t n, pieces;
    struct {
        uint32_t lane, at, n;
    } piece[PIECES];
    const struct event_fired *fired;
    size_t n_fired;
};

static const float *column_of(const struct gathering *g, const struct interp_column *c)
{
    switch (c->op) {
    case K_PARAM:
        return g->lanes->param[c->index];
    case K_LET:
        return g->lanes->let[c->index];
    default:
        return g->lanes->state[c->index];
    }
}

static void gather(struct gathering *g, uint32_t lane, size_t weight, uint32_t n)
{
    const struct interp_code *k = g->code;
    for (uint32_t i = 0; i < k->n_columns; i++) {
        const struct interp_column *c = &k->column[i];
        const float *from = c->op == K_WEIGHT ? g->weight + weight : column_of(g, c) + lane;
        memcpy(g->column + (size_t)i * k->block + g->n, from, n * sizeof *from);
    }
    g->piece[g->pieces].lane = lane;
    g->piece[g->pieces].at = g->n;
    g->piece[g->pieces++].n = n;
    g->n += n;
}

/* Whether one of them isn't 0. */
static bool any_of(const float *count, size_t n)
{
    uint32_t any = 0;
    for (size_t i = 0; i < n; i++)
        any |= (uint32_t)kernel_bits(count[i]) << 1; /* but the sign */
    return any != 0;
}

static void put_fired(struct gathering *g, const float *count, uint32_t lane, uint32_t n)
{
    enum { SOME = 16 };
    for (uint32_t first = 0; first < n; first += SOME) {
        const uint32_t end = n - first < SOME ? n : first + SOME;
        if (end - first == SOME && !any_of(count + first, SOME))
            continue;
        for (uint32_t i = first; i < end; i++) {
            if (count[i] == 0)
                continue;
            if (!g->code->once)
                g->fired->count[g->n_fired] = count[i];
            g->fired->lane[g->n_fired++] = lane + i;
        }
    }
}

/* Does what was gathered, and begins anew. */
static void flush(struct gathering *g)
{
    const struct interp_code *k = g->code;
    const uint32_t first_register = k->n_constants + k->n_columns;
    const size_t n = (g->n + 15) / 16 * 16;
    for (uint32_t i = 0; i < k->n; i++) {
        const struct interp_inst *in = &k->inst[i];
        operate(in->op, g->reg + (size_t)(in->out - first_register) * k->block, g->slot[in->a],
                g->slot[in->b], g->slot[in->c], n);
    }
    for (uint32_t i = 0; i < k->n_out; i++) {
        float *state = g->lanes->state[k->out[i].state];
        for (uint32_t j = 0; j < g->pieces; j++)
            memcpy(state + g->piece[j].lane, g->slot[k->out[i].slot] + g->piece[j].at,
                   g->piece[j].n * sizeof *state);
    }
    const float *count = g->slot[k->emit];
    /* Most events make none fire. What pads may be anything. */
    const bool any = any_of(count, n);
    for (uint32_t j = 0; any && j < g->pieces; j++)
        put_fired(g, count + g->piece[j].at, g->piece[j].lane, g->piece[j].n);
    g->n = g->pieces = 0;
}

/* A stretch in pieces that fit. One that begins before the end of the last has neurons that must
 * have done their last synapse first. */
static void serve(struct gathering *g, const struct event_map *m, uint32_t event)
{
    const uint32_t block = g->code->block;
    struct event_cursor k = event_meets(m, event);
    struct event_stretch s;
    uint32_t end = 0;
    while (event_next(&k, &s)) {
        if (g->pieces && s.lane < end)
            flush(g);
        end = s.lane + s.n;
        for (uint32_t done = 0; done < s.n;) {
            const uint32_t left = s.n - done, room = block - g->n, n = left < room ? left : room;
            gather(g, s.lane + done, s.weight + done, n);
            done += n;
            if (g->n == block || g->pieces == PIECES)
                flush(g);
        }
    }
    if (g->n)
        flush(g);
}

size_t JOIN(interp_event_, ISA_SUFFIX)(const void *code, const struct event_lanes *lanes,
                                       const uint32_t *event, size_t n,
                                       const struct event_fired *out)
{
    const struct interp_event *e = code;
    const struct interp_code *k = e->code;
    const uint32_t first_register = k->n_constants + k->n_columns;
    const uint32_t n_slots = first_register + k->n_registers;
    const size_t block_bytes = (size_t)(k->n_columns + k->n_registers) * k->block * sizeof(float);
    const size_t bytes = (block_bytes + n_slots * sizeof(float *) + 63) & ~(size_t)63;
    alignas(64) char room[ROOM];
    char *scratch = bytes <= ROOM ? room : aligned_alloc(64, bytes);
    if (!scratch)
        base_panic("out of memory (%zu bytes wanted)", bytes);
    struct gathering g = {.code = k, .lanes = lanes, .weight = e->map->weight, .fired = out};
    g.column = (float *)(void *)scratch;
    g.reg = g.column + (size_t)k->n_columns * k->block;
    g.slot = (const float **)(void *)(scratch + block_bytes);
    for (uint32_t i = 0; i < k->n_constants; i++)
        g.slot[i] = k->constant + (size_t)i * k->block;
    for (uint32_t i = 0; i < k->n_columns + k->n_registers; i++)
        g.slot[k->n_constants + i] = g.column + (size_t)i * k->block;
    for (size_t i = 0; i < n; i++) {
        serve(&g, e->map, event[i]);
        out->end[i] = (uint32_t)g.n_fired;
    }
    if (scratch != room)
        free(scratch);
    return g.n_fired;
}
