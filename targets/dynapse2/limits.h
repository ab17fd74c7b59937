/* What a DYNAP-SE2 chip and its board have: counts, ranges, codes and names.
 *
 * Each fact names its source: [R] Rockpool 3.1.0, rockpool.devices.dynapse, the open software of
 * the chip's maker; [P] Richter et al., "DYNAP-SE2: a scalable multi-core dynamic neuromorphic
 * asynchronous spiking neural network processor", 2024. Where the two count differently, the
 * smaller number stands, since what fits it fits both. */
#ifndef DYNAPSE2_LIMITS_H
#define DYNAPSE2_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    D2_CORES = 4,     /* of a chip [R, P] */
    D2_NEURONS = 256, /* of a core [R, P] */
    D2_CAM = 64,      /* incoming synapses of a neuron [R, P] */
    D2_SRAM = 4,      /* destinations of a neuron [R, P] */
    D2_TAGS = 2048,   /* 11 bits: 0 .. 2047 [R, P]. [R]'s check lets 2048 pass by mistake */
    D2_MAX_HOP = 7,   /* x and y from -7 to 7 [R, P] */
    D2_BASES = 4,     /* base currents of a core = bits of a synapse's mask [R, P] */
    D2_MASKS = 16,    /* 2 ^ D2_BASES */
    D2_COARSE = 6,    /* 0 .. 5 [R] */
    D2_FINE = 256,    /* 0 .. 255 [R, P] */

    D2_HOST_HOP = -7,      /* x and y of what goes to the host: the FPGA's monitors [R] */
    D2_CONTROL_TAG = 2047, /* with hops D2_HOST_HOP: time stamps and end markers [R] */
    D2_TICK_US = 1,        /* the FPGA's unit of time [R] */
};

/* Kinds of synapse [R, P]. The numbers are those of board_cam.dendrite; the chip's own codes are
 * d2_dendrite_code. */
enum d2_dendrite { D2_NONE, D2_AMPA, D2_GABA, D2_NMDA, D2_SHUNT, D2_N_DENDRITES };
extern const char *const d2_dendrite_name[D2_N_DENDRITES];
extern const uint16_t d2_dendrite_code[D2_N_DENDRITES]; /* [R] */
int d2_find_dendrite(const char *name);                 /* -1: none of that name */

/* Switches of a neuron, in the order of the chip's configuration object [R]. */
enum d2_latch {
    D2_SO_DC,
    D2_SO_ADAPTATION,
    D2_SOIF_KILL,
    D2_COHO_CA_MEM,
    D2_HO_ENABLE,
    D2_HO_SO_DE,
    D2_DEAM_AMPA,
    D2_DENM_NMDA,
    D2_DE_CONDUCTANCE,
    D2_DEAM_ALPHA,
    D2_DENM_ALPHA,
    D2_DE_MUX,
    D2_SOIF_TYPE,
    D2_HO_ACTIVE,
    D2_N_LATCHES
};
extern const char *const d2_latch_name[D2_N_LATCHES]; /* "so_dc" */
int d2_find_latch(const char *name);

/* Parameters of the bias generator [R]. The last letter of a name is the type of its circuit; only
 * N and P have a table of currents (biasgen.h). */

/* Who shares the one value of a parameter, by the configuration object of the chip's library and
 * public scripts for it. */
enum d2_scope {
    D2_OF_CORE,
    D2_OF_PAIR, /* cores 0 and 1, cores 2 and 3 */
    D2_OF_CHIP,
    D2_OF_SADC, /* a group of the converters that measure currents, of a pair of cores */
    D2_OF_UNKNOWN,
};

struct d2_param {
    const char *name;
    double scale; /* times the table's current; 0: not known */
    char type;    /* 'N', 'P', 'V' (a voltage), 'B' (a buffer) */
    bool core;    /* one of the 23 that a core with a neuron in use is given */
    enum d2_scope scope;
};

enum { D2_N_PARAMS = 60, D2_N_CORE_PARAMS = 23 };
extern const struct d2_param d2_param[D2_N_PARAMS];

/* Index in d2_param, -1 if there is none. The delays go by SYPD_DLY0_P (scripts for the chip) as
 * well as SYPD_DYL0_P ([R]). */
int d2_find_param(const char *name);
/* The name that scripts for the chip, and so its library, use. */
const char *d2_script_name(uint32_t param);

/* The dendrite that a parameter belongs to; D2_NONE: to none. */
enum d2_dendrite d2_dendrite_of(uint32_t param);

/* Indices of the base currents SYAM_W0_P .. SYAM_W3_P in d2_param: D2_BASE_PARAM + k. */
enum { D2_BASE_PARAM = 43 };

#endif
