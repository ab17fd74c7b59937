/* Networks with sinabs' integer weights in runs by time steps: every spike and every state at the
 * end is the one that sinabs' simulation recorded (tests/golden/README.md). */
#include "tests/unit/unit.h"

#include "tests/unit/speck_golden.h"

struct golden_case {
    const char *name, *dt;
    uint32_t shift; /* steps that the recording begins later */
};

static const void *recorded(const struct speck_golden *f, uint32_t group, int32_t state)
{
    return f->result.record[speck_golden_record(f, group, state)].data;
}

/* Rows of step, feature, y, x and count; every neuron and step that has none is silent. */
static void check_spikes(struct speck_golden *f, const struct golden_case *c, uint32_t group)
{
    const struct plan_group *g = &f->plan.group.data[group];
    const struct npy want = speck_golden_load(f, arena_printf(&f->d.arena, "sim_spk_%s", g->name));
    const size_t n = (size_t)f->result.steps * g->n;
    uint8_t *got = ARENA_ARRAY(&f->d.arena, uint8_t, n);
    memcpy(got, recorded(f, group, -1), n);
    double v[5];
    assert_int_equal(want.extent[1], 5);
    for (uint64_t i = 0; i < want.extent[0]; i++) {
        for (uint64_t k = 0; k < 5; k++)
            v[k] = npy_get(&want, &want.type, 5 * i + k);
        const uint32_t *s = g->shape.extent;
        const size_t neuron = (size_t)((v[1] * s[1] + v[2]) * s[2] + v[3]);
        const size_t at = (size_t)(v[0] + c->shift) * g->n + neuron;
        assert_true(at < n);
        if (got[at] != v[4])
            fail_msg("%s, %s[%.0f, %.0f, %.0f], step %.0f: %u spikes for %.0f", c->name, g->name,
                     v[1], v[2], v[3], v[0], got[at], v[4]);
        got[at] = 0;
    }
    for (size_t i = 0; i < n; i++)
        if (got[i])
            fail_msg("%s, %s: %u spikes too many in step %zu", c->name, g->name, got[i], i / g->n);
}

static void check_state(struct speck_golden *f, const struct golden_case *c, uint32_t group)
{
    const struct plan_group *g = &f->plan.group.data[group];
    const struct npy want = speck_golden_load(f, arena_printf(&f->d.arena, "sim_v_%s", g->name));
    const float *got = (const float *)recorded(f, group, 0) + (f->result.steps - 1) * g->n;
    assert_int_equal(want.count, g->n);
    for (uint32_t i = 0; i < g->n; i++)
        if ((double)got[i] != npy_get(&want, &want.type, i))
            fail_msg("%s, %s, neuron %u: a state of %g for %g", c->name, g->name, i, (double)got[i],
                     npy_get(&want, &want.type, i));
}

static void check(const char *backend)
{
    static const struct golden_case cases[] = {
        {"tutorial", "200us", 25},     {"r1_single", "1ms", 0},    {"r2_avgpool", "1ms", 0},
        {"r3_stride_pad", "500us", 0}, {"r4_deep", "1ms", 0},      {"r5_fan_merge", "1ms", 0},
        {"e2_augment", "1ms", 0},      {"e4_minv_none", "1ms", 0}, {"nmnist", "3ms", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct speck_golden f;
        speck_golden_run(&f, cases[i].name, "clocked", cases[i].dt, backend);
        for (uint32_t g = 0; g < f.plan.group.n; g++) {
            check_spikes(&f, &cases[i], g);
            check_state(&f, &cases[i], g);
        }
        speck_golden_free(&f);
    }
}

static void as_sinabs(void **unused)
{
    (void)unused;
    check("interp");
}

#ifndef DYN_NO_LLVM
static void as_sinabs_with_the_jit(void **unused)
{
    (void)unused;
    check("jit");
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_sinabs),
#ifndef DYN_NO_LLVM
        cmocka_unit_test(as_sinabs_with_the_jit),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
