/* Where sources are heard: for each source the units (blocks, or chips) with cells that hear it,
 * and how many cells that are. Memory is linear in the number of synapses. */
#ifndef DYNAPSE2_SPREAD_H
#define DYNAPSE2_SPREAD_H

#include "runtime/base/arena.h"
#include <stdbool.h>

/* What is to be placed, as partition.h explains. */
struct d2_problem {
    uint32_t n_cells, n_sources;
    const uint64_t *first_source; /* of each cell; one more */
    const uint32_t *source;       /* distinct ones of each cell */
    const uint64_t *first_cell;   /* of each source; one more: the same, the other way round */
    const uint32_t *cell;
    uint32_t n_flavours;
    const uint32_t *flavour;  /* of each cell */
    const uint32_t *kin;      /* of each cell: those of one kin stay together where that is free */
    const uint8_t *need;      /* of each cell: CAM entries of its seat, at most D2_CAM */
    const uint8_t *max_chips; /* of each source: that it may be heard on; or D2_ANY_CHIPS */
    uint32_t max_tags;        /* of a block */
    uint32_t room;            /* of a new block */
    uint32_t max_blocks;
};
enum { D2_ANY_CHIPS = 255 };

struct d2_heard {
    uint16_t unit, cells;
};

struct d2_spread {
    uint32_t n_units;
    uint64_t *first;        /* of each source; one more */
    struct d2_heard *heard; /* a list; where it could hold all units, one entry for each */
    uint16_t *n;            /* of each source: units that hear it */
};

/* All counts are 0. n_units is at most 2^16. */
void d2_spread_init(struct arena *a, const struct d2_problem *p, uint32_t n_units,
                    struct d2_spread *out);

void d2_spread_copy(struct arena *a, const struct d2_problem *p, const struct d2_spread *from,
                    struct d2_spread *to);

static inline bool d2_spread_is_dense(const struct d2_spread *s, uint32_t source)
{
    return s->first[source + 1] - s->first[source] == s->n_units;
}

/* Cells in the unit that hear the source. */
static inline uint32_t d2_spread_count(const struct d2_spread *s, uint32_t source, uint32_t unit)
{
    const struct d2_heard *h = &s->heard[s->first[source]];
    if (d2_spread_is_dense(s, source))
        return h[unit].cells;
    for (uint32_t i = 0; i < s->n[source]; i++) {
        if (h[i].unit == unit)
            return h[i].cells;
    }
    return 0;
}

/* One cell more, or less, of the unit hears the source. */
void d2_spread_add(struct d2_spread *s, uint32_t source, uint32_t unit);
void d2_spread_remove(struct d2_spread *s, uint32_t source, uint32_t unit);

#endif
