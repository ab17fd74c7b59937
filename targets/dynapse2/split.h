/* The pass `split`: what the files that work out which sources go behind relays share (split.c has
 * the overview).
 *
 * An entry is a synapse of the neuron in hand. Entries of one class (receptor and sign) can share a
 * relay, since they then differ in the weight only. */
#ifndef DYNAPSE2_SPLIT_H
#define DYNAPSE2_SPLIT_H

#include "runtime/base/arena.h"
#include <stdbool.h>
#include <stdint.h>

struct d2_entry {
    uint32_t class, source;
    uint32_t together; /* sources that share it */
    float weight;
    uint32_t connection;
    uint64_t at; /* in the connection */
};

struct d2_window { /* entries [first, first + n) go behind one relay, with their mean weight */
    uint32_t first, n;
    float weight;
};

/* Sorts the n entries by class, weight and source, and chooses windows such that entries and
 * windows together are at most `have`: as few windows of at most `most` entries as there can be,
 * all of one size, where sources are fewest, then squared errors of the weights least. Returns how
 * many; 0: there are none. */
uint32_t d2_choose_windows(struct arena *a, struct d2_entry *entry, uint32_t n, uint32_t have,
                           uint32_t most, struct d2_window **out);

#endif
