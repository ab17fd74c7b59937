#include "compiler/elab.h"

/* A bound of a slice of n elements. */
static bool bound(const struct env *env, const struct ast_expr *e, uint32_t n, struct span what,
                  uint32_t otherwise, uint32_t *out)
{
    double x = otherwise;
    if (e && !eval_scalar(env, e, DIM_ONE, "a bound", &x))
        return false;
    *out = x >= 0 && x <= n ? (uint32_t)x : 0;
    if (x == *out)
        return true;
    struct buf b = {0};
    buf_f64_text(&b, x);
    diag_add(env->el->u->diags, E0304, e->span,
             "bound %s of the slice is out of range: `%s` has bounds 0 to %u here", b.data,
             quote(env->el, what, "the array"), n);
    buf_free(&b);
    return false;
}

/* One subscript along an axis of n elements. */
static bool select_axis(const struct env *env, const struct ast_sub *sub, uint32_t n,
                        struct span what, uint32_t *from, uint32_t *count)
{
    struct diags *d = env->el->u->diags;
    if (sub->slice) {
        uint32_t end;
        if (!bound(env, sub->lo, n, what, 0, from) || !bound(env, sub->hi, n, what, n, &end))
            return false;
        if (end <= *from) {
            diag_add(d, E0304, sub->span, "the slice %u:%u is empty", *from, end);
            return false;
        }
        *count = end - *from;
        return true;
    }
    double x;
    if (!eval_scalar(env, sub->lo, DIM_ONE, "an index", &x))
        return false;
    if (!(x >= 0 && x < n && x == (double)(uint32_t)x)) {
        struct buf b = {0};
        buf_f64_text(&b, x);
        diag_add(d, E0304, sub->span, "index %s is out of range: `%s` has indices 0 to %u here",
                 b.data, quote(env->el, what, "the array"), n - 1);
        buf_free(&b);
        return false;
    }
    *from = (uint32_t)x;
    *count = 1;
    return true;
}

bool select_elements(const struct env *env, const struct ast_sub *subs, const struct shape *s,
                     struct span what, struct selection *out)
{
    *out = (struct selection){.rank = s->rank, .n = 1};
    uint32_t step = 1, d = s->rank;
    while (d-- > 0) {
        out->axis[d].step = step;
        step *= s->extent[d];
    }
    bool good = true;
    d = 0;
    for (const struct ast_sub *sub = subs; sub; sub = sub->next, d++) {
        if (d == s->rank) {
            struct buf b = {0};
            shape_text(&b, s);
            diag_add(env->el->u->diags, E0304, sub->span, "`%s` has %u dimension%s: %s",
                     quote(env->el, what, "the array"), s->rank, s->rank == 1 ? "" : "s", b.data);
            buf_free(&b);
            return false;
        }
        if (!select_axis(env, sub, s->extent[d], what, &out->axis[d].from, &out->axis[d].n))
            good = false;
        else if (sub->slice)
            out->shape.extent[out->shape.rank++] = out->axis[d].n;
    }
    for (; d < s->rank; d++) {
        out->axis[d].n = s->extent[d];
        out->shape.extent[out->shape.rank++] = s->extent[d];
    }
    for (d = 0; d < s->rank && good; d++)
        out->n *= out->axis[d].n;
    return good;
}

/* From one selected element to the next, which is 0 after the last. */
static uint32_t next_element(const struct selection *s, uint32_t *index, uint32_t at)
{
    for (uint32_t d = s->rank; d-- > 0;) {
        at += s->axis[d].step;
        if (++index[d] < s->axis[d].n)
            return at;
        at -= s->axis[d].step * s->axis[d].n;
        index[d] = 0;
    }
    return at;
}

static uint32_t first_element(const struct selection *s)
{
    uint32_t at = 0;
    for (uint32_t d = 0; d < s->rank; d++)
        at += s->axis[d].from * s->axis[d].step;
    return at;
}

void selection_list(const struct selection *s, uint32_t *out)
{
    uint32_t index[VALUE_MAX_RANK] = {0}, at = first_element(s);
    for (uint32_t i = 0; i < s->n; i++) {
        out[i] = at;
        at = next_element(s, index, at);
    }
}

struct value eval_index(const struct env *env, const struct ast_expr *e)
{
    struct value v = eval_known(env, e->a);
    if (v.kind == V_POISON)
        return v;
    if (!v.array) {
        diag_add(env->el->u->diags, E0302, e->span, "`%s` is %s, which has no elements",
                 quote(env->el, e->a->span, "this"), shape_string(env->el, &v));
        return poison();
    }
    struct selection s;
    if (!select_elements(env, e->subs, &v.array->shape, e->a->span, &s))
        return poison();
    uint32_t index[VALUE_MAX_RANK] = {0}, at = first_element(&s);
    if (s.shape.rank == 0) {
        v.number = array_values(v.array)[at];
        v.array = NULL;
        return v;
    }
    struct array *r = array_new(env->arena, &s.shape);
    if (!r)
        return no_memory(env, e->span);
    for (uint32_t i = 0; i < r->n; i++) {
        r->v[i] = array_values(v.array)[at];
        at = next_element(&s, index, at);
    }
    env->el->computed += r->n;
    v.array = r;
    return v;
}
