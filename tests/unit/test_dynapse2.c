/* The passes of DYNAP-SE2 at their limits, boards by hand, and what is refused. */
#include "tests/unit/unit.h"

#include "targets/dynapse2/config.h"
#include "targets/dynapse2/passes.h"
#include "targets/dynapse2/quantize.h"
#include "tests/unit/dynapse2_net.h"
#include <math.h>
#include <stdio.h>

static void passes(struct d2_test *t, const char *last)
{
    bool ok = d2_test_passes(t, last);
    if (!ok)
        d2_test_show(t);
    assert_true(ok);
}

static uint32_t cores_in_use(const struct d2_test *t)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->n->board->core.n; i++)
        n += t->n->board->core.data[i].neuron.n > 0;
    return n;
}

static float value(const struct d2_test *t, uint32_t layer, const char *param, uint32_t element)
{
    const struct net_layer *l = &t->n->layer.data[layer];
    return d2_value(&l->param[model_find_param(l->model, param)], element);
}

/* ---- limits ---- */

static void cam_entries(void **state)
{
    (void)state;
    for (uint32_t n = 64; n <= 65; n++) {
        struct d2_test t;
        d2_test_init(&t);
        uint32_t in = d2_test_input(&t, "in", n), exc = d2_test_layer(&t, "exc", 3, NULL);
        d2_test_connect(&t, true, in, exc, NULL);
        d2_test_tell_apart(&t, in);
        bool ok = d2_test_passes(&t, "bias");
        if (n == 64) {
            struct board_core *c;
            assert_true(ok);
            assert_int_equal(d2_test_find(&t, exc, 2, &c)->cam.n, 64);
            assert_int_equal(t.text.diags.n_warnings, 0);
        } else {
            assert_false(ok);
            assert_true(d2_test_said(
                &t, E0601, "`exc[0]` has 65 incoming connections after merging, a neuron has 64"));
            assert_true(d2_test_said(&t, E0601, "and 2 more of `exc`"));
            struct target_fit_row *row;
            uint32_t rows = target_compiler_find("dynapse2")->fit(t.n, &t.text.arena, &row);
            bool told = false;
            for (uint32_t i = 0; i < rows; i++)
                told = told || (strstr(row[i].resource, "CAM") && (int)row[i].need == 65 &&
                                (int)row[i].have == 64);
            assert_true(told);
        }
        d2_test_free(&t);
    }
}

static void neurons_and_cores(void **state)
{
    (void)state;
    static const struct {
        uint32_t neurons, cores; /* 0: too many */
    } cases[] = {{1, 1},    {255, 1},  {256, 1},   {257, 2},  {512, 2},
                 {1024, 4}, {1025, 5}, {4096, 16}, {4097, 0}, {9000, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct d2_test t;
        d2_test_init(&t);
        d2_test_layer(&t, "exc", cases[i].neurons, NULL);
        bool ok = d2_test_passes(&t, "place");
        assert_int_equal(ok, cases[i].cores != 0);
        if (ok)
            assert_int_equal(cores_in_use(&t), cases[i].cores);
        else
            assert_true(d2_test_said(&t, E0601, "neurons"));
        d2_test_free(&t);
    }
}

/* Channel c feeds neuron c / 64 of the layer. */
static void connect_in_blocks(struct d2_test *t, uint32_t in, uint32_t layer)
{
    uint32_t n_in = t->n->input.data[in].n, n = t->n->layer.data[layer].n;
    double *w = ARENA_ARRAY(&t->text.arena, double, (size_t)n_in *n);
    for (uint32_t c = 0; c < n_in; c++)
        w[(size_t)c * n + c / 64] = 1;
    d2_test_connect(t, true, in, layer, w);
}

static void tags(void **state)
{
    (void)state;
    for (uint32_t n = 2048; n <= 2049; n++) {
        struct d2_test t;
        d2_test_init(&t);
        uint32_t in = d2_test_input(&t, "in", n), exc = d2_test_layer(&t, "exc", 33, NULL);
        connect_in_blocks(&t, in, exc);
        assert_true(d2_test_passes(&t, "route"));
        assert_int_equal(cores_in_use(&t), n == 2048 ? 1 : 2);
        d2_test_free(&t);
    }
    /* Two cores have 2048 each. */
    struct d2_test t;
    d2_test_init(&t);
    uint32_t in = d2_test_input(&t, "a", 2048), other = d2_test_input(&t, "b", 2048);
    uint32_t exc = d2_test_layer(&t, "exc", 32, NULL), inh = d2_test_layer(&t, "inh", 32, NULL);
    d2_test_set(&t, inh, "tau_mem", 5e-3);
    connect_in_blocks(&t, in, exc);
    connect_in_blocks(&t, other, inh);
    passes(&t, "bias");
    assert_int_equal(cores_in_use(&t), 2);
    assert_int_equal(t.n->board->input.data[2048].to.data[0].tag, 0);
    d2_test_free(&t);
}

/* ---- placement ---- */

static void layers_stay_together(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    uint32_t a = d2_test_layer(&t, "a", 200, NULL), b = d2_test_layer(&t, "b", 100, NULL);
    uint32_t c = d2_test_layer(&t, "c", 156, NULL);
    passes(&t, "place");
    assert_int_equal(cores_in_use(&t), 2);
    const uint32_t layers[] = {a, b, c};
    for (int i = 0; i < 3; i++) {
        struct board_core *first, *core;
        d2_test_find(&t, layers[i], 0, &first);
        for (uint32_t e = 1; e < t.n->layer.data[layers[i]].n; e++) {
            assert_non_null(d2_test_find(&t, layers[i], e, &core));
            assert_ptr_equal(core, first);
        }
    }
    d2_test_free(&t);
}

static void split_only_where_needed(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    d2_test_layer(&t, "a", 200, NULL);
    d2_test_layer(&t, "b", 100, NULL);
    d2_test_layer(&t, "c", 200, NULL);
    passes(&t, "place");
    assert_int_equal(cores_in_use(&t), 2);
    struct board_core *first, *core;
    for (uint32_t layer = 0; layer <= 2; layer += 2) {
        d2_test_find(&t, layer, 0, &first);
        for (uint32_t e = 0; e < 200; e++) {
            d2_test_find(&t, layer, e, &core);
            assert_ptr_equal(core, first);
        }
    }
    d2_test_free(&t);
}

static void equal_currents_share_a_core(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t l = d2_test_layer(&t, arena_printf(&t.text.arena, "l%u", i), 10, NULL);
        d2_test_set(&t, l, "tau_mem", 5e-3 * (1 + i % 3));
    }
    passes(&t, "place");
    assert_int_equal(cores_in_use(&t), 3);
    struct board_core *first, *core;
    d2_test_find(&t, 0, 0, &first);
    d2_test_find(&t, 3, 9, &core);
    assert_ptr_equal(core, first);
    assert_int_equal(t.text.diags.n_warnings, 0);
    d2_test_free(&t);
}

static void one_chip(struct d2_test *t)
{
    d2_test_board(t)->columns = d2_test_board(t)->rows = 1;
}

static void too_many_currents_are_clustered(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    const double tau[] = {10e-3, 20e-3, 40e-3, 80e-3, 80.4e-3};
    one_chip(&t);
    for (uint32_t i = 0; i < 5; i++) {
        uint32_t l = d2_test_layer(&t, arena_printf(&t.text.arena, "l%u", i), 10 + i, NULL);
        d2_test_set(&t, l, "tau_mem", tau[i]);
    }
    double a = (double)value(&t, 3, "Itau_mem", 0), b = (double)value(&t, 4, "Itau_mem", 0);
    float before = value(&t, 0, "Itau_mem", 0);
    passes(&t, "place");
    assert_int_equal(cores_in_use(&t), 4);
    struct board_core *x, *y;
    d2_test_find(&t, 3, 0, &x);
    d2_test_find(&t, 4, 13, &y);
    assert_ptr_equal(x, y);
    float mean = (float)((13 * a + 14 * b) / 27);
    assert_true(fabsf(value(&t, 3, "Itau_mem", 0) - mean) <= mean * 1e-7f);
    assert_true(value(&t, 3, "Itau_mem", 5) == value(&t, 4, "Itau_mem", 5));
    assert_true(value(&t, 0, "Itau_mem", 0) == before);
    assert_int_equal(t.text.diags.n_warnings, 1);
    assert_true(d2_test_said(&t, W0652, "`l3[0]`"));
    d2_test_free(&t);
}

/* 1024 neurons of 1024 different currents: four full cores, neighbours together. */
static void clusters_hold_256(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    one_chip(&t);
    uint32_t l = d2_test_layer(&t, "exc", 1024, NULL);
    double *v = ARENA_ARRAY(&t.text.arena, double, 1024);
    for (uint32_t i = 0; i < 1024; i++)
        v[i] = 1e-12 * pow(1000, i * 389 % 1024 / 1024.0);
    net_layer_set(t.n, l, (uint32_t)model_find_param(t.dpi, "Itau_mem"), v, false);
    passes(&t, "place");
    assert_int_equal(cores_in_use(&t), 4);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(t.n->board->core.data[i].neuron.n, 256);
    d2_test_free(&t);
}

static void placed_by_hand(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    uint32_t in = d2_test_input(&t, "in", 4), exc = d2_test_layer(&t, "exc", 5, NULL);
    d2_test_connect(&t, true, in, exc, NULL);
    d2_test_connect(&t, false, exc, exc, NULL);
    struct board *b = d2_test_board(&t);
    struct board_neuron *x = board_neuron(&t.text.arena, board_core(&t.text.arena, b, 0, 2), 7);
    x->layer = (int32_t)exc;
    x->element = 3;
    VEC_PUSH(&t.text.arena, &b->place,
             ((struct board_place){.layer = exc, .first = 0, .count = 2, .chip = 1, .core = 1}));
    passes(&t, "bias");
    struct board_core *c;
    assert_int_equal(d2_test_find(&t, exc, 3, &c)->index, 7);
    assert_int_equal(c->core, 2);
    assert_int_equal(d2_test_find(&t, exc, 1, &c)->index, 1);
    assert_true(c->chip == 1 && c->core == 1);
    /* The others join the core of equal currents, from index 0 up. */
    assert_int_equal(d2_test_find(&t, exc, 2, &c)->index, 0);
    assert_true(c->chip == 0 && c->core == 2);
    assert_int_equal(b->place.n, 0);
    /* From chip 1 to chip 0 it is one hop west, and back again. */
    struct board_neuron *far = d2_test_find(&t, exc, 0, &c);
    assert_int_equal(far->sram.n, 3);
    assert_int_equal(far->sram.data[1].x_hop, -1);
    assert_int_equal(far->sram.data[1].cores, 1 << 2);
    assert_int_equal(far->sram.data[2].x_hop, 0);
    assert_int_equal(far->sram.data[2].cores, 1 << 1);
    assert_int_equal(b->input.data[0].to.n, 2);
    assert_int_equal(b->input.data[0].to.data[1].x_hop, 1);
    d2_test_free(&t);
}

static void impossible_places(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    uint32_t exc = d2_test_layer(&t, "exc", 300, NULL);
    struct board *b = d2_test_board(&t);
    VEC_PUSH(&t.text.arena, &b->place, ((struct board_place){.layer = exc, .count = 300}));
    assert_false(d2_test_passes(&t, "place"));
    assert_true(d2_test_said(&t, E0601, "300 neurons are placed here, a core has 256"));
    d2_test_free(&t);

    d2_test_init(&t);
    exc = d2_test_layer(&t, "exc", 3, NULL);
    b = d2_test_board(&t);
    VEC_PUSH(&t.text.arena, &b->place, ((struct board_place){.layer = exc, .count = 3}));
    VEC_PUSH(&t.text.arena, &b->place,
             ((struct board_place){.layer = exc, .first = 1, .count = 1, .core = 1}));
    assert_false(d2_test_passes(&t, "place"));
    assert_true(d2_test_said(&t, E0406, "`exc[1]` is on chip 0 core 0 already"));
    d2_test_free(&t);

    d2_test_init(&t);
    exc = d2_test_layer(&t, "exc", 3, NULL);
    b = d2_test_board(&t);
    VEC_PUSH(&t.text.arena, &b->place, ((struct board_place){.layer = exc, .count = 3, .chip = 4}));
    assert_false(d2_test_passes(&t, "place"));
    assert_true(d2_test_said(&t, E0406, "chip 4"));
    d2_test_free(&t);
}

/* ---- by hand ---- */

static struct board_neuron *hand_neuron(struct d2_test *t, uint32_t layer, uint8_t mask)
{
    struct board_core *c = board_core(&t->text.arena, d2_test_board(t), 0, 0);
    for (uint8_t k = 0; k < 4; k++)
        board_set_bias(&t->text.arena, c, d2_param[D2_BASE_PARAM + k].name, 4, (uint8_t)(16 << k),
                       (struct span){0});
    struct board_neuron *x = board_neuron(&t->text.arena, c, 0);
    x->layer = (int32_t)layer;
    x->given = BOARD_ALL;
    VEC_PUSH(&t->text.arena, &x->cam, ((struct board_cam){0, 9, mask, D2_AMPA}));
    return x;
}

/* Entries by hand decide the weight; not whether there is a synapse. */
static void cam_by_hand_stays(void **state)
{
    (void)state;
    for (uint8_t mask = 0; mask <= 4; mask++) {
        struct d2_test t;
        d2_test_init(&t);
        uint32_t in = d2_test_input(&t, "in", 1), exc = d2_test_layer(&t, "exc", 1, NULL);
        struct d2_code code = {4, 32};
        double w = d2_current(D2_BASE_PARAM + 1, code) / (double)1e-8f;
        d2_test_connect(&t, true, in, exc, &w);
        struct board_neuron *x = hand_neuron(&t, exc, mask);
        if (mask == 4)
            x->cam.data[0] = (struct board_cam){0, 9, 2, D2_GABA};
        bool ok = d2_test_passes(&t, "bias");
        assert_int_equal(ok, mask > 0 && mask < 4);
        if (ok) {
            struct board_core *c;
            assert_int_equal(d2_test_find(&t, exc, 0, &c)->cam.data[0].slot, 9);
            assert_int_equal(d2_test_find(&t, exc, 0, &c)->sram.n, 0);
            assert_int_equal(board_find_bias(c, "SYAM_W1_P")->fine, 32);
            double base[D2_BASES];
            d2_core_bases(c, base);
            double made = (double)t.n->connection.data[0].weight[0] * (double)1e-8f;
            assert_true(fabs(made - d2_mask_current(base, mask)) < 1e-6 * made);
        } else {
            assert_true(d2_test_said(&t, E0406, "`exc[0]` on the board hears `in[0]`"));
        }
        assert_int_equal(d2_test_said(&t, W0658, "CAM entries by hand make 1 weight other"),
                         mask == 1 || mask == 3);
        assert_true(d2_test_said(&t, W0658, "don't lead to the host"));
        d2_test_free(&t);
    }
}

static void board_out_of_range(void **state)
{
    (void)state;
    for (int kind = 0; kind < 8; kind++) {
        struct d2_test t;
        d2_test_init(&t);
        uint32_t exc = d2_test_layer(&t, "exc", 2, NULL);
        struct board *b = d2_test_board(&t);
        struct arena *a = &t.text.arena;
        struct board_core *c = board_core(a, b, kind == 0 ? 9 : 0, kind == 1 ? 4 : 0);
        struct board_neuron *x = board_neuron(a, c, kind == 2 ? 256 : 5);
        x->layer = (int32_t)exc;
        x->given = BOARD_ALL;
        if (kind == 3)
            board_set_bias(a, c, "SOIF_NONE_P", 0, 0, (struct span){0});
        if (kind == 4)
            board_set_bias(a, c, "SOIF_LEAK_N", 6, 0, (struct span){0});
        if (kind == 5)
            VEC_PUSH(a, &x->cam, ((struct board_cam){2048, 0, 1, D2_AMPA}));
        if (kind == 6)
            VEC_PUSH(a, &x->sram, ((struct board_sram){0, 4, 1, 0, 0}));
        if (kind == 7) {
            x = board_neuron(a, c, 6);
            x->layer = (int32_t)exc; /* element 0 again */
        }
        assert_false(d2_test_passes(&t, "place"));
        assert_true(d2_test_said(&t, E0406, NULL));
        d2_test_free(&t);
    }
}

/* ---- what the chip can't do ---- */

static void refuse_model(const char *text, const char *say)
{
    struct d2_test t;
    d2_test_init(&t);
    struct neuron_text other;
    neuron_text_init(&other);
    struct model *m = neuron_text_check(&other, text);
    assert_non_null(m);
    uint32_t in = d2_test_input(&t, "in", 2), l = d2_test_layer(&t, "exc", 2, m);
    const double w[] = {1, -1, 1, 1};
    if (m->receptor.n)
        d2_test_connect(&t, true, in, l, w);
    assert_false(d2_test_passes(&t, "place"));
    if (!d2_test_said(&t, E0602, say))
        d2_test_show(&t);
    assert_true(d2_test_said(&t, E0602, say));
    neuron_text_free(&other);
    d2_test_free(&t);
}

static void refused_models(void **state)
{
    (void)state;
    refuse_model("neuron lif { receive x; state v = 0; step { v = v + x; emit v; } }",
                 "has no currents that DYNAP-SE2 makes");
    refuse_model("neuron m { bias I = 1 pA on dynapse2 SOIF_LEEK_N; receive x on dynapse2 ampa;"
                 "state v = 0; step { v = v + x; emit v; } }",
                 "dynapse2 has no parameter `SOIF_LEEK_N`");
    refuse_model("neuron m { bias I = 1 pA on dynapse2 SOIF_LEAK_N; bias J = 1 pA;"
                 "state v = 0; step { emit v; } }",
                 "`J` of model `m` isn't made");
    refuse_model("neuron m { bias I = 1 pA on dynapse2 SOIF_LEAK_N;"
                 "bias J = 1 pA on dynapse2 SOIF_LEAK_N; state v = 0; step { emit v; } }",
                 "both bound");
    refuse_model("neuron m { bias I = 1 pA on dynapse2 SOIF_LEAK_N; receive x;"
                 "state v = 0; step { v = v + x; emit v; } }",
                 "receptor `x` of model `m` has no dendrite");
    refuse_model("neuron m { bias I = 1 pA on dynapse2 SOIF_LEAK_N; receive x on dynapse2 ampa;"
                 "state v = 0; step { v = v + x; emit v; } }",
                 "no dendrite for negative weights");
    refuse_model("neuron m { bias I = -1 pA on dynapse2 SOIF_LEAK_N; state v = 0;"
                 "step { emit v; } }",
                 "makes no such current");
    refuse_model("neuron m { bias I = 1 pA on dynapse2 SOIF_LEAK_N;"
                 "receive x scale I on dynapse2 ampa, gaba; state v = 0 A;"
                 "step { v = v + x; emit if v > 1 A then 1 else 0; } }",
                 "depends on the current `I`");
}

static void refused_delays(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    uint32_t exc = d2_test_layer(&t, "exc", 2, NULL);
    d2_test_connect(&t, false, exc, exc, NULL);
    t.n->connection.data[0].delay = 2;
    assert_false(d2_test_passes(&t, "place"));
    assert_true(d2_test_said(&t, E0602, "delay of 2 steps"));
    d2_test_free(&t);
}

/* ---- currents ---- */

static void biases(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    uint32_t in = d2_test_input(&t, "in", 2), exc = d2_test_layer(&t, "exc", 2, NULL);
    const double w[] = {3, -2, 0, 1};
    d2_test_connect(&t, true, in, exc, w);
    d2_test_set(&t, exc, "Igain_mem", 1e-5); /* beyond 2.39e-6 */
    d2_test_set(&t, exc, "Idc", 0);
    struct board_core *c = board_core(&t.text.arena, d2_test_board(&t), 0, 0);
    board_set_bias(&t.text.arena, c, "DEGA_ITAU_P", 2, 100, (struct span){0});
    passes(&t, "bias");
    assert_int_equal(t.text.diags.n_warnings, 2);
    assert_true(d2_test_said(&t, W0651, "`Igain_mem` of `exc`"));
    assert_true(d2_test_said(&t, W0658, "by hand, `Itau_syn` of `exc[1]` becomes"));
    c = board_find_core(t.n->board, 0, 0);
    assert_int_equal(c->bias.n, 23);
    const struct board_bias *leak = board_find_bias(c, "SOIF_LEAK_N");
    assert_true(leak->coarse == 0 && leak->fine == 29);
    float realised =
        (float)d2_current((uint32_t)d2_find_param("SOIF_LEAK_N"), (struct d2_code){0, 29});
    assert_true(value(&t, exc, "Itau_mem", 0) == realised);
    /* No direct current: the latch is off and the parameter stays 0. */
    assert_int_equal(d2_test_find(&t, exc, 0, &c)->latch.n, 0);
    assert_true(value(&t, exc, "Idc", 0) == 0.0f);
    /* exc[0] has excitation only, exc[1] both kinds: the GABA current by hand counts there. */
    float ampa =
        (float)d2_current((uint32_t)d2_find_param("DEAM_ETAU_P"), (struct d2_code){1, 208});
    float gaba =
        (float)d2_current((uint32_t)d2_find_param("DEGA_ITAU_P"), (struct d2_code){2, 100});
    assert_true(value(&t, exc, "Itau_syn", 0) == ampa);
    float both = value(&t, exc, "Itau_syn", 1);
    assert_true(both > ampa && both < gaba);
    float expected = ampa + (gaba - ampa) * 2 / 3;
    assert_true(fabsf(both - expected) < 0.05f * expected);
    d2_test_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cam_entries),
        cmocka_unit_test(neurons_and_cores),
        cmocka_unit_test(tags),
        cmocka_unit_test(layers_stay_together),
        cmocka_unit_test(split_only_where_needed),
        cmocka_unit_test(equal_currents_share_a_core),
        cmocka_unit_test(too_many_currents_are_clustered),
        cmocka_unit_test(clusters_hold_256),
        cmocka_unit_test(placed_by_hand),
        cmocka_unit_test(impossible_places),
        cmocka_unit_test(cam_by_hand_stays),
        cmocka_unit_test(board_out_of_range),
        cmocka_unit_test(refused_models),
        cmocka_unit_test(refused_delays),
        cmocka_unit_test(biases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
