/* `gain = auto`. A weight acts as weight * scale * (gain current of its dendrite), so a factor on
 * the scale parameter of every receptor can be taken back in the gain currents. */
#include "targets/dynapse2/passes.h"
#include "targets/dynapse2/quantize.h"
#include <math.h>

enum {
    N_FACTORS = 128,
    FLOOR = 10, /* times the smallest current: below, dark currents are part of a gain current */
};

/* The parameter that makes the gain current, for each dendrite. */
static const char *const gain_name[D2_N_DENDRITES] = {
    [D2_AMPA] = "DEAM_EGAIN_P",
    [D2_GABA] = "DEGA_IGAIN_P",
    [D2_NMDA] = "DENM_EGAIN_P",
    [D2_SHUNT] = "DESC_IGAIN_P",
};

/* Parameters of one layer that the factor changes. */
struct change {
    bool *scale, *gain; /* for each parameter of the layer's model */
};

static bool reads_in_body(const struct model *m, const struct model_stmt *s, uint32_t n,
                          uint32_t param, bool *seen)
{
    for (uint32_t i = 0; i < n; i++) {
        model_reads(m, s[i].value, seen, NULL);
        reads_in_body(m, s[i].then.data, s[i].then.n, param, seen);
        reads_in_body(m, s[i].otherwise.data, s[i].otherwise.n, param, seen);
    }
    return seen[param];
}

/* Whether the model uses a parameter for anything but receptors' scales and defaults. */
static bool used_elsewhere(const struct model *m, uint32_t param)
{
    struct arena scratch = {0};
    bool *seen = ARENA_ARRAY(&scratch, bool, m->param.n);
    for (uint32_t i = 0; i < m->let.n; i++)
        model_reads(m, m->let.data[i].value, seen, NULL);
    bool used = reads_in_body(m, m->step.stmt.data, m->step.stmt.n, param, seen) ||
                reads_in_body(m, m->event.stmt.data, m->event.stmt.n, param, seen);
    arena_free(&scratch);
    return used;
}

static int bound_param(const struct model *m, const char *device)
{
    for (uint32_t p = 0; p < m->param.n; p++) {
        const struct model_param *x = &m->param.data[p];
        for (uint32_t i = 0; d2_is_bound(x) && i < x->on.n; i++)
            if (strcmp(x->on.name[i], device) == 0)
                return (int)p;
    }
    return -1;
}

/* Marks what a factor on the weights of a receptor changes; NULL, or why it can't be taken back. */
static const char *find_change(const struct model *m, uint32_t receptor, struct change *x)
{
    const struct model_receptor *r = &m->receptor.data[receptor];
    const struct model_expr *e = r->scale == MODEL_NONE ? NULL : &m->expr.data[r->scale];
    if (!e || e->op != M_PARAM)
        return "the receptor's scale isn't a parameter";
    for (uint32_t i = 0; i < r->on.n; i++) {
        int dendrite = d2_find_dendrite(r->on.name[i]);
        int p = dendrite > D2_NONE ? bound_param(m, gain_name[dendrite]) : -1;
        if (p < 0)
            return "no parameter is bound to its dendrites' gain currents";
        x->gain[p] = true;
    }
    if (used_elsewhere(m, e->index))
        return "it uses the receptor's scale elsewhere too";
    x->scale[e->index] = true;
    return NULL;
}

bool d2_gain_of(const struct model *m, uint32_t receptor, bool *scale, bool *gain)
{
    return find_change(m, receptor, &(struct change){scale, gain}) == NULL;
}

/* What a connection needs changed in its layer. */
static bool add_connection(const struct net *n, const struct net_connection *c, struct change *x,
                           struct diags *d)
{
    const struct model *m = n->layer.data[c->dst].model;
    const char *why = find_change(m, c->receptor, x);
    if (!why)
        return true;
    struct diag *g = diag_add(d, E0602, n->board->span, "`gain = auto` doesn't work with `%s`: %s",
                              m->name, why);
    diag_label(d, g, m->receptor.data[c->receptor].span, "its receptor");
    diag_hint(d, g, "give a number: `gain = 2;`");
    return false;
}

/* No gain current may be given by hand. */
static bool gains_are_free(const struct net *n, struct diags *d)
{
    for (uint32_t i = 0; i < n->board->core.n; i++) {
        for (uint32_t k = D2_AMPA; k < D2_N_DENDRITES; k++) {
            const struct board_bias *b = board_find_bias(&n->board->core.data[i], gain_name[k]);
            if (!b)
                continue;
            struct diag *g = diag_add(d, E0406, n->board->span,
                                      "`gain = auto` would change %s, which is given", b->name);
            diag_label(d, g, b->span, "here");
            return false;
        }
    }
    return true;
}

/* The range of factors that leave every gain current in its range; *current is one of them. */
static void reachable(const struct net *n, const struct change *x, double *lo, double *hi,
                      double *current)
{
    double min, max;
    d2_reach((uint32_t)d2_find_param(gain_name[D2_AMPA]), &min, &max); /* equal for all four */
    *lo = 0;
    *hi = INFINITY;
    *current = 0;
    for (uint32_t l = 0; l < n->layer.n; l++) {
        const struct net_layer *y = &n->layer.data[l];
        for (uint32_t p = 0; p < y->model->param.n; p++) {
            uint32_t count = y->param[p].uniform ? 1 : y->n;
            for (uint32_t i = 0; x[l].gain[p] && i < count; i++) {
                *current = (double)y->param[p].v[i];
                *lo = fmax(*lo, *current / max);
                *hi = fmin(*hi, *current / (FLOOR * min));
            }
        }
    }
}

/* Factors across the range, the nearest to 1 first, each such that the gain current is one that the
 * bias generator makes exactly. */
static uint32_t make_factors(double lo, double hi, double current, double factor[N_FACTORS + 1])
{
    uint32_t param = (uint32_t)d2_find_param(gain_name[D2_AMPA]), n = 0;
    factor[n++] = 1;
    for (uint32_t i = 0; lo > 0 && lo < hi && i < N_FACTORS; i++) {
        double f = lo * pow(hi / lo, (i + 0.5) / N_FACTORS);
        f = current / d2_current(param, d2_choose(param, current / f));
        if (f < lo || f > hi)
            continue;
        uint32_t at = n++;
        for (; at > 1 && fabs(log(factor[at - 1])) > fabs(log(f)); at--)
            factor[at] = factor[at - 1];
        factor[at] = f;
    }
    return n;
}

static void multiply(struct net *n, uint32_t layer, const bool *param, double factor)
{
    const struct net_layer *l = &n->layer.data[layer];
    struct arena scratch = {0};
    double *v = ARENA_ARRAY(&scratch, double, l->n);
    for (uint32_t p = 0; p < l->model->param.n; p++) {
        if (!param[p])
            continue;
        for (uint32_t i = 0; i < l->n; i++)
            v[i] = (double)d2_value(&l->param[p], i) * factor;
        net_layer_set(n, layer, p, v, false);
    }
    arena_free(&scratch);
}

/* The factor that fits best, among those that leave every gain current within reach. */
static double choose(const struct net *n, const struct change *x,
                     const struct d2_weights_of_core *core, uint32_t n_cores,
                     const struct d2_reach *g, uint64_t seed)
{
    struct arena scratch = {0};
    struct d2_gain_core *in = ARENA_ARRAY(&scratch, struct d2_gain_core, n_cores);
    for (uint32_t i = 0; i < n_cores; i++) {
        double *current = ARENA_ARRAY(&scratch, double, core[i].n);
        for (uint32_t k = 0; k < core[i].n; k++)
            current[k] = core[i].synapse[k].current;
        in[i] = (struct d2_gain_core){current, core[i].n, core[i].iscale, {0}};
        memcpy(in[i].given, core[i].given, sizeof in[i].given);
    }
    double lo, hi, current, factor[N_FACTORS + 1];
    reachable(n, x, &lo, &hi, &current);
    uint32_t n_factors = make_factors(lo, hi, current, factor);
    double best = d2_best_gain(in, n_cores, g, factor, n_factors, seed);
    arena_free(&scratch);
    return best;
}

double d2_auto_gain(struct net *n, const struct d2_weights_of_core *core, uint32_t n_cores,
                    const struct d2_reach *g, uint64_t seed, struct diags *d)
{
    struct arena scratch = {0};
    struct change *x = ARENA_ARRAY(&scratch, struct change, n->layer.n);
    for (uint32_t l = 0; l < n->layer.n; l++) {
        x[l].scale = ARENA_ARRAY(&scratch, bool, n->layer.data[l].model->param.n);
        x[l].gain = ARENA_ARRAY(&scratch, bool, n->layer.data[l].model->param.n);
    }
    bool ok = gains_are_free(n, d);
    for (uint32_t i = 0; ok && i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        ok = add_connection(n, c, &x[c->dst], d);
    }
    double best = 0;
    if (ok) {
        best = choose(n, x, core, n_cores, g, seed);
        for (uint32_t l = 0; best != 1 && l < n->layer.n; l++) {
            multiply(n, l, x[l].scale, best);
            multiply(n, l, x[l].gain, 1 / best);
        }
    }
    arena_free(&scratch);
    return best;
}
