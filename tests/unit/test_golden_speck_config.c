/* Trained networks through the passes to a configuration: scales, weights, thresholds, layout and
 * cores are sinabs' (tests/golden/README.md). */
#include "tests/unit/unit.h"

#include "compiler/driver.h"
#include "targets/speck/config.h"
#include "targets/target.h"
#include "tests/unit/json_tree.h"

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
static bool build(struct fixture *f, const char *name, const char *target)
{
    const struct build_options o = {.target = target};
    struct target_report report = {0};
    struct image_writer w;
    struct image im;
    struct driver *d = &f->d;
    driver_init(d);
    d->stdlib = "stdlib";
    f->name = name;
    const char *path = arena_printf(&d->arena, "tests/golden/speck/trained/%s.dyn", name);
    assert_true(driver_open(d, path, &f->p));
    bool ok = driver_image(&f->p, &o, &w, &report);
    target_report_free(&report);
    if (!ok)
        return false;
    assert_true(image_open(&d->arena, (struct bytes){(const uint8_t *)w.out.data, w.out.n}, &im,
                           &d->diags, name));
    assert_true(speck_config_read(&d->arena, &im, &f->c, &f->m, &d->diags));
    assert_true(target_load(&d->arena, &im, &f->plan, &d->diags, name));
    buf_free(&w.out);
    return true;
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

static void configurations_are_golden(void **state)
{
    (void)state;
    static const char *const cases[] = {"tutorial", "r1_single",    "r2_avgpool", "r3_stride_pad",
                                        "r4_deep",  "r5_fan_merge", "e2_augment", "nmnist"};
    for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f = {0};
        assert_true(build(&f, cases[i], i % 2 ? "speck2f" : "speck2e"));
        assert_int_equal(f.c.chip, i % 2 ? SPECK_2F : SPECK_2E);
        const char *path = arena_printf(&f.d.arena, "tests/golden/speck/%s/config.json", cases[i]);
        struct json_tree info = json_tree_load(&f.d.arena, path);
        for (uint32_t l = 0; l < f.plan.group.n; l++)
            check_core(&f, l, &info);
        driver_free(&f.d);
    }
}

static void too_many_are_refused(void **state)
{
    (void)state;
    struct fixture f = {0};
    assert_false(build(&f, "e1_unmappable", "speck2e"));
    assert_int_equal(f.d.diags.n_errors, 1);
    assert_int_equal(f.d.diags.list.data[0]->code, E0601);
    driver_free(&f.d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configurations_are_golden),
        cmocka_unit_test(too_many_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
