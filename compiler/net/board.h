/* What is known about a network's place on a board: filled in by hand (a board section), by the
 * passes (place, quantize, route, bias) or by decoding an image, printed as a board section,
 * encoded by the target. Partial at any stage; a pass keeps what is there.
 *
 * Numbers of dendrites and names of parameters and latches are the target's (its limits.h). */
#ifndef NET_BOARD_H
#define NET_BOARD_H

#include "runtime/base/diag.h"
#include "runtime/base/vec.h"

struct board_bias {
    const char *name; /* device parameter: "SOIF_DC_P" */
    uint8_t coarse, fine;
    struct span span; /* of the line that gave it by hand; file 0: computed */
};

struct board_cam {
    uint16_t tag;
    uint8_t slot;
    uint8_t mask; /* bit k selects base current k */
    uint8_t dendrite;
};

struct board_sram {
    uint16_t tag;
    uint8_t slot;
    uint8_t cores; /* bit k: core k */
    int8_t x_hop, y_hop;
};

/* What of a neuron is settled: given by hand, or computed by the passes. Such a kind is complete,
 * nothing is added to it. */
enum { BOARD_LATCH = 1, BOARD_CAM = 2, BOARD_SRAM = 4, BOARD_ALL = 7 };

struct board_neuron {
    uint16_t index;   /* within the core */
    int32_t layer;    /* index of the layer; -1: used by hand but no neuron of the network */
    uint32_t element; /* index within the layer */
    uint8_t given;    /* BOARD_LATCH | BOARD_CAM | BOARD_SRAM */
    VEC(const char *) latch;
    VEC(struct board_cam) cam;
    VEC(struct board_sram) sram;
    struct span span;
};

struct board_core {
    uint32_t chip, core; /* core within the chip, 0..3 */
    VEC(struct board_bias) bias;
    VEC(struct board_neuron) neuron; /* ascending index */
    bool has_error;                  /* of its weights, found when they were quantized: */
    double error;                    /* the largest, over the largest weight */
    struct span span;
};

struct board_destination { /* of an input channel; hops from chip 0 */
    uint16_t tag;
    uint8_t cores;
    int8_t x_hop, y_hop;
};

struct board_input {
    uint32_t input, channel;
    VEC(struct board_destination) to;
    struct span span;
};

struct board_address {
    uint32_t chip, core, neuron;
};

struct board_output {
    uint32_t layer;
    VEC(struct board_address) at; /* one for each neuron of the layer, in index order */
    struct span span;
};

struct board_place { /* `place LAYER[a:b] on chip C core K;`: a wish with several neurons */
    uint32_t layer, first, count;
    uint32_t chip, core;
    struct span span;
};

struct board_profile { /* what is known about one chip: `profile = "chip-0042.json";` */
    uint32_t chip;
    const char *file;    /* as it is written: relative to the source */
    const void *content; /* what the target's read_profile() made of it */
    struct span span;
};

struct board {
    const char *target;     /* "dynapse2" */
    uint32_t columns, rows; /* of the grid of chips; 0: the target's usual board */
    double gain;            /* multiplies every weight current; 1 unless given */
    bool gain_auto;
    VEC(struct board_profile) profile; /* ascending chip */
    VEC(struct board_place) place;
    VEC(struct board_core) core;   /* ascending (chip, core) */
    VEC(struct board_input) input; /* ascending (input, channel) */
    VEC(struct board_output) output;
    struct span span;
};

/* The core or neuron, added in order where it isn't there. Good until the next one is added. */
struct board_core *board_core(struct arena *a, struct board *b, uint32_t chip, uint32_t core);
struct board_core *board_find_core(const struct board *b, uint32_t chip, uint32_t core);
struct board_neuron *board_neuron(struct arena *a, struct board_core *c, uint32_t index);
struct board_bias *board_find_bias(const struct board_core *c, const char *name);
void board_set_bias(struct arena *a, struct board_core *c, const char *name, uint8_t coarse,
                    uint8_t fine, struct span span);

#endif
