#include "compiler/elab.h"
#include "runtime/plan.h"
#include <float.h>
#include <math.h>

struct value layer_param(struct build *b, const struct piece *p, const struct ast_assign *as)
{
    struct env env = env_in(b, p->home);
    return p->state == SHAPE_KNOWN ? eval_shaped(&env, as->value, &p->shape)
                                   : eval(&env, as->value);
}

static void unknown_param(struct build *b, const struct piece *p, const struct ast_assign *as)
{
    struct diags *d = b->el->u->diags;
    struct diag *g = diag_add(d, E0205, as->name.span, "model `%s` has no parameter `%s`",
                              p->model->name, as->name.text);
    struct arena scratch = {0};
    const char **names = ARENA_ARRAY(&scratch, const char *, p->model->param.n + 1);
    for (uint32_t i = 0; i < p->model->param.n; i++)
        names[i] = p->model->param.data[i].name;
    diag_label(d, g, p->model->span, "the model is declared here");
    hint_near(d, g, as->name.text, names, p->model->param.n);
    arena_free(&scratch);
}

/* `inf` or `-inf` as it is written, or an array of such literals and other numbers. */
static bool is_written(const struct ast_expr *e)
{
    if (e->kind == AST_UNARY && e->op == AST_NEG)
        e = e->a;
    else if (e->kind == AST_ARRAY)
        for (const struct ast_expr *item = e->items; item; item = item->next)
            if (!is_written(item))
                return false;
    return e->kind == AST_NUMBER || e->kind == AST_ARRAY;
}

/* Only a bound (`param v_min = ...`) may be infinite, and only where `inf` is written: what was
 * computed to be infinite is a mistake. */
static bool check_finite(struct build *b, const struct piece *p, const struct model_param *m,
                         const struct value *v, const struct ast_expr *e)
{
    uint32_t n = v->array ? v->array->n : 1;
    bool literal = m->kind == MODEL_PARAM && is_written(e);
    bool bound = literal && model_is_bound(p->model, (uint32_t)(m - p->model->param.data));
    for (uint32_t i = 0; i < n; i++) {
        double x = value_at(v, i);
        if (fabs((float)x) <= FLT_MAX || (isinf(x) && bound))
            continue;
        struct diags *d = b->el->u->diags;
        struct buf text = {0}, where = {0};
        buf_f64_text(&text, x);
        if (v->array) {
            struct net_shape s = {p->shape.rank, {0}};
            memcpy(s.extent, p->shape.extent, s.rank * sizeof *s.extent);
            net_element_name(&where, m->name, s, i);
        } else {
            buf_puts(&where, m->name);
        }
        struct diag *g = diag_add(d, E0307, e->span, "`%s` is %s", where.data, text.data);
        if (isfinite(x))
            diag_hint(d, g, "float32 ends at 3.4e38");
        else if (literal)
            diag_hint(d, g, "only what limits another value, as in `max(v, %s)`, can be infinite",
                      m->name);
        buf_free(&text);
        buf_free(&where);
        return false;
    }
    return true;
}

static bool check_factor(struct build *b, const struct model_param *m, const struct value *v,
                         const struct ast_expr *e)
{
    struct diags *d = b->el->u->diags;
    for (uint32_t i = 0; i < (v->array ? v->array->n : 1); i++) {
        float x = (float)value_at(v, i);
        if (x == 0 || (x >= PLAN_MIN_FACTOR && x <= PLAN_MAX_FACTOR))
            continue;
        struct diag *g =
            diag_add(d, E0306, e->span, "a factor of `%s` is %g: factors are %g to %g", m->name,
                     (double)x, (double)PLAN_MIN_FACTOR, (double)PLAN_MAX_FACTOR);
        diag_hint(d, g, "it is actual / nominal; 0 where nothing was measured");
        return false;
    }
    return true;
}

/* NULL if reported; else the parameter's index and value. */
static const struct model_param *check_param(struct build *b, const struct piece *p,
                                             const struct ast_assign *as, struct value *v)
{
    struct elab *el = b->el;
    struct diags *d = el->u->diags;
    int i = model_find_param(p->model, as->name.text);
    struct env env = env_in(b, p->home);
    *v = layer_param(b, p, as);
    if (i < 0) {
        unknown_param(b, p, as);
        return NULL;
    }
    const struct model_param *m = &p->model->param.data[i];
    if (v->kind == V_POISON || v->kind == V_RANDOM)
        return NULL;
    if (m->is_bool && v->kind != V_BOOL) {
        diag_add(d, E0302, as->value->span, "`%s` is true or false", m->name);
        return NULL;
    }
    const char *what = arena_printf(&b->work, "%s`%s`", as->factor ? "a factor of " : "", m->name);
    if (as->factor && m->kind == MODEL_PARAM) {
        diag_add(d, E0205, as->name.span, "`%s` is a param: only a bias or a layout has a factor",
                 m->name);
        return NULL;
    }
    if (!m->is_bool && !check_dim(&env, v, as->factor ? DIM_ONE : m->dim, what, as->value))
        return NULL;
    if (p->state != SHAPE_KNOWN)
        return NULL;
    struct shape s = value_shape(v);
    if (v->array && !shape_eq(&s, &p->shape)) {
        struct buf text = {0};
        shape_text(&text, &p->shape);
        diag_add(d, E0303, as->value->span, "`%s` is one value or %s, as `%s` is; this is %s",
                 m->name, text.data, p->name, shape_string(el, v));
        buf_free(&text);
        return NULL;
    }
    bool good = as->factor ? check_factor(b, m, v, as->value) : check_finite(b, p, m, v, as->value);
    return good ? m : NULL;
}

static void set_params(struct build *b, const struct piece *p)
{
    struct diags *d = b->el->u->diags;
    struct arena scratch = {0};
    const struct ast_assign **given[2]; /* values, factors */
    for (uint32_t k = 0; k < 2; k++)
        given[k] = ARENA_ARRAY(&scratch, const struct ast_assign *, p->model->param.n);
    for (const struct ast_assign *as = p->item->assigns; as; as = as->next) {
        if (!as->name.text || !as->value)
            continue;
        struct value v;
        const struct model_param *m = check_param(b, p, as, &v);
        if (!m)
            continue;
        uint32_t i = (uint32_t)(m - p->model->param.data);
        const struct ast_assign **before = &given[as->factor][i];
        if (*before) {
            struct diag *g = diag_add(d, E0202, as->name.span, "%s`%s` is given twice",
                                      as->factor ? "the factor of " : "", m->name);
            diag_label(d, g, (*before)->name.span, "given here");
        }
        *before = as;
        if (p->index != UINT32_MAX)
            (as->factor ? net_layer_factor : net_layer_set)(
                b->net, p->index, i, v.array ? array_values(v.array) : &v.number, !v.array);
    }
    arena_free(&scratch);
}

/* The parameter that was given to a layer from which a default follows; UINT32_MAX: none. */
static uint32_t cause_of(const struct net_layer *l, uint32_t expr, struct arena *scratch)
{
    const struct model *m = l->model;
    bool *param = ARENA_ARRAY(scratch, bool, m->param.n),
         *let = ARENA_ARRAY(scratch, bool, m->let.n);
    bool *seen = ARENA_ARRAY(scratch, bool, m->param.n + m->let.n);
    model_reads(m, expr, param, let);
    for (bool more = true; more;) {
        more = false;
        for (uint32_t i = 0; i < m->param.n + m->let.n; i++) {
            bool is_let = i >= m->param.n;
            uint32_t k = is_let ? i - m->param.n : i;
            if (seen[i] || !(is_let ? let : param)[k])
                continue;
            if (!is_let && l->param[k].set)
                return k;
            seen[i] = more = true;
            model_reads(m, is_let ? m->let.data[k].value : m->param.data[k].value, param, let);
        }
    }
    return UINT32_MAX;
}

/* `what` of a layer isn't finite: told at the layer if that follows from what it was given, else
 * where the model declares it. */
static void not_finite(struct build *b, const struct piece *p, const char *what, float x,
                       uint32_t expr, struct span declared)
{
    struct diags *d = b->el->u->diags;
    const struct net_layer *l = &b->net->layer.data[p->index];
    struct arena scratch = {0};
    struct buf text = {0};
    buf_f32_text(&text, x);
    uint32_t cause = cause_of(l, expr, &scratch);
    if (cause == UINT32_MAX) {
        struct diag *g = diag_add(d, E0307, declared, "`%s` of model `%s` is %s", what,
                                  p->model->name, text.data);
        diag_label(d, g, p->item->name.span, "a layer of it");
    } else {
        const char *name = p->model->param.data[cause].name;
        struct diag *g =
            diag_add(d, E0307, p->item->name.span, "`%s` of `%s` follows from `%s`, and is %s",
                     what, p->name, name, text.data);
        for (const struct ast_assign *as = p->item->assigns; as; as = as->next)
            if (as->name.text && !as->factor && strcmp(as->name.text, name) == 0)
                diag_label(d, g, as->span, "`%s` is given here", name);
        diag_label(d, g, declared, "`%s` is declared here", what);
    }
    buf_free(&text);
    arena_free(&scratch);
}

/* The place of the first value that isn't finite; `n` if all are. */
static uint32_t first_not_finite(const struct net_column *c, uint32_t n)
{
    for (uint32_t k = 0; k < (c->uniform ? 1 : n); k++)
        if (!isfinite(c->v[k]))
            return k;
    return n;
}

static bool is_infinity(const struct model *m, uint32_t expr)
{
    const struct model_expr *e = &m->expr.data[expr];
    if (e->op == M_NEG)
        e = &m->expr.data[e->a];
    return e->op == M_NUMBER && isinf(e->number);
}

/* What defaults and initial values came to: a parameter that was given may have made nonsense of
 * them. */
static void check_defaults(struct build *b, const struct piece *p)
{
    const struct net_layer *l = &b->net->layer.data[p->index];
    const struct model *m = p->model;
    for (uint32_t i = 0; i < m->param.n; i++) {
        const struct model_param *q = &m->param.data[i];
        uint32_t k = l->param[i].set ? l->n : first_not_finite(&l->param[i], l->n);
        bool bound = q->kind == MODEL_PARAM && is_infinity(m, q->value) && model_is_bound(m, i);
        if (k < l->n && !bound) {
            not_finite(b, p, q->name, l->param[i].v[k], q->value, q->span);
            return; /* others may follow from it */
        }
    }
    for (uint32_t i = 0; i < m->state.n; i++) {
        const struct model_state *q = &m->state.data[i];
        uint32_t k = first_not_finite(&l->init[i], l->n);
        if (k < l->n) {
            not_finite(b, p, q->name, l->init[i].v[k], q->value, q->span);
            return;
        }
    }
}

/* Told once a network; and not where it may stand in a line that couldn't be parsed. */
static bool time_excused(struct build *b, const struct piece *p)
{
    const struct diags *d = b->el->u->diags;
    for (uint32_t i = 0; !b->time_told && i < d->list.n; i++) {
        const struct diag *g = d->list.data[i];
        b->time_told = g->code >= E0101 && g->code <= E0106 && g->span.file == p->item->span.file;
    }
    const bool told = b->time_told;
    b->time_told = true;
    return told;
}

/* An event-driven model does without a time step. */
static void check_time(struct build *b, struct piece *p)
{
    struct diags *d = b->el->u->diags;
    const bool needed = model_needs_dt(p->model) || !p->model->event.present;
    if (b->net->dt != 0 || !needed || time_excused(b, p))
        return;
    if (p->model->event.present) {
        struct diag *g = diag_add(d, E0401, p->item->name.span,
                                  "values of `%s` follow from the time step, which the network "
                                  "doesn't have",
                                  p->model->name);
        diag_label(d, g, p->model->span, "the model uses `dt`");
        diag_hint(d, g, "give the network one: `dt = 1 ms;`");
    } else {
        struct diag *g = diag_add(d, E0401, p->item->name.span,
                                  "`%s` works in time steps, but the network has none", p->name);
        diag_hint(d, g, "give the network one: `dt = 1 ms;`");
    }
}

static struct net_shape net_shape_of(const struct piece *p)
{
    struct net_shape s = {p->shape.rank, {0}};
    memcpy(s.extent, p->shape.extent, s.rank * sizeof *s.extent);
    return s;
}

void build_layers(struct build *b)
{
    for (uint32_t i = 0; i < b->piece.n; i++) {
        struct piece *p = b->piece.data[i];
        bool known = p->state == SHAPE_KNOWN;
        if (p->is_input) {
            if (known) {
                p->index = net_add_input(b->net, p->name, net_shape_of(p), p->item->name.span);
                b->net->input.data[p->index].sensor = p->sensor;
            }
            continue;
        }
        if (!p->model)
            continue;
        check_time(b, p);
        if (known)
            p->index =
                net_add_layer(b->net, p->name, net_shape_of(p), p->model, p->item->name.span);
        set_params(b, p);
        if (known && b->el->u->diags->n_errors == 0) {
            net_layer_defaults(b->net, p->index);
            check_defaults(b, p);
        }
    }
}
