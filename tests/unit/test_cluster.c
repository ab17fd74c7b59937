/* Clusters of currents against the best ones that there are. */
#include "tests/unit/unit.h"

#include "runtime/base/rng.h"
#include "targets/dynapse2/cluster.h"
#include <math.h>

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
        cmocka_unit_test(quarters_of_a_line),
        cmocka_unit_test(kinds_are_found),
        cmocka_unit_test(no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
