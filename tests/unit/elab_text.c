#include "tests/unit/elab_text.h"
#include "compiler/elab.h"

void elab_open(struct elab_test *t, const char *source)
{
    *t = (struct elab_test){0};
    unit_init(&t->unit, &t->arena, &t->diags, NULL);
    unit_load_text(&t->unit, "tests/data/elab/test.dyn", source, strlen(source));
}

void elab_close(struct elab_test *t)
{
    arena_free(&t->arena);
    diags_free(&t->diags);
}

void elab_errors(struct buf *out, const struct elab_test *t)
{
    for (uint32_t i = 0; i < t->diags.list.n; i++) {
        const struct diag *g = t->diags.list.data[i];
        const struct source *s = sources_get(&t->unit.sources, g->span.file);
        buf_printf(out, "%s%s", i ? " " : "", diag_code_text(g->code));
        if (s)
            buf_printf(out, "{%.*s}", (int)(g->span.end - g->span.begin), s->text + g->span.begin);
    }
}

static void put_element(struct buf *out, const struct value *v, uint32_t i)
{
    double x = value_at(v, i);
    if (v->kind == V_BOOL)
        buf_puts(out, x != 0 ? "true" : "false");
    else
        buf_f64_text(out, x);
}

static void put_array(struct buf *out, const struct value *v)
{
    const struct shape *s = &v->array->shape;
    for (uint32_t i = 0; i < v->array->n; i++) {
        uint32_t opens = 0, closes = 0, n = 1;
        for (uint32_t d = s->rank; d-- > 0;) {
            n *= s->extent[d];
            opens += i % n == 0;
            closes += (i + 1) % n == 0;
        }
        buf_puts(out, i ? ", " : "");
        buf_fill(out, '[', opens);
        put_element(out, v, i);
        buf_fill(out, ']', closes);
    }
}

void elab_value(struct buf *out, struct elab_test *t, const char *name)
{
    const struct scope *s = t->unit.elab->module.data[0]->scope;
    struct def *d = scope_find(s, intern_cstr(&t->unit.names, name), SPACE_VALUE);
    struct value v = d ? eval_def(d) : poison();
    if (t->diags.n_errors > 0 || v.kind == V_POISON) {
        elab_errors(out, t);
        return;
    }
    if (v.kind == V_STRING)
        buf_printf(out, "\"%s\"", v.string);
    else if (v.kind == V_RECORDS)
        buf_puts(out, "records");
    else if (v.kind == V_RANDOM)
        buf_puts(out, "random");
    else if (v.array)
        put_array(out, &v);
    else
        put_element(out, &v, 0);
    if (v.kind == V_NUMBER && !dim_is_one(v.dim)) {
        if (dim_unit(v.dim))
            buf_printf(out, " %s", dim_unit(v.dim));
        else
            dim_factors(out, v.dim);
    }
}
