#include "compiler/elab.h"
#include "compiler/lsp.h"

/* The walk over a file; `scope` is what is visible, the innermost first. */
struct names {
    struct lsp_document *d;
    struct lsp_names *out;
    const struct lsp_decl *scope;
    const struct ast_network *network; /* around; NULL: none */
    const struct ast_neuron *neuron;
    uint32_t offset;
};

static void walk(struct names *w, const struct ast_expr *e);

/* ---- tables ---- */

static void note(struct names *w, struct span at, const struct lsp_decl *decl)
{
    if (decl && at.file == 1 && at.end > at.begin) {
        VEC_PUSH(&w->d->arena, &w->out->list, ((struct lsp_name){at, decl}));
    }
}

static struct lsp_decl *declare(struct names *w, enum lsp_kind kind, struct ast_name name,
                                struct span whole)
{
    struct lsp_decl *x = ARENA_NEW(&w->d->arena, struct lsp_decl);
    *x = (struct lsp_decl){.kind = kind, .name = name, .whole = whole, .around = w->scope};
    x->network = w->network;
    x->neuron = w->neuron;
    x->owner = w->network ? w->network->name.text : w->neuron ? w->neuron->name.text : NULL;
    if (name.text) {
        w->scope = x;
        note(w, name.span, x);
    }
    return x;
}

static enum space space_of(enum lsp_kind kind)
{
    return kind == LSP_NETWORK    ? SPACE_NETWORK
           : kind == LSP_NEURON   ? SPACE_NEURON
           : kind == LSP_STIMULUS ? SPACE_STIMULUS
                                  : SPACE_VALUE;
}

static const struct lsp_decl *find(const struct lsp_decl *scope, const char *name, enum space space)
{
    for (; scope && name; scope = scope->around) {
        if (scope->name.text == name && space_of(scope->kind) == space) {
            return scope;
        }
    }
    return NULL;
}

static const struct lsp_decl *use(struct names *w, struct ast_name name, enum space space)
{
    const struct lsp_decl *x = find(w->scope, name.text, space);
    note(w, name.span, x);
    return x;
}

/* A name that isn't in scope but in the braces of something: a declaration of its own each time,
 * the same by its place. */
static struct lsp_decl *inner(struct names *w, enum lsp_kind kind, struct ast_name name,
                              struct span whole, const char *owner)
{
    struct lsp_decl *x = ARENA_NEW(&w->d->arena, struct lsp_decl);
    *x = (struct lsp_decl){.kind = kind, .name = name, .whole = whole, .owner = owner};
    return x;
}

static const struct lsp_decl *member(struct names *w, const struct ast_neuron *n, const char *name)
{
    for (const struct ast_neuron_item *i = n ? n->items : NULL; i && name; i = i->next) {
        if (i->name.text == name && i->kind != AST_R_STEP && i->kind != AST_R_EVENT) {
            struct lsp_decl *x = inner(w, LSP_MEMBER, i->name, i->span, n->name.text);
            x->neuron = n;
            x->part = i;
            return x;
        }
    }
    return NULL;
}

static const struct ast_neuron *neuron_of(struct names *w, const char *name)
{
    const struct lsp_decl *x = find(w->scope, name, SPACE_NEURON);
    return x ? x->neuron : NULL;
}

static const struct ast_network *network_of(struct names *w, const char *name)
{
    const struct lsp_decl *x = find(w->scope, name, SPACE_NETWORK);
    return x ? x->network : NULL;
}

static enum lsp_kind kind_of_item(const struct ast_net_item *i)
{
    return i->kind == AST_N_INPUT ? LSP_INPUT : i->kind == AST_N_PART ? LSP_PART : LSP_LAYER;
}

static const struct ast_net_item *item_of(const struct ast_network *n, const char *name)
{
    for (const struct ast_net_item *i = n ? n->items : NULL; i && name; i = i->next) {
        if (i->name.text == name &&
            (i->kind == AST_N_INPUT || i->kind == AST_N_LAYER || i->kind == AST_N_PART)) {
            return i;
        }
    }
    return NULL;
}

/* ---- expressions ---- */

static void walk_args(struct names *w, const struct ast_arg *a)
{
    for (; a; a = a->next) {
        walk(w, a->value);
    }
}

static void walk_subs(struct names *w, const struct ast_sub *s)
{
    for (; s; s = s->next) {
        walk(w, s->lo);
        walk(w, s->hi);
    }
}

static void walk_binders(struct names *w, const struct ast_binder *b, const struct ast_expr *body)
{
    const struct lsp_decl *outer = w->scope;
    for (; b; b = b->next) {
        walk(w, b->extent);
        declare(w, LSP_LOCAL, b->name, b->name.span);
    }
    walk(w, body);
    w->scope = outer;
}

static void walk(struct names *w, const struct ast_expr *e)
{
    if (!e) {
        return;
    }
    switch (e->kind) {
    case AST_NAME:
        use(w, e->name, SPACE_VALUE);
        break;
    case AST_CALL:
        use(w, e->name, SPACE_VALUE);
        walk_args(w, e->args);
        if (e->binders) {
            walk_binders(w, e->binders, e->a);
        }
        break;
    case AST_COMPREHENSION:
        walk_binders(w, e->binders, e->a);
        break;
    case AST_MEMBERS:
        walk_args(w, e->args);
        break;
    case AST_ARRAY:
        for (const struct ast_expr *x = e->items; x; x = x->next) {
            walk(w, x);
        }
        break;
    default:
        walk(w, e->a);
        walk(w, e->b);
        walk(w, e->c);
        walk_subs(w, e->subs);
        break;
    }
}

static void walk_fn(struct names *w, const struct ast_fn *fn)
{
    const struct lsp_decl *outer = w->scope;
    for (const struct ast_param *p = fn->params; p; p = p->next) {
        walk(w, p->value);
        struct lsp_decl *x = declare(w, LSP_ARGUMENT, p->name, p->name.span);
        x->owner = fn->name.text;
    }
    walk(w, fn->body);
    if (w->offset >= fn->span.begin && w->offset <= fn->span.end) {
        w->out->visible = w->scope;
    }
    w->scope = outer;
}

/* ---- networks ---- */

/* left.exc.spikes: parts, a layer or an input, a variable of the layer's model. */
static void walk_ref(struct names *w, const struct ast_network *n, const struct ast_ref *r)
{
    const struct ast_net_item *i = NULL;
    uint32_t k = 0;
    for (; k < r->n && n; k++) {
        i = item_of(n, r->path[k].text);
        if (!i) {
            break;
        }
        struct lsp_decl *x = inner(w, kind_of_item(i), i->name, i->span, n->name.text);
        x->item = i;
        note(w, r->path[k].span, x);
        n = i->kind == AST_N_PART ? network_of(w, i->model.text) : NULL;
    }
    if (k < r->n && i && i->kind == AST_N_LAYER) {
        note(w, r->path[k].span, member(w, neuron_of(w, i->model.text), r->path[k].text));
    }
    walk_subs(w, r->subs);
}

static void walk_refs(struct names *w, const struct ast_ref *r)
{
    for (; r; r = r->next) {
        walk_ref(w, w->network, r);
    }
}

/* `via` names a receptor of the layer that a connection leads to. */
static void walk_attributes(struct names *w, const struct ast_net_item *i)
{
    for (const struct ast_assign *as = i->assigns; as; as = as->next) {
        const struct ast_expr *v = as->value;
        if (!as->name.text || strcmp(as->name.text, "via") != 0) {
            walk(w, v);
        } else if (v && v->kind == AST_NAME && i->dst && i->dst->n == 1) {
            const struct ast_net_item *to = item_of(w->network, i->dst->path[0].text);
            note(w, v->span, member(w, to ? neuron_of(w, to->model.text) : NULL, v->name.text));
        }
    }
}

static void walk_layer(struct names *w, const struct ast_net_item *i)
{
    const struct ast_neuron *n = neuron_of(w, i->model.text);
    use(w, i->model, SPACE_NEURON);
    for (const struct ast_assign *as = i->assigns; as; as = as->next) {
        note(w, as->name.span, member(w, n, as->name.text));
        walk(w, as->value);
    }
}

static void walk_part(struct names *w, const struct ast_net_item *i)
{
    const struct ast_network *n = network_of(w, i->model.text);
    use(w, i->model, SPACE_NETWORK);
    for (const struct ast_arg *a = i->args; a; a = a->next) {
        for (const struct ast_param *p = n ? n->params : NULL; p && a->name.text; p = p->next) {
            if (p->name.text == a->name.text) {
                note(w, a->name.span, inner(w, LSP_ARGUMENT, p->name, p->name.span, n->name.text));
            }
        }
        walk(w, a->value);
    }
}

static void walk_item(struct names *w, const struct ast_net_item *i)
{
    for (const struct ast_expr *x = i->shape; x; x = x->next) {
        walk(w, x);
    }
    switch (i->kind) {
    case AST_N_LET:
        walk(w, i->let->value);
        break;
    case AST_N_FN:
        walk_fn(w, i->fn);
        break;
    case AST_N_LAYER:
        walk_layer(w, i);
        break;
    case AST_N_PART:
        walk_part(w, i);
        break;
    case AST_N_CONNECTION:
        if (i->src && i->dst) {
            walk_ref(w, w->network, i->src);
            walk_ref(w, w->network, i->dst);
        }
        walk(w, i->value);
        walk_attributes(w, i);
        break;
    default:
        walk(w, i->value);
        walk(w, i->seed);
        walk_attributes(w, i);
        walk_refs(w, i->refs);
        break;
    }
}

static void walk_network(struct names *w, const struct ast_decl *decl)
{
    const struct lsp_decl *outer = w->scope;
    w->network = decl->network;
    for (const struct ast_param *p = w->network->params; p; p = p->next) {
        walk(w, p->value);
        declare(w, LSP_ARGUMENT, p->name, p->name.span);
    }
    for (const struct ast_net_item *i = w->network->items; i; i = i->next) {
        if (i->kind == AST_N_LET) {
            declare(w, LSP_LET, i->let->name, i->let->span);
        } else if (i->kind == AST_N_FN) {
            declare(w, LSP_FN, i->fn->name, i->fn->span);
        } else if (i->kind == AST_N_INPUT || i->kind == AST_N_LAYER || i->kind == AST_N_PART) {
            declare(w, kind_of_item(i), i->name, i->span)->item = i;
        }
    }
    if (w->offset >= decl->span.begin && w->offset <= decl->span.end) {
        w->out->visible = w->scope;
    }
    for (const struct ast_net_item *i = w->network->items; i; i = i->next) {
        walk_item(w, i);
    }
    w->network = NULL;
    w->scope = outer;
}

/* ---- stimuli, neurons, boards ---- */

static void walk_stimulus(struct names *w, const struct ast_decl *decl)
{
    const struct lsp_decl *outer = w->scope;
    const struct ast_stimulus *st = decl->stimulus;
    const struct ast_network *n = network_of(w, st->network.text);
    use(w, st->network, SPACE_NETWORK);
    for (const struct ast_stim_item *i = st->items; i; i = i->next) {
        if (i->let) {
            declare(w, LSP_LET, i->let->name, i->let->span);
        }
    }
    for (const struct ast_stim_item *i = st->items; i; i = i->next) {
        const struct ast_net_item *in = i->assign ? item_of(n, i->assign->name.text) : NULL;
        if (in) {
            note(w, i->assign->name.span, inner(w, LSP_INPUT, in->name, in->span, n->name.text));
        }
        walk(w, i->assign ? i->assign->value : i->let->value);
    }
    if (w->offset >= decl->span.begin && w->offset <= decl->span.end) {
        w->out->visible = w->scope;
    }
    w->scope = outer;
}

/* A `let` is visible to what follows in its block. */
static void walk_body(struct names *w, const struct ast_stmt *s)
{
    const struct lsp_decl *outer = w->scope;
    for (; s; s = s->next) {
        walk(w, s->value);
        if (s->kind == AST_S_LET) {
            declare(w, LSP_LOCAL, s->name, s->span);
        } else if (s->kind == AST_S_ASSIGN) {
            use(w, s->name, SPACE_VALUE);
        }
        walk_body(w, s->then);
        walk_body(w, s->otherwise);
    }
    w->scope = outer;
}

static void walk_neuron(struct names *w, const struct ast_decl *decl)
{
    const struct lsp_decl *outer = w->scope;
    w->neuron = decl->neuron;
    for (const struct ast_neuron_item *i = w->neuron->items; i; i = i->next) {
        if (i->kind == AST_R_FN) {
            declare(w, LSP_FN, i->fn->name, i->fn->span);
        } else if (i->kind != AST_R_STEP && i->kind != AST_R_EVENT) {
            declare(w, LSP_MEMBER, i->name, i->span)->part = i;
        }
    }
    if (w->offset >= decl->span.begin && w->offset <= decl->span.end) {
        w->out->visible = w->scope;
    }
    for (const struct ast_neuron_item *i = w->neuron->items; i; i = i->next) {
        const struct lsp_decl *items = w->scope;
        if (i->kind == AST_R_FN) {
            walk_fn(w, i->fn);
        } else if (i->kind == AST_R_EVENT) {
            declare(w, LSP_LOCAL, i->name, i->name.span);
        }
        walk(w, i->value);
        walk(w, i->scale);
        walk_body(w, i->body);
        w->scope = items;
    }
    w->neuron = NULL;
    w->scope = outer;
}

/* A board is of a network of the file, or of one that it uses. */
static void walk_board(struct names *w, const struct ast_board_item *i)
{
    for (; i; i = i->next) {
        bool found = false;
        for (const struct lsp_decl *x = w->scope; i->ref && x && !found; x = x->around) {
            found = x->kind == LSP_NETWORK && item_of(x->network, i->ref->path[0].text);
            if (found) {
                walk_ref(w, x->network, i->ref);
            }
        }
        walk(w, i->value);
        walk_board(w, i->items);
    }
}

/* ---- files ---- */

static void declare_def(struct names *w, const struct def *d)
{
    struct lsp_decl *x = NULL;
    switch (d->kind) {
    case DEF_LET:
        declare(w, LSP_LET, d->name, d->let->span);
        break;
    case DEF_FN:
        declare(w, LSP_FN, d->name, d->fn->span);
        break;
    case DEF_NETWORK:
        x = declare(w, LSP_NETWORK, d->name, d->name.span);
        x->network = d->network;
        break;
    case DEF_NEURON:
        x = declare(w, LSP_NEURON, d->name, d->name.span);
        x->neuron = d->neuron;
        break;
    case DEF_STIMULUS:
        declare(w, LSP_STIMULUS, d->name, d->name.span);
        break;
    default:
        break;
    }
}

void lsp_names(struct lsp_document *d, uint32_t offset, struct lsp_names *out)
{
    struct elab *el = d->unit.elab;
    const struct module *root = el->module.n ? el->module.data[0] : NULL;
    struct names w = {.d = d, .out = out, .offset = offset};
    *out = (struct lsp_names){0};
    for (uint32_t i = 0; root && i < root->scope->def.n; i++) {
        declare_def(&w, root->scope->def.data[i]);
    }
    out->visible = w.scope;
    for (const struct ast_decl *x = root ? root->ast->decls : NULL; x; x = x->next) {
        switch (x->kind) {
        case AST_LET:
            walk(&w, x->let->value);
            break;
        case AST_FN:
            walk_fn(&w, x->fn);
            break;
        case AST_NETWORK:
            walk_network(&w, x);
            break;
        case AST_STIMULUS:
            walk_stimulus(&w, x);
            break;
        case AST_NEURON:
            walk_neuron(&w, x);
            break;
        case AST_BOARD:
            walk_board(&w, x->board->items);
            break;
        case AST_USE:
            break;
        }
    }
}

const struct lsp_name *lsp_name_at(const struct lsp_names *names, uint32_t offset)
{
    for (uint32_t i = 0; i < names->list.n; i++) {
        const struct span at = names->list.data[i].at;
        if (at.begin <= offset && offset <= at.end) {
            return &names->list.data[i];
        }
    }
    return NULL;
}
