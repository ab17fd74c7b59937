/* Helper neurons: which sources share one, whether one passes events on, and whole networks that
 * only fit with them. */
#include "tests/unit/unit.h"

#include "runtime/base/rng.h"
#include "runtime/run.h"
#include "targets/dynapse2/passes.h"
#include "targets/dynapse2/relay.h"
#include "targets/dynapse2/split.h"
#include "targets/sim/sim.h"
#include "tests/unit/dynapse2_net.h"
#include <math.h>
#include <stdio.h>

/* ---- windows ---- */

/* The squared error of a window; a source more is worse than any. */
static double error_of(const struct d2_entry *e, uint32_t n)
{
    double mean = 0, sum = 0;
    for (uint32_t i = 0; i < n; i++)
        mean += (double)e[i].weight / n;
    for (uint32_t i = 0; i < n; i++)
        sum += ((double)e[i].weight - mean) * ((double)e[i].weight - mean) + 1e5 * e[i].together;
    return sum;
}

/* The least error of k windows of a size from the entry i on, by trying all. */
static double least_error(const struct d2_entry *e, uint32_t n, uint32_t i, uint32_t size,
                          uint32_t k)
{
    if (k == 0)
        return 0;
    if (i + size > n)
        return INFINITY;
    double best = least_error(e, n, i + 1, size, k);
    if (e[i].class == e[i + size - 1].class)
        best = fmin(best, error_of(&e[i], size) + least_error(e, n, i + size, size, k - 1));
    return best;
}

static void windows_are_the_best(void **state)
{
    (void)state;
    uint32_t found = 0;
    for (uint64_t seed = 0; seed < 400; seed++) {
        struct arena a = {0};
        struct d2_entry e[14];
        struct d2_window *w;
        uint32_t n = 4 + (uint32_t)(rng_uniform(seed, 100) * 11), classes = 1 + (uint32_t)seed % 3;
        uint32_t have = 2 + (uint32_t)(rng_uniform(seed, 101) * (n - 2));
        uint32_t most = 2 + (uint32_t)(rng_uniform(seed, 102) * 6);
        for (uint32_t i = 0; i < n; i++)
            e[i] = (struct d2_entry){(uint32_t)(rng_uniform(seed, i) * classes),
                                     i,
                                     seed % 2 ? 1 + (uint32_t)(rng_uniform(seed, 80 + i) * 3) : 1,
                                     (float)floor(rng_uniform(seed, 50 + i) * 20),
                                     0,
                                     i};
        uint32_t m = d2_choose_windows(&a, e, n, have, most, &w);
        uint32_t left = n, end = 0, sources = 0;
        double error = 0;
        for (uint32_t k = 0; k < m; k++) {
            assert_in_range(w[k].n, 2, most);
            assert_int_equal(w[k].n, w[0].n);
            assert_true(w[k].first >= end && w[k].first + w[k].n <= n);
            assert_int_equal(e[w[k].first].class, e[w[k].first + w[k].n - 1].class);
            end = w[k].first + w[k].n;
            left -= w[k].n;
            error += error_of(&e[w[k].first], w[k].n);
        }
        for (uint32_t i = 0; i < n; i++)
            sources |= 1u << e[i].source;
        assert_int_equal(sources, (1u << n) - 1);
        if (m > 0) {
            found++;
            assert_true(left + m <= have);
            assert_true(fabs(error - least_error(e, n, 0, w[0].n, m)) < 1e-6);
        }
        arena_free(&a);
    }
    assert_true(found > 100);
}

/* ---- relays ---- */

enum { RELAYS = 300, STEPS = 60, FIRST = 2 };

/* A layer of relays with this mismatch hears the events [STEPS] of one channel. */
static uint8_t *answer(struct arena *a, struct d2_test *t, const struct d2_relay *r,
                       const uint8_t *events, double mismatch)
{
    struct net *n = net_new(a, "relays");
    n->dt = t->n->dt;
    net_add_layer(n, "x", (struct net_shape){1, {1}}, r->model, (struct span){0});
    net_layer_defaults(n, 0);
    uint32_t in = net_add_input(n, "in", (struct net_shape){1, {1}}, (struct span){0});
    uint32_t l = d2_relay_layer(n, r, "relay", 0, RELAYS);
    double w[RELAYS];
    for (uint32_t i = 0; i < RELAYS; i++)
        w[i] = (double)r->weight;
    net_add_dense(n, true, in, l, r->receptor, 0, w, 1, RELAYS, (struct span){0});
    n->mismatch.given = mismatch > 0;
    n->mismatch.all = mismatch;
    VEC_PUSH(a, &n->output, l);

    struct plan plan;
    struct stimulus_source source = {0};
    const uint64_t extent[] = {STEPS, 1};
    assert_true(sim_map(a, n, NULL, &plan, &t->text.diags));
    assert_true(stimulus_raster(a, &source, (struct stimulus_counts){.u8 = events}, 2, extent, 1,
                                &t->text.diags, "events", (struct span){0}));
    struct stimulus s = {
        .name = "events", .steps = STEPS, .trials = 1, .n_inputs = 1, .source = &source};
    struct backend interp;
    struct run_result result;
    backend_interp(&interp);
    const struct run_record spikes = {l, -1};
    struct run_options o = {.stimulus = &s,
                            .trials = 1,
                            .chips = 1,
                            .jobs = 1,
                            .backend = &interp,
                            .record = &spikes,
                            .n_record = 1};
    assert_true(run_plan(a, &plan, &o, &result, &t->text.diags));
    interp.release(&interp);
    return result.record[0].data;
}

/* Relays whose every step is as the events say. */
static uint32_t count_right(const uint8_t *spikes, const uint8_t *events)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < RELAYS; i++) {
        bool right = true;
        for (uint32_t s = 0; s < STEPS; s++)
            right = right && spikes[s * RELAYS + i] == events[s];
        n += right;
    }
    return n;
}

static const double dt_of[] = {1e-4, 5e-4, 1e-3, 2e-3, 1e-2};

/* One spike for one event, in its step, every second step; at a mismatch of 10 % all do that, at
 * 20 % nearly all. */
static void relays_pass_events_on(void **state)
{
    (void)state;
    for (uint32_t k = 0; k < sizeof dt_of / sizeof dt_of[0]; k++) {
        struct d2_test t;
        struct d2_relay r;
        struct arena a = {0};
        uint8_t alone[STEPS] = {0}, dense[STEPS] = {0};
        d2_test_init(&t);
        t.n->dt = dt_of[k];
        uint32_t l = d2_test_layer(&t, "out", 1, NULL);
        assert_true(d2_relay_find(&a, t.n, l, &r, &t.text.diags));
        assert_int_equal(r.period, 2);
        printf("# dt %g s: weight %g, margin %.3g\n", t.n->dt, (double)r.weight, r.margin);
        assert_true(r.margin > 1.35);
        for (uint32_t s = FIRST; s < STEPS; s++) {
            alone[s] = s == FIRST || s == STEPS / 2;
            dense[s] = s % 2 == FIRST % 2;
        }
        assert_int_equal(count_right(answer(&a, &t, &r, alone, 0), alone), RELAYS);
        assert_int_equal(count_right(answer(&a, &t, &r, dense, 0.1), dense), RELAYS);
        assert_true(count_right(answer(&a, &t, &r, alone, 0.2), alone) >= RELAYS * 98 / 100);
        assert_true(count_right(answer(&a, &t, &r, dense, 0.2), dense) >= RELAYS * 97 / 100);
        arena_free(&a);
        d2_test_free(&t);
    }
}

/* Several events of one step are few spikes in that step and nothing after it; an event in the step
 * after a spike is lost. */
static void relays_do_not_count(void **state)
{
    (void)state;
    static const uint8_t of[][2] = {{1, 1}, {2, 2}, {4, 2}, {64, 5}};
    struct d2_test t;
    struct d2_relay r;
    struct arena a = {0};
    d2_test_init(&t);
    uint32_t l = d2_test_layer(&t, "out", 1, NULL);
    assert_true(d2_relay_find(&a, t.n, l, &r, &t.text.diags));
    for (uint32_t k = 0; k < sizeof of / sizeof of[0]; k++) {
        uint8_t events[STEPS] = {0}, spikes[STEPS] = {0};
        events[FIRST] = of[k][0];
        spikes[FIRST] = of[k][1];
        assert_int_equal(count_right(answer(&a, &t, &r, events, 0), spikes), RELAYS);
    }
    uint8_t events[STEPS] = {0}, spikes[STEPS] = {0};
    events[FIRST] = events[FIRST + 1] = spikes[FIRST] = 1;
    assert_int_equal(count_right(answer(&a, &t, &r, events, 0), spikes), RELAYS);
    arena_free(&a);
    d2_test_free(&t);
}

static const char deaf[] = "neuron deaf { bias I = 1 pA on dynapse2 SOIF_LEAK_N;\n"
                           "  receive drive scale 10 nA on dynapse2 ampa, gaba; state x = 0 A;\n"
                           "  step { x = drive + I; emit 0; } }\n";

static void not_every_model_relays(void **state)
{
    (void)state;
    struct d2_test t;
    struct d2_relay r;
    struct arena a = {0};
    d2_test_init(&t);
    struct model *m = neuron_text_check(&t.text, deaf);
    if (!m)
        d2_test_show(&t);
    assert_non_null(m);
    uint32_t l = d2_test_layer(&t, "out", 1, m);
    assert_false(d2_relay_find(&a, t.n, l, &r, &t.text.diags));
    assert_true(d2_test_said(&t, E0602, "no weight makes one spike of one event"));
    arena_free(&a);
    d2_test_free(&t);
}

/* ---- fan-in ---- */

static uint32_t in_degree(const struct net *n, uint32_t layer, uint32_t element)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        for (uint64_t s = 0; c->dst == layer && s < c->row[c->n_pre]; s++)
            count += c->post[s] == element;
    }
    return count;
}

/* The weight from a channel to a neuron, directly or through a helper. */
static double weight_of(const struct net *n, uint32_t channel, uint32_t layer, uint32_t element,
                        int helpers)
{
    double sum = 0;
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        for (uint64_t s = c->row[channel]; c->from_input && s < c->row[channel + 1]; s++) {
            if (c->dst == layer && c->post[s] == element)
                sum += (double)c->weight[s];
            for (uint32_t k = 0; (int)c->dst == helpers && k < n->connection.n; k++) {
                const struct net_connection *o = &n->connection.data[k];
                if (o->from_input || o->src != c->dst || o->dst != layer)
                    continue;
                for (uint64_t x = o->row[c->post[s]]; x < o->row[c->post[s] + 1]; x++)
                    sum += o->post[x] == element ? (double)o->weight[x] : 0;
            }
        }
    }
    return sum;
}

static void many_sources_fit(void **state)
{
    (void)state;
    enum { N_IN = 200, N_OUT = 7 };
    struct d2_test t;
    double w[N_IN][N_OUT];
    d2_test_init(&t);
    t.options.split = true;
    uint32_t in = d2_test_input(&t, "in", N_IN), out = d2_test_layer(&t, "out", N_OUT, NULL);
    for (uint32_t i = 0; i < N_IN; i++)
        for (uint32_t k = 0; k < N_OUT; k++) /* the last one needs no help */
            w[i][k] = k == N_OUT - 1 && i >= 64 ? 0 : rng_uniform(k, i) * 8 - 3;
    d2_test_connect(&t, true, in, out, &w[0][0]);
    assert_true(d2_test_passes(&t, "split"));
    int helpers = net_find_layer(t.n, "split.out");
    assert_true(helpers >= 0);
    assert_int_equal(t.report.helpers.n, 1);
    const struct target_helpers *h = &t.report.helpers.data[0];
    assert_int_equal(h->neurons, N_OUT - 1);
    assert_int_equal(h->n_helpers, t.n->layer.data[helpers].n);
    assert_true(h->largest_change > 0 && h->largest_change < 0.5);
    double largest = 0;
    for (uint32_t k = 0; k < N_OUT; k++) {
        assert_true(in_degree(t.n, out, k) <= D2_CAM);
        for (uint32_t i = 0; i < N_IN; i++) {
            double change = fabs(weight_of(t.n, i, out, k, helpers) - w[i][k]);
            largest = fmax(largest, change);
            assert_true(k < N_OUT - 1 || change < 1e-6);
        }
    }
    assert_true(fabs(largest - h->largest_change) < 1e-6);
    for (uint32_t k = 0; k < h->n_helpers; k++)
        assert_in_range(in_degree(t.n, (uint32_t)helpers, k), 2, h->sources);
    assert_int_equal(t.n->output.n, 1);

    t.options.split = false; /* and the rest of the way */
    bool ok = d2_test_passes(&t, "bias");
    if (!ok)
        d2_test_show(&t);
    assert_true(ok);
    d2_test_free(&t);
}

/* Neurons that hear the same share helpers. */
static void equal_neurons_share(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    t.options.split = true;
    uint32_t in = d2_test_input(&t, "in", 200), out = d2_test_layer(&t, "out", 20, NULL);
    d2_test_connect(&t, true, in, out, NULL);
    d2_test_tell_apart(&t, in);
    assert_true(d2_test_passes(&t, "bias"));
    assert_int_equal(t.report.helpers.data[0].neurons, 20);
    assert_int_equal(t.report.helpers.data[0].n_helpers,
                     46); /* of four sources, 16 by themselves */
    assert_int_equal(t.report.helpers.data[0].synapses, 20 * 184);
    assert_true(t.report.helpers.data[0].largest_change < 1e-6);
    d2_test_free(&t);
}

/* Sources that are alike share entries before there are helpers, and then go together. */
static void sources_share_first(void **state)
{
    (void)state;
    for (uint32_t kinds = 64; kinds <= 70; kinds += 6) {
        struct d2_test t;
        d2_test_init(&t);
        t.options.split = true;
        uint32_t n = kinds + 130, in = d2_test_input(&t, "in", n);
        uint32_t out = d2_test_layer(&t, "out", 70, NULL);
        double *w = ARENA_ARRAY(&t.text.arena, double, n * 70);
        for (uint32_t i = 0; i < n; i++) { /* of the kind 0 there are 131 */
            uint32_t kind = i < kinds ? i : 0;
            for (uint32_t e = 0; e < 70; e++)
                w[i * 70 + e] = 1 + (e == kind);
        }
        d2_test_connect(&t, true, in, out, w);
        bool ok = d2_test_passes(&t, "bias");
        if (!ok)
            d2_test_show(&t);
        assert_true(ok);
        assert_int_equal(t.report.helpers.n, kinds > 64);
        if (kinds > 64) /* what many share stays outside */
            assert_int_equal(t.report.helpers.data[0].sources, 4);
        assert_non_null(strstr(t.report.text.data, "route: 130 sources share the tags"));
        d2_test_free(&t);
    }
}

static bool same_rows(const struct net_connection *x, const struct net_connection *y)
{
    uint64_t n = x->row[x->n_pre];
    return x->n_pre == y->n_pre && memcmp(x->row, y->row, (x->n_pre + 1) * sizeof *x->row) == 0 &&
           memcmp(x->post, y->post, n * sizeof *x->post) == 0 &&
           memcmp(x->weight, y->weight, n * sizeof *x->weight) == 0;
}

/* Behind relays as well: 200 kinds of two sources each. */
static void shared_ones_stay_together(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    t.options.split = true;
    uint32_t in = d2_test_input(&t, "in", 200), more = d2_test_input(&t, "more", 200);
    uint32_t out = d2_test_layer(&t, "out", 5, NULL), other = d2_test_layer(&t, "other", 1, NULL);
    double w[200 * 5], v[200];
    for (uint32_t i = 0; i < 200 * 5; i++)
        w[i] = (i % 7 ? 1 : -1) * (1 + rng_uniform(9, i));
    for (uint32_t i = 0; i < 200; i++)
        v[i] = 1 + rng_uniform(10, i);
    for (uint32_t k = 0; k < 2; k++) {
        d2_test_connect(&t, true, k ? more : in, out, w);
        d2_test_connect(&t, true, k ? more : in, other, v);
    }
    bool ok = d2_test_passes(&t, "bias");
    if (!ok)
        d2_test_show(&t);
    assert_true(ok);
    assert_int_equal(t.report.helpers.data[0].sources, 8);
    for (uint32_t i = 0; i < t.n->connection.n; i++) {
        const struct net_connection *x = &t.n->connection.data[i];
        uint32_t twins = 0;
        for (uint32_t k = 0; k < t.n->connection.n; k++) {
            const struct net_connection *y = &t.n->connection.data[k];
            twins += x->from_input && y->from_input && x->src != y->src && x->dst == y->dst &&
                     same_rows(x, y);
        }
        assert_int_equal(twins, x->from_input);
    }
    d2_test_free(&t);
}

/* Where helpers of few sources would be too many for the board they carry more. */
static void helpers_fill_up(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    t.options.split = true;
    uint32_t in = d2_test_input(&t, "in", 400), out = d2_test_layer(&t, "out", 60, NULL);
    double *w = ARENA_ARRAY(&t.text.arena, double, 400 * 60);
    for (uint32_t i = 0; i < 400 * 60; i++)
        w[i] = 1 + rng_uniform(3, i);
    d2_test_connect(&t, true, in, out, w);
    assert_true(d2_test_passes(&t, "split"));
    assert_in_range(t.report.helpers.data[0].sources, 9, 32);
    assert_in_range(t.report.helpers.data[0].n_helpers, 60 * 11, 2048);
    d2_test_free(&t);
}

static void without_being_asked(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    uint32_t in = d2_test_input(&t, "in", 70), out = d2_test_layer(&t, "out", 1, NULL);
    d2_test_connect(&t, true, in, out, NULL);
    d2_test_tell_apart(&t, in);
    assert_true(d2_test_passes(&t, "place"));
    assert_int_equal(t.n->layer.n, 2);
    assert_false(d2_test_passes(&t, "route"));
    assert_true(d2_test_said(&t, E0601, "has 70 incoming connections after merging"));
    d2_test_free(&t);
}

static void some_can_not_be_split(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    t.options.split = true;
    uint32_t in = d2_test_input(&t, "in", 5000), out = d2_test_layer(&t, "out", 1, NULL);
    double w[5000];
    for (uint32_t i = 0; i < 5000; i++)
        w[i] = 1 + i * 1e-3;
    d2_test_connect(&t, true, in, out, w);
    assert_false(d2_test_passes(&t, "split"));
    assert_true(d2_test_said(&t, E0601, "has 5000 incoming connections after merging"));
    d2_test_free(&t);
}

/* ---- fan-out ---- */

enum { N_CHIPS = 9 };

/* One neuron `hub` that is heard by a layer on each chip of a row; every chip has `free` cores that
 * nobody stands on. */
static void make_star(struct d2_test *t, uint32_t n_chips, bool wanted, uint32_t free)
{
    struct board *b = d2_test_board(t);
    b->columns = n_chips;
    b->rows = 1;
    uint32_t hub = d2_test_layer(t, "hub", 1, NULL);
    VEC_PUSH(t->n->arena, &b->place, ((struct board_place){hub, 0, 1, 0, 0, {0}}));
    for (uint32_t c = 0; c < n_chips; c++) {
        for (uint32_t core = c == 0; core < D2_CORES - free; core++) {
            const char *name = arena_printf(t->n->arena, "x%u_%u", c, core);
            uint32_t l = d2_test_layer(t, name, 2, NULL);
            d2_test_connect(t, false, hub, l, NULL);
            VEC_PUSH(t->n->arena, &b->place, ((struct board_place){l, 0, 2, c, core, {0}}));
        }
    }
    if (wanted)
        VEC_PUSH(t->n->arena, &t->n->output, hub);
    t->n->has_output = true;
}

static void wide_neurons_reach_all(void **state)
{
    (void)state;
    for (uint32_t chips = 4; chips <= 8; chips++) {
        for (uint32_t wanted = 0; wanted < 2; wanted++) {
            struct d2_test t;
            d2_test_init(&t);
            t.options.split = true;
            make_star(&t, chips, wanted, 1);
            bool ok = d2_test_passes(&t, "bias");
            if (!ok)
                d2_test_show(&t);
            assert_true(ok);
            uint32_t direct = 4 - wanted;
            int helpers = net_find_layer(t.n, "relay.hub");
            assert_int_equal(helpers >= 0, chips > direct);
            assert_int_equal(t.report.helpers.n, chips > direct);
            if (chips > direct) {
                assert_true(t.report.helpers.data[0].fan_out);
                assert_int_equal(t.report.helpers.data[0].n_helpers, (chips - direct + 3) / 4);
                /* chip 0 has one layer less, so it is one of them */
                assert_int_equal(t.report.helpers.data[0].synapses, (chips - direct) * 3 * 2 - 2);
            }
            struct board_core *c;
            assert_true(d2_test_find(&t, 0, 0, &c)->sram.n <= D2_SRAM);
            d2_test_free(&t);
        }
    }
}

/* More sets of currents than cores, and neurons for nearly all of them: similar ones share a core,
 * so that one is left for the helper of a neuron that is heard everywhere. */
static void helpers_are_left_a_core(void **state)
{
    enum { LAYERS = 17, OF_LAYER = 200 };
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    t.options.split = true;
    d2_test_board(&t)->columns = d2_test_board(&t)->rows = 2;
    double *w = ARENA_ARRAY(&t.text.arena, double, OF_LAYER *OF_LAYER);
    for (uint32_t i = 0; i < OF_LAYER; i++)
        w[i] = 5;
    for (uint32_t i = 0; i < LAYERS; i++) {
        uint32_t l = d2_test_layer(&t, arena_printf(&t.text.arena, "l%u", i), OF_LAYER, NULL);
        d2_test_set(&t, l, "tau_mem", 0.010 + 0.003 * i);
        d2_test_connect(&t, false, 0, l, w);
    }
    VEC_PUSH(&t.text.arena, &t.n->record, ((struct net_record){.layer = 0, .state = -1}));
    bool ok = d2_test_passes(&t, "bias");
    if (!ok)
        d2_test_show(&t);
    assert_true(ok);
    assert_true(net_find_layer(t.n, "relay.l0") >= 0);
    assert_true(d2_test_said(&t, W0652, "different currents share"));
    d2_test_free(&t);
}

/* With one core free on the whole board, beyond those that the neuron reaches, it costs an entry.
 */
static void helpers_need_a_core(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    t.options.split = true;
    make_star(&t, 6, false, 0);
    assert_false(d2_test_passes(&t, "relay"));
    assert_true(d2_test_said(&t, E0601, "no chip near has room for a helper neuron"));
    d2_test_free(&t);

    d2_test_init(&t);
    t.options.split = true;
    make_star(&t, 6, false, 0);
    d2_test_board(&t)->rows = 2;
    bool ok = d2_test_passes(&t, "bias");
    if (!ok)
        d2_test_show(&t);
    assert_true(ok);
    struct board_core *c;
    d2_test_find(&t, (uint32_t)net_find_layer(t.n, "relay.hub"), 0, &c);
    assert_true(c->chip >= 6);
    d2_test_free(&t);
}

static bool hinted(const struct d2_test *t, const char *word)
{
    bool found = false;
    for (uint32_t i = 0; i < t->text.diags.list.n; i++) {
        const char *hint = t->text.diags.list.data[i]->hint;
        found = found || (hint && strstr(hint, word));
    }
    return found;
}

/* What would help is told where it would: there are cores for helpers. */
static void helpers_are_hinted_at(void **state)
{
    (void)state;
    for (uint32_t free = 0; free < 2; free++) {
        struct d2_test t;
        d2_test_init(&t);
        make_star(&t, 6, false, free);
        assert_false(d2_test_passes(&t, "bias"));
        assert_true(d2_test_said(&t, E0601, "`hub[0]` needs 6 SRAM entries"));
        assert_int_equal(hinted(&t, "`--split`"), free);
        d2_test_free(&t);

        d2_test_init(&t);
        uint32_t in = d2_test_input(&t, "in", 70), out = d2_test_layer(&t, "out", 1, NULL);
        d2_test_connect(&t, true, in, out, NULL);
        d2_test_tell_apart(&t, in);
        d2_test_layer(&t, "rest", free ? 600 : 900, NULL);
        struct board *b = d2_test_board(&t);
        b->columns = b->rows = 1;
        assert_false(d2_test_passes(&t, "bias"));
        assert_true(d2_test_said(&t, E0601, "`out[0]` has 70 incoming connections"));
        assert_int_equal(hinted(&t, "`--split`"), free);
        d2_test_free(&t);
    }
}

/* Hops end at 7: a helper in the middle goes where the neuron can't. */
static void helpers_keep_to_the_hops(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    t.options.split = true;
    make_star(&t, N_CHIPS, false, 1);
    bool ok = d2_test_passes(&t, "bias");
    if (!ok)
        d2_test_show(&t);
    assert_true(ok);
    d2_test_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_are_the_best),    cmocka_unit_test(relays_pass_events_on),
        cmocka_unit_test(relays_do_not_count),     cmocka_unit_test(not_every_model_relays),
        cmocka_unit_test(many_sources_fit),        cmocka_unit_test(equal_neurons_share),
        cmocka_unit_test(sources_share_first),     cmocka_unit_test(shared_ones_stay_together),
        cmocka_unit_test(helpers_fill_up),         cmocka_unit_test(without_being_asked),
        cmocka_unit_test(some_can_not_be_split),   cmocka_unit_test(wide_neurons_reach_all),
        cmocka_unit_test(helpers_are_left_a_core), cmocka_unit_test(helpers_are_hinted_at),
        cmocka_unit_test(helpers_need_a_core),     cmocka_unit_test(helpers_keep_to_the_hops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
