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
    struct d2_problem p;
    struct d2_parts parts;
    uint32_t *home; /* of each block, in the end */
};

/* ---- place_flavours.c ---- */

/* Cells that want the same currents are of one flavour; numbered by their first cell. */
void d2_find_flavours(struct d2_place *x);
/* As few flavours as there are blocks left for them: where currents don't suffice, cells of similar
 * ones share; those of a flavour then have room in one block. False: there are too many cells. */
bool d2_cluster_flavours(struct d2_place *x);

/* ---- place_sources.c ---- */

/* Who hears whom. False: more synapses than CAM entries (E0601). */
bool d2_find_sources(struct d2_place *x);
/* The same again, with sources that nobody can tell apart as one. False: there are none. */
bool d2_merge_sources(struct d2_place *x);

/* ---- place_ways.c ---- */

/* Blocks for all cells, and a home for each. False: reported. */
bool d2_find_homes(struct d2_place *x);

/* ---- place_board.c ---- */

/* What the board section gives: neurons and wishes become fixed cells of blocks with a home. With
 * `all` every core is such a block, with as much room as its usable neurons. */
bool d2_take_board(struct d2_place *x, bool all);
/* Every cell gets its core and an index there. */
void d2_fill_board(struct d2_place *x);

/* ---- place_reasons.c ---- */

/* Why it doesn't fit, with the fewest facts that say so (E0601). */
void d2_say_no_room(struct d2_place *x);

#endif
