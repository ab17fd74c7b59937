/* The numbers of Speck's discretization, against recorded ones and by hand. */
#include "tests/unit/unit.h"

#include "runtime/base/npy.h"
#include "targets/speck/config.h"
#include "targets/speck/quantity.h"
#include "tests/unit/json_tree.h"
#include <math.h>

struct golden {
    struct arena *a;
    struct bytes file;
    uint32_t at;
};

/* Member "<case>_<name>"; false: there is none. */
static bool load(const struct golden *g, const char *name, struct npy *out)
{
    struct diags d = {0};
    bool ok = npz_parse(g->a, g->file, arena_printf(g->a, "%u_%s", g->at, name), out, &d, "golden",
                        (struct span){0});
    diags_free(&d);
    return ok;
}

static float *values(const struct golden *g, const char *name, size_t *n)
{
    struct npy x;
    *n = 0;
    if (!load(g, name, &x))
        return NULL;
    *n = (size_t)x.count;
    float *v = ARENA_ARRAY(g->a, float, x.count + 1);
    for (uint64_t i = 0; i < x.count; i++)
        v[i] = (float)npy_get(&x, &x.type, i);
    return v;
}

static void rounds_to(const struct golden *g, const float *v, size_t n, float scale,
                      const char *name, int32_t limit)
{
    struct npy want;
    if (!v)
        return;
    int32_t *q = ARENA_ARRAY(g->a, int32_t, n + 1);
    assert_true(load(g, name, &want));
    assert_int_equal(want.count, n);
    assert_int_equal(speck_round(v, n, scale, limit, q), 0);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(q[i], (int)npy_get(&want, &want.type, i));
}

static void discretization_is_golden(void **state)
{
    (void)state;
    struct arena a = {0};
    struct diags d = {0};
    struct golden g = {.a = &a};
    uint32_t with_bias = 0, with_state = 0, unbounded = 0;
    assert_true(
        file_read(&a, "tests/golden/speck/discretize.npz", &g.file, &d, E0901, (struct span){0}));
    for (;; g.at++) {
        size_t n_thr, n_minv, n_scales, n_scale;
        struct speck_real l = {0};
        struct speck_scales parts;
        l.weights = values(&g, "w", &l.n_weights);
        if (!l.weights)
            break;
        l.biases = values(&g, "b", &l.n_biases);
        l.state = values(&g, "v", &l.n_state);
        const float *thr = values(&g, "thr", &n_thr), *none = values(&g, "minv_none", &n_minv);
        const float *scales = values(&g, "scales", &n_scales), *s = values(&g, "scale", &n_scale);
        l.v_min = thr[0];
        l.threshold = thr[1];
        l.bounded = none[0] == 0;
        float scale = speck_layer_scale(&l, SPECK_AS_SINABS, &parts);
        assert_true(scale == s[0]);
        assert_true(parts.weights == scales[0] && parts.biases == scales[1]);
        assert_true(parts.thresholds == scales[2]);
        rounds_to(&g, l.weights, l.n_weights, scale, "wq", 127);
        rounds_to(&g, l.biases, l.n_biases, scale, "bq", 127);
        rounds_to(&g, l.state, l.n_state, scale, "vq", 32767);
        rounds_to(&g, thr, 2, scale, "thrq", 32767);
        with_bias += l.biases != NULL;
        with_state += l.state != NULL;
        unbounded += !l.bounded;
        /* Without a bound nothing is lost to it: as if it were that of sinabs' own default. */
        if (!l.bounded) {
            struct speck_real bounded = l;
            struct speck_scales other;
            bounded.bounded = true;
            bounded.v_min = -l.threshold;
            assert_true(speck_layer_scale(&l, SPECK_FREE, &parts) ==
                        speck_layer_scale(&bounded, SPECK_AS_SINABS, &other));
            assert_true(scale <= 1);
        }
    }
    assert_true(g.at >= 20 && with_bias > 0 && with_state > 0 && unbounded > 0);
    diags_free(&d);
    arena_free(&a);
}

static void scales(void **state)
{
    (void)state;
    const float ones[] = {-1, 1}, zeros[] = {0, 0}, down[] = {-2, 0}, even[] = {127, -128};
    assert_true(speck_scale_of(ones, 2, 8) == 127);
    assert_true(speck_scale_of(ones + 1, 1, 16) == 32767);
    assert_true(isinf(speck_scale_of(zeros, 2, 8)) && speck_scale_of(zeros, 2, 8) > 0);
    assert_true(isinf(speck_scale_of(NULL, 0, 8)));
    assert_true(speck_scale_of(down, 2, 8) == 64);
    assert_true(speck_scale_of(even, 2, 8) == 1);
    int32_t q[6];
    const float v[] = {0.5f, 1.5f, -0.5f, -2.5f, 200, -200};
    assert_int_equal(speck_round(v, 6, 1, 127, q), 2);
    assert_memory_equal(q, ((int32_t[]){0, 2, 0, -2, 127, -128}), sizeof q);
}

static void factors_are_golden(void **state)
{
    (void)state;
    struct arena a = {0};
    struct json_tree all = json_tree_load(&a, "tests/golden/speck/rescale.json");
    assert_true(all.item.n >= 8);
    for (uint32_t i = 0; i < all.item.n; i++) {
        const struct json_tree *t = json_item(&all, i), *f = json_member(t, "f");
        double factor[8] = {0};
        for (uint32_t k = 0; k < f->item.n; k++)
            factor[k] = json_item(f, k)->number;
        assert_true(speck_mean_factor(factor, f->item.n, 1) == json_number(t, "m1"));
        assert_true(speck_mean_factor(factor, f->item.n, 2) == json_number(t, "m2"));
    }
    const double one[] = {0.0625, 0.0625}, two[] = {1, 0.25, 1};
    assert_true(speck_common_factor(one, 2, 1) == 0.0625);
    assert_true(speck_common_factor(NULL, 0, 1) == 1);
    assert_true(speck_common_factor(two, 3, 1) == 0.31);
    assert_true(speck_area_factor(4, 2) == 0.125);
    float v[] = {1, -3};
    speck_multiply(v, 2, 0.08);
    assert_true(v[0] == 0.08f && v[1] == -3 * 0.08f);
    arena_free(&a);
}

/* ---- whole networks ---- */

struct network {
    const char *name;
    uint32_t first; /* number of its first layer */
    uint32_t layers;
    int8_t core[5];
};

/* Weights, biases and what is on the cores of one layer. */
static void check_layer(const struct golden *g, const struct network *n, uint32_t layer)
{
    const char *file = arena_printf(g->a, "tests/golden/speck/%s/golden.npz", n->name);
    struct diags d = {0};
    struct npy w, b, q, on_core;
    struct span at = {0};
    const uint32_t i = n->first + layer;
    const char *name = arena_printf(g->a, "L%u_w", i), *bias = arena_printf(g->a, "L%u_b", i);
    assert_true(npy_load(g->a, file, arena_printf(g->a, "%s_float", name), &w, &d, E0901, at));
    assert_true(npy_load(g->a, file, name, &q, &d, E0901, at));
    assert_true(npy_load(g->a, file, arena_printf(g->a, "core%d_weights_fcxy", n->core[layer]),
                         &on_core, &d, E0901, at));
    bool biased = npy_load(g->a, file, arena_printf(g->a, "%s_float", bias), &b, &d, E0901, at);
    struct speck_real l = {.threshold = 1, .v_min = -1, .bounded = strncmp(n->name, "e4", 2) != 0};
    struct speck_scales parts;
    float *weights = ARENA_ARRAY(g->a, float, w.count), *biases = NULL;
    int32_t *out = ARENA_ARRAY(g->a, int32_t, w.count);
    for (uint64_t k = 0; k < w.count; k++)
        weights[k] = (float)npy_get(&w, &w.type, k);
    if (biased) {
        biases = ARENA_ARRAY(g->a, float, b.count);
        for (uint64_t k = 0; k < b.count; k++)
            biases[k] = (float)npy_get(&b, &b.type, k);
    }
    l.weights = weights;
    l.n_weights = (size_t)w.count;
    l.biases = biases;
    l.n_biases = biased ? (size_t)b.count : 0;
    float scale = speck_layer_scale(&l, SPECK_AS_SINABS, &parts);
    assert_int_equal(speck_round(weights, l.n_weights, scale, 127, out), 0);
    struct speck_dimensions m = {.kernel_size = (int32_t)w.extent[2]};
    m.output_shape.feature_count = (int32_t)w.extent[0];
    m.input_shape.feature_count = (int32_t)w.extent[1];
    for (uint64_t k = 0; k < w.count; k++) {
        uint64_t x = k % w.extent[3], y = k / w.extent[3] % w.extent[2];
        uint64_t c = k / w.extent[3] / w.extent[2] % w.extent[1];
        size_t there = speck_weight_at(&m, (int32_t)(k / w.extent[3] / w.extent[2] / w.extent[1]),
                                       (int32_t)c, (int32_t)y, (int32_t)x);
        assert_int_equal(out[k], (int)npy_get(&q, &q.type, k));
        assert_int_equal(out[k], (int)npy_get(&on_core, &on_core.type, there));
    }
    if (biased) {
        assert_true(npy_load(g->a, file, bias, &q, &d, E0901, at));
        assert_int_equal(speck_round(biases, l.n_biases, scale, 127, out), 0);
        for (uint64_t k = 0; k < b.count; k++)
            assert_int_equal(out[k], (int)npy_get(&q, &q.type, k));
    }
    diags_free(&d);
}

static void networks_are_golden(void **state)
{
    (void)state;
    static const struct network all[] = {
        {"tutorial", 1, 1, {0}},
        {"r1_single", 0, 1, {0}},
        {"r2_avgpool", 0, 2, {0, 1}},
        {"r3_stride_pad", 0, 2, {0, 1}},
        {"r4_deep", 0, 5, {0, 1, 2, 3, 4}},
        {"r5_fan_merge", 0, 4, {0, 1, 2, 3}},
        {"nmnist", 0, 4, {0, 1, 2, 3}},
        {"e2_augment", 0, 4, {3, 1, 2, 0}},
        {"e4_minv_none", 0, 1, {0}},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct arena a = {0};
        struct golden g = {.a = &a};
        for (uint32_t k = 0; k < all[i].layers; k++)
            check_layer(&g, &all[i], k);
        arena_free(&a);
    }
}

static void dense_kernels(void **state)
{
    (void)state;
    /* Two features of 2 x 3; weight of neuron i to target o is 10 i + o, none where that is 0. */
    const uint32_t map[] = {2, 2, 3};
    uint64_t row[13] = {0};
    uint32_t post[24], n = 0;
    float weight[24], kernel[2 * 2 * 3 * 3] = {0};
    for (uint32_t i = 0; i < 12; i++) {
        for (uint32_t o = i == 0; o < 2; o++, n++) {
            post[n] = o;
            weight[n] = (float)(10 * i + o);
        }
        row[i + 1] = n;
    }
    speck_dense_kernel(map, (uint32_t[]){1, 0}, row, post, weight, kernel);
    for (uint32_t at = 0; at < 36; at++) {
        uint32_t o = at / 18, c = at / 9 % 2, y = at / 3 % 3, x = at % 3;
        float want = y > 0 ? (float)(10 * (c * 6 + (y - 1) * 3 + x) + o) : 0;
        assert_true(kernel[at] == want);
    }
}

static void shared_kernels(void **state)
{
    (void)state;
    const float w1[] = {1, 2, 3, 4}, w2[] = {5, 6, 7, 8}, w3[] = {9, 10}; /* [out 2][in] */
    struct speck_heard s[] = {{.weights = w1, .in = 2},
                              {.weights = w2, .in = 2},
                              {.weights = w1, .in = 2},
                              {.weights = w3, .in = 1}};
    float kernel[10];
    assert_int_equal(speck_share(s, 4, 2, 1), 5);
    assert_int_equal(s[0].shift, 0);
    assert_int_equal(s[1].shift, 2);
    assert_int_equal(s[2].shift, 0);
    assert_int_equal(s[3].shift, 4);
    speck_join_kernels(s, 4, 2, 5, 1, kernel);
    assert_memory_equal(kernel, ((float[]){1, 2, 5, 6, 9, 3, 4, 7, 8, 10}), sizeof kernel);
    s[3].fixed = true; /* comes first then */
    assert_int_equal(speck_share(s, 4, 2, 1), 5);
    assert_int_equal(s[3].shift, 0);
    assert_int_equal(s[0].shift, 1);
    assert_int_equal(s[2].shift, 1);
    assert_int_equal(s[1].shift, 3);
    s[1].fixed = true;
    assert_int_equal(speck_share(s, 4, 2, 1), 0);
    s[3].fixed = false;
    s[2].weights = w2; /* as the fixed one, and so with it */
    assert_int_equal(speck_share(s, 4, 2, 1), 5);
    assert_int_equal(s[1].shift, 0);
    assert_int_equal(s[2].shift, 0);
    assert_int_equal(s[0].shift, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(discretization_is_golden),
        cmocka_unit_test(scales),
        cmocka_unit_test(factors_are_golden),
        cmocka_unit_test(networks_are_golden),
        cmocka_unit_test(dense_kernels),
        cmocka_unit_test(shared_kernels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
