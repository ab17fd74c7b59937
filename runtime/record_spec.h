/* What to record, from text: `all`, `none` or `LAYER.VARIABLE,...`. */
#ifndef RUNTIME_RECORD_SPEC_H
#define RUNTIME_RECORD_SPEC_H

#include "runtime/run.h"

/* NULL: what the plan says. False: reported (E0201 with the nearest name). */
bool record_spec(struct arena *a, const struct plan *p, const char *spec, struct run_record **out,
                 uint32_t *n, struct diags *d);

#endif
