/* Layers that a pass multiplied as a whole, weights, biases and thresholds alike, as
 * discretization does: they do the same, in other units. */
#include "compiler/diff.h"

#include "targets/compile.h"

#include <math.h>

struct side {
    const struct net *n;
    const struct target_compiler *target;
    double *scale; /* of each layer, where it is to be undone; else 1 */
    bool any;
};

static struct side side_of(struct arena *a, const struct net *n)
{
    struct side s = {.n = n,
                     .target = n->board ? target_compiler_find(n->board->target) : NULL,
                     .scale = ARENA_ARRAY(a, double, n->layer.n)};
    for (uint32_t i = 0; i < n->layer.n; i++) {
        s.scale[i] = 1;
    }
    return s;
}

static double scale_of(const struct side *s, uint32_t layer)
{
    const float scale = s->n->layer.data[layer].scale;
    return s->target && s->target->undo_scale && scale > 0 ? (double)scale : 1;
}

static float value_of(const struct side *s, uint32_t layer, uint32_t param, uint32_t e,
                      double scale)
{
    const struct net_layer *l = &s->n->layer.data[layer];
    const float v = l->param[param].v[l->param[param].uniform ? 0 : e];
    return scale == 1 ? v : s->target->undo_scale(l->model, param, v, scale);
}

/* The largest relative error of a parameter, scales undone or as they are. */
static double worst(const struct side *x, uint32_t i, const struct side *y, uint32_t k, bool undo)
{
    const struct net_layer *lx = &x->n->layer.data[i], *ly = &y->n->layer.data[k];
    const double sx = undo ? scale_of(x, i) : 1, sy = undo ? scale_of(y, k) : 1;
    double most = 0;
    for (uint32_t p = 0; p < lx->model->param.n; p++) {
        const int q = model_find_param(ly->model, lx->model->param.data[p].name);
        for (uint32_t e = 0; q >= 0 && e < lx->n && e < ly->n; e++) {
            const double error = diff_relative_error((double)value_of(x, i, p, e, sx),
                                                     (double)value_of(y, k, (uint32_t)q, e, sy));
            most = isnan(error) ? INFINITY : fmax(most, error);
        }
    }
    return most;
}

static struct net_column *undo_params(struct arena *a, const struct side *s, uint32_t layer)
{
    const struct net_layer *l = &s->n->layer.data[layer];
    struct net_column *out = ARENA_ARRAY(a, struct net_column, l->model->param.n);
    for (uint32_t p = 0; p < l->model->param.n; p++) {
        out[p] = l->param[p];
        const uint32_t n = out[p].uniform ? 1 : l->n;
        out[p].v = ARENA_ARRAY(a, float, n);
        for (uint32_t e = 0; e < n; e++) {
            out[p].v[e] = value_of(s, layer, p, e, s->scale[layer]);
        }
    }
    return out;
}

static float *divided(struct arena *a, const float *v, size_t n, double scale)
{
    float *out = v ? ARENA_ARRAY(a, float, n) : NULL;
    for (size_t i = 0; v && i < n; i++) {
        out[i] = (float)((double)v[i] / scale);
    }
    return out;
}

static void undo_connection(struct arena *a, struct net_connection *c, uint32_t n_post,
                            double scale)
{
    c->bias = divided(a, c->bias, c->conv ? c->conv->out : n_post, scale);
    if (c->conv) {
        struct conv *v = ARENA_NEW(a, struct conv);
        *v = *c->conv;
        v->w = divided(a, v->w, (size_t)conv_count(v), scale);
        c->conv = v;
    } else {
        c->weight = divided(a, c->weight, (size_t)c->row[c->n_pre], scale);
    }
}

static const struct net *undo(struct arena *a, const struct side *s)
{
    if (!s->any) {
        return s->n;
    }
    struct net *n = ARENA_NEW(a, struct net);
    *n = *s->n;
    memset(&n->layer, 0, sizeof n->layer);
    memset(&n->connection, 0, sizeof n->connection);
    for (uint32_t i = 0; i < s->n->layer.n; i++) {
        struct net_layer l = s->n->layer.data[i];
        if (s->scale[i] != 1) {
            l.param = undo_params(a, s, i);
        }
        VEC_PUSH(a, &n->layer, l);
    }
    for (uint32_t i = 0; i < s->n->connection.n; i++) {
        struct net_connection c = s->n->connection.data[i];
        if (s->scale[c.dst] != 1) {
            undo_connection(a, &c, n->layer.data[c.dst].n, s->scale[c.dst]);
        }
        VEC_PUSH(a, &n->connection, c);
    }
    return n;
}

void diff_undo_scales(struct arena *a, const struct net **na, const struct net **nb,
                      struct diff *out)
{
    struct side x = side_of(a, *na), y = side_of(a, *nb);
    for (uint32_t i = 0; i < x.n->layer.n; i++) {
        const int k = net_find_layer(y.n, x.n->layer.data[i].name);
        if (k < 0) {
            continue;
        }
        const double sx = scale_of(&x, i), sy = scale_of(&y, (uint32_t)k);
        if (sx == sy ||
            worst(&x, i, &y, (uint32_t)k, true) >= worst(&x, i, &y, (uint32_t)k, false)) {
            continue;
        }
        x.scale[i] = sx;
        y.scale[k] = sy;
        x.any = x.any || sx != 1;
        y.any = y.any || sy != 1;
        VEC_PUSH(a, &out->scale, ((struct diff_scale){x.n->layer.data[i].name, sx, sy}));
    }
    *na = undo(a, &x);
    *nb = undo(a, &y);
}
