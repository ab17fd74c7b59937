/* The search for four base currents: many starts of alternating assignment and least squares in
 * continuous space, then the best few of them onto the grid, by descent there.
 *
 * With the weights sorted and their sums and squares accumulated, the error of a set of 16 levels
 * takes 16 short searches, whatever the number of weights; that is why thousands of sets can be
 * tried. Currents are divided by the largest weight's, so that all numbers are of order 1. */
#include "runtime/base/arena.h"
#include "runtime/base/rng.h"
#include "targets/dynapse2/quantize_core.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROUNDS = 100,   /* of assignment and least squares at most; 20 are usual */
    POLISH = 3,     /* places on the grid from which all of it is searched */
    WINDOW = 12,    /* grid steps that one base may move in a descent */
    PAIR = 3,       /* grid steps that two bases may move at once */
    PAIR_WIDE = 6,  /* the same in the final search */
    KICK_MAX = 100, /* grid steps */
    MAX_KEEP = 250,
    MAX_STEPS = 4096,
};

struct effort {
    size_t n;        /* for up to so many different weights */
    uint32_t starts; /* of the continuous search */
    uint32_t keep;   /* of its results that are taken to the grid */
    uint32_t kicks;  /* random moves away from the best place, each with a new descent */
};

/* Few different weights are made almost exactly by many sets of bases, so the grid is most of the
 * error, and which of the sets it suits shows only there. Four weights or less leave bases
 * undetermined. Of many, every good start leads to about the same. */
static const struct effort effort[] = {
    {D2_BASES, 600, 12, 400},
    {16, 3000, MAX_KEEP, 120},
    {1000, 600, 12, 120},
    {SIZE_MAX, 300, 8, 30},
};

struct problem {
    size_t n;
    double *w;          /* ascending, 1 at most */
    size_t n_steps;     /* a power of two: */
    size_t *step;       /* weights below k / n_steps; one more */
    double *sum, *sum2; /* n + 1: of the first i weights, of their squares */
    double unit;        /* ampere */
    uint32_t n_grid;
    double *grid;
    int32_t given[D2_BASES];
    double lo[D2_BASES], hi[D2_BASES]; /* what each base may be */
};

struct levels {
    double value[D2_MASKS]; /* ascending */
    uint8_t mask[D2_MASKS];
    size_t end[D2_MASKS]; /* weights [end[k - 1], end[k]) are nearest to level k */
};

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The grid in the problem's unit. `factor` multiplies every weight current, which is the same as
 * dividing the grid by it. */
static void set_grid(struct problem *p, const struct d2_reach *g, double factor)
{
    for (uint32_t i = 0; i < g->n; i++)
        p->grid[i] = g->current[i] / (p->unit * factor);
    for (uint32_t k = 0; k < D2_BASES; k++) {
        bool is_free = p->given[k] == D2_FREE;
        p->lo[k] = p->grid[is_free ? 0 : p->given[k]];
        p->hi[k] = p->grid[is_free ? (int32_t)g->n - 1 : p->given[k]];
    }
}

/* So many that a step holds a few weights: what searches in them start from. */
static void make_steps(struct problem *p, struct arena *a)
{
    p->n_steps = 1;
    while (p->n_steps < MAX_STEPS && p->n_steps < p->n)
        p->n_steps *= 2;
    p->step = ARENA_ARRAY(a, size_t, p->n_steps + 1);
    for (size_t k = 0, i = 0; k <= p->n_steps; k++) {
        while (i < p->n && p->w[i] < (double)k / (double)p->n_steps)
            i++;
        p->step[k] = i;
    }
}

static void problem_init(struct problem *p, struct arena *a, const double *current, size_t n,
                         const struct d2_reach *g, const int32_t given[D2_BASES])
{
    p->n = n;
    p->w = ARENA_ARRAY(a, double, n);
    p->sum = ARENA_ARRAY(a, double, n + 1);
    p->sum2 = ARENA_ARRAY(a, double, n + 1);
    memcpy(p->w, current, n * sizeof *current);
    qsort(p->w, n, sizeof *p->w, by_value);
    p->unit = p->w[n - 1] > 0 ? p->w[n - 1] : 1;
    for (size_t i = 0; i < n; i++) {
        p->w[i] /= p->unit;
        p->sum[i + 1] = p->sum[i] + p->w[i];
        p->sum2[i + 1] = p->sum2[i] + p->w[i] * p->w[i];
    }
    make_steps(p, a);
    p->n_grid = g->n;
    p->grid = ARENA_ARRAY(a, double, g->n);
    memcpy(p->given, given, sizeof p->given);
    set_grid(p, g, 1);
}

/* The 16 sums in ascending order: each base merges the list so far with itself plus the base. */
static void make_levels(struct levels *l, const double base[D2_BASES])
{
    double from[D2_MASKS + 1] = {0};
    uint8_t mask[D2_MASKS + 1] = {0};
    uint32_t n = 1;
    for (uint32_t k = 0; k < D2_BASES; k++) {
        uint32_t i = 0, j = 0;
        from[n] = INFINITY; /* the list without the base ends first */
        for (uint32_t m = 0; m < 2 * n; m++) {
            double x = from[i], y = from[j] + base[k];
            bool without = x <= y;
            l->value[m] = without ? x : y;
            l->mask[m] = (uint8_t)(without ? mask[i] : mask[j] | 1u << k);
            i += without;
            j += !without;
        }
        n *= 2;
        memcpy(from, l->value, n * sizeof *from);
        memcpy(mask, l->mask, n * sizeof *mask);
    }
}

/* The first weight that is `x` or more; x isn't negative. The step is exact, since multiplying by a
 * power of two is. */
static size_t lower_bound(const struct problem *p, double x)
{
    if (x >= 1)
        return x > 1 ? p->n : p->step[p->n_steps];
    size_t k = (size_t)(x * (double)p->n_steps);
    const double *w = p->w + p->step[k];
    size_t n = p->step[k + 1] - p->step[k];
    while (n > 0) {
        size_t half = n / 2;
        bool right = w[half] < x;
        w = right ? w + half + 1 : w;
        n = right ? n - half - 1 : half;
    }
    return (size_t)(w - p->w);
}

static void assign(const struct problem *p, struct levels *l)
{
    for (uint32_t k = 0; k + 1 < D2_MASKS; k++)
        l->end[k] = lower_bound(p, (l->value[k] + l->value[k + 1]) / 2);
    l->end[D2_MASKS - 1] = p->n;
}

static double error_of(const struct problem *p, const struct levels *l)
{
    double e = 0;
    size_t at = 0;
    for (uint32_t k = 0; k < D2_MASKS; k++) {
        size_t end = l->end[k];
        double x = l->value[k];
        e += p->sum2[end] - p->sum2[at] +
             x * (x * (double)(end - at) - 2 * (p->sum[end] - p->sum[at]));
        at = end;
    }
    return e > 0 ? e : 0;
}

static double total_error(const struct problem *p, const double base[D2_BASES])
{
    struct levels l;
    make_levels(&l, base);
    assign(p, &l);
    return error_of(p, &l);
}

bool d2_solve_four(double a[D2_BASES][D2_BASES], double r[D2_BASES], double x[D2_BASES])
{
    for (uint32_t i = 0; i < D2_BASES; i++) {
        if (!(a[i][i] > 1e-9))
            return false;
        for (uint32_t j = i + 1; j < D2_BASES; j++) {
            double f = a[j][i] / a[i][i];
            for (uint32_t k = i; k < D2_BASES; k++)
                a[j][k] -= f * a[i][k];
            r[j] -= f * r[i];
        }
    }
    for (uint32_t i = D2_BASES; i-- > 0;) {
        x[i] = r[i];
        for (uint32_t k = i + 1; k < D2_BASES; k++)
            x[i] -= a[i][k] * x[k];
        x[i] /= a[i][i];
    }
    return true;
}

/* Least squares of the bases for fixed masks, within [lo, hi]: directly where the solution lies
 * inside, else by coordinates, from where `base` is. */
static void fit_bases(const struct problem *p, const struct levels *l, double base[D2_BASES])
{
    double a[D2_BASES][D2_BASES] = {{0}}, r[D2_BASES] = {0};
    size_t at = 0;
    for (uint32_t m = 0; m < D2_MASKS; m++) {
        double count = (double)(l->end[m] - at), sum = p->sum[l->end[m]] - p->sum[at];
        at = l->end[m];
        for (uint32_t i = 0; i < D2_BASES; i++) {
            if (!(l->mask[m] >> i & 1))
                continue;
            r[i] += sum;
            for (uint32_t j = 0; j < D2_BASES; j++)
                if (l->mask[m] >> j & 1)
                    a[i][j] += count;
        }
    }
    double c[D2_BASES][D2_BASES], q[D2_BASES], x[D2_BASES];
    memcpy(c, a, sizeof c);
    memcpy(q, r, sizeof q);
    bool inside = d2_solve_four(c, q, x);
    for (uint32_t i = 0; i < D2_BASES && inside; i++)
        inside = x[i] >= p->lo[i] && x[i] <= p->hi[i];
    if (inside) {
        memcpy(base, x, sizeof x);
        return;
    }
    for (uint32_t round = 0; round < 20; round++) {
        for (uint32_t i = 0; i < D2_BASES; i++) {
            double rest = r[i];
            for (uint32_t j = 0; j < D2_BASES; j++)
                if (j != i)
                    rest -= a[i][j] * base[j];
            if (a[i][i] > 0)
                base[i] = fmin(fmax(rest / a[i][i], p->lo[i]), p->hi[i]);
        }
    }
}

/* Alternates until the error stops falling; returns it. */
static double alternate(const struct problem *p, double base[D2_BASES])
{
    double best = INFINITY;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct levels l;
        make_levels(&l, base);
        assign(p, &l);
        double e = error_of(p, &l);
        if (!(e < best - 1e-9 * best))
            break;
        best = e;
        fit_bases(p, &l, base);
    }
    return total_error(p, base);
}

struct candidate {
    double base[D2_BASES];
    double error;
};

/* Bases to start from. The first is the binary code that spans the weights; then by turns random
 * bases, geometric series, and weights picked from the data, each scaled so that all four together
 * make about the largest weight. */
static void start(const struct problem *p, uint64_t seed, uint64_t number, double base[D2_BASES])
{
    double u[D2_BASES + 1], sum = 0;
    for (uint32_t k = 0; k < D2_BASES + 1; k++)
        u[k] = rng_uniform(seed, number * (D2_BASES + 1) + k);
    for (uint32_t k = 0; k < D2_BASES; k++) {
        if (number == 0)
            base[k] = ldexp(1, (int)k);
        else if (number % 3 == 0)
            base[k] = u[k] * u[k];
        else if (number % 3 == 1)
            base[k] = pow(0.25 + 0.75 * u[0], k) * (0.75 + 0.5 * u[k]);
        else
            base[k] = p->w[(size_t)(u[k] * (double)p->n)];
        sum += base[k];
    }
    double total = number == 0 ? 1 : 0.5 + u[D2_BASES];
    for (uint32_t k = 0; k < D2_BASES; k++)
        base[k] = fmin(fmax(sum > 0 ? base[k] / sum * total : 0, p->lo[k]), p->hi[k]);
}

/* The best distinct results of many starts, best first; returns how many there are. */
static uint32_t search_continuous(const struct problem *p, uint64_t seed, uint32_t n_starts,
                                  struct candidate *kept, uint32_t max)
{
    uint32_t n = 0;
    for (uint32_t s = 0; s < n_starts; s++) {
        struct candidate c;
        start(p, seed, s, c.base);
        c.error = alternate(p, c.base);
        bool known = false;
        for (uint32_t i = 0; i < n && !known; i++)
            known = fabs(kept[i].error - c.error) <= 1e-6 * c.error;
        if (known || (n == max && c.error >= kept[n - 1].error))
            continue;
        uint32_t i = n < max ? n++ : n - 1;
        for (; i > 0 && kept[i - 1].error > c.error; i--)
            kept[i] = kept[i - 1];
        kept[i] = c;
    }
    return n;
}

/* ---- on the grid ---- */

struct place {
    int32_t index[D2_BASES];
    double error;
};

static double error_at(const struct problem *p, const int32_t index[D2_BASES])
{
    double base[D2_BASES];
    for (uint32_t k = 0; k < D2_BASES; k++)
        base[k] = p->grid[index[k]];
    return total_error(p, base);
}

/* The lowest of equally near ones. */
static int32_t nearest_index(const struct problem *p, double x)
{
    uint32_t at = 0, n = p->n_grid;
    while (n > 0) { /* the first one that is x or more */
        uint32_t half = n / 2;
        bool right = p->grid[at + half] < x;
        at = right ? at + half + 1 : at;
        n = right ? n - half - 1 : half;
    }
    if (at == p->n_grid || (at > 0 && x - p->grid[at - 1] <= p->grid[at] - x))
        at--;
    while (at > 0 && p->grid[at - 1] == p->grid[at])
        at--;
    return (int32_t)at;
}

/* Keeps a place if it is on the grid and better. */
static bool try_move(const struct problem *p, struct place *at, struct place *best)
{
    for (uint32_t k = 0; k < D2_BASES; k++)
        if (at->index[k] < 0 || at->index[k] >= (int32_t)p->n_grid)
            return false;
    at->error = error_at(p, at->index);
    if (!(at->error < best->error - 1e-12 * best->error))
        return false;
    *best = *at;
    return true;
}

/* The best position of each base by itself, within `window` steps. */
static bool move_one(const struct problem *p, struct place *best, int32_t window)
{
    bool moved = false;
    for (uint32_t k = 0; k < D2_BASES; k++) {
        if (p->given[k] != D2_FREE)
            continue;
        struct place from = *best;
        int32_t begin = from.index[k] - window, end = from.index[k] + window;
        begin = begin < 0 ? 0 : begin;
        end = end >= (int32_t)p->n_grid ? (int32_t)p->n_grid - 1 : end;
        for (int32_t i = begin; i <= end; i++) {
            from.index[k] = i;
            moved |= try_move(p, &from, best);
        }
    }
    return moved;
}

/* The best positions of two bases at once: what one loses the other may win. */
static bool move_pair(const struct problem *p, struct place *best, int32_t reach)
{
    bool moved = false;
    for (uint32_t a = 0; a < D2_BASES; a++) {
        for (uint32_t b = a + 1; b < D2_BASES; b++) {
            if (p->given[a] != D2_FREE || p->given[b] != D2_FREE)
                continue;
            const struct place from = *best;
            for (int32_t i = -reach; i <= reach; i++) {
                for (int32_t j = -reach; j <= reach; j++) {
                    struct place to = from;
                    to.index[a] += i;
                    to.index[b] += j;
                    moved |= try_move(p, &to, best);
                }
            }
        }
    }
    return moved;
}

static struct place onto_grid(const struct problem *p, const double base[D2_BASES])
{
    struct place at;
    for (uint32_t k = 0; k < D2_BASES; k++)
        at.index[k] = p->given[k] == D2_FREE ? nearest_index(p, base[k]) : p->given[k];
    at.error = error_at(p, at.index);
    return at;
}

static void descend(const struct problem *p, struct place *at, int32_t window, int32_t pair)
{
    while (move_one(p, at, window) || move_pair(p, at, pair))
        ;
}

/* From the best place to random ones near it, by steps of all sizes, and down again: where the
 * grid is coarse against the error, neighbours of the continuous solution differ a lot. */
static void kick(const struct problem *p, const struct effort *e, struct place *best, uint64_t seed)
{
    uint64_t draw = (uint64_t)e->starts * (D2_BASES + 1);
    for (uint32_t i = 0; i < e->kicks; i++) {
        struct place at = *best;
        for (uint32_t k = 0; k < D2_BASES; k++) {
            double u = 2 * rng_uniform(seed, draw++) - 1;
            double step = pow(KICK_MAX, fabs(u)) * (u < 0 ? -1 : 1);
            if (p->given[k] == D2_FREE)
                at.index[k] = (int32_t)fmin(fmax(at.index[k] + step, 0), (double)p->n_grid - 1);
        }
        at.error = error_at(p, at.index);
        descend(p, &at, PAIR, PAIR);
        if (at.error < best->error)
            *best = at;
    }
}

/* ---- results ---- */

/* Free bases ascend, so that equal solutions are equal. */
static void write_solution(const struct problem *p, const struct d2_reach *g, struct place at,
                           const double *current, size_t n, struct d2_solution *out)
{
    for (uint32_t i = 0; i < D2_BASES; i++)
        for (uint32_t j = i + 1; j < D2_BASES; j++)
            if (p->given[i] == D2_FREE && p->given[j] == D2_FREE && at.index[j] < at.index[i]) {
                int32_t t = at.index[i];
                at.index[i] = at.index[j];
                at.index[j] = t;
            }
    for (uint32_t k = 0; k < D2_BASES; k++) {
        out->index[k] = (uint32_t)at.index[k];
        out->base[k] = g->current[at.index[k]];
    }
    /* Once without the cancellation of accumulated sums. */
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double e = d2_mask_current(out->base, d2_nearest_mask(out->base, current[i])) - current[i];
        sum += e / p->unit * (e / p->unit);
    }
    out->mse = sum / (double)n * p->unit * p->unit;
}

static int by_error(const void *a, const void *b)
{
    double x = ((const struct place *)a)->error, y = ((const struct place *)b)->error;
    return (x > y) - (x < y);
}

static const struct effort *find_effort(const struct problem *p)
{
    size_t n = 1;
    for (size_t i = 1; i < p->n; i++)
        n += p->w[i] != p->w[i - 1];
    const struct effort *e = effort;
    while (n > e->n)
        e++;
    return e;
}

static struct place search(const struct problem *p, uint64_t seed)
{
    struct candidate kept[MAX_KEEP];
    struct place at[MAX_KEEP];
    const struct effort *e = find_effort(p);
    uint32_t n_kept = search_continuous(p, seed, e->starts, kept, e->keep);
    for (uint32_t i = 0; i < n_kept; i++) {
        at[i] = onto_grid(p, kept[i].base);
        descend(p, &at[i], WINDOW, PAIR);
    }
    qsort(at, n_kept, sizeof *at, by_error);
    for (uint32_t i = 0; i < n_kept && i < POLISH; i++)
        descend(p, &at[i], (int32_t)p->n_grid, PAIR_WIDE);
    qsort(at, n_kept, sizeof *at, by_error);
    kick(p, e, &at[0], seed);
    return at[0];
}

void d2_solve(const double *current, size_t n, const struct d2_reach *g,
              const int32_t given[D2_BASES], uint64_t seed, struct d2_solution *out)
{
    struct arena arena = {0};
    struct problem p;
    struct place at = {.error = 0};
    problem_init(&p, &arena, current, n, g, given);
    bool all_given = true;
    for (uint32_t k = 0; k < D2_BASES; k++) {
        at.index[k] = given[k];
        all_given = all_given && given[k] != D2_FREE;
    }
    if (!all_given)
        at = search(&p, seed);
    write_solution(&p, g, at, current, n, out);
    arena_free(&arena);
}

/* ---- gain ---- */

enum { GAIN_STARTS = 600, GAIN_KEEP = 3, GAIN_WINDOW = 3 };
#define GAIN_EQUAL 1e-3 /* relative differences of errors that don't count */

/* The least total error (in the problem's unit) that a short search from the continuous solutions
 * finds with the grid divided by the factor. */
static double error_with_factor(struct problem *p, const struct d2_reach *g, double factor,
                                const struct candidate *kept, uint32_t n_kept)
{
    double best = INFINITY;
    set_grid(p, g, factor);
    for (uint32_t i = 0; i < n_kept; i++) {
        double base[D2_BASES];
        for (uint32_t k = 0; k < D2_BASES; k++)
            base[k] = fmin(fmax(kept[i].base[k], p->lo[k]), p->hi[k]);
        alternate(p, base);
        struct place at = onto_grid(p, base);
        while (move_one(p, &at, GAIN_WINDOW))
            ;
        best = fmin(best, at.error);
    }
    return best;
}

double d2_best_gain(const struct d2_gain_core *core, uint32_t n_cores, const struct d2_reach *g,
                    const double *factor, uint32_t n_factors, uint64_t seed)
{
    struct arena arena = {0};
    double *error = ARENA_ARRAY(&arena, double, n_factors + 1);
    for (uint32_t c = 0; c < n_cores; c++) {
        if (core[c].n == 0)
            continue;
        struct problem p;
        struct candidate kept[GAIN_KEEP];
        problem_init(&p, &arena, core[c].current, core[c].n, g, core[c].given);
        for (uint32_t k = 0; k < D2_BASES; k++) { /* free of the grid's reach: scaled later */
            p.lo[k] = 0;
            p.hi[k] = 1;
        }
        uint32_t n_kept = search_continuous(&p, seed, GAIN_STARTS, kept, GAIN_KEEP);
        double weight = p.unit / core[c].iscale;
        for (uint32_t f = 0; f < n_factors; f++)
            error[f] += error_with_factor(&p, g, factor[f], kept, n_kept) * weight * weight;
    }
    double least = INFINITY;
    for (uint32_t f = 0; f < n_factors; f++)
        least = fmin(least, error[f]);
    uint32_t best = 0;
    while (error[best] > (1 + GAIN_EQUAL) * least)
        best++;
    arena_free(&arena);
    return factor[best];
}
