/* Dimensions. What a literal 0 stands for, and with it a state that begins at 0, follows from where
 * it goes: dimensions are propagated from operands to results, and from values to the states and
 * parameters that have none yet, until nothing changes, then from the other operand to those that
 * are still open (`v + I0` with `param I0 = 0`). Then every node is checked once more, with
 * messages. */
#include "compiler/model_check.h"

#define DIM_ANY ((struct dim){{0}, true})

struct dims {
    struct checker *c;
    bool backward; /* from results to operands too */
    bool report;
    bool changed;
    const struct bound **from; /* of each state: the value that fixed its dimension */
    bool *told;                /* states whose conflict has been reported */
};

static const char *describe(struct dims *s, struct dim d)
{
    struct buf text = {0};
    dim_describe(&text, d);
    const char *out = arena_strndup(s->c->scratch, text.data, text.n);
    buf_free(&text);
    return out;
}

static struct model_expr *node_at(const struct dims *s, uint32_t i)
{
    return &s->c->m->expr.data[i];
}

/* Where in the neuron a function was called, if the message is about its body. */
static void label_call(struct dims *s, struct diag *g, uint32_t node)
{
    struct span call = node == MODEL_NONE ? (struct span){0} : s->c->note.data[node].call;
    if (call.file)
        diag_label(s->c->d, g, call, "in this call");
}

/* Where operand `node` of node i stands for the reader: what a function gave is the call. */
static struct span place_of(const struct dims *s, uint32_t node, uint32_t i)
{
    const struct note *note = s->c->note.data;
    bool call = note[node].call.file && (i == MODEL_NONE || !note[i].call.file);
    return call ? note[node].call : node_at(s, node)->span;
}

/* ---- names of things with a dimension of their own ---- */

static struct dim *variable_dim(struct dims *s, enum symbol_kind kind, uint32_t index)
{
    struct model *m = s->c->m;
    if (kind == SYMBOL_PARAM)
        return &m->param.data[index].dim;
    return kind == SYMBOL_STATE ? &m->state.data[index].dim : &m->receptor.data[index].dim;
}

static void refine(struct dims *s, struct dim *variable, struct dim d)
{
    if (!variable->any || d.any)
        return;
    *variable = d;
    s->changed = true;
}

/* A parameter or state that has no dimension yet and stands where `d` is wanted. */
static void refine_leaf(struct dims *s, uint32_t node, struct dim d)
{
    const struct model_expr *e = node_at(s, node);
    if (!s->backward || e->is_bool)
        return;
    if (e->op == M_PARAM)
        refine(s, variable_dim(s, SYMBOL_PARAM, e->index), d);
    else if (e->op == M_STATE)
        refine(s, variable_dim(s, SYMBOL_STATE, e->index), d);
}

static struct dim leaf_dim(struct dims *s, const struct model_expr *e)
{
    switch ((enum model_op)e->op) {
    case M_NUMBER:
        return e->dim;
    case M_DT:
        return DIM_TIME;
    case M_PARAM:
        return *variable_dim(s, SYMBOL_PARAM, e->index);
    case M_LET:
        return node_at(s, s->c->m->let.data[e->index].value)->dim;
    case M_STATE:
        return *variable_dim(s, SYMBOL_STATE, e->index);
    case M_RECEIVE:
        return *variable_dim(s, SYMBOL_RECEPTOR, e->index);
    case M_LOCAL:
        return node_at(s, e->a)->dim;
    default:
        return DIM_ONE;
    }
}

/* ---- operations ---- */

static const char *op_text(enum model_op op)
{
    static const char *const text[] = {
        [M_FLOOR] = "`floor`", [M_CEIL] = "`ceil`", [M_ROUND] = "`round`",   [M_TRUNC] = "`trunc`",
        [M_SQRT] = "`sqrt`",   [M_EXP] = "`exp`",   [M_LOG] = "`log`",       [M_SIN] = "`sin`",
        [M_COS] = "`cos`",     [M_TANH] = "`tanh`", [M_RANDOM] = "`random`", [M_ADD] = "`+`",
        [M_SUB] = "`-`",       [M_MIN] = "`min`",   [M_MAX] = "`max`",       [M_MOD] = "`mod`",
        [M_LT] = "`<`",        [M_LE] = "`<=`",     [M_GT] = "`>`",          [M_GE] = "`>=`",
        [M_EQ] = "`==`",       [M_NE] = "`!=`",     [M_FMA] = "`fma`",       [M_IF] = "`if`",
    };
    return text[op];
}

/* "`tau`" where the operand is a name, else `other`. */
static const char *operand_text(struct dims *s, uint32_t node, const char *other)
{
    const struct model_expr *e = node_at(s, node);
    const struct model *m = s->c->m;
    const char *name = e->op == M_DT      ? "dt"
                       : e->op == M_PARAM ? m->param.data[e->index].name
                       : e->op == M_LET   ? m->let.data[e->index].name
                       : e->op == M_STATE ? m->state.data[e->index].name
                                          : NULL;
    return name ? arena_printf(s->c->scratch, "`%s`", name) : other;
}

/* Operands a and b of node i must have one dimension, which is the result. */
static struct dim same(struct dims *s, uint32_t i, uint32_t a, uint32_t b, const char *first,
                       const char *second)
{
    struct dim x = node_at(s, a)->dim, y = node_at(s, b)->dim;
    refine_leaf(s, a, y);
    refine_leaf(s, b, x);
    if (dim_eq(x, y))
        return x.any ? y : x;
    if (s->report) {
        const struct model_expr *e = node_at(s, i);
        struct diag *g =
            mc_complain(s->c, E0301, e->span, "%s is %s, %s is %s: %s needs the same dimension",
                        operand_text(s, a, first), describe(s, x), operand_text(s, b, second),
                        describe(s, y), op_text((enum model_op)e->op));
        diag_label(s->c->d, g, place_of(s, a, i), "%s", describe(s, x));
        diag_label(s->c->d, g, place_of(s, b, i), "%s", describe(s, y));
        label_call(s, g, i);
    }
    return DIM_ANY;
}

/* Operand a of node i must be a plain number; `what` begins the message, NULL: node i takes it. */
static struct dim plain(struct dims *s, uint32_t i, uint32_t a, const char *what)
{
    struct dim x = node_at(s, a)->dim;
    refine_leaf(s, a, DIM_ONE);
    if (!dim_is_one(x) && s->report) {
        if (!what)
            what =
                arena_printf(s->c->scratch, "%s takes", op_text((enum model_op)node_at(s, i)->op));
        struct diag *g = mc_complain(s->c, E0301, place_of(s, a, i),
                                     "%s a plain number, but this is %s", what, describe(s, x));
        label_call(s, g, i);
    }
    return DIM_ONE;
}

static struct dim halves(struct dims *s, uint32_t i, double exponent, const char *what)
{
    const struct model_expr *e = node_at(s, i);
    struct dim x = node_at(s, e->a)->dim, out;
    if (dim_pow(x, exponent, &out))
        return out;
    if (s->report) {
        struct diag *g =
            mc_complain(s->c, E0301, e->span, "%s of %s has no dimension", what, describe(s, x));
        label_call(s, g, i);
    }
    return DIM_ANY;
}

static bool is_constant(struct dims *s, uint32_t node)
{
    const struct model_expr *e = node_at(s, node);
    uint32_t n = model_operands((enum model_op)e->op);
    if (n == 0)
        return e->op == M_NUMBER || e->op == M_BOOLEAN;
    return is_constant(s, e->a) && (n < 2 || is_constant(s, e->b)) &&
           (n < 3 || is_constant(s, e->c));
}

static struct dim power(struct dims *s, uint32_t i)
{
    const struct model_expr *e = node_at(s, i);
    struct dim x = node_at(s, e->a)->dim;
    plain(s, i, e->b, "an exponent is");
    if (dim_is_one(x))
        return x;
    if (is_constant(s, e->b))
        return halves(s, i, model_eval(s->c->m, e->b, &(struct model_env){0}), "this power");
    if (s->report) {
        struct diag *g = mc_complain(s->c, E0301, place_of(s, e->b, i),
                                     "%s can only be raised to a constant power", describe(s, x));
        label_call(s, g, i);
    }
    return DIM_ANY;
}

static struct dim fused(struct dims *s, uint32_t i)
{
    const struct model_expr *e = node_at(s, i);
    struct dim x = dim_mul(node_at(s, e->a)->dim, node_at(s, e->b)->dim);
    struct dim y = node_at(s, e->c)->dim;
    refine_leaf(s, e->c, x);
    if (dim_eq(x, y))
        return x.any ? y : x;
    if (s->report) {
        struct diag *g = mc_complain(
            s->c, E0301, e->span, "the product is %s, %s is %s: `fma` needs the same dimension",
            describe(s, x), operand_text(s, e->c, "the third argument"), describe(s, y));
        label_call(s, g, i);
    }
    return DIM_ANY;
}

static struct dim node_dim(struct dims *s, uint32_t i)
{
    const struct model_expr *e = node_at(s, i);
    enum model_op op = (enum model_op)e->op;
    switch (op) {
    case M_NEG:
    case M_ABS:
        return node_at(s, e->a)->dim;
    case M_FLOOR:
    case M_CEIL:
    case M_ROUND:
    case M_TRUNC:
    case M_EXP:
    case M_LOG:
    case M_SIN:
    case M_COS:
    case M_TANH:
    case M_RANDOM:
        return plain(s, i, e->a, NULL);
    case M_SQRT:
        return halves(s, i, 0.5, "the square root");
    case M_ADD:
    case M_SUB:
        return same(s, i, e->a, e->b, "the left side", "the right side");
    case M_MIN:
    case M_MAX:
    case M_MOD:
        return same(s, i, e->a, e->b, "the first argument", "the second argument");
    case M_MUL:
        return dim_mul(node_at(s, e->a)->dim, node_at(s, e->b)->dim);
    case M_DIV:
        return dim_div(node_at(s, e->a)->dim, node_at(s, e->b)->dim);
    case M_POW:
        return power(s, i);
    case M_FMA:
        return fused(s, i);
    case M_LT:
    case M_LE:
    case M_GT:
    case M_GE:
    case M_EQ:
    case M_NE:
        same(s, i, e->a, e->b, "the left side", "the right side");
        return DIM_ONE;
    case M_IF:
        return same(s, i, e->b, e->c, "the first branch", "the second branch");
    default:
        return model_operands(op) > 0 || e->is_bool ? DIM_ONE : leaf_dim(s, e);
    }
}

/* ---- the whole model ---- */

static void propagate(struct dims *s)
{
    s->changed = false;
    for (uint32_t i = 0; i < s->c->m->expr.n; i++)
        node_at(s, i)->dim = node_dim(s, i);
    for (uint32_t i = 0; i < s->c->bound.n; i++) {
        const struct bound *b = &s->c->bound.data[i];
        struct dim *variable = variable_dim(s, b->kind, b->index), d = node_at(s, b->value)->dim;
        if (variable->any && !d.any && b->kind == SYMBOL_STATE)
            s->from[b->index] = b;
        refine(s, variable, d);
    }
}

/* Forwards until nothing changes; what is still open is taken from where it is used. */
static void propagate_all(struct dims *s)
{
    do {
        s->backward = false;
        do
            propagate(s);
        while (s->changed);
        s->backward = true;
        propagate(s);
        s->backward = false;
    } while (s->changed);
}

static void begin(struct dims *s)
{
    struct model *m = s->c->m;
    for (uint32_t i = 0; i < m->param.n; i++)
        m->param.data[i].dim = m->param.data[i].kind == MODEL_BIAS ? DIM_CURRENT : DIM_ANY;
    for (uint32_t i = 0; i < m->receptor.n; i++)
        m->receptor.data[i].dim = m->receptor.data[i].scale == MODEL_NONE ? DIM_ONE : DIM_ANY;
    for (uint32_t i = 0; i < m->state.n; i++)
        m->state.data[i].dim = DIM_ANY;
}

/* What is 0 wherever it is used is a plain number. */
static void settle(struct dims *s)
{
    struct model *m = s->c->m;
    for (uint32_t i = 0; i < m->param.n; i++)
        refine(s, &m->param.data[i].dim, DIM_ONE);
    for (uint32_t i = 0; i < m->receptor.n; i++)
        refine(s, &m->receptor.data[i].dim, DIM_ONE);
    for (uint32_t i = 0; i < m->state.n; i++)
        refine(s, &m->state.data[i].dim, DIM_ONE);
}

static void check_bound(struct dims *s, const struct bound *b)
{
    const struct model *m = s->c->m;
    struct dim want = *variable_dim(s, b->kind, b->index), have = node_at(s, b->value)->dim;
    struct span at = place_of(s, b->value, MODEL_NONE);
    if (dim_eq(want, have))
        return;
    if (b->kind != SYMBOL_STATE) {
        struct diag *g =
            mc_complain(s->c, E0301, at, "`%s` is %s, but its default is %s",
                        m->param.data[b->index].name, describe(s, want), describe(s, have));
        if (m->param.data[b->index].kind == MODEL_BIAS)
            diag_hint(s->c->d, g, "a `bias` is a current of the bias generator");
        return;
    }
    if (s->told[b->index])
        return;
    s->told[b->index] = true;
    struct diag *g =
        mc_complain(s->c, E0301, at, "`%s` is %s, but this is %s", m->state.data[b->index].name,
                    describe(s, want), describe(s, have));
    const struct bound *from = s->from[b->index];
    diag_label(s->c->d, g,
               from ? place_of(s, from->value, MODEL_NONE) : m->state.data[b->index].span, "%s",
               describe(s, want));
}

void mc_check_dims(struct checker *c)
{
    struct dims s = {
        .c = c,
        .from = ARENA_ARRAY(c->scratch, const struct bound *, c->m->state.n),
        .told = ARENA_ARRAY(c->scratch, bool, c->m->state.n),
    };
    begin(&s);
    propagate_all(&s);
    settle(&s);
    propagate_all(&s);
    s.report = true;
    propagate(&s);
    for (uint32_t i = 0; i < c->bound.n; i++)
        check_bound(&s, &c->bound.data[i]);
    for (uint32_t i = 0; i < c->plain.n; i++)
        plain(&s, MODEL_NONE, c->plain.data[i], "the number of spikes is");
}
