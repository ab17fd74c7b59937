/* The DYNAP-SE2 passes over the network, and what they share. In order: split, place, relay,
 * quantize (its own header), route, bias. Each keeps what the board section gives by hand, reports
 * what can't be (E0406 where the hand is wrong, E0601 where it doesn't fit, E0602 where the chip
 * can't) and leaves the network as the chip will compute it. */
#ifndef DYNAPSE2_PASSES_H
#define DYNAPSE2_PASSES_H

#include "targets/compile.h"
#include "targets/dynapse2/config.h"

/* The board's chips: the stack where its section doesn't say. */
static inline struct d2_grid d2_grid_of(const struct board *b)
{
    if (b->columns == 0)
        return (struct d2_grid){D2_STACK, 1};
    return (struct d2_grid){(uint8_t)b->columns, (uint8_t)b->rows};
}

/* Of all inputs together, that a network may have (E0601). */
enum { D2_MAX_CHANNELS = 1 << 24 };

/* With o->split: helper neurons where one needs more CAM entries than it has. */
bool d2_split(struct net *n, const struct target_options *o, struct target_report *r,
              struct diags *d);
/* Neurons get a core and an index there (net->board); neurons of a core have equal currents. */
bool d2_place(struct net *n, const struct target_options *o, struct target_report *r,
              struct diags *d);
/* The pass `relay`, with o->split: helper neurons where one is heard on more chips than it has SRAM
 * entries. Those are placed too. */
bool d2_fan_out(struct net *n, const struct target_options *o, struct target_report *r,
                struct diags *d);
/* Whether --split would help a network that is placed without: helper neurons for all that need
 * some and cores for these. The network stays as it is. */
bool d2_split_helps(struct net *n);
bool d2_fan_out_helps(struct net *n);
/* CAM, SRAM, latches, the input map and the outputs' addresses. */
bool d2_route(struct net *n, const struct target_options *o, struct target_report *r,
              struct diags *d);
/* Codes of the bias generator; the layers' parameters become the currents it makes. */
bool d2_bias(struct net *n, const struct target_options *o, struct target_report *r,
             struct diags *d);

/* What the first pass begins with, and does no harm later: the network has a board, of the size
 * that was asked for (E0903 if its section says another), its section is one (E0406), it has room
 * for the neurons (E0601), and the chip can do what is asked for. */
bool d2_begin(struct net *n, const struct target_options *o, struct diags *d);
/* Whether the chip can do what the models and connections ask for (E0602). */
bool d2_check(const struct net *n, struct diags *d);
/* The name of limits.h that may be meant; NULL: none is like it. */
const char *d2_nearest_param(const char *name);
/* "1.06 nA", for the comment of a bias in a board section. False: the current isn't known. */
bool d2_put_bias(struct buf *out, const char *bias, uint32_t coarse, uint32_t fine);
/* Whether the board section is one (E0406). CAM and SRAM entries are sorted by slot, parameters get
 * the name of limits.h. */
bool d2_check_board(struct net *n, struct diags *d);

/* The part of `place` that gives all neurons of a core the same currents (W0652 where they wanted
 * different ones). `near`: because they had to be on few chips. */
void d2_share_currents(struct net *n, bool near, struct diags *d);

/* ---- where the neurons are ---- */

struct d2_site {             /* good until something is added to the board */
    struct board_core *core; /* NULL: not placed */
    struct board_neuron *neuron;
};

struct d2_sites {
    const uint32_t *first; /* of each layer; one more: the number of neurons */
    struct d2_site *at;    /* at[first[layer] + element] */
};

/* The network must have no more neurons than the board. */
struct d2_sites d2_sites(struct arena *a, const struct net *n);

/* ---- small things ---- */

/* Of each layer: whether its spikes have to reach the host, as an output's and recorded ones. */
bool *d2_wanted_layers(struct arena *a, const struct net *n);

/* Synapses that the passes handle: one for each CAM entry of its neurons, and at least
 * D2_MAX_SYNAPSES. */
uint64_t d2_synapse_room(const struct net *n);

/* Whether the bias generator makes this parameter. */
bool d2_is_bound(const struct model_param *p);
/* The latch (enum d2_latch) that lets the current of a bound parameter flow, -1 if it always does:
 * the one that the model names, else so_dc for the direct current. Off, the parameter is 0. */
int d2_latch_of(const struct model_param *p);
static inline float d2_value(const struct net_column *c, uint32_t element)
{
    return c->v[c->uniform ? 0 : element];
}
/* Sets one value of each neuron of a layer; unchanged ones leave the column as it was. */
void d2_set_column(struct net *n, uint32_t layer, uint32_t param, const double *v);
/* "readout[1]" */
const char *d2_neuron_name(struct arena *a, const struct net *n, uint32_t layer, uint32_t element);

/* ---- between network and configuration (encode.c) ---- */

/* All passes but `bias` are enough. */
void d2_config_of_net(struct arena *a, const struct net *n, struct d2_config *out);
/* Sections CONF and MAPS; every number must be in range. */
void d2_config_write(struct image_writer *w, const struct d2_config *c);
bool d2_encode(struct image_writer *w, const struct net *n, const struct plan *p, struct diags *d);
bool d2_raise_board(struct net *n, const struct image *im, struct diags *d);

/* As struct target_compiler documents them. */
uint32_t d2_fit(const struct net *n, struct arena *a, struct target_fit_row **out);
void d2_occupancy(const struct net *n, struct arena *a, struct target_occupancy *out);

#endif
