/* Networks with sinabs' integer weights in runs by time steps: every spike and every state at the
 * end is the one that sinabs' simulation recorded (tests/golden/README.md). */
#include "tests/unit/unit.h"

#include "compiler/driver.h"
#include "runtime/run.h"

static const struct span NOWHERE = {0, 0, 0};

struct golden_case {
    const char *name, *dt;
    uint32_t shift; /* steps that the recording begins later */
};

struct fixture {
    struct driver d;
    struct program p;
    struct plan plan;
    struct stimulus stim;
    struct run_result result;
};

static struct npy load(struct fixture *f, const char *name, const char *member)
{
    struct npy x;
    const char *path = arena_printf(&f->d.arena, "tests/golden/speck/%s/golden.npz", name);
    assert_true(npy_load(&f->d.arena, path, member, &x, &f->d.diags, E0901, NOWHERE));
    return x;
}

static void run(struct fixture *f, const struct golden_case *c, const char *backend)
{
    struct driver *d = &f->d;
    const struct build_options o = {.semantics = "clocked", .dt = c->dt};
    struct backend b;
    driver_init(d);
    d->stdlib = "stdlib";
    const char *path = arena_printf(&d->arena, "tests/golden/speck/%s.dyn", c->name);
    assert_true(driver_open(d, path, &f->p));
    assert_true(driver_plan(&f->p, &o, &f->plan));
    assert_true(driver_stimulus(&f->p, &f->plan, NULL, NULL, 0, &f->stim));
    assert_true(driver_backend(d, backend, NULL, &b));
    struct run_record *record = ARENA_ARRAY(&d->arena, struct run_record, f->plan.record.n);
    for (uint32_t i = 0; i < f->plan.record.n; i++)
        record[i] = (struct run_record){f->plan.record.data[i].group, f->plan.record.data[i].state};
    const struct run_options run = {.stimulus = &f->stim,
                                    .trials = 1,
                                    .chips = 1,
                                    .backend = &b,
                                    .record = record,
                                    .n_record = f->plan.record.n};
    assert_true(run_plan(&d->arena, &f->plan, &run, &f->result, &d->diags));
    b.release(&b);
}

static const void *recorded(const struct fixture *f, uint32_t group, int32_t state)
{
    for (uint32_t i = 0; i < f->result.n_record; i++) {
        const struct run_record r = f->result.record[i].what;
        if (r.group == group && r.state == state)
            return f->result.record[i].data;
    }
    fail();
    return NULL;
}

/* Rows of step, feature, y, x and count; every neuron and step that has none is silent. */
static void check_spikes(struct fixture *f, const struct golden_case *c, uint32_t group)
{
    const struct plan_group *g = &f->plan.group.data[group];
    const struct npy want = load(f, c->name, arena_printf(&f->d.arena, "sim_spk_%s", g->name));
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

static void check_state(struct fixture *f, const struct golden_case *c, uint32_t group)
{
    const struct plan_group *g = &f->plan.group.data[group];
    const struct npy want = load(f, c->name, arena_printf(&f->d.arena, "sim_v_%s", g->name));
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
        struct fixture *f = calloc(1, sizeof *f);
        run(f, &cases[i], backend);
        for (uint32_t g = 0; g < f->plan.group.n; g++) {
            check_spikes(f, &cases[i], g);
            check_state(f, &cases[i], g);
        }
        driver_free(&f->d);
        free(f);
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
