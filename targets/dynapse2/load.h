/* What a network takes of a board, counted: in the cores, in their fullest neurons, between chips.
 * After `route` that is what the board's bits say. Before, or where a pass failed, a synapse counts
 * as one CAM entry, a source as a tag on every core where it is heard and as an SRAM entry for each
 * chip, and what isn't known yet is left out. Takes time linear in synapses, entries and cores. */
#ifndef DYNAPSE2_LOAD_H
#define DYNAPSE2_LOAD_H

#include "targets/dynapse2/passes.h"

struct d2_core_load {
    uint32_t neurons, usable; /* by hand on dead ones count as usable */
    uint32_t tags;
    uint32_t cam, cam_most; /* entries of all its neurons, of the fullest */
    uint32_t sram;
};

struct d2_fullest { /* the neuron that comes nearest to its limit, or is farthest beyond it */
    bool known;
    uint32_t layer, element, need, have;
};

struct d2_load {
    struct d2_grid grid;
    uint64_t n_neurons;         /* those of the network and others by hand */
    uint64_t room;              /* usable neurons of the board */
    uint32_t n_cores;           /* cores with a neuron */
    struct d2_core_load *core;  /* [chip * D2_CORES + core] */
    bool placed;                /* every neuron of the network has its place */
    uint64_t cam, sram;         /* entries of all neurons */
    uint64_t cam_room;          /* usable CAM entries of the board */
    bool cam_known, sram_known; /* else they are 0 */
    struct d2_fullest fullest_cam, fullest_sram;
    uint64_t n_wanted;  /* neurons whose spikes have to reach the host */
    uint32_t *monitors; /* of each column: those that are placed there */
    uint32_t hops;      /* of the longest way from chip to chip, along x or y */
    uint32_t *traffic;  /* [from * (chips + 1) + to]: sources; index `chips` is the host */
};

struct d2_load d2_load(struct arena *a, const struct net *n);

#endif
