/* What the code of a connection is called with: its weights, and the tables of event_map.h as the
 * code wants them. */
#include "targets/sim/jit/jit.h"

static const void *weights(struct arena *a, const struct event_spec *s)
{
    const struct event_map *m = s->map;
    if (!s->integer)
        return m->weight;
    int16_t *w = arena_try(a, m->n_weights + EVENT_PAD, sizeof *w);
    for (size_t i = 0; w && i < m->n_weights; i++)
        w[i] = (int16_t)m->weight[i];
    return w;
}

static bool convolution(struct arena *a, const struct event_map *m, struct jit_connection *c)
{
    struct jit_axis *row = arena_try(a, m->src.height, sizeof *row),
                    *column = arena_try(a, m->src.width, sizeof *column);
    for (uint32_t y = 0; row && y < m->src.height; y++)
        row[y] = (struct jit_axis){m->row[y].out * m->dst.width * m->dst.features, m->row[y].n,
                                   m->row[y].kernel * m->weight_row};
    for (uint32_t x = 0; column && x < m->src.width; x++)
        column[x] = (struct jit_axis){m->column[x].lane, m->column[x].n, m->column[x].weight};
    c->row = row;
    c->column = column;
    return row && column;
}

static bool synapses(struct arena *a, const struct event_map *m, struct jit_connection *c)
{
    const uint32_t n = m->src.features * m->src.height * m->src.width;
    struct jit_range *range = arena_try(a, n, sizeof *range);
    struct jit_axis *stretch = arena_try(a, m->stretches + 1, sizeof *stretch);
    for (uint32_t lane = 0; range && lane < n; lane++) {
        const struct event_cursor k = event_meets(m, lane);
        range[lane] = (struct jit_range){k.left ? (uint64_t)(k.next - m->stretch) : 0, k.left};
    }
    for (size_t i = 0; stretch && i < m->stretches; i++)
        stretch[i] = (struct jit_axis){m->stretch[i].lane, m->stretch[i].n, m->stretch[i].weight};
    c->range = range;
    c->stretch = stretch;
    return range && stretch;
}

struct jit_connection *jit_connection(struct arena *a, const struct event_spec *s)
{
    struct jit_connection *c = ARENA_NEW(a, struct jit_connection);
    c->weight = weights(a, s);
    const bool ok = s->map->conv ? convolution(a, s->map, c) : synapses(a, s->map, c);
    return ok && c->weight ? c : NULL;
}
