/* Grouping neurons that must share the currents of a core although they want different ones: the
 * least sum of squared differences of logarithms, with room for so many members in each cluster.
 *
 * Several starts are improved by moving and exchanging members, and the best one stays: centres that
 * are farthest apart, halves of halves along the widest current, and cuts along a line, which are
 * the best ones where currents lie on one. Deterministic. Time is linear in the points times the
 * clusters. */
#ifndef DYNAPSE2_CLUSTER_H
#define DYNAPSE2_CLUSTER_H

#include "runtime/base/arena.h"
#include "targets/dynapse2/limits.h"

/* Currents of the device parameters, then that of a weight of 1: that isn't shared, but weights of
 * one size are more exact by themselves, so it counts for little. */
enum { D2_SCALE = D2_N_PARAMS, D2_N_CURRENTS };

struct d2_currents { /* of a neuron, ampere; NAN: it has no such current */
    float v[D2_N_CURRENTS];
};

struct d2_points {
    uint32_t n;
    const struct d2_currents *current;
    int32_t *cluster; /* -1: free, gets 0 .. k - 1; others stay where they are and count */
};

/* `room` free places in each of the k clusters, together at least as many as there are free
 * points. Returns the sum of squares. */
double d2_cluster(struct d2_points *p, uint32_t k, const uint32_t *room);

#endif
