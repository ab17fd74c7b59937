/* Frozen mismatch against what Rockpool gives for the same seeds (tests/golden/README.md). */
#include "tests/unit/unit.h"

#include "runtime/base/npy.h"
#include "runtime/run.h"
#include "tests/unit/make_plan.h"
#include <stdio.h>

static const char golden[] = "tests/golden/dynapse2/m_mismatch.npz";

static const struct {
    const char *name;
    float nominal;
} dpi[] = {
    {"Ut", 0.025f},
    {"Vth", 0.7f},
    {"kappa_n", 0.75f},
    {"kappa_p", 0.66f},
    {"C_ahp", 40e-12f},
    {"C_mem", 3e-12f},
    {"C_pulse", 0.5e-12f},
    {"C_pulse_ahp", 0.5e-12f},
    {"C_ref", 1.5e-12f},
    {"C_syn", 24.5e-12f},
    {"Io", 5e-13f},
    {"Idc", 0x1.197998p-41f},
    {"If_nmda", 0x1.197998p-41f},
    {"Iw_ahp", 0x1.197998p-41f},
    {"Itau_mem", 0x1.764d44p-38f},
    {"Igain_mem", 0x1.764d44p-36f},
    {"Itau_syn", 0x1.7e198cp-34f},
    {"Igain_syn", 0x1.2a83f6p-27f},
    {"Itau_ahp", 0x1.f311b2p-36f},
    {"Igain_ahp", 0x1.f311b2p-36f},
    {"Ipulse", 0x1.2ca5d0p-25f},
    {"Ipulse_ahp", 0x1.77cf44p-22f},
    {"Iref", 0x1.209f2ep-30f},
    {"Ispkthr", 0x1.ad7f2ap-24f},
    {"Iscale", 1e-8f}, /* takes a key and has no mismatch here */
};

enum { N_DPI = sizeof dpi / sizeof *dpi, NEURONS = 5 };

static struct plan *dpi_plan(struct arena *a)
{
    struct plan *p = ARENA_NEW(a, struct plan);
    *p = (struct plan){.network = "n", .dt = 1e-3, .has_mismatch = true};
    struct kernel *k = make_kernel(a, N_DPI, 0, 0, 0);
    VEC_PUSH(a, &p->kernel, k);
    for (int i = 0; i < N_DPI; i++)
        k->param[i] = (struct kparam){dpi[i].name, i % 2 ? K_PARAM_BIAS : K_PARAM_LAYOUT};
    for (int g = 0; g < 2; g++) {
        make_group(a, p, "layer", NEURONS, 0, 0);
        for (int i = 0; i < N_DPI; i++) {
            p->group.data[g].param[i].v[0] = dpi[i].nominal;
            p->group.data[g].mismatch[i] = i == N_DPI - 1 ? 0 : 0.05;
        }
    }
    return p;
}

static int32_t ulps(float x, float y)
{
    int32_t i, j;
    memcpy(&i, &x, sizeof i);
    memcpy(&j, &y, sizeof j);
    return abs(i - j);
}

static void as_rockpool(void **unused)
{
    (void)unused;
    static const uint32_t seeds[] = {0, 1, 7};
    struct arena a = {0};
    struct diags d = {0};
    struct plan *p = dpi_plan(&a);
    unsigned inexact = 0;
    for (int s = 0; s < 3; s++) {
        struct column param[N_DPI];
        mismatch_apply(&a, p, 0, seeds[s], param);
        for (int i = 0; i < N_DPI - 1; i++) {
            struct npy x;
            double want[NEURONS];
            char member[64];
            snprintf(member, sizeof member, "s%u_%s", seeds[s], dpi[i].name);
            assert_true(npy_load(&a, golden, member, &x, &d, E0901, (struct span){0}));
            assert_int_equal(x.count, NEURONS);
            npy_to_f64(&x, want);
            assert_false(param[i].uniform);
            for (int n = 0; n < NEURONS; n++) {
                int32_t off = ulps(param[i].v[n], (float)want[n]);
                if (off > 1)
                    fail_msg("%s[%d] is %d ulp off", member, n, off);
                inexact += off != 0;
            }
        }
        assert_true(param[N_DPI - 1].uniform && param[N_DPI - 1].v[0] == 1e-8f);
    }

    print_message("%u of %d values 1 ulp off\n", inexact, 3 * (N_DPI - 1) * NEURONS);
    assert_int_equal(inexact, 0);
    diags_free(&d);
    arena_free(&a);
}

static void layers_and_seeds_differ(void **unused)
{
    (void)unused;
    struct arena a = {0};
    struct plan *p = dpi_plan(&a);
    struct column x[N_DPI], y[N_DPI], z[N_DPI], again[N_DPI];
    mismatch_apply(&a, p, 0, 3, x);
    mismatch_apply(&a, p, 1, 3, y);
    mismatch_apply(&a, p, 0, 4, z);
    mismatch_apply(&a, p, 0, 3, again);
    for (int i = 0; i < N_DPI - 1; i++) {
        assert_memory_not_equal(x[i].v, y[i].v, NEURONS * sizeof(float));
        assert_memory_not_equal(x[i].v, z[i].v, NEURONS * sizeof(float));
        assert_memory_equal(x[i].v, again[i].v, NEURONS * sizeof(float));
    }
    arena_free(&a);
}

static void what_does_not_vary(void **unused)
{
    (void)unused;
    struct arena a = {0};
    struct plan *p = dpi_plan(&a);
    struct column with[N_DPI], param[N_DPI];
    mismatch_apply(&a, p, 0, 0, with);
    p->group.data[0].mismatch[3] = 0; /* takes its key all the same: the others stay */
    p->kernel.data[0]->param[N_DPI - 1].kind = K_PARAM_PLAIN; /* Iscale always has a key */
    mismatch_apply(&a, p, 0, 0, param);
    assert_true(param[3].uniform);
    for (int i = 0; i < N_DPI - 1; i++) {
        if (i != 3)
            assert_memory_equal(with[i].v, param[i].v, NEURONS * sizeof(float));
    }
    p->has_mismatch = false;
    mismatch_apply(&a, p, 0, 0, param);
    for (int i = 0; i < N_DPI; i++)
        assert_true(param[i].uniform && param[i].v[0] == dpi[i].nominal);
    arena_free(&a);
}

/* Neurons that were measured have that, the others what they would have had without. */
static void what_was_measured(void **unused)
{
    (void)unused;
    struct arena a = {0};
    struct plan *p = dpi_plan(&a);
    struct column drawn[N_DPI], param[N_DPI];
    mismatch_apply(&a, p, 1, 3, drawn);
    p->group.data[1].factor = ARENA_ARRAY(&a, float *, N_DPI);
    p->group.data[1].factor[4] = (float[]){0, 1.034f, 0, 1, 0};
    mismatch_apply(&a, p, 1, 3, param);
    for (int i = 0; i < N_DPI; i++) {
        for (int k = 0; k < NEURONS; k++) {
            bool measured = i == 4 && (k == 1 || k == 3);
            float want = measured ? dpi[i].nominal * (k == 1 ? 1.034f : 1)
                                  : drawn[i].v[drawn[i].uniform ? 0 : k];
            float got = param[i].v[param[i].uniform ? 0 : k];
            assert_memory_equal(&got, &want, sizeof got);
        }
    }
    p->has_mismatch = false;
    mismatch_apply(&a, p, 1, 3, param);
    assert_true(param[3].uniform);
    for (int k = 0; k < NEURONS; k++) {
        float want = dpi[4].nominal * (k == 1 ? 1.034f : 1);
        assert_memory_equal(&param[4].v[k], &want, sizeof want);
    }
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_rockpool),
        cmocka_unit_test(layers_and_seeds_differ),
        cmocka_unit_test(what_does_not_vary),
        cmocka_unit_test(what_was_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
