#include "tests/unit/unit.h"

#include "targets/dynapse2/quantize.h"
#include <math.h>
#include <stdio.h>

/* A network of inputs `in` and neurons `out`, all on chip 0 core 0 (or on two cores), with a model
 * that has what the pass looks at: the scale of its receptor and the gain current. */
struct fixture {
    struct arena a;
    struct diags d;
    struct target_report r;
    struct target_options o;
    struct model model;
    struct net *n;
};

static uint32_t constant(struct fixture *f, double x)
{
    VEC_PUSH(&f->a, &f->model.expr, ((struct model_expr){.op = M_NUMBER, .number = x}));
    return f->model.expr.n - 1;
}

static void make_model(struct fixture *f)
{
    struct model *m = &f->model;
    m->name = "cell";
    struct model_param scale = {.name = "Iscale", .kind = MODEL_PARAM, .value = constant(f, 1e-8)};
    VEC_PUSH(&f->a, &m->param, scale);
    struct model_param gain = {
        .name = "Igain",
        .kind = MODEL_BIAS,
        .value = constant(f, 8.7e-9),
        .on = {.target = "dynapse2",
               .name = {"DEAM_EGAIN_P", "DEGA_IGAIN_P", "DENM_EGAIN_P", "DESC_IGAIN_P"},
               .n = 4}};
    VEC_PUSH(&f->a, &m->param, gain);
    VEC_PUSH(&f->a, &m->expr, ((struct model_expr){.op = M_PARAM, .index = 0}));
    struct model_receptor r = {.name = "syn",
                               .scale = m->expr.n - 1,
                               .on = {.target = "dynapse2", .name = {"ampa", "gaba"}, .n = 2}};
    VEC_PUSH(&f->a, &m->receptor, r);
}

static void setup(struct fixture *f, uint32_t n_in, uint32_t n_out, uint32_t n_cores)
{
    memset(f, 0, sizeof *f);
    make_model(f);
    struct span none = {0};
    f->n = net_new(&f->a, "test");
    f->n->dt = 1e-3;
    net_add_input(f->n, "in", (struct net_shape){1, {n_in}}, none);
    net_add_layer(f->n, "out", (struct net_shape){1, {n_out}}, &f->model, none);
    net_layer_defaults(f->n, 0);
    f->n->board = ARENA_NEW(&f->a, struct board);
    *f->n->board = (struct board){.target = "dynapse2", .gain = 1};
    for (uint32_t k = 0; k < n_cores; k++)
        board_core(&f->a, f->n->board, 0, k);
    for (uint32_t i = 0; i < n_out; i++) {
        struct board_core *c = board_find_core(f->n->board, 0, i % n_cores);
        struct board_neuron *x = board_neuron(&f->a, c, i / n_cores);
        x->layer = 0;
        x->element = i;
    }
}

static void teardown(struct fixture *f)
{
    target_report_free(&f->r);
    diags_free(&f->d);
    arena_free(&f->a);
}

static struct net_connection *dense(struct fixture *f, bool from_input, const double *w)
{
    uint32_t n_pre = from_input ? f->n->input.data[0].n : f->n->layer.data[0].n;
    return net_add_dense(f->n, from_input, 0, 0, 0, from_input ? 0 : 1, w, n_pre,
                         f->n->layer.data[0].n, (struct span){0});
}

static bool run(struct fixture *f)
{
    return d2_quantize(f->n, &f->o, &f->r, &f->d);
}

/* Weight of a synapse, 0 if it isn't there. */
static float weight(const struct net_connection *c, uint32_t pre, uint32_t post)
{
    for (uint64_t s = c->row[pre]; s < c->row[pre + 1]; s++)
        if (c->post[s] == post)
            return c->weight[s];
    return 0;
}

static const struct diag *find(const struct fixture *f, enum diag_code code)
{
    for (uint32_t i = 0; i < f->d.list.n; i++)
        if (f->d.list.data[i]->code == code)
            return f->d.list.data[i];
    return NULL;
}

static void assert_says(const struct diag *g, const char *what)
{
    assert_non_null(g);
    if (!strstr(g->message, what))
        fail_msg("`%s` isn't in: %s", what, g->message);
}

/* Weights of mixed sign, all different. */
static void fill(double *w, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        w[i] = (i % 3 ? 1 : -1) * (0.2 + 9 * fmod(i * 0.6180339887, 1));
}

static void weights_become_decoded(void **state)
{
    (void)state;
    struct fixture f;
    double in[80], rec[16];
    setup(&f, 20, 4, 2);
    fill(in, 80);
    fill(rec, 16);
    struct net_connection *c = dense(&f, true, in);
    dense(&f, false, rec);
    assert_true(run(&f));
    assert_int_equal(f.d.n_errors, 0);
    assert_true(net_verify(f.n, &f.d));
    c = f.n->connection.data;
    double worst = 0;
    for (uint32_t i = 0; i < 80; i++) {
        double base[D2_BASES];
        uint8_t mask[2];
        d2_core_bases(&f.n->board->core.data[i % 4 % 2], base);
        float w = weight(c, i / 4, i % 4);
        if (w == 0) {
            assert_true(fabs(in[i]) < 0.5);
            continue;
        }
        assert_int_equal(d2_masks_of(base, w, 1e-8, mask), 1);
        assert_true((w < 0) == (in[i] < 0));
        worst = fmax(worst, fabs((double)w - in[i]));
    }
    assert_true(worst > 0 && worst < 1);
    for (uint32_t k = 0; k < 2; k++)
        assert_int_equal(f.n->board->core.data[k].bias.n, 4);
    assert_non_null(strstr(f.r.text.data, "chip 0 core 1: 48 weights"));
    assert_non_null(strstr(f.r.text.data, "above the least possible"));

    /* A second time nothing changes. */
    struct net_connection first = *c;
    size_t count = first.row[20];
    float *before = malloc(count * sizeof *before);
    memcpy(before, c->weight, count * sizeof *before);
    assert_true(run(&f));
    assert_int_equal(c->row[20], count);
    assert_memory_equal(before, c->weight, count * sizeof *before);
    free(before);
    teardown(&f);
}

static void lost_weights_are_named(void **state)
{
    (void)state;
    struct fixture f;
    double w[30];
    for (uint32_t i = 0; i < 30; i++)
        w[i] = i < 12 ? 1e-3 * (i + 1) : 10.0 + i % 8;
    setup(&f, 30, 1, 1);
    dense(&f, true, w);
    assert_true(run(&f));
    const struct diag *g = find(&f, W0654);
    assert_says(g, "12 of 30 weights become 0: in[0] -> out[0] (0.001), in[1] -> out[0]");
    assert_says(g, "in[7] -> out[0] (0.008) and 4 more");
    assert_null(strstr(g->message, "in[8]"));
    assert_non_null(strstr(f.r.text.data, "becomes 0: in[11] -> out[0] (0.012)"));
    assert_int_equal(f.n->connection.data[0].row[30], 18);
    assert_null(find(&f, W0653));
    teardown(&f);
}

static void saturated_weights_are_told(void **state)
{
    (void)state;
    struct fixture f;
    double w[10];
    for (uint32_t i = 0; i < 10; i++)
        w[i] = 2 + i;
    w[4] = -8;
    setup(&f, 10, 1, 1);
    f.n->board->gain = 50; /* 0.5 uA a unit; four base currents make 1.976 uA at most */
    dense(&f, true, w);
    assert_true(run(&f));
    const struct diag *g = find(&f, W0653);
    assert_says(g, "8 of 10 weights are beyond the 1.975 uA");
    assert_says(g, "in[9] -> out[0] (11) needs 5.5 uA and becomes 3.95 (64.1 % less)");
    assert_non_null(strstr(g->hint, "gain = 17.9"));
    double reach = 4 * 4.938702101060086e-07;
    assert_true(weight(f.n->connection.data, 9, 0) == (float)(reach / (50 * 1e-8)));
    assert_true(weight(f.n->connection.data, 4, 0) == -weight(f.n->connection.data, 9, 0));
    teardown(&f);

    /* With the gain of the hint all is well. */
    setup(&f, 10, 1, 1);
    f.n->board->gain = 17.9;
    dense(&f, true, w);
    assert_true(run(&f));
    assert_null(find(&f, W0653));
    assert_true(fabs((double)weight(f.n->connection.data, 9, 0) - 11) < 2);
    teardown(&f);
}

static void hand_given_bases_stay(void **state)
{
    (void)state;
    struct fixture f;
    double w[40];
    fill(w, 40);
    setup(&f, 40, 1, 1);
    struct board_core *c = &f.n->board->core.data[0];
    board_set_bias(&f.a, c, "SYAM_W2_P", 3, 100, (struct span){1, 5, 9});
    dense(&f, true, w);
    assert_true(run(&f));
    const struct board_bias *b = board_find_bias(c, "SYAM_W2_P");
    assert_int_equal(b->coarse, 3);
    assert_int_equal(b->fine, 100);
    assert_int_equal(b->span.file, 1);
    assert_non_null(strstr(f.r.text.data, "(3:100, given)"));
    teardown(&f);

    /* All four, smaller than the weights: those saturate at what the given ones make. */
    setup(&f, 40, 1, 1);
    c = &f.n->board->core.data[0];
    for (uint32_t k = 0; k < D2_BASES; k++)
        board_set_bias(&f.a, c, d2_param[D2_BASE_PARAM + k].name, 3, (uint8_t)(20 + k),
                       (struct span){1, k, k + 1});
    dense(&f, true, w);
    assert_true(run(&f));
    double base[D2_BASES], sum = 0;
    d2_core_bases(c, base);
    for (uint32_t k = 0; k < D2_BASES; k++)
        sum += base[k];
    assert_says(find(&f, W0653), "weights are beyond the");
    for (uint32_t i = 0; i < 40; i++)
        assert_true(fabs((double)weight(f.n->connection.data, i, 0)) <= sum / 1e-8 * (1 + 1e-6));
    teardown(&f);
}

static void hand_given_cam_keeps_its_weights(void **state)
{
    (void)state;
    struct fixture f;
    double w[2] = {1.2345, 3};
    setup(&f, 1, 2, 1);
    struct board_core *c = &f.n->board->core.data[0];
    for (uint32_t k = 0; k < D2_BASES; k++)
        board_set_bias(&f.a, c, d2_param[D2_BASE_PARAM + k].name, 3, (uint8_t)(20 + 40 * k),
                       (struct span){1, k, k + 1});
    c->neuron.data[0].given = BOARD_ALL;
    dense(&f, true, w);
    assert_true(run(&f));
    assert_true(weight(f.n->connection.data, 0, 0) == 1.2345f);
    assert_true(weight(f.n->connection.data, 0, 1) != 3);
    teardown(&f);
}

static void same_ends_are_joined(void **state)
{
    (void)state;
    struct fixture f;
    const double a[] = {1, 0, 4, 2}, b[] = {2, 3, -4, 0}, c[] = {5, 5, 5, 5};
    setup(&f, 2, 2, 1);
    dense(&f, true, a);
    dense(&f, false, c);
    dense(&f, true, b);
    assert_true(d2_merge_connections(f.n, &f.r, &f.d));
    assert_int_equal(f.n->connection.n, 2);
    const struct net_connection *x = f.n->connection.data;
    assert_true(x[0].from_input && !x[1].from_input);
    assert_true(weight(x, 0, 0) == 3 && weight(x, 0, 1) == 3);
    assert_true(weight(x, 1, 0) == 0 && weight(x, 1, 1) == 2);
    assert_int_equal(x[0].row[1], 2);
    assert_int_equal(x[0].row[2], 3); /* 4 - 4 is no synapse */
    assert_true(net_verify(f.n, &f.d));
    const double huge[] = {3e38, 0, 0, 0};
    dense(&f, true, huge);
    dense(&f, true, huge);
    assert_false(d2_merge_connections(f.n, &f.r, &f.d));
    assert_says(find(&f, E0601), "add up");
    teardown(&f);
}

/* Where sources will share CAM entries, equal weights of a neuron get second entries together or
 * not at all: here 20 of each kind have 4 to spare, and 2 of another kind. */
static void refine_keeps_equal_weights(void **state)
{
    (void)state;
    enum { N_IN = 80 };
    double w[2 * N_IN] = {0};
    for (uint32_t i = 0; i < N_IN; i++) {
        w[2 * i] = 0.7 + 9 * fmod(i * 0.6180339887, 1);
        w[2 * i + 1] = i >= 60 ? 0 : i >= 58 ? 8.1 : 2.3 + 1.7 * (i % 3);
    }
    struct fixture f;
    setup(&f, N_IN, 2, 1);
    f.o.refine = true;
    dense(&f, true, w);
    assert_true(run(&f));
    const struct net_connection *c = f.n->connection.data;
    double base[D2_BASES];
    uint32_t entries = 0;
    d2_core_bases(&f.n->board->core.data[0], base);
    for (uint32_t i = 0; i < 60; i++) {
        uint8_t mask[2];
        entries += d2_masks_of(base, weight(c, i, 1), 1e-8, mask);
        assert_true(i < 3 || i >= 58 || weight(c, i, 1) == weight(c, i - 3, 1));
    }
    assert_int_equal(entries, 62); /* the kind of two has them */
    assert_true(weight(c, 58, 1) == weight(c, 59, 1));
    teardown(&f);
}

static void refine_uses_spare_entries(void **state)
{
    (void)state;
    enum { N_IN = 60 };
    double w[2 * N_IN], error[2] = {0};
    for (uint32_t i = 0; i < 2 * N_IN; i++)
        w[i] = 0.7 + 9 * fmod(i * 0.6180339887, 1);
    for (uint32_t pass = 0; pass < 2; pass++) {
        struct fixture f;
        setup(&f, N_IN, 2, 1);
        f.o.refine = pass == 1;
        dense(&f, true, w);
        assert_true(run(&f));
        uint32_t entries[2] = {0};
        double base[D2_BASES];
        d2_core_bases(&f.n->board->core.data[0], base);
        for (uint32_t i = 0; i < 2 * N_IN; i++) {
            uint8_t mask[2];
            float x = weight(f.n->connection.data, i / 2, i % 2);
            entries[i % 2] += d2_masks_of(base, x, 1e-8, mask);
            assert_true(x == 0 || d2_masks_of(base, x, 1e-8, mask) > 0);
            double e = (double)x - w[i];
            error[pass] += e * e;
        }
        if (pass == 1) {
            assert_true(entries[0] > N_IN && entries[0] <= D2_CAM);
            assert_non_null(strstr(f.r.text.data, "second CAM entries: mean square error"));
            assert_int_equal(strncmp(f.r.result.data, "refine: mean square error ", 26), 0);
            assert_non_null(strstr(f.r.result.data, " % less) with "));
            /* Read again without --refine, what two entries make stays. */
            f.o.refine = false;
            float before = f.n->connection.data[0].weight[0];
            uint32_t again = 0;
            buf_free(&f.r.result);
            assert_true(run(&f));
            assert_int_equal(f.r.result.n, 0);
            assert_true(before == f.n->connection.data[0].weight[0]);
            for (uint32_t i = 0; i < N_IN; i++) {
                uint8_t mask[2];
                again += d2_masks_of(base, weight(f.n->connection.data, i, 0), 1e-8, mask);
            }
            assert_int_equal(again, entries[0]);
        }
        teardown(&f);
    }
    assert_true(error[1] < error[0]);
}

/* Neurons whose weights mean different currents may share a core: currents are what is quantized.
 */
static void two_scales_a_core(void **state)
{
    (void)state;
    struct fixture f;
    const double w[] = {1, 1, 2, 2, 3, 3, 4, 4}, scale[] = {1e-8, 2e-8};
    setup(&f, 4, 2, 1);
    net_layer_set(f.n, 0, 0, scale, false);
    dense(&f, true, w);
    assert_true(run(&f));
    double base[D2_BASES];
    d2_core_bases(f.n->board->core.data, base);
    for (uint32_t i = 0; i < 8; i++) {
        float made = weight(f.n->connection.data, i / 2, i % 2);
        uint8_t mask[2];
        assert_int_equal(d2_masks_of(base, made, scale[i % 2], mask), 1);
        assert_true(fabs((double)made - w[i]) < 0.2);
    }
    teardown(&f);
}

static void automatic_gain(void **state)
{
    (void)state;
    struct fixture f;
    double w[40];
    fill(w, 40);
    for (uint32_t i = 0; i < 40; i++)
        w[i] *= 1e3; /* 80 uA: far beyond the base currents */
    setup(&f, 40, 1, 1);
    f.n->board->gain_auto = true;
    dense(&f, true, w);
    assert_true(run(&f));
    assert_null(find(&f, W0653));
    assert_false(f.n->board->gain_auto);
    const struct net_column *p = f.n->layer.data[0].param;
    double scale = (double)p[0].v[0], gain = (double)p[1].v[0];
    assert_true(p[0].set && p[1].set);
    assert_true(scale < 1e-9);
    assert_true(fabs(scale * gain / (1e-8 * 8.7e-9) - 1) < 1e-6);
    uint32_t device = (uint32_t)d2_find_param("DEAM_EGAIN_P");
    assert_false(d2_out_of_reach(device, gain));
    assert_true(fabs(d2_current(device, d2_choose(device, gain)) / gain - 1) < 1e-6);
    for (uint32_t i = 0; i < 40; i++)
        assert_true(fabs((double)weight(f.n->connection.data, i, 0) - w[i]) < 700);
    assert_non_null(strstr(f.r.text.data, "gain: weight currents times 0.0"));
    teardown(&f);

    setup(&f, 40, 1, 1); /* the gain current is given by hand */
    f.n->board->gain_auto = true;
    board_set_bias(&f.a, &f.n->board->core.data[0], "DEGA_IGAIN_P", 3, 1, (struct span){1, 2, 3});
    dense(&f, true, w);
    assert_false(run(&f));
    assert_says(find(&f, E0406), "DEGA_IGAIN_P");
    teardown(&f);

    setup(&f, 40, 1, 1); /* no gain current at all */
    f.n->board->gain_auto = true;
    f.model.param.data[1].on.n = 0;
    dense(&f, true, w);
    assert_false(run(&f));
    assert_says(find(&f, E0602), "no parameter is bound");
    teardown(&f);

    setup(&f, 40, 1, 1); /* the scale has another use */
    f.n->board->gain_auto = true;
    struct model_let let = {.name = "x", .value = f.model.receptor.data[0].scale};
    VEC_PUSH(&f.a, &f.model.let, let);
    dense(&f, true, w);
    assert_false(run(&f));
    assert_says(find(&f, E0602), "elsewhere");
    teardown(&f);
}

static void no_weights(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, 2, 2, 1);
    assert_true(run(&f));
    assert_int_equal(f.n->board->core.data[0].bias.n, 0);
    double base[D2_BASES];
    d2_core_bases(&f.n->board->core.data[0], base);
    assert_true(base[0] == d2_current(D2_BASE_PARAM, (struct d2_code){0, 0}));
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_become_decoded),
        cmocka_unit_test(lost_weights_are_named),
        cmocka_unit_test(saturated_weights_are_told),
        cmocka_unit_test(hand_given_bases_stay),
        cmocka_unit_test(hand_given_cam_keeps_its_weights),
        cmocka_unit_test(same_ends_are_joined),
        cmocka_unit_test(refine_keeps_equal_weights),
        cmocka_unit_test(refine_uses_spare_entries),
        cmocka_unit_test(two_scales_a_core),
        cmocka_unit_test(automatic_gain),
        cmocka_unit_test(no_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
