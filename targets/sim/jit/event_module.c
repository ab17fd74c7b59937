/* The module of an event-driven run: a function for each connection, which serves a batch of
 * events. Its loops are, from outside: events, the rows of outputs that one meets (or the stretches
 * of a row of synapses), vectors of lanes.
 *
 * Extents, strides and factors are constants of the code. A row of outputs mostly has one of a few
 * widths, of which each gets straight code without a rest; what is left goes through a loop with
 * masks. Which lanes fire comes as bits. With AVX-512 their numbers are compressed and stored for
 * every vector, asked or not: a branch that is taken now and then costs more. Elsewhere bits are
 * gone through one by one where there are any. */
#include "targets/sim/jit/jit.h"

#include <stddef.h>

enum {
    WIDTHS = 4,  /* that get code of their own */
    STRAIGHT = 6 /* vectors that are written one after another; more are a loop */
};

struct serve { /* a function under construction */
    struct jit_event x;
    LLVMValueRef f, fired;
    LLVMValueRef n_fired; /* so far */
    LLVMTypeRef i8, i1;
    unsigned widest, least; /* lanes of a vector */
    bool compresses;
};

/* ---- vocabulary ---- */

static LLVMValueRef constant(const struct serve *s, uint64_t x)
{
    return LLVMConstInt(s->x.g.i64, x, 0);
}

static LLVMValueRef add(const struct serve *s, LLVMValueRef a, LLVMValueRef b)
{
    return LLVMBuildAdd(s->x.g.builder, a, b, "");
}

static LLVMValueRef times(const struct serve *s, LLVMValueRef a, uint64_t by)
{
    return LLVMBuildMul(s->x.g.builder, a, constant(s, by), "");
}

static LLVMBasicBlockRef block(const struct serve *s, const char *name)
{
    return LLVMAppendBasicBlockInContext(s->x.g.cx, s->f, name);
}

static void go_on(const struct serve *s, LLVMBasicBlockRef at)
{
    LLVMPositionBuilderAtEnd(s->x.g.builder, at);
}

/* A number in an array of structures, as 64 bits. */
static LLVMValueRef load(const struct serve *s, LLVMTypeRef type, LLVMValueRef base,
                         LLVMValueRef index, size_t size, size_t offset)
{
    const struct jit_gen *g = &s->x.g;
    LLVMValueRef at = add(s, times(s, index, size), constant(s, offset));
    LLVMValueRef p = LLVMBuildInBoundsGEP2(g->builder, s->i8, base, &at, 1, "");
    LLVMValueRef v = LLVMBuildLoad2(g->builder, type, p, "");
    return type == g->i64 ? v : LLVMBuildZExt(g->builder, v, g->i64, "");
}

/* A loop with its variables, the last of which is s->n_fired. It is entered at least once. */
enum { MAX_CARRIED = 4 };

struct loop {
    LLVMBasicBlockRef head;
    unsigned n;
    LLVMValueRef at[MAX_CARRIED];
};

static struct loop begin_loop(struct serve *s, unsigned n, LLVMValueRef *const from)
{
    const struct jit_gen *g = &s->x.g;
    struct loop l = {.head = block(s, "loop"), .n = n + 1};
    LLVMBasicBlockRef before = LLVMGetInsertBlock(g->builder);
    LLVMBuildBr(g->builder, l.head);
    go_on(s, l.head);
    for (unsigned i = 0; i <= n; i++) {
        l.at[i] = LLVMBuildPhi(g->builder, g->i64, "");
        LLVMAddIncoming(l.at[i], i < n ? &from[i] : &s->n_fired, &before, 1);
    }
    s->n_fired = l.at[n];
    return l;
}

static void end_loop(struct serve *s, const struct loop *l, LLVMValueRef *const next,
                     LLVMValueRef again)
{
    const struct jit_gen *g = &s->x.g;
    LLVMBasicBlockRef from = LLVMGetInsertBlock(g->builder), after = block(s, "after");
    for (unsigned i = 0; i < l->n; i++)
        LLVMAddIncoming(l->at[i], i + 1 < l->n ? &next[i] : &s->n_fired, &from, 1);
    LLVMBuildCondBr(g->builder, again, l->head, after);
    go_on(s, after);
}

static LLVMValueRef below(const struct serve *s, LLVMValueRef a, LLVMValueRef b)
{
    return LLVMBuildICmp(s->x.g.builder, LLVMIntULT, a, b, "");
}

/* Ways that meet again: each begins at s->n_fired as it is here, and leaves its own. */
struct join {
    LLVMBasicBlockRef after;
    LLVMValueRef before, phi;
};

static struct join begin_join(const struct serve *s)
{
    const struct jit_gen *g = &s->x.g;
    struct join j = {.after = block(s, "join"), .before = s->n_fired};
    LLVMBasicBlockRef here = LLVMGetInsertBlock(g->builder);
    go_on(s, j.after);
    j.phi = LLVMBuildPhi(g->builder, g->i64, "");
    go_on(s, here);
    return j;
}

static void end_way(struct serve *s, const struct join *j)
{
    LLVMBasicBlockRef from = LLVMGetInsertBlock(s->x.g.builder);
    LLVMAddIncoming(j->phi, &s->n_fired, &from, 1);
    LLVMBuildBr(s->x.g.builder, j->after);
    s->n_fired = j->before;
}

static void end_join(struct serve *s, const struct join *j)
{
    go_on(s, j->after);
    s->n_fired = j->phi;
}

/* What follows is done if `condition` holds, up to end_way() and end_join(). */
static struct join begin_if(struct serve *s, LLVMValueRef condition)
{
    struct join j = begin_join(s);
    LLVMBasicBlockRef here = LLVMGetInsertBlock(s->x.g.builder), yes = block(s, "if");
    LLVMAddIncoming(j.phi, &s->n_fired, &here, 1);
    LLVMBuildCondBr(s->x.g.builder, condition, yes, j.after);
    go_on(s, yes);
    return j;
}

/* ---- what fires ---- */

static LLVMValueRef call(const struct serve *s, const char *name, LLVMTypeRef type,
                         LLVMValueRef *arg, unsigned n)
{
    const unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    LLVMValueRef f = LLVMGetIntrinsicDeclaration(s->x.g.module, id, &type, 1);
    return LLVMBuildCall2(s->x.g.builder, LLVMGlobalGetValueType(f), f, arg, n, "");
}

static LLVMValueRef word_at(const struct serve *s, LLVMValueRef array, LLVMValueRef at)
{
    return LLVMBuildInBoundsGEP2(s->x.g.builder, s->x.g.i32, array, &at, 1, "");
}

/* 0, 1, ... of an integer type, from `first` on. */
static LLVMValueRef ascending(LLVMTypeRef type, unsigned n, unsigned first)
{
    LLVMValueRef lane[JIT_MAX_LANES];
    for (unsigned i = 0; i < n; i++)
        lane[i] = LLVMConstInt(type, first + i, 0);
    return LLVMConstVector(lane, n);
}

static LLVMValueRef in_all(const struct serve *s, LLVMValueRef x, unsigned n)
{
    LLVMBuilderRef b = s->x.g.builder;
    LLVMValueRef v = LLVMGetPoison(LLVMVectorType(LLVMTypeOf(x), n));
    v = LLVMBuildInsertElement(b, v, x, LLVMConstInt(s->x.g.i32, 0, 0), "");
    return LLVMBuildShuffleVector(b, v, LLVMGetPoison(LLVMTypeOf(v)),
                                  LLVMConstNull(LLVMVectorType(s->x.g.i32, n)), "");
}

/* Sixteen lanes at a time: the numbers of those whose bit is set, side by side. What is stored
 * behind them is overwritten by the next. */
static void put_compressed(struct serve *s, LLVMValueRef bits, unsigned lanes)
{
    enum { AT_ONCE = 16 };
    const struct jit_gen *g = &s->x.g;
    LLVMBuilderRef b = g->builder;
    LLVMTypeRef vector = LLVMVectorType(g->i32, AT_ONCE);
    LLVMValueRef lane = in_all(s, LLVMBuildTrunc(b, s->x.lane, g->i32, ""), AT_ONCE);
    LLVMValueRef before = s->n_fired;
    for (unsigned i = 0; i < lanes; i += AT_ONCE) {
        LLVMValueRef these = i == 0 ? bits : LLVMBuildLShr(b, bits, LLVMConstInt(g->i32, i, 0), "");
        these = LLVMBuildTrunc(b, these, LLVMIntTypeInContext(g->cx, AT_ONCE), "");
        LLVMValueRef arg[] = {LLVMBuildAdd(b, lane, ascending(g->i32, AT_ONCE, i), ""),
                              LLVMConstNull(vector),
                              LLVMBuildBitCast(b, these, LLVMVectorType(s->i1, AT_ONCE), "")};
        LLVMValueRef v = call(s, "llvm.x86.avx512.mask.compress", vector, arg, 3);
        LLVMSetAlignment(LLVMBuildStore(b, v, word_at(s, s->fired, s->n_fired)), sizeof(uint32_t));
        LLVMValueRef so_far = bits;
        if (i + AT_ONCE < lanes)
            so_far = LLVMBuildZExt(b, these, g->i32, "");
        s->n_fired =
            add(s, before, LLVMBuildZExt(b, call(s, "llvm.ctpop", g->i32, &so_far, 1), g->i64, ""));
    }
}

static void put_each(struct serve *s, LLVMValueRef bits)
{
    const struct jit_gen *g = &s->x.g;
    LLVMBuilderRef b = g->builder;
    LLVMValueRef zero = LLVMConstInt(g->i32, 0, 0), one = LLVMConstInt(g->i32, 1, 0);
    LLVMValueRef lane = LLVMBuildTrunc(b, s->x.lane, g->i32, "");
    struct join some = begin_if(s, LLVMBuildICmp(b, LLVMIntNE, bits, zero, ""));
    LLVMValueRef left = LLVMBuildZExt(b, bits, g->i64, "");
    struct loop l = begin_loop(s, 1, &left);
    left = LLVMBuildTrunc(b, l.at[0], g->i32, "");
    LLVMValueRef first =
        call(s, "llvm.cttz", g->i32, (LLVMValueRef[]){left, LLVMConstInt(s->i1, 1, 0)}, 2);
    LLVMBuildStore(b, LLVMBuildAdd(b, lane, first, ""), word_at(s, s->fired, s->n_fired));
    s->n_fired = add(s, s->n_fired, constant(s, 1));
    left = LLVMBuildAnd(b, left, LLVMBuildSub(b, left, one, ""), "");
    LLVMValueRef next = LLVMBuildZExt(b, left, g->i64, "");
    end_loop(s, &l, &next, LLVMBuildICmp(b, LLVMIntNE, left, zero, ""));
    end_way(s, &some);
    end_join(s, &some);
}

/* ---- lanes side by side ---- */

/* `lanes` of them at `lane`, with the weights from `weight` on. */
static void vector(struct serve *s, unsigned lanes, LLVMValueRef lane, LLVMValueRef weight,
                   LLVMValueRef within)
{
    const struct jit_gen *g = &s->x.g;
    s->x.lane = lane;
    s->x.weight = weight;
    LLVMValueRef fires = jit_event_lanes(&s->x, lanes, within);
    if (!fires)
        return;
    LLVMValueRef bits = LLVMBuildBitCast(g->builder, fires, LLVMIntTypeInContext(g->cx, lanes), "");
    if (lanes < 32)
        bits = LLVMBuildZExt(g->builder, bits, g->i32, "");
    if (s->compresses)
        put_compressed(s, bits, lanes);
    else
        put_each(s, bits);
}

/* As many as `width` says, a constant. */
static void fixed_width(struct serve *s, LLVMValueRef lane, LLVMValueRef weight, uint32_t width)
{
    const uint32_t whole = width / s->widest * s->widest;
    uint32_t done = 0;
    if (whole > STRAIGHT * s->widest) {
        LLVMValueRef next = constant(s, 0);
        struct loop l = begin_loop(s, 1, &next);
        vector(s, s->widest, add(s, lane, l.at[0]), add(s, weight, l.at[0]), NULL);
        next = add(s, l.at[0], constant(s, s->widest));
        end_loop(s, &l, &next, below(s, next, constant(s, whole)));
        done = whole;
    }
    for (unsigned lanes = s->widest; done < width;) {
        const uint32_t left = width - done;
        LLVMValueRef within = NULL;
        if (left < lanes && lanes > s->least) {
            lanes /= 2;
            continue;
        }
        if (left < lanes) {
            LLVMValueRef yes[JIT_MAX_LANES];
            for (unsigned i = 0; i < lanes; i++)
                yes[i] = LLVMConstInt(s->i1, i < left, 0);
            within = LLVMConstVector(yes, lanes);
        }
        vector(s, lanes, add(s, lane, constant(s, done)), add(s, weight, constant(s, done)),
               within);
        done += lanes;
    }
}

static void any_width(struct serve *s, LLVMValueRef lane, LLVMValueRef weight, LLVMValueRef width)
{
    const struct jit_gen *g = &s->x.g;
    LLVMValueRef next = constant(s, 0);
    LLVMTypeRef type = s->x.spec->integer ? LLVMInt16TypeInContext(g->cx) : g->i32;
    struct loop l = begin_loop(s, 1, &next);
    LLVMValueRef left = LLVMBuildSub(g->builder, width, l.at[0], "");
    LLVMValueRef most = constant(s, s->widest);
    left = LLVMBuildSelect(g->builder, below(s, left, most), left, most, "");
    left = in_all(s, LLVMBuildTrunc(g->builder, left, type, ""), s->widest);
    LLVMValueRef within =
        LLVMBuildICmp(g->builder, LLVMIntULT, ascending(type, s->widest, 0), left, "");
    vector(s, s->widest, add(s, lane, l.at[0]), add(s, weight, l.at[0]), within);
    next = add(s, l.at[0], constant(s, s->widest));
    end_loop(s, &l, &next, below(s, next, width));
}

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

static void one_row(struct serve *s, LLVMValueRef lane, LLVMValueRef weight, LLVMValueRef width,
                    uint32_t fixed)
{
    if (fixed)
        fixed_width(s, lane, weight, fixed);
    else
        any_width(s, lane, weight, width);
}

/* Rows of one width; `fixed` 0: it isn't known. */
static void rows(struct serve *s, const struct row *r, LLVMValueRef width, uint32_t fixed)
{
    const struct event_map *m = s->x.spec->map;
    if (!r->n) {
        one_row(s, r->lane, r->weight, width, fixed);
        return;
    }
    struct loop l = begin_loop(s, 3, (LLVMValueRef[]){r->n, r->lane, r->weight});
    one_row(s, l.at[1], l.at[2], width, fixed);
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
    LLVMValueRef next = constant(&s, 0);
    struct loop l = begin_loop(&s, 1, &next);
    LLVMValueRef event =
        LLVMBuildLoad2(g->builder, g->i32, word_at(&s, LLVMGetParam(s.f, 2), l.at[0]), "");
    if (w.n > 0 && spec->map->conv) /* else no event meets anything */
        convolution_event(&s, &w, event);
    else if (w.n > 0)
        synapses_event(&s, &w, event);
    LLVMBuildStore(g->builder, LLVMBuildTrunc(g->builder, s.n_fired, g->i32, ""),
                   word_at(&s, ends, l.at[0]));
    next = add(&s, l.at[0], constant(&s, 1));
    end_loop(&s, &l, &next, below(&s, next, LLVMGetParam(s.f, 3)));
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

/* ---- what it is called with ---- */

static const void *weights(struct arena *a, const struct event_spec *s)
{
    const struct event_map *m = s->map;
    if (!s->integer)
        return m->weight;
    int16_t *w = arena_try(a, m->n_weights + EVENT_PAD, sizeof *w);
    for (size_t i = 0; w && i < m->n_weights; i++)
        w[i] = (int16_t)m->weight[i];
    return w;
}

static bool convolution(struct arena *a, const struct event_map *m, struct jit_connection *c)
{
    struct jit_axis *row = arena_try(a, m->src.height, sizeof *row),
                    *column = arena_try(a, m->src.width, sizeof *column);
    for (uint32_t y = 0; row && y < m->src.height; y++)
        row[y] = (struct jit_axis){m->row[y].out * m->dst.width * m->dst.features, m->row[y].n,
                                   m->row[y].kernel * m->weight_row};
    for (uint32_t x = 0; column && x < m->src.width; x++)
        column[x] = (struct jit_axis){m->column[x].lane, m->column[x].n, m->column[x].weight};
    c->row = row;
    c->column = column;
    return row && column;
}

static bool synapses(struct arena *a, const struct event_map *m, struct jit_connection *c)
{
    const uint32_t n = m->src.features * m->src.height * m->src.width;
    struct jit_range *range = arena_try(a, n, sizeof *range);
    struct jit_axis *stretch = arena_try(a, m->stretches + 1, sizeof *stretch);
    for (uint32_t lane = 0; range && lane < n; lane++) {
        const struct event_cursor k = event_meets(m, lane);
        range[lane] = (struct jit_range){k.left ? (uint64_t)(k.next - m->stretch) : 0, k.left};
    }
    for (size_t i = 0; stretch && i < m->stretches; i++)
        stretch[i] = (struct jit_axis){m->stretch[i].lane, m->stretch[i].n, m->stretch[i].weight};
    c->range = range;
    c->stretch = stretch;
    return range && stretch;
}

struct jit_connection *jit_connection(struct arena *a, const struct event_spec *s)
{
    struct jit_connection *c = ARENA_NEW(a, struct jit_connection);
    c->weight = weights(a, s);
    const bool ok = s->map->conv ? convolution(a, s->map, c) : synapses(a, s->map, c);
    return ok && c->weight ? c : NULL;
}
