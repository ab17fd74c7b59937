#include "compiler/connect.h"
#include <math.h>
#include <stdlib.h>

uint64_t row_begin(const struct link *l, uint32_t i)
{
    return l->pattern == ALL_PAIRS ? 0 : l->pattern == STRAIGHT ? i : l->row[i];
}

uint64_t row_end(const struct link *l, uint32_t i)
{
    return l->pattern == ALL_PAIRS  ? l->n_dst
           : l->pattern == STRAIGHT ? (uint64_t)i + 1
                                    : l->row[i + 1];
}

uint32_t column(const struct link *l, uint64_t k)
{
    return l->pattern == LISTED ? l->entry[k].j : (uint32_t)k;
}

float weight(const struct link *l, uint32_t i, uint64_t k)
{
    return (float)(l->pattern == LISTED ? l->entry[k].w
                                        : l->v[i * l->step_src + (size_t)k * l->step_dst]);
}

const struct value *wire_weights(struct build *b, struct wire *w)
{
    if (w->known)
        return &w->w;
    struct env env = env_in(b, w->home);
    const struct ast_expr *op = w->item->value;
    w->known = true;
    w->w = op->args ? eval(&env, op->args->value) : poison();
    return &w->w;
}

static void wrong_shape(const struct link *l, const struct value *v, const struct shape *need)
{
    struct elab *el = l->env.el;
    const struct ast_expr *e = l->w->item->value->args->value, *op = l->w->item->value;
    struct value needed = {.array = &(struct array){.shape = *need}};
    struct diag *g =
        diag_add(el->u->diags, E0303, e->span, "`%s` is %s; the connection needs %s",
                 quote(el, e->span, "this"), shape_string(el, v), shape_string(el, &needed));
    const struct ast_net_item *i = l->w->item;
    diag_label(el->u->diags, g, i->src->span, "%u from here", l->n_src);
    diag_label(el->u->diags, g, i->dst->span, "%u to here", l->n_dst);
    struct shape s = value_shape(v);
    if (s.rank == 2 && need->rank == 2 && s.extent[0] == need->extent[1] &&
        s.extent[1] == need->extent[0]) {
        diag_hint(el->u->diags, g, "rows are presynaptic: `transpose(%s)`?",
                  quote(el, e->span, "..."));
        diag_edit(el->u->diags, g, e->span, "transpose(%s)", text_of(el, e->span));
    } else if (s.rank == 0 && strcmp(op->name.text, "dense") == 0) {
        diag_hint(el->u->diags, g, "one weight for all pairs is `all_to_all(%s)`",
                  quote(el, e->span, "..."));
        diag_edit(el->u->diags, g, op->name.span, "all_to_all");
    }
}

/* The argument with the shape that the connection has; false if reported. */
static bool argument(struct build *b, struct link *l, const struct shape *shape, struct value *out)
{
    const struct ast_expr *op = l->w->item->value;
    struct want w = {.kind = WANT_SHAPE, .shape = *shape};
    if (op->binders) {
        diag_add(b->el->u->diags, E0305, op->span, "`%s` takes a value, not `=>`", op->name.text);
        return false;
    }
    *out = random_settle(&l->env, *wire_weights(b, l->w), &w);
    return check_dim(&l->env, out, DIM_ONE, "a weight", op->args ? op->args->value : NULL);
}

static void take(struct link *l, const struct value *v)
{
    /* A scalar needs a place that stays: the wire's own copy. */
    l->w->w = *v;
    l->v = v->array ? array_values(v->array) : &l->w->w.number;
}

static bool op_dense(struct build *b, struct link *l)
{
    const struct ast_expr *op = l->w->item->value;
    struct shape need = {2, {l->n_src, l->n_dst}};
    struct value v;
    if (op->binders) {
        if (!op->binders->next || op->binders->next->next) {
            diag_add(b->el->u->diags, E0305, op->span,
                     "weights have two indices: `dense(i, j => ...)`");
            return false;
        }
        v = eval_grid(&l->env, op->binders, &need, op->a, op->span);
        if (!check_dim(&l->env, &v, DIM_ONE, "a weight", op->a))
            return false;
        if (v.array->shape.rank != 2) {
            diag_add(b->el->u->diags, E0302, op->a->span, "a weight is one number");
            return false;
        }
    } else {
        if (!argument(b, l, &need, &v))
            return false;
        struct shape s = value_shape(&v);
        if (!shape_eq(&s, &need)) {
            wrong_shape(l, &v, &need);
            return false;
        }
    }
    l->step_src = l->n_dst;
    l->step_dst = 1;
    take(l, &v);
    return true;
}

static bool op_all_to_all(struct build *b, struct link *l)
{
    struct shape need = {2, {l->n_src, l->n_dst}}, joined = need;
    struct value v;
    if (!has_room(b, l, (uint64_t)l->n_src * l->n_dst) || !argument(b, l, &need, &v))
        return false;
    struct shape s = value_shape(&v);
    if (!shape_broadcast(&joined, &s) || !shape_eq(&joined, &need)) {
        wrong_shape(l, &v, &need);
        return false;
    }
    if (s.rank > 0)
        l->step_dst = s.extent[s.rank - 1] > 1;
    if (s.rank > 1)
        l->step_src = s.extent[0] > 1 ? s.extent[1] : 0;
    take(l, &v);
    return true;
}

static bool op_one_to_one(struct build *b, struct link *l)
{
    const struct shape *need = &l->w->dst.at.shape;
    const struct ast_net_item *i = l->w->item;
    struct value v;
    if (l->n_src != l->n_dst) {
        struct diag *g = diag_add(b->el->u->diags, E0303, i->value->span,
                                  "`one_to_one` joins as many as there are on the other side: %u "
                                  "and %u",
                                  l->n_src, l->n_dst);
        diag_label(b->el->u->diags, g, i->src->span, "%u from here", l->n_src);
        diag_label(b->el->u->diags, g, i->dst->span, "%u to here", l->n_dst);
        return false;
    }
    if (!argument(b, l, need, &v))
        return false;
    struct shape s = value_shape(&v), flat = {1, {l->n_dst}};
    if (s.rank != 0 && !shape_eq(&s, need) && !shape_eq(&s, &flat)) {
        wrong_shape(l, &v, need);
        return false;
    }
    l->pattern = STRAIGHT;
    l->step_dst = s.rank > 0;
    take(l, &v);
    return true;
}

static int by_place(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->i != y->i)
        return x->i < y->i ? -1 : 1;
    return x->j == y->j ? 0 : x->j < y->j ? -1 : 1;
}

static bool read_entry(struct link *l, const double *row, uint32_t k, struct span at)
{
    struct diags *d = l->env.el->u->diags;
    uint32_t limit[2] = {l->n_src, l->n_dst};
    for (int s = 0; s < 2; s++) {
        if (row[s] >= 0 && row[s] < limit[s] && row[s] == floor(row[s]))
            continue;
        struct buf b = {0};
        buf_f64_text(&b, row[s]);
        diag_add(d, E0304, at, "row %u: %s isn't the index of a %s neuron, 0 to %u", k, b.data,
                 s ? "postsynaptic" : "presynaptic", limit[s] - 1);
        buf_free(&b);
        return false;
    }
    l->entry[k] = (struct entry){(uint32_t)row[0], (uint32_t)row[1], row[2]};
    return true;
}

/* sparse([[pre, post, weight], ...]) in any order. */
static bool op_sparse(struct build *b, struct link *l)
{
    struct diags *d = b->el->u->diags;
    struct shape none = {0};
    struct value v;
    if (!argument(b, l, &none, &v))
        return false;
    struct span at = l->w->item->value->args->value->span;
    if (!v.array || v.array->shape.rank != 2 || v.array->shape.extent[1] != 3) {
        diag_add(d, E0303, at,
                 "`sparse` takes rows of presynaptic index, postsynaptic index and "
                 "weight: [N, 3], not %s",
                 shape_string(b->el, &v));
        return false;
    }
    uint32_t n = v.array->shape.extent[0];
    l->pattern = LISTED;
    l->entry = arena_try(&b->work, n, sizeof *l->entry);
    l->row = arena_try(&b->work, (size_t)l->n_src + 1, sizeof *l->row);
    if (!l->entry || !l->row) {
        no_memory(&l->env, at);
        return false;
    }
    for (uint32_t k = 0; k < n; k++)
        if (!read_entry(l, array_values(v.array) + (size_t)k * 3, k, at))
            return false;
    qsort(l->entry, n, sizeof *l->entry, by_place);
    for (uint32_t k = 0; k < n; k++) {
        l->row[l->entry[k].i + 1]++;
        if (k && by_place(&l->entry[k - 1], &l->entry[k]) == 0) {
            diag_add(d, E0402, at, "the pair %u, %u is there twice", l->entry[k].i, l->entry[k].j);
            return false;
        }
    }
    for (uint32_t i = 0; i < l->n_src; i++)
        l->row[i + 1] += l->row[i];
    return true;
}

/* The ends are checked before, and there are no pairs. */
static bool op_conv2d(struct build *b, struct link *l)
{
    l->pattern = CONVOLVED;
    return conv_target(b, l->w);
}

static const struct {
    const char *name;
    bool (*weights)(struct build *b, struct link *l);
} operators[] = {
    {"dense", op_dense},   {"one_to_one", op_one_to_one}, {"all_to_all", op_all_to_all},
    {"sparse", op_sparse}, {"conv2d", op_conv2d},
};

enum { N_OPERATORS = sizeof operators / sizeof *operators };

int operator_index(const char *name)
{
    for (int i = 0; i < N_OPERATORS; i++)
        if (strcmp(name, operators[i].name) == 0)
            return i;
    return -1;
}

uint32_t operator_names(const char **out, uint32_t max)
{
    uint32_t n = 0;
    for (; n < N_OPERATORS && n < max; n++)
        out[n] = operators[n].name;
    return n;
}

int find_operator(struct build *b, const struct ast_expr *op)
{
    struct diags *d = b->el->u->diags;
    int found = operator_index(op->name.text);
    if (found >= 0)
        return found;
    struct diag *g =
        diag_add(d, E0201, op->name.span, "no connection is called `%s`", op->name.text);
    diag_hint(d, g,
              "connections are dense(W), one_to_one(w), all_to_all(w), sparse(rows), conv2d(W)");
    const char *names[N_OPERATORS];
    hint_near(d, g, op->name.text, names, operator_names(names, N_OPERATORS));
    return -1;
}

/* E0307 for the first weight that no float32 can be. */
static bool check_weights(const struct link *l)
{
    for (uint32_t i = 0; i < l->n_src; i++) {
        for (uint64_t k = row_begin(l, i); k < row_end(l, i); k++) {
            float w = weight(l, i, k);
            if (isfinite(w))
                continue;
            const struct ast_expr *op = l->w->item->value;
            diag_add(l->env.el->u->diags, E0307, op->args ? op->args->value->span : op->a->span,
                     "weight [%u, %u] is %s as a float32", i, column(l, k),
                     isnan(w) ? "nan" : "inf");
            return false;
        }
    }
    return true;
}

bool operator_weights(struct build *b, struct link *l, int which)
{
    return operators[which].weights(b, l) && (l->pattern == CONVOLVED || check_weights(l));
}
