/* Clusters of currents against the best ones that there are. */
#include "tests/unit/unit.h"

#include "runtime/base/rng.h"
#include "targets/dynapse2/cluster.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX = 1024 };

struct fixture {
    struct d2_currents current[MAX];
    int32_t of[MAX];
    struct d2_points p;
};

static void set(struct fixture *f, uint32_t i, double a, double b)
{
    for (uint32_t d = 0; d < D2_N_CURRENTS; d++)
        f->current[i].v[d] = NAN;
    f->current[i].v[3] = (float)(1e-12 * exp(a));
    f->current[i].v[7] = (float)(1e-9 * exp(b));
    f->current[i].v[9] = 5e-12f; /* all the same */
    f->of[i] = -1;
    f->p = (struct d2_points){.n = i + 1, .current = f->current, .cluster = f->of};
}

static double log_of(const struct fixture *f, uint32_t i, uint32_t d)
{
    return log((double)f->current[i].v[d]);
}

/* The sum of squares, worked out anew. */
static double squares(const struct fixture *f, const int32_t *of, uint32_t k)
{
    double sum = 0;
    for (uint32_t c = 0; c < k; c++) {
        for (uint32_t d = 3; d <= 7; d += 4) {
            double mean = 0, n = 0;
            for (uint32_t i = 0; i < f->p.n; i++) {
                if (of[i] == (int32_t)c) {
                    mean += log_of(f, i, d);
                    n++;
                }
            }
            for (uint32_t i = 0; i < f->p.n; i++) {
                double e = of[i] == (int32_t)c ? log_of(f, i, d) - mean / n : 0;
                sum += e * e;
            }
        }
    }
    return sum;
}

static double best(const struct fixture *f, int32_t *of, uint32_t *left, uint32_t k, uint32_t i)
{
    if (i == f->p.n)
        return squares(f, of, k);
    double least = INFINITY;
    for (uint32_t c = 0; c < k; c++) {
        if (f->of[i] >= 0 ? f->of[i] != (int32_t)c : left[c] == 0)
            continue;
        left[c] -= f->of[i] < 0;
        of[i] = (int32_t)c;
        least = fmin(least, best(f, of, left, k, i + 1));
        left[c] += f->of[i] < 0;
    }
    return least;
}

/* Small ones: as good as any in nearly all cases, and never far. */
static void near_the_best(void **state)
{
    (void)state;
    static struct fixture f;
    uint32_t equal = 0, cases = 60;
    for (uint64_t seed = 0; seed < cases; seed++) {
        uint32_t n = 9, k = 3, room[3], left[3];
        int32_t of[9];
        for (uint32_t i = 0; i < n; i++)
            set(&f, i, 4 * rng_uniform(seed, i), rng_uniform(seed, 100 + i));
        f.of[4] = seed % 2 ? 1 : -1; /* one that stays */
        for (uint32_t c = 0; c < k; c++)
            room[c] = left[c] = 3 + (uint32_t)(seed % 3);
        double least = best(&f, of, left, k, 0);
        double found = d2_cluster(&f.p, k, room);
        uint32_t used[3] = {0};
        for (uint32_t i = 0; i < n; i++) {
            assert_in_range(f.of[i], 0, k - 1);
            used[f.of[i]] += !(i == 4 && seed % 2);
        }
        for (uint32_t c = 0; c < k; c++)
            assert_true(used[c] <= room[c]);
        if (seed % 2)
            assert_int_equal(f.of[4], 1);
        assert_true(fabs(found - squares(&f, f.of, k)) < 1e-6);
        assert_true(found >= least - 1e-6);
        assert_true(found <= 2 * least + 1e-6);
        equal += found <= 1.001 * least + 1e-6;
    }
    assert_true(equal * 20 >= cases * 19);
}

/* The least sum of squares of points along a line, ascending, in k clusters of up to `room`: those
 * of equal room are neighbours. */
static double best_of_line(const double *x, uint32_t n, uint32_t k, uint32_t room)
{
    static double least[MAX + 1], next[MAX + 1], sum[MAX + 1], squares[MAX + 1];
    for (uint32_t i = 0; i < n; i++) {
        sum[i + 1] = sum[i] + x[i];
        squares[i + 1] = squares[i] + x[i] * x[i];
        least[i + 1] = INFINITY;
    }
    for (uint32_t c = 0; c < k; c++) {
        for (uint32_t end = 0; end <= n; end++) {
            next[end] = least[end];
            for (uint32_t m = 1; m <= room && m <= end; m++) {
                double s = sum[end] - sum[end - m];
                double cost = squares[end] - squares[end - m] - s * s / m;
                next[end] = fmin(next[end], least[end - m] + cost);
            }
        }
        memcpy(least, next, sizeof least);
    }
    return least[n];
}

static int by_value(const void *x, const void *y)
{
    double p = *(const double *)x, q = *(const double *)y;
    return (p > q) - (p < q);
}

/* Sets of currents along a line, many neurons each: the best way there is. */
static void sets_along_a_line(void **state)
{
    (void)state;
    static struct fixture f;
    static double x[MAX];
    for (uint64_t seed = 0; seed < 40; seed++) {
        uint32_t k = 3 + (uint32_t)(seed % 4) * 4, room[15], n = 0,
                 sets = k + 1 + (uint32_t)(seed % 9);
        uint32_t each = seed % 2 ? 1000 / sets : 0; /* 0: as many as come */
        for (uint32_t s = 0; s < sets; s++) {
            double value = 3 * rng_uniform(seed, s);
            uint32_t count = each ? each : 1 + (uint32_t)(rng_uniform(seed, 50 + s) * 2000 / sets);
            for (uint32_t i = 0; i < count && n < 1000; i++, n++)
                set(&f, n, value, 0);
        }
        uint32_t most = (n + k - 1) / k + 5 + (uint32_t)(seed % 3) * 40;
        for (uint32_t c = 0; c < k; c++)
            room[c] = most;
        for (uint32_t i = 0; i < n; i++)
            x[i] = log_of(&f, i, 3);
        qsort(x, n, sizeof *x, by_value);
        double least = best_of_line(x, n, k, most), found = d2_cluster(&f.p, k, room);
        assert_true(found >= least * (1 - 1e-6) - 1e-6);
        assert_true(found <= least * (1 + 1e-6) + 1e-6);
    }

    const uint32_t count[] = {200, 200, 100, 150, 150}, tau[] = {10, 11, 12, 30, 60};
    const uint32_t room[] = {256, 256, 256, 256};
    uint32_t n = 0;
    for (uint32_t s = 0; s < 5; s++) {
        for (uint32_t i = 0; i < count[s]; i++, n++) {
            set(&f, n, log(tau[s]), 0);
            x[n] = log_of(&f, n, 3);
        }
    }
    assert_true(d2_cluster(&f.p, 4, room) <= best_of_line(x, n, 4, 256) * 1.000001);
}

/* Four full clusters along a line: the quarters, in whatever order the points are. */
static void quarters_of_a_line(void **state)
{
    (void)state;
    static struct fixture f;
    const uint32_t room[4] = {256, 256, 256, 256};
    for (uint32_t i = 0; i < 1024; i++)
        set(&f, i, i * 389 % 1024 / 100.0, 0);
    d2_cluster(&f.p, 4, room);
    int32_t of[4] = {-1, -1, -1, -1};
    for (uint32_t i = 0; i < 1024; i++) {
        uint32_t quarter = i * 389 % 1024 / 256;
        of[quarter] = of[quarter] < 0 ? f.of[i] : of[quarter];
        assert_int_equal(f.of[i], of[quarter]);
    }
}

/* Eight kinds with a little noise, eight clusters with room for more: each kind by itself. */
static void kinds_are_found(void **state)
{
    (void)state;
    static struct fixture f;
    const uint32_t room[8] = {256, 256, 256, 256, 256, 256, 256, 256};
    for (uint32_t i = 0; i < 1000; i++)
        set(&f, i, i % 4 + 0.05 * rng_normal(1, i), i / 4 % 2 + 0.05 * rng_normal(2, i));
    d2_cluster(&f.p, 8, room);
    for (uint32_t i = 8; i < 1000; i++)
        assert_int_equal(f.of[i], f.of[i % 8]);
}

/* A core that can take nothing is left alone. */
static void no_room(void **state)
{
    (void)state;
    static struct fixture f;
    const uint32_t room[3] = {5, 0, 5};
    for (uint32_t i = 0; i < 10; i++)
        set(&f, i, i, 0);
    d2_cluster(&f.p, 3, room);
    for (uint32_t i = 0; i < 10; i++)
        assert_int_equal(f.of[i], f.of[i / 5 * 5]);
    assert_true(f.of[0] != 1 && f.of[9] != 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(near_the_best),
        cmocka_unit_test(sets_along_a_line),
        cmocka_unit_test(quarters_of_a_line),
        cmocka_unit_test(kinds_are_found),
        cmocka_unit_test(no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
