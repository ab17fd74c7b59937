#include "targets/dynapse2/cluster.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ROUNDS = 50 };
static const double floor_current = 1e-15; /* ampere: what 0 counts as */
static const double scale_weight = 1e6;

struct logs {
    double v[D2_N_CURRENTS];
};

struct work {
    struct d2_points *p;
    uint32_t k;
    const uint32_t *room;
    struct logs *x; /* logarithms; NAN where there is no current */
    struct logs *centre;
    bool *fixed; /* by hand */
};

/* Over the currents that both have. */
static double distance(const struct logs *p, const struct logs *q)
{
    const double *x = p->v, *y = q->v;
    double sum = 0;
    for (uint32_t d = 0; d < D2_N_CURRENTS; d++) {
        if (!isnan(x[d]) && !isnan(y[d]))
            sum += (x[d] - y[d]) * (x[d] - y[d]) * (d == D2_SCALE ? scale_weight : 1);
    }
    return sum;
}

/* The mean of a cluster's members; false if it has none. */
static bool set_centre(struct work *w, uint32_t c)
{
    uint32_t count[D2_N_CURRENTS] = {0}, members = 0;
    double sum[D2_N_CURRENTS] = {0};
    for (uint32_t i = 0; i < w->p->n; i++) {
        if (w->p->cluster[i] != (int32_t)c)
            continue;
        members++;
        for (uint32_t d = 0; d < D2_N_CURRENTS; d++) {
            if (!isnan(w->x[i].v[d])) {
                sum[d] += w->x[i].v[d];
                count[d]++;
            }
        }
    }
    for (uint32_t d = 0; members && d < D2_N_CURRENTS; d++)
        w->centre[c].v[d] = count[d] ? sum[d] / count[d] : NAN;
    return members > 0;
}

/* The free point that is farthest from its nearest centre. */
static uint32_t farthest(const struct work *w, const bool *has)
{
    uint32_t best = 0;
    double most = -1;
    for (uint32_t i = 0; i < w->p->n; i++) {
        double near = INFINITY;
        for (uint32_t c = 0; c < w->k; c++) {
            if (has[c])
                near = fmin(near, distance(&w->x[i], &w->centre[c]));
        }
        if (!w->fixed[i] && near > most) {
            most = near;
            best = i;
        }
    }
    return best;
}

struct pair {
    double distance;
    uint32_t point, centre;
};

static int by_distance(const void *x, const void *y)
{
    const struct pair *p = x, *q = y;
    if (p->distance != q->distance)
        return p->distance < q->distance ? -1 : 1;
    if (p->point != q->point)
        return p->point < q->point ? -1 : 1;
    return (p->centre > q->centre) - (p->centre < q->centre);
}

/* Nearest pairs first, while there is room. False if nothing changed. */
static bool assign(struct work *w, struct pair *pair, int32_t *next, uint32_t *left)
{
    size_t n = 0;
    memcpy(left, w->room, w->k * sizeof *left);
    for (uint32_t i = 0; i < w->p->n; i++) {
        next[i] = w->fixed[i] ? w->p->cluster[i] : -1;
        for (uint32_t c = 0; !w->fixed[i] && c < w->k; c++)
            pair[n++] = (struct pair){distance(&w->x[i], &w->centre[c]), i, c};
    }
    qsort(pair, n, sizeof *pair, by_distance);
    for (size_t i = 0; i < n; i++) {
        if (next[pair[i].point] < 0 && left[pair[i].centre] > 0) {
            next[pair[i].point] = (int32_t)pair[i].centre;
            left[pair[i].centre]--;
        }
    }
    bool changed = memcmp(next, w->p->cluster, w->p->n * sizeof *next) != 0;
    memcpy(w->p->cluster, next, w->p->n * sizeof *next);
    return changed;
}

void d2_cluster(struct d2_points *p, uint32_t k, const uint32_t *room)
{
    struct arena a = {0};
    struct work w = {p,
                     k,
                     room,
                     .x = ARENA_ARRAY(&a, struct logs, p->n),
                     .centre = ARENA_ARRAY(&a, struct logs, k),
                     .fixed = ARENA_ARRAY(&a, bool, p->n)};
    for (uint32_t i = 0; i < p->n; i++) {
        w.fixed[i] = p->cluster[i] >= 0;
        for (uint32_t d = 0; d < D2_N_CURRENTS; d++) {
            double current = (double)p->current[i].v[d];
            w.x[i].v[d] = isnan(current) ? NAN : log(fmax(current, floor_current));
        }
    }
    bool *has = ARENA_ARRAY(&a, bool, k);
    for (uint32_t c = 0; c < k; c++)
        has[c] = set_centre(&w, c);
    for (uint32_t c = 0; c < k; c++) {
        if (!has[c]) {
            w.centre[c] = w.x[farthest(&w, has)];
            has[c] = true;
        }
    }
    struct pair *pair = ARENA_ARRAY(&a, struct pair, (size_t)p->n * k);
    int32_t *next = ARENA_ARRAY(&a, int32_t, p->n);
    uint32_t *left = ARENA_ARRAY(&a, uint32_t, k);
    for (uint32_t round = 0; round < MAX_ROUNDS && assign(&w, pair, next, left); round++) {
        for (uint32_t c = 0; c < k; c++)
            set_centre(&w, c);
    }
    arena_free(&a);
}
