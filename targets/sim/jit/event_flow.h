/* What the functions of an event-driven module are put together from (internal to event_*.c):
 * numbers, arrays, and control flow, through which the number of lanes that fired so far is
 * carried. */
#ifndef JIT_EVENT_FLOW_H
#define JIT_EVENT_FLOW_H

#include "targets/sim/jit/jit.h"

struct serve { /* a function under construction */
    struct jit_event x;
    LLVMValueRef f, fired;
    LLVMValueRef n_fired; /* so far */
    LLVMTypeRef i8, i1;
    unsigned widest, least; /* lanes of a vector */
    bool compresses;
};

static inline LLVMValueRef constant(const struct serve *s, uint64_t x)
{
    return LLVMConstInt(s->x.g.i64, x, 0);
}

static inline LLVMValueRef add(const struct serve *s, LLVMValueRef a, LLVMValueRef b)
{
    return LLVMBuildAdd(s->x.g.builder, a, b, "");
}

static inline LLVMValueRef times(const struct serve *s, LLVMValueRef a, uint64_t by)
{
    return LLVMBuildMul(s->x.g.builder, a, constant(s, by), "");
}

static inline LLVMBasicBlockRef block(const struct serve *s, const char *name)
{
    return LLVMAppendBasicBlockInContext(s->x.g.cx, s->f, name);
}

static inline void go_on(const struct serve *s, LLVMBasicBlockRef at)
{
    LLVMPositionBuilderAtEnd(s->x.g.builder, at);
}

/* A number in an array of structures, as 64 bits. */
static inline LLVMValueRef load(const struct serve *s, LLVMTypeRef type, LLVMValueRef base,
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

static inline struct loop begin_loop(struct serve *s, unsigned n, LLVMValueRef *const from)
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

static inline void end_loop(struct serve *s, const struct loop *l, LLVMValueRef *const next,
                            LLVMValueRef again)
{
    const struct jit_gen *g = &s->x.g;
    LLVMBasicBlockRef from = LLVMGetInsertBlock(g->builder), after = block(s, "after");
    for (unsigned i = 0; i < l->n; i++)
        LLVMAddIncoming(l->at[i], i + 1 < l->n ? &next[i] : &s->n_fired, &from, 1);
    LLVMBuildCondBr(g->builder, again, l->head, after);
    go_on(s, after);
}

static inline LLVMValueRef below(const struct serve *s, LLVMValueRef a, LLVMValueRef b)
{
    return LLVMBuildICmp(s->x.g.builder, LLVMIntULT, a, b, "");
}

/* Ways that meet again: each begins at s->n_fired as it is here, and leaves its own. */
struct join {
    LLVMBasicBlockRef after;
    LLVMValueRef before, phi;
};

static inline struct join begin_join(const struct serve *s)
{
    const struct jit_gen *g = &s->x.g;
    struct join j = {.after = block(s, "join"), .before = s->n_fired};
    LLVMBasicBlockRef here = LLVMGetInsertBlock(g->builder);
    go_on(s, j.after);
    j.phi = LLVMBuildPhi(g->builder, g->i64, "");
    go_on(s, here);
    return j;
}

static inline void end_way(struct serve *s, const struct join *j)
{
    LLVMBasicBlockRef from = LLVMGetInsertBlock(s->x.g.builder);
    LLVMAddIncoming(j->phi, &s->n_fired, &from, 1);
    LLVMBuildBr(s->x.g.builder, j->after);
    s->n_fired = j->before;
}

static inline void end_join(struct serve *s, const struct join *j)
{
    go_on(s, j->after);
    s->n_fired = j->phi;
}

/* What follows is done if `condition` holds, up to end_way() and end_join(). */
static inline struct join begin_if(struct serve *s, LLVMValueRef condition)
{
    struct join j = begin_join(s);
    LLVMBasicBlockRef here = LLVMGetInsertBlock(s->x.g.builder), yes = block(s, "if");
    LLVMAddIncoming(j.phi, &s->n_fired, &here, 1);
    LLVMBuildCondBr(s->x.g.builder, condition, yes, j.after);
    go_on(s, yes);
    return j;
}

static inline LLVMValueRef word_at(const struct serve *s, LLVMValueRef array, LLVMValueRef at)
{
    return LLVMBuildInBoundsGEP2(s->x.g.builder, s->x.g.i32, array, &at, 1, "");
}

/* ---- event_row.c ---- */

/* Lanes of the vector for the last n of a row, at most s->widest. */
unsigned jit_lanes_for(const struct serve *s, uint32_t n);

/* The same of a width of at most `most` lanes, which one vector holds: without a branch. */
void jit_short_row(struct serve *s, LLVMValueRef lane, LLVMValueRef weight, LLVMValueRef width,
                   uint32_t most);

/* `width` lanes side by side from `lane` on, with the weights from `weight` on. `fixed`: the same
 * number where it is known, else 0. */
void jit_row(struct serve *s, LLVMValueRef lane, LLVMValueRef weight, LLVMValueRef width,
             uint32_t fixed);

#endif
