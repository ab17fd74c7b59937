#include "compiler/net/model.h"
#include <math.h>

static void mark(bool *set, uint32_t i)
{
    if (set)
        set[i] = true;
}

void model_reads(const struct model *m, uint32_t expr, bool *param, bool *let)
{
    const struct model_expr *e = &m->expr.data[expr];
    if (e->op == M_PARAM)
        mark(param, e->index);
    else if (e->op == M_LET)
        mark(let, e->index);
    uint32_t n = model_operands((enum model_op)e->op);
    if (n > 0)
        model_reads(m, e->a, param, let);
    if (n > 1)
        model_reads(m, e->b, param, let);
    if (n > 2)
        model_reads(m, e->c, param, let);
}

uint32_t model_operands(enum model_op op)
{
    return op < M_NEG ? 0 : op < M_ADD ? 1 : op < M_FMA ? 2 : 3;
}

static double eval_leaf(const struct model_expr *e, const struct model_env *env)
{
    switch ((enum model_op)e->op) {
    case M_NUMBER:
    case M_BOOLEAN:
        return e->number;
    case M_DT:
        return env->dt;
    case M_PARAM:
        return env->param[e->index];
    case M_LET:
        return env->let[e->index];
    default:
        base_panic("a value of the step where only nominal values are known");
    }
}

static double eval_unary(enum model_op op, double a)
{
    switch (op) {
    case M_NEG:
        return -a;
    case M_NOT:
        return a == 0;
    case M_ABS:
        return fabs(a);
    case M_FLOOR:
        return floor(a);
    case M_CEIL:
        return ceil(a);
    case M_ROUND:
        return rint(a);
    case M_TRUNC:
        return trunc(a);
    case M_SQRT:
        return sqrt(a);
    case M_EXP:
        return exp(a);
    case M_LOG:
        return log(a);
    case M_SIN:
        return sin(a);
    case M_COS:
        return cos(a);
    default:
        return tanh(a);
    }
}

static double eval_binary(enum model_op op, double a, double b)
{
    switch (op) {
    case M_ADD:
        return a + b;
    case M_SUB:
        return a - b;
    case M_MUL:
        return a * b;
    case M_DIV:
        return a / b;
    case M_POW:
        return pow(a, b);
    case M_MIN:
        return a < b ? a : b;
    case M_MAX:
        return a > b ? a : b;
    case M_MOD:
        return a - floor(a / b) * b;
    case M_LT:
        return a < b;
    case M_LE:
        return a <= b;
    case M_GT:
        return a > b;
    case M_GE:
        return a >= b;
    case M_EQ:
        return a == b;
    case M_NE:
        return a != b;
    case M_AND:
        return a != 0 && b != 0;
    default:
        return a != 0 || b != 0;
    }
}

double model_eval(const struct model *m, uint32_t expr, const struct model_env *env)
{
    const struct model_expr *e = &m->expr.data[expr];
    enum model_op op = (enum model_op)e->op;
    if (op == M_IF)
        return model_eval(m, model_eval(m, e->a, env) != 0 ? e->b : e->c, env);
    uint32_t n = model_operands(op);
    if (n == 0)
        return eval_leaf(e, env);
    double a = model_eval(m, e->a, env);
    if (n == 1)
        return eval_unary(op, a);
    double b = model_eval(m, e->b, env);
    if (n == 2)
        return eval_binary(op, a, b);
    return fma(a, b, model_eval(m, e->c, env));
}

bool model_draws(const struct model *m)
{
    for (uint32_t i = 0; i < m->expr.n; i++) {
        if (m->expr.data[i].op == M_RANDOM)
            return true;
    }
    return false;
}

bool model_needs_dt(const struct model *m)
{
    struct arena scratch = {0};
    bool *reads = ARENA_ARRAY(&scratch, bool, m->expr.n), found = false;
    for (uint32_t i = 0; i < m->expr.n; i++) { /* operands before what is made of them */
        const struct model_expr *e = &m->expr.data[i];
        const uint32_t operand[] = {e->a, e->b, e->c};
        reads[i] = e->op == M_DT;
        for (uint32_t k = 0; k < model_operands((enum model_op)e->op); k++)
            reads[i] |= reads[operand[k]];
    }
    for (uint32_t i = 0; i < m->param.n; i++)
        found |= reads[m->param.data[i].value];
    for (uint32_t i = 0; i < m->let.n; i++)
        found |= reads[m->let.data[i].value];
    for (uint32_t i = 0; i < m->receptor.n; i++)
        found |= m->receptor.data[i].scale != MODEL_NONE && reads[m->receptor.data[i].scale];
    for (uint32_t i = 0; i < m->state.n; i++)
        found |= reads[m->state.data[i].value];
    arena_free(&scratch);
    return found;
}

int model_find_param(const struct model *m, const char *name)
{
    for (uint32_t i = 0; i < m->param.n; i++) {
        if (strcmp(m->param.data[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

int model_find_receptor(const struct model *m, const char *name)
{
    for (uint32_t i = 0; i < m->receptor.n; i++) {
        if (strcmp(m->receptor.data[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

int model_find_state(const struct model *m, const char *name)
{
    for (uint32_t i = 0; i < m->state.n; i++) {
        if (strcmp(m->state.data[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

struct ordering {
    const struct model *m;
    const bool *reads; /* [param][param] */
    bool *placed;
    uint32_t *order, n;
};

static void place(struct ordering *o, uint32_t p)
{
    if (o->placed[p])
        return;
    o->placed[p] = true;
    for (uint32_t q = 0; q < o->m->param.n; q++) {
        if (o->reads[(size_t)p * o->m->param.n + q])
            place(o, q);
    }
    o->order[o->n++] = p;
}

void model_default_order(const struct model *m, struct arena *a, uint32_t *order)
{
    uint32_t n = m->param.n;
    bool *reads = ARENA_ARRAY(a, bool, (size_t)n *n);
    for (uint32_t p = 0; p < n; p++)
        model_reads(m, m->param.data[p].value, &reads[(size_t)p * n], NULL);
    struct ordering o = {m, reads, ARENA_ARRAY(a, bool, n), order, 0};
    for (uint32_t p = 0; p < n; p++)
        place(&o, p);
}

bool model_is_bound(const struct model *m, uint32_t param)
{
    enum { OTHER, OPEN, LIMITS }; /* OPEN: the parameter, or -parameter, that nothing takes yet */
    struct arena scratch = {0};
    uint8_t *is = ARENA_ARRAY(&scratch, uint8_t, m->expr.n);
    bool bound = true;
    for (uint32_t i = 0; i < m->expr.n && bound; i++) {
        const struct model_expr *e = &m->expr.data[i];
        const uint32_t operand[] = {e->a, e->b, e->c};
        if (e->op == M_PARAM && e->index == param)
            is[i] = OPEN;
        for (uint32_t k = 0; k < model_operands((enum model_op)e->op); k++) {
            if (is[operand[k]] == OTHER)
                continue;
            is[operand[k]] = LIMITS;
            if (e->op == M_NEG)
                is[i] = OPEN;
            else
                bound &= e->op == M_MIN || e->op == M_MAX || (e->op >= M_LT && e->op <= M_NE);
        }
    }
    for (uint32_t i = 0; i < m->expr.n; i++)
        bound &= is[i] != OPEN; /* a value by itself */
    arena_free(&scratch);
    return bound;
}
