/* One step over lanes that lie in memory, nothing around it: code by hand against what the back
 * ends make. */
#include "runtime/base/fpenv.h"
#include "runtime/engine.h"
#include "tests/bench/bench.h"

struct setting {
    struct bench *bench;
    struct bench_net net;
    struct bench_cell cell;
    struct arena arena;
    size_t lanes;
    uint32_t n_states;
    /* All variants work on the same arrays, so that none is better off by where they lie. */
    float **param, **let;
    float *room;  /* for what follows but `fired` */
    size_t apart; /* lanes from one array of it to the next; see lane_array() */
    float **state, *spikes, *receive[1];
    uint8_t *fired;
};

struct subject { /* one variant */
    struct setting *setting;
    struct kernel_code code;
    uint32_t steps;
    uint32_t where; /* the arrays lie */
    float *before;  /* states, then spikes: where a timed run begins */
};

enum { PLACES = 12, PAGE = 4096 / sizeof(float) };

/* Where the arrays lie within a page of memory, beside the stack, makes up to a third of what
 * compiled code with many constants reaches: a processor that compares only the last 12 bits of
 * addresses has loads wait for stores that aren't theirs. So each variant has them where it is
 * fastest. Gives every lane another input, the same in every step. */
static void place(struct setting *s, uint32_t where)
{
    float *at = s->room + where * PAGE / PLACES / LANES * LANES;
    for (uint32_t i = 0; i < s->n_states; i++, at += s->apart)
        s->state[i] = at;
    s->spikes = at;
    s->receive[0] = at + s->apart;
    for (size_t i = 0; i < s->lanes; i++)
        s->receive[0][i] = bench_weight(i) / 2;
}

static struct kernel_args args_of(const struct setting *s)
{
    return (struct kernel_args){.param = (const float *const *)s->param,
                                .let = (const float *const *)s->let,
                                .state = s->state,
                                .receive = (const float *const *)s->receive,
                                .spikes = s->spikes,
                                .fired = s->fired,
                                .dt = (float)s->net.plan.dt};
}

static void put_back(const struct subject *x)
{
    const struct setting *s = x->setting;
    for (uint32_t i = 0; i < s->n_states; i++)
        memcpy(s->state[i], x->before + i * s->lanes, s->lanes * sizeof(float));
    memcpy(s->spikes, x->before + s->n_states * s->lanes, s->lanes * sizeof(float));
}

static void keep(struct subject *x)
{
    const struct setting *s = x->setting;
    for (uint32_t i = 0; i < s->n_states; i++)
        memcpy(x->before + i * s->lanes, s->state[i], s->lanes * sizeof(float));
    memcpy(x->before + s->n_states * s->lanes, s->spikes, s->lanes * sizeof(float));
}

static double work(const struct setting *s)
{
    return (double)s->cell.n * s->cell.trials;
}

static double run(void *arg)
{
    const struct subject *x = arg;
    const size_t lanes = x->setting->lanes;
    place(x->setting, x->where);
    const struct kernel_args args = args_of(x->setting);
    put_back(x);
    uint64_t old = fpenv_flush();
    double t = bench_busy();
    for (uint32_t i = 0; i < x->steps; i++)
        x->code.step(x->code.code, &args, 0, lanes, 0, 1);
    t = bench_busy() - t;
    fpenv_restore(old);
    return work(x->setting) * x->steps / t;
}

/* As many steps as take `wanted` seconds, in the best place. */
static void calibrate(struct subject *x, double wanted)
{
    for (x->steps = 1; x->steps < 1u << 24; x->steps *= 2) {
        double seconds = work(x->setting) * x->steps / run(x);
        if (seconds >= wanted)
            break;
    }
    double best = 0;
    uint32_t where = 0;
    for (x->where = 0; x->where < PLACES; x->where++) {
        const double rate = run(x);
        if (rate > best) {
            best = rate;
            where = x->where;
        }
    }
    x->where = where;
}

static float **spread(struct setting *s, struct lane_room *room, const struct column *c, uint32_t n)
{
    float **v = ARENA_ARRAY(&s->arena, float *, n);
    for (uint32_t i = 0; i < n; i++) {
        if (!c[i].uniform)
            v[i] = hand_spread(room, &c[i], s->cell.n, s->lanes);
    }
    return v;
}

static void reset(const struct setting *s)
{
    const struct plan_group *g = &s->net.plan.group.data[0];
    for (uint32_t i = 0; i < s->n_states; i++) {
        for (size_t lane = 0; lane < s->lanes; lane++)
            s->state[i][lane] = g->init[i].v[g->init[i].uniform ? 0 : lane % s->cell.n];
    }
    memset(s->spikes, 0, s->lanes * sizeof *s->spikes);
}

static void add(struct setting *s, const char *name, struct kernel_code code)
{
    struct subject *x = ARENA_NEW(&s->arena, struct subject);
    *x = (struct subject){.setting = s, .code = code};
    x->before = ARENA_ARRAY(&s->arena, float, (s->n_states + 1) * s->lanes);
    bench_add(&s->cell, name, run, x);
}

static void add_backend(struct setting *s, const char *name, const struct backend *b)
{
    struct kernel_spec spec = bench_net_spec(&s->net);
    spec.lanes = s->lanes;
    struct kernel_code code;
    if (!b->prepare(b, &s->arena, &spec, 1, &code, &s->net.diags))
        base_panic("%s: %s", name, s->net.diags.list.data[0]->message);
    add(s, name, code);
}

/* ---- do they compute the same? ---- */

/* Leaves what the variant ends with as what its timed runs begin with; returns its spikes. */
static double run_in(struct subject *x, uint32_t steps)
{
    const struct setting *s = x->setting;
    const struct kernel_args args = args_of(s);
    double spikes = 0;
    uint64_t old = fpenv_flush();
    reset(s);
    for (uint32_t t = 0; t < steps; t++) {
        x->code.step(x->code.code, &args, 0, s->lanes, 0, 1);
        for (size_t i = 0; i < s->lanes; i++)
            spikes += (double)s->spikes[i];
    }
    fpenv_restore(old);
    keep(x);
    return spikes;
}

static bool same_lanes(const struct subject *a, const struct subject *b)
{
    const struct setting *s = a->setting;
    return memcmp(a->before, b->before, (s->n_states + 1) * s->lanes * sizeof(float)) == 0;
}

/* Bits of all that follow the model's order of operations; the folded form spikes as often, give or
 * take what its roundings move. */
static void check(struct setting *s)
{
    const uint32_t steps = s->lanes > 65536 ? 40 : 200;
    const struct bench_variant *v = s->cell.variant;
    const double spikes = run_in(v[0].arg, steps);
    const double hz = spikes / ((double)s->lanes * steps * s->net.plan.dt);
    s->cell.hz = hz;
    bench_check(s->bench, hz > 5 && hz < 100, "the neurons fire %.1f times a second", hz);
    for (uint32_t i = 1; i < s->cell.n_variants; i++) {
        const double its = run_in(v[i].arg, steps);
        if (strcmp(v[i].name, "folded") == 0)
            bench_check(s->bench, its > 0.98 * spikes - 20 && its < 1.02 * spikes + 20,
                        "n = %u: %s has %.0f spikes instead of %.0f", s->cell.n, v[i].name, its,
                        spikes);
        else
            bench_check(s->bench, its == spikes && same_lanes(v[0].arg, v[i].arg),
                        "n = %u, trials = %u, %s: %s differs from the kernel written by hand",
                        s->cell.n, s->cell.trials, s->cell.varying ? "varying" : "uniform",
                        v[i].name);
    }
}

static void measure(struct bench *b, uint32_t n, uint32_t trials, bool varying)
{
    struct setting s = {.bench = b};
    s.cell = (struct bench_cell){.part = "kernel", .n = n, .trials = trials, .varying = varying};
    s.lanes = padded_lanes((size_t)n * trials);
    bench_net_make(&s.net, n, varying, false);
    const struct kernel *k = s.net.hoisted.kernel;
    s.n_states = k->n_states;
    s.apart = s.lanes < PAGE ? s.lanes : s.lanes + LANE_SHIFT;
    s.state = ARENA_ARRAY(&s.arena, float *, s.n_states);
    s.room = ARENA_ARRAY(&s.arena, float, (s.n_states + 2) * s.apart + PAGE);
    s.fired = ARENA_ARRAY(&s.arena, uint8_t, s.lanes / 8);
    struct lane_room room = {.arena = &s.arena};
    s.param = spread(&s, &room, s.net.param, k->n_params);
    s.let = spread(&s, &room, s.net.let, k->n_lets);
    place(&s, 0);

    const struct hand_isa *best = hand_best();
    const void *code =
        hand_code(&s.arena, s.net.model, s.net.param, s.net.let, (float)s.net.plan.dt, n, s.lanes);
    if (!code)
        base_panic("tests/bench/hand.h isn't the model of stdlib/dynapse2.dyn");
    add(&s, "hand", (struct kernel_code){best->exact[varying], code});
    add(&s, "skipping", (struct kernel_code){best->skipping[varying], code});
    add(&s, "folded", (struct kernel_code){best->folded[varying], code});
    add(&s, "plain", (struct kernel_code){hand_scalar.exact[varying], code});
    add_backend(&s, "interp", &b->interp);
    if (b->have_jit)
        add_backend(&s, "jit", &b->jit);
    check(&s);
    for (uint32_t i = 0; i < s.cell.n_variants; i++)
        calibrate(s.cell.variant[i].arg, b->o.quick ? 2e-4 : 4e-3);
    bench_measure(b, &s.cell);
    bench_net_free(&s.net);
    arena_free(&s.arena);
}

void bench_kernels(struct bench *b)
{
    static const uint32_t sizes[] = {2, 16, 64, 256, 1024, 16384, 262144};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (!bench_wants(b, sizes[i]))
            continue;
        for (uint32_t varying = 0; varying < 2; varying++) {
            measure(b, sizes[i], 1, varying);
            if (sizes[i] <= BENCH_MANY_TRIALS)
                measure(b, sizes[i], 100, varying);
        }
    }
}
