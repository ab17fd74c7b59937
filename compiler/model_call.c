/* Calls: functions of the language become nodes, functions of the user are expanded in place. An
 * argument is resolved once, where the call stands; its second use takes a copy of the tree. */
#include "compiler/model_check.h"

static const struct {
    const char *name;
    enum model_op op;
} functions[] = {
    {"abs", M_ABS},     {"min", M_MIN},     {"max", M_MAX},     {"exp", M_EXP},
    {"log", M_LOG},     {"sqrt", M_SQRT},   {"floor", M_FLOOR}, {"ceil", M_CEIL},
    {"round", M_ROUND}, {"trunc", M_TRUNC}, {"mod", M_MOD},     {"fma", M_FMA},
    {"sin", M_SIN},     {"cos", M_COS},     {"tanh", M_TANH},   {"random", M_RANDOM},
};

/* Functions of the language that make or take arrays. */
static const char *const array_functions[] = {
    "sum", "mean",  "any",  "all",     "shape",  "transpose", "reshape", "concat",
    "eye", "zeros", "ones", "uniform", "normal", "bernoulli", "load",
};

#define COUNT(x) (sizeof(x) / sizeof *(x))

uint32_t mc_function_names(const char **out)
{
    for (uint32_t i = 0; i < COUNT(functions); i++)
        out[i] = functions[i].name;
    return COUNT(functions);
}

static uint32_t count_args(const struct ast_arg *a)
{
    uint32_t n = 0;
    for (; a; a = a->next)
        n++;
    return n;
}

static uint32_t call_builtin(struct checker *c, const struct context *x, const struct ast_expr *e,
                             enum model_op op)
{
    uint32_t want = model_operands(op), have = count_args(e->args), node[3] = {0, 0, 0}, i = 0;
    if (have != want) {
        mc_complain(c, E0305, e->span, "`%s` takes %u argument%s, not %u", e->name.text, want,
                    want == 1 ? "" : "s", have);
        return MODEL_NONE;
    }
    if (op == M_RANDOM && x->where != IN_STEP)
        return mc_misplaced(c, e->name, NULL,
                            "draws a number in each step: it is known in `step` only", NULL);
    const char *what = arena_printf(c->scratch, "`%s` takes", e->name.text);
    bool good = true;
    for (const struct ast_arg *a = e->args; a; a = a->next, i++) {
        if (a->name.text)
            mc_complain(c, E0305, a->name.span, "the arguments of `%s` have no names",
                        e->name.text);
        node[i] = mc_typed(c, x, a->value, false, what);
        good = good && node[i] != MODEL_NONE;
    }
    struct model_expr out = {
        .op = (uint8_t)op, .a = node[0], .b = node[1], .c = node[2], .span = e->span};
    return good ? mc_add_node(c, x, out) : MODEL_NONE;
}

static int find_arg(const struct frame *f, const char *name)
{
    for (uint32_t i = 0; i < f->n; i++) {
        if (strcmp(f->arg[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

/* Gives the call's arguments, resolved where the call stands, to the function's parameters. */
static bool bind_args(struct checker *c, const struct context *x, const struct ast_expr *e,
                      struct frame *f, bool *given)
{
    uint32_t position = 0;
    bool good = true;
    for (const struct ast_arg *a = e->args; a; a = a->next) {
        uint32_t node = mc_expr(c, x, a->value);
        int i = a->name.text ? find_arg(f, a->name.text) : (int)position++;
        struct diag *g = NULL;
        if (i < 0)
            g = mc_complain(c, E0205, a->name.span, "`%s` has no parameter `%s`", e->name.text,
                            a->name.text);
        else if ((uint32_t)i >= f->n)
            g = mc_complain(c, E0305, a->value->span, "`%s` takes %u argument%s", e->name.text,
                            f->n, f->n == 1 ? "" : "s");
        else if (given[i])
            g = mc_complain(c, E0305, a->value->span, "`%s` is given twice", f->arg[i].name);
        if (g) {
            diag_label(c->d, g, f->fn->name.span, "declared here");
            good = false;
            continue;
        }
        given[i] = true;
        f->arg[i].node = node;
    }
    return good;
}

/* The defaults of parameters that weren't given; they see the parameters before them. */
static bool bind_defaults(struct checker *c, const struct context *inner, const struct ast_expr *e,
                          struct frame *f, const bool *given)
{
    uint32_t i = 0;
    for (const struct ast_param *p = f->fn->params; p; p = p->next, i++) {
        f->n = i;
        if (!given[i] && !p->value) {
            struct diag *g =
                mc_complain(c, E0305, e->span, "`%s` needs `%s`", e->name.text, p->name.text);
            diag_label(c->d, g, f->fn->name.span, "declared here");
            return false;
        }
        if (!given[i])
            f->arg[i].node = mc_expr(c, inner, p->value);
    }
    f->n = i;
    return true;
}

/* "`f` -> `g` -> ": from the outer frame to the inner one. */
static void put_chain(struct buf *out, const struct frame *inner, const struct frame *outer)
{
    if (inner != outer)
        put_chain(out, inner->caller, outer);
    buf_printf(out, "`%s` -> ", inner->fn->name.text);
}

static bool calls_itself(struct checker *c, const struct context *x, const struct ast_expr *e,
                         const struct ast_fn *fn)
{
    const struct frame *f = x->frame;
    while (f && f->fn != fn)
        f = f->caller;
    if (!f)
        return false;
    struct buf text = {0};
    put_chain(&text, x->frame, f);
    struct diag *g = mc_complain(c, E0206, e->span, "`%s` calls itself: %s`%s`", fn->name.text,
                                 text.data, fn->name.text);
    diag_label(c->d, g, fn->name.span, "declared here");
    buf_free(&text);
    return true;
}

static struct frame frame_of(struct checker *c, const struct context *x, const struct ast_fn *fn,
                             struct span call)
{
    uint32_t n = 0;
    for (const struct ast_param *p = fn->params; p; p = p->next)
        n++;
    struct frame f = {fn, call, x->frame, ARENA_ARRAY(c->scratch, struct frame_arg, n), n};
    n = 0;
    for (const struct ast_param *p = fn->params; p; p = p->next)
        f.arg[n++] = (struct frame_arg){p->name.text, MODEL_NONE, false};
    return f;
}

static uint32_t call_function(struct checker *c, const struct context *x, const struct ast_expr *e,
                              const struct ast_fn *fn, const struct model_scope *scope,
                              bool in_neuron)
{
    if (calls_itself(c, x, e, fn))
        return MODEL_NONE;
    struct frame f = frame_of(c, x, fn, x->frame ? x->frame->call : e->span);
    bool *given = ARENA_ARRAY(c->scratch, bool, f.n);
    struct context inner = {x->where, x->lets, &f, scope, in_neuron};
    if (!bind_args(c, x, e, &f, given) || !bind_defaults(c, &inner, e, &f, given))
        return MODEL_NONE;
    return mc_expr(c, &inner, fn->body);
}

void mc_check_function(struct checker *c, const struct context *x, const struct ast_fn *fn)
{
    struct frame f = frame_of(c, x, fn, (struct span){0});
    struct context inner = {x->where, x->lets, &f, x->scope, x->in_neuron};
    uint32_t i = 0;
    for (const struct ast_param *p = fn->params; p; p = p->next) {
        f.n = i++;
        if (p->value)
            mc_expr(c, &inner, p->value);
    }
    f.n = i;
    mc_expr(c, &inner, fn->body);
}

uint32_t mc_call(struct checker *c, const struct context *x, const struct ast_expr *e)
{
    const char *name = e->name.text;
    if (e->binders) {
        mc_complain(c, E0302, e->span, "a neuron's values are single numbers: no `=>` here");
        return MODEL_NONE;
    }
    const struct symbol *s = x->in_neuron ? mc_find_symbol(c, name) : NULL;
    if (s && s->kind == SYMBOL_FN)
        return call_function(c, x, e, s->item->fn, c->scope, true);
    if (s)
        return mc_misplaced(c, e->name, s, "isn't a function", NULL);
    struct model_scope scope = *x->scope;
    const struct ast_fn *fn = x->scope->function(x->scope->arg, name, &scope);
    if (fn)
        return call_function(c, x, e, fn, &scope, false);
    for (uint32_t i = 0; i < COUNT(functions); i++) {
        if (strcmp(functions[i].name, name) == 0)
            return call_builtin(c, x, e, functions[i].op);
    }
    for (uint32_t i = 0; i < COUNT(array_functions); i++) {
        if (strcmp(array_functions[i], name) != 0)
            continue;
        struct diag *g = mc_complain(c, E0302, e->span,
                                     "a neuron's values are single numbers: no `%s` here", name);
        diag_hint(c->d, g, "arrays are given to parameters in the network's layer");
        return MODEL_NONE;
    }
    if (x->scope->excuses(x->scope->arg, name)) {
        c->failed = true;
        return MODEL_NONE;
    }
    struct diag *g = mc_complain(c, E0201, e->name.span, "unknown function `%s`", name);
    mc_hint_name(c, x, g, name);
    return MODEL_NONE;
}
