/* Joining layers into one, or splitting one, changes nothing: golden d1 (see its .dyn). */
#include "tests/unit/unit.h"

#include "compiler/diff.h"
#include "compiler/driver.h"

enum { TRIALS = 3, STEPS = 1000, NEURONS = 12 };

struct ran {
    struct net *net;
    struct run_result result;
};

static struct ran run(struct program *p, const char *network, const char *stimulus)
{
    struct driver *d = p->driver;
    struct build_options o = {.network = network};
    struct plan plan;
    struct stimulus s;
    struct backend interp;
    struct ran r;
    assert_true(driver_plan(p, &o, &plan));
    assert_true(driver_stimulus(p, &plan, stimulus, NULL, 0, &s));
    struct run_record record[3];
    for (uint32_t i = 0; i < plan.record.n; i++)
        record[i] = (struct run_record){plan.record.data[i].group, plan.record.data[i].state};
    backend_interp(&interp);
    struct run_options ro = {.stimulus = &s,
                             .trials = s.trials,
                             .chips = 1,
                             .backend = &interp,
                             .record = record,
                             .n_record = plan.record.n};
    assert_true(run_plan(&d->arena, &plan, &ro, &r.result, &d->diags));
    r.net = p->net;
    return r;
}

static void joined_and_separate_are_alike(void **state)
{
    (void)state;
    struct driver d;
    struct program p;
    driver_init(&d);
    assert_true(driver_open(&d, "tests/golden/dynapse2/d1_multilayer.dyn", &p));
    struct ran separate = run(&p, "separate", "for_separate");
    struct ran joined = run(&p, "joined", "for_joined");
    struct ran mapped = run(&p, "mapped", "for_mapped");

    struct diff diff = {0};
    struct tolerance exact = {0};
    diff_networks(&d.arena, joined.net, mapped.net, &diff);
    diff_judge(&d.arena, &exact, &diff);
    assert_int_equal(diff.beyond.n, 0);

    const uint8_t *all = joined.result.record[0].data;
    assert_memory_equal(all, mapped.result.record[0].data, TRIALS * STEPS * NEURONS);
    const uint32_t size[] = {5, 4, 3};
    uint64_t spikes[3] = {0};
    for (uint32_t t = 0; t < TRIALS * STEPS; t++) {
        const uint8_t *row = all + t * NEURONS;
        for (uint32_t k = 0; k < 3; k++) {
            const uint8_t *own = separate.result.record[k].data;
            assert_memory_equal(row, own + t * size[k], size[k]);
            for (uint32_t i = 0; i < size[k]; i++)
                spikes[k] += row[i];
            row += size[k];
        }
    }
    for (uint32_t k = 0; k < 3; k++) /* every layer says something */
        assert_true(spikes[k] > 20);
    driver_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(joined_and_separate_are_alike)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
