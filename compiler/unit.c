#include "compiler/bindings.h"
#include "compiler/checks.h"
#include "compiler/elab.h"
#include "compiler/model.h"
#include "lang/parse.h"

/* ---- loading ---- */

void unit_init(struct unit *u, struct arena *a, struct diags *d, const char *stdlib)
{
    *u = (struct unit){.arena = a, .sources = {.arena = a}, .diags = d, .stdlib = stdlib};
    intern_init(&u->names, a);
    struct elab *el = ARENA_NEW(a, struct elab);
    el->u = u;
    el->dt = intern_cstr(&u->names, "dt");
    el->spikes = intern_cstr(&u->names, "spikes");
    map64_init(&el->used, a);
    map64_init(&el->cyclic, a);
    map64_init(&el->loaded, a);
    map64_init(&el->unknown, a);
    functions_init(el);
    u->elab = el;
}

bool unit_load_text(struct unit *u, const char *path, const char *text, size_t n)
{
    struct elab *el = u->elab;
    struct module *root = module_load_text(el, path, text, n);
    if (!root)
        return false;
    for (uint32_t i = 0; i < el->module.n; i++) /* which grows on the way */
        module_uses(el, el->module.data[i]);
    resolve_all(el);
    for (const struct ast_decl *x = root->ast->decls; x; x = x->next) {
        if (x->kind == AST_NETWORK)
            VEC_PUSH(u->arena, &u->network, x->network);
        else if (x->kind == AST_STIMULUS)
            VEC_PUSH(u->arena, &u->stimulus, x->stimulus);
    }
    return u->diags->n_errors == 0;
}

static struct module *root_module(struct unit *u)
{
    return u->elab->module.n ? u->elab->module.data[0] : NULL;
}

/* ---- models ---- */

static struct model_scope model_scope_of(struct scope *s);

static bool scope_constant(void *arg, const char *name, double *value, struct dim *dim,
                           bool *is_bool)
{
    struct def *d = scope_find(arg, name, SPACE_VALUE);
    if (!d || d->kind != DEF_LET)
        return false;
    struct value v = eval_def(d);
    if (v.kind == V_POISON) /* reported: a 0 of any dimension offends nobody */
        v = value_quantity(0, (struct dim){.any = true});
    if (v.array || (v.kind != V_NUMBER && v.kind != V_BOOL))
        return false;
    *value = v.number;
    *dim = v.dim;
    *is_bool = v.kind == V_BOOL;
    return true;
}

/* In place of a function that calls itself, which was reported. */
static const struct ast_fn *harmless(const struct def *d)
{
    struct arena *a = d->scope->el->u->arena;
    struct ast_fn *fn = ARENA_NEW(a, struct ast_fn);
    struct ast_expr *zero = ARENA_NEW(a, struct ast_expr);
    *zero = (struct ast_expr){.kind = AST_NUMBER, .span = d->fn->span, .height = 1};
    zero->dim.any = true;
    *fn = *d->fn;
    fn->body = zero;
    return fn;
}

static const struct ast_fn *scope_function(void *arg, const char *name,
                                           struct model_scope *its_scope)
{
    struct def *d = scope_find(arg, name, SPACE_VALUE);
    if (!d || d->kind != DEF_FN)
        return NULL;
    *its_scope = model_scope_of(d->scope);
    return d->cyclic ? harmless(d) : d->fn;
}

static uint32_t scope_candidates(void *arg, const char **out, uint32_t max)
{
    return scope_names(arg, SPACE_VALUE, out, max);
}

static bool scope_excuse(void *arg, const char *name)
{
    return scope_excuses(arg, name);
}

static struct model_scope model_scope_of(struct scope *s)
{
    return (struct model_scope){scope_constant, scope_function, scope_candidates, scope_excuse, s};
}

struct model *def_model(struct def *d)
{
    if (!d->done) {
        struct unit *u = d->scope->el->u;
        struct model_scope s = model_scope_of(d->scope);
        d->model = model_check(u->arena, d->neuron, &s, u->diags);
        d->done = true;
    }
    return d->model;
}

/* ---- networks ---- */

static uint64_t key_of(const char *interned)
{
    return (uint64_t)(uintptr_t)interned;
}

/* The networks that are placed as parts by others of the file. */
static void find_parts(const struct unit *u, struct arena *a, struct map64 *part)
{
    map64_init(part, a);
    for (uint32_t i = 0; i < u->network.n; i++)
        for (const struct ast_net_item *x = u->network.data[i]->items; x; x = x->next)
            if (x->kind == AST_N_PART)
                map64_put(part, key_of(x->model.text), 0, NULL);
}

static bool is_among(const struct map64 *m, const char *interned)
{
    uint32_t ignored;
    return map64_get(m, key_of(interned), &ignored);
}

static void which_network(struct unit *u, const char *message)
{
    struct diag *g = diag_add(u->diags, E0405, (struct span){0}, "%s", message);
    struct buf list = {0};
    for (uint32_t i = 0; i < u->network.n; i++)
        buf_printf(&list, "%s`%s`", i ? ", " : "", u->network.data[i]->name.text);
    if (list.n)
        diag_hint(u->diags, g, "networks of this file are %s", list.data);
    buf_free(&list);
}

static struct def *choose_network(struct unit *u, const char *name)
{
    const struct scope *s = root_module(u)->scope;
    if (name) {
        struct def *d = scope_find(s, intern_cstr(&u->names, name), SPACE_NETWORK);
        if (!d)
            which_network(u, arena_printf(u->arena, "there is no network `%s`", name));
        return d;
    }
    struct arena scratch = {0};
    struct map64 part;
    const char *only = NULL;
    uint32_t n = 0;
    find_parts(u, &scratch, &part);
    for (uint32_t i = 0; i < u->network.n; i++) {
        const char *x = u->network.data[i]->name.text;
        if (x && !is_among(&part, x)) {
            only = x;
            n++;
        }
    }
    arena_free(&scratch);
    if (n > 1) {
        which_network(u, "the file has several networks: name one");
        return NULL;
    }
    /* A file without any is about the one that its stimuli are for. */
    for (uint32_t i = 0; u->network.n == 0 && i < u->stimulus.n; i++) {
        const char *x = u->stimulus.data[i]->network.text;
        bool found = x && scope_find(s, x, SPACE_NETWORK);
        if (found && only && x != only) {
            which_network(u, "the stimuli are for several networks: name one");
            return NULL;
        }
        only = found ? x : only;
    }
    if (only)
        return scope_find(s, only, SPACE_NETWORK);
    which_network(u, u->network.n ? "all networks of the file are parts of others: name one"
                                  : "the file has no network");
    return NULL;
}

/* The board section of the root file. It is looked for once. */
static const struct ast_decl *find_board(struct unit *u)
{
    struct elab *el = u->elab;
    if (el->board_sought)
        return el->board;
    el->board_sought = true;
    for (const struct ast_decl *x = root_module(u)->ast->decls; x; x = x->next) {
        if (x->kind != AST_BOARD)
            continue;
        if (el->board) {
            struct diag *g = diag_add(u->diags, E0202, x->span, "there are two board sections");
            diag_label(u->diags, g, el->board->span, "this is the other one");
            break;
        }
        el->board = x;
    }
    return el->board;
}

struct net *unit_network(struct unit *u, const char *name)
{
    struct def *d = root_module(u) ? choose_network(u, name) : NULL;
    struct net *n = d ? build_network(u->elab, d, TO_BUILD) : NULL;
    const struct ast_decl *board = n ? find_board(u) : NULL;
    if (board)
        build_board(u->elab, n, board);
    return u->diags->n_errors == 0 ? n : NULL;
}

/* ---- stimuli ---- */

bool unit_stimulus(struct unit *u, const struct net *n, const char *name, struct stimulus *out)
{
    const struct scope *s = root_module(u)->scope;
    struct def *found = NULL;
    struct buf list = {0};
    uint32_t count = 0;
    for (uint32_t i = 0; i < u->stimulus.n; i++) {
        const struct ast_stimulus *x = u->stimulus.data[i];
        if (!x->name.text || !x->network.text || strcmp(x->network.text, n->name) != 0)
            continue;
        buf_printf(&list, "%s`%s`", list.n ? ", " : "", x->name.text);
        if (name && strcmp(name, x->name.text) != 0)
            continue;
        found = scope_find(s, x->name.text, SPACE_STIMULUS);
        count++;
    }
    bool good = found && count == 1;
    if (!good) {
        struct diag *g = name ? diag_add(u->diags, E0802, (struct span){0},
                                         "network `%s` has no stimulus `%s`", n->name, name)
                         : count > 1
                             ? diag_add(u->diags, E0802, (struct span){0},
                                        "network `%s` has several stimuli: name one", n->name)
                             : diag_add(u->diags, E0802, (struct span){0},
                                        "network `%s` has no stimulus", n->name);
        if (list.n)
            diag_hint(u->diags, g, "its stimuli are %s", list.data);
    }
    buf_free(&list);
    return good && build_stimulus(u->elab, n, found, TO_BUILD, out);
}

/* ---- checking everything ---- */

/* What the root file says of its networks, by their names. */
struct overview {
    struct map64 part;     /* networks that are placed as parts */
    struct map64 stimulus; /* network -> the first stimulus for it */
    uint32_t *next;        /* stimulus -> the next one for the same network; UINT32_MAX: none */
};

static void look_over(struct unit *u, struct arena *a, struct overview *o)
{
    find_parts(u, a, &o->part);
    map64_init(&o->stimulus, a);
    o->next = ARENA_ARRAY(a, uint32_t, u->stimulus.n + 1);
    uint32_t *last = ARENA_ARRAY(a, uint32_t, u->stimulus.n + 1);
    for (uint32_t i = 0; i < u->stimulus.n; i++) {
        int fresh;
        uint32_t first =
            map64_put(&o->stimulus, key_of(u->stimulus.data[i]->network.text), i, &fresh);
        o->next[i] = UINT32_MAX;
        if (!fresh)
            o->next[last[first]] = i;
        last[first] = i;
    }
}

static uint32_t first_stimulus(const struct overview *o, const char *network)
{
    uint32_t i;
    return map64_get(&o->stimulus, key_of(network), &i) ? i : UINT32_MAX;
}

static void check_network(struct unit *u, const struct overview *o, struct def *d)
{
    bool part = d->network->params || is_among(&o->part, d->name.text);
    struct net *n = build_network(u->elab, d, part ? TO_CHECK_PART : TO_CHECK);
    const struct scope *s = root_module(u)->scope;
    for (uint32_t i = n ? first_stimulus(o, d->name.text) : UINT32_MAX; i != UINT32_MAX;
         i = o->next[i]) {
        const struct ast_stimulus *x = u->stimulus.data[i];
        struct def *st = x->name.text ? scope_find(s, x->name.text, SPACE_STIMULUS) : NULL;
        struct stimulus out;
        if (st && st->stimulus == x)
            build_stimulus(u->elab, n, st, TO_CHECK, &out);
    }
    bool whole = n && u->diags->n_errors == 0 && !part;
    if (whole)
        checks_of_network(u, n);
    const struct ast_decl *board = whole ? find_board(u) : NULL;
    if (board)
        build_board(u->elab, n, board);
}

bool unit_check(struct unit *u)
{
    struct elab *el = u->elab;
    for (uint32_t i = 0; i < el->module.n; i++) {
        const struct scope *s = el->module.data[i]->scope;
        eval_lets(s);
        for (uint32_t k = 0; k < s->def.n; k++)
            if (s->def.data[k]->kind == DEF_NEURON)
                def_model(s->def.data[k]);
    }
    for (const struct ast_decl *x = root_module(u) ? root_module(u)->ast->decls : NULL; x;
         x = x->next)
        if (x->kind == AST_NEURON)
            bindings_check(x->neuron, u->diags);
    /* Of other files' networks those that this file has stimuli for. */
    const struct scope *root = root_module(u) ? root_module(u)->scope : NULL;
    struct arena scratch = {0};
    struct overview o;
    look_over(u, &scratch, &o);
    for (uint32_t k = 0; root && k < root->def.n; k++) {
        struct def *d = root->def.data[k];
        if (d->kind == DEF_NETWORK &&
            (d->scope == root || first_stimulus(&o, d->name.text) != UINT32_MAX))
            check_network(u, &o, d);
    }
    arena_free(&scratch);
    if (root && u->diags->n_errors == 0)
        checks_of_source(u);
    return u->diags->n_errors == 0;
}
