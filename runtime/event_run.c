/* Event-driven runs: what follows from plan and options, threads, result, what went wrong. */
#include "runtime/event_engine.h"

#include <inttypes.h>
#include <stdlib.h>

static const struct span nowhere;

/* ---- preparing ---------------------------------------------------------------------------------
 */

static struct event_targets targets(struct event_engine *e, bool from_input, uint32_t src)
{
    const struct plan *p = e->plan;
    struct event_targets t = {0, NULL};
    for (int pass = 0; pass < 2; pass++) { /* how many, then which */
        t.projection = pass ? ARENA_ARRAY(&e->arena, uint32_t, t.n) : NULL;
        t.n = 0;
        for (uint32_t i = 0; i < p->projection.n; i++) {
            const struct plan_projection *j = &p->projection.data[i];
            if (j->from_input != from_input || j->src != src)
                continue;
            if (pass)
                t.projection[t.n] = i;
            t.n++;
        }
    }
    return t;
}

/* Which lane of its map an event of a channel is. */
static bool prepare_input(struct event_engine *e, uint32_t index)
{
    const struct plan_input *from = &e->plan->input.data[index];
    struct event_input *in = &e->input[index];
    const uint32_t channels = plan_stimulus_channels(from);
    in->map = event_extents(&from->shape);
    in->to = targets(e, true, index);
    in->lane = arena_try(&e->arena, channels, sizeof *in->lane);
    if (!in->lane) {
        diag_add(e->diags, E0806, nowhere, "the channels of input `%s` don't fit in memory",
                 from->name);
        return false;
    }
    for (uint32_t i = 0; i < channels; i++) {
        uint32_t element = i;
        const bool passes = !from->sensor || sensor_event(from->sensor, &element);
        in->lane[i] = passes ? event_lane(&in->map, element) : EVENT_DROPPED;
    }
    return true;
}

static bool prepare(struct event_engine *e)
{
    const struct plan *p = e->plan;
    const struct run_options *o = e->options;
    e->map = ARENA_ARRAY(&e->arena, struct event_map, p->projection.n + 1);
    e->input = arena_alloc(&e->arena, (p->input.n + 1) * sizeof *e->input);
    e->group = ARENA_ARRAY(&e->arena, struct event_group, p->group.n + 1);
    for (uint32_t i = 0; !p->device && i < p->projection.n; i++)
        if (!event_map_make(&e->arena, p, &p->projection.data[i], &e->map[i], e->diags))
            return false;
    for (uint32_t i = 0; i < p->input.n; i++)
        if (!prepare_input(e, i))
            return false;
    for (uint32_t g = 0; g < p->group.n; g++) {
        struct event_group *to = &e->group[g];
        to->map = event_extents(&p->group.data[g].shape);
        if (!p->device)
            to->to = targets(e, false, g);
        to->record = ARENA_ARRAY(&e->arena, uint32_t, o->n_record + 1);
        for (uint32_t i = 0; i < o->n_record; i++)
            if (o->record[i].group == g && o->record[i].state < 0)
                to->record[to->n_records++] = i;
    }
    return true;
}

/* An event's numbers have 16 bits, that of a trial 32. */
static bool check_records(const struct event_engine *e)
{
    const struct plan *p = e->plan;
    for (uint32_t g = 0; g < p->group.n; g++) {
        const struct event_extents *m = &e->group[g].map;
        if (e->group[g].n_records == 0 ||
            (m->features <= 1 << 16 && m->height <= 1 << 16 && m->width <= 1 << 16))
            continue;
        struct diag *d =
            diag_add(e->diags, E0806, nowhere,
                     "the events of layer `%s` can't be recorded: an extent is above 65536",
                     p->group.data[g].name);
        diag_hint(e->diags, d, "a shape [features, height, width] makes extents smaller");
        return false;
    }
    if ((uint64_t)e->result->chips * e->result->trials <= UINT32_MAX)
        return true;
    diag_add(e->diags, E0806, nowhere, "the run has more trials than can be recorded");
    return false;
}

/* What a run takes in memory, at least. */
static bool check_memory(const struct event_engine *e, uint32_t threads)
{
    const struct plan *p = e->plan;
    const double trials = (double)e->result->trials * e->result->chips;
    double bytes = 0;
    for (uint32_t i = 0; !p->device && i < p->projection.n; i++)
        bytes += event_map_bytes(p, &p->projection.data[i]);
    for (uint32_t i = 0; i < p->input.n; i++)
        bytes += (double)p->input.data[i].n * threads * (double)sizeof(uint64_t);
    for (uint32_t g = 0; g < p->group.n; g++) {
        const double n = p->group.data[g].n;
        const uint32_t states = p->kernel.data[p->group.data[g].kernel]->n_states;
        const double lane = (double)sizeof(uint64_t) + states * (double)sizeof(float);
        bytes += n * (trials * (double)sizeof(uint64_t) + threads * lane);
    }
    if (memory_allows(bytes))
        return true;
    struct diag *d = diag_add(e->diags, E0806, nowhere,
                              "the run needs %.1f GB of memory, this machine has %.1f GB",
                              bytes * 1e-9, memory_there() * 1e-9);
    diag_hint(e->diags, d, "run fewer trials, chips or jobs at a time");
    return false;
}

static bool no_memory(struct event_engine *e)
{
    struct diag *d = diag_add(e->diags, E0806, nowhere, "the results don't fit in memory");
    diag_hint(e->diags, d, "record less, or into a file");
    return false;
}

static bool make_result(struct event_engine *e, struct arena *a)
{
    const struct plan *p = e->plan;
    struct run_result *r = e->result;
    const size_t trials = (size_t)r->chips * r->trials;
    bool ok = true;
    r->count = ARENA_ARRAY(a, uint64_t *, p->group.n + 1);
    r->raster = ARENA_ARRAY(a, uint8_t *, p->group.n + 1);
    if (p->device)
        r->tally = ARENA_ARRAY(a, uint64_t, p->device->n_tallies);
    r->raster_rows = RUN_EVENT_ROWS;
    for (uint32_t g = 0; g < p->group.n; g++) {
        const uint32_t n = p->group.data[g].n;
        r->count[g] = arena_try(a, trials, n * sizeof(uint64_t));
        if (e->options->raster && n <= RUN_RASTER_NEURONS)
            r->raster[g] = ARENA_ARRAY(a, uint8_t, RUN_EVENT_ROWS * run_raster_row(n));
        ok = ok && r->count[g];
    }
    if (!p->device)
        r->synaptic = arena_try(a, trials, (p->projection.n + 1) * sizeof *r->synaptic);
    ok = ok && (p->device || r->synaptic);
    e->kept = ARENA_ARRAY(&e->arena, struct event_kept *, e->options->n_record + 1);
    for (uint32_t i = 0; ok && !e->options->sink && i < e->options->n_record; i++) {
        e->kept[i] = arena_try(&e->arena, trials, sizeof **e->kept);
        ok = e->kept[i] != NULL;
    }
    return ok || no_memory(e);
}

/* ---- workers -----------------------------------------------------------------------------------
 */

/* Trials are taken in order and those that are begun are finished, so that what the first failing
 * one is doesn't depend on the threads. */
static void *work(void *arg)
{
    struct event_worker *w = arg;
    struct event_engine *e = w->e;
    while (!atomic_load(&e->stop)) {
        w->trial = (uint32_t)atomic_fetch_add(&e->next, 1);
        if (w->trial >= e->result->trials)
            break;
        w->raster =
            e->options->raster && w->trial == 0 && e->chip.index == 0 ? e->result->raster : NULL;
        if (!event_trial(w)) {
            atomic_store(&e->stop, true);
            break;
        }
    }
    return NULL;
}

static void run_workers(struct event_worker *w, uint32_t n)
{
    uint32_t started = 1;
    while (started < n && pthread_create(&w[started].thread, NULL, work, &w[started]) == 0)
        started++;
    work(&w[0]);
    for (uint32_t i = 1; i < started; i++)
        pthread_join(w[i].thread, NULL);
}

/* ---- what went wrong ---------------------------------------------------------------------------
 */

static void report_storm(struct event_engine *e, const struct event_failure *f, const char *name)
{
    struct diag *d = diag_add(e->diags, E0809, nowhere,
                              "the input event at %" PRId64
                              " microseconds of trial %u sets off more than %d events",
                              f->t, f->trial, EVENT_MOST);
    diag_hint(e->diags, d, "%s is among those that fire: does it excite itself?", name);
}

static void report(struct event_engine *e, const struct event_failure *f)
{
    if (f->kind == EVENT_NO_INPUT) {
        diag_add(e->diags, E0901, nowhere, "can't read %s: it has changed", f->path);
        return;
    }
    if (f->group == EVENT_NO_GROUP) {
        report_storm(e, f, "a core that has no layer");
        return;
    }
    const struct plan_group *g = &e->plan->group.data[f->group];
    const struct event_extents *m = &e->group[f->group].map;
    const uint32_t place = f->lane / m->features;
    struct buf b = {0};
    buf_putc(&b, '`');
    plan_element_name(&b, g->name, &g->shape, f->lane % m->features * m->height * m->width + place);
    buf_putc(&b, '`');
    if (f->kind == EVENT_STORM) {
        report_storm(e, f, b.data);
    } else {
        diag_add(e->diags, E0807, nowhere,
                 "%s emits %g spikes at %" PRId64 " microseconds of trial %u", b.data,
                 (double)f->count, f->t, f->trial);
    }
    buf_free(&b);
}

static void report_first(struct event_engine *e, const struct event_worker *w, uint32_t n)
{
    const struct event_failure *first = NULL;
    for (uint32_t i = 0; i < n; i++)
        if (w[i].failure.kind != EVENT_OK && (!first || w[i].failure.trial < first->trial))
            first = &w[i].failure;
    if (first)
        report(e, first);
    else if (atomic_load(&e->refused) && !e->options->sink)
        no_memory(e);
}

/* ---- the run -----------------------------------------------------------------------------------
 */

static bool run_chip(struct event_engine *e, uint32_t index, uint32_t threads, double *bytes)
{
    struct arena scratch = {0};
    struct event_worker *w = ARENA_ARRAY(&scratch, struct event_worker, threads);
    e->chip.index = index;
    bool ok = e->plan->device || event_chip_build(e);
    for (uint32_t i = 0; ok && i < threads; i++) {
        w[i].e = e;
        ok = event_worker_build(e, &w[i]) || no_memory(e);
    }
    if (ok) {
        atomic_store(&e->next, 0);
        run_workers(w, threads);
        report_first(e, w, threads);
        ok = !atomic_load(&e->stop);
    }
    *bytes = (double)e->chip.arena.used;
    for (uint32_t i = 0; i < threads; i++) {
        if (ok && e->plan->device)
            event_device_tally(&w[i]);
        event_worker_free(&w[i]);
        *bytes += w[i].bytes;
    }
    event_chip_free(e);
    arena_free(&scratch);
    return ok;
}

static bool run_chips(struct event_engine *e, uint32_t threads)
{
    double most = 0;
    for (uint32_t chip = 0; chip < e->result->chips; chip++) {
        double bytes = 0;
        if (!run_chip(e, chip, threads, &bytes))
            return false;
        most = bytes > most ? bytes : most;
    }
    e->result->bytes += most;
    return true;
}

static bool run(struct event_engine *e, struct arena *a)
{
    const struct run_options *o = e->options;
    const uint32_t jobs = run_jobs(o), trials = e->result->trials;
    const uint32_t threads = jobs < trials ? jobs : trials ? trials : 1;
    const size_t used = a->used;
    if (!event_stimulus_make(&e->arena, e->plan, o->stimulus, &e->stimulus, e->diags) ||
        !prepare(e) || !check_records(e) || !check_memory(e, threads) || !make_result(e, a) ||
        (o->sink && !o->sink->begin(o->sink->arg)) || !run_chips(e, threads))
        return false;
    if (!event_record_collect(e, a))
        return no_memory(e);
    e->result->bytes += (double)(a->used - used) + (double)e->arena.used;
    return true;
}

static void free_kept(struct event_engine *e)
{
    for (uint32_t i = 0; e->kept && i < e->options->n_record; i++)
        for (size_t t = 0; e->kept[i] && t < (size_t)e->result->chips * e->result->trials; t++)
            free(e->kept[i][t].data);
}

uint64_t run_synaptic(const struct plan *p, const struct run_result *r, uint32_t group)
{
    const size_t trials = (size_t)r->chips * r->trials;
    uint64_t n = 0;
    for (uint32_t i = 0; i < p->projection.n; i++)
        for (size_t t = 0; p->projection.data[i].dst == group && t < trials; t++)
            n += r->synaptic[t * p->projection.n + i];
    return n;
}

bool event_run(struct arena *a, const struct plan *p, const struct run_options *o,
               struct run_result *out, struct diags *d)
{
    *out = (struct run_result){.chips = o->chips,
                               .trials = o->trials,
                               .steps = event_stimulus_steps(o->stimulus, p->dt),
                               .dt = stimulus_step(p->dt),
                               .event = true};
    if (!run_check_stimulus(p, o->stimulus, d) || !plan_can_run(p, PLAN_EVENT, d))
        return false;
    struct event_engine e = {.plan = p, .options = o, .result = out, .diags = d};
    pthread_mutex_init(&e.lock, NULL);
    const bool ok = run(&e, a);
    pthread_mutex_destroy(&e.lock);
    free_kept(&e);
    arena_free(&e.arena);
    return ok;
}
