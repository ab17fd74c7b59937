/* exp and log of kernel_math.h against libm in float64, which is exact for this purpose. */
#include "tests/unit/unit.h"

#include "runtime/base/fpenv.h"
#include "runtime/kernel_math.h"
#include <float.h>

static float bits(uint32_t i)
{
    return kernel_from_bits((int32_t)i);
}

/* Distance of y from the true value in units of the last place of float32. */
static double ulps(float y, double truth)
{
    int e;
    frexp(truth, &e);
    return fabs((double)y - truth) / ldexp(1.0, e - 24);
}

static double exp_error(float x)
{
    float y = kernel_expf(x);
    double truth = exp((double)x);
    if (truth < (double)FLT_MIN) {
        assert_int_equal(kernel_bits(y), 0);
        return 0;
    }
    if (truth >= 0x1.ffffffp+127) {
        assert_true(isinf(y) && y > 0);
        return 0;
    }
    return ulps(y, truth);
}

static double log_error(float x)
{
    float y = kernel_logf(x);
    if (x <= -FLT_MIN) {
        assert_true(isnan(y));
        return 0;
    }
    if (x < FLT_MIN) { /* zeros and denormals */
        assert_true(isinf(y) && y < 0);
        return 0;
    }
    if (isinf(x) || x == 1) {
        assert_true(y == (isinf(x) ? x : 0));
        return 0;
    }
    return ulps(y, log((double)x));
}

/* Every 499th float of all; the bounds were measured over all 2^32. */
static void check_all(void)
{
    double worst_exp = 0, worst_log = 0;
    for (uint64_t i = 0; i < (uint64_t)1 << 32; i += 499) {
        float x = bits((uint32_t)i);
        if (isnan(x))
            continue;
        worst_exp = fmax(worst_exp, exp_error(x));
        worst_log = fmax(worst_log, log_error(x));
    }
    assert_true(worst_exp > 0.5 && worst_exp < 0.91);
    assert_true(worst_log > 0.5 && worst_log < 0.94);
}

static void test_ulps(void **state)
{
    (void)state;
    check_all();
}

static void test_ulps_flushing(void **state)
{
    (void)state;
    uint64_t old = fpenv_flush();
    check_all();
    fpenv_restore(old);
}

/* Every float near the ends of what is representable, and around 1 where log cancels. */
static void test_edges(void **state)
{
    (void)state;
    const float center[] = {-0x1.5d589ep+6f, 0x1.62e42ep+6f, 0.0f,    -103.0f, 1.0f,
                            2.0f / 3,        4.0f / 3,       FLT_MIN, FLT_MAX};
    for (size_t c = 0; c < sizeof center / sizeof *center; c++) {
        uint32_t from = (uint32_t)kernel_bits(center[c]) - 3000;
        for (uint32_t i = 0; i < 6000; i++) {
            float x = bits(from + i);
            if (isnan(x))
                continue;
            assert_true(exp_error(x) < 0.91);
            assert_true(log_error(x) < 0.94);
        }
    }
}

static void test_special(void **state)
{
    (void)state;
    const int32_t quiet = 0x7fc00000;
    assert_int_equal(kernel_bits(kernel_expf(NAN)), quiet);
    assert_int_equal(kernel_bits(kernel_expf(bits(0xff812345))), quiet);
    assert_int_equal(kernel_bits(kernel_logf(bits(0xff812345))), quiet);
    assert_int_equal(kernel_bits(kernel_logf(-1)), quiet);
    assert_int_equal(kernel_bits(kernel_logf(-INFINITY)), quiet);
    assert_true(kernel_expf(INFINITY) == INFINITY);
    assert_int_equal(kernel_bits(kernel_expf(-INFINITY)), 0);
    assert_true(kernel_expf(0) == 1 && kernel_expf(-0.0f) == 1);
    assert_int_equal(kernel_bits(kernel_logf(1)), 0);
    assert_true(kernel_logf(INFINITY) == INFINITY);
    assert_true(kernel_logf(0) == -INFINITY && kernel_logf(-0.0f) == -INFINITY);
    assert_true(kernel_logf(1e-40f) == -INFINITY && kernel_logf(-1e-40f) == -INFINITY);
    assert_true(kernel_expf(1e-40f) == 1);
}

/* A raster must not depend on a dent in a curve. */
static void test_monotone(void **state)
{
    (void)state;
    float last_exp = 0, last_log = -INFINITY;
    for (uint32_t i = 0; i < 2000000; i++) {
        float x = (float)((double)i * 1e-6 - 1);
        float y = kernel_expf(x), z = kernel_logf(x + 2);
        assert_true(y >= last_exp && z >= last_log);
        last_exp = y;
        last_log = z;
    }
}

static void test_rounded_from_float64(void **state)
{
    (void)state;
    assert_true(kernel_sinf(1) == (float)sin(1.0) && kernel_cosf(2) == (float)cos(2.0));
    assert_true(kernel_tanhf(0.3f) == (float)tanh((double)0.3f));
    assert_true(kernel_powf(3, 0.5f) == (float)sqrt(3.0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ulps),     cmocka_unit_test(test_ulps_flushing),
        cmocka_unit_test(test_edges),    cmocka_unit_test(test_special),
        cmocka_unit_test(test_monotone), cmocka_unit_test(test_rounded_from_float64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
