/* One step of one vector of lanes: from a kernel to LLVM.
 *
 * What is the same for all lanes is computed here, with the operations of kernel_operate.h, and
 * never reaches LLVM, whose own folding doesn't flush denormals. The rest is emitted as it stands,
 * but for what none of a vector's lanes needs (skip.c): the builder of the kernel has shared common
 * expressions, and without fast-math flags LLVM changes no operation, so no passes are run. */
#include "targets/sim/jit/jit.h"

#include "runtime/kernel_operate.h"
#include <float.h>
#include <llvm-c/Core.h>

/* ---- vocabulary ---- */

LLVMValueRef jit_float(const struct jit_gen *g, float x)
{
    LLVMValueRef lane[JIT_MAX_LANES];
    for (unsigned i = 0; i < g->lanes; i++)
        lane[i] = LLVMConstReal(g->f32, x);
    return LLVMConstVector(lane, g->lanes);
}

LLVMValueRef jit_int(const struct jit_gen *g, int32_t x)
{
    LLVMValueRef lane[JIT_MAX_LANES];
    for (unsigned i = 0; i < g->lanes; i++)
        lane[i] = LLVMConstInt(g->i32, (uint32_t)x, 0);
    return LLVMConstVector(lane, g->lanes);
}

LLVMValueRef jit_intrinsic(const struct jit_gen *g, const char *name, LLVMValueRef *operand,
                           unsigned n)
{
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    LLVMTypeRef fv = g->fv;
    LLVMValueRef f = LLVMGetIntrinsicDeclaration(g->module, id, &fv, 1);
    return LLVMBuildCall2(g->builder, LLVMGlobalGetValueType(f), f, operand, n, "");
}

static LLVMValueRef lane_index(const struct jit_gen *g, unsigned i)
{
    return LLVMConstInt(g->i32, i, 0);
}

/* A C function of kernel_math.h, lane by lane. */
static LLVMValueRef call_each(const struct jit_gen *g, const char *name,
                              const LLVMValueRef *operand, unsigned n)
{
    LLVMTypeRef types[2] = {g->f32, g->f32};
    LLVMTypeRef type = LLVMFunctionType(g->f32, types, n, 0);
    LLVMValueRef f = LLVMGetNamedFunction(g->module, name);
    if (!f)
        f = LLVMAddFunction(g->module, name, type);
    LLVMValueRef out = LLVMGetPoison(g->fv);
    for (unsigned i = 0; i < g->lanes; i++) {
        LLVMValueRef x[2];
        for (unsigned j = 0; j < n; j++)
            x[j] = LLVMBuildExtractElement(g->builder, operand[j], lane_index(g, i), "");
        LLVMValueRef y = LLVMBuildCall2(g->builder, type, f, x, n, "");
        out = LLVMBuildInsertElement(g->builder, out, y, lane_index(g, i), "");
    }
    return out;
}

/* ---- memory ---- */

enum { ALIGNMENT = 64 }; /* bytes, of all rows of lanes; a multiple of 16 lanes keeps it */

LLVMValueRef jit_load_word(const struct jit_gen *g, LLVMTypeRef type, LLVMValueRef base,
                           size_t offset)
{
    LLVMValueRef at = LLVMConstInt(g->i64, offset, 0);
    LLVMValueRef p =
        LLVMBuildInBoundsGEP2(g->builder, LLVMInt8TypeInContext(g->cx), base, &at, 1, "");
    return LLVMBuildLoad2(g->builder, type, p, "");
}

/* Element `index` of a member of kernel_args: an array of lanes. Loaded where it is used: a vector
 * takes so long that this costs less than keeping all of them before a loop of few vectors. */
static LLVMValueRef array_of(const struct jit_step *s, LLVMValueRef member, uint32_t index)
{
    return jit_load_word(s->g, s->g->ptr, member, index * sizeof(float *));
}

static LLVMValueRef lanes_at(const struct jit_gen *g, LLVMValueRef array, LLVMValueRef at)
{
    return LLVMBuildInBoundsGEP2(g->builder, g->f32, array, &at, 1, "");
}

/* Lanes [first, first + n) of two vectors end to end. */
static LLVMValueRef lanes_of(const struct jit_gen *g, LLVMValueRef a, LLVMValueRef b,
                             unsigned first, unsigned n)
{
    LLVMValueRef lane[JIT_MAX_LANES];
    for (unsigned i = 0; i < n; i++)
        lane[i] = lane_index(g, first + i);
    return LLVMBuildShuffleVector(g->builder, a, b, LLVMConstVector(lane, n), "");
}

/* The vector at `at`, which has an element for each part. */
static LLVMValueRef load_lanes(const struct jit_step *s, LLVMValueRef array, const LLVMValueRef *at)
{
    const struct jit_gen *g = s->g;
    LLVMValueRef v[2];
    for (unsigned i = 0; i < g->parts; i++) {
        v[i] = LLVMBuildLoad2(g->builder, g->part, lanes_at(g, array, at[i]), "");
        LLVMSetAlignment(v[i], ALIGNMENT);
    }
    return g->parts == 1 ? v[0] : lanes_of(g, v[0], v[1], 0, g->lanes);
}

static void store_lanes(const struct jit_step *s, LLVMValueRef array, const LLVMValueRef *at,
                        LLVMValueRef v)
{
    const struct jit_gen *g = s->g;
    const unsigned n = g->lanes / g->parts;
    for (unsigned i = 0; i < g->parts; i++) {
        LLVMValueRef x = g->parts == 1 ? v : lanes_of(g, v, v, i * n, n);
        LLVMSetAlignment(LLVMBuildStore(g->builder, x, lanes_at(g, array, at[i])), ALIGNMENT);
    }
}

/* The bits of kernel_args.fired: a byte is 8 lanes. */
static void store_fired(const struct jit_step *s, LLVMValueRef count)
{
    const struct jit_gen *g = s->g;
    LLVMTypeRef byte = LLVMInt8TypeInContext(g->cx);
    LLVMTypeRef word = LLVMIntTypeInContext(g->cx, g->lanes / g->parts);
    const unsigned n = g->lanes / g->parts;
    for (unsigned i = 0; i < g->parts; i++) {
        LLVMValueRef x = g->parts == 1 ? count : lanes_of(g, count, count, i * n, n);
        LLVMValueRef set = LLVMBuildFCmp(g->builder, LLVMRealUNE, x, LLVMConstNull(g->part), "");
        LLVMValueRef bits = LLVMBuildBitCast(g->builder, set, word, "");
        LLVMValueRef at = LLVMBuildLShr(g->builder, s->at[i], LLVMConstInt(g->i64, 3, 0), "");
        LLVMValueRef p = LLVMBuildInBoundsGEP2(g->builder, byte, s->fired, &at, 1, "");
        LLVMSetAlignment(LLVMBuildStore(g->builder, bits, p), 1);
    }
}

/* ---- values ---- */

static struct jit_value known(float x)
{
    return (struct jit_value){.known = true, .x = fabsf(x) < FLT_MIN ? copysignf(0, x) : x};
}

static struct jit_value unknown(LLVMValueRef v)
{
    return (struct jit_value){.v = v};
}

static LLVMValueRef vector_of(const struct jit_gen *g, const struct jit_value *x, enum ktype type)
{
    if (!x->known)
        return x->v;
    if (type == K_F32)
        return jit_float(g, x->x);
    LLVMValueRef lane[JIT_MAX_LANES];
    for (unsigned i = 0; i < g->lanes; i++)
        lane[i] = LLVMConstInt(LLVMInt1TypeInContext(g->cx), x->x != 0, 0);
    return LLVMConstVector(lane, g->lanes);
}

static struct jit_value leaf(const struct jit_step *s, const struct kinst *in)
{
    const struct kernel_spec *spec = s->spec;
    switch ((enum kop)in->op) {
    case K_CONST:
        return known(in->imm);
    case K_BOOLEAN:
        return known(in->imm != 0);
    case K_DT:
        return known(spec->dt);
    case K_PARAM:
        if (spec->param_uniform[in->index])
            return known(spec->param_value[in->index]);
        return unknown(load_lanes(s, array_of(s, s->param, in->index), s->lane));
    case K_LET:
        if (spec->let_uniform[in->index])
            return known(spec->let_value[in->index]);
        return unknown(load_lanes(s, array_of(s, s->let, in->index), s->lane));
    case K_STATE:
        return unknown(load_lanes(s, array_of(s, s->state, in->index), s->lane));
    case K_RECEIVE:
        return unknown(load_lanes(s, array_of(s, s->receive, in->index), s->at));
    default:
        return unknown(load_lanes(s, s->spikes, s->at));
    }
}

static LLVMValueRef compare(const struct jit_gen *g, enum kop op, const LLVMValueRef *x)
{
    static const LLVMRealPredicate predicate[] = {
        [K_LT] = LLVMRealOLT, [K_LE] = LLVMRealOLE, [K_GT] = LLVMRealOGT,  [K_GE] = LLVMRealOGE,
        [K_EQ] = LLVMRealOEQ, [K_NE] = LLVMRealUNE, [K_MIN] = LLVMRealOLT, [K_MAX] = LLVMRealOGT,
    };
    return LLVMBuildFCmp(g->builder, predicate[op], x[0], x[1], "");
}

static LLVMValueRef modulo(const struct jit_gen *g, const LLVMValueRef *x)
{
    LLVMValueRef q = LLVMBuildFDiv(g->builder, x[0], x[1], "");
    q = jit_intrinsic(g, "llvm.floor", &q, 1);
    return LLVMBuildFSub(g->builder, x[0], LLVMBuildFMul(g->builder, q, x[1], ""), "");
}

static LLVMValueRef operate(const struct jit_gen *g, enum kop op, LLVMValueRef *x)
{
    switch (op) {
    case K_ADD:
        return LLVMBuildFAdd(g->builder, x[0], x[1], "");
    case K_SUB:
        return LLVMBuildFSub(g->builder, x[0], x[1], "");
    case K_MUL:
        return LLVMBuildFMul(g->builder, x[0], x[1], "");
    case K_DIV:
        return LLVMBuildFDiv(g->builder, x[0], x[1], "");
    case K_FMA:
        return jit_intrinsic(g, "llvm.fma", x, 3);
    case K_MIN:
    case K_MAX:
        return LLVMBuildSelect(g->builder, compare(g, op, x), x[0], x[1], "");
    case K_MOD:
        return modulo(g, x);
    case K_NEG:
        return LLVMBuildFNeg(g->builder, x[0], "");
    case K_ABS:
        return jit_intrinsic(g, "llvm.fabs", x, 1);
    case K_FLOOR:
        return jit_intrinsic(g, "llvm.floor", x, 1);
    case K_CEIL:
        return jit_intrinsic(g, "llvm.ceil", x, 1);
    case K_ROUND:
        return jit_intrinsic(g, "llvm.rint", x, 1);
    case K_TRUNC:
        return jit_intrinsic(g, "llvm.trunc", x, 1);
    case K_SQRT:
        return jit_intrinsic(g, "llvm.sqrt", x, 1);
    case K_EXP:
        return jit_exp(g, x[0]);
    case K_LOG:
        return jit_log(g, x[0]);
    case K_SIN:
        return call_each(g, "kernel_sinf", x, 1);
    case K_COS:
        return call_each(g, "kernel_cosf", x, 1);
    case K_TANH:
        return call_each(g, "kernel_tanhf", x, 1);
    case K_POW:
        return call_each(g, "kernel_powf", x, 2);
    case K_AND:
        return LLVMBuildAnd(g->builder, x[0], x[1], "");
    case K_OR:
        return LLVMBuildOr(g->builder, x[0], x[1], "");
    case K_NOT:
        return LLVMBuildNot(g->builder, x[0], "");
    case K_SELECT:
        return LLVMBuildSelect(g->builder, x[0], x[1], x[2], "");
    default:
        return compare(g, op, x);
    }
}

static struct jit_value instruction(const struct jit_step *s, const struct kinst *in)
{
    enum kop op = (enum kop)in->op;
    uint32_t n = kop_operands(op);
    if (n == 0)
        return leaf(s, in);
    const struct jit_value *x[3] = {&s->value[in->a], n > 1 ? &s->value[in->b] : NULL,
                                    n > 2 ? &s->value[in->c] : NULL};
    if (op == K_SELECT && x[0]->known)
        return x[0]->x != 0 ? *x[1] : *x[2];
    bool all_known = true;
    for (uint32_t i = 0; i < n; i++)
        all_known &= x[i]->known;
    if (all_known)
        return known(kernel_operate(op, x[0]->x, n > 1 ? x[1]->x : 0, n > 2 ? x[2]->x : 0));
    LLVMValueRef v[3];
    for (uint32_t i = 0; i < n; i++) {
        const struct kinst *from = &s->spec->kernel->step.inst[i == 0   ? in->a
                                                               : i == 1 ? in->b
                                                                        : in->c];
        v[i] = vector_of(s->g, x[i], kop_type((enum kop)from->op));
    }
    return unknown(operate(s->g, op, v));
}

/* True if some lane of a vector of booleans is. */
static LLVMValueRef any_lane(const struct jit_gen *g, LLVMValueRef v)
{
    LLVMTypeRef type = LLVMTypeOf(v);
    static const char name[] = "llvm.vector.reduce.or";
    unsigned id = LLVMLookupIntrinsicID(name, sizeof name - 1);
    LLVMValueRef f = LLVMGetIntrinsicDeclaration(g->module, id, &type, 1);
    return LLVMBuildCall2(g->builder, LLVMGlobalGetValueType(f), f, &v, 1, "");
}

static LLVMValueRef number(const struct jit_step *s, uint32_t v)
{
    return vector_of(s->g, &s->value[v], K_F32);
}

/* Lanes in which what `skip` owns may be needed: more than are is no harm. */
static LLVMValueRef needed_lanes(const struct jit_step *s, const struct jit_skip *skip)
{
    const struct jit_gen *g = s->g;
    const struct kinst *inst = s->spec->kernel->step.inst;
    if (skip->div == K_NONE)
        return LLVMBuildFCmp(g->builder, LLVMRealOGT, number(s, inst[skip->log].a), jit_float(g, 1),
                             "");
    const uint32_t a = inst[skip->div].a, b = inst[skip->div].b;
    LLVMValueRef above = LLVMBuildFCmp(g->builder, LLVMRealOGT, number(s, a), number(s, b), "");
    if (s->value[b].known && s->value[b].x > 0)
        return above;
    LLVMValueRef odd =
        LLVMBuildFCmp(g->builder, LLVMRealULE, number(s, b), jit_float(g, 0), ""); /* or NaN */
    return LLVMBuildOr(g->builder, above, odd, "");
}

static bool log_is_known(const struct jit_step *s, const struct jit_skip *skip)
{
    const struct kinst *inst = s->spec->kernel->step.inst;
    if (skip->div == K_NONE)
        return s->value[inst[skip->log].a].known;
    return s->value[inst[skip->div].a].known && s->value[inst[skip->div].b].known;
}

/* Instruction `max` with all that it owns, in a block that is passed over where the result is 0. */
static struct jit_value guarded(const struct jit_step *s, uint32_t max)
{
    const struct jit_gen *g = s->g;
    const struct kinst *inst = s->spec->kernel->step.inst;
    const struct jit_skip *skip = &s->skip[max];
    const bool known = log_is_known(s, skip);
    LLVMBasicBlockRef some = NULL, join = NULL, here = LLVMGetInsertBlock(g->builder);
    if (!known) {
        LLVMValueRef f = LLVMGetBasicBlockParent(here);
        some = LLVMAppendBasicBlockInContext(g->cx, f, "some");
        join = LLVMAppendBasicBlockInContext(g->cx, f, "none");
        LLVMBuildCondBr(g->builder, any_lane(g, needed_lanes(s, skip)), some, join);
        LLVMPositionBuilderAtEnd(g->builder, some);
    }
    for (uint32_t i = skip->div != K_NONE ? skip->div : skip->log; i < max; i++) {
        if (s->skip[i].owner == max)
            s->value[i] = instruction(s, &inst[i]);
    }
    struct jit_value full = instruction(s, &inst[max]);
    if (known)
        return full;
    LLVMBuildBr(g->builder, join);
    LLVMPositionBuilderAtEnd(g->builder, join);
    LLVMValueRef out = LLVMBuildPhi(g->builder, g->fv, "");
    LLVMValueRef zero = jit_float(g, s->value[inst[max].b].x);
    LLVMAddIncoming(out, (LLVMValueRef[]){zero, full.v}, (LLVMBasicBlockRef[]){here, some}, 2);
    return (struct jit_value){.v = out};
}

void jit_step(struct jit_step *s)
{
    const struct jit_gen *g = s->g;
    const struct kcode *code = &s->spec->kernel->step;
    for (uint32_t i = 0; i < code->n; i++) {
        if (!s->live[i])
            continue;
        if (s->skip[i].log != K_NONE)
            s->value[i] = guarded(s, i);
        else if (s->skip[i].owner == K_NONE)
            s->value[i] = instruction(s, &code->inst[i]);
    }
    for (uint32_t i = 0; i < code->n_out; i++) {
        if (!s->state_live[i])
            continue;
        const bool changes = code->out[i] != K_NONE;
        LLVMValueRef array = array_of(s, s->state, i);
        LLVMValueRef v =
            changes ? vector_of(g, &s->value[code->out[i]], K_F32) : load_lanes(s, array, s->lane);
        if (s->spec->traced[i])
            store_lanes(s, array_of(s, s->trace, i), s->at, v);
        if (changes)
            store_lanes(s, array, s->lane, v);
    }
    struct jit_value none = known(0);
    LLVMValueRef count = vector_of(g, code->emit == K_NONE ? &none : &s->value[code->emit], K_F32);
    LLVMValueRef next[2];
    for (unsigned i = 0; i < g->parts; i++)
        next[i] = LLVMBuildAdd(g->builder, s->at[i], s->stride, "");
    store_lanes(s, s->spikes, next, count);
    store_fired(s, count);
}
