/* What runs by steps and event-driven ones have in common (internal to run.c and event_*.c). */
#ifndef RUNTIME_RUN_COMMON_H
#define RUNTIME_RUN_COMMON_H

#include "runtime/run.h"

enum { MAX_JOBS = 256 };

/* Whether the stimulus is one for this plan; false: reported (E0801). */
bool run_check_stimulus(const struct plan *p, const struct stimulus *s, struct diags *d);
/* Threads. */
uint32_t run_jobs(const struct run_options *o);

/* run_plan() for plans that run event by event. */
bool event_run(struct arena *a, const struct plan *p, const struct run_options *o,
               struct run_result *out, struct diags *d);

#endif
