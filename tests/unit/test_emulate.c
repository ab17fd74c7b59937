/* The virtual chip of DYNAP-SE2 on boards that no mapper would make: against a board that moves
 * every event (tests/naive_chip.h), and against decoding. */
#include "tests/unit/unit.h"

#include "runtime/run.h"
#include "targets/dynapse2/decode.h"
#include "targets/dynapse2/emulate.h"
#include "targets/dynapse2/emulate_board.h"
#include "tests/naive_chip.h"
#include "tests/unit/config_sections.h"
#include "tests/unit/make_plan.h"
#include "tests/unit/same_plan.h"

/* ---- travelling ---- */

/* Hop by hop it ends where the sum of the hops leads, which is what the mapper reckons with. */
static void travels_as_far_as_the_hops_lead(void **state)
{
    (void)state;
    uint32_t host = 0, lost = 0, chips = 0;
    for (uint8_t columns = 1; columns <= D2_MAX_SIDE; columns++) {
        for (uint8_t rows = 1; rows <= D2_MAX_SIDE; rows = (uint8_t)(rows + 1 + rows / 3)) {
            const struct d2_grid g = {columns, rows};
            for (uint32_t chip = 0; chip < d2_grid_chips(g); chip++) {
                for (int hops = 0; hops < 15 * 15; hops++) {
                    const struct d2_destination to = {.cores = 1,
                                                      .x_hop = (int8_t)(hops % 15 - 7),
                                                      .y_hop = (int8_t)(hops / 15 - 7)};
                    const struct d2_landing at = d2_travel(g, chip, &to);
                    const int want = d2_hop_target(g, chip, to.x_hop, to.y_hop);
                    const int got = at.where == D2_AT_CHIP   ? (int)at.chip
                                    : at.where == D2_AT_HOST ? D2_HOST
                                                             : D2_OFF_BOARD;
                    assert_int_equal(got, want);
                    if (at.where == D2_AT_HOST) {
                        assert_int_equal(at.x_left, (int)(chip % columns) - 6);
                    }
                    host += at.where == D2_AT_HOST;
                    lost += at.where == D2_LOST;
                    chips += at.where == D2_AT_CHIP;
                }
            }
        }
    }
    assert_true(host > 100 && lost > 100 && chips > 100);
}

/* ---- random boards ---- */

enum { STEPS = 8, MOST_NEURONS = 10 };

struct random_board {
    struct arena a;
    struct diags d;
    uint64_t seed;
    struct plan *plan, *decoded; /* two of the same */
    struct d2_config c;
    struct naive_network n;
    uint8_t *raster[NAIVE_MOST]; /* [step][channel] of each input */
    float v[NAIVE_MOST][NAIVE_MOST];
    const struct run_result *run;
};

static uint32_t draw(struct random_board *r, uint32_t below)
{
    r->seed = hash_u64(r->seed + 1);
    return (uint32_t)((r->seed >> 32) * below >> 32);
}

static bool chance(struct random_board *r, uint32_t percent)
{
    return draw(r, 100) < percent;
}

/* v = (p0 * s0 + r0 + r1 ...) + 1e6 * p1; min(floor(max(v, 0)), 3) spikes; s0 = v - spikes. The
 * other states are what arrives. */
static struct kernel *make_neuron(struct arena *a, uint32_t n_receptors)
{
    struct kernel *k = make_kernel(a, 2, 0, n_receptors, n_receptors + 1);
    struct kcode *s = &k->step;
#define OP(...) make_inst(a, s, (struct kinst){__VA_ARGS__})
    const uint32_t p0 = OP(.op = K_PARAM), s0 = OP(.op = K_STATE);
    uint32_t v = OP(.op = K_MUL, .a = p0, .b = s0);
    for (uint16_t r = 0; r < n_receptors; r++) {
        const uint32_t x = OP(.op = K_RECEIVE, .index = r);
        s->out[r + 1] = x;
        v = OP(.op = K_ADD, .a = v, .b = x);
    }
    const uint32_t p1 = OP(.op = K_PARAM, .index = 1), million = OP(.op = K_CONST, .imm = 1e6f);
    const uint32_t drive = OP(.op = K_MUL, .a = million, .b = p1);
    v = OP(.op = K_ADD, .a = v, .b = drive);
    const uint32_t zero = OP(.op = K_CONST, .imm = 0), three = OP(.op = K_CONST, .imm = 3);
    const uint32_t above = OP(.op = K_MAX, .a = v, .b = zero);
    const uint32_t whole = OP(.op = K_FLOOR, .a = above);
    s->emit = OP(.op = K_MIN, .a = whole, .b = three);
    s->out[0] = OP(.op = K_SUB, .a = v, .b = s->emit);
#undef OP
    k->param[1].kind = K_PARAM_BIAS;
    return k;
}

static void draw_destination(struct random_board *r, uint32_t chip, struct d2_destination *to)
{
    static const uint16_t rare[] = {7, 1023, 2047};
    const struct d2_grid g = r->c.grid;
    *to = (struct d2_destination){.tag = (uint16_t)draw(r, 4), .cores = (uint8_t)draw(r, 16)};
    if (chance(r, 5))
        to->tag = rare[draw(r, 3)];
    int x, y;
    if (chance(r, 70) && r->c.n_cores &&
        d2_hops(g, chip, r->c.core[draw(r, r->c.n_cores)].chip, &x, &y)) {
        to->x_hop = (int8_t)x;
        to->y_hop = (int8_t)y;
    } else if (chance(r, 30)) {
        to->x_hop = to->y_hop = D2_HOST_HOP;
    } else {
        to->x_hop = (int8_t)((int)draw(r, 15) - 7);
        to->y_hop = (int8_t)((int)draw(r, 15) - 7);
    }
}

static void draw_neuron(struct random_board *r, const struct d2_core *k, struct d2_neuron *x)
{
    x->latches = (uint16_t)draw(r, 4); /* so_dc, so_adaptation */
    x->cam = ARENA_ARRAY(&r->a, struct d2_cam, D2_CAM);
    x->sram = ARENA_ARRAY(&r->a, struct d2_sram, D2_SRAM);
    const uint32_t percent = draw(r, 3) ? 8 : 40;
    for (uint8_t slot = 0; slot < D2_CAM; slot++) {
        if (!chance(r, percent))
            continue;
        x->cam[x->n_cam++] = (struct d2_cam){(uint16_t)draw(r, 5), slot, (uint8_t)draw(r, D2_MASKS),
                                             (uint8_t)draw(r, D2_N_DENDRITES)};
    }
    for (uint8_t slot = 0; slot < D2_SRAM; slot++) {
        if (!chance(r, 60))
            continue;
        struct d2_sram *s = &x->sram[x->n_sram++];
        s->slot = slot;
        draw_destination(r, k->chip, &s->to);
    }
}

static void draw_cores(struct random_board *r)
{
    struct d2_config *c = &r->c;
    c->core = ARENA_ARRAY(&r->a, struct d2_core, 8);
    const uint32_t places = d2_grid_chips(c->grid) * D2_CORES;
    uint32_t at = draw(r, places < 4 ? places : 4);
    while (c->n_cores < 5 && at < places) {
        struct d2_core *k = &c->core[c->n_cores++];
        k->chip = (uint8_t)(at / D2_CORES);
        k->core = (uint8_t)(at % D2_CORES);
        for (uint32_t p = 0; p < D2_N_PARAMS; p++) {
            k->given[p] = d2_has_current(p) && chance(r, 80);
            if (k->given[p])
                k->code[p] =
                    (struct d2_code){(uint8_t)draw(r, D2_COARSE), (uint8_t)draw(r, D2_FINE)};
        }
        k->neuron = ARENA_ARRAY(&r->a, struct d2_neuron, MOST_NEURONS);
        at += 1 + draw(r, 1 + places / 4);
    }
}

/* Every neuron of the plan somewhere, and some that aren't of it, at ascending indices. */
static void place_neurons(struct random_board *r)
{
    struct d2_config *c = &r->c;
    for (uint32_t g = 0; g <= r->n.n_groups; g++) {
        const uint32_t n = g < r->n.n_groups ? r->n.neurons[g] : draw(r, 3);
        for (uint32_t e = 0; e < n; e++) {
            struct d2_core *k = &c->core[draw(r, c->n_cores)];
            const uint32_t at = draw(r, k->n_neurons + 1);
            memmove(&k->neuron[at + 1], &k->neuron[at], (k->n_neurons - at) * sizeof *k->neuron);
            k->neuron[at] = (struct d2_neuron){.group = g < r->n.n_groups ? (int32_t)g : -1,
                                               .element = g < r->n.n_groups ? e : 0};
            k->n_neurons++;
        }
    }
    for (uint32_t i = 0; i < c->n_cores; i++) {
        struct d2_core *k = &c->core[i];
        uint16_t index = (uint16_t)draw(r, 200);
        for (uint32_t j = 0; j < k->n_neurons; j++) {
            k->neuron[j].index = index;
            index = (uint16_t)(index + 1 + draw(r, 5));
            draw_neuron(r, k, &k->neuron[j]);
        }
    }
}

static void draw_receptors(struct random_board *r, struct d2_group *g, uint32_t neurons)
{
    const bool one = g->n_receptors == 1;
    for (uint32_t k = 0; k < g->n_receptors; k++) {
        struct d2_receptor *x = &g->receptor[k];
        x->n = 2;
        for (uint8_t i = 0; i < 2; i++) {
            x->dendrite[i] = (uint8_t)(D2_AMPA + 2 * k + i);
            x->negative[i] = chance(r, 40);
        }
        x->n_scale = chance(r, 50) ? 1 : neurons;
        x->scale = ARENA_ARRAY(&r->a, double, x->n_scale);
        for (uint32_t i = 0; i < x->n_scale; i++)
            x->scale[i] = 1e-8 * (1 + draw(r, 7) / 3.0);
    }
    if (!one)
        return;
    for (uint32_t i = 0; i < r->c.n_cores; i++) { /* two dendrites have no owner: not used */
        for (uint32_t j = 0; j < r->c.core[i].n_neurons; j++) {
            struct d2_neuron *n = &r->c.core[i].neuron[j];
            for (uint32_t m = 0; m < n->n_cam; m++) {
                bool own = n->group == (int32_t)(g - r->c.group);
                if (own && n->cam[m].dendrite > D2_GABA && !chance(r, 1))
                    n->cam[m].dendrite = (uint8_t)(n->cam[m].dendrite - 2);
            }
        }
    }
}

static void draw_bound(struct random_board *r, struct d2_group *g)
{
    static const char *const device[] = {"SOIF_DC_P",    "DEAM_ETAU_P", "DEGA_ITAU_P",
                                         "DENM_ETAU_P",  "DESC_ITAU_P", "SOIF_LEAK_N",
                                         "DEAM_EGAIN_P", "SOAD_W_N"};
    g->n_bound = 1;
    g->bound = ARENA_NEW(&r->a, struct d2_bound);
    g->bound->param = 1;
    g->bound->n = 1 + draw(r, D2_MAX_BOUND);
    for (uint32_t i = 0; i < g->bound->n; i++)
        g->bound->device[i] = (uint8_t)d2_find_param(device[draw(r, 8)]);
    g->bound->latch = chance(r, 30) ? D2_SO_ADAPTATION : -1;
    for (uint32_t i = 0; i < g->bound->n && g->bound->latch < 0; i++) {
        if (g->bound->device[i] == d2_find_param("SOIF_DC_P"))
            g->bound->latch = D2_SO_DC;
    }
}

/* Some of the connections that there could be, in any order. */
static void draw_projections(struct random_board *r)
{
    for (uint32_t i = draw(r, 8); i > 0; i--) {
        const bool from_input = chance(r, 50);
        struct naive_link l = {.from_input = from_input,
                               .src = draw(r, from_input ? r->n.n_inputs : r->n.n_groups),
                               .dst = draw(r, r->n.n_groups)};
        l.receptor = draw(r, r->c.group[l.dst].n_receptors);
        bool twice = false;
        for (uint32_t k = 0; k < r->n.n_links; k++)
            twice = twice || memcmp(&r->n.link[k], &l, sizeof l) == 0;
        /* One with a delay that the chip hasn't, or a second one, gets nothing. */
        const uint32_t delay = chance(r, 10) ? 3 : !from_input;
        if (!twice && delay != 3)
            r->n.link[r->n.n_links++] = l;
        const struct plan_projection j = {.from_input = l.from_input,
                                          .pool = {1, 1},
                                          .src = l.src,
                                          .dst = l.dst,
                                          .receptor = l.receptor,
                                          .delay = delay,
                                          .n_pre = from_input ? r->n.channels[l.src]
                                                              : r->n.neurons[l.src]};
        VEC_PUSH(&r->a, &r->plan->projection, j);
        VEC_PUSH(&r->a, &r->decoded->projection, j);
    }
}

static void draw_plan(struct random_board *r)
{
    r->n.n_groups = 1 + draw(r, 3);
    r->n.n_inputs = 1 + draw(r, 2);
    struct kernel *k[2] = {make_neuron(&r->a, 1), make_neuron(&r->a, 2)};
    for (int copy = 0; copy < 2; copy++) {
        struct plan *p = ARENA_NEW(&r->a, struct plan);
        *p = (struct plan){.network = "n", .dt = 1e-3, .models = ""};
        VEC_PUSH(&r->a, &p->kernel, k[0]);
        VEC_PUSH(&r->a, &p->kernel, k[1]);
        *(copy ? &r->decoded : &r->plan) = p;
    }
    r->c.n_groups = r->n.n_groups;
    r->c.group = ARENA_ARRAY(&r->a, struct d2_group, r->n.n_groups);
    for (uint32_t g = 0; g < r->n.n_groups; g++) {
        r->n.neurons[g] = 1 + draw(r, 3);
        const uint32_t receptors = 1 + draw(r, 2);
        make_group(&r->a, r->plan, "g", r->n.neurons[g], receptors - 1, 0.5f);
        make_group(&r->a, r->decoded, "g", r->n.neurons[g], receptors - 1, 0.5f);
        r->c.group[g].n_receptors = receptors;
        r->c.group[g].receptor = ARENA_ARRAY(&r->a, struct d2_receptor, receptors);
    }
    VEC_PUSH(&r->a, &r->plan->output, 0);
    VEC_PUSH(&r->a, &r->decoded->output, 0);
}

static void draw_inputs(struct random_board *r)
{
    r->c.n_inputs = r->n.n_inputs;
    r->c.input = ARENA_ARRAY(&r->a, struct d2_input, r->n.n_inputs);
    for (uint32_t i = 0; i < r->n.n_inputs; i++) {
        const uint32_t n = 1 + draw(r, 4);
        r->n.channels[i] = r->c.input[i].n = n;
        make_input(&r->a, r->plan, "i", n);
        make_input(&r->a, r->decoded, "i", n);
        r->c.input[i].channel = ARENA_ARRAY(&r->a, struct d2_channel, n);
        for (uint32_t ch = 0; ch < n; ch++) {
            struct d2_channel *x = &r->c.input[i].channel[ch];
            x->n = draw(r, 4);
            x->to = ARENA_ARRAY(&r->a, struct d2_destination, x->n);
            for (uint32_t k = 0; k < x->n; k++)
                draw_destination(r, 0, &x->to[k]);
        }
        r->raster[i] = ARENA_ARRAY(&r->a, uint8_t, STEPS * n);
        for (uint32_t k = 0; k < STEPS * n; k++)
            r->raster[i][k] = (uint8_t)(chance(r, 40) ? 1 + draw(r, 3) : 0);
    }
}

static void make_random(struct random_board *r, uint64_t seed)
{
    *r = (struct random_board){.seed = seed};
    static const struct d2_grid grid[] = {{1, 1}, {4, 1}, {1, 3}, {2, 2}, {5, 3}, {8, 8}, {15, 15}};
    r->c.grid = grid[draw(r, 7)];
    r->c.gain = chance(r, 50) ? 1 : 0.25 * (1 + draw(r, 20));
    draw_plan(r);
    draw_cores(r);
    place_neurons(r);
    for (uint32_t g = 0; g < r->n.n_groups; g++) {
        draw_receptors(r, &r->c.group[g], r->n.neurons[g]);
        draw_bound(r, &r->c.group[g]);
    }
    draw_inputs(r);
    draw_projections(r);
}

/* ---- what the plain board says ---- */

static uint32_t naive_count(void *arg, uint32_t input, uint32_t channel, uint32_t step)
{
    const struct random_board *r = arg;
    return step < STEPS ? r->raster[input][step * r->n.channels[input] + channel] : 0;
}

/* The neuron, and a comparison of all that the engine recorded of it. */
static uint32_t naive_neuron(void *arg, uint32_t group, uint32_t element, uint32_t step,
                             const float *receive)
{
    struct random_board *r = arg;
    const struct d2_group *g = &r->c.group[group];
    const uint32_t n = r->n.neurons[group];
    const float p1 = naive_chip_current(&r->c, group, element, g->bound);
    float v = 0.5f * r->v[group][element];
    for (uint32_t k = 0; k < g->n_receptors; k++)
        v = v + receive[k];
    v = v + 1e6f * p1;
    uint32_t spikes = 0;
    while (spikes < 3 && v >= (float)(spikes + 1))
        spikes++;
    v = v - (float)spikes;
    r->v[group][element] = v;
    for (uint32_t i = 0; i < r->run->n_record; i++) {
        const struct run_record what = r->run->record[i].what;
        if (what.group != group)
            continue;
        if (what.state < 0) {
            const uint8_t *got = r->run->record[i].data;
            assert_int_equal(got[step * n + element], spikes);
            continue;
        }
        const float *got = r->run->record[i].data;
        const float want = what.state == 0 ? v : receive[what.state - 1];
        assert_true(got[step * n + element] == want);
    }
    return spikes;
}

static void compare_weights(const struct random_board *r)
{
    const struct plan *p = r->plan;
    for (uint32_t g = 0; g < r->n.n_groups; g++) {
        for (uint32_t e = 0; e < r->n.neurons[g]; e++) {
            const struct column *c = &p->group.data[g].param[1];
            const float current = naive_chip_current(&r->c, g, e, r->c.group[g].bound);
            assert_true(c->v[c->uniform ? 0 : e] == current);
        }
    }
    for (uint32_t i = 0; i < p->projection.n; i++) {
        const struct plan_projection *j = &p->projection.data[i];
        for (uint32_t pre = 0; pre < j->n_pre; pre++) {
            for (uint64_t s = j->row[pre]; s < j->row[pre + 1]; s++) {
                const float want = naive_chip_weight(&r->c, j->from_input, j->src, pre, j->dst,
                                                     j->post[s], j->receptor);
                assert_true(j->weight[s] == want && want != 0);
            }
        }
    }
}

static void run_engine(struct random_board *r, struct run_result *out)
{
    struct backend interp;
    backend_interp(&interp);
    struct stimulus s = {.name = "s", .steps = STEPS, .trials = 1, .n_inputs = r->n.n_inputs};
    s.source = ARENA_ARRAY(&r->a, struct stimulus_source, r->n.n_inputs);
    for (uint32_t i = 0; i < r->n.n_inputs; i++) {
        const uint64_t extent[] = {STEPS, r->n.channels[i]};
        assert_true(stimulus_raster(&r->a, &s.source[i],
                                    (struct stimulus_counts){.u8 = r->raster[i]}, 2, extent,
                                    r->n.channels[i], &r->d, "s", (struct span){0}));
    }
    VEC(struct run_record) all = {0};
    for (uint32_t g = 0; g < r->n.n_groups; g++) {
        for (int32_t k = -1; k <= (int32_t)r->c.group[g].n_receptors; k++)
            VEC_PUSH(&r->a, &all, ((struct run_record){g, k}));
    }
    struct run_options o = {.stimulus = &s,
                            .trials = 1,
                            .chips = 1,
                            .jobs = 1,
                            .backend = &interp,
                            .record = all.data,
                            .n_record = all.n};
    assert_true(run_plan(&r->a, r->plan, &o, out, &r->d));
    interp.release(&interp);
}

/* Events that findings of a code concern, as findings_tell() counts them. */
static uint64_t events_of(const struct random_board *r, const struct findings *f,
                          enum diag_code code)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < f->list.n; i++) {
        const struct finding *x = &f->list.data[i];
        for (uint32_t k = 0; x->code == code && k < x->n_sources; k++) {
            const struct finding_source *s = &x->source[k];
            for (uint32_t t = 0; s->from_input && t < STEPS; t++)
                sum += r->raster[s->src][t * r->n.channels[s->src] + s->index];
            if (!s->from_input)
                sum += r->run->count[s->src][s->index];
        }
    }
    return sum;
}

struct seen {
    uint32_t refused, ran;
    uint64_t spikes, synapses, lost, unheard, stray;
};

static void try_board(uint64_t seed, struct seen *seen)
{
    struct random_board r;
    struct image im;
    struct diags other = {0};
    make_random(&r, seed);
    assert_true(config_sections(&r.a, &r.c, &im));
    struct findings found = {.arena = &r.a};
    const bool ok = d2_emulate(&r.a, &im, r.plan, &found, &r.d);
    assert_int_equal(d2_decode(&r.a, &im, r.decoded, &other), ok);
    assert_int_equal(r.d.n_errors, !ok);
    if (ok) {
        const char *why;
        same_plan(r.plan, r.decoded);
        assert_true(plan_verify(r.plan, &why));
        compare_weights(&r);
        struct run_result run;
        run_engine(&r, &run);
        r.run = &run;
        struct naive_totals totals;
        const struct naive_model model = {&r, naive_count, naive_neuron};
        naive_chip_run(&r.c, &r.n, STEPS, &model, &totals);
        assert_int_equal(events_of(&r, &found, W0751), totals.lost);
        assert_int_equal(events_of(&r, &found, W0752), totals.unheard);
        seen->lost += totals.lost;
        seen->unheard += totals.unheard;
        seen->stray += found.n[W0753];
        for (uint32_t g = 0; g < r.n.n_groups; g++) {
            for (uint32_t e = 0; e < r.n.neurons[g]; e++)
                seen->spikes += run.count[g][e];
        }
        for (uint32_t i = 0; i < r.plan->projection.n; i++)
            seen->synapses += r.plan->projection.data[i].row[r.plan->projection.data[i].n_pre];
    }

    seen->ran += ok;
    seen->refused += !ok;
    diags_free(&other);
    diags_free(&r.d);
    arena_free(&r.a);
}

static void random_boards(void **state)
{
    (void)state;
    struct seen seen = {0};
    for (uint64_t seed = 0; seed < 4000; seed++)
        try_board(seed, &seen);
    assert_true(seen.ran > 3000 && seen.refused > 20);
    assert_true(seen.spikes > 10000 && seen.synapses > 10000);
    assert_true(seen.lost > 1000 && seen.unheard > 1000 && seen.stray > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(travels_as_far_as_the_hops_lead),
        cmocka_unit_test(random_boards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
