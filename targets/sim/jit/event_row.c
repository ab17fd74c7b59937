/* Lanes side by side: vectors of them, and where those that fire go.
 *
 * Which lanes fire comes as bits. With AVX-512 their numbers are compressed and stored for every
 * vector, asked or not: a branch that is taken now and then costs more. Elsewhere bits are gone
 * through one by one where there are any. */
#include "targets/sim/jit/event_flow.h"

enum { STRAIGHT = 6 }; /* vectors that are written one after another; more are a loop */

/* ---- what fires ---- */

static LLVMValueRef call(const struct serve *s, const char *name, LLVMTypeRef type,
                         LLVMValueRef *arg, unsigned n)
{
    const unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    LLVMValueRef f = LLVMGetIntrinsicDeclaration(s->x.g.module, id, &type, 1);
    return LLVMBuildCall2(s->x.g.builder, LLVMGlobalGetValueType(f), f, arg, n, "");
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

/* What is left is one vector: a mask costs less than another one. */
unsigned jit_lanes_for(const struct serve *s, uint32_t n)
{
    unsigned lanes = s->widest;
    while (lanes / 2 >= n && lanes > s->least)
        lanes /= 2;
    return lanes;
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
    while (done < width) {
        const uint32_t left = width - done;
        const unsigned lanes = jit_lanes_for(s, left);
        LLVMValueRef within = NULL;
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

/* The first `n` of so many lanes. */
static LLVMValueRef first_lanes(const struct serve *s, LLVMValueRef n, unsigned lanes)
{
    const struct jit_gen *g = &s->x.g;
    LLVMTypeRef type = s->x.spec->integer ? LLVMInt16TypeInContext(g->cx) : g->i32;
    n = in_all(s, LLVMBuildTrunc(g->builder, n, type, ""), lanes);
    return LLVMBuildICmp(g->builder, LLVMIntULT, ascending(type, lanes, 0), n, "");
}

static void any_width(struct serve *s, LLVMValueRef lane, LLVMValueRef weight, LLVMValueRef width)
{
    const struct jit_gen *g = &s->x.g;
    LLVMValueRef next = constant(s, 0);
    struct loop l = begin_loop(s, 1, &next);
    LLVMValueRef left = LLVMBuildSub(g->builder, width, l.at[0], "");
    LLVMValueRef most = constant(s, s->widest);
    left = LLVMBuildSelect(g->builder, below(s, left, most), left, most, "");
    vector(s, s->widest, add(s, lane, l.at[0]), add(s, weight, l.at[0]),
           first_lanes(s, left, s->widest));
    next = add(s, l.at[0], constant(s, s->widest));
    end_loop(s, &l, &next, below(s, next, width));
}

void jit_short_row(struct serve *s, LLVMValueRef lane, LLVMValueRef weight, LLVMValueRef width,
                   uint32_t most)
{
    const unsigned lanes = jit_lanes_for(s, most);
    vector(s, lanes, lane, weight, first_lanes(s, width, lanes));
}

void jit_row(struct serve *s, LLVMValueRef lane, LLVMValueRef weight, LLVMValueRef width,
             uint32_t fixed)
{
    if (fixed)
        fixed_width(s, lane, weight, fixed);
    else
        any_width(s, lane, weight, width);
}
