/* A configuration in the vendor's terms: what export_config.c (the text that samna reads and
 * writes), export_merge.c (the same, merged onto such a text) and export_samna.c (a program that
 * uses samna) share.
 *
 * All of them set the same things and no others: the parameters that a core was given, be they its
 * own or shared with others of its chip, all that one with neurons needs, and every neuron of the
 * configuration whole, with its 14 latches, 64 CAM entries and 4 SRAM entries, empty ones included.
 * Other neurons and parameters stay what the vendor's default has. */
#ifndef DYNAPSE2_EXPORT_H
#define DYNAPSE2_EXPORT_H

#include "runtime/base/json.h"
#include "targets/dynapse2/config.h"

/* As struct target documents them. */
bool d2_export_config(struct arena *a, const struct image *im, struct bytes base, const char *what,
                      struct file_out *out, struct diags *d);
bool d2_export_samna(struct arena *a, const struct image *im, const struct plan *p,
                     const char *stimulus, struct buf *out, struct diags *d);

/* Whether the configuration sets a parameter of a core. */
bool d2_is_set(const struct d2_core *c, uint32_t param);

/* A parameter's name among those of one core in the vendor's library; NULL: the library keeps it
 * for several cores or doesn't know it. */
const char *d2_core_name(uint32_t param);

/* What a chip of the library keeps for several cores: all, 0 and 1, 2 and 3. */
enum d2_shared { D2_GLOBAL, D2_PAIR01, D2_PAIR23, D2_N_SHARED };
extern const char *const d2_shared_key[D2_N_SHARED];       /* in its text: "globalParameters" */
extern const char *const d2_shared_attribute[D2_N_SHARED]; /* in Python: "global_parameters" */
/* A parameter's name there; NULL: it isn't kept there. */
const char *d2_shared_name(enum d2_shared where, uint32_t param);
/* What the configuration sets it to, by the first core that is given it; NULL: nothing. */
const struct d2_code *d2_shared_code(const struct d2_config *c, uint32_t chip, enum d2_shared where,
                                     uint32_t param);

/* False: a core is given a parameter that the library doesn't have for one core or a pair or all of
 * a chip, or another value than a core that it shares it with (E0602). */
bool d2_exportable(const struct d2_config *c, struct diags *d);

/* Names of the latches in the library's text, in the order of enum d2_latch: "latchSoDc". */
extern const char *const d2_latch_key[D2_N_LATCHES];

/* The CAM entry of a slot, the SRAM entry of a slot; empty ones where the neuron has none. */
struct d2_cam d2_cam_at(const struct d2_neuron *x, uint32_t slot);
struct d2_destination d2_sram_at(const struct d2_neuron *x, uint32_t slot);

/* A core and its neuron of that index; NULL: the configuration says nothing of it. */
const struct d2_core *d2_find_core(const struct d2_config *c, uint32_t chip, uint32_t core);
const struct d2_neuron *d2_find_neuron(const struct d2_core *c, uint32_t index);

/* The vendor's text `base` with what the configuration sets; every other byte stays. False:
 * reported (E0904, with the place in `what`). */
bool d2_merge(const struct d2_config *c, struct bytes base, const char *what, struct file_out *out,
              struct diags *d);

#endif
