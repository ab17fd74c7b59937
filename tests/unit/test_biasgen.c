#include "tests/unit/unit.h"

#include "runtime/base/npy.h"
#include "targets/dynapse2/biasgen.h"
#include <math.h>
#include <stdio.h>

static const char golden_path[] = "tests/golden/dynapse2/e_biasgen.npz";

/* The 23 parameters of the file, in its order (ASCII). */
static const char *const golden_param[] = {
    "DEAM_EGAIN_P", "DEAM_ETAU_P",  "DEGA_IGAIN_P", "DEGA_ITAU_P", "DENM_EGAIN_P", "DENM_ETAU_P",
    "DENM_NMREV_N", "DESC_IGAIN_P", "DESC_ITAU_P",  "SOAD_GAIN_P", "SOAD_PWTAU_N", "SOAD_TAU_P",
    "SOAD_W_N",     "SOIF_DC_P",    "SOIF_GAIN_N",  "SOIF_LEAK_N", "SOIF_REFR_N",  "SOIF_SPKTHR_P",
    "SYAM_W0_P",    "SYAM_W1_P",    "SYAM_W2_P",    "SYAM_W3_P",   "SYPD_EXT_N",
};
enum { N_GOLDEN = sizeof golden_param / sizeof *golden_param };

static void load(struct arena *a, const char *member, struct npy *out)
{
    struct diags d = {0};
    assert_true(npy_load(a, golden_path, member, out, &d, E0501, (struct span){0}));
    diags_free(&d);
}

static void choices_are_golden(void **state)
{
    (void)state;
    struct arena a = {0};
    struct npy current, coarse, fine, value;
    load(&a, "current", &current);
    load(&a, "coarse", &coarse);
    load(&a, "fine", &fine);
    load(&a, "value", &value);
    assert_int_equal(current.count, 404);
    assert_int_equal(coarse.count, N_GOLDEN * current.count);
    for (uint32_t k = 0; k < N_GOLDEN; k++) {
        int param = d2_find_param(golden_param[k]);
        assert_true(param >= 0);
        for (uint64_t i = 0; i < current.count; i++) {
            uint64_t at = k * current.count + i;
            struct d2_code c = d2_choose((uint32_t)param, npy_get(&current, &current.type, i));
            assert_int_equal(c.coarse, npy_get(&coarse, &coarse.type, at));
            assert_int_equal(c.fine, npy_get(&fine, &fine.type, at));
            assert_true(d2_current((uint32_t)param, c) == npy_get(&value, &value.type, at));
        }
    }
    arena_free(&a);
}

static void parameters(void **state)
{
    (void)state;
    uint32_t n_core = 0, n_scaled = 0, n_current = 0;
    for (uint32_t i = 0; i < D2_N_PARAMS; i++) {
        const struct d2_param *p = &d2_param[i];
        assert_int_equal(d2_find_param(p->name), i); /* no name twice */
        assert_int_equal(p->type, p->name[strlen(p->name) - 1]);
        n_core += p->core;
        n_scaled += p->scale > 0;
        n_current += d2_has_current(i);
        assert_true(!p->core || d2_has_current(i));
    }
    assert_int_equal(n_core, D2_N_CORE_PARAMS);
    assert_int_equal(n_scaled, 56);
    assert_int_equal(n_current, 53); /* without NCCF_CAL_REFBIAS_V, SYAM_STDWCCB, R2R_BUFFER_CCB */
    for (uint32_t k = 0; k < N_GOLDEN; k++)
        assert_true(d2_param[d2_find_param(golden_param[k])].core);
    for (uint32_t k = 0; k < D2_BASES; k++) {
        char name[] = "SYAM_W0_P";
        name[6] = (char)('0' + k);
        assert_int_equal(d2_find_param(name), D2_BASE_PARAM + k);
    }
    assert_int_equal(d2_find_param("SYPD_DLY1_P"), d2_find_param("SYPD_DYL1_P"));
    assert_true(d2_find_param("SYPD_DYL1_P") >= 0);
    assert_int_equal(d2_find_param("SYPD_DLY3_P"), -1);
}

static void names(void **state)
{
    (void)state;
    assert_int_equal(d2_find_dendrite("none"), D2_NONE);
    assert_int_equal(d2_find_dendrite("shunt"), D2_SHUNT);
    assert_int_equal(d2_find_dendrite("AMPA"), -1);
    assert_int_equal(d2_dendrite_code[D2_GABA], 512);
    assert_int_equal(d2_find_latch("so_dc"), D2_SO_DC);
    assert_int_equal(d2_find_latch("de_mux"), D2_DE_MUX);
    assert_int_equal(d2_find_latch("ho_active"), D2_N_LATCHES - 1);
    assert_int_equal(d2_find_latch("so"), -1);
}

/* Reach as the bias generator's documentation rounds it. */
static void reach(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double min, max;
    } known[] = {
        {"SOIF_DC_P", 1.417e-13, 8.53e-07},     {"SOIF_GAIN_N", 5.183e-13, 2.39e-06},
        {"DEAM_EGAIN_P", 2.535e-13, 1.527e-06}, {"SYAM_W2_P", 8.201e-14, 4.939e-07},
        {"SOAD_W_N", 4.541e-13, 2.094e-06},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint32_t p = (uint32_t)d2_find_param(known[i].name);
        double min, max;
        d2_reach(p, &min, &max);
        assert_true(fabs(min / known[i].min - 1) < 1e-3);
        assert_true(fabs(max / known[i].max - 1) < 1e-3);
        assert_false(d2_out_of_reach(p, min));
        assert_false(d2_out_of_reach(p, (double)(float)max));
        assert_true(d2_out_of_reach(p, max * 1.001));
        assert_true(d2_out_of_reach(p, min * 0.999));
        assert_true(d2_current(p, d2_choose(p, 1)) == max);
        assert_true(d2_current(p, d2_choose(p, 0)) == min);
    }
}

static void decoding(void **state)
{
    (void)state;
    const double base[] = {1e-9, 0x1p-30, 3e-9, 0x1p-28};
    assert_true(d2_mask_current(base, 0) == 0);
    assert_true(d2_mask_current(base, 0xb) == 1e-9 + 0x1p-30 + 0x1p-28);
    const uint8_t mask[] = {0xb, 0x4, 0x4};
    double sum = (1e-9 + 0x1p-30 + 0x1p-28) + 3e-9 + 3e-9;
    assert_true(d2_decode_weight(base, mask, 3, 1e-8) == (float)(sum / 1e-8));
    assert_true(d2_decode_weight(base, mask, 0, 1e-8) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choices_are_golden),
        cmocka_unit_test(parameters),
        cmocka_unit_test(names),
        cmocka_unit_test(reach),
        cmocka_unit_test(decoding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
