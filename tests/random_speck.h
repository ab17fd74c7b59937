/* Random networks for a Speck, as a plan and as the configuration of a chip that does the same: the
 * configuration is written here, by none of the passes. Layers on any cores, with any kernel,
 * stride, padding and pool that a core has, dense ones, layers with two sources, a sensor; whole
 * numbers, also near the ends of 16 bits. */
#ifndef TESTS_RANDOM_SPECK_H
#define TESTS_RANDOM_SPECK_H

#include "targets/speck/config.h"
#include "tests/random_events.h"

struct random_speck {
    struct speck_config config;
    struct speck_maps maps;
};

/* Fills f->p, f->s and the trials of f->o in. */
void random_speck_make(struct run_fixture *f, uint64_t seed, struct random_speck *out);

#endif
