/* The plan: a network as it runs. What an image decodes to and what the engine executes.
 *
 * Groups of neurons with one kernel each, inputs, and projections (synapses, row by presynaptic
 * neuron). Made from a network by targets/sim/map.c, or from an image's sections by
 * runtime/plan_image.c together with the target's decode(). It has no pointers to anything of the
 * compiler's; the compiler's raise.c turns it into a network again.
 *
 * Units: SI (ampere, farad, volt, second); weights are dimensionless. */
#ifndef RUNTIME_PLAN_H
#define RUNTIME_PLAN_H

#include "runtime/base/buf.h"
#include "runtime/kernel.h"

enum { PLAN_MAX_RANK = 4, PLAN_MAX_DELAY = 1000000 };

struct plan_shape {
    uint32_t rank;
    uint32_t extent[PLAN_MAX_RANK];
};

/* One value for each neuron, or one for all (n == 1 or uniform). */
struct column {
    float *v;
    bool uniform;
};

struct plan_span { /* where in its source file a thing was declared; line and column from 1 */
    uint32_t file, begin, end, line, column;
};

/* The ends of what a measured factor (actual / nominal) may be: what lies outside is a mistake. */
#define PLAN_MIN_FACTOR 0.01f
#define PLAN_MAX_FACTOR 100.0f

struct plan_group {
    const char *name;
    uint32_t n; /* neurons */
    struct plan_shape shape;
    uint32_t kernel;      /* index in plan.kernel */
    struct column *param; /* nominal values, one column for each parameter of the kernel */
    struct column *init;  /* initial states */
    double *mismatch;     /* for each parameter: three standard deviations, relative; 0: none */
    /* For each parameter: actual / nominal of each neuron as measured, 0 where it wasn't; NULL: all
     * 0. What was measured doesn't deviate by `mismatch`. NULL: no parameter has any. */
    float **factor;
    struct plan_span span;
};

struct plan_input {
    const char *name;
    uint32_t n; /* channels */
    struct plan_shape shape;
    struct plan_span span;
};

/* Synapses from a group or an input to a receptor of a group. Row `pre` holds synapses
 * [row[pre], row[pre + 1]); `post` ascends within a row. */
struct plan_projection {
    bool from_input;
    uint32_t src, dst; /* input or group; group */
    uint32_t receptor;
    uint32_t delay; /* steps. From a group at least 1; from an input 0 or more;
                       at most PLAN_MAX_DELAY */
    uint32_t n_pre;
    uint64_t *row; /* n_pre + 1 */
    uint32_t *post;
    float *weight;
    struct plan_span span;
};

struct plan_record {
    uint32_t group;
    int32_t state; /* index of a state; -1: spikes */
};

struct plan {
    const char *network;
    double dt; /* seconds; the kernels see (float)dt */
    VEC(struct kernel *) kernel;
    VEC(struct plan_input) input;
    VEC(struct plan_group) group;
    VEC(struct plan_projection) projection; /* in source order: the order of sums */
    VEC(struct plan_record) record;
    VEC(uint32_t) output; /* groups */
    bool has_mismatch;
    uint32_t mismatch_seed;
    const char *models; /* the neuron models as .dyn text (what `dump` prints); "" if unknown */
    VEC(const char *) files; /* source files, for plan_span.file (index from 1) */
};

/* Appends "readout[1]", "map[0, 3, 4]": an element of a group or input. */
void plan_element_name(struct buf *out, const char *name, const struct plan_shape *shape,
                       uint32_t element);

/* Checks names, indices, shapes, row order, delays, and that values are finite (a plain parameter
 * may be infinite). False: *why says what is wrong. */
bool plan_verify(const struct plan *p, const char **why);
/* The same without the projections' rows, which an image for a chip leaves to the target. */
bool plan_verify_shared(const struct plan *p, const char **why);

#endif
