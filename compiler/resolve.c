#include "compiler/elab.h"

/* A definition that is being resolved, and by whom: what a cycle consists of. */
struct visit {
    struct def *def;
    const struct visit *by;
};

struct walk {
    struct elab *el;
    const struct scope *scope;
    const struct local *local; /* names only */
    const struct visit *visit;
};

static void walk_expr(const struct walk *w, const struct ast_expr *e);
static void resolve_def(const struct walk *w, struct def *d, struct span at);

void declare_items(struct arena *a, struct scope *s, const struct ast_net_item *items)
{
    for (const struct ast_net_item *i = items; i; i = i->next) {
        switch (i->kind) {
        case AST_N_LET:
            scope_add(a, s, DEF_LET, i->let->name, i->let);
            break;
        case AST_N_FN:
            scope_add(a, s, DEF_FN, i->fn->name, i->fn);
            break;
        case AST_N_INPUT:
            scope_add(a, s, DEF_INPUT, i->name, i);
            break;
        case AST_N_LAYER:
            scope_add(a, s, DEF_LAYER, i->name, i);
            break;
        case AST_N_PART:
            scope_add(a, s, DEF_PART, i->name, i);
            break;
        default:
            break;
        }
    }
}

void declare_stimulus(struct arena *a, struct scope *s, const struct ast_stimulus *st)
{
    for (const struct ast_stim_item *i = st->items; i; i = i->next)
        if (i->let)
            scope_add(a, s, DEF_LET, i->let->name, i->let);
}

/* Marks what refers to itself, from the newest visit back to `first`. */
static void mark_cycle(const struct walk *w, const struct def *first, struct span at)
{
    struct diags *d = w->el->u->diags;
    struct diag *g = diag_add(d, E0206, first->name.span, "`%s` is defined in terms of itself",
                              first->name.text);
    diag_label(d, g, at, "`%s` is used here", first->name.text);
    for (const struct visit *v = w->visit; v; v = v->by) {
        v->def->cyclic = true;
        map64_put(&w->el->cyclic, (uint64_t)(uintptr_t)v->def->ast, 0, NULL);
        if (v->def == first)
            return;
    }
}

static void walk_name(const struct walk *w, const struct ast_expr *e)
{
    if (!e->name.text)
        return;
    for (const struct local *l = w->local; l; l = l->next)
        if (l->name.text == e->name.text)
            return;
    struct def *d = scope_find(w->scope, e->name.text, SPACE_VALUE);
    if (!d) {
        if (e->name.text != w->el->dt)
            scope_unknown(w->scope, e->name, SPACE_VALUE);
        return;
    }
    if (d->kind == DEF_LET)
        resolve_def(w, d, e->span);
    else if (d->kind != DEF_VALUE)
        scope_unknown(w->scope, e->name, SPACE_VALUE);
}

static void walk_call(const struct walk *w, const struct ast_expr *e)
{
    for (const struct ast_arg *a = e->args; a; a = a->next)
        walk_expr(w, a->value);
    struct diags *d = w->el->u->diags;
    if (e->binders)
        diag_add(d, E0305, e->span, "`=>` stands for weights: only `dense` takes it");
    struct def *f = e->name.text ? scope_find(w->scope, e->name.text, SPACE_VALUE) : NULL;
    if (f && f->kind == DEF_FN) {
        resolve_def(w, f, e->name.span);
    } else if (f) {
        struct diag *g = diag_add(d, E0203, e->name.span, "`%s` is %s, not a function",
                                  e->name.text, def_word(f->kind));
        diag_label(d, g, f->name.span, "declared here");
    } else if (e->name.text && !function_known(w->el, e->name.text) &&
               !scope_excuses(w->scope, e->name.text)) {
        struct diag *g = diag_add(d, E0201, e->name.span, "unknown function `%s`", e->name.text);
        const char *names[256];
        uint32_t n = function_names(names, 128);
        n += scope_names(w->scope, SPACE_VALUE, names + n, 256 - n);
        hint_near(d, g, e->name.text, names, n);
        hint_foreign(w->el->u, g, e->name);
    }
}

/* `body` within names that have values only later, declared in this order. */
static void walk_binders(const struct walk *w, const struct ast_binder *b,
                         const struct ast_expr *body)
{
    struct local *locals = NULL;
    struct arena scratch = {0};
    struct walk inner = *w;
    for (; b; b = b->next) {
        walk_expr(w, b->extent);
        locals = ARENA_NEW(&scratch, struct local);
        *locals = (struct local){.name = b->name, .next = inner.local};
        inner.local = locals;
    }
    walk_expr(&inner, body);
    arena_free(&scratch);
}

/* A dot leads to a member of a value, or, where no value is meant, to the pieces of a part. */
static void walk_member(const struct walk *w, const struct ast_expr *e)
{
    struct def *d =
        e->a && e->a->kind == AST_NAME ? scope_find(w->scope, e->a->name.text, SPACE_VALUE) : NULL;
    for (const struct local *l = w->local; d && l; l = l->next)
        if (l->name.text == e->a->name.text)
            d = NULL;
    if (d && (d->kind == DEF_PART || d->kind == DEF_INPUT || d->kind == DEF_LAYER))
        diag_add(w->el->u->diags, E0203, e->span,
                 "a dot leads to the pieces of a part, which aren't values");
    else
        walk_expr(w, e->a);
}

static void walk_members(const struct walk *w, const struct ast_arg *first)
{
    for (const struct ast_arg *a = first; a; a = a->next) {
        walk_expr(w, a->value);
        for (const struct ast_arg *b = first; b != a; b = b->next)
            if (a->name.text && a->name.text == b->name.text)
                diag_add(w->el->u->diags, E0202, a->name.span, "`%s` is given twice", a->name.text);
    }
}

static void walk_subs(const struct walk *w, const struct ast_sub *s)
{
    for (; s; s = s->next) {
        walk_expr(w, s->lo);
        walk_expr(w, s->hi);
    }
}

static void walk_expr(const struct walk *w, const struct ast_expr *e)
{
    if (!e)
        return;
    if (++w->el->depth > ELAB_MAX_DEPTH) {
        diag_add(w->el->u->diags, E0106, e->span, "definitions refer to each other too deeply");
        w->el->depth--;
        return;
    }
    switch (e->kind) {
    case AST_NAME:
        walk_name(w, e);
        break;
    case AST_MEMBER:
        walk_member(w, e);
        break;
    case AST_MEMBERS:
        walk_members(w, e->args);
        break;
    case AST_CALL:
        walk_call(w, e);
        break;
    case AST_INDEX:
        walk_expr(w, e->a);
        walk_subs(w, e->subs);
        break;
    case AST_RANGES:
        walk_subs(w, e->subs);
        break;
    case AST_ARRAY:
        for (const struct ast_expr *x = e->items; x; x = x->next)
            walk_expr(w, x);
        break;
    case AST_COMPREHENSION:
        walk_binders(w, e->binders, e->a);
        break;
    default:
        walk_expr(w, e->a);
        walk_expr(w, e->b);
        walk_expr(w, e->c);
        break;
    }
    w->el->depth--;
}

/* Defaults see the parameters before them; the body sees all. */
static void walk_fn(const struct walk *w, const struct ast_param *params,
                    const struct ast_expr *body)
{
    struct arena scratch = {0};
    struct walk inner = *w;
    inner.local = NULL;
    for (const struct ast_param *p = params; p; p = p->next) {
        walk_expr(&inner, p->value);
        for (const struct local *l = inner.local; l; l = l->next)
            if (l->name.text == p->name.text && p->name.text)
                diag_add(w->el->u->diags, E0202, p->name.span, "`%s` is declared twice",
                         p->name.text);
        struct local *l = ARENA_NEW(&scratch, struct local);
        *l = (struct local){.name = p->name, .next = inner.local};
        inner.local = l;
    }
    walk_expr(&inner, body);
    arena_free(&scratch);
}

static void walk_assigns(const struct walk *w, const struct ast_assign *as)
{
    for (; as; as = as->next)
        walk_expr(w, as->value);
}

/* The operator of a connection is no function, and `via` names a receptor. */
static void walk_connection(const struct walk *w, const struct ast_net_item *i)
{
    const struct ast_expr *op = i->value;
    for (const struct ast_arg *a = op ? op->args : NULL; a; a = a->next)
        walk_expr(w, a->value);
    if (op && op->binders)
        walk_binders(w, op->binders, op->a);
    for (const struct ast_assign *as = i->assigns; as; as = as->next)
        if (!as->name.text || strcmp(as->name.text, "via") != 0)
            walk_expr(w, as->value);
}

static void walk_item(const struct walk *w, const struct ast_net_item *i)
{
    struct def *d;
    switch (i->kind) {
    case AST_N_LET:
    case AST_N_FN:
        break; /* resolved as definitions */
    case AST_N_PART:
        for (const struct ast_arg *a = i->args; a; a = a->next)
            walk_expr(w, a->value);
        d = i->model.text ? scope_find(w->scope, i->model.text, SPACE_NETWORK) : NULL;
        if (d)
            resolve_def(w, d, i->model.span);
        else if (i->model.text)
            scope_unknown(w->scope, i->model, SPACE_NETWORK);
        break;
    case AST_N_CONNECTION:
        walk_connection(w, i);
        break;
    case AST_N_LAYER:
        if (i->model.text && !scope_find(w->scope, i->model.text, SPACE_NEURON))
            scope_unknown(w->scope, i->model, SPACE_NEURON);
        /* fall through */
    default:
        for (const struct ast_expr *x = i->shape; x; x = x->next)
            walk_expr(w, x);
        walk_expr(w, i->value);
        walk_expr(w, i->seed);
        walk_assigns(w, i->assigns);
        break;
    }
}

static void resolve_scope(const struct walk *w, const struct scope *s)
{
    for (uint32_t i = 0; i < s->def.n; i++)
        if (s->def.data[i]->scope == s)
            resolve_def(w, s->def.data[i], s->def.data[i]->name.span);
}

static void walk_network(const struct walk *w, const struct ast_network *n)
{
    struct arena scratch = {0};
    struct walk inner = *w;
    struct scope *s = scope_new(w->el, &scratch, NULL);
    s->parent = (struct scope *)w->scope;
    s->incomplete = n->nameless;
    inner.scope = s;
    inner.local = NULL;
    for (const struct ast_param *p = n->params; p; p = p->next) {
        walk_expr(&inner, p->value);
        scope_add(&scratch, s, DEF_VALUE, p->name, p);
    }
    declare_items(&scratch, s, n->items);
    resolve_scope(&inner, s);
    for (const struct ast_net_item *i = n->items; i; i = i->next)
        walk_item(&inner, i);
    arena_free(&scratch);
}

/* Sources (poisson(...), silence) are no functions: stimuli.c knows them. */
static void walk_source(const struct walk *w, const struct ast_assign *as)
{
    const struct ast_expr *x = as->value;
    if (stimulus_setting(as->name.text)) {
        walk_expr(w, x);
        return;
    }
    if (x->kind == AST_SEEDED) {
        walk_expr(w, x->b);
        x = x->a;
    }
    for (const struct ast_arg *a = x->kind == AST_CALL ? x->args : NULL; a; a = a->next)
        walk_expr(w, a->value);
}

static void walk_stimulus(const struct walk *w, const struct ast_stimulus *st)
{
    struct arena scratch = {0};
    struct walk inner = *w;
    struct scope *s = scope_new(w->el, &scratch, (struct scope *)w->scope);
    inner.scope = s;
    inner.local = NULL;
    declare_stimulus(&scratch, s, st);
    resolve_scope(&inner, s);
    if (st->network.text && !scope_find(w->scope, st->network.text, SPACE_NETWORK))
        scope_unknown(w->scope, st->network, SPACE_NETWORK);
    for (const struct ast_stim_item *i = st->items; i; i = i->next)
        if (i->assign && i->assign->value)
            walk_source(&inner, i->assign);
    arena_free(&scratch);
}

static void resolve_def(const struct walk *w, struct def *d, struct span at)
{
    if (d->resolved == BUSY)
        mark_cycle(w, d, at);
    if (d->resolved != FRESH)
        return;
    d->resolved = BUSY;
    struct visit v = {d, w->visit};
    struct walk inner = {w->el, d->scope, NULL, &v};
    switch (d->kind) {
    case DEF_LET:
        walk_expr(&inner, d->let->value);
        break;
    case DEF_FN:
        walk_fn(&inner, d->fn->params, d->fn->body);
        break;
    case DEF_NETWORK:
        walk_network(&inner, d->network);
        break;
    case DEF_STIMULUS:
        walk_stimulus(&inner, d->stimulus);
        break;
    default: /* items of networks are walked with their network, neurons by model_check() */
        break;
    }
    d->resolved = DONE;
}

void resolve_all(struct elab *el)
{
    for (uint32_t i = 0; i < el->module.n; i++) {
        struct walk w = {el, el->module.data[i]->scope, NULL, NULL};
        resolve_scope(&w, w.scope);
    }
}
