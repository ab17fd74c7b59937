/* A DYNAP-SE2 board as plainly as it can be written down: every event of every step is moved over
 * the grid chip by chip, shown to every CAM entry of the cores that it is for, and kept in one long
 * list until the step's sums are made. Knows the configuration (targets/dynapse2/config.h) and the
 * table of the bias generator, and nothing else of the tools, so that it can keep them honest. */
#ifndef TESTS_NAIVE_CHIP_H
#define TESTS_NAIVE_CHIP_H

#include "targets/dynapse2/config.h"

enum { NAIVE_MOST = 64 }; /* of everything that is listed below; enough for small tests */

struct naive_link { /* a connection of the network */
    bool from_input;
    uint32_t src, dst, receptor;
};

struct naive_network { /* what sums need of it: sizes, and connections in source order */
    uint32_t n_inputs, n_groups;
    uint32_t channels[NAIVE_MOST], neurons[NAIVE_MOST];
    uint32_t n_links;
    struct naive_link link[NAIVE_MOST];
};

struct naive_totals { /* events of a run */
    uint64_t lost;    /* left the board, but not to the host */
    uint64_t unheard; /* at a core none of whose CAM entries holds their tag; for each core */
    uint64_t host;
};

/* What one event of a channel or neuron does to a neuron at a receptor: a weight. */
float naive_chip_weight(const struct d2_config *c, bool from_input, uint32_t src, uint32_t pre,
                        uint32_t group, uint32_t element, uint32_t receptor);

/* The current of a bound parameter of one neuron. */
float naive_chip_current(const struct d2_config *c, uint32_t group, uint32_t element,
                         const struct d2_bound *b);

/* The whole run. `count` gives a channel's events in a step; `step` is the neuron: it gets what its
 * receptors receive and says how many spikes that makes, which leave in the next step. */
struct naive_model {
    void *arg;
    uint32_t (*count)(void *arg, uint32_t input, uint32_t channel, uint32_t step);
    uint32_t (*step)(void *arg, uint32_t group, uint32_t element, uint32_t step,
                     const float *receive);
};
void naive_chip_run(const struct d2_config *c, const struct naive_network *n, uint32_t steps,
                    const struct naive_model *m, struct naive_totals *out);

#endif
