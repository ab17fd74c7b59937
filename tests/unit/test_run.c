/* Runs: the order of sums, what can't be run or recorded, progress, results as npz. */
#include "tests/unit/unit.h"

#include "runtime/record_npz.h"
#include "tests/unit/make_plan.h"
#include "tests/unit/run_fixture.h"
#include <math.h>
#include <stdio.h>
#include <unistd.h>

/* ---- the order of sums ---- */

static void sums_go_in_source_order(void **state)
{
    struct run_fixture *f = *state;
    /* In float32 (1 + 2^24) - 2^24 and (2^24 + 1) - 2^24 are 0, (-2^24 + 2^24) + 1 is 1. */
    VEC_PUSH(&f->a, &f->p->kernel, make_counter(&f->a, 2));
    make_input(&f->a, f->p, "in", 2);
    make_group(&f->a, f->p, "g", 1, 0, 0);
    make_dense(&f->a, f->p, true, 0, 0, (const float[]){1, 0x1p24f})->receptor = 1;
    make_dense(&f->a, f->p, true, 0, 0, (const float[]){-0x1p24f, 0})->receptor = 1;
    f->p->projection.data[1].row[2] = 1; /* one synapse */
    const double raster[] = {1, 1};
    struct stimulus_source source;
    assert_true(stimulus_raster(&f->a, &source, (struct stimulus_counts){.f64 = raster}, 2,
                                (const uint64_t[]){1, 2}, 2, &f->d, "r", (struct span){0}));
    f->s = (struct stimulus){.name = "s", .steps = 1, .n_inputs = 1, .source = &source};
    run_fixture_record_all(f);
    struct run_result r;
    assert_true(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    assert_true(((const float *)run_fixture_recorded(&r, 0, 1))[0] == 0);
    f->p->projection.data[0].weight[0] = 0x1p24f;
    f->p->projection.data[0].weight[1] = 1;
    f->p->projection.data[1].weight[0] = -0x1p24f;
    assert_true(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    assert_true(((const float *)run_fixture_recorded(&r, 0, 1))[0] == 0);
    struct plan_projection first = f->p->projection.data[0];
    f->p->projection.data[0] = f->p->projection.data[1];
    f->p->projection.data[1] = first;
    f->p->projection.data[1].weight[1] = 1;
    assert_true(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    assert_true(((const float *)run_fixture_recorded(&r, 0, 1))[0] == 1);
}

/* ---- errors ---- */

/* One input of one channel that gives `count` in step 3 of trial 1, weight 1, to neuron 1. */
static void one_burst(struct run_fixture *f, double count)
{
    VEC_PUSH(&f->a, &f->p->kernel, make_counter(&f->a, 2));
    make_input(&f->a, f->p, "in", 1);
    make_group(&f->a, f->p, "out", 4, 0, 0);
    f->p->group.data[0].shape = (struct plan_shape){2, {2, 2}};
    make_dense(&f->a, f->p, true, 0, 0, (const float[]){0, 0, 1, 0});
    double *raster = ARENA_ARRAY(&f->a, double, 16);
    raster[11] = count;
    f->s.source = ARENA_NEW(&f->a, struct stimulus_source);
    assert_true(stimulus_raster(&f->a, f->s.source, (struct stimulus_counts){.f64 = raster}, 3,
                                (const uint64_t[]){2, 8, 1}, 1, &f->d, "r", (struct span){0}));
    f->s.n_inputs = 1;
    f->s.steps = 8;
    f->o.trials = 2;
    run_fixture_record_all(f);
}

static void counts_up_to_255_are_recorded(void **state)
{
    struct run_fixture *f = *state;
    struct run_result r;
    one_burst(f, 255);
    assert_true(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    assert_int_equal(((const uint8_t *)run_fixture_recorded(&r, 0, -1))[(8 + 3) * 4 + 2], 255);
    assert_int_equal(r.count[0][4 + 2], 255);
}

static void larger_counts_are_errors_where_recorded(void **state)
{
    struct run_fixture *f = *state;
    struct run_result r;
    one_burst(f, 256);
    f->o.jobs = 2;
    assert_false(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    assert_int_equal(f->d.list.data[0]->code, E0803);
    assert_string_equal(f->d.list.data[0]->message,
                        "`out[1, 0]` has 256 spikes in step 3 of trial 1");
    f->o.n_record = 0;
    assert_true(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    assert_int_equal(r.count[0][4 + 2], 256);
}

static void what_is_not_a_count_is_an_error(void **state)
{
    struct run_fixture *f = *state;
    struct run_result r;
    one_burst(f, 3);
    f->o.n_record = 0;
    struct kcode *step = &f->p->kernel.data[0]->step;
    const float bad[] = {0.5f, -1, NAN, INFINITY, 0x1p24f};
    uint32_t emit = step->emit;
    for (size_t i = 0; i < 5; i++) {
        uint32_t c = make_inst(&f->a, step, (struct kinst){.op = K_CONST, .imm = bad[i]});
        uint32_t zero = make_inst(&f->a, step, (struct kinst){.op = K_CONST});
        uint32_t any = make_inst(&f->a, step, (struct kinst){.op = K_GT, .a = emit, .b = zero});
        step->emit =
            make_inst(&f->a, step, (struct kinst){.op = K_SELECT, .a = any, .b = c, .c = zero});
        assert_false(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    }
    assert_int_equal(f->d.n_errors, 5);
    assert_int_equal(f->d.list.data[4]->code, E0807);
}

/* Later trials fail in earlier steps: trial t >= 3 in step 200 - t, two neurons at once; and one
 * group after another, later ones earlier in time. */
static void the_first_trial_that_fails_is_reported(void **state)
{
    struct run_fixture *f = *state;
    enum { TRIALS = 90, STEPS = 200 };
    VEC_PUSH(&f->a, &f->p->kernel, make_counter(&f->a, 2));
    make_input(&f->a, f->p, "in", 1);
    make_group(&f->a, f->p, "late", 4, 0, 0);
    make_group(&f->a, f->p, "out", 4, 0, 0);
    make_dense(&f->a, f->p, true, 0, 0, (const float[]){0, 1, 0, 0})->delay = 1;
    make_dense(&f->a, f->p, true, 0, 1, (const float[]){0, 0, 1, 2});
    make_dense(&f->a, f->p, false, 1, 1, (const float[16]){0})->delay = 1;
    double *raster = ARENA_ARRAY(&f->a, double, TRIALS *STEPS);
    for (uint32_t t = 3; t < TRIALS; t++)
        raster[t * STEPS + STEPS - t - 1] = 300;
    f->s.source = ARENA_NEW(&f->a, struct stimulus_source);
    assert_true(stimulus_raster(&f->a, f->s.source, (struct stimulus_counts){.f64 = raster}, 3,
                                (const uint64_t[]){TRIALS, STEPS, 1}, 1, &f->d, "r",
                                (struct span){0}));
    f->s.n_inputs = 1;
    f->s.steps = STEPS;
    f->o.trials = TRIALS;
    run_fixture_record_all(f);
    struct run_result r;
    for (f->o.jobs = 1; f->o.jobs < 40; f->o.jobs += 6) {
        assert_false(run_plan(&f->a, f->p, &f->o, &r, &f->d));
        assert_string_equal(f->d.list.data[f->d.list.n - 1]->message,
                            "`out[2]` has 300 spikes in step 196 of trial 3");
    }
}

static void what_cannot_be_run(void **state)
{
    struct run_fixture *f = *state;
    struct run_result r;
    one_burst(f, 1);
    f->s.steps = (uint64_t)1 << 50;
    assert_false(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    assert_int_equal(f->d.list.data[0]->code, E0806);
    f->s.steps = 8;
    f->s.n_inputs = 2;
    assert_false(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    assert_int_equal(f->d.list.data[1]->code, E0801);
    f->s.n_inputs = 1;
    f->s.source->channels = 2;
    assert_false(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    f->s.source->channels = 1;
    f->p->kernel.data[0]->step.n = 0;
    assert_false(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    assert_int_equal(f->d.list.data[3]->code, E0806);
}

static void delays_beyond_the_end_cost_nothing(void **state)
{
    struct run_fixture *f = *state;
    struct run_result r;
    one_burst(f, 1);
    f->p->projection.data[0].delay = UINT32_MAX;
    assert_true(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    assert_int_equal(r.count[0][4 + 2], 0);
}

/* ---- progress ---- */

static void tell(void *arg, double fraction)
{
    double *last = arg;
    assert_true(fraction > *last && fraction <= 1);
    *last = fraction;
}

static void progress_and_cancel(void **state)
{
    struct run_fixture *f = *state;
    struct run_result r;
    one_burst(f, 1);
    double last = 0;
    bool cancel = false;
    f->o.progress = (struct run_progress){tell, &last, &cancel};
    assert_true(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    assert_true(last == 1);
    cancel = true;
    assert_false(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    assert_int_equal(f->d.n_errors, 0);
}

static void the_mode_is_restored(void **state)
{
    struct run_fixture *f = *state;
    struct run_result r;
    one_burst(f, 1);
    assert_true(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    volatile float tiny = 0x1p-126f, half = 0.5f;
    assert_true(tiny * half > 0);
}

/* ---- npz ---- */

static void results_as_npz(void **state)
{
    struct run_fixture *f = *state;
    struct run_result r;
    one_burst(f, 255);
    assert_true(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    char path[64];
    snprintf(path, sizeof path, "/tmp/dyn-test-run-%ld.npz", (long)getpid());
    for (int chips = 0; chips < 2; chips++) {
        assert_true(record_npz(path, f->p, &f->s, &r, chips, &f->d));
        struct npy x;
        const struct span nowhere = {0};
        assert_true(npy_load(&f->a, path, "out.spikes", &x, &f->d, E0901, nowhere));
        const uint64_t extent[] = {1, 2, 8, 2, 2};
        assert_int_equal(x.rank, 4 + chips);
        assert_memory_equal(x.extent, extent + !chips, x.rank * sizeof *extent);
        assert_int_equal(x.data[(8 + 3) * 4 + 2], 255);
        assert_true(npy_load(&f->a, path, "out.s0", &x, &f->d, E0901, nowhere));
        assert_true(x.type.kind == 'f' && x.type.size == 4);
        assert_true(npy_load(&f->a, path, "input.in", &x, &f->d, E0901, nowhere));
        assert_int_equal(x.rank, 3);
        assert_int_equal(x.count, 16);
        assert_true(npy_get(&x, &x.type, 11) == 255 && npy_get(&x, &x.type, 10) == 0);
        assert_true(npy_load(&f->a, path, "dt", &x, &f->d, E0901, nowhere));
        assert_int_equal(x.rank, 0);
        assert_true(npy_get(&x, &x.type, 0) == 1e-3);
    }
    f->s.source->event[0].count = 70000;
    assert_true(record_npz(path, f->p, &f->s, &r, false, &f->d));
    struct npy x;
    assert_true(npy_load(&f->a, path, "input.in", &x, &f->d, E0901, (struct span){0}));
    assert_true(x.type.size == 4 && npy_get(&x, &x.type, 11) == 70000);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(sums_go_in_source_order),
        RUN_TEST(counts_up_to_255_are_recorded),
        RUN_TEST(larger_counts_are_errors_where_recorded),
        RUN_TEST(what_is_not_a_count_is_an_error),
        RUN_TEST(the_first_trial_that_fails_is_reported),
        RUN_TEST(what_cannot_be_run),
        RUN_TEST(delays_beyond_the_end_cost_nothing),
        RUN_TEST(progress_and_cancel),
        RUN_TEST(the_mode_is_restored),
        RUN_TEST(results_as_npz),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
