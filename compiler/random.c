#include "compiler/elab.h"
#include "runtime/base/rng.h"

/* An expression that has to wait for its shape, and what it sees. */
struct random {
    struct env env;
    const struct ast_expr *e;
};

static double r_uniform(const double *x)
{
    return x[1] + x[0] * (x[2] - x[1]);
}
static double r_normal(const double *x)
{
    return x[1] + x[0] * x[2];
}
static double r_bernoulli(const double *x)
{
    return x[0] < x[1];
}

static const struct distribution {
    const char *name;
    double (*draw)(uint64_t seed, uint64_t index);
    struct op op; /* of the draw and the arguments */
} distributions[] = {
    {"uniform", rng_uniform, {"uniform", r_uniform, RULE_SAME, 3}},
    {"normal", rng_normal, {"normal", r_normal, RULE_SAME, 3}},
    {"bernoulli", rng_uniform, {"bernoulli", r_bernoulli, RULE_PLAIN, 2}},
};

static const struct distribution *find(const char *name)
{
    for (size_t i = 0; i < sizeof distributions / sizeof *distributions; i++)
        if (name && strcmp(distributions[i].name, name) == 0)
            return &distributions[i];
    return NULL;
}

bool random_known(const char *name)
{
    return find(name) != NULL;
}

/* Locals stand on the stack of whoever evaluates. */
static const struct local *keep_locals(struct arena *a, const struct local *l)
{
    const struct local *first = NULL, **end = &first;
    for (; l; l = l->next) {
        struct local *copy = ARENA_NEW(a, struct local);
        *copy = *l;
        *end = copy;
        end = &copy->next;
    }
    return first;
}

struct value random_later(const struct env *env, const struct ast_expr *e)
{
    struct random *r = ARENA_NEW(env->arena, struct random);
    *r = (struct random){*env, e};
    r->env.local = keep_locals(env->arena, env->local);
    return (struct value){.kind = V_RANDOM, .random = r};
}

struct value random_settle(const struct env *env, struct value v, const struct want *want)
{
    if (v.kind != V_RANDOM || want->kind == WANT_NONE)
        return v;
    struct env own = v.random->env;
    own.arena = env->arena;
    own.want = want;
    return eval(&own, v.random->e);
}

bool random_seed(const struct env *env, const struct ast_expr *seed, uint64_t *out)
{
    double x = 0;
    if (seed && !eval_whole(env, seed, 0, 9007199254740992.0, "a seed", &x))
        return false;
    *out = (uint64_t)x;
    return true;
}

/* The numbers themselves, before they are scaled. */
static struct value draws(const struct env *env, const struct distribution *f, uint64_t seed,
                          const struct ast_expr *e)
{
    if (env->want->kind == WANT_ELEMENT)
        return value_number(f->draw(seed, env->want->index));
    struct array *a = array_new(env->arena, &env->want->shape);
    if (!a)
        return no_memory(env, e->span);
    for (uint32_t i = 0; i < a->n; i++)
        a->v[i] = f->draw(seed, i);
    if (a->shape.rank == 0)
        return value_number(a->v[0]);
    return value_of_array(V_NUMBER, DIM_ONE, a);
}

/* Whether single values are arguments that a distribution can have: bounds in order, no negative
 * deviation, a probability. `k`: the argument in hand, from 1. */
static bool in_range(const struct env *env, const struct distribution *f,
                     const struct ast_expr *call, const struct value *v, uint32_t k)
{
    struct diags *d = env->el->u->diags;
    const struct ast_expr *e = call->args->value;
    if (v[k].kind != V_NUMBER || v[k].array)
        return true;
    if (f->draw == rng_normal && k == 2 && v[2].number < 0) {
        diag_add(d, E0306, call->args->next->value->span, "a standard deviation is 0 or more");
        return false;
    }
    if (f->op.fn == r_bernoulli && !(v[1].number >= 0 && v[1].number <= 1)) {
        struct diag *g =
            diag_add(d, E0306, e->span, "a probability is from 0 to 1, not %g", v[1].number);
        diag_hint(d, g, "`bernoulli(20 %%)` is 1 in 5");
        return false;
    }
    if (f->op.fn == r_uniform && k == 2 && v[1].kind == V_NUMBER && !v[1].array &&
        dim_eq(v[1].dim, v[2].dim) && v[1].number > v[2].number) {
        const struct ast_expr *hi = call->args->next->value;
        const char *a = quote(env->el, e->span, NULL), *b = quote(env->el, hi->span, NULL);
        struct span both = {e->span.file, e->span.begin, hi->span.end};
        struct diag *g =
            diag_add(d, E0306, both, "the lower bound of `uniform` is above the upper");
        if (a && b) {
            diag_hint(d, g, "the lower one stands first: `uniform(%s, %s)`", b, a);
            diag_edit(d, g, both, "%s, %s", b, a);
        }
        return false;
    }
    return true;
}

struct value eval_random(const struct env *env, const struct ast_expr *call,
                         const struct ast_expr *seed, const struct ast_expr *whole)
{
    struct diags *d = env->el->u->diags;
    const struct distribution *f = call->kind == AST_CALL ? find(call->name.text) : NULL;
    uint64_t s;
    if (!f || scope_find(env->scope, call->name.text, SPACE_VALUE)) {
        diag_add(d, E0305, whole->span, "a seed belongs to uniform, normal or bernoulli");
        return poison();
    }
    if (env->want->kind == WANT_NONE)
        return random_later(env, whole);
    uint32_t n = 0;
    for (const struct ast_arg *a = call->args; a; a = a->next, n++) {
        if (a->name.text) {
            struct diag *g = diag_add(d, E0205, a->name.span, "`%s` has no parameter `%s`", f->name,
                                      a->name.text);
            if (strcmp(a->name.text, "seed") == 0)
                diag_hint(d, g, "a seed follows: `%s(...) seed 3`", f->name);
            return poison();
        }
    }
    if (n + 1 != f->op.n) {
        diag_add(d, E0305, call->span, "`%s` takes %u argument%s, not %u", f->name, f->op.n - 1,
                 f->op.n == 2 ? "" : "s", n);
        return poison();
    }
    if (!random_seed(env, seed, &s))
        return poison();
    struct value v[VALUE_MAX_ARGS] = {draws(env, f, s, whole), {0}, {0}};
    const struct ast_expr *from[VALUE_MAX_ARGS] = {whole};
    struct shape shape = value_shape(&v[0]);
    uint32_t k = 1;
    for (const struct ast_arg *a = call->args; a; a = a->next, k++) {
        from[k] = a->value;
        v[k] = eval(env, a->value);
    }
    for (k = 1; k < f->op.n; k++)
        if (!in_range(env, f, call, v, k))
            return poison();
    struct value out;
    apply(env, &f->op, v, from, whole, &out);
    struct shape got = value_shape(&out);
    if (out.kind == V_POISON || shape_eq(&shape, &got))
        return out;
    struct value wanted = {.array = &(struct array){.shape = shape}};
    diag_add(d, E0303, whole->span, "the arguments of `%s` are %s, the place needs %s", f->name,
             shape_string(env->el, &out), shape_string(env->el, &wanted));
    return poison();
}
