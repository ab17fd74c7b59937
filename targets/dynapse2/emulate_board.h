/* The board of the virtual chip: what sends events, where they land, which CAM entries hear them.
 *
 * Senders are numbered: the channels of all inputs, then all configured neurons, those of no layer
 * too. Tags count within a core, so a place where events arrive has a number, its key: (configured
 * core) * D2_TAGS + tag. */
#ifndef DYNAPSE2_EMULATE_BOARD_H
#define DYNAPSE2_EMULATE_BOARD_H

#include "runtime/findings.h"
#include "targets/dynapse2/links.h"

/* ---- travelling ---- */

struct d2_landing {
    enum { D2_AT_CHIP, D2_AT_HOST, D2_LOST } where;
    uint32_t chip;
    int8_t x_left; /* at the host: the hops along x that it still had, which tell the column */
};

/* Hop by hop, along x first, as grid.h describes it. */
struct d2_landing d2_travel(struct d2_grid g, uint32_t chip, const struct d2_destination *to);

/* ---- the board ---- */

/* A CAM entry that acts: it selects a current, at a dendrite, of a neuron of the plan. */
struct d2_entry {
    uint32_t receptor; /* over all groups; as many as there are: none owns the dendrite */
    uint32_t post;     /* element of the receptor's group */
    double current;    /* ampere, with the sign that the dendrite gives a weight */
};

#define D2_NOBODY UINT32_MAX /* instead of a sender */

struct d2_board {
    const struct d2_config *config;
    const struct d2_links *links;
    double *current; /* [configured core][D2_N_PARAMS]: of its codes; 0 where none is known */
    int32_t core_at[D2_MAX_CHIPS * D2_CORES]; /* configured core at (chip, core); -1: none */
    uint32_t *first_channel;                  /* of each input: sender */
    uint32_t *first_neuron;                   /* of each configured core: sender */
    uint32_t n_channels, n_senders;
    uint32_t n_entries, n_keys;
    struct d2_entry *entry;          /* by receptor, post, slot */
    uint32_t *start;                 /* of each key in `heard`; one more: their number */
    uint32_t *heard;                 /* entries; ascending for each key */
    bool *in_cam;                    /* for each key: some CAM entry holds the tag, acting or not */
    uint32_t *sender, *other_sender; /* for each key: the first two that send; D2_NOBODY */
    size_t most;                     /* entries that one event of a sender reaches */
};

struct d2_sender {
    uint32_t id;
    bool from_input;
    int32_t src;    /* input, or group; -1: a neuron of no layer, which never fires here */
    uint32_t index; /* channel, or element */
    uint32_t chip;  /* where it starts */
    uint32_t n;     /* destinations */
    const struct d2_destination *channel; /* of an input, else NULL */
    const struct d2_sram *sram;           /* of a neuron, else NULL */
    const struct d2_core *core;           /* of a neuron, else NULL */
    const struct d2_neuron *neuron;
};

/* False: reported (E0701). */
bool d2_board_build(struct arena *a, const struct d2_config *c, const struct d2_links *l,
                    struct d2_board *out, struct diags *d);

struct d2_sender d2_sender(const struct d2_board *b, uint32_t id);
uint32_t d2_sender_of(const struct d2_board *b, const struct d2_placed *x); /* id of a neuron */

const struct d2_destination *d2_destination(const struct d2_sender *s, uint32_t i);

/* The keys where events to this destination arrive, in the order of cores; how many. Cores that
 * aren't configured have none. */
uint32_t d2_arrivals(const struct d2_board *b, const struct d2_sender *s, uint32_t i,
                     uint32_t key[D2_CORES]);

/* ---- what it tells (emulate_findings.c) ---- */

void d2_board_findings(const struct d2_board *b, struct findings *out);
/* Source src has synapses at receptors (stray[receptor]) that the network doesn't connect it to. */
void d2_stray_findings(const struct d2_board *b, struct d2_ends source, const bool *stray,
                       struct findings *out);

#endif
