/* The module: a function for each kernel. Its loops are, from outside: chunks of lanes whose arrays
 * fit the first cache, steps, vectors of lanes. So states and parameters stay near however many
 * neurons there are; where there are few, states stay in registers. */
#include "targets/sim/jit/jit.h"

#include "runtime/base/fpenv.h"
#include <llvm-c/Core.h>
#include <stdio.h>

enum {
    CHUNK = 128, /* lanes; a multiple of every vector */
    LANES = 16   /* the multiple in which lanes come */
};

/* ---- loops ---- */

struct loop {
    LLVMBasicBlockRef head;
    LLVMValueRef counter, at, end;
};

/* for (at = begin; at < end; ...), entered with begin < end. The counter is kept in memory: LLVM,
 * which would otherwise look for better addresses than base + index, takes a quarter longer. */
static struct loop begin_loop(const struct jit_gen *g, LLVMValueRef begin, LLVMValueRef end)
{
    LLVMBasicBlockRef before = LLVMGetInsertBlock(g->builder);
    LLVMValueRef f = LLVMGetBasicBlockParent(before);
    LLVMPositionBuilderBefore(g->builder, LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(f)));
    struct loop l = {.counter = LLVMBuildAlloca(g->builder, g->i64, ""), .end = end};
    LLVMPositionBuilderAtEnd(g->builder, before);
    LLVMBuildStore(g->builder, begin, l.counter);
    l.head = LLVMAppendBasicBlockInContext(g->cx, f, "loop");
    LLVMBuildBr(g->builder, l.head);
    LLVMPositionBuilderAtEnd(g->builder, l.head);
    l.at = LLVMBuildLoad2(g->builder, g->i64, l.counter, "");
    return l;
}

/* at += by, until the end. */
static void end_loop(const struct jit_gen *g, const struct loop *l, LLVMValueRef by)
{
    LLVMValueRef f = LLVMGetBasicBlockParent(LLVMGetInsertBlock(g->builder));
    LLVMBasicBlockRef after = LLVMAppendBasicBlockInContext(g->cx, f, "after");
    LLVMValueRef next = LLVMBuildAdd(g->builder, l->at, by, "");
    LLVMBuildStore(g->builder, next, l->counter);
    LLVMBuildCondBr(g->builder, LLVMBuildICmp(g->builder, LLVMIntULT, next, l->end, ""), l->head,
                    after);
    LLVMPositionBuilderAtEnd(g->builder, after);
}

static LLVMValueRef smaller(const struct jit_gen *g, LLVMValueRef x, LLVMValueRef y)
{
    LLVMValueRef less = LLVMBuildICmp(g->builder, LLVMIntULT, x, y, "");
    return LLVMBuildSelect(g->builder, less, x, y, "");
}

/* What follows is done if `condition` holds, up to end_if(). */
static LLVMBasicBlockRef begin_if(const struct jit_gen *g, LLVMValueRef condition)
{
    LLVMValueRef f = LLVMGetBasicBlockParent(LLVMGetInsertBlock(g->builder));
    LLVMBasicBlockRef yes = LLVMAppendBasicBlockInContext(g->cx, f, "if"),
                      after = LLVMAppendBasicBlockInContext(g->cx, f, "fi");
    LLVMBuildCondBr(g->builder, condition, yes, after);
    LLVMPositionBuilderAtEnd(g->builder, yes);
    return after;
}

static void end_if(const struct jit_gen *g, LLVMBasicBlockRef after)
{
    LLVMBuildBr(g->builder, after);
    LLVMPositionBuilderAtEnd(g->builder, after);
}

static LLVMValueRef constant(const struct jit_gen *g, uint64_t x)
{
    return LLVMConstInt(g->i64, x, 0);
}

/* Where the vectors that begin at lane `at` lie. Lanes come in multiples of 16: where that isn't a
 * multiple of what is done at once, the last vector is done twice at once. */
static void place_vectors(struct jit_step *s, LLVMValueRef at, LLVMValueRef end)
{
    const struct jit_gen *g = s->g;
    s->lane.v[0] = at;
    if (g->vectors == 1)
        return;
    LLVMValueRef next = LLVMBuildAdd(g->builder, at, constant(g, g->lanes), "");
    LLVMValueRef more = LLVMBuildICmp(g->builder, LLVMIntULT, next, end, "");
    s->lane.v[1] = g->lanes < LANES ? next : LLVMBuildSelect(g->builder, more, next, at, "");
}

static void step_in_row(struct jit_step *s, LLVMValueRef row)
{
    for (unsigned i = 0; i < s->g->vectors; i++)
        s->at.v[i] = LLVMBuildAdd(s->g->builder, row, s->lane.v[i], "");
    jit_step(s);
}

static void many_lanes(struct jit_step *s, LLVMValueRef begin, LLVMValueRef end, LLVMValueRef first,
                       LLVMValueRef last)
{
    const struct jit_gen *g = s->g;
    struct loop chunk = begin_loop(g, begin, end);
    LLVMValueRef stop = smaller(g, end, LLVMBuildAdd(g->builder, chunk.at, constant(g, CHUNK), ""));
    struct loop step = begin_loop(g, first, last);
    LLVMValueRef row = LLVMBuildMul(g->builder, step.at, s->stride, "");
    struct loop lane = begin_loop(g, chunk.at, stop);
    place_vectors(s, lane.at, stop);
    step_in_row(s, row);
    end_loop(g, &lane, constant(g, g->vectors * g->lanes));
    end_loop(g, &step, constant(g, 1));
    end_loop(g, &chunk, constant(g, CHUNK));
}

/* s->kept becomes what the states are at the head of a loop: they come from `from`, and, once that
 * is known, from its end. */
static void begin_kept(struct jit_step *s, const struct loop *l, LLVMBasicBlockRef from)
{
    const struct jit_gen *g = s->g;
    LLVMPositionBuilderBefore(g->builder, LLVMGetFirstInstruction(l->head));
    for (uint32_t i = 0; i < s->spec->kernel->n_states; i++) {
        for (unsigned k = 0; s->state_live[i] && k < g->vectors; k++) {
            LLVMValueRef phi = LLVMBuildPhi(g->builder, g->fv, "");
            LLVMAddIncoming(phi, &s->kept[i].v[k], &from, 1);
            s->kept[i].v[k] = phi;
        }
    }
    LLVMPositionBuilderAtEnd(g->builder, l->head);
}

static void end_kept(const struct jit_step *s, const struct jit_vec *phi)
{
    LLVMBasicBlockRef from = LLVMGetInsertBlock(s->g->builder);
    for (uint32_t i = 0; i < s->spec->kernel->n_states; i++)
        for (unsigned k = 0; s->state_live[i] && k < s->g->vectors; k++)
            LLVMAddIncoming(phi[i].v[k], (LLVMValueRef[]){s->kept[i].v[k]}, &from, 1);
}

/* Vector after vector, each for all steps: states stay in registers, which few lanes would
 * otherwise wait for. */
static void few_lanes(struct jit_step *s, struct arena *scratch, LLVMValueRef begin,
                      LLVMValueRef end, LLVMValueRef first, LLVMValueRef last)
{
    const struct jit_gen *g = s->g;
    const uint32_t n = s->spec->kernel->n_states;
    struct jit_vec *phi = ARENA_ARRAY(scratch, struct jit_vec, n);
    s->kept = ARENA_ARRAY(scratch, struct jit_vec, n);
    struct loop lane = begin_loop(g, begin, end);
    place_vectors(s, lane.at, end);
    jit_load_states(s);
    LLVMBasicBlockRef from = LLVMGetInsertBlock(g->builder);
    struct loop step = begin_loop(g, first, last);
    begin_kept(s, &step, from);
    memcpy(phi, s->kept, n * sizeof *phi);
    step_in_row(s, LLVMBuildMul(g->builder, step.at, s->stride, ""));
    end_kept(s, phi);
    end_loop(g, &step, constant(g, 1));
    jit_store_states(s);
    end_loop(g, &lane, constant(g, g->vectors * g->lanes));
}

/* ---- functions ---- */

static void attribute(const struct jit_gen *g, LLVMValueRef f, const char *key, const char *value)
{
    LLVMAttributeRef a = LLVMCreateStringAttribute(g->cx, key, (unsigned)strlen(key), value,
                                                   (unsigned)strlen(value));
    LLVMAddAttributeAtIndex(f, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, a);
}

LLVMValueRef jit_declare(const struct jit_gen *g, const struct jit_host *h, const char *name,
                         LLVMTypeRef type)
{
    LLVMValueRef f = LLVMAddFunction(g->module, name, type);
    char bits[8];
    snprintf(bits, sizeof bits, "%u", h->lanes * 32);
    /* Without these, LLVM splits 512-bit operations on processors where it thinks that better. */
    attribute(g, f, "prefer-vector-width", bits);
    attribute(g, f, "min-legal-vector-width", bits);
    attribute(g, f, "denormal-fp-math", "preserve-sign,preserve-sign");
    unsigned nounwind = LLVMGetEnumAttributeKindForName("nounwind", 8);
    LLVMAddAttributeAtIndex(f, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                            LLVMCreateEnumAttribute(g->cx, nounwind, 0));
    return f;
}

static void function(const struct jit_gen *g, const struct jit_host *h,
                     const struct kernel_spec *spec, const char *name)
{
    LLVMTypeRef types[] = {g->ptr, g->ptr, g->i64, g->i64, g->i64, g->i64}; /* kernel_step_fn */
    LLVMValueRef f =
        jit_declare(g, h, name, LLVMFunctionType(LLVMVoidTypeInContext(g->cx), types, 6, 0));
    LLVMValueRef args = LLVMGetParam(f, 1), begin = LLVMGetParam(f, 2), end = LLVMGetParam(f, 3),
                 first = LLVMGetParam(f, 4), last = LLVMGetParam(f, 5);
    LLVMBasicBlockRef entry = LLVMAppendBasicBlockInContext(g->cx, f, "entry");
    struct arena scratch = {0};
    const struct kcode *code = &spec->kernel->step;
    LLVMPositionBuilderAtEnd(g->builder, entry);
    struct jit_step s = {
        .g = g,
        .spec = spec,
        .value = ARENA_ARRAY(&scratch, struct jit_value, code->n),
        .live = ARENA_ARRAY(&scratch, bool, code->n),
        .state_live = ARENA_ARRAY(&scratch, bool, code->n_out),
        .skip = ARENA_ARRAY(&scratch, struct jit_skip, code->n),
        .param = jit_load_word(g, g->ptr, args, offsetof(struct kernel_args, param)),
        .let = jit_load_word(g, g->ptr, args, offsetof(struct kernel_args, let)),
        .state = jit_load_word(g, g->ptr, args, offsetof(struct kernel_args, state)),
        .receive = jit_load_word(g, g->ptr, args, offsetof(struct kernel_args, receive)),
        .trace = jit_load_word(g, g->ptr, args, offsetof(struct kernel_args, trace)),
        .spikes = jit_load_word(g, g->ptr, args, offsetof(struct kernel_args, spikes)),
        .fired = jit_load_word(g, g->ptr, args, offsetof(struct kernel_args, fired)),
        .stride = jit_load_word(g, g->i64, args, offsetof(struct kernel_args, stride)),
        .draws = jit_offset(g, args, offsetof(struct kernel_args, draws)),
    };
    kernel_live(code, spec->traced, s.live, s.state_live);
    jit_find_skips(&scratch, code, s.skip);
    LLVMValueRef lanes = LLVMBuildICmp(g->builder, LLVMIntULT, begin, end, "");
    LLVMValueRef any = LLVMBuildICmp(g->builder, LLVMIntULT, first, last, "");
    LLVMBasicBlockRef none = begin_if(g, LLVMBuildAnd(g->builder, lanes, any, ""));
    if (spec->lanes > 0 && spec->lanes <= LANES)
        few_lanes(&s, &scratch, begin, end, first, last);
    else
        many_lanes(&s, begin, end, first, last);
    end_if(g, none);
    LLVMBuildRetVoid(g->builder);
    arena_free(&scratch);
}

void jit_name(char out[JIT_NAME_SIZE], uint32_t i)
{
    snprintf(out, JIT_NAME_SIZE, "step%u", i);
}

/* Arrays of lanes that a step reads. */
static size_t arrays_of(const struct kernel_spec *s)
{
    size_t n = 0;
    for (uint32_t i = 0; i < s->kernel->step.n; i++) {
        const struct kinst *in = &s->kernel->step.inst[i];
        if (in->op == K_PARAM)
            n += !s->param_uniform[in->index];
        else if (in->op == K_LET)
            n += !s->let_uniform[in->index];
        else
            n += in->op == K_STATE || in->op == K_RECEIVE;
    }
    return n;
}

/* Two of the host's vectors at once hide each other's latencies. Where one is enough for all lanes,
 * it isn't done twice; where so many arrays come from memory that this takes longer than computing,
 * one at a time is measured to be faster. A byte of kernel_args.fired is 8 lanes. */
static void choose_vectors(struct jit_gen *g, const struct jit_host *h, const struct kernel_spec *s)
{
    enum { MANY = 16, FAR = 1 << 23 }; /* arrays; bytes that caches don't keep */
    const size_t arrays = arrays_of(s);
    const bool far = arrays >= MANY && s->lanes > FAR / (arrays * sizeof(float));
    const bool one = s->lanes > 0 && s->lanes <= h->lanes;
    g->lanes = h->lanes < 8 ? 8 : h->lanes;
    g->vectors = h->lanes < 8 || one || far ? 1 : 2;
    g->far = far;
    g->fv = LLVMVectorType(g->f32, g->lanes);
    g->iv = LLVMVectorType(g->i32, g->lanes);
}

struct jit_gen jit_gen_open(LLVMContextRef cx, const struct jit_host *h)
{
    const struct jit_gen g = {
        .cx = cx,
        .module = LLVMModuleCreateWithNameInContext("dyn", cx),
        .builder = LLVMCreateBuilderInContext(cx),
        .ptr = LLVMPointerTypeInContext(cx, 0),
        .i64 = LLVMInt64TypeInContext(cx),
        .f32 = LLVMFloatTypeInContext(cx),
        .i32 = LLVMInt32TypeInContext(cx),
        .vectors = 1,
    };
    LLVMSetTarget(g.module, h->triple);
    LLVMSetModuleDataLayout(g.module, h->layout);
    return g;
}

LLVMModuleRef jit_codegen(LLVMContextRef cx, const struct jit_host *h,
                          const struct kernel_spec *spec, uint32_t n)
{
    struct jit_gen g = jit_gen_open(cx, h);
    uint64_t mode = fpenv_flush();
    for (uint32_t i = 0; i < n; i++) {
        char name[JIT_NAME_SIZE];
        jit_name(name, i);
        choose_vectors(&g, h, &spec[i]);
        function(&g, h, &spec[i], name);
    }
    fpenv_restore(mode);
    LLVMDisposeBuilder(g.builder);
    return g.module;
}
