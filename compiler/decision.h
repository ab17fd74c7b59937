/* How often a classifier is right: `dyn run --labels`. A trial's decision is the neuron of the
 * output layer with the most spikes, the lowest index of those that tie. */
#ifndef COMPILER_DECISION_H
#define COMPILER_DECISION_H

#include "runtime/base/json.h"
#include "runtime/run.h"

struct labels {
    uint32_t n;     /* labels repeat where there are more trials */
    uint32_t *v;    /* of each trial: index of the right neuron */
    uint32_t group; /* of the plan: the layer that decides */
};

/* `file`, or its member: whole numbers, one for each trial of a stimulus with so many trials. The
 * network must have one output layer. False: reported (E0808; E0901 and E0502 as by npy_load()). */
bool labels_load(struct arena *a, const struct plan *p, const char *file, const char *member,
                 uint32_t trials, struct labels *out, struct diags *d);

void decision_text(struct buf *out, const struct plan *p, const struct run_result *r,
                   const struct labels *l);
/* Adds "accuracy": one number for each chip, and "decisions": [chips][trials]. */
void decision_json(struct json *j, const struct plan *p, const struct run_result *r,
                   const struct labels *l);

#endif
