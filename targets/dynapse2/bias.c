#include "targets/dynapse2/passes.h"
#include <math.h>
#include <stdlib.h>

/* Currents outside the reach of the bias generator are told from this relative error on: between
 * neighbouring codes at the lower end it can be as large. */
static const double tolerance = 0.10;

/* What the neurons of a core want of one device parameter. */
struct wish {
    double mean;
    uint32_t layer, param; /* of the first neuron that wants it */
    uint32_t count;
};

static void add_wish(struct wish *w, double x, uint32_t layer, uint32_t param)
{
    if (w->count == 0)
        *w = (struct wish){x, layer, param, 0};
    w->count++;
    w->mean += (x - w->mean) / w->count; /* equal values leave it exact */
}

static void find_wishes(const struct net *n, const struct board_core *c,
                        struct wish wish[D2_N_PARAMS])
{
    for (uint32_t i = 0; i < c->neuron.n; i++) {
        const struct board_neuron *x = &c->neuron.data[i];
        if (x->layer < 0)
            continue;
        const struct net_layer *l = &n->layer.data[x->layer];
        for (uint32_t p = 0; p < l->model->param.n; p++) {
            const struct model_param *m = &l->model->param.data[p];
            double value = (double)d2_value(&l->param[p], x->element);
            for (uint32_t k = 0; d2_is_bound(m) && k < m->on.n; k++)
                add_wish(&wish[d2_find_param(m->on.name[k])], value, (uint32_t)x->layer, p);
        }
    }
}

static void choose(struct net *n, struct board_core *c, uint32_t device, const struct wish *w,
                   struct target_report *r, struct diags *d)
{
    const struct net_layer *l = &n->layer.data[w->layer];
    const char *name = l->model->param.data[w->param].name, *on = d2_param[device].name;
    const struct board_bias *given = board_find_bias(c, on);
    struct d2_code code =
        given ? (struct d2_code){given->coarse, given->fine} : d2_choose(device, w->mean);
    double current = d2_current(device, code);
    double error = w->mean > 0 ? (current - w->mean) / w->mean : INFINITY;
    const char *wanted = unit_text(&d->arena, w->mean, DIM_CURRENT);
    const char *made = unit_text(&d->arena, current, DIM_CURRENT);
    buf_printf(&r->text, "bias: chip %u core %u: %s %u:%u makes %s of %s for %s", c->chip, c->core,
               on, code.coarse, code.fine, made, wanted, name);
    if (w->mean > 0)
        buf_printf(&r->text, " (%+.2f %%)", 100 * error);
    buf_puts(&r->text, given ? ", by hand\n" : "\n");
    if (given)
        return;
    board_set_bias(n->arena, c, on, code.coarse, code.fine, (struct span){0});
    /* A direct current of 0 is switched off by its latch. */
    bool off = w->mean == 0 && strcmp(on, "SOIF_DC_P") == 0;
    if (!d2_out_of_reach(device, w->mean) || fabs(error) <= tolerance || off)
        return;
    double min, max;
    d2_reach(device, &min, &max);
    const char *percent = w->mean > 0 ? arena_printf(&d->arena, " (%+.0f %%)", 100 * error) : "";
    struct diag *g =
        diag_add(d, W0651, l->span, "`%s` of `%s` is %s, on chip %u core %u it becomes %s%s", name,
                 l->name, wanted, c->chip, c->core, made, percent);
    diag_hint(d, g, "`%s` reaches from %s to %s", on, unit_text(&d->arena, min, DIM_CURRENT),
              unit_text(&d->arena, max, DIM_CURRENT));
}

static int by_param(const void *x, const void *y)
{
    return d2_find_param(((const struct board_bias *)x)->name) -
           d2_find_param(((const struct board_bias *)y)->name);
}

/* The layers' parameters become what the codes make of them. */
static void realise(struct net *n)
{
    struct arena a = {0};
    struct d2_config c;
    d2_config_of_net(&a, n, &c);
    double **v = ARENA_ARRAY(&a, double *, n->layer.n);
    for (uint32_t l = 0; l < n->layer.n; l++)
        v[l] = ARENA_ARRAY(&a, double, (size_t)c.group[l].n_bound * n->layer.data[l].n);
    for (uint32_t i = 0; i < c.n_cores; i++) {
        for (uint32_t j = 0; j < c.core[i].n_neurons; j++) {
            const struct d2_neuron *x = &c.core[i].neuron[j];
            for (uint32_t k = 0; x->group >= 0 && k < c.group[x->group].n_bound; k++) {
                double current = d2_bound_current(&c.core[i], x, &c.group[x->group].bound[k]);
                v[x->group][(size_t)k * n->layer.data[x->group].n + x->element] =
                    (double)(float)current;
            }
        }
    }
    for (uint32_t l = 0; l < n->layer.n; l++) {
        for (uint32_t k = 0; k < c.group[l].n_bound; k++)
            d2_set_column(n, l, c.group[l].bound[k].param, &v[l][(size_t)k * n->layer.data[l].n]);
    }
    arena_free(&a);
}

bool d2_bias(struct net *n, const struct target_options *o, struct target_report *r,
             struct diags *d)
{
    (void)o;
    for (uint32_t i = 0; i < n->board->core.n; i++) {
        struct board_core *c = &n->board->core.data[i];
        struct wish wish[D2_N_PARAMS] = {0};
        find_wishes(n, c, wish);
        for (uint32_t p = 0; p < D2_N_PARAMS; p++) {
            if (wish[p].count > 0)
                choose(n, c, p, &wish[p], r, d);
        }
        if (c->bias.n > 1)
            qsort(c->bias.data, c->bias.n, sizeof *c->bias.data, by_param);
    }
    realise(n);
    return true;
}
