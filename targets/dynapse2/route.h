/* What the files of the pass `route` share (route.c has the overview). Sources are those of rows.h;
 * a source has a link to every chip where it is heard: one tag and the cores that it goes to. */
#ifndef DYNAPSE2_ROUTE_H
#define DYNAPSE2_ROUTE_H

#include "targets/dynapse2/passes.h"
#include "targets/dynapse2/rows.h"
#include "targets/dynapse2/tags.h"

struct d2_link {
    uint32_t chip;
    uint16_t tag;
    uint8_t cores;
};

struct d2_incoming { /* a synapse, as its neuron sees it */
    uint32_t source, connection;
    float weight;
};

struct d2_route {
    struct net *n;
    const struct target_options *o;
    struct diags *d;
    struct arena *a; /* as long as the pass */
    struct d2_grid grid;
    struct d2_sites sites;
    struct d2_rows rows;
    const struct board_input **by_hand; /* of each channel; NULL: automatic */

    /* The source whose tags and CAM entries it shares; itself, unless d2_share_rows() was needed.
     */
    uint32_t *same;
    uint32_t n_shared; /* sources that share another one's */

    uint32_t *first_link; /* of each source; one more. Those that share have their own none */
    struct d2_link *link; /* ascending chips */

    uint64_t *first_in; /* of each neuron; one more */
    struct d2_incoming *in;
};

/* ---- route_sources.c ---- */

/* False: more channels than the tools handle (E0601). */
bool d2_route_sources(struct d2_route *r);
/* Whether its destinations are given by hand. */
bool d2_is_by_hand(const struct d2_route *r, uint32_t source);
/* Where its events start: a neuron's chip, chip 0 for a channel. */
uint32_t d2_source_chip(const struct d2_route *r, uint32_t source);
/* Sources that all their neurons hear in the same way, with the same weights at the same receptors,
 * share tags and CAM entries from now on: all such, or those that one of the neurons `few` hears
 * (rows.h). False: there are none. */
bool d2_share_rows(struct d2_route *r, const bool *few);

/* ---- route_tags.c ---- */

/* Links and their tags. Where a core has more sources than tags, those that are alike share them.
 * False: that isn't enough (E0601). */
bool d2_route_tags(struct d2_route *r);
/* The source's link to a core; NULL: it doesn't reach it. */
const struct d2_link *d2_find_link(const struct d2_route *r, uint32_t source, uint32_t chip,
                                   uint32_t core);

/* ---- route_hand.c ---- */

struct d2_asked { /* a link whose tag isn't chosen yet */
    uint32_t source, chip;
    uint8_t cores;
    uint16_t tag[D2_CORES]; /* that CAM entries given by hand say; D2_TAGS: they don't */
};
/* Sets `tag` of all such links of one chip, with the tags that are left there: one for all cores of
 * a link where that is possible. What is found is taken, as are the other tags of CAM entries given
 * by hand. */
void d2_route_ask(struct d2_route *r, struct d2_asked *link, uint32_t n, struct d2_tags *tags);

/* ---- route_cam.c ---- */

/* CAM entries. Where a neuron has too few of them, sources that are alike share those, and their
 * tags, which are chosen again. False: that isn't enough (E0601), or a source by hand doesn't go
 * where it is heard (E0406). */
bool d2_route_cam(struct d2_route *r);

/* ---- route_sram.c: destinations of neurons and channels, the host among them ---- */

bool d2_route_sram(struct d2_route *r, struct target_report *report);
bool d2_route_inputs(struct d2_route *r);

/* ---- route_verify.c ---- */

/* Whether the board's bits make the network's synapses, neurons given by hand included (E0406 at
 * the neuron's place where they don't). Weights that CAM entries given by hand make become those of
 * the board (W0658 if better ones could be had), as do all that differ in the last bits. */
bool d2_route_verify(struct net *n, struct diags *d);

#endif
