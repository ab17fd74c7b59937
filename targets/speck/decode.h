/* What targets.c offers of Speck: an image's configuration as the rest of a plan. */
#ifndef SPECK_DECODE_H
#define SPECK_DECODE_H

#include "targets/speck/config.h"
#include "targets/target.h"

/* As struct target documents them. Images don't run: emulate() says so (E0602). */
bool speck_decode(struct arena *a, const struct image *im, struct plan *p, struct diags *d);
bool speck_emulate(struct arena *a, const struct image *im, struct plan *p, struct findings *found,
                   struct diags *d);

#endif
