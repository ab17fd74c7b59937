/* Trained networks through the passes to a configuration: scales, weights, thresholds, layout and
 * cores are sinabs' (tests/golden/README.md). */
#include "tests/unit/unit.h"

#include "compiler/driver.h"
#include "targets/speck/config.h"
#include "targets/target.h"
#include "tests/unit/json_tree.h"
#include <math.h>
#include <stdio.h>
#include <unistd.h>

static const struct span NOWHERE = {0, 0, 0};

struct fixture {
    struct driver d;
    struct program p;
    const char *name;
    struct speck_config c;
    struct speck_maps m;
    struct plan plan;
};

/* False: the build failed, as its diagnostics say. */
static bool build_file(struct fixture *f, const char *path, const struct build_options *o)
{
    struct target_report report = {0};
    struct image_writer w;
    struct image im;
    struct driver *d = &f->d;
    d->stdlib = "stdlib";
    assert_true(driver_open(d, path, &f->p));
    bool ok = driver_image(&f->p, o, &w, &report);
    target_report_free(&report);
    if (!ok)
        return false;
    assert_true(image_open(&d->arena, (struct bytes){(const uint8_t *)w.out.data, w.out.n}, &im,
                           &d->diags, path));
    assert_true(speck_config_read(&d->arena, &im, &f->c, &f->m, &d->diags));
    assert_true(target_load(&d->arena, &im, &f->plan, &d->diags, path));
    buf_free(&w.out);
    return true;
}

static bool build(struct fixture *f, const char *name, const char *target, const char *like)
{
    f->name = name;
    return build_file(f, arena_printf(&f->d.arena, "tests/golden/speck/trained/%s.dyn", name),
                      &(struct build_options){.target = target, .like = like});
}

static struct npy load(struct fixture *f, const char *member)
{
    struct npy x;
    const char *path = arena_printf(&f->d.arena, "tests/golden/speck/%s/golden.npz", f->name);
    assert_true(npy_load(&f->d.arena, path, member, &x, &f->d.diags, E0901, NOWHERE));
    return x;
}

static void check_core(struct fixture *f, uint32_t layer, const struct json_tree *info)
{
    struct arena *a = &f->d.arena;
    const struct plan_group *g = &f->plan.group.data[layer];
    const char *number = g->name + 1; /* L3 */
    uint32_t core = f->m.layer[layer].core;
    const struct speck_cnn_layer *l = &f->c.cnn_layers[core];
    assert_int_equal(core, (int)json_number(json_member(info, "layer2core"), number));

    assert_true(f->m.layer[layer].scale == (float)json_number(json_member(info, "scale"), number));
    const struct json_tree *c =
        json_member(json_member(info, "cnn_layers"), arena_printf(a, "%u", core));
    static const char *const paths[] = {
        "dimensions.input_shape.feature_count",
        "dimensions.input_shape.size.x",
        "dimensions.input_shape.size.y",
        "dimensions.output_shape.feature_count",
        "dimensions.output_shape.size.x",
        "dimensions.output_shape.size.y",
        "dimensions.kernel_size",
        "dimensions.padding.x",
        "dimensions.padding.y",
        "dimensions.stride.x",
        "dimensions.stride.y",
        "threshold_high",
        "threshold_low",
        "return_to_zero",
        "leak_enable",
    };
    const struct speck_dimensions *d = &l->dimensions;
    const int32_t have[] = {
        d->input_shape.feature_count,
        d->input_shape.size.x,
        d->input_shape.size.y,
        d->output_shape.feature_count,
        d->output_shape.size.x,
        d->output_shape.size.y,
        d->kernel_size,
        d->padding.x,
        d->padding.y,
        d->stride.x,
        d->stride.y,
        l->threshold_high,
        l->threshold_low,
        l->return_to_zero,
        l->leak_enable,
    };
    for (uint32_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        if (have[i] != (int32_t)json_at(c, paths[i]))
            fail_msg("%s, core %u: %s is %d, not %g", f->name, core, paths[i], have[i],
                     json_at(c, paths[i]));
    }
    const struct npy w = load(f, arena_printf(a, "core%u_weights_fcxy", core));
    assert_int_equal(w.count, speck_n_weights(d));
    for (uint64_t i = 0; i < w.count; i++)
        assert_int_equal(l->weights[i], (int)npy_get(&w, &w.type, i));
    const struct npy b = load(f, arena_printf(a, "core%u_biases", core));
    assert_int_equal(b.count, d->output_shape.feature_count);
    for (uint64_t i = 0; i < b.count; i++)
        assert_int_equal(l->biases[i], (int)npy_get(&b, &b.type, i));

    /* Destinations in any order: sinabs' is that of a set. */
    for (uint32_t k = 0; k < SPECK_DESTINATIONS; k++) {
        bool found = false;
        for (uint32_t j = 0; j < SPECK_DESTINATIONS; j++) {
            const char *to = arena_printf(a, "destinations.%u", j);
            found =
                found ||
                (l->destinations[k].enable == (json_at(c, arena_printf(a, "%s.enable", to)) != 0) &&
                 (!l->destinations[k].enable ||
                  (l->destinations[k].layer == (int)json_at(c, arena_printf(a, "%s.layer", to)) &&
                   l->destinations[k].pooling ==
                       (int)json_at(c, arena_printf(a, "%s.pooling", to)))));
        }
        assert_true(found);
    }

    /* What the image means: the same numbers as [out][in][ky][kx]. */
    const struct npy q = load(f, arena_printf(a, "%s_w", g->name));
    for (uint32_t i = 0; i < f->plan.projection.n; i++) {
        const struct plan_projection *j = &f->plan.projection.data[i];
        if (j->dst != layer)
            continue;
        assert_int_equal(conv_count(j->conv), q.count);
        for (uint64_t k = 0; k < q.count; k++)
            assert_true(j->conv->w[k] == (float)npy_get(&q, &q.type, k));
    }
}

static void check_all(struct fixture *f)
{
    const char *path = arena_printf(&f->d.arena, "tests/golden/speck/%s/config.json", f->name);
    struct json_tree info = json_tree_load(&f->d.arena, path);
    for (uint32_t l = 0; l < f->plan.group.n; l++)
        check_core(f, l, &info);
}

/* Right is the default, and sinabs' numbers are right in these. */
static const char *const right[] = {"tutorial", "r1_single",    "r2_avgpool", "r3_stride_pad",
                                    "r4_deep",  "r5_fan_merge", "e2_augment", "nmnist"};

static void configurations_are_golden(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2 * sizeof right / sizeof *right; i++) {
        struct fixture f = {0};
        assert_true(
            build(&f, right[i / 2], i % 4 > 1 ? "speck2f" : "speck2e", i % 2 ? "sinabs" : NULL));
        assert_int_equal(f.c.chip, i % 4 > 1 ? SPECK_2F : SPECK_2E);
        check_all(&f);
        driver_free(&f.d);
    }
}

/* Without a lower bound sinabs allows no scale above 1. */
static void no_bound_as_sinabs(void **state)
{
    (void)state;
    struct fixture f = {0}, ours = {0};
    assert_true(build(&f, "e4_minv_none", "speck2e", "sinabs"));
    check_all(&f);
    assert_true(f.m.layer[0].scale == 1);
    assert_true(build(&ours, "e4_minv_none", "speck2e", NULL));
    assert_true(ours.m.layer[0].scale == 100.04876708984375f); /* what the weights allow */
    assert_int_equal(ours.c.cnn_layers[0].threshold_low, -32768);
    driver_free(&f.d);
    driver_free(&ours.d);
}

/* One layer of 1 x 1 behind average pools of an area of 1 / factor each; the sources come from
 * outside, where a pool may have any size. */
static void write_averages(FILE *file, const struct json_tree *factor)
{
    fputs("use speck;\nnetwork n {\n    layer l: iaf;\n", file);
    for (uint32_t k = 0; k < factor->item.n; k++) {
        const int area = (int)lround(1 / json_item(factor, k)->number);
        fprintf(file, "    input i%u[1, 4, %d];\n", k, 4 * area);
        fprintf(file, "    i%u -> l: conv2d(reshape([1], 1, 1, 1, 1)), average_pool = [1, %d];\n",
                k, area);
    }
    fputs("}\n", file);
}

/* A weight of 1 times the factor becomes 127: the scale tells the factor. */
static void check_factor(const char *path, const char *like, const double *factor, uint32_t n)
{
    struct fixture f = {0};
    assert_true(build_file(&f, path, &(struct build_options){.target = "speck2e", .like = like}));
    float largest = 0;
    for (uint32_t k = 0; k < n; k++)
        largest = fmaxf(largest, (float)factor[k]);
    const float inverse = 1 / largest;
    assert_true(f.m.layer[0].scale == inverse * 127);
    for (uint32_t k = 0; k < n; k++)
        assert_true(f.plan.projection.data[k].conv->w[0] ==
                    rintf((float)factor[k] * f.m.layer[0].scale));
    driver_free(&f.d);
}

static void averages_as_sinabs(void **state)
{
    (void)state;
    struct arena a = {0};
    const struct json_tree all = json_tree_load(&a, "tests/golden/speck/rescale.json");
    char path[] = "/tmp/averages_XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    uint32_t different = 0;
    for (uint32_t i = 0; i < all.item.n; i++) {
        const struct json_tree *t = json_item(&all, i), *f = json_member(t, "f");
        double own[8], m1[8], m2[8];
        if (f->item.n == 0)
            continue;
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        write_averages(file, f);
        assert_int_equal(fclose(file), 0);
        for (uint32_t k = 0; k < f->item.n; k++) {
            own[k] = json_item(f, k)->number;
            /* The recorded functions were also asked for one factor, which sinabs itself isn't. */
            m1[k] = f->item.n == 1 ? own[k] : json_number(t, "m1");
            m2[k] = f->item.n == 1 ? own[k] : json_number(t, "m2");
        }
        different += f->item.n > 1;
        check_factor(path, NULL, own, f->item.n);
        check_factor(path, "sinabs", m1, f->item.n);
        check_factor(path, "sinabs-method-2", m2, f->item.n);
    }
    assert_true(different >= 6);
    remove(path);
    arena_free(&a);
}

static void too_many_are_refused(void **state)
{
    (void)state;
    struct fixture f = {0};
    assert_false(build(&f, "e1_unmappable", "speck2e", NULL));
    assert_int_equal(f.d.diags.n_errors, 1);
    assert_int_equal(f.d.diags.list.data[0]->code, E0601);
    driver_free(&f.d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configurations_are_golden),
        cmocka_unit_test(no_bound_as_sinabs),
        cmocka_unit_test(averages_as_sinabs),
        cmocka_unit_test(too_many_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
