#include "compiler/model_check.h"

#include "compiler/foreign.h"
#include <math.h>

enum {
    MAX_DEPTH = 4000,    /* of nested expressions, functions expanded */
    MAX_WORK = 1 << 20,  /* syntax nodes visited, functions expanded */
    MAX_CANDIDATES = 256 /* names looked through for "did you mean" */
};

/* ---- nodes ---- */

static void give_up(struct checker *c, struct span at, enum diag_code code, const char *why)
{
    if (!c->gave_up)
        mc_complain(c, code, at, "%s once its functions are expanded", why);
    c->gave_up = true;
}

uint32_t mc_add_node(struct checker *c, const struct context *x, struct model_expr e)
{
    if (c->m->expr.n == MODEL_MAX_EXPRS) {
        give_up(c, c->m->span, E0404, "the neuron has more than 32768 operations");
        return MODEL_NONE;
    }
    struct note note = {.call = x->frame ? x->frame->call : (struct span){0}};
    const uint32_t operand[3] = {e.a, e.b, e.c};
    for (uint32_t i = 0; i < model_operands((enum model_op)e.op); i++) {
        uint32_t height = c->note.data[operand[i]].height + 1;
        if (height > note.height)
            note.height = height;
    }
    if (note.height > MAX_DEPTH) {
        give_up(c, e.span, E0106, "nested too deeply");
        return MODEL_NONE;
    }
    VEC_PUSH(c->arena, &c->m->expr, e);
    VEC_PUSH(c->scratch, &c->note, note);
    return c->m->expr.n - 1;
}

static uint32_t add_leaf(struct checker *c, const struct context *x, enum model_op op,
                         uint32_t index, bool is_bool, struct span span)
{
    struct model_expr e = {.op = (uint8_t)op, .index = index, .is_bool = is_bool, .span = span};
    return mc_add_node(c, x, e);
}

static uint32_t copy_tree(struct checker *c, const struct context *x, uint32_t node)
{
    struct model_expr e = c->m->expr.data[node];
    uint32_t n = model_operands((enum model_op)e.op);
    if (n > 0)
        e.a = copy_tree(c, x, e.a);
    if (n > 1)
        e.b = copy_tree(c, x, e.b);
    if (n > 2)
        e.c = copy_tree(c, x, e.c);
    if (c->gave_up)
        return MODEL_NONE;
    return mc_add_node(c, x, e);
}

static bool is_bool(const struct checker *c, uint32_t node)
{
    return c->m->expr.data[node].is_bool;
}

/* ---- messages ---- */

const char *mc_symbol_word(const struct checker *c, const struct symbol *s)
{
    static const char *const param[] = {[MODEL_PARAM] = "a parameter",
                                        [MODEL_LAYOUT] = "a layout constant",
                                        [MODEL_BIAS] = "a bias"};
    static const char *const word[] = {
        [SYMBOL_LET] = "a `let`",
        [SYMBOL_RECEPTOR] = "a receptor",
        [SYMBOL_STATE] = "a state",
        [SYMBOL_FN] = "a function",
    };
    return s->kind == SYMBOL_PARAM ? param[c->m->param.data[s->index].kind] : word[s->kind];
}

/* The names that can be meant, with functions or without values. */
static uint32_t candidates(struct checker *c, const struct context *x, const char **out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; x->frame && i < x->frame->n && n < MAX_CANDIDATES / 4; i++)
        out[n++] = x->frame->arg[i].name;
    for (uint32_t i = 0; x->in_neuron && i < c->symbol.n && n < MAX_CANDIDATES / 2; i++)
        out[n++] = c->symbol.data[i].name;
    for (uint32_t i = 0; x->in_neuron && i < c->local.n && n < MAX_CANDIDATES / 2; i++)
        out[n++] = c->local.data[i].name.text;
    if (x->in_neuron) {
        out[n++] = "dt";
        out[n++] = "spikes";
    }
    n += mc_function_names(out + n);
    return n + x->scope->names(x->scope->arg, out + n, MAX_CANDIDATES - n);
}

bool mc_hint_name(struct checker *c, const struct context *x, struct diag *g, const char *name)
{
    const char *names[MAX_CANDIDATES];
    uint32_t n = candidates(c, x, names);
    const char *other, *near = nearest_names(name, names, n, &other), *hint = foreign_hint(name);
    if (hint) {
        diag_hint(c->d, g, "%s", hint);
    } else if (near && other) {
        diag_hint(c->d, g, "did you mean `%s` or `%s`?", near, other);
    } else if (near) {
        diag_hint(c->d, g, "did you mean `%s`?", near);
        diag_edit(c->d, g, g->span, "%s", near);
    }
    return near || hint;
}

bool mc_told(const struct checker *c, const char *name)
{
    for (uint32_t i = 0; i < c->unknown.n; i++)
        if (c->unknown.data[i] == name)
            return true;
    return false;
}

/* A name that is nothing here; constants that are known but aren't single values are told apart. */
static uint32_t unknown(struct checker *c, const struct context *x, struct ast_name name)
{
    const char *names[MAX_CANDIDATES];
    uint32_t n = candidates(c, x, names);
    for (uint32_t i = 0; i < n; i++) {
        if (strcmp(names[i], name.text) == 0) {
            mc_complain(c, E0203, name.span, "`%s` isn't a single value", name.text);
            return MODEL_NONE;
        }
    }
    c->failed = true;
    if (mc_told(c, name.text) || x->scope->excuses(x->scope->arg, name.text))
        return MODEL_NONE;
    struct diag *g = mc_complain(c, E0201, name.span, "unknown name `%s`", name.text);
    if (!mc_hint_name(c, x, g, name.text))
        VEC_PUSH(c->scratch, &c->unknown, name.text);
    return MODEL_NONE;
}

uint32_t mc_misplaced(struct checker *c, struct ast_name name, const struct symbol *s,
                      const char *why, const char *hint)
{
    struct diag *g = mc_complain(c, E0203, name.span, "`%s` %s", name.text, why);
    if (s)
        diag_label(c->d, g, s->span, "declared here");
    if (hint)
        diag_hint(c->d, g, "%s", hint);
    return MODEL_NONE;
}

static uint32_t cycle(struct checker *c, struct ast_name name, const struct symbol *s)
{
    struct buf text = {0};
    const struct symbol *at = s;
    do {
        buf_printf(&text, "`%s` -> ", at->name);
        at = at->waits_for;
    } while (at != s);
    buf_printf(&text, "`%s`", s->name);
    struct diag *g = mc_complain(c, E0206, name.span, "the default of `%s` refers to itself: %s",
                                 s->name, text.data);
    diag_label(c->d, g, s->span, "declared here");
    diag_hint(c->d, g, "give one of them a value of its own");
    buf_free(&text);
    return MODEL_NONE;
}

/* ---- names ---- */

static uint32_t use_param(struct checker *c, const struct context *x, struct ast_name name,
                          struct symbol *s)
{
    if (c->busy)
        c->busy->waits_for = s;
    if (s->stage == SYMBOL_BUSY)
        return cycle(c, name, s);
    mc_resolve_symbol(c, s);
    if (s->bad)
        return MODEL_NONE;
    return add_leaf(c, x, M_PARAM, s->index, c->m->param.data[s->index].is_bool, name.span);
}

static uint32_t use_symbol(struct checker *c, const struct context *x, struct ast_name name,
                           struct symbol *s)
{
    bool body = x->where == IN_STEP || x->where == IN_EVENT;
    switch (s->kind) {
    case SYMBOL_PARAM:
        return use_param(c, x, name, s);
    case SYMBOL_LET:
        if (x->where == IN_DEFAULT)
            return mc_misplaced(c, name, s, "is a `let`: the default of a parameter can't use it",
                                "a default is made of other parameters and constants");
        if (s->index >= x->lets)
            return mc_misplaced(c, name, s, "isn't known yet", "a `let` sees those above it");
        mc_resolve_symbol(c, s);
        if (s->bad)
            return MODEL_NONE;
        return add_leaf(c, x, M_LET, s->index, c->m->let.data[s->index].is_bool, name.span);
    case SYMBOL_RECEPTOR:
        if (x->where != IN_STEP)
            return mc_misplaced(c, name, s, "is what a step receives: it is known in `step` only",
                                x->where == IN_EVENT ? "an event brings its own weight" : NULL);
        mc_resolve_symbol(c, s);
        if (s->bad)
            return MODEL_NONE;
        return add_leaf(c, x, M_RECEIVE, s->index, false, name.span);
    case SYMBOL_STATE:
        if (!body)
            return mc_misplaced(c, name, s, "is a state: it is known in `step` and `on event` only",
                                NULL);
        mc_resolve_symbol(c, s);
        if (s->bad)
            return MODEL_NONE;
        return add_leaf(c, x, M_STATE, s->index, c->m->state.data[s->index].is_bool, name.span);
    default:
        return mc_misplaced(c, name, s, "is a function: its arguments are missing", NULL);
    }
}

static uint32_t use_local(struct checker *c, const struct context *x, struct ast_name name,
                          const struct local *l)
{
    if (l->value == MODEL_NONE)
        return MODEL_NONE;
    uint32_t node = add_leaf(c, x, M_LOCAL, l->index, is_bool(c, l->value), name.span);
    if (node != MODEL_NONE)
        c->m->expr.data[node].a = l->value; /* where model_dims.c finds its dimension */
    return node;
}

static uint32_t use_argument(struct checker *c, const struct context *x, struct frame_arg *a)
{
    if (a->node == MODEL_NONE)
        return MODEL_NONE;
    if (a->used)
        return copy_tree(c, x, a->node);
    a->used = true;
    return a->node;
}

static uint32_t use_constant(struct checker *c, const struct context *x, struct ast_name name)
{
    struct model_expr e = {.op = M_NUMBER, .span = name.span};
    if (!x->scope->constant(x->scope->arg, name.text, &e.number, &e.dim, &e.is_bool))
        return unknown(c, x, name);
    if (e.is_bool)
        e.op = M_BOOLEAN;
    return mc_add_node(c, x, e);
}

static uint32_t resolve_name(struct checker *c, const struct context *x, struct ast_name name)
{
    for (uint32_t i = 0; x->frame && i < x->frame->n; i++) {
        if (strcmp(x->frame->arg[i].name, name.text) == 0)
            return use_argument(c, x, &x->frame->arg[i]);
    }
    if (!x->in_neuron)
        return use_constant(c, x, name);
    for (uint32_t i = c->local.n; !x->frame && i-- > 0;) {
        if (strcmp(c->local.data[i].name.text, name.text) == 0)
            return use_local(c, x, name, &c->local.data[i]);
    }
    if (!x->frame && x->where == IN_EVENT && c->weight && strcmp(c->weight, name.text) == 0)
        return add_leaf(c, x, M_WEIGHT, 0, false, name.span);
    struct symbol *s = mc_find_symbol(c, name.text);
    if (s)
        return use_symbol(c, x, name, s);
    if (strcmp(name.text, "dt") == 0) {
        if (x->where == IN_EVENT)
            return mc_misplaced(c, name, NULL, "is the time step: events have none", NULL);
        return add_leaf(c, x, M_DT, 0, false, name.span);
    }
    if (strcmp(name.text, "spikes") == 0) {
        if (x->where != IN_STEP)
            return mc_misplaced(c, name, NULL,
                                "is the count of the previous step: it is known in `step` only",
                                NULL);
        return add_leaf(c, x, M_SPIKES, 0, false, name.span);
    }
    return use_constant(c, x, name);
}

/* ---- operators ---- */

/* Whether the operand is of the wanted type. */
static bool has_type(struct checker *c, const struct ast_expr *e, uint32_t node, bool wanted,
                     const char *what)
{
    if (is_bool(c, node) == wanted)
        return true;
    struct diag *g =
        mc_complain(c, E0302, e->span, "%s %s, but this is %s", what,
                    wanted ? "true or false" : "a number", wanted ? "a number" : "true or false");
    diag_hint(c->d, g,
              wanted ? "a comparison is, as in `x > 0`"
                     : "as a number it is `if ... then 1 else 0`");
    return false;
}

uint32_t mc_typed(struct checker *c, const struct context *x, const struct ast_expr *e, bool wanted,
                  const char *what)
{
    uint32_t node = mc_expr(c, x, e);
    return node != MODEL_NONE && has_type(c, e, node, wanted, what) ? node : MODEL_NONE;
}

static uint32_t resolve_unary(struct checker *c, const struct context *x, const struct ast_expr *e)
{
    bool logic = e->op == AST_NOT;
    struct model_expr out = {.op = logic ? M_NOT : M_NEG, .is_bool = logic, .span = e->span};
    out.a = mc_typed(c, x, e->a, logic, logic ? "`not` takes" : "`-` takes");
    return out.a == MODEL_NONE ? MODEL_NONE : mc_add_node(c, x, out);
}

static uint32_t resolve_binary(struct checker *c, const struct context *x, const struct ast_expr *e)
{
    static const struct {
        uint8_t op;
        const char *what;
    } table[] = {
        [AST_ADD] = {M_ADD, "`+` takes"},
        [AST_SUB] = {M_SUB, "`-` takes"},
        [AST_MUL] = {M_MUL, "`*` takes"},
        [AST_DIV] = {M_DIV, "`/` takes"},
        [AST_POW] = {M_POW, "`^` takes"},
        [AST_LT] = {M_LT, "`<` takes"},
        [AST_LE] = {M_LE, "`<=` takes"},
        [AST_GT] = {M_GT, "`>` takes"},
        [AST_GE] = {M_GE, "`>=` takes"},
        [AST_EQ] = {M_EQ, "the other side of `==` is"},
        [AST_NE] = {M_NE, "the other side of `!=` is"},
        [AST_AND] = {M_AND, "`and` takes"},
        [AST_OR] = {M_OR, "`or` takes"},
    };
    struct model_expr out = {.op = table[e->op].op, .is_bool = e->op >= AST_LT, .span = e->span};
    out.a = mc_expr(c, x, e->a);
    out.b = mc_expr(c, x, e->b);
    if (out.a == MODEL_NONE || out.b == MODEL_NONE)
        return MODEL_NONE;
    bool wanted = e->op == AST_AND || e->op == AST_OR;
    if (e->op == AST_EQ || e->op == AST_NE)
        wanted = is_bool(c, out.a);
    else if (!has_type(c, e->a, out.a, wanted, table[e->op].what))
        return MODEL_NONE;
    if (!has_type(c, e->b, out.b, wanted, table[e->op].what))
        return MODEL_NONE;
    return mc_add_node(c, x, out);
}

static uint32_t resolve_if(struct checker *c, const struct context *x, const struct ast_expr *e)
{
    struct model_expr out = {.op = M_IF, .span = e->span};
    out.a = mc_typed(c, x, e->a, true, "a condition is");
    out.b = mc_expr(c, x, e->b);
    out.c = mc_expr(c, x, e->c);
    if (out.a == MODEL_NONE || out.b == MODEL_NONE || out.c == MODEL_NONE)
        return MODEL_NONE;
    out.is_bool = is_bool(c, out.b);
    if (!has_type(c, e->c, out.c, out.is_bool, "the other branch is"))
        return MODEL_NONE;
    return mc_add_node(c, x, out);
}

/* ---- expressions ---- */

static uint32_t resolve_kind(struct checker *c, const struct context *x, const struct ast_expr *e)
{
    struct model_expr leaf = {.span = e->span};
    switch (e->kind) {
    case AST_NUMBER:
        if (isnan(e->number)) {
            c->failed = true; /* malformed, which was reported */
            return MODEL_NONE;
        }
        leaf.op = M_NUMBER;
        leaf.number = e->number;
        leaf.dim = e->dim;
        return mc_add_node(c, x, leaf);
    case AST_BOOL:
        leaf.op = M_BOOLEAN;
        leaf.is_bool = true;
        leaf.number = e->boolean;
        return mc_add_node(c, x, leaf);
    case AST_NAME:
        return resolve_name(c, x, e->name);
    case AST_UNARY:
        return resolve_unary(c, x, e);
    case AST_BINARY:
        return resolve_binary(c, x, e);
    case AST_IF:
        return resolve_if(c, x, e);
    case AST_CALL:
        return mc_call(c, x, e);
    default:
        break;
    }
    mc_complain(c, E0302, e->span, "a neuron's values are single numbers or true or false");
    return MODEL_NONE;
}

uint32_t mc_expr(struct checker *c, const struct context *x, const struct ast_expr *e)
{
    if (c->gave_up || !e) {
        c->failed = true; /* no expression: a syntax error has been reported */
        return MODEL_NONE;
    }
    if (c->depth >= MAX_DEPTH) {
        give_up(c, e->span, E0106, "nested too deeply");
        return MODEL_NONE;
    }
    if (++c->work > MAX_WORK) {
        give_up(c, c->m->span, E0404, "the neuron is too large");
        return MODEL_NONE;
    }
    c->depth++;
    uint32_t node = resolve_kind(c, x, e);
    c->depth--;
    return node;
}
