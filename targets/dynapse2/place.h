/* What the files of the pass `place` share (place.c has the overview).
 *
 * Cells are the neurons of the network, sources those of rows.h. A home is a core of the board:
 * 4 * chip + core. */
#ifndef DYNAPSE2_PLACE_H
#define DYNAPSE2_PLACE_H

#include "targets/dynapse2/cluster.h"
#include "targets/dynapse2/floorplan.h"
#include "targets/dynapse2/passes.h"
#include "targets/dynapse2/rows.h"

struct d2_cell {
    uint32_t layer, element;
    bool on_board; /* has an index already */
};

struct d2_place {
    struct net *n;
    const struct target_options *o;
    struct target_report *report;
    struct diags *d;
    struct arena *a; /* as long as the pass */
    struct d2_grid grid;
    uint32_t n_homes;
    struct d2_rows rows;
    uint32_t *same; /* of each source: the one whose tag it shares, itself as a rule */
    struct d2_cell *cell;
    struct d2_currents *current; /* of each flavour */
    bool *wanted;                /* of each cell: its spikes have to reach the host */
    int32_t *origin;             /* of each source: its cell, or D2_CHANNEL */
    uint32_t *entries;           /* of each cell: CAM entries, one for each synapse */
    uint8_t *need, most_need;    /* the same, as struct d2_problem has it; the largest */
    struct d2_problem p;
    struct d2_parts parts;
    const uint32_t *home; /* of each block, in the end */
    bool near; /* similar currents share blocks so that neurons reach all chips where they are heard
                */
};

/* ---- place_flavours.c ---- */

/* Cells that want the same currents are of one flavour; numbered by their first cell. */
void d2_find_flavours(struct d2_place *x);
/* As few flavours as there are blocks left for them: where currents don't suffice, cells of similar
 * ones share; those of a flavour then have room in one block. False: there are too many cells. */
bool d2_cluster_flavours(struct d2_place *x);

/* ---- place_sources.c ---- */

/* Who hears whom, with sources that nobody can tell apart as one where a neuron has too few CAM
 * entries. False: more synapses than are handled (E0601). */
bool d2_find_sources(struct d2_place *x);
/* The same again, with all such sources as one. False: there are none. */
bool d2_merge_sources(struct d2_place *x);

/* ---- place_bounds.c ---- */

/* Whether counts allow a way at all: of neurons that the host wants to hear, that hear inputs, and
 * of those that one neuron speaks to. False: told (E0601), without a search. */
bool d2_check_bounds(struct d2_place *x);

/* ---- place_ways.c ---- */

/* Blocks for all cells, and a home for each. False: reported. */
bool d2_find_homes(struct d2_place *x);

/* ---- place_board.c ---- */

enum d2_homed { /* which cores are taken for what they are, before there is a cell in them */
                D2_HOMED_SMALL,  /* those with less usable neurons than other blocks have room */
                D2_HOMED_FAULTY, /* and those with a neuron whose CAM is too small for some cell */
                D2_HOMED_ALL
};
/* Whether the core is such a one. */
bool d2_is_homed(const struct d2_place *x, uint32_t home, enum d2_homed which);
/* What the board section gives: neurons and wishes become fixed cells of blocks with a home. Such
 * blocks have as much room as there are usable neurons. */
bool d2_take_board(struct d2_place *x, enum d2_homed which);
/* The block of a core, a new one if it has none: `of_home` has it, or -1. */
uint32_t d2_block_of(struct d2_place *x, int32_t *of_home, uint32_t home);
/* A cell stays in a block. Where it meets other currents, no others come. */
void d2_settle(struct d2_place *x, uint32_t cell, uint32_t block);
/* Cells for which their cores have no neuron with CAM entries enough; `home` of each block. */
uint32_t d2_unseated(struct d2_place *x, const struct d2_parts *parts, const uint32_t *home);
/* Every cell gets its core and an index there. */
void d2_fill_board(struct d2_place *x);

/* ---- place_reach.c ---- */

/* Cells that hear sources whose destinations are given by hand get a core where all of those go. */
void d2_take_reached(struct d2_place *x, int32_t *of_home);

/* ---- place_reasons.c ---- */

/* Why it doesn't fit, with the fewest facts that say so (E0601). */
void d2_say_no_room(struct d2_place *x);

#endif
