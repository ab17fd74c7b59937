/* From a network to a plan: the same things with the compiler's knowledge left behind. Arrays of
 * values and synapses are shared, not copied. */
#include "lang/source.h"
#include "targets/sim/sim.h"

static struct plan_span plan_span(const struct sources *s, struct span span)
{
    const struct source *f = s ? sources_get(s, span.file) : NULL;
    if (!f)
        return (struct plan_span){0};
    struct source_pos at = source_pos(f, span.begin);
    return (struct plan_span){span.file, span.begin, span.end, at.line, at.column};
}

static struct plan_shape plan_shape(struct net_shape s)
{
    struct plan_shape out = {.rank = s.rank};
    memcpy(out.extent, s.extent, s.rank * sizeof *s.extent);
    return out;
}

static struct column *columns(struct arena *a, const struct net_column *c, uint32_t n)
{
    struct column *out = ARENA_ARRAY(a, struct column, n);
    for (uint32_t i = 0; i < n; i++)
        out[i] = (struct column){c[i].v, c[i].uniform};
    return out;
}

static double deviation(const struct net_mismatch *m, const char *name)
{
    for (uint32_t i = 0; i < m->by_name.n; i++) {
        if (strcmp(m->by_name.data[i].name, name) == 0)
            return m->by_name.data[i].p;
    }
    return m->all;
}

/* Biases and layouts deviate; what a user sets by `param` doesn't. */
static double *deviations(struct arena *a, const struct net *n, const struct model *m)
{
    double *out = ARENA_ARRAY(a, double, m->param.n);
    for (uint32_t i = 0; n->mismatch.given && i < m->param.n; i++) {
        if (m->param.data[i].kind != MODEL_PARAM)
            out[i] = deviation(&n->mismatch, m->param.data[i].name);
    }
    return out;
}

static float **factors(struct arena *a, const struct net_layer *l)
{
    float **out = NULL;
    for (uint32_t i = 0; i < l->model->param.n; i++) {
        if (!l->param[i].factor)
            continue;
        if (!out)
            out = ARENA_ARRAY(a, float *, l->model->param.n);
        out[i] = l->param[i].factor;
    }
    return out;
}

static uint32_t kernel_index(const struct net *n, const struct model *m)
{
    uint32_t k = 0;
    while (n->model.data[k] != m)
        k++;
    return k;
}

static void map_models(struct arena *a, const struct net *n, struct plan *out)
{
    struct buf text = {0};
    for (uint32_t i = 0; i < n->model.n; i++) {
        VEC_PUSH(a, &out->kernel, sim_build_kernel(a, n->model.data[i]));
        net_print_model(&text, n->model.data[i]);
    }
    out->models = arena_strndup(a, text.n ? text.data : "", text.n);
    buf_free(&text);
}

static void map_layers(struct arena *a, const struct net *n, const struct sources *s,
                       struct plan *out)
{
    for (uint32_t i = 0; i < n->layer.n; i++) {
        const struct net_layer *l = &n->layer.data[i];
        struct plan_group g = {
            .name = l->name,
            .n = l->n,
            .shape = plan_shape(l->shape),
            .kernel = kernel_index(n, l->model),
            .param = columns(a, l->param, l->model->param.n),
            .init = columns(a, l->init, l->model->state.n),
            .mismatch = deviations(a, n, l->model),
            .factor = factors(a, l),
            .span = plan_span(s, l->span),
        };
        VEC_PUSH(a, &out->group, g);
    }
}

static void map_connections(struct arena *a, const struct net *n, const struct sources *s,
                            struct plan *out)
{
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        struct plan_projection p = {
            .from_input = c->from_input,
            .src = c->src,
            .dst = c->dst,
            .receptor = c->receptor,
            .delay = c->delay,
            .pool = {c->pool[0], c->pool[1]},
            .average = c->average,
            .conv = c->conv,
            .bias = c->bias,
            .n_pre = c->n_pre,
            .row = c->row,
            .post = c->post,
            .weight = c->weight,
            .span = plan_span(s, c->span),
        };
        VEC_PUSH(a, &out->projection, p);
    }
}

static void map_records(struct arena *a, const struct net *n, struct plan *out)
{
    for (uint32_t i = 0; i < n->output.n; i++)
        VEC_PUSH(a, &out->output, n->output.data[i]);
    for (uint32_t i = 0; i < n->record.n; i++) {
        struct plan_record r = {n->record.data[i].layer, n->record.data[i].state};
        VEC_PUSH(a, &out->record, r);
    }
    for (uint32_t i = 0; !n->has_record && i < n->output.n; i++) {
        struct plan_record r = {n->output.data[i], -1};
        VEC_PUSH(a, &out->record, r);
    }
}

/* A model with an event body does without a time step. */
static bool check_time_step(const struct net *n, struct diags *d)
{
    bool ok = true;
    for (uint32_t i = 0; n->dt == 0 && i < n->layer.n; i++) {
        const struct net_layer *l = &n->layer.data[i];
        if (!l->model->step.present || l->model->event.present)
            continue;
        struct diag *g = diag_add(d, E0401, l->span,
                                  "layer `%s` runs in steps, but network `%s` has no time step",
                                  l->name, n->name);
        diag_label(d, g, l->model->span, "model `%s` has a step", l->model->name);
        diag_hint(d, g, "give one in the network: `dt = 1 ms;`");
        ok = false;
    }
    return ok;
}

bool sim_map(struct arena *a, const struct net *n, const struct sources *s, struct plan *out,
             struct diags *d)
{
    if (!check_time_step(n, d))
        return false;
    *out = (struct plan){
        .network = n->name,
        .dt = n->dt,
        .semantics = net_is_event_driven(n) ? PLAN_EVENT : PLAN_CLOCKED,
        .has_mismatch = n->mismatch.given,
        .mismatch_seed = n->mismatch.seed,
    };
    for (uint32_t i = 0; s && i < s->file.n; i++)
        VEC_PUSH(a, &out->files, s->file.data[i].path);
    map_models(a, n, out);
    for (uint32_t i = 0; i < n->input.n; i++) {
        const struct net_input *in = &n->input.data[i];
        struct plan_input p = {in->name, in->n, plan_shape(in->shape), in->sensor,
                               plan_span(s, in->span)};
        VEC_PUSH(a, &out->input, p);
    }
    map_layers(a, n, s, out);
    map_connections(a, n, s, out);
    map_records(a, n, out);
    return true;
}
