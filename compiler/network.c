#include "compiler/elab.h"
#include <math.h>

struct env env_in(struct build *b, const struct instance *i)
{
    return env_of(i->scope, &b->work);
}

/* ---- the time step ---- */

/* The time step that an item states; NaN: reported. */
static double stated_dt(struct build *b, struct instance *in, const struct ast_net_item *item)
{
    struct env env = env_in(b, in);
    double dt;
    if (!eval_scalar(&env, item->value, DIM_TIME, "`dt`", &dt))
        return NAN;
    if ((float)dt > 0 && isfinite((float)dt))
        return dt;
    diag_add(b->el->u->diags, E0306, item->value->span, "the time step must be above 0");
    return NAN;
}

/* A part has the time step of the whole: it may state it, but no other one. */
static void set_dt(struct build *b, struct instance *in, const struct ast_net_item *item)
{
    struct diags *d = b->el->u->diags;
    double dt = stated_dt(b, in, item);
    if (isnan(dt)) {
        b->net->dt = b->dt_span.file == 0 ? dt : b->net->dt;
        return;
    }
    if (b->dt_span.file == 0) {
        b->net->dt = dt;
        b->dt_span = item->span;
    } else if (b->net->dt != dt || !in->parent) {
        struct diag *g = diag_add(d, in->parent ? E0403 : E0202, item->span,
                                  in->parent ? "a part has the time step of the network around it"
                                             : "`dt` is given twice");
        diag_label(d, g, b->dt_span, "given here");
    }
}

/* ---- arguments ---- */

static const struct ast_param *find_param(const struct ast_network *n, const char *name)
{
    const struct ast_param *p = n->params;
    while (p && p->name.text != name)
        p = p->next;
    return p;
}

/* False if an argument has no parameter: then one that is missing is what was meant. */
static bool check_args(struct build *b, const struct def *network, const struct ast_net_item *part)
{
    bool good = true;
    struct diags *d = b->el->u->diags;
    uint32_t position = 0, n = 0;
    const char *names[64];
    for (const struct ast_param *p = network->network->params; p; p = p->next)
        if (n < 64)
            names[n++] = p->name.text;
    for (const struct ast_arg *a = part->args; a; a = a->next) {
        position += a->name.text == NULL;
        if (a->name.text && !find_param(network->network, a->name.text)) {
            struct diag *g = diag_add(d, E0205, a->name.span, "network `%s` has no parameter `%s`",
                                      network->name.text, a->name.text);
            hint_near(d, g, a->name.text, names, n);
            diag_label(d, g, network->name.span, "declared here");
            good = false;
        } else if (!a->name.text && position > n) {
            struct diag *g = diag_add(d, E0305, a->value ? a->value->span : part->span,
                                      "network `%s` has %u parameter%s", network->name.text, n,
                                      n == 1 ? "" : "s");
            diag_label(d, g, network->name.span, "declared here");
        }
    }
    return good;
}

/* The argument for parameter number `index`; NULL: none was given. */
static const struct ast_arg *find_arg(struct build *b, const struct ast_net_item *part,
                                      const struct ast_param *p, uint32_t index)
{
    const struct ast_arg *found = NULL;
    uint32_t position = 0;
    for (const struct ast_arg *a = part ? part->args : NULL; a; a = a->next) {
        bool this = a->name.text ? a->name.text == p->name.text : position++ == index;
        if (this && found)
            diag_add(b->el->u->diags, E0305, a->value ? a->value->span : part->span,
                     "`%s` is given twice", p->name.text);
        if (this && !found)
            found = a;
    }
    return found;
}

static void bind_params(struct build *b, struct instance *in, const struct def *network,
                        const struct ast_net_item *part, bool lenient)
{
    struct elab *el = b->el;
    if (part && !check_args(b, network, part))
        lenient = true;
    uint32_t index = 0;
    for (const struct ast_param *p = in->network->params; p; p = p->next, index++) {
        const struct ast_arg *a = find_arg(b, part, p, index);
        struct value v = poison();
        if (a || p->value) {
            struct env env = a ? env_in(b, in->parent) : env_in(b, in);
            env.arena = el->u->arena;
            v = eval_known(&env, a ? a->value : p->value);
        } else if (!lenient) {
            struct diag *g =
                diag_add(el->u->diags, E0305, part ? part->span : p->name.span,
                         "network `%s` needs a value for `%s`", network->name.text, p->name.text);
            if (part)
                diag_label(el->u->diags, g, p->name.span, "declared here");
            else
                diag_hint(el->u->diags, g, "only as a part of another network can it be placed");
        }
        struct def *d = scope_add(el->u->arena, in->scope, DEF_VALUE, p->name, p);
        d->value = v;
    }
}

/* ---- items ---- */

static bool room(struct build *b, struct span at)
{
    if (b->piece.n + b->n_parts < ELAB_MAX_PIECES)
        return true;
    diag_add(b->el->u->diags, E0308, at, "a network has at most %d inputs, layers and parts",
             ELAB_MAX_PIECES);
    return false;
}

/* "left.exc": what is declared with a dot can meet what a part brings along. */
static const char *full_name(struct build *b, const struct instance *in, struct ast_name name)
{
    struct buf text = {0};
    buf_printf(&text, "%s%s", in->prefix, name.text);
    const char *full = intern(&b->el->u->names, text.data, text.n);
    buf_free(&text);
    int fresh;
    uint32_t other = map64_put(&b->name, (uint64_t)(uintptr_t)full, b->piece.n, &fresh);
    if (!fresh) {
        struct diags *d = b->el->u->diags;
        struct diag *g = diag_add(d, E0202, name.span, "there are two pieces called `%s`", full);
        diag_label(d, g, b->piece.data[other]->item->name.span, "this is the other one");
    }
    return full;
}

static void add_piece(struct build *b, struct instance *in, const struct ast_net_item *item)
{
    struct elab *el = b->el;
    if (!item->name.text || !room(b, item->span))
        return;
    struct def *d = scope_find_here(in->scope, item->name.text, SPACE_VALUE);
    if (!d || d->ast != item)
        return; /* declared twice */
    struct piece *p = ARENA_NEW(&b->work, struct piece);
    *p = (struct piece){
        .item = item,
        .home = in,
        .name = full_name(b, in, item->name),
        .is_input = item->kind == AST_N_INPUT,
        .index = UINT32_MAX,
    };
    d->piece = p;
    VEC_PUSH(&b->work, &b->piece, p);
    if (p->is_input) {
        const char *name = item->name.text;
        if (stimulus_setting(name))
            diag_add(el->u->diags, E0403, item->name.span,
                     "an input can't be called `%s`: a stimulus uses the name", name);
        return;
    }
    struct def *neuron =
        item->model.text ? scope_find(in->scope, item->model.text, SPACE_NEURON) : NULL;
    p->model = neuron ? def_model(neuron) : NULL;
}

static struct instance *instantiate(struct build *b, struct instance *parent,
                                    const struct def *network, const struct ast_net_item *part,
                                    bool lenient);

static void add_part(struct build *b, struct instance *in, const struct ast_net_item *item)
{
    struct def *network =
        item->model.text ? scope_find(in->scope, item->model.text, SPACE_NETWORK) : NULL;
    struct def *d =
        item->name.text ? scope_find_here(in->scope, item->name.text, SPACE_VALUE) : NULL;
    if (!network || network->cyclic || !d || d->ast != item || !room(b, item->span))
        return;
    b->n_parts++;
    if (in->nesting == ELAB_MAX_NESTING) {
        diag_add(b->el->u->diags, E0106, item->span, "parts nest at most %d deep",
                 ELAB_MAX_NESTING);
        return;
    }
    d->part = instantiate(b, in, network, item, false);
}

static struct instance *instantiate(struct build *b, struct instance *parent,
                                    const struct def *network, const struct ast_net_item *part,
                                    bool lenient)
{
    struct arena *a = b->el->u->arena; /* lets keep their values, and a stimulus sees some */
    struct instance *in = ARENA_NEW(&b->work, struct instance);
    *in = (struct instance){.parent = parent, .network = network->network, .prefix = ""};
    if (part) {
        in->prefix = arena_printf(&b->work, "%s%s.", parent->prefix, part->name.text);
        in->nesting = parent->nesting + 1;
    }
    in->scope = scope_new(b->el, a, network->scope);
    in->scope->incomplete = network->network->nameless;
    in->scope->dt = &b->net->dt;
    bind_params(b, in, network, part, lenient);
    declare_items(a, in->scope, in->network->items);
    for (const struct ast_net_item *i = in->network->items; i; i = i->next)
        if (i->kind == AST_N_DT)
            set_dt(b, in, i);
    if (b->net->dt == 0 && line_excuses(b->el->u, b->el->dt))
        b->net->dt = NAN;
    for (const struct ast_net_item *i = in->network->items; i; i = i->next) {
        if (i->kind == AST_N_INPUT || i->kind == AST_N_LAYER) {
            add_piece(b, in, i);
        } else if (i->kind == AST_N_PART) {
            add_part(b, in, i);
        } else if (i->kind == AST_N_CONNECTION) {
            struct wire w = {.item = i, .home = in};
            VEC_PUSH(&b->work, &b->wire, w);
        }
    }
    return in;
}

/* ---- references ---- */

/* The longest run of names that is declared with dots, as printed networks do, or a part and what
 * follows in it. */
static struct def *find_joined(struct build *b, const struct instance *in,
                               const struct ast_name *path, uint32_t n, uint32_t *taken)
{
    struct buf text = {0};
    struct def *found = NULL;
    for (uint32_t k = 0; k < n; k++) {
        buf_printf(&text, "%s%s", k ? "." : "", path[k].text);
        struct def *d =
            scope_find_here(in->scope, intern(&b->el->u->names, text.data, text.n), SPACE_VALUE);
        if (d) {
            found = d;
            *taken = k + 1;
        }
    }
    buf_free(&text);
    return found;
}

static void unknown_piece(struct build *b, const struct instance *in, struct ast_name name)
{
    struct diags *d = b->el->u->diags;
    uint32_t ignored;
    if (scope_excuses(in->scope, name.text) ||
        map64_get(&b->unknown, (uint64_t)(uintptr_t)name.text, &ignored))
        return;
    struct diag *g = diag_add(d, E0201, name.span, "network `%s` has no layer, input or part `%s`",
                              in->network->name.text, name.text);
    if (!hints_wanted(d))
        return;
    struct arena scratch = {0};
    const char **names = ARENA_ARRAY(&scratch, const char *, in->scope->def.n + 1);
    uint32_t n = 0;
    for (uint32_t i = 0; i < in->scope->def.n; i++) {
        enum def_kind k = in->scope->def.data[i]->kind;
        if (k == DEF_INPUT || k == DEF_LAYER || k == DEF_PART)
            names[n++] = in->scope->def.data[i]->name.text;
    }
    hint_near(d, g, name.text, names, n);
    names = ARENA_ARRAY(&scratch, const char *, b->piece.n + 1);
    for (n = 0; n < b->piece.n; n++)
        names[n] = b->piece.data[n]->name;
    const char *inner = name_in_part(name.text, names, n);
    if (inner && !in->parent)
        diag_hint(d, g, "the one in the part is `%s`", inner);
    if (!g->hint)
        map64_put(&b->unknown, (uint64_t)(uintptr_t)name.text, 0, NULL);
    arena_free(&scratch);
}

struct piece *find_piece(struct build *b, const struct instance *from, const struct ast_ref *ref,
                         uint32_t n)
{
    struct diags *d = b->el->u->diags;
    const struct instance *in = from;
    for (uint32_t at = 0; at < n;) {
        uint32_t taken = 1;
        struct def *x = find_joined(b, in, ref->path + at, n - at, &taken);
        if (!x) {
            unknown_piece(b, in, ref->path[at]);
            return NULL;
        }
        struct ast_name last = ref->path[at + taken - 1];
        at += taken;
        if (x->kind == DEF_PART && at < n) {
            in = x->part;
            if (!in)
                return NULL;
        } else if ((x->kind == DEF_INPUT || x->kind == DEF_LAYER) && at == n) {
            return x->piece;
        } else {
            struct diag *g;
            if (x->kind == DEF_INPUT || x->kind == DEF_LAYER)
                g = diag_add(d, E0203, ref->path[at].span, "`%s` is %s: it has no part `%s`",
                             last.text, def_word(x->kind), ref->path[at].text);
            else
                g = diag_add(d, E0203, last.span, "`%s` is %s, not a layer or an input", last.text,
                             def_word(x->kind));
            diag_label(d, g, x->name.span, "declared here");
            if (x->kind == DEF_PART)
                diag_hint(d, g, "its layers and inputs are `%s.NAME`", last.text);
            return NULL;
        }
    }
    return NULL;
}

/* ---- the whole ---- */

/* Whether a stimulus can be checked against it. */
static bool inputs_known(const struct build *b)
{
    for (uint32_t i = 0; i < b->piece.n; i++)
        if (b->piece.data[i]->is_input && b->piece.data[i]->index == UINT32_MAX)
            return false;
    return b->dt_span.file != 0;
}

static bool states_dt(const struct ast_network *n)
{
    const struct ast_net_item *i = n->items;
    while (i && i->kind != AST_N_DT)
        i = i->next;
    return i != NULL;
}

struct net *build_network(struct elab *el, struct def *network, enum purpose purpose)
{
    struct unit *u = el->u;
    if (network->cyclic)
        return NULL;
    struct build b = {.el = el};
    map64_init(&b.name, &b.work);
    map64_init(&b.unknown, &b.work);
    b.net = net_new(u->arena, network->name.text);
    b.net->span = network->name.span;
    if (purpose == TO_BUILD)
        b.net->dt = u->dt;
    else if (purpose == TO_CHECK_PART && !states_dt(network->network))
        b.net->dt = 1e-3;
    b.root = instantiate(&b, NULL, network, NULL, purpose != TO_BUILD);
    infer_shapes(&b);
    build_layers(&b);
    build_connections(&b);
    build_settings(&b);
    if (purpose != TO_BUILD)
        eval_lets(b.root->scope);
    bool good = u->diags->n_errors == 0 || (purpose != TO_BUILD && inputs_known(&b));
    arena_free(&b.work);
    return good ? b.net : NULL;
}
