/* What is known about one chip: neurons that are dead, CAM entries that misbehave, and how far the
 * parameters of its neurons are from what the chip is asked for. Read from a JSON file (PROFILE.md)
 * that a board section names for a chip. Mapping keeps away from what is broken; simulations take
 * what was measured.
 *
 * Chips without a profile are taken to be without faults. All questions below take constant time
 * but for the search for the chip, which is binary. */
#ifndef DYNAPSE2_PROFILE_H
#define DYNAPSE2_PROFILE_H

#include "targets/compile.h"
#include "targets/dynapse2/limits.h"

struct d2_measured {
    const char *name; /* device parameter, or a layout of a model */
    int param;        /* index in d2_param; -1: a layout */
    uint32_t n;       /* neurons with a factor */
    float *factor;    /* actual / nominal, [D2_CORES * D2_NEURONS]; 0: not measured */
};

struct d2_profile {
    const char *chip, *note; /* NULL: not given */
    uint64_t dead[D2_CORES][D2_NEURONS / 64];
    uint64_t bad_cam[D2_CORES][D2_NEURONS]; /* bit k: entry k */
    VEC(struct d2_measured) measured;
};

/* Reads a file's text; `file` is its number in the table of sources, for places in messages. NULL:
 * reported (E0503, E0504), as many mistakes as there are. */
struct d2_profile *d2_profile_read(struct arena *a, const char *text, size_t n, uint32_t file,
                                   struct diags *d);

/* ---- what mapping asks ---- */

/* NULL: the chip has none. */
const struct d2_profile *d2_profile_of(const struct board *b, uint32_t chip);

bool d2_neuron_is_dead(const struct board *b, uint32_t chip, uint32_t core, uint32_t neuron);
bool d2_cam_is_bad(const struct board *b, uint32_t chip, uint32_t core, uint32_t neuron,
                   uint32_t slot);
/* All bad entries of a neuron: bit k is entry k. */
uint64_t d2_bad_cam(const struct board *b, uint32_t chip, uint32_t core, uint32_t neuron);
/* Neurons of a core that aren't dead. */
uint32_t d2_usable_neurons(const struct board *b, uint32_t chip, uint32_t core);
/* CAM entries of a neuron that aren't bad. */
uint32_t d2_usable_cam(const struct board *b, uint32_t chip, uint32_t core, uint32_t neuron);

/* ---- what simulation asks ---- */

/* NULL: nothing was measured under this name. `param` as in struct d2_measured. */
const struct d2_measured *d2_find_measured(const struct d2_profile *p, int param, const char *name);

/* Gives every neuron of the network whose place is known the factors that the profile of its chip
 * has, where the network has none itself. A parameter that several device parameters make gets
 * their mean, weighted as their currents are. Tells about neurons without a place (W0657) and
 * about what was measured but isn't in the network (W0656). n must have a board. */
void d2_measure(struct net *n, struct diags *d);

/* ---- the entry of the target's table ---- */

extern const struct target_profile d2_profiles;

#endif
