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
#include "runtime/base/maps.h"
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
    uint32_t n; /* channels; of a sensor: those that come out of it */
    struct plan_shape shape;
    struct sensor *sensor; /* NULL: none */
    struct plan_span span;
};

/* Synapses from a group or an input to a receptor of a group. Row `pre` holds synapses
 * [row[pre], row[pre + 1]); `post` ascends within a row. Or a convolution between maps
 * [features, height, width], which has no rows.
 *
 * With a pool, an event at (c, y, x) of the source's map is one at (c, y / pool[0], x / pool[1]),
 * and dropped where that area isn't whole; n_pre counts the pooled map. `average` divides the
 * weights by the area. */
struct plan_projection {
    bool from_input;
    uint32_t src, dst; /* input or group; group */
    uint32_t receptor;
    /* Steps, at most PLAN_MAX_DELAY. From an input 0 or more, from a group 1 or more; but 0 to a
     * group whose kernel has event code: groups are served in order within a step. */
    uint32_t delay;
    uint32_t pool[2]; /* 1: none */
    bool average;
    struct conv *conv; /* NULL: rows */
    float *bias; /* of each feature of a convolution's target, else of each neuron, added once a
                    step; NULL: none */
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

/* How a plan runs: in time steps by the kernels' step code, or event by event by their event code.
 */
enum plan_semantics { PLAN_CLOCKED, PLAN_EVENT };

struct plan {
    const char *network;
    double dt; /* seconds; the kernels see (float)dt; 0: none, for event-driven networks */
    enum plan_semantics semantics;
    VEC(struct kernel *) kernel;
    VEC(struct plan_input) input;
    VEC(struct plan_group) group;
    VEC(struct plan_projection) projection; /* in source order: the order of sums */
    VEC(struct plan_record) record;
    VEC(uint32_t) output; /* groups */
    bool has_mismatch;
    uint32_t mismatch_seed;
    const char *models; /* the neuron models as .dyn text (what `dump` prints); "" if unknown */
    VEC(const char *) files;     /* source files, for plan_span.file (index from 1) */
    struct event_device *device; /* serves the events in place of the kernels; NULL: none */
};

/* Appends "readout[1]", "map[0, 3, 4]": an element of a group or input. */
void plan_element_name(struct buf *out, const char *name, const struct plan_shape *shape,
                       uint32_t element);

/* The shape and number of channels of an input's stimuli: a sensor's own. */
struct plan_shape plan_stimulus_shape(const struct plan_input *in);
uint32_t plan_stimulus_channels(const struct plan_input *in);

/* The map that a projection's source is, before and after its pool. False: it is none, or there is
 * no whole area. */
bool plan_source_map(const struct plan *p, const struct plan_projection *j, uint32_t whole[3],
                     uint32_t pooled[3]);
/* Biases that a projection has, if any. */
uint32_t plan_biases(const struct plan *p, const struct plan_projection *j);

/* Whether it can run that way: every kernel has such code and, in steps, there is a time step
 * (E0401) and no circle of connections without delay. False: reported (E0806). */
bool plan_can_run(const struct plan *p, enum plan_semantics semantics, struct diags *d);

/* Checks names, indices, shapes, row order, delays, and that values are finite (a plain parameter
 * may be infinite). False: *why says what is wrong. */
bool plan_verify(const struct plan *p, const char **why);
/* The same without the projections' rows, which an image for a chip leaves to the target. */
bool plan_verify_shared(const struct plan *p, const char **why);

#endif
