/* Which cells share a core: the part of `place` that knows no network.
 *
 * A cell (a neuron) hears sources; cells of one flavour want the same currents, so that they may
 * share a core. A block is a core without a place: it has room for so many cells, all of one
 * flavour, that together hear no more sources than a core has tags, and neurons with the CAM
 * entries that they need. Parts assign cells to blocks: as few as possible, then so that sources
 * are heard in as few blocks as possible and, where the chips of blocks are known (floorplan.h), on
 * few chips, which is what SRAM entries limit.
 *
 * Deterministic: results are a function of the problem, the seed and the budget, which counts steps
 * of work and not time. */
#ifndef DYNAPSE2_PARTITION_H
#define DYNAPSE2_PARTITION_H

#include "targets/dynapse2/spread.h"

enum {
    D2_NO_BLOCK = -1,
    D2_MAX_REFUSED = 1024, /* cells that find no tags in a block: it is full */
};

struct d2_block {
    uint32_t room, used; /* cells */
    uint32_t tags;       /* sources that its cells hear */
    int32_t flavour;     /* D2_EMPTY: any, D2_CLOSED: takes no more cells */
    int32_t home;        /* the core where it has to be; D2_ANY_HOME */
    /* Of a core with faults, [D2_CAM + 1]: neurons with at least so many usable CAM entries, less
     * the cells that need so many. NULL: every neuron has all. */
    int16_t *seats;
};
enum { D2_EMPTY = -1, D2_CLOSED = -2, D2_ANY_HOME = -1 };

struct d2_parts {
    uint32_t n_blocks;
    struct d2_block *block; /* max_blocks */
    int32_t *of;            /* of each cell: its block, or D2_NO_BLOCK */
    bool *fixed;            /* of each cell: given, it stays */
    struct d2_spread heard; /* of each source: the blocks where it is heard */
    uint64_t tags;          /* of all blocks */
};

/* No blocks, no cell in any. */
void d2_parts_init(struct arena *a, const struct d2_problem *p, struct d2_parts *x);
/* A copy, so that another way can be tried from the same start. */
void d2_parts_copy(struct arena *a, const struct d2_problem *p, const struct d2_parts *from,
                   struct d2_parts *to);
/* An empty block; there must be less than max_blocks. */
struct d2_block *d2_parts_open(const struct d2_problem *p, struct d2_parts *x);
/* Into a block, which may become overfull, and out of it. */
void d2_parts_put(const struct d2_problem *p, struct d2_parts *x, uint32_t cell, uint32_t block);
void d2_parts_take(const struct d2_problem *p, struct d2_parts *x, uint32_t cell);
/* How many of the cell's sources the block doesn't hear. */
uint32_t d2_parts_new_tags(const struct d2_problem *p, const struct d2_parts *x, uint32_t cell,
                           uint32_t block);
/* Whether the block has room, tags and CAM entries for one cell more. */
bool d2_parts_takes(const struct d2_problem *p, const struct d2_parts *x, uint32_t cell,
                    uint32_t block);
/* Whether tags and CAM entries suffice for the cells that it has. */
bool d2_parts_suffices(const struct d2_problem *p, const struct d2_parts *x, uint32_t block);

/* The cells without a block by flavour, ascending: cell[first[f] .. first[f + 1]). `first` has
 * n_flavours + 2 zeros. */
void d2_free_cells(const struct d2_problem *p, const struct d2_parts *x, uint32_t *first,
                   uint32_t *cell);

/* Both give every cell without a block one, in blocks that are there or new ones. False: they would
 * need more than max_blocks. */

/* In the order of the cells, kin together where they fit. */
bool d2_fill(struct arena *a, const struct d2_problem *p, struct d2_parts *x);
/* Block after block, each from one cell and then always the one that shares most with those in it.
 */
bool d2_grow(struct arena *a, const struct d2_problem *p, struct d2_parts *x);

/* Work that may still be done, counted in looks at a cell's source; and what chance is drawn from.
 */
struct d2_budget {
    uint64_t left, seed;
    bool asked; /* for: what is good enough may still be improved */
};

/* The chips of the blocks, where they are known. */
struct d2_chips {
    uint32_t n;
    const uint32_t *of; /* of each block */
};

/* A third way to give every cell without a block one, where d2_fill and d2_grow find none: in all
 * of max_blocks, overfull at first, then better by moves and exchanges until every block suffices.
 * False: some still don't when the budget is used up, or there are too few for the flavours. */
bool d2_pack(struct arena *a, const struct d2_problem *p, struct d2_parts *x,
             struct d2_budget *budget);

/* Moves and exchanges cells while that makes things better and the budget lasts. `chips` may be
 * NULL. */
void d2_improve(struct arena *a, const struct d2_problem *p, struct d2_parts *x,
                const struct d2_chips *chips, struct d2_budget *budget);

#endif
