/* Results of a run as a .npz that numpy.load() reads: `LAYER.VARIABLE` for each recorded variable,
 * [trials, steps, neurons...] or with `chips` [chips, trials, steps, neurons...], spikes uint8 and
 * states float32; `input.NAME`, the stimulus as it was applied, [trials, steps, channels...], in
 * the smallest unsigned type that holds its counts; `dt` in seconds (float64, no dimensions).
 *
 * Of an event-driven run: `LAYER.events`, an array of EVENT_DTYPE; `LAYER.STATE` at the end of each
 * trial, [trials, neurons...]; `input.NAME`, the events that were applied, of EVENT_DTYPE. */
#ifndef RUNTIME_RECORD_NPZ_H
#define RUNTIME_RECORD_NPZ_H

#include "runtime/base/npy.h"
#include "runtime/base/spool.h"
#include "runtime/run.h"

/* A result that is in memory. False: reported (E0902). */
bool record_npz(const char *path, const struct plan *p, const struct stimulus *s,
                const struct run_result *r, bool chips, struct diags *d);

/* The same file, written while the run goes on; memory needn't hold what is recorded. */
struct record_file {
    const char *path;
    const struct plan *plan;
    const struct run_options *options;
    bool chips;
    struct diags *diags;
    struct run_sink sink;
    struct npz_writer *npz; /* from the run's begin on; or event-driven: */
    struct spool *spool;
};

/* Before the run, which `o` is for: sets o->sink, unless the path is one that can't be written out
 * of order (a pipe) and has to be. */
void record_file_open(struct record_file *f, const char *path, const struct plan *p,
                      struct run_options *o, bool chips, struct diags *d);
/* After the run: writes the rest, or nothing at all if there is no result (NULL). */
bool record_file_close(struct record_file *f, const struct run_result *r);

#endif
