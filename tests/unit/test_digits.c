/* The digits network against the spike totals that the peer's simulator recorded, with float
 * weights and with the weights of its training's four bits. */
#include "runtime/base/npy.h"
#include "runtime/dyn.h"
#include "tests/unit/unit.h"

enum { SAMPLES = 200, STEPS = 100, PIXELS = 64, HIDDEN = 200, DIGITS = 10 };

static struct npy load(struct arena *a, struct diags *d, const char *path, const char *member)
{
    struct npy x;
    assert_true(npy_load(a, path, member, &x, d, E0901, (struct span){0}));
    return x;
}

static void compare(const char *source, const char *totals)
{
    struct arena a = {0};
    struct diags d = {0};
    struct npy raster = load(&a, &d, "examples/digits_dynapse/test.npz", "raster");
    struct npy wanted = load(&a, &d, totals, NULL);
    assert_int_equal(raster.count, SAMPLES * STEPS * PIXELS);
    assert_int_equal(wanted.count, SAMPLES * (HIDDEN + DIGITS));
    dyn_context *c = dyn_new();
    dyn_image *im = dyn_compile(c, source, NULL);
    assert_non_null(im);
    dyn_input in = {
        .name = "pixel", .counts = npy_bytes(&raster), .trials = SAMPLES, .steps = STEPS};
    dyn_result *r = dyn_run(c, im, &(dyn_run_options){.input = &in, .n_input = 1});
    assert_non_null(r);
    uint32_t n_hidden, n_digits;
    const uint64_t *hidden = dyn_result_counts(r, "hidden", &n_hidden);
    const uint64_t *digit = dyn_result_counts(r, "digit", &n_digits);
    assert_int_equal(n_hidden, HIDDEN);
    assert_int_equal(n_digits, DIGITS);
    const uint8_t *w = npy_bytes(&wanted);
    int differ = 0;
    for (int s = 0; s < SAMPLES; s++) {
        for (int i = 0; i < HIDDEN + DIGITS; i++) {
            int have = (int)(i < HIDDEN ? hidden[s * HIDDEN + i] : digit[s * DIGITS + i - HIDDEN]);
            int want = w[s * (HIDDEN + DIGITS) + i];
            assert_in_range(have - want + 1, 0, 2);
            differ += have != want;
        }
    }
    print_message("%d of %d totals differ by one spike\n", differ, SAMPLES * (HIDDEN + DIGITS));
    assert_in_range(differ, 0, 4);
    dyn_result_free(r);
    dyn_image_free(im);
    dyn_free(c);
    diags_free(&d);
    arena_free(&a);
}

static void float_weights(void **state)
{
    (void)state;
    compare("examples/digits_dynapse/digits.dyn", "tests/data/digits/counts_float.npy");
}

static void four_bit_weights(void **state)
{
    (void)state;
    compare("tests/data/digits/four_bits.dyn", "tests/data/digits/counts_four_bits.npy");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(float_weights),
        cmocka_unit_test(four_bit_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
