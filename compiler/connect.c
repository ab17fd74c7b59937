#include "compiler/connect.h"
#include "runtime/plan.h"
#include <math.h>

/* ---- ends ---- */

bool end_select(struct build *b, const struct wire *w, struct end *e)
{
    if (!e->piece || e->piece->state != SHAPE_KNOWN)
        return false;
    if (e->selected)
        return e->at.n > 0;
    e->selected = true;
    struct env env = env_in(b, w->home);
    const struct ast_ref *r = e->ref;
    struct span name = {r->span.file, r->path[0].span.begin, r->path[r->n - 1].span.end};
    if (select_elements(&env, r->subs, &e->piece->shape, name, &e->at))
        return true;
    e->at.n = 0;
    return false;
}

static bool listed(const struct link *l, struct build *b, const struct end *e, uint32_t **list)
{
    if (!e->ref->subs)
        return true;
    *list = arena_try(&b->work, e->at.n, sizeof **list);
    if (!*list) {
        no_memory(&l->env, e->ref->span);
        return false;
    }
    selection_list(&e->at, *list);
    return true;
}

/* What the operator sees of both sides. */
static bool elements(struct build *b, struct link *l)
{
    struct wire *w = l->w;
    if (!wire_source(b, w) || !end_select(b, w, &w->dst))
        return false;
    l->n_src = shape_count(&w->source);
    l->n_pre = wire_pools(w) ? l->n_src : w->src.piece->n;
    l->n_dst = w->dst.at.n;
    return listed(l, b, &w->src, &l->src) && listed(l, b, &w->dst, &l->dst);
}

/* ---- attributes ---- */

static bool attribute_via(struct build *b, struct link *l, const struct model *m,
                          const struct ast_assign *as)
{
    struct diags *d = b->el->u->diags;
    const struct ast_expr *e = as->value;
    int r = e->kind == AST_NAME ? model_find_receptor(m, e->name.text) : -1;
    if (r >= 0) {
        l->receptor = (uint32_t)r;
        return true;
    }
    struct diag *g = diag_add(d, E0201, e->span, "model `%s` has no receptor `%s`", m->name,
                              quote(b->el, e->span, "..."));
    struct buf list = {0};
    for (uint32_t i = 0; i < m->receptor.n; i++)
        buf_printf(&list, "%s`%s`", i ? ", " : "", m->receptor.data[i].name);
    if (list.n)
        diag_hint(d, g, "it has %s", list.data);
    buf_free(&list);
    return false;
}

static bool attribute_delay(struct build *b, struct link *l, const struct model *m,
                            const struct ast_assign *as)
{
    struct diags *d = b->el->u->diags;
    double x;
    if (!eval_scalar(&l->env, as->value, DIM_TIME, "`delay`", &x))
        return false;
    if (m && m->event.present) {
        struct diag *g = diag_add(d, E0402, as->name.span,
                                  "`%s` is event-driven: what it is sent arrives at once", m->name);
        diag_label(d, g, m->span, "it has an `on event`");
        return false;
    }
    if (b->net->dt == 0) {
        diag_add(d, E0401, as->span, "a delay needs a time step: `dt = 1 ms;`");
        return false;
    }
    if (isnan(b->net->dt))
        return false;
    double steps = round(x / b->net->dt);
    if (!(steps >= 1 && steps <= PLAN_MAX_DELAY)) {
        struct buf text = {0};
        unit_f64_text(&text, b->net->dt, DIM_TIME);
        diag_add(d, E0306, as->value->span, "a delay is 1 to %d time steps of %s", PLAN_MAX_DELAY,
                 text.data);
        buf_free(&text);
        return false;
    }
    l->delay = (uint32_t)steps;
    return true;
}

enum { A_VIA, A_DELAY, A_POOL, A_AVERAGE, A_BIAS, N_ATTRIBUTES };

static const char *const attribute_name[N_ATTRIBUTES] = {"via", "delay", "pool", "average_pool",
                                                         "bias"};

static bool unknown_attribute(struct build *b, const struct ast_assign *as)
{
    struct diags *d = b->el->u->diags;
    struct diag *g =
        diag_add(d, E0205, as->name.span, "a connection has no attribute `%s`", as->name.text);
    diag_hint(d, g, "attributes are `via`, `delay`, `pool`, `average_pool` and `bias`");
    hint_near(d, g, as->name.text, attribute_name, N_ATTRIBUTES);
    return false;
}

static bool attribute_bias(struct build *b, const struct link *l, const struct ast_assign *as)
{
    const char *op = l->w->item->value->name.text;
    if (strcmp(op, "dense") == 0 || strcmp(op, "sparse") == 0 || strcmp(op, "conv2d") == 0)
        return true;
    diag_add(b->el->u->diags, E0402, as->name.span,
             "`bias` goes with `dense`, `sparse` and `conv2d`");
    return false;
}

/* Pools and biases are worked out when the ends are known (maps.c). */
static bool attributes(struct build *b, struct link *l, const struct model *m, bool *via,
                       bool *bias)
{
    struct diags *d = b->el->u->diags;
    bool good = true, seen[N_ATTRIBUTES] = {false};
    for (const struct ast_assign *as = l->w->item->assigns; as; as = as->next) {
        const char *name = as->name.text;
        if (!name || !as->value)
            continue;
        int kind = 0;
        while (kind < N_ATTRIBUTES && strcmp(name, attribute_name[kind]) != 0)
            kind++;
        if (kind == N_ATTRIBUTES) {
            good = unknown_attribute(b, as);
            continue;
        }
        if (seen[kind])
            diag_add(d, E0202, as->name.span, "`%s` is given twice", name);
        seen[kind] = true;
        if (kind == A_VIA && m) {
            *via = true;
            good &= attribute_via(b, l, m, as);
        } else if (kind == A_DELAY) {
            good &= attribute_delay(b, l, m, as);
        } else if (kind == A_BIAS) {
            *bias = attribute_bias(b, l, as);
            good &= *bias;
        }
    }
    return good;
}

/* ---- into the network ---- */

/* Which weights a connection takes: all, or those of one sign. */
static bool takes(const struct link *l, float w, int sign)
{
    if (w == 0)
        return l->updates && sign >= 0;
    return sign == 0 || (sign > 0) == (w > 0);
}

static uint64_t count(const struct link *l, int sign)
{
    uint64_t n = 0;
    const struct conv *c = l->pattern == CONVOLVED ? &l->w->conv : NULL;
    for (uint64_t i = 0; c && i < conv_count(c); i++)
        n += takes(l, c->w[i], sign);
    if (c)
        return n;
    for (uint32_t i = 0; i < l->n_src; i++)
        for (uint64_t k = row_begin(l, i); k < row_end(l, i); k++)
            n += takes(l, weight(l, i, k), sign);
    return n;
}

bool has_room(struct build *b, const struct link *l, uint64_t n)
{
    const struct net_connection *c = NULL;
    struct diags *d = b->el->u->diags;
    struct span at = l->w->item->span;
    uint64_t all = b->n_synapses + n; /* n is below 2^62, and the sum so far was possible */
    if (b->el->memory == 0)
        b->el->memory = memory_there();
    double needed = (double)all * (sizeof *c->post + sizeof *c->weight), there = b->el->memory;
    if (all > (uint64_t)1 << 32)
        diag_add(d, E0308, at, "this makes %llu synapses%s more than 2^32", (unsigned long long)all,
                 b->n_synapses ? " with those before it," : ",");
    else if (needed > there)
        diag_add(
            d, E0308, at,
            "this makes %llu synapses%s which need %.1f GB of memory; this machine has %.1f GB",
            (unsigned long long)all, b->n_synapses ? " with those before it," : ",", needed * 1e-9,
            there * 1e-9);
    else
        return true;
    return false;
}

/* What pool, average and biases are; the biases of a connection stand at one receptor. */
static void add_maps(struct net_connection *c, const struct link *l, bool bias)
{
    const struct wire *w = l->w;
    memcpy(c->pool, w->pool, sizeof c->pool);
    c->average = w->average;
    c->bias = bias ? l->bias : NULL;
}

static void add_conv(struct build *b, const struct link *l, uint32_t receptor, int sign, bool bias)
{
    const struct wire *w = l->w;
    struct conv *c = ARENA_NEW(b->net->arena, struct conv);
    *c = w->conv;
    if (sign) {
        const uint64_t n = conv_count(c);
        c->w = ARENA_ARRAY(b->net->arena, float, n);
        for (uint64_t i = 0; i < n; i++)
            c->w[i] = takes(l, w->conv.w[i], sign) ? w->conv.w[i] : 0;
    }
    add_maps(net_add_conv(b->net, w->src.piece->is_input, w->src.piece->index, w->dst.piece->index,
                          receptor, l->delay, c, l->n_pre, w->item->span),
             l, bias);
}

static void add(struct build *b, const struct link *l, uint32_t receptor, int sign, bool bias)
{
    if (l->pattern == CONVOLVED) {
        add_conv(b, l, receptor, sign, bias);
        return;
    }
    uint64_t n_synapses = count(l, sign);
    if (!has_room(b, l, n_synapses))
        return;
    b->n_synapses += n_synapses;
    const struct piece *src = l->w->src.piece, *dst = l->w->dst.piece;
    struct net_connection *c =
        net_add_connection(b->net, src->is_input, src->index, dst->index, receptor, l->delay,
                           l->n_pre, n_synapses, l->w->item->span);
    if (!c) {
        no_memory(&l->env, l->w->item->span);
        return;
    }
    uint64_t n = 0;
    for (uint32_t i = 0; i < l->n_src; i++) {
        for (uint64_t k = row_begin(l, i); k < row_end(l, i); k++) {
            float w = weight(l, i, k);
            if (!takes(l, w, sign))
                continue;
            uint32_t j = column(l, k);
            c->post[n] = l->dst ? l->dst[j] : j;
            c->weight[n++] = w;
        }
        c->row[(l->src ? l->src[i] : i) + 1] = n;
    }
    for (uint32_t i = 0; l->src && i < src->n; i++)
        if (c->row[i + 1] < c->row[i])
            c->row[i + 1] = c->row[i];
    add_maps(c, l, bias);
}

static int receptor_for(const struct model *m, bool negative)
{
    for (uint32_t i = 0; i < m->receptor.n; i++)
        if (m->receptor.data[i].negative == negative)
            return (int)i;
    return -1;
}

static void add_by_sign(struct build *b, const struct link *l, const struct model *m, bool via)
{
    int plain = receptor_for(m, false), negative = receptor_for(m, true);
    uint64_t n_negative = negative >= 0 && !via ? count(l, -1) : 0;
    if (via || m->receptor.n == 0) {
        add(b, l, l->receptor, 0, true);
    } else if (n_negative == 0 || plain < 0) {
        add(b, l, (uint32_t)(plain >= 0 ? plain : negative), 0, true);
    } else {
        if (count(l, 1) > 0 || l->bias)
            add(b, l, (uint32_t)plain, 1, true);
        add(b, l, (uint32_t)negative, -1, false);
    }
}

uint32_t attribute_names(const char **out, uint32_t max)
{
    uint32_t n = 0;
    for (; n < N_ATTRIBUTES && n < max; n++)
        out[n] = attribute_name[n];
    return n;
}

static bool is_attribute(const char *name)
{
    for (int i = 0; i < N_ATTRIBUTES; i++)
        if (strcmp(attribute_name[i], name) == 0)
            return true;
    return false;
}

static bool check_args(struct build *b, const struct ast_expr *op)
{
    struct diags *d = b->el->u->diags;
    uint32_t n = op->binders != NULL;
    for (const struct ast_arg *a = op->args; a; a = a->next) {
        if (a->name.text) {
            struct diag *g = diag_add(d, E0205, a->name.span, "`%s` has no parameter `%s`",
                                      op->name.text, a->name.text);
            if (strcmp(a->name.text, "seed") == 0)
                diag_hint(d, g, "a seed follows random numbers: `uniform(0, 1) seed 3`");
            else if (is_attribute(a->name.text))
                diag_hint(d, g, "attributes stand behind the operation: `%s(...), %s = ...`",
                          op->name.text, a->name.text);
            return false;
        }
        n++;
    }
    if (n != 1)
        diag_add(d, E0305, op->span, "`%s` takes one argument", op->name.text);
    return n == 1;
}

/* Whether anything can be connected to that piece; false: reported. */
static bool can_receive(struct build *b, const struct wire *w)
{
    struct diags *d = b->el->u->diags;
    const struct piece *dst = w->dst.piece;
    const struct model *m = dst ? dst->model : NULL;
    if (dst && dst->is_input) {
        struct diag *g =
            diag_add(d, E0402, w->dst.ref->span, "nothing can be connected to an input");
        diag_label(d, g, dst->item->name.span, "declared here");
        return false;
    }
    if (m && m->receptor.n == 0 && m->step.present) {
        struct diag *g = diag_add(d, E0402, w->dst.ref->span, "`%s` receives nothing", m->name);
        diag_label(d, g, m->span, "the model has no `receive`");
        return false;
    }
    return true;
}

/* The biases of a connection whose weights are known. */
static bool find_bias(struct build *b, struct link *l)
{
    const struct conv *c = l->pattern == CONVOLVED ? &l->w->conv : NULL;
    const struct shape features = {1, {c ? c->out : 1}};
    l->bias = wire_bias(b, l, c ? &features : &l->w->dst.at.shape);
    return l->bias != NULL;
}

static void connect(struct build *b, struct wire *w)
{
    const struct ast_expr *op = w->item->value;
    if (!op || !op->name.text)
        return;
    struct piece *src = w->src.piece, *dst = w->dst.piece;
    const struct model *m = dst ? dst->model : NULL;
    struct link l = {.w = w, .env = env_in(b, w->home)};
    l.delay = (src && src->is_input) || (m && m->event.present) ? 0 : 1;
    bool via = false, bias = false, conv = strcmp(op->name.text, "conv2d") == 0;
    l.updates = m && m->event.present && !conv; /* a convolution has all of its weights anyway */
    if (dst && dst->is_input && !can_receive(b, w))
        return;
    bool good = attributes(b, &l, m, &via, &bias);
    int k = find_operator(b, op);
    if (k < 0 || (!conv && !check_args(b, op)) || !can_receive(b, w))
        return;
    if (!src || !dst || (conv && !wire_conv(b, w)) || !elements(b, &l)) {
        if (!op->binders)
            wire_weights(b, w); /* for what is wrong in it */
        return;
    }
    if (!operator_weights(b, &l, k) || (bias && !find_bias(b, &l)) || !good || !m ||
        src->index == UINT32_MAX || dst->index == UINT32_MAX)
        return;
    add_by_sign(b, &l, m, via);
}

void build_connections(struct build *b)
{
    for (uint32_t i = 0; i < b->wire.n; i++)
        connect(b, &b->wire.data[i]);
}
