#include "targets/dynapse2/place.h"
#include "targets/dynapse2/quantize.h"
#include <math.h>
#include <stdlib.h>

/* The currents of a weight of 1; NAN: the layer takes no weights. */
static struct d2_scale find_scale(struct d2_place *x, uint32_t layer)
{
    const struct model *m = x->n->layer.data[layer].model;
    for (uint32_t k = 0; k < m->receptor.n; k++) {
        const struct model_binding *on = &m->receptor.data[k].on;
        if (on->target && strcmp(on->target, "dynapse2") == 0) {
            struct d2_scale s;
            d2_receptor_scale(x->a, x->n, layer, k, &s);
            return s;
        }
    }
    struct d2_scale none = {1, ARENA_ARRAY(x->a, double, 1)};
    none.v[0] = (double)NAN;
    return none;
}

static bool is_uniform(const struct net_layer *l, const struct d2_scale *scale)
{
    bool uniform = scale->n == 1;
    for (uint32_t k = 0; k < l->model->param.n; k++)
        uniform = uniform && (l->param[k].uniform || !d2_is_bound(&l->model->param.data[k]));
    return uniform;
}

static void find_currents(const struct net_layer *l, const struct d2_scale *scale, uint32_t element,
                          struct d2_currents *out)
{
    for (uint32_t k = 0; k < D2_N_PARAMS; k++)
        out->v[k] = NAN;
    out->v[D2_SCALE] = (float)d2_scale_of(scale, element);
    for (uint32_t k = 0; k < l->model->param.n; k++) {
        const struct model_param *m = &l->model->param.data[k];
        for (uint32_t j = 0; d2_is_bound(m) && j < m->on.n; j++)
            out->v[d2_find_param(m->on.name[j])] =
                d2_value(&l->param[k], element) + 0.0f; /* -0 is 0 */
    }
}

/* Equal ones stay in order. */
static int by_current(const void *x, const void *y)
{
    const struct d2_currents *p = *(const struct d2_currents *const *)x;
    const struct d2_currents *q = *(const struct d2_currents *const *)y;
    int c = memcmp(p, q, sizeof *p);
    return c ? c : (p > q) - (p < q);
}

void d2_find_flavours(struct d2_place *x)
{
    uint32_t *wish = ARENA_ARRAY(x->a, uint32_t, x->p.n_cells); /* of each cell */
    uint32_t *flavour = ARENA_ARRAY(x->a, uint32_t, x->p.n_cells);
    VEC(struct d2_currents) all = {0};
    for (uint32_t l = 0, cell = 0; l < x->n->layer.n; l++) {
        const struct net_layer *layer = &x->n->layer.data[l];
        struct d2_scale scale = find_scale(x, l);
        bool uniform = is_uniform(layer, &scale);
        for (uint32_t e = 0; e < layer->n; e++, cell++) {
            if (e == 0 || !uniform)
                find_currents(layer, &scale, e, VEC_ADD(x->a, &all));
            wish[cell] = all.n - 1;
        }
    }
    const struct d2_currents **order = ARENA_ARRAY(x->a, const struct d2_currents *, all.n);
    uint32_t *leader = ARENA_ARRAY(x->a, uint32_t, all.n), *number = NULL;
    for (uint32_t i = 0; i < all.n; i++)
        order[i] = &all.data[i];
    qsort(order, all.n, sizeof *order, by_current);
    for (uint32_t i = 0, before = 0; i < all.n; i++) {
        uint32_t at = (uint32_t)(order[i] - all.data);
        bool same = i > 0 && memcmp(order[i], order[i - 1], sizeof **order) == 0;
        leader[at] = same ? leader[before] : at;
        before = at;
    }
    number = ARENA_ARRAY(x->a, uint32_t, all.n); /* 1 + flavour, of each leader */
    x->current = ARENA_ARRAY(x->a, struct d2_currents, all.n);
    for (uint32_t c = 0; c < x->p.n_cells; c++) {
        uint32_t at = leader[wish[c]];
        if (!number[at]) {
            x->current[x->p.n_flavours] = all.data[at];
            number[at] = ++x->p.n_flavours;
        }
        flavour[c] = number[at] - 1;
    }
    x->p.flavour = flavour;
}

bool d2_cluster_flavours(struct d2_place *x)
{
    struct d2_problem *p = &x->p;
    struct d2_currents *current = ARENA_ARRAY(x->a, struct d2_currents, p->n_cells);
    struct d2_points points = {
        .n = p->n_cells,
        .current = current,
        .cluster = ARENA_ARRAY(x->a, int32_t, p->n_cells),
    };
    while (x->parts.n_blocks < p->max_blocks)
        d2_parts_open(p, &x->parts);
    uint32_t *room = ARENA_ARRAY(x->a, uint32_t, p->max_blocks), *flavour, space = 0, n_free = 0;
    for (uint32_t b = 0; b < p->max_blocks; b++) {
        room[b] = x->parts.block[b].room - x->parts.block[b].used;
        space += room[b];
    }
    for (uint32_t c = 0; c < p->n_cells; c++) {
        current[c] = x->current[p->flavour[c]];
        points.cluster[c] = x->parts.of[c];
        n_free += x->parts.of[c] == D2_NO_BLOCK;
    }
    if (n_free > space)
        return false;
    d2_cluster(&points, p->max_blocks, room);
    flavour = ARENA_ARRAY(x->a, uint32_t, p->n_cells);
    for (uint32_t c = 0; c < p->n_cells; c++) {
        flavour[c] = (uint32_t)points.cluster[c];
        if (x->parts.of[c] == D2_NO_BLOCK)
            d2_parts_put(p, &x->parts, c, flavour[c]);
    }
    p->flavour = flavour;
    p->n_flavours = p->max_blocks;
    for (uint32_t b = 0; b < p->max_blocks; b++)
        x->parts.block[b].flavour = (int32_t)b;
    return true;
}
