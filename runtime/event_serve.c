/* One trial: input events, and the queue of what follows from each. */
#include "runtime/event_engine.h"

#include "runtime/base/fpenv.h"
#include <math.h>
#include <stdlib.h>

enum { LOOK_UP = 1 << 12 }; /* input events between looks at whether the run goes on */

/* ---- arrays ------------------------------------------------------------------------------------
 */

static void *make_state(struct event_worker *w, uint32_t group)
{
    const size_t n = (size_t)w->e->plan->group.data[group].n + EVENT_PAD;
    return arena_try(&w->arena, n,
                     w->e->chip.group[group].narrow ? sizeof(int16_t) : sizeof(float));
}

bool event_worker_build(struct event_engine *e, struct event_worker *w)
{
    const struct plan *p = e->plan;
    size_t most = 1;
    bool ok = true;
    w->lanes = ARENA_ARRAY(&w->arena, struct event_lanes, p->group.n);
    w->count = ARENA_ARRAY(&w->arena, uint64_t *, p->group.n);
    for (uint32_t g = 0; g < p->group.n; g++) {
        const struct kernel *k = p->kernel.data[p->group.data[g].kernel];
        void **state = ARENA_ARRAY(&w->arena, void *, k->n_states);
        for (uint32_t s = 0; !p->device && s < k->n_states; s++)
            ok = (state[s] = make_state(w, g)) && ok;
        if (!p->device)
            w->lanes[g] = (struct event_lanes){e->chip.group[g].param, e->chip.group[g].let, state};
        w->count[g] = arena_try(&w->arena, p->group.data[g].n, sizeof **w->count);
        ok = ok && w->count[g];
    }
    for (uint32_t i = 0; !p->device && i < p->projection.n; i++)
        most = e->map[i].most > most ? e->map[i].most : most;
    w->fired = arena_try(&w->arena, most, sizeof *w->fired);
    w->reader = event_reader_new(&w->arena, &e->stimulus);
    event_record_build(w);
    return ok && w->fired && (!p->device || event_device_open(w));
}

void event_worker_free(struct event_worker *w)
{
    w->bytes = (double)w->arena.used + (double)w->queue.cap * sizeof *w->queue.data;
    if (w->reader)
        event_reader_free(w->reader);
    free(w->queue.data);
    arena_free(&w->arena);
}

static void set_states(struct event_worker *w)
{
    const struct plan *p = w->e->plan;
    for (uint32_t g = 0; g < p->group.n; g++) {
        const struct plan_group *group = &p->group.data[g];
        const struct event_extents *map = &w->e->group[g].map;
        for (uint32_t s = 0; s < p->kernel.data[group->kernel]->n_states; s++) {
            const struct column *init = &group->init[s];
            for (uint32_t i = 0; i < group->n; i++) {
                const float x = init->v[init->uniform ? 0 : i];
                const uint32_t lane = event_lane(map, i);
                if (w->e->chip.group[g].narrow)
                    ((int16_t *)w->lanes[g].state[s])[lane] = (int16_t)x;
                else
                    ((float *)w->lanes[g].state[s])[lane] = x;
            }
        }
    }
}

/* Initial states, and no spikes yet. */
static void begin(struct event_worker *w)
{
    const struct plan *p = w->e->plan;
    if (p->device)
        event_device_begin(w);
    else
        set_states(w);
    for (uint32_t g = 0; g < p->group.n; g++)
        memset(w->count[g], 0, p->group.data[g].n * sizeof **w->count);
    w->queue.first = w->queue.n = 0;
}

/* ---- events ------------------------------------------------------------------------------------
 */

bool event_fail(struct event_worker *w, const struct event_failure *f)
{
    w->failure = *f;
    w->failure.trial = w->trial;
    w->failure.t = w->t;
    return false;
}

static void push(struct event_worker *w, uint32_t group, uint32_t lane)
{
    if (w->queue.n == w->queue.cap) {
        const size_t cap = w->queue.cap ? 2 * w->queue.cap : 1024;
        w->queue.data = realloc(w->queue.data, cap * sizeof *w->queue.data);
        if (!w->queue.data)
            base_panic("out of memory (%zu events wanted)", cap);
        w->queue.cap = cap;
    }
    w->queue.data[w->queue.n++] = (struct pending){group, lane};
}

bool event_emit(struct event_worker *w, uint32_t group, const struct event_fired *f)
{
    const struct event_group *g = &w->e->group[group];
    /* The comparison with itself rounded fails for NaN. */
    if (!(f->count > 0 && f->count < 0x1p24f && f->count == (float)(uint32_t)f->count))
        return event_fail(
            w, &(struct event_failure){
                   .kind = EVENT_NOT_A_COUNT, .group = group, .lane = f->lane, .count = f->count});
    const uint32_t n = (uint32_t)f->count;
    if (n > w->to_come)
        return event_fail(
            w, &(struct event_failure){.kind = EVENT_STORM, .group = group, .lane = f->lane});
    w->to_come -= n;
    w->count[group][f->lane] += n;
    for (uint32_t i = 0; i < n; i++) {
        if (g->n_records && !event_record(w, g, f->lane))
            return false;
        if (g->to.n)
            push(w, group, f->lane);
    }
    return true;
}

static bool deliver(struct event_worker *w, const struct event_targets *to, uint32_t c, uint32_t y,
                    uint32_t x)
{
    for (uint32_t i = 0; i < to->n; i++) {
        const uint32_t j = to->projection[i], group = w->e->plan->projection.data[j].dst;
        const struct event_code *code = &w->e->chip.code[j];
        const size_t n = code->serve(code->code, &w->lanes[group], c, y, x, w->fired);
        for (size_t k = 0; k < n; k++)
            if (!event_emit(w, group, &w->fired[k]))
                return false;
    }
    return true;
}

/* Whatever is in the queue, and what follows from it. */
static bool exhaust(struct event_worker *w)
{
    while (w->queue.first < w->queue.n) {
        const struct pending at = w->queue.data[w->queue.first++];
        const struct event_group *g = &w->e->group[at.group];
        const uint32_t f = g->map.features, place = at.lane / f;
        if (!deliver(w, &g->to, at.lane % f, place / g->map.width, place % g->map.width))
            return false;
        if (w->queue.first == w->queue.n)
            w->queue.first = w->queue.n = 0;
    }
    return true;
}

static bool serve_input(struct event_worker *w, const struct event_in *in)
{
    w->t = in->t;
    w->to_come = EVENT_MOST;
    if (w->e->plan->device)
        return event_device_serve(w, in);
    const struct sensor *sensor = w->e->plan->input.data[in->input].sensor;
    const struct event_extents *map = &w->e->input[in->input];
    uint32_t element = in->channel;
    if (sensor && !sensor_event(sensor, &element))
        return true;
    const uint32_t place = element % (map->height * map->width);
    return deliver(w, &w->e->from[in->input], element / (map->height * map->width),
                   place / map->width, place % map->width) &&
           exhaust(w);
}

/* ---- the trial ---------------------------------------------------------------------------------
 */

/* Tells how far the run is, the trial having got `us` further. Whether it goes on. */
static bool look_up(struct event_worker *w, double us)
{
    struct event_engine *e = w->e;
    const struct run_progress *p = &e->options->progress;
    pthread_mutex_lock(&e->lock);
    e->done += us;
    const double fraction = e->done / (e->stimulus.end_us * e->result->trials * e->result->chips);
    if (p->tell && fraction >= e->told + 1.0 / 256) {
        e->told = fraction;
        p->tell(p->arg, fraction < 1 ? fraction : 1);
    }
    pthread_mutex_unlock(&e->lock);
    if (p->cancel && *p->cancel)
        atomic_store(&e->stop, true);
    return !atomic_load(&e->refused) && !(p->cancel && *p->cancel);
}

/* Counts in the order of neurons. */
static void leave(struct event_worker *w)
{
    const struct event_engine *e = w->e;
    const size_t trial = (size_t)e->chip.index * e->result->trials + w->trial;
    for (uint32_t g = 0; g < e->plan->group.n; g++) {
        const uint32_t n = e->plan->group.data[g].n;
        uint64_t *to = e->result->count[g] + trial * n;
        for (uint32_t i = 0; i < n; i++)
            to[i] = w->count[g][event_lane(&e->group[g].map, i)];
    }
}

bool event_trial(struct event_worker *w)
{
    const uint64_t mode = fpenv_flush();
    struct event_in in;
    double told = 0;
    bool ok = true;
    begin(w);
    event_reader_begin(w->reader, w->trial);
    for (uint64_t n = 1; ok && event_reader_next(w->reader, &in); n++) {
        ok = serve_input(w, &in);
        if (n % LOOK_UP == 0) {
            ok = ok && look_up(w, (double)in.t - told);
            told = (double)in.t;
        }
    }
    ok = ok && (!w->e->plan->device || event_device_end(w));
    ok = ok && look_up(w, w->e->stimulus.end_us - told) && event_record_leave(w);
    if (ok)
        leave(w);
    fpenv_restore(mode);
    return ok;
}
