/* The pass `split`: what its files share (split.c has the overview). split_windows.c chooses the
 * sources of a neuron that go behind relays, split.c makes a plan of each layer, split_apply.c the
 * new network.
 *
 * An entry is a synapse of the neuron in hand. Entries of one class (receptor and sign) can share a
 * relay, since they then differ in the weight only. */
#ifndef DYNAPSE2_SPLIT_H
#define DYNAPSE2_SPLIT_H

#include "runtime/base/hash.h"
#include "targets/dynapse2/passes.h"
#include "targets/dynapse2/relay.h"
#include "targets/dynapse2/rows.h"

/* ---- the entries of a neuron ---- */

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

/* ---- the plan of a layer, and what the pass has found out ---- */

#define D2_NO_SOURCE UINT32_MAX

/* The sources behind one relay, each with those that have its entries: source[first .. first + n)
 * of the plan. */
struct d2_split_group {
    uint32_t first, n;
};

struct d2_split_link { /* from a relay to a neuron of the layer */
    uint32_t receptor, relay, post;
    float weight;
};

struct d2_split_behind { /* a synapse that goes behind a relay */
    uint32_t connection;
    uint64_t at;
};

/* What becomes of one layer. */
struct d2_split_plan {
    uint32_t layer;
    uint32_t n_neurons, most_need; /* that need too many entries, and how many */
    uint32_t n_sources;            /* that the layer hears afterwards, relays among them */
    double largest;                /* change of a weight */
    double scale;                  /* the largest weight */
    VEC(struct d2_split_group) relay;
    VEC(uint32_t) source;
    VEC(struct d2_split_link) link;
    VEC(struct d2_split_behind) behind;
    uint64_t n_behind;   /* with those of sources that have the entries of others */
    uint32_t n_together; /* sources of one relay, at most */
    struct map64 known;  /* relays by the hash of their sources */
};

struct d2_split {
    struct net *n;
    struct target_report *report;
    struct diags *d;
    struct arena *a; /* as long as the pass */
    struct d2_rows rows;
    struct d2_sites sites;
    uint32_t usable; /* CAM entries of a neuron that has no place */
    uint32_t *need;  /* entries of each neuron */
    uint32_t *same;  /* of each source: the one that has its entries, itself as a rule */
    uint32_t *next;  /* of each source: the next that has the same one's; D2_NO_SOURCE: the last */
    VEC(uint32_t) layer; /* with neurons that need too many */
};

/* ---- the new network ---- */

/* Makes the layer's relays and connects them: sources to relays, relays to neurons. The synapses
 * that go behind relays get weights of 0, but those of sources that have the entries of others
 * only by d2_split_together. Adds to the report what became of the layer. False: no memory for
 * the synapses (E0601). */
bool d2_split_apply(struct d2_split *x, const struct d2_split_plan *p, const struct d2_relay *r);
/* After all layers: what went behind relays, of sources that have the entries of others too. */
void d2_split_together(struct d2_split *x);

#endif
