/* Checks of what is connected: inputs, layers and lets that nothing needs, connections without
 * weights, layers that no spike reaches. */
#include "compiler/check_rules.h"
#include "compiler/elab.h"

/* ---- lets ---- */

static bool tell_let(struct checking *c, struct ast_name name, const void *ast)
{
    if (!name.text || name.text[0] == '_' || let_used(c->u->elab, ast))
        return false;
    struct diag *g = diag_add(c->d, W0251, name.span, "nothing uses `%s`", name.text);
    diag_hint(c->d, g, "leave it out, or begin its name with `_` if it is to stay");
    return true;
}

/* A model's lets are used by its other expressions. */
static bool tell_model(struct checking *c, const struct ast_neuron *neuron, const struct model *m)
{
    bool told = false;
    for (uint32_t i = 0; m && i < m->let.n; i++) {
        bool used = false;
        for (uint32_t k = 0; k < m->expr.n && !used; k++)
            used = m->expr.data[k].op == M_LET && m->expr.data[k].index == i;
        for (const struct ast_neuron_item *x = neuron->items; x && !used; x = x->next)
            if (x->kind == AST_R_LET && x->name.text &&
                strcmp(x->name.text, m->let.data[i].name) == 0)
                told |= tell_let(c, x->name, x);
    }
    return told;
}

bool check_unused_lets(struct checking *c, uint32_t index)
{
    (void)index;
    bool told = false, whole = false; /* a file without networks is there for others */
    struct module *root = c->u->elab->module.data[0];
    for (const struct ast_decl *x = root->ast->decls; x; x = x->next)
        whole |= x->kind == AST_NETWORK;
    for (const struct ast_decl *x = root->ast->decls; x; x = x->next) {
        if (x->kind == AST_LET && whole)
            told |= tell_let(c, x->let->name, x->let);
        for (const struct ast_net_item *i = x->kind == AST_NETWORK ? x->network->items : NULL; i;
             i = i->next)
            if (i->kind == AST_N_LET)
                told |= tell_let(c, i->let->name, i->let);
        for (const struct ast_stim_item *i = x->kind == AST_STIMULUS ? x->stimulus->items : NULL; i;
             i = i->next)
            if (i->let)
                told |= tell_let(c, i->let->name, i->let);
        struct def *d = x->kind == AST_NEURON && x->neuron->name.text
                            ? scope_find(root->scope, x->neuron->name.text, SPACE_NEURON)
                            : NULL;
        if (d)
            told |= tell_model(c, x->neuron, def_model(d));
    }
    return told;
}

/* ---- inputs, layers, connections ---- */

static bool all_zero(const struct net_connection *c)
{
    const float *w = c->conv ? c->conv->w : c->weight;
    const uint64_t n = c->conv ? conv_count(c->conv) : c->row[c->n_pre];
    uint64_t i = 0;
    while (i < n && w[i] == 0)
        i++;
    return i == n;
}

bool check_unused_input(struct checking *c, uint32_t index)
{
    const struct net_input *in = &c->n->input.data[index];
    if (c->feeds[index])
        return false;
    struct diag *g = diag_add(c->d, W0451, in->span, "input `%s` feeds nothing", in->name);
    diag_hint(c->d, g, "connect it, as in `%s -> LAYER: all_to_all(1);`", in->name);
    return true;
}

bool check_zero_weights(struct checking *c, uint32_t index)
{
    const struct net_connection *x = &c->n->connection.data[index];
    const struct net_layer *dst = &c->n->layer.data[x->dst];
    if (x->bias || !all_zero(x))
        return false;
    const char *src = x->from_input ? c->n->input.data[x->src].name : c->n->layer.data[x->src].name;
    diag_add(c->d, W0454, x->span, "all weights from `%s` to `%s` are 0: this %s nothing", src,
             dst->name, dst->model->event.present ? "adds" : "connects");
    return true;
}

/* Heard by others, an output or recorded. Where nothing is said of outputs, what feeds none but
 * itself is one. */
static void find_needed(struct checking *c)
{
    const struct net *n = c->n;
    c->needed = ARENA_ARRAY(&c->arena, bool, n->layer.n + 1);
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *x = &n->connection.data[i];
        if (!x->from_input && x->src != x->dst)
            c->needed[x->src] = true;
    }
    for (uint32_t i = 0; i < n->record.n; i++)
        c->needed[n->record.data[i].layer] = true;
    for (uint32_t i = 0; i < n->output.n; i++)
        c->needed[n->output.data[i]] = true;
}

bool check_unused_layer(struct checking *c, uint32_t index)
{
    if (!c->needed)
        find_needed(c);
    if (c->needed[index])
        return false;
    const char *name = c->n->layer.data[index].name;
    struct diag *g = check_tell(
        c, W0452, index, "nothing hears layer `%s`, and it is neither output nor recorded", name);
    diag_hint(c->d, g, "to see it: `output %s;` or `record %s.spikes;`", name, name);
    return true;
}

/* ---- what spikes reach ---- */

/* A layer of which a neuron fires when it is left alone, or may do so for all we know. */
static bool fires_alone(struct checking *c, uint32_t layer)
{
    uint32_t n;
    const uint64_t *count = check_try(c, layer, false, &n);
    for (uint32_t i = 0; count && i < n; i++)
        if (count[i] > 0)
            return true;
    return !count && c->n->layer.data[layer].model->step.present;
}

/* Whether spikes or biases come to a layer from outside. */
static bool fed(const struct checking *c, uint32_t layer)
{
    for (uint32_t k = c->first_to[layer]; k != CHECK_END; k = c->next_to[k]) {
        const struct net_connection *x = &c->n->connection.data[k];
        if (x->bias || (x->from_input && !all_zero(x)))
            return true;
    }
    return false;
}

static void find_reached(struct checking *c)
{
    const struct net *n = c->n;
    c->reached = ARENA_ARRAY(&c->arena, bool, n->layer.n + 1);
    uint32_t *pending = ARENA_ARRAY(&c->arena, uint32_t, n->layer.n + 1), n_pending = 0;
    for (uint32_t i = 0; i < n->layer.n; i++) {
        c->reached[i] = fed(c, i) || fires_alone(c, i);
        if (c->reached[i])
            pending[n_pending++] = i;
    }
    while (n_pending > 0) {
        const uint32_t from = pending[--n_pending];
        for (uint32_t k = c->first_from[from]; k != CHECK_END; k = c->next_from[k]) {
            const struct net_connection *x = &n->connection.data[k];
            if (c->reached[x->dst] || all_zero(x))
                continue;
            c->reached[x->dst] = true;
            pending[n_pending++] = x->dst;
        }
    }
}

/* One message for all: what isn't reached often leads to each other. A network without inputs is
 * about something else. */
bool check_unreachable(struct checking *c, uint32_t index)
{
    struct diag *g = NULL;
    if (c->n->input.n == 0)
        return false;
    if (!c->reached)
        find_reached(c);
    if (c->reached[index])
        return false;
    for (uint32_t i = 0; i < index; i++)
        if (!c->reached[i])
            return true;
    g = check_tell(c, W0453, index, "no spike can ever reach layer `%s`",
                   c->n->layer.data[index].name);
    for (uint32_t i = index + 1, more = 0; i < c->n->layer.n && more < 8; i++) {
        if (!c->reached[i]) {
            diag_label(c->d, g, c->n->layer.data[i].span, "nor this one");
            more++;
        }
    }
    diag_hint(c->d, g, "no way leads there from an input, or from neurons that fire by themselves");
    return true;
}
