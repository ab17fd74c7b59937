#include "targets/dynapse2/cluster_line.h"
#include <math.h>
#include <string.h>

struct cutting {
    uint32_t n, n_dims;
    double *sum, *squares;      /* of the first i points, [i * n_dims + dim] */
    uint32_t *count;            /* the same: those that have the coordinate */
    const double *before;       /* of the first i points in the clusters so far: least cost */
    double *now;                /* the same with one cluster more */
    uint32_t *from;             /* of the first i points: where that one begins */
    uint32_t room, most_before; /* of that one; of those before it together */
};

static void sum_up(struct arena *a, const struct d2_line *l, struct cutting *x)
{
    size_t n = ((size_t)l->n + 1) * l->n_dims;
    x->sum = ARENA_ARRAY(a, double, n);
    x->squares = ARENA_ARRAY(a, double, n);
    x->count = ARENA_ARRAY(a, uint32_t, n);
    for (uint32_t i = 0; i < l->n; i++) {
        for (uint32_t d = 0; d < l->n_dims; d++) {
            size_t at = (size_t)i * l->n_dims + d, next = at + l->n_dims;
            double v = l->x[(size_t)l->point[i] * l->n_dims + d];
            x->sum[next] = x->sum[at] + (isnan(v) ? 0 : v);
            x->squares[next] = x->squares[at] + (isnan(v) ? 0 : v * v);
            x->count[next] = x->count[at] + (isnan(v) ? 0 : 1);
        }
    }
}

/* The sum of squares of points i to k - 1. */
static double cost_of(const struct cutting *x, uint32_t i, uint32_t k)
{
    const size_t p = (size_t)i * x->n_dims, q = (size_t)k * x->n_dims;
    double cost = 0;
    for (uint32_t d = 0; d < x->n_dims; d++) {
        double n = x->count[q + d] - x->count[p + d], s = x->sum[q + d] - x->sum[p + d];
        cost += n > 0 ? x->squares[q + d] - x->squares[p + d] - s * s / n : 0;
    }
    return cost;
}

/* For first points lo to hi: the later they end the later the last cluster begins, between least
 * and most. */
static void cut(struct cutting *x, uint32_t lo, uint32_t hi, uint32_t least, uint32_t most)
{
    while (lo <= hi) { /* the left half by itself, the right one next */
        uint32_t middle = lo + (hi - lo) / 2;
        uint32_t first = middle > x->room ? middle - x->room : 0, last = middle;
        first = first > least ? first : least;
        last = last < most ? last : most;
        last = last < x->most_before ? last : x->most_before;
        x->now[middle] = INFINITY;
        for (uint32_t i = first; i <= last; i++) {
            double cost = x->before[i] + cost_of(x, i, middle);
            if (cost < x->now[middle]) {
                x->now[middle] = cost;
                x->from[middle] = i;
            }
        }
        if (middle > lo)
            cut(x, lo, middle - 1, least, x->from[middle]);
        lo = middle + 1;
        least = x->from[middle];
    }
}

void d2_cut_line(struct arena *a, const struct d2_line *l, uint32_t k, const uint32_t *room,
                 uint32_t *end)
{
    struct cutting x = {.n = l->n, .n_dims = l->n_dims};
    double *cost[2] = {ARENA_ARRAY(a, double, l->n + 1), ARENA_ARRAY(a, double, l->n + 1)};
    uint32_t *from = ARENA_ARRAY(a, uint32_t, ((size_t)l->n + 1) * k);
    sum_up(a, l, &x);
    for (uint32_t c = 0; c < k; c++) {
        uint64_t most = (uint64_t)x.most_before + room[c];
        uint32_t hi = most < l->n ? (uint32_t)most : l->n;
        x.before = cost[c % 2];
        x.now = cost[(c + 1) % 2];
        x.from = &from[(size_t)c * (l->n + 1)];
        x.room = room[c];
        cut(&x, 0, hi, 0, hi);
        x.most_before = hi;
    }
    for (uint32_t c = k, at = l->n; c-- > 0;) {
        end[c] = at;
        at = from[(size_t)c * (l->n + 1) + at];
    }
}

/* The eigenvector of the covariance, by powers. */
void d2_widest_axis(struct arena *a, const struct d2_line *l, double *axis)
{
    enum { POWERS = 30 };
    uint32_t n = l->n_dims;
    double *mean = ARENA_ARRAY(a, double, n), *next = ARENA_ARRAY(a, double, n);
    for (uint32_t d = 0; d < n; d++) {
        double sum = 0, count = 0;
        for (uint32_t i = 0; i < l->n; i++) {
            double x = l->x[(size_t)i * n + d];
            sum += isnan(x) ? 0 : x;
            count += !isnan(x);
        }
        mean[d] = sum / count;
        axis[d] = 1 + d * 0.01;
    }
    for (uint32_t round = 0; round < POWERS; round++) {
        double length = 0;
        memset(next, 0, n * sizeof *next);
        for (uint32_t i = 0; i < l->n; i++) {
            const double *x = &l->x[(size_t)i * n];
            double dot = 0;
            for (uint32_t d = 0; d < n; d++)
                dot += isnan(x[d]) ? 0 : (x[d] - mean[d]) * axis[d];
            for (uint32_t d = 0; d < n; d++)
                next[d] += isnan(x[d]) ? 0 : (x[d] - mean[d]) * dot;
        }
        for (uint32_t d = 0; d < n; d++)
            length += next[d] * next[d];
        for (uint32_t d = 0; d < n && length > 0; d++)
            axis[d] = next[d] / sqrt(length);
    }
}
