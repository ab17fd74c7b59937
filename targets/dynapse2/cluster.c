#include "targets/dynapse2/cluster.h"
#include "targets/dynapse2/cluster_line.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_ROUNDS = 30,
    MAX_APART = 10,       /* starts with centres that are farthest apart */
    MOST_PAIRS = 1 << 20, /* points times clusters, for one of those; a 32nd for all */
};
static const double floor_current = 1e-15; /* ampere: what 0 counts as */
static const double scale_weight = 0.1;    /* of differences; a hundredth of squares */
static const double enough = 1e-9;         /* smaller gains don't count */
static const double most_work = 4e9;       /* differences that are looked at, in all rounds */
static const double most_cuts = 2e8;       /* the same, to cut a line */

struct work {
    uint32_t n, k, n_dims; /* dims: currents that differ */
    double *x;             /* of each point: logarithms; NAN where there is no current */
    const bool *fixed;
    const uint32_t *room;
    /* one way to do it */
    int32_t *of;
    uint32_t *left;  /* room of each cluster */
    double *sum;     /* of each cluster and dim */
    uint32_t *count; /* the same: members that have the current */
};

/* ---- members ---- */

static void put(struct work *w, uint32_t i, uint32_t c)
{
    for (uint32_t d = 0; d < w->n_dims; d++) {
        double x = w->x[(size_t)i * w->n_dims + d];
        if (!isnan(x)) {
            w->sum[(size_t)c * w->n_dims + d] += x;
            w->count[(size_t)c * w->n_dims + d]++;
        }
    }
    w->of[i] = (int32_t)c;
    w->left[c] -= !w->fixed[i];
}

static void take(struct work *w, uint32_t i)
{
    uint32_t c = (uint32_t)w->of[i];
    for (uint32_t d = 0; d < w->n_dims; d++) {
        double x = w->x[(size_t)i * w->n_dims + d];
        if (!isnan(x)) {
            w->sum[(size_t)c * w->n_dims + d] -= x;
            w->count[(size_t)c * w->n_dims + d]--;
        }
    }
    w->of[i] = -1;
    w->left[c]++;
}

/* What a point adds to the sum of squares of a cluster, in it or when it comes. */
static double cost_of(const struct work *w, uint32_t i, uint32_t c, bool inside)
{
    const double *x = &w->x[(size_t)i * w->n_dims], *sum = &w->sum[(size_t)c * w->n_dims];
    const uint32_t *count = &w->count[(size_t)c * w->n_dims];
    double cost = 0;
    for (uint32_t d = 0; d < w->n_dims; d++) {
        if (isnan(x[d]) || count[d] <= inside)
            continue;
        double n = count[d], e = x[d] - sum[d] / n;
        cost += e * e * (inside ? n / (n - 1) : n / (n + 1));
    }
    return cost;
}

static double whole_cost(const struct work *w)
{
    double cost = 0;
    for (uint32_t i = 0; i < w->n; i++) {
        const double *x = &w->x[(size_t)i * w->n_dims];
        for (uint32_t d = 0; d < w->n_dims; d++) {
            size_t at = (size_t)w->of[i] * w->n_dims + d;
            double e = isnan(x[d]) ? 0 : x[d] - w->sum[at] / w->count[at];
            cost += e * e;
        }
    }
    return cost;
}

static void clear(struct work *w, const struct d2_points *p)
{
    memset(w->sum, 0, (size_t)w->k * w->n_dims * sizeof *w->sum);
    memset(w->count, 0, (size_t)w->k * w->n_dims * sizeof *w->count);
    memcpy(w->left, w->room, w->k * sizeof *w->left);
    for (uint32_t i = 0; i < w->n; i++) {
        w->of[i] = -1;
        if (w->fixed[i])
            put(w, i, (uint32_t)p->cluster[i]);
    }
}

/* ---- starts: centres that are farthest apart ---- */

struct pair {
    double cost;
    uint32_t point, cluster;
};

static int by_cost(const void *x, const void *y)
{
    const struct pair *p = x, *q = y;
    if (p->cost != q->cost)
        return p->cost < q->cost ? -1 : 1;
    if (p->point != q->point)
        return p->point < q->point ? -1 : 1;
    return (p->cluster > q->cluster) - (p->cluster < q->cluster);
}

static double distance(const struct work *w, uint32_t i, const double *centre)
{
    double sum = 0;
    for (uint32_t d = 0; d < w->n_dims; d++) {
        double e = w->x[(size_t)i * w->n_dims + d] - centre[d];
        sum += isnan(e) ? 0 : e * e;
    }
    return sum;
}

/* Nearest pairs of points and centres first, while there is room. The first centre is the point
 * `from`, or a free one after it. */
static void start_apart(struct work *w, uint32_t from)
{
    struct arena scratch = {0}, *a = &scratch;
    double *centre = ARENA_ARRAY(a, double, (size_t)w->k * w->n_dims);
    double *near = ARENA_ARRAY(a, double, w->n);
    struct pair *pair = ARENA_ARRAY(a, struct pair, (size_t)w->n * w->k);
    bool *has = ARENA_ARRAY(a, bool, w->k);
    size_t n = 0;
    for (uint32_t i = 0; i < w->n; i++) {
        near[i] = INFINITY;
        if (w->of[i] >= 0)
            has[w->of[i]] = true;
    }
    for (uint32_t step = 0; step < 2 * w->k; step++) { /* those with members, then the others */
        uint32_t c = step % w->k, far = from;
        if (has[c] != (step < w->k))
            continue;
        for (uint32_t i = 0; i < w->n; i++)
            far = w->of[i] < 0 && (w->of[far] >= 0 || near[i] > near[far]) ? i : far;
        for (uint32_t d = 0; d < w->n_dims; d++) {
            size_t at = (size_t)c * w->n_dims + d;
            centre[at] = !has[c]        ? w->x[(size_t)far * w->n_dims + d]
                         : w->count[at] ? w->sum[at] / w->count[at]
                                        : (double)NAN;
        }
        for (uint32_t i = 0; i < w->n; i++) {
            double e = distance(w, i, &centre[(size_t)c * w->n_dims]);
            near[i] = fmin(near[i], e);
            if (!w->fixed[i])
                pair[n++] = (struct pair){e, i, c};
        }
    }
    qsort(pair, n, sizeof *pair, by_cost);
    for (size_t i = 0; i < n; i++) {
        if (w->of[pair[i].point] < 0 && w->left[pair[i].cluster] > 0)
            put(w, pair[i].point, pair[i].cluster);
    }
    arena_free(&scratch);
}

/* ---- the last one: halves of halves ---- */

struct key {
    double x;
    uint32_t point;
};

static int by_key(const void *x, const void *y)
{
    const struct key *p = x, *q = y;
    if (p->x != q->x)
        return p->x < q->x ? -1 : 1;
    return (p->point > q->point) - (p->point < q->point);
}

static uint32_t widest_dim(const struct work *w, const struct key *v, uint32_t n)
{
    uint32_t widest = 0;
    double most = -1;
    for (uint32_t d = 0; d < w->n_dims; d++) {
        double sum = 0, squares = 0, count = 0;
        for (uint32_t i = 0; i < n; i++) {
            double x = w->x[(size_t)v[i].point * w->n_dims + d];
            if (isnan(x))
                continue;
            sum += x;
            squares += x * x;
            count++;
        }
        double spread = count > 0 ? squares - sum * sum / count : 0;
        if (spread > most) {
            most = spread;
            widest = d;
        }
    }
    return widest;
}

/* Where to cut sorted keys in two so that the squares within the parts are least. */
static uint32_t best_cut(const struct key *v, uint32_t n, uint32_t least, uint32_t most)
{
    double total = 0, sum = 0, best = -1;
    uint32_t cut = least;
    for (uint32_t i = 0; i < n; i++)
        total += v[i].x;
    double mean = total / n;
    for (uint32_t i = 0; i <= most;
         i++) { /* what the means of the parts explain, from their mean */
        double rest = n * mean - sum;
        double a = i ? (sum - i * mean) * (sum - i * mean) / i : 0;
        double b = i < n ? (rest - (n - i) * mean) * (rest - (n - i) * mean) / (n - i) : 0;
        if (i >= least && a + b > best) {
            best = a + b;
            cut = i;
        }
        if (i < n)
            sum += v[i].x;
    }
    return cut;
}

static void split(struct work *w, struct key *v, uint32_t n, uint32_t c, uint32_t end)
{
    while (end - c > 1 && n > 0) { /* the left part by itself, the right one next */
        uint32_t middle = c + (end - c) / 2, dim = w->n_dims ? widest_dim(w, v, n) : 0;
        uint64_t left = 0, right = 0;
        for (uint32_t k = c; k < end; k++)
            *(k < middle ? &left : &right) += w->left[k];
        for (uint32_t i = 0; i < n; i++) {
            double x = w->n_dims ? w->x[(size_t)v[i].point * w->n_dims + dim] : 0;
            v[i].x = isnan(x) ? 0 : x;
        }
        qsort(v, n, sizeof *v, by_key);
        uint32_t cut =
            best_cut(v, n, n > right ? (uint32_t)(n - right) : 0, n < left ? n : (uint32_t)left);
        split(w, v, cut, c, middle);
        v += cut;
        n -= cut;
        c = middle;
    }
    for (uint32_t i = 0; i < n; i++)
        put(w, v[i].point, c);
}

static void start_halves(struct work *w)
{
    struct arena scratch = {0};
    struct key *v = ARENA_ARRAY(&scratch, struct key, w->n);
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->n; i++) {
        if (w->of[i] < 0)
            v[n++].point = i;
    }
    split(w, v, n, 0, w->k);
    arena_free(&scratch);
}

/* ---- a line ---- */

/* Cuts the points along an axis, in the best places. */
static void start_line(struct work *w, const double *axis)
{
    struct arena scratch = {0};
    struct key *v = ARENA_ARRAY(&scratch, struct key, w->n);
    uint32_t *point = ARENA_ARRAY(&scratch, uint32_t, w->n);
    uint32_t *end = ARENA_ARRAY(&scratch, uint32_t, w->k), n = 0;
    for (uint32_t i = 0; i < w->n; i++) {
        if (w->of[i] >= 0)
            continue;
        v[n].point = i;
        for (uint32_t d = 0; d < w->n_dims; d++) {
            double x = w->x[(size_t)i * w->n_dims + d];
            v[n].x += isnan(x) ? 0 : x * axis[d];
        }
        n++;
    }
    qsort(v, n, sizeof *v, by_key);
    for (uint32_t i = 0; i < n; i++)
        point[i] = v[i].point;
    struct d2_line line = {n, w->n_dims, w->x, point};
    d2_cut_line(&scratch, &line, w->k, w->left, end);
    for (uint32_t c = 0, i = 0; c < w->k; c++) {
        for (; i < end[c]; i++)
            put(w, point[i], c);
    }
    arena_free(&scratch);
}

/* ---- better ---- */

struct wish {
    double gain;
    uint32_t point, to;
};

static int by_gain(const void *x, const void *y)
{
    const struct wish *p = x, *q = y;
    if (p->gain != q->gain)
        return p->gain > q->gain ? -1 : 1;
    return (p->point > q->point) - (p->point < q->point);
}

/* Points go where they fit better, if there is room; else their wish is noted. */
static uint32_t move_points(struct work *w, struct wish *wish, bool *moved)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->n; i++) {
        if (w->fixed[i])
            continue;
        double now = cost_of(w, i, (uint32_t)w->of[i], true);
        struct wish best = {.gain = enough, .point = i}, free = best;
        for (uint32_t c = 0; now > enough && c < w->k; c++) {
            if ((int32_t)c == w->of[i] || w->room[c] == 0)
                continue;
            double gain = now - cost_of(w, i, c, false);
            if (gain > best.gain)
                best = (struct wish){gain, i, c};
            if (gain > free.gain && w->left[c] > 0)
                free = (struct wish){gain, i, c};
        }
        if (free.gain > enough) {
            take(w, i);
            put(w, i, free.to);
            *moved = true;
        }
        if (best.gain > free.gain)
            wish[n++] = best;
    }
    qsort(wish, n, sizeof *wish, by_gain);
    return n;
}

/* A point goes to a full cluster, and the member that suits best comes back. */
static bool exchange(struct work *w, uint32_t i, uint32_t to, const uint32_t *member, uint32_t n,
                     uint32_t *partner)
{
    uint32_t from = (uint32_t)w->of[i];
    double gain = cost_of(w, i, from, true) - cost_of(w, i, to, false), most = -INFINITY;
    take(w, i);
    put(w, i, to);
    for (uint32_t k = 0; k < n; k++) {
        double g = cost_of(w, member[k], to, true) - cost_of(w, member[k], from, false);
        if (!w->fixed[member[k]] && g > most) {
            most = g;
            *partner = k;
        }
    }
    bool better = gain + most > enough;
    uint32_t back = better ? member[*partner] : i;
    take(w, back);
    put(w, back, from);
    return better;
}

static bool exchange_points(struct work *w, const struct wish *wish, uint32_t n)
{
    struct arena scratch = {0};
    uint32_t *first = ARENA_ARRAY(&scratch, uint32_t, w->k + 2);
    uint32_t *member = ARENA_ARRAY(&scratch, uint32_t, w->n);
    uint32_t *at = ARENA_ARRAY(&scratch, uint32_t, w->n); /* of each point in `member` */
    bool moved = false;
    for (uint32_t i = 0; i < w->n; i++)
        first[w->of[i] + 2]++;
    for (uint32_t c = 2; c <= w->k; c++)
        first[c] += first[c - 1];
    for (uint32_t i = 0; i < w->n; i++) {
        at[i] = first[w->of[i] + 1]++;
        member[at[i]] = i;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t p = wish[i].point, to = wish[i].to, k = 0;
        if ((uint32_t)w->of[p] == to ||
            !exchange(w, p, to, &member[first[to]], first[to + 1] - first[to], &k))
            continue;
        uint32_t q = member[first[to] + k], t = at[p];
        at[p] = at[q];
        at[q] = t;
        member[at[p]] = p;
        member[at[q]] = q;
        moved = true;
    }
    arena_free(&scratch);
    return moved;
}

static void improve(struct work *w)
{
    struct arena scratch = {0};
    struct wish *wish = ARENA_ARRAY(&scratch, struct wish, w->n);
    double work = (double)w->n * w->k * (w->n_dims + 1);
    bool moved = true;
    for (uint32_t i = 0; i < MAX_ROUNDS && moved && (i == 0 || (i + 1) * work < most_work); i++) {
        moved = false;
        uint32_t n = move_points(w, wish, &moved);
        moved = exchange_points(w, wish, n) || moved;
    }
    arena_free(&scratch);
}

/* ---- all of it ---- */

/* Logarithms of the currents that differ. */
static void find_dims(struct arena *a, struct work *w, const struct d2_points *p)
{
    uint32_t dim[D2_N_CURRENTS];
    for (uint32_t d = 0; d < D2_N_CURRENTS; d++) {
        float first = NAN;
        bool differ = false;
        for (uint32_t i = 0; i < p->n && !differ; i++) {
            float v = p->current[i].v[d];
            differ = !isnan(v) && !isnan(first) && v != first;
            first = isnan(first) ? v : first;
        }
        if (differ)
            dim[w->n_dims++] = d;
    }
    w->x = ARENA_ARRAY(a, double, (size_t)p->n * w->n_dims);
    for (uint32_t i = 0; i < p->n; i++) {
        for (uint32_t d = 0; d < w->n_dims; d++) {
            double v = (double)p->current[i].v[dim[d]];
            double x = isnan(v) ? v : log(fmax(v, floor_current));
            w->x[(size_t)i * w->n_dims + d] = dim[d] == D2_SCALE ? x * scale_weight : x;
        }
    }
}

double d2_cluster(struct d2_points *p, uint32_t k, const uint32_t *room)
{
    struct arena a = {0};
    bool *fixed = ARENA_ARRAY(&a, bool, p->n);
    struct work w = {.n = p->n, .k = k, .fixed = fixed, .room = room};
    for (uint32_t i = 0; i < p->n; i++)
        fixed[i] = p->cluster[i] >= 0;
    find_dims(&a, &w, p);
    w.of = ARENA_ARRAY(&a, int32_t, p->n);
    w.left = ARENA_ARRAY(&a, uint32_t, k);
    w.sum = ARENA_ARRAY(&a, double, (size_t)k *w.n_dims);
    w.count = ARENA_ARRAY(&a, uint32_t, (size_t)k * w.n_dims);
    int32_t *best = ARENA_ARRAY(&a, int32_t, p->n);
    double *axis = ARENA_ARRAY(&a, double, w.n_dims);
    double least = INFINITY, cuts = (double)p->n * k * w.n_dims * log2(p->n + 1);
    uint64_t pairs = (uint64_t)p->n * k + 1;
    uint32_t n_apart = pairs > MOST_PAIRS ? 0 : pairs > MOST_PAIRS / 32 ? 1 : MAX_APART;
    uint32_t n_lines = cuts > most_cuts ? 0 : w.n_dims == 1 ? 1 : 1 + w.n_dims;
    for (uint32_t way = 0; way <= n_apart + n_lines; way++) {
        clear(&w, p);
        if (way < n_apart) {
            start_apart(&w, (uint32_t)((uint64_t)p->n * way / n_apart));
        } else if (way == n_apart) {
            start_halves(&w);
        } else if (way == n_apart + 1) {
            d2_widest_axis(&a, &(struct d2_line){w.n, w.n_dims, w.x, NULL}, axis);
            start_line(&w, axis);
        } else {
            memset(axis, 0, w.n_dims * sizeof *axis);
            axis[way - n_apart - 2] = 1;
            start_line(&w, axis);
        }
        improve(&w);
        double cost = whole_cost(&w);
        if (cost < least - enough) {
            least = cost;
            memcpy(best, w.of, p->n * sizeof *best);
        }
    }
    memcpy(p->cluster, best, p->n * sizeof *best);
    arena_free(&a);
    return least;
}
