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

static bool elements(struct build *b, struct link *l, struct end *e, uint32_t *n, uint32_t **list)
{
    if (!end_select(b, l->w, e))
        return false;
    *n = e->at.n;
    if (!e->ref->subs)
        return true;
    *list = arena_try(&b->work, *n, sizeof **list);
    if (!*list) {
        no_memory(&l->env, e->ref->span);
        return false;
    }
    selection_list(&e->at, *list);
    return true;
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

static bool attribute_delay(struct build *b, struct link *l, const struct ast_assign *as)
{
    struct diags *d = b->el->u->diags;
    double x;
    if (!eval_scalar(&l->env, as->value, DIM_TIME, "`delay`", &x))
        return false;
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

static bool attributes(struct build *b, struct link *l, const struct model *m, bool *via)
{
    static const char *const speck[] = {"pool", "average_pool", "bias"};
    static const char *const known[] = {"via", "delay"};
    struct diags *d = b->el->u->diags;
    bool good = true;
    const char *seen[2] = {NULL, NULL};
    for (const struct ast_assign *as = l->w->item->assigns; as; as = as->next) {
        const char *name = as->name.text;
        if (!name || !as->value)
            continue;
        int kind = strcmp(name, "via") == 0 ? 0 : strcmp(name, "delay") == 0 ? 1 : 2;
        if (kind < 2 && seen[kind])
            diag_add(d, E0202, as->name.span, "`%s` is given twice", name);
        if (kind < 2)
            seen[kind] = name;
        if (kind == 0 && m) {
            *via = true;
            good &= attribute_via(b, l, m, as);
        } else if (kind == 1) {
            good &= attribute_delay(b, l, as);
        } else if (kind == 2) {
            good = false;
            bool later = false;
            for (int i = 0; i < 3; i++)
                later |= strcmp(name, speck[i]) == 0;
            if (later) {
                comes_with_speck(b->el, E0402, as->name.span,
                                 arena_printf(&b->work, "`%s` comes", name));
            } else {
                struct diag *g =
                    diag_add(d, E0205, as->name.span, "a connection has no attribute `%s`", name);
                diag_hint(d, g, "attributes are `via` and `delay`");
                hint_near(d, g, name, known, 2);
            }
        }
    }
    return good;
}

/* ---- into the network ---- */

/* Which weights a connection takes: all, or those of one sign. */
static bool takes(float w, int sign)
{
    return sign == 0 ? w != 0 : sign > 0 ? w > 0 : w < 0;
}

static uint64_t count(const struct link *l, int sign)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < l->n_src; i++)
        for (uint64_t k = row_begin(l, i); k < row_end(l, i); k++)
            n += takes(weight(l, i, k), sign);
    return n;
}

bool has_room(struct build *b, const struct link *l, uint64_t n)
{
    const struct net_connection *c = NULL;
    struct diags *d = b->el->u->diags;
    struct span at = l->w->item->span;
    uint64_t all = b->n_synapses + n; /* n is below 2^62, and the sum so far was possible */
    double needed = (double)all * (sizeof *c->post + sizeof *c->weight), there = memory_there();
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

static void add(struct build *b, const struct link *l, uint32_t receptor, int sign)
{
    uint64_t n_synapses = count(l, sign);
    if (!has_room(b, l, n_synapses))
        return;
    b->n_synapses += n_synapses;
    const struct piece *src = l->w->src.piece, *dst = l->w->dst.piece;
    struct net_connection *c =
        net_add_connection(b->net, src->is_input, src->index, dst->index, receptor, l->delay,
                           src->n, n_synapses, l->w->item->span);
    if (!c) {
        no_memory(&l->env, l->w->item->span);
        return;
    }
    uint64_t n = 0;
    for (uint32_t i = 0; i < l->n_src; i++) {
        for (uint64_t k = row_begin(l, i); k < row_end(l, i); k++) {
            float w = weight(l, i, k);
            if (!takes(w, sign))
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
    if (via) {
        add(b, l, l->receptor, 0);
    } else if (n_negative == 0 || plain < 0) {
        add(b, l, (uint32_t)(plain >= 0 ? plain : negative), 0);
    } else {
        if (count(l, 1) > 0)
            add(b, l, (uint32_t)plain, 1);
        add(b, l, (uint32_t)negative, -1);
    }
}

static bool check_args(struct build *b, const struct ast_expr *op)
{
    struct diags *d = b->el->u->diags;
    uint32_t n = op->binders != NULL;
    for (const struct ast_arg *a = op->args; a; a = a->next) {
        if (a->name.text) {
            diag_add(d, E0205, a->name.span, "`%s` has no parameter `%s`", op->name.text,
                     a->name.text);
            return false;
        }
        n++;
    }
    if (n != 1)
        diag_add(d, E0305, op->span, "`%s` takes one argument", op->name.text);
    return n == 1;
}

static void connect(struct build *b, struct wire *w)
{
    struct diags *d = b->el->u->diags;
    const struct ast_expr *op = w->item->value;
    if (!op || !op->name.text)
        return;
    struct piece *src = w->src.piece, *dst = w->dst.piece;
    struct link l = {.w = w, .env = env_in(b, w->home)};
    l.delay = src && src->is_input ? 0 : 1;
    if (dst && dst->is_input) {
        struct diag *g =
            diag_add(d, E0402, w->dst.ref->span, "nothing can be connected to an input");
        diag_label(d, g, dst->item->name.span, "declared here");
        return;
    }
    const struct model *m = dst ? dst->model : NULL;
    bool via = false;
    bool good = attributes(b, &l, m, &via);
    int k = find_operator(b, op);
    if (k < 0 || !check_args(b, op))
        return;
    if (m && m->receptor.n == 0 && m->step.present) {
        struct diag *g = diag_add(d, E0402, w->dst.ref->span, "`%s` receives nothing", m->name);
        diag_label(d, g, m->span, "the model has no `receive`");
        return;
    }
    if (!src || !dst || !elements(b, &l, &w->src, &l.n_src, &l.src) ||
        !elements(b, &l, &w->dst, &l.n_dst, &l.dst)) {
        if (!op->binders)
            wire_weights(b, w); /* for what is wrong in it */
        return;
    }
    if (operator_weights(b, &l, k) && good && m && m->receptor.n > 0 && src->index != UINT32_MAX &&
        dst->index != UINT32_MAX)
        add_by_sign(b, &l, m, via);
}

void build_connections(struct build *b)
{
    for (uint32_t i = 0; i < b->wire.n; i++)
        connect(b, &b->wire.data[i]);
}
