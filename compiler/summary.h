/* What a run comes to, for people and as JSON: counts, rates, FRR and a small raster of every
 * output layer; over many trials a distribution; over several chips the share that meets a
 * condition. */
#ifndef COMPILER_SUMMARY_H
#define COMPILER_SUMMARY_H

#include "compiler/decision.h"

/* FRR, the firing rate ratio: highest count / lowest count, the latter at least 1. */
double firing_rate_ratio(const uint64_t *count, uint32_t n);

/* `frr>=5`, `rate<100`, `count>0`: holds of a trial if it holds of the layer (frr) or of every
 * neuron of it (rate in Hz, count in spikes). */
enum condition_what { COND_FRR, COND_RATE, COND_COUNT };
enum condition_op { COND_GE, COND_GT, COND_LE, COND_LT };

struct condition {
    enum condition_what what;
    enum condition_op op;
    double value;
};

bool condition_parse(const char *s, struct condition *out);
/* How many chips meet it in every trial and every output layer. */
uint32_t condition_chips(const struct condition *c, const struct plan *p,
                         const struct run_result *r);

/* `condition` is what was asked for on the command line; NULL: nothing, as for the labels. */
void summary_text(struct buf *out, const struct plan *p, const struct run_result *r,
                  const struct condition *c, const char *condition, const struct labels *l);
void summary_json(struct json *j, const struct plan *p, const struct run_result *r,
                  const struct condition *c, const char *condition, const struct labels *l);

#endif
