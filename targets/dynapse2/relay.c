#include "targets/dynapse2/relay.h"
#include "runtime/run.h"
#include "targets/dynapse2/passes.h"
#include "targets/dynapse2/quantize.h"
#include "targets/sim/sim.h"
#include <math.h>

/* ---- currents ---- */

/* Nominal charges of the silicon's capacitors [R]: up to Vth, or Ut / kappa in the translinear
 * circuits. Times last what these take at a current. */
#define PULSE_CHARGE      3.5e-13  /* Vth * C_pulse */
#define REFRACTORY_CHARGE 1.05e-12 /* Vth * C_ref */
#define SYNAPSE_CHARGE    8.69e-13 /* Ut / kappa * C_syn */

/* Times, in time steps: a pulse is long enough for the synapse to follow it and for the membrane to
 * reach the threshold in half of it, and the refractory period covers the rest. */
#define PULSE      0.2
#define REFRACTORY 0.5
#define SYNAPSE    0.02

/* The current is `constant`, plus `charge` over the time step. */
static const struct {
    const char *device;
    double constant, charge;
} currents[] = {
    {"SYPD_EXT_N", 0, PULSE_CHARGE / PULSE},
    {"SOIF_REFR_N", 0, REFRACTORY_CHARGE / REFRACTORY},
    {"DEAM_ETAU_P", 0, SYNAPSE_CHARGE / SYNAPSE},
    {"DEGA_ITAU_P", 0, SYNAPSE_CHARGE / SYNAPSE},
    {"DENM_ETAU_P", 0, SYNAPSE_CHARGE / SYNAPSE},
    {"DESC_ITAU_P", 0, SYNAPSE_CHARGE / SYNAPSE},
    {"DEAM_EGAIN_P", 0, SYNAPSE_CHARGE / SYNAPSE},
    {"DEGA_IGAIN_P", 0, SYNAPSE_CHARGE / SYNAPSE},
    {"DENM_EGAIN_P", 0, SYNAPSE_CHARGE / SYNAPSE},
    {"DESC_IGAIN_P", 0, SYNAPSE_CHARGE / SYNAPSE},
    {"SOIF_SPKTHR_P", 10e-12, 0}, /* 20 times the dark current: far from it and soon reached */
    {"SOIF_LEAK_N", 50e-12, 0},   /* more than what feeds back after any spike */
    {"SOIF_GAIN_N", 200e-12, 0},
    {"SOIF_DC_P", 0, 0}, /* off */
    {"SOAD_W_N", 0, 0},  /* as little adaptation as can be, and that is gone at once */
    {"SOAD_PWTAU_N", 1e-6, 0},
    {"SOAD_TAU_P", 100e-9, 0},
    {"SOAD_GAIN_P", 100e-9, 0},
};
enum { N_CURRENTS = sizeof currents / sizeof currents[0] };

/* What the bias generator makes of it; 0 needs no more than a latch, where there is one. */
static double made(const struct model_param *p, uint32_t device, double x)
{
    return x == 0 && d2_latch_of(p) >= 0 ? 0 : d2_current(device, d2_choose(device, x));
}

static void set_currents(struct net *n, uint32_t layer)
{
    const struct model *m = n->layer.data[layer].model;
    for (uint32_t p = 0; p < m->param.n; p++) {
        for (uint32_t i = 0; d2_is_bound(&m->param.data[p]) && i < N_CURRENTS; i++) {
            const char *device = m->param.data[p].on.name[0];
            if (strcmp(currents[i].device, device) != 0)
                continue;
            double x = made(&m->param.data[p], (uint32_t)d2_find_param(device),
                            currents[i].constant + currents[i].charge / n->dt);
            net_layer_set(n, layer, p, &x, true);
        }
    }
}

/* ---- trials ---- */

/* A small network: an input, relays that hear it, and what they answer. */
struct trial {
    struct arena *a;
    struct net *n;
    uint32_t layer, n_channels, n_relays;
    uint64_t steps;
    uint8_t *events;       /* [steps, channels] */
    const uint8_t *spikes; /* [steps, relays] */
};

enum { FIRST = 2 }; /* the step of the first event: before, relays have to be silent */

static void begin(struct trial *t, struct arena *a, const struct net *like, uint32_t layer,
                  uint32_t n_channels, uint32_t n_relays, uint64_t steps)
{
    const struct net_layer *l = &like->layer.data[layer];
    *t = (struct trial){a, net_new(a, "relay"), 0, n_channels, n_relays, steps, NULL, NULL};
    t->n->dt = like->dt;
    net_add_input(t->n, "in", (struct net_shape){1, {n_channels}}, (struct span){0});
    t->layer = net_add_layer(t->n, "relay", (struct net_shape){1, {n_relays}}, l->model, l->span);
    for (uint32_t p = 0; p < l->model->param.n; p++) { /* the same silicon */
        if (l->model->param.data[p].kind == MODEL_LAYOUT && l->param[p].set && l->param[p].uniform)
            t->n->layer.data[t->layer].param[p] =
                (struct net_column){l->param[p].v, l->param[p].given, true, true, NULL};
    }
    set_currents(t->n, t->layer);
    net_layer_defaults(t->n, t->layer);
    t->events = ARENA_ARRAY(a, uint8_t, steps * n_channels);
}

static bool run(struct trial *t, struct diags *d)
{
    struct plan plan;
    struct stimulus_source in = {0};
    const uint64_t extent[2] = {t->steps, t->n_channels};
    struct stimulus s = {
        .name = "events", .steps = t->steps, .trials = 1, .n_inputs = 1, .source = &in};
    struct backend interp;
    struct run_result result;
    backend_interp(&interp);
    const struct run_record spikes = {t->layer, -1};
    struct run_options o = {.stimulus = &s,
                            .trials = 1,
                            .chips = 1,
                            .jobs = 1,
                            .backend = &interp,
                            .record = &spikes,
                            .n_record = 1};
    net_default_outputs(t->n);
    bool ok = sim_map(t->a, t->n, NULL, &plan, d) &&
              stimulus_raster(t->a, &in, (struct stimulus_counts){.u8 = t->events}, 2, extent,
                              t->n_channels, d, "events", (struct span){0}) &&
              run_plan(t->a, &plan, &o, &result, d);
    if (interp.release)
        interp.release(&interp);
    t->spikes = ok ? result.record[0].data : NULL;
    return t->spikes != NULL;
}

static uint32_t count(const struct trial *t, uint32_t relay, uint64_t step)
{
    return t->spikes[step * t->n_relays + relay];
}

/* ---- the weight ---- */

/* Whether one event makes one spike, in its step, and nothing follows. */
static bool is_one(const struct trial *t, uint32_t relay)
{
    bool ok = true;
    for (uint64_t s = 0; s < t->steps && ok; s++)
        ok = count(t, relay, s) == (s == FIRST);
    return ok;
}

/* One relay for each current that a base can have. The longest run of those that are right, and of
 * them the one in the middle. */
static bool find_weight(struct arena *a, const struct net *n, uint32_t layer, struct d2_relay *r,
                        struct diags *d)
{
    enum { STEPS = 12 };
    struct d2_base_reach *reach = ARENA_NEW(a, struct d2_base_reach);
    struct trial t;
    struct d2_scale scale;
    d2_base_reach(reach);
    uint32_t count = reach->grid.n, longest = 0, from = 0;
    begin(&t, a, n, layer, 1, count, STEPS);
    d2_receptor_scale(a, t.n, t.layer, r->receptor, &scale);
    double iscale = scale.v[0] * (n->board ? n->board->gain : 1);
    struct net_connection *c =
        net_add_connection(t.n, true, 0, t.layer, r->receptor, 0, 1, count, (struct span){0});
    for (uint32_t i = 0; i < count; i++) {
        c->post[i] = i;
        c->weight[i] = (float)(reach->current[i] / iscale);
    }
    c->row[1] = count;
    t.events[FIRST] = 1;
    if (!run(&t, d))
        return false;
    for (uint32_t i = 0, n_right = 0; i < count; i++) {
        n_right = is_one(&t, i) ? n_right + 1 : 0;
        if (n_right > longest) {
            longest = n_right;
            from = i + 1 - n_right;
        }
    }
    if (longest == 0)
        return false;
    double low = reach->current[from], high = reach->current[from + longest - 1];
    double middle = sqrt(low * high);
    while (reach->current[from] < middle)
        from++;
    r->weight = (float)(reach->current[from] / iscale);
    r->margin = fmin(high / reach->current[from], reach->current[from] / low);
    r->column = t.n->layer.data[t.layer].param;
    return true;
}

/* ---- the pace ---- */

/* The least period of events that are all passed on; 0: none that is tried, or relays that don't
 * come to rest after all of their sources spoke at once. */
static bool find_period(struct arena *a, const struct net *n, uint32_t layer, struct d2_relay *r,
                        struct diags *d)
{
    enum { STEPS = 60, MOST = 4, BURST = MOST }; /* channel k: every k + 1 steps; the burst */
    struct trial t;
    begin(&t, a, n, layer, MOST + 1, MOST + 1, STEPS);
    struct net_connection *c = net_add_connection(t.n, true, 0, t.layer, r->receptor, 0, MOST + 1,
                                                  MOST + 1, (struct span){0});
    for (uint32_t i = 0; i <= MOST; i++) {
        c->post[i] = i;
        c->weight[i] = r->weight;
        c->row[i + 1] = i + 1;
        for (uint32_t s = FIRST; s < STEPS && i < MOST; s += i + 1)
            t.events[s * (MOST + 1) + i] = 1;
    }
    t.events[FIRST * (MOST + 1) + BURST] = D2_CAM;
    if (!run(&t, d))
        return false;
    for (uint64_t s = 0; s < STEPS; s++) {
        if ((count(&t, BURST, s) > 0) != (s == FIRST))
            return false;
    }
    for (r->period = 1; r->period <= MOST; r->period++) {
        bool all = true;
        for (uint64_t s = 0; s < STEPS && all; s++)
            all = count(&t, r->period - 1, s) == t.events[s * (MOST + 1) + r->period - 1];
        if (all)
            return true;
    }
    return false;
}

/* ---- */

static int positive_receptor(const struct model *m)
{
    for (uint32_t k = 0; k < m->receptor.n; k++) {
        const struct model_receptor *r = &m->receptor.data[k];
        if (r->on.target && strcmp(r->on.target, "dynapse2") == 0 && !r->negative && r->on.n > 0 &&
            strcmp(r->on.name[0], "ampa") == 0)
            return (int)k;
    }
    return -1;
}

bool d2_relay_find(struct arena *a, const struct net *n, uint32_t layer, struct d2_relay *out,
                   struct diags *d)
{
    const struct net_layer *l = &n->layer.data[layer];
    int receptor = positive_receptor(l->model);
    *out = (struct d2_relay){.model = l->model, .receptor = receptor < 0 ? 0 : (uint32_t)receptor};
    uint32_t errors = d->n_errors;
    if (receptor >= 0 && find_weight(a, n, layer, out, d) && find_period(a, n, layer, out, d))
        return true;
    if (d->n_errors > errors)
        return false;
    struct diag *g = diag_add(
        d, E0602, l->span, "`%s` can't be split: neurons of its model `%s` don't pass events on%s",
        l->name, l->model->name,
        receptor < 0      ? ", none of its receptors is `ampa`"
        : out->weight > 0 ? " one by one"
                          : ": no weight makes one spike of one event");
    diag_label(d, g, l->model->span, "the model");
    diag_hint(d, g, "models with the device parameters and the time steps of `dpi` do");
    return false;
}

uint32_t d2_relay_layer(struct net *n, const struct d2_relay *r, const char *prefix,
                        uint32_t helped, uint32_t count)
{
    const char *name = net_helper_name(n, prefix, n->layer.data[helped].name);
    uint32_t l = net_add_layer(n, name, (struct net_shape){1, {count}}, r->model,
                               n->layer.data[helped].span);
    for (uint32_t p = 0; p < r->model->param.n; p++) {
        if (r->column[p].set)
            net_layer_set(n, l, p, r->column[p].given, true);
    }
    net_layer_defaults(n, l);
    n->has_output = true; /* those that there are: relays are none, whatever they feed */
    return l;
}

void d2_drop_moved(struct net *n)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n->connection.n; i++) {
        struct net_connection c = n->connection.data[i];
        uint64_t before = c.row[c.n_pre];
        d2_drop_zeros(&c);
        if (c.row[c.n_pre] > 0 || before == 0)
            n->connection.data[kept++] = c;
    }
    n->connection.n = kept;
}

bool d2_is_relay(const struct d2_relay *r, const struct net_layer *l)
{
    bool same = l->model == r->model;
    for (uint32_t p = 0; same && p < r->model->param.n; p++)
        same = l->param[p].uniform && l->param[p].v[0] == r->column[p].v[0];
    return same;
}

bool d2_same_relays(const struct d2_relay *r, const struct d2_relay *q)
{
    bool same = q->model == r->model;
    for (uint32_t p = 0; same && p < r->model->param.n; p++)
        same = q->column[p].v[0] == r->column[p].v[0];
    return same;
}
