/* What leaves an image for people, for the vendor's library and for the chip: JSON (dump_json.c), a
 * program that uses samna (export_samna.c) and the flash, as struct target documents them. */
#ifndef SPECK_EXPORT_H
#define SPECK_EXPORT_H

#include "runtime/base/json.h"
#include "targets/speck/config.h"

bool speck_dump_json(struct arena *a, const struct image *im, const struct plan *p,
                     struct json *out, struct diags *d);
bool speck_export_samna(struct arena *a, const struct image *im, const struct plan *p,
                        const char *stimulus, struct buf *out, struct diags *d);
/* Of a 2e (flash.h). */
bool speck_export_flash(struct arena *a, const struct image *im, struct bytes *out,
                        struct diags *d);
bool speck_dump_flash(struct arena *a, struct bytes flash, const char *what, struct json *out,
                      struct diags *d);

/* The sections of an image whose plan is `p`, which must have as many layers and inputs as they
 * map. False: reported (E0701). */
bool speck_read_for(struct arena *a, const struct image *im, const struct plan *p,
                    struct speck_config *c, struct speck_maps *m, struct diags *d);

/* An array of a configuration: one of the two. */
struct speck_values {
    const int8_t *narrow;
    const int16_t *wide;
};

/* The layer of the plan on a core; -1: none. */
int speck_layer_on(const struct speck_maps *m, uint32_t core);

#endif
