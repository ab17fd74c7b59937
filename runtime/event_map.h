/* Where the events of a connection go, in the order in which they act.
 *
 * An event-driven run keeps what a group's neurons have in lanes: neuron (f, y, x) of a map
 * [features, height, width] is lane (y * width + x) * features + f, so the features of a place lie
 * side by side. A group that is no map has one place, and its neurons are the features of it.
 *
 * An event at (c, y, x) of the source meets stretches of lanes, each with as many weights: of a
 * convolution a stretch is a row of outputs with all of their features, for which the weights are
 * stored in that order; of a row of synapses it is what lies side by side. Stretches are in the
 * order of lanes: places row-major, then features. */
#ifndef RUNTIME_EVENT_MAP_H
#define RUNTIME_EVENT_MAP_H

#include "runtime/plan.h"

enum { EVENT_PAD = 64 }; /* lanes, and weights, that may be read behind the last one */

struct event_extents {
    uint32_t features, height, width;
};

/* Of a group or input of any rank: the last two extents are height and width. */
struct event_extents event_extents(const struct plan_shape *s);

static inline uint32_t event_lane(const struct event_extents *e, uint32_t element)
{
    const uint32_t places = e->height * e->width;
    return element % places * e->features + element / places;
}

/* n lanes from `lane` on, with the weights from `weight` on. */
struct event_stretch {
    uint32_t lane, n;
    size_t weight;
};

struct event_row {   /* what a row of the source meets: */
    uint32_t out, n; /* rows of outputs from `out` on */
    uint32_t kernel; /* row of the kernel for the first; less by the stride for each further */
};

struct event_map {
    struct event_extents src, dst;
    bool conv;
    float *weight; /* divided by the area of an average; EVENT_PAD more behind them */
    size_t n_weights;
    size_t most; /* lanes, with repetitions, that an event meets at most */
    /* Of a convolution, for each row and column of the source (n 0: they meet nothing). A column's
     * stretches are those of output row 0 and kernel row 0. */
    struct event_row *row;
    struct event_stretch *column;
    size_t weight_row, weight_feature; /* weights of a row of the kernel, of a source feature */
    uint32_t stride;                   /* of rows */
    /* Of rows of synapses: stretches [first[pre], first[pre + 1]) of the pooled element `pre`. A
     * stretch may begin at the lane where the last one ended: two synapses of one neuron. */
    uint32_t pool[2], pooled_height, pooled_width;
    uint64_t *first;
    struct event_stretch *stretch;
    size_t stretches;
};

/* False: there is no memory for it (E0806, reported). */
bool event_map_make(struct arena *a, const struct plan *p, const struct plan_projection *j,
                    struct event_map *out, struct diags *d);
/* How many lanes, with repetitions, an event at `lane` of the source meets. */
uint64_t event_map_meets(const struct event_map *m, uint32_t lane);
/* Bytes that it takes. */
double event_map_bytes(const struct plan *p, const struct plan_projection *j);

/* The stretches of an event, one after another. */
struct event_cursor {
    struct event_stretch at; /* of a convolution: the next one */
    uint32_t left;
    uint32_t lane_step; /* from one to the next */
    size_t weight_step; /* back */
    const struct event_stretch *next;
};

/* Of an event at a lane of the source. */
static inline struct event_cursor event_meets(const struct event_map *m, uint32_t lane)
{
    struct event_cursor k = {.left = 0};
    const uint32_t place = lane / m->src.features, c = lane % m->src.features,
                   y = place / m->src.width, x = place % m->src.width;
    if (m->conv) {
        const struct event_row row = m->row[y];
        k.at = m->column[x];
        k.left = k.at.n ? row.n : 0;
        k.lane_step = m->dst.width * m->dst.features;
        k.weight_step = m->stride * m->weight_row;
        k.at.lane += row.out * k.lane_step;
        k.at.weight += c * m->weight_feature + row.kernel * m->weight_row;
        return k;
    }
    const uint32_t py = y / m->pool[0], px = x / m->pool[1];
    if (py < m->pooled_height && px < m->pooled_width) {
        const size_t pre = ((size_t)c * m->pooled_height + py) * m->pooled_width + px;
        k.next = m->stretch + m->first[pre];
        k.left = (uint32_t)(m->first[pre + 1] - m->first[pre]);
    }
    return k;
}

static inline bool event_next(struct event_cursor *k, struct event_stretch *out)
{
    if (k->left == 0)
        return false;
    k->left--;
    if (k->next) {
        *out = *k->next++;
        return true;
    }
    *out = k->at;
    k->at.lane += k->lane_step;
    k->at.weight -= k->weight_step; /* of the last one it may wrap, and isn't used */
    return true;
}

#endif
