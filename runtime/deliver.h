/* Delivery: events through the synapses of a projection into sums of a receptor.
 *
 * The order of a sum is part of the language: presynaptic neurons ascending, each product and each
 * sum rounded to float32. Only rows of neurons that fire are looked at. Rows are added as they are
 * listed where they are sparse, and as whole rows of a matrix where they are dense; of the latter,
 * four in one go where several neurons fire, which reads and writes the sums once.
 *
 * Compiled once for each instruction set (see the Makefile), with ISA_SUFFIX. */
#ifndef RUNTIME_DELIVER_H
#define RUNTIME_DELIVER_H

#include "runtime/base/cpu.h"
#include "runtime/plan.h"

struct event {
    uint32_t step;    /* of a span, from 0 */
    uint32_t trial;   /* of an item */
    uint32_t channel; /* or neuron */
    float count;
};

enum deliver_rows {
    ROWS_ANY,
    ROWS_RUNS, /* each row's targets are consecutive neurons */
    ROWS_WHOLE /* each row has all neurons of the group */
};

struct delivery_rows {
    enum deliver_rows kind;
    const float *whole; /* ROWS_WHOLE: weights [n_pre, n_post], else NULL */
};

/* How the rows of a projection onto n_post neurons are best added. Rows with gaps are made whole
 * where they have a quarter of all pairs or more, none of them twice: a pair that is none gets the
 * weight -0, which changes no bit of any sum, as events' counts are positive. */
struct delivery_rows delivery_rows(struct arena *a, const struct plan_projection *j,
                                   uint32_t n_post);

struct delivery {
    const struct plan_projection *projection;
    struct delivery_rows rows;
    uint32_t n_post;
    uint32_t first;    /* events of this step are added to row 0 of `receive` */
    float *receive;    /* rows of sums, a lane for each trial and neuron, ... */
    size_t stride;     /* ... that are so far apart */
    size_t begin, end; /* lanes that are wanted */
};

/* Adds n events, ascending by step, trial and channel. */
typedef void deliver_fn(const struct delivery *d, const struct event *event, size_t n);

deliver_fn deliver_base, deliver_avx2, deliver_avx512;

deliver_fn *deliver_for(enum cpu_level level);

#endif
