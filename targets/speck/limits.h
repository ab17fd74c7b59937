/* What a Speck chip has: cores and their memories, ranges, names; what a layer needs of them.
 *
 * Each fact names its source. [A] sinabs 3.1.3, the open software of the chip's maker; [B] the
 * public manual of samna 0.48.5; [C] the datasheet of the Speck dev kit, August 2023; [D] the
 * manual "Speck2e 1.02", whose pages nobody has tried on silicon; [E] user code that is public; [?]
 * stated nowhere: the choice is ours. 2e and 2f are alike but for what config.h says.
 *
 * A layer is a convolution and its neurons: one layer to a core. Pairs are y, x. */
#ifndef SPECK_LIMITS_H
#define SPECK_LIMITS_H

#include "runtime/base/vec.h"
#include <stdbool.h>
#include <stdint.h>

enum {
    SPECK_CORES = 9,           /* ids 0 .. 8 on the bus of events [A, B] */
    SPECK_READOUT = 12,        /* id of the readout block [A, B] */
    SPECK_DVS = 13,            /* id of the sensor's pre-processing [A, B] */
    SPECK_DESTINATIONS = 2,    /* of a core, of the pre-processing [A, B] */
    SPECK_SENSOR = 128,        /* rows and columns of the sensor, and of a core's input map [B] */
    SPECK_MAX_OUTPUT = 64,     /* rows and columns of a core's neurons [B] */
    SPECK_MAX_FEATURES = 1024, /* in and out [B] */
    SPECK_MAX_KERNEL = 16,     /* 1 .. 16, square [B] */
    SPECK_MAX_PADDING = 7,     /* 0 .. 7 [B] */
    SPECK_MAX_STRIDE = 8,      /* 1, 2, 4, 8 [B] */
    SPECK_MAX_POOL = 4,        /* 1, 2, 4 [B] */
    SPECK_MAX_SHIFT = 1023,    /* of features on the way to a destination: 0 .. 1023 [B: MIN_FEATURE
                                  - 1 to MAX_FEATURE - 1] */
    SPECK_MAX_STATE = 32767,   /* a neuron's word: 16 bits, signed [B]; that sums saturate there and
                                  don't wrap is [?] */
    SPECK_MIN_STATE = -32768,
    SPECK_READOUT_CLASSES = 15, /* and an idle one [B] */
};

/* Words of memory: of a core, or that a layer needs. A kernel word has 8 bits, the others 16. */
struct speck_memory {
    uint32_t kernel, neuron, bias;
};

extern const struct speck_memory speck_core[SPECK_CORES]; /* [A]; the same for 2e and 2f */

struct speck_layer {
    uint32_t in, out;   /* features */
    uint32_t map[2];    /* of the input: what comes out of the source's pool */
    uint32_t kernel[2]; /* a dense layer's kernel covers its whole input map */
    uint32_t stride[2], padding[2];
    bool bias;
};

/* Neurons along an axis (0: y, 1: x): (map + 2 * padding - kernel) / stride + 1; 0 where the kernel
 * is larger than the padded map. Zero strides count as 1. */
uint32_t speck_output(const struct speck_layer *l, uint32_t axis);

/* Sets kernel, stride and padding to those of a dense layer on the map: a square that covers it, at
 * one position. Along a shorter axis padding fills it up, by a row or column too many where the
 * difference is odd, so that a stride of 2 keeps it at one position. */
void speck_cover(struct speck_layer *l);

/* Bits that count up to `n`: the smallest k with 2^k >= n. */
uint32_t speck_bits(uint64_t n);

/* [A]: kernel in * 2^(bits(kh * kw) + bits(out)), neurons out * 2^(bits(h) + bits(w)), one bias a
 * feature, if the layer has any. Saturates at UINT32_MAX. (The chip's addresses round the first
 * factor up too [D]; memories are powers of two, so the same layers fit.) */
struct speck_memory speck_need(const struct speck_layer *l);

/* Bit i: core i has that much of all three memories. */
uint32_t speck_candidates(struct speck_memory need);

/* The word of a neuron within its core: y | x | feature, each as many bits as its extent needs [D].
 * sinabs shifts y by the bits of the height instead of the width: wrong where those differ. */
uint32_t speck_neuron_address(uint32_t features, uint32_t width, uint32_t f, uint32_t y,
                              uint32_t x);
/* The word of a weight: y * kernel + x | out | in [D]. */
uint32_t speck_weight_address(uint32_t kernel, uint32_t out, uint32_t in, uint32_t o, uint32_t i,
                              uint32_t y, uint32_t x);

bool speck_is_stride(int64_t x); /* 1, 2, 4, 8 */
bool speck_is_pool(int64_t x);   /* 1, 2, 4 */

/* One of how many spikes of a core leaves it, by the decimator's code 0 .. 7: 2, 4, 8, 16, 32, 128,
 * 256, 512 [A, B: the pages of both configurations]. The page of the 2f's model has 64, 128, 256
 * for the last three: the registers' pages are taken. */
uint32_t speck_decimation(uint32_t code);

/* ---- what is wrong with a layer or a configuration ---- */

struct speck_fault {
    const char *where; /* "cnn_layers[3].threshold_low", "layer `conv1`" */
    const char *what;  /* "is 0, not -32768 to -1" */
    const char *help;  /* NULL or one sentence on what would mend it */
};

struct speck_faults {
    struct arena *arena;
    VEC(struct speck_fault) list;
};

struct speck_fault *speck_fault_add(struct speck_faults *f, const char *where, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- names ---- */

enum speck_chip { SPECK_2E, SPECK_2F, SPECK_CHIPS };
extern const char *const speck_name[SPECK_CHIPS]; /* "speck2e": the target and samna's module */
int speck_find_chip(const char *name);            /* -1: none of that name */

#endif
