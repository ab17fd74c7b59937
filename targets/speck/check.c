/* What the chip can do of what a network asks for. */
#include "targets/speck/passes.h"
#include "targets/speck/reasons.h"
#include <math.h>

/* ---- layers ---- */

static uint32_t different_values(const struct net_column *c, uint32_t n)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < n && found <= SPECK_DESTINATIONS; i++) {
        uint32_t k = 0;
        while (k < i && c->v[k] != c->v[i])
            k++;
        found += k == i;
    }
    return found;
}

/* Connections of the same source. */
static uint32_t count_uses(const struct net *n, bool from_input, uint32_t src)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        used += c->from_input == from_input && c->src == src;
    }
    return used;
}

/* Whether two layers can take the place of one: all that it hears has a destination left, and there
 * is a core more. */
static bool can_be_two(const struct net *n, uint32_t layer)
{
    bool ok = n->layer.n < SPECK_CORES;
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        const bool anywhere = c->from_input && !n->input.data[c->src].sensor;
        if (c->dst == layer && !anywhere)
            ok = ok && count_uses(n, c->from_input, c->src) < SPECK_DESTINATIONS;
        if (!c->from_input && c->src == layer && c->dst == layer)
            ok = false; /* each of them would be heard by both */
    }
    return ok;
}

/* One value for a whole layer, which a core has. */
static bool is_one(const struct net *n, uint32_t layer, uint32_t param, struct diags *d)
{
    const struct net_layer *l = &n->layer.data[layer];
    if (l->param[param].uniform)
        return true;
    const bool theta = param == speck_params_of(l->model).threshold;
    const bool two = different_values(&l->param[param], l->n) == 2 && can_be_two(n, layer);
    struct diag *g =
        diag_add(d, E0602, l->span, "neurons of layer `%s` differ in `%s`: a core has one for all",
                 l->name, l->model->param.data[param].name);
    diag_hint(d, g, "give all one value%s%s",
              theta ? ", and divide the weights onto each neuron by what it had" : "",
              two ? "; or make two layers of it, one for each value" : "");
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
    if (!is_one(n, layer, p.threshold, d) || !is_one(n, layer, p.v_min, d) ||
        !is_one(n, layer, p.reset_to_zero, d))
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

/* Pools that a core has and with which the layer fits, the nearest first. */
static void hint_pools(const struct net *n, const struct net_connection *c, struct diags *d,
                       struct diag *g)
{
    const uint32_t most = c->pool[0] > c->pool[1] ? c->pool[0] : c->pool[1];
    const uint32_t near[2][3] = {{2, 1, 4}, {4, 2, 1}};
    struct buf b = {0};
    for (uint32_t i = 0; i < 3; i++) {
        struct net_connection other = *c;
        other.pool[0] = other.pool[1] = near[most > 2][i];
        const struct speck_layer l = speck_geometry_of(n, &other);
        if (speck_fits(&l, SPECK_ALL_CORES))
            buf_printf(&b, "%s`%s = %u`", b.n ? ", or " : "", c->average ? "average_pool" : "pool",
                       other.pool[0]);
    }
    if (b.n > 0)
        diag_hint(d, g, "the layer fits with %s", b.data);
    buf_free(&b);
}

static void check_pool(const struct net *n, const struct net_connection *c, struct diags *d)
{
    uint32_t y = c->pool[0], x = c->pool[1];
    if (!c->from_input && (y != x || !speck_is_pool(y))) {
        struct diag *g = diag_add(d, E0602, c->span,
                                  "a pool of %u x %u: a core has 1 x 1, 2 x 2 and 4 x 4", y, x);
        hint_pools(n, c, d, g);
    } else if (y > UINT8_MAX || x > UINT8_MAX) {
        diag_add(d, E0602, c->span, "a pool of %u x %u is too large", y, x);
    }
}

static void check_connection(const struct net *n, const struct net_connection *c, struct diags *d)
{
    const struct net_layer *l = &n->layer.data[c->dst];
    uint32_t map[3];
    check_pool(n, c, d);
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
    const uint32_t used = count_uses(n, from_input, src);
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
