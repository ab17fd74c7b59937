/* DynapSim as plainly as it can be written down: neuron after neuron, step after step, float32,
 * from the equations. Knows nothing of models, kernels, lanes or plans, so that it can keep them
 * honest.
 *
 * Sums run over the inputs and then over the neurons, in ascending order, in one accumulator. exp
 * and log are libm's, rounded. */
#ifndef TESTS_NAIVE_DYNAPSIM_H
#define TESTS_NAIVE_DYNAPSIM_H

#include <stddef.h>
#include <stdint.h>

#define NAIVE_PARAMS(X)                                                                            \
    X(Io)                                                                                          \
    X(Ut)                                                                                          \
    X(kappa_n)                                                                                     \
    X(kappa_p)                                                                                     \
    X(Vth)                                                                                         \
    X(C_mem)                                                                                       \
    X(C_syn)                                                                                       \
    X(C_ahp)                                                                                       \
    X(C_ref)                                                                                       \
    X(C_pulse)                                                                                     \
    X(C_pulse_ahp)                                                                                 \
    X(Itau_mem)                                                                                    \
    X(Igain_mem)                                                                                   \
    X(Iref)                                                                                        \
    X(Ispkthr)                                                                                     \
    X(Idc)                                                                                         \
    X(Itau_syn)                                                                                    \
    X(Igain_syn)                                                                                   \
    X(Ipulse)                                                                                      \
    X(Itau_ahp)                                                                                    \
    X(Igain_ahp)                                                                                   \
    X(Ipulse_ahp)                                                                                  \
    X(Iw_ahp)

struct naive_params { /* of one neuron */
#define X(name) float name;
    NAIVE_PARAMS(X)
#undef X
};

struct naive_state { /* of one neuron; initially {Io, Io, Io} and zeros */
    float iahp, imem, isyn, vmem, timer_ref, spikes;
};

struct naive_net {
    uint32_t n_in, n;
    float dt, Iscale;
    const float *w_in;  /* [n_in, n] */
    const float *w_rec; /* [n, n] */
    const struct naive_params *param;
};

/* One step: `count` holds the events of each input; `scratch` has room for n floats. Reads and
 * writes `state`, where vmem is that before the reset and imem that after it. */
void naive_step(const struct naive_net *net, const float *count, struct naive_state *state,
                float *scratch);

#endif
