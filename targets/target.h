/* A target, run half: what libdyn-run needs to execute an image of it. The table of all targets is
 * targets/targets.c. Knows nothing of a network: decode() and emulate() complete a plan. */
#ifndef TARGETS_TARGET_H
#define TARGETS_TARGET_H

#include "runtime/base/json.h"
#include "runtime/findings.h"
#include "runtime/image.h"

struct target {
    const char *name;  /* "dynapse2" */
    const char *title; /* "DYNAP-SE2 (mixed-signal, 4 cores x 256 neurons a chip)" */
    /* Completes a plan whose shared sections were read: synapses and the values of programmed
     * currents as the configuration's bits say. What the configuration means as a network, for
     * showing and comparing it. False: reported (E07xx). */
    bool (*decode)(struct arena *a, const struct image *im, struct plan *p, struct diags *d);
    /* The virtual chip: the same for running it, found by following events over the chip, with
     * what is odd about it (W07xx). */
    bool (*emulate)(struct arena *a, const struct image *im, struct plan *p, struct findings *found,
                    struct diags *d);
    /* The configuration as interfaces.md documents for `dump --json`. */
    bool (*dump_json)(struct arena *a, const struct image *im, const struct plan *p,
                      struct json *out, struct diags *d);
    /* ---- for a board, through the vendor's library samna; NULL: there is none ---- */
    /* A program in Python that gives a board the configuration, streams a stimulus in and records
     * the answer. `stimulus` names the file beside it that it plays if told nothing else, NULL:
     * none. False: reported (E0602). */
    bool (*export_samna)(struct arena *a, const struct image *im, const struct plan *p,
                         const char *stimulus, struct buf *out, struct diags *d);
    /* The configuration as the library reads it, merged onto what it wrote: the text `base`, that
     * `what` names in messages. Without data: onto nothing, which is told (W0951). False: reported
     * (E0602, E0904). */
    bool (*export_config)(struct arena *a, const struct image *im, struct bytes base,
                          const char *what, struct file_out *out, struct diags *d);
    /* ---- the bytes that a chip boots from a memory beside it; NULL: it doesn't ---- */
    /* False: reported (E0602: what has no place in them). */
    bool (*export_flash)(struct arena *a, const struct image *im, struct bytes *out,
                         struct diags *d);
    /* What such bytes, which `what` names, say: as dump_json, without names. Untrusted. False:
     * reported (E0701). */
    bool (*dump_flash)(struct arena *a, struct bytes flash, const char *what, struct json *out,
                       struct diags *d);
    const char *flash_note; /* what to know of their layout */
};

extern const struct target target_sim, target_dynapse2, target_speck2e,
    target_speck2f; /* target.c in their folders */

/* All targets, ended by NULL: sim, dynapse2, speck2e, speck2f. */
extern const struct target *const targets[];
const struct target *target_find(const char *name); /* NULL if unknown */

/* The whole way from an image to a plan, by decode(). */
bool target_load(struct arena *a, const struct image *im, struct plan *out, struct diags *d,
                 const char *what);
/* The same by emulate(): the plan that runs. */
bool target_emulate(struct arena *a, const struct image *im, struct plan *out,
                    struct findings *found, struct diags *d, const char *what);

#endif
