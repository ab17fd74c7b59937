/* A target, run half: what libdyn-run needs to execute an image of it. The table of all targets is
 * targets/targets.c. Knows nothing of a network: decode() completes a plan. */
#ifndef TARGETS_TARGET_H
#define TARGETS_TARGET_H

#include "runtime/base/json.h"
#include "runtime/image.h"

struct target {
    const char *name;  /* "dynapse2" */
    const char *title; /* "DYNAP-SE2 (mixed-signal, 4 cores x 256 neurons a chip)" */
    /* Completes a plan whose shared sections were read: synapses and the values of programmed
     * currents as the configuration's bits say. False: reported (E07xx). */
    bool (*decode)(struct arena *a, const struct image *im, struct plan *p, struct diags *d);
    /* The configuration as interfaces.md documents for `dump --json`. */
    bool (*dump_json)(struct arena *a, const struct image *im, const struct plan *p,
                      struct json *out, struct diags *d);
};

extern const struct target target_sim, target_dynapse2; /* target.c in their folders */

/* All targets, ended by NULL: sim, dynapse2. */
extern const struct target *const targets[];
const struct target *target_find(const char *name); /* NULL if unknown */

/* The whole way from an image's bytes to a plan that runs. */
bool target_load(struct arena *a, const struct image *im, struct plan *out, struct diags *d,
                 const char *what);

#endif
