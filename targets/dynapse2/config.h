/* A DYNAP-SE2 configuration as plain data: what is written to the chips (biases, latches, CAM,
 * SRAM) and how a network's inputs, neurons, currents and weights are found in it.
 *
 * An image holds it in two sections. CONF is what the chips get. MAPS links it to the plan: the
 * gain, the destinations of every input channel, which neuron of the plan each neuron of the chip
 * is, which parameters of its model the bias generator makes and which dendrites its receptors
 * own. config.c reads them (untrusted), encode.c writes them, decode.c gives them their meaning.
 *
 * Currents are in ampere. Dendrites, latches and parameters are the numbers of limits.h. */
#ifndef DYNAPSE2_CONFIG_H
#define DYNAPSE2_CONFIG_H

#include "runtime/image.h"
#include "targets/dynapse2/biasgen.h"
#include "targets/dynapse2/grid.h"

struct d2_cam {
    uint16_t tag;
    uint8_t slot, mask, dendrite;
};

struct d2_destination {
    uint16_t tag;
    uint8_t cores; /* bit k: core k */
    int8_t x_hop, y_hop;
};

struct d2_sram {
    uint8_t slot;
    struct d2_destination to;
};

struct d2_neuron {
    uint16_t index;   /* within the core */
    uint16_t latches; /* bit k: enum d2_latch */
    uint8_t n_cam, n_sram;
    struct d2_cam *cam;   /* ascending slots */
    struct d2_sram *sram; /* ascending slots */
    int32_t group;        /* of the plan; -1: no neuron of the network */
    uint32_t element;
};

struct d2_core {
    uint8_t chip, core;
    bool given[D2_N_PARAMS]; /* the others are 0:0 */
    struct d2_code code[D2_N_PARAMS];
    uint32_t n_neurons;
    struct d2_neuron *neuron; /* ascending index */
};

struct d2_channel { /* of an input: where its events go; hops from chip 0 */
    uint32_t n;
    struct d2_destination *to;
};

struct d2_input {
    uint32_t n;
    struct d2_channel *channel;
};

enum { D2_MAX_BOUND = 4 }; /* device parameters that one parameter of a model may be bound to */

/* Set in the number of device parameters of an image where the latch that a model names follows. */
enum { D2_LATCHED = 0x80 };

struct d2_bound {   /* a parameter of a model that the bias generator makes */
    uint32_t param; /* of the kernel */
    uint32_t n;
    uint8_t device[D2_MAX_BOUND];
    int latch; /* that lets the current flow (enum d2_latch); -1: it always does */
};

/* The latch of a current for which the model names none: so_dc of the direct current, else -1. */
int d2_own_latch(const struct d2_bound *b);

struct d2_receptor {
    uint32_t n; /* dendrites: 0, 1 or 2 */
    uint8_t dendrite[2];
    bool negative[2]; /* the weight's sign at that dendrite */
    uint32_t n_scale; /* 1 or the neurons of the group */
    double *scale;    /* current of a weight of 1, before the gain */
};

struct d2_group {
    uint32_t n_bound, n_receptors;
    struct d2_bound *bound;
    struct d2_receptor *receptor;
};

struct d2_config {
    struct d2_grid grid;
    double gain;
    uint32_t n_cores, n_inputs, n_groups;
    struct d2_core *core; /* ascending (chip, core) */
    struct d2_input *input;
    struct d2_group *group;
};

/* Sections CONF and MAPS of an image; every number checked. False: reported (E0701). */
bool d2_config_read(struct arena *a, const struct image *im, struct d2_config *out,
                    struct diags *d);

/* ---- meaning, as decode.c and the compiler read it (meaning.c) ---- */

/* All weights that the configuration's bits make: every CAM entry with a current finds its sources
 * by tag, entries of one source at one receptor add up in slot order, in float64, and are divided
 * by scale times gain and rounded once. Sorted by all members from left to right; zeros are left
 * out. */
struct d2_weight {
    bool from_input;
    uint32_t src, dst; /* input or group; group */
    uint32_t receptor;
    uint32_t pre, post;
    float weight;
};

/* -1, 0 or 1: that order, without the weight. */
int d2_compare_weights(const struct d2_weight *x, const struct d2_weight *y);

struct d2_weights {
    size_t n;
    struct d2_weight *v;
};

/* How many synapses a configuration may make: four for each CAM entry (tags may be shared), 64 for
 * each neuron of the network (as many as it may have), and at least D2_MAX_SYNAPSES. Tags make it
 * easy to ask for more memory than the image has bytes. */
enum { D2_MAX_SYNAPSES = 1 << 22 };
uint64_t d2_synapse_limit(const struct d2_config *c);

/* False with *why: a dendrite that no receptor of the model owns, or too many synapses. */
bool d2_weights(struct arena *a, const struct d2_config *c, struct d2_weights *out,
                const char **why);

/* The current of a bound parameter for one neuron. Bound to several device parameters it is their
 * mean: those of dendrites weighted by the currents of the neuron's CAM entries there (spec section
 * 10.5), evenly if it has none. 0 where its latch is off. */
double d2_bound_current(const struct d2_core *c, const struct d2_neuron *x,
                        const struct d2_bound *b);

/* The core's current of one parameter; d2_has_current() must hold. */
double d2_core_current(const struct d2_core *c, uint32_t param);

/* The monitor entry of a neuron: its events on the way to the host. NULL: it has none. */
const struct d2_sram *d2_monitor(const struct d2_neuron *x);

#endif
