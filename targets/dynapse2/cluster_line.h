/* Points in an order, cut into consecutive clusters: where clusters have equal room and points lie
 * on a line, the best clusters that there are. */
#ifndef DYNAPSE2_CLUSTER_LINE_H
#define DYNAPSE2_CLUSTER_LINE_H

#include "runtime/base/arena.h"
#include <stdint.h>

struct d2_line {
    uint32_t n, n_dims;
    const double *x;       /* of each point, [n_dims]; NAN: it has no such coordinate */
    const uint32_t *point; /* n of them, in the order */
};

/* end[c]: where the points of cluster c end in the order, up to room[c] of them; together they have
 * room for all. The sum of squares is least (on a line). Time n * k * n_dims * log(n). */
void d2_cut_line(struct arena *a, const struct d2_line *l, uint32_t k, const uint32_t *room,
                 uint32_t *end);

/* The direction, [n_dims], in which all n points differ most; their order is of no account. */
void d2_widest_axis(struct arena *a, const struct d2_line *l, double *axis);

#endif
