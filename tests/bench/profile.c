/* Where a run's time goes: the engine's own calls of kernel, delivery, stimulus and collection,
 * timed from outside. The kernel is wrapped by a back end, the others by the linker (--wrap in the
 * Makefile): each call to events_play() goes to __wrap_events_play() here. They are few, some for
 * each span of steps, so timing them takes little; how much is shown. */
#include "runtime/engine.h"
#include "tests/bench/bench.h"
#include <stdlib.h>
#include <time.h>

enum { KERNEL, DELIVERY, SPIKES, RECORDING, STIMULUS, N_KINDS };

static const char *const kind_name[N_KINDS] = {"kernel", "delivery", "spikes", "recording",
                                               "stimulus"};

enum { CALLS = 1 << 16 }; /* of a kind in a run; further ones aren't timed */

/* What is wrapped has no argument that could lead here. */
static struct {
    bool on;
    clockid_t clock;
    deliver_fn *deliver;
    atomic_uint calls[N_KINDS];
    uint32_t nanoseconds[N_KINDS][CALLS];
} timer;

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(timer.clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void spend(int kind, uint64_t since)
{
    const uint32_t call = atomic_fetch_add_explicit(&timer.calls[kind], 1, memory_order_relaxed);
    if (call < CALLS)
        timer.nanoseconds[kind][call] = (uint32_t)(now() - since);
}

/* ---- what is wrapped ---- */

/* The last but one is a group or an input. */
typedef void share_fn(const struct engine *e, struct team *t, uint32_t part, uint32_t index,
                      const struct stretch *x);
typedef deliver_fn *choose_fn(enum cpu_level level);

/* The names are the linker's. */
share_fn __real_collect_spikes, __wrap_collect_spikes;
share_fn __real_collect_states, __wrap_collect_states;
share_fn __real_events_play, __wrap_events_play;
choose_fn __real_deliver_for, __wrap_deliver_for;

static void timed(int kind, share_fn *f, const struct engine *e, struct team *t, uint32_t part,
                  uint32_t index, const struct stretch *x)
{
    if (!timer.on) {
        f(e, t, part, index, x);
        return;
    }
    const uint64_t since = now();
    f(e, t, part, index, x);
    spend(kind, since);
}

void __wrap_collect_spikes(const struct engine *e, struct team *t, uint32_t part, uint32_t group,
                           const struct stretch *x)
{
    timed(SPIKES, __real_collect_spikes, e, t, part, group, x);
}

void __wrap_collect_states(const struct engine *e, struct team *t, uint32_t part, uint32_t group,
                           const struct stretch *x)
{
    timed(RECORDING, __real_collect_states, e, t, part, group, x);
}

void __wrap_events_play(const struct engine *e, struct team *t, uint32_t part, uint32_t input,
                        const struct stretch *x)
{
    timed(STIMULUS, __real_events_play, e, t, part, input, x);
}

static void timed_deliver(const struct delivery *d, const struct event *event, size_t n)
{
    const uint64_t since = now();
    timer.deliver(d, event, n);
    spend(DELIVERY, since);
}

deliver_fn *__wrap_deliver_for(enum cpu_level level)
{
    deliver_fn *f = __real_deliver_for(level);
    if (!timer.on)
        return f;
    timer.deliver = f;
    return timed_deliver;
}

static void timed_step(const void *code, const struct kernel_args *args, size_t begin, size_t end,
                       size_t first, size_t last)
{
    const struct kernel_code *inner = code;
    const uint64_t since = now();
    inner->step(inner->code, args, begin, end, first, last);
    spend(KERNEL, since);
}

static bool timed_prepare(const struct backend *b, struct arena *a, const struct kernel_spec *spec,
                          uint32_t n, struct kernel_code *out, struct diags *d)
{
    const struct backend *inner = b->state;
    struct kernel_code *code = ARENA_ARRAY(a, struct kernel_code, n);
    if (!inner->prepare(inner, a, spec, n, code, d))
        return false;
    for (uint32_t i = 0; i < n; i++)
        out[i] = (struct kernel_code){timed_step, &code[i]};
    return true;
}

/* ---- runs ---- */

struct timed_run {
    struct bench_runner *runner;
    double rate;           /* of the fastest round, which was disturbed least */
    double spent[N_KINDS]; /* in it: nanoseconds a neuron-step, of all threads */
};

static void forget(void)
{
    for (int i = 0; i < N_KINDS; i++)
        atomic_store(&timer.calls[i], 0);
}

static int ascending(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Calls of a kind are alike: one that takes far longer than the median was interrupted, and counts
 * as the median. */
static double nanoseconds_of(int kind)
{
    enum { FAR = 8 };
    const uint32_t calls = atomic_load(&timer.calls[kind]), n = calls < CALLS ? calls : CALLS;
    uint32_t *v = timer.nanoseconds[kind];
    double sum = 0;
    qsort(v, n, sizeof *v, ascending);
    for (uint32_t i = 0; i < n; i++)
        sum += v[i] / FAR > v[n / 2] ? v[n / 2] : v[i];
    return n ? sum * calls / n : 0;
}

static double timed_rate(void *arg)
{
    struct timed_run *x = arg;
    const struct bench_run *r = x->runner->run;
    const double steps = (double)r->cell.n * r->cell.trials * (double)r->steps;
    timer.on = true;
    const double rate = bench_run_rate(x->runner);
    timer.on = false;
    if (rate < x->rate)
        return rate;
    x->rate = rate;
    for (int i = 0; i < N_KINDS; i++)
        x->spent[i] = nanoseconds_of(i) / steps;
    return rate;
}

static double fastest(const struct bench_cell *c, uint32_t v)
{
    double most = 0;
    for (uint32_t r = 0; r < c->n_rounds; r++)
        most = c->variant[v].sample[r] > most ? c->variant[v].sample[r] : most;
    return most;
}

static void keep_split(struct bench *b, const struct bench_cell *c, const struct timed_run *x)
{
    struct bench_split s = {.part = "run",
                            .setting = bench_cell_name(&b->arena, c),
                            .rate = fastest(c, 0),
                            .timed = x->rate,
                            .n = N_KINDS + 1};
    double rest = 1;
    for (int i = 0; i < N_KINDS; i++) {
        s.share[i].name = kind_name[i];
        s.share[i].share = 1e-9 * x->spent[i] * x->rate / x->runner->jobs;
        bench_check(b, x->spent[i] > 0, "profile: no time for %s", kind_name[i]);
        rest -= s.share[i].share;
    }
    s.share[N_KINDS].name = "rest";
    s.share[N_KINDS].share = rest;
    VEC_PUSH(&b->arena, &b->split, s);
}

static void profile_run(struct bench *b, struct bench_cell cell, uint32_t jobs)
{
    struct bench_run r = {.bench = b, .cell = cell};
    struct timed_run x = {0};
    struct backend inner = b->have_jit ? b->jit : b->interp, outer = inner;
    outer.prepare = timed_prepare;
    outer.state = &inner;
    /* Reading a thread's clock takes longer, which only short calls feel; interruptions don't
     * count in it, which only long calls feel. */
    timer.clock = cell.n > 4096 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
    bench_run_open(&r, b->o.quick ? 200000 : jobs * 2000000);
    bench_run_add(&r, "as it is", &inner, jobs)->wall = jobs > 1;
    x.runner = bench_run_add(&r, "timed", &outer, jobs);
    x.runner->wall = jobs > 1;
    x.runner->begin = forget;
    r.cell.variant[1].rate = timed_rate;
    r.cell.variant[1].arg = &x;
    bench_measure(b, &r.cell);
    bench_check(b, r.hash[0] == r.hash[1], "profile: timers change the results");
    keep_split(b, &r.cell, &x);
    bench_run_close(&r);
}

void bench_profile(struct bench *b)
{
    static const struct {
        uint32_t n, trials;
        bool varying, record, recurrent;
        uint32_t jobs;
    } runs[] = {
        {2, 1, .jobs = 1},
        {2, 100, .jobs = 1},
        {2, 100, .recurrent = true, .jobs = 1},
        {256, 1, .jobs = 1},
        {256, 1, .record = true, .jobs = 1},
        {256, 1, .recurrent = true, .jobs = 1},
        {256, 100, .jobs = 1},
        {256, 100, .varying = true, .jobs = 1},
        {256, 100, .record = true, .jobs = 1},
        {16384, 1, .jobs = 1},
        {262144, 1, .varying = true, .jobs = 1},
        {256, 100, .jobs = 2},
        {16384, 1, .jobs = 2},
    };
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        const struct bench_cell c = {.part = "profile",
                                     .n = runs[i].n,
                                     .trials = runs[i].trials,
                                     .varying = runs[i].varying,
                                     .record = runs[i].record,
                                     .recurrent = runs[i].recurrent,
                                     .setting = runs[i].jobs > 1 ? "two threads" : NULL};
        if (bench_wants(b, c.n))
            profile_run(b, c, runs[i].jobs);
    }
    bench_step(b);
}
