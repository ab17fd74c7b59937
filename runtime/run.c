#include "runtime/base/fpenv.h"
#include "runtime/derive.h"
#include "runtime/engine.h"
#include "runtime/expand.h"
#include "runtime/run_common.h"
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    LANES_WANTED = 512, /* of the largest group in a block: small networks fill vectors */
    PART_LANES = 2048,  /* of all groups, at least, for each thread of a team */
    RASTER_STEPS = 65536
};

static const struct span nowhere;

/* ---- checks ------------------------------------------------------------------------------------
 */

bool run_check_stimulus(const struct plan *p, const struct stimulus *s, struct diags *d)
{
    if (s->n_inputs != p->input.n) {
        diag_add(d, E0801, nowhere, "stimulus `%s` has %u inputs, network `%s` has %u", s->name,
                 s->n_inputs, p->network, p->input.n);
        return false;
    }
    for (uint32_t i = 0; i < p->input.n; i++) {
        const struct plan_input *in = &p->input.data[i];
        const uint32_t channels = plan_stimulus_channels(in);
        if (s->source[i].kind != STIM_SILENCE && s->source[i].channels != channels) {
            diag_add(d, E0801, nowhere, "stimulus `%s` has %u channels for input `%s` of %u",
                     s->name, s->source[i].channels, in->name, channels);
            return false;
        }
    }
    return true;
}

/* What a run takes in memory, at least, synapses that were laid out for it included; so that one
 * that can't be done is refused rather than killed half way. */
static double memory_needed(const struct engine *e, uint32_t teams)
{
    const struct plan *p = e->plan;
    double team = 0, result = 0;
    const double trials = (double)e->result->trials * e->result->chips;
    for (uint32_t i = 0; i < p->group.n; i++) {
        team += schedule_group_bytes(e, i);
        result += trials * p->group.data[i].n * sizeof(uint64_t);
    }
    for (uint32_t i = 0; i < p->input.n; i++)
        team += (double)e->schedule.input_depth[i] * e->parts * sizeof(size_t) *
                (e->schedule.span + 1.0);
    return (double)e->arena.used + team * teams + result + record_bytes(e, teams);
}

/* What goes to a sink has no other limit than that its sizes are numbers. */
static bool check_sink(const struct engine *e, struct diags *d)
{
    double all = 0;
    for (uint32_t i = 0; e->options->sink && i < e->options->n_record; i++)
        all += (double)e->result->trials * e->result->chips * (double)e->steps *
               (double)record_row(e, i);
    if (all < 0x1p62)
        return true;
    diag_add(d, E0806, nowhere, "the run records %.1f EB", all * 1e-18);
    return false;
}

static bool check_memory(const struct engine *e, uint32_t teams, struct diags *d)
{
    double there = memory_there();
    double needed = memory_needed(e, teams);
    if (needed <= there)
        return check_sink(e, d);
    struct diag *g =
        diag_add(d, E0806, nowhere, "the run needs %.1f GB of memory, this machine has %.1f GB",
                 needed * 1e-9, there * 1e-9);
    diag_hint(d, g, "record less, or run fewer trials, chips or jobs at a time");
    return false;
}

/* ---- preparing ---------------------------------------------------------------------------------
 */

static uint64_t divide_up(uint64_t a, uint64_t b)
{
    return (a + b - 1) / b;
}

/* Enough trials side by side to fill vectors, but no more than leave work for every thread. Threads
 * that get no item help others with theirs, if there are lanes enough. */
static void cut_into_items(struct engine *e, uint32_t jobs)
{
    const struct plan *p = e->plan;
    const uint64_t trials = e->result->trials, chips = e->result->chips;
    uint32_t n = 1;
    uint64_t all = 0;
    for (uint32_t i = 0; i < p->group.n; i++) {
        n = p->group.data[i].n > n ? p->group.data[i].n : n;
        all += p->group.data[i].n;
    }
    const uint64_t limit[] = {divide_up(LANES_WANTED, n), divide_up(trials * chips, jobs), trials};
    uint64_t block = UINT32_MAX;
    for (size_t i = 0; i < sizeof limit / sizeof *limit; i++)
        block = limit[i] < block ? limit[i] : block;
    e->block = block ? (uint32_t)block : 1;
    e->blocks = (uint32_t)divide_up(trials, e->block);
    e->items = chips * e->blocks;
    const uint64_t idle = e->items ? jobs / e->items : 1, useful = all * e->block / PART_LANES;
    const uint64_t parts = idle < useful ? idle : useful;
    e->parts = parts ? (uint32_t)parts : 1;
}

/* States of a kernel that some group of it records. */
static const bool *recorded_states(struct engine *e, uint32_t kernel)
{
    bool *recorded = ARENA_ARRAY(&e->arena, bool, e->plan->kernel.data[kernel]->n_states);
    for (uint32_t i = 0; i < e->options->n_record; i++) {
        const struct run_record r = e->options->record[i];
        if (r.state >= 0 && e->plan->group.data[r.group].kernel == kernel)
            recorded[r.state] = true;
    }
    return recorded;
}

/* The kernels as they run, and what follows from plan and options. */
static void prepare(struct engine *e, uint32_t jobs)
{
    const struct plan *p = e->plan;
    e->deliver = deliver_for(e->options->backend->cpu);
    e->hoisted = ARENA_ARRAY(&e->arena, struct hoisted, p->kernel.n);
    for (uint32_t i = 0; i < p->kernel.n; i++)
        hoist(&e->arena, derive_states(&e->arena, p, i, recorded_states(e, i)), &e->hoisted[i]);
    cut_into_items(e, jobs);
    schedule_make(e, &e->arena);
}

static bool make_result(struct engine *e, struct arena *a, struct diags *d)
{
    const struct plan *p = e->plan;
    struct run_result *r = e->result;
    const size_t trials = (size_t)r->chips * r->trials;
    bool ok = record_make(e, a);
    r->count = ARENA_ARRAY(a, uint64_t *, p->group.n);
    r->raster = ARENA_ARRAY(a, uint8_t *, p->group.n);
    r->raster_rows = e->steps;
    for (uint32_t i = 0; i < p->group.n; i++) {
        const uint32_t n = p->group.data[i].n;
        r->count[i] = arena_try(a, trials, n * sizeof(uint64_t));
        ok = ok && r->count[i];
        if (n <= RUN_RASTER_NEURONS && e->steps <= RASTER_STEPS)
            r->raster[i] = arena_try(a, (size_t)e->steps, run_raster_row(n));
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
    struct team *team; /* all of the run's */
    uint32_t index;
};

/* Events' lists are at their longest in the end. */
static void leave_chip(struct engine *e, struct team *t)
{
    if (!t->chip.group)
        return;
    const double bytes = (double)t->chip.arena.used + block_bytes(e, &t->block);
    t->bytes = bytes > t->bytes ? bytes : t->bytes;
    block_free(e, &t->block);
    chip_free(&t->chip);
}

/* The chip of an item, with lanes for it; teams keep theirs as long as the items belong to it. */
static bool enter_chip(struct engine *e, struct team *t, uint32_t index)
{
    if (t->chip.group && t->chip.index == index)
        return true;
    leave_chip(e, t);
    if (!chip_build(e, &t->chip, index)) {
        chip_free(&t->chip);
        return false;
    }
    block_build(e, &t->chip, &t->block);
    return true;
}

/* The next item for a team; t->done if there is none. Items are taken in order and those that are
 * begun are finished, so that what the first failing item is doesn't depend on the threads. */
static void take_item(struct engine *e, struct team *t)
{
    t->done = true;
    if (t->cut_short)
        atomic_store(&e->stop, true);
    if (atomic_load(&e->stop))
        return;
    const uint64_t index = atomic_fetch_add(&e->next, 1);
    if (index >= e->items)
        return;
    struct item *it = &t->item;
    *it = (struct item){.index = index, .chip = (uint32_t)(index / e->blocks)};
    it->first = (uint32_t)(index % e->blocks) * e->block;
    it->trials = e->result->trials - it->first;
    if (it->trials > e->block)
        it->trials = e->block;
    if (enter_chip(e, t, it->chip))
        t->done = false;
    else
        atomic_store(&e->stop, true);
}

/* The first part of a team takes items for all of its parts. */
static void *work(void *arg)
{
    struct worker *w = arg;
    struct engine *e = w->engine;
    pthread_mutex_lock(&e->lock); /* until it is known how many threads there are */
    pthread_mutex_unlock(&e->lock);
    const uint32_t part = w->index % e->parts;
    struct team *t = &w->team[w->index / e->parts];
    for (;;) {
        if (part == 0)
            take_item(e, t);
        team_meet(e, t);
        if (t->done)
            break;
        const uint64_t mode = fpenv_flush();
        block_run(e, t, part);
        fpenv_restore(mode);
        team_meet(e, t);
    }
    if (part == 0)
        leave_chip(e, t);
    return NULL;
}

/* The calling thread is the first worker. Where fewer threads can be had than are wanted, each is a
 * team of its own. */
static void run_workers(struct engine *e, struct worker *worker, uint32_t n)
{
    uint32_t started = 1;
    pthread_mutex_lock(&e->lock);
    while (started < n &&
           pthread_create(&worker[started].thread, NULL, work, &worker[started]) == 0)
        started++;
    if (started < n)
        e->parts = 1;
    pthread_mutex_unlock(&e->lock);
    work(&worker[0]);
    for (uint32_t i = 1; i < started; i++)
        pthread_join(worker[i].thread, NULL);
}

/* ---- what went wrong ---------------------------------------------------------------------------
 */

static void report(struct engine *e, const struct run_failure *f, struct diags *d)
{
    const struct plan_group *group = &e->plan->group.data[f->group];
    struct buf b = {0};
    plan_element_name(&b, group->name, &group->shape, f->neuron);
    const char *name = arena_strdup(&e->arena, b.data);
    buf_free(&b);
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

/* Tables as they come out of sensors; what is drawn goes through them while it is played. */
static bool through_sensors(struct engine *e, struct diags *d)
{
    struct stimulus tables, *to = ARENA_NEW(&e->arena, struct stimulus);
    const struct stimulus *s = &tables;
    if (!stimulus_tables(&e->arena, e->options->stimulus, e->plan->dt, &tables, d))
        return false;
    *to = tables;
    to->source = ARENA_ARRAY(&e->arena, struct stimulus_source, s->n_inputs);
    e->applied = to;
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        const struct sensor *sensor = e->plan->input.data[i].sensor;
        to->source[i] = s->source[i];
        if (sensor && s->source[i].kind == STIM_TABLE &&
            !sensor_table(&e->arena, sensor, &s->source[i], &to->source[i], d))
            return false;
    }
    return true;
}

uint32_t run_jobs(const struct run_options *o)
{
    long there = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t jobs = o->jobs ? o->jobs : there > 0 ? (uint32_t)there : 1;
    return jobs < MAX_JOBS ? jobs : MAX_JOBS;
}

static const struct run_failure *first_failure(const struct team *team, uint32_t n, uint32_t parts)
{
    const struct run_failure *first = NULL;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < parts; k++) {
            const struct run_failure *f = &team[i].failure[k];
            if (f->kind != RUN_OK && (!first || failure_before(f, first)))
                first = f;
        }
    }
    return first;
}

static bool run_engine(struct engine *e, struct arena *a, struct diags *d)
{
    const uint32_t jobs = run_jobs(e->options);
    if (!through_sensors(e, d) ||
        !stimulus_play(&e->arena, e->applied, e->plan->dt, &e->stimulus, d))
        return false;
    prepare(e, jobs);
    const uint32_t teams = e->items < jobs / e->parts ? (uint32_t)e->items : jobs / e->parts;
    const uint32_t workers = teams * e->parts;
    const struct run_sink *sink = e->options->sink;
    record_choose_window(e, teams);
    const size_t used = a->used;
    if (!check_memory(e, teams, d) || !make_result(e, a, d) || (sink && !sink->begin(sink->arg)))
        return false;
    struct worker *worker = ARENA_ARRAY(&e->arena, struct worker, workers + 1);
    struct team *team = ARENA_ARRAY(&e->arena, struct team, workers + 1);
    for (uint32_t i = 0; i < workers; i++) {
        worker[i] = (struct worker){.engine = e, .team = team, .index = i};
        team[i].failure = ARENA_ARRAY(&e->arena, struct run_failure, e->parts);
    }
    const uint32_t parts = e->parts;
    if (workers)
        run_workers(e, worker, workers);
    const struct run_failure *first = first_failure(team, workers, parts);
    e->result->bytes = (double)(a->used - used) + (double)e->arena.used;
    for (uint32_t i = 0; i < workers; i++)
        e->result->bytes += team[i].bytes;
    if (first)
        report(e, first, d);
    return !atomic_load(&e->stop) && !atomic_load(&e->refused);
}

bool run_plan(struct arena *a, const struct plan *p, const struct run_options *o,
              struct run_result *out, struct diags *d)
{
    if (p->semantics == PLAN_EVENT)
        return event_run(a, p, o, out, d);
    *out = (struct run_result){
        .chips = o->chips, .trials = o->trials, .steps = o->stimulus->steps, .dt = p->dt};
    if (!run_check_stimulus(p, o->stimulus, d) || !plan_can_run(p, PLAN_CLOCKED, d))
        return false;
    struct plan rows;
    struct engine e = {
        .plan = &rows, .options = o, .result = out, .steps = o->stimulus->steps, .diags = d};
    pthread_mutex_init(&e.lock, NULL);
    bool ok = plan_expand(&e.arena, p, &rows, d) && run_engine(&e, a, d);
    pthread_mutex_destroy(&e.lock);
    arena_free(&e.arena);
    return ok;
}
