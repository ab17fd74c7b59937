/* Event-driven runs: the order of events, threads, sinks, what goes wrong, with each back end. */
#include "tests/unit/unit.h"

#include "runtime/record_npz.h"
#include "tests/unit/make_plan.h"
#include "tests/unit/run_fixture.h"
#include <pthread.h>
#include <stdio.h>

enum { TRIALS = 3 };

/* ---- made by hand ---- */

/* An input of 2 channels; `in` goes to a group of 3 neurons, which goes to itself with weight
 * `own`.
 */
static void use_ring(struct run_fixture *f, float own)
{
    static const float in[] = {1, 0.5f, 0, 0, 2, 1};
    const float ring[] = {0, own, 0, 0, 0, own, own, 0, 0};
    const double t[] = {5, 5, 9}, c[] = {0, 1, 0};
    f->p->dt = 0;
    f->p->semantics = PLAN_EVENT;
    VEC_PUSH(&f->a, &f->p->kernel, make_iaf(&f->a));
    make_input(&f->a, f->p, "in", 2);
    make_group(&f->a, f->p, "ring", 3, 0, 1);
    f->p->group.data[0].param[1].v[0] = -1;
    f->p->group.data[0].param[2].v[0] = 0;
    make_dense(&f->a, f->p, true, 0, 0, in);
    make_dense(&f->a, f->p, false, 0, 0, ring)->delay = 0;
    f->s.n_inputs = 1;
    f->s.source = ARENA_NEW(&f->a, struct stimulus_source);
    assert_true(stimulus_events(&f->a, f->s.source, t, c, 3, NULL, 0, 2, 0, 10, &f->d, "e",
                                (struct span){0}));
    f->s.steps = 10;
    f->s.trials = 1;
    run_fixture_record_all(f);
}

/* Events go round the ring as long as what they add is enough; all of them at the input's time. */
static void rings_come_to_rest(void **state)
{
    struct run_fixture *f = *state;
    struct run_result r;
    use_ring(f, 0.5f);
    assert_true(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    /* 5 us, channel 0: [0] fires, and [1] of the half that it has and the half that [0] adds.
     * 5 us, channel 1: [1] gets 2, fires and keeps 1, [2] fires; [1]'s event does nothing to [1],
     * but that is an update, at which what is left fires; and so on. Weights of 0 are synapses
     * here. */
    static const struct {
        int t, neuron;
    } want[] = {{5, 0}, {5, 1}, {5, 1}, {5, 2}, {5, 1}, {5, 2}, {5, 0}, {9, 0}, {9, 1}, {9, 2}};
    static const float v[] = {0.5f, 0.5f, 0};
    const uint8_t *got = run_fixture_recorded(&r, 0, -1);
    const float *last = run_fixture_recorded(&r, 0, 0);
    uint64_t n = r.count[0][0] + r.count[0][1] + r.count[0][2];
    assert_int_equal(n, sizeof want / sizeof *want);
    for (uint64_t i = 0; i < n; i++) {
        assert_int_equal(got[EVENT_BYTES * i + 4], want[i].t);
        assert_int_equal(got[EVENT_BYTES * i + 12], want[i].neuron);
    }
    for (int i = 0; i < 3; i++)
        assert_true(last[i] == v[i]);
}

static void storms_are_errors(void **state)
{
    struct run_fixture *f = *state;
    struct run_result r;
    use_ring(f, 1);
    f->o.trials = 5;
    f->o.jobs = 3;
    assert_false(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    assert_int_equal(f->d.list.n, 1);
    assert_int_equal(f->d.list.data[0]->code, E0809);
    assert_non_null(strstr(f->d.list.data[0]->message, "at 5 microseconds of trial 0"));
}

static void what_is_not_a_count_is_an_error(void **state)
{
    struct run_fixture *f = *state;
    struct run_result r;
    use_ring(f, 0);
    struct kernel *k = f->p->kernel.data[0];
    k->event.emit = k->event.out[0]; /* emits its state */
    assert_false(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    assert_int_equal(f->d.list.data[0]->code, E0807);
    assert_non_null(strstr(f->d.list.data[0]->message, "`ring[1]` emits 0.5 spikes at 5 micro"));
}

/* A neuron that fires twice an event has its events one after the other. What is left above the
 * threshold at 5 us fires at the next update. */
static void some_fire_twice(void **state)
{
    struct run_fixture *f = *state;
    struct run_result r;
    use_ring(f, 0);
    struct kcode *code = &f->p->kernel.data[0]->event;
    code->inst[code->inst[code->emit].b].imm = 2;
    assert_true(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    static const int want[] = {0, 0, 1, 1, 2, 2, 1, 1, 0, 0, 1, 1};
    const uint8_t *got = run_fixture_recorded(&r, 0, -1);
    const uint64_t n = r.count[0][0] + r.count[0][1] + r.count[0][2];
    assert_int_equal(n, sizeof want / sizeof *want);
    for (uint64_t i = 0; i < n; i++)
        assert_int_equal(got[EVENT_BYTES * i + 12], want[i]);
}

/* ---- sinks ---- */

struct kept {
    const struct run_options *o;
    uint8_t *data[2][TRIALS];
    size_t n[2][TRIALS], pieces;
    pthread_mutex_t lock;
};

static bool begin(void *arg)
{
    (void)arg;
    return true;
}

static bool put(void *arg, uint32_t record, uint64_t trial, const void *data, size_t n)
{
    struct kept *k = arg;
    pthread_mutex_lock(&k->lock);
    k->data[record][trial] = realloc(k->data[record][trial], k->n[record][trial] + n);
    memcpy(k->data[record][trial] + k->n[record][trial], data, n);
    k->n[record][trial] += n;
    k->pieces++;
    pthread_mutex_unlock(&k->lock);
    return true;
}

/* What a sink gets is what a result has, and the events of long trials come in pieces. */
static void sinks(void **state)
{
    struct run_fixture *f = *state;
    struct run_result r, with;
    use_ring(f, 0.5f);
    f->s.source[0] = (struct stimulus_source){
        .kind = STIM_POISSON, .channels = 2, .rate = (double[]){20000, 10000}};
    f->s.steps = 1000000;
    f->o.trials = TRIALS;
    f->o.jobs = 2;
    assert_true(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    struct kept k = {.o = &f->o, .lock = PTHREAD_MUTEX_INITIALIZER};
    const struct run_sink sink = {.begin = begin, .put = put, .arg = &k};
    f->o.sink = &sink;
    assert_true(run_plan(&f->a, f->p, &f->o, &with, &f->d));
    for (uint32_t i = 0; i < 2; i++) {
        const uint8_t *whole = r.record[i].data;
        for (int t = 0; t < TRIALS; t++) {
            assert_memory_equal(whole, k.data[i][t], k.n[i][t]);
            whole += k.n[i][t];
            free(k.data[i][t]);
        }
        assert_null(with.record[i].data);
        if (r.record[i].what.state < 0)
            assert_int_equal(whole - (uint8_t *)r.record[i].data, r.record[i].n * EVENT_BYTES);
    }
    assert_true(k.pieces > 20 * TRIALS);
    assert_true(with.bytes < 1e6 && r.bytes > 4e6);
}

/* A file that is written while the run goes on is the one that its result makes. */
static void files(void **state)
{
    struct run_fixture *f = *state;
    struct run_result r;
    struct record_file file;
    struct bytes a, b;
    const char *streamed = "/tmp/dyn_event_streamed.npz", *whole = "/tmp/dyn_event_whole.npz";
    use_ring(f, 0.5f);
    f->o.trials = 4;
    f->o.chips = 2;
    assert_true(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    assert_true(record_npz(whole, f->p, &f->s, &r, true, &f->d));
    record_file_open(&file, streamed, f->p, &f->o, true, &f->d);
    assert_true(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    assert_true(record_file_close(&file, &r));
    assert_true(file_read(&f->a, whole, &a, &f->d, E0901, (struct span){0}));
    assert_true(file_read(&f->a, streamed, &b, &f->d, E0901, (struct span){0}));
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.data, b.data, a.n);
    assert_int_equal(remove(streamed) | remove(whole), 0);
}

/* Chips differ by their parameters; each is as if it were alone. */
static void chips(void **state)
{
    struct run_fixture *f = *state;
    struct run_result r, alone;
    use_ring(f, 0.4f);
    f->p->kernel.data[0]->param[0].kind = K_PARAM_LAYOUT;
    f->p->has_mismatch = true;
    f->p->mismatch_seed = 11;
    f->p->group.data[0].mismatch[0] = 0.5;
    f->s.source[0] =
        (struct stimulus_source){.kind = STIM_POISSON, .channels = 2, .rate = (double[]){900, 500}};
    f->s.steps = 100000;
    f->o.trials = 2;
    f->o.chips = 3;
    assert_true(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    f->o.chips = 1;
    const float *v = run_fixture_recorded(&r, 0, 0);
    uint64_t differ = 0;
    for (uint32_t chip = 0; chip < 3; chip++, f->p->mismatch_seed++) {
        assert_true(run_plan(&f->a, f->p, &f->o, &alone, &f->d));
        assert_memory_equal(alone.count[0], r.count[0] + chip * 6, 6 * sizeof(uint64_t));
        assert_memory_equal(run_fixture_recorded(&alone, 0, 0), v + chip * 6, 6 * sizeof(float));
        differ += memcmp(alone.count[0], r.count[0], 6 * sizeof(uint64_t)) != 0;
    }
    assert_int_equal(differ, 2);
    const uint8_t *events = run_fixture_recorded(&r, 0, -1);
    uint64_t n = 0;
    for (uint32_t trial = 0; trial < 6; trial++)
        for (uint64_t k =
                 r.count[0][3 * trial] + r.count[0][3 * trial + 1] + r.count[0][3 * trial + 2];
             k > 0; k--)
            assert_int_equal(events[EVENT_BYTES * n++], trial);
}

#ifndef DYN_NO_LLVM
static int set_up_jit(void **state)
{
    run_fixture_set_up(state);
    struct run_fixture *f = *state;
    assert_true(backend_jit(&f->interp, &f->d));
    return 0;
}

static int tear_down_jit(void **state)
{
    struct run_fixture *f = *state;
    f->interp.release(&f->interp);
    return run_fixture_tear_down(state);
}
#define BOTH(f)                                                                                    \
    RUN_TEST(f),                                                                                   \
    {                                                                                              \
#f " with the JIT", f, set_up_jit, tear_down_jit, NULL                                     \
    }
#else
#define BOTH(f) RUN_TEST(f)
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {BOTH(rings_come_to_rest),
                                       BOTH(storms_are_errors),
                                       BOTH(what_is_not_a_count_is_an_error),
                                       BOTH(some_fire_twice),
                                       BOTH(sinks),
                                       BOTH(files),
                                       BOTH(chips)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
