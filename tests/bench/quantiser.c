#include "runtime/base/rng.h"
#include "targets/dynapse2/quantize_core.h"
#include "tests/bench/bench.h"
#include <math.h>

/* Normal weights, scaled so that the largest is what four base currents can make. */
static double *random_currents(struct arena *a, uint32_t n)
{
    double *x = ARENA_ARRAY(a, double, n), most = 0;
    for (uint32_t i = 0; i < n; i++) {
        x[i] = fabs(rng_normal(n, i));
        most = fmax(most, x[i]);
    }
    for (uint32_t i = 0; i < n; i++)
        x[i] *= 1e-7 / most;
    return x;
}

static double mean_square(const double *x, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    return sum / n;
}

void bench_quantiser(struct bench *b)
{
    static const uint32_t sizes[] = {124, 557, 8151};
    static const int32_t given[D2_BASES] = {D2_FREE, D2_FREE, D2_FREE, D2_FREE};
    struct d2_base_reach *grid = ARENA_NEW(&b->arena, struct d2_base_reach);
    d2_base_reach(grid);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (b->o.quick && sizes[i] > 124)
            continue;
        const double *x = random_currents(&b->arena, sizes[i]);
        struct d2_solution s = {0};
        double v[5], bound_time[1];
        const uint32_t n = b->o.quick ? 1 : 5;
        for (uint32_t k = 0; k < n; k++) {
            double t = bench_busy();
            d2_solve(x, sizes[i], &grid->grid, given, 1, &s);
            v[k] = bench_busy() - t;
        }
        bound_time[0] = bench_busy();
        const double bound = d2_bound(x, sizes[i]);
        bound_time[0] = bench_busy() - bound_time[0];
        bench_check(b, s.mse >= bound, "%u weights: below the bound", sizes[i]);
        const double power = mean_square(x, sizes[i]);
        bench_keep_time(b, "quantise", arena_printf(&b->arena, "%u weights", sizes[i]), v, n, 0,
                        arena_printf(&b->arena, "error %.2f %% (rms), bound %.2f %%",
                                     100 * sqrt(s.mse / power), 100 * sqrt(bound / power)));
        bench_keep_time(b, "quantise", arena_printf(&b->arena, "%u weights: bound", sizes[i]),
                        bound_time, 1, 0, "");
    }
}
