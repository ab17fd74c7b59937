/* The fields of a Speck configuration, one line each: name, where it is kept, default, range. What
 * goes over all of them (defaults, checks, sections of an image, JSON, programs for the vendor's
 * library) goes over these tables, so that none is forgotten anywhere. Arrays aren't in them. */
#ifndef SPECK_FIELDS_H
#define SPECK_FIELDS_H

#include "targets/speck/config.h"

enum speck_kind { SPECK_BOOL, SPECK_INT, SPECK_POOL, SPECK_STRIDE, SPECK_TARGET };

struct speck_field {
    const char *name; /* "dimensions.padding.x": attributes of the library's object */
    enum speck_kind kind;
    uint32_t offset;
    int32_t fresh[SPECK_CHIPS]; /* the default */
    int32_t low, high;          /* of SPECK_INT, both allowed */
    bool only_2f;
};

struct speck_block {
    const char *name; /* "dvs_layer"; NULL: it is part of another */
    uint32_t n;
    const struct speck_field *field;
};

extern const struct speck_block speck_layer_block;       /* of struct speck_cnn_layer */
extern const struct speck_block speck_destination_block; /* of struct speck_destination */
extern const struct speck_block speck_dvs_target_block;  /* of struct speck_dvs_destination */

/* Parts of the configuration beside the cores: dvs_layer, dvs_filter, readout, factory_config.
 * Offsets are those of struct speck_config. */
enum { SPECK_DVS_LAYER, SPECK_DVS_FILTER, SPECK_READOUT_BLOCK, SPECK_FACTORY, SPECK_BLOCKS };
extern const struct speck_block speck_block[SPECK_BLOCKS];

int32_t speck_get(const void *object, const struct speck_field *x);
void speck_set(void *object, const struct speck_field *x, int32_t value);

/* Whether that chip has the field. */
bool speck_has(enum speck_chip chip, const struct speck_field *x);

/* "0 to 7", "1, 2 or 4": what a value may be; NULL: this one may. */
const char *speck_wrong(struct arena *a, const struct speck_field *x, int32_t value);

#endif
