/* DYNAP-SE2 configurations against Rockpool's for the same networks (tests/golden/README.md). */
#include "tests/unit/unit.h"

#include "targets/dynapse2/config.h"
#include "targets/dynapse2/passes.h"
#include "targets/sim/sim.h"
#include "targets/target.h"
#include "tests/unit/dynapse2_golden.h"
#include <math.h>

static const char *const cases[] = {
    "b1_n1_ff_pos",      "b2_n5_ff_mixed", "b3_n8_rec_mixed", "b4_n10_rec_adapt",
    "b6_n30_rec_layout", "b8_n12_reconly", "c1_n128_t200",
};
enum { N_CASES = sizeof cases / sizeof *cases };

/* ---- configurations that the passes make ---- */

/* The tag with which our source stands for Rockpool's: channels first, then neurons. */
static uint16_t our_tag(const struct golden *x, int golden_tag)
{
    const struct board *b = x->t.n->board;
    uint32_t n_in = x->n_in ? x->n_in : x->n; /* without inputs Rockpool counts from N */
    if (x->n_in && (uint32_t)golden_tag < n_in) {
        for (uint32_t i = 0; i < b->input.n; i++) {
            if (b->input.data[i].channel == (uint32_t)golden_tag)
                return b->input.data[i].to.data[0].tag;
        }
    }
    struct board_core *c;
    const struct board_neuron *s = d2_test_find(&x->t, 0, (uint32_t)golden_tag - n_in, &c);
    assert_non_null(s);
    assert_int_equal(s->sram.n, 2);
    return s->sram.data[1].tag;
}

static void compare_cam(const struct golden *x)
{
    struct golden_array cam = golden_load(x, "cfg_cam");
    const struct board_core *c = board_find_core(x->t.n->board, 0, 0);
    double base[D2_BASES];
    for (uint32_t k = 0; k < D2_BASES; k++) {
        const struct board_bias *b = board_find_bias(c, d2_param[D2_BASE_PARAM + k].name);
        base[k] = d2_current(D2_BASE_PARAM + k, (struct d2_code){b->coarse, b->fine});
    }
    size_t entries = 0;
    for (uint32_t i = 0; i < c->neuron.n; i++)
        entries += c->neuron.data[i].cam.n;
    assert_int_equal(entries, cam.rows);
    for (uint64_t r = 0; r < cam.rows; r++) {
        const struct board_neuron *y = &c->neuron.data[golden_at(&cam, r, 2)];
        const struct board_cam *e = &y->cam.data[golden_at(&cam, r, 3)];
        assert_int_equal(y->index, golden_at(&cam, r, 2));
        assert_int_equal(y->element, golden_at(&cam, r, 2));
        assert_int_equal(e->slot, golden_at(&cam, r, 3));
        assert_int_equal(d2_dendrite_code[e->dendrite], golden_at(&cam, r, 4));
        double wanted = d2_mask_current(base, (uint32_t)golden_at(&cam, r, 5));
        assert_true(fabs(d2_mask_current(base, e->mask) - wanted) <= 1e-12 * wanted);
        assert_int_equal(e->tag, our_tag(x, golden_at(&cam, r, 6)));
    }
}

/* Rockpool gives all 256 neurons of a core a monitor; ours are those of the network. */
static void compare_sram(const struct golden *x)
{
    struct golden_array sram = golden_load(x, "cfg_sram");
    const struct board_core *c = board_find_core(x->t.n->board, 0, 0);
    size_t entries = 0, wanted = 0;
    for (uint32_t i = 0; i < c->neuron.n; i++)
        entries += c->neuron.data[i].sram.n;
    for (uint64_t r = 0; r < sram.rows; r++) {
        if ((uint32_t)golden_at(&sram, r, 2) >= x->n)
            continue;
        wanted++;
        const struct board_neuron *y = &c->neuron.data[golden_at(&sram, r, 2)];
        const struct board_sram *s = &y->sram.data[golden_at(&sram, r, 3)];
        assert_int_equal(s->slot, golden_at(&sram, r, 3));
        assert_int_equal(s->cores, golden_at(&sram, r, 4));
        assert_int_equal(s->x_hop, golden_at(&sram, r, 5));
        assert_int_equal(s->y_hop, golden_at(&sram, r, 6));
        assert_int_equal(s->tag, s->slot == 0 ? golden_at(&sram, r, 7)
                                              : our_tag(x, golden_at(&sram, r, 7)));
    }
    assert_int_equal(entries, wanted);
}

static void compare_rest(const struct golden *x)
{
    const struct board *b = x->t.n->board;
    struct golden_array coarse = golden_load(x, "cfg_coarse"), fine = golden_load(x, "cfg_fine");
    struct golden_array dc = golden_load(x, "cfg_latch_so_dc"), icm = golden_load(x, "icm");
    const struct board_core *c = board_find_core(b, 0, 0);
    assert_int_equal(c->bias.n, GOLDEN_BIASES);
    for (uint32_t k = 0; k < GOLDEN_BIASES; k++) {
        const struct board_bias *y = board_find_bias(c, golden_biases[k]);
        assert_int_equal(y->coarse, golden_at(&coarse, 0, k));
        assert_int_equal(y->fine, golden_at(&fine, 0, k));
    }
    assert_int_equal(dc.rows, x->n);
    for (uint32_t i = 0; i < x->n; i++) {
        assert_int_equal(c->neuron.data[i].latch.n, 1);
        assert_string_equal(c->neuron.data[i].latch.data[0], "so_dc");
    }
    assert_int_equal(b->input.n, icm.rows);
    for (uint64_t r = 0; r < icm.rows; r++) {
        const struct board_input *y = &b->input.data[r];
        assert_int_equal(y->channel, golden_at(&icm, r, 0));
        assert_int_equal(y->to.n, 1);
        assert_int_equal(y->to.data[0].cores, golden_at(&icm, r, 1));
        assert_int_equal(y->to.data[0].x_hop, golden_at(&icm, r, 2));
        assert_int_equal(y->to.data[0].y_hop, golden_at(&icm, r, 3));
    }
}

static void configurations_match_rockpool(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_CASES; i++) {
        struct golden x;
        golden_start(&x, cases[i], "dq_w_");
        golden_place(&x);
        golden_bases(&x);
        golden_connect(&x);
        bool ok = d2_test_passes(&x.t, "bias");
        if (!ok)
            d2_test_show(&x.t);
        assert_true(ok);
        compare_cam(&x);
        compare_sram(&x);
        compare_rest(&x);
        for (size_t k = 0; k < GOLDEN_CURRENTS; k++) {
            struct golden_array v =
                golden_load(&x, arena_printf(x.a, "dq_p_%s", golden_currents[k]));
            int p = model_find_param(x.t.dpi, golden_currents[k]);
            for (uint32_t e = 0; e < x.n; e++)
                assert_true(d2_value(&x.t.n->layer.data[0].param[p], e) == (float)v.v[e]);
        }
        d2_test_free(&x.t);
    }
}

/* ---- decoding Rockpool's configuration ---- */

static struct d2_core golden_core(const struct golden *x)
{
    struct golden_array coarse = golden_load(x, "cfg_coarse"), fine = golden_load(x, "cfg_fine");
    struct golden_array cam = golden_load(x, "cfg_cam"), sram = golden_load(x, "cfg_sram");
    struct d2_core c = {.n_neurons = D2_NEURONS,
                        .neuron = ARENA_ARRAY(x->a, struct d2_neuron, D2_NEURONS)};
    for (uint32_t k = 0; k < GOLDEN_BIASES; k++) {
        int p = d2_find_param(golden_biases[k]);
        c.given[p] = true;
        c.code[p] =
            (struct d2_code){(uint8_t)golden_at(&coarse, 0, k), (uint8_t)golden_at(&fine, 0, k)};
    }
    for (uint32_t i = 0; i < D2_NEURONS; i++) {
        c.neuron[i] = (struct d2_neuron){.index = (uint16_t)i,
                                         .latches = i < x->n ? 1 << D2_SO_DC : 0,
                                         .cam = ARENA_ARRAY(x->a, struct d2_cam, D2_CAM),
                                         .sram = ARENA_ARRAY(x->a, struct d2_sram, D2_SRAM),
                                         .group = i < x->n ? 0 : -1,
                                         .element = i < x->n ? i : 0};
    }
    for (uint64_t r = 0; r < cam.rows; r++) {
        struct d2_neuron *y = &c.neuron[golden_at(&cam, r, 2)];
        y->cam[y->n_cam++] = (struct d2_cam){
            (uint16_t)golden_at(&cam, r, 6), (uint8_t)golden_at(&cam, r, 3),
            (uint8_t)golden_at(&cam, r, 5), golden_at(&cam, r, 4) == 1024 ? D2_AMPA : D2_GABA};
    }
    for (uint64_t r = 0; r < sram.rows; r++) {
        struct d2_neuron *y = &c.neuron[golden_at(&sram, r, 2)];
        y->sram[y->n_sram++] =
            (struct d2_sram){(uint8_t)golden_at(&sram, r, 3),
                             {(uint16_t)golden_at(&sram, r, 7), (uint8_t)golden_at(&sram, r, 4),
                              (int8_t)golden_at(&sram, r, 5), (int8_t)golden_at(&sram, r, 6)}};
    }
    return c;
}

static struct d2_input golden_inputs(const struct golden *x)
{
    struct golden_array icm = golden_load(x, "icm");
    struct d2_input in = {x->n_in, ARENA_ARRAY(x->a, struct d2_channel, x->n_in)};
    for (uint64_t r = 0; r < icm.rows; r++) {
        struct d2_channel *ch = &in.channel[golden_at(&icm, r, 0)];
        ch->n = 1;
        ch->to = ARENA_NEW(x->a, struct d2_destination);
        *ch->to =
            (struct d2_destination){(uint16_t)golden_at(&icm, r, 4), (uint8_t)golden_at(&icm, r, 1),
                                    (int8_t)golden_at(&icm, r, 2), (int8_t)golden_at(&icm, r, 3)};
    }
    return in;
}

static void rockpool_configurations_decode(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_CASES; i++) {
        struct golden x;
        golden_start(&x, cases[i], "dq_w_");
        net_default_outputs(x.t.n);
        struct d2_core core = golden_core(&x);
        struct d2_input in = golden_inputs(&x);
        d2_test_board(&x.t);
        struct d2_config c;
        d2_config_of_net(x.a, x.t.n, &c); /* for its groups */
        c.n_cores = 1;
        c.core = &core;
        c.input = &in;
        struct image_writer w;
        struct plan p;
        image_begin(&w);
        assert_true(sim_map(x.a, x.t.n, NULL, &p, &x.t.text.diags));
        plan_write(&w, &p, false);
        d2_config_write(&w, &c);
        image_end(&w, "dynapse2");

        struct image im;
        struct plan out;
        assert_true(image_open(x.a, (struct bytes){(const uint8_t *)w.out.data, w.out.n}, &im,
                               &x.t.text.diags, "test"));
        bool ok = target_load(x.a, &im, &out, &x.t.text.diags, "test");
        if (!ok)
            d2_test_show(&x.t);
        assert_true(ok);
        golden_compare(&x, &out);
        buf_free(&w.out);
        d2_test_free(&x.t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configurations_match_rockpool),
        cmocka_unit_test(rockpool_configurations_decode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
