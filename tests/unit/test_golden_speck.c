/* Recorded cases of Speck, event by event: every event that the reference's monitor saw, in its
 * order, and every neuron's state in the end. */
#include "tests/unit/unit.h"

#include "tests/unit/run_fixture.h"
#include "tests/unit/speck_golden.h"

static uint64_t number(const uint8_t *p, int n)
{
    uint64_t x = 0;
    for (int i = n; i-- > 0;)
        x = x << 8 | p[i];
    return x;
}

/* The events of one layer; the monitor has those of several cores, one after another served. */
static uint64_t check_events(const struct speck_case *c, uint32_t layer, const struct npy *monitor,
                             const uint8_t *got, uint64_t n)
{
    const struct npy_type *core = npy_field(monitor, "core");
    const struct npy_type *field[] = {npy_field(monitor, "t"), npy_field(monitor, "f"),
                                      npy_field(monitor, "y"), npy_field(monitor, "x")};
    static const int at[] = {4, 12, 14, 16}, size[] = {8, 2, 2, 2};
    uint64_t k = 0;
    for (uint64_t i = 0; i < monitor->count; i++) {
        if (npy_get(monitor, core, i) != c->layer[layer].core)
            continue;
        assert_true(k < n);
        for (int j = 0; j < 4; j++)
            assert_true(npy_get(monitor, field[j], i) ==
                        (double)number(got + k * EVENT_BYTES + at[j], size[j]));
        k++;
    }
    assert_true(k == 0 || k == n); /* 0: its core wasn't monitored */
    return k;
}

static void check_case(struct run_fixture *f, const struct speck_case *c)
{
    struct run_result r;
    f->p = speck_golden_plan(&f->a, c);
    speck_golden_stimulus(&f->a, c, f->p, &f->s);
    run_fixture_record_all(f);
    assert_true(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    const struct npy monitor = speck_golden_array(&f->a, c, "monitor");
    uint64_t seen = 0;
    for (uint32_t i = 0; i < c->n_layers; i++) {
        const struct npy v = speck_golden_array(&f->a, c, arena_printf(&f->a, "v%u", i));
        const float *state = run_fixture_recorded(&r, i, 0);
        assert_int_equal(v.count, f->p->group.data[i].n);
        for (uint64_t k = 0; k < v.count; k++)
            assert_true(npy_get(&v, &v.type, k) == state[k]);
        for (uint32_t k = 0; k < r.n_record; k++)
            if (r.record[k].what.group == i && r.record[k].what.state < 0)
                seen += check_events(c, i, &monitor, r.record[k].data, r.record[k].n);
    }
    assert_int_equal(seen, monitor.count);
}

static void all_cases(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < SPECK_CASES; i++) {
        void *f;
        run_fixture_set_up(&f);
        check_case(f, &speck_cases[i]);
        run_fixture_tear_down(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_cases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
