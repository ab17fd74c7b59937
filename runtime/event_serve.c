/* One trial: input events, and the queue of what follows from each. */
#include "runtime/event_engine.h"

#include "runtime/base/fpenv.h"
#include <math.h>
#include <stdlib.h>

enum { LOOK_UP = 1 << 12 }; /* input events between looks at whether the run goes on */

/* ---- the queue ---------------------------------------------------------------------------------
 */

static void *grow(void *data, size_t *cap, size_t n, size_t size)
{
    size_t more = *cap ? *cap : 1024;
    while (more < n)
        more *= 2;
    void *to = realloc(data, more * size);
    if (!to)
        base_panic("out of memory (%zu events wanted)", more);
    *cap = more;
    return to;
}

/* Room for n lanes behind the last one, and what may be written behind them. */
static void reserve(struct event_queue *q, size_t n)
{
    if (q->cap - q->n < n + EVENT_PAD)
        q->lane = grow(q->lane, &q->cap, q->n + n + EVENT_PAD, sizeof *q->lane);
}

/* The n lanes behind the last one, of a group. */
static void append(struct event_queue *q, uint32_t group, size_t n)
{
    q->n += n;
    if (q->first_batch < q->n_batches && q->batch[q->n_batches - 1].group == group) {
        q->batch[q->n_batches - 1].n += n;
        return;
    }
    if (q->n_batches == q->batch_cap)
        q->batch = grow(q->batch, &q->batch_cap, q->n_batches + 1, sizeof *q->batch);
    q->batch[q->n_batches++] = (struct event_batch){group, n};
}

static void clear(struct event_queue *q)
{
    q->first = q->n = q->first_batch = q->n_batches = 0;
}

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
    size_t most = 0;
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
    w->arrived = ARENA_ARRAY(&w->arena, uint64_t *, p->input.n + 1);
    for (uint32_t i = 0; i < p->input.n; i++) {
        w->arrived[i] = arena_try(&w->arena, p->input.data[i].n, sizeof **w->arrived);
        ok = ok && w->arrived[i];
    }
    for (uint32_t i = 0; !p->device && i < p->projection.n; i++) {
        const size_t n = event_at_once(&e->map[i]) * e->map[i].most;
        most = n > most ? n : most;
    }
    w->in = ARENA_ARRAY(&w->arena, struct event_in, EVENT_AT_ONCE);
    w->fired = (struct event_fired){
        arena_try(&w->arena, most + EVENT_PAD, sizeof(uint32_t)),
        ARENA_ARRAY(&w->arena, uint32_t, EVENT_AT_ONCE),
        arena_try(&w->arena, most + EVENT_PAD, sizeof(float)),
    };
    ok = ok && (!e->chip.tree || event_tree_build(w));
    w->reader = event_reader_new(&w->arena, &e->stimulus);
    event_record_build(w);
    return ok && w->fired.lane && w->fired.count && (!p->device || event_device_open(w));
}

void event_worker_free(struct event_worker *w)
{
    w->bytes = (double)w->arena.used + (double)w->queue.cap * sizeof *w->queue.lane +
               (double)w->queue.batch_cap * sizeof *w->queue.batch;
    if (w->reader)
        event_reader_free(w->reader);
    free(w->queue.lane);
    free(w->queue.batch);
    arena_free(&w->arena);
}

static void begin_state(struct event_worker *w, uint32_t g, uint32_t s)
{
    const struct plan_group *group = &w->e->plan->group.data[g];
    const struct column *init = &group->init[s];
    float *state = w->lanes[g].state[s];
    int16_t *narrow = w->lanes[g].state[s];
    for (uint32_t i = 0; i < group->n; i++) {
        const uint32_t lane = init->uniform ? i : event_lane(&w->e->group[g].map, i);
        if (w->e->chip.group[g].narrow)
            narrow[lane] = (int16_t)init->v[init->uniform ? 0 : i];
        else
            state[lane] = init->v[init->uniform ? 0 : i];
    }
}

static void set_states(struct event_worker *w)
{
    const struct plan *p = w->e->plan;
    for (uint32_t g = 0; g < p->group.n; g++)
        for (uint32_t s = 0; s < p->kernel.data[p->group.data[g].kernel]->n_states; s++)
            begin_state(w, g, s);
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
    for (uint32_t i = 0; i < p->input.n; i++)
        memset(w->arrived[i], 0, p->input.data[i].n * sizeof **w->arrived);
    clear(&w->queue);
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

static bool fail_at(struct event_worker *w, uint32_t group, uint32_t lane)
{
    return event_fail(w,
                      &(struct event_failure){.kind = EVENT_STORM, .group = group, .lane = lane});
}

/* Lanes that have fired once each, and stand behind the end of the queue. */
static bool take_fired(struct event_worker *w, uint32_t group, size_t n)
{
    const struct event_group *g = &w->e->group[group];
    const uint32_t *lane = w->queue.lane + w->queue.n;
    uint64_t *count = w->count[group];
    if (n > w->to_come)
        return fail_at(w, group, lane[w->to_come]);
    w->to_come -= n;
    for (size_t i = 0; i < n; i++)
        count[lane[i]]++;
    for (size_t i = 0; w->raster && i < n; i++)
        event_mark(w, group, lane[i], w->t);
    for (size_t i = 0; g->n_records && i < n; i++)
        if (!event_record(w, g, lane[i]))
            return false;
    if (g->to.n && n)
        append(&w->queue, group, n);
    return true;
}

bool event_emit(struct event_worker *w, uint32_t group, uint32_t lane, float count)
{
    /* The comparison with itself rounded fails for NaN. */
    if (!(count > 0 && count < 0x1p24f && count == (float)(uint32_t)count))
        return event_fail(
            w, &(struct event_failure){
                   .kind = EVENT_NOT_A_COUNT, .group = group, .lane = lane, .count = count});
    const uint32_t n = (uint32_t)count;
    if (n > w->to_come)
        return fail_at(w, group, lane);
    reserve(&w->queue, n);
    for (uint32_t i = 0; i < n; i++)
        w->queue.lane[w->queue.n + i] = lane;
    return take_fired(w, group, n);
}

/* Events of one source go through connection `j`. The queue has room for what they make fire. */
static bool deliver(struct event_worker *w, uint32_t j, const uint32_t *event, size_t n)
{
    const uint32_t group = w->e->plan->projection.data[j].dst;
    const struct event_code *code = &w->e->chip.code[j];
    struct event_fired fired = w->fired;
    if (code->once)
        fired.lane = w->queue.lane + w->queue.n;
    const size_t m = code->serve(code->code, &w->lanes[group], event, n, &fired);
    if (code->once)
        return take_fired(w, group, m);
    for (size_t i = 0; i < m; i++)
        if (!event_emit(w, group, fired.lane[i], fired.count[i]))
            return false;
    return true;
}

/* The first events of the queue, which are of a group with these connections, at most n of them.
 * Returns how many; 0: the run is to end. */
static size_t deliver_first(struct event_worker *w, const struct event_targets *to, size_t n)
{
    struct event_queue *q = &w->queue;
    if (to->n == 1) {
        const struct event_map *m = &w->e->map[to->projection[0]];
        const size_t some = event_at_once(m) < n ? event_at_once(m) : n;
        reserve(q, some * m->most);
        return deliver(w, to->projection[0], q->lane + q->first, some) ? some : 0;
    }
    for (uint32_t i = 0; i < to->n; i++) {
        reserve(q, w->e->map[to->projection[i]].most);
        if (!deliver(w, to->projection[i], q->lane + q->first, 1))
            return 0;
    }
    return 1;
}

/* Whatever is in the queue, and what follows from it. */
static bool exhaust(struct event_worker *w)
{
    struct event_queue *q = &w->queue;
    for (; q->first_batch < q->n_batches; q->first_batch++) {
        /* The batch may grow, and move, while it is served. */
        for (size_t done = 0; done < q->batch[q->first_batch].n;) {
            const struct event_batch *b = &q->batch[q->first_batch];
            const size_t n = deliver_first(w, &w->e->group[b->group].to, b->n - done);
            if (n == 0)
                return false;
            done += n;
            q->first += n;
        }
    }
    clear(q);
    return true;
}

static bool serve_input(struct event_worker *w, const struct event_in *in)
{
    const struct event_input *input = &w->e->input[in->input];
    const uint32_t lane = input->lane[in->channel];
    w->t = in->t;
    w->to_come = EVENT_MOST;
    if (w->e->plan->device)
        return event_device_serve(w, in);
    if (lane == EVENT_DROPPED)
        return true;
    w->arrived[in->input][lane]++;
    for (uint32_t i = 0; i < input->to.n; i++) {
        reserve(&w->queue, w->e->map[input->to.projection[i]].most);
        if (!deliver(w, input->to.projection[i], &lane, 1))
            return false;
    }
    return exhaust(w);
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

/* Synaptic operations of a connection: the events of its source, each with the synapses it has. */
static uint64_t synaptic(const struct event_worker *w, uint32_t projection)
{
    const struct plan *p = w->e->plan;
    const struct plan_projection *j = &p->projection.data[projection];
    const uint64_t *events = j->from_input ? w->arrived[j->src] : w->count[j->src];
    const uint32_t n = j->from_input ? p->input.data[j->src].n : p->group.data[j->src].n;
    uint64_t all = 0;
    for (uint32_t i = 0; i < n; i++)
        if (events[i])
            all += events[i] * event_map_meets(&w->e->map[projection], i);
    return all;
}

/* Counts in the order of neurons. */
static void leave(struct event_worker *w)
{
    const struct event_engine *e = w->e;
    const size_t trial = (size_t)e->chip.index * e->result->trials + w->trial;
    const uint32_t projections = e->plan->projection.n;
    for (uint32_t i = 0; e->result->synaptic && i < projections; i++)
        e->result->synaptic[trial * projections + i] = synaptic(w, i);
    for (uint32_t g = 0; g < e->plan->group.n; g++) {
        const uint32_t n = e->plan->group.data[g].n;
        uint64_t *to = e->result->count[g] + trial * n;
        for (uint32_t i = 0; i < n; i++)
            to[i] = w->count[g][event_lane(&e->group[g].map, i)];
    }
}

static bool serve_inputs(struct event_worker *w, size_t n)
{
    if (w->e->chip.tree)
        return event_tree(w, n);
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++)
        ok = serve_input(w, &w->in[i]);
    return ok;
}

bool event_trial(struct event_worker *w)
{
    const uint64_t mode = fpenv_flush();
    double told = 0;
    size_t n, since = 0;
    bool ok = true;
    begin(w);
    event_reader_begin(w->reader, w->trial);
    while (ok && (n = event_reader_some(w->reader, w->in, EVENT_AT_ONCE)) > 0) {
        ok = serve_inputs(w, n);
        since += n;
        if (since >= LOOK_UP) {
            const double t = (double)w->in[n - 1].t;
            ok = ok && look_up(w, t - told);
            told = t;
            since = 0;
        }
    }
    if (ok && event_reader_failed(w->reader))
        ok = event_fail(w, &(struct event_failure){.kind = EVENT_NO_INPUT,
                                                   .path = event_reader_failed(w->reader)});
    ok = ok && (!w->e->plan->device || event_device_end(w));
    ok = ok && look_up(w, w->e->stimulus.end_us - told) && event_record_leave(w);
    if (ok)
        leave(w);
    fpenv_restore(mode);
    return ok;
}
