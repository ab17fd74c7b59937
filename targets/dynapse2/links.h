/* A configuration and the plan that it completes: which configured neuron is which of the plan, and
 * the plan's projections as places for the synapses that the configuration makes. decode.c and
 * emulate.c, which find those synapses in ways of their own, both put them here.
 *
 * A receptor of the plan is known by one number over all groups, ascending by (group, receptor). */
#ifndef DYNAPSE2_LINKS_H
#define DYNAPSE2_LINKS_H

#include "runtime/base/hash.h"
#include "runtime/plan.h"
#include "targets/dynapse2/config.h"

struct d2_placed { /* where a neuron of the plan is */
    const struct d2_core *core;
    const struct d2_neuron *neuron;
};

/* Of every neuron, one array for each group. NULL: not each one once. */
struct d2_placed **d2_find_placed(struct arena *a, const struct plan *p, const struct d2_config *c);

struct d2_links {
    struct arena *arena; /* the plan's */
    struct plan *plan;
    struct d2_placed **home;  /* [group][element] */
    uint32_t *first_receptor; /* of each group; one more: how many there are */
    struct map64 at;          /* projections by their ends */
    uint64_t rows;            /* of all projections with a synapse */
};

/* The ends of a projection. */
struct d2_ends {
    bool from_input;
    uint32_t src;      /* input or group */
    uint32_t receptor; /* over all groups */
};

/* Checks that maps and plan belong to each other and that every neuron of the plan has one place,
 * and takes the rows from all projections. False: reported (E0701). */
bool d2_link(struct arena *a, struct plan *p, const struct d2_config *c, struct d2_links *out,
             struct diags *d);

/* The group that a receptor belongs to. */
uint32_t d2_group_of(const struct d2_links *l, uint32_t receptor);

/* Whether the network has a connection with these ends. Of several the first one in source order
 * stands for all; one with another delay than the chip's isn't meant. */
bool d2_is_linked(const struct d2_links *l, struct d2_ends e);

/* That projection, or a new one behind all others, with empty rows and room for n synapses: the
 * caller fills them. Good until the next one is added. NULL: reported (E0701). */
struct plan_projection *d2_add_link(struct d2_links *l, struct d2_ends e, size_t n,
                                    struct diags *d);

/* Empty rows for all projections that got none. */
void d2_link_rest(struct d2_links *l);

/* A message about the configuration (E0701); false. */
bool d2_bad(struct diags *d, const char *what);

#endif
