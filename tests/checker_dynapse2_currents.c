/* Currents: one set for a core, as near to what its neurons want as the bias generator comes. */
#include "tests/checker_dynapse2_parts.h"
#include <math.h>
#include <string.h>

struct want { /* of a device parameter, by the neurons of a core */
    uint32_t n;
    double sum, min, max;
};

static bool is_on_chip(const struct model_binding *on)
{
    return on->target && strcmp(on->target, "dynapse2") == 0;
}

/* With `gain = auto` weight currents were multiplied and gain currents divided by this. */
static double gain_factor(const struct checker *k, uint32_t layer, uint32_t element)
{
    const struct d2_group *g = &k->c->group[layer];
    double asked = checker_value(&k->asked->layer.data[layer], "Iscale", element);
    if (g->n_receptors == 0 || g->receptor[0].n == 0)
        return 1;
    const struct d2_receptor *r = &g->receptor[0];
    return r->scale[r->n_scale == 1 ? 0 : element] / asked;
}

static double wanted(const struct checker *k, uint32_t layer, uint32_t element,
                     const struct model_param *p, const char *device)
{
    double x = checker_value(&k->asked->layer.data[layer], p->name, element);
    return k->board->gain_auto && strstr(device, "GAIN_P") && strncmp(device, "DE", 2) == 0
               ? x / gain_factor(k, layer, element)
               : x;
}

/* ---- what the image says of models ---- */

static void check_group(struct checker *k, uint32_t layer)
{
    const struct net_layer *l = &k->asked->layer.data[layer];
    const struct d2_group *g = &k->c->group[layer];
    uint32_t n = 0;
    for (uint32_t p = 0; p < l->model->param.n; p++) {
        const struct model_param *m = &l->model->param.data[p];
        if (m->kind != MODEL_BIAS || !is_on_chip(&m->on))
            continue;
        bool same = n < g->n_bound && g->bound[n].param == p && g->bound[n].n == m->on.n;
        for (uint32_t i = 0; same && i < m->on.n; i++)
            same = d2_find_param(m->on.name[i]) == g->bound[n].device[i];
        const int latch = m->on.latch                               ? d2_find_latch(m->on.latch)
                          : strcmp(m->on.name[0], "SOIF_DC_P") == 0 ? (int)D2_SO_DC
                                                                    : -1;
        if (!same || g->bound[n].latch != latch)
            checker_broken(k, "%s: `%s` has other parameters of the chip", l->name, m->name);
        n++;
    }
    for (uint32_t r = 0; r < l->model->receptor.n; r++) {
        const struct model_receptor *m = &l->model->receptor.data[r];
        bool same = r < g->n_receptors && g->receptor[r].n == m->on.n;
        for (uint32_t i = 0; same && i < m->on.n; i++)
            same = d2_find_dendrite(m->on.name[i]) == g->receptor[r].dendrite[i] &&
                   g->receptor[r].negative[i] == (m->on.n == 1 ? m->negative : i == 1);
        if (!same)
            checker_broken(k, "%s: `%s` has other dendrites", l->name, m->name);
    }
    for (uint32_t e = 0; e < l->n; e++) {
        double factor = gain_factor(k, layer, e);
        if (k->board->gain_auto ? !(factor > 0) : fabs(factor - 1) > 1e-6)
            checker_broken(k, "%s[%u]: a weight of 1 is %g of what it was", l->name, e, factor);
    }
}

/* ---- cores ---- */

static void find_wants(const struct checker *k, const struct d2_core *c,
                       struct want want[D2_N_PARAMS], bool *one_model)
{
    const struct model *model = NULL;
    *one_model = true;
    for (uint32_t j = 0; j < c->n_neurons; j++) {
        const struct d2_neuron *x = &c->neuron[j];
        if (x->group < 0)
            continue;
        const struct model *m = k->asked->layer.data[x->group].model;
        *one_model = *one_model && (!model || model == m);
        model = m;
        for (uint32_t p = 0; p < m->param.n; p++) {
            const struct model_param *q = &m->param.data[p];
            for (uint32_t i = 0; q->kind == MODEL_BIAS && is_on_chip(&q->on) && i < q->on.n; i++) {
                struct want *w = &want[d2_find_param(q->on.name[i])];
                double value = wanted(k, (uint32_t)x->group, x->element, q, q->on.name[i]);
                if (w->n++ == 0)
                    w->min = w->max = value;
                w->sum += value;
                w->min = fmin(w->min, value);
                w->max = fmax(w->max, value);
            }
        }
    }
}

static bool is_base(uint32_t param)
{
    return param >= D2_BASE_PARAM && param < D2_BASE_PARAM + D2_BASES;
}

static bool by_hand(const struct checker *k, const struct d2_core *c, uint32_t param)
{
    const struct board_core *hand = board_find_core(k->board, c->chip, c->core);
    for (uint32_t i = 0; hand && i < hand->bias.n; i++) {
        if (d2_find_param(hand->bias.data[i].name) == (int)param)
            return true;
    }
    return false;
}

static double nearest_error(uint32_t param, double x)
{
    double best = INFINITY;
    for (uint8_t coarse = 0; coarse < 6; coarse++) {
        for (uint32_t fine = 0; fine < 256; fine++)
            best = fmin(best, fabs(d2_current(param, (struct d2_code){coarse, (uint8_t)fine}) - x));
    }
    return best;
}

/* A current that a latch lets flow does where the core makes one. */
static uint32_t wanted_latches(struct checker *k, const struct d2_core *c,
                               const struct d2_neuron *x, const struct want want[D2_N_PARAMS])
{
    const struct model *m = k->asked->layer.data[x->group].model;
    uint32_t latches = 0;
    for (uint32_t p = 0; p < m->param.n; p++) {
        const struct model_param *q = &m->param.data[p];
        if (q->kind != MODEL_BIAS || !is_on_chip(&q->on))
            continue;
        const int param = d2_find_param(q->on.name[0]);
        const bool is_dc = strcmp(q->on.name[0], "SOIF_DC_P") == 0;
        if (!is_dc && !q->on.latch)
            continue;
        double own = want[param].sum;
        if (by_hand(k, c, (uint32_t)param))
            own = wanted(k, (uint32_t)x->group, x->element, q, q->on.name[0]) +
                  c->code[param].coarse + c->code[param].fine;
        if (own > 0)
            latches |= 1u << (q->on.latch ? d2_find_latch(q->on.latch) : 0);
    }
    return latches;
}

static void check_latches(struct checker *k, const struct d2_core *c,
                          const struct want want[D2_N_PARAMS])
{
    for (uint32_t j = 0; j < c->n_neurons; j++) {
        const struct d2_neuron *x = &c->neuron[j];
        if (x->group < 0 || checker_is_by_hand(k, k->first[x->group] + x->element, BOARD_LATCH))
            continue;
        if (x->latches != wanted_latches(k, c, x, want))
            checker_broken(k, "%s has latches %#x",
                           checker_name(k, k->first[x->group] + x->element), x->latches);
    }
}

static void check_core(struct checker *k, const struct d2_core *c)
{
    struct want want[D2_N_PARAMS] = {0};
    bool one_model, mixed = false, used = false;
    find_wants(k, c, want, &one_model);
    for (uint32_t p = 0; p < D2_N_PARAMS; p++) {
        mixed = mixed || (want[p].min != want[p].max && !by_hand(k, c, p));
        used = used || want[p].n > 0;
    }
    for (uint32_t p = 0; p < D2_N_PARAMS; p++) {
        const struct want *w = &want[p];
        bool base = is_base(p);
        if (by_hand(k, c, p))
            continue;
        if (c->given[p] != (w->n > 0) && !base)
            checker_broken(k, "chip %u core %u: %s is%s programmed", c->chip, c->core,
                           d2_param[p].name, c->given[p] ? "" : "n't");
        if (w->n == 0 || !c->given[p])
            continue;
        if (mixed && !one_model)
            continue; /* a current's other parameters follow the first one, which is shared */
        double mean = w->min == w->max ? w->min : w->sum / w->n;
        double error = fabs(d2_current(p, c->code[p]) - mean);
        if (error > nearest_error(p, mean) * (1 + 1e-6) + 2e-7 * mean)
            checker_broken(k, "chip %u core %u: %s is %g, %g is wanted", c->chip, c->core,
                           d2_param[p].name, d2_current(p, c->code[p]), mean);
    }
    k->counts->mixed_cores += mixed;
    k->counts->cores += used;
    check_latches(k, c, want);
}

/* ---- how many cores exact currents need ---- */

struct wish { /* all currents that a neuron wants */
    double v[D2_N_PARAMS + 1];
};

static struct wish wish_of(const struct checker *k, uint32_t layer, uint32_t element)
{
    const struct net_layer *l = &k->asked->layer.data[layer];
    struct wish w;
    for (uint32_t p = 0; p < D2_N_PARAMS; p++)
        w.v[p] = -1;
    w.v[D2_N_PARAMS] = checker_value(l, "Iscale", element);
    for (uint32_t p = 0; p < l->model->param.n; p++) {
        const struct model_param *q = &l->model->param.data[p];
        for (uint32_t i = 0; q->kind == MODEL_BIAS && is_on_chip(&q->on) && i < q->on.n; i++)
            w.v[d2_find_param(q->on.name[i])] = checker_value(l, q->name, element);
    }
    return w;
}

static void count_exact_cores(struct checker *k)
{
    struct wish *known = ARENA_ARRAY(&k->a, struct wish, k->n_neurons);
    uint32_t *count = ARENA_ARRAY(&k->a, uint32_t, k->n_neurons), n = 0;
    for (uint32_t l = 0; l < k->asked->layer.n; l++) {
        for (uint32_t e = 0; e < k->asked->layer.data[l].n; e++) {
            struct wish w = wish_of(k, l, e);
            uint32_t i = n;
            while (i > 0 && memcmp(&known[i - 1], &w, sizeof w) != 0)
                i--;
            if (i == 0)
                known[n] = w;
            count[i == 0 ? n++ : i - 1]++;
        }
    }
    for (uint32_t i = 0; i < n; i++)
        k->counts->exact_cores += (count[i] + 255) / 256;
}

/* Nothing by hand or broken keeps neurons from the cores that suit them. */
static bool is_free(const struct checker *k)
{
    bool yes = k->board->place.n + k->board->profile.n == 0;
    for (uint32_t i = 0; i < k->board->core.n && yes; i++) {
        const struct board_core *c = &k->board->core.data[i];
        yes = c->neuron.n == 0;
        for (uint32_t j = 0; j < c->bias.n && yes; j++)
            yes = is_base((uint32_t)d2_find_param(c->bias.data[j].name));
    }
    return yes;
}

void checker_currents(struct checker *k)
{
    for (uint32_t l = 0; l < k->asked->layer.n; l++)
        check_group(k, l);
    for (uint32_t i = 0; i < k->c->n_cores; i++)
        check_core(k, &k->c->core[i]);
    /* On three chips every neuron is heard that may be heard at all: then SRAM is no reason. */
    uint32_t n_chips = d2_grid_chips(k->c->grid) < 3 ? d2_grid_chips(k->c->grid) : 3;
    count_exact_cores(k);
    if (is_free(k) && k->counts->mixed_cores && k->counts->exact_cores <= n_chips * 4)
        checker_broken(k, "%u cores have neurons that want different currents, but %u are enough",
                       k->counts->mixed_cores, k->counts->exact_cores);
}
