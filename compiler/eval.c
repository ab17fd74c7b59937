#include "compiler/elab.h"
#include <math.h>

const struct want want_none = {.kind = WANT_NONE};

struct value poison(void)
{
    return (struct value){.kind = V_POISON};
}

struct value no_memory(const struct env *env, struct span at)
{
    diag_add(env->el->u->diags, E0308, at,
             "this array is too large: no memory, or over %d elements", VALUE_MAX_EXTENT);
    return poison();
}

struct env env_of(const struct scope *s, struct arena *a)
{
    return (struct env){.el = s->el, .arena = a, .scope = s, .dt = s->dt, .want = &want_none};
}

/* ---- names ---- */

struct value eval_def(struct def *d)
{
    if (d->done)
        return d->value;
    struct env env = env_of(d->scope, d->scope->el->u->arena);
    d->value = d->cyclic ? poison() : eval(&env, d->let->value);
    d->done = true;
    return d->value;
}

void eval_lets(const struct scope *s)
{
    for (uint32_t i = 0; i < s->def.n; i++)
        if (s->def.data[i]->kind == DEF_LET)
            eval_def(s->def.data[i]);
}

static void eval_name(const struct env *env, const struct ast_expr *e, struct value *out)
{
    const char *name = e->name.text;
    for (const struct local *l = env->local; l; l = l->next) {
        if (l->name.text == name) {
            *out = l->value;
            return;
        }
    }
    struct def *d = scope_find(env->scope, name, SPACE_VALUE);
    *out = poison(); /* of any other name: reported by resolve.c */
    if (d && d->kind == DEF_LET) {
        *out = eval_def(d);
    } else if (d && d->kind == DEF_VALUE) {
        *out = d->value;
    } else if (!d && name == env->el->dt) {
        if (env->dt && isnan(*env->dt))
            return; /* reported, as it is wrong */
        if (env->dt && *env->dt != 0) {
            *out = value_quantity(*env->dt, DIM_TIME);
            return;
        }
        struct diags *diags = env->el->u->diags;
        struct diag *g = diag_add(diags, E0401, e->span, "there is no time step here");
        diag_hint(diags, g, "a network says `dt = 1 ms;`; `dt` is known within it");
    }
}

/* ---- operators ---- */

static double op_neg(const double *x)
{
    return -x[0];
}
static double op_not(const double *x)
{
    return x[0] == 0;
}
static double op_add(const double *x)
{
    return x[0] + x[1];
}
static double op_sub(const double *x)
{
    return x[0] - x[1];
}
static double op_mul(const double *x)
{
    return x[0] * x[1];
}
static double op_div(const double *x)
{
    return x[0] / x[1];
}
static double op_pow(const double *x)
{
    return pow(x[0], x[1]);
}
static double op_lt(const double *x)
{
    return x[0] < x[1];
}
static double op_le(const double *x)
{
    return x[0] <= x[1];
}
static double op_gt(const double *x)
{
    return x[0] > x[1];
}
static double op_ge(const double *x)
{
    return x[0] >= x[1];
}
static double op_eq(const double *x)
{
    return x[0] == x[1];
}
static double op_ne(const double *x)
{
    return x[0] != x[1];
}
static double op_and(const double *x)
{
    return x[0] != 0 && x[1] != 0;
}
static double op_or(const double *x)
{
    return x[0] != 0 || x[1] != 0;
}
static double op_if(const double *x)
{
    return x[0] != 0 ? x[1] : x[2];
}

static const struct op operators[] = {
    [AST_NEG] = {"-", op_neg, RULE_KEEP, 1},   [AST_NOT] = {"not", op_not, RULE_LOGIC, 1},
    [AST_ADD] = {"+", op_add, RULE_SAME, 2},   [AST_SUB] = {"-", op_sub, RULE_SAME, 2},
    [AST_MUL] = {"*", op_mul, RULE_MUL, 2},    [AST_DIV] = {"/", op_div, RULE_DIV, 2},
    [AST_POW] = {"^", op_pow, RULE_POW, 2},    [AST_LT] = {"<", op_lt, RULE_COMPARE, 2},
    [AST_LE] = {"<=", op_le, RULE_COMPARE, 2}, [AST_GT] = {">", op_gt, RULE_COMPARE, 2},
    [AST_GE] = {">=", op_ge, RULE_COMPARE, 2}, [AST_EQ] = {"==", op_eq, RULE_EQUAL, 2},
    [AST_NE] = {"!=", op_ne, RULE_EQUAL, 2},   [AST_AND] = {"and", op_and, RULE_LOGIC, 2},
    [AST_OR] = {"or", op_or, RULE_LOGIC, 2},
};
static const struct op choice = {"if", op_if, RULE_IF, 3};

static void eval_unary(const struct env *env, const struct ast_expr *e, struct value *out)
{
    struct value v;
    eval_to(env, e->a, &v);
    apply(env, &operators[e->op], &v, (const struct ast_expr *const[]){e->a}, e, out);
}

/* `and` and `or` of scalars look at their right side only where it matters. */
static void eval_binary(const struct env *env, const struct ast_expr *e, struct value *out)
{
    struct value v[2];
    eval_to(env, e->a, &v[0]);
    bool settles = (e->op == AST_AND && v[0].number == 0) || (e->op == AST_OR && v[0].number != 0);
    if (settles && v[0].kind == V_BOOL && !v[0].array) {
        *out = v[0];
        return;
    }
    eval_to(env, e->b, &v[1]);
    apply(env, &operators[e->op], v, (const struct ast_expr *const[]){e->a, e->b}, e, out);
}

/* A scalar condition chooses which branch is looked at. */
static void eval_if(const struct env *env, const struct ast_expr *e, struct value *out)
{
    struct value v[3];
    eval_to(env, e->a, &v[0]);
    if (v[0].kind == V_BOOL && !v[0].array) {
        eval_to(env, v[0].number != 0 ? e->b : e->c, out);
        return;
    }
    eval_to(env, e->b, &v[1]);
    eval_to(env, e->c, &v[2]);
    apply(env, &choice, v, (const struct ast_expr *const[]){e->a, e->b, e->c}, e, out);
}

/* ---- arrays ----
 *
 * What an element needs on the way goes to a scratch arena, so that it doesn't pile up. */

enum { SCRATCH = 1 << 20 };

/* Collects equally shaped elements into one array. */
struct collect {
    const struct env *env;
    struct shape outer;
    struct value first; /* says what all are; its array is `own` without the numbers */
    struct array own, *to;
    uint32_t size, at; /* elements of one value; values that are in */
};

static bool collect_begin(struct collect *c, const struct value *v, struct span at)
{
    struct diags *d = c->env->el->u->diags;
    c->first = *v;
    if (v->kind != V_NUMBER && v->kind != V_BOOL) {
        struct buf b = {0};
        value_describe(&b, v);
        diag_add(d, E0302, at, "an array holds numbers or booleans, not %s", b.data);
        buf_free(&b);
        return false;
    }
    struct shape s = c->outer, own = value_shape(v);
    if (s.rank + own.rank > VALUE_MAX_RANK) {
        diag_add(d, E0303, at, "an array has at most %d dimensions", VALUE_MAX_RANK);
        return false;
    }
    for (uint32_t i = 0; i < own.rank; i++)
        s.extent[s.rank++] = own.extent[i];
    c->size = v->array ? v->array->n : 1;
    if (v->array) { /* which goes with the scratch arena */
        c->own = (struct array){.shape = v->array->shape, .n = v->array->n};
        c->first.array = &c->own;
    }
    c->to = array_new(c->env->arena, &s);
    if (!c->to)
        no_memory(c->env, at);
    return c->to != NULL;
}

static bool collect_add(struct collect *c, const struct value *v, const struct ast_expr *e)
{
    struct elab *el = c->env->el;
    struct diags *d = el->u->diags;
    if (v->kind == V_POISON || (c->at == 0 && !collect_begin(c, v, e->span)))
        return false;
    if (v->kind != c->first.kind) {
        struct buf x = {0}, y = {0};
        value_describe(&x, &c->first);
        value_describe(&y, v);
        diag_add(d, E0302, e->span, "the elements of an array are alike: %s comes before %s",
                 x.data, y.data);
        buf_free(&x);
        buf_free(&y);
        return false;
    }
    struct shape own = value_shape(&c->first), other = value_shape(v);
    if (!shape_eq(&own, &other)) {
        diag_add(d, E0303, e->span, "the elements of an array have one shape: %s comes before %s",
                 shape_string(el, &c->first), shape_string(el, v));
        return false;
    }
    if (!dim_eq(c->first.dim, v->dim)) {
        struct buf x = {0}, y = {0};
        dim_describe(&x, c->first.dim);
        dim_describe(&y, v->dim);
        diag_add(d, E0301, e->span, "`%s` is %s, the elements before it are %s",
                 quote(el, e->span, "this"), y.data, x.data);
        buf_free(&x);
        buf_free(&y);
        return false;
    }
    if (c->first.dim.any)
        c->first.dim = v->dim;
    double *to = c->to->v + (size_t)c->at * c->size;
    if (v->array)
        memcpy(to, array_values(v->array), c->size * sizeof *to);
    else
        *to = v->number;
    c->at++;
    return true;
}

static struct value collect_end(const struct collect *c)
{
    return value_of_array(c->first.kind, c->first.dim, c->to);
}

/* The context of element k of n: counts on within an outer array. */
static struct want want_element(const struct want *outer, uint32_t k, uint64_t n)
{
    uint64_t base = outer->kind == WANT_ELEMENT ? outer->index * n : 0;
    return (struct want){.kind = WANT_ELEMENT, .index = base + k};
}

static struct value eval_array(const struct env *env, const struct ast_expr *e)
{
    uint32_t n = 0;
    for (const struct ast_expr *x = e->items; x; x = x->next)
        n++;
    if (n == 0) {
        diag_add(env->el->u->diags, E0303, e->span, "an array has at least one element");
        return poison();
    }
    struct arena scratch = {0};
    struct collect c = {.env = env, .outer = {1, {n}}};
    struct want w;
    struct env inner = *env;
    inner.arena = &scratch;
    inner.want = &w;
    bool good = true;
    uint32_t k = 0;
    for (const struct ast_expr *x = e->items; x; x = x->next, k++) {
        w = want_element(env->want, k, n);
        struct value v = eval(&inner, x);
        good = good ? collect_add(&c, &v, x) : false;
        if (scratch.used > SCRATCH)
            arena_free(&scratch);
    }
    arena_free(&scratch);
    return good ? collect_end(&c) : poison();
}

struct value eval_grid(const struct env *env, const struct ast_binder *binders,
                       const struct shape *extent, const struct ast_expr *body, struct span at)
{
    uint32_t n = shape_count(extent);
    if (n == 0 || !body)
        return body ? no_memory(env, at) : poison();
    struct local local[VALUE_MAX_RANK];
    const struct ast_binder *b = binders;
    for (uint32_t d = 0; d < extent->rank; d++, b = b->next)
        local[d] = (struct local){b->name, value_number(0), d ? &local[d - 1] : env->local};
    struct arena scratch = {0};
    struct collect c = {.env = env, .outer = *extent};
    struct want w;
    struct env inner = *env;
    inner.local = &local[extent->rank - 1];
    inner.arena = &scratch;
    inner.want = &w;
    bool good = true;
    for (uint32_t k = 0; k < n && good; k++) {
        env->el->elements++;
        w = want_element(env->want, k, n);
        struct value v;
        eval_to(&inner, body, &v);
        good = collect_add(&c, &v, body);
        if (scratch.used > SCRATCH)
            arena_free(&scratch);
        for (uint32_t d = extent->rank; d-- > 0;) {
            if (++local[d].value.number < extent->extent[d])
                break;
            local[d].value.number = 0;
        }
    }
    arena_free(&scratch);
    return good ? collect_end(&c) : poison();
}

static struct value eval_comprehension(const struct env *env, const struct ast_expr *e)
{
    struct shape s = {0};
    for (const struct ast_binder *b = e->binders; b; b = b->next) {
        double n;
        if (s.rank == VALUE_MAX_RANK) {
            diag_add(env->el->u->diags, E0303, e->span, "an array has at most %d dimensions",
                     VALUE_MAX_RANK);
            return poison();
        }
        if (!eval_whole(env, b->extent, 1, VALUE_MAX_EXTENT, "an extent", &n))
            return poison();
        s.extent[s.rank++] = (uint32_t)n;
    }
    return eval_grid(env, e->binders, &s, e->a, e->span);
}

/* ---- members ---- */

static struct value eval_members(const struct env *env, const struct ast_expr *e)
{
    struct members *m = ARENA_NEW(env->arena, struct members);
    for (const struct ast_arg *a = e->args; a; a = a->next)
        m->n++;
    m->name = ARENA_ARRAY(env->arena, const char *, m->n);
    m->value = ARENA_ARRAY(env->arena, struct value, m->n);
    bool good = true;
    uint32_t i = 0;
    for (const struct ast_arg *a = e->args; a; a = a->next, i++) {
        m->name[i] = a->name.text;
        m->value[i] = eval_known(env, a->value);
        good = good && m->value[i].kind != V_POISON;
    }
    return good ? (struct value){.kind = V_MEMBERS, .members = m} : poison();
}

static struct value eval_member(const struct env *env, const struct ast_expr *e)
{
    struct diags *d = env->el->u->diags;
    struct value v = eval_known(env, e->a);
    const char *what = quote(env->el, e->a->span, "this");
    if (v.kind == V_POISON)
        return v;
    if (v.kind != V_MEMBERS) {
        diag_add(d, E0302, e->a->span, "`%s` is %s: it has no member `%s`", what,
                 shape_string(env->el, &v), e->name.text);
        return poison();
    }
    for (uint32_t i = 0; i < v.members->n; i++)
        if (v.members->name[i] == e->name.text)
            return v.members->value[i];
    struct diag *g =
        diag_add(d, E0201, e->name.span, "`%s` has no member `%s`", what, e->name.text);
    struct buf list = {0};
    for (uint32_t i = 0; i < v.members->n; i++)
        buf_printf(&list, "%s`%s`", i ? ", " : "", v.members->name[i]);
    diag_hint(d, g, "it has %s", list.data);
    buf_free(&list);
    hint_near(d, g, e->name.text, v.members->name, v.members->n);
    return poison();
}

/* ---- all expressions ---- */

static void eval_kind(const struct env *env, const struct ast_expr *e, struct value *out)
{
    switch (e->kind) {
    case AST_NUMBER:
        out->kind = isnan(e->number) ? V_POISON : V_NUMBER;
        out->dim = e->dim;
        out->array = NULL;
        out->number = e->number;
        return;
    case AST_BOOL:
        *out = value_bool(e->boolean);
        return;
    case AST_STRING:
        *out = (struct value){.kind = V_STRING, .string = e->string};
        return;
    case AST_NAME:
        eval_name(env, e, out);
        return;
    case AST_UNARY:
        eval_unary(env, e, out);
        return;
    case AST_BINARY:
        eval_binary(env, e, out);
        return;
    case AST_IF:
        eval_if(env, e, out);
        return;
    case AST_CALL:
        call_function(env, e, out);
        return;
    case AST_SEEDED:
        *out = eval_random(env, e->a, e->b, e);
        return;
    case AST_INDEX:
        *out = eval_index(env, e);
        return;
    case AST_ARRAY:
        *out = eval_array(env, e);
        return;
    case AST_COMPREHENSION:
        *out = eval_comprehension(env, e);
        return;
    case AST_MEMBERS:
        *out = eval_members(env, e);
        return;
    case AST_MEMBER:
        *out = eval_member(env, e);
        return;
    case AST_RANGES:
        diag_add(env->el->u->diags, E0302, e->span,
                 "ranges are no value: they select, as in `W[0:4, :]`");
        break;
    case AST_CODE:
        diag_add(env->el->u->diags, E0302, e->span, "coarse:fine stands in a board section only");
        break;
    }
    *out = poison();
}

/* One more node; false if that is too much, which is reported once. */
static bool work(struct elab *el, struct span at)
{
    if (el->too_long)
        return false;
    el->work++;
    el->too_long = el->work > ELAB_MAX_WORK + el->elements * ELAB_WORK_PER_ELEMENT ||
                   el->work > ELAB_MAX_ALL_WORK || el->computed > ELAB_MAX_COMPUTED;
    if (!el->too_long)
        return true;
    struct diag *g =
        diag_add(el->u->diags, E0308, at, "this takes too long to evaluate: over %llu operations",
                 (unsigned long long)(el->work + el->computed - 1));
    diag_hint(el->u->diags, g,
              "a function that is called twice within another is evaluated twice; a `let` is once");
    return false;
}

void eval_to(const struct env *env, const struct ast_expr *e, struct value *out)
{
    struct elab *el = env->el;
    if (!e || !work(el, e->span)) {
        *out = poison();
    } else if (el->depth >= ELAB_MAX_DEPTH) {
        diag_add(el->u->diags, E0106, e->span, "expressions nest too deeply here");
        *out = poison();
    } else {
        el->depth++;
        eval_kind(env, e, out);
        el->depth--;
    }
    if (out->kind == V_RANDOM)
        *out = random_settle(env, *out, env->want);
}

struct value eval(const struct env *env, const struct ast_expr *e)
{
    struct value v;
    eval_to(env, e, &v);
    return v;
}
