#include "compiler/connect.h"

static void set_shape(struct build *b, struct piece *p, const struct shape *s, struct span at)
{
    struct diags *d = b->el->u->diags;
    p->state = SHAPE_BAD;
    if (s->rank == 0 || s->rank > NET_MAX_RANK) {
        diag_add(d, E0403, at, "`%s` has 1 to %d dimensions, not %u", p->name, NET_MAX_RANK,
                 s->rank);
        return;
    }
    p->shape = *s;
    p->n = shape_count(s);
    if (p->n == 0) {
        diag_add(d, E0308, at, "`%s` has more than %d elements", p->name, VALUE_MAX_EXTENT);
        return;
    }
    p->state = SHAPE_KNOWN;
}

static void explicit_shape(struct build *b, struct piece *p)
{
    struct env env = env_in(b, p->home);
    struct shape s = {0};
    bool good = true;
    for (const struct ast_expr *x = p->item->shape; x; x = x->next) {
        double n = 1;
        good &= eval_whole(&env, x, 1, VALUE_MAX_EXTENT, "an extent", &n);
        if (s.rank < VALUE_MAX_RANK)
            s.extent[s.rank++] = (uint32_t)n;
    }
    p->state = SHAPE_BAD;
    if (good)
        set_shape(b, p, &s, p->item->name.span);
    if (p->state == SHAPE_KNOWN && p->is_input && is_sensor(p)) {
        p->state = SHAPE_BAD;
        if (build_sensor(b, p, &s)) {
            s.rank = 3;
            sensor_map(p->sensor, s.extent);
            set_shape(b, p, &s, p->item->name.span);
        }
    }
}

static void shapeless_sensor(struct build *b, struct piece *p)
{
    struct diags *d = b->el->u->diags;
    struct diag *g = diag_add(d, E0403, p->item->name.span, "a sensor has a shape of its own");
    diag_hint(d, g, "as in `input %s[2, 128, 128] from dvs`", p->item->name.text);
    p->state = SHAPE_BAD;
}

/* A parameter with a value for each neuron. */
static void shape_of_params(struct build *b, struct piece *p)
{
    for (const struct ast_assign *as = p->item->assigns; as; as = as->next) {
        struct value v = layer_param(b, p, as);
        if (v.array && p->state == SHAPE_UNKNOWN)
            set_shape(b, p, &v.array->shape, as->span);
    }
}

static bool unknown(const struct end *e)
{
    return e->piece && e->piece->state == SHAPE_UNKNOWN && !e->ref->subs;
}

/* Whether the connection says more than was known. */
static bool shape_of_wire(struct build *b, struct wire *w)
{
    if ((!unknown(&w->src) && !unknown(&w->dst)) || !w->item->value)
        return false;
    const char *op = w->item->value->name.text;
    bool dense = strcmp(op, "dense") == 0, straight = strcmp(op, "one_to_one") == 0;
    bool conv = strcmp(op, "conv2d") == 0;
    bool found = false;
    for (uint32_t side = 0; side < 2; side++) {
        struct end *e = side ? &w->dst : &w->src, *other = side ? &w->src : &w->dst;
        struct shape s = {0};
        if (!unknown(e) || (side == 0 && wire_pools(w)))
            continue;
        if (conv && side == 1) {
            if (wire_conv(b, w))
                conv_shape(w, &s);
        } else if (dense && !w->item->value->binders) {
            const struct value *v = wire_weights(b, w);
            if (v->array && v->array->shape.rank != 2) {
                struct elab *el = b->el;
                struct span at = w->item->value->args->value->span;
                diag_add(el->u->diags, E0303, at, "`dense` takes weights [pre, post]; `%s` is %s",
                         quote(el, at, "this"), shape_string(el, v));
                w->w = poison();
                return false;
            }
            if (v->array)
                s = (struct shape){1, {v->array->shape.extent[side]}};
        } else if (straight && side == 1) {
            s = wire_source(b, w) ? w->source : s;
        } else if (straight && other->piece && other->piece->state == SHAPE_KNOWN &&
                   end_select(b, w, other)) {
            s = other->at.shape;
        }
        if (s.rank) {
            set_shape(b, e->piece, &s, w->item->span);
            found = true;
        }
    }
    return found;
}

/* What is wrong with the connection was reported, so the missing shape isn't. */
static void excuse(struct wire *w)
{
    const struct ast_expr *op = w->item->value;
    bool poisoned = !op || operator_index(op->name.text) < 0 || !w->src.piece || !w->dst.piece ||
                    w->src.piece->state == SHAPE_BAD || w->dst.piece->state == SHAPE_BAD ||
                    (w->known && w->w.kind == V_POISON) || w->source_state == WIRE_BAD ||
                    w->conv_state == WIRE_BAD;
    if (poisoned && unknown(&w->src))
        w->src.piece->state = SHAPE_BAD;
    if (poisoned && unknown(&w->dst))
        w->dst.piece->state = SHAPE_BAD;
}

/* A wire of a piece, and the next one. */
struct hold {
    uint32_t wire, next; /* UINT32_MAX: the last */
};

static void hold_on(struct hold *hold, uint32_t *n, const struct end *e, uint32_t wire)
{
    if (!e->piece || e->piece->state != SHAPE_UNKNOWN)
        return;
    hold[*n] = (struct hold){wire, e->piece->wires};
    e->piece->wires = (*n)++;
}

/* Looks at every connection, and at those of a piece again when its shape becomes known. */
static void settle_shapes(struct build *b)
{
    struct arena *a = &b->work;
    struct hold *hold = ARENA_ARRAY(a, struct hold, 2 * (size_t)b->wire.n + 1);
    VEC(uint32_t) queue = {0};
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->piece.n; i++)
        b->piece.data[i]->wires = UINT32_MAX;
    for (uint32_t i = b->wire.n; i-- > 0;) {
        hold_on(hold, &n, &b->wire.data[i].src, i);
        hold_on(hold, &n, &b->wire.data[i].dst, i);
    }
    for (uint32_t i = 0; i < b->wire.n; i++)
        VEC_PUSH(a, &queue, i);
    for (uint32_t i = 0; i < queue.n; i++) {
        struct wire *w = &b->wire.data[queue.data[i]];
        const struct end *end[] = {&w->src, &w->dst};
        const bool open[] = {unknown(end[0]), unknown(end[1])};
        if (!shape_of_wire(b, w))
            continue;
        for (int side = 0; side < 2; side++) {
            if (!open[side] || unknown(end[side]))
                continue;
            for (uint32_t k = end[side]->piece->wires; k != UINT32_MAX; k = hold[k].next)
                VEC_PUSH(a, &queue, hold[k].wire);
        }
    }
}

void infer_shapes(struct build *b)
{
    for (uint32_t i = 0; i < b->piece.n; i++) {
        struct piece *p = b->piece.data[i];
        if (p->item->has_shape)
            explicit_shape(b, p);
        else if (!p->is_input)
            shape_of_params(b, p);
        else if (is_sensor(p))
            shapeless_sensor(b, p);
    }
    for (uint32_t i = 0; i < b->wire.n; i++) {
        struct wire *w = &b->wire.data[i];
        w->src = (struct end){.ref = w->item->src};
        w->dst = (struct end){.ref = w->item->dst};
        w->src.piece = w->src.ref ? find_piece(b, w->home, w->src.ref, w->src.ref->n) : NULL;
        w->dst.piece = w->dst.ref ? find_piece(b, w->home, w->dst.ref, w->dst.ref->n) : NULL;
    }
    settle_shapes(b);
    for (uint32_t i = 0; i < b->wire.n; i++)
        excuse(&b->wire.data[i]);
    for (uint32_t i = 0; i < b->piece.n; i++) {
        struct piece *p = b->piece.data[i];
        if (p->state != SHAPE_UNKNOWN)
            continue;
        if (line_excuses(b->el->u, p->item->name.text)) {
            p->state = SHAPE_BAD;
            continue;
        }
        struct diags *d = b->el->u->diags;
        struct diag *g =
            diag_add(d, E0403, p->item->name.span, "the shape of `%s` isn't known", p->name);
        diag_hint(d, g, "nothing connected to it fixes one: give it, as in `%s %s[8]`",
                  p->is_input ? "input" : "layer", p->item->name.text);
        p->state = SHAPE_BAD;
    }
}
