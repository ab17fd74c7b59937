/* What targets.c offers of DYNAP-SE2: an image's configuration as the rest of a plan, and as JSON.
 */
#ifndef DYNAPSE2_DECODE_H
#define DYNAPSE2_DECODE_H

#include "targets/dynapse2/config.h"
#include "targets/target.h"

/* As struct target documents them. */
bool d2_decode(struct arena *a, const struct image *im, struct plan *p, struct diags *d);
bool d2_dump_json(struct arena *a, const struct image *im, const struct plan *p, struct json *out,
                  struct diags *d);

/* "readout[1]", "grid[2, 0]": a neuron that the plan knows. */
void d2_put_source(struct buf *b, const struct plan *p, const struct d2_neuron *x);

#endif
