/* Checks of when neurons fire: each layer is tried by itself, on the interpreter. */
#include "compiler/check_rules.h"
#include "runtime/run.h"
#include "targets/sim/sim.h"

#include <math.h>

static bool all_alike(const struct net_layer *l)
{
    bool alike = true;
    for (uint32_t i = 0; i < l->model->param.n; i++)
        alike = alike && l->param[i].uniform;
    for (uint32_t i = 0; i < l->model->state.n; i++)
        alike = alike && l->init[i].uniform;
    return alike;
}

/* ---- what excites a neuron ---- */

/* What a connection adds to each neuron's receptor: in `drive` the weights of one sign, with an
 * event of each source, in `bias` what comes in every step. */
static void add_connection(const struct net_connection *c, const struct net_layer *l, float sign,
                           float *drive, float *bias)
{
    const float area = (float)c->pool[0] * (float)c->pool[1], times = c->average ? 1 : area;
    if (!c->conv) {
        for (uint64_t k = 0; k < c->row[c->n_pre]; k++)
            drive[c->post[k]] += sign * c->weight[k] > 0 ? times * c->weight[k] : 0;
        for (uint32_t i = 0; c->bias && i < l->n; i++)
            bias[i] += c->bias[i];
        return;
    }
    const uint32_t out = c->conv->out, map = l->n / out;
    const uint64_t each = conv_count(c->conv) / out;
    for (uint32_t f = 0; f < out; f++) {
        float sum = 0;
        for (uint64_t k = 0; k < each; k++)
            sum += sign * c->conv->w[f * each + k] > 0 ? times * c->conv->w[f * each + k] : 0;
        for (uint32_t i = f * map; i < (f + 1) * map; i++) {
            drive[i] += sum;
            bias[i] += c->bias ? c->bias[f] : 0;
        }
    }
}

/* ---- trying it ---- */

/* What drives a layer that is tried: all that excites it, nothing, all that inhibits it, with
 * pauses to rebound in, or else what excites it at one receptor. */
enum { ALL_RECEPTORS = -1, NO_RECEPTOR = -2, INHIBITED = -3 };
enum { PAUSE = 100 /* time steps of inhibition, and between them */ };

static bool hears(const struct checking *c, uint32_t layer, uint32_t receptor)
{
    uint32_t i = c->first_to[layer];
    while (i != CHECK_END && c->n->connection.data[i].receptor != receptor)
        i = c->next_to[i];
    return i != CHECK_END;
}

/* The network of a layer's neurons, one by one fed from an input. */
static struct net *alone(struct arena *a, const struct checking *c, uint32_t layer, int32_t by,
                         uint32_t n)
{
    const struct net_layer *l = &c->n->layer.data[layer];
    struct net *x = net_new(a, "alone");
    const struct net_shape shape = {1, {n}};
    x->dt = c->plan.dt;
    net_add_input(x, "in", shape, l->span);
    net_add_layer(x, l->name, shape, l->model, l->span);
    x->layer.data[0].param = l->param;
    x->layer.data[0].init = l->init;
    for (uint32_t r = 0; r < l->model->receptor.n; r++) {
        float *drive = ARENA_ARRAY(a, float, l->n), *bias = ARENA_ARRAY(a, float, l->n);
        const bool driven = by == ALL_RECEPTORS || by == INHIBITED || by == (int32_t)r;
        for (uint32_t i = c->first_to[layer]; driven && i != CHECK_END; i = c->next_to[i])
            if (c->n->connection.data[i].receptor == r)
                add_connection(&c->n->connection.data[i], l, by == INHIBITED ? -1 : 1, drive, bias);
        for (uint32_t i = 1; n == 1 && i < l->n; i++) { /* the one that gets most */
            drive[0] = fabsf(drive[i]) > fabsf(drive[0]) ? drive[i] : drive[0];
            bias[0] = bias[i] > bias[0] ? bias[i] : bias[0];
        }
        struct net_connection *k = net_add_connection(x, true, 0, 0, r, 0, n, n, l->span);
        if (!k)
            return NULL;
        k->bias = bias;
        for (uint32_t i = 0; i < n; i++) {
            k->post[i] = i;
            k->weight[i] = by == INHIBITED ? drive[i] : CHECK_EVENTS * drive[i];
            k->row[i + 1] = i + 1;
        }
    }
    return x;
}

/* What inhibits: events in every other PAUSE, in turn one in a step and CHECK_EVENTS, since whether
 * a neuron rebounds depends on how deep it was. */
static struct stimulus_source pauses(struct arena *a, uint32_t n)
{
    struct stimulus_source s = {
        .kind = STIM_TABLE, .channels = n, .trials = 1, .steps = CHECK_STEPS};
    s.row = ARENA_ARRAY(a, uint64_t, CHECK_STEPS + 1);
    s.event = ARENA_ARRAY(a, struct stimulus_event, (size_t)n * CHECK_STEPS);
    for (uint32_t t = 0; t < CHECK_STEPS; t++) {
        const uint32_t turn = t / PAUSE % 4, count = turn == 0 ? 1 : CHECK_EVENTS;
        s.row[t + 1] = s.row[t];
        for (uint32_t i = 0; i < n && turn % 2 == 0; i++)
            s.event[s.row[t + 1]++] = (struct stimulus_event){i, count};
    }
    return s;
}

static struct stimulus_source in_every_step(struct arena *a, uint32_t n, double dt)
{
    struct stimulus_source s = {.kind = STIM_REGULAR, .channels = n};
    s.rate = ARENA_ARRAY(a, double, n);
    for (uint32_t i = 0; i < n; i++)
        s.rate[i] = 1 / dt;
    return s;
}

/* Spikes of each neuron of a network that alone() made; false: it doesn't run. */
static bool try_run(struct arena *a, const struct net *x, bool inhibits, uint64_t *count)
{
    struct diags quiet = {0};
    struct plan plan;
    struct run_result result = {0};
    struct backend interp;
    const uint32_t n = x->input.data[0].n;
    bool ok = sim_map(a, x, NULL, &plan, &quiet);
    if (ok) {
        struct stimulus_source source = inhibits ? pauses(a, n) : in_every_step(a, n, plan.dt);
        struct stimulus stimulus = {
            .name = "in", .steps = CHECK_STEPS, .trials = 1, .n_inputs = 1, .source = &source};
        backend_interp(&interp);
        struct run_options o = {
            .stimulus = &stimulus, .trials = 1, .chips = 1, .jobs = 1, .backend = &interp};
        plan.semantics = PLAN_CLOCKED;
        ok = run_plan(a, &plan, &o, &result, &quiet);
    }
    if (ok)
        memcpy(count, result.count[0], n * sizeof *count);
    diags_free(&quiet);
    return ok;
}

/* Adds up what one way to drive the neurons makes of them; false: it can't be tried. */
static bool try_way(struct checking *c, uint32_t layer, int32_t by, uint32_t n, uint64_t *count)
{
    struct arena a = {0};
    uint64_t *these = ARENA_ARRAY(&a, uint64_t, n);
    const struct net *x = alone(&a, c, layer, by, n);
    const bool ran = x && try_run(&a, x, by == INHIBITED, these);
    c->tried += (uint64_t)n * CHECK_STEPS;
    for (uint32_t i = 0; ran && i < n; i++)
        count[i] += these[i];
    arena_free(&a);
    return ran;
}

static bool is_silent(const uint64_t *count, uint32_t n)
{
    bool silent = false;
    for (uint32_t i = 0; i < n; i++)
        silent = silent || count[i] == 0;
    return silent;
}

const uint64_t *check_try(struct checking *c, uint32_t layer, bool driven, uint32_t *n)
{
    const struct net_layer *l = &c->n->layer.data[layer];
    *n = l->n <= CHECK_NEURONS ? l->n : 1;
    if (layer >= c->layers || !l->model->step.present || model_draws(l->model) ||
        (l->n > CHECK_NEURONS && !all_alike(l)) || c->tried > CHECK_MOST)
        return NULL;
    uint64_t *count = ARENA_ARRAY(&c->arena, uint64_t, *n);
    bool ran = try_way(c, layer, driven ? ALL_RECEPTORS : NO_RECEPTOR, *n, count);
    /* A positive weight may inhibit, at a receptor that shunts: each by itself then. */
    for (uint32_t r = 0; driven && ran && r < l->model->receptor.n && is_silent(count, *n); r++)
        ran = !hears(c, layer, r) || try_way(c, layer, (int32_t)r, *n, count);
    if (driven && ran && is_silent(count, *n))
        ran = try_way(c, layer, INHIBITED, *n, count);
    return ran ? count : NULL;
}

/* ---- the rules ---- */

bool check_rest(struct checking *c, uint32_t index)
{
    const struct net_layer *l = &c->n->layer.data[index];
    uint32_t n, busy = 0, first = 0;
    if (l->model->receptor.n == 0)
        return false; /* a source */
    const uint64_t *count = check_try(c, index, false, &n);
    for (uint32_t i = n; count && i-- > 0;) {
        if (count[i] >= CHECK_STEPS / 2) {
            busy++;
            first = i;
        }
    }
    if (busy == 0)
        return false;
    struct diag *g =
        n == 1 || busy == n
            ? check_tell(c, W0458, index,
                         "`%s` fires at rest, with nothing coming in: %.0f %% of "
                         "time steps have a spike",
                         l->name, 100 * (double)count[first] / CHECK_STEPS)
            : check_tell(c, W0458, index,
                         "%u of %u neurons of `%s` fire at rest, with nothing coming in: the first "
                         "is `%s`",
                         busy, n, l->name, check_neuron(c, index, first));
    diag_hint(c->d, g, "is a threshold below the resting value, or a constant current too high?");
    return true;
}

/* Whether a layer isn't meant to fire: a parameter of it is set to infinity, and a state is what a
 * run writes. */
static bool meant_silent(const struct net *n, uint32_t index)
{
    const struct net_layer *l = &n->layer.data[index];
    bool infinite = false, recorded = false;
    for (uint32_t i = 0; i < l->model->param.n; i++)
        infinite |= l->param[i].set && l->param[i].uniform && isinf(l->param[i].v[0]);
    for (uint32_t i = 0; i < n->record.n; i++)
        recorded |= n->record.data[i].layer == index && n->record.data[i].state >= 0;
    return infinite && recorded;
}

bool check_silent(struct checking *c, uint32_t index)
{
    const struct net_layer *l = &c->n->layer.data[index];
    uint32_t n, silent = 0, first = 0;
    if (c->n->input.n == 0 || meant_silent(c->n, index))
        return false; /* it is about something else */
    const uint64_t *count = check_try(c, index, true, &n);
    for (uint32_t i = n; count && i-- > 0;) {
        if (count[i] == 0) {
            silent++;
            first = i;
        }
    }
    if (silent == 0)
        return false;
    struct diag *g =
        n == 1 || silent == n
            ? check_tell(c, W0457, index, "`%s` can't fire", l->name)
            : check_tell(c, W0457, index, "%u of %u neurons of `%s` can't fire: the first is `%s`",
                         silent, n, l->name, check_neuron(c, index, first));
    diag_hint(c->d, g,
              "not even when every source that excites it spikes %d times in each of %d time steps",
              CHECK_EVENTS, CHECK_STEPS);
    return true;
}
