/* Results of a run as a .npz that numpy.load() reads: `LAYER.VARIABLE` for each recorded variable,
 * [trials, steps, neurons...] or with `chips` [chips, trials, steps, neurons...], spikes uint8 and
 * states float32; `input.NAME`, the stimulus as it was applied, [trials, steps, channels...], in
 * the smallest unsigned type that holds its counts; `dt` in seconds (float64, no dimensions). */
#ifndef RUNTIME_RECORD_NPZ_H
#define RUNTIME_RECORD_NPZ_H

#include "runtime/run.h"

/* False: reported (E0902). */
bool record_npz(const char *path, const struct plan *p, const struct stimulus *s,
                const struct run_result *r, bool chips, struct diags *d);

#endif
