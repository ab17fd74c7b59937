/* What the profiles of the chips measured, brought to the neurons of the network: those whose place
 * is known, by hand or by the passes. A factor that the network itself gives stays. */
#include "targets/dynapse2/biasgen.h"
#include "targets/dynapse2/passes.h"
#include "targets/dynapse2/profile.h"
#include "targets/dynapse2/quantize.h"

struct measuring {
    struct net *n;
    struct diags *d;
    struct arena a;
    double ***factor; /* [layer][parameter][element]; NULL: of none */
};

static double *factors_of(struct measuring *x, uint32_t layer, uint32_t param)
{
    double **at = &x->factor[layer][param];
    const struct net_layer *l = &x->n->layer.data[layer];
    if (!*at) {
        *at = ARENA_ARRAY(&x->a, double, l->n);
        for (uint32_t i = 0; l->param[param].factor && i < l->n; i++)
            (*at)[i] = (double)l->param[param].factor[i];
    }
    return *at;
}

/* ---- one neuron ---- */

struct place {
    const struct d2_profile *profile;
    const struct board_core *core;
    const struct board_neuron *neuron;
};

static float factor_at(const struct place *at, int param, const char *name)
{
    const struct d2_measured *m = d2_find_measured(at->profile, param, name);
    return m ? m->factor[at->core->core * D2_NEURONS + at->neuron->index] : 0;
}

/* How much the neuron uses a dendrite: the currents of its CAM entries there. */
static double use_of(const struct place *at, enum d2_dendrite dendrite)
{
    double base[D2_BASES], use = 0;
    d2_core_bases(at->core, base);
    for (uint32_t i = 0; dendrite != D2_NONE && i < at->neuron->cam.n; i++) {
        const struct board_cam *c = &at->neuron->cam.data[i];
        use += c->dendrite == dendrite ? d2_mask_current(base, c->mask) : 0;
    }
    return use;
}

/* The current of a device parameter; what is wanted of it where the core has no code yet. */
static double current_of(const struct place *at, uint32_t param, double wanted)
{
    const struct board_bias *b = board_find_bias(at->core, d2_param[param].name);
    return b && d2_has_current(param) ? d2_current(param, (struct d2_code){b->coarse, b->fine})
                                      : wanted;
}

/* Of a parameter that several device parameters make: as d2_bound_current() takes their mean, so
 * that of their factors. One that wasn't measured counts as 1; 0 if none was. */
static double bound_factor(const struct place *at, const struct model_param *m, double wanted)
{
    double f[D2_MAX_BOUND], current[D2_MAX_BOUND], use[D2_MAX_BOUND];
    double total = 0, nominal = 0, actual = 0;
    uint32_t n = 0;
    bool any = false, equal = true;
    for (uint32_t i = 0; i < m->on.n && n < D2_MAX_BOUND; i++) {
        int param = d2_find_param(m->on.name[i]);
        if (param < 0)
            continue; /* no network for this chip: told by d2_check() if it is to be one */
        float measured = factor_at(at, param, NULL);
        any = any || measured != 0;
        f[n] = measured != 0 ? (double)measured : 1;
        current[n] = current_of(at, (uint32_t)param, wanted);
        use[n] = use_of(at, d2_dendrite_of((uint32_t)param));
        total += use[n];
        equal = equal && f[n] == f[0];
        n++;
    }
    if (!any || equal)
        return any ? f[0] : 0;
    for (uint32_t i = 0; i < n; i++) {
        double share = (total > 0 ? use[i] : 1) * current[i];
        nominal += share;
        actual += share * f[i];
    }
    return nominal > 0 ? actual / nominal : 0;
}

static void measure_neuron(struct measuring *x, const struct place *at)
{
    uint32_t layer = (uint32_t)at->neuron->layer, element = at->neuron->element;
    const struct net_layer *l = &x->n->layer.data[layer];
    for (uint32_t p = 0; p < l->model->param.n; p++) {
        const struct model_param *m = &l->model->param.data[p];
        double f = 0;
        if (m->kind == MODEL_LAYOUT)
            f = (double)factor_at(at, -1, m->name);
        else if (d2_is_bound(m))
            f = bound_factor(at, m, (double)d2_value(&l->param[p], element));
        if (f == 0)
            continue;
        double *v = factors_of(x, layer, p);
        if (v[element] == 0)
            v[element] = f;
    }
}

/* ---- what comes to nothing ---- */

static bool network_has(const struct net *n, const struct d2_measured *m)
{
    for (uint32_t l = 0; l < n->layer.n; l++) {
        const struct model *model = n->layer.data[l].model;
        for (uint32_t p = 0; p < model->param.n; p++) {
            const struct model_param *q = &model->param.data[p];
            if (m->param < 0 && q->kind == MODEL_LAYOUT && strcmp(q->name, m->name) == 0)
                return true;
            for (uint32_t k = 0; m->param >= 0 && d2_is_bound(q) && k < q->on.n; k++) {
                if (d2_find_param(q->on.name[k]) == m->param)
                    return true;
            }
        }
    }
    return false;
}

static void tell_unused(struct measuring *x, const struct board_profile *b)
{
    enum { SHOWN = 4 };
    const struct d2_profile *p = b->content;
    struct buf list = {0};
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->measured.n; i++) {
        const struct d2_measured *m = &p->measured.data[i];
        if (m->n == 0 || network_has(x->n, m))
            continue;
        if (n++ < SHOWN)
            buf_printf(&list, "%s`%s`", n > 1 ? ", " : "", m->name);
    }
    if (n > SHOWN)
        buf_printf(&list, " and %u more", n - SHOWN);
    if (n > 0)
        diag_add(x->d, W0656, b->span,
                 "the profile of chip %u measured what no neuron of the network has: %s", b->chip,
                 list.data);
    buf_free(&list);
}

static void tell_unplaced(struct measuring *x, uint64_t placed)
{
    const struct board *b = x->n->board;
    uint64_t all = 0;
    for (uint32_t l = 0; l < x->n->layer.n; l++)
        all += x->n->layer.data[l].n;
    if (placed == all)
        return;
    struct diag *g = diag_add(x->d, W0657, b->profile.data[0].span,
                              "%llu of %llu neurons have no place on the board: they run without "
                              "what was measured",
                              (unsigned long long)(all - placed), (unsigned long long)all);
    diag_hint(x->d, g, "run the image that `dyn build -t dynapse2` makes: there all have one");
}

/* ---- all ---- */

void d2_measure(struct net *n, struct diags *d)
{
    struct measuring x = {.n = n, .d = d};
    x.factor = ARENA_ARRAY(&x.a, double **, n->layer.n);
    for (uint32_t l = 0; l < n->layer.n; l++)
        x.factor[l] = ARENA_ARRAY(&x.a, double *, n->layer.data[l].model->param.n);
    uint64_t placed = 0;
    for (uint32_t i = 0; i < n->board->core.n; i++) {
        const struct board_core *c = &n->board->core.data[i];
        const struct d2_profile *p = d2_profile_of(n->board, c->chip);
        for (uint32_t k = 0; k < c->neuron.n; k++) {
            if (c->neuron.data[k].layer < 0)
                continue;
            placed++;
            if (p)
                measure_neuron(&x, &(struct place){p, c, &c->neuron.data[k]});
        }
    }
    bool measured = false;
    for (uint32_t i = 0; i < n->board->profile.n; i++) {
        const struct d2_profile *p = n->board->profile.data[i].content;
        measured = measured || p->measured.n > 0;
        tell_unused(&x, &n->board->profile.data[i]);
    }
    if (measured)
        tell_unplaced(&x, placed);
    for (uint32_t l = 0; l < n->layer.n; l++) {
        for (uint32_t p = 0; p < n->layer.data[l].model->param.n; p++) {
            if (x.factor[l][p])
                net_layer_factor(n, l, p, x.factor[l][p], false);
        }
    }
    arena_free(&x.a);
}
