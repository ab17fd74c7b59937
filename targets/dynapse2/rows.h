/* The synapses of a network by their sources.
 *
 * Sources are numbered: the channels of all inputs, then the neurons of all layers ("cells"). The
 * row of a source is all its synapses: those in the rows of the connections that leave its input or
 * layer, in the order of (layer, receptor). */
#ifndef DYNAPSE2_ROWS_H
#define DYNAPSE2_ROWS_H

#include "compiler/net/net.h"

struct d2_rows {
    const struct net *n;
    uint32_t n_layers; /* layers and connections that are added later don't count */
    uint32_t n_channels, n_cells, n_sources;
    uint32_t *first_channel;      /* of each input; one more */
    uint32_t *first_cell;         /* of each layer; one more */
    uint32_t *first, *connection; /* of each input, then of each layer: connections that leave it */
};

/* False: the inputs have too many channels (E0601). */
bool d2_rows_init(struct arena *a, const struct net *n, struct d2_rows *out, struct diags *d);

static inline bool d2_is_channel(const struct d2_rows *r, uint32_t source)
{
    return source < r->n_channels;
}
/* The input, or the number of inputs plus the layer, that a source belongs to. */
uint32_t d2_source_owner(const struct d2_rows *r, uint32_t source, uint32_t *element);
const char *d2_source_name(struct arena *a, const struct d2_rows *r, uint32_t source);
/* The line of the source that is to blame for it: its layer's or input's. */
struct span d2_source_span(const struct d2_rows *r, uint32_t source);

/* Walks over the connections in which a source has synapses: those of the row `pre` of `c`. */
struct d2_row {
    const struct d2_rows *rows;
    uint32_t at, end, pre;
    const struct net_connection *c;
};
struct d2_row d2_row_of(const struct d2_rows *r, uint32_t source);
bool d2_row_next(struct d2_row *x);

/* same[s]: the source whose tag s takes because they have the same row, synapse for synapse,
 * weights to the bit: the first one whose destinations are given by hand, else the first; s itself
 * where there is none, or its destinations are by hand. `few` marks neurons with too few CAM
 * entries: then only what one of them hears has another one's, and nothing that a neuron hears
 * whose entries are by hand and enough. NULL: every source may. Returns how many have another
 * one's. */
uint32_t d2_same_rows(struct arena *a, const struct d2_rows *r, const bool *few, uint32_t *same);

#endif
