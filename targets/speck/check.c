/* What the chip can do of what a network asks for. */
#include "targets/speck/passes.h"
#include <math.h>

/* ---- layers ---- */

/* One value for a whole layer, which a core has. */
static bool is_one(const struct net_layer *l, uint32_t param, struct diags *d)
{
    if (l->param[param].uniform)
        return true;
    diag_add(d, E0602, l->span, "neurons of layer `%s` differ in `%s`: a core has one for all",
             l->name, l->model->param.data[param].name);
    return false;
}

static void check_layer(const struct net *n, uint32_t layer, struct diags *d)
{
    const struct net_layer *l = &n->layer.data[layer];
    struct speck_params p = speck_params_of(l->model);
    bool heard = false;
    for (uint32_t i = 0; i < n->connection.n; i++)
        heard = heard || n->connection.data[i].dst == layer;
    if (!heard)
        diag_add(d, E0602, l->span, "layer `%s` hears nothing: a core needs a source", l->name);
    if (!is_one(l, p.threshold, d) || !is_one(l, p.v_min, d) || !is_one(l, p.reset_to_zero, d))
        return;
    float threshold = l->param[p.threshold].v[0], v_min = l->param[p.v_min].v[0];
    if (!(threshold > 0) || isinf(threshold))
        diag_add(d, E0602, l->span, "the threshold of layer `%s` is %g, a core's is above 0",
                 l->name, (double)threshold);
    if (!(v_min < 0))
        diag_add(d, E0602, l->span, "`v_min` of layer `%s` is %g, a core's is below 0", l->name,
                 (double)v_min);
}

/* ---- inputs and connections ---- */

static void check_inputs(const struct net *n, struct diags *d)
{
    const struct net_input *first = NULL;
    for (uint32_t i = 0; i < n->input.n; i++) {
        const struct net_input *in = &n->input.data[i];
        const struct sensor *s = in->sensor;
        if (!s)
            continue;
        if (first) {
            struct diag *g =
                diag_add(d, E0602, in->span, "`%s` is a second sensor, the chip has one", in->name);
            diag_label(d, g, first->span, "the first");
        }
        first = in;
        if (s->raw[0] > 2 || s->raw[1] > SPECK_SENSOR || s->raw[2] > SPECK_SENSOR)
            diag_add(d, E0602, in->span, "`%s` has %u x %u pixels, the chip's sensor has %d x %d",
                     in->name, s->raw[1], s->raw[2], SPECK_SENSOR, SPECK_SENSOR);
        if (!speck_is_pool(s->pool[0]) || !speck_is_pool(s->pool[1]))
            diag_add(d, E0602, in->span, "the pool of `%s` is %u x %u: 1, 2 and 4 can be had",
                     in->name, s->pool[0], s->pool[1]);
    }
}

static void check_pool(const struct net_connection *c, struct diags *d)
{
    uint32_t y = c->pool[0], x = c->pool[1];
    if (!c->from_input && (y != x || !speck_is_pool(y))) {
        diag_add(d, E0602, c->span, "a pool of %u x %u: a core has 1 x 1, 2 x 2 and 4 x 4", y, x);
    } else if (y > UINT8_MAX || x > UINT8_MAX) {
        diag_add(d, E0602, c->span, "a pool of %u x %u is too large", y, x);
    }
}

static void check_connection(const struct net *n, const struct net_connection *c, struct diags *d)
{
    const struct net_layer *l = &n->layer.data[c->dst];
    uint32_t map[3];
    check_pool(c, d);
    if (c->delay > 0)
        diag_add(d, E0602, c->span, "a delay of %u steps: the chip has no delays", c->delay);
    if (c->conv)
        return;
    speck_map_of(&l->shape, map);
    if (map[1] != 1 || map[2] != 1) {
        struct diag *g = diag_add(d, E0602, c->span,
                                  "layer `%s` is a map of %u x %u with weights for each neuron: a "
                                  "core's weights are the same all over its map",
                                  l->name, map[1], map[2]);
        diag_hint(d, g, "declare it `layer %s[%u]`, or connect it by `conv2d`", l->name, l->n);
    }
}

/* Every connection of a source takes one of its destinations. */
static void check_fan_out(const struct net *n, bool from_input, uint32_t src, const char *name,
                          struct span span, struct diags *d)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        used += c->from_input == from_input && c->src == src;
    }
    if (used <= SPECK_DESTINATIONS)
        return;
    struct diag *g = diag_add(d, E0601, span, "`%s` has %u connections, the chip sends to %d", name,
                              used, SPECK_DESTINATIONS);
    diag_hint(d, g, "let one layer with the features of several take their place");
}

bool speck_check(const struct net *n, struct diags *d)
{
    uint32_t before = d->n_errors;
    check_inputs(n, d);
    for (uint32_t i = 0; i < n->layer.n; i++) {
        check_layer(n, i, d);
        check_fan_out(n, false, i, n->layer.data[i].name, n->layer.data[i].span, d);
    }
    for (uint32_t i = 0; i < n->input.n; i++)
        if (n->input.data[i].sensor)
            check_fan_out(n, true, i, n->input.data[i].name, n->input.data[i].span, d);
    for (uint32_t i = 0; i < n->connection.n; i++)
        check_connection(n, &n->connection.data[i], d);
    return d->n_errors == before;
}
