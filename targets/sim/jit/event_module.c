/* The module of an event-driven run: a function for each connection, which serves a batch of
 * events. Its loops are, from outside: events, the rows of outputs that one meets (or the stretches
 * of a row of synapses), vectors of lanes.
 *
 * Extents, strides and factors are constants of the code. A row of outputs mostly has one of a few
 * widths, of which each gets straight code without a rest; what is left goes through a loop with
 * masks. */
#include "targets/sim/jit/event_flow.h"

#include <stddef.h>

enum { WIDTHS = 4 }; /* that get code of their own */

/* ---- widths ---- */

struct widths {
    uint32_t n, width[WIDTHS]; /* the most frequent ones, most frequent first */
    bool others;
};

enum { KINDS = 16 };

struct tally {
    uint32_t n, width[KINDS];
    uint64_t times[KINDS];
    bool others;
};

static void count_width(struct tally *t, uint32_t width)
{
    uint32_t i = 0;
    if (width == 0)
        return;
    while (i < t->n && t->width[i] != width)
        i++;
    if (i == KINDS) {
        t->others = true;
        return;
    }
    t->n += i == t->n;
    t->width[i] = width;
    t->times[i]++;
}

static struct widths find_widths(const struct event_map *m)
{
    struct tally t = {.n = 0};
    struct widths w = {.n = 0};
    for (uint32_t x = 0; m->conv && x < m->src.width; x++)
        count_width(&t, m->column[x].n);
    for (uint64_t i = 0; !m->conv && i < m->stretches; i++)
        count_width(&t, m->stretch[i].n);
    while (w.n < t.n && w.n < WIDTHS) {
        uint32_t best = 0;
        for (uint32_t i = 1; i < t.n; i++)
            best = t.times[i] > t.times[best] ? i : best;
        w.width[w.n++] = t.width[best];
        t.times[best] = 0;
    }
    w.others = t.others || w.n < t.n;
    return w;
}

struct row {
    LLVMValueRef lane, weight; /* of the first row */
    LLVMValueRef n;            /* rows; NULL: one */
};

/* Rows of one width; `fixed` 0: it isn't known. */
static void rows(struct serve *s, const struct row *r, LLVMValueRef width, uint32_t fixed)
{
    const struct event_map *m = s->x.spec->map;
    if (!r->n) {
        jit_row(s, r->lane, r->weight, width, fixed);
        return;
    }
    struct loop l = begin_loop(s, 3, (LLVMValueRef[]){r->n, r->lane, r->weight});
    jit_row(s, l.at[1], l.at[2], width, fixed);
    LLVMValueRef left = LLVMBuildSub(s->x.g.builder, l.at[0], constant(s, 1), "");
    LLVMValueRef weight =
        LLVMBuildSub(s->x.g.builder, l.at[2], constant(s, m->stride * m->weight_row), "");
    LLVMValueRef lane = add(s, l.at[1], constant(s, (uint64_t)m->dst.width * m->dst.features));
    end_loop(s, &l, (LLVMValueRef[]){left, lane, weight},
             LLVMBuildICmp(s->x.g.builder, LLVMIntNE, left, constant(s, 0), ""));
}

static void by_width(struct serve *s, const struct widths *w, const struct row *r,
                     LLVMValueRef width)
{
    if (w->n == 1 && !w->others) {
        rows(s, r, width, w->width[0]);
        return;
    }
    struct join j = begin_join(s);
    for (uint32_t i = 0; i < w->n; i++) {
        LLVMBasicBlockRef yes = block(s, "width"), no = block(s, "other");
        LLVMValueRef is =
            LLVMBuildICmp(s->x.g.builder, LLVMIntEQ, width, constant(s, w->width[i]), "");
        const bool last = i + 1 == w->n && !w->others;
        if (last)
            LLVMBuildBr(s->x.g.builder, yes);
        else
            LLVMBuildCondBr(s->x.g.builder, is, yes, no);
        go_on(s, yes);
        rows(s, r, width, w->width[i]);
        end_way(s, &j);
        go_on(s, no);
        if (last)
            LLVMBuildUnreachable(s->x.g.builder);
    }
    if (w->others) {
        rows(s, r, width, 0);
        end_way(s, &j);
    }
    end_join(s, &j);
}

/* ---- few lanes ---- */

/* Whether some rows or columns of the source meet nothing, and how many rows one meets at most. */
static bool meets_nothing(const struct event_map *m, uint32_t *most)
{
    bool nothing = false;
    *most = 0;
    for (uint32_t y = 0; y < m->src.height; y++) {
        nothing |= m->row[y].n == 0;
        *most = m->row[y].n > *most ? m->row[y].n : *most;
    }
    for (uint32_t x = 0; x < m->src.width; x++)
        nothing |= m->column[x].n == 0;
    return nothing;
}

static uint32_t most_width(const struct event_map *m)
{
    uint32_t most = 0;
    for (uint32_t x = 0; x < m->src.width; x++)
        most = m->column[x].n > most ? m->column[x].n : most;
    return most;
}

/* One or two rows of one vector each, of any width. How many and how wide nobody foresees, so that
 * a branch would mostly cost more than lanes that are masked out. */
static void short_rows(struct serve *s, const struct row *r, LLVMValueRef width, uint32_t most)
{
    const struct event_map *m = s->x.spec->map;
    LLVMBuilderRef b = s->x.g.builder;
    LLVMValueRef zero = constant(s, 0);
    LLVMValueRef two = LLVMBuildICmp(b, LLVMIntUGT, r->n, constant(s, 1), "");
    const uint64_t lanes = (uint64_t)m->dst.width * m->dst.features,
                   weights = m->stride * m->weight_row;
    jit_short_row(s, r->lane, r->weight, width, most);
    LLVMValueRef lane = add(s, r->lane, LLVMBuildSelect(b, two, constant(s, lanes), zero, ""));
    LLVMValueRef weight =
        LLVMBuildSub(b, r->weight, LLVMBuildSelect(b, two, constant(s, weights), zero, ""), "");
    jit_short_row(s, lane, weight, LLVMBuildSelect(b, two, width, zero, ""), most);
}

/* Where every event meets the same lanes, and one vector holds them (a small dense layer): how many
 * these are, else 0. Their states stay in registers for a batch: the way through memory from one
 * event to the next would take longer than all that is done with them. */
static uint32_t same_lanes(const struct serve *s)
{
    const struct event_map *m = s->x.spec->map;
    uint32_t most;
    if (!m->conv || m->dst.height * m->dst.width != 1 || m->dst.features > s->widest ||
        meets_nothing(m, &most))
        return 0;
    return m->dst.features;
}

/* ---- an event ---- */

static LLVMValueRef not_zero(const struct serve *s, LLVMValueRef x)
{
    return LLVMBuildICmp(s->x.g.builder, LLVMIntNE, x, constant(s, 0), "");
}

struct quotient {
    LLVMValueRef q, r;
};

static struct quotient divided(const struct serve *s, LLVMValueRef x, uint32_t by)
{
    LLVMBuilderRef b = s->x.g.builder;
    LLVMValueRef d = LLVMConstInt(s->x.g.i32, by, 0), q = LLVMBuildUDiv(b, x, d, "");
    return (struct quotient){q, LLVMBuildSub(b, x, LLVMBuildMul(b, q, d, ""), "")};
}

static LLVMValueRef load_member(const struct serve *s, size_t offset)
{
    return jit_load_word(&s->x.g, s->x.g.ptr, LLVMGetParam(s->f, 0), offset);
}

struct axis {
    LLVMValueRef lane, n, weight;
};

static struct axis load_axis(const struct serve *s, LLVMValueRef array, LLVMValueRef at)
{
    enum { SIZE = sizeof(struct jit_axis) };
    const struct jit_gen *g = &s->x.g;
    return (struct axis){load(s, g->i32, array, at, SIZE, offsetof(struct jit_axis, lane)),
                         load(s, g->i32, array, at, SIZE, offsetof(struct jit_axis, n)),
                         load(s, g->i64, array, at, SIZE, offsetof(struct jit_axis, weight))};
}

static void convolution_event(struct serve *s, const struct widths *w, LLVMValueRef event)
{
    const struct event_map *m = s->x.spec->map;
    const struct jit_gen *g = &s->x.g;
    const struct quotient place = divided(s, event, m->src.features),
                          at = divided(s, place.q, m->src.width);
    const struct axis row = load_axis(s, load_member(s, offsetof(struct jit_connection, row)),
                                      LLVMBuildZExt(g->builder, at.q, g->i64, "")),
                      column = load_axis(s, load_member(s, offsetof(struct jit_connection, column)),
                                         LLVMBuildZExt(g->builder, at.r, g->i64, ""));
    LLVMValueRef feature = LLVMBuildZExt(g->builder, place.r, g->i64, "");
    LLVMValueRef weight =
        add(s, add(s, row.weight, column.weight), times(s, feature, m->weight_feature));
    uint32_t most;
    const bool nothing = meets_nothing(m, &most);
    const struct row r = {add(s, row.lane, column.lane), weight, most == 1 ? NULL : row.n};
    struct join j;
    if (nothing)
        j = begin_if(s, LLVMBuildAnd(g->builder, not_zero(s, row.n), not_zero(s, column.n), ""));
    const uint32_t lanes = most_width(m);
    if (s->compresses && most == 2 && lanes <= s->widest)
        short_rows(s, &r, column.n, lanes);
    else
        by_width(s, w, &r, column.n);
    if (nothing) {
        end_way(s, &j);
        end_join(s, &j);
    }
}

static void synapses_event(struct serve *s, const struct widths *w, LLVMValueRef event)
{
    enum { SIZE = sizeof(struct jit_range) };
    const struct jit_gen *g = &s->x.g;
    LLVMValueRef range = load_member(s, offsetof(struct jit_connection, range));
    LLVMValueRef lane = LLVMBuildZExt(g->builder, event, g->i64, "");
    LLVMValueRef first = load(s, g->i64, range, lane, SIZE, offsetof(struct jit_range, first)),
                 n = load(s, g->i64, range, lane, SIZE, offsetof(struct jit_range, n));
    struct join some = begin_if(s, not_zero(s, n));
    struct loop l = begin_loop(s, 1, &first);
    const struct axis a =
        load_axis(s, load_member(s, offsetof(struct jit_connection, stretch)), l.at[0]);
    by_width(s, w, &(struct row){a.lane, a.weight, NULL}, a.n);
    LLVMValueRef next = add(s, l.at[0], constant(s, 1));
    end_loop(s, &l, &next, below(s, next, add(s, first, n)));
    end_way(s, &some);
    end_join(s, &some);
}

/* ---- functions ---- */

static LLVMValueRef *load_arrays(const struct serve *s, struct arena *a, size_t member, uint32_t n,
                                 const bool *known)
{
    const struct jit_gen *g = &s->x.g;
    LLVMValueRef *out = ARENA_ARRAY(a, LLVMValueRef, n + 1);
    LLVMValueRef array = jit_load_word(g, g->ptr, LLVMGetParam(s->f, 1), member);
    for (uint32_t i = 0; i < n; i++)
        if (!known || !known[i])
            out[i] = jit_load_word(g, g->ptr, array, i * sizeof(void *));
    return out;
}

static void function(const struct jit_gen *g, const struct jit_host *h,
                     const struct event_spec *spec, const char *name)
{
    LLVMTypeRef types[] = {g->ptr, g->ptr, g->ptr, g->i64, g->ptr}; /* event_serve_fn */
    struct arena scratch = {0};
    const struct kernel *k = spec->kernel;
    struct serve s = {.x = {.g = *g, .spec = spec},
                      .f = jit_declare(g, h, name, LLVMFunctionType(g->i64, types, 5, 0)),
                      .i8 = LLVMInt8TypeInContext(g->cx),
                      .i1 = LLVMInt1TypeInContext(g->cx),
                      .widest = spec->integer ? 2 * h->lanes : h->lanes,
                      .least = spec->integer ? 8 : 4,
                      .compresses = h->level == CPU_AVX512};
    const struct widths w = find_widths(spec->map);
    go_on(&s, block(&s, "entry"));
    s.fired = jit_load_word(g, g->ptr, LLVMGetParam(s.f, 4), offsetof(struct event_fired, lane));
    LLVMValueRef ends =
        jit_load_word(g, g->ptr, LLVMGetParam(s.f, 4), offsetof(struct event_fired, end));
    s.n_fired = constant(&s, 0);
    s.x.param = load_arrays(&s, &scratch, offsetof(struct event_lanes, param), k->n_params,
                            spec->param_uniform);
    s.x.let =
        load_arrays(&s, &scratch, offsetof(struct event_lanes, let), k->n_lets, spec->let_uniform);
    s.x.state = load_arrays(&s, &scratch, offsetof(struct event_lanes, state), k->n_states, NULL);
    s.x.weights = load_member(&s, offsetof(struct jit_connection, weight));
    jit_event_open(&s.x, &scratch);
    const uint32_t n_states = k->n_states, same = same_lanes(&s);
    LLVMValueRef next = constant(&s, 0), *kept = ARENA_ARRAY(&scratch, LLVMValueRef, n_states + 1);
    s.x.lane = next;
    if (same)
        jit_event_hold(&s.x, &scratch, jit_lanes_for(&s, same));
    LLVMBasicBlockRef before = LLVMGetInsertBlock(g->builder);
    struct loop l = begin_loop(&s, 1, &next);
    for (uint32_t i = 0; same && i < n_states; i++) {
        kept[i] = LLVMBuildPhi(g->builder, LLVMTypeOf(s.x.held[i]), "");
        LLVMAddIncoming(kept[i], &s.x.held[i], &before, 1);
        s.x.held[i] = kept[i];
    }
    LLVMValueRef event =
        LLVMBuildLoad2(g->builder, g->i32, word_at(&s, LLVMGetParam(s.f, 2), l.at[0]), "");
    if (w.n > 0 && spec->map->conv) /* else no event meets anything */
        convolution_event(&s, &w, event);
    else if (w.n > 0)
        synapses_event(&s, &w, event);
    LLVMBuildStore(g->builder, LLVMBuildTrunc(g->builder, s.n_fired, g->i32, ""),
                   word_at(&s, ends, l.at[0]));
    next = add(&s, l.at[0], constant(&s, 1));
    LLVMBasicBlockRef last = LLVMGetInsertBlock(g->builder);
    for (uint32_t i = 0; same && i < n_states; i++)
        LLVMAddIncoming(kept[i], &s.x.held[i], &last, 1);
    end_loop(&s, &l, &next, below(&s, next, LLVMGetParam(s.f, 3)));
    if (same)
        jit_event_release(&s.x, constant(&s, 0));
    LLVMBuildRet(g->builder, s.n_fired);
    arena_free(&scratch);
}

bool jit_can_serve(const struct event_spec *s)
{
    uint32_t fires;
    bool inverted;
    return kernel_fires_once(&s->kernel->event, &fires, &inverted);
}

LLVMModuleRef jit_event_codegen(LLVMContextRef cx, const struct jit_host *h,
                                const struct event_spec *spec, uint32_t n)
{
    const struct jit_gen g = jit_gen_open(cx, h);
    for (uint32_t i = 0; i < n; i++) {
        char name[JIT_NAME_SIZE];
        jit_name(name, i);
        if (jit_can_serve(&spec[i]))
            function(&g, h, &spec[i], name);
    }
    LLVMDisposeBuilder(g.builder);
    return g.module;
}
