/* What runs when: stages of groups, how many steps at a time, how long events are kept. */
#include "runtime/engine.h"

enum {
    SPAN_LEAST = 4,       /* even of large networks, whose parameters are then read less often */
    SPAN_FLOATS = 1 << 16 /* of all rows of a span: they stay in the second cache */
};

/* ---- projections -------------------------------------------------------------------------------
 */

/* One whose delay is as long as the run isn't looked at. */
static bool acts(const struct engine *e, const struct plan_projection *j)
{
    return j->delay < e->steps;
}

static void find_inputs_of_groups(const struct engine *e, struct schedule *s, struct arena *a)
{
    const struct plan *p = e->plan;
    s->rows = ARENA_ARRAY(a, struct delivery_rows, p->projection.n);
    for (uint32_t i = 0; i < p->projection.n; i++) {
        const struct plan_projection *j = &p->projection.data[i];
        if (!acts(e, j))
            continue;
        s->rows[i] = delivery_rows(a, j, p->group.data[j->dst].n);
        s->group[j->dst].n_in++;
    }
    for (uint32_t g = 0; g < p->group.n; g++) {
        s->group[g].in = ARENA_ARRAY(a, struct incoming, s->group[g].n_in);
        s->group[g].n_in = 0;
    }
    for (uint32_t i = 0; i < p->projection.n; i++) {
        struct group_plan *to = &s->group[p->projection.data[i].dst];
        const uint32_t delay = p->projection.data[i].delay;
        if (acts(e, &p->projection.data[i]))
            to->in[to->n_in++] = (struct incoming){i, delay / s->span, delay % s->span};
    }
}

/* ---- stages ------------------------------------------------------------------------------------
 */

/* Tarjan's algorithm along the projections backwards, from a group to those that it hears: a group
 * gets its stage after all that feed it. Without recursion, whose depth a network could choose. */
struct tarjan {
    const struct engine *e;
    struct schedule *s;
    uint32_t *index, *low;         /* in the order of discovery, from 1; 0: not yet found */
    bool *open;                    /* found, but without a stage */
    uint32_t *stack, n_stack;      /* open groups */
    uint32_t *path, *next, n_path; /* groups on the way, and which projection to look at next */
    uint32_t found, n_placed, *placed;
};

static void enter(struct tarjan *t, uint32_t g)
{
    t->index[g] = t->low[g] = ++t->found;
    t->open[g] = true;
    t->stack[t->n_stack++] = g;
    t->next[g] = 0;
    t->path[t->n_path++] = g;
}

static void close_stage(struct tarjan *t, uint32_t g)
{
    struct stage *s = &t->s->stage[t->s->n_stages++];
    s->group = t->placed + t->n_placed;
    uint32_t last;
    do {
        last = t->stack[--t->n_stack];
        t->open[last] = false;
        s->group[s->n++] = last;
    } while (last != g);
    t->n_placed += s->n;
}

static void visit(struct tarjan *t)
{
    const struct plan *p = t->e->plan;
    while (t->n_path) {
        const uint32_t g = t->path[t->n_path - 1];
        if (t->next[g] == t->s->group[g].n_in) {
            t->n_path--;
            if (t->low[g] == t->index[g])
                close_stage(t, g);
            if (t->n_path) {
                uint32_t *low = &t->low[t->path[t->n_path - 1]];
                *low = t->low[g] < *low ? t->low[g] : *low;
            }
            continue;
        }
        const struct plan_projection *j =
            &p->projection.data[t->s->group[g].in[t->next[g]++].projection];
        if (j->from_input)
            continue;
        if (!t->index[j->src])
            enter(t, j->src);
        else if (t->open[j->src] && t->index[j->src] < t->low[g])
            t->low[g] = t->index[j->src];
    }
}

static void find_stages(const struct engine *e, struct schedule *s, struct arena *a)
{
    const uint32_t n = e->plan->group.n;
    struct arena scratch = {0};
    struct tarjan t = {.e = e,
                       .s = s,
                       .index = ARENA_ARRAY(&scratch, uint32_t, n),
                       .low = ARENA_ARRAY(&scratch, uint32_t, n),
                       .open = ARENA_ARRAY(&scratch, bool, n),
                       .stack = ARENA_ARRAY(&scratch, uint32_t, n),
                       .path = ARENA_ARRAY(&scratch, uint32_t, n),
                       .next = ARENA_ARRAY(&scratch, uint32_t, n),
                       .placed = ARENA_ARRAY(a, uint32_t, n)};
    s->stage = ARENA_ARRAY(a, struct stage, n);
    for (uint32_t g = 0; g < n; g++) {
        if (!t.index[g]) {
            enter(&t, g);
            visit(&t);
        }
    }
    arena_free(&scratch);
}

/* ---- steps -------------------------------------------------------------------------------------
 */

static size_t row_floats(const struct engine *e, uint32_t group)
{
    const struct plan_group *g = &e->plan->group.data[group];
    const struct kernel *k = e->plan->kernel.data[g->kernel];
    size_t rows = (size_t)k->n_receptors + 1;
    for (uint32_t i = 0; i < k->n_states; i++)
        rows += e->schedule.group[group].traced[i];
    return rows * padded_lanes((size_t)g->n * e->block);
}

/* All rows of a group together have less than 2^32 lanes (run_collect.c counts them). */
static uint32_t choose_span(const struct engine *e)
{
    size_t floats = 1, lanes = 1;
    for (uint32_t g = 0; g < e->plan->group.n; g++) {
        const size_t n = padded_lanes((size_t)e->plan->group.data[g].n * e->block);
        lanes = n > lanes ? n : lanes;
        floats += row_floats(e, g);
    }
    const size_t fit = SPAN_FLOATS / floats, most = UINT32_MAX / lanes;
    uint32_t span = fit > SPAN_MOST ? SPAN_MOST : fit < SPAN_LEAST ? SPAN_LEAST : (uint32_t)fit;
    span = span < most ? span : (uint32_t)most;
    span = span < e->steps ? span : (uint32_t)e->steps;
    return span ? span : 1;
}

static bool is_within(const struct plan *p, const uint32_t *stage_of, uint32_t projection)
{
    const struct plan_projection *j = &p->projection.data[projection];
    return !j->from_input && stage_of[j->src] == stage_of[j->dst];
}

/* A stage does no more steps than the shortest delay within it. */
static void choose_steps(const struct engine *e, struct schedule *s)
{
    const struct plan *p = e->plan;
    struct arena scratch = {0};
    uint32_t *stage_of = ARENA_ARRAY(&scratch, uint32_t, p->group.n);
    for (uint32_t i = 0; i < s->n_stages; i++) {
        s->stage[i].steps = s->span;
        for (uint32_t k = 0; k < s->stage[i].n; k++)
            stage_of[s->stage[i].group[k]] = i;
    }
    for (uint32_t i = 0; i < p->projection.n; i++) {
        const struct plan_projection *j = &p->projection.data[i];
        if (!is_within(p, stage_of, i))
            continue;
        uint32_t *steps = &s->stage[stage_of[j->dst]].steps;
        *steps = j->delay < *steps ? j->delay : *steps;
    }
    for (uint32_t g = 0; g < p->group.n; g++) {
        struct group_plan *to = &s->group[g];
        while (to->n_before < to->n_in && !is_within(p, stage_of, to->in[to->n_before].projection))
            to->n_before++;
    }
    arena_free(&scratch);
}

/* The steps of a span reach back by the delay, into this many spans. */
static void find_depths(const struct engine *e, struct schedule *s, struct arena *a)
{
    const struct plan *p = e->plan;
    s->input_depth = ARENA_ARRAY(a, uint32_t, p->input.n);
    for (uint32_t i = 0; i < p->input.n; i++)
        s->input_depth[i] = 1;
    for (uint32_t g = 0; g < p->group.n; g++)
        s->group[g].depth = 1;
    for (uint32_t i = 0; i < p->projection.n; i++) {
        const struct plan_projection *j = &p->projection.data[i];
        if (!acts(e, j))
            continue;
        const uint32_t depth = j->delay / s->span + (j->delay % s->span != 0) + 1;
        uint32_t *kept = j->from_input ? &s->input_depth[j->src] : &s->group[j->src].depth;
        while (*kept < depth)
            *kept *= 2;
    }
}

static void find_kept(const struct engine *e, uint32_t group, struct arena *a)
{
    struct group_plan *g = &e->schedule.group[group];
    const struct kcode *step = &e->hoisted[e->plan->group.data[group].kernel].kernel->step;
    struct arena scratch = {0};
    g->kept = ARENA_ARRAY(a, bool, g->n_states);
    kernel_live(step, g->traced, ARENA_ARRAY(&scratch, bool, step->n), g->kept);
    arena_free(&scratch);
}

/* ---- the schedule ------------------------------------------------------------------------------
 */

void schedule_make(struct engine *e, struct arena *a)
{
    const struct plan *p = e->plan;
    struct schedule *s = &e->schedule;
    s->group = ARENA_ARRAY(a, struct group_plan, p->group.n);
    for (uint32_t g = 0; g < p->group.n; g++) {
        const uint32_t n_states = p->kernel.data[p->group.data[g].kernel]->n_states;
        s->group[g].n_states = n_states;
        s->group[g].traced = ARENA_ARRAY(a, bool, n_states);
        s->group[g].record = ARENA_ARRAY(a, uint32_t, n_states + 1);
    }
    for (uint32_t i = e->options->n_record; i-- > 0;) { /* the first of the same is what counts */
        const struct run_record r = e->options->record[i];
        struct group_plan *g = &s->group[r.group];
        g->record[r.state < 0 ? g->n_states : (uint32_t)r.state] = i;
        if (r.state < 0)
            g->keeps_spikes = true;
        else
            g->traced[r.state] = true;
    }
    for (uint32_t g = 0; g < p->group.n; g++)
        find_kept(e, g, a);
    s->span = choose_span(e);
    find_inputs_of_groups(e, s, a);
    find_stages(e, s, a);
    choose_steps(e, s);
    find_depths(e, s, a);
}

double schedule_group_bytes(const struct engine *e, uint32_t group)
{
    const struct plan_group *g = &e->plan->group.data[group];
    const struct group_plan *s = &e->schedule.group[group];
    const struct kernel *k = e->hoisted[g->kernel].kernel;
    const double values = (double)k->n_params + k->n_lets, lanes = (double)g->n * e->block;
    const double lists = (double)s->depth * e->parts;
    double kept = 0;
    for (uint32_t i = 0; i < s->n_states; i++)
        kept += s->kept[i];
    return sizeof(float) * (g->n * values + lanes * (values + kept + 1) +
                            (double)row_floats(e, group) * e->schedule.span) +
           lists * (sizeof(struct event_list) + (e->schedule.span + 1.0) * sizeof(size_t));
}
