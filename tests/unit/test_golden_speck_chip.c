/* Recorded networks of Speck, event by event: every event that the reference's monitor saw, in its
 * order, and every neuron's state in the end (tests/golden/README.md). */
#include "tests/unit/unit.h"

#include "tests/unit/speck_golden.h"

static uint64_t number(const uint8_t *p, int n)
{
    uint64_t x = 0;
    for (int i = n; i-- > 0;)
        x = x << 8 | p[i];
    return x;
}

/* The monitor's rows of one core (time, core, feature, y, x) are the events of its layer. Returns
 * how many. */
static uint64_t check_events(struct speck_golden *g, uint32_t group, uint32_t core,
                             const struct npy *monitor)
{
    static const int at[] = {4, 12, 14, 16}, size[] = {8, 2, 2, 2}, column[] = {0, 2, 3, 4};
    const uint32_t record = speck_golden_record(g, group, -1);
    const uint8_t *got = g->result.record[record].data;
    const uint64_t n = g->result.record[record].n;
    uint64_t k = 0;
    for (uint64_t i = 0; i < monitor->extent[0]; i++) {
        if (npy_get(monitor, &monitor->type, 5 * i + 1) != core)
            continue;
        assert_true(k < n);
        for (int j = 0; j < 4; j++) {
            const double want = npy_get(monitor, &monitor->type, 5 * i + (uint64_t)column[j]);
            if (want != (double)number(got + k * EVENT_BYTES + at[j], size[j]))
                fail_msg("%s, core %u: event %llu differs", g->name, core, (unsigned long long)k);
        }
        k++;
    }
    assert_true(k == 0 || k == n); /* 0: its core wasn't monitored */
    return k;
}

/* The picture of the run: each event is a mark, and there are no others. */
static void check_raster(struct speck_golden *g, uint32_t group)
{
    const struct run_result *r = &g->result;
    const struct plan_group *layer = &g->plan.group.data[group];
    const uint32_t record = speck_golden_record(g, group, -1), *extent = layer->shape.extent;
    const size_t width = run_raster_row(layer->n), size = RUN_EVENT_ROWS * width;
    const double microseconds = (double)r->steps * r->dt * 1e6;
    assert_int_equal(r->raster_rows, RUN_EVENT_ROWS);
    if (layer->n > RUN_RASTER_NEURONS) {
        assert_null(r->raster[group]);
        return;
    }
    uint8_t *want = ARENA_ARRAY(&g->d.arena, uint8_t, size);
    for (uint64_t i = 0; i < r->record[record].n; i++) {
        const struct event_record e =
            event_record_get((const uint8_t *)r->record[record].data + i * EVENT_BYTES);
        const uint32_t neuron = (e.channel * extent[1] + e.y) * extent[2] + e.x;
        const size_t row = (size_t)((double)e.t * RUN_EVENT_ROWS / microseconds);
        want[row * width + neuron / 8] |= (uint8_t)(1u << neuron % 8);
    }
    if (memcmp(r->raster[group], want, size) != 0)
        fail_msg("%s, %s: another raster", g->name, layer->name);
}

static void check_state(struct speck_golden *g, uint32_t group, uint32_t core)
{
    const struct npy v = speck_golden_load(g, arena_printf(&g->d.arena, "chip_v_core%u", core));
    const float *got = g->result.record[speck_golden_record(g, group, 0)].data;
    assert_int_equal(v.count, g->plan.group.data[group].n);
    for (uint64_t i = 0; i < v.count; i++)
        if (npy_get(&v, &v.type, i) != got[i])
            fail_msg("%s, core %u, neuron %llu: a state of %g for %g", g->name, core,
                     (unsigned long long)i, (double)got[i], npy_get(&v, &v.type, i));
}

/* `backend` NULL: on the virtual chip; `flash` as in speck_golden_emulate(). */
static void check(const char *backend, bool flash)
{
    static const struct {
        const char *name;
        uint32_t core[5]; /* of each layer */
    } cases[] = {
        {"tutorial", {0}},
        {"r1_single", {0}},
        {"r2_avgpool", {0, 1}},
        {"r3_stride_pad", {0, 1}},
        {"r4_deep", {0, 1, 2, 3, 4}},
        {"r5_fan_merge", {0, 1, 2, 3}},
        {"e2_augment", {3, 1, 2, 0}},
        {"e4_minv_none", {0}},
        {"nmnist", {0, 1, 2, 3}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct speck_golden g;
        if (backend)
            speck_golden_run(&g, cases[i].name, "event", NULL, backend);
        else
            speck_golden_emulate(&g, cases[i].name, flash);
        const struct npy monitor = speck_golden_load(&g, "chip_monitor");
        uint64_t seen = 0;
        for (uint32_t k = 0; k < g.plan.group.n; k++) {
            seen += check_events(&g, k, cases[i].core[k], &monitor);
            check_state(&g, k, cases[i].core[k]);
            check_raster(&g, k);
        }
        assert_int_equal(seen, monitor.extent[0]);
        speck_golden_free(&g);
    }
}

static void as_the_chip(void **unused)
{
    (void)unused;
    check("interp", false);
}

static void on_the_virtual_chip(void **unused)
{
    (void)unused;
    check(NULL, false);
}

static void from_flash_on_the_virtual_chip(void **unused)
{
    (void)unused;
    check(NULL, true);
}

#ifndef DYN_NO_LLVM
static void as_the_chip_with_the_jit(void **unused)
{
    (void)unused;
    check("jit", false);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_the_chip),
        cmocka_unit_test(on_the_virtual_chip),
        cmocka_unit_test(from_flash_on_the_virtual_chip),
#ifndef DYN_NO_LLVM
        cmocka_unit_test(as_the_chip_with_the_jit),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
