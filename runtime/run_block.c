/* A team's arrays, and the steps of an item: events in, sums, models, spikes out. */
#include "runtime/engine.h"
#include "runtime/expand.h"
#include <sched.h>

/* ---- lanes -------------------------------------------------------------------------------------
 */

/* Copies a column of n neurons into every trial and the padding. */
static void spread(float *to, size_t lanes, const struct column *c, uint32_t n)
{
    const float first = flush_denormal(c->v[0]);
    for (size_t lane = 0; c->uniform && lane < lanes; lane++)
        to[lane] = first;
    for (size_t lane = 0, i = 0; !c->uniform && lane < lanes; lane++) {
        to[lane] = flush_denormal(c->v[i]);
        i = i + 1 < n ? i + 1 : 0;
    }
}

static bool uses(const struct kernel *k, enum kop op, uint32_t index)
{
    for (uint32_t i = 0; i < k->step.n; i++) {
        if (k->step.inst[i].op == op && k->step.inst[i].index == index)
            return true;
    }
    return false;
}

/* Arrays of the columns that the code reads; NULL where a value is a constant of the code. */
static float **spread_columns(struct lane_room *room, const struct kernel *k, enum kop op,
                              const struct column *c, const bool *constant, uint32_t n_columns,
                              uint32_t n, size_t lanes)
{
    float **out = ARENA_ARRAY(room->arena, float *, n_columns);
    for (uint32_t i = 0; i < n_columns; i++) {
        if (constant[i] || !uses(k, op, i))
            continue;
        out[i] = lane_array(room, lanes);
        spread(out[i], lanes, &c[i], n);
    }
    return out;
}

static float **new_columns(struct lane_room *room, uint32_t n_columns, const bool *wanted,
                           size_t floats)
{
    float **out = ARENA_ARRAY(room->arena, float *, n_columns);
    for (uint32_t i = 0; i < n_columns; i++)
        out[i] = !wanted || wanted[i] ? lane_array(room, floats) : NULL;
    return out;
}

static float **spread_biases(const struct engine *e, uint32_t group, struct lane_room *room,
                             size_t lanes)
{
    const struct plan_group *g = &e->plan->group.data[group];
    const uint32_t n_receptors = e->plan->kernel.data[g->kernel]->n_receptors;
    float **out = ARENA_ARRAY(room->arena, float *, n_receptors);
    struct arena scratch = {0};
    for (uint32_t r = 0; r < n_receptors; r++) {
        float *sum = plan_bias_sums(&scratch, e->plan, group, r);
        out[r] = sum ? lane_array(room, lanes) : NULL;
        if (sum)
            spread(out[r], lanes, &(struct column){sum, false}, g->n);
    }
    arena_free(&scratch);
    return out;
}

static void build_lanes(const struct engine *e, const struct chip_group *from, uint32_t group,
                        struct arena *a, struct lanes *to)
{
    const struct plan_group *g = &e->plan->group.data[group];
    const struct kernel *k = e->hoisted[g->kernel].kernel;
    const size_t lanes = padded_lanes((size_t)g->n * e->block);
    const size_t rows = e->schedule.span;
    struct lane_room room = {.arena = a};
    to->param = spread_columns(&room, k, K_PARAM, from->param, from->param_constant, k->n_params,
                               g->n, lanes);
    to->let =
        spread_columns(&room, k, K_LET, from->let, from->let_constant, k->n_lets, g->n, lanes);
    to->state = new_columns(&room, k->n_states, e->schedule.group[group].kept, lanes);
    to->receive = new_columns(&room, k->n_receptors, NULL, rows * lanes);
    to->bias = spread_biases(e, group, &room, lanes);
    to->trace = new_columns(&room, k->n_states, e->schedule.group[group].traced, rows * lanes);
    to->args = (struct kernel_args){.param = (const float *const *)to->param,
                                    .let = (const float *const *)to->let,
                                    .state = to->state,
                                    .receive = (const float *const *)to->receive,
                                    .trace = to->trace,
                                    .spikes = lane_array(&room, (rows + 1) * lanes),
                                    .fired = ARENA_ARRAY(a, uint8_t, rows * lanes / 8),
                                    .stride = lanes,
                                    .dt = (float)e->plan->dt};
}

void block_build(const struct engine *e, const struct chip *c, struct block *b)
{
    const struct plan *p = e->plan;
    uint32_t channels = 0;
    b->group = ARENA_ARRAY(&b->arena, struct lanes, p->group.n);
    b->of_group = ARENA_ARRAY(&b->arena, struct event_ring, p->group.n);
    b->of_input = ARENA_ARRAY(&b->arena, struct event_ring, p->input.n);
    b->range = ARENA_ARRAY(&b->arena, struct range, (size_t)e->parts * p->group.n);
    b->room = ARENA_ARRAY(&b->arena, struct stimulus_event *, e->parts);
    for (uint32_t i = 0; i < p->group.n; i++) {
        build_lanes(e, &c->group[i], i, &b->arena, &b->group[i]);
        b->of_group[i] = event_ring_new(e, &b->arena, e->schedule.group[i].depth);
    }
    for (uint32_t i = 0; i < p->input.n; i++) {
        b->of_input[i] = event_ring_new(e, &b->arena, e->schedule.input_depth[i]);
        const uint32_t n = plan_stimulus_channels(&p->input.data[i]);
        channels = n > channels ? n : channels;
    }
    for (uint32_t i = 0; i < e->parts; i++)
        b->room[i] = ARENA_ARRAY(&b->arena, struct stimulus_event, channels);
    record_build(e, b);
}

void block_free(const struct engine *e, struct block *b)
{
    for (uint32_t i = 0; b->group && i < e->plan->group.n; i++)
        event_ring_free(e, &b->of_group[i]);
    for (uint32_t i = 0; b->group && i < e->plan->input.n; i++)
        event_ring_free(e, &b->of_input[i]);
    arena_free(&b->arena);
    b->group = NULL;
}

double block_bytes(const struct engine *e, const struct block *b)
{
    double bytes = (double)b->arena.used;
    for (uint32_t i = 0; i < e->plan->group.n; i++)
        bytes += event_ring_bytes(e, &b->of_group[i]);
    for (uint32_t i = 0; i < e->plan->input.n; i++)
        bytes += event_ring_bytes(e, &b->of_input[i]);
    return bytes;
}

/* ---- a team ------------------------------------------------------------------------------------
 */

void team_meet(const struct engine *e, struct team *t)
{
    enum { PATIENCE = 4000 }; /* looks before the processor is offered to others */
    if (e->parts == 1)
        return;
    const uint32_t round = atomic_load(&t->round);
    if (atomic_fetch_add(&t->arrived, 1) + 1 == e->parts) {
        atomic_store(&t->arrived, 0);
        atomic_store(&t->round, round + 1);
        return;
    }
    for (uint32_t looks = 0; atomic_load(&t->round) == round; looks++) {
        if (looks >= PATIENCE)
            sched_yield();
    }
}

struct part {
    struct engine *engine;
    struct team *team;
    uint32_t index;
    const struct range *range; /* of each group */
};

/* An equal share of the vectors of each group. */
static void share_lanes(const struct part *x)
{
    const struct engine *e = x->engine;
    struct range *range = x->team->block.range + (size_t)x->index * e->plan->group.n;
    for (uint32_t i = 0; i < e->plan->group.n; i++) {
        const size_t n = (size_t)e->plan->group.data[i].n * x->team->item.trials;
        const size_t vectors = padded_lanes(n) / LANES;
        range[i].begin = vectors * x->index / e->parts * LANES;
        range[i].end = vectors * (x->index + 1) / e->parts * LANES;
    }
}

static void reset(const struct part *x)
{
    const struct engine *e = x->engine;
    for (uint32_t i = 0; i < e->plan->group.n; i++) {
        const struct plan_group *g = &e->plan->group.data[i];
        const struct kernel_args *args = &x->team->block.group[i].args;
        for (uint32_t s = 0; s < e->schedule.group[i].n_states; s++) {
            if (!args->state[s])
                continue;
            spread(args->state[s], args->stride, &g->init[s], g->n);
        }
        memset(args->spikes, 0, args->stride * sizeof(float));
    }
}

/* ---- steps -------------------------------------------------------------------------------------
 */

/* Events of steps [first, first + n) of a span, onto the rows from `row` on. */
static void deliver_steps(const struct part *x, uint32_t group, uint32_t projection,
                          const struct event_list *from, uint32_t first, uint32_t n, uint32_t row)
{
    const size_t begin = from->begin[first], events = from->begin[first + n] - begin;
    if (events == 0)
        return;
    const struct engine *e = x->engine;
    const struct lanes *l = &x->team->block.group[group];
    const struct plan_projection *j = &e->plan->projection.data[projection];
    const struct delivery d = {.projection = j,
                               .rows = e->schedule.rows[projection],
                               .n_post = e->plan->group.data[group].n,
                               .first = first,
                               .receive = l->receive[j->receptor] + row * l->args.stride,
                               .stride = l->args.stride,
                               .begin = x->range[group].begin,
                               .end = x->range[group].end};
    e->deliver(&d, from->event + begin, events);
}

/* What a projection brings to a stretch of steps of a group: events of one span or of two, and from
 * before the run there are none. */
static void sum(const struct part *x, uint32_t group, const struct incoming *in,
                const struct stretch *at)
{
    const struct engine *e = x->engine;
    const struct plan_projection *j = &e->plan->projection.data[in->projection];
    const struct block *b = &x->team->block;
    const struct event_ring *r = j->from_input ? &b->of_input[j->src] : &b->of_group[j->src];
    const bool borrow = at->begin < in->steps;
    uint64_t back = (uint64_t)in->spans + borrow;
    uint32_t first = at->begin + (borrow ? e->schedule.span : 0) - in->steps;
    for (uint32_t done = 0; done < at->steps; back--) {
        const uint32_t left = at->steps - done, there = e->schedule.span - first;
        const uint32_t n = left < there ? left : there;
        for (uint32_t i = 0; back <= at->span && i < e->parts; i++)
            deliver_steps(x, group, in->projection, event_list_of(e, r, at->span - back, i), first,
                          n, at->begin + done);
        done += n;
        first = 0;
    }
}

static void clear_rows(float *rows, size_t stride, struct range lanes, uint32_t n)
{
    const size_t width = lanes.end - lanes.begin;
    if (width == stride) {
        memset(rows, 0, n * stride * sizeof(float));
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        memset(rows + i * stride + lanes.begin, 0, width * sizeof(float));
}

/* What a receptor's sums begin with. */
static void begin_rows(const struct lanes *l, uint32_t receptor, struct range lanes, uint32_t n)
{
    float *rows = l->receive[receptor];
    const float *bias = l->bias[receptor];
    if (!bias)
        clear_rows(rows, l->args.stride, lanes, n);
    for (uint32_t i = 0; bias && i < n; i++)
        memcpy(rows + i * l->args.stride + lanes.begin, bias + lanes.begin,
               (lanes.end - lanes.begin) * sizeof *rows);
}

/* What comes from elsewhere, for the whole span. */
static void begin_span(const struct part *x, uint32_t group, const struct stretch *span)
{
    const struct engine *e = x->engine;
    const struct lanes *l = &x->team->block.group[group];
    const struct group_plan *g = &e->schedule.group[group];
    const struct kernel *k = e->plan->kernel.data[e->plan->group.data[group].kernel];
    for (uint32_t r = 0; r < k->n_receptors; r++)
        begin_rows(l, r, x->range[group], span->steps);
    for (uint32_t i = 0; i < g->n_before; i++)
        sum(x, group, &g->in[i], span);
}

static void run_group(const struct part *x, uint32_t group, const struct stretch *at)
{
    const struct group_plan *g = &x->engine->schedule.group[group];
    const struct range lanes = x->range[group];
    for (uint32_t i = g->n_before; i < g->n_in; i++)
        sum(x, group, &g->in[i], at);
    const struct kernel_code *code = &x->team->chip.group[group].code;
    struct kernel_args args = x->team->block.group[group].args; /* which all parts share */
    args.draws = (struct kernel_draws){.first_step = at->first - at->begin,
                                       .stride = args.stride,
                                       .first_trial = x->team->item.first,
                                       .neurons = x->engine->plan->group.data[group].n};
    code->step(code->code, &args, lanes.begin, lanes.end, at->begin, at->begin + at->steps);
}

/* The last step's counts are what the next span finds. */
static void end_span(const struct part *x, uint32_t group, const struct stretch *span)
{
    const struct kernel_args *args = &x->team->block.group[group].args;
    const struct range lanes = x->range[group];
    collect_states(x->engine, x->team, x->index, group, span);
    memcpy(args->spikes + lanes.begin, args->spikes + span->steps * args->stride + lanes.begin,
           (lanes.end - lanes.begin) * sizeof(float));
}

static void run_stage(const struct part *x, const struct stage *s, const struct stretch *span)
{
    for (uint32_t i = 0; i < s->n; i++)
        begin_span(x, s->group[i], span);
    for (uint32_t done = 0; done < span->steps;) {
        const uint32_t left = span->steps - done, n = left < s->steps ? left : s->steps;
        const struct stretch at = {span->span, span->first + done, done, n};
        for (uint32_t i = 0; i < s->n; i++)
            run_group(x, s->group[i], &at);
        team_meet(x->engine, x->team);
        for (uint32_t i = 0; i < s->n; i++)
            collect_spikes(x->engine, x->team, x->index, s->group[i], &at);
        team_meet(x->engine, x->team);
        done += n;
    }
    for (uint32_t i = 0; i < s->n; i++)
        end_span(x, s->group[i], span);
}

static void run_span(const struct part *x, const struct stretch *span)
{
    const struct engine *e = x->engine;
    for (uint32_t i = 0; i < e->plan->input.n; i++)
        events_play(e, x->team, x->index, i, span);
    team_meet(e, x->team);
    for (uint32_t i = 0; i < e->schedule.n_stages; i++)
        run_stage(x, &e->schedule.stage[i], span);
}

static bool is_cancelled(const struct engine *e)
{
    const volatile bool *cancel = e->options->progress.cancel;
    return (cancel && *cancel) || atomic_load(&e->refused);
}

/* A failure in one of the item's trials [0, trials). */
static bool has_failed(const struct engine *e, const struct team *t, uint32_t trials)
{
    bool failed = false;
    for (uint32_t i = 0; i < e->parts; i++)
        failed |= t->failure[i].kind != RUN_OK && t->failure[i].trial - t->item.first < trials;
    return failed;
}

void block_run(struct engine *e, struct team *t, uint32_t part)
{
    const struct part x = {e, t, part, t->block.range + (size_t)part * e->plan->group.n};
    struct stretch span = {0};
    share_lanes(&x);
    if (part == 0) {
        reset(&x);
        record_enter(e, t);
    }
    for (; span.first < e->steps; span.span++, span.first += span.steps) {
        const uint64_t left = e->steps - span.first;
        span.steps = left < e->schedule.span ? (uint32_t)left : e->schedule.span;
        /* One part decides, between two meetings, so that all do the same. An item that failed goes
         * on as long as an earlier trial may yet fail. */
        if (part == 0)
            t->cut_short = is_cancelled(e) || has_failed(e, t, 1);
        team_meet(e, t);
        if (t->cut_short)
            return;
        run_span(&x, &span);
        record_leave(e, t, part, span.first + span.steps);
        if (part == 0)
            engine_progress(e, (uint64_t)t->item.trials * span.steps);
    }
    if (part == 0)
        t->cut_short = is_cancelled(e) || has_failed(e, t, t->item.trials);
}
