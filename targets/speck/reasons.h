/* Why a layer doesn't fit the chip, and which one change would make it fit. Knows no network: pass
 * `assign`, `dyn fit` and the checks before them put names to it. */
#ifndef SPECK_REASONS_H
#define SPECK_REASONS_H

#include "targets/speck/limits.h"

/* Every limit that the layer breaks: ranges first, then the cores' memories. `where` names the
 * layer. Each that features, kernel, stride or a pool alone would mend says so, in numbers that
 * were tried. True: it breaks none. */
bool speck_layer_fits(const struct speck_layer *l, const char *where, struct speck_faults *f);

/* Words in the order of struct speck_memory: "its kernels", "its neurons", "its biases". */
const char *speck_memory_name(uint32_t kind);

#endif
