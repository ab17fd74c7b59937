/* The event code of some lanes side by side. Of an integer group they are int16, whose sums
 * saturate as the interpreter's do; else float32, with the operations of a step. */
#include "targets/sim/jit/jit.h"

#include "runtime/base/fpenv.h"
#include "runtime/kernel_operate.h"
#include <float.h>

/* ---- values ---- */

/* Of int16: sums of known values, too, stay within the range. */
static float saturated(const struct jit_event *x, enum kop op, float v)
{
    if (!x->spec->integer || kop_type(op) == K_BOOL)
        return v;
    return v > INT16_MAX ? INT16_MAX : v < INT16_MIN ? INT16_MIN : v;
}

static struct jit_vec splat(const struct jit_event *x, float v)
{
    LLVMValueRef lane[JIT_MAX_LANES];
    if (!x->spec->integer)
        return jit_float(&x->g, v);
    for (unsigned i = 0; i < x->g.lanes; i++)
        lane[i] = LLVMConstInt(LLVMGetElementType(x->g.fv), (uint64_t)(int64_t)v, 1);
    return (struct jit_vec){{LLVMConstVector(lane, x->g.lanes)}};
}

static struct jit_vec vectors_of(const struct jit_event *x, uint32_t v)
{
    const struct jit_value *value = &x->value[v];
    if (!value->known)
        return value->v;
    const enum ktype type = kop_type((enum kop)x->spec->kernel->event.inst[v].op);
    return type == K_BOOL ? jit_boolean(&x->g, value->x != 0) : splat(x, value->x);
}

/* ---- memory ---- */

static LLVMValueRef place(const struct jit_event *x, LLVMTypeRef element, LLVMValueRef array,
                          LLVMValueRef at)
{
    return LLVMBuildInBoundsGEP2(x->g.builder, element, array, &at, 1, "");
}

static LLVMValueRef load_lanes(const struct jit_event *x, LLVMTypeRef vector, LLVMValueRef array,
                               LLVMValueRef at)
{
    LLVMTypeRef element = LLVMGetElementType(vector);
    LLVMValueRef v = LLVMBuildLoad2(x->g.builder, vector, place(x, element, array, at), "");
    LLVMSetAlignment(v, x->spec->integer && element != x->g.f32 ? sizeof(int16_t) : sizeof(float));
    return v;
}

/* Parameters and lets of their own are float32 in any case. */
static struct jit_value column(const struct jit_event *x, LLVMValueRef array)
{
    const struct jit_gen *g = &x->g;
    LLVMValueRef v = load_lanes(x, LLVMVectorType(g->f32, g->lanes), array, x->lane);
    if (x->spec->integer)
        v = LLVMBuildFPToSI(g->builder, v, g->fv, "");
    return (struct jit_value){.v = {{v}}};
}

static struct jit_value known(float x)
{
    return (struct jit_value){.known = true, .x = fabsf(x) < FLT_MIN ? copysignf(0, x) : x};
}

static LLVMValueRef state_lanes(const struct jit_event *x, uint32_t state)
{
    return x->held ? x->held[state] : load_lanes(x, x->g.fv, x->state[state], x->lane);
}

static void store_lanes(const struct jit_event *x, uint32_t state, LLVMValueRef v)
{
    LLVMValueRef at = place(x, LLVMGetElementType(x->g.fv), x->state[state], x->lane);
    LLVMSetAlignment(LLVMBuildStore(x->g.builder, v, at),
                     x->spec->integer ? sizeof(int16_t) : sizeof(float));
}

static struct jit_value leaf(const struct jit_event *x, const struct kinst *in)
{
    const struct event_spec *s = x->spec;
    switch ((enum kop)in->op) {
    case K_CONST:
        return known(in->imm);
    case K_BOOLEAN:
        return known(in->imm != 0);
    case K_DT:
        return known(s->dt);
    case K_PARAM:
        return s->param_uniform[in->index] ? known(s->param_value[in->index])
                                           : column(x, x->param[in->index]);
    case K_LET:
        return s->let_uniform[in->index] ? known(s->let_value[in->index])
                                         : column(x, x->let[in->index]);
    case K_STATE:
        return (struct jit_value){.v = {{state_lanes(x, in->index)}}};
    default:
        return (struct jit_value){.v = {{load_lanes(x, x->g.fv, x->weights, x->weight)}}};
    }
}

/* ---- operations ---- */

static struct jit_vec compare_whole(const struct jit_gen *g, enum kop op, const struct jit_vec *v)
{
    static const LLVMIntPredicate predicate[] = {
        [K_LT] = LLVMIntSLT, [K_LE] = LLVMIntSLE, [K_GT] = LLVMIntSGT,
        [K_GE] = LLVMIntSGE, [K_EQ] = LLVMIntEQ,  [K_NE] = LLVMIntNE,
    };
    return (struct jit_vec){{LLVMBuildICmp(g->builder, predicate[op], v[0].v[0], v[1].v[0], "")}};
}

static struct jit_vec negated(const struct jit_event *x, struct jit_vec v)
{
    return jit_intrinsic(&x->g, "llvm.ssub.sat", (struct jit_vec[]){splat(x, 0), v}, 2);
}

static struct jit_vec operate_whole(const struct jit_event *x, enum kop op, const struct jit_vec *v)
{
    const struct jit_gen *g = &x->g;
    switch (op) {
    case K_ADD:
        return jit_intrinsic(g, "llvm.sadd.sat", v, 2);
    case K_SUB:
        return jit_intrinsic(g, "llvm.ssub.sat", v, 2);
    case K_MIN:
        return jit_intrinsic(g, "llvm.smin", v, 2);
    case K_MAX:
        return jit_intrinsic(g, "llvm.smax", v, 2);
    case K_NEG:
        return negated(x, v[0]);
    case K_ABS:
        return jit_intrinsic(g, "llvm.smax", (struct jit_vec[]){v[0], negated(x, v[0])}, 2);
    case K_AND:
    case K_OR:
    case K_NOT:
    case K_SELECT:
        return jit_operate(g, op, v);
    default:
        return compare_whole(g, op, v);
    }
}

static struct jit_value instruction(const struct jit_event *x, const struct kinst *in)
{
    const enum kop op = (enum kop)in->op;
    const uint32_t n = kop_operands(op);
    if (n == 0)
        return leaf(x, in);
    if (op == K_SELECT && x->value[in->a].known)
        return x->value[x->value[in->a].x != 0 ? in->b : in->c];
    bool all_known = true;
    for (uint32_t i = 0; i < n; i++)
        all_known &= x->value[kinst_operand(in, i)].known;
    if (all_known)
        return known(saturated(x, op,
                               kernel_operate(op, x->value[in->a].x, n > 1 ? x->value[in->b].x : 0,
                                              n > 2 ? x->value[in->c].x : 0)));
    struct jit_vec v[3];
    for (uint32_t i = 0; i < n; i++)
        v[i] = vectors_of(x, kinst_operand(in, i));
    const struct jit_vec out =
        x->spec->integer ? operate_whole(x, op, v) : jit_operate(&x->g, op, v);
    return (struct jit_value){.v = out};
}

/* ---- the code ---- */

void jit_event_open(struct jit_event *x, struct arena *a)
{
    const struct kcode *code = &x->spec->kernel->event;
    const uint32_t n_states = x->spec->kernel->n_states;
    bool *all = ARENA_ARRAY(a, bool, n_states);
    memset(all, true, n_states);
    x->value = ARENA_ARRAY(a, struct jit_value, code->n);
    x->live = ARENA_ARRAY(a, bool, code->n);
    kernel_live(code, all, x->live, ARENA_ARRAY(a, bool, n_states));
    kernel_fires_once(code, &x->fires, &x->inverted);
}

static void set_lanes(struct jit_event *x, unsigned lanes)
{
    struct jit_gen *g = &x->g;
    g->lanes = lanes;
    g->fv = LLVMVectorType(x->spec->integer ? LLVMInt16TypeInContext(g->cx) : g->f32, lanes);
    g->iv = LLVMVectorType(g->i32, lanes);
}

static bool keeps_own(const struct kcode *code, uint32_t state)
{
    const uint32_t v = code->out[state];
    return v == K_NONE || (code->inst[v].op == K_STATE && code->inst[v].index == state);
}

void jit_event_hold(struct jit_event *x, struct arena *a, unsigned lanes)
{
    const uint32_t n = x->spec->kernel->n_states;
    LLVMValueRef *held = ARENA_ARRAY(a, LLVMValueRef, n + 1);
    set_lanes(x, lanes);
    for (uint32_t i = 0; i < n; i++)
        held[i] = state_lanes(x, i);
    x->held = held;
}

void jit_event_release(struct jit_event *x, LLVMValueRef lane)
{
    x->lane = lane;
    for (uint32_t i = 0; i < x->spec->kernel->n_states; i++)
        store_lanes(x, i, x->held[i]);
}

LLVMValueRef jit_event_lanes(struct jit_event *x, unsigned lanes, LLVMValueRef within)
{
    const struct kcode *code = &x->spec->kernel->event;
    const struct jit_gen *g = &x->g;
    set_lanes(x, lanes);
    const uint64_t mode = fpenv_flush(); /* of what is known */
    for (uint32_t i = 0; i < code->n; i++)
        if (x->live[i])
            x->value[i] = instruction(x, &code->inst[i]);
    fpenv_restore(mode);
    for (uint32_t i = 0; i < code->n_out; i++) {
        if (keeps_own(code, i))
            continue;
        LLVMValueRef v = vectors_of(x, code->out[i]).v[0];
        if (within)
            v = LLVMBuildSelect(g->builder, within, v, state_lanes(x, i), "");
        if (x->held)
            x->held[i] = v;
        else
            store_lanes(x, i, v);
    }
    if (x->fires == K_NONE)
        return NULL;
    LLVMValueRef fires = vectors_of(x, x->fires).v[0];
    if (x->inverted)
        fires = LLVMBuildNot(g->builder, fires, "");
    return within ? LLVMBuildAnd(g->builder, fires, within, "") : fires;
}
