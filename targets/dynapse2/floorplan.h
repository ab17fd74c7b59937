/* Where blocks stand: which of them share a chip (floorplan_chips.c), and where the chips are in
 * the grid (floorplan.c). First that no source is heard on more chips than it may be and that
 * nothing is out of the reach of hops, then few chips for each source and few hops. */
#ifndef DYNAPSE2_FLOORPLAN_H
#define DYNAPSE2_FLOORPLAN_H

#include "targets/dynapse2/grid.h"
#include "targets/dynapse2/partition.h"

enum { D2_CHANNEL = -1 };

struct d2_floor {
    const struct d2_problem *p;
    const struct d2_parts *x;
    struct d2_grid grid;
    const int32_t *origin; /* of each source: its cell, or D2_CHANNEL: it enters at chip 0 */
    const bool *wanted;    /* of each cell: its spikes have to reach the host */

    uint64_t *first_source;    /* of each block; one more */
    uint32_t *source;          /* that it hears */
    uint32_t *first_own, *own; /* the same for those that are its cells */

    uint32_t n_groups;   /* of up to four blocks that share a chip */
    uint32_t *group;     /* of each block */
    int32_t *group_home; /* of each group: the chip where it has to be; D2_ANY_HOME */
    uint32_t *chip;      /* of each group */
    uint64_t hops;       /* of all sources together, channels from chip 0 */
    uint64_t beyond;     /* those that are too far, and neurons that the host can't tell apart */
};

/* Groups for the blocks as they are now. */
void d2_floor_group(struct arena *a, struct d2_floor *f);
/* Better ones, by moves and exchanges: after cells have moved. */
void d2_floor_regroup(struct arena *a, struct d2_floor *f, struct d2_budget *budget);

/* Chips for the groups. */
void d2_floor_place(struct arena *a, struct d2_floor *f, struct d2_budget *budget);

#endif
