#include "compiler/net/net.h"
#include <math.h>

struct verify {
    const struct net *n;
    struct diags *d;
    bool ok;
};

#define BROKEN(v, at, ...) ((v)->ok = false, (void)diag_add((v)->d, E0999, (at), __VA_ARGS__))

static void check_shape(struct verify *v, const char *name, const struct net_shape *s, uint32_t n,
                        struct span at)
{
    if (s->rank < 1 || s->rank > NET_MAX_RANK) {
        BROKEN(v, at, "`%s` has rank %u", name, s->rank);
        return;
    }
    for (uint32_t i = 0; i < s->rank; i++) {
        if (s->extent[i] == 0)
            BROKEN(v, at, "`%s` has an empty dimension", name);
    }
    if (net_shape_count(*s) != n || n > INT32_MAX)
        BROKEN(v, at, "`%s` says it has %u elements", name, n);
}

static void check_columns(struct verify *v, const struct net_layer *l,
                          const struct net_column *column, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (!column[i].v) {
            BROKEN(v, l->span, "`%s` lacks a value", l->name);
            return;
        }
        for (uint32_t k = 0; k < (column[i].uniform ? 1 : l->n); k++) {
            if (isnan(column[i].v[k])) {
                BROKEN(v, l->span, "`%s` has a value that isn't a number", l->name);
                return;
            }
        }
    }
}

/* The names of layers and inputs; they share one space. */
struct names {
    struct intern text;
    struct map64 seen;
};

static bool is_new(struct names *k, const char *name)
{
    int fresh;
    map64_put(&k->seen, (uint64_t)(uintptr_t)intern_cstr(&k->text, name), 0, &fresh);
    return fresh;
}

static void check_sensor(struct verify *v, const struct net_input *x)
{
    uint32_t map[3];
    if (!x->sensor)
        return;
    const char *wrong = sensor_wrong(x->sensor);
    if (wrong) {
        BROKEN(v, x->span, "`%s`: %s", x->name, wrong);
        return;
    }
    sensor_map(x->sensor, map);
    if (x->shape.rank != 3 || memcmp(map, x->shape.extent, sizeof map) != 0)
        BROKEN(v, x->span, "`%s` has another shape than its sensor gives", x->name);
}

static void check_inputs(struct verify *v, struct names *names)
{
    for (uint32_t i = 0; i < v->n->input.n; i++) {
        const struct net_input *x = &v->n->input.data[i];
        check_shape(v, x->name, &x->shape, x->n, x->span);
        check_sensor(v, x);
        if (!is_new(names, x->name))
            BROKEN(v, x->span, "two inputs are called `%s`", x->name);
    }
}

static void check_factors(struct verify *v, const struct net_layer *l)
{
    for (uint32_t i = 0; i < l->model->param.n; i++) {
        const float *factor = l->param[i].factor;
        for (uint32_t k = 0; factor && k < l->n; k++) {
            if (l->model->param.data[i].kind == MODEL_PARAM || !(factor[k] >= 0)) {
                BROKEN(v, l->span, "`%s` has factors that it can't have", l->name);
                return;
            }
        }
    }
}

static void check_layers(struct verify *v, struct names *names)
{
    const struct net *n = v->n;
    for (uint32_t i = 0; i < n->layer.n; i++) {
        const struct net_layer *l = &n->layer.data[i];
        check_shape(v, l->name, &l->shape, l->n, l->span);
        if (!is_new(names, l->name))
            BROKEN(v, l->span, "two layers or inputs are called `%s`", l->name);
        bool listed = false;
        for (uint32_t k = 0; k < n->model.n; k++)
            listed = listed || n->model.data[k] == l->model;
        if (!listed)
            BROKEN(v, l->span, "the model of `%s` isn't listed", l->name);
        check_columns(v, l, l->param, l->model->param.n);
        check_factors(v, l);
        check_columns(v, l, l->init, l->model->state.n);
    }
}

static void check_neurons(struct verify *v)
{
    struct arena scratch = {0};
    struct names names;
    intern_init(&names.text, &scratch);
    map64_init(&names.seen, &scratch);
    check_inputs(v, &names);
    check_layers(v, &names);
    arena_free(&scratch);
}

/* What is wrong with the synapses, or NULL. */
static const char *synapses_wrong(const struct net_connection *c, const struct net_layer *dst)
{
    if (c->row[0] != 0)
        return "its rows don't begin at 0";
    for (uint32_t pre = 0; pre < c->n_pre; pre++) {
        if (c->row[pre + 1] < c->row[pre])
            return "its rows overlap";
        for (uint64_t k = c->row[pre]; k < c->row[pre + 1]; k++) {
            if (c->post[k] >= dst->n)
                return "a synapse ends at no neuron";
            if (k > c->row[pre] && c->post[k] <= c->post[k - 1])
                return "a row isn't in ascending order";
            if (!isfinite(c->weight[k]) || (c->weight[k] == 0 && !dst->model->event.present))
                return "a weight is 0 or not finite";
        }
    }
    return NULL;
}

/* What is wrong with a connection's pool, convolution or biases; NULL: nothing. */
static const char *maps_wrong(const struct net *n, const struct net_connection *c)
{
    const struct net_layer *dst = &n->layer.data[c->dst];
    const struct net_shape *src =
        c->from_input ? &n->input.data[c->src].shape : &n->layer.data[c->src].shape;
    const bool pools = c->pool[0] != 1 || c->pool[1] != 1;
    uint32_t n_pre = net_shape_count(*src), map[3];
    const uint32_t n_bias = c->conv ? c->conv->out : dst->n;
    if (c->conv || pools) {
        if (src->rank != 3 || !pooled_map(src->extent, c->pool, map))
            return "its source is no map, or has no whole area";
        n_pre = map[0] * map[1] * map[2];
    }
    if (c->n_pre != n_pre)
        return "it has another number of rows than its source";
    for (uint32_t i = 0; c->bias && i < n_bias; i++) {
        if (!isfinite(c->bias[i]))
            return "a bias isn't finite";
    }
    if (!c->conv)
        return synapses_wrong(c, dst);
    if (dst->shape.rank != 3)
        return "its target is no map";
    const char *wrong = conv_wrong(c->conv, map, dst->shape.extent);
    for (uint64_t i = 0; !wrong && i < conv_count(c->conv); i++) {
        if (!isfinite(c->conv->w[i]))
            wrong = "a weight isn't finite";
    }
    return wrong;
}

static void check_connection(struct verify *v, const struct net_connection *c)
{
    const struct net *n = v->n;
    if (c->src >= (c->from_input ? n->input.n : n->layer.n) || c->dst >= n->layer.n) {
        BROKEN(v, c->span, "a connection's end isn't there");
        return;
    }
    const struct net_layer *dst = &n->layer.data[c->dst];
    bool event = dst->model->event.present;
    uint32_t least = c->from_input || event ? 0 : 1;
    if (c->receptor >= dst->model->receptor.n && c->receptor != 0)
        BROKEN(v, c->span, "`%s` has no receptor %u", dst->name, c->receptor);
    if (c->delay < least)
        BROKEN(v, c->span, "a spike arrives in the step that it is made in");
    if (c->delay > least && n->dt == 0)
        BROKEN(v, c->span, "a delay without a time step");
    if (c->delay > 0 && event)
        BROKEN(v, c->span, "a delay to an event-driven layer");
    const char *wrong = maps_wrong(n, c);
    if (wrong)
        BROKEN(v, c->span, "connection to `%s`: %s", dst->name, wrong);
}

static void check_records(struct verify *v)
{
    const struct net *n = v->n;
    for (uint32_t i = 0; i < n->record.n; i++) {
        const struct net_record *r = &n->record.data[i];
        if (r->layer >= n->layer.n || r->state < -1 ||
            r->state >= (int64_t)n->layer.data[r->layer].model->state.n)
            BROKEN(v, r->span, "what is recorded isn't there");
    }
    for (uint32_t i = 0; i < n->output.n; i++) {
        if (n->output.data[i] >= n->layer.n)
            BROKEN(v, n->span, "an output isn't there");
    }
    bool mismatch = n->mismatch.all >= 0 && isfinite(n->mismatch.all);
    for (uint32_t i = 0; i < n->mismatch.by_name.n; i++) {
        double p = n->mismatch.by_name.data[i].p;
        mismatch = mismatch && p >= 0 && isfinite(p);
    }
    if (!mismatch)
        BROKEN(v, n->mismatch.span, "a mismatch below 0 or not finite");
}

static void check_core(struct verify *v, const struct board_core *c)
{
    const struct net *n = v->n;
    for (uint32_t i = 0; i < c->neuron.n; i++) {
        const struct board_neuron *x = &c->neuron.data[i];
        if (i > 0 && x->index <= x[-1].index)
            BROKEN(v, x->span, "neurons of a core out of order");
        if (x->layer >= (int64_t)n->layer.n ||
            (x->layer >= 0 && x->element >= n->layer.data[x->layer].n))
            BROKEN(v, x->span, "neuron %u stands for none of the network", x->index);
        for (uint32_t k = 0; k < x->cam.n; k++) {
            if (x->cam.data[k].mask > 15)
                BROKEN(v, x->span, "a weight of more than four bits");
        }
        for (uint32_t k = 0; k < x->sram.n; k++) {
            if (x->sram.data[k].cores > 15)
                BROKEN(v, x->span, "a destination in more than four cores");
        }
    }
}

static void check_board(struct verify *v)
{
    const struct net *n = v->n;
    const struct board *b = n->board;
    if (!(b->gain > 0) || !isfinite(b->gain))
        BROKEN(v, b->span, "a gain that isn't above 0");
    for (uint32_t i = 0; i < b->core.n; i++) {
        const struct board_core *c = &b->core.data[i];
        if (i > 0 && (c->chip < c[-1].chip || (c->chip == c[-1].chip && c->core <= c[-1].core)))
            BROKEN(v, c->span, "cores out of order");
        check_core(v, c);
    }
    for (uint32_t i = 0; i < b->place.n; i++) {
        const struct board_place *p = &b->place.data[i];
        if (p->layer >= n->layer.n || p->count == 0 || p->first >= n->layer.data[p->layer].n ||
            p->count > n->layer.data[p->layer].n - p->first)
            BROKEN(v, p->span, "what is placed isn't there");
    }
    for (uint32_t i = 0; i < b->input.n; i++) {
        const struct board_input *x = &b->input.data[i];
        if (x->input >= n->input.n || x->channel >= n->input.data[x->input].n)
            BROKEN(v, x->span, "an input channel isn't there");
        if (i > 0 &&
            (x->input < x[-1].input || (x->input == x[-1].input && x->channel <= x[-1].channel)))
            BROKEN(v, x->span, "input channels out of order");
    }
    for (uint32_t i = 0; i < b->output.n; i++) {
        const struct board_output *x = &b->output.data[i];
        if (x->layer >= n->layer.n || x->at.n != n->layer.data[x->layer].n)
            BROKEN(v, x->span, "an output doesn't have one address for each neuron");
    }
}

bool net_verify(const struct net *n, struct diags *d)
{
    struct verify v = {n, d, true};
    if (n->dt < 0 || !isfinite(n->dt))
        BROKEN(&v, n->span, "a time step of %g s", n->dt);
    check_neurons(&v);
    for (uint32_t i = 0; i < n->connection.n; i++)
        check_connection(&v, &n->connection.data[i]);
    check_records(&v);
    if (n->board)
        check_board(&v);
    return v.ok;
}
