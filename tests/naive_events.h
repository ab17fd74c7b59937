/* An event-driven network of integrate-and-fire neurons as the specification says it: for each
 * event all outputs are gone through and asked whether they are met. Slow, and shares nothing with
 * the engine but the plan's arrays and the sensors. */
#ifndef TESTS_NAIVE_EVENTS_H
#define TESTS_NAIVE_EVENTS_H

#include "runtime/plan.h"

struct naive_event {
    int64_t t;
    uint32_t source, element; /* input and channel, or group and neuron */
};

struct naive_events {
    const struct plan *plan; /* every group's kernel is make_iaf()'s, one state */
    float **v;               /* of each group and neuron, set by naive_begin() */
    uint64_t *synaptic;      /* operations of each projection so far */
    uint32_t projection;     /* that an event goes through now */
    bool *saturates;         /* of each group: sums stay within 16 bits */
    void (*fires)(void *arg, struct naive_event e);
    void *arg;
    VEC(struct naive_event) queue;
    struct arena arena;
};

void naive_begin(struct naive_events *n);
/* Serves an event of an input, and all that follows from it. */
void naive_serve(struct naive_events *n, struct naive_event e);

#endif
