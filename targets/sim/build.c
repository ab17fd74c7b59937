/* From a checked model to kernel IR.
 *
 * Statements run over an environment that holds the value each state has so far. A conditional runs
 * both of its branches on copies of it and joins what differs with selects, so the code is straight
 * and every lane does the same. Spikes add up: `emit` adds to what was emitted before it, and what
 * a branch that isn't taken emits is 0. Booleans are values of their own inside the code and the
 * numbers 0 and 1 in parameters, lets and states. */
#include "targets/sim/sim.h"

#include <float.h>
#include <math.h>

struct build {
    struct arena *scratch;
    const struct model *model;
    bool in_lets;
    VEC(struct kinst) inst;
    struct map64 shared; /* hash of an instruction -> its value */
    uint32_t *let;       /* values, while the lets are built */
    uint32_t *received;  /* values: each receptor's sum times its scale */
    uint32_t *local;     /* values */
    uint32_t *value;     /* of the expression nodes, while one is built */
    bool *needed;
};

struct env {
    uint32_t *state; /* values; K_NONE: as at the beginning */
    uint32_t emit;   /* K_NONE: nothing so far */
};

/* ---- instructions ---- */

static uint32_t put(struct build *b, struct kinst in)
{
    uint32_t imm;
    memcpy(&imm, &in.imm, sizeof imm);
    uint32_t key[6] = {in.op, in.index, in.a, in.b, in.c, imm};
    int fresh;
    uint32_t v = map64_put(&b->shared, hash_bytes(0, key, sizeof key), b->inst.n, &fresh);
    if (!fresh && memcmp(&b->inst.data[v], &in, sizeof in) == 0)
        return v;
    VEC_PUSH(b->scratch, &b->inst, in);
    return b->inst.n - 1;
}

static uint32_t leaf(struct build *b, enum kop op, uint32_t index)
{
    return put(b, (struct kinst){.op = (uint16_t)op, .index = (uint16_t)index});
}

static uint32_t op1(struct build *b, enum kop op, uint32_t x)
{
    return put(b, (struct kinst){.op = (uint16_t)op, .a = x});
}

static uint32_t op2(struct build *b, enum kop op, uint32_t x, uint32_t y)
{
    return put(b, (struct kinst){.op = (uint16_t)op, .a = x, .b = y});
}

static uint32_t op3(struct build *b, enum kop op, uint32_t x, uint32_t y, uint32_t z)
{
    return put(b, (struct kinst){.op = (uint16_t)op, .a = x, .b = y, .c = z});
}

/* Rounded once; denormals are 0 everywhere in a kernel. */
static uint32_t number(struct build *b, double x)
{
    float f = (float)x;
    if (fabsf(f) < FLT_MIN)
        f = copysignf(0, f);
    return put(b, (struct kinst){.op = K_CONST, .imm = f});
}

static bool is_bool(const struct build *b, uint32_t v)
{
    return kop_type((enum kop)b->inst.data[v].op) == K_BOOL;
}

static uint32_t as_number(struct build *b, uint32_t v)
{
    return is_bool(b, v) ? op3(b, K_SELECT, v, number(b, 1), number(b, 0)) : v;
}

static uint32_t as_bool(struct build *b, uint32_t v)
{
    return is_bool(b, v) ? v : op2(b, K_NE, v, number(b, 0));
}

/* condition ? x : y */
static uint32_t choose(struct build *b, uint32_t condition, uint32_t x, uint32_t y)
{
    if (x == y)
        return x;
    if (!is_bool(b, x))
        return op3(b, K_SELECT, condition, x, y);
    uint32_t otherwise = op2(b, K_AND, op1(b, K_NOT, condition), y);
    return op2(b, K_OR, op2(b, K_AND, condition, x), otherwise);
}

/* ---- expressions ---- */

static uint32_t read_state(struct build *b, const struct env *env, uint32_t i)
{
    if (env->state[i] != K_NONE)
        return env->state[i];
    uint32_t v = leaf(b, K_STATE, i);
    return b->model->state.data[i].is_bool ? as_bool(b, v) : v;
}

static uint32_t build_leaf(struct build *b, const struct env *env, const struct model_expr *e)
{
    uint32_t v;
    switch ((enum model_op)e->op) {
    case M_NUMBER:
        return number(b, e->number);
    case M_BOOLEAN:
        return put(b, (struct kinst){.op = K_BOOLEAN, .imm = e->number != 0 ? 1 : 0});
    case M_DT:
        return leaf(b, K_DT, 0);
    case M_PARAM:
        v = leaf(b, K_PARAM, e->index);
        break;
    case M_LET:
        v = b->in_lets ? b->let[e->index] : leaf(b, K_LET, e->index);
        break;
    case M_STATE:
        return read_state(b, env, e->index);
    case M_RECEIVE:
        return b->received[e->index];
    case M_SPIKES:
        return leaf(b, K_SPIKES, 0);
    case M_LOCAL:
        return b->local[e->index];
    default:
        return leaf(b, K_WEIGHT, 0);
    }
    return e->is_bool ? as_bool(b, v) : v;
}

static const uint8_t kernel_op[] = {
    [M_NEG] = K_NEG,   [M_NOT] = K_NOT,       [M_ABS] = K_ABS,     [M_FLOOR] = K_FLOOR,
    [M_CEIL] = K_CEIL, [M_ROUND] = K_ROUND,   [M_TRUNC] = K_TRUNC, [M_SQRT] = K_SQRT,
    [M_EXP] = K_EXP,   [M_LOG] = K_LOG,       [M_SIN] = K_SIN,     [M_COS] = K_COS,
    [M_TANH] = K_TANH, [M_RANDOM] = K_RANDOM, [M_ADD] = K_ADD,     [M_SUB] = K_SUB,
    [M_MUL] = K_MUL,   [M_DIV] = K_DIV,       [M_POW] = K_POW,     [M_MIN] = K_MIN,
    [M_MAX] = K_MAX,   [M_MOD] = K_MOD,       [M_LT] = K_LT,       [M_LE] = K_LE,
    [M_GT] = K_GT,     [M_GE] = K_GE,         [M_EQ] = K_EQ,       [M_NE] = K_NE,
    [M_AND] = K_AND,   [M_OR] = K_OR,         [M_FMA] = K_FMA,
};

static bool is_number(const struct model *m, uint32_t node, double x)
{
    return m->expr.data[node].op == M_NUMBER && m->expr.data[node].number == x;
}

static uint32_t build_node(struct build *b, const struct env *env, const struct model_expr *e)
{
    enum model_op op = (enum model_op)e->op;
    uint32_t n = model_operands(op);
    if (n == 0)
        return build_leaf(b, env, e);
    uint32_t x = b->value[e->a];
    if (n == 1)
        return op1(b, (enum kop)kernel_op[op], x);
    uint32_t y = b->value[e->b];
    if (op == M_IF)
        return choose(b, x, y, b->value[e->c]);
    if (n == 3)
        return op3(b, (enum kop)kernel_op[op], x, y, b->value[e->c]);
    /* The square of a float32 is exact in float64, so pow rounds to what the product rounds to. */
    if (op == M_POW && is_number(b->model, e->b, 2))
        return op2(b, K_MUL, x, x);
    if (op != M_AND && op != M_OR) {
        x = as_number(b, x);
        y = as_number(b, y);
    }
    return op2(b, (enum kop)kernel_op[op], x, y);
}

static void need_operands(struct build *b, const struct model_expr *e, uint32_t *first)
{
    uint32_t operand[3] = {e->a, e->b, e->c};
    for (uint32_t i = 0; i < model_operands((enum model_op)e->op); i++) {
        b->needed[operand[i]] = true;
        if (operand[i] < *first)
            *first = operand[i];
    }
}

/* Children come before their parents: one pass down finds the nodes that belong to the expression,
 * one pass up builds them. No recursion, so chains of any length are fine. */
static uint32_t build_expr(struct build *b, const struct env *env, uint32_t expr)
{
    const struct model_expr *node = b->model->expr.data;
    uint32_t first = expr;
    b->needed[expr] = true;
    for (uint32_t i = expr + 1; i-- > first;) {
        if (b->needed[i])
            need_operands(b, &node[i], &first);
    }
    for (uint32_t i = first; i <= expr; i++) {
        if (b->needed[i])
            b->value[i] = build_node(b, env, &node[i]);
        b->needed[i] = false;
    }
    return b->value[expr];
}

/* ---- statements ---- */

static struct env env_copy(struct build *b, const struct env *env)
{
    uint32_t n = b->model->state.n;
    struct env copy = {ARENA_ARRAY(b->scratch, uint32_t, n), env->emit};
    if (n > 0)
        memcpy(copy.state, env->state, n * sizeof *copy.state);
    return copy;
}

static void join(struct build *b, uint32_t condition, struct env *out, const struct env *yes,
                 const struct env *no)
{
    for (uint32_t i = 0; i < b->model->state.n; i++) {
        if (yes->state[i] != no->state[i])
            out->state[i] = choose(b, condition, read_state(b, yes, i), read_state(b, no, i));
        else
            out->state[i] = yes->state[i];
    }
    if (yes->emit == no->emit) {
        out->emit = yes->emit;
        return;
    }
    uint32_t a = yes->emit == K_NONE ? number(b, 0) : yes->emit;
    uint32_t c = no->emit == K_NONE ? number(b, 0) : no->emit;
    out->emit = choose(b, condition, a, c);
}

static void build_stmt(struct build *b, struct env *env, const struct model_stmt *s)
{
    uint32_t v = build_expr(b, env, s->value);
    struct env yes, no;
    switch (s->kind) {
    case MODEL_ASSIGN:
        env->state[s->index] = v;
        break;
    case MODEL_LOCAL:
        b->local[s->index] = v;
        break;
    case MODEL_EMIT:
        env->emit = env->emit == K_NONE ? v : op2(b, K_ADD, env->emit, v);
        break;
    case MODEL_WHEN:
        yes = env_copy(b, env);
        no = env_copy(b, env);
        for (uint32_t i = 0; i < s->then.n; i++)
            build_stmt(b, &yes, &s->then.data[i]);
        for (uint32_t i = 0; i < s->otherwise.n; i++)
            build_stmt(b, &no, &s->otherwise.data[i]);
        join(b, v, env, &yes, &no);
        break;
    }
}

/* ---- codes ---- */

static void mark_live(const struct build *b, bool *live)
{
    for (uint32_t i = b->inst.n; i-- > 0;) {
        const struct kinst *in = &b->inst.data[i];
        uint32_t operand[3] = {in->a, in->b, in->c};
        for (uint32_t j = 0; live[i] && j < kop_operands((enum kop)in->op); j++)
            live[operand[j]] = true;
    }
}

/* Copies what the results need; `out` and `emit` are values of the builder's numbering. */
static struct kcode finish(struct build *b, struct arena *a, uint32_t n_out, uint32_t *out,
                           uint32_t emit)
{
    bool *live = ARENA_ARRAY(b->scratch, bool, b->inst.n);
    uint32_t *moved = ARENA_ARRAY(b->scratch, uint32_t, b->inst.n);
    for (uint32_t i = 0; i < n_out; i++) {
        if (out[i] != K_NONE)
            live[out[i]] = true;
    }
    if (emit != K_NONE)
        live[emit] = true;
    mark_live(b, live);
    struct kcode code = {
        .inst = ARENA_ARRAY(a, struct kinst, b->inst.n),
        .n_out = n_out,
        .out = ARENA_ARRAY(a, uint32_t, n_out),
        .emit = emit == K_NONE ? K_NONE : 0,
    };
    for (uint32_t i = 0; i < b->inst.n; i++) {
        if (!live[i])
            continue;
        struct kinst in = b->inst.data[i];
        uint32_t n = kop_operands((enum kop)in.op);
        in.a = n > 0 ? moved[in.a] : 0;
        in.b = n > 1 ? moved[in.b] : 0;
        in.c = n > 2 ? moved[in.c] : 0;
        moved[i] = code.n;
        code.inst[code.n++] = in;
    }
    for (uint32_t i = 0; i < n_out; i++)
        code.out[i] = out[i] == K_NONE ? K_NONE : moved[out[i]];
    if (emit != K_NONE)
        code.emit = moved[emit];
    return code;
}

static struct build build_init(struct arena *scratch, const struct model *m)
{
    struct build b = {
        .scratch = scratch,
        .model = m,
        .value = ARENA_ARRAY(scratch, uint32_t, m->expr.n),
        .needed = ARENA_ARRAY(scratch, bool, m->expr.n),
    };
    map64_init(&b.shared, scratch);
    return b;
}

static struct kcode build_lets(struct arena *a, const struct model *m)
{
    struct arena scratch = {0};
    struct build b = build_init(&scratch, m);
    b.in_lets = true;
    b.let = ARENA_ARRAY(&scratch, uint32_t, m->let.n);
    struct env none = {0};
    for (uint32_t i = 0; i < m->let.n; i++)
        b.let[i] = as_number(&b, build_expr(&b, &none, m->let.data[i].value));
    struct kcode code = finish(&b, a, m->let.n, b.let, K_NONE);
    arena_free(&scratch);
    return code;
}

static void build_receptors(struct build *b, const struct env *env)
{
    const struct model *m = b->model;
    b->received = ARENA_ARRAY(b->scratch, uint32_t, m->receptor.n);
    for (uint32_t i = 0; i < m->receptor.n; i++) {
        uint32_t sum = leaf(b, K_RECEIVE, i), scale = m->receptor.data[i].scale;
        b->received[i] = scale == MODEL_NONE ? sum : op2(b, K_MUL, sum, build_expr(b, env, scale));
    }
}

static struct kcode build_body(struct arena *a, const struct model *m,
                               const struct model_body *body)
{
    if (!body->present)
        return (struct kcode){.emit = K_NONE};
    struct arena scratch = {0};
    struct build b = build_init(&scratch, m);
    b.local = ARENA_ARRAY(&scratch, uint32_t, body->n_locals);
    struct env env = {ARENA_ARRAY(&scratch, uint32_t, m->state.n), K_NONE};
    for (uint32_t i = 0; i < m->state.n; i++)
        env.state[i] = K_NONE;
    build_receptors(&b, &env);
    for (uint32_t i = 0; i < body->stmt.n; i++)
        build_stmt(&b, &env, &body->stmt.data[i]);
    for (uint32_t i = 0; i < m->state.n; i++) {
        if (env.state[i] == K_NONE)
            continue;
        uint32_t v = as_number(&b, env.state[i]);
        const struct kinst *in = &b.inst.data[v];
        env.state[i] = in->op == K_STATE && in->index == i ? K_NONE : v;
    }
    struct kcode code = finish(&b, a, m->state.n, env.state, env.emit);
    arena_free(&scratch);
    /* A code without instructions would mean that the model has no such body. */
    if (code.n == 0) {
        code.inst = ARENA_NEW(a, struct kinst);
        code.inst[code.n++] = (struct kinst){.op = K_DT};
    }
    return code;
}

struct kernel *sim_build_kernel(struct arena *a, const struct model *m)
{
    static const uint8_t kind[] = {
        [MODEL_PARAM] = K_PARAM_PLAIN,
        [MODEL_LAYOUT] = K_PARAM_LAYOUT,
        [MODEL_BIAS] = K_PARAM_BIAS,
    };
    struct kernel *k = ARENA_NEW(a, struct kernel);
    *k = (struct kernel){
        .model = m->name,
        .n_params = m->param.n,
        .n_lets = m->let.n,
        .n_receptors = m->receptor.n,
        .n_states = m->state.n,
        .param = ARENA_ARRAY(a, struct kparam, m->param.n),
        .receptor = ARENA_ARRAY(a, const char *, m->receptor.n),
        .state = ARENA_ARRAY(a, const char *, m->state.n),
    };
    for (uint32_t i = 0; i < m->param.n; i++)
        k->param[i] = (struct kparam){m->param.data[i].name, kind[m->param.data[i].kind]};
    for (uint32_t i = 0; i < m->receptor.n; i++)
        k->receptor[i] = m->receptor.data[i].name;
    for (uint32_t i = 0; i < m->state.n; i++)
        k->state[i] = m->state.data[i].name;
    k->lets = build_lets(a, m);
    k->step = build_body(a, m, &m->step);
    k->event = build_body(a, m, &m->event);
    return k;
}
