/* The steps of one block of trials: events in, sums, models, spikes out. */
#include "runtime/engine.h"
#include <stdlib.h>

/* ---- lanes -------------------------------------------------------------------------------------
 */

/* Copies a column of n neurons into every trial and the padding. */
static void spread(float *to, size_t lanes, const struct column *c, uint32_t n)
{
    uint32_t i = 0;
    for (size_t lane = 0; lane < lanes; lane++) {
        to[lane] = flush_denormal(c->v[c->uniform ? 0 : i]);
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
static float **spread_columns(struct arena *a, const struct kernel *k, enum kop op,
                              const struct column *c, uint32_t n_columns, uint32_t n, size_t lanes)
{
    float **out = ARENA_ARRAY(a, float *, n_columns);
    for (uint32_t i = 0; i < n_columns; i++) {
        if (c[i].uniform || !uses(k, op, i))
            continue;
        out[i] = ARENA_ARRAY(a, float, lanes);
        spread(out[i], lanes, &c[i], n);
    }
    return out;
}

static float **new_columns(struct arena *a, uint32_t n_columns, size_t lanes)
{
    float **out = ARENA_ARRAY(a, float *, n_columns);
    for (uint32_t i = 0; i < n_columns; i++)
        out[i] = ARENA_ARRAY(a, float, lanes);
    return out;
}

static void build_lanes(const struct engine *e, const struct chip_group *from, uint32_t group,
                        struct arena *a, struct lanes *to)
{
    const struct plan_group *g = &e->plan->group.data[group];
    const struct kernel *k = e->plan->kernel.data[g->kernel];
    const size_t lanes = padded_lanes((size_t)g->n * e->block);
    to->param = spread_columns(a, k, K_PARAM, from->param, k->n_params, g->n, lanes);
    to->let = spread_columns(a, k, K_LET, from->let, k->n_lets, g->n, lanes);
    to->state = new_columns(a, k->n_states, lanes);
    to->receive = new_columns(a, k->n_receptors, lanes);
    to->args = (struct kernel_args){.param = (const float *const *)to->param,
                                    .let = (const float *const *)to->let,
                                    .state = to->state,
                                    .receive = (const float *const *)to->receive,
                                    .spikes = ARENA_ARRAY(a, float, lanes),
                                    .dt = (float)e->plan->dt};
}

static struct event_ring new_ring(struct arena *a, uint32_t depth, uint32_t block)
{
    struct event_ring r = {depth, ARENA_ARRAY(a, struct event_list, depth)};
    for (uint32_t i = 0; i < depth; i++)
        r.list[i].end = ARENA_ARRAY(a, uint32_t, block);
    return r;
}

void block_build(const struct engine *e, const struct chip *c, struct block *b)
{
    const struct plan *p = e->plan;
    b->group = ARENA_ARRAY(&b->arena, struct lanes, p->group.n);
    b->of_group = ARENA_ARRAY(&b->arena, struct event_ring, p->group.n);
    b->of_input = ARENA_ARRAY(&b->arena, struct event_ring, p->input.n);
    for (uint32_t i = 0; i < p->group.n; i++) {
        build_lanes(e, &c->group[i], i, &b->arena, &b->group[i]);
        b->of_group[i] = new_ring(&b->arena, e->group_depth[i], e->block);
    }
    for (uint32_t i = 0; i < p->input.n; i++)
        b->of_input[i] = new_ring(&b->arena, e->input_depth[i], e->block);
}

static void free_ring(struct event_ring *r)
{
    for (uint32_t i = 0; i < r->depth; i++)
        free(r->list[i].event);
}

void block_free(const struct engine *e, struct block *b)
{
    for (uint32_t i = 0; b->group && i < e->plan->group.n; i++)
        free_ring(&b->of_group[i]);
    for (uint32_t i = 0; b->group && i < e->plan->input.n; i++)
        free_ring(&b->of_input[i]);
    arena_free(&b->arena);
    b->group = NULL;
}

static void reset(const struct engine *e, struct block *b)
{
    for (uint32_t i = 0; i < e->plan->group.n; i++) {
        const struct plan_group *g = &e->plan->group.data[i];
        const size_t lanes = padded_lanes((size_t)g->n * e->block);
        for (uint32_t s = 0; s < e->plan->kernel.data[g->kernel]->n_states; s++)
            spread(b->group[i].state[s], lanes, &g->init[s], g->n);
        memset(b->group[i].args.spikes, 0, lanes * sizeof(float));
    }
}

/* ---- events ------------------------------------------------------------------------------------
 */

static void reserve(struct event_list *l, uint64_t n)
{
    if (n <= l->cap)
        return;
    uint64_t cap = l->cap ? l->cap : 64;
    while (cap < n)
        cap *= 2;
    struct stimulus_event *event =
        cap <= UINT32_MAX ? realloc(l->event, (size_t)cap * sizeof *event) : NULL;
    if (!event)
        base_panic("out of memory (%llu events wanted)", (unsigned long long)cap);
    l->event = event;
    l->cap = (uint32_t)cap;
}

/* The trials of an item. */
struct item {
    uint64_t index;
    uint32_t chip, first, trials;
};

static void play_input(const struct engine *e, const struct item *it, uint32_t input, uint64_t step,
                       struct event_ring *r)
{
    struct event_list *l = &r->list[step % r->depth];
    uint32_t n = 0;
    for (uint32_t t = 0; t < it->trials; t++) {
        reserve(l, (uint64_t)n + e->plan->input.data[input].n);
        n += stimulus_at(&e->stimulus, input, it->first + t, step, l->event + n);
        l->end[t] = n;
    }
}

/* ---- sums --------------------------------------------------------------------------------------
 */

/* Multiply, then add, each rounded. Pieces of a fixed length become vector code. */
static void add_row(float *restrict to, const float *restrict weight, uint64_t n, float count)
{
    uint64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (uint32_t j = 0; j < LANES; j++)
            to[i + j] += weight[i + j] * count;
    }
    for (; i < n; i++)
        to[i] += weight[i] * count;
}

/* The order within a receptor is part of the language: one projection after another, presynaptic
 * neurons ascending. */
static void deliver(const struct plan_projection *j, bool dense, const struct event_list *l,
                    uint32_t trials, float *receive, uint32_t n_post)
{
    uint32_t k = 0;
    for (uint32_t t = 0; t < trials; t++) {
        float *to = receive + (size_t)t * n_post;
        for (; k < l->end[t]; k++) {
            const uint64_t begin = j->row[l->event[k].channel],
                           end = j->row[l->event[k].channel + 1];
            const float count = (float)l->event[k].count;
            if (dense && end > begin) {
                add_row(to + j->post[begin], j->weight + begin, end - begin, count);
                continue;
            }
            for (uint64_t s = begin; s < end; s++)
                to[j->post[s]] += j->weight[s] * count;
        }
    }
}

static void receive(const struct engine *e, const struct item *it, struct block *b, uint64_t step)
{
    const struct plan *p = e->plan;
    for (uint32_t i = 0; i < p->group.n; i++) {
        const struct plan_group *g = &p->group.data[i];
        for (uint32_t r = 0; r < p->kernel.data[g->kernel]->n_receptors; r++)
            memset(b->group[i].receive[r], 0, (size_t)g->n * it->trials * sizeof(float));
    }
    for (uint32_t i = 0; i < p->projection.n; i++) {
        const struct plan_projection *j = &p->projection.data[i];
        if (step < j->delay)
            continue;
        const struct event_ring *r = j->from_input ? &b->of_input[j->src] : &b->of_group[j->src];
        deliver(j, e->dense[i], &r->list[(step - j->delay) % r->depth], it->trials,
                b->group[j->dst].receive[j->receptor], p->group.data[j->dst].n);
    }
}

/* ---- spikes ------------------------------------------------------------------------------------
 */

static bool any(const float *spikes)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < LANES; i++)
        n += spikes[i] != 0;
    return n != 0;
}

/* Spikes of a group's lanes, trial by trial. False if a number isn't a count. */
static bool collect(const struct item *it, const float *spikes, uint32_t group, uint32_t n,
                    uint64_t step, struct event_list *l, struct run_failure *failure)
{
    const size_t lanes = (size_t)n * it->trials;
    uint32_t k = 0, t = 0;
    for (size_t begin = 0; begin < lanes; begin += LANES) {
        if (!any(spikes + begin))
            continue;
        for (size_t lane = begin; lane < begin + LANES && lane < lanes; lane++) {
            const float count = spikes[lane];
            if (count == 0)
                continue;
            const uint32_t trial = (uint32_t)(lane / n), neuron = (uint32_t)(lane % n);
            /* The comparison with itself rounded fails for NaN; the limit is far below 2^31. */
            if (!(count > 0 && count < 0x1p24f && count == (float)(uint32_t)count)) {
                *failure = (struct run_failure){RUN_NOT_A_COUNT,   it->index, group, neuron,
                                                it->first + trial, step,      count};
                return false;
            }
            while (t < trial)
                l->end[t++] = k;
            reserve(l, (uint64_t)k + 1);
            l->event[k++] = (struct stimulus_event){neuron, (uint32_t)count};
        }
    }
    while (t < it->trials)
        l->end[t++] = k;
    return true;
}

/* ---- what is kept ------------------------------------------------------------------------------
 */

/* Index of [chip, trial] of the result. */
static size_t result_trial(const struct engine *e, const struct item *it, uint32_t t)
{
    return (size_t)it->chip * e->result->trials + it->first + t;
}

static void count_spikes(const struct engine *e, const struct item *it, uint32_t group, uint32_t n,
                         uint64_t step, const struct event_list *l)
{
    uint8_t *raster = e->result->raster[group];
    for (uint32_t t = 0, k = 0; t < it->trials; t++) {
        uint64_t *total = e->result->count[group] + result_trial(e, it, t) * n;
        for (; k < l->end[t]; k++) {
            const struct stimulus_event s = l->event[k];
            total[s.channel] += s.count;
            if (raster && it->chip == 0 && it->first + t == 0)
                raster[step * n + s.channel] = (uint8_t)(s.count < 255 ? s.count : 255);
        }
    }
}

static bool record_spikes(const struct engine *e, const struct item *it, uint32_t group, uint32_t n,
                          uint64_t step, const struct event_list *l, uint8_t *to,
                          struct run_failure *failure)
{
    for (uint32_t t = 0, k = 0; t < it->trials; t++) {
        uint8_t *row = to + (result_trial(e, it, t) * e->steps + step) * n;
        for (; k < l->end[t]; k++) {
            const struct stimulus_event s = l->event[k];
            if (s.count > UINT8_MAX) {
                *failure =
                    (struct run_failure){RUN_COUNT_TOO_LARGE, it->index, group,         s.channel,
                                         it->first + t,       step,      (float)s.count};
                return false;
            }
            row[s.channel] = (uint8_t)s.count;
        }
    }
    return true;
}

static bool record(const struct engine *e, const struct item *it, const struct block *b,
                   uint64_t step, struct run_failure *failure)
{
    for (uint32_t i = 0; i < e->result->n_record; i++) {
        const struct run_record what = e->result->record[i].what;
        const uint32_t n = e->plan->group.data[what.group].n;
        if (what.state < 0) {
            const struct event_ring *r = &b->of_group[what.group];
            if (!record_spikes(e, it, what.group, n, step, &r->list[step % r->depth],
                               e->result->record[i].data, failure))
                return false;
            continue;
        }
        const float *from = b->group[what.group].state[what.state];
        for (uint32_t t = 0; t < it->trials; t++)
            memcpy((float *)e->result->record[i].data +
                       (result_trial(e, it, t) * e->steps + step) * n,
                   from + (size_t)t * n, n * sizeof *from);
    }
    return true;
}

/* ---- steps -------------------------------------------------------------------------------------
 */

static bool one_step(struct engine *e, const struct chip *c, struct block *b, const struct item *it,
                     uint64_t step, struct run_failure *failure)
{
    const struct plan *p = e->plan;
    for (uint32_t i = 0; i < p->input.n; i++)
        play_input(e, it, i, step, &b->of_input[i]);
    receive(e, it, b, step);
    for (uint32_t i = 0; i < p->group.n; i++) {
        const struct kernel_code *code = &c->group[i].code;
        code->step(code->code, &b->group[i].args, 0,
                   padded_lanes((size_t)p->group.data[i].n * it->trials));
    }
    for (uint32_t i = 0; i < p->group.n; i++) {
        struct event_list *l = &b->of_group[i].list[step % b->of_group[i].depth];
        const uint32_t n = p->group.data[i].n;
        if (!collect(it, b->group[i].args.spikes, i, n, step, l, failure))
            return false;
        count_spikes(e, it, i, n, step, l);
    }
    return record(e, it, b, step, failure);
}

bool block_run(struct engine *e, const struct chip *c, struct block *b, uint64_t item,
               struct run_failure *failure)
{
    const volatile bool *cancel = e->options->progress.cancel;
    struct item it = {.index = item, .chip = c->index};
    it.first = (uint32_t)(item % e->blocks) * e->block;
    it.trials = e->result->trials - it.first;
    if (it.trials > e->block)
        it.trials = e->block;
    reset(e, b);
    for (uint64_t step = 0; step < e->steps; step++) {
        if ((cancel && *cancel) || !one_step(e, c, b, &it, step, failure))
            return false;
        engine_progress(e, it.trials);
    }
    return true;
}
