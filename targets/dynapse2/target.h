/* DYNAP-SE2, run half: the entry of targets/targets.c and its functions. */
#ifndef DYNAPSE2_TARGET_H
#define DYNAPSE2_TARGET_H

#include "targets/target.h"

extern const struct target target_dynapse2;

/* decode.c: the plan's synapses and programmed currents. */
bool d2_decode(struct arena *a, const struct image *im, struct plan *p, struct diags *d);
/* dump_json.c: the configuration as JSON. */
bool d2_dump_json(struct arena *a, const struct image *im, const struct plan *p, struct json *out,
                  struct diags *d);

#endif
