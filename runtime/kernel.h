/* Kernel IR: what one neuron model does, as straight-line code in SSA form.
 *
 * Built from the model's source by targets/sim/; run by the interpreter (runtime/interp.c) and by
 * the JIT (targets/sim/jit/), which give the same bits: every operation is one IEEE float32
 * operation in exactly this order, fused only where the op is K_FMA, exp and log are the
 * polynomials of kernel_math.h, denormals are flushed (FTZ/DAZ). Portable: it is stored in images.
 *
 * A kernel has three codes. `lets` computes the model's let values, once for each neuron, from the
 * rounded and mismatched parameters: float32 operation by operation, but K_EXP, K_LOG, K_SIN,
 * K_COS, K_TANH and K_POW in float64 (libm), rounded. `step` runs once a time step for every lane.
 * `event` runs for each arriving event (Speck); a model has step, event or both.
 *
 * A value is the index of the instruction that makes it; operands come before uses. Values are
 * float32 or bool; booleans come from comparisons and logic only. Control flow is K_SELECT. */
#ifndef RUNTIME_KERNEL_H
#define RUNTIME_KERNEL_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "runtime/base/diag.h"
#include "runtime/base/file.h"

enum kop {
/* KOP(enumerator, text, number of value operands, result type) */
#define KOP(op, text, n, type) op,
#include "kernel_ops.def"
#undef KOP
    K_N_OPS
};

enum ktype { K_F32, K_BOOL };

struct kinst {
    uint16_t op;      /* enum kop */
    uint16_t index;   /* K_PARAM, K_LET, K_STATE, K_RECEIVE: which */
    uint32_t a, b, c; /* values */
    float imm;        /* K_CONST; K_BOOLEAN: 0 or 1 */
};

#define K_NONE UINT32_MAX

struct kcode {
    uint32_t n;
    struct kinst *inst;
    uint32_t n_out;
    uint32_t *out; /* lets: value of let i. step, event: new value of state i (K_NONE: unchanged) */
    uint32_t emit; /* step, event: number of spikes; K_NONE: the model never emits */
};

enum kparam_kind { K_PARAM_PLAIN, K_PARAM_LAYOUT, K_PARAM_BIAS };

struct kparam {
    const char *name;
    uint8_t kind; /* enum kparam_kind: LAYOUT and BIAS vary with mismatch */
};

struct kernel {
    const char *model; /* "dpi" */
    uint32_t n_params, n_lets, n_receptors, n_states;
    struct kparam *param;
    const char **receptor;
    const char **state;
    struct kcode lets, step, event; /* step.n == 0 or event.n == 0: the model has none */
};

/* K_RANDOM: where a call of a step stands in a run. */
struct kernel_draws {
    uint64_t first_step;           /* of the run: that of row 0 */
    size_t stride;                 /* lanes of a row; 0: all steps are row 0 */
    uint32_t first_trial, neurons; /* lane = (trial - first_trial) * neurons + neuron */
};

/* The number of [0, 1) that belongs to a seed, trial, neuron and step, for the lane at `at` =
 * row * stride + lane, is the upper 24 bits of the first word of threefry with key (bits of the
 * float32 `seed`, trial) and counter (neuron, step), times 2^-24. Steps count modulo 2^32. */
float kernel_random(float seed, const struct kernel_draws *d, size_t lane, size_t at);

const char *kop_text(enum kop op);
uint32_t kop_operands(enum kop op);
enum ktype kop_type(enum kop op);

static inline uint32_t kinst_operand(const struct kinst *in, uint32_t i)
{
    return i == 0 ? in->a : i == 1 ? in->b : in->c;
}

/* Readable form, one instruction a line; for -v and the tests. */
void kernel_text(struct buf *out, const struct kernel *k);

/* Checks what a reader of untrusted bytes must: operands before uses and of the right type, indices
 * in range, outputs valid. False: *why says what is wrong. */
bool kernel_verify(const struct kernel *k, const char **why);

/* What a step's code must compute so that its spikes and the states `traced` are right in every
 * step: which values and which states matter (one element for each, zeroed by the caller). */
void kernel_live(const struct kcode *step, const bool *traced, bool *value, bool *state);

/* Whether a code emits either nothing or one spike. Then *fires is the boolean that says whether it
 * does, or, where *inverted, that it doesn't; K_NONE: it never does. */
bool kernel_fires_once(const struct kcode *code, uint32_t *fires, bool *inverted);

/* Portable bytes and back (E0701 where they are wrong). */
void kernel_write(struct buf *out, const struct kernel *k);
struct reader;
struct kernel *kernel_read(struct arena *a, struct reader *r, struct diags *d);

#endif
