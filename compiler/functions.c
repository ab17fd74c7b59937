#include "compiler/elab.h"
#include <math.h>

enum { MAX_ARGS = 16 };

/* A call of an array function, its arguments evaluated. */
struct call {
    const struct env *env;
    const struct ast_expr *e;
    uint32_t n;
    struct value arg[MAX_ARGS];
    const struct ast_expr *from[MAX_ARGS];
    const struct ast_expr *axis; /* axis = ..., NULL: none */
};

struct function {
    const char *name;
    uint32_t min, max; /* arguments */
    struct op op;      /* elementwise, for op.n arguments; fn NULL: never */
    struct value (*call)(const struct call *c);
    bool axis; /* takes axis = */
};

/* ---- elementwise ---- */

static double f_abs(const double *x)
{
    return fabs(x[0]);
}
static double f_floor(const double *x)
{
    return floor(x[0]);
}
static double f_ceil(const double *x)
{
    return ceil(x[0]);
}
static double f_round(const double *x)
{
    return rint(x[0]);
}
static double f_trunc(const double *x)
{
    return trunc(x[0]);
}
static double f_sqrt(const double *x)
{
    return sqrt(x[0]);
}
static double f_exp(const double *x)
{
    return exp(x[0]);
}
static double f_log(const double *x)
{
    return log(x[0]);
}
static double f_sin(const double *x)
{
    return sin(x[0]);
}
static double f_cos(const double *x)
{
    return cos(x[0]);
}
static double f_tanh(const double *x)
{
    return tanh(x[0]);
}
static double f_min(const double *x)
{
    return x[0] < x[1] ? x[0] : x[1];
}
static double f_max(const double *x)
{
    return x[0] > x[1] ? x[0] : x[1];
}
static double f_mod(const double *x)
{
    return x[0] - floor(x[0] / x[1]) * x[1];
}
static double f_fma(const double *x)
{
    return fma(x[0], x[1], x[2]);
}

/* ---- reductions ---- */

static double f_sum(const double *x)
{
    return x[0] + x[1];
}
static double f_or(const double *x)
{
    return x[0] != 0 || x[1] != 0;
}
static double f_and(const double *x)
{
    return x[0] != 0 && x[1] != 0;
}

static bool need_array(const struct call *c, uint32_t i)
{
    const struct value *v = &c->arg[i];
    if (v->array)
        return true;
    struct elab *el = c->env->el;
    diag_add(el->u->diags, E0302, c->from[i]->span, "`%s` takes an array; `%s` is %s",
             c->e->name.text, quote(el, c->from[i]->span, "this"), shape_string(el, v));
    return false;
}

/* Folds along one axis, or along all. Sums run in index order. */
static struct value reduce(const struct call *c, value_fn *fn, enum value_kind kind)
{
    const struct array *a = c->arg[0].array;
    if (!need_array(c, 0))
        return poison();
    uint32_t outer = 1, n = a->n, inner = 1;
    struct shape s = {0};
    if (c->axis) {
        double axis;
        if (!eval_whole(c->env, c->axis, 0, a->shape.rank - 1, "`axis`", &axis))
            return poison();
        n = a->shape.extent[(uint32_t)axis];
        for (uint32_t d = 0; d < a->shape.rank; d++) {
            if (d == (uint32_t)axis)
                continue;
            s.extent[s.rank++] = a->shape.extent[d];
            *(d < (uint32_t)axis ? &outer : &inner) *= a->shape.extent[d];
        }
    }
    struct array *r = array_new(c->env->arena, &s);
    if (!r)
        return no_memory(c->env, c->e->span);
    for (uint32_t o = 0; o < outer; o++) {
        for (uint32_t i = 0; i < inner; i++) {
            const double *v = a->v + (size_t)o * n * inner + i;
            double x[2] = {v[0], 0};
            for (uint32_t k = 1; k < n; k++) {
                x[1] = v[(size_t)k * inner];
                x[0] = fn(x);
            }
            r->v[(size_t)o * inner + i] = x[0];
        }
    }
    if (s.rank)
        return value_of_array(kind, c->arg[0].dim, r);
    return (struct value){.kind = kind, .dim = c->arg[0].dim, .number = r->v[0]};
}

static struct value call_sum(const struct call *c)
{
    return reduce(c, f_sum, V_NUMBER);
}

static struct value call_mean(const struct call *c)
{
    struct value v = reduce(c, f_sum, V_NUMBER);
    if (v.kind == V_POISON)
        return v;
    uint32_t rest = v.array ? v.array->n : 1, n = c->arg[0].array->n / rest;
    if (!v.array)
        v.number /= n;
    for (uint32_t i = 0; v.array && i < rest; i++)
        v.array->v[i] /= n;
    return v;
}

static struct value call_min(const struct call *c)
{
    return reduce(c, f_min, V_NUMBER);
}

static struct value call_max(const struct call *c)
{
    return reduce(c, f_max, V_NUMBER);
}

static bool need_booleans(const struct call *c)
{
    if (c->arg[0].kind == V_BOOL)
        return true;
    struct elab *el = c->env->el;
    diag_add(el->u->diags, E0302, c->from[0]->span, "`%s` takes booleans; `%s` is %s",
             c->e->name.text, quote(el, c->from[0]->span, "this"), shape_string(el, &c->arg[0]));
    return false;
}

static struct value call_any(const struct call *c)
{
    return need_booleans(c) ? reduce(c, f_or, V_BOOL) : poison();
}

static struct value call_all(const struct call *c)
{
    return need_booleans(c) ? reduce(c, f_and, V_BOOL) : poison();
}

/* ---- shapes ---- */

/* Extents from the arguments from `first` on: each one a number, or one array of them. */
static bool shape_args(const struct call *c, uint32_t first, struct shape *out)
{
    struct diags *d = c->env->el->u->diags;
    *out = (struct shape){0};
    for (uint32_t i = first; i < c->n; i++) {
        const struct value *v = &c->arg[i];
        if (!check_dim(c->env, v, DIM_ONE, "an extent", c->from[i]))
            return false;
        uint32_t n = v->array ? v->array->n : 1;
        if (n > VALUE_MAX_RANK - out->rank) {
            diag_add(d, E0303, c->from[i]->span, "an array has at most %d dimensions",
                     VALUE_MAX_RANK);
            return false;
        }
        for (uint32_t k = 0; k < n; k++) {
            double x = value_at(v, k);
            if (!(x >= 1 && x <= VALUE_MAX_EXTENT && x == floor(x))) {
                diag_add(d, E0306, c->from[i]->span, "an extent is a whole number from 1 to %d",
                         VALUE_MAX_EXTENT);
                return false;
            }
            out->extent[out->rank++] = (uint32_t)x;
        }
    }
    return true;
}

static struct value call_shape(const struct call *c)
{
    if (!need_array(c, 0))
        return poison();
    const struct shape *s = &c->arg[0].array->shape;
    struct array *r = array_new(c->env->arena, &(struct shape){1, {s->rank}});
    if (!r)
        return no_memory(c->env, c->e->span);
    for (uint32_t d = 0; d < s->rank; d++)
        r->v[d] = s->extent[d];
    return value_of_array(V_NUMBER, DIM_ONE, r);
}

static struct value call_transpose(const struct call *c)
{
    if (!need_array(c, 0))
        return poison();
    const struct array *a = c->arg[0].array;
    struct shape s = {.rank = a->shape.rank};
    uint32_t step[VALUE_MAX_RANK], index[VALUE_MAX_RANK] = {0}, n = 1, at = 0;
    for (uint32_t d = a->shape.rank; d-- > 0;) {
        uint32_t to = a->shape.rank - 1 - d;
        s.extent[to] = a->shape.extent[d];
        step[to] = n;
        n *= a->shape.extent[d];
    }
    struct array *r = array_new(c->env->arena, &s);
    if (!r)
        return no_memory(c->env, c->e->span);
    for (uint32_t i = 0; i < r->n; i++) {
        r->v[i] = a->v[at];
        for (uint32_t d = s.rank; d-- > 0;) {
            at += step[d];
            if (++index[d] < s.extent[d])
                break;
            at -= step[d] * s.extent[d];
            index[d] = 0;
        }
    }
    return value_of_array(c->arg[0].kind, c->arg[0].dim, r);
}

static struct value call_reshape(const struct call *c)
{
    struct shape s;
    if (!need_array(c, 0) || !shape_args(c, 1, &s))
        return poison();
    const struct array *a = c->arg[0].array;
    if (shape_count(&s) != a->n) {
        struct buf b = {0};
        shape_text(&b, &s);
        diag_add(c->env->el->u->diags, E0303, c->e->span, "%u elements of %s don't fill %s", a->n,
                 shape_string(c->env->el, &c->arg[0]), b.data);
        buf_free(&b);
        return poison();
    }
    struct array *r = ARENA_NEW(c->env->arena, struct array);
    *r = (struct array){s, a->n, a->v};
    return value_of_array(c->arg[0].kind, c->arg[0].dim, r);
}

static struct value filled(const struct call *c, double x)
{
    struct shape s;
    if (!shape_args(c, 0, &s))
        return poison();
    struct array *r = array_new(c->env->arena, &s);
    if (!r)
        return no_memory(c->env, c->e->span);
    for (uint32_t i = 0; x != 0 && i < r->n; i++)
        r->v[i] = x;
    return value_of_array(V_NUMBER, DIM_ONE, r);
}

static struct value call_zeros(const struct call *c)
{
    return filled(c, 0);
}

static struct value call_ones(const struct call *c)
{
    return filled(c, 1);
}

static struct value call_eye(const struct call *c)
{
    struct value v = filled(c, 0);
    if (v.kind == V_POISON)
        return v;
    struct shape s = v.array->shape;
    if (s.rank == 1) {
        s = (struct shape){2, {s.extent[0], s.extent[0]}};
        v.array = array_new(c->env->arena, &s);
        if (!v.array)
            return no_memory(c->env, c->e->span);
    }
    for (uint32_t i = 0; i < s.extent[0] && i < s.extent[1]; i++)
        v.array->v[(size_t)i * s.extent[1] + i] = 1;
    return v;
}

/* Whether argument i goes on from argument 0 along the axis. */
static bool continues(const struct call *c, uint32_t i, uint32_t axis)
{
    const struct value *a = &c->arg[0], *b = &c->arg[i];
    struct elab *el = c->env->el;
    if (!need_array(c, i))
        return false;
    if (a->kind != b->kind) {
        diag_add(el->u->diags, E0302, c->from[i]->span,
                 "`concat` takes numbers or booleans, not both");
        return false;
    }
    struct shape x = a->array->shape, y = b->array->shape;
    x.extent[axis] = y.extent[axis] = 1;
    if (!shape_eq(&x, &y)) {
        diag_add(el->u->diags, E0303, c->from[i]->span, "%s can't go on from %s along axis %u",
                 shape_string(el, b), shape_string(el, a), axis);
        return false;
    }
    return a->kind == V_BOOL || check_dim(c->env, b, a->dim, "the array before", c->from[i]);
}

static struct value call_concat(const struct call *c)
{
    double along = 0;
    if (!need_array(c, 0))
        return poison();
    struct shape s = c->arg[0].array->shape;
    if (c->axis && !eval_whole(c->env, c->axis, 0, s.rank - 1, "`axis`", &along))
        return poison();
    uint32_t axis = (uint32_t)along, outer = 1;
    uint64_t total = 0;
    struct value out = c->arg[0];
    for (uint32_t i = 0; i < c->n; i++) {
        if (!continues(c, i, axis))
            return poison();
        total += c->arg[i].array->shape.extent[axis];
        if (out.dim.any)
            out.dim = c->arg[i].dim;
    }
    if (total > VALUE_MAX_EXTENT)
        return no_memory(c->env, c->e->span);
    for (uint32_t d = 0; d < axis; d++)
        outer *= s.extent[d];
    s.extent[axis] = (uint32_t)total;
    struct array *r = array_new(c->env->arena, &s);
    if (!r)
        return no_memory(c->env, c->e->span);
    double *to = r->v;
    for (uint32_t o = 0; o < outer; o++) {
        for (uint32_t i = 0; i < c->n; i++) {
            size_t n = c->arg[i].array->n / outer;
            memcpy(to, c->arg[i].array->v + o * n, n * sizeof *to);
            to += n;
        }
    }
    out.array = r;
    return out;
}

static struct value call_load(const struct call *c)
{
    for (uint32_t i = 0; i < c->n; i++) {
        if (c->arg[i].kind == V_STRING)
            continue;
        diag_add(c->env->el->u->diags, E0302, c->from[i]->span,
                 "`load` takes the names of a file and of a member, as strings");
        return poison();
    }
    return load_array(c->env, c->arg[0].string, c->n > 1 ? c->arg[1].string : NULL, c->e);
}

/* ---- the table ---- */

static const struct function functions[] = {
    {.name = "abs", .min = 1, .max = 1, .op = {"abs", f_abs, RULE_KEEP, 1}},
    {.name = "floor", .min = 1, .max = 1, .op = {"floor", f_floor, RULE_PLAIN, 1}},
    {.name = "ceil", .min = 1, .max = 1, .op = {"ceil", f_ceil, RULE_PLAIN, 1}},
    {.name = "round", .min = 1, .max = 1, .op = {"round", f_round, RULE_PLAIN, 1}},
    {.name = "trunc", .min = 1, .max = 1, .op = {"trunc", f_trunc, RULE_PLAIN, 1}},
    {.name = "sqrt", .min = 1, .max = 1, .op = {"sqrt", f_sqrt, RULE_SQRT, 1}},
    {.name = "exp", .min = 1, .max = 1, .op = {"exp", f_exp, RULE_PLAIN, 1}},
    {.name = "log", .min = 1, .max = 1, .op = {"log", f_log, RULE_PLAIN, 1}},
    {.name = "sin", .min = 1, .max = 1, .op = {"sin", f_sin, RULE_PLAIN, 1}},
    {.name = "cos", .min = 1, .max = 1, .op = {"cos", f_cos, RULE_PLAIN, 1}},
    {.name = "tanh", .min = 1, .max = 1, .op = {"tanh", f_tanh, RULE_PLAIN, 1}},
    {.name = "min",
     .min = 1,
     .max = 2,
     .op = {"min", f_min, RULE_SAME, 2},
     .call = call_min,
     .axis = true},
    {.name = "max",
     .min = 1,
     .max = 2,
     .op = {"max", f_max, RULE_SAME, 2},
     .call = call_max,
     .axis = true},
    {.name = "mod", .min = 2, .max = 2, .op = {"mod", f_mod, RULE_SAME, 2}},
    {.name = "fma", .min = 3, .max = 3, .op = {"fma", f_fma, RULE_FMA, 3}},
    {.name = "sum", .min = 1, .max = 1, .call = call_sum, .axis = true},
    {.name = "mean", .min = 1, .max = 1, .call = call_mean, .axis = true},
    {.name = "any", .min = 1, .max = 1, .call = call_any, .axis = true},
    {.name = "all", .min = 1, .max = 1, .call = call_all, .axis = true},
    {.name = "shape", .min = 1, .max = 1, .call = call_shape},
    {.name = "transpose", .min = 1, .max = 1, .call = call_transpose},
    {.name = "reshape", .min = 2, .max = 1 + VALUE_MAX_RANK, .call = call_reshape},
    {.name = "concat", .min = 1, .max = MAX_ARGS, .call = call_concat, .axis = true},
    {.name = "eye", .min = 1, .max = 2, .call = call_eye},
    {.name = "zeros", .min = 1, .max = VALUE_MAX_RANK, .call = call_zeros},
    {.name = "ones", .min = 1, .max = VALUE_MAX_RANK, .call = call_ones},
    {.name = "load", .min = 1, .max = 2, .call = call_load},
};

enum { N_FUNCTIONS = sizeof functions / sizeof *functions };

static const char *const random_names[] = {"uniform", "normal", "bernoulli"};

void functions_init(struct elab *el)
{
    struct unit *u = el->u;
    map64_init(&el->function, u->arena);
    for (uint32_t i = 0; i < N_FUNCTIONS; i++)
        map64_put(&el->function, (uint64_t)(uintptr_t)intern_cstr(&u->names, functions[i].name), i,
                  NULL);
}

bool function_known(const struct elab *el, const char *name)
{
    uint32_t i;
    return map64_get(&el->function, (uint64_t)(uintptr_t)name, &i) || random_known(name);
}

uint32_t function_names(const char **out, uint32_t max)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < N_FUNCTIONS && n < max; i++)
        out[n++] = functions[i].name;
    for (uint32_t i = 0; i < 3 && n < max; i++)
        out[n++] = random_names[i];
    return n;
}

/* ---- calls ---- */

static struct value wrong_count(const struct env *env, const struct ast_expr *e, uint32_t min,
                                uint32_t max, uint32_t n)
{
    struct diags *d = env->el->u->diags;
    if (min == max)
        diag_add(d, E0305, e->span, "`%s` takes %u argument%s, not %u", e->name.text, min,
                 min == 1 ? "" : "s", n);
    else
        diag_add(d, E0305, e->span, "`%s` takes %u to %u arguments, not %u", e->name.text, min, max,
                 n);
    return poison();
}

static struct value call_builtin(const struct env *env, const struct function *f,
                                 const struct ast_expr *e)
{
    struct call c = {.env = env, .e = e};
    const struct ast_arg *positional[MAX_ARGS];
    uint32_t n = 0;
    for (const struct ast_arg *a = e->args; a; a = a->next) {
        bool axis = a->name.text && f->axis && strcmp(a->name.text, "axis") == 0;
        if (axis) {
            c.axis = a->value;
        } else if (a->name.text) {
            diag_add(env->el->u->diags, E0205, a->name.span, "`%s` has no parameter `%s`",
                     e->name.text, a->name.text);
            return poison();
        } else {
            if (n < MAX_ARGS)
                positional[n] = a;
            n++;
        }
    }
    if (n < f->min || n > f->max)
        return wrong_count(env, e, f->min, f->max, n);
    bool elementwise = f->op.fn && n == f->op.n;
    bool good = true;
    for (c.n = 0; c.n < n; c.n++) {
        c.from[c.n] = positional[c.n]->value;
        c.arg[c.n] = elementwise ? eval(env, c.from[c.n]) : eval_known(env, c.from[c.n]);
        good = good && c.arg[c.n].kind != V_POISON;
    }
    if (!good)
        return poison();
    return elementwise ? apply(env, &f->op, c.arg, c.from, e) : f->call(&c);
}

static int param_index(const struct ast_fn *fn, const char *name)
{
    int i = 0;
    for (const struct ast_param *p = fn->params; p; p = p->next, i++)
        if (p->name.text == name)
            return i;
    return -1;
}

/* Puts the arguments where their parameters are; false if reported. */
static bool match_args(const struct env *env, const struct def *f, const struct ast_expr *e,
                       struct local *local, bool *given, uint32_t n)
{
    struct diags *d = env->el->u->diags;
    struct env unshaped = *env;
    unshaped.want = &want_none;
    uint32_t position = 0;
    bool good = true;
    for (const struct ast_arg *a = e->args; a; a = a->next) {
        int i = a->name.text ? param_index(f->fn, a->name.text) : (int)position++;
        struct value v = eval(&unshaped, a->value);
        if (i < 0 || i >= (int)n) {
            struct diag *g =
                i < 0 ? diag_add(d, E0205, a->name.span, "`%s` has no parameter `%s`", f->name.text,
                                 a->name.text)
                      : diag_add(d, E0305, a->value ? a->value->span : e->span,
                                 "`%s` takes %u argument%s", f->name.text, n, n == 1 ? "" : "s");
            diag_label(d, g, f->name.span, "declared here");
            good = false;
        } else if (given[i]) {
            diag_add(d, E0305, a->name.span, "`%s` is given twice", a->name.text);
            good = false;
        } else {
            local[i].value = v;
            given[i] = true;
        }
    }
    return good;
}

static struct value call_defined(const struct env *env, const struct def *f,
                                 const struct ast_expr *e)
{
    enum { FEW = 8 };
    struct local few[FEW], *local = few;
    bool few_given[FEW] = {false}, *given = few_given;
    uint32_t n = 0;
    if (f->cyclic)
        return poison();
    for (const struct ast_param *q = f->fn->params; q; q = q->next)
        n++;
    if (n > FEW) {
        local = ARENA_ARRAY(env->arena, struct local, n);
        given = ARENA_ARRAY(env->arena, bool, n);
    }
    if (!match_args(env, f, e, local, given, n))
        return poison();
    struct env inner = *env;
    inner.scope = f->scope;
    inner.local = NULL;
    const struct ast_param *p = f->fn->params;
    for (uint32_t i = 0; i < n; i++, p = p->next) {
        if (!given[i] && !p->value) {
            struct diag *g =
                diag_add(env->el->u->diags, E0305, e->span, "`%s` needs an argument for `%s`",
                         f->name.text, p->name.text);
            diag_label(env->el->u->diags, g, p->name.span, "declared here");
            return poison();
        }
        if (!given[i])
            local[i].value = eval(&inner, p->value);
        if (local[i].value.kind == V_POISON)
            return poison();
        local[i].name = p->name;
        local[i].next = inner.local;
        inner.local = &local[i];
    }
    return eval(&inner, f->fn->body);
}

struct value call_function(const struct env *env, const struct ast_expr *e)
{
    const struct def *f = scope_find(env->scope, e->name.text, SPACE_VALUE);
    uint32_t i;
    if (f)
        return f->kind == DEF_FN ? call_defined(env, f, e) : poison();
    if (map64_get(&env->el->function, (uint64_t)(uintptr_t)e->name.text, &i))
        return call_builtin(env, &functions[i], e);
    return random_known(e->name.text) ? eval_random(env, e, NULL, e) : poison();
}
