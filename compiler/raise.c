#include "compiler/raise.h"

#include "compiler/model.h"
#include "compiler/net/derive.h"
#include "lang/parse.h"
#include <math.h>

static const struct span NOWHERE = {0, 0, 0};

struct raise {
    struct arena *arena;
    const struct plan *plan;
    struct net *net;
    struct diags *diags;
    struct model **model; /* one for each kernel of the plan */
};

/* ---- models ---- */

static bool no_constant(void *arg, const char *name, double *value, struct dim *dim, bool *is_bool)
{
    (void)arg, (void)name, (void)value, (void)dim, (void)is_bool;
    return false;
}

static const struct ast_fn *no_function(void *arg, const char *name, struct model_scope *scope)
{
    (void)arg, (void)name, (void)scope;
    return NULL;
}

static uint32_t no_names(void *arg, const char **out, uint32_t max)
{
    (void)arg, (void)out, (void)max;
    return 0;
}

/* The interface of a kernel (names and kinds in order, which bodies there are) is its model's. */
static bool fits(const struct model *m, const struct kernel *k)
{
    static const uint8_t kind[] = {
        [MODEL_PARAM] = K_PARAM_PLAIN,
        [MODEL_LAYOUT] = K_PARAM_LAYOUT,
        [MODEL_BIAS] = K_PARAM_BIAS,
    };
    if (m->param.n != k->n_params || m->let.n != k->n_lets || m->receptor.n != k->n_receptors ||
        m->state.n != k->n_states || m->step.present != (k->step.n > 0) ||
        m->event.present != (k->event.n > 0))
        return false;
    for (uint32_t i = 0; i < m->param.n; i++) {
        if (strcmp(m->param.data[i].name, k->param[i].name) != 0 ||
            kind[m->param.data[i].kind] != k->param[i].kind)
            return false;
    }
    for (uint32_t i = 0; i < m->receptor.n; i++) {
        if (strcmp(m->receptor.data[i].name, k->receptor[i]) != 0)
            return false;
    }
    for (uint32_t i = 0; i < m->state.n; i++) {
        if (strcmp(m->state.data[i].name, k->state[i]) != 0)
            return false;
    }
    return true;
}

static bool no_excuse(void *arg, const char *name)
{
    (void)arg;
    (void)name;
    return false;
}

static const struct ast_neuron *find_neuron(const struct ast_file *f, const char *name)
{
    for (const struct ast_decl *d = f->decls; d; d = d->next) {
        if (d->kind == AST_NEURON && strcmp(d->neuron->name.text, name) == 0)
            return d->neuron;
    }
    return NULL;
}

/* The text is the image's, so it may be anything: what it says must belong to the kernels. */
static bool raise_models(struct raise *r, struct intern *names, struct sources *s)
{
    const struct plan *p = r->plan;
    const char *title = arena_printf(r->arena, "models of %s", p->network);
    uint32_t file = sources_add(s, title, p->models, strlen(p->models), r->diags);
    if (file == 0)
        return false;
    uint32_t errors = r->diags->n_errors;
    const struct ast_file *ast = parse_file(r->arena, names, s, file, r->diags);
    if (r->diags->n_errors > errors)
        return false;
    const struct model_scope scope = {no_constant, no_function, no_names, no_excuse, NULL};
    r->model = ARENA_ARRAY(r->arena, struct model *, p->kernel.n);
    for (uint32_t i = 0; i < p->kernel.n; i++) {
        const struct kernel *k = p->kernel.data[i];
        const struct ast_neuron *n = find_neuron(ast, k->model);
        if (!n) {
            diag_add(r->diags, E0701, NOWHERE, "it holds no text of model `%s`", k->model);
            return false;
        }
        r->model[i] = model_check(r->arena, n, &scope, r->diags);
        if (!r->model[i])
            return false;
        if (!fits(r->model[i], k)) {
            diag_add(r->diags, E0701, NOWHERE, "its text of model `%s` isn't its program's",
                     k->model);
            return false;
        }
    }
    return true;
}

/* ---- layers ---- */

static bool is_default(const struct column *c, const struct derived *x, uint32_t n)
{
    for (uint32_t i = 0; i < (c->uniform && x->uniform ? 1 : n); i++) {
        float y = (float)x->v[x->uniform ? 0 : i];
        if (memcmp(&c->v[c->uniform ? 0 : i], &y, sizeof y) != 0)
            return false;
    }
    return true;
}

/* Defaults follow from what is set, so parameters are looked at in the order of their defaults. */
static void raise_params(struct raise *r, uint32_t layer, const struct plan_group *g,
                         struct derive *d)
{
    const struct model *m = d->model;
    uint32_t *order = ARENA_ARRAY(d->arena, uint32_t, m->param.n);
    model_default_order(m, d->arena, order);
    for (uint32_t i = 0; i < m->param.n; i++) {
        uint32_t p = order[i];
        const struct column *c = &g->param[p];
        d->param[p] = derive_expr(d, m->param.data[p].value);
        if (is_default(c, &d->param[p], g->n))
            continue;
        uint32_t count = c->uniform ? 1 : g->n;
        double *v = ARENA_ARRAY(d->arena, double, count);
        for (uint32_t k = 0; k < count; k++)
            v[k] = f32_decimal(c->v[k]);
        d->param[p] = (struct derived){v, c->uniform};
        net_layer_set(r->net, layer, p, v, c->uniform);
    }
}

static void raise_group(struct raise *r, const struct plan_group *g)
{
    struct model *m = r->model[g->kernel];
    struct net_shape shape = {.rank = g->shape.rank};
    memcpy(shape.extent, g->shape.extent, shape.rank * sizeof *shape.extent);
    uint32_t layer = net_add_layer(r->net, g->name, shape, m, NOWHERE);

    struct arena scratch = {0};
    struct derive d;
    derive_init(&d, &scratch, m, g->n, r->net->dt);
    raise_params(r, layer, g, &d);
    derive_lets(&d);
    net_layer_defaults(r->net, layer);
    for (uint32_t i = 0; g->factor && i < m->param.n; i++)
        r->net->layer.data[layer].param[i].factor = g->factor[i];
    for (uint32_t i = 0; i < m->state.n; i++) {
        struct derived x = derive_expr(&d, m->state.data[i].value);
        if (!is_default(&g->init[i], &x, g->n))
            r->net->layer.data[layer].init[i] =
                (struct net_column){.v = g->init[i].v, .uniform = g->init[i].uniform, .set = true};
    }
    arena_free(&scratch);
}

/* ---- the rest ---- */

static bool raise_projection(struct raise *r, const struct plan_projection *p)
{
    uint64_t n = p->conv ? 0 : p->row[p->n_pre];
    struct net_connection *c =
        p->conv ? net_add_conv(r->net, p->from_input, p->src, p->dst, p->receptor, p->delay,
                               p->conv, p->n_pre, NOWHERE)
                : net_add_connection(r->net, p->from_input, p->src, p->dst, p->receptor, p->delay,
                                     p->n_pre, n, NOWHERE);
    if (!c) {
        diag_add(r->diags, E0701, NOWHERE, "there is no memory for its synapses");
        return false;
    }
    memcpy(c->pool, p->pool, sizeof c->pool);
    c->average = p->average;
    c->bias = p->bias;
    if (p->conv)
        return true;
    memcpy(c->row, p->row, ((size_t)p->n_pre + 1) * sizeof *c->row);
    if (n > 0) {
        memcpy(c->post, p->post, (size_t)n * sizeof *c->post);
        memcpy(c->weight, p->weight, (size_t)n * sizeof *c->weight);
    }
    return true;
}

/* Outputs and records that a reader would assume anyway aren't statements. */
static void raise_outputs(struct raise *r)
{
    const struct plan *p = r->plan;
    struct net *n = r->net;
    net_default_outputs(n);
    n->has_output = n->output.n != p->output.n ||
                    (p->output.n > 0 && memcmp(n->output.data, p->output.data,
                                               p->output.n * sizeof *p->output.data) != 0);
    n->output.n = 0;
    for (uint32_t i = 0; i < p->output.n; i++)
        VEC_PUSH(r->arena, &n->output, p->output.data[i]);

    n->has_record = p->record.n != p->output.n;
    for (uint32_t i = 0; i < p->record.n; i++) {
        const struct plan_record *x = &p->record.data[i];
        n->has_record |= x->state != -1 || i >= p->output.n || x->group != p->output.data[i];
    }
    for (uint32_t i = 0; n->has_record && i < p->record.n; i++) {
        struct net_record x = {p->record.data[i].group, p->record.data[i].state, NOWHERE};
        VEC_PUSH(r->arena, &n->record, x);
    }
}

struct deviations {
    VEC(struct {
        double p;
        uint32_t n;
    })
    list; /* the different ones, with how many parameters have each */
};

static void count_deviation(struct arena *a, struct deviations *all, double p)
{
    uint32_t i = 0;
    while (i < all->list.n && all->list.data[i].p != p)
        i++;
    if (i == all->list.n) {
        (void)VEC_ADD(a, &all->list);
        all->list.data[i].p = p;
        all->list.data[i].n = 0;
    }
    all->list.data[i].n++;
}

static void except(struct raise *r, const char *name, double p)
{
    struct net_mismatch *m = &r->net->mismatch;
    for (uint32_t i = 0; i < m->by_name.n; i++) {
        if (strcmp(m->by_name.data[i].name, name) == 0)
            return;
    }
    (void)VEC_ADD(r->arena, &m->by_name);
    m->by_name.data[m->by_name.n - 1].name = name;
    m->by_name.data[m->by_name.n - 1].p = p;
}

static bool deviates(const struct kernel *k, uint32_t param)
{
    return k->param[param].kind != K_PARAM_PLAIN;
}

/* The most frequent deviation stands for all, with the others as exceptions by name. */
static void raise_mismatch(struct raise *r)
{
    const struct plan *p = r->plan;
    struct net_mismatch *m = &r->net->mismatch;
    if (!p->has_mismatch)
        return;
    struct deviations all = {0};
    for (uint32_t g = 0; g < p->group.n; g++) {
        const struct kernel *k = p->kernel.data[p->group.data[g].kernel];
        for (uint32_t i = 0; i < k->n_params; i++) {
            if (deviates(k, i))
                count_deviation(r->arena, &all, p->group.data[g].mismatch[i]);
        }
    }
    *m = (struct net_mismatch){.given = true, .seed = p->mismatch_seed};
    uint32_t most = 0;
    for (uint32_t i = 0; i < all.list.n; i++) {
        if (all.list.data[i].n > most)
            m->all = all.list.data[i].p;
        most = all.list.data[i].n > most ? all.list.data[i].n : most;
    }
    for (uint32_t g = 0; g < p->group.n; g++) {
        const struct kernel *k = p->kernel.data[p->group.data[g].kernel];
        for (uint32_t i = 0; i < k->n_params; i++) {
            double deviation = p->group.data[g].mismatch[i];
            if (deviates(k, i) && deviation != m->all)
                except(r, k->param[i].name, deviation);
        }
    }
}

struct net *raise_plan(struct arena *a, struct intern *names, struct sources *s,
                       const struct plan *p, struct diags *d)
{
    struct raise r = {.arena = a, .plan = p, .net = net_new(a, p->network), .diags = d};
    r.net->dt = p->dt;
    if (!raise_models(&r, names, s))
        return NULL;
    for (uint32_t i = 0; i < p->input.n; i++) {
        const struct plan_input *in = &p->input.data[i];
        struct net_shape shape = {.rank = in->shape.rank};
        memcpy(shape.extent, in->shape.extent, shape.rank * sizeof *shape.extent);
        uint32_t k = net_add_input(r.net, in->name, shape, NOWHERE);
        r.net->input.data[k].sensor = in->sensor;
    }
    for (uint32_t i = 0; i < p->group.n; i++)
        raise_group(&r, &p->group.data[i]);
    for (uint32_t i = 0; i < p->projection.n; i++) {
        if (!raise_projection(&r, &p->projection.data[i]))
            return NULL;
    }
    raise_outputs(&r);
    raise_mismatch(&r);
    return r.net;
}
