/* DYNAP-SE2 configurations against Rockpool's for the same networks (tests/golden/README.md). */
#include "tests/unit/unit.h"

#include "runtime/base/npy.h"
#include "targets/dynapse2/config.h"
#include "targets/dynapse2/passes.h"
#include "targets/sim/sim.h"
#include "targets/target.h"
#include "tests/unit/dynapse2_net.h"
#include <math.h>

/* ---- golden files ---- */

static const char *const cases[] = {
    "b1_n1_ff_pos",      "b2_n5_ff_mixed", "b3_n8_rec_mixed", "b4_n10_rec_adapt",
    "b6_n30_rec_layout", "b8_n12_reconly", "c1_n128_t200",
};
enum { N_CASES = sizeof cases / sizeof *cases };

static const char *const currents[] = {
    "Idc",  "If_nmda", "Igain_ahp", "Igain_mem", "Igain_syn", "Ipulse_ahp", "Ipulse",
    "Iref", "Ispkthr", "Itau_ahp",  "Itau_mem",  "Itau_syn",  "Iw_ahp",
};
static const char *const layouts[] = {"C_ahp",   "C_syn", "C_pulse_ahp", "C_pulse",
                                      "C_ref",   "C_mem", "Io",          "kappa_n",
                                      "kappa_p", "Ut",    "Vth"};

struct array {
    uint64_t rows, columns; /* columns: product of all extents behind the first */
    double *v;
};

struct golden {
    struct arena *a;
    const char *path;
};

/* An absent member has no rows. */
static struct array load(const struct golden *g, const char *member)
{
    struct diags d = {0};
    struct npy x;
    struct array out = {0};
    if (npy_load(g->a, g->path, member, &x, &d, E0501, (struct span){0})) {
        out.rows = x.rank ? x.extent[0] : 1;
        out.columns = out.rows ? x.count / out.rows : 0;
        out.v = ARENA_ARRAY(g->a, double, x.count);
        npy_to_f64(&x, out.v);
    }
    diags_free(&d);
    return out;
}

static int at(const struct array *x, uint64_t row, uint64_t column)
{
    return (int)x->v[row * x->columns + column];
}

/* Names of the biases: a unicode array, which npy.c doesn't read; Rockpool's order is alphabetic.
 */
static const char *const names[] = {
    "DEAM_EGAIN_P", "DEAM_ETAU_P",  "DEGA_IGAIN_P", "DEGA_ITAU_P", "DENM_EGAIN_P", "DENM_ETAU_P",
    "DENM_NMREV_N", "DESC_IGAIN_P", "DESC_ITAU_P",  "SOAD_GAIN_P", "SOAD_PWTAU_N", "SOAD_TAU_P",
    "SOAD_W_N",     "SOIF_DC_P",    "SOIF_GAIN_N",  "SOIF_LEAK_N", "SOIF_REFR_N",  "SOIF_SPKTHR_P",
    "SYAM_W0_P",    "SYAM_W1_P",    "SYAM_W2_P",    "SYAM_W3_P",   "SYPD_EXT_N",
};
enum { N_NAMES = sizeof names / sizeof *names };

struct golden_net {
    struct d2_test t;
    struct golden g;
    struct array w_in, w_rec; /* quantized; no rows: there are none */
    uint32_t n, n_in;
};

static void golden_start(struct golden_net *x, const char *name)
{
    d2_test_init(&x->t);
    x->g.a = &x->t.text.arena;
    x->g.path = arena_printf(x->g.a, "tests/golden/dynapse2/%s.npz", name);
    x->w_in = load(&x->g, "dq_w_in");
    x->w_rec = load(&x->g, "dq_w_rec");
    x->n_in = (uint32_t)x->w_in.rows;
    x->n = (uint32_t)(x->n_in ? x->w_in.columns : x->w_rec.columns);
    assert_true(x->n > 0);
    if (x->n_in)
        d2_test_input(&x->t, "in", x->n_in);
    uint32_t l =
        net_add_layer(x->t.n, "out", (struct net_shape){1, {x->n}}, x->t.dpi, (struct span){0});
    for (size_t i = 0; i < sizeof currents / sizeof *currents + sizeof layouts / sizeof *layouts;
         i++) {
        const char *p = i < 13 ? currents[i] : layouts[i - 13];
        struct array v = load(&x->g, arena_printf(x->g.a, "p_%s", p));
        assert_int_equal(v.rows, x->n);
        net_layer_set(x->t.n, l, (uint32_t)model_find_param(x->t.dpi, p), v.v, false);
    }
    net_layer_defaults(x->t.n, l);
}

/* As Rockpool has it: all on one core, even where currents differ, with its base currents. */
static void give_board(struct golden_net *x)
{
    struct array coarse = load(&x->g, "cfg_coarse"), fine = load(&x->g, "cfg_fine");
    struct board_core *c = board_core(x->g.a, d2_test_board(&x->t), 0, 0);
    for (uint32_t k = 0; k < N_NAMES; k++) {
        if (strncmp(names[k], "SYAM_W", 6) == 0)
            board_set_bias(x->g.a, c, names[k], (uint8_t)at(&coarse, 0, k),
                           (uint8_t)at(&fine, 0, k), (struct span){0});
    }
    VEC_PUSH(x->g.a, &d2_test_board(&x->t)->place, ((struct board_place){.count = x->n}));
}

static void connect_golden(struct golden_net *x)
{
    if (x->n_in)
        d2_test_connect(&x->t, true, 0, 0, x->w_in.v);
    if (x->w_rec.rows)
        d2_test_connect(&x->t, false, 0, 0, x->w_rec.v);
}

/* The tag with which our source stands for Rockpool's: channels first, then neurons. */
static uint16_t our_tag(const struct golden_net *x, int golden_tag)
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

static void compare_cam(const struct golden_net *x)
{
    struct array cam = load(&x->g, "cfg_cam");
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
        const struct board_neuron *y = &c->neuron.data[at(&cam, r, 2)];
        const struct board_cam *e = &y->cam.data[at(&cam, r, 3)];
        assert_int_equal(y->index, at(&cam, r, 2));
        assert_int_equal(y->element, at(&cam, r, 2));
        assert_int_equal(e->slot, at(&cam, r, 3));
        assert_int_equal(d2_dendrite_code[e->dendrite], at(&cam, r, 4));
        double wanted = d2_mask_current(base, (uint32_t)at(&cam, r, 5));
        assert_true(fabs(d2_mask_current(base, e->mask) - wanted) <= 1e-12 * wanted);
        assert_int_equal(e->tag, our_tag(x, at(&cam, r, 6)));
    }
}

/* Rockpool gives all 256 neurons of a core a monitor; ours are those of the network. */
static void compare_sram(const struct golden_net *x)
{
    struct array sram = load(&x->g, "cfg_sram");
    const struct board_core *c = board_find_core(x->t.n->board, 0, 0);
    size_t entries = 0, wanted = 0;
    for (uint32_t i = 0; i < c->neuron.n; i++)
        entries += c->neuron.data[i].sram.n;
    for (uint64_t r = 0; r < sram.rows; r++) {
        if ((uint32_t)at(&sram, r, 2) >= x->n)
            continue;
        wanted++;
        const struct board_neuron *y = &c->neuron.data[at(&sram, r, 2)];
        const struct board_sram *s = &y->sram.data[at(&sram, r, 3)];
        assert_int_equal(s->slot, at(&sram, r, 3));
        assert_int_equal(s->cores, at(&sram, r, 4));
        assert_int_equal(s->x_hop, at(&sram, r, 5));
        assert_int_equal(s->y_hop, at(&sram, r, 6));
        assert_int_equal(s->tag, s->slot == 0 ? at(&sram, r, 7) : our_tag(x, at(&sram, r, 7)));
    }
    assert_int_equal(entries, wanted);
}

static void compare_rest(const struct golden_net *x)
{
    const struct board *b = x->t.n->board;
    struct array coarse = load(&x->g, "cfg_coarse"), fine = load(&x->g, "cfg_fine");
    struct array dc = load(&x->g, "cfg_latch_so_dc"), icm = load(&x->g, "icm");
    const struct board_core *c = board_find_core(b, 0, 0);
    assert_int_equal(c->bias.n, N_NAMES);
    for (uint32_t k = 0; k < N_NAMES; k++) {
        const struct board_bias *y = board_find_bias(c, names[k]);
        assert_int_equal(y->coarse, at(&coarse, 0, k));
        assert_int_equal(y->fine, at(&fine, 0, k));
    }
    assert_int_equal(dc.rows, x->n);
    for (uint32_t i = 0; i < x->n; i++) {
        assert_int_equal(c->neuron.data[i].latch.n, 1);
        assert_string_equal(c->neuron.data[i].latch.data[0], "so_dc");
    }
    assert_int_equal(b->input.n, icm.rows);
    for (uint64_t r = 0; r < icm.rows; r++) {
        const struct board_input *y = &b->input.data[r];
        assert_int_equal(y->channel, at(&icm, r, 0));
        assert_int_equal(y->to.n, 1);
        assert_int_equal(y->to.data[0].cores, at(&icm, r, 1));
        assert_int_equal(y->to.data[0].x_hop, at(&icm, r, 2));
        assert_int_equal(y->to.data[0].y_hop, at(&icm, r, 3));
    }
}

static void configurations_match_rockpool(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_CASES; i++) {
        struct golden_net x = {0};
        golden_start(&x, cases[i]);
        give_board(&x);
        connect_golden(&x);
        bool ok = d2_test_passes(&x.t, "bias");
        if (!ok)
            d2_test_show(&x.t);
        assert_true(ok);
        compare_cam(&x);
        compare_sram(&x);
        compare_rest(&x);
        for (size_t k = 0; k < 13; k++) {
            struct array v = load(&x.g, arena_printf(x.g.a, "dq_p_%s", currents[k]));
            int p = model_find_param(x.t.dpi, currents[k]);
            for (uint32_t e = 0; e < x.n; e++)
                assert_true(d2_value(&x.t.n->layer.data[0].param[p], e) == (float)v.v[e]);
        }
        d2_test_free(&x.t);
    }
}

/* ---- decoding Rockpool's configuration ---- */

static struct d2_core golden_core(const struct golden_net *x)
{
    struct array coarse = load(&x->g, "cfg_coarse"), fine = load(&x->g, "cfg_fine");
    struct array cam = load(&x->g, "cfg_cam"), sram = load(&x->g, "cfg_sram");
    struct d2_core c = {.n_neurons = D2_NEURONS,
                        .neuron = ARENA_ARRAY(x->g.a, struct d2_neuron, D2_NEURONS)};
    for (uint32_t k = 0; k < N_NAMES; k++) {
        int p = d2_find_param(names[k]);
        c.given[p] = true;
        c.code[p] = (struct d2_code){(uint8_t)at(&coarse, 0, k), (uint8_t)at(&fine, 0, k)};
    }
    for (uint32_t i = 0; i < D2_NEURONS; i++) {
        c.neuron[i] = (struct d2_neuron){.index = (uint16_t)i,
                                         .latches = i < x->n ? 1 << D2_SO_DC : 0,
                                         .cam = ARENA_ARRAY(x->g.a, struct d2_cam, D2_CAM),
                                         .sram = ARENA_ARRAY(x->g.a, struct d2_sram, D2_SRAM),
                                         .group = i < x->n ? 0 : -1,
                                         .element = i < x->n ? i : 0};
    }
    for (uint64_t r = 0; r < cam.rows; r++) {
        struct d2_neuron *y = &c.neuron[at(&cam, r, 2)];
        y->cam[y->n_cam++] =
            (struct d2_cam){(uint16_t)at(&cam, r, 6), (uint8_t)at(&cam, r, 3),
                            (uint8_t)at(&cam, r, 5), at(&cam, r, 4) == 1024 ? D2_AMPA : D2_GABA};
    }
    for (uint64_t r = 0; r < sram.rows; r++) {
        struct d2_neuron *y = &c.neuron[at(&sram, r, 2)];
        y->sram[y->n_sram++] =
            (struct d2_sram){(uint8_t)at(&sram, r, 3),
                             {(uint16_t)at(&sram, r, 7), (uint8_t)at(&sram, r, 4),
                              (int8_t)at(&sram, r, 5), (int8_t)at(&sram, r, 6)}};
    }
    return c;
}

static struct d2_input golden_inputs(const struct golden_net *x)
{
    struct array icm = load(&x->g, "icm");
    struct d2_input in = {x->n_in, ARENA_ARRAY(x->g.a, struct d2_channel, x->n_in)};
    for (uint64_t r = 0; r < icm.rows; r++) {
        struct d2_channel *ch = &in.channel[at(&icm, r, 0)];
        ch->n = 1;
        ch->to = ARENA_NEW(x->g.a, struct d2_destination);
        *ch->to = (struct d2_destination){(uint16_t)at(&icm, r, 4), (uint8_t)at(&icm, r, 1),
                                          (int8_t)at(&icm, r, 2), (int8_t)at(&icm, r, 3)};
    }
    return in;
}

/* Every weight of the matrix, and none but those. */
static void compare_weights(const struct plan *p, bool from_input, const struct array *w)
{
    double *found = calloc(w->rows * w->columns + 1, sizeof *found);
    uint64_t synapses = 0, wanted = 0;
    for (uint32_t i = 0; i < p->projection.n; i++) {
        const struct plan_projection *j = &p->projection.data[i];
        if (j->from_input != from_input)
            continue;
        for (uint32_t pre = 0; pre < j->n_pre; pre++) {
            for (uint64_t s = j->row[pre]; s < j->row[pre + 1]; s++) {
                found[pre * w->columns + j->post[s]] = (double)j->weight[s];
                synapses++;
            }
        }
    }
    for (uint64_t i = 0; i < w->rows * w->columns; i++) {
        wanted += w->v[i] != 0;
        if (found[i] != w->v[i])
            fail_msg("weight %u: %.9g, Rockpool has %.9g", (unsigned)i, found[i], w->v[i]);
    }
    assert_int_equal(synapses, wanted);
    free(found);
}

static void rockpool_configurations_decode(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_CASES; i++) {
        struct golden_net x = {0};
        golden_start(&x, cases[i]);
        net_default_outputs(x.t.n);
        struct d2_core core = golden_core(&x);
        struct d2_input in = golden_inputs(&x);
        d2_test_board(&x.t);
        struct d2_config c;
        d2_config_of_net(x.g.a, x.t.n, &c); /* for its groups */
        c.n_cores = 1;
        c.core = &core;
        c.input = &in;
        c.group[0].receptor[0].n_scale = 1;
        c.group[0].receptor[0].scale[0] = 1e-8;
        struct image_writer w;
        struct plan p;
        image_begin(&w);
        assert_true(sim_map(x.g.a, x.t.n, NULL, &p, &x.t.text.diags));
        plan_write(&w, &p, false);
        d2_config_write(&w, &c);
        image_end(&w, "dynapse2");

        struct image im;
        struct plan out;
        assert_true(image_open(x.g.a, (struct bytes){(const uint8_t *)w.out.data, w.out.n}, &im,
                               &x.t.text.diags, "test"));
        bool ok = target_load(x.g.a, &im, &out, &x.t.text.diags, "test");
        if (!ok)
            d2_test_show(&x.t);
        assert_true(ok);
        compare_weights(&out, true, &x.w_in);
        compare_weights(&out, false, &x.w_rec);
        for (size_t k = 0; k < 13; k++) {
            struct array v = load(&x.g, arena_printf(x.g.a, "dq_p_%s", currents[k]));
            const struct column *col =
                &out.group.data[0].param[model_find_param(x.t.dpi, currents[k])];
            for (uint32_t e = 0; e < x.n; e++)
                assert_true(col->v[col->uniform ? 0 : e] == (float)v.v[e]);
        }
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
