/* One layer's numbers. */
#include "targets/speck/numbers.h"
#include "targets/speck/passes.h"
#include <math.h>

static bool no_memory(const struct net_layer *l, struct diags *d)
{
    diag_add(d, E0601, l->span, "there is no memory for the weights of layer `%s`", l->name);
    return false;
}

/* All sources' weights one after the other, and the sum of their biases. */
static void gather_connections(struct arena *a, const struct net *n, struct speck_numbers *x)
{
    const uint32_t out = n->layer.data[x->layer].shape.extent[0];
    size_t at = 0;
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        if (c->dst != x->layer)
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
}

static bool all_whole(const float *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (v[i] != rintf(v[i]))
            return false;
    return true;
}

bool speck_gather(struct arena *a, const struct net *n, uint32_t layer, struct speck_numbers *x,
                  struct diags *d)
{
    const struct net_layer *l = &n->layer.data[layer];
    const struct speck_params p = speck_params_of(l->model);
    const uint32_t n_state = l->init[0].uniform ? 1 : l->n;
    *x = (struct speck_numbers){.layer = layer,
                                .threshold = l->param[p.threshold].v[0],
                                .v_min = l->param[p.v_min].v[0],
                                .state = l->init[0].v};
    for (uint32_t i = 0; i < n->connection.n; i++)
        if (n->connection.data[i].dst == layer)
            x->n_weights += (size_t)conv_count(n->connection.data[i].conv);
    x->weights = arena_try(a, x->n_weights, sizeof *x->weights);
    x->rounded = arena_try(a, x->n_weights, sizeof *x->rounded);
    if (!x->weights || !x->rounded)
        return no_memory(l, d);
    gather_connections(a, n, x);
    for (uint32_t i = 0; i < n_state; i++)
        x->n_state = x->state[i] != 0 ? n_state : x->n_state;
    x->whole = all_whole(x->weights, x->n_weights) && all_whole(x->biases, x->n_biases) &&
               all_whole(x->state, x->n_state) && x->threshold == rintf(x->threshold) &&
               (isinf(x->v_min) || x->v_min == rintf(x->v_min));
    return true;
}

float speck_common_scale(const struct speck_numbers *x, enum target_like like)
{
    struct speck_scales parts;
    struct speck_real l = {.weights = x->weights,
                           .biases = x->biases,
                           .state = x->state,
                           .n_weights = x->n_weights,
                           .n_biases = x->n_biases,
                           .n_state = x->n_state,
                           .threshold = x->threshold,
                           .v_min = x->v_min,
                           .bounded = !isinf(x->v_min)};
    if (like != TARGET_LIKE_NONE)
        return speck_layer_scale(&l, SPECK_AS_SINABS, &parts);
    float scale = speck_layer_scale(&l, SPECK_FREE, &parts);
    return x->whole && scale >= 1 ? floorf(scale) : scale;
}

/* Weights, and the biases of all as those of the first connection. */
static void set_connections(struct arena *a, struct net *n, struct speck_numbers *x)
{
    speck_round(x->weights, x->n_weights, x->scale, 127, x->rounded);
    int32_t *biases = ARENA_ARRAY(a, int32_t, x->n_biases);
    speck_round(x->biases, x->n_biases, x->scale, SPECK_MAX_STATE, biases);
    float *sum = NULL;
    for (size_t i = 0; i < x->n_biases; i++) {
        if (biases[i] != 0 && !sum)
            sum = ARENA_ARRAY(n->arena, float, x->n_biases);
        if (biases[i] != 0)
            sum[i] = (float)biases[i];
    }
    const int32_t *q = x->rounded;
    for (uint32_t i = 0; i < n->connection.n; i++) {
        struct net_connection *c = &n->connection.data[i];
        if (c->dst != x->layer)
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

static void set_state(struct arena *a, struct net *n, struct speck_numbers *x)
{
    int32_t *state = ARENA_ARRAY(a, int32_t, x->n_state);
    speck_round(x->state, x->n_state, x->scale, SPECK_MAX_STATE, state);
    float *v = ARENA_ARRAY(n->arena, float, x->n_state);
    for (size_t i = 0; i < x->n_state; i++)
        v[i] = (float)state[i];
    n->layer.data[x->layer].init[0] =
        (struct net_column){.v = v, .uniform = x->n_state == 1, .set = true};
}

static bool becomes_zero(const struct net_layer *l, const struct speck_numbers *x, bool threshold,
                         struct diags *d)
{
    const double end = fabs((double)(threshold ? x->threshold : x->v_min));
    struct diag *g =
        diag_add(d, E0602, l->span,
                 "%s of layer `%s` becomes 0: its largest weight or bias is %g times "
                 "that, a core has 8 bits for it",
                 threshold ? "the threshold" : "`v_min`", l->name, 127 / (double)x->scale / end);
    diag_hint(d, g, "weights beyond the threshold do what the threshold does");
    return false;
}

bool speck_set_numbers(struct net *n, struct speck_numbers *x, float scale, struct diags *d)
{
    const struct net_layer *l = &n->layer.data[x->layer];
    const struct speck_params p = speck_params_of(l->model);
    const float ends[2] = {x->threshold, x->v_min};
    int32_t q[2] = {0, SPECK_MIN_STATE};
    speck_round(ends, isinf(ends[1]) ? 1 : 2, scale, SPECK_MAX_STATE, q);
    x->scale = scale;
    if (q[0] < 1 || q[1] > -1)
        return becomes_zero(l, x, q[0] < 1, d);
    struct arena scratch = {0};
    set_connections(&scratch, n, x);
    n->layer.data[x->layer].scale = scale;
    set_param(n, x->layer, p.threshold, q[0]);
    set_param(n, x->layer, p.v_min, q[1]);
    if (x->n_state > 0)
        set_state(&scratch, n, x);
    arena_free(&scratch);
    return true;
}
