/* Pass `discretize`: every connection a convolution, every number the chip's. */
#include "targets/speck/passes.h"
#include <math.h>

/* ---- connections ---- */

static bool no_memory(const struct net_layer *l, struct diags *d)
{
    diag_add(d, E0601, l->span, "there is no memory for the weights of layer `%s`", l->name);
    return false;
}

/* A convolution of its own, in which the pool's average is part of the weights. */
static bool convert_connection(struct net *n, struct net_connection *c, struct diags *d)
{
    const struct net_layer *l = &n->layer.data[c->dst];
    struct speck_layer g = speck_geometry_of(n, c);
    if (!speck_tell_fit(n, c->dst, &g, d))
        return false;
    struct conv *v = ARENA_NEW(n->arena, struct conv);
    *v = (struct conv){.out = g.out,
                       .in = g.in,
                       .kernel = {g.kernel[0], g.kernel[1]},
                       .stride = {g.stride[0], g.stride[1]},
                       .padding = {g.padding[0], g.padding[1]}};
    size_t count = (size_t)conv_count(v);
    v->w = arena_try(n->arena, count, sizeof *v->w);
    if (!v->w)
        return no_memory(l, d);
    if (c->conv)
        memcpy(v->w, c->conv->w, count * sizeof *v->w);
    else
        speck_dense_kernel((uint32_t[]){g.in, g.map[0], g.map[1]}, c->row, c->post, c->weight,
                           v->w);
    if (c->average)
        speck_multiply(v->w, count, speck_area_factor(c->pool[0], c->pool[1]));
    c->conv = v;
    c->average = false;
    c->row = NULL;
    c->post = NULL;
    c->weight = NULL;
    return true;
}

static void convert_shape(struct net_shape *s)
{
    uint32_t map[3];
    speck_map_of(s, map);
    s->rank = 3;
    memcpy(s->extent, map, sizeof map);
}

static bool convert(struct net *n, struct diags *d)
{
    bool ok = true;
    for (uint32_t i = 0; i < n->connection.n; i++)
        ok = convert_connection(n, &n->connection.data[i], d) && ok;
    for (uint32_t i = 0; i < n->input.n; i++)
        convert_shape(&n->input.data[i].shape);
    for (uint32_t i = 0; i < n->layer.n; i++)
        convert_shape(&n->layer.data[i].shape);
    return ok;
}

/* ---- numbers ---- */

struct numbers { /* of one layer: floats, and what becomes of them */
    float *weights, *biases, *state;
    size_t n_weights, n_biases, n_state;
    int32_t *q_weights;
    float scale;
};

/* All sources' weights one after the other, the sum of their biases, and the initial state where
 * there is one. */
static bool gather(struct arena *a, const struct net *n, uint32_t layer, struct numbers *x)
{
    const struct net_layer *l = &n->layer.data[layer];
    uint32_t out = l->shape.extent[0];
    *x = (struct numbers){0};
    for (uint32_t i = 0; i < n->connection.n; i++)
        x->n_weights +=
            n->connection.data[i].dst == layer ? (size_t)conv_count(n->connection.data[i].conv) : 0;
    x->weights = arena_try(a, x->n_weights, sizeof *x->weights);
    x->q_weights = arena_try(a, x->n_weights, sizeof *x->q_weights);
    if (!x->weights || !x->q_weights)
        return false;
    size_t at = 0;
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        if (c->dst != layer)
            continue;
        size_t count = (size_t)conv_count(c->conv);
        memcpy(x->weights + at, c->conv->w, count * sizeof *x->weights);
        at += count;
        if (c->bias && !x->biases)
            x->biases = ARENA_ARRAY(a, float, out);
        x->n_biases = x->biases ? out : 0;
        for (uint32_t k = 0; c->bias && k < out; k++)
            x->biases[k] += c->bias[k];
    }
    x->state = l->init[0].v;
    for (uint32_t i = 0; i < (l->init[0].uniform ? 1 : l->n); i++)
        x->n_state = x->state[i] != 0 ? (l->init[0].uniform ? 1 : l->n) : x->n_state;
    return true;
}

static bool all_whole(const float *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (v[i] != rintf(v[i]))
            return false;
    return true;
}

/* Whole numbers stay exact: they are multiplied by a whole number only. */
static float scale_of(const struct numbers *x, float threshold, float v_min)
{
    struct speck_scales parts;
    struct speck_real l = {.weights = x->weights,
                           .biases = x->biases,
                           .state = x->state,
                           .n_weights = x->n_weights,
                           .n_biases = x->n_biases,
                           .n_state = x->n_state,
                           .threshold = threshold,
                           .v_min = v_min,
                           .bounded = !isinf(v_min)};
    float scale = speck_layer_scale(&l, SPECK_FREE, &parts);
    bool whole = all_whole(x->weights, x->n_weights) && all_whole(x->biases, x->n_biases) &&
                 all_whole(x->state, x->n_state) && threshold == rintf(threshold) &&
                 (isinf(v_min) || v_min == rintf(v_min));
    return whole && scale >= 1 ? floorf(scale) : scale;
}

/* Weights, and the biases of all as those of the first connection. */
static void set_connections(struct arena *a, struct net *n, uint32_t layer, struct numbers *x)
{
    speck_round(x->weights, x->n_weights, x->scale, 127, x->q_weights);
    int32_t *biases = ARENA_ARRAY(a, int32_t, x->n_biases);
    speck_round(x->biases, x->n_biases, x->scale, SPECK_MAX_STATE, biases);
    float *sum = NULL;
    for (size_t i = 0; i < x->n_biases; i++) {
        if (biases[i] != 0 && !sum)
            sum = ARENA_ARRAY(n->arena, float, x->n_biases);
        if (biases[i] != 0)
            sum[i] = (float)biases[i];
    }
    const int32_t *q = x->q_weights;
    for (uint32_t i = 0; i < n->connection.n; i++) {
        struct net_connection *c = &n->connection.data[i];
        if (c->dst != layer)
            continue;
        size_t count = (size_t)conv_count(c->conv);
        for (size_t k = 0; k < count; k++)
            c->conv->w[k] = (float)*q++;
        c->bias = sum;
        sum = NULL;
    }
}

static void set_param(struct net *n, uint32_t layer, uint32_t param, int32_t value)
{
    net_layer_set(n, layer, param, &(double){value}, true);
}

static bool set_layer(struct arena *a, struct net *n, uint32_t layer, const struct numbers *x,
                      struct diags *d)
{
    struct net_layer *l = &n->layer.data[layer];
    struct speck_params p = speck_params_of(l->model);
    l->scale = x->scale;
    float ends[2] = {l->param[p.threshold].v[0], l->param[p.v_min].v[0]};
    int32_t q[2] = {0, SPECK_MIN_STATE};
    speck_round(ends, isinf(ends[1]) ? 1 : 2, x->scale, SPECK_MAX_STATE, q);
    if (q[0] < 1 || q[1] > -1) {
        struct diag *g =
            diag_add(d, E0602, l->span,
                     "%s of layer `%s` becomes 0: its largest weight or bias is %g times "
                     "that, a core has 8 bits for it",
                     q[0] < 1 ? "the threshold" : "`v_min`", l->name,
                     127 / (double)x->scale / fabs((double)ends[q[0] < 1 ? 0 : 1]));
        diag_hint(d, g, "weights beyond the threshold do what the threshold does");
        return false;
    }
    set_param(n, layer, p.threshold, q[0]);
    set_param(n, layer, p.v_min, q[1]);
    if (x->n_state == 0)
        return true;
    int32_t *state = ARENA_ARRAY(a, int32_t, x->n_state);
    speck_round(x->state, x->n_state, x->scale, SPECK_MAX_STATE, state);
    float *v = ARENA_ARRAY(n->arena, float, x->n_state);
    for (size_t i = 0; i < x->n_state; i++)
        v[i] = (float)state[i];
    l->init[0] = (struct net_column){.v = v, .uniform = x->n_state == 1, .set = true};
    return true;
}

/* ---- what is told ---- */

/* Features of the layer all of whose weights became 0. */
static uint32_t dead_features(struct arena *a, const struct net *n, uint32_t layer,
                              const struct numbers *x)
{
    uint32_t out = n->layer.data[layer].shape.extent[0], dead = 0;
    bool *had = ARENA_ARRAY(a, bool, out), *has = ARENA_ARRAY(a, bool, out);
    size_t at = 0;
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        size_t count = c->dst == layer ? (size_t)conv_count(c->conv) : 0;
        for (size_t k = 0; k < count; k++, at++) {
            had[k / (count / out)] |= x->weights[at] != 0;
            has[k / (count / out)] |= x->q_weights[at] != 0;
        }
    }
    for (uint32_t f = 0; f < out; f++)
        dead += had[f] && !has[f];
    return dead;
}

static void tell(struct arena *a, const struct net *n, uint32_t layer, const struct numbers *x,
                 struct target_report *r, struct diags *d)
{
    const struct net_layer *l = &n->layer.data[layer];
    double power = 0, error = 0;
    size_t lost = 0;
    for (size_t i = 0; i < x->n_weights; i++) {
        double w = x->weights[i], off = x->q_weights[i] / (double)x->scale - w;
        power += w * w;
        error += off * off;
        lost += w != 0 && x->q_weights[i] == 0;
    }
    uint32_t dead = dead_features(a, n, layer, x);
    buf_printf(&r->text, "discretize: %s: scale %g, weights off by %.2g %% (rms)", l->name,
               (double)x->scale, power > 0 ? 100 * sqrt(error / power) : 0);
    buf_printf(&r->text, ", %zu of %zu become 0, %u of %u features dead\n", lost, x->n_weights,
               dead, l->shape.extent[0]);
    if (dead == 0)
        return;
    struct diag *g =
        diag_add(d, W0654, l->span, "all weights of %u of the %u features of layer `%s` become 0",
                 dead, l->shape.extent[0], l->name);
    diag_hint(d, g, "they are small against the layer's largest weight or bias, which has 8 bits");
}

static bool discretize_layer(struct net *n, uint32_t layer, struct target_report *r,
                             struct diags *d)
{
    struct arena scratch = {0};
    struct numbers x;
    const struct net_layer *l = &n->layer.data[layer];
    struct speck_params p = speck_params_of(l->model);
    bool ok = gather(&scratch, n, layer, &x);
    if (!ok)
        no_memory(l, d);
    if (ok) {
        x.scale = scale_of(&x, l->param[p.threshold].v[0], l->param[p.v_min].v[0]);
        set_connections(&scratch, n, layer, &x);
        ok = set_layer(&scratch, n, layer, &x, d);
        tell(&scratch, n, layer, &x, r, d);
    }
    arena_free(&scratch);
    return ok;
}

bool speck_discretize(struct net *n, const struct target_options *o, struct target_report *r,
                      struct diags *d)
{
    (void)o;
    if (!speck_check(n, d) || !convert(n, d))
        return false;
    bool ok = true;
    for (uint32_t i = 0; i < n->layer.n; i++)
        ok = discretize_layer(n, i, r, d) && ok;
    return ok;
}
