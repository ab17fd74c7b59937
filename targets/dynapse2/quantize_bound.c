/* A lower bound on the mean square error of any four base currents.
 *
 * The 16 sums of four bases are symmetric: with s the sum of all four, each level x has its partner
 * s - x. So weights above s / 2 may be folded to s - w, and what remains is a quantiser with 8
 * levels, one of them 0. Let the other 7 be anything: that relaxed problem is solved exactly by
 * dynamic programming for a given s. Its root error can't change faster than the folded weights do,
 * which bounds it over a whole interval of s; the intervals that matter are halved until the bound
 * is close to the least value seen. */
#include "runtime/base/arena.h"
#include "targets/dynapse2/quantize_core.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    FOLDED_LEVELS = 7, /* beside 0 */
    GROUPS = 1024,     /* twice this many at most stand for a large number of weights */
    FIRST_INTERVALS = 24,
    MAX_INTERVALS = 1500,
};

struct group {
    double w, count;
};

struct folding {
    size_t n;
    struct group *group; /* ascending */
    double spread;       /* root of the summed squares by which groups differ from their weights */
    struct group *v;
    double *count, *sum, *sum2; /* n + 1, accumulated over v */
    double *now, *before;       /* n + 1: least error of the first j */
};

struct interval {
    double begin, end;
    double at;    /* root error in the middle */
    double bound; /* of the root error, in all of it */
};

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Weights over the largest one, neighbours drawn together where there are many. */
static void make_groups(struct folding *f, struct arena *a, const double *current, size_t n)
{
    double *w = ARENA_ARRAY(a, double, n);
    memcpy(w, current, n * sizeof *w);
    qsort(w, n, sizeof *w, by_value);
    double unit = w[n - 1] > 0 ? w[n - 1] : 1, within = 0;
    bool single = n <= 2 * GROUPS;
    size_t max_count = single ? 1 : n / GROUPS + 1;
    double max_width = 1.0 / GROUPS;
    f->group = ARENA_ARRAY(a, struct group, n);
    f->n = 0;
    for (size_t i = 0, end; i < n; i = end) {
        double sum = 0;
        for (end = i; end < n && end - i < max_count && w[end] - w[i] <= max_width * unit; end++)
            sum += w[end] / unit;
        double mean = sum / (double)(end - i);
        for (size_t j = i; j < end; j++)
            within += (w[j] / unit - mean) * (w[j] / unit - mean);
        f->group[f->n++] = (struct group){mean, (double)(end - i)};
    }
    f->spread = sqrt(within);
}

static double cell_error(const struct folding *f, size_t i, size_t j)
{
    double count = f->count[j] - f->count[i], sum = f->sum[j] - f->sum[i];
    return count > 0 ? f->sum2[j] - f->sum2[i] - sum * sum / count : 0;
}

/* now[j] for j in [begin, end): the best place where the last cell begins rises with j. */
static void best_last_cell(struct folding *f, size_t begin, size_t end, size_t lo, size_t hi)
{
    if (begin >= end)
        return;
    size_t mid = begin + (end - begin) / 2, best = lo;
    double least = INFINITY;
    for (size_t i = lo; i <= hi && i <= mid; i++) {
        double e = f->before[i] + cell_error(f, i, mid);
        if (e < least) {
            least = e;
            best = i;
        }
    }
    f->now[mid] = least;
    best_last_cell(f, begin, mid, lo, best);
    best_last_cell(f, mid + 1, end, best, hi);
}

/* Root of the least summed error for bases that add up to s. */
static double root_error(struct folding *f, double s)
{
    size_t low = 0, n = f->n;
    while (low < n && f->group[low].w <= s / 2)
        low++;
    for (size_t i = 0, j = n, k = 0; k < n; k++) { /* merge w and s - w, both ascending */
        bool folded = i == low || (j > low && s - f->group[j - 1].w < f->group[i].w);
        f->v[k] = folded ? f->group[--j] : f->group[i++];
        if (folded)
            f->v[k].w = s - f->v[k].w;
    }
    for (size_t k = 0; k < n; k++) {
        f->count[k + 1] = f->count[k] + f->v[k].count;
        f->sum[k + 1] = f->sum[k] + f->v[k].count * f->v[k].w;
        f->sum2[k + 1] = f->sum2[k] + f->v[k].count * f->v[k].w * f->v[k].w;
    }
    memcpy(f->now, f->sum2, (n + 1) * sizeof *f->now); /* all at level 0 */
    for (uint32_t level = 0; level < FOLDED_LEVELS; level++) {
        double *t = f->before;
        f->before = f->now;
        f->now = t;
        best_last_cell(f, 0, n + 1, 0, n);
    }
    /* What the sums may have lost by cancellation counts as error that isn't there. */
    double e = f->now[n] - 1e-12 * f->sum2[n];
    return fmax(sqrt(fmax(e, 0)) - f->spread, 0);
}

static void bound_interval(const struct folding *f, struct interval *x)
{
    double moved = 0; /* weights that fold for some s of the interval */
    for (size_t i = f->n; i > 0 && f->group[i - 1].w > x->begin / 2; i--)
        moved += f->group[i - 1].count;
    x->bound = fmax(x->at - (x->end - x->begin) / 2 * sqrt(moved), 0);
}

double d2_bound(const double *current, size_t n)
{
    struct arena arena = {0};
    struct folding f;
    make_groups(&f, &arena, current, n);
    f.v = ARENA_ARRAY(&arena, struct group, f.n);
    double **array[] = {&f.count, &f.sum, &f.sum2, &f.now, &f.before};
    for (size_t i = 0; i < sizeof array / sizeof *array; i++)
        *array[i] = ARENA_ARRAY(&arena, double, f.n + 1);

    /* Above twice the largest weight nothing folds, and the error stays as it is there. */
    struct interval x[MAX_INTERVALS + 2];
    uint32_t n_x = 0, least = 0;
    double seen = root_error(&f, 2);
    for (uint32_t i = 0; i < FIRST_INTERVALS; i++) {
        double step = 2.0 / FIRST_INTERVALS;
        x[n_x] = (struct interval){i * step, (i + 1) * step, 0, 0};
        x[n_x].at = root_error(&f, (i + 0.5) * step);
        seen = fmin(seen, x[n_x].at);
        bound_interval(&f, &x[n_x++]);
    }
    double close = f.n < n ? 0.96 : 0.99; /* of many weights, less for less time */
    for (;;) {
        for (uint32_t i = 0; i < n_x; i++)
            if (x[i].bound < x[least].bound)
                least = i;
        if (x[least].bound >= close * seen || n_x >= MAX_INTERVALS)
            break;
        /* In three, so that the middle keeps its value. */
        struct interval whole = x[least];
        double step = (whole.end - whole.begin) / 3;
        for (uint32_t i = 0; i < 3; i++) {
            struct interval *part = i == 1 ? &x[least] : &x[n_x++];
            part->begin = whole.begin + i * step;
            part->end = whole.begin + (i + 1) * step;
            part->at = i == 1 ? whole.at : root_error(&f, (part->begin + part->end) / 2);
            seen = fmin(seen, part->at);
            bound_interval(&f, part);
        }
    }
    double root = x[least].bound, unit = 0;
    for (size_t i = 0; i < n; i++)
        unit = fmax(unit, current[i]);
    arena_free(&arena);
    return root * root / (double)n * unit * unit;
}
