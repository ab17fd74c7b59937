/* A Speck's configuration: defaults, ranges, sections of an image, flash. */
#include "tests/unit/unit.h"

#include "targets/speck/fields.h"
#include "targets/speck/flash.h"
#include "tests/unit/speck_configs.h"

enum { DRAWS = 60 };

static void defaults(void **state)
{
    (void)state;
    struct arena a = {0};
    struct speck_faults f = {.arena = &a};
    for (uint32_t chip = 0; chip < SPECK_CHIPS; chip++) {
        struct speck_config c;
        speck_config_default(&a, (enum speck_chip)chip, &c);
        assert_true(speck_config_check(&c, &f));
        for (uint32_t i = 0; i < SPECK_CORES; i++)
            assert_true(speck_is_unused(&c.cnn_layers[i]));
        assert_int_equal(c.cnn_layers[8].threshold_low, -1);
        assert_int_equal(c.dvs_layer.cut.x, 127);
        assert_int_equal(c.dvs_layer.mirror.x, chip == SPECK_2E);
        assert_int_equal(c.dvs_layer.pass_sensor_events, chip == SPECK_2E);
        assert_int_equal(c.dvs_filter.threshold, 5);
        assert_int_equal(c.factory_config.internal_slow_clk_divider, 17);
        c.cnn_layers[4].destinations[1].pooling = 2;
        assert_false(speck_is_unused(&c.cnn_layers[4]));
    }
    arena_free(&a);
}

/* The one fault that a change brings. */
static void faulty(const struct speck_config *c, const char *where, const char *what)
{
    struct arena a = {0};
    struct speck_faults f = {.arena = &a};
    assert_false(speck_config_check(c, &f));
    assert_int_equal(f.list.n, 1);
    assert_string_equal(f.list.data[0].where, where);
    assert_string_equal(f.list.data[0].what, what);
    arena_free(&a);
}

/* Both ends of every range stand, what is beyond them doesn't. */
static void check_ranges(struct speck_config *c, void *object, const struct speck_block *b)
{
    struct arena a = {0};
    for (uint32_t i = 0; i < b->n; i++) {
        const struct speck_field *x = &b->field[i];
        int32_t was = speck_get(object, x);
        struct speck_faults f = {.arena = &a};
        if (x->kind == SPECK_BOOL || strncmp(x->name, "dimensions.", 11) == 0)
            continue;
        speck_set(object, x, x->kind == SPECK_INT ? x->low - 1 : 3 * 3);
        assert_false(speck_config_check(c, &f));
        assert_true(strstr(f.list.data[0].where, x->name));
        f.list.n = 0;
        speck_set(object, x, x->kind == SPECK_INT ? x->high + 1 : -1);
        assert_false(speck_config_check(c, &f));
        speck_set(object, x, was);
        f.list.n = 0;
        assert_true(speck_config_check(c, &f));
    }
    arena_free(&a);
}

static void ranges(void **state)
{
    (void)state;
    struct arena a = {0};
    struct speck_config c;
    speck_config_default(&a, SPECK_2F, &c);
    check_ranges(&c, &c.cnn_layers[5], &speck_layer_block);
    check_ranges(&c, &c.cnn_layers[5].destinations[1], &speck_destination_block);
    for (uint32_t i = 0; i < SPECK_BLOCKS; i++)
        check_ranges(&c, &c, &speck_block[i]);
    check_ranges(&c, &c.dvs_layer.destinations[0], &speck_dvs_target_block);
    c.cnn_layers[2].threshold_low = 0;
    faulty(&c, "cnn_layers[2].threshold_low", "is 0, not -32768 to -1");
    c.cnn_layers[2].threshold_low = -1;
    c.dvs_layer.origin.y = 5;
    c.dvs_layer.cut.y = 4;
    faulty(&c, "dvs_layer.cut.y", "is 4, below the origin 5");
    c.dvs_layer.cut.y = 5;
    c.dvs_filter.low_pass_mode_enable = true;
    faulty(&c, "dvs_filter.low_pass_mode_enable",
           "is 1 while hot_pixel_filter_enable is: the filter has one mode");
    c.dvs_filter.hot_pixel_filter_enable = false;
    c.chip = SPECK_2E;
    faulty(&c, "dvs_filter.low_pass_mode_enable", "is 1, not 0: a speck2e has no such field");
    c.dvs_filter.low_pass_mode_enable = false;
    c.cnn_layers[7].dimensions.input_shape.size.x = 3;
    faulty(&c, "cnn_layers[7].dimensions.output_shape.size.x",
           "is 1, not 3, which input, kernel, stride and padding give");
    c.cnn_layers[7].dimensions.input_shape.size.x = 129;
    faulty(&c, "cnn_layers[7].dimensions.input_shape.size.x", "is 129, not 1 to 128");
    c.cnn_layers[7].dimensions.input_shape.size.x = 1;
    c.cnn_layers[7].dimensions.input_shape.feature_count = 513;
    c.cnn_layers[7].dimensions.output_shape.feature_count = 32;
    c.cnn_layers[7].biases = NULL;
    faulty(&c, "cnn_layers[7].weights", "needs 16416 words, core 7 has 16384");
    c.cnn_layers[7].dimensions.input_shape.feature_count = 512;
    c.cnn_layers[7].destinations[0] = (struct speck_destination){true, 8, 1, 993};
    faulty(&c, "cnn_layers[7].destinations[0].feature_shift",
           "is 993, not 0 to 992: the last feature would be above 1023");
    arena_free(&a);
}

static void arrays(void **state)
{
    (void)state;
    struct speck_dimensions d = {.input_shape = {3, {9, 9}},
                                 .output_shape = {2, {4, 5}},
                                 .kernel_size = 2,
                                 .stride = {1, 1}};
    assert_int_equal(speck_n_weights(&d), 24);
    assert_int_equal(speck_n_neurons(&d), 40);
    /* [feature][channel][x][y] and [feature][x][y] */
    assert_int_equal(speck_weight_at(&d, 1, 2, 0, 1), 1 * 12 + 2 * 4 + 1 * 2 + 0);
    assert_int_equal(speck_neuron_at(&d, 1, 3, 2), 1 * 20 + 2 * 5 + 3);
}

/* ---- image ---- */

static void sections_come_back(void **state)
{
    (void)state;
    uint32_t used = 0;
    for (uint32_t seed = 0; seed < DRAWS; seed++) {
        struct arena a = {0};
        struct diags d = {0};
        struct speck_faults f = {.arena = &a};
        struct speck_config c, again;
        struct speck_maps m = {0}, other;
        struct image im;
        speck_draw_config(&a, seed % 2 ? SPECK_2F : SPECK_2E, seed, &c);
        if (!speck_config_check(&c, &f))
            fail_msg("%s %s", f.list.data[0].where, f.list.data[0].what);
        speck_sections(&a, &c, &m, &im);
        assert_true(speck_config_read(&a, &im, &again, &other, &d));
        speck_same_config(&c, &again);
        assert_int_equal(other.n_layers + other.n_inputs, 0);
        for (uint32_t i = 0; i < SPECK_CORES; i++)
            used += !speck_is_unused(&c.cnn_layers[i]);
        diags_free(&d);
        arena_free(&a);
    }
    assert_true(used > 3 * DRAWS);
}

static void maps_come_back(void **state)
{
    (void)state;
    struct arena a = {0};
    struct diags d = {0};
    struct speck_network n;
    struct speck_config c;
    struct speck_maps m;
    speck_small_network(&a, SPECK_2E, &n);
    assert_true(speck_config_read(&a, &n.image, &c, &m, &d));
    speck_same_config(&c, &n.config);
    assert_int_equal(m.n_layers, 2);
    assert_int_equal(m.layer[0].core, 3);
    assert_true(m.layer[0].scale == 122.5f);
    assert_int_equal(m.n_inputs, 2);
    assert_memory_equal(m.input[1].to, n.maps.input[1].to, sizeof *m.input[1].to);
    diags_free(&d);
    arena_free(&a);
}

/* Every byte changed, every length: a configuration within all ranges or a report. */
static void images_are_untrusted(void **state)
{
    (void)state;
    struct arena a = {0};
    struct speck_network n;
    uint32_t refused = 0;
    speck_small_network(&a, SPECK_2F, &n);
    for (uint32_t s = 0; s < n.image.n; s++) {
        struct image_section *x = &n.image.section[s];
        struct bytes whole = x->bytes;
        uint8_t *copy = arena_alloc(&a, whole.n + 1);
        for (size_t at = 0; at <= 4 * whole.n; at++) {
            struct arena b = {0};
            struct diags d = {0};
            struct speck_faults f = {.arena = &b};
            struct speck_config c;
            struct speck_maps m;
            static const uint8_t change[] = {1, 0x80, 0xff};
            memcpy(copy, whole.data, whole.n);
            x->bytes = (struct bytes){copy, at < 3 * whole.n ? whole.n : at - 3 * whole.n};
            if (at < 3 * whole.n)
                copy[at / 3] ^= change[at % 3];
            bool ok = speck_config_read(&b, &n.image, &c, &m, &d);
            assert_int_equal(ok, d.n_errors == 0);
            assert_true(!ok || speck_config_check(&c, &f));
            refused += !ok;
            diags_free(&d);
            arena_free(&b);
        }
        x->bytes = whole;
    }
    assert_true(refused > 1000);
    struct diags d = {0};
    struct speck_config c;
    struct speck_maps m;
    n.image.n = 1;
    assert_false(speck_config_read(&a, &n.image, &c, &m, &d));
    n.image.target = "dynapse2";
    assert_false(speck_config_read(&a, &n.image, &c, &m, &d));
    assert_int_equal(d.n_errors, 2);
    diags_free(&d);
    arena_free(&a);
}

/* ---- flash ---- */

static uint8_t *flash_of(struct arena *a, const struct speck_config *c)
{
    uint8_t *out = arena_alloc(a, SPECK_FLASH_SIZE);
    struct speck_faults f = {.arena = a};
    if (!speck_flash_encode(c, out, &f))
        fail_msg("%s %s", f.list.data[0].where, f.list.data[0].what);
    return out;
}

/* The bytes of the manual's example for these addresses. */
static void the_sector_map_is_the_manuals(void **state)
{
    (void)state;
    static const uint8_t want[] = {0x10, 0x15, 0x1a, 0x21, 0x2b, 0x33, 0x43, 0x50, 0x55,
                                   0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0xb0};
    struct arena a = {0};
    struct speck_config c;
    speck_config_default(&a, SPECK_2E, &c);
    const uint8_t *b = flash_of(&a, &c);
    assert_memory_equal(b, ((uint8_t[]){0x93, 0xcb, 0xa5, 0xe2}), 4);
    assert_memory_equal(b + 8, want, sizeof want);
    assert_int_equal(SPECK_FLASH_SIZE, 354 * 1024);
    arena_free(&a);
}

/* Registers by hand, from the manual's table. */
static void registers(void **state)
{
    (void)state;
    struct arena a = {0};
    struct speck_network n;
    speck_small_network(&a, SPECK_2E, &n);
    struct speck_cnn_layer *l = &n.config.cnn_layers[3];
    memset(l->neurons_initial_value, 0, 2 * speck_n_neurons(&l->dimensions));
    l->dimensions.output_shape.feature_count = 4;
    l->output_decimator_enable = true;
    l->output_decimator_interval = 5;
    l->input_congestion_balancer_enable = true;
    l->monitor_enable = true;
    const uint8_t *b = flash_of(&a, &n.config), *r = b + 0x280 + 0x40 * 3, *router = b + 0x100;
    assert_int_equal(r[0], 1 << 6 | 1 << 3 | 1);          /* stride x 2, pads 1 */
    assert_int_equal(r[1], 1 << 7 | 1 << 6 | 2 << 2 | 0); /* interval bit 0, on, kernel 3 */
    assert_int_equal(r[2], 2);                            /* input features */
    assert_int_equal(r[3], 5 << 2);                       /* out x */
    assert_int_equal(r[4], 3 << 6 | 8);                   /* features - 1, out y */
    assert_int_equal(r[5], 0);
    assert_int_equal(r[6], 2 << 6 | 0x20);
    assert_int_equal(r[8], 1 << 7 | 1 << 6 | 0x20);
    assert_int_equal(r[10] | r[11] << 8, 65536 - 127);
    assert_int_equal(r[12] | r[13] << 8, 127);
    assert_int_equal(r[14], 0x40 | 1);
    assert_int_equal((b + 0x280)[14], 0x40); /* core 0 returns to zero */
    assert_int_equal(router[3], 0);          /* to core 0 */
    assert_int_equal(router[9], 1 << 6);     /* l3d1 */
    assert_int_equal(router[12 + 9], 1 << 6);
    assert_int_equal(router[13 + 9], 6 << 2);
    assert_int_equal(router[39], 1 << 3 | 1);
    assert_int_equal(router[40], 0);
    assert_int_equal(router[42], 4 << 4 | 3); /* tags of cores 3 and 4 */
    assert_int_equal(b[0x80], 0x10 | 1 << 3 | 4);
    assert_int_equal(b[0x83], 9 << 1);
    assert_int_equal(b[0x85], 3);
    assert_int_equal(b[0x86], 0x80);
    /* The weight of feature 3 from channel 1 at y 2, x 0: tap 6, fields of 2 and 1 bits. */
    assert_int_equal((int8_t)b[0x20000 + (6 << 3 | 3 << 1 | 1)],
                     l->weights[speck_weight_at(&l->dimensions, 3, 1, 2, 0)]);
    assert_int_equal((int16_t)(b[0x1c000 + 0x800 * 3 + 4] | b[0x1c000 + 0x800 * 3 + 5] << 8), -13);
    arena_free(&a);
}

static void flash_comes_back(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < DRAWS; seed++) {
        struct arena a = {0};
        struct speck_faults f = {.arena = &a};
        struct speck_config c, again;
        speck_draw_flash(&a, seed, &c);
        const uint8_t *b = flash_of(&a, &c);
        if (!speck_flash_decode(&a, (struct bytes){b, SPECK_FLASH_SIZE}, &again, &f))
            fail_msg("%u: %s %s", seed, f.list.data[0].where, f.list.data[0].what);
        speck_same_config(&c, &again);
        arena_free(&a);
    }
}

/* The input map of what another core or the sensor feeds is theirs. */
static void input_maps_are_found(void **state)
{
    (void)state;
    struct arena a = {0};
    struct speck_network n;
    struct speck_config again;
    struct speck_faults f = {.arena = &a};
    speck_small_network(&a, SPECK_2E, &n);
    struct speck_cnn_layer *l = &n.config.cnn_layers[3];
    memset(l->neurons_initial_value, 0, 2 * speck_n_neurons(&l->dimensions));
    n.config.dvs_layer.mirror_diagonal = false; /* 10 x 8, where 9 would give as many neurons */
    assert_true(speck_flash_decode(&a, (struct bytes){flash_of(&a, &n.config), SPECK_FLASH_SIZE},
                                   &again, &f));
    speck_same_config(&n.config, &again);
    n.config.dvs_layer.destinations[0].enable = false;
    assert_true(speck_flash_decode(&a, (struct bytes){flash_of(&a, &n.config), SPECK_FLASH_SIZE},
                                   &again, &f));
    assert_int_equal(again.cnn_layers[3].dimensions.input_shape.size.x, 9);
    arena_free(&a);
}

static void what_has_no_place(void **state)
{
    (void)state;
    static uint8_t out[SPECK_FLASH_SIZE];
    struct arena a = {0};
    struct speck_config c;
    struct speck_faults f = {.arena = &a};
    speck_config_default(&a, SPECK_2E, &c);
    c.readout.enable = true;
    c.dvs_filter.threshold = 6;
    c.factory_config.monitor_dual_channel = true;
    c.cnn_layers[1].leak_internal_slow_clk_enable = true;
    c.cnn_layers[2].neurons_initial_value[0] = 1;
    c.dvs_layer.merge = true;
    c.dvs_layer.on_channel = false;
    assert_false(speck_flash_encode(&c, out, &f));
    assert_int_equal(f.list.n, 6);
    assert_string_equal(f.list.data[1].where, "readout.enable");
    f.list.n = 0;
    c.cnn_layers[0].dimensions.kernel_size = 17;
    assert_false(speck_flash_encode(&c, out, &f));
    assert_int_equal(f.list.n, 1);
    speck_config_default(&a, SPECK_2F, &c);
    f.list.n = 0;
    assert_false(speck_flash_encode(&c, out, &f));
    assert_string_equal(f.list.data[0].where, "speck2f");
    arena_free(&a);
}

static void flash_is_untrusted(void **state)
{
    (void)state;
    struct arena a = {0};
    struct speck_config c;
    uint32_t refused = 0, taken = 0;
    speck_draw_flash(&a, 7, &c);
    uint8_t *b = flash_of(&a, &c);
    for (uint32_t at = 0; at < 0x500; at++) {
        struct arena x = {0};
        struct speck_faults none = {.arena = &x};
        struct speck_config again;
        uint8_t was = b[at];
        b[at] ^= (uint8_t)(1u << at * 5 % 8);
        bool ok = speck_flash_decode(&x, (struct bytes){b, SPECK_FLASH_SIZE}, &again, &none);
        assert_int_equal(ok, none.list.n == 0);
        none.list.n = 0;
        assert_true(!ok || speck_config_check(&again, &none));
        refused += !ok;
        taken += ok;
        b[at] = was;
        arena_free(&x);
    }
    assert_true(refused > 500 && taken > 30);
    struct speck_faults f = {.arena = &a};
    assert_false(speck_flash_decode(&a, (struct bytes){b, 100}, &c, &f));
    b[0x1b] = 7;
    f.list.n = 0;
    assert_false(speck_flash_decode(&a, (struct bytes){b, SPECK_FLASH_SIZE}, &c, &f));
    assert_string_equal(f.list.data[0].where, "byte 0x0001b");
    assert_string_equal(f.list.data[0].what,
                        "is 0x07 where the known layout gives 0x00 (1 such bytes)");
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(ranges),
        cmocka_unit_test(arrays),
        cmocka_unit_test(sections_come_back),
        cmocka_unit_test(maps_come_back),
        cmocka_unit_test(images_are_untrusted),
        cmocka_unit_test(the_sector_map_is_the_manuals),
        cmocka_unit_test(registers),
        cmocka_unit_test(flash_comes_back),
        cmocka_unit_test(input_maps_are_found),
        cmocka_unit_test(what_has_no_place),
        cmocka_unit_test(flash_is_untrusted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
