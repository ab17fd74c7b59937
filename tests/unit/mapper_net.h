/* Large random networks for the mapper: recurrent layers with communities that can't be seen from
 * the order of the neurons. */
#ifndef TESTS_MAPPER_NET_H
#define TESTS_MAPPER_NET_H

#include "tests/unit/dynapse2_net.h"

struct mapper_net {
    uint32_t n;         /* neurons of the layer */
    uint32_t synapses;  /* of each, from different neurons or channels */
    uint32_t community; /* neurons that hear each other only; 0: all */
    double noise;       /* share of synapses that come from anywhere */
    uint32_t channels;  /* 0: recurrent; else they come from that many channels of an input */
    bool shuffled;      /* neurons in random order */
    uint64_t seed;
};

/* Adds the layer "exc" with its synapses, and a layer "out" of 4 neurons that hears 16 of it, the
 * only output. Returns the layer. */
uint32_t mapper_net(struct d2_test *t, const struct mapper_net *spec);
/* The community of a neuron. */
uint32_t mapper_community(const struct mapper_net *spec, uint32_t neuron);

#endif
