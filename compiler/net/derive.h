/* Values of a layer's parameters, lets and initial states in float64, each for one neuron or for
 * all of them: what the builder computes defaults with, and the printer what a reader of its text
 * will compute. */
#ifndef NET_DERIVE_H
#define NET_DERIVE_H

#include "compiler/net/model.h"

struct derived {
    double *v; /* n values, or one if uniform */
    bool uniform;
};

struct derive {
    struct arena *arena; /* of the values; a short-lived one */
    const struct model *model;
    uint32_t n; /* neurons */
    double dt;
    struct derived *param; /* filled in by the caller, in default order */
    struct derived *let;   /* filled in by derive_lets() */
    bool *reads_param, *reads_let;
    double *env_param, *env_let;
};

void derive_init(struct derive *d, struct arena *a, const struct model *m, uint32_t n, double dt);
/* An expression over parameters (and lets) whose values are there: uniform if all it reads are. */
struct derived derive_expr(struct derive *d, uint32_t expr);
/* All lets, in order; the parameters must be there. */
void derive_lets(struct derive *d);

#endif
