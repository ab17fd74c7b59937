/* What a virtual chip noticed, told with the events of a run. */
#include "tests/unit/unit.h"

#include "runtime/findings.h"
#include "tests/unit/make_plan.h"
#include "tests/unit/run_fixture.h"

enum { STEPS = 3, TRIALS = 2, CHIPS = 4 };

/* An input of 2 channels, a layer of 2 neurons that copies them, in chips and trials. */
static void run(struct run_fixture *f, struct run_result *r)
{
    static const uint8_t raster[TRIALS * STEPS * 2] = {1, 0, 0, 2, 0, 0, 1, 1, 0, 5, 0, 0};
    const uint64_t extent[] = {TRIALS, STEPS, 2};
    VEC_PUSH(&f->a, &f->p->kernel, make_counter(&f->a, 1));
    make_input(&f->a, f->p, "in", 2);
    make_group(&f->a, f->p, "copy", 2, 0, 0);
    make_dense(&f->a, f->p, true, 0, 0, (const float[]){1, 0, 0, 1});
    f->s = (struct stimulus){.name = "s", .steps = STEPS, .trials = TRIALS, .n_inputs = 1};
    f->s.source = ARENA_NEW(&f->a, struct stimulus_source);
    assert_true(stimulus_raster(&f->a, f->s.source, (struct stimulus_counts){.u8 = raster}, 3,
                                extent, 2, &f->d, "s", (struct span){0}));
    f->o.trials = TRIALS;
    f->o.chips = CHIPS;
    assert_true(run_plan(&f->a, f->p, &f->o, r, &f->d));
}

static void expect(const struct run_fixture *f, const char *const *want, uint32_t n)
{
    for (uint32_t i = 0; i < n && i < f->d.list.n; i++)
        assert_string_equal(f->d.list.data[i]->message, want[i]);
    assert_int_equal(f->d.list.n, n);
}

static void events_of_all_chips_and_trials(void **state)
{
    struct run_fixture *f = *state;
    struct run_result r;
    run(f, &r);
    struct findings x = {.arena = &f->a};
    findings_tell(&x, f->p, &f->s, &r, false, &f->d);
    expect(f, NULL, 0);
    findings_add(&x, W0754, "an entry %d", 3);
    finding_concerns(findings_add(&x, W0751, "first"), (struct finding_source){true, 0, 0});
    finding_concerns(findings_add(&x, W0751, "second"), (struct finding_source){true, 0, 1});
    finding_concerns(findings_add(&x, W0752, "third"), (struct finding_source){false, 0, 0});
    struct finding *both = findings_add(&x, W0751, "both");
    finding_concerns(both, (struct finding_source){true, 0, 0});
    finding_concerns(both, (struct finding_source){false, 0, 1});
    findings_tell(&x, f->p, &f->s, &r, false, &f->d);
    expect(f,
           (const char *const[]){"first: 8 events", "second: 32 events", "both: 40 events",
                                 "third: 8 events", "an entry 3"},
           5);
    assert_int_equal(f->d.n_warnings, 5);
}

/* What a device counts is told only if it happened. */
static void counted_by_a_device(void **state)
{
    struct run_fixture *f = *state;
    struct run_result r;
    run(f, &r);
    r.tally = (uint64_t[]){0, 7, 1};
    struct findings x = {.arena = &f->a};
    finding_tallied(findings_add(&x, W0761, "never"), 0);
    finding_tallied(findings_add(&x, W0761, "often"), 1);
    finding_tallied(findings_add(&x, W0762, "once"), 2);
    findings_tell(&x, f->p, &f->s, &r, false, &f->d);
    expect(f, (const char *const[]){"often: 7 events", "once: 1 event"}, 2);
}

static void one_event_a_step_as_on_the_board(void **state)
{
    struct run_fixture *f = *state;
    struct run_result r;
    f->o.chips = 1;
    run(f, &r);
    r.chips = 1;
    f->s.one_per_step = true;
    struct findings x = {.arena = &f->a};
    finding_concerns(findings_add(&x, W0751, "in"), (struct finding_source){true, 0, 1});
    findings_tell(&x, f->p, &f->s, &r, false, &f->d);
    expect(f, (const char *const[]){"in: 3 events"}, 1);
}

static void the_first_few_and_how_many_more(void **state)
{
    struct run_fixture *f = *state;
    struct run_result r;
    run(f, &r);
    struct findings x = {.arena = &f->a};
    for (uint32_t i = 0; i < FINDINGS_KEPT + 3; i++)
        finding_concerns(findings_add(&x, W0752, "finding %u", i),
                         (struct finding_source){true, 0, 0});
    findings_tell(&x, f->p, &f->s, &r, false, &f->d);
    assert_int_equal(f->d.list.n, FINDINGS_TOLD + 1);
    assert_string_equal(f->d.list.data[FINDINGS_TOLD]->message, "and 998 more: 7984 events");
    assert_non_null(f->d.list.data[FINDINGS_TOLD]->hint);
    findings_tell(&x, f->p, &f->s, &r, true, &f->d);
    assert_int_equal(f->d.list.n, FINDINGS_KEPT + 2);
    assert_string_equal(f->d.list.data[FINDINGS_KEPT]->message, "finding 999: 8 events");
    assert_string_equal(f->d.list.data[FINDINGS_KEPT + 1]->message, "and 3 more: 24 events");
}

static void no_event_and_one(void **state)
{
    struct run_fixture *f = *state;
    struct run_result r;
    run(f, &r);
    r.chips = 1;
    r.trials = 1;
    r.steps = 1;
    struct findings x = {.arena = &f->a};
    finding_concerns(findings_add(&x, W0751, "one"), (struct finding_source){true, 0, 0});
    finding_concerns(findings_add(&x, W0751, "none"), (struct finding_source){true, 0, 1});
    findings_tell(&x, f->p, &f->s, &r, false, &f->d);
    expect(f, (const char *const[]){"one: 1 event", "none: no events in this run"}, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(counted_by_a_device),
        RUN_TEST(events_of_all_chips_and_trials),
        RUN_TEST(one_event_a_step_as_on_the_board),
        RUN_TEST(the_first_few_and_how_many_more),
        RUN_TEST(no_event_and_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
