/* Rockpool's networks and what it made of them (tests/golden/README.md), as networks of the
 * stdlib's silicon neuron for the passes of DYNAP-SE2. */
#ifndef TESTS_DYNAPSE2_GOLDEN_H
#define TESTS_DYNAPSE2_GOLDEN_H

#include "runtime/plan.h"
#include "tests/unit/dynapse2_net.h"

struct golden_array {
    uint64_t rows, columns; /* columns: product of all extents behind the first */
    double *v;
};

static inline int golden_at(const struct golden_array *x, uint64_t row, uint64_t column)
{
    return (int)x->v[row * x->columns + column];
}

struct golden {
    struct d2_test t;
    struct arena *a; /* of t */
    const char *path;
    struct golden_array w_in, w_rec; /* [n_in, n], [n, n]; no rows: there are none */
    uint32_t n, n_in;
};

enum { GOLDEN_CURRENTS = 13, GOLDEN_LAYOUTS = 11, GOLDEN_BIASES = 23 };
extern const char *const golden_currents[GOLDEN_CURRENTS]; /* p_NAME, dq_p_NAME */
extern const char *const golden_layouts[GOLDEN_LAYOUTS];   /* p_NAME */
extern const char *const golden_biases[GOLDEN_BIASES];     /* columns of cfg_coarse and cfg_fine */

/* An absent member has no rows. */
struct golden_array golden_load(const struct golden *g, const char *member);

/* The network of a case with its parameters: an input `in`, if it has one, and a layer `out`. The
 * weights are those of members `prefix`in and `prefix`rec: "w_" as trained, "dq_w_" quantized. */
void golden_start(struct golden *g, const char *name, const char *prefix);
void golden_connect(struct golden *g); /* input first */
/* Neurons on the cores that Rockpool's mapper gave them, even where their currents differ. */
void golden_place(struct golden *g);
/* The base currents of those cores, by hand. */
void golden_bases(struct golden *g);

/* All weights of a plan are those of w_in and w_rec, its currents those of dq_p_NAME, to the bit.
 */
void golden_compare(const struct golden *g, const struct plan *p);

#endif
