/* The items of files, networks, stimuli, neurons and boards. */
#include "lang/build_ast.h"

#include <string.h>

/* ---- files ---- */

void ast_add_decl(struct parser *p, struct ast_decl *decl)
{
    if (decl == NULL)
        return;
    const bool local = decl->kind == AST_LET || decl->kind == AST_FN;
    if (p->lost && local) { /* of the block whose brace is missing, where it means something else */
        p->out->nameless = true;
        return;
    }
    if (p->last == NULL)
        p->out->decls = decl;
    else
        p->last->next = decl;
    p->last = decl;
    p->lost = false;
    p->out->nameless |= p->nameless; /* of a block other than a network's */
    p->nameless = false;
}

static struct ast_decl *new_decl(struct parser *p, struct span at, enum ast_decl_kind kind,
                                 struct ast_name name)
{
    struct ast_decl *d = ARENA_NEW(p->arena, struct ast_decl);
    d->kind = kind;
    d->span = at;
    d->name = name;
    return d;
}

struct ast_decl *ast_use(struct parser *p, struct span at, struct ast_name name,
                         const struct ast_expr *path)
{
    struct ast_decl *d = new_decl(p, at, AST_USE, name);
    if (path != NULL) {
        d->path = path->string;
        d->name.span = path->span;
    }
    return d;
}

struct ast_decl *ast_decl_let(struct parser *p, struct span at, struct ast_let *let)
{
    struct ast_decl *d = new_decl(p, at, AST_LET, let->name);
    d->let = let;
    return d;
}

struct ast_decl *ast_decl_fn(struct parser *p, struct span at, struct ast_fn *fn)
{
    struct ast_decl *d = new_decl(p, at, AST_FN, fn->name);
    d->fn = fn;
    return d;
}

struct ast_decl *ast_network(struct parser *p, struct span at, struct ast_name name,
                             struct ast_param *params, struct ast_net_item *items)
{
    struct ast_decl *d = new_decl(p, at, AST_NETWORK, name);
    d->network = ARENA_NEW(p->arena, struct ast_network);
    *d->network = (struct ast_network){name, params, items, p->nameless};
    p->nameless = false;
    return d;
}

/* Whether something there couldn't be parsed. */
static bool broken(const struct parser *p, struct span at)
{
    for (uint32_t i = 0; i < p->diags->list.n; i++) {
        const struct diag *g = p->diags->list.data[i];
        if (g->code >= E0101 && g->code <= E0106 && g->span.file == at.file &&
            g->span.begin >= at.begin && g->span.end <= at.end)
            return true;
    }
    return false;
}

struct ast_decl *ast_stimulus(struct parser *p, struct span at, struct ast_name name,
                              struct ast_name network, struct ast_stim_item *items)
{
    struct ast_decl *d = new_decl(p, at, AST_STIMULUS, name);
    d->stimulus = ARENA_NEW(p->arena, struct ast_stimulus);
    *d->stimulus = (struct ast_stimulus){name, network, items, broken(p, at)};
    return d;
}

struct ast_decl *ast_neuron(struct parser *p, struct span at, struct ast_name name,
                            struct ast_neuron_item *items)
{
    struct ast_decl *d = new_decl(p, at, AST_NEURON, name);
    d->neuron = ARENA_NEW(p->arena, struct ast_neuron);
    *d->neuron = (struct ast_neuron){name, items, broken(p, at)};
    return d;
}

struct ast_decl *ast_board(struct parser *p, struct span at, struct ast_name target,
                           struct ast_board_item *items)
{
    struct ast_decl *d = new_decl(p, at, AST_BOARD, target);
    d->board = ARENA_NEW(p->arena, struct ast_board);
    *d->board = (struct ast_board){target, items};
    return d;
}

/* ---- networks and stimuli ---- */

static struct ast_net_item *net_item(struct parser *p, struct span at, enum ast_net_kind kind)
{
    struct ast_net_item *i = ARENA_NEW(p->arena, struct ast_net_item);
    i->kind = kind;
    i->span = at;
    return i;
}

struct ast_net_item *ast_net_let(struct parser *p, struct span at, struct ast_let *let)
{
    struct ast_net_item *i = net_item(p, at, AST_N_LET);
    i->name = let->name;
    i->let = let;
    return i;
}

struct ast_net_item *ast_net_fn(struct parser *p, struct span at, struct ast_fn *fn)
{
    struct ast_net_item *i = net_item(p, at, AST_N_FN);
    i->name = fn->name;
    i->fn = fn;
    return i;
}

struct ast_net_item *ast_net_dt(struct parser *p, struct span at, struct ast_expr *value)
{
    struct ast_net_item *i = net_item(p, at, AST_N_DT);
    i->value = value;
    return i;
}

struct ast_net_item *ast_net_input(struct parser *p, struct span at, struct ast_name name,
                                   bool has_shape, struct ast_expr *shape, struct ast_name from,
                                   struct ast_assign *assigns)
{
    struct ast_net_item *i = net_item(p, at, AST_N_INPUT);
    i->name = name;
    i->has_shape = has_shape;
    i->shape = shape;
    i->from = from;
    i->assigns = assigns;
    return i;
}

struct ast_net_item *ast_net_layer(struct parser *p, struct span at, struct ast_name name,
                                   bool has_shape, struct ast_expr *shape, struct ast_name model,
                                   struct ast_assign *assigns)
{
    struct ast_net_item *i = net_item(p, at, AST_N_LAYER);
    i->name = name;
    i->has_shape = has_shape;
    i->shape = shape;
    i->model = model;
    i->assigns = assigns;
    return i;
}

struct ast_net_item *ast_net_part(struct parser *p, struct span at, struct ast_name name,
                                  struct ast_name network, struct ast_arg *args)
{
    struct ast_net_item *i = net_item(p, at, AST_N_PART);
    i->name = name;
    i->model = network;
    i->args = args;
    return i;
}

struct ast_net_item *ast_net_connection(struct parser *p, struct span at, struct ast_ref *src,
                                        struct ast_ref *dst, struct ast_expr *op,
                                        struct ast_assign *attributes)
{
    struct ast_net_item *i = net_item(p, at, AST_N_CONNECTION);
    i->src = src;
    i->dst = dst;
    i->value = op;
    i->assigns = attributes;
    return i;
}

struct ast_net_item *ast_net_refs(struct parser *p, struct span at, enum ast_net_kind kind,
                                  struct ast_ref *refs)
{
    struct ast_net_item *i = net_item(p, at, kind);
    i->refs = refs;
    return i;
}

struct ast_net_item *ast_net_mismatch(struct parser *p, struct span at, struct ast_expr *value,
                                      struct ast_expr *seed, struct ast_assign *assigns)
{
    struct ast_net_item *i = net_item(p, at, AST_N_MISMATCH);
    i->value = value;
    i->seed = seed;
    i->assigns = assigns;
    return i;
}

struct ast_stim_item *ast_stim(struct parser *p, struct ast_assign *assign, struct ast_let *let)
{
    struct ast_stim_item *i = ARENA_NEW(p->arena, struct ast_stim_item);
    i->assign = assign;
    i->let = let;
    return i;
}

/* ---- neurons ---- */

static struct ast_neuron_item *neuron_item(struct parser *p, struct span at,
                                           enum ast_neuron_kind kind, struct ast_name name,
                                           const struct ast_neuron_item *on)
{
    struct ast_neuron_item *i = ARENA_NEW(p->arena, struct ast_neuron_item);
    if (on != NULL)
        *i = *on;
    i->kind = kind;
    i->span = at;
    i->name = name;
    return i;
}

struct ast_neuron_item *ast_neuron_value(struct parser *p, struct span at,
                                         enum ast_neuron_kind kind, struct ast_name name,
                                         struct ast_expr *value, const struct ast_neuron_item *on)
{
    struct ast_neuron_item *i = neuron_item(p, at, kind, name, on);
    i->value = value;
    return i;
}

struct ast_neuron_item *ast_neuron_fn(struct parser *p, struct span at, struct ast_fn *fn)
{
    struct ast_neuron_item *i = neuron_item(p, at, AST_R_FN, fn->name, NULL);
    i->fn = fn;
    return i;
}

struct ast_neuron_item *ast_neuron_receive(struct parser *p, struct span at, struct ast_name name,
                                           struct ast_expr *scale, bool negative,
                                           const struct ast_neuron_item *on)
{
    struct ast_neuron_item *i = neuron_item(p, at, AST_R_RECEIVE, name, on);
    i->scale = scale;
    i->negative = negative;
    return i;
}

struct ast_neuron_item *ast_neuron_body(struct parser *p, struct span at, enum ast_neuron_kind kind,
                                        struct ast_name name, struct ast_stmt *body)
{
    struct ast_neuron_item *i = neuron_item(p, at, kind, name, NULL);
    i->body = body;
    return i;
}

struct ast_neuron_item *ast_on(struct parser *p, struct ast_name target, struct ast_name first)
{
    struct ast_neuron_item *i = ARENA_NEW(p->arena, struct ast_neuron_item);
    i->target = target;
    i->on[i->n_on++] = first;
    return i;
}

struct ast_neuron_item *ast_on_more(struct parser *p, struct ast_neuron_item *on,
                                    struct ast_name name)
{
    if (on->n_on < AST_MAX_ON)
        on->on[on->n_on++] = name;
    else
        diag_add(p->diags, E0104, name.span, "at most %d names can follow `on %s`", AST_MAX_ON,
                 on->target.text);
    return on;
}

struct ast_stmt *ast_stmt(struct parser *p, struct span at, enum ast_stmt_kind kind,
                          struct ast_name name, struct ast_expr *value)
{
    struct ast_stmt *s = ARENA_NEW(p->arena, struct ast_stmt);
    s->kind = kind;
    s->span = at;
    s->height = 1;
    s->name = name;
    s->value = value;
    return s;
}

static void raise(struct ast_stmt *s, const struct ast_stmt *list)
{
    for (; list != NULL; list = list->next)
        if (list->height >= s->height)
            s->height = list->height + 1;
}

struct ast_stmt *ast_stmt_if(struct parser *p, struct span at, struct ast_expr *condition,
                             struct ast_stmt *then, struct ast_stmt *otherwise)
{
    struct ast_stmt *s = ast_stmt(p, at, AST_S_IF, (struct ast_name){0}, condition);
    s->then = then;
    s->otherwise = otherwise;
    raise(s, then);
    raise(s, otherwise);
    if (s->height > AST_MAX_HEIGHT) {
        ast_report_height(p, at);
        s->height = 1;
        s->then = s->otherwise = NULL;
    }
    return s;
}

/* ---- boards ---- */

static struct ast_board_item *board_item(struct parser *p, struct span at, enum ast_board_kind kind)
{
    struct ast_board_item *i = ARENA_NEW(p->arena, struct ast_board_item);
    i->kind = kind;
    i->span = at;
    return i;
}

struct ast_board_item *ast_board_assign(struct parser *p, struct span at, enum ast_board_kind kind,
                                        struct ast_name name, struct ast_expr *value)
{
    struct ast_board_item *i = board_item(p, at, kind);
    i->name = name;
    i->value = value;
    return i;
}

struct ast_board_item *ast_board_block(struct parser *p, struct span at, struct ast_name name,
                                       struct ast_expr *index, struct ast_board_item *items)
{
    enum ast_board_kind kind = AST_B_BLOCK;
    if (index != NULL && strcmp(name.text, "chip") == 0)
        kind = AST_B_CHIP;
    else if (index != NULL && strcmp(name.text, "core") == 0)
        kind = AST_B_CORE;
    struct ast_board_item *i = board_item(p, at, kind);
    i->name = name;
    i->index = index;
    i->items = items;
    return i;
}

struct ast_board_item *ast_board_entry(struct parser *p, struct span at, struct ast_name name,
                                       struct ast_expr *index, struct ast_word *words)
{
    enum ast_board_kind kind = AST_B_ENTRY;
    if (strcmp(name.text, "cam") == 0)
        kind = AST_B_CAM;
    else if (strcmp(name.text, "sram") == 0)
        kind = AST_B_SRAM;
    struct ast_board_item *i = board_item(p, at, kind);
    i->name = name;
    i->index = index;
    i->words = words;
    return i;
}

struct ast_board_item *ast_board_neuron(struct parser *p, struct span at, struct ast_expr *index,
                                        struct ast_ref *ref, bool braces,
                                        struct ast_board_item *items)
{
    struct ast_board_item *i = board_item(p, at, AST_B_NEURON);
    i->index = index;
    i->ref = ref;
    i->braces = braces;
    i->items = items;
    return i;
}

struct ast_board_item *ast_board_place(struct parser *p, struct span at, struct ast_ref *ref,
                                       struct ast_expr *chip, struct ast_expr *core)
{
    struct ast_board_item *i = board_item(p, at, AST_B_PLACE);
    i->ref = ref;
    i->index = chip;
    i->index2 = core;
    return i;
}

struct ast_board_item *ast_board_input(struct parser *p, struct span at, struct ast_ref *ref,
                                       struct ast_word *groups)
{
    struct ast_board_item *i = board_item(p, at, AST_B_INPUT);
    i->ref = ref;
    i->words = groups;
    return i;
}

struct ast_board_item *ast_board_output(struct parser *p, struct span at, struct ast_name name,
                                        struct ast_board_item *addresses)
{
    struct ast_board_item *i = board_item(p, at, AST_B_OUTPUT);
    i->name = name;
    i->items = addresses;
    return i;
}

struct ast_board_item *ast_board_address(struct parser *p, struct span at, struct ast_expr *chip,
                                         struct ast_expr *core, struct ast_expr *neuron)
{
    struct ast_board_item *i = board_item(p, at, AST_B_ADDRESS);
    i->index = chip;
    i->index2 = core;
    i->index3 = neuron;
    return i;
}

struct ast_word *ast_word(struct parser *p, struct ast_name name, struct ast_expr *value)
{
    struct ast_word *w = ARENA_NEW(p->arena, struct ast_word);
    w->name = name;
    w->value = value;
    return w;
}
