/* From profiles of chips to the neurons of a network. */
#include "tests/unit/unit.h"

#include "compiler/net/model.h"
#include "targets/dynapse2/biasgen.h"
#include "targets/dynapse2/profile.h"
#include "tests/unit/elab_text.h"

static const char source[] =
    "use dynapse2;\n"
    "network n { dt = 1 ms; input a[2]; layer r[4]: dpi { factor C_syn = [0, 1.5, 0, 0]; } }\n"
    "board dynapse2 {\n"
    "  chip 0 { core 0 {\n"
    "    bias DEAM_ETAU_P = 2:100; bias DEGA_ITAU_P = 3:50;\n"
    "    bias SYAM_W0_P = 3:10; bias SYAM_W1_P = 4:20;\n"
    "    neuron 3 = r[1] {\n"
    "      cam 0 = tag 1, weight 0b0001, ampa; cam 1 = tag 2, weight 0b0011, gaba; }\n"
    "    neuron 5 = r[0];\n"
    "  } }\n"
    "  chip 2 { core 1 { neuron 3 = r[3]; } }\n"
    "}\n";

struct fixture {
    struct elab_test t;
    struct net *n;
};

static void open_net(struct fixture *x)
{
    elab_open(&x->t, source);
    x->n = unit_network(&x->t.unit, NULL);
    assert_non_null(x->n);
}

static void add_profile(struct fixture *x, uint32_t chip, const char *factor)
{
    struct arena *a = &x->t.arena;
    const char *text =
        arena_printf(a,
                     "{\"format\": \"dyn-chip-profile\", \"version\": 1, \"target\": \"dynapse2\","
                     "\"factor\": {%s}}",
                     factor);
    const struct d2_profile *p = d2_profile_read(a, text, strlen(text), 1, &x->t.diags);
    assert_non_null(p);
    VEC_PUSH(a, &x->n->board->profile, ((struct board_profile){.chip = chip, .content = p}));
}

static const float *factor_of(const struct fixture *x, const char *param)
{
    const struct net_layer *l = &x->n->layer.data[0];
    int i = model_find_param(l->model, param);
    assert_true(i >= 0);
    return l->param[i].factor;
}

static bool said(const struct fixture *x, enum diag_code code, const char *text)
{
    for (uint32_t i = 0; i < x->t.diags.list.n; i++) {
        const struct diag *g = x->t.diags.list.data[i];
        if (g->code == code && strstr(g->message, text))
            return true;
    }
    return false;
}

static void close_net(struct fixture *x)
{
    elab_close(&x->t);
}

static void by_place(void **state)
{
    (void)state;
    struct fixture x;
    open_net(&x);
    add_profile(&x, 0,
                "\"layout\": {\"C_mem\": [[0, 3, 1.034], [1, 3, 2]], \"C_syn\": [[0, [0, 9], 0.9]],"
                "\"C_men\": [[0, 0, 1]], \"empty\": []}");
    add_profile(&x, 2, "\"layout\": {\"C_mem\": [[1, 3, 0.5]]}");
    d2_measure(x.n, &x.t.diags);
    const float *f = factor_of(&x, "C_mem");
    assert_true(f[0] == 0 && f[1] == 1.034f && f[2] == 0 && f[3] == 0.5f);
    f = factor_of(&x, "C_syn"); /* what the network gives stays */
    assert_true(f[0] == 0.9f && f[1] == 1.5f && f[2] == 0 && f[3] == 0);
    assert_null(factor_of(&x, "Itau_mem"));
    assert_true(said(&x, W0656, "has: `C_men`"));
    assert_true(said(&x, W0657, "1 of 4 neurons"));
    assert_int_equal(x.t.diags.list.n, 2);
    close_net(&x);
}

static void by_device_parameter(void **state)
{
    (void)state;
    struct fixture x;
    open_net(&x);
    add_profile(&x, 0,
                "\"bias\": {\"SOIF_LEAK_N\": [[0, 3, 1.25]], \"DEAM_ETAU_P\": [[0, [3, 5], 1.2]],"
                "\"DEGA_ITAU_P\": [[0, 3, 0.8]], \"SYAM_W0_P\": [[0, 3, 1.1]],"
                "\"DEAM_EGAIN_P\": [[0, 5, 1.5]], \"DEGA_IGAIN_P\": [[0, 5, 1.5]],"
                "\"DENM_EGAIN_P\": [[0, 5, 1.5]], \"DESC_IGAIN_P\": [[0, 5, 1.5]]}");
    d2_measure(x.n, &x.t.diags);
    const float *f = factor_of(&x, "Itau_mem");
    assert_true(f[0] == 0 && f[1] == 1.25f && f[3] == 0);
    /* Of two dendrites in use each counts as its current does. */
    double ampa = d2_current((uint32_t)d2_find_param("DEAM_ETAU_P"), (struct d2_code){2, 100});
    double gaba = d2_current((uint32_t)d2_find_param("DEGA_ITAU_P"), (struct d2_code){3, 50});
    double w0 = d2_current(D2_BASE_PARAM, (struct d2_code){3, 10});
    double w1 = d2_current(D2_BASE_PARAM + 1, (struct d2_code){4, 20});
    double nominal = w0 * ampa + (w0 + w1) * gaba;
    double actual = w0 * ampa * (double)1.2f + (w0 + w1) * gaba * (double)0.8f;
    f = factor_of(&x, "Itau_syn");
    assert_true(f[1] == (float)(actual / nominal));
    /* Without any entry all four count the same. */
    f = factor_of(&x, "Igain_syn");
    assert_true(f[0] == 1.5f && f[1] == 0);
    assert_true(said(&x, W0656, "`SYAM_W0_P`"));
    close_net(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_place),
        cmocka_unit_test(by_device_parameter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
