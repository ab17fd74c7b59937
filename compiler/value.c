#include "compiler/value.h"

struct value value_number(double x)
{
    return (struct value){.kind = V_NUMBER, .number = x};
}

struct value value_quantity(double x, struct dim dim)
{
    return (struct value){.kind = V_NUMBER, .dim = dim, .number = x};
}

struct value value_bool(bool x)
{
    return (struct value){.kind = V_BOOL, .number = x};
}

struct value value_of_array(enum value_kind kind, struct dim dim, const struct array *a)
{
    return (struct value){.kind = kind, .dim = dim, .array = a};
}

struct shape value_shape(const struct value *v)
{
    return v->array ? v->array->shape : (struct shape){0};
}

const double *array_values(const struct array *a)
{
    struct array_file *f = a->file;
    if (!f)
        return a->v;
    if (!f->v) {
        f->v = ARENA_ARRAY(f->arena, double, a->n);
        npy_to_f64(&f->npy, f->v);
    }
    return f->v;
}

double value_at(const struct value *v, uint32_t i)
{
    return v->array ? array_values(v->array)[i] : v->number;
}

bool shape_eq(const struct shape *a, const struct shape *b)
{
    return a->rank == b->rank && memcmp(a->extent, b->extent, a->rank * sizeof *a->extent) == 0;
}

uint32_t shape_count(const struct shape *s)
{
    uint64_t n = 1;
    for (uint32_t d = 0; d < s->rank; d++) {
        n *= s->extent[d];
        if (n > VALUE_MAX_EXTENT)
            return 0;
    }
    return (uint32_t)n;
}

bool shape_broadcast(struct shape *a, const struct shape *b)
{
    struct shape wide = a->rank >= b->rank ? *a : *b;
    const struct shape *thin = a->rank >= b->rank ? b : a;
    uint32_t skip = wide.rank - thin->rank;
    for (uint32_t d = 0; d < thin->rank; d++) {
        uint32_t *e = &wide.extent[skip + d];
        if (*e == 1)
            *e = thin->extent[d];
        else if (thin->extent[d] != 1 && thin->extent[d] != *e)
            return false;
    }
    *a = wide;
    return true;
}

void shape_text(struct buf *out, const struct shape *s)
{
    buf_putc(out, '[');
    for (uint32_t d = 0; d < s->rank; d++)
        buf_printf(out, "%s%u", d ? ", " : "", s->extent[d]);
    buf_putc(out, ']');
}

struct array *array_new(struct arena *a, const struct shape *s)
{
    uint32_t n = shape_count(s);
    double *v = n ? arena_try(a, n, sizeof *v) : NULL;
    if (!v)
        return NULL;
    struct array *x = ARENA_NEW(a, struct array);
    *x = (struct array){.shape = *s, .n = n, .v = v};
    return x;
}

/* How far an operand moves when one index of the result does: 0 along dimensions that it lacks or
 * that are stretched. */
static void strides(const struct value *v, const struct shape *s, uint32_t *out)
{
    memset(out, 0, VALUE_MAX_RANK * sizeof *out);
    if (!v->array)
        return;
    const struct shape *own = &v->array->shape;
    uint32_t skip = s->rank - own->rank, step = 1;
    for (uint32_t d = own->rank; d-- > 0;) {
        out[skip + d] = own->extent[d] == 1 ? 0 : step;
        step *= own->extent[d];
    }
}

static void map_rows(struct array *r, value_fn *fn, const struct value *arg, uint32_t n)
{
    const struct shape *s = &r->shape;
    uint32_t step[VALUE_MAX_ARGS][VALUE_MAX_RANK], at[VALUE_MAX_ARGS] = {0};
    const double *v[VALUE_MAX_ARGS];
    for (uint32_t k = 0; k < n; k++) {
        strides(&arg[k], s, step[k]);
        v[k] = arg[k].array ? array_values(arg[k].array) : &arg[k].number;
    }
    uint32_t index[VALUE_MAX_RANK] = {0}, last = s->rank - 1;
    double x[VALUE_MAX_ARGS];
    for (uint32_t i = 0; i < r->n;) {
        for (uint32_t j = 0; j < s->extent[last]; j++, i++) {
            for (uint32_t k = 0; k < n; k++)
                x[k] = v[k][at[k] + (size_t)j * step[k][last]];
            r->v[i] = fn(x);
        }
        for (uint32_t d = last; d-- > 0;) {
            index[d]++;
            bool wraps = index[d] == s->extent[d];
            for (uint32_t k = 0; k < n; k++)
                at[k] += step[k][d] - (wraps ? step[k][d] * s->extent[d] : 0);
            if (!wraps)
                break;
            index[d] = 0;
        }
    }
}

enum value_map value_map(struct arena *a, value_fn *fn, const struct value *arg, uint32_t n,
                         struct value *out)
{
    struct shape s = {0};
    double x[VALUE_MAX_ARGS];
    for (uint32_t k = 0; k < n; k++) {
        if (arg[k].array && !shape_broadcast(&s, &arg[k].array->shape))
            return MAP_SHAPES;
        x[k] = arg[k].number;
    }
    out->array = NULL;
    if (s.rank == 0) {
        out->number = fn(x);
        return MAP_DONE;
    }
    struct array *r = array_new(a, &s);
    if (!r)
        return MAP_MEMORY;
    map_rows(r, fn, arg, n);
    out->array = r;
    return MAP_DONE;
}

void value_describe(struct buf *out, const struct value *v)
{
    static const char *const one[] = {"nothing",
                                      "a number",
                                      "a boolean",
                                      "a string",
                                      "records",
                                      "random numbers",
                                      "several values with names"};
    if (!v->array) {
        buf_puts(out, one[v->kind]);
        return;
    }
    buf_puts(out, v->kind == V_BOOL ? "booleans " : "numbers ");
    shape_text(out, &v->array->shape);
}
