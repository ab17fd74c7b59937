/* Networks in which no group has more than one connection to it: what a group gets, in which order,
 * doesn't depend on when the others are served. So a batch of input events goes through a
 * connection in one call, what fires through the next ones, and so on; piece by piece, so that a
 * connection needs room for one piece. Each event knows which input event it follows from. */
#include "runtime/event_engine.h"

bool event_is_tree(const struct event_engine *e)
{
    const struct plan *p = e->plan;
    struct arena scratch = {0};
    bool *met = ARENA_ARRAY(&scratch, bool, p->group.n + 1), ok = true;
    for (uint32_t i = 0; ok && i < p->projection.n; i++) {
        const uint32_t dst = p->projection.data[i].dst;
        ok = !met[dst] && e->chip.code[i].once;
        met[dst] = true;
    }
    arena_free(&scratch);
    return ok;
}

static bool build_all(struct event_worker *w, const struct event_targets *to, bool *ok);

/* Room for a connection and what comes after it; circles that no input reaches get none. Returns
 * whether anything of that is recorded or drawn. */
static bool build(struct event_worker *w, uint32_t j, bool *ok)
{
    const struct event_engine *e = w->e;
    const struct event_group *g = &e->group[e->plan->projection.data[j].dst];
    const size_t most = event_at_once(&e->map[j]) * e->map[j].most + EVENT_PAD;
    struct event_level *l = &w->level[j];
    const bool own = g->n_records > 0 || e->result->raster[e->plan->projection.data[j].dst];
    const bool recorded = build_all(w, &g->to, ok) || own;
    l->fired.lane = arena_try(&w->arena, most, sizeof(uint32_t));
    l->fired.end = ARENA_ARRAY(&w->arena, uint32_t, EVENT_AT_ONCE);
    l->cause = recorded ? arena_try(&w->arena, most, sizeof(uint32_t)) : NULL;
    *ok = *ok && l->fired.lane && (l->cause || !recorded);
    return recorded;
}

static bool build_all(struct event_worker *w, const struct event_targets *to, bool *ok)
{
    bool recorded = false;
    for (uint32_t i = 0; i < to->n; i++)
        recorded |= build(w, to->projection[i], ok);
    return recorded;
}

bool event_tree_build(struct event_worker *w)
{
    const struct event_engine *e = w->e;
    bool ok = true;
    w->level = ARENA_ARRAY(&w->arena, struct event_level, e->plan->projection.n + 1);
    for (uint32_t i = 0; i < e->plan->input.n; i++)
        build_all(w, &e->input[i].to, &ok);
    return ok;
}

/* What n events made fire follows from what they follow from. */
static void attribute(const struct event_level *l, const uint32_t *cause, size_t n)
{
    uint32_t k = 0;
    for (size_t i = 0; l->cause && i < n; i++)
        for (; k < l->fired.end[i]; k++)
            l->cause[k] = cause[i];
}

static bool take(struct event_worker *w, const struct event_level *l, uint32_t group, size_t n)
{
    const struct event_group *g = &w->e->group[group];
    uint64_t *count = w->count[group];
    for (size_t i = 0; i < n; i++)
        count[l->fired.lane[i]]++;
    for (size_t i = 0; w->raster && w->raster[group] && i < n; i++)
        event_mark(w, group, l->fired.lane[i], w->in[l->cause[i]].t);
    for (size_t i = 0; g->n_records && i < n; i++) {
        w->t = w->in[l->cause[i]].t;
        if (!event_record(w, g, l->fired.lane[i]))
            return false;
    }
    return true;
}

static bool feed_all(struct event_worker *w, const struct event_targets *to, const uint32_t *event,
                     const uint32_t *cause, size_t n);

/* A piece of a batch through one connection and all that comes after it. */
static bool feed(struct event_worker *w, uint32_t j, const uint32_t *event, const uint32_t *cause,
                 size_t n)
{
    const uint32_t group = w->e->plan->projection.data[j].dst;
    const struct event_code *code = &w->e->chip.code[j];
    const struct event_level *l = &w->level[j];
    const size_t m = code->serve(code->code, &w->lanes[group], event, n, &l->fired);
    if (m == 0)
        return true;
    attribute(l, cause, n);
    return take(w, l, group, m) && feed_all(w, &w->e->group[group].to, l->fired.lane, l->cause, m);
}

static bool feed_all(struct event_worker *w, const struct event_targets *to, const uint32_t *event,
                     const uint32_t *cause, size_t n)
{
    bool ok = true;
    for (uint32_t i = 0; i < to->n; i++) {
        const uint32_t j = to->projection[i];
        const size_t most = event_at_once(&w->e->map[j]);
        for (size_t done = 0; ok && done < n; done += most)
            ok = feed(w, j, event + done, cause ? cause + done : NULL,
                      n - done < most ? n - done : most);
    }
    return ok;
}

bool event_tree(struct event_worker *w, size_t n)
{
    uint32_t event[EVENT_AT_ONCE], cause[EVENT_AT_ONCE];
    for (uint32_t input = 0; input < w->e->plan->input.n; input++) {
        const struct event_input *from = &w->e->input[input];
        const struct event_in *in = w->in;
        const uint32_t *lane_of = from->lane;
        uint64_t *arrived = w->arrived[input];
        size_t k = 0;
        for (uint32_t i = 0; i < n; i++) {
            if (in[i].input != input)
                continue;
            const uint32_t lane = lane_of[in[i].channel];
            if (lane == EVENT_DROPPED)
                continue;
            arrived[lane]++;
            event[k] = lane;
            cause[k++] = i;
        }
        if (k > 0 && !feed_all(w, &from->to, event, cause, k))
            return false;
    }
    return true;
}
