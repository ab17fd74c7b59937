/* Connections between maps [features, height, width]: pools, convolutions, biases. Everything here
 * is worked out once for a wire, while shapes are inferred or when it is connected, whichever comes
 * first. */
#include "compiler/connect.h"
#include <math.h>

/* ---- pairs ---- */

bool eval_pair(const struct env *env, const struct ast_expr *e, double lo, double hi,
               const char *what, uint32_t out[2])
{
    struct diags *d = env->el->u->diags;
    struct value v = eval_known(env, e);
    if (!check_dim(env, &v, DIM_ONE, what, e))
        return false;
    if (v.array && (v.array->shape.rank != 1 || v.array->n != 2)) {
        diag_add(d, E0302, e->span, "%s is one number, or two, [y, x]; this is %s", what,
                 shape_string(env->el, &v));
        return false;
    }
    for (uint32_t i = 0; i < 2; i++) {
        double x = value_at(&v, i);
        if (!(x >= lo && x <= hi && x == floor(x))) {
            struct buf b = {0};
            buf_f64_text(&b, x);
            diag_add(d, E0306, e->span, "%s is a whole number from %.0f to %.0f, not %s", what, lo,
                     hi, b.data);
            buf_free(&b);
            return false;
        }
        out[i] = (uint32_t)x;
    }
    return true;
}

/* ---- ends ---- */

static const char *shape_of(struct build *b, const struct shape *s)
{
    struct value v = {.array = &(struct array){.shape = *s}};
    return shape_string(b->el, &v);
}

/* The shape of a map, from an end that is all of it; NULL: reported. */
static const struct shape *whole_map(struct build *b, const struct end *e, const char *what)
{
    struct diags *d = b->el->u->diags;
    const struct piece *p = e->piece;
    if (e->ref->subs) {
        struct diag *g =
            diag_add(d, E0402, e->ref->span, "%s takes all of a map, not a part", what);
        diag_hint(d, g, "leave the brackets out: `%s`", p->name);
        diag_edit(d, g,
                  (struct span){e->ref->span.file, e->ref->path[e->ref->n - 1].span.end,
                                e->ref->span.end},
                  "%s", "");
        return NULL;
    }
    if (p->shape.rank == 3)
        return &p->shape;
    struct diag *g =
        diag_add(d, E0303, e->ref->span, "%s is about maps [features, height, width]; `%s` is %s",
                 what, p->name, shape_of(b, &p->shape));
    diag_label(d, g, p->item->name.span, "declared here");
    return NULL;
}

/* ---- pools ---- */

static const struct ast_assign *find_attribute(const struct wire *w, const char *name)
{
    const struct ast_assign *as = w->item->assigns;
    while (as && (!as->name.text || strcmp(as->name.text, name) != 0))
        as = as->next;
    return as && as->value ? as : NULL;
}

bool wire_pools(const struct wire *w)
{
    return find_attribute(w, "pool") || find_attribute(w, "average_pool");
}

static bool pool_source(struct build *b, struct wire *w)
{
    struct diags *d = b->el->u->diags;
    const struct ast_assign *sum = find_attribute(w, "pool"),
                            *mean = find_attribute(w, "average_pool"), *as = sum ? sum : mean;
    struct env env = env_in(b, w->home);
    const char *what = sum ? "`pool`" : "`average_pool`";
    if (sum && mean) {
        diag_add(d, E0402, mean->name.span, "a connection has a `pool` or an `average_pool`");
        return false;
    }
    if (!eval_pair(&env, as->value, 1, MAPS_MOST, what, w->pool))
        return false;
    const struct shape *s = whole_map(b, &w->src, what);
    if (!s)
        return false;
    w->average = mean != NULL;
    w->source.rank = 3;
    if (pooled_map(s->extent, w->pool, w->source.extent))
        return true;
    struct diag *g = diag_add(d, E0303, as->value->span,
                              "there is no whole area of %u x %u in `%s`, which is %s", w->pool[0],
                              w->pool[1], w->src.piece->name, shape_of(b, s));
    diag_label(d, g, w->src.piece->item->name.span, "declared here");
    return false;
}

const struct shape *wire_source(struct build *b, struct wire *w)
{
    if (w->source_state == WIRE_FRESH) {
        if (!w->src.piece || w->src.piece->state != SHAPE_KNOWN)
            return NULL;
        w->pool[0] = w->pool[1] = 1;
        bool good = wire_pools(w) ? pool_source(b, w) : end_select(b, w, &w->src);
        if (good && !wire_pools(w))
            w->source = w->src.at.shape;
        w->source_state = good ? WIRE_GOOD : WIRE_BAD;
    }
    return w->source_state == WIRE_GOOD ? &w->source : NULL;
}

/* ---- convolutions ---- */

static bool conv_args(struct build *b, struct wire *w, const struct ast_expr **weights)
{
    struct diags *d = b->el->u->diags;
    struct env env = env_in(b, w->home);
    const struct ast_expr *op = w->item->value;
    struct conv *c = &w->conv;
    uint32_t n = 0;
    bool good = true;
    *c = (struct conv){.stride = {1, 1}};
    if (op->binders) {
        diag_add(d, E0305, op->span, "`conv2d` takes a value, not `=>`");
        return false;
    }
    for (const struct ast_arg *a = op->args; a; a = a->next) {
        if (!a->name.text) {
            *weights = n++ ? *weights : a->value;
        } else if (strcmp(a->name.text, "stride") == 0) {
            good &= eval_pair(&env, a->value, 1, MAPS_MOST, "`stride`", c->stride);
        } else if (strcmp(a->name.text, "padding") == 0) {
            good &= eval_pair(&env, a->value, 0, MAPS_MOST, "`padding`", c->padding);
        } else {
            static const char *const names[] = {"stride", "padding"};
            struct diag *g =
                diag_add(d, E0205, a->name.span, "`conv2d` has no parameter `%s`", a->name.text);
            diag_hint(d, g, "parameters are `stride` and `padding`");
            hint_near(d, g, a->name.text, names, 2);
            good = false;
        }
    }
    if (n == 1)
        return good;
    struct diag *g = diag_add(d, E0305, op->span, "`conv2d` takes one argument: the weights");
    if (n > 1)
        diag_hint(d, g, "the others have names: `conv2d(W, stride = 2, padding = 1)`");
    return false;
}

/* W[out, in, y, x] */
static bool conv_weights(struct build *b, struct wire *w, const struct ast_expr *e)
{
    struct elab *el = b->el;
    struct diags *d = el->u->diags;
    struct env env = env_in(b, w->home);
    struct value v = *wire_weights(b, w);
    if (v.kind == V_RANDOM)
        v = eval_known(&env, e); /* which says that it can't be */
    if (!check_dim(&env, &v, DIM_ONE, "a weight", e))
        return false;
    if (!v.array || v.array->shape.rank != 4) {
        diag_add(d, E0303, e->span, "`conv2d` takes weights [out, in, y, x]; `%s` is %s",
                 quote(el, e->span, "this"), shape_string(el, &v));
        return false;
    }
    const uint32_t *s = v.array->shape.extent;
    w->conv.out = s[0];
    w->conv.in = s[1];
    w->conv.kernel[0] = s[2];
    w->conv.kernel[1] = s[3];
    w->conv.w = arena_try(el->u->arena, v.array->n, sizeof(float));
    if (!w->conv.w) {
        no_memory(&env, e->span);
        return false;
    }
    const double *from = array_values(v.array);
    for (uint32_t i = 0; i < v.array->n; i++) {
        w->conv.w[i] = (float)from[i];
        if (isfinite(w->conv.w[i]))
            continue;
        uint32_t x = i % s[3], y = i / s[3] % s[2], in = i / s[3] / s[2] % s[1];
        diag_add(d, E0307, e->span, "weight [%u, %u, %u, %u] is %s as a float32",
                 i / s[3] / s[2] / s[1], in, y, x, isnan(w->conv.w[i]) ? "nan" : "inf");
        return false;
    }
    return true;
}

static bool conv_fits(struct build *b, struct wire *w, const struct ast_expr *e)
{
    struct diags *d = b->el->u->diags;
    const struct conv *c = &w->conv;
    const uint32_t *s = w->source.extent;
    const char *weights = quote(b->el, e->span, "this");
    struct span source = w->src.piece->item->name.span;
    if (c->in != s[0]) {
        struct diag *g = diag_add(d, E0303, e->span, "`%s` takes %u feature%s; `%s` has %u",
                                  weights, c->in, c->in == 1 ? "" : "s", w->src.piece->name, s[0]);
        diag_label(d, g, source, "declared here");
        if (c->out == s[0])
            diag_hint(d, g, "weights are [out, in, y, x]");
        return false;
    }
    if (c->kernel[0] > MAPS_MOST || c->kernel[1] > MAPS_MOST) {
        diag_add(d, E0303, e->span, "a kernel is at most %d x %d", MAPS_MOST, MAPS_MOST);
        return false;
    }
    if (conv_extent(c, 0, s[1]) && conv_extent(c, 1, s[2]))
        return true;
    struct diag *g =
        diag_add(d, E0303, e->span, "the kernel, %u x %u, is larger than the %smap, %u x %u",
                 c->kernel[0], c->kernel[1],
                 c->padding[0] || c->padding[1] ? "padded "
                 : wire_pools(w)                ? "pooled "
                                                : "",
                 s[1] + 2 * c->padding[0], s[2] + 2 * c->padding[1]);
    diag_label(d, g, source, "the map is `%s`, %s", w->src.piece->name,
               shape_of(b, &w->src.piece->shape));
    return false;
}

const struct conv *wire_conv(struct build *b, struct wire *w)
{
    if (w->conv_state == WIRE_FRESH) {
        const struct ast_expr *weights = NULL;
        bool good = conv_args(b, w, &weights);
        if (good && (!w->src.piece || w->src.piece->state != SHAPE_KNOWN))
            return NULL;
        good = good && (wire_pools(w) || whole_map(b, &w->src, "`conv2d`")) && wire_source(b, w) &&
               conv_weights(b, w, weights) && conv_fits(b, w, weights);
        w->conv_state = good ? WIRE_GOOD : WIRE_BAD;
    }
    return w->conv_state == WIRE_GOOD ? &w->conv : NULL;
}

void conv_shape(const struct wire *w, struct shape *out)
{
    *out = (struct shape){3,
                          {w->conv.out, conv_extent(&w->conv, 0, w->source.extent[1]),
                           conv_extent(&w->conv, 1, w->source.extent[2])}};
}

bool conv_target(struct build *b, const struct wire *w)
{
    struct diags *d = b->el->u->diags;
    struct shape made;
    const struct shape *s = whole_map(b, &w->dst, "`conv2d`");
    conv_shape(w, &made);
    if (!s || shape_eq(s, &made))
        return s != NULL;
    struct diag *g =
        diag_add(d, E0303, w->item->value->span, "`conv2d` makes %s of `%s`; `%s` is %s",
                 shape_of(b, &made), w->src.piece->name, w->dst.piece->name, shape_of(b, s));
    diag_label(d, g, w->dst.piece->item->name.span, "declared here");
    diag_hint(d, g, "its shape may be left out: `layer %s: ...`", w->dst.piece->item->name.text);
    return false;
}

/* ---- biases ---- */

float *wire_bias(struct build *b, const struct link *l, const struct shape *shape)
{
    struct elab *el = b->el;
    const struct wire *w = l->w;
    const struct ast_assign *as = find_attribute(w, "bias");
    const uint32_t n = shape_count(shape);
    const struct shape flat = {1, {n}};
    struct value v = eval_shaped(&l->env, as->value, shape);
    if (!check_dim(&l->env, &v, DIM_ONE, "`bias`", as->value))
        return NULL;
    struct shape s = value_shape(&v);
    if (v.array && !shape_eq(&s, shape) && !shape_eq(&s, &flat)) {
        diag_add(el->u->diags, E0303, as->value->span,
                 "`bias` is one number or %s, one for each %s; this is %s", shape_of(b, shape),
                 w->conv_state == WIRE_GOOD ? "feature" : "neuron", shape_string(el, &v));
        return NULL;
    }
    const uint32_t all = w->conv_state == WIRE_GOOD ? n : w->dst.piece->n;
    float *out = arena_try(el->u->arena, all, sizeof *out);
    if (!out) {
        no_memory(&l->env, as->value->span);
        return NULL;
    }
    for (uint32_t i = 0; i < n; i++) {
        float x = (float)value_at(&v, i);
        if (!isfinite(x)) {
            diag_add(el->u->diags, E0307, as->value->span, "bias [%u] is %s as a float32", i,
                     isnan(x) ? "nan" : "inf");
            return NULL;
        }
        out[l->dst ? l->dst[i] : i] = x;
    }
    return out;
}
