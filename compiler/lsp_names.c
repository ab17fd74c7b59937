#include "compiler/lsp_scope.h"

static void walk(struct names *w, const struct ast_expr *e);

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
        names_declare(w, LSP_LOCAL, b->name, b->name.span);
    }
    walk(w, body);
    names_leave(w, outer);
}

static void walk(struct names *w, const struct ast_expr *e)
{
    if (!e) {
        return;
    }
    switch (e->kind) {
    case AST_NAME:
        names_use(w, e->name, SPACE_VALUE);
        break;
    case AST_CALL:
        names_use(w, e->name, SPACE_VALUE);
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
        struct lsp_decl *x = names_declare(w, LSP_ARGUMENT, p->name, p->name.span);
        x->owner = fn->name.text;
    }
    walk(w, fn->body);
    if (w->offset >= fn->span.begin && w->offset <= fn->span.end) {
        w->out->visible = w->scope;
    }
    names_leave(w, outer);
}

/* ---- networks ---- */

/* left.exc.spikes: parts, a layer or an input, a variable of the layer's model. */
static void walk_ref(struct names *w, const struct ast_network *n, const struct ast_ref *r)
{
    const struct ast_net_item *i = NULL;
    uint32_t k = 0;
    for (; k < r->n && n; k++) {
        i = names_item(w, n, r->path[k].text);
        if (!i) {
            break;
        }
        struct lsp_decl *x = names_inner(w, names_kind(i), i->name, i->span, n->name.text);
        x->item = i;
        names_note(w, r->path[k].span, x);
        n = i->kind == AST_N_PART ? names_network(w, i->model.text) : NULL;
    }
    if (k < r->n && i && i->kind == AST_N_LAYER) {
        names_note(w, r->path[k].span,
                   names_member(w, names_neuron(w, i->model.text), r->path[k].text));
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
            const struct ast_net_item *to = names_item(w, w->network, i->dst->path[0].text);
            names_note(w, v->span,
                       names_member(w, to ? names_neuron(w, to->model.text) : NULL, v->name.text));
        }
    }
}

static void walk_layer(struct names *w, const struct ast_net_item *i)
{
    const struct ast_neuron *n = names_neuron(w, i->model.text);
    names_use(w, i->model, SPACE_NEURON);
    for (const struct ast_assign *as = i->assigns; as; as = as->next) {
        names_note(w, as->name.span, names_member(w, n, as->name.text));
        walk(w, as->value);
    }
}

static void walk_part(struct names *w, const struct ast_net_item *i)
{
    const struct ast_network *n = names_network(w, i->model.text);
    names_use(w, i->model, SPACE_NETWORK);
    for (const struct ast_arg *a = i->args; a; a = a->next) {
        for (const struct ast_param *p = n ? n->params : NULL; p && a->name.text; p = p->next) {
            if (p->name.text == a->name.text) {
                names_note(w, a->name.span,
                           names_inner(w, LSP_ARGUMENT, p->name, p->name.span, n->name.text));
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
        names_declare(w, LSP_ARGUMENT, p->name, p->name.span);
    }
    for (const struct ast_net_item *i = w->network->items; i; i = i->next) {
        if (i->kind == AST_N_LET) {
            names_declare(w, LSP_LET, i->let->name, i->let->span);
        } else if (i->kind == AST_N_FN) {
            names_declare(w, LSP_FN, i->fn->name, i->fn->span);
        } else if (i->kind == AST_N_INPUT || i->kind == AST_N_LAYER || i->kind == AST_N_PART) {
            names_declare(w, names_kind(i), i->name, i->span)->item = i;
        }
    }
    if (w->offset >= decl->span.begin && w->offset <= decl->span.end) {
        w->out->visible = w->scope;
    }
    for (const struct ast_net_item *i = w->network->items; i; i = i->next) {
        walk_item(w, i);
    }
    w->network = NULL;
    names_leave(w, outer);
}

/* ---- stimuli, neurons, boards ---- */

static void walk_stimulus(struct names *w, const struct ast_decl *decl)
{
    const struct lsp_decl *outer = w->scope;
    const struct ast_stimulus *st = decl->stimulus;
    const struct ast_network *n = names_network(w, st->network.text);
    names_use(w, st->network, SPACE_NETWORK);
    for (const struct ast_stim_item *i = st->items; i; i = i->next) {
        if (i->let) {
            names_declare(w, LSP_LET, i->let->name, i->let->span);
        }
    }
    for (const struct ast_stim_item *i = st->items; i; i = i->next) {
        const struct ast_net_item *in = i->assign ? names_item(w, n, i->assign->name.text) : NULL;
        if (in) {
            names_note(w, i->assign->name.span,
                       names_inner(w, LSP_INPUT, in->name, in->span, n->name.text));
        }
        walk(w, i->assign ? i->assign->value : i->let->value);
    }
    if (w->offset >= decl->span.begin && w->offset <= decl->span.end) {
        w->out->visible = w->scope;
    }
    names_leave(w, outer);
}

/* A `let` is visible to what follows in its block. */
static void walk_body(struct names *w, const struct ast_stmt *s)
{
    const struct lsp_decl *outer = w->scope;
    for (; s; s = s->next) {
        walk(w, s->value);
        if (s->kind == AST_S_LET) {
            names_declare(w, LSP_LOCAL, s->name, s->span);
        } else if (s->kind == AST_S_ASSIGN) {
            names_use(w, s->name, SPACE_VALUE);
        }
        walk_body(w, s->then);
        walk_body(w, s->otherwise);
    }
    names_leave(w, outer);
}

static void walk_neuron(struct names *w, const struct ast_decl *decl)
{
    const struct lsp_decl *outer = w->scope;
    w->neuron = decl->neuron;
    for (const struct ast_neuron_item *i = w->neuron->items; i; i = i->next) {
        if (i->kind == AST_R_FN) {
            names_declare(w, LSP_FN, i->fn->name, i->fn->span);
        } else if (i->kind != AST_R_STEP && i->kind != AST_R_EVENT) {
            names_declare(w, LSP_MEMBER, i->name, i->span)->part = i;
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
            names_declare(w, LSP_LOCAL, i->name, i->name.span);
        }
        walk(w, i->value);
        walk(w, i->scale);
        walk_body(w, i->body);
        names_leave(w, items);
    }
    w->neuron = NULL;
    names_leave(w, outer);
}

/* A board is of a network of the file, or of one that it uses: the last one declared that has the
 * item. */
static void find_boards(struct names *w)
{
    map64_init(&w->board, &w->out->arena);
    for (const struct lsp_decl *x = w->scope; x; x = x->around) {
        for (const struct ast_net_item *i = x->kind == LSP_NETWORK ? x->network->items : NULL; i;
             i = i->next) {
            int fresh = 0;
            if (names_is_piece(i)) {
                map64_put(&w->board, names_key(i->name.text, 0), w->boards.n, &fresh);
            }
            if (fresh) {
                VEC_PUSH(&w->out->arena, &w->boards, x->network);
            }
        }
    }
}

static void walk_board(struct names *w, const struct ast_board_item *i)
{
    uint32_t k;
    for (; i; i = i->next) {
        if (i->ref && map64_get(&w->board, names_key(i->ref->path[0].text, 0), &k)) {
            walk_ref(w, w->boards.data[k], i->ref);
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
        names_declare(w, LSP_LET, d->name, d->let->span);
        break;
    case DEF_FN:
        names_declare(w, LSP_FN, d->name, d->fn->span);
        break;
    case DEF_NETWORK:
        x = names_declare(w, LSP_NETWORK, d->name, d->name.span);
        x->network = d->network;
        break;
    case DEF_NEURON:
        x = names_declare(w, LSP_NEURON, d->name, d->name.span);
        x->neuron = d->neuron;
        break;
    case DEF_STIMULUS:
        names_declare(w, LSP_STIMULUS, d->name, d->name.span);
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
    map64_init(&w.slot, &out->arena);
    map64_init(&w.item, &out->arena);
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
            if (!w.board.arena) {
                find_boards(&w);
            }
            walk_board(&w, x->board->items);
            break;
        case AST_USE:
            break;
        }
    }
}

void lsp_names_free(struct lsp_names *names)
{
    arena_free(&names->arena);
    *names = (struct lsp_names){0};
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
