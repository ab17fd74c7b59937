#include "compiler/functions.h"
#include <math.h>

/* ---- reductions ---- */

static double f_sum(const double *x)
{
    return x[0] + x[1];
}
static double f_or(const double *x)
{
    return x[0] != 0 || x[1] != 0;
}
static double f_and(const double *x)
{
    return x[0] != 0 && x[1] != 0;
}

static bool need_array(const struct call *c, uint32_t i)
{
    const struct value *v = &c->arg[i];
    if (v->array)
        return true;
    struct elab *el = c->env->el;
    diag_add(el->u->diags, E0302, c->from[i]->span, "`%s` takes an array; `%s` is %s",
             c->e->name.text, quote(el, c->from[i]->span, "this"), shape_string(el, v));
    return false;
}

/* Folds along one axis, or along all. Sums run in index order. */
static struct value reduce(const struct call *c, value_fn *fn, enum value_kind kind)
{
    const struct array *a = c->arg[0].array;
    if (!need_array(c, 0))
        return poison();
    uint32_t outer = 1, n = a->n, inner = 1;
    struct shape s = {0};
    if (c->axis) {
        double axis;
        if (!eval_whole(c->env, c->axis, 0, a->shape.rank - 1, "`axis`", &axis))
            return poison();
        n = a->shape.extent[(uint32_t)axis];
        for (uint32_t d = 0; d < a->shape.rank; d++) {
            if (d == (uint32_t)axis)
                continue;
            s.extent[s.rank++] = a->shape.extent[d];
            *(d < (uint32_t)axis ? &outer : &inner) *= a->shape.extent[d];
        }
    }
    struct array *r = array_new(c->env->arena, &s);
    if (!r)
        return no_memory(c->env, c->e->span);
    for (uint32_t o = 0; o < outer; o++) {
        for (uint32_t i = 0; i < inner; i++) {
            const double *v = array_values(a) + (size_t)o * n * inner + i;
            double x[2] = {v[0], 0};
            for (uint32_t k = 1; k < n; k++) {
                x[1] = v[(size_t)k * inner];
                x[0] = fn(x);
            }
            r->v[(size_t)o * inner + i] = x[0];
        }
    }
    if (s.rank)
        return value_of_array(kind, c->arg[0].dim, r);
    return (struct value){.kind = kind, .dim = c->arg[0].dim, .number = r->v[0]};
}

struct value call_sum(const struct call *c)
{
    return reduce(c, f_sum, V_NUMBER);
}

struct value call_mean(const struct call *c)
{
    struct value v = reduce(c, f_sum, V_NUMBER);
    if (v.kind == V_POISON)
        return v;
    uint32_t rest = v.array ? v.array->n : 1, n = c->arg[0].array->n / rest;
    if (!v.array)
        v.number /= n;
    for (uint32_t i = 0; v.array && i < rest; i++)
        v.array->v[i] /= n;
    return v;
}

struct value call_min(const struct call *c)
{
    return reduce(c, f_min, V_NUMBER);
}

struct value call_max(const struct call *c)
{
    return reduce(c, f_max, V_NUMBER);
}

static bool need_booleans(const struct call *c)
{
    if (c->arg[0].kind == V_BOOL)
        return true;
    struct elab *el = c->env->el;
    diag_add(el->u->diags, E0302, c->from[0]->span, "`%s` takes booleans; `%s` is %s",
             c->e->name.text, quote(el, c->from[0]->span, "this"), shape_string(el, &c->arg[0]));
    return false;
}

struct value call_any(const struct call *c)
{
    return need_booleans(c) ? reduce(c, f_or, V_BOOL) : poison();
}

struct value call_all(const struct call *c)
{
    return need_booleans(c) ? reduce(c, f_and, V_BOOL) : poison();
}

/* ---- shapes ---- */

/* Extents from the arguments from `first` on: each one a number, or one array of them. */
static bool shape_args(const struct call *c, uint32_t first, struct shape *out)
{
    struct diags *d = c->env->el->u->diags;
    *out = (struct shape){0};
    for (uint32_t i = first; i < c->n; i++) {
        const struct value *v = &c->arg[i];
        if (!check_dim(c->env, v, DIM_ONE, "an extent", c->from[i]))
            return false;
        uint32_t n = v->array ? v->array->n : 1;
        if (n > VALUE_MAX_RANK - out->rank) {
            diag_add(d, E0303, c->from[i]->span, "an array has at most %d dimensions",
                     VALUE_MAX_RANK);
            return false;
        }
        for (uint32_t k = 0; k < n; k++) {
            double x = value_at(v, k);
            if (!(x >= 1 && x <= VALUE_MAX_EXTENT && x == floor(x))) {
                diag_add(d, E0306, c->from[i]->span, "an extent is a whole number from 1 to %d",
                         VALUE_MAX_EXTENT);
                return false;
            }
            out->extent[out->rank++] = (uint32_t)x;
        }
    }
    return true;
}

struct value call_shape(const struct call *c)
{
    if (!need_array(c, 0))
        return poison();
    const struct shape *s = &c->arg[0].array->shape;
    struct array *r = array_new(c->env->arena, &(struct shape){1, {s->rank}});
    if (!r)
        return no_memory(c->env, c->e->span);
    for (uint32_t d = 0; d < s->rank; d++)
        r->v[d] = s->extent[d];
    return value_of_array(V_NUMBER, DIM_ONE, r);
}

struct value call_transpose(const struct call *c)
{
    if (!need_array(c, 0))
        return poison();
    const struct array *a = c->arg[0].array;
    struct shape s = {.rank = a->shape.rank};
    uint32_t step[VALUE_MAX_RANK], index[VALUE_MAX_RANK] = {0}, n = 1, at = 0;
    for (uint32_t d = a->shape.rank; d-- > 0;) {
        uint32_t to = a->shape.rank - 1 - d;
        s.extent[to] = a->shape.extent[d];
        step[to] = n;
        n *= a->shape.extent[d];
    }
    struct array *r = array_new(c->env->arena, &s);
    if (!r)
        return no_memory(c->env, c->e->span);
    for (uint32_t i = 0; i < r->n; i++) {
        r->v[i] = array_values(a)[at];
        for (uint32_t d = s.rank; d-- > 0;) {
            at += step[d];
            if (++index[d] < s.extent[d])
                break;
            at -= step[d] * s.extent[d];
            index[d] = 0;
        }
    }
    return value_of_array(c->arg[0].kind, c->arg[0].dim, r);
}

struct value call_reshape(const struct call *c)
{
    struct shape s;
    if (!need_array(c, 0) || !shape_args(c, 1, &s))
        return poison();
    const struct array *a = c->arg[0].array;
    if (shape_count(&s) != a->n) {
        struct buf b = {0};
        shape_text(&b, &s);
        diag_add(c->env->el->u->diags, E0303, c->e->span, "%u elements of %s don't fill %s", a->n,
                 shape_string(c->env->el, &c->arg[0]), b.data);
        buf_free(&b);
        return poison();
    }
    struct array *r = ARENA_NEW(c->env->arena, struct array);
    *r = *a;
    r->shape = s;
    return value_of_array(c->arg[0].kind, c->arg[0].dim, r);
}

static struct value filled(const struct call *c, double x)
{
    struct shape s;
    if (!shape_args(c, 0, &s))
        return poison();
    struct array *r = array_new(c->env->arena, &s);
    if (!r)
        return no_memory(c->env, c->e->span);
    for (uint32_t i = 0; x != 0 && i < r->n; i++)
        r->v[i] = x;
    return value_of_array(V_NUMBER, DIM_ONE, r);
}

struct value call_zeros(const struct call *c)
{
    return filled(c, 0);
}

struct value call_ones(const struct call *c)
{
    return filled(c, 1);
}

struct value call_eye(const struct call *c)
{
    struct value v = filled(c, 0);
    if (v.kind == V_POISON)
        return v;
    struct shape s = v.array->shape;
    if (s.rank == 1) {
        s = (struct shape){2, {s.extent[0], s.extent[0]}};
        v.array = array_new(c->env->arena, &s);
        if (!v.array)
            return no_memory(c->env, c->e->span);
    }
    for (uint32_t i = 0; i < s.extent[0] && i < s.extent[1]; i++)
        v.array->v[(size_t)i * s.extent[1] + i] = 1;
    return v;
}

/* Whether argument i goes on from argument 0 along the axis. */
static bool continues(const struct call *c, uint32_t i, uint32_t axis)
{
    const struct value *a = &c->arg[0], *b = &c->arg[i];
    struct elab *el = c->env->el;
    if (!need_array(c, i))
        return false;
    if (a->kind != b->kind) {
        diag_add(el->u->diags, E0302, c->from[i]->span,
                 "`concat` takes numbers or booleans, not both");
        return false;
    }
    struct shape x = a->array->shape, y = b->array->shape;
    x.extent[axis] = y.extent[axis] = 1;
    if (!shape_eq(&x, &y)) {
        diag_add(el->u->diags, E0303, c->from[i]->span, "%s can't go on from %s along axis %u",
                 shape_string(el, b), shape_string(el, a), axis);
        return false;
    }
    return a->kind == V_BOOL || check_dim(c->env, b, a->dim, "the array before", c->from[i]);
}

struct value call_concat(const struct call *c)
{
    double along = 0;
    if (!need_array(c, 0))
        return poison();
    struct shape s = c->arg[0].array->shape;
    if (c->axis && !eval_whole(c->env, c->axis, 0, s.rank - 1, "`axis`", &along))
        return poison();
    uint32_t axis = (uint32_t)along, outer = 1;
    uint64_t total = 0;
    struct value out = c->arg[0];
    for (uint32_t i = 0; i < c->n; i++) {
        if (!continues(c, i, axis))
            return poison();
        total += c->arg[i].array->shape.extent[axis];
        if (out.dim.any)
            out.dim = c->arg[i].dim;
    }
    if (total > VALUE_MAX_EXTENT)
        return no_memory(c->env, c->e->span);
    for (uint32_t d = 0; d < axis; d++)
        outer *= s.extent[d];
    s.extent[axis] = (uint32_t)total;
    struct array *r = array_new(c->env->arena, &s);
    if (!r)
        return no_memory(c->env, c->e->span);
    double *to = r->v;
    for (uint32_t o = 0; o < outer; o++) {
        for (uint32_t i = 0; i < c->n; i++) {
            size_t n = c->arg[i].array->n / outer;
            memcpy(to, array_values(c->arg[i].array) + o * n, n * sizeof *to);
            to += n;
        }
    }
    out.array = r;
    return out;
}

struct value call_load(const struct call *c)
{
    for (uint32_t i = 0; i < c->n; i++) {
        if (c->arg[i].kind == V_STRING)
            continue;
        diag_add(c->env->el->u->diags, E0302, c->from[i]->span,
                 "`load` takes the names of a file and of a member, as strings");
        return poison();
    }
    return load_array(c->env, c->arg[0].string, c->n > 1 ? c->arg[1].string : NULL, c->e);
}
