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

/* ---- vocabulary: an operation on all vectors that are worked on at once ---- */

static struct jit_vec alike(LLVMValueRef v)
{
    return (struct jit_vec){{v, v}};
}

struct jit_vec jit_float(const struct jit_gen *g, float x)
{
    LLVMValueRef lane[JIT_MAX_LANES];
    for (unsigned i = 0; i < g->lanes; i++)
        lane[i] = LLVMConstReal(g->f32, x);
    return alike(LLVMConstVector(lane, g->lanes));
}

struct jit_vec jit_int(const struct jit_gen *g, int32_t x)
{
    LLVMValueRef lane[JIT_MAX_LANES];
    for (unsigned i = 0; i < g->lanes; i++)
        lane[i] = LLVMConstInt(g->i32, (uint32_t)x, 0);
    return alike(LLVMConstVector(lane, g->lanes));
}

struct jit_vec jit_boolean(const struct jit_gen *g, bool x)
{
    LLVMValueRef lane[JIT_MAX_LANES];
    for (unsigned i = 0; i < g->lanes; i++)
        lane[i] = LLVMConstInt(LLVMInt1TypeInContext(g->cx), x, 0);
    return alike(LLVMConstVector(lane, g->lanes));
}

struct jit_vec jit_binary(const struct jit_gen *g, LLVMOpcode op, struct jit_vec a,
                          struct jit_vec b)
{
    struct jit_vec out;
    for (unsigned i = 0; i < g->vectors; i++)
        out.v[i] = LLVMBuildBinOp(g->builder, op, a.v[i], b.v[i], "");
    return out;
}

struct jit_vec jit_cast(const struct jit_gen *g, LLVMOpcode op, struct jit_vec a, LLVMTypeRef type)
{
    struct jit_vec out;
    for (unsigned i = 0; i < g->vectors; i++)
        out.v[i] = LLVMBuildCast(g->builder, op, a.v[i], type, "");
    return out;
}

struct jit_vec jit_compare(const struct jit_gen *g, LLVMRealPredicate p, struct jit_vec a,
                           struct jit_vec b)
{
    struct jit_vec out;
    for (unsigned i = 0; i < g->vectors; i++)
        out.v[i] = LLVMBuildFCmp(g->builder, p, a.v[i], b.v[i], "");
    return out;
}

struct jit_vec jit_select(const struct jit_gen *g, struct jit_vec c, struct jit_vec a,
                          struct jit_vec b)
{
    struct jit_vec out;
    for (unsigned i = 0; i < g->vectors; i++)
        out.v[i] = LLVMBuildSelect(g->builder, c.v[i], a.v[i], b.v[i], "");
    return out;
}

struct jit_vec jit_intrinsic(const struct jit_gen *g, const char *name,
                             const struct jit_vec *operand, unsigned n)
{
    LLVMTypeRef fv = g->fv;
    const unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    LLVMValueRef f = LLVMGetIntrinsicDeclaration(g->module, id, &fv, 1);
    LLVMTypeRef type = LLVMGlobalGetValueType(f);
    struct jit_vec out;
    for (unsigned i = 0; i < g->vectors; i++) {
        LLVMValueRef x[3];
        for (unsigned j = 0; j < n; j++)
            x[j] = operand[j].v[i];
        out.v[i] = LLVMBuildCall2(g->builder, type, f, x, n, "");
    }
    return out;
}

/* A C function of kernel_math.h, lane by lane. */
static struct jit_vec call_each(const struct jit_gen *g, const char *name,
                                const struct jit_vec *operand, unsigned n)
{
    LLVMTypeRef types[2] = {g->f32, g->f32};
    LLVMTypeRef type = LLVMFunctionType(g->f32, types, n, 0);
    LLVMValueRef f = LLVMGetNamedFunction(g->module, name);
    if (!f)
        f = LLVMAddFunction(g->module, name, type);
    struct jit_vec out = alike(LLVMGetPoison(g->fv));
    for (unsigned i = 0; i < g->vectors * g->lanes; i++) {
        LLVMValueRef x[2], *to = &out.v[i / g->lanes];
        LLVMValueRef lane = LLVMConstInt(g->i32, i % g->lanes, 0);
        for (unsigned j = 0; j < n; j++)
            x[j] = LLVMBuildExtractElement(g->builder, operand[j].v[i / g->lanes], lane, "");
        LLVMValueRef y = LLVMBuildCall2(g->builder, type, f, x, n, "");
        *to = LLVMBuildInsertElement(g->builder, *to, y, lane, "");
    }
    return out;
}

/* ---- values ---- */

static struct jit_value known(float x)
{
    return (struct jit_value){.known = true, .x = fabsf(x) < FLT_MIN ? copysignf(0, x) : x};
}

static struct jit_value unknown(struct jit_vec v)
{
    return (struct jit_value){.v = v};
}

static struct jit_vec vectors_of(const struct jit_gen *g, const struct jit_value *x,
                                 enum ktype type)
{
    return !x->known ? x->v : type == K_F32 ? jit_float(g, x->x) : jit_boolean(g, x->x != 0);
}

/* ---- memory ---- */

LLVMValueRef jit_offset(const struct jit_gen *g, LLVMValueRef base, size_t bytes)
{
    LLVMValueRef at = LLVMConstInt(g->i64, bytes, 0);
    return LLVMBuildInBoundsGEP2(g->builder, LLVMInt8TypeInContext(g->cx), base, &at, 1, "");
}

LLVMValueRef jit_load_word(const struct jit_gen *g, LLVMTypeRef type, LLVMValueRef base,
                           size_t offset)
{
    return LLVMBuildLoad2(g->builder, type, jit_offset(g, base, offset), "");
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

static struct jit_vec load_lanes(const struct jit_step *s, LLVMValueRef array,
                                 const struct jit_vec *at)
{
    const struct jit_gen *g = s->g;
    struct jit_vec out;
    for (unsigned i = 0; i < g->vectors; i++) {
        out.v[i] = LLVMBuildLoad2(g->builder, g->fv, lanes_at(g, array, at->v[i]), "");
        LLVMSetAlignment(out.v[i], g->lanes * (unsigned)sizeof(float));
    }
    return out;
}

/* Asks for lanes of a column that come later. A processor sees by itself how an array is read, but
 * only of so many arrays at a time; four cache lines ahead is measured to be best. */
static void ask_ahead(const struct jit_step *s, LLVMValueRef array)
{
    enum { AHEAD = 64 };
    const struct jit_gen *g = s->g;
    static const char name[] = "llvm.prefetch";
    LLVMTypeRef ptr = g->ptr;
    LLVMValueRef f = LLVMGetIntrinsicDeclaration(
        g->module, LLVMLookupIntrinsicID(name, sizeof name - 1), &ptr, 1);
    LLVMValueRef ahead = LLVMConstInt(g->i64, AHEAD, 0);
    for (unsigned i = 0; i < g->vectors; i++) {
        LLVMValueRef at = LLVMBuildAdd(g->builder, s->lane.v[i], ahead, "");
        LLVMValueRef p = LLVMBuildGEP2(g->builder, g->f32, array, &at, 1, "");
        LLVMValueRef x[] = {p, LLVMConstInt(g->i32, 0, 0), LLVMConstInt(g->i32, 3, 0),
                            LLVMConstInt(g->i32, 1, 0)}; /* to read, into all caches, data */
        LLVMBuildCall2(g->builder, LLVMGlobalGetValueType(f), f, x, 4, "");
    }
}

static struct jit_vec load_column(const struct jit_step *s, LLVMValueRef array)
{
    if (s->g->far)
        ask_ahead(s, array);
    return load_lanes(s, array, &s->lane);
}

static void store_lanes(const struct jit_step *s, LLVMValueRef array, const struct jit_vec *at,
                        struct jit_vec x)
{
    const struct jit_gen *g = s->g;
    for (unsigned i = 0; i < g->vectors; i++) {
        LLVMValueRef store = LLVMBuildStore(g->builder, x.v[i], lanes_at(g, array, at->v[i]));
        LLVMSetAlignment(store, g->lanes * (unsigned)sizeof(float));
    }
}

/* The bits of kernel_args.fired: a byte is 8 lanes. */
static void store_fired(const struct jit_step *s, struct jit_vec count)
{
    const struct jit_gen *g = s->g;
    LLVMTypeRef byte = LLVMInt8TypeInContext(g->cx), word = LLVMIntTypeInContext(g->cx, g->lanes);
    struct jit_vec set = jit_compare(g, LLVMRealUNE, count, jit_float(g, 0));
    for (unsigned i = 0; i < g->vectors; i++) {
        LLVMValueRef bits = LLVMBuildBitCast(g->builder, set.v[i], word, "");
        LLVMValueRef at = LLVMBuildLShr(g->builder, s->at.v[i], LLVMConstInt(g->i64, 3, 0), "");
        LLVMValueRef p = LLVMBuildInBoundsGEP2(g->builder, byte, s->fired, &at, 1, "");
        LLVMSetAlignment(LLVMBuildStore(g->builder, bits, p), 1);
    }
}

/* ---- operations ---- */

static struct jit_vec state_before(const struct jit_step *s, uint32_t i)
{
    return s->kept ? s->kept[i] : load_column(s, array_of(s, s->state, i));
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
        return unknown(load_column(s, array_of(s, s->param, in->index)));
    case K_LET:
        if (spec->let_uniform[in->index])
            return known(spec->let_value[in->index]);
        return unknown(load_column(s, array_of(s, s->let, in->index)));
    case K_STATE:
        return unknown(state_before(s, in->index));
    case K_RECEIVE:
        return unknown(load_lanes(s, array_of(s, s->receive, in->index), &s->at));
    default:
        return unknown(load_lanes(s, s->spikes, &s->at));
    }
}

static struct jit_vec compare(const struct jit_gen *g, enum kop op, const struct jit_vec *x)
{
    static const LLVMRealPredicate predicate[] = {
        [K_LT] = LLVMRealOLT, [K_LE] = LLVMRealOLE, [K_GT] = LLVMRealOGT,  [K_GE] = LLVMRealOGE,
        [K_EQ] = LLVMRealOEQ, [K_NE] = LLVMRealUNE, [K_MIN] = LLVMRealOLT, [K_MAX] = LLVMRealOGT,
    };
    return jit_compare(g, predicate[op], x[0], x[1]);
}

static struct jit_vec modulo(const struct jit_gen *g, const struct jit_vec *x)
{
    struct jit_vec q = jit_binary(g, LLVMFDiv, x[0], x[1]);
    q = jit_intrinsic(g, "llvm.floor", &q, 1);
    return jit_binary(g, LLVMFSub, x[0], jit_binary(g, LLVMFMul, q, x[1]));
}

static struct jit_vec negated(const struct jit_gen *g, struct jit_vec x)
{
    for (unsigned i = 0; i < g->vectors; i++)
        x.v[i] = LLVMBuildFNeg(g->builder, x.v[i], "");
    return x;
}

struct jit_vec jit_operate(const struct jit_gen *g, enum kop op, const struct jit_vec *x)
{
    switch (op) {
    case K_ADD:
        return jit_binary(g, LLVMFAdd, x[0], x[1]);
    case K_SUB:
        return jit_binary(g, LLVMFSub, x[0], x[1]);
    case K_MUL:
        return jit_binary(g, LLVMFMul, x[0], x[1]);
    case K_DIV:
        return jit_binary(g, LLVMFDiv, x[0], x[1]);
    case K_FMA:
        return jit_intrinsic(g, "llvm.fma", x, 3);
    case K_MIN:
    case K_MAX:
        return jit_select(g, compare(g, op, x), x[0], x[1]);
    case K_MOD:
        return modulo(g, x);
    case K_NEG:
        return negated(g, x[0]);
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
        return jit_binary(g, LLVMAnd, x[0], x[1]);
    case K_OR:
        return jit_binary(g, LLVMOr, x[0], x[1]);
    case K_NOT:
        return jit_binary(g, LLVMXor, x[0], jit_boolean(g, true));
    case K_SELECT:
        return jit_select(g, x[0], x[1], x[2]);
    default:
        return compare(g, op, x);
    }
}

/* kernel_random() lane by lane. */
static struct jit_vec draw(const struct jit_step *s, struct jit_vec seed)
{
    const struct jit_gen *g = s->g;
    static const char name[] = "kernel_random";
    LLVMTypeRef types[] = {g->f32, g->ptr, g->i64, g->i64};
    LLVMTypeRef type = LLVMFunctionType(g->f32, types, 4, 0);
    LLVMValueRef f = LLVMGetNamedFunction(g->module, name);
    if (!f)
        f = LLVMAddFunction(g->module, name, type);
    struct jit_vec out = alike(LLVMGetPoison(g->fv));
    for (unsigned i = 0; i < g->vectors * g->lanes; i++) {
        const unsigned k = i / g->lanes;
        LLVMValueRef lane = LLVMConstInt(g->i64, i % g->lanes, 0);
        LLVMValueRef x[] = {LLVMBuildExtractElement(g->builder, seed.v[k], lane, ""), s->draws,
                            LLVMBuildAdd(g->builder, s->lane.v[k], lane, ""),
                            LLVMBuildAdd(g->builder, s->at.v[k], lane, "")};
        LLVMValueRef y = LLVMBuildCall2(g->builder, type, f, x, 4, "");
        out.v[k] = LLVMBuildInsertElement(g->builder, out.v[k], y, lane, "");
    }
    return out;
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
    if (op == K_RANDOM)
        return unknown(draw(s, vectors_of(s->g, x[0], K_F32)));
    bool all_known = true;
    for (uint32_t i = 0; i < n; i++)
        all_known &= x[i]->known;
    if (all_known)
        return known(kernel_operate(op, x[0]->x, n > 1 ? x[1]->x : 0, n > 2 ? x[2]->x : 0));
    const struct kinst *inst = s->spec->kernel->step.inst;
    const uint32_t from[3] = {in->a, in->b, in->c};
    struct jit_vec v[3];
    for (uint32_t i = 0; i < n; i++)
        v[i] = vectors_of(s->g, x[i], kop_type((enum kop)inst[from[i]].op));
    return unknown(jit_operate(s->g, op, v));
}

/* True if some lane of booleans is. */
static LLVMValueRef any_lane(const struct jit_gen *g, struct jit_vec x)
{
    static const char name[] = "llvm.vector.reduce.or";
    LLVMValueRef v = g->vectors == 1 ? x.v[0] : LLVMBuildOr(g->builder, x.v[0], x.v[1], "");
    LLVMTypeRef type = LLVMTypeOf(v);
    unsigned id = LLVMLookupIntrinsicID(name, sizeof name - 1);
    LLVMValueRef f = LLVMGetIntrinsicDeclaration(g->module, id, &type, 1);
    return LLVMBuildCall2(g->builder, LLVMGlobalGetValueType(f), f, &v, 1, "");
}

static struct jit_vec numbers(const struct jit_step *s, uint32_t v)
{
    return vectors_of(s->g, &s->value[v], K_F32);
}

/* Lanes in which what `skip` owns may be needed: more than are is no harm. */
static struct jit_vec needed_lanes(const struct jit_step *s, const struct jit_skip *skip)
{
    const struct jit_gen *g = s->g;
    const struct kinst *inst = s->spec->kernel->step.inst;
    if (skip->div == K_NONE)
        return jit_compare(g, LLVMRealOGT, numbers(s, inst[skip->log].a), jit_float(g, 1));
    const uint32_t a = inst[skip->div].a, b = inst[skip->div].b;
    struct jit_vec above = jit_compare(g, LLVMRealOGT, numbers(s, a), numbers(s, b));
    if (s->value[b].known && s->value[b].x > 0)
        return above;
    struct jit_vec odd = jit_compare(g, LLVMRealULE, numbers(s, b), jit_float(g, 0)); /* or NaN */
    return jit_binary(g, LLVMOr, above, odd);
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
    struct jit_vec zero = jit_float(g, s->value[inst[max].b].x), out;
    for (unsigned i = 0; i < g->vectors; i++) {
        out.v[i] = LLVMBuildPhi(g->builder, g->fv, "");
        LLVMAddIncoming(out.v[i], (LLVMValueRef[]){zero.v[i], full.v.v[i]},
                        (LLVMBasicBlockRef[]){here, some}, 2);
    }
    return unknown(out);
}

void jit_load_states(struct jit_step *s)
{
    for (uint32_t i = 0; i < s->spec->kernel->n_states; i++)
        if (s->state_live[i])
            s->kept[i] = load_column(s, array_of(s, s->state, i));
}

void jit_store_states(const struct jit_step *s)
{
    for (uint32_t i = 0; i < s->spec->kernel->n_states; i++)
        if (s->state_live[i] && s->spec->kernel->step.out[i] != K_NONE)
            store_lanes(s, array_of(s, s->state, i), &s->lane, s->kept[i]);
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
        struct jit_vec v = changes ? numbers(s, code->out[i]) : state_before(s, i);
        if (s->spec->traced[i])
            store_lanes(s, array_of(s, s->trace, i), &s->at, v);
        if (s->kept)
            s->kept[i] = v;
        else if (changes)
            store_lanes(s, array_of(s, s->state, i), &s->lane, v);
    }
    struct jit_vec count = code->emit == K_NONE ? jit_float(g, 0) : numbers(s, code->emit);
    struct jit_vec next;
    for (unsigned i = 0; i < g->vectors; i++)
        next.v[i] = LLVMBuildAdd(g->builder, s->at.v[i], s->stride, "");
    store_lanes(s, s->spikes, &next, count);
    store_fired(s, count);
}
