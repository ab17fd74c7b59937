#include "tests/unit/unit.h"

#include "runtime/base/rng.h"
#include "targets/dynapse2/quantize_core.h"
#include <math.h>
#include <stdio.h>
#include <time.h>

static const int32_t all_free[D2_BASES] = {D2_FREE, D2_FREE, D2_FREE, D2_FREE};

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Every weight at its nearest sum, without any cleverness. */
static double plain_error(const double *w, size_t n, const double base[D2_BASES])
{
    double total = 0;
    for (size_t i = 0; i < n; i++) {
        double least = INFINITY;
        for (uint32_t m = 0; m < D2_MASKS; m++) {
            double e = d2_mask_current(base, m) - w[i];
            least = fmin(least, e * e);
        }
        total += least;
    }
    return total / (double)n;
}

/* All ascending choices of four from a grid, with base 0 fixed where `first` isn't D2_FREE. */
static double brute_force(const double *w, size_t n, const double *grid, uint32_t n_grid,
                          int32_t first)
{
    double least = INFINITY;
    for (uint32_t a = 0; a < n_grid; a++) {
        if (first != D2_FREE && a != (uint32_t)first)
            continue;
        for (uint32_t b = first != D2_FREE ? 0 : a; b < n_grid; b++)
            for (uint32_t c = b; c < n_grid; c++)
                for (uint32_t d = c; d < n_grid; d++)
                    least = fmin(least,
                                 plain_error(w, n, (double[]){grid[a], grid[b], grid[c], grid[d]}));
    }
    return least;
}

static void optimal_on_tiny_grids(void **state)
{
    (void)state;
    for (uint64_t t = 0; t < 30; t++) {
        double grid[12], w[40];
        double at = 0;
        for (uint32_t i = 0; i < 12; i++)
            grid[i] = at += 0.05 + 0.5 * rng_uniform(t, i);
        size_t n = 3 + t;
        for (size_t i = 0; i < n; i++)
            w[i] = 6 * rng_uniform(t, 100 + i);
        struct d2_reach g = {12, grid};
        struct d2_solution s;
        d2_solve(w, n, &g, all_free, t, &s);
        assert_true(fabs(s.mse - plain_error(w, n, s.base)) <= 1e-12 * s.mse);
        double best = brute_force(w, n, grid, 12, D2_FREE);
        if (s.mse > best * (1 + 1e-9))
            fail_msg("case %u: %g, brute force %g", (unsigned)t, s.mse, best);
        assert_true(d2_bound(w, n) <= best);

        int32_t given[D2_BASES] = {(int32_t)t % 12, D2_FREE, D2_FREE, D2_FREE};
        d2_solve(w, n, &g, given, t, &s);
        assert_int_equal(s.index[0], given[0]);
        best = brute_force(w, n, grid, 12, given[0]);
        if (s.mse > best * (1 + 1e-9))
            fail_msg("case %u with a base given: %g, brute force %g", (unsigned)t, s.mse, best);
    }
}

/* Weights so small that the grid is coarse against them: the solution must be near the best one on
 * the grid, which rounding a continuous solution isn't. */
static void near_optimal_on_a_coarse_grid(void **state)
{
    (void)state;
    static struct d2_base_reach g;
    d2_base_reach(&g);
    for (uint64_t t = 0; t < 4; t++) {
        double w[60];
        for (uint64_t i = 0; i < 60; i++)
            w[i] = 1e-12 * (t % 2 ? rng_uniform(t, i) : fabs(rng_normal(t, i)));
        uint32_t n_grid = 0;
        while (g.current[n_grid] < 1.1e-12)
            n_grid++;
        struct d2_solution s;
        d2_solve(w, 60, &g.grid, all_free, 0, &s);
        double best = brute_force(w, 60, g.current, n_grid, D2_FREE);
        if (s.mse > 1.02 * best)
            fail_msg("case %u: %g, best on the grid %g", (unsigned)t, s.mse, best);
    }
}

/* Few weights, against the best that searches a hundred times as long have found. */
static void near_optimal_for_few_weights(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        double w[8], best; /* mean square error */
    } core[] = {
        {8,
         {3.262002, 10.878775, 0.157427, 2.046812, 1.890517, 14.248983, 4.770617, 3.159656},
         0.003535265},
        {6, {3.513949, 4.564334, 2.717158, 5.904847, 5.068696, 4.819363}, 0.0001125615},
    };
    static struct d2_base_reach g;
    d2_base_reach(&g);
    for (size_t t = 0; t < sizeof core / sizeof *core; t++) {
        double w[8];
        for (size_t i = 0; i < core[t].n; i++)
            w[i] = 1e-8 * core[t].w[i];
        for (uint64_t seed = 0; seed < 4; seed++) {
            struct d2_solution s;
            d2_solve(w, core[t].n, &g.grid, all_free, seed, &s);
            if (s.mse > 1.02e-16 * core[t].best)
                fail_msg("case %zu: %g, best known %g", t, s.mse * 1e16, core[t].best);
        }
    }
}

/* ---- against a long search that knows no grid ---- */

/* Alternating assignment and coordinate-wise least squares from one start. */
static double long_search_one(const double *w, size_t n, uint8_t *mask, double base[D2_BASES])
{
    double last = INFINITY;
    for (uint32_t round = 0; round < 60; round++) {
        double level[D2_MASKS], count[D2_MASKS] = {0}, sum[D2_MASKS] = {0}, e = 0;
        for (uint32_t m = 0; m < D2_MASKS; m++)
            level[m] = d2_mask_current(base, m);
        for (size_t i = 0; i < n; i++) {
            double least = INFINITY;
            for (uint8_t m = 0; m < D2_MASKS; m++) {
                double x = fabs(level[m] - w[i]);
                mask[i] = x < least ? m : mask[i];
                least = x < least ? x : least;
            }
            count[mask[i]] += 1;
            sum[mask[i]] += w[i];
            e += least * least;
        }
        if (e >= last * (1 - 1e-7))
            return e / (double)n;
        last = e;
        for (uint32_t sweep = 0; sweep < 30; sweep++) {
            for (uint32_t k = 0; k < D2_BASES; k++) {
                double total = 0, rest = 0;
                for (uint32_t m = 0; m < D2_MASKS; m++) {
                    if (!(m >> k & 1))
                        continue;
                    total += count[m];
                    rest += sum[m] - count[m] * d2_mask_current(base, m & ~(1u << k));
                }
                base[k] = total > 0 ? fmax(rest / total, 0) : base[k];
            }
        }
    }
    return last / (double)n;
}

static double long_search(const double *w, size_t n, uint32_t starts)
{
    uint8_t *mask = calloc(n, 1);
    double largest = 0, best = INFINITY;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, w[i]);
    for (uint32_t s = 0; s < starts; s++) {
        double base[D2_BASES];
        for (uint32_t k = 0; k < D2_BASES; k++)
            base[k] = largest * 0.7 * rng_uniform(77, s * D2_BASES + k);
        best = fmin(best, long_search_one(w, n, mask, base));
    }
    free(mask);
    return best;
}

enum kind { GAUSS, UNIFORM, LAPLACE, MIXED };

static double draw(enum kind kind, uint64_t seed, uint64_t i)
{
    double u = rng_uniform(seed, i);
    switch (kind) {
    case GAUSS:
        return 4 * fabs(rng_normal(seed, i));
    case UNIFORM:
        return 10 * u;
    case LAPLACE:
        return -3 * log(1 - u);
    case MIXED:
        break;
    }
    return (u < 0.2 ? 4 : 1) * fabs(rng_normal(seed, 1000000 + i));
}

/* Matrices like those of trained and random networks, at 10 nA for a weight of 1. */
static void as_good_as_a_long_search(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum kind kind;
        size_t n;
        uint32_t starts;
    } matrix[] = {
        {"gauss, 62 x 2", GAUSS, 124, 3000},     {"gauss, 24 x 8", GAUSS, 192, 3000},
        {"mixed, 57 x 10", MIXED, 570, 1000},    {"uniform, 32 x 32", UNIFORM, 1024, 400},
        {"laplace, 63 x 63", LAPLACE, 3962, 60}, {"mixed, 32 x 255", MIXED, 8151, 30},
    };
    static struct d2_base_reach g;
    static double w[8151];
    d2_base_reach(&g);
    for (size_t t = 0; t < sizeof matrix / sizeof *matrix; t++) {
        size_t n = matrix[t].n;
        for (size_t i = 0; i < n; i++)
            w[i] = 1e-8 * draw(matrix[t].kind, 10 + t, i);
        struct d2_solution s;
        double t0 = seconds();
        d2_solve(w, n, &g.grid, all_free, 0, &s);
        double t1 = seconds();
        double bound = d2_bound(w, n);
        double t2 = seconds();
        double best = long_search(w, n, matrix[t].starts);
        print_message("%-18s mse %.5f, long search %.5f, bound %.5f (at most %4.1f %% above); "
                      "%.0f ms, bound %.0f ms\n",
                      matrix[t].name, s.mse * 1e16, best * 1e16, bound * 1e16,
                      100 * (s.mse / bound - 1), 1e3 * (t1 - t0), 1e3 * (t2 - t1));
        assert_true(s.mse <= 1.02 * best);
        assert_true(bound <= best && bound <= s.mse);
        assert_true(bound >= 0.5 * s.mse); /* a bound that says something */
    }
}

static void bound_holds(void **state)
{
    (void)state;
    for (uint64_t t = 0; t < 40; t++) {
        double w[50];
        size_t n = 1 + t;
        for (size_t i = 0; i < n; i++)
            w[i] = draw((enum kind)(t % 4), t, i);
        assert_true(d2_bound(w, n) <= long_search(w, n, 100) + 1e-12);
    }
    double same[] = {2, 2, 2};
    assert_true(d2_bound(same, 3) == 0);
}

/* ---- masks ---- */

static void nearest_masks(void **state)
{
    (void)state;
    for (uint64_t t = 0; t < 200; t++) {
        double base[D2_BASES], x = 20 * rng_uniform(t, 9), one = INFINITY, two = INFINITY;
        for (uint32_t k = 0; k < D2_BASES; k++)
            base[k] = t % 5 == 0 ? 1 : 4 * rng_uniform(t, k);
        for (uint32_t a = 0; a < D2_MASKS; a++) {
            one = fmin(one, fabs(d2_mask_current(base, a) - x));
            for (uint32_t b = 0; b < D2_MASKS; b++)
                two = fmin(two, fabs(d2_mask_current(base, a) + d2_mask_current(base, b) - x));
        }
        uint8_t pair[2], m = d2_nearest_mask(base, x);
        assert_true(fabs(d2_mask_current(base, m) - x) == one);
        for (uint8_t a = 0; a < m; a++)
            assert_true(fabs(d2_mask_current(base, a) - x) > one);
        d2_nearest_pair(base, x, pair);
        assert_true(pair[0] <= pair[1]);
        assert_true(fabs(d2_mask_current(base, pair[0]) + d2_mask_current(base, pair[1]) - x) ==
                    two);
        assert_true(pair[0] == 0 || two < one);
    }
}

static void masks_of_what_was_decoded(void **state)
{
    (void)state;
    for (uint64_t t = 0; t < 30; t++) {
        double base[D2_BASES], iscale = t % 2 ? (double)1e-8f : 3.7e-9;
        for (uint32_t k = 0; k < D2_BASES; k++) {
            struct d2_code c = {(uint8_t)(1 + (t + k) % 4), (uint8_t)(255 * rng_uniform(t, k))};
            base[k] = d2_current(D2_BASE_PARAM + k, c);
        }
        for (uint8_t a = 0; a < D2_MASKS; a++) {
            for (uint8_t b = a; b < D2_MASKS; b++) {
                uint8_t in[2] = {a, b}, out[2];
                float w = d2_decode_weight(base, in, 2, iscale);
                uint32_t n = d2_masks_of(base, b % 2 ? w : -w, iscale, out);
                assert_int_equal(n == 0, w == 0);
                if (n == 0)
                    continue;
                assert_true(d2_decode_weight(base, out, n, iscale) == w);
                assert_true(a != 0 || n == 1);
                float next = nextafterf(w, INFINITY);
                n = d2_masks_of(base, next, iscale, out);
                assert_true(n == 0 || d2_decode_weight(base, out, n, iscale) == next);
            }
        }
    }
    const double equal[] = {1, 1, 1, 1}; /* the lowest mask of many */
    uint8_t mask[2];
    assert_int_equal(d2_masks_of(equal, 2, 1, mask), 1);
    assert_int_equal(mask[0], 3);
}

/* ---- the rest of the contract ---- */

static void deterministic(void **state)
{
    (void)state;
    static struct d2_base_reach g;
    d2_base_reach(&g);
    double w[100], back[100];
    for (size_t i = 0; i < 100; i++)
        back[99 - i] = w[i] = 1e-9 * draw(LAPLACE, 5, i);
    struct d2_solution a, b, c;
    d2_solve(w, 100, &g.grid, all_free, 3, &a);
    d2_solve(w, 100, &g.grid, all_free, 3, &b);
    d2_solve(back, 100, &g.grid, all_free, 3, &c);
    assert_memory_equal(&a, &b, sizeof a);
    assert_memory_equal(a.index, c.index, sizeof a.index);
    assert_true(a.index[0] <= a.index[1] && a.index[1] <= a.index[2] && a.index[2] <= a.index[3]);
}

static void beyond_reach(void **state)
{
    (void)state;
    static struct d2_base_reach g;
    d2_base_reach(&g);
    const double w[] = {3e-6, 2.5e-6, 4e-6};
    struct d2_solution s;
    d2_solve(w, 3, &g.grid, all_free, 0, &s);
    for (uint32_t k = 0; k < D2_BASES; k++)
        assert_int_equal(s.index[k], g.grid.n - 1);
    const double tiny[] = {1e-16};
    d2_solve(tiny, 1, &g.grid, all_free, 0, &s);
    assert_int_equal(d2_nearest_mask(s.base, tiny[0]), 0);
}

static void given_bases(void **state)
{
    (void)state;
    static struct d2_base_reach g;
    d2_base_reach(&g);
    double w[80];
    for (size_t i = 0; i < 80; i++)
        w[i] = 1e-8 * draw(GAUSS, 8, i);
    struct d2_solution any, s;
    d2_solve(w, 80, &g.grid, all_free, 0, &any);
    const int32_t all[] = {700, 1000, 10, 1200}, two[] = {D2_FREE, 1100, D2_FREE, 900};
    d2_solve(w, 80, &g.grid, all, 0, &s);
    for (uint32_t k = 0; k < D2_BASES; k++)
        assert_int_equal(s.index[k], all[k]);
    d2_solve(w, 80, &g.grid, two, 0, &s);
    assert_int_equal(s.index[1], 1100);
    assert_int_equal(s.index[3], 900);
    assert_true(s.index[0] <= s.index[2]);
    assert_true(s.mse >= any.mse);
    int32_t same[D2_BASES]; /* the best three given: the fourth is found again */
    for (uint32_t k = 0; k < D2_BASES; k++)
        same[k] = k == 2 ? D2_FREE : (int32_t)any.index[k];
    d2_solve(w, 80, &g.grid, same, 0, &s);
    assert_true(s.mse <= any.mse);
}

static void best_gain(void **state)
{
    (void)state;
    static struct d2_base_reach g;
    d2_base_reach(&g);
    double w[200], large[50];
    for (size_t i = 0; i < 200; i++)
        w[i] = 1e-13 * draw(UNIFORM, 4, i); /* the largest, 1 pA, is twelve grid steps */
    for (size_t i = 0; i < 50; i++)
        large[i] = 1e-9 * draw(UNIFORM, 5, i);
    struct d2_gain_core core[] = {{w, 200, 1e-12, {-1, -1, -1, -1}},
                                  {NULL, 0, 1, {-1, -1, -1, -1}}};
    const double factor[] = {1, 2, 30, 1e3, 1e7};
    double f = d2_best_gain(core, 2, &g.grid, factor, 5, 0);
    struct d2_solution before, after;
    d2_solve(w, 200, &g.grid, all_free, 0, &before);
    for (size_t i = 0; i < 200; i++)
        w[i] *= f;
    d2_solve(w, 200, &g.grid, all_free, 0, &after);
    assert_true(f > 1 && f < 1e7); /* at 1e7 even the largest base currents are too small */
    assert_true(after.mse / (f * f) < before.mse);

    /* Where the factor makes no difference the first one stands. */
    struct d2_gain_core fine = {large, 50, 1e-8, {-1, -1, -1, -1}};
    assert_true(d2_best_gain(&fine, 1, &g.grid, (double[]){1, 1}, 2, 0) == 1);
    assert_true(d2_best_gain(core + 1, 1, &g.grid, factor, 5, 0) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(optimal_on_tiny_grids),
        cmocka_unit_test(near_optimal_on_a_coarse_grid),
        cmocka_unit_test(near_optimal_for_few_weights),
        cmocka_unit_test(as_good_as_a_long_search),
        cmocka_unit_test(bound_holds),
        cmocka_unit_test(nearest_masks),
        cmocka_unit_test(masks_of_what_was_decoded),
        cmocka_unit_test(deterministic),
        cmocka_unit_test(beyond_reach),
        cmocka_unit_test(given_bases),
        cmocka_unit_test(best_gain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
