/* The tags of one chip: which of its cores still have each of them free.
 *
 * A source sends one tag to a set of cores; sources that reach a common core must have different
 * tags there. A core has 2048 of them and needs no more than it has sources, but a common free tag
 * of several cores can be missing although each has free ones: then the source needs two. */
#ifndef DYNAPSE2_TAGS_H
#define DYNAPSE2_TAGS_H

#include "targets/dynapse2/limits.h"
#include <stdbool.h>

enum { D2_ALL_CORES = (1 << D2_CORES) - 1 };

struct d2_tags {
    /* word[f]: the tags that are free on exactly the cores f; tag t is bit t % 64 of word t / 64 */
    uint64_t word[1 << D2_CORES][D2_TAGS / 64];
};

void d2_tags_init(struct d2_tags *t); /* all free */

/* The tag is no longer free on these cores; it may have been taken before. */
void d2_tags_take(struct d2_tags *t, uint32_t tag, uint32_t cores);

/* Whether it is free on all of these cores. */
bool d2_tags_are_free(const struct d2_tags *t, uint32_t tag, uint32_t cores);

/* The tag that fits best: free on all of these cores and on as few others as possible, so that
 * wide sets find one later; of those the lowest. D2_TAGS: there is none. */
uint32_t d2_tags_find(const struct d2_tags *t, uint32_t cores);

/* The same for as many of these cores as have a common free tag; *cores becomes those. D2_TAGS and
 * no cores: none of them has a free tag. */
uint32_t d2_tags_find_some(const struct d2_tags *t, uint32_t *cores);

static inline uint32_t d2_count_cores(uint32_t cores)
{
    return (cores & 1) + (cores >> 1 & 1) + (cores >> 2 & 1) + (cores >> 3 & 1);
}

#endif
