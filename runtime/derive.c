#include "runtime/derive.h"

#include "runtime/base/fpenv.h"
#include "runtime/engine.h"
#include "runtime/kernel_operate.h"

enum {
    MOST_OPERATIONS = 4,                  /* of a state that is computed again */
    MOST_VALUES = 3 * MOST_OPERATIONS + 1 /* of these and what they work on */
};

struct deriver {
    struct arena *arena;
    const struct plan *plan;
    const struct kernel *from;
    uint32_t kernel;
    uint32_t *derived;       /* of each state: its value in `early`; K_NONE: it is kept */
    VEC(struct kinst) early; /* goes before the step */
    uint32_t begin;          /* of what is being tried, in `early` */
};

/* ---- what can be derived -----------------------------------------------------------------------
 */

static bool is_cheap(uint16_t op)
{
    switch (op) {
    case K_ADD:
    case K_SUB:
    case K_MUL:
    case K_MIN:
    case K_MAX:
    case K_NEG:
    case K_ABS:
    case K_LT:
    case K_LE:
    case K_GT:
    case K_GE:
    case K_EQ:
    case K_NE:
    case K_AND:
    case K_OR:
    case K_NOT:
    case K_SELECT:
        return true;
    default:
        return false;
    }
}

/* A state other than `state` that holds value `v` after the step; K_NONE: there is none. */
static uint32_t holder(const struct deriver *d, uint32_t state, uint32_t v)
{
    const struct kcode *step = &d->from->step;
    const struct kinst *in = &step->inst[v];
    if (in->op == K_STATE && step->out[in->index] == K_NONE)
        return in->index;
    for (uint32_t i = 0; i < step->n_out; i++) {
        if (i != state && step->out[i] == v && d->derived[i] == K_NONE)
            return i;
    }
    return K_NONE;
}

static uint32_t put(struct deriver *d, struct kinst in)
{
    VEC_PUSH(d->arena, &d->early, in);
    return d->early.n - 1;
}

/* Value `v` from what is there when the next step begins, in at most *left operations; K_NONE: it
 * can't be had. */
static uint32_t again(struct deriver *d, uint32_t state, uint32_t v, uint32_t *left)
{
    const struct kcode *step = &d->from->step;
    struct kinst in = step->inst[v];
    const uint32_t there = holder(d, state, v);
    if (there != K_NONE)
        return put(d, (struct kinst){.op = K_STATE, .index = (uint16_t)there});
    if (step->emit == v)
        return put(d, (struct kinst){.op = K_SPIKES});
    if (in.op == K_CONST || in.op == K_BOOLEAN || in.op == K_DT)
        return put(d, in);
    if (!is_cheap(in.op) || *left == 0)
        return K_NONE;
    --*left;
    uint32_t *operand[] = {&in.a, &in.b, &in.c};
    for (uint32_t i = 0; i < kop_operands((enum kop)in.op); i++) {
        *operand[i] = again(d, state, *operand[i], left);
        if (*operand[i] == K_NONE)
            return K_NONE;
    }
    return put(d, in);
}

/* ---- initial values ----------------------------------------------------------------------------
 */

static float initial(const struct plan_group *g, uint32_t state, uint32_t neuron)
{
    const struct column *c = &g->init[state];
    return flush_denormal(c->v[c->uniform ? 0 : neuron]);
}

/* What is being tried gives for the first step. */
static float derived_initial(const struct deriver *d, const struct plan_group *g, uint32_t neuron)
{
    float x[MOST_VALUES] = {0};
    const uint32_t n = d->early.n - d->begin;
    for (uint32_t i = 0; i < n; i++) {
        const struct kinst *in = &d->early.data[d->begin + i];
        const uint32_t operands = kop_operands((enum kop)in->op);
        if (in->op == K_CONST)
            x[i] = flush_denormal(in->imm);
        else if (in->op == K_BOOLEAN)
            x[i] = in->imm != 0 ? 1 : 0;
        else if (in->op == K_DT)
            x[i] = (float)d->plan->dt;
        else if (in->op == K_STATE)
            x[i] = initial(g, in->index, neuron);
        else if (operands > 0)
            x[i] = kernel_operate((enum kop)in->op, x[in->a - d->begin],
                                  operands > 1 ? x[in->b - d->begin] : 0,
                                  operands > 2 ? x[in->c - d->begin] : 0);
    }
    return x[n - 1];
}

static uint32_t different_neurons(const struct deriver *d, const struct plan_group *g)
{
    bool uniform = true;
    for (uint32_t i = 0; i < d->from->n_states; i++)
        uniform &= g->init[i].uniform;
    return uniform ? 1 : g->n;
}

static bool fits_initially(const struct deriver *d, uint32_t state)
{
    for (uint32_t i = 0; i < d->plan->group.n; i++) {
        const struct plan_group *g = &d->plan->group.data[i];
        const uint32_t n = g->kernel == d->kernel ? different_neurons(d, g) : 0;
        for (uint32_t k = 0; k < n; k++) {
            const float is = initial(g, state, k), would_be = derived_initial(d, g, k);
            if (memcmp(&is, &would_be, sizeof is) != 0)
                return false;
        }
    }
    return true;
}

/* ---- the kernel --------------------------------------------------------------------------------
 */

static void try_state(struct deriver *d, uint32_t state)
{
    uint32_t left = MOST_OPERATIONS;
    d->begin = d->early.n;
    const uint32_t v = again(d, state, d->from->step.out[state], &left);
    if (v == K_NONE || !fits_initially(d, state)) {
        d->early.n = d->begin;
        return;
    }
    d->derived[state] = v;
}

static uint32_t moved(const struct deriver *d, uint32_t v)
{
    if (v == K_NONE)
        return v;
    const struct kinst *in = &d->from->step.inst[v];
    const bool derived = in->op == K_STATE && d->derived[in->index] != K_NONE;
    return derived ? d->derived[in->index] : d->early.n + v;
}

/* The step behind `early`, reading from there what is derived. */
static const struct kernel *rewrite(const struct deriver *d)
{
    const struct kcode *from = &d->from->step;
    struct kernel *k = ARENA_NEW(d->arena, struct kernel);
    *k = *d->from;
    struct kcode *to = &k->step;
    to->n = d->early.n + from->n;
    to->inst = ARENA_ARRAY(d->arena, struct kinst, to->n);
    to->out = ARENA_ARRAY(d->arena, uint32_t, to->n_out);
    memcpy(to->inst, d->early.data, d->early.n * sizeof *to->inst);
    for (uint32_t i = 0; i < from->n; i++) {
        struct kinst in = from->inst[i];
        uint32_t *operand[] = {&in.a, &in.b, &in.c};
        for (uint32_t j = 0; j < kop_operands((enum kop)in.op); j++)
            *operand[j] = moved(d, *operand[j]);
        to->inst[d->early.n + i] = in;
    }
    for (uint32_t i = 0; i < to->n_out; i++)
        to->out[i] = moved(d, from->out[i]);
    to->emit = moved(d, from->emit);
    return k;
}

const struct kernel *derive_states(struct arena *a, const struct plan *p, uint32_t kernel,
                                   const bool *recorded)
{
    const struct kernel *k = p->kernel.data[kernel];
    struct deriver d = {.arena = a,
                        .plan = p,
                        .from = k,
                        .kernel = kernel,
                        .derived = ARENA_ARRAY(a, uint32_t, k->n_states)};
    const uint64_t mode = fpenv_flush();
    for (uint32_t i = 0; i < k->n_states; i++)
        d.derived[i] = K_NONE;
    for (uint32_t i = 0; i < k->step.n_out; i++) {
        if (!recorded[i] && k->step.out[i] != K_NONE)
            try_state(&d, i);
    }
    fpenv_restore(mode);
    return d.early.n ? rewrite(&d) : k;
}
