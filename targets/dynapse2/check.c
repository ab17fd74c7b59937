#include "targets/dynapse2/passes.h"
#include "targets/dynapse2/profile.h"
#include "targets/dynapse2/quantize.h"
#include <math.h>

/* ---- models ---- */

const char *d2_nearest_param(const char *name)
{
    const char *list[D2_N_PARAMS];
    for (uint32_t i = 0; i < D2_N_PARAMS; i++)
        list[i] = d2_param[i].name;
    return nearest_name(name, list, D2_N_PARAMS);
}

/* One device parameter of one bias; owner[device] is the bias that has it already. */
static void check_binding(const struct model_param *p, const char *name,
                          const struct model_param **owner, struct diags *d)
{
    int device = d2_find_param(name);
    if (device < 0) {
        struct diag *g =
            diag_add(d, E0602, p->span, "`%s`: dynapse2 has no parameter `%s`", p->name, name);
        const char *near = d2_nearest_param(name);
        if (near)
            diag_hint(d, g, "did you mean `%s`?", near);
        return;
    }
    if (!d2_has_current((uint32_t)device)) {
        diag_add(d, E0602, p->span, "`%s`: the currents that `%s` makes aren't known", p->name,
                 name);
    } else if (device >= D2_BASE_PARAM && device < D2_BASE_PARAM + D2_BASES) {
        struct diag *g = diag_add(d, E0602, p->span, "`%s`: `%s` is a base current of the weights",
                                  p->name, name);
        diag_hint(d, g, "the compiler chooses it; `bias %s = ...` in a board section sets it",
                  name);
    } else if (owner[device]) {
        struct diag *g = diag_add(d, E0602, p->span, "`%s` and `%s` are both bound to `%s`",
                                  owner[device]->name, p->name, name);
        diag_label(d, g, owner[device]->span, "bound here first");
    } else {
        owner[device] = p;
    }
}

static void check_latch(const struct model_param *p, struct diags *d)
{
    if (!p->on.latch || d2_find_latch(p->on.latch) >= 0)
        return;
    struct diag *g =
        diag_add(d, E0602, p->span, "`%s`: dynapse2 has no latch `%s`", p->name, p->on.latch);
    const char *near = nearest_name(p->on.latch, d2_latch_name, D2_N_LATCHES);
    if (near)
        diag_hint(d, g, "did you mean `%s`?", near);
}

static void check_model(const struct net_layer *l, struct diags *d)
{
    const struct model *m = l->model;
    bool bound = false;
    for (uint32_t i = 0; i < m->param.n; i++)
        bound = bound || d2_is_bound(&m->param.data[i]);
    if (!bound || !m->step.present || m->event.present) {
        struct diag *g =
            diag_add(d, E0602, l->span, "model `%s` of layer `%s` %s", m->name, l->name,
                     !bound            ? "has no currents that DYNAP-SE2 makes"
                     : m->step.present ? "has an `on event`: DYNAP-SE2 neurons are clocked models"
                                       : "has no `step`: DYNAP-SE2 neurons are clocked models");
        diag_label(d, g, m->span, "the model");
        diag_hint(d, g,
                  "a model for this chip binds its currents: "
                  "`bias NAME = CURRENT on dynapse2 PARAMETER;`");
        return;
    }
    if (model_draws(m)) {
        diag_add(d, E0602, m->span, "model `%s` draws random numbers: DYNAP-SE2 has none", m->name);
        return;
    }
    const struct model_param *owner[D2_N_PARAMS] = {0};
    for (uint32_t i = 0; i < m->param.n; i++) {
        const struct model_param *p = &m->param.data[i];
        if (p->kind != MODEL_BIAS)
            continue;
        if (!d2_is_bound(p) || p->on.n == 0) {
            struct diag *g = diag_add(d, E0602, p->span,
                                      "`%s` of model `%s` isn't made by any parameter of dynapse2",
                                      p->name, m->name);
            diag_hint(d, g, "bind it with `on dynapse2 PARAMETER`, or make it a `layout`");
        } else if (!dim_eq(p->dim, DIM_CURRENT)) {
            diag_add(d, E0602, p->span, "`%s` is bound to dynapse2 but isn't a current", p->name);
        } else {
            check_latch(p, d);
            for (uint32_t k = 0; k < p->on.n; k++)
                check_binding(p, p->on.name[k], owner, d);
        }
    }
}

static void check_currents(const struct net *n, uint32_t layer, struct diags *d)
{
    const struct net_layer *l = &n->layer.data[layer];
    for (uint32_t p = 0; p < l->model->param.n; p++) {
        if (!d2_is_bound(&l->model->param.data[p]))
            continue;
        uint32_t count = l->param[p].uniform ? 1 : l->n;
        for (uint32_t i = 0; i < count; i++) {
            float x = l->param[p].v[i];
            if (isfinite(x) && x >= 0)
                continue;
            struct diag *g =
                diag_add(d, E0602, l->span, "`%s` of `%s` is %s: the chip makes no such current",
                         l->model->param.data[p].name, d2_neuron_name(&d->arena, n, layer, i),
                         unit_text(&d->arena, (double)x, DIM_CURRENT));
            diag_hint(d, g, "currents are 0 or positive");
            break;
        }
    }
}

/* ---- receptors ---- */

static bool for_dynapse2(const struct model_receptor *r)
{
    return r->on.target && strcmp(r->on.target, "dynapse2") == 0 && r->on.n > 0;
}

static bool check_dendrites(const struct model *m, const struct model_receptor *r, struct diags *d)
{
    for (uint32_t i = 0; i < r->on.n; i++) {
        int x = d2_find_dendrite(r->on.name[i]);
        if (x <= D2_NONE || i > 1) {
            struct diag *g =
                diag_add(d, E0602, r->span, "receptor `%s`: %s `%s`", r->name,
                         i > 1 ? "a third dendrite" : "dynapse2 has no dendrite", r->on.name[i]);
            diag_hint(d, g,
                      "`on dynapse2 A, B` with A for positive and B for negative weights, "
                      "each one of ampa, gaba, nmda, shunt");
            return false;
        }
        for (uint32_t k = 0; k < m->receptor.n; k++) {
            const struct model_receptor *q = &m->receptor.data[k];
            for (uint32_t j = 0; for_dynapse2(q) && j < q->on.n; j++) {
                bool itself = q == r && i == j;
                if (!itself && strcmp(q->on.name[j], r->on.name[i]) == 0) {
                    struct diag *g =
                        diag_add(d, E0602, r->span, "dendrite `%s` has two owners", q->on.name[j]);
                    diag_label(d, g, q->span, "the other one");
                    return false;
                }
            }
        }
    }
    return true;
}

/* Weights are made before the currents are final, so their scale may not depend on one. */
static bool check_scale(const struct model *m, uint32_t receptor, struct diags *d)
{
    const struct model_receptor *r = &m->receptor.data[receptor];
    if (r->scale == MODEL_NONE)
        return true;
    struct arena scratch = {0};
    bool *param = ARENA_ARRAY(&scratch, bool, m->param.n);
    bool *let = ARENA_ARRAY(&scratch, bool, m->let.n);
    d2_scale_reads(m, receptor, param, let);
    bool ok = true;
    for (uint32_t i = 0; i < m->param.n && ok; i++) {
        if (param[i] && m->param.data[i].kind == MODEL_BIAS) {
            diag_add(d, E0602, r->span, "the scale of receptor `%s` depends on the current `%s`",
                     r->name, m->param.data[i].name);
            ok = false;
        }
    }
    arena_free(&scratch);
    return ok;
}

static void check_receptors(const struct net *n, uint32_t layer, struct diags *d)
{
    const struct net_layer *l = &n->layer.data[layer];
    for (uint32_t k = 0; k < l->model->receptor.n; k++) {
        const struct model_receptor *r = &l->model->receptor.data[k];
        if (!for_dynapse2(r) || !check_dendrites(l->model, r, d) || !check_scale(l->model, k, d))
            continue;
        struct arena scratch = {0};
        struct d2_scale scale;
        d2_receptor_scale(&scratch, n, layer, k, &scale);
        for (uint32_t i = 0; i < scale.n; i++) {
            if (isfinite(scale.v[i]) && scale.v[i] > 0)
                continue;
            diag_add(d, E0602, l->span, "a weight of 1 at `%s` of `%s` is %s", r->name,
                     d2_neuron_name(&d->arena, n, layer, i),
                     unit_text(&d->arena, scale.v[i], DIM_CURRENT));
            break;
        }
        arena_free(&scratch);
    }
}

static void check_weights(const struct net_connection *c, const struct model_receptor *r,
                          struct diags *d)
{
    if (r->on.n != 1)
        return;
    for (uint64_t s = 0; s < c->row[c->n_pre]; s++) {
        if (c->weight[s] < 0 && !r->negative) {
            struct diag *g = diag_add(
                d, E0602, c->span, "receptor `%s` has no dendrite for negative weights", r->name);
            diag_label(d, g, r->span, "only `%s`", r->on.name[0]);
            return;
        }
        if (c->weight[s] > 0 && r->negative) {
            struct diag *g = diag_add(
                d, E0602, c->span, "receptor `%s` has no dendrite for positive weights", r->name);
            diag_label(d, g, r->span, "only `%s`", r->on.name[0]);
            return;
        }
    }
}

/* What only chips with maps have. */
static bool check_synapses(const struct net_connection *c, struct diags *d)
{
    const bool pool = c->pool[0] > 1 || c->pool[1] > 1;
    if (!c->conv && !pool && !c->bias)
        return true;
    diag_add(d, E0602, c->span, "DYNAP-SE2 has no %s",
             c->conv   ? "convolutions"
             : c->bias ? "biases of a connection"
                       : "pools");
    return false;
}

static void check_connection(const struct net *n, const struct net_connection *c, struct diags *d)
{
    if (!check_synapses(c, d))
        return;
    uint32_t delay = c->from_input ? 0 : 1;
    if (c->delay != delay) {
        struct diag *g = diag_add(d, E0602, c->span, "a delay of %u step%s: DYNAP-SE2 has none",
                                  c->delay, c->delay == 1 ? "" : "s");
        diag_hint(d, g, "leave `delay` out%s",
                  c->from_input ? "" : "; a spike arrives one step later");
    }
    const struct net_layer *l = &n->layer.data[c->dst];
    const struct model_receptor *r = &l->model->receptor.data[c->receptor];
    if (!for_dynapse2(r)) {
        struct diag *g =
            diag_add(d, E0602, c->span, "receptor `%s` of model `%s` has no dendrite on dynapse2",
                     r->name, l->model->name);
        diag_label(d, g, r->span, "the receptor");
        diag_hint(d, g, "bind it: `receive %s ... on dynapse2 ampa, gaba;`", r->name);
        return;
    }
    check_weights(c, r, d);
}

bool d2_check(const struct net *n, struct diags *d)
{
    uint32_t before = d->n_errors;
    for (uint32_t l = 0; l < n->layer.n; l++) {
        check_model(&n->layer.data[l], d);
        check_currents(n, l, d);
        check_receptors(n, l, d);
    }
    for (uint32_t i = 0; i < n->input.n; i++) {
        if (n->input.data[i].sensor)
            diag_add(d, E0602, n->input.data[i].span, "DYNAP-SE2 has no sensor `%s`",
                     n->input.data[i].sensor->from);
    }
    for (uint32_t i = 0; i < n->connection.n; i++)
        check_connection(n, &n->connection.data[i], d);
    return d->n_errors == before;
}

static bool few_enough(const struct net *n, struct diags *d)
{
    struct d2_grid grid = d2_grid_of(n->board);
    uint32_t room = d2_grid_chips(grid) * D2_CORES * D2_NEURONS;
    uint64_t sum = 0;
    for (uint32_t l = 0; l < n->layer.n; l++)
        sum += n->layer.data[l].n;
    if (sum <= room)
        return true;
    struct diag *g = diag_add(d, E0601, n->span,
                              "network `%s` has %llu neurons, a board of %u x %u chips has %u",
                              n->name, (unsigned long long)sum, grid.columns, grid.rows, room);
    uint32_t largest = 0;
    for (uint32_t l = 1; l < n->layer.n; l++)
        largest = n->layer.data[l].n > n->layer.data[largest].n ? l : largest;
    diag_label(d, g, n->layer.data[largest].span, "the largest layer, %u neurons",
               n->layer.data[largest].n);
    if (sum <= D2_MAX_CHIPS * D2_CORES * D2_NEURONS)
        diag_hint(
            d, g, "%llu chips have room: `grid = [COLUMNS, ROWS];` in a board section",
            (unsigned long long)((sum + D2_CORES * D2_NEURONS - 1) / (D2_CORES * D2_NEURONS)));
    else
        diag_hint(d, g, "make its layers smaller: no board has over %d chips", D2_MAX_CHIPS);
    return false;
}

/* --grid where the board section doesn't say. */
static bool choose_grid(struct board *b, const struct target_options *o, struct diags *d)
{
    if (o->columns == 0)
        return true;
    if (b->columns != 0 && (b->columns != o->columns || b->rows != o->rows)) {
        diag_add(d, E0903, b->span, "the board is a grid of %u x %u chips, not of %u x %u",
                 b->columns, b->rows, o->columns, o->rows);
        return false;
    }
    b->columns = o->columns;
    b->rows = o->rows;
    return true;
}

bool d2_begin(struct net *n, const struct target_options *o, struct diags *d)
{
    if (!n->board || strcmp(n->board->target, "dynapse2") != 0) {
        n->board = ARENA_NEW(n->arena, struct board);
        *n->board = (struct board){.target = "dynapse2", .gain = 1, .span = n->span};
    }
    return choose_grid(n->board, o, d) && d2_check_board(n, d) && few_enough(n, d) &&
           d2_check(n, d);
}
