/* What layers need of a Speck, which cores they get, and why not. */
#include "tests/unit/unit.h"

#include "targets/speck/assign.h"
#include "targets/speck/reasons.h"
#include "tests/unit/json_tree.h"

static uint32_t pair(const struct json_tree *t, const char *key, uint32_t i)
{
    return (uint32_t)json_item(json_member(t, key), i)->number;
}

static uint32_t mask(const struct json_tree *cores)
{
    uint32_t m = 0;
    for (uint32_t i = 0; i < cores->item.n; i++)
        m |= 1u << (uint32_t)cores->item.data[i].number;
    return m;
}

static void memories_are_golden(void **state)
{
    (void)state;
    struct arena a = {0};
    struct json_tree all = json_tree_load(&a, "tests/golden/speck/memory.json");
    assert_true(all.item.n > 100);
    for (uint32_t i = 0; i < all.item.n; i++) {
        const struct json_tree *t = json_item(&all, i), *mem = json_member(t, "mem");
        uint32_t k = (uint32_t)json_number(t, "k");
        struct speck_layer l = {
            .in = (uint32_t)json_number(t, "c"),
            .out = (uint32_t)json_number(t, "f"),
            .map = {(uint32_t)json_number(t, "h"), (uint32_t)json_number(t, "w")},
            .kernel = {k, k},
            .stride = {pair(t, "stride", 0), pair(t, "stride", 1)},
            .padding = {pair(t, "padding", 0), pair(t, "padding", 1)},
            .bias = json_member(t, "bias")->kind == JSON_TRUE,
        };
        struct speck_memory need = speck_need(&l);
        assert_int_equal(speck_output(&l, 0), pair(t, "out", 1));
        assert_int_equal(speck_output(&l, 1), pair(t, "out", 2));
        assert_int_equal(need.kernel, json_number(mem, "kernel"));
        assert_int_equal(need.neuron, json_number(mem, "neuron"));
        assert_int_equal(need.bias, json_number(mem, "bias"));
        assert_int_equal(speck_candidates(need), mask(json_member(t, "cores")));
    }
    arena_free(&a);
}

/* The golden addresses are sinabs', with y shifted by the bits of the height. */
static void addresses(void **state)
{
    (void)state;
    struct arena a = {0};
    struct json_tree all = json_tree_load(&a, "tests/golden/speck/neuron_address.json");
    uint32_t alike = 0, other = 0;
    for (uint32_t i = 0; i < all.item.n; i++) {
        const struct json_tree *t = json_item(&all, i);
        uint32_t f = pair(t, "chw", 0), h = pair(t, "chw", 1), w = pair(t, "chw", 2);
        uint32_t c = pair(t, "cxy", 0), x = pair(t, "cxy", 1), y = pair(t, "cxy", 2);
        uint32_t golden = (uint32_t)json_number(t, "addr");
        assert_int_equal(y << (speck_bits(f) + speck_bits(h)) | x << speck_bits(f) | c, golden);
        if (speck_bits(h) == speck_bits(w) || y == 0) {
            assert_int_equal(speck_neuron_address(f, w, c, y, x), golden);
            alike++;
        } else {
            other += speck_neuron_address(f, w, c, y, x) != golden;
        }
    }
    assert_true(alike > 5 && other > 0);
    arena_free(&a);
}

static void addresses_are_different(void **state)
{
    (void)state;
    static const uint32_t shape[][3] = {{6, 5, 9}, {6, 9, 5}, {3, 64, 2}, {1, 1, 7}, {17, 3, 3}};
    static uint8_t seen[1 << 16];
    for (size_t s = 0; s < sizeof shape / sizeof *shape; s++) {
        uint32_t f = shape[s][0], h = shape[s][1], w = shape[s][2];
        memset(seen, 0, sizeof seen);
        for (uint32_t i = 0; i < f * h * w; i++) {
            uint32_t at = speck_neuron_address(f, w, i / (h * w), i / w % h, i % w);
            assert_true(at < 1u << (speck_bits(f) + speck_bits(h) + speck_bits(w)));
            assert_false(seen[at]);
            seen[at] = 1;
        }
    }
    memset(seen, 0, sizeof seen);
    for (uint32_t i = 0; i < 5 * 3 * 9; i++) {
        uint32_t at = speck_weight_address(3, 5, 3, i / 27, i / 9 % 3, i / 3 % 3, i % 3);
        assert_true(at < 16 * 8 * 4);
        assert_false(seen[at]);
        seen[at] = 1;
    }
}

static void small_facts(void **state)
{
    (void)state;
    static const uint32_t every[] = {2, 4, 8, 16, 32, 128, 256, 512};
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(speck_decimation(i), every[i]);
    assert_int_equal(speck_bits(0), 0);
    assert_int_equal(speck_bits(1), 0);
    assert_int_equal(speck_bits(5), 3);
    assert_int_equal(speck_bits(UINT64_MAX), 63);
    struct speck_layer huge = {.in = UINT32_MAX,
                               .out = UINT32_MAX,
                               .map = {UINT32_MAX, UINT32_MAX},
                               .kernel = {UINT32_MAX, 1},
                               .stride = {0, 0},
                               .padding = {UINT32_MAX, UINT32_MAX}};
    assert_int_equal(speck_need(&huge).kernel, UINT32_MAX);
    assert_int_equal(speck_need(&huge).neuron, UINT32_MAX);
    assert_int_equal(speck_find_chip("speck2f"), SPECK_2F);
    assert_int_equal(speck_find_chip("speck"), -1);
}

/* ---- reasons ---- */

static struct speck_layer conv(uint32_t in, uint32_t out, uint32_t side, uint32_t k)
{
    return (struct speck_layer){.in = in,
                                .out = out,
                                .map = {side, side},
                                .kernel = {k, k},
                                .stride = {1, 1},
                                .padding = {k / 2, k / 2}};
}

/* That it doesn't fit for one reason, which holds the text, and what would help. */
static void refused(struct speck_layer l, const char *what, const char *help)
{
    struct arena a = {0};
    struct speck_faults f = {.arena = &a};
    assert_false(speck_layer_fits(&l, "layer `l`", &f));
    assert_int_equal(f.list.n, 1);
    if (!strstr(f.list.data[0].what, what))
        fail_msg("%s", f.list.data[0].what);
    if (help ? !f.list.data[0].help || !strstr(f.list.data[0].help, help)
             : f.list.data[0].help != NULL)
        fail_msg("%s: %s", f.list.data[0].what,
                 f.list.data[0].help ? f.list.data[0].help : "no help");
    arena_free(&a);
}

static void layers_that_do_not_fit(void **state)
{
    (void)state;
    struct speck_layer l = conv(2, 4, 128, 3);
    refused((struct speck_layer){.in = 2,
                                 .out = 4,
                                 .map = {128, 64},
                                 .kernel = {3, 3},
                                 .stride = {1, 1},
                                 .padding = {1, 1}},
            "128 neurons along y, a core has 1 to 64", "stride 2, or a pool of 2 before it");
    l.stride[0] = 2;
    l.stride[1] = 3;
    refused(l, "its stride is 3 along x, a core's is 1, 2, 4 or 8", "stride 4");
    l = conv(2, 4, 32, 3);
    l.padding[0] = 8;
    refused(l, "padding is 8 along y", "it fits with padding 7");
    l = conv(2, 4, 32, 3);
    l.kernel[1] = 5;
    refused(l, "kernel is 3 x 5, a core's is square", "fill the kernel up with zeros");
    refused(conv(1025, 1, 8, 1), "1025 input features, a core takes 1 to 1024",
            "1024 input features");
    refused(conv(1, 2000, 2, 1), "2000 features, a core has 1 to 1024", "with 1024 features");
    /* 9 taps count as 16, 40 features as 64. */
    refused(conv(100, 40, 8, 3),
            "its kernels need 102400 words, the largest core has 65536: 100 input features times 9 "
            "taps, which count as 16, times 40 features, as 64",
            "with 32 features, or 64 input features, or a kernel of size 2");
    refused(conv(4, 40, 33, 3),
            "its neurons need 163840 words, the largest core has 65536: 40 features times a map of "
            "33 x 33, which counts as 64 x 64",
            "with 16 features, or stride 2, or a pool of 2 before it");
    refused(conv(40, 32, 32, 5), "no core has both", "with");
    struct arena a = {0};
    struct speck_faults f = {.arena = &a};
    l = conv(2, 40, 200, 17);
    assert_false(speck_layer_fits(&l, "l", &f));
    assert_int_equal(f.list.n, 4); /* map, kernel, padding, neurons; y and x at once */
    assert_string_equal(f.list.data[0].what,
                        "its input map is 200 along y and x, a core takes 1 to 128");
    l.kernel[1] = 18;
    f.list.n = 0;
    assert_false(speck_layer_fits(&l, "l", &f));
    assert_string_equal(f.list.data[1].what,
                        "its kernel is 17 along y and 18 along x, a core's is 1 to 16");
    assert_string_equal(f.list.data[3].what,
                        "it has 200 neurons along y and 199 along x, a core has 1 to 64");
    l = (struct speck_layer){0};
    assert_false(speck_layer_fits(&l, "l", &f));
    l = conv(2, 8, 34, 3);
    f.list.n = 0;
    assert_true(speck_layer_fits(&l, "l", &f));
    assert_int_equal(f.list.n, 0);
    arena_free(&a);
}

/* ---- assignment ---- */

static void mappings_are_golden(void **state)
{
    (void)state;
    struct arena a = {0};
    struct json_tree file = json_tree_load(&a, "tests/golden/speck/mapping.json");
    const struct json_tree *cases = json_member(&file, "cases");
    uint32_t possible = 0, not = 0;
    for (uint32_t i = 0; i < cases->item.n; i++) {
        const struct json_tree *t = json_item(cases, i), *demand = json_member(t, "demand");
        const struct json_tree *want = json_member(t, "cores");
        uint32_t n = demand->item.n, candidates[64], layer[64], cores;
        int8_t core[64];
        assert_true(n <= 64);
        for (uint32_t k = 0; k < n; k++) {
            const struct json_tree *x = json_item(demand, k);
            candidates[k] = speck_candidates((struct speck_memory){
                (uint32_t)json_item(x, 0)->number, (uint32_t)json_item(x, 1)->number,
                (uint32_t)json_item(x, 2)->number});
            assert_int_equal(candidates[k], mask(json_item(json_member(t, "candidates"), k)));
        }
        bool ok = speck_assign(n, candidates, core);
        assert_int_equal(ok, want->kind == JSON_ARRAY);
        assert_int_equal(speck_shortage(n, candidates, layer, &cores) == 0, ok);
        for (uint32_t k = 0; ok && k < n; k++)
            assert_int_equal(core[k], json_item(want, k)->number);
        possible += ok;
        not += !ok;
    }
    assert_true(possible > 100 && not > 50);
    arena_free(&a);
}

static void cores_of_cases(void **state)
{
    (void)state;
    const uint32_t e2[] = {511, 7, 7, 7}, e1[] = {7, 7, 7, 7}; /* e2_augment, e1_unmappable */
    int8_t core[9];
    uint32_t layer[9], cores;
    assert_true(speck_assign(4, e2, core));
    assert_memory_equal(core, ((int8_t[]){3, 1, 2, 0}), 4);
    assert_false(speck_assign(4, e1, core));
    assert_int_equal(speck_shortage(4, e1, layer, &cores), 4);
    assert_int_equal(cores, 7);
    /* By hand: the second on core 0. */
    const uint32_t hand[] = {7, 1, 7};
    assert_true(speck_assign(3, hand, core));
    assert_int_equal(core[1], 0);
    /* Only the two that want core 8 are to blame, whatever comes before them. */
    const uint32_t few[] = {511, 3, 256, 511, 256, 511};
    assert_int_equal(speck_shortage(6, few, layer, &cores), 2);
    assert_memory_equal(layer, ((uint32_t[]){2, 4}), 8);
    assert_int_equal(cores, 256);
    const uint32_t none[] = {7, 7, 7, 7, 0};
    assert_int_equal(speck_shortage(5, none, layer, &cores), 1);
    assert_int_equal(layer[0], 4);
    assert_true(speck_assign(0, none, core));
}

/* Against all permutations would be the same function again; what a shortage says is checked as it
 * is meant: fewer cores than layers, and no layer too many. */
static void shortages_are_minimal(void **state)
{
    (void)state;
    uint32_t found = 0;
    for (uint32_t seed = 0; seed < 3000; seed++) {
        uint32_t n = 1 + seed % 12, candidates[12], layer[12], cores, rest[12];
        int8_t core[12];
        for (uint32_t i = 0; i < n; i++) {
            uint32_t h = (seed * 12 + i + 1) * 2654435761u;
            candidates[i] = h >> 23 & h >> 11 & 511;
        }
        bool ok = speck_assign(n, candidates, core);
        uint32_t taken = 0;
        for (uint32_t i = 0; i < n; i++) {
            if (core[i] >= 0) {
                assert_true(candidates[i] >> core[i] & 1);
                assert_false(taken >> core[i] & 1);
                taken |= 1u << core[i];
            } else {
                assert_false(ok);
            }
        }
        uint32_t m = speck_shortage(n, candidates, layer, &cores), has = 0;
        assert_int_equal(m == 0, ok);
        for (uint32_t i = 0; i < SPECK_CORES; i++)
            has += cores >> i & 1;
        assert_true(m == 0 || has == m - 1);
        for (uint32_t skip = 0; skip < m; skip++) {
            uint32_t k = 0;
            for (uint32_t i = 0; i < m; i++) {
                if (i != skip)
                    rest[k++] = candidates[layer[i]];
            }
            assert_true(speck_assign(k, rest, core));
        }
        found += m > 2;
    }
    assert_true(found > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memories_are_golden),     cmocka_unit_test(addresses),
        cmocka_unit_test(addresses_are_different), cmocka_unit_test(small_facts),
        cmocka_unit_test(layers_that_do_not_fit),  cmocka_unit_test(mappings_are_golden),
        cmocka_unit_test(cores_of_cases),          cmocka_unit_test(shortages_are_minimal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
