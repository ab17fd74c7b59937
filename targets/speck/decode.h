/* What targets.c offers of Speck: an image's configuration as the rest of a plan. */
#ifndef SPECK_DECODE_H
#define SPECK_DECODE_H

#include "targets/speck/config.h"
#include "targets/target.h"

/* As struct target documents it. */
bool speck_decode(struct arena *a, const struct image *im, struct plan *p, struct diags *d);

#endif
