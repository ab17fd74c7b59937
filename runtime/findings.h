/* What a virtual chip noticed in an image: things that the real one would do without a word, such
 * as losing an event on its way.
 *
 * Routes are fixed by the configuration, so findings are made when an image is loaded, each with
 * the sources whose events it concerns. How many events that were is known after a run: from its
 * spike totals, and by playing the stimulus once more. A chip that serves events itself counts what
 * it notices. */
#ifndef RUNTIME_FINDINGS_H
#define RUNTIME_FINDINGS_H

#include "runtime/run.h"

enum {
    FINDINGS_TOLD = 5,    /* of a code, unless all are wanted */
    FINDINGS_KEPT = 1000, /* of a code, with their text; the others are counted */
};

struct finding_source {
    bool from_input;
    uint32_t src, index; /* input and channel, or group and neuron */
};

struct finding {
    enum diag_code code;
    const char *text; /* NULL beyond the first FINDINGS_KEPT */
    bool tallied;     /* its events are tally[tally] of the result: told if there are any */
    uint32_t tally;
    uint32_t n_sources;
    struct finding_source source[2];
};

struct findings {
    struct arena *arena;
    VEC(struct finding) list;
    uint32_t n[DIAG_N_CODES]; /* how many of each code */
    const char *note;         /* what was loaded, in one line for `-v`; NULL: nothing to tell */
};

/* Appends a finding without sources; good until the next one. */
struct finding *findings_add(struct findings *f, enum diag_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same of what a plan's device counts. */
void finding_tallied(struct finding *x, uint32_t tally);
/* Its events are (also) those of this source; at most two. */
void finding_concerns(struct finding *x, struct finding_source s);

/* After a run of `p` with this stimulus: each finding as a warning with its events in all chips and
 * trials, code by code; beyond FINDINGS_TOLD of a code (`all`: FINDINGS_KEPT) how many more there
 * are, and their events. */
void findings_tell(const struct findings *f, const struct plan *p, const struct stimulus *s,
                   const struct run_result *r, bool all, struct diags *d);

#endif
