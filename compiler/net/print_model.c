#include "compiler/net/print.h"
#include "lang/fmt.h"
#include <math.h>

/* How tightly an expression binds, as lang/parser.y has it. */
enum level { L_IF, L_OR, L_AND, L_NOT, L_COMPARE, L_ADD, L_MUL, L_NEG, L_POW, L_ATOM };

static const struct {
    const char *text; /* operator, or name of the function */
    enum level level; /* L_ATOM: a leaf or a call */
} ops[] = {
    [M_NUMBER] = {NULL, L_ATOM},   [M_BOOLEAN] = {NULL, L_ATOM},    [M_DT] = {"dt", L_ATOM},
    [M_PARAM] = {NULL, L_ATOM},    [M_LET] = {NULL, L_ATOM},        [M_STATE] = {NULL, L_ATOM},
    [M_RECEIVE] = {NULL, L_ATOM},  [M_SPIKES] = {"spikes", L_ATOM}, [M_LOCAL] = {NULL, L_ATOM},
    [M_WEIGHT] = {NULL, L_ATOM},   [M_NEG] = {"-", L_NEG},          [M_NOT] = {"not ", L_NOT},
    [M_ABS] = {"abs", L_ATOM},     [M_FLOOR] = {"floor", L_ATOM},   [M_CEIL] = {"ceil", L_ATOM},
    [M_ROUND] = {"round", L_ATOM}, [M_TRUNC] = {"trunc", L_ATOM},   [M_SQRT] = {"sqrt", L_ATOM},
    [M_EXP] = {"exp", L_ATOM},     [M_LOG] = {"log", L_ATOM},       [M_SIN] = {"sin", L_ATOM},
    [M_COS] = {"cos", L_ATOM},     [M_TANH] = {"tanh", L_ATOM},     [M_RANDOM] = {"random", L_ATOM},
    [M_ADD] = {"+", L_ADD},        [M_SUB] = {"-", L_ADD},          [M_MUL] = {"*", L_MUL},
    [M_DIV] = {"/", L_MUL},        [M_POW] = {"^", L_POW},          [M_MIN] = {"min", L_ATOM},
    [M_MAX] = {"max", L_ATOM},     [M_MOD] = {"mod", L_ATOM},       [M_LT] = {"<", L_COMPARE},
    [M_LE] = {"<=", L_COMPARE},    [M_GT] = {">", L_COMPARE},       [M_GE] = {">=", L_COMPARE},
    [M_EQ] = {"==", L_COMPARE},    [M_NE] = {"!=", L_COMPARE},      [M_AND] = {"and", L_AND},
    [M_OR] = {"or", L_OR},         [M_FMA] = {"fma", L_ATOM},       [M_IF] = {"if", L_IF},
};

struct model_text {
    struct text *t;
    const struct model *m;
    const char **local; /* names of the body's locals */
    const char *weight;
};

static const char *leaf_name(const struct model_text *p, const struct model_expr *e)
{
    switch ((enum model_op)e->op) {
    case M_PARAM:
        return p->m->param.data[e->index].name;
    case M_LET:
        return p->m->let.data[e->index].name;
    case M_STATE:
        return p->m->state.data[e->index].name;
    case M_RECEIVE:
        return p->m->receptor.data[e->index].name;
    case M_LOCAL:
        return p->local[e->index];
    case M_WEIGHT:
        return p->weight;
    default:
        return ops[e->op].text;
    }
}

static enum level level_of(const struct model_expr *e)
{
    if (e->op != M_NUMBER)
        return ops[e->op].level;
    if (!e->dim.any && !dim_is_one(e->dim) && !dim_unit(e->dim))
        return L_MUL; /* 3 * 1 V / 1 s */
    return signbit(e->number) ? L_NEG : L_ATOM;
}

static void put_expr(const struct model_text *p, uint32_t expr, enum level least)
{
    const struct model_expr *e = &p->m->expr.data[expr];
    enum model_op op = (enum model_op)e->op;
    struct buf *out = p->t->out;
    enum level own = level_of(e);
    uint32_t n = model_operands(op);
    if (own < least)
        buf_putc(out, '(');
    if (op == M_NUMBER) {
        unit_f64_text(out, e->number, e->dim);
    } else if (op == M_BOOLEAN) {
        buf_puts(out, e->number != 0 ? "true" : "false");
    } else if (n == 0) {
        buf_puts(out, leaf_name(p, e));
    } else if (op == M_IF) {
        buf_puts(out, "if ");
        put_expr(p, e->a, L_IF);
        buf_puts(out, " then ");
        put_expr(p, e->b, L_IF);
        buf_puts(out, " else ");
        put_expr(p, e->c, L_IF);
    } else if (own == L_ATOM) {
        const uint32_t operand[3] = {e->a, e->b, e->c};
        buf_printf(out, "%s(", ops[op].text);
        for (uint32_t i = 0; i < n; i++) {
            buf_puts(out, i ? ", " : "");
            put_expr(p, operand[i], L_IF);
        }
        buf_putc(out, ')');
    } else if (n == 1) {
        buf_puts(out, ops[op].text);
        put_expr(p, e->a, own);
    } else {
        /* Comparisons don't chain, `^` groups from the right, all others from the left. */
        put_expr(p, e->a, own == L_COMPARE || own == L_POW ? own + 1 : own);
        buf_printf(out, own == L_POW ? "%s" : " %s ", ops[op].text);
        put_expr(p, e->b, own == L_POW ? own : own + 1);
    }
    if (own < least)
        buf_putc(out, ')');
}

static void put_binding(struct buf *out, const struct model_binding *on)
{
    if (!on->target)
        return;
    buf_printf(out, " on %s", on->target);
    for (uint32_t i = 0; i < on->n; i++)
        buf_printf(out, "%s %s", i ? "," : "", on->name[i]);
    if (on->latch)
        buf_printf(out, " latch %s", on->latch);
}

static void name_locals(const struct model_stmt *s, uint32_t n, const char **local)
{
    for (uint32_t i = 0; i < n; i++) {
        if (s[i].kind == MODEL_LOCAL)
            local[s[i].index] = s[i].name;
        name_locals(s[i].then.data, s[i].then.n, local);
        name_locals(s[i].otherwise.data, s[i].otherwise.n, local);
    }
}

static void put_stmts(const struct model_text *p, const struct model_stmt *s, uint32_t n);

/* From behind the indentation to the newline. */
static void put_when(const struct model_text *p, const struct model_stmt *s)
{
    struct text *t = p->t;
    buf_puts(t->out, "if ");
    put_expr(p, s->value, L_IF);
    text_open(t);
    put_stmts(p, s->then.data, s->then.n);
    t->depth--;
    text_begin(t);
    if (s->otherwise.n == 0) {
        text_end(t, "}");
        return;
    }
    buf_puts(t->out, "} else");
    if (s->otherwise.n == 1 && s->otherwise.data[0].kind == MODEL_WHEN) {
        buf_putc(t->out, ' ');
        put_when(p, &s->otherwise.data[0]);
        return;
    }
    text_open(t);
    put_stmts(p, s->otherwise.data, s->otherwise.n);
    text_close(t);
}

static void put_stmts(const struct model_text *p, const struct model_stmt *s, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        text_begin(p->t);
        if (s[i].kind == MODEL_WHEN) {
            put_when(p, &s[i]);
            continue;
        }
        if (s[i].kind == MODEL_ASSIGN)
            buf_printf(p->t->out, "%s = ", p->m->state.data[s[i].index].name);
        else if (s[i].kind == MODEL_LOCAL)
            buf_printf(p->t->out, "let %s = ", s[i].name);
        else
            buf_puts(p->t->out, "emit ");
        put_expr(p, s[i].value, L_IF);
        text_end(p->t, ";");
    }
}

static void put_body(struct model_text *p, const struct model_body *b, const char *head)
{
    if (!b->present)
        return;
    struct arena scratch = {0};
    p->local = ARENA_ARRAY(&scratch, const char *, b->n_locals);
    p->weight = b->weight;
    name_locals(b->stmt.data, b->stmt.n, p->local);
    text_begin(p->t);
    buf_puts(p->t->out, head);
    if (b->weight)
        buf_printf(p->t->out, "(%s)", b->weight);
    text_open(p->t);
    put_stmts(p, b->stmt.data, b->stmt.n);
    text_close(p->t);
    p->local = NULL;
    arena_free(&scratch);
}

static void put_declarations(const struct model_text *p)
{
    static const char *const kind[] = {
        [MODEL_PARAM] = "param", [MODEL_LAYOUT] = "layout", [MODEL_BIAS] = "bias"};
    struct text *t = p->t;
    for (uint32_t i = 0; i < p->m->param.n; i++) {
        const struct model_param *x = &p->m->param.data[i];
        text_begin(t);
        buf_printf(t->out, "%s %s = ", kind[x->kind], x->name);
        put_expr(p, x->value, L_IF);
        put_binding(t->out, &x->on);
        text_end(t, ";");
    }
    for (uint32_t i = 0; i < p->m->let.n; i++) {
        text_begin(t);
        buf_printf(t->out, "let %s = ", p->m->let.data[i].name);
        put_expr(p, p->m->let.data[i].value, L_IF);
        text_end(t, ";");
    }
    for (uint32_t i = 0; i < p->m->receptor.n; i++) {
        const struct model_receptor *x = &p->m->receptor.data[i];
        text_begin(t);
        buf_printf(t->out, "receive %s", x->name);
        if (x->scale != MODEL_NONE) {
            buf_puts(t->out, " scale ");
            put_expr(p, x->scale, L_IF);
        }
        buf_puts(t->out, x->negative ? " for negative" : "");
        put_binding(t->out, &x->on);
        text_end(t, ";");
    }
    for (uint32_t i = 0; i < p->m->state.n; i++) {
        text_begin(t);
        buf_printf(t->out, "state %s = ", p->m->state.data[i].name);
        put_expr(p, p->m->state.data[i].value, L_IF);
        text_end(t, ";");
    }
}

void net_print_model(struct buf *out, const struct model *m)
{
    struct buf lines = {0};
    struct text t = {.out = &lines};
    struct model_text p = {.t = &t, .m = m};
    buf_printf(&lines, "neuron %s", m->name);
    text_open(&t);
    put_declarations(&p);
    put_body(&p, &m->step, "step");
    put_body(&p, &m->event, "on event");
    text_close(&t);
    /* Long expressions are broken; those that are nested too deeply to be read stay as they are. */
    if (!fmt_text(out, lines.data, lines.n))
        buf_put(out, lines.data, lines.n);
    buf_free(&lines);
}
