#include "compiler/elab.h"
#include <math.h>

const char *quote(struct elab *el, struct span at, const char *otherwise)
{
    enum { LONGEST = 48 };
    const struct source *s = sources_get(&el->u->sources, at.file);
    uint32_t n = at.end - at.begin;
    if (!s || n > LONGEST || at.end > s->n || memchr(s->text + at.begin, '\n', n))
        return otherwise;
    return arena_strndup(el->u->arena, s->text + at.begin, n);
}

const char *text_of(struct elab *el, struct span at)
{
    const struct source *s = sources_get(&el->u->sources, at.file);
    return s ? arena_strndup(el->u->arena, s->text + at.begin, at.end - at.begin) : "";
}

const char *shape_string(struct elab *el, const struct value *v)
{
    struct buf b = {0};
    if (v->array)
        shape_text(&b, &v->array->shape);
    else
        value_describe(&b, v);
    const char *s = arena_strdup(el->u->arena, b.data);
    buf_free(&b);
    return s;
}

static const char *dim_string(struct elab *el, struct dim d)
{
    struct buf b = {0};
    dim_describe(&b, d);
    const char *s = arena_strdup(el->u->arena, b.data);
    buf_free(&b);
    return s;
}

static const char *value_string(struct elab *el, const struct value *v)
{
    struct buf b = {0};
    value_describe(&b, v);
    const char *s = arena_strdup(el->u->arena, b.data);
    buf_free(&b);
    return s;
}

/* ---- single values ---- */

/* A name for a message: "`duration`"; what isn't quoted by the caller stays as it is. */
static void wrong_kind(const struct env *env, const struct value *v, const char *what,
                       const struct ast_expr *e)
{
    diag_add(env->el->u->diags, E0302, e->span, "%s is a number; `%s` is %s", what,
             quote(env->el, e->span, "this"), value_string(env->el, v));
}

bool check_dim(const struct env *env, const struct value *v, struct dim dim, const char *what,
               const struct ast_expr *e)
{
    struct elab *el = env->el;
    if (v->kind == V_POISON || !e)
        return false;
    if (v->kind != V_NUMBER) {
        wrong_kind(env, v, what, e);
        return false;
    }
    if (dim_eq(v->dim, dim))
        return true;
    struct diag *g =
        diag_add(el->u->diags, E0301, e->span, "%s is %s, `%s` is %s", what, dim_string(el, dim),
                 quote(el, e->span, "this"), dim_string(el, v->dim));
    const char *unit = dim_unit(dim);
    if (dim_is_one(v->dim) && unit)
        diag_hint(el->u->diags, g, "a number becomes %s with a unit, as in `1 %s`",
                  dim_string(el, dim), unit);
    return false;
}

bool eval_scalar(const struct env *env, const struct ast_expr *e, struct dim dim, const char *what,
                 double *out)
{
    struct value v = eval_known(env, e);
    if (!check_dim(env, &v, dim, what, e))
        return false;
    if (v.array) {
        diag_add(env->el->u->diags, E0302, e->span, "%s is one number, `%s` is %s", what,
                 quote(env->el, e->span, "this"), value_string(env->el, &v));
        return false;
    }
    *out = v.number;
    return true;
}

bool eval_whole(const struct env *env, const struct ast_expr *e, double lo, double hi,
                const char *what, double *out)
{
    double x;
    if (!eval_scalar(env, e, DIM_ONE, what, &x))
        return false;
    if (x >= lo && x <= hi && x == floor(x)) {
        *out = x;
        return true;
    }
    struct buf b = {0};
    buf_f64_text(&b, x);
    diag_add(env->el->u->diags, E0306, e->span, "%s is a whole number from %.0f to %.0f, not %s",
             what, lo, hi, b.data);
    buf_free(&b);
    return false;
}

struct value eval_known(const struct env *env, const struct ast_expr *e)
{
    struct env inner = *env;
    inner.want = &want_none;
    struct value v = eval(&inner, e);
    if (v.kind != V_RANDOM)
        return v;
    struct diag *g =
        diag_add(env->el->u->diags, E0305, e->span, "no shape is known here for random numbers");
    diag_hint(env->el->u->diags, g, "an array comprehension gives one: `[i: 10 => uniform(0, 1)]`");
    return poison();
}

struct value eval_shaped(const struct env *env, const struct ast_expr *e, const struct shape *s)
{
    struct want w = {.kind = WANT_SHAPE, .shape = *s};
    struct env inner = *env;
    inner.want = &w;
    return eval(&inner, e);
}

/* ---- elementwise operations ---- */

struct operation {
    const struct env *env;
    const struct op *op;
    const struct value *arg;
    const struct ast_expr *const *from;
    const struct ast_expr *e;
};

static const char *operand(const struct operation *o, uint32_t i)
{
    static const char *const place[] = {"the first operand", "the second operand",
                                        "the third operand"};
    const char *text = quote(o->env->el, o->from[i]->span, NULL);
    return text ? arena_printf(o->env->el->u->arena, "`%s`", text) : place[i];
}

static bool need_kind(const struct operation *o, uint32_t first, enum value_kind kind)
{
    for (uint32_t i = first; i < o->op->n; i++) {
        if (o->arg[i].kind == kind)
            continue;
        struct elab *el = o->env->el;
        struct diag *g = diag_add(el->u->diags, E0302, o->from[i]->span, "`%s` takes %s; %s is %s",
                                  o->op->name, kind == V_BOOL ? "booleans" : "numbers",
                                  operand(o, i), value_string(el, &o->arg[i]));
        if (o->arg[i].kind == V_BOOL)
            diag_hint(el->u->diags, g, "`if ... then 1 else 0` makes a number of a boolean");
        else if (o->arg[i].kind == V_NUMBER)
            diag_hint(el->u->diags, g, "a comparison makes a boolean of a number: `x != 0`");
        return false;
    }
    return true;
}

static bool need_same_dim(const struct operation *o, uint32_t i, uint32_t j)
{
    const struct value *a = &o->arg[i], *b = &o->arg[j];
    if (dim_eq(a->dim, b->dim))
        return true;
    struct elab *el = o->env->el;
    diag_add(el->u->diags, E0301, o->e->span, "%s is %s, %s is %s", operand(o, i),
             dim_string(el, a->dim), operand(o, j), dim_string(el, b->dim));
    return false;
}

static bool need_plain(const struct operation *o, uint32_t first)
{
    for (uint32_t i = first; i < o->op->n; i++) {
        if (dim_is_one(o->arg[i].dim))
            continue;
        struct elab *el = o->env->el;
        diag_add(el->u->diags, E0301, o->from[i]->span, "`%s` takes a plain number; %s is %s",
                 o->op->name, operand(o, i), dim_string(el, o->arg[i].dim));
        return false;
    }
    return true;
}

static bool power_dim(const struct operation *o, struct dim *out)
{
    const struct value *base = &o->arg[0], *exponent = &o->arg[1];
    struct elab *el = o->env->el;
    if (!need_plain(o, 1))
        return false;
    if (dim_is_one(base->dim)) {
        *out = DIM_ONE;
        return true;
    }
    if (!exponent->array && dim_pow(base->dim, exponent->number, out))
        return true;
    diag_add(el->u->diags, E0301, o->e->span,
             "%s is %s: its exponent must be one number, a multiple of 1/2", operand(o, 0),
             dim_string(el, base->dim));
    return false;
}

static struct dim joined(struct dim a, struct dim b)
{
    return a.any ? b : a;
}

/* Kind and dimension of the result; false if reported. */
static bool check_rule(const struct operation *o, struct value *out)
{
    const struct value *x = o->arg;
    uint32_t last = o->op->n - 1;
    out->kind = V_NUMBER;
    out->array = NULL;
    out->dim = DIM_ONE;
    switch (o->op->rule) {
    case RULE_SAME: /* of three, the first is a plain factor */
        out->dim = joined(x[last - 1].dim, x[last].dim);
        return need_kind(o, 0, V_NUMBER) && need_same_dim(o, last - 1, last);
    case RULE_COMPARE:
        out->kind = V_BOOL;
        return need_kind(o, 0, V_NUMBER) && need_same_dim(o, 0, 1);
    case RULE_EQUAL:
        out->kind = V_BOOL;
        if (x[0].kind == V_BOOL)
            return need_kind(o, 1, V_BOOL);
        return need_kind(o, 0, V_NUMBER) && need_same_dim(o, 0, 1);
    case RULE_MUL:
        out->dim = dim_mul(x[0].dim, x[1].dim);
        return need_kind(o, 0, V_NUMBER);
    case RULE_DIV:
        out->dim = dim_div(x[0].dim, x[1].dim);
        return need_kind(o, 0, V_NUMBER);
    case RULE_POW:
        return need_kind(o, 0, V_NUMBER) && power_dim(o, &out->dim);
    case RULE_LOGIC:
        out->kind = V_BOOL;
        return need_kind(o, 0, V_BOOL);
    case RULE_PLAIN:
        return need_kind(o, 0, V_NUMBER) && need_plain(o, 0);
    case RULE_KEEP:
        out->dim = x[0].dim;
        return need_kind(o, 0, V_NUMBER);
    case RULE_SQRT:
        dim_pow(x[0].dim, 0.5, &out->dim);
        if (!need_kind(o, 0, V_NUMBER) || dim_pow(x[0].dim, 0.5, &out->dim))
            return x[0].kind == V_NUMBER;
        diag_add(o->env->el->u->diags, E0301, o->e->span, "%s is %s, which has no square root",
                 operand(o, 0), dim_string(o->env->el, x[0].dim));
        return false;
    case RULE_FMA: {
        struct dim product = dim_mul(x[0].dim, x[1].dim);
        out->dim = joined(product, x[2].dim);
        if (!need_kind(o, 0, V_NUMBER) || dim_eq(product, x[2].dim))
            return x[0].kind == V_NUMBER && x[1].kind == V_NUMBER && x[2].kind == V_NUMBER;
        diag_add(o->env->el->u->diags, E0301, o->e->span, "the product is %s, %s is %s",
                 dim_string(o->env->el, product), operand(o, 2), dim_string(o->env->el, x[2].dim));
        return false;
    }
    case RULE_IF: {
        struct operation condition = *o;
        struct op one = {"if", NULL, RULE_LOGIC, 1};
        condition.op = &one;
        out->kind = x[1].kind;
        out->dim = joined(x[1].dim, x[2].dim);
        if (!need_kind(&condition, 0, V_BOOL))
            return false;
        return need_kind(o, 1, x[1].kind == V_BOOL ? V_BOOL : V_NUMBER) && need_same_dim(o, 1, 2);
    }
    }
    return false;
}

static struct value report_map(const struct operation *o, enum value_map failed)
{
    if (failed == MAP_MEMORY)
        return no_memory(o->env, o->e->span);
    struct buf b = {0};
    for (uint32_t i = 0; i < o->op->n; i++)
        buf_printf(&b, "%s%s is %s", i ? ", " : "", operand(o, i),
                   shape_string(o->env->el, &o->arg[i]));
    diag_add(o->env->el->u->diags, E0303, o->e->span, "shapes don't match: %s", b.data);
    buf_free(&b);
    return poison();
}

static void apply_known(const struct operation *o, struct value *out)
{
    enum value_map done = MAP_DONE;
    if (!check_rule(o, out))
        *out = poison();
    else if ((done = value_map(o->env->arena, o->op->fn, o->arg, o->op->n, out)) != MAP_DONE)
        *out = report_map(o, done);
    else if (out->array)
        o->env->el->computed += out->array->n;
}

/* Some operand is random: it takes the shape of one that isn't, or waits. */
static void apply_random(const struct operation *o, struct value *out)
{
    struct value x[VALUE_MAX_ARGS];
    const struct array *known = NULL;
    for (uint32_t i = 0; i < o->op->n; i++)
        known = o->arg[i].array ? o->arg[i].array : known;
    if (!known) {
        *out = random_later(o->env, o->e);
        return;
    }
    struct want w = {.kind = WANT_SHAPE, .shape = known->shape};
    for (uint32_t i = 0; i < o->op->n; i++) {
        x[i] = random_settle(o->env, o->arg[i], &w);
        if (x[i].kind == V_POISON) {
            *out = x[i];
            return;
        }
    }
    struct operation settled = *o;
    settled.arg = x;
    apply_known(&settled, out);
}

void apply(const struct env *env, const struct op *op, const struct value *arg,
           const struct ast_expr *const *from, const struct ast_expr *e, struct value *out)
{
    struct operation o = {env, op, arg, from, e};
    bool random = false;
    for (uint32_t i = 0; i < op->n; i++) {
        if (arg[i].kind == V_POISON) {
            *out = poison();
            return;
        }
        random |= arg[i].kind == V_RANDOM;
    }
    if (random)
        apply_random(&o, out);
    else
        apply_known(&o, out);
}
