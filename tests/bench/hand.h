/* The model `dpi` of stdlib/dynapse2.dyn written by hand, to measure generated code against.
 *
 * hand_step.inc is the text, in a small vocabulary of vector operations; hand_avx512.c, hand_avx2.c
 * and hand_scalar.c are that vocabulary in intrinsics and in plain C. Each gives
 *
 * - `exact`: the float operations of the model's source in its written order, so the bits are those
 *   of the interpreter and of the JIT;
 * - `skipping`: the same bits, but spikes are worked out only where a lane of the vector has one;
 * - `folded`: the fastest form there is a use for: constants folded, one division left (as a
 *   reciprocal), spikes skipped too. Its numbers differ in the last digits, and where
 *   the model has `vmem` it keeps log(imem / Io).
 *
 * Both with parameters that are the same for all neurons ([0], held in registers) and with one for
 * each neuron ([1], loaded). The functions are called as generated code is (struct kernel_args; the
 * code is a struct hand_code), so all work on the same lanes. */
#ifndef BENCH_HAND_H
#define BENCH_HAND_H

#include "compiler/net/model.h"
#include "runtime/engine.h"

/* What a step needs of parameters and lets, by name. */
#define HAND_VALUES(X)                                                                             \
    X(Io)                                                                                          \
    X(Ut)                                                                                          \
    X(Idc)                                                                                         \
    X(Ispkthr)                                                                                     \
    X(Iw_ahp)                                                                                      \
    X(u)                                                                                           \
    X(kp)                                                                                          \
    X(itm)                                                                                         \
    X(igm)                                                                                         \
    X(gain_syn)                                                                                    \
    X(gain_ahp)                                                                                    \
    X(gain_mem)                                                                                    \
    X(charge_mem)                                                                                  \
    X(f_dis)                                                                                       \
    X(f_ch)                                                                                        \
    X(fa_dis)                                                                                      \
    X(fa_ch)                                                                                       \
    X(per_Io)                                                                                      \
    X(per_itm)                                                                                     \
    X(refractory)

/* What the folded form needs, worked out in float64. */
#define HAND_FOLDED(X)                                                                             \
    X(Io)                                                                                          \
    X(per_Io)                                                                                      \
    X(Idc)                                                                                         \
    X(Ispkthr)                                                                                     \
    X(f_dis)                                                                                       \
    X(charge) /* f_ch * gain_syn * Iscale */                                                       \
    X(least)  /* f_ch * Io */                                                                      \
    X(fa_dis)                                                                                      \
    X(adapt) /* fa_ch * gain_ahp * Iw_ahp */                                                       \
    X(itm)                                                                                         \
    X(per_itm)                                                                                     \
    X(igm)                                                                                         \
    X(gain_mem)                                                                                    \
    X(euler)    /* dt / charge_mem */                                                              \
    X(exponent) /* of 2, for a logarithm to base e */                                              \
    X(refractory)

struct hand_values {
#define X(name) float name;
    HAND_VALUES(X)
#undef X
};

struct hand_columns { /* of lanes */
#define X(name) const float *name;
    HAND_VALUES(X)
#undef X
};

struct hand_folded_values {
#define X(name) float name;
    HAND_FOLDED(X)
#undef X
};

struct hand_folded_columns {
#define X(name) const float *name;
    HAND_FOLDED(X)
#undef X
};

struct hand_code {
    float Iscale;
    struct hand_values value; /* of lane 0 */
    struct hand_columns column;
    struct hand_folded_values folded;
    struct hand_folded_columns folded_column;
};

struct hand_isa {
    const char *name; /* "AVX-512" */
    kernel_step_fn *exact[2], *skipping[2], *folded[2];
    /* to[i] += weight[i]; rows of n weights times the counts of n neurons in some trials added to
     * the trials' sums; spike counts of n lanes added to `total`; and as bytes, zeros left out.
     */
    void (*add_row)(float *to, const float *weight, size_t n);
    void (*add_spikes)(float *to, const float *weight, const float *spikes, size_t n,
                       size_t trials);
    void (*add_counts)(uint64_t *total, const float *spikes, size_t n);
    void (*put_counts)(uint8_t *to, const float *spikes, size_t n);
};

extern const struct hand_isa hand_scalar;
#if defined __x86_64__
extern const struct hand_isa hand_avx2, hand_avx512;
#endif

/* The best one for this processor: what others are measured against. */
const struct hand_isa *hand_best(void);

/* Columns of parameters and lets over `lanes` lanes of n neurons each; NULL if `m` isn't the model
 * that this was written for. */
struct hand_code *hand_code(struct arena *a, const struct model *m, const struct column *param,
                            const struct column *let, float dt, uint32_t n, size_t lanes);

/* A column spread over lanes: neuron after neuron, again and again. */
float *hand_spread(struct lane_room *room, const struct column *c, uint32_t n, size_t lanes);

#endif
