#include "compiler/model_check.h"

/* ---- declarations ---- */

struct symbol *mc_find_symbol(struct checker *c, const char *name)
{
    for (uint32_t i = 0; i < c->symbol.n; i++) {
        if (strcmp(c->symbol.data[i].name, name) == 0)
            return &c->symbol.data[i];
    }
    return NULL;
}

static bool is_predefined(const char *name)
{
    return strcmp(name, "dt") == 0 || strcmp(name, "spikes") == 0;
}

/* Whether the name is free for something new. */
static bool name_is_free(struct checker *c, struct ast_name name)
{
    if (is_predefined(name.text)) {
        struct diag *g =
            mc_complain(c, E0202, name.span, "`%s` is known in every neuron", name.text);
        diag_hint(c->d, g, "choose another name");
        return false;
    }
    struct span first = {0};
    const struct symbol *s = mc_find_symbol(c, name.text);
    if (s)
        first = s->span;
    for (uint32_t i = 0; i < c->local.n; i++) {
        if (strcmp(c->local.data[i].name.text, name.text) == 0)
            first = c->local.data[i].name.span;
    }
    bool weight = c->weight && strcmp(c->weight, name.text) == 0;
    if (!first.file && !s && !weight)
        return true;
    struct diag *g = mc_complain(c, E0202, name.span, "`%s` is declared twice", name.text);
    if (first.file)
        diag_label(c->d, g, first, "declared here");
    return false;
}

static void declare(struct checker *c, const struct ast_neuron_item *item, struct ast_name name,
                    enum symbol_kind kind, uint32_t index)
{
    struct symbol s = {
        .name = name.text, .span = name.span, .kind = kind, .index = index, .item = item};
    VEC_PUSH(c->scratch, &c->symbol, s);
}

/* `on TARGET A, B`: at most `max` names, as `why` says. */
static struct model_binding binding(struct checker *c, const struct ast_neuron_item *item,
                                    uint32_t max, const char *why)
{
    struct model_binding on = {.target = item->target.text, .latch = item->latch.text};
    if (item->n_on > max)
        mc_complain(c, E0404, item->on[max].span, "%s", why);
    for (; on.n < item->n_on && on.n < max; on.n++)
        on.name[on.n] = item->on[on.n].text;
    return on;
}

static void declare_param(struct checker *c, const struct ast_neuron_item *item)
{
    static const enum model_param_kind kind[] = {
        [AST_R_PARAM] = MODEL_PARAM, [AST_R_LAYOUT] = MODEL_LAYOUT, [AST_R_BIAS] = MODEL_BIAS};
    struct model_param p = {
        .name = item->name.text,
        .kind = kind[item->kind],
        .value = MODEL_NONE,
        .on = binding(c, item, MODEL_MAX_ON, "a quantity has four names on a target at most"),
        .span = item->name.span,
    };
    VEC_PUSH(c->arena, &c->m->param, p);
    declare(c, item, item->name, SYMBOL_PARAM, c->m->param.n - 1);
}

static void declare_receptor(struct checker *c, const struct ast_neuron_item *item)
{
    struct model_receptor r = {
        .name = item->name.text,
        .scale = MODEL_NONE,
        .negative = item->negative,
        .on = binding(c, item, 2,
                      "a receptor has two dendrites at most, for weights above and below 0"),
        .span = item->name.span,
    };
    VEC_PUSH(c->arena, &c->m->receptor, r);
    declare(c, item, item->name, SYMBOL_RECEPTOR, c->m->receptor.n - 1);
}

static void declare_item(struct checker *c, const struct ast_neuron_item *item)
{
    struct ast_name name = item->kind == AST_R_FN ? item->fn->name : item->name;
    if (item->kind == AST_R_STEP || item->kind == AST_R_EVENT || !name.text ||
        !name_is_free(c, name))
        return;
    struct model_let let = {name.text, false, MODEL_NONE, name.span};
    struct model_state state = {.name = name.text, .value = MODEL_NONE, .span = name.span};
    switch (item->kind) {
    case AST_R_LET:
        VEC_PUSH(c->arena, &c->m->let, let);
        declare(c, item, name, SYMBOL_LET, c->m->let.n - 1);
        break;
    case AST_R_STATE:
        VEC_PUSH(c->arena, &c->m->state, state);
        declare(c, item, name, SYMBOL_STATE, c->m->state.n - 1);
        break;
    case AST_R_RECEIVE:
        declare_receptor(c, item);
        break;
    case AST_R_FN:
        declare(c, item, name, SYMBOL_FN, 0);
        break;
    default:
        declare_param(c, item);
        break;
    }
}

/* ---- values of what is declared ---- */

static void add_bound(struct checker *c, enum symbol_kind kind, uint32_t index, uint32_t value)
{
    struct bound b = {kind, index, value};
    if (value != MODEL_NONE)
        VEC_PUSH(c->scratch, &c->bound, b);
}

static void resolve_param(struct checker *c, const struct symbol *s, const struct context *x)
{
    struct model_param *p = &c->m->param.data[s->index];
    uint32_t v;
    if (p->kind == MODEL_PARAM)
        v = mc_expr(c, x, s->item->value);
    else
        v = mc_typed(c, x, s->item->value, false,
                     p->kind == MODEL_BIAS ? "a bias is" : "a layout constant is");
    p->value = v;
    p->is_bool = v != MODEL_NONE && c->m->expr.data[v].is_bool;
}

void mc_resolve_symbol(struct checker *c, struct symbol *s)
{
    if (s->stage != SYMBOL_FRESH || s->kind == SYMBOL_FN)
        return;
    static const enum where where[] = {
        [SYMBOL_PARAM] = IN_DEFAULT,
        [SYMBOL_LET] = IN_LET,
        [SYMBOL_RECEPTOR] = IN_SCALE,
        [SYMBOL_STATE] = IN_INITIAL,
    };
    struct context x = {where[s->kind], UINT32_MAX, NULL, c->scope, true};
    if (s->kind == SYMBOL_LET)
        x.lets = s->index;
    uint32_t v = MODEL_NONE;
    struct symbol *waiting = c->busy;
    s->stage = SYMBOL_BUSY;
    c->busy = s;
    switch (s->kind) {
    case SYMBOL_PARAM:
        resolve_param(c, s, &x);
        v = c->m->param.data[s->index].value;
        break;
    case SYMBOL_LET:
        v = mc_expr(c, &x, s->item->value);
        c->m->let.data[s->index].value = v;
        c->m->let.data[s->index].is_bool = v != MODEL_NONE && c->m->expr.data[v].is_bool;
        break;
    case SYMBOL_RECEPTOR:
        if (s->item->scale)
            v = mc_typed(c, &x, s->item->scale, false, "a scale is");
        c->m->receptor.data[s->index].scale = v;
        break;
    default:
        v = mc_expr(c, &x, s->item->value);
        c->m->state.data[s->index].value = v;
        c->m->state.data[s->index].is_bool = v != MODEL_NONE && c->m->expr.data[v].is_bool;
        break;
    }
    s->stage = SYMBOL_DONE;
    c->busy = waiting;
    s->bad = v == MODEL_NONE && !(s->kind == SYMBOL_RECEPTOR && !s->item->scale);
    if (s->kind != SYMBOL_LET)
        add_bound(c, s->kind, s->index, v);
}

/* ---- bodies ---- */

static void cannot_assign(struct checker *c, const struct context *x, struct ast_name name)
{
    c->failed = true;
    if (mc_told(c, name.text))
        return;
    const struct symbol *s = mc_find_symbol(c, name.text);
    struct diag *g;
    for (uint32_t i = 0; i < c->local.n; i++) {
        if (strcmp(c->local.data[i].name.text, name.text) != 0)
            continue;
        g = mc_complain(c, E0203, name.span, "`%s` is a `let`: it has one value", name.text);
        diag_label(c->d, g, c->local.data[i].name.span, "declared here");
        diag_hint(c->d, g, "declare `state %s` if it is to change", name.text);
        return;
    }
    if (s) {
        g = mc_complain(c, E0203, name.span, "`%s` is %s: only states are assigned to", name.text,
                        mc_symbol_word(c, s));
        diag_label(c->d, g, s->span, "declared here");
        diag_hint(c->d, g, "declare `state %s` if it is to change", name.text);
    } else if (is_predefined(name.text) || (c->weight && strcmp(c->weight, name.text) == 0)) {
        g = mc_complain(c, E0203, name.span, "`%s` can't be assigned to", name.text);
        if (strcmp(name.text, "spikes") == 0)
            diag_hint(c->d, g, "`emit` says how many spikes there are");
    } else if (!x->scope->excuses(x->scope->arg, name.text)) {
        g = mc_complain(c, E0201, name.span, "unknown state `%s`", name.text);
        VEC_PUSH(c->scratch, &c->unknown, name.text);
        if (!mc_hint_name(c, x, g, name.text))
            diag_hint(c->d, g, "declare `state %s = ...;`, or `let %s = ...;` for this step only",
                      name.text, name.text);
    }
}

static void check_assign(struct checker *c, const struct context *x, const struct ast_stmt *s,
                         struct model_stmt *out)
{
    out->kind = MODEL_ASSIGN;
    out->value = mc_expr(c, x, s->value);
    const struct symbol *to = mc_find_symbol(c, s->name.text);
    if (!to || to->kind != SYMBOL_STATE) {
        cannot_assign(c, x, s->name);
        return;
    }
    out->index = to->index;
    if (to->bad || out->value == MODEL_NONE)
        return;
    const struct model_state *state = &c->m->state.data[to->index];
    if (c->m->expr.data[out->value].is_bool != state->is_bool) {
        struct diag *g = mc_complain(c, E0302, s->value->span, "`%s` is %s, but this is %s",
                                     s->name.text, state->is_bool ? "true or false" : "a number",
                                     state->is_bool ? "a number" : "true or false");
        diag_label(c->d, g, to->span, "declared here");
        return;
    }
    add_bound(c, SYMBOL_STATE, to->index, out->value);
}

static void check_local(struct checker *c, const struct context *x, const struct ast_stmt *s,
                        struct model_stmt *out)
{
    out->kind = MODEL_LOCAL;
    out->name = s->name.text;
    out->value = mc_expr(c, x, s->value);
    if (!name_is_free(c, s->name))
        return;
    out->index = c->n_locals++;
    struct local l = {s->name, out->index, out->value};
    VEC_PUSH(c->scratch, &c->local, l);
}

static struct model_stmt check_stmt(struct checker *c, const struct context *x,
                                    const struct ast_stmt *s);

/* One block; what it declares is out of sight behind it. */
static void check_block(struct checker *c, const struct context *x, const struct ast_stmt *s,
                        struct model_stmt *out, bool otherwise)
{
    uint32_t locals = c->local.n;
    for (; s; s = s->next) {
        struct model_stmt stmt = check_stmt(c, x, s);
        if (otherwise)
            VEC_PUSH(c->arena, &out->otherwise, stmt);
        else
            VEC_PUSH(c->arena, &out->then, stmt);
    }
    c->local.n = locals;
}

static struct model_stmt check_stmt(struct checker *c, const struct context *x,
                                    const struct ast_stmt *s)
{
    struct model_stmt out = {.span = s->span};
    switch (s->kind) {
    case AST_S_ASSIGN:
        check_assign(c, x, s, &out);
        break;
    case AST_S_LET:
        check_local(c, x, s, &out);
        break;
    case AST_S_EMIT:
        out.kind = MODEL_EMIT;
        out.value = mc_typed(c, x, s->value, false, "the number of spikes is");
        if (out.value != MODEL_NONE)
            VEC_PUSH(c->scratch, &c->plain, out.value);
        break;
    case AST_S_IF:
        out.kind = MODEL_WHEN;
        out.value = mc_typed(c, x, s->value, true, "a condition is");
        check_block(c, x, s->then, &out, false);
        check_block(c, x, s->otherwise, &out, true);
        break;
    }
    return out;
}

static void check_body(struct checker *c, const struct ast_neuron_item *item,
                       struct model_body *body)
{
    struct context x = {item->kind == AST_R_STEP ? IN_STEP : IN_EVENT, UINT32_MAX, NULL, c->scope,
                        true};
    if (item->kind == AST_R_EVENT && name_is_free(c, item->name))
        c->weight = item->name.text;
    c->n_locals = 0;
    for (const struct ast_stmt *s = item->body; s; s = s->next)
        VEC_PUSH(c->arena, &body->stmt, check_stmt(c, &x, s));
    body->n_locals = c->n_locals;
    body->weight = c->weight;
    c->local.n = 0;
    c->weight = NULL;
}

static void check_bodies(struct checker *c, const struct ast_neuron *n)
{
    struct span first[2] = {{0}, {0}};
    for (const struct ast_neuron_item *item = n->items; item; item = item->next) {
        if (item->kind != AST_R_STEP && item->kind != AST_R_EVENT)
            continue;
        bool event = item->kind == AST_R_EVENT;
        struct model_body *body = event ? &c->m->event : &c->m->step;
        if (body->present) {
            struct diag *g = mc_complain(c, E0404, item->span, "`%s` has a second `%s`",
                                         n->name.text, event ? "on event" : "step");
            diag_label(c->d, g, first[event], "the first");
            continue;
        }
        body->present = true;
        first[event] = item->span;
        check_body(c, item, body);
    }
    if (!c->m->step.present && !c->m->event.present && n->broken) {
        c->failed = true;
    } else if (!c->m->step.present && !c->m->event.present) {
        struct diag *g =
            mc_complain(c, E0404, n->name.span, "`%s` never does anything", n->name.text);
        diag_hint(c->d, g, "a neuron needs a `step { ... }` or an `on event(w) { ... }`");
    }
}

static void check_receptors(struct checker *c)
{
    const struct model_receptor *negative = NULL;
    for (uint32_t i = 0; i < c->m->receptor.n; i++) {
        const struct model_receptor *r = &c->m->receptor.data[i];
        if (!r->negative)
            continue;
        if (negative) {
            struct diag *g =
                mc_complain(c, E0404, r->span, "a second receptor takes the negative weights");
            diag_label(c->d, g, negative->span, "the first");
        }
        negative = r;
    }
    if (negative && c->m->receptor.n == 1)
        mc_complain(c, E0404, negative->span, "no receptor takes the positive weights");
}

struct model *model_check(struct arena *a, const struct ast_neuron *n,
                          const struct model_scope *scope, struct diags *d)
{
    struct arena scratch = {0};
    struct checker c = {.arena = a, .scratch = &scratch, .d = d, .scope = scope};
    uint32_t count = 0;
    c.m = ARENA_NEW(a, struct model);
    c.m->name = n->name.text;
    c.m->span = n->name.span;
    for (const struct ast_neuron_item *item = n->items; item && count <= MODEL_MAX_NAMES;
         item = item->next, count++)
        declare_item(&c, item);
    if (count > MODEL_MAX_NAMES) {
        mc_complain(&c, E0404, n->name.span, "`%s` has more than %d declarations", n->name.text,
                    MODEL_MAX_NAMES);
        arena_free(&scratch);
        return NULL;
    }
    for (uint32_t i = 0; i < c.symbol.n; i++) {
        struct symbol *s = &c.symbol.data[i];
        struct context x = {IN_STEP, UINT32_MAX, NULL, scope, true};
        if (s->kind == SYMBOL_FN)
            mc_check_function(&c, &x, s->item->fn);
        else
            mc_resolve_symbol(&c, s);
    }
    check_receptors(&c);
    check_bodies(&c, n);
    mc_check_dims(&c);
    arena_free(&scratch);
    return c.failed ? NULL : c.m;
}
