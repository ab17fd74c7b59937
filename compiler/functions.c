#include "compiler/functions.h"
#include <math.h>

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
double f_min(const double *x)
{
    return x[0] < x[1] ? x[0] : x[1];
}
double f_max(const double *x)
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

static void wrong_count(const struct env *env, const struct ast_expr *e, uint32_t min, uint32_t max,
                        uint32_t n)
{
    struct diags *d = env->el->u->diags;
    if (min == max)
        diag_add(d, E0305, e->span, "`%s` takes %u argument%s, not %u", e->name.text, min,
                 min == 1 ? "" : "s", n);
    else
        diag_add(d, E0305, e->span, "`%s` takes %u to %u arguments, not %u", e->name.text, min, max,
                 n);
}

/* Sorts the arguments: positional ones into `from` (as many as there is room for), the axis. False
 * if reported. */
static bool read_args(const struct env *env, const struct function *f, const struct ast_expr *e,
                      const struct ast_expr **from, uint32_t *n, const struct ast_expr **axis)
{
    *n = 0;
    *axis = NULL;
    for (const struct ast_arg *a = e->args; a; a = a->next) {
        if (!a->name.text) {
            if (*n < MAX_ARGS)
                from[*n] = a->value;
            ++*n;
        } else if (f->axis && strcmp(a->name.text, "axis") == 0) {
            *axis = a->value;
        } else {
            diag_add(env->el->u->diags, E0205, a->name.span, "`%s` has no parameter `%s`",
                     e->name.text, a->name.text);
            return false;
        }
    }
    if (*n < f->min || *n > f->max) {
        wrong_count(env, e, f->min, f->max, *n);
        return false;
    }
    if (*axis && f->op.fn && *n == f->op.n) {
        struct diag *g = diag_add(env->el->u->diags, E0305, (*axis)->span,
                                  "`%s` of %u values goes element by element: it takes no `axis`",
                                  e->name.text, *n);
        diag_hint(env->el->u->diags, g, "`%s(A, axis = 0)` takes one array", e->name.text);
        return false;
    }
    return true;
}

static void call_array_function(const struct env *env, const struct function *f, struct call *c,
                                struct value *out)
{
    bool good = true;
    for (uint32_t i = 0; i < c->n; i++) {
        c->arg[i] = eval_known(env, c->from[i]);
        good = good && c->arg[i].kind != V_POISON;
    }
    *out = good ? f->call(c) : poison();
    if (f->call == call_shape || f->call == call_load)
        return; /* which look at no elements, or once for all */
    for (uint32_t i = 0; i < c->n; i++)
        env->el->computed += c->arg[i].array ? c->arg[i].array->n : 0;
    env->el->computed += out->array ? out->array->n : 0;
}

static void call_builtin(const struct env *env, const struct function *f, const struct ast_expr *e,
                         struct value *out)
{
    struct call c;
    c.env = env;
    c.e = e;
    *out = poison();
    if (!read_args(env, f, e, c.from, &c.n, &c.axis))
        return;
    if (!f->op.fn || c.n != f->op.n) {
        call_array_function(env, f, &c, out);
        return;
    }
    for (uint32_t i = 0; i < c.n; i++)
        eval_to(env, c.from[i], &c.arg[i]);
    apply(env, &f->op, c.arg, c.from, e, out);
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

static void call_defined(const struct env *env, const struct def *f, const struct ast_expr *e,
                         struct value *out)
{
    enum { FEW = 8 };
    struct local few[FEW], *local = few;
    bool few_given[FEW] = {false}, *given = few_given;
    uint32_t n = 0;
    *out = poison();
    if (f->cyclic)
        return;
    for (const struct ast_param *q = f->fn->params; q; q = q->next)
        n++;
    if (n > FEW) {
        local = ARENA_ARRAY(env->arena, struct local, n);
        given = ARENA_ARRAY(env->arena, bool, n);
    }
    if (!match_args(env, f, e, local, given, n))
        return;
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
            return;
        }
        if (!given[i])
            local[i].value = eval(&inner, p->value);
        if (local[i].value.kind == V_POISON)
            return;
        local[i].name = p->name;
        local[i].next = inner.local;
        inner.local = &local[i];
    }
    eval_to(&inner, f->fn->body, out);
}

void call_function(const struct env *env, const struct ast_expr *e, struct value *out)
{
    const struct def *f = scope_find(env->scope, e->name.text, SPACE_VALUE);
    uint32_t i;
    *out = poison(); /* what isn't a function: reported by resolve.c */
    if (e->binders)
        return;
    if (f && f->kind == DEF_FN)
        call_defined(env, f, e, out);
    else if (!f && map64_get(&env->el->function, (uint64_t)(uintptr_t)e->name.text, &i))
        call_builtin(env, &functions[i], e, out);
    else if (!f && random_known(e->name.text))
        *out = eval_random(env, e, NULL, e);
}
