/* One layer's numbers on their way to the chip's integers: as they were given, and as they are at a
 * scale, which may be chosen anew as often as one likes. */
#ifndef SPECK_NUMBERS_H
#define SPECK_NUMBERS_H

#include "targets/compile.h"

struct speck_numbers {
    uint32_t layer;
    /* As they were given; NULL: none. The weights of all sources one after the other, the sum of
     * their biases, and the initial state: one value or one for each neuron, none where all are 0.
     */
    float *weights, *biases;
    const float *state;
    size_t n_weights, n_biases, n_state;
    float threshold, v_min; /* -INFINITY: no lower bound */
    bool whole;             /* all of these are whole numbers */
    /* ---- what speck_set_numbers() made of them ---- */
    float scale;
    int32_t *rounded; /* the weights; those beyond 8 bits stop there */
};

/* Of a layer whose connections are convolutions. False: reported (E0601: no memory). */
bool speck_gather(struct arena *a, const struct net *n, uint32_t layer, struct speck_numbers *x,
                  struct diags *d);

/* The largest scale with which weights and biases have 8 bits, thresholds and states 16. Whole
 * numbers stay exact: theirs is whole. */
float speck_common_scale(const struct speck_numbers *x, enum target_like like);

/* Writes the layer's integers into the network. Scales must be finite and above 0. False: reported
 * (E0602: the threshold or the bound becomes 0), and the network is as it was. */
bool speck_set_numbers(struct net *n, struct speck_numbers *x, float scale, struct diags *d);

#endif
