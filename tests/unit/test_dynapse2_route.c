/* Tags of a chip, and routes over a board of several: every rule checked by going through all
 * pairs. */
#include "tests/unit/unit.h"

#include "runtime/base/rng.h"
#include "targets/dynapse2/passes.h"
#include "targets/dynapse2/profile.h"
#include "targets/dynapse2/tags.h"
#include "tests/unit/dynapse2_net.h"
#include <math.h>

/* ---- tags of one chip ---- */

/* Random sets of cores: every tag that is handed out is free on its cores and the tightest fit. */
static void tags_are_free_and_fit(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct d2_tags *t = malloc(sizeof *t);
        uint8_t taken[D2_TAGS] = {0}; /* cores */
        assert_non_null(t);
        d2_tags_init(t);
        for (uint64_t i = 0; i < 6000; i++) {
            uint32_t cores = 1 + (uint32_t)(rng_uniform(seed, i) * 15), best = 5;
            uint32_t tag = d2_tags_find(t, cores), want = D2_TAGS;
            for (uint32_t k = 0; k < D2_TAGS; k++) {
                uint32_t left = d2_count_cores(~taken[k] & D2_ALL_CORES);
                if (!(taken[k] & cores) && left < best) {
                    best = left;
                    want = k;
                }
            }
            assert_int_equal(tag, want);
            if (tag == D2_TAGS)
                continue;
            taken[tag] |= (uint8_t)cores;
            d2_tags_take(t, tag, cores);
        }
        free(t);
    }
}

/* Three pairs of three cores, 1024 sources each: 2048 at every core, but no two have cores that are
 * disjoint. The third thousand needs two tags each. */
static void tags_in_parts(void **state)
{
    (void)state;
    struct d2_tags *t = malloc(sizeof *t);
    assert_non_null(t);
    d2_tags_init(t);
    const uint32_t pair[] = {3, 5, 6};
    uint32_t parts = 0;
    for (uint32_t p = 0; p < 3; p++) {
        for (uint32_t i = 0; i < 1024; i++) {
            for (uint32_t left = pair[p]; left;) {
                uint32_t cores = left, tag = d2_tags_find_some(t, &cores);
                assert_in_range(tag, 0, D2_TAGS - 1);
                d2_tags_take(t, tag, cores);
                left &= ~cores;
                parts++;
            }
        }
    }
    assert_int_equal(parts, 4 * 1024);
    uint32_t cores = 1;
    assert_int_equal(d2_tags_find_some(t, &cores), D2_TAGS);
    assert_int_equal(cores, 0);
    assert_int_equal(d2_tags_find(t, 8), 0);
    free(t);
}

/* ---- routes ---- */

static void routed(struct d2_test *t)
{
    bool ok = d2_test_passes(t, "bias");
    if (!ok)
        d2_test_show(t);
    assert_true(ok);
}

static struct board *grid(struct d2_test *t, uint32_t columns, uint32_t rows)
{
    struct board *b = d2_test_board(t);
    b->columns = columns;
    b->rows = rows;
    return b;
}

static void place(struct d2_test *t, uint32_t layer, uint32_t chip, uint32_t core)
{
    struct board_place p = {
        .layer = layer, .count = t->n->layer.data[layer].n, .chip = chip, .core = core};
    VEC_PUSH(&t->text.arena, &t->n->board->place, p);
}

static const struct board_sram *host_entry(const struct board_neuron *x)
{
    for (uint32_t i = 0; i < x->sram.n; i++) {
        if (x->sram.data[i].x_hop == D2_HOST_HOP && x->sram.data[i].y_hop == D2_HOST_HOP)
            return &x->sram.data[i];
    }
    return NULL;
}

/* One neuron heard on four chips: four destinations, and none is left for the host. */
static void wide_sources(void **state)
{
    (void)state;
    for (int recorded = 0; recorded < 2; recorded++) {
        struct d2_test t;
        d2_test_init(&t);
        grid(&t, 3, 2);
        uint32_t src = d2_test_layer(&t, "src", 2, NULL);
        place(&t, src, 4, 2);
        const uint32_t chips[] = {0, 2, 3, 4};
        for (uint32_t i = 0; i < 4; i++) {
            uint32_t l = d2_test_layer(&t, arena_printf(&t.text.arena, "l%u", i), 3, NULL);
            const double w[] = {1, 2, 3, 0, 0, 0};
            d2_test_connect(&t, false, src, l, w);
            place(&t, l, chips[i], i);
        }
        if (recorded) {
            VEC_PUSH(&t.text.arena, &t.n->record, ((struct net_record){.layer = src, .state = -1}));
            assert_false(d2_test_passes(&t, "bias"));
            assert_true(d2_test_said(&t, E0601,
                                     "`src[0]` needs 5 SRAM entries, a neuron has 4: it "
                                     "is heard on 4 chips (0, 2, 3, 4)"));
            d2_test_free(&t);
            continue;
        }
        routed(&t);
        struct board_core *c;
        struct board_neuron *x = d2_test_find(&t, src, 0, &c);
        assert_int_equal(x->sram.n, 4);
        assert_null(host_entry(x));
        for (uint32_t i = 0; i < 4; i++) {
            assert_int_equal(x->sram.data[i].slot, i);
            assert_int_equal(d2_hop_target((struct d2_grid){3, 2}, 4, x->sram.data[i].x_hop,
                                           x->sram.data[i].y_hop),
                             (int)chips[i]);
            assert_int_equal(x->sram.data[i].cores, 1 << i);
        }
        assert_non_null(host_entry(d2_test_find(&t, src, 1, &c)));
        d2_test_free(&t);
    }
}

/* What the host sees names every neuron of a board. */
static void host_tags_are_unique(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    grid(&t, 2, 3);
    uint32_t layer[6];
    for (uint32_t i = 0; i < 6; i++) {
        layer[i] = d2_test_layer(&t, arena_printf(&t.text.arena, "l%u", i), 200 + i, NULL);
        place(&t, layer[i], i, i % 2 ? 3 : 1);
    }
    routed(&t);
    bool seen[2][D2_TAGS] = {{false}};
    for (uint32_t i = 0; i < 6; i++) {
        for (uint32_t e = 0; e < 200 + i; e++) {
            struct board_core *c;
            const struct board_neuron *x = d2_test_find(&t, layer[i], e, &c);
            const struct board_sram *s = host_entry(x);
            assert_non_null(s);
            assert_false(seen[c->chip % 2][s->tag]);
            assert_int_not_equal(s->tag, D2_CONTROL_TAG);
            seen[c->chip % 2][s->tag] = true;
            if (i < 4) /* rows 0 and 1 */
                assert_int_equal(s->tag, c->core * 256 + x->index + (i / 2) * 1024);
        }
    }
    d2_test_free(&t);
}

/* Beyond column 6 nothing is heard by the host: wanted spikes are refused, others do without. */
static void columns_of_the_host(void **state)
{
    (void)state;
    for (uint32_t chip = 6; chip <= 7; chip++) {
        struct d2_test t;
        d2_test_init(&t);
        grid(&t, 9, 1);
        uint32_t in = d2_test_input(&t, "in", 1), a = d2_test_layer(&t, "a", 1, NULL);
        d2_test_connect(&t, true, in, a, NULL);
        place(&t, a, chip, 0);
        bool ok = d2_test_passes(&t, "bias");
        assert_int_equal(ok, chip == 6);
        if (ok) {
            assert_int_equal(t.n->board->input.data[0].to.data[0].x_hop, 6);
        } else {
            assert_true(d2_test_said(&t, E0601, "`a[0]` on chip 7, in column 7, don't reach"));
        }
        d2_test_free(&t);
    }
}

/* A neuron that isn't of the network sends tag 0 to core 1 and to the host: neither is given away.
 */
static void tags_of_strangers(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    struct board *b = grid(&t, 1, 1);
    uint32_t in = d2_test_input(&t, "in", 1), a = d2_test_layer(&t, "a", 1, NULL);
    d2_test_connect(&t, true, in, a, NULL);
    place(&t, a, 0, 1);
    struct board_core *c = board_core(&t.text.arena, b, 0, 2);
    struct board_neuron *x = board_neuron(&t.text.arena, c, 7);
    x->layer = -1;
    x->given = BOARD_ALL;
    VEC_PUSH(&t.text.arena, &x->sram, ((struct board_sram){0, 0, 2, 0, 0}));
    VEC_PUSH(&t.text.arena, &x->sram, ((struct board_sram){256, 1, 15, -7, -7}));
    routed(&t);
    assert_int_equal(t.n->board->input.data[0].to.data[0].tag, 1);
    assert_int_not_equal(host_entry(d2_test_find(&t, a, 0, &c))->tag, 256);
    d2_test_free(&t);
}

static void out_of_reach(void **state)
{
    (void)state;
    for (uint32_t chip = 7; chip <= 8; chip++) {
        struct d2_test t;
        d2_test_init(&t);
        grid(&t, 9, 1);
        uint32_t a = d2_test_layer(&t, "a", 1, NULL), b = d2_test_layer(&t, "b", 1, NULL);
        d2_test_connect(&t, false, a, b, NULL);
        d2_test_connect(&t, false, b, a, NULL);
        VEC_PUSH(&t.text.arena, &t.n->output, a);
        t.n->has_output = true;
        place(&t, a, 0, 0);
        place(&t, b, chip, 0);
        bool ok = d2_test_passes(&t, "bias");
        assert_int_equal(ok, chip == 7);
        if (!ok)
            assert_true(d2_test_said(&t, E0601, "`a[0]` on chip 0 is heard on chip 8, hop [8, 0]"));
        d2_test_free(&t);
    }
}

/* 3000 channels with one row in common: a tag for all of them; 3000 with different rows don't fit.
 */
static void equal_rows_share_a_tag(void **state)
{
    (void)state;
    for (int equal = 1; equal >= 0; equal--) {
        struct d2_test t;
        d2_test_init(&t);
        uint32_t n = 3000, in = d2_test_input(&t, "in", n), a = d2_test_layer(&t, "a", 100, NULL);
        double *w = ARENA_ARRAY(&t.text.arena, double, n * 100);
        for (uint32_t i = 0; i < n; i++) {
            w[i * 100 + (equal ? 0 : i % 100)] = 2;
            w[i * 100 + (equal ? 1 : (i + 1 + i / 100) % 100)] = 2;
        }
        d2_test_connect(&t, true, in, a, w);
        grid(&t, 1, 1);
        place(&t, a, 0, 0);
        bool ok = d2_test_passes(&t, "bias");
        assert_int_equal(ok, equal);
        if (equal) {
            struct board_core *c;
            assert_int_equal(d2_test_find(&t, a, 0, &c)->cam.n, 1);
            assert_int_equal(t.n->board->input.n, 3000);
            assert_int_equal(t.n->board->input.data[2999].to.data[0].tag,
                             t.n->board->input.data[0].to.data[0].tag);
        } else {
            assert_true(d2_test_said(&t, E0601, "hear 3000 sources, a core has 2048 tags"));
        }
        d2_test_free(&t);
    }
}

/* ---- sources that share CAM entries ---- */

static uint32_t tag_of(const struct d2_test *t, uint32_t input, uint32_t channel)
{
    const struct board *b = t->n->board;
    for (uint32_t i = 0; i < b->input.n; i++) {
        if (b->input.data[i].input == input && b->input.data[i].channel == channel)
            return b->input.data[i].to.data[0].tag;
    }
    return D2_TAGS;
}

static uint32_t entries_of(const struct d2_test *t, uint32_t layer, uint32_t element)
{
    struct board_core *c;
    return d2_test_find(t, layer, element, &c)->cam.n;
}

/* 80 channels and 70 neurons are all alike: they share an entry where a neuron would need more than
 * it has. What no such neuron hears keeps tags of its own, as do neurons towards the host. */
static void few_entries_are_shared(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    uint32_t in = d2_test_input(&t, "in", 80), calm_in = d2_test_input(&t, "calm_in", 10);
    uint32_t many = d2_test_layer(&t, "many", 70, NULL), out = d2_test_layer(&t, "out", 3, NULL);
    uint32_t calm = d2_test_layer(&t, "calm", 2, NULL);
    d2_test_connect(&t, true, in, out, NULL);
    d2_test_connect(&t, true, calm_in, calm, NULL);
    d2_test_connect(&t, false, many, out, NULL);
    d2_test_connect(&t, false, out, many, NULL);
    VEC_PUSH(&t.text.arena, &t.n->record, ((struct net_record){.layer = many, .state = -1}));
    routed(&t);
    assert_non_null(strstr(t.report.text.data, "route: 149 sources share the tags of others"));
    bool host[D2_TAGS] = {false};
    for (uint32_t e = 0; e < 3; e++)
        assert_int_equal(entries_of(&t, out, e), 1);
    for (uint32_t e = 0; e < 70; e++) {
        struct board_core *c;
        const struct board_neuron *x = d2_test_find(&t, many, e, &c);
        assert_int_equal(x->cam.n, 3); /* nothing is short of entries here */
        assert_false(host[host_entry(x)->tag]);
        host[host_entry(x)->tag] = true;
    }
    for (uint32_t i = 1; i < 80; i++)
        assert_int_equal(tag_of(&t, in, i), tag_of(&t, in, 0));
    for (uint32_t i = 1; i < 10; i++)
        assert_true(tag_of(&t, calm_in, i) != tag_of(&t, calm_in, i - 1));
    assert_int_equal(entries_of(&t, calm, 1), 10);
    d2_test_free(&t);
}

/* Weights count as the chip makes them: one neuron tells at most 30 of them apart. */
static void weights_share_as_they_become(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    uint32_t in = d2_test_input(&t, "in", 200), out = d2_test_layer(&t, "out", 1, NULL);
    double w[200];
    for (uint32_t i = 0; i < 200; i++)
        w[i] = (i % 3 ? 1 : -1) * (1 + rng_uniform(5, i));
    d2_test_connect(&t, true, in, out, w);
    routed(&t);
    assert_in_range(entries_of(&t, out, 0), 10, 30);
    d2_test_free(&t);
}

/* As many as the profile of the chip leaves. */
static void bad_entries_are_spared(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    struct board *b = grid(&t, 1, 1);
    uint32_t in = d2_test_input(&t, "in", 64), out = d2_test_layer(&t, "out", 1, NULL);
    double w[64];
    for (uint32_t i = 0; i < 64; i++)
        w[i] = 1 + i % 2;
    d2_test_connect(&t, true, in, out, w);
    struct d2_profile *x = ARENA_NEW(&t.text.arena, struct d2_profile);
    VEC_PUSH(&t.text.arena, &b->profile, ((struct board_profile){.content = x}));
    for (uint32_t k = 0; k < D2_CORES * D2_NEURONS; k++)
        x->bad_cam[k / D2_NEURONS][k % D2_NEURONS] = 1;
    routed(&t);
    assert_int_equal(entries_of(&t, out, 0), 2);
    d2_test_free(&t);
}

/* A channel by hand keeps its tag, and those that are like it take it. */
static void a_tag_by_hand_is_shared(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    uint32_t in = d2_test_input(&t, "in", 80), out = d2_test_layer(&t, "out", 2, NULL);
    d2_test_connect(&t, true, in, out, NULL);
    grid(&t, 1, 1);
    place(&t, out, 0, 2);
    for (uint32_t i = 0; i < 2; i++) { /* two of them have the same tag already */
        struct board_input *x = VEC_ADD(&t.text.arena, &t.n->board->input);
        *x = (struct board_input){.input = in, .channel = 40 + i};
        VEC_PUSH(&t.text.arena, &x->to, ((struct board_destination){77, 4, 0, 0}));
    }
    routed(&t);
    for (uint32_t i = 0; i < 80; i++)
        assert_int_equal(tag_of(&t, in, i), 77);
    assert_int_equal(entries_of(&t, out, 1), 1);
    d2_test_free(&t);
}

/* Entries by hand for every channel: these keep tags of their own. One entry for all of them: they
 * take that tag. */
static void entries_by_hand_say_who_shares(void **state)
{
    (void)state;
    for (uint32_t n = 1; n <= 10; n += 9) {
        struct d2_test t;
        d2_test_init(&t);
        uint32_t in = d2_test_input(&t, "in", 10), hand = d2_test_layer(&t, "hand", 1, NULL);
        uint32_t more = d2_test_input(&t, "more", 70), out = d2_test_layer(&t, "out", 1, NULL);
        d2_test_connect(&t, true, in, hand, NULL);
        d2_test_connect(&t, true, in, out, NULL);
        d2_test_connect(&t, true, more, out, NULL);
        struct board_core *c = board_core(&t.text.arena, d2_test_board(&t), 0, 0);
        struct board_neuron *x = board_neuron(&t.text.arena, c, 9);
        *x = (struct board_neuron){.index = 9, .layer = (int32_t)hand, .given = BOARD_CAM};
        for (uint32_t i = 0; i < n; i++)
            VEC_PUSH(&t.text.arena, &x->cam,
                     ((struct board_cam){(uint16_t)(20 + i), (uint8_t)i, 1, D2_AMPA}));
        routed(&t);
        bool taken[D2_TAGS] = {false};
        for (uint32_t i = 0; i < 10; i++) {
            assert_in_range(tag_of(&t, in, i), 20, 19 + n);
            assert_false(n > 1 && taken[tag_of(&t, in, i)]);
            taken[tag_of(&t, in, i)] = true;
        }
        assert_int_equal(entries_of(&t, out, 0), n + 1);
        d2_test_free(&t);
    }
}

/* CAM entries by hand without base currents: such are found that the masks make the weights. One of
 * them may be given. */
static void bases_for_masks_by_hand(void **state)
{
    (void)state;
    for (uint32_t way = 0; way < 2; way++) {
        struct d2_test t;
        d2_test_init(&t);
        uint32_t in = d2_test_input(&t, "in", 3), exc = d2_test_layer(&t, "exc", 2, NULL);
        const double w[] = {1, 1.5, 8, 4, 3, 11}; /* of exc[1] nothing is by hand */
        d2_test_connect(&t, true, in, exc, w);
        struct board_core *c = board_core(&t.text.arena, d2_test_board(&t), 0, 0);
        struct board_neuron *x = board_neuron(&t.text.arena, c, 9);
        *x = (struct board_neuron){.index = 9, .layer = (int32_t)exc, .given = BOARD_CAM};
        const uint8_t mask[] = {4, 1, 6};
        for (uint32_t i = 0; i < 3; i++)
            VEC_PUSH(&t.text.arena, &x->cam,
                     ((struct board_cam){(uint16_t)(20 + i), (uint8_t)i, mask[i], D2_AMPA}));
        if (way == 1)
            board_set_bias(&t.text.arena, c, "SYAM_W3_P", 4, 63, (struct span){1, 0, 1});
        assert_true(d2_test_passes(&t, "bias"));
        const struct net_connection *k = t.n->connection.data;
        for (uint64_t s = 0; s < 6; s++)
            assert_true(fabs((double)k->weight[s] - w[s]) < (way ? 0.5 : 0.2));
        const struct board_bias *b = board_find_bias(d2_test_board(&t)->core.data, "SYAM_W3_P");
        if (way == 1)
            assert_true(b->coarse == 4 && b->fine == 63);
        d2_test_free(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags_are_free_and_fit),
        cmocka_unit_test(tags_in_parts),
        cmocka_unit_test(wide_sources),
        cmocka_unit_test(host_tags_are_unique),
        cmocka_unit_test(bases_for_masks_by_hand),
        cmocka_unit_test(columns_of_the_host),
        cmocka_unit_test(tags_of_strangers),
        cmocka_unit_test(out_of_reach),
        cmocka_unit_test(equal_rows_share_a_tag),
        cmocka_unit_test(few_entries_are_shared),
        cmocka_unit_test(weights_share_as_they_become),
        cmocka_unit_test(bad_entries_are_spared),
        cmocka_unit_test(a_tag_by_hand_is_shared),
        cmocka_unit_test(entries_by_hand_say_who_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
