/* Configurations of a Speck for tests: drawn at random within all ranges, and compared. */
#ifndef TESTS_UNIT_SPECK_CONFIGS_H
#define TESTS_UNIT_SPECK_CONFIGS_H

#include "targets/speck/config.h"

/* Some cores with layers, everything else anywhere in its range; the same for the same seed. */
void speck_draw_config(struct arena *a, enum speck_chip chip, uint32_t seed,
                       struct speck_config *out);
/* As above, of what the flash layout holds; input maps as it reads them back. */
void speck_draw_flash(struct arena *a, uint32_t seed, struct speck_config *out);

/* Fails the test at the first field that differs. */
void speck_same_config(const struct speck_config *x, const struct speck_config *y);

/* Two layers: `first` on core 3 of two inputs, `second` on core 0, which is the output. */
struct speck_network {
    struct speck_config config;
    struct speck_maps maps;
    struct plan plan;
    struct image image;
};
void speck_small_network(struct arena *a, enum speck_chip chip, struct speck_network *out);

/* An image of CONF and MAPS alone, in the arena, without a container around them. */
void speck_sections(struct arena *a, const struct speck_config *c, const struct speck_maps *m,
                    struct image *out);

#endif
