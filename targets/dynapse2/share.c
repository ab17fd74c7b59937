/* Neurons of a core have the same currents: where they want different ones, all get the mean. */
#include "targets/dynapse2/passes.h"
#include <math.h>

enum { CORES_TOLD = 8 };

struct mean {
    double sum, first;
    uint32_t count;
    bool differ;
};

struct worst { /* the largest relative error of a core */
    double error, wanted, mean;
    uint32_t layer, element, param;
    uint32_t device; /* of the parameter's */
};

/* New values of a layer's parameters: v[param][element]. */
struct values {
    double **v;
};

static void add_neuron(const struct net *n, const struct board_neuron *x,
                       struct mean mean[D2_N_PARAMS])
{
    const struct net_layer *l = &n->layer.data[x->layer];
    for (uint32_t p = 0; p < l->model->param.n; p++) {
        const struct model_param *m = &l->model->param.data[p];
        double value = (double)d2_value(&l->param[p], x->element);
        for (uint32_t k = 0; d2_is_bound(m) && k < m->on.n; k++) {
            struct mean *q = &mean[d2_find_param(m->on.name[k])];
            if (q->count == 0)
                q->first = value;
            q->differ = q->differ || value != q->first;
            q->sum += value;
            q->count++;
        }
    }
}

/* The first device parameter of a bias decides: the others got the same wishes. Where the board
 * section programs the first one, which is as it is, each of the others becomes its own mean. */
static void take_mean(const struct net *n, const struct board_core *c, const struct board_neuron *x,
                      const struct mean mean[D2_N_PARAMS], struct values *out, struct worst *w)
{
    const struct net_layer *l = &n->layer.data[x->layer];
    for (uint32_t p = 0; p < l->model->param.n; p++) {
        const struct model_param *m = &l->model->param.data[p];
        bool decided = false;
        for (uint32_t k = 0; d2_is_bound(m) && k < m->on.n && !decided; k++) {
            const struct mean *q = &mean[d2_find_param(m->on.name[k])];
            if (!q->differ || board_find_bias(c, m->on.name[k]))
                continue;
            double wanted = (double)d2_value(&l->param[p], x->element), got = q->sum / q->count;
            double error = fabs(got - wanted) / fmax(wanted, 1e-18);
            decided = k == 0;
            if (decided)
                out[x->layer].v[p][x->element] = got;
            if (error > w->error)
                *w = (struct worst){error, wanted, got, (uint32_t)x->layer, x->element, p, k};
        }
    }
}

static void share_core(const struct net *n, const struct board_core *c, struct values *out,
                       struct worst *w)
{
    struct mean mean[D2_N_PARAMS] = {0};
    for (uint32_t i = 0; i < c->neuron.n; i++) {
        if (c->neuron.data[i].layer >= 0)
            add_neuron(n, &c->neuron.data[i], mean);
    }
    for (uint32_t i = 0; i < c->neuron.n; i++) {
        if (c->neuron.data[i].layer >= 0)
            take_mean(n, c, &c->neuron.data[i], mean, out, w);
    }
}

static void warn(const struct net *n, const struct board_core *c, const struct worst *w, bool near,
                 struct diags *d)
{
    const struct net_layer *l = &n->layer.data[w->layer];
    const struct model_param *m = &l->model->param.data[w->param];
    const char *on = w->device > 0 ? arena_printf(&d->arena, " on %s", m->on.name[w->device]) : "";
    struct diag *g =
        diag_add(d, W0652, l->span,
                 "different currents share chip %u core %u: `%s` of `%s` becomes %s%s, "
                 "%s were wanted (%+.1f %%)",
                 c->chip, c->core, m->name, d2_neuron_name(&d->arena, n, w->layer, w->element),
                 unit_text(&d->arena, w->mean, DIM_CURRENT), on,
                 unit_text(&d->arena, w->wanted, DIM_CURRENT),
                 100 * (w->mean - w->wanted) / fmax(w->wanted, 1e-18));
    if (near)
        diag_hint(d, g,
                  "this is the largest error; on cores of their own these currents would be "
                  "on more chips than some neuron reaches");
    else
        diag_hint(d, g,
                  "this is the largest error; at most %u different sets of currents are exact",
                  d2_grid_chips(d2_grid_of(n->board)) * D2_CORES);
}

/* The cores with the largest errors, in their order; the others together. */
static void warn_all(const struct net *n, const struct worst *w, bool near, struct diags *d)
{
    double least = 0; /* errors above it are told one by one */
    uint32_t more = 0;
    for (uint32_t told = UINT32_MAX; told > CORES_TOLD;) {
        double next = INFINITY;
        told = 0;
        for (uint32_t i = 0; i < n->board->core.n; i++) {
            told += w[i].error > least;
            next = w[i].error > least ? fmin(next, w[i].error) : next;
        }
        if (told > CORES_TOLD)
            least = next;
    }
    for (uint32_t i = 0; i < n->board->core.n; i++) {
        if (w[i].error > least)
            warn(n, &n->board->core.data[i], &w[i], near, d);
        else
            more += w[i].error > 0;
    }
    if (more > 0)
        diag_add(d, W0652, n->span,
                 "different currents share %u more cores, with errors up to %.1f %%", more,
                 100 * least);
}

void d2_share_currents(struct net *n, bool near, struct diags *d)
{
    struct arena a = {0};
    struct values *out = ARENA_ARRAY(&a, struct values, n->layer.n);
    for (uint32_t l = 0; l < n->layer.n; l++) {
        const struct net_layer *layer = &n->layer.data[l];
        out[l].v = ARENA_ARRAY(&a, double *, layer->model->param.n);
        for (uint32_t p = 0; p < layer->model->param.n; p++) {
            out[l].v[p] = ARENA_ARRAY(&a, double, layer->n);
            for (uint32_t e = 0; e < layer->n; e++)
                out[l].v[p][e] = (double)d2_value(&layer->param[p], e);
        }
    }
    struct worst *worst = ARENA_ARRAY(&a, struct worst, n->board->core.n);
    for (uint32_t i = 0; i < n->board->core.n; i++)
        share_core(n, &n->board->core.data[i], out, &worst[i]);
    warn_all(n, worst, near, d);
    for (uint32_t l = 0; l < n->layer.n; l++) {
        for (uint32_t p = 0; p < n->layer.data[l].model->param.n; p++)
            d2_set_column(n, l, p, out[l].v[p]);
    }
    arena_free(&a);
}
