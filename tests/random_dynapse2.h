/* Random networks for DYNAP-SE2, as .dyn text: what a mapper may be given, and more than it can
 * map.
 *
 * Layers of several models and of several sets of currents, inputs, connections of every form and
 * density, outputs, records, mismatch; a board of any grid with a gain, layers and neurons placed
 * by hand, biases by hand, neurons that aren't of the network; profiles of chips with dead neurons
 * and bad CAM entries. A network is a function of its kind and seed. */
#ifndef TESTS_RANDOM_DYNAPSE2_H
#define TESTS_RANDOM_DYNAPSE2_H

#include "runtime/base/buf.h"
#include <stdbool.h>
#include <stdint.h>

struct random_kind {
    const char *name;
    uint32_t layers, neurons,
        channels;    /* at most: layers, neurons of a layer, channels of an input */
    uint32_t fan_in; /* CAM entries that connections to a neuron may ask for */
    /* Chances in percent: */
    uint8_t currents; /* that a layer's neurons want other currents than the default */
    uint8_t by_hand;  /* that the board section says where layers and neurons are, and more */
    uint8_t broken;   /* that chips have profiles */
    uint8_t bases;    /* that base currents are by hand, so that none have to be found */
    uint8_t large;    /* that the grid isn't the smallest that has room */
    uint8_t alike;    /* that of an input or layer many sources have equal rows */
};

struct random_network {
    struct buf source;
    struct buf profile[2]; /* JSON; empty: the chip has none */
    uint32_t profile_chip[2];
};

void random_network(const struct random_kind *k, uint64_t seed, struct random_network *out);
void random_network_free(struct random_network *x);

#endif
