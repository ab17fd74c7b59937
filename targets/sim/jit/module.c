/* The module: a function for each kernel. Its loops are, from outside: chunks of lanes whose arrays
 * fit the first cache, steps, vectors of lanes. So states and parameters stay near however many
 * neurons there are. */
#include "targets/sim/jit/jit.h"

#include "runtime/base/fpenv.h"
#include <llvm-c/Core.h>
#include <stdio.h>

enum {
    CHUNK = 128, /* lanes */
    LANES = 16   /* the multiple in which lanes come */
};

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

/* One step of lanes [begin, end), in vectors of g's width; begin < end. */
static void step_of_lanes(struct jit_step *s, const struct jit_gen *g, LLVMValueRef row,
                          LLVMValueRef begin, LLVMValueRef end)
{
    struct loop lane = begin_loop(g, begin, end);
    s->g = g;
    s->lane = lane.at;
    s->at = LLVMBuildAdd(g->builder, row, lane.at, "");
    jit_step(s);
    end_loop(g, &lane, constant(g, g->lanes));
}

/* Lanes come in multiples of 16: `narrow` does the rest where vectors of `wide` are wider. */
static void loops(struct jit_step *s, const struct jit_gen *wide, const struct jit_gen *narrow,
                  LLVMValueRef begin, LLVMValueRef end, LLVMValueRef steps)
{
    const struct jit_gen *g = wide;
    struct loop chunk = begin_loop(g, begin, end);
    LLVMValueRef stop = smaller(g, end, LLVMBuildAdd(g->builder, chunk.at, constant(g, CHUNK), ""));
    LLVMValueRef n = LLVMBuildSub(g->builder, stop, chunk.at, "");
    LLVMValueRef rest = LLVMBuildAnd(g->builder, n, constant(g, g->lanes - 1), "");
    LLVMValueRef middle = LLVMBuildSub(g->builder, stop, rest, "");
    struct loop step = begin_loop(g, constant(g, 0), steps);
    LLVMValueRef row = LLVMBuildMul(g->builder, step.at, s->stride, "");
    LLVMBasicBlockRef after =
        begin_if(g, LLVMBuildICmp(g->builder, LLVMIntULT, chunk.at, middle, ""));
    step_of_lanes(s, wide, row, chunk.at, middle);
    end_if(g, after);
    if (narrow->lanes < wide->lanes) {
        after = begin_if(g, LLVMBuildICmp(g->builder, LLVMIntULT, middle, stop, ""));
        step_of_lanes(s, narrow, row, middle, stop);
        end_if(g, after);
    }
    end_loop(g, &step, constant(g, 1));
    end_loop(g, &chunk, constant(g, CHUNK));
}

/* ---- functions ---- */

static void attribute(const struct jit_gen *g, LLVMValueRef f, const char *key, const char *value)
{
    LLVMAttributeRef a = LLVMCreateStringAttribute(g->cx, key, (unsigned)strlen(key), value,
                                                   (unsigned)strlen(value));
    LLVMAddAttributeAtIndex(f, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, a);
}

static LLVMValueRef declare(const struct jit_gen *g, unsigned host_lanes, const char *name)
{
    LLVMTypeRef args[] = {g->ptr, g->ptr, g->i64, g->i64, g->i64}; /* kernel_step_fn */
    LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(g->cx), args, 5, 0);
    LLVMValueRef f = LLVMAddFunction(g->module, name, type);
    char bits[8];
    snprintf(bits, sizeof bits, "%u", host_lanes * 32);
    /* Without these, LLVM splits 512-bit operations on processors where it thinks that better. */
    attribute(g, f, "prefer-vector-width", bits);
    attribute(g, f, "min-legal-vector-width", bits);
    attribute(g, f, "denormal-fp-math", "preserve-sign,preserve-sign");
    unsigned nounwind = LLVMGetEnumAttributeKindForName("nounwind", 8);
    LLVMAddAttributeAtIndex(f, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                            LLVMCreateEnumAttribute(g->cx, nounwind, 0));
    return f;
}

static void function(const struct jit_gen *g, const struct jit_gen *narrow, unsigned host_lanes,
                     const struct kernel_spec *spec, const char *name)
{
    LLVMValueRef f = declare(g, host_lanes, name);
    LLVMValueRef args = LLVMGetParam(f, 1), begin = LLVMGetParam(f, 2), end = LLVMGetParam(f, 3),
                 steps = LLVMGetParam(f, 4);
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
        .entry = entry,
    };
    kernel_live(code, spec->traced, s.live, s.state_live);
    jit_find_skips(&scratch, code, s.skip);
    LLVMValueRef lanes = LLVMBuildICmp(g->builder, LLVMIntULT, begin, end, "");
    LLVMValueRef any = LLVMBuildICmp(g->builder, LLVMIntNE, steps, LLVMConstNull(g->i64), "");
    LLVMBasicBlockRef none = begin_if(g, LLVMBuildAnd(g->builder, lanes, any, ""));
    loops(&s, g, narrow, begin, end, steps);
    end_if(g, none);
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
    LLVMTypeRef f32 = LLVMFloatTypeInContext(cx), i32 = LLVMInt32TypeInContext(cx);
    /* Two of the host's vectors at once hide each other's latencies. A byte of kernel_args.fired
     * is 8 lanes. */
    const unsigned wide = 2 * h->lanes;
    struct jit_gen g[2];
    for (unsigned i = 0; i < 2; i++) {
        const unsigned lanes = i == 0 ? wide : wide < LANES ? wide : LANES;
        g[i] = (struct jit_gen){
            .cx = cx,
            .lanes = lanes,
            .ptr = LLVMPointerTypeInContext(cx, 0),
            .i64 = LLVMInt64TypeInContext(cx),
            .f32 = f32,
            .i32 = i32,
            .fv = LLVMVectorType(f32, lanes),
            .iv = LLVMVectorType(i32, lanes),
        };
    }
    g[0].module = g[1].module = LLVMModuleCreateWithNameInContext("dyn", cx);
    g[0].builder = g[1].builder = LLVMCreateBuilderInContext(cx);
    LLVMSetTarget(g[0].module, h->triple);
    LLVMSetModuleDataLayout(g[0].module, h->layout);
    uint64_t mode = fpenv_flush();
    for (uint32_t i = 0; i < n; i++) {
        char name[JIT_NAME_SIZE];
        jit_name(name, i);
        function(&g[0], &g[1], h->lanes, &spec[i], name);
    }
    fpenv_restore(mode);
    LLVMDisposeBuilder(g[0].builder);
    return g[0].module;
}
