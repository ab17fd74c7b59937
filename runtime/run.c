#include "runtime/base/fpenv.h"
#include "runtime/engine.h"
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    LANES_WANTED = 512,      /* of the largest group in a block: small networks fill vectors */
    MAX_LIST_ENDS = 1 << 22, /* trials x steps kept, where delays are long */
    MAX_JOBS = 256,
    RASTER_NEURONS = 4096,
    RASTER_STEPS = 65536
};

static const struct span nowhere;

/* ---- checks ------------------------------------------------------------------------------------
 */

static bool check(const struct plan *p, const struct run_options *o, struct diags *d)
{
    const struct stimulus *s = o->stimulus;
    if (s->n_inputs != p->input.n) {
        diag_add(d, E0801, nowhere, "stimulus `%s` has %u inputs, network `%s` has %u", s->name,
                 s->n_inputs, p->network, p->input.n);
        return false;
    }
    for (uint32_t i = 0; i < p->input.n; i++) {
        const struct plan_input *in = &p->input.data[i];
        if (s->source[i].kind != STIM_SILENCE && s->source[i].channels != in->n) {
            diag_add(d, E0801, nowhere, "stimulus `%s` has %u channels for input `%s` of %u",
                     s->name, s->source[i].channels, in->name, in->n);
            return false;
        }
    }
    for (uint32_t i = 0; i < p->group.n; i++) {
        const struct kernel *k = p->kernel.data[p->group.data[i].kernel];
        if (k->step.n == 0) {
            diag_add(d, E0806, nowhere,
                     "layer `%s`: model `%s` has no `step`, so it can't be run step by step",
                     p->group.data[i].name, k->model);
            return false;
        }
    }
    return true;
}

/* What a run takes in memory, at least; so that one that can't be done is refused rather than
 * killed half way. */
static double memory_needed(const struct engine *e, uint32_t jobs)
{
    const struct plan *p = e->plan;
    double worker = 0, result = 0;
    const double trials = (double)e->result->trials * e->result->chips;
    for (uint32_t i = 0; i < p->group.n; i++) {
        const struct plan_group *g = &p->group.data[i];
        worker += (double)chip_group_bytes(g, p->kernel.data[g->kernel], e->block);
        worker += (double)e->group_depth[i] * e->block * sizeof(uint32_t);
        result += trials * g->n * sizeof(uint64_t);
    }
    for (uint32_t i = 0; i < p->input.n; i++)
        worker += (double)e->input_depth[i] * e->block * sizeof(uint32_t);
    for (uint32_t i = 0; i < e->options->n_record; i++) {
        const struct run_record r = e->options->record[i];
        double size = r.state < 0 ? sizeof(uint8_t) : sizeof(float);
        result += trials * (double)e->steps * p->group.data[r.group].n * size;
    }
    return worker * jobs + result;
}

static bool check_memory(const struct engine *e, uint32_t jobs, struct diags *d)
{
    double there = memory_there();
    double needed = memory_needed(e, jobs);
    if (needed <= there)
        return true;
    struct diag *g =
        diag_add(d, E0806, nowhere, "the run needs %.1f GB of memory, this machine has %.1f GB",
                 needed * 1e-9, there * 1e-9);
    diag_hint(d, g, "record less, or run fewer trials, chips or jobs at a time");
    return false;
}

/* ---- preparing ---------------------------------------------------------------------------------
 */

/* A flag for projections whose rows are runs of consecutive neurons, as in dense connections: they
 * can be added without looking at each index. */
static bool is_dense(const struct plan_projection *j)
{
    for (uint32_t pre = 0; pre < j->n_pre; pre++) {
        for (uint64_t s = j->row[pre] + 1; s < j->row[pre + 1]; s++) {
            if (j->post[s] != j->post[s - 1] + 1)
                return false;
        }
    }
    return true;
}

static void find_depths(struct engine *e, struct arena *a)
{
    const struct plan *p = e->plan;
    e->dense = ARENA_ARRAY(a, bool, p->projection.n);
    e->input_depth = ARENA_ARRAY(a, uint32_t, p->input.n);
    e->group_depth = ARENA_ARRAY(a, uint32_t, p->group.n);
    for (uint32_t i = 0; i < p->input.n; i++)
        e->input_depth[i] = 1;
    for (uint32_t i = 0; i < p->group.n; i++)
        e->group_depth[i] = 1;
    for (uint32_t i = 0; i < p->projection.n; i++) {
        const struct plan_projection *j = &p->projection.data[i];
        e->dense[i] = is_dense(j);
        if (j->delay >= e->steps)
            continue; /* never acts */
        /* Inputs of a step are there before they are read, spikes only afterwards. */
        uint32_t depth = j->from_input ? j->delay + 1 : j->delay;
        uint32_t *kept = j->from_input ? &e->input_depth[j->src] : &e->group_depth[j->src];
        *kept = depth > *kept ? depth : *kept;
    }
}

static uint32_t largest(const uint32_t *x, uint32_t n, uint32_t most)
{
    for (uint32_t i = 0; i < n; i++)
        most = x[i] > most ? x[i] : most;
    return most;
}

static uint64_t divide_up(uint64_t a, uint64_t b)
{
    return (a + b - 1) / b;
}

/* Enough trials side by side to fill vectors, but no more than leave work for every thread. */
static void cut_into_items(struct engine *e, uint32_t jobs)
{
    const struct plan *p = e->plan;
    const uint64_t trials = e->result->trials, chips = e->result->chips;
    uint32_t n = 1;
    for (uint32_t i = 0; i < p->group.n; i++)
        n = p->group.data[i].n > n ? p->group.data[i].n : n;
    const uint32_t depth =
        largest(e->group_depth, p->group.n, largest(e->input_depth, p->input.n, 1));
    const uint64_t limit[] = {divide_up(LANES_WANTED, n), divide_up(trials * chips, jobs),
                              MAX_LIST_ENDS / depth, trials};
    uint64_t block = UINT32_MAX;
    for (size_t i = 0; i < sizeof limit / sizeof *limit; i++)
        block = limit[i] < block ? limit[i] : block;
    e->block = block ? (uint32_t)block : 1;
    e->blocks = (uint32_t)divide_up(trials, e->block);
    e->items = chips * e->blocks;
}

static bool make_result(struct engine *e, struct arena *a, struct diags *d)
{
    const struct plan *p = e->plan;
    struct run_result *r = e->result;
    const size_t trials = (size_t)r->chips * r->trials;
    bool ok = true;
    r->n_record = e->options->n_record;
    r->record = arena_alloc(a, r->n_record * sizeof *r->record);
    for (uint32_t i = 0; i < r->n_record; i++) {
        const struct run_record what = e->options->record[i];
        const size_t size = what.state < 0 ? sizeof(uint8_t) : sizeof(float);
        r->record[i].what = what;
        /* check_memory() has seen to it that the products don't overflow */
        r->record[i].data =
            arena_try(a, trials * (size_t)e->steps, p->group.data[what.group].n * size);
        ok = ok && r->record[i].data;
    }
    r->count = ARENA_ARRAY(a, uint64_t *, p->group.n);
    r->raster = ARENA_ARRAY(a, uint8_t *, p->group.n);
    for (uint32_t i = 0; i < p->group.n; i++) {
        const uint32_t n = p->group.data[i].n;
        r->count[i] = arena_try(a, trials, n * sizeof(uint64_t));
        ok = ok && r->count[i];
        if (n <= RASTER_NEURONS && e->steps <= RASTER_STEPS)
            r->raster[i] = arena_try(a, (size_t)e->steps, n);
    }
    if (!ok)
        diag_add(d, E0806, nowhere, "the results don't fit in memory");
    return ok;
}

/* ---- workers -----------------------------------------------------------------------------------
 */

void engine_progress(struct engine *e, uint64_t done)
{
    const struct run_progress *p = &e->options->progress;
    uint64_t all = atomic_fetch_add(&e->done, done) + done;
    if (!p->tell || pthread_mutex_trylock(&e->lock) != 0)
        return;
    const double trials = (double)e->result->trials * e->result->chips;
    double fraction = (double)all / (trials * (double)e->steps);
    if (fraction >= e->told + 1.0 / 256) {
        e->told = fraction;
        p->tell(p->arg, fraction);
    }
    pthread_mutex_unlock(&e->lock);
}

struct worker {
    struct engine *engine;
    pthread_t thread;
    struct chip chip;
    struct block block;
    struct run_failure failure;
};

/* The chip of an item, with lanes for it; workers keep theirs as long as the items belong to it. */
static bool enter_chip(struct worker *w, uint32_t index)
{
    if (w->chip.group && w->chip.index == index)
        return true;
    block_free(w->engine, &w->block);
    chip_free(&w->chip);
    if (!chip_build(w->engine, &w->chip, index))
        return false;
    block_build(w->engine, &w->chip, &w->block);
    return true;
}

static bool run_item(struct worker *w, uint64_t item)
{
    if (!enter_chip(w, (uint32_t)(item / w->engine->blocks)))
        return false;
    uint64_t old = fpenv_flush();
    bool ok = block_run(w->engine, &w->chip, &w->block, item, &w->failure);
    fpenv_restore(old);
    return ok;
}

/* Items are taken in order and those that are begun are finished, so that what the first failing
 * item is doesn't depend on the threads. */
static void *work(void *arg)
{
    struct worker *w = arg;
    struct engine *e = w->engine;
    while (!atomic_load(&e->stop)) {
        uint64_t item = atomic_fetch_add(&e->next, 1);
        if (item >= e->items)
            break;
        if (!run_item(w, item)) {
            atomic_store(&e->stop, true);
            break;
        }
    }
    block_free(e, &w->block);
    chip_free(&w->chip);
    return NULL;
}

/* The calling thread is the first worker. Where no further threads can be had it does all. */
static void run_workers(struct worker *worker, uint32_t n)
{
    uint32_t started = 1;
    while (started < n &&
           pthread_create(&worker[started].thread, NULL, work, &worker[started]) == 0)
        started++;
    work(&worker[0]);
    for (uint32_t i = 1; i < started; i++)
        pthread_join(worker[i].thread, NULL);
}

/* ---- what went wrong ---------------------------------------------------------------------------
 */

/* "readout[1]", "map[0, 3, 4]" */
static const char *neuron_name(struct arena *a, const struct plan_group *g, uint32_t neuron)
{
    uint32_t index[PLAN_MAX_RANK];
    for (uint32_t i = g->shape.rank; i-- > 0;) {
        index[i] = neuron % g->shape.extent[i];
        neuron /= g->shape.extent[i];
    }
    struct buf b = {0};
    buf_puts(&b, g->name);
    for (uint32_t i = 0; i < g->shape.rank; i++)
        buf_printf(&b, "%s%u", i ? ", " : "[", index[i]);
    buf_putc(&b, ']');
    const char *name = arena_strndup(a, b.data, b.n);
    buf_free(&b);
    return name;
}

static void report(struct engine *e, const struct run_failure *f, struct diags *d)
{
    const char *name = neuron_name(&e->arena, &e->plan->group.data[f->group], f->neuron);
    if (f->kind == RUN_COUNT_TOO_LARGE) {
        struct diag *g =
            diag_add(d, E0803, nowhere, "`%s` has %.0f spikes in step %" PRIu64 " of trial %u",
                     name, (double)f->count, f->step, f->trial);
        diag_hint(d, g,
                  "a recorded count is at most 255; a smaller time step makes counts smaller");
    } else {
        diag_add(d, E0807, nowhere, "`%s` emits %g spikes in step %" PRIu64 " of trial %u", name,
                 (double)f->count, f->step, f->trial);
    }
}

/* ---- the run -----------------------------------------------------------------------------------
 */

static uint32_t job_count(const struct run_options *o)
{
    long there = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t jobs = o->jobs ? o->jobs : there > 0 ? (uint32_t)there : 1;
    return jobs < MAX_JOBS ? jobs : MAX_JOBS;
}

static bool run_engine(struct engine *e, struct arena *a, struct diags *d)
{
    uint32_t jobs = job_count(e->options);
    if (!stimulus_play(&e->arena, e->options->stimulus, e->plan->dt, &e->stimulus, d))
        return false;
    find_depths(e, &e->arena);
    cut_into_items(e, jobs);
    jobs = e->items < jobs ? (uint32_t)e->items : jobs;
    if (!check_memory(e, jobs, d) || !make_result(e, a, d))
        return false;
    struct worker *worker = ARENA_ARRAY(&e->arena, struct worker, jobs + 1);
    for (uint32_t i = 0; i < jobs; i++)
        worker[i].engine = e;
    run_workers(worker, jobs);
    const struct run_failure *first = NULL;
    for (uint32_t i = 0; i < jobs; i++) {
        const struct run_failure *f = &worker[i].failure;
        if (f->kind != RUN_OK && (!first || f->item < first->item))
            first = f;
    }
    if (first)
        report(e, first, d);
    return !atomic_load(&e->stop);
}

bool run_plan(struct arena *a, const struct plan *p, const struct run_options *o,
              struct run_result *out, struct diags *d)
{
    *out = (struct run_result){
        .chips = o->chips, .trials = o->trials, .steps = o->stimulus->steps, .dt = p->dt};
    if (!check(p, o, d))
        return false;
    struct engine e = {
        .plan = p, .options = o, .result = out, .steps = o->stimulus->steps, .diags = d};
    pthread_mutex_init(&e.lock, NULL);
    bool ok = run_engine(&e, a, d);
    pthread_mutex_destroy(&e.lock);
    arena_free(&e.arena);
    return ok;
}
