/* Whole runs: input, sums, steps, spikes counted, with and without recording. run_plan() on one
 * thread against a program that was written for this one network. */
#include "runtime/engine.h"
#include "runtime/base/fpenv.h"
#include "tests/bench/bench.h"
#include <stdlib.h>

enum { LANES_WANTED = 512 }; /* of a block, as in runtime/run.c */

/* ---- run_plan() ---- */

/* Building a chip and code for it isn't part of the rate: the clock runs from the first time the
 * engine tells how far it is to the last. */
struct clock {
    double (*now)(void);
    void (*begin)(void);
    double first, last; /* seconds */
    double from, to;    /* fractions of the run */
};

static void tell(void *arg, double fraction)
{
    struct clock *c = arg;
    if (c->first != 0 && fraction < 0.9)
        return; /* the last ones are enough */
    c->last = c->now();
    c->to = fraction;
    if (c->first != 0)
        return;
    c->first = c->last;
    c->from = fraction;
    if (c->begin)
        c->begin();
}

static double work(const struct bench_run *s)
{
    return (double)s->cell.n * s->cell.trials * (double)s->steps;
}

static uint64_t hash_results(struct bench_run *s, const uint64_t *count, const void *vmem)
{
    const size_t n = (size_t)s->cell.n * s->cell.trials;
    s->spikes = 0;
    for (size_t i = 0; i < n; i++)
        s->spikes += count[i];
    const uint64_t hash = hash_bytes(0, count, n * sizeof *count);
    return s->cell.record ? hash_bytes(hash, vmem, (size_t)work(s) * sizeof(float)) : hash;
}

static double run_engine(const struct bench_runner *x)
{
    struct bench_run *s = x->run;
    struct arena a = {0};
    struct clock c = {.now = x->wall ? bench_now : bench_busy, .begin = x->begin};
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
    *x->hash = hash_results(s, r.count[0], s->cell.record ? r.record[1].data : NULL);
    arena_free(&a);
    return work(s) * (c.to - c.from) / (c.last - c.first);
}

/* ---- the program by hand ---- */

struct hand_run {
    const struct bench_run *s;
    const struct hand_isa *isa;
    kernel_step_fn *step;
    struct arena arena;
    struct kernel_args args;
    float *receive[1];
    uint64_t *count;
    uint8_t *spikes; /* recorded: [trials, steps, n] */
    float *vmem;
};

static void hand_block(struct hand_run *h, uint32_t first, uint32_t trials)
{
    const struct bench_run *s = h->s;
    const struct hand_isa *isa = h->isa;
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
        h->step(s->code, &h->args, 0, lanes, 0, 1);
        isa->add_counts(h->count + (size_t)first * n, h->args.spikes, (size_t)n * trials);
        for (uint32_t t = 0; s->cell.record && t < trials; t++) {
            const size_t row = ((size_t)(first + t) * s->steps + step) * n;
            isa->put_counts(h->spikes + row, h->args.spikes + (size_t)t * n, n);
            memcpy(h->vmem + row, h->args.state[3] + (size_t)t * n, n * sizeof(float));
        }
    }
}

enum { PLACES = 12, PAGE = 4096 };

static double run_hand(const struct bench_runner *x)
{
    struct bench_run *s = x->run;
    const uint32_t n_states = s->net.plan.kernel.data[0]->n_states;
    const size_t lanes = padded_lanes((size_t)s->cell.n * s->block);
    struct hand_run h = {.s = s, .isa = x->isa, .step = x->isa->skipping[s->cell.varying]};
    arena_alloc(&h.arena, x->where * PAGE / PLACES);
    float **state = ARENA_ARRAY(&h.arena, float *, n_states);
    struct lane_room room = {.arena = &h.arena};
    for (uint32_t i = 0; i < n_states; i++)
        state[i] = lane_array(&room, lanes);
    h.receive[0] = lane_array(&room, lanes);
    h.args = (struct kernel_args){.state = state,
                                  .receive = (const float *const *)h.receive,
                                  .spikes = lane_array(&room, lanes),
                                  .dt = (float)s->net.plan.dt};
    h.count = ARENA_ARRAY(&h.arena, uint64_t, (size_t)s->cell.n * s->cell.trials);
    if (s->cell.record) {
        h.spikes = ARENA_ARRAY(&h.arena, uint8_t, (size_t)work(s));
        h.vmem = ARENA_ARRAY(&h.arena, float, (size_t)work(s));
    }
    uint64_t old = fpenv_flush();
    double t = bench_busy();
    for (uint32_t first = 0; first < s->cell.trials; first += s->block) {
        uint32_t left = s->cell.trials - first;
        hand_block(&h, first, left < s->block ? left : s->block);
    }
    t = bench_busy() - t;
    fpenv_restore(old);
    *x->hash = hash_results(s, h.count, h.vmem);
    arena_free(&h.arena);
    return work(s) / t;
}

/* The arrays lie where it is fastest: see place() in kernels.c. */
static void find_place(struct bench_runner *x)
{
    double best = 0;
    uint32_t where = 0;
    for (x->where = 0; x->where < PLACES; x->where++) {
        const double rate = run_hand(x);
        if (rate > best) {
            best = rate;
            where = x->where;
        }
    }
    x->where = where;
}

/* ---- cells ---- */

/* The same events for both: as the table of a stimulus, and as a channel for each step. */
static void make_stimulus(struct bench_run *s)
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

static struct bench_runner *add(struct bench_run *r, const char *name, struct bench_runner what)
{
    struct bench_runner *x = ARENA_NEW(&r->arena, struct bench_runner);
    *x = what;
    x->run = r;
    x->hash = &r->hash[r->cell.n_variants];
    bench_add(&r->cell, name, bench_run_rate, x);
    return x;
}

struct bench_runner *bench_run_add(struct bench_run *r, const char *name, const struct backend *b,
                                   uint32_t jobs)
{
    return add(r, name, (struct bench_runner){.backend = b, .jobs = jobs});
}

double bench_run_rate(void *runner)
{
    const struct bench_runner *x = runner;
    return x->backend ? run_engine(x) : run_hand(x);
}

void bench_run_open(struct bench_run *r, uint64_t wanted)
{
    const uint32_t n = r->cell.n, trials = r->cell.trials;
    bench_net_make(&r->net, n, r->cell.varying, r->cell.recurrent);
    const uint64_t steps = wanted / ((uint64_t)n * trials);
    r->steps = steps < 20 ? 20 : steps > 60000 ? 60000 : steps;
    make_stimulus(r);
    r->record[0] = (struct run_record){0, -1};
    r->record[1] = (struct run_record){0, 3}; /* vmem */
}

void bench_run_close(struct bench_run *r)
{
    bench_net_free(&r->net);
    arena_free(&r->arena);
}

/* Measures, and checks that all variants have the results of the first. */
static void measure_run(struct bench_run *r)
{
    bench_measure(r->bench, &r->cell);
    for (uint32_t i = 1; i < r->cell.n_variants; i++)
        bench_check(r->bench, r->hash[i] == r->hash[0], "run of %s: %s has other results",
                    bench_cell_name(&r->arena, &r->cell), r->cell.variant[i].name);
}

static void measure(struct bench *b, const struct bench_cell *cell)
{
    const uint32_t n = cell->n, trials = cell->trials;
    struct bench_run r = {.bench = b, .cell = *cell};
    bench_run_open(&r, b->o.quick ? 200000 : 2000000);
    r.block = (LANES_WANTED + n - 1) / n;
    r.block = r.block < trials ? r.block : trials;
    r.code = hand_code(&r.arena, r.net.model, r.net.param, r.net.let, (float)r.net.plan.dt, n,
                       padded_lanes((size_t)n * r.block));
    find_place(add(&r, "hand", (struct bench_runner){.isa = hand_best()}));
    add(&r, "plain", (struct bench_runner){.isa = &hand_scalar});
    bench_run_add(&r, "interp", &b->interp, 1);
    if (b->have_jit)
        bench_run_add(&r, "jit", &b->jit, 1);
    measure_run(&r);
    bench_run_close(&r);
}

static void measure_threads(struct bench *b, uint32_t n, uint32_t trials)
{
    struct bench_run r = {.bench = b};
    r.cell = (struct bench_cell){.part = "threads", .n = n, .trials = trials};
    const struct backend *best = b->have_jit ? &b->jit : &b->interp;
    bench_run_open(&r, b->o.quick ? 200000 : 30000000);
    bench_run_add(&r, "one", best, 1)->wall = true;
    bench_run_add(&r, "two", best, 2)->wall = true;
    measure_run(&r);
    bench_run_close(&r);
}

void bench_threads(struct bench *b)
{
    static const uint32_t sizes[] = {2, 256, 1024, 16384};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (bench_wants(b, sizes[i]))
            measure_threads(b, sizes[i], sizes[i] > 1024 ? 1 : 100);
    }
}

void bench_engine(struct bench *b)
{
    static const uint32_t sizes[] = {2, 16, 64, 256, 1024, 16384, 262144};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (!bench_wants(b, sizes[i]))
            continue;
        for (uint32_t kind = 0; kind < 4; kind++) {
            struct bench_cell c = {.part = "engine",
                                   .n = sizes[i],
                                   .trials = 1,
                                   .varying = kind & 1,
                                   .record = kind >> 1};
            measure(b, &c);
            c.trials = 100;
            if (sizes[i] <= BENCH_MANY_TRIALS)
                measure(b, &c);
        }
    }
}

void bench_recurrent(struct bench *b)
{
    static const uint32_t sizes[][2] = {{2, 1},  {2, 100},  {8, 100}, {16, 1},
                                        {64, 1}, {64, 100}, {256, 1}, {1024, 1}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (!bench_wants(b, sizes[i][0]))
            continue;
        for (uint32_t record = 0; record < 2; record++)
            measure(b, &(struct bench_cell){.part = "recurrent",
                                            .n = sizes[i][0],
                                            .trials = sizes[i][1],
                                            .record = record,
                                            .recurrent = true});
    }
}
