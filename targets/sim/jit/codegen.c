/* From kernels to LLVM: one function for each. Its loops are, from outside: chunks of lanes whose
 * arrays fit the first cache, steps, vectors of lanes. So states and parameters stay near however
 * many neurons there are, and the vectors of a chunk hide each other's latencies.
 *
 * What is the same for all lanes is computed here, with the operations of kernel_operate.h, and
 * never reaches LLVM, whose own folding doesn't flush denormals. The rest is emitted as it stands,
 * but for what none of a vector's lanes needs (skip.c): the builder of the kernel has shared common
 * expressions, and without fast-math flags LLVM changes no operation, so no passes are run. */
#include "targets/sim/jit/jit.h"

#include "runtime/base/fpenv.h"
#include "runtime/kernel_operate.h"
#include <float.h>
#include <llvm-c/Core.h>
#include <stdio.h>

/* A value of the kernel: known and the same in all lanes, or a vector (booleans: of i1). */
struct value {
    bool known;
    float x; /* if known; booleans are 1 and 0 */
    LLVMValueRef v;
};

enum { CHUNK = 128 }; /* lanes */

struct step {
    const struct jit_gen *g;
    const struct kernel_spec *spec;
    struct value *value;
    bool *live, *state_live; /* what must be computed */
    struct jit_skip *skip;
    LLVMValueRef param, let, state, receive, trace, spikes, fired, stride; /* of kernel_args */
    LLVMValueRef lane; /* first lane of the vector that is worked on */
    LLVMValueRef at;   /* the same in the row of the step that is worked on */
    LLVMBasicBlockRef entry;
};

/* ---- vocabulary ---- */

LLVMValueRef jit_float(const struct jit_gen *g, float x)
{
    LLVMValueRef lane[16];
    for (unsigned i = 0; i < g->lanes; i++)
        lane[i] = LLVMConstReal(g->f32, x);
    return LLVMConstVector(lane, g->lanes);
}

LLVMValueRef jit_int(const struct jit_gen *g, int32_t x)
{
    LLVMValueRef lane[16];
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

static LLVMValueRef load_word(const struct jit_gen *g, LLVMTypeRef type, LLVMValueRef base,
                              size_t offset)
{
    LLVMValueRef at = LLVMConstInt(g->i64, offset, 0);
    LLVMValueRef p =
        LLVMBuildInBoundsGEP2(g->builder, LLVMInt8TypeInContext(g->cx), base, &at, 1, "");
    return LLVMBuildLoad2(g->builder, type, p, "");
}

static LLVMValueRef load_pointer(const struct jit_gen *g, LLVMValueRef base, size_t offset)
{
    return load_word(g, g->ptr, base, offset);
}

/* Element `index` of a member of kernel_args: an array of lanes. Loaded before the loop. */
static LLVMValueRef array_of(const struct step *s, LLVMValueRef member, uint32_t index)
{
    LLVMBasicBlockRef here = LLVMGetInsertBlock(s->g->builder);
    LLVMPositionBuilderBefore(s->g->builder, LLVMGetBasicBlockTerminator(s->entry));
    LLVMValueRef p = load_pointer(s->g, member, index * sizeof(float *));
    LLVMPositionBuilderAtEnd(s->g->builder, here);
    return p;
}

static LLVMValueRef lanes_at(const struct step *s, LLVMValueRef array, LLVMValueRef at)
{
    return LLVMBuildInBoundsGEP2(s->g->builder, s->g->f32, array, &at, 1, "");
}

static LLVMValueRef load_lanes(const struct step *s, LLVMValueRef array, LLVMValueRef at)
{
    LLVMValueRef v = LLVMBuildLoad2(s->g->builder, s->g->fv, lanes_at(s, array, at), "");
    LLVMSetAlignment(v, s->g->lanes * (unsigned)sizeof(float));
    return v;
}

static void store_lanes(const struct step *s, LLVMValueRef array, LLVMValueRef at, LLVMValueRef v)
{
    LLVMValueRef store = LLVMBuildStore(s->g->builder, v, lanes_at(s, array, at));
    LLVMSetAlignment(store, s->g->lanes * (unsigned)sizeof(float));
}

/* The bits of kernel_args.fired. */
static void store_fired(const struct step *s, LLVMValueRef count)
{
    const struct jit_gen *g = s->g;
    LLVMTypeRef byte = LLVMInt8TypeInContext(g->cx);
    LLVMValueRef set = LLVMBuildFCmp(g->builder, LLVMRealUNE, count, jit_float(g, 0), "");
    LLVMValueRef bits =
        LLVMBuildBitCast(g->builder, set, LLVMIntTypeInContext(g->cx, g->lanes), "");
    LLVMValueRef at = LLVMBuildLShr(g->builder, s->at, LLVMConstInt(g->i64, 3, 0), "");
    LLVMValueRef p = LLVMBuildInBoundsGEP2(g->builder, byte, s->fired, &at, 1, "");
    LLVMSetAlignment(LLVMBuildStore(g->builder, bits, p), 1);
}

/* ---- values ---- */

static struct value known(float x)
{
    return (struct value){.known = true, .x = fabsf(x) < FLT_MIN ? copysignf(0, x) : x};
}

static struct value unknown(LLVMValueRef v)
{
    return (struct value){.v = v};
}

static LLVMValueRef vector_of(const struct jit_gen *g, const struct value *x, enum ktype type)
{
    if (!x->known)
        return x->v;
    if (type == K_F32)
        return jit_float(g, x->x);
    LLVMValueRef lane[16];
    for (unsigned i = 0; i < g->lanes; i++)
        lane[i] = LLVMConstInt(LLVMInt1TypeInContext(g->cx), x->x != 0, 0);
    return LLVMConstVector(lane, g->lanes);
}

static struct value leaf(const struct step *s, const struct kinst *in)
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

static struct value instruction(const struct step *s, const struct kinst *in)
{
    enum kop op = (enum kop)in->op;
    uint32_t n = kop_operands(op);
    if (n == 0)
        return leaf(s, in);
    const struct value *x[3] = {&s->value[in->a], n > 1 ? &s->value[in->b] : NULL,
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

/* True if x > 1 in some lane. */
static LLVMValueRef some_above_one(const struct jit_gen *g, LLVMValueRef x)
{
    LLVMValueRef above = LLVMBuildFCmp(g->builder, LLVMRealOGT, x, jit_float(g, 1), "");
    LLVMTypeRef type = LLVMTypeOf(above);
    static const char name[] = "llvm.vector.reduce.or";
    unsigned id = LLVMLookupIntrinsicID(name, sizeof name - 1);
    LLVMValueRef f = LLVMGetIntrinsicDeclaration(g->module, id, &type, 1);
    return LLVMBuildCall2(g->builder, LLVMGlobalGetValueType(f), f, &above, 1, "");
}

/* Instruction `max` with all that it owns, in a block that is passed over where the result is 0. */
static struct value guarded(const struct step *s, uint32_t max)
{
    const struct jit_gen *g = s->g;
    const struct kinst *inst = s->spec->kernel->step.inst;
    uint32_t log = s->skip[max].log;
    const struct value *x = &s->value[inst[log].a];
    LLVMBasicBlockRef here = LLVMGetInsertBlock(g->builder), some = NULL, join = NULL;
    if (!x->known) {
        LLVMValueRef f = LLVMGetBasicBlockParent(here);
        some = LLVMAppendBasicBlockInContext(g->cx, f, "some");
        join = LLVMAppendBasicBlockInContext(g->cx, f, "none");
        LLVMBuildCondBr(g->builder, some_above_one(g, x->v), some, join);
        LLVMPositionBuilderAtEnd(g->builder, some);
    }
    for (uint32_t i = log; i < max; i++) {
        if (s->skip[i].owner == max)
            s->value[i] = instruction(s, &inst[i]);
    }
    struct value full = instruction(s, &inst[max]);
    if (x->known)
        return full;
    LLVMBuildBr(g->builder, join);
    LLVMPositionBuilderAtEnd(g->builder, join);
    LLVMValueRef out = LLVMBuildPhi(g->builder, g->fv, "");
    LLVMValueRef zero = jit_float(g, s->value[inst[max].b].x);
    LLVMAddIncoming(out, (LLVMValueRef[]){zero, full.v}, (LLVMBasicBlockRef[]){here, some}, 2);
    return unknown(out);
}

/* ---- one step ---- */

/* One step of one vector. */
static void body(struct step *s)
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
    struct value none = known(0);
    LLVMValueRef count = vector_of(g, code->emit == K_NONE ? &none : &s->value[code->emit], K_F32);
    store_lanes(s, s->spikes, LLVMBuildAdd(g->builder, s->at, s->stride, ""), count);
    store_fired(s, count);
}

/* ---- loops ---- */

struct loop {
    LLVMBasicBlockRef before, head;
    LLVMValueRef at, end;
};

/* for (at = begin; at < end; ...), entered with begin < end. */
static struct loop begin_loop(const struct jit_gen *g, LLVMValueRef begin, LLVMValueRef end)
{
    struct loop l = {.before = LLVMGetInsertBlock(g->builder), .end = end};
    l.head = LLVMAppendBasicBlockInContext(g->cx, LLVMGetBasicBlockParent(l.before), "loop");
    LLVMBuildBr(g->builder, l.head);
    LLVMPositionBuilderAtEnd(g->builder, l.head);
    l.at = LLVMBuildPhi(g->builder, g->i64, "");
    LLVMAddIncoming(l.at, &begin, &l.before, 1);
    return l;
}

/* at += by, until the end. */
static void end_loop(const struct jit_gen *g, const struct loop *l, LLVMValueRef by)
{
    LLVMBasicBlockRef last = LLVMGetInsertBlock(g->builder);
    LLVMBasicBlockRef after =
        LLVMAppendBasicBlockInContext(g->cx, LLVMGetBasicBlockParent(last), "after");
    LLVMValueRef next = LLVMBuildAdd(g->builder, l->at, by, "");
    LLVMAddIncoming(l->at, &next, &last, 1);
    LLVMBuildCondBr(g->builder, LLVMBuildICmp(g->builder, LLVMIntULT, next, l->end, ""), l->head,
                    after);
    LLVMPositionBuilderAtEnd(g->builder, after);
}

static LLVMValueRef smaller(const struct jit_gen *g, LLVMValueRef x, LLVMValueRef y)
{
    LLVMValueRef less = LLVMBuildICmp(g->builder, LLVMIntULT, x, y, "");
    return LLVMBuildSelect(g->builder, less, x, y, "");
}

static void loops(struct step *s, LLVMValueRef begin, LLVMValueRef end, LLVMValueRef steps)
{
    const struct jit_gen *g = s->g;
    LLVMValueRef zero = LLVMConstInt(g->i64, 0, 0), one = LLVMConstInt(g->i64, 1, 0),
                 vector = LLVMConstInt(g->i64, g->lanes, 0), most = LLVMConstInt(g->i64, CHUNK, 0);
    struct loop chunk = begin_loop(g, begin, end);
    LLVMValueRef chunk_end = smaller(g, end, LLVMBuildAdd(g->builder, chunk.at, most, ""));
    struct loop step = begin_loop(g, zero, steps);
    LLVMValueRef row = LLVMBuildMul(g->builder, step.at, s->stride, "");
    struct loop lane = begin_loop(g, chunk.at, chunk_end);
    s->lane = lane.at;
    s->at = LLVMBuildAdd(g->builder, row, lane.at, "");
    body(s);
    end_loop(g, &lane, vector);
    end_loop(g, &step, one);
    end_loop(g, &chunk, most);
}

/* ---- functions ---- */

static void attribute(const struct jit_gen *g, LLVMValueRef f, const char *key, const char *value)
{
    LLVMAttributeRef a = LLVMCreateStringAttribute(g->cx, key, (unsigned)strlen(key), value,
                                                   (unsigned)strlen(value));
    LLVMAddAttributeAtIndex(f, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, a);
}

static LLVMValueRef declare(const struct jit_gen *g, const char *name)
{
    LLVMTypeRef args[] = {g->ptr, g->ptr, g->i64, g->i64, g->i64}; /* kernel_step_fn */
    LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(g->cx), args, 5, 0);
    LLVMValueRef f = LLVMAddFunction(g->module, name, type);
    char bits[8];
    snprintf(bits, sizeof bits, "%u", g->lanes * 32);
    /* Without these, LLVM splits 512-bit operations on processors where it thinks that better. */
    attribute(g, f, "prefer-vector-width", bits);
    attribute(g, f, "min-legal-vector-width", bits);
    attribute(g, f, "denormal-fp-math", "preserve-sign,preserve-sign");
    unsigned nounwind = LLVMGetEnumAttributeKindForName("nounwind", 8);
    LLVMAddAttributeAtIndex(f, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                            LLVMCreateEnumAttribute(g->cx, nounwind, 0));
    return f;
}

static void function(const struct jit_gen *g, const struct kernel_spec *spec, const char *name)
{
    LLVMValueRef f = declare(g, name);
    LLVMValueRef args = LLVMGetParam(f, 1), begin = LLVMGetParam(f, 2), end = LLVMGetParam(f, 3),
                 steps = LLVMGetParam(f, 4);
    LLVMBasicBlockRef entry = LLVMAppendBasicBlockInContext(g->cx, f, "entry");
    LLVMBasicBlockRef some = LLVMAppendBasicBlockInContext(g->cx, f, "some");
    LLVMBasicBlockRef none = LLVMAppendBasicBlockInContext(g->cx, f, "none");

    struct arena scratch = {0};
    const struct kcode *code = &spec->kernel->step;
    LLVMPositionBuilderAtEnd(g->builder, entry);
    struct step s = {
        .g = g,
        .spec = spec,
        .value = ARENA_ARRAY(&scratch, struct value, code->n),
        .live = ARENA_ARRAY(&scratch, bool, code->n),
        .state_live = ARENA_ARRAY(&scratch, bool, code->n_out),
        .skip = ARENA_ARRAY(&scratch, struct jit_skip, code->n),
        .param = load_pointer(g, args, offsetof(struct kernel_args, param)),
        .let = load_pointer(g, args, offsetof(struct kernel_args, let)),
        .state = load_pointer(g, args, offsetof(struct kernel_args, state)),
        .receive = load_pointer(g, args, offsetof(struct kernel_args, receive)),
        .trace = load_pointer(g, args, offsetof(struct kernel_args, trace)),
        .spikes = load_pointer(g, args, offsetof(struct kernel_args, spikes)),
        .fired = load_pointer(g, args, offsetof(struct kernel_args, fired)),
        .stride = load_word(g, g->i64, args, offsetof(struct kernel_args, stride)),
        .entry = entry,
    };
    kernel_live(code, spec->traced, s.live, s.state_live);
    jit_find_skips(&scratch, code, s.skip);
    LLVMValueRef lanes = LLVMBuildICmp(g->builder, LLVMIntULT, begin, end, "");
    LLVMValueRef any = LLVMBuildICmp(g->builder, LLVMIntNE, steps, LLVMConstNull(g->i64), "");
    LLVMBuildCondBr(g->builder, LLVMBuildAnd(g->builder, lanes, any, ""), some, none);

    LLVMPositionBuilderAtEnd(g->builder, some);
    loops(&s, begin, end, steps);
    LLVMBuildBr(g->builder, none);
    LLVMPositionBuilderAtEnd(g->builder, none);
    LLVMBuildRetVoid(g->builder);
    arena_free(&scratch);
}

void jit_name(char out[JIT_NAME_SIZE], uint32_t i)
{
    snprintf(out, JIT_NAME_SIZE, "step%u", i);
}

LLVMModuleRef jit_codegen(LLVMContextRef cx, const struct jit_host *h,
                          const struct kernel_spec *spec, uint32_t n)
{
    /* A byte of kernel_args.fired is 8 lanes: two vectors where the host's have 4. */
    const unsigned lanes = h->lanes < 8 ? 8 : h->lanes;
    LLVMTypeRef f32 = LLVMFloatTypeInContext(cx), i32 = LLVMInt32TypeInContext(cx);
    struct jit_gen g = {
        .cx = cx,
        .module = LLVMModuleCreateWithNameInContext("dyn", cx),
        .builder = LLVMCreateBuilderInContext(cx),
        .lanes = lanes,
        .ptr = LLVMPointerTypeInContext(cx, 0),
        .i64 = LLVMInt64TypeInContext(cx),
        .f32 = f32,
        .i32 = i32,
        .fv = LLVMVectorType(f32, lanes),
        .iv = LLVMVectorType(i32, lanes),
    };
    LLVMSetTarget(g.module, h->triple);
    LLVMSetModuleDataLayout(g.module, h->layout);
    uint64_t mode = fpenv_flush();
    for (uint32_t i = 0; i < n; i++) {
        char name[JIT_NAME_SIZE];
        jit_name(name, i);
        function(&g, &spec[i], name);
    }
    fpenv_restore(mode);
    LLVMDisposeBuilder(g.builder);
    return g.module;
}
