/* Why a layer doesn't fit the chip, and which one change would make it fit. Knows no network: pass
 * `assign`, `dyn fit` and the checks before them put names to it. */
#ifndef SPECK_REASONS_H
#define SPECK_REASONS_H

#include "targets/speck/limits.h"

/* Every limit that the layer breaks: ranges first, then the cores' memories. `where` names the
 * layer. Each that features, kernel, stride or a pool alone would mend says so, in numbers that
 * were tried. True: it breaks none. */
bool speck_layer_fits(const struct speck_layer *l, const char *where, struct speck_faults *f);

/* Whether it breaks none, and one of these cores (bit i: core i) can hold it. */
bool speck_fits(const struct speck_layer *l, uint32_t cores);

enum { SPECK_ALL_CORES = (1 << SPECK_CORES) - 1 };

/* The single changes with which the layer would fit one of these cores, as "with 8
 * features, or stride 2"; NULL: none does. */
const char *speck_ways_to_fit(struct arena *a, const struct speck_layer *l, uint32_t cores);

/* Words in the order of struct speck_memory: "its kernels", "its neurons", "its biases". */
const char *speck_memory_name(uint32_t kind);

#endif
