/* One chip of an event-driven run: its deviating parameters, the lets that follow from them, lanes
 * of those that differ, and code for its connections. */
#include "runtime/event_engine.h"

#include "runtime/interp.h"
#include <math.h>

struct values { /* of a group, for neurons in the network's order */
    struct column *param, *let;
    bool *param_uniform, *let_uniform;
    float *param_value, *let_value; /* where uniform */
};

/* ---- whole numbers -----------------------------------------------------------------------------
 */

static bool is_whole(float x)
{
    return x >= INT16_MIN && x <= INT16_MAX && x == floorf(x);
}

static bool all_whole(const float *v, size_t n, bool may_be_infinite)
{
    size_t i = 0;
    while (i < n && (is_whole(v[i]) || (may_be_infinite && isinf(v[i]))))
        i++;
    return i == n;
}

static bool is_whole_column(const struct column *c, uint32_t n)
{
    return all_whole(c->v, c->uniform ? 1 : n, true);
}

/* Whether an operation makes whole numbers of such, or booleans. */
static bool keeps_whole(const struct kinst *in, const struct values *v, uint32_t n)
{
    switch (in->op) {
    case K_CONST:
        return is_whole(in->imm);
    case K_PARAM:
        return is_whole_column(&v->param[in->index], n);
    case K_LET:
        return is_whole_column(&v->let[in->index], n);
    case K_BOOLEAN:
    case K_STATE:
    case K_WEIGHT:
    case K_ADD:
    case K_SUB:
    case K_NEG:
    case K_ABS:
    case K_MIN:
    case K_MAX:
    case K_SELECT:
        return true;
    default:
        return kop_type(in->op) == K_BOOL;
    }
}

static bool is_integer(const struct event_engine *e, uint32_t group, const struct values *v)
{
    const struct plan *p = e->plan;
    const struct plan_group *g = &p->group.data[group];
    const struct kernel *k = p->kernel.data[g->kernel];
    for (uint32_t i = 0; i < k->event.n; i++)
        if (!keeps_whole(&k->event.inst[i], v, g->n))
            return false;
    for (uint32_t s = 0; s < k->n_states; s++)
        if (!all_whole(g->init[s].v, g->init[s].uniform ? 1 : g->n, false))
            return false;
    for (uint32_t i = 0; i < p->projection.n; i++)
        if (p->projection.data[i].dst == group &&
            !all_whole(e->map[i].weight, e->map[i].n_weights, false))
            return false;
    return true;
}

/* ---- values ------------------------------------------------------------------------------------
 */

/* As an event code is given it: of whole numbers the nearer end for an infinity. */
static float given(float x, bool integer)
{
    if (integer && isinf(x))
        return x < 0 ? INT16_MIN : INT16_MAX;
    return fabsf(x) < 0x1p-126f ? copysignf(0, x) : x; /* denormals are 0 in a run */
}

/* Which of n columns are the same for all, and lanes of those that aren't; NULL: no memory. */
static const float **spread(struct arena *a, const struct event_group *g, uint32_t neurons,
                            const struct column *c, uint32_t n, bool *uniform, float *value)
{
    const float **out = ARENA_ARRAY(a, const float *, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        uniform[i] = c[i].uniform;
        value[i] = uniform[i] ? given(c[i].v[0], g->integer) : 0;
        float *lanes = uniform[i] ? NULL : arena_try(a, (size_t)neurons + EVENT_PAD, sizeof *lanes);
        if (!uniform[i] && !lanes)
            return NULL;
        for (uint32_t k = 0; lanes && k < neurons; k++)
            lanes[event_lane(&g->map, k)] = given(c[i].v[k], g->integer);
        out[i] = lanes;
    }
    return out;
}

static bool make_group(struct event_engine *e, uint32_t group, struct values *v)
{
    const struct plan *p = e->plan;
    const struct plan_group *g = &p->group.data[group];
    const struct kernel *k = p->kernel.data[g->kernel];
    struct arena *a = &e->chip.arena;
    *v = (struct values){.param = ARENA_ARRAY(a, struct column, k->n_params),
                         .let = ARENA_ARRAY(a, struct column, k->n_lets),
                         .param_uniform = ARENA_ARRAY(a, bool, k->n_params),
                         .let_uniform = ARENA_ARRAY(a, bool, k->n_lets),
                         .param_value = ARENA_ARRAY(a, float, k->n_params),
                         .let_value = ARENA_ARRAY(a, float, k->n_lets)};
    mismatch_apply(a, p, group, p->mismatch_seed + e->chip.index, v->param);
    kernel_lets(a, k, g->n, v->param, (float)p->dt, v->let);
    e->group[group].integer = is_integer(e, group, v);
    e->chip.group[group].param =
        spread(a, &e->group[group], g->n, v->param, k->n_params, v->param_uniform, v->param_value);
    e->chip.group[group].let =
        spread(a, &e->group[group], g->n, v->let, k->n_lets, v->let_uniform, v->let_value);
    return e->chip.group[group].param && e->chip.group[group].let;
}

bool event_chip_build(struct event_engine *e)
{
    const struct plan *p = e->plan;
    const struct backend *b = e->options->backend;
    struct arena *a = &e->chip.arena;
    e->chip.group = arena_alloc(a, (p->group.n + 1) * sizeof *e->chip.group);
    e->chip.code = ARENA_ARRAY(a, struct event_code, p->projection.n + 1);
    struct values *v = ARENA_ARRAY(a, struct values, p->group.n + 1);
    struct event_spec *spec = ARENA_ARRAY(a, struct event_spec, p->projection.n + 1);
    for (uint32_t g = 0; g < p->group.n; g++) {
        if (make_group(e, g, &v[g]))
            continue;
        diag_add(e->diags, E0806, (struct span){0},
                 "the parameters of layer `%s` don't fit in "
                 "memory",
                 p->group.data[g].name);
        return false;
    }
    for (uint32_t i = 0; i < p->projection.n; i++) {
        const uint32_t g = p->projection.data[i].dst;
        spec[i] = (struct event_spec){.kernel = p->kernel.data[p->group.data[g].kernel],
                                      .param_uniform = v[g].param_uniform,
                                      .let_uniform = v[g].let_uniform,
                                      .param_value = v[g].param_value,
                                      .let_value = v[g].let_value,
                                      .integer = e->group[g].integer,
                                      .map = &e->map[i]};
    }
    bool ok = !b->prepare_events ||
              b->prepare_events(b, a, spec, p->projection.n, e->chip.code, e->diags);
    for (uint32_t i = 0; ok && i < p->projection.n; i++)
        if (!e->chip.code[i].serve)
            ok = interp_prepare_events(b, a, &spec[i], 1, &e->chip.code[i], e->diags);
    for (uint32_t i = 0; ok && i < p->projection.n; i++)
        e->chip.group[p->projection.data[i].dst].narrow = e->chip.code[i].narrow;
    e->chip.tree = ok && event_is_tree(e);
    return ok;
}

void event_chip_free(struct event_engine *e)
{
    arena_free(&e->chip.arena);
    e->chip = (struct event_chip){.index = e->chip.index};
}
