/* What the files of the checker share. */
#ifndef TESTS_CHECKER_DYNAPSE2_PARTS_H
#define TESTS_CHECKER_DYNAPSE2_PARTS_H

#include "tests/checker_dynapse2.h"

struct checked_neuron { /* of the network */
    const struct d2_core *core;
    const struct d2_neuron *neuron;  /* NULL: nowhere */
    const struct board_neuron *hand; /* where `asked` gives its place */
};

struct checker {
    struct arena a;
    const struct net *asked;
    const struct board *board; /* by hand; an empty one where there is none */
    const struct d2_config *c;
    struct checker_counts *counts;
    struct buf *out;
    uint32_t n_broken;
    uint32_t n_neurons, n_channels;
    uint32_t *first;         /* of each layer: number of its first neuron */
    uint32_t *first_channel; /* of each input */
    struct checked_neuron *neuron;
};

void checker_broken(struct checker *k, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "l0[3]" of a neuron's number, in memory of the checker. */
const char *checker_name(struct checker *k, uint32_t neuron);

/* Whether the neuron's latches, CAM or SRAM (BOARD_LATCH, ...) were given by hand. */
static inline bool checker_is_by_hand(const struct checker *k, uint32_t neuron, uint8_t kind)
{
    return k->neuron[neuron].hand && (k->neuron[neuron].hand->given & kind) == kind;
}

/* The parameter's value for one neuron, NAN where its model has none of that name. */
double checker_value(const struct net_layer *l, const char *param, uint32_t element);

/* ---- checker_dynapse2_events.c ---- */

void checker_events(struct checker *k);

/* ---- checker_dynapse2_currents.c ---- */

void checker_currents(struct checker *k);

#endif
