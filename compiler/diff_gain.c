#include "compiler/diff.h"

#include "targets/compile.h"

#include <math.h>

float diff_undo_gain(const struct diff_gain *g, uint32_t param, uint32_t element, float value)
{
    if (g && g->scale[param]) {
        return (float)((double)value / g->factor[element]);
    }
    if (g && g->gain[param]) {
        return (float)((double)value * g->factor[element]);
    }
    return value;
}

static double value(const struct net_column *c, uint32_t element)
{
    return (double)c->v[c->uniform ? 0 : element];
}

/* What the target says of the receptors that connections reach. */
static bool mark(const struct net *na, const struct net *nb, uint32_t layer, struct diff_gain *g)
{
    const struct board *board = nb->board ? nb->board : na->board;
    const struct target_compiler *t = board ? target_compiler_find(board->target) : NULL;
    bool any = false;
    for (uint32_t i = 0; t && t->gain_of && i < nb->connection.n; i++) {
        const struct net_connection *c = &nb->connection.data[i];
        if (c->dst != layer) {
            continue;
        }
        if (!t->gain_of(nb->layer.data[layer].model, c->receptor, g->scale, g->gain)) {
            return false;
        }
        any = true;
    }
    return any;
}

/* The factors are those of the first parameter that is a scale. */
static bool take_factors(const struct net_layer *x, const struct net_layer *y, struct diff_gain *g)
{
    uint32_t k = 0;
    while (k < y->model->param.n && !g->scale[k]) {
        k++;
    }
    int p = k < y->model->param.n ? model_find_param(x->model, y->model->param.data[k].name) : -1;
    bool moved = false;
    for (uint32_t e = 0; p >= 0 && e < g->n; e++) {
        g->factor[e] = value(&y->param[k], e) / value(&x->param[p], e);
        if (!isfinite(g->factor[e]) || g->factor[e] <= 0) {
            return false;
        }
        moved = moved || g->factor[e] != 1;
    }
    return moved;
}

/* The largest relative error of the marked parameters, with the factor undone or as they are. */
static double worst(const struct net_layer *x, const struct net_layer *y, const struct diff_gain *g,
                    bool undo)
{
    double most = 0;
    for (uint32_t k = 0; k < y->model->param.n; k++) {
        int p = model_find_param(x->model, y->model->param.data[k].name);
        for (uint32_t e = 0; (g->scale[k] || g->gain[k]) && p >= 0 && e < g->n; e++) {
            double a = value(&x->param[p], e), b = value(&y->param[k], e);
            if (undo) {
                b = (double)diff_undo_gain(g, k, e, (float)b);
            }
            most = fmax(most, diff_relative_error(a, b));
        }
    }
    return most;
}

bool diff_find_gain(struct arena *a, const struct net *na, const struct net_layer *x,
                    const struct net *nb, uint32_t y, struct diff_gain *out)
{
    const struct net_layer *ly = &nb->layer.data[y];
    *out = (struct diff_gain){
        .layer = x->name,
        .n = x->n,
        .factor = ARENA_ARRAY(a, double, x->n),
        .scale = ARENA_ARRAY(a, bool, ly->model->param.n),
        .gain = ARENA_ARRAY(a, bool, ly->model->param.n),
    };
    return x->n == ly->n && mark(na, nb, y, out) && take_factors(x, ly, out) &&
           worst(x, ly, out, true) < worst(x, ly, out, false);
}
