#include "runtime/hoist.h"

struct mover {
    struct arena *arena;
    const struct kernel *from;
    bool *stays;         /* of a step's values: depends on nothing that changes */
    uint32_t *let;       /* of a moved value: its new let; else K_NONE */
    VEC(uint32_t) moved; /* values */
};

static bool stays(const struct mover *m, const struct kinst *in)
{
    const uint32_t n = kop_operands(in->op);
    if (n == 0)
        return in->op == K_CONST || in->op == K_BOOLEAN || in->op == K_DT || in->op == K_PARAM ||
               in->op == K_LET;
    for (uint32_t i = 0; i < n; i++) {
        if (!m->stays[kinst_operand(in, i)])
            return false;
    }
    return in->op != K_RANDOM;
}

/* `v` is used where it can't be part of something larger that moves. Lets are numbers: a truth
 * value that stays is left where it is, and what it is made of moves. */
static void move(struct mover *m, uint32_t v)
{
    const struct kinst *in = &m->from->step.inst[v];
    if (!m->stays[v] || kop_operands(in->op) == 0 || kop_type(in->op) != K_F32 ||
        m->let[v] != K_NONE || m->from->n_lets + m->moved.n >= UINT16_MAX)
        return;
    m->let[v] = m->from->n_lets + m->moved.n;
    VEC_PUSH(m->arena, &m->moved, v);
}

static void find_moves(struct mover *m)
{
    const struct kcode *step = &m->from->step;
    for (uint32_t v = 0; v < step->n; v++)
        m->stays[v] = stays(m, &step->inst[v]);
    for (uint32_t v = 0; v < step->n; v++) {
        const struct kinst *in = &step->inst[v];
        if (m->stays[v] && kop_type(in->op) == K_F32)
            continue;
        for (uint32_t i = 0; i < kop_operands(in->op); i++)
            move(m, kinst_operand(in, i));
    }
    for (uint32_t i = 0; i < step->n_out; i++) {
        if (step->out[i] != K_NONE)
            move(m, step->out[i]);
    }
    if (step->emit != K_NONE)
        move(m, step->emit);
}

/* Values keep their numbers: what is moved becomes the reading of a let, and what only that needed
 * is dead (kernel_live). The moved code is the step's, with other results. */
void hoist(struct arena *a, const struct kernel *k, struct hoisted *out)
{
    struct mover m = {.arena = a,
                      .from = k,
                      .stays = ARENA_ARRAY(a, bool, k->step.n),
                      .let = ARENA_ARRAY(a, uint32_t, k->step.n)};
    memset(m.let, 0xff, k->step.n * sizeof *m.let);
    find_moves(&m);
    out->code = (struct kcode){.inst = k->step.inst, .n_out = m.moved.n, .out = m.moved.data};
    for (uint32_t i = 0; i < m.moved.n; i++)
        out->code.n = m.moved.data[i] >= out->code.n ? m.moved.data[i] + 1 : out->code.n;
    out->kernel = k;
    if (m.moved.n == 0)
        return;
    struct kernel *to = ARENA_NEW(a, struct kernel);
    *to = *k;
    to->n_lets += m.moved.n;
    to->step.inst = ARENA_ARRAY(a, struct kinst, k->step.n);
    memcpy(to->step.inst, k->step.inst, k->step.n * sizeof *to->step.inst);
    for (uint32_t i = 0; i < m.moved.n; i++)
        to->step.inst[m.moved.data[i]] =
            (struct kinst){.op = K_LET, .index = (uint16_t)(k->n_lets + i)};
    out->kernel = to;
}
