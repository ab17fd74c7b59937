#include "tests/unit/unit.h"

#include "runtime/base/npy.h"
#include "runtime/base/rng.h"
#include <math.h>
#include <stdio.h>

/* Known answers of Random123 1.14 (kat_vectors, threefry2x32 20). */
static void threefry_known_answers(void **state)
{
    (void)state;
    static const struct {
        struct rng_key key;
        uint32_t counter[2], out[2];
    } known[] = {
        {{{0, 0}}, {0, 0}, {0x6b200159, 0x99ba4efe}},
        {{{0xffffffff, 0xffffffff}}, {0xffffffff, 0xffffffff}, {0x1cb996fc, 0xbb002be7}},
        {{{0x13198a2e, 0x03707344}}, {0x243f6a88, 0x85a308d3}, {0xc4923a9c, 0x483df7a0}},
    };
    for (size_t i = 0; i < 3; i++) {
        uint32_t out[2];
        threefry(known[i].key, known[i].counter[0], known[i].counter[1], out);
        assert_int_equal(out[0], known[i].out[0]);
        assert_int_equal(out[1], known[i].out[1]);
    }
}

static void jax_layout(void **state)
{
    (void)state;
    const struct rng_key key = {{3, 4}};
    uint32_t bits[6], odd[5], pair[2];
    jax_bits(key, 6, bits);
    for (uint32_t i = 0; i < 3; i++) {
        threefry(key, i, i + 3, pair);
        assert_int_equal(bits[i], pair[0]);
        assert_int_equal(bits[i + 3], pair[1]);
    }
    jax_bits(key, 5, odd); /* counters 0 3, 1 4, 2 and the padding 0 */
    threefry(key, 2, 0, pair);
    assert_int_equal(odd[2], pair[0]);
    assert_int_equal(odd[4], bits[4]);
    struct rng_key split[3];
    jax_split(key, 3, split);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(split[i / 2].k[i % 2], bits[i]);
}

/* What jax.random.split and normal made of these keys (jax 0.4.30): the defaults of DynapSim, five
 * neurons, 5 % mismatch. */
static void frozen_mismatch(void **state)
{
    (void)state;
    /* In the order in which the keys are dealt; 0: gets a key but no mismatch. */
    static const struct {
        const char *name;
        double value;
    } parameter[27] = {{"C_ahp", 40e-12},
                       {"C_mem", 3e-12},
                       {"C_pulse", 0.5e-12},
                       {"C_pulse_ahp", 0.5e-12},
                       {"C_ref", 1.5e-12},
                       {"C_syn", 24.5e-12},
                       {"Idc", 5e-13},
                       {"If_nmda", 5e-13},
                       {"Igain_ahp", 0x1.f311b2p-36},
                       {"Igain_mem", 0x1.764d44p-36},
                       {"Igain_syn", 0x1.2a83f6p-27},
                       {"Io", 5e-13},
                       {"Ipulse", 0x1.2ca5d0p-25},
                       {"Ipulse_ahp", 0x1.77cf44p-22},
                       {"Iref", 0x1.209f2ep-30},
                       {"Iscale", 0},
                       {"Ispkthr", 0x1.ad7f2ap-24},
                       {"Itau_ahp", 0x1.f311b2p-36},
                       {"Itau_mem", 0x1.764d44p-38},
                       {"Itau_syn", 0x1.7e198cp-34},
                       {"Iw_ahp", 5e-13},
                       {"Ut", 0.025},
                       {"Vth", 0.7},
                       {"dt", 0},
                       {"kappa_n", 0.75},
                       {"kappa_p", 0.66},
                       {"w_rec", 0}};
    static const uint32_t seeds[3] = {0, 1, 7};
    const float sigma = (float)(0.05 / 3);
    struct arena arena = {0};
    struct diags diags = {0};
    unsigned n = 0;
    for (size_t s = 0; s < 3; s++) {
        struct rng_key first[2], sub[28];
        jax_split((struct rng_key){{0, seeds[s]}}, 2, first);
        jax_split(first[0], 28, sub);
        for (size_t i = 0; i < 27; i++) {
            if (parameter[i].value == 0)
                continue;
            char member[32];
            snprintf(member, sizeof member, "s%u_%s", seeds[s], parameter[i].name);
            struct npy golden;
            assert_true(npy_load(&arena, "tests/golden/dynapse2/m_mismatch.npz", member, &golden,
                                 &diags, E0901, (struct span){0}));
            assert_int_equal(golden.count, 5);
            float g[5], old = (float)parameter[i].value;
            jax_normal(sub[i + 1], 5, g);
            for (uint64_t j = 0; j < 5; j++) {
                /* XLA contracts old + (sigma * g) * old. */
                float now = fmaf(sigma * g[j], old, old);
                if ((double)now != npy_get(&golden, &golden.type, j))
                    fail_msg("%s[%u]: %a, golden %a", member, (unsigned)j, (double)now,
                             npy_get(&golden, &golden.type, j));
                n++;
            }
        }
    }
    assert_int_equal(n, 3 * 24 * 5);
    arena_free(&arena);
    diags_free(&diags);
}

static void uniform(void **state)
{
    (void)state;
    double sum = 0;
    unsigned bin[16] = {0};
    enum { N = 160000 };
    for (uint64_t i = 0; i < N; i++) {
        double x = rng_uniform(42, i);
        assert_true(x >= 0 && x < 1);
        sum += x;
        bin[(int)(x * 16)]++;
    }
    assert_true(fabs(sum / N - 0.5) < 5 * 0.2887 / 400);
    for (int k = 0; k < 16; k++)
        assert_in_range(bin[k], 10000 - 500, 10000 + 500);
    /* A function of seed and index, and of all their bits. */
    assert_true(rng_uniform(42, 7) == rng_uniform(42, 7));
    assert_true(rng_uniform(42, 7) != rng_uniform(42, 7 + (1ull << 32)));
    assert_true(rng_uniform(42, 7) != rng_uniform(42 + (1ull << 32), 7));
    assert_true(rng_uniform(1, 2) == 0.50072987261463775);
}

static void normal(void **state)
{
    (void)state;
    enum { N = 200000 };
    double m1 = 0, m2 = 0, m3 = 0, m4 = 0, beyond = 0, cross = 0;
    for (uint64_t i = 0; i < N; i++) {
        double x = rng_normal(42, i);
        m1 += x / N;
        m2 += x * x / N;
        m3 += x * x * x / N;
        m4 += x * x * x * x / N;
        beyond += fabs(x) > 3;
        cross += x * (rng_uniform(42, i) - 0.5) / N;
    }
    assert_true(fabs(m1) < 0.012);
    assert_true(fabs(m2 - 1) < 0.016);
    assert_true(fabs(m3) < 0.03);
    assert_true(fabs(m4 - 3) < 0.12);
    assert_true(fabs(beyond / N - 0.0026998) < 0.0006);
    assert_true(fabs(cross) < 0.0035); /* independent of the uniform numbers */
    /* The same bits on every machine. */
    assert_true(rng_normal(1, 2) == 0.75687898780346186);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threefry_known_answers),
        cmocka_unit_test(jax_layout),
        cmocka_unit_test(frozen_mismatch),
        cmocka_unit_test(uniform),
        cmocka_unit_test(normal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
