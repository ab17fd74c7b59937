/* What boards by hand in part leave to be found: tags that CAM entries given by hand ask for, and
 * currents beside those that are given. */
#include "tests/unit/unit.h"

#include "targets/dynapse2/passes.h"
#include "targets/dynapse2/quantize.h"
#include "tests/unit/dynapse2_net.h"
#include "tests/unit/mapped_text.h"
#include <math.h>

static const struct d2_code code[D2_BASES] = {{4, 25}, {4, 50}, {4, 100}, {4, 200}};

/* The weight that a mask makes of them. */
static double weight(uint8_t mask)
{
    double base[D2_BASES];
    for (uint32_t k = 0; k < D2_BASES; k++)
        base[k] = d2_current(D2_BASE_PARAM + k, code[k]);
    return d2_mask_current(base, mask) / 1e-8; /* Iscale */
}

struct entry {
    uint16_t tag;
    uint8_t mask;
};

/* Neuron `element` of the layer, in a core where the base currents of a mask are by hand: its n
 * entries too. */
static void give_some(struct d2_test *t, uint8_t bases, uint32_t core, uint32_t layer,
                      uint32_t element, uint32_t n, const struct entry *e)
{
    struct arena *a = &t->text.arena;
    struct board_core *c = board_core(a, d2_test_board(t), 0, core);
    for (uint32_t k = 0; k < D2_BASES; k++) {
        if (bases >> k & 1)
            board_set_bias(a, c, d2_param[D2_BASE_PARAM + k].name, code[k].coarse, code[k].fine,
                           (struct span){1, 0, 1});
    }
    struct board_neuron *x = board_neuron(a, c, 9 + element);
    *x = (struct board_neuron){.index = (uint16_t)(9 + element),
                               .layer = (int32_t)layer,
                               .element = element,
                               .given = BOARD_CAM};
    for (uint32_t i = 0; i < n; i++)
        VEC_PUSH(a, &x->cam, ((struct board_cam){e[i].tag, (uint8_t)i, e[i].mask, D2_AMPA}));
}

static void give(struct d2_test *t, uint32_t core, uint32_t layer, uint32_t element, uint32_t n,
                 const struct entry *e)
{
    give_some(t, D2_MASKS - 1, core, layer, element, n, e);
}

static void routed(struct d2_test *t)
{
    bool ok = d2_test_passes(t, "bias");
    if (!ok)
        d2_test_show(t);
    assert_true(ok);
}

static const struct board_input *channel(const struct d2_test *t, uint32_t k)
{
    const struct board_input *x = &t->n->board->input.data[k];
    assert_int_equal(x->channel, k);
    return x;
}

/* A tag that another neuron by hand holds too isn't for a source that only one of them hears, be
 * its weight the right one. */
static void tags_of_others(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    uint32_t in = d2_test_input(&t, "in", 1), exc = d2_test_layer(&t, "exc", 2, NULL);
    const double w[] = {weight(2), 0};
    d2_test_connect(&t, true, in, exc, w);
    give(&t, 0, exc, 0, 2, (struct entry[]){{7, 2}, {5, 1}});
    give(&t, 0, exc, 1, 1, (struct entry[]){{7, 2}});
    routed(&t);
    assert_int_equal(channel(&t, 0)->to.n, 1);
    assert_int_equal(channel(&t, 0)->to.data[0].tag, 5);
    assert_true(d2_test_said(&t, W0658, "in[0] -> exc[0]"));
    d2_test_free(&t);
}

/* A tag that drives another receptor too isn't for a source that is connected to one of them. */
static void tags_of_other_receptors(void **state)
{
    (void)state;
    const char *text = "use dynapse2;\n"
                       "neuron two {\n"
                       "    param Iscale = 10 nA;\n"
                       "    bias Ileak = 5 pA on dynapse2 SOIF_LEAK_N;\n"
                       "    receive fast scale Iscale on dynapse2 ampa;\n"
                       "    receive slow scale Iscale on dynapse2 nmda;\n"
                       "    state v = 0 A;\n"
                       "    step { v = fast + slow; emit 0; }\n"
                       "}\n"
                       "network net {\n"
                       "    dt = 1 ms;\n"
                       "    input in[2];\n"
                       "    layer exc[1]: two;\n"
                       "    in -> exc: dense([[1], [1]]), via = fast;\n"
                       "    in -> exc: dense([[0], [1]]), via = slow;\n"
                       "}\n"
                       "board dynapse2 {\n"
                       "    chip 0 { core 0 { neuron 4 = exc[0] {\n"
                       "        cam 0 = tag 5, weight 1, ampa;\n"
                       "        cam 1 = tag 5, weight 1, nmda;\n"
                       "        cam 2 = tag 6, weight 1, ampa;\n"
                       "    } } }\n"
                       "}\n";
    const struct target_options o = {0};
    struct mapped_text t;
    bool ok = mapped_text_map(&t, text, NULL, &o);
    for (uint32_t i = 0; i < t.diags.list.n; i++)
        print_message("# %s\n", t.diags.list.data[i]->message);
    assert_true(ok);
    assert_int_equal(t.net->board->input.data[0].to.data[0].tag, 6);
    assert_int_equal(t.net->board->input.data[1].to.data[0].tag, 5);
    mapped_text_free(&t);
}

/* One source, another tag on each core, and computed entries on a third. */
static void tags_of_each_core(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    uint32_t in = d2_test_input(&t, "in", 2), exc = d2_test_layer(&t, "exc", 3, NULL);
    const double w[] = {weight(1), weight(2), weight(4), 0, weight(3), 0};
    d2_test_connect(&t, true, in, exc, w);
    give(&t, 0, exc, 0, 1, (struct entry[]){{5, 1}});
    give(&t, 1, exc, 1, 2, (struct entry[]){{6, 2}, {7, 3}});
    give(&t, 2, exc, 2, 0, NULL);
    struct board_core *c;
    d2_test_find(&t, exc, 2, &c)->given = 0;
    routed(&t);
    uint16_t tag[D2_CORES] = {0};
    const struct board_input *x = channel(&t, 0);
    for (uint32_t i = 0; i < x->to.n; i++) {
        for (uint32_t k = 0; k < D2_CORES; k++)
            tag[k] = x->to.data[i].cores >> k & 1 ? x->to.data[i].tag : tag[k];
    }
    assert_int_equal(tag[0], 5);
    assert_int_equal(tag[1], 6);
    assert_int_equal(tag[2], d2_test_find(&t, exc, 2, &c)->cam.data[0].tag);
    assert_int_equal(channel(&t, 1)->to.n, 1);
    assert_int_equal(channel(&t, 1)->to.data[0].tag, 7);
    assert_int_equal(channel(&t, 1)->to.data[0].cores, 2);
    assert_false(d2_test_said(&t, W0658, NULL));
    d2_test_free(&t);
}

/* A tag that makes a source's weights on one core is held by others on another one, where it is
 * heard too: it has two tags, rather than one with which a neuron by hand has another weight. */
static void exact_on_one_core(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    uint32_t in = d2_test_input(&t, "in", 3), exc = d2_test_layer(&t, "exc", 3, NULL);
    const double w[] = {weight(2), 0, weight(4), 0, weight(4), 0, weight(1), 0, 0};
    d2_test_connect(&t, true, in, exc, w);
    give(&t, 0, exc, 0, 2, (struct entry[]){{5, 2}, {6, 1}});
    give(&t, 1, exc, 1, 1, (struct entry[]){{5, 4}});
    give(&t, 1, exc, 2, 0, NULL);
    struct board_core *c;
    d2_test_find(&t, exc, 2, &c)->given = 0;
    routed(&t);
    const uint16_t computed = d2_test_find(&t, exc, 2, &c)->cam.data[0].tag;
    assert_int_not_equal(computed, 5);
    assert_int_equal(channel(&t, 0)->to.n, 2);
    for (uint32_t i = 0; i < 2; i++) {
        const struct board_destination *to = &channel(&t, 0)->to.data[i];
        assert_int_equal(to->tag, to->cores == 1 ? 5 : computed);
    }
    assert_int_equal(channel(&t, 1)->to.data[0].tag, 5);
    assert_int_equal(channel(&t, 2)->to.data[0].tag, 6);
    assert_false(d2_test_said(&t, W0658, NULL));
    d2_test_free(&t);
}

/* An entry that makes the weight exactly stays its source's, whoever comes later; one that is only
 * near gives way to a source that has no other. */
static void best_fits(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    uint32_t in = d2_test_input(&t, "in", 3), exc = d2_test_layer(&t, "exc", 2, NULL);
    const double w[] = {weight(1), 0, 1.3 * weight(1), 0, 1.1 * weight(1), weight(8)};
    d2_test_connect(&t, true, in, exc, w);
    give(&t, 0, exc, 0, 3, (struct entry[]){{5, 1}, {6, 2}, {7, 4}});
    give(&t, 0, exc, 1, 1, (struct entry[]){{6, 8}});
    routed(&t);
    assert_int_equal(channel(&t, 0)->to.data[0].tag, 5);
    assert_int_equal(channel(&t, 1)->to.data[0].tag, 7);
    assert_int_equal(channel(&t, 2)->to.data[0].tag, 6);
    d2_test_free(&t);
}

/* One of the four currents that `Itau_syn` is on the chip is given: the neurons share the others.
 */
static void currents_beside_one_by_hand(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    struct board_core *c = board_core(&t.text.arena, d2_test_board(&t), 0, 0);
    board_set_bias(&t.text.arena, c, "DEAM_ETAU_P", 1, 100, (struct span){1, 0, 1});
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t l = d2_test_layer(&t, i ? "slow" : "fast", 1, NULL);
        d2_test_set(&t, l, "Itau_syn", i ? 10e-12 : 30e-12);
        d2_test_set(&t, l, "Igain_syn", 1e-9);
        struct board_neuron *x = board_neuron(&t.text.arena, c, i);
        x->layer = (int32_t)l;
    }
    routed(&t);
    assert_true(d2_test_said(&t, W0652,
                             "share chip 0 core 0: `Itau_syn` of `slow[0]` becomes 20 pA on "
                             "DEGA_ITAU_P, 10 pA were wanted (+100.0 %)"));
    d2_test_find(&t, 0, 0, &c);
    uint32_t gaba = (uint32_t)d2_find_param("DEGA_ITAU_P");
    const struct d2_code mean = d2_choose(gaba, 20e-12);
    const struct board_bias *b = board_find_bias(c, "DEGA_ITAU_P");
    assert_true(b->coarse == mean.coarse && b->fine == mean.fine);
    d2_test_free(&t);
}

/* Base currents that aren't given are those that the masks ask for, also where sources share tags,
 * so that a neuron has fewer of these than weights. */
static void missing_bases(void **state)
{
    (void)state;
    enum { SOURCES = 8, TAGS = 4 };
    const struct entry entry[TAGS] = {{1, 1}, {2, 2}, {3, 6}, {4, 10}};
    const uint32_t heard_as[SOURCES] = {0, 0, 0, 1, 0, 2, 3, 3};
    for (uint8_t bases = 0; bases < D2_MASKS; bases++) {
        struct d2_test t;
        d2_test_init(&t);
        uint32_t in = d2_test_input(&t, "in", SOURCES), exc = d2_test_layer(&t, "exc", 1, NULL);
        double w[SOURCES];
        give_some(&t, bases, 0, exc, 0, TAGS, entry);
        for (uint32_t i = 0; i < SOURCES; i++) {
            const struct entry *e = &entry[heard_as[i]];
            struct board_input *x = VEC_ADD(&t.text.arena, &t.n->board->input);
            *x = (struct board_input){.input = in, .channel = i};
            VEC_PUSH(&t.text.arena, &x->to, ((struct board_destination){e->tag, 1, 0, 0}));
            w[i] = weight(e->mask);
        }
        d2_test_connect(&t, true, in, exc, w);
        routed(&t);
        double base[D2_BASES];
        d2_core_bases(&t.n->board->core.data[0], base);
        for (uint32_t k = 0; k < D2_BASES; k++)
            assert_true(base[k] == d2_current(D2_BASE_PARAM + k, code[k]));
        assert_false(d2_test_said(&t, W0658, NULL));
        d2_test_free(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_bases),
        cmocka_unit_test(tags_of_others),
        cmocka_unit_test(tags_of_other_receptors),
        cmocka_unit_test(tags_of_each_core),
        cmocka_unit_test(best_fits),
        cmocka_unit_test(currents_beside_one_by_hand),
        cmocka_unit_test(exact_on_one_core),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
