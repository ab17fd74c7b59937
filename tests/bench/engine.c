/* Whole runs: input, sums, steps, spikes counted, with and without recording. run_plan() on one
 * thread against a program that was written for this one network. */
#include "runtime/engine.h"
#include "runtime/base/fpenv.h"
#include "tests/bench/bench.h"
#include <stdlib.h>

enum { LANES_WANTED = 512 }; /* of a block, as in runtime/run.c */

struct setting {
    struct bench *bench;
    struct bench_net net;
    struct bench_cell cell;
    struct arena arena;
    uint64_t steps;
    struct stimulus stimulus;
    int8_t *event; /* [trials, steps]: the channel, or -1 */
    struct run_record record[2];
    const struct hand_code *code;
    uint32_t block;                      /* trials side by side in the program by hand */
    uint64_t spikes[BENCH_MAX_VARIANTS]; /* hash of each variant's totals */
};

/* ---- run_plan() ---- */

/* Building a chip and code for it isn't part of the rate: the clock runs from the first time the
 * engine tells how far it is to the last. */
struct clock {
    double first, last; /* seconds */
    double from, to;    /* fractions of the run */
};

static void tell(void *arg, double fraction)
{
    struct clock *c = arg;
    c->last = bench_now();
    c->to = fraction;
    if (c->first == 0) {
        c->first = c->last;
        c->from = fraction;
    }
}

struct subject {
    struct setting *setting;
    const struct backend *backend;
    uint32_t jobs;
    uint64_t *hash;
};

static double work(const struct setting *s)
{
    return (double)s->cell.n * s->cell.trials * (double)s->steps;
}

static double run_engine(void *arg)
{
    struct subject *x = arg;
    struct setting *s = x->setting;
    struct arena a = {0};
    struct clock c = {0};
    struct run_result r;
    struct run_options o = {.stimulus = &s->stimulus,
                            .trials = s->cell.trials,
                            .chips = 1,
                            .jobs = x->jobs,
                            .backend = x->backend,
                            .record = s->record,
                            .n_record = s->cell.record ? 2 : 0,
                            .progress = {.tell = tell, .arg = &c}};
    if (!run_plan(&a, &s->net.plan, &o, &r, &s->net.diags))
        base_panic("%s: %s", x->backend->name, s->net.diags.list.data[0]->message);
    *x->hash = hash_bytes(0, r.count[0], (size_t)s->cell.n * s->cell.trials * sizeof(uint64_t));
    if (s->cell.record)
        *x->hash = hash_bytes(*x->hash, r.record[1].data, (size_t)work(s) * sizeof(float));
    arena_free(&a);
    return work(s) * (c.to - c.from) / (c.last - c.first);
}

/* ---- the program by hand ---- */

struct hand_run {
    const struct setting *s;
    struct arena arena;
    struct kernel_args args;
    float *receive[1];
    uint64_t *count;
    uint8_t *spikes; /* recorded: [trials, steps, n] */
    float *vmem;
};

static void hand_block(struct hand_run *h, uint32_t first, uint32_t trials)
{
    const struct setting *s = h->s;
    const struct hand_isa *isa = hand_best();
    const struct plan_projection *j = &s->net.plan.projection.data[0];
    const uint32_t n = s->cell.n;
    const size_t lanes = padded_lanes((size_t)n * trials);
    const struct plan_group *g = &s->net.plan.group.data[0];
    for (uint32_t i = 0; i < s->net.plan.kernel.data[0]->n_states; i++) {
        for (size_t lane = 0; lane < lanes; lane++)
            h->args.state[i][lane] = g->init[i].v[g->init[i].uniform ? 0 : lane % n];
    }
    memset(h->args.spikes, 0, lanes * sizeof(float));
    for (uint64_t step = 0; step < s->steps; step++) {
        memset(h->receive[0], 0, (size_t)n * trials * sizeof(float));
        for (uint32_t t = 0; t < trials; t++) {
            const int channel = s->event[(first + t) * s->steps + step];
            if (channel >= 0)
                isa->add_row(h->receive[0] + (size_t)t * n, j->weight + j->row[channel], n);
        }
        if (s->cell.recurrent)
            isa->add_spikes(h->receive[0], s->net.plan.projection.data[1].weight, h->args.spikes, n,
                            trials);
        isa->skipping[s->cell.varying](s->code, &h->args, 0, lanes, 0, 1);
        isa->add_counts(h->count + (size_t)first * n, h->args.spikes, (size_t)n * trials);
        for (uint32_t t = 0; s->cell.record && t < trials; t++) {
            const size_t row = ((size_t)(first + t) * s->steps + step) * n;
            isa->put_counts(h->spikes + row, h->args.spikes + (size_t)t * n, n);
            memcpy(h->vmem + row, h->args.state[3] + (size_t)t * n, n * sizeof(float));
        }
    }
}

static double run_hand(void *arg)
{
    struct subject *x = arg;
    const struct setting *s = x->setting;
    const uint32_t n_states = s->net.plan.kernel.data[0]->n_states;
    const size_t lanes = padded_lanes((size_t)s->cell.n * s->block);
    struct hand_run h = {.s = s};
    float **state = ARENA_ARRAY(&h.arena, float *, n_states);
    for (uint32_t i = 0; i < n_states; i++)
        state[i] = ARENA_ARRAY(&h.arena, float, lanes);
    h.receive[0] = ARENA_ARRAY(&h.arena, float, lanes);
    h.args = (struct kernel_args){.state = state,
                                  .receive = (const float *const *)h.receive,
                                  .spikes = ARENA_ARRAY(&h.arena, float, lanes),
                                  .dt = (float)s->net.plan.dt};
    h.count = ARENA_ARRAY(&h.arena, uint64_t, (size_t)s->cell.n * s->cell.trials);
    if (s->cell.record) {
        h.spikes = ARENA_ARRAY(&h.arena, uint8_t, (size_t)work(s));
        h.vmem = ARENA_ARRAY(&h.arena, float, (size_t)work(s));
    }
    uint64_t old = fpenv_flush();
    double t = bench_now();
    for (uint32_t first = 0; first < s->cell.trials; first += s->block) {
        uint32_t left = s->cell.trials - first;
        hand_block(&h, first, left < s->block ? left : s->block);
    }
    t = bench_now() - t;
    fpenv_restore(old);
    *x->hash = hash_bytes(0, h.count, (size_t)s->cell.n * s->cell.trials * sizeof(uint64_t));
    if (s->cell.record)
        *x->hash = hash_bytes(*x->hash, h.vmem, (size_t)work(s) * sizeof(float));
    arena_free(&h.arena);
    return work(s) / t;
}

/* ---- cells ---- */

/* The same events for both: as the table of a stimulus, and as a channel for each step. */
static void make_stimulus(struct setting *s)
{
    const uint64_t rows = s->cell.trials * s->steps;
    struct stimulus_source *x = ARENA_NEW(&s->arena, struct stimulus_source);
    *x = (struct stimulus_source){.kind = STIM_TABLE,
                                  .channels = BENCH_CHANNELS,
                                  .trials = s->cell.trials,
                                  .steps = s->steps,
                                  .row = ARENA_ARRAY(&s->arena, uint64_t, rows + 1),
                                  .event = ARENA_ARRAY(&s->arena, struct stimulus_event, rows)};
    s->event = ARENA_ARRAY(&s->arena, int8_t, rows);
    uint64_t n = 0;
    for (uint64_t i = 0; i < rows; i++) {
        const int channel = bench_event((uint32_t)(i / s->steps), i % s->steps);
        s->event[i] = (int8_t)channel;
        if (channel >= 0)
            x->event[n++] = (struct stimulus_event){(uint32_t)channel, 1};
        x->row[i + 1] = n;
    }
    s->stimulus = (struct stimulus){
        .name = "bench", .steps = s->steps, .trials = s->cell.trials, .n_inputs = 1, .source = x};
}

static void add(struct setting *s, const char *name, double (*run)(void *), const struct backend *b,
                uint32_t jobs)
{
    struct subject *x = ARENA_NEW(&s->arena, struct subject);
    *x = (struct subject){s, b, jobs, &s->spikes[s->cell.n_variants]};
    bench_add(&s->cell, name, run, x);
}

/* `wanted`: neuron-steps of a run, nearly. */
static void open_setting(struct setting *s, uint64_t wanted)
{
    const uint32_t n = s->cell.n, trials = s->cell.trials;
    bench_net_make(&s->net, n, s->cell.varying, s->cell.recurrent);
    const uint64_t steps = wanted / ((uint64_t)n * trials);
    s->steps = steps < 20 ? 20 : steps > 20000 ? 20000 : steps;
    make_stimulus(s);
    s->record[0] = (struct run_record){0, -1};
    s->record[1] = (struct run_record){0, 3}; /* vmem */
}

/* Measures, and checks that all variants have the results of the first. */
static void close_setting(struct setting *s)
{
    bench_measure(s->bench, &s->cell);
    for (uint32_t i = 1; i < s->cell.n_variants; i++)
        bench_check(s->bench, s->spikes[i] == s->spikes[0],
                    "n = %u, trials = %u: run_plan() with %s has other results", s->cell.n,
                    s->cell.trials, s->cell.variant[i].name);
    bench_net_free(&s->net);
    arena_free(&s->arena);
}

static void measure(struct bench *b, const struct bench_cell *cell)
{
    const uint32_t n = cell->n, trials = cell->trials;
    struct setting s = {.bench = b, .cell = *cell};
    open_setting(&s, b->o.quick ? 200000 : 3000000);
    s.block = (LANES_WANTED + n - 1) / n;
    s.block = s.block < trials ? s.block : trials;
    s.code = hand_code(&s.arena, s.net.model, s.net.param, s.net.let, (float)s.net.plan.dt, n,
                       padded_lanes((size_t)n * s.block));
    add(&s, "hand", run_hand, NULL, 0);
    add(&s, "interp", run_engine, &b->interp, 1);
    if (b->have_jit)
        add(&s, "jit", run_engine, &b->jit, 1);
    close_setting(&s);
}

static void measure_threads(struct bench *b, uint32_t n, uint32_t trials)
{
    struct setting s = {.bench = b};
    s.cell = (struct bench_cell){.part = "threads", .n = n, .trials = trials};
    const struct backend *best = b->have_jit ? &b->jit : &b->interp;
    open_setting(&s, b->o.quick ? 200000 : 30000000);
    add(&s, "one", run_engine, best, 1);
    add(&s, "two", run_engine, best, 2);
    close_setting(&s);
}

void bench_threads(struct bench *b)
{
    static const uint32_t sizes[] = {2, 256, 1024, 16384};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if ((b->o.quick && sizes[i] > 256) || (b->o.neurons && sizes[i] != b->o.neurons))
            continue;
        measure_threads(b, sizes[i], sizes[i] > 1024 ? 1 : 100);
    }
}

void bench_engine(struct bench *b)
{
    static const uint32_t sizes[] = {2, 16, 64, 256, 1024, 16384, 262144};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (b->o.quick && sizes[i] != 2 && sizes[i] != 256)
            continue;
        if (b->o.neurons && sizes[i] != b->o.neurons)
            continue;
        for (uint32_t kind = 0; kind < 4; kind++) {
            struct bench_cell c = {.part = "engine",
                                   .n = sizes[i],
                                   .trials = 1,
                                   .varying = kind & 1,
                                   .record = kind >> 1};
            measure(b, &c);
            c.trials = 100;
            if (sizes[i] <= 1024)
                measure(b, &c);
        }
    }
}

void bench_recurrent(struct bench *b)
{
    static const uint32_t sizes[][2] = {{2, 1},  {2, 100},  {8, 100}, {16, 1},
                                        {64, 1}, {64, 100}, {256, 1}, {1024, 1}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if ((b->o.quick && sizes[i][0] > 8) || (b->o.neurons && sizes[i][0] != b->o.neurons))
            continue;
        for (uint32_t record = 0; record < 2; record++)
            measure(b, &(struct bench_cell){.part = "recurrent",
                                            .n = sizes[i][0],
                                            .trials = sizes[i][1],
                                            .record = record,
                                            .recurrent = true});
    }
}
