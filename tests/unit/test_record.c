/* What is recorded: into a sink or a file while the run goes on it is what the result would have,
 * whatever the window, the threads and the chips. */
#include "tests/unit/unit.h"

#include "runtime/record_npz.h"
#include "tests/unit/make_plan.h"
#include "tests/unit/run_fixture.h"
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- networks ---- */

enum { CHANNELS = 3 };

static const float *any_weights(struct arena *a, uint32_t n_pre, uint32_t n_post)
{
    float *w = ARENA_ARRAY(a, float, (size_t)n_pre *n_post);
    for (uint32_t i = 0; i < n_pre * n_post; i++)
        w[i] = (float)(i * 2654435761u >> 7 & 7) / (float)n_pre;
    return w;
}

/* Two groups that feed each other, `n` and `m` neurons, driven by Poisson trains. */
static void make_pair(struct run_fixture *f, uint32_t n, uint32_t m, uint64_t steps)
{
    struct arena *a = &f->a;
    struct plan *p = f->p;
    VEC_PUSH(a, &p->kernel, make_counter(a, 2));
    make_input(a, p, "in", CHANNELS);
    make_group(a, p, "first", n, 0, 0.5f);
    make_group(a, p, "second", m, 0, 0.25f);
    p->has_mismatch = true;
    p->group.data[0].mismatch[0] = 0.1;
    make_dense(a, p, true, 0, 0, any_weights(a, CHANNELS, n));
    make_dense(a, p, false, 0, 1, any_weights(a, n, m))->delay = 2;
    make_dense(a, p, false, 1, 0, any_weights(a, m, n))->receptor = 1;
    f->s.source = ARENA_NEW(a, struct stimulus_source);
    *f->s.source = (struct stimulus_source){.kind = STIM_POISSON, .channels = CHANNELS, .seed = 5};
    f->s.source->rate = ARENA_ARRAY(a, double, CHANNELS);
    for (uint32_t i = 0; i < CHANNELS; i++)
        f->s.source->rate[i] = 300;
    f->s.n_inputs = 1;
    f->s.steps = steps;
    run_fixture_record_all(f);
}

static size_t record_size(const struct run_fixture *f, uint32_t record)
{
    const struct run_record what = f->o.record[record];
    return (size_t)f->o.chips * f->o.trials * (size_t)f->s.steps * f->p->group.data[what.group].n *
           (what.state < 0 ? sizeof(uint8_t) : sizeof(float));
}

/* ---- sinks ---- */

struct memory_sink {
    const struct run_fixture *f;
    uint8_t **data; /* of each record */
    size_t **end;   /* bytes there, of each trial */
    bool begun;
    atomic_int left; /* calls until it refuses; negative: never does */
};

static bool sink_begin(void *arg)
{
    struct memory_sink *s = arg;
    assert_false(s->begun);
    s->begun = true;
    return s->left != 0;
}

static bool sink_put(void *arg, uint32_t record, uint64_t trial, const void *data, size_t n)
{
    struct memory_sink *s = arg;
    const size_t trials = (size_t)s->f->o.chips * s->f->o.trials,
                 size = record_size(s->f, record) / trials;
    if (atomic_load(&s->left) >= 0 && atomic_fetch_sub(&s->left, 1) <= 1)
        return false;
    const uint8_t *from = data;
    while (n) {
        size_t *end = &s->end[record][trial];
        const size_t here = n < size - *end ? n : size - *end;
        if (trial >= trials || here == 0)
            return false;
        memcpy(s->data[record] + trial * size + *end, from, here);
        *end += here;
        from += here;
        n -= here;
        trial++;
    }
    return true;
}

static struct run_sink sink_new(struct run_fixture *f, struct memory_sink *s)
{
    *s = (struct memory_sink){.f = f};
    atomic_init(&s->left, -1);
    s->data = ARENA_ARRAY(&f->a, uint8_t *, f->o.n_record);
    s->end = ARENA_ARRAY(&f->a, size_t *, f->o.n_record);
    for (uint32_t i = 0; i < f->o.n_record; i++) {
        s->data[i] = ARENA_ARRAY(&f->a, uint8_t, record_size(f, i));
        s->end[i] = ARENA_ARRAY(&f->a, size_t, (size_t)f->o.chips * f->o.trials);
    }
    return (struct run_sink){.begin = sink_begin, .put = sink_put, .arg = s};
}

/* Through windows of some sizes and with some threads, against the result in memory. */
static void check_sink(struct run_fixture *f)
{
    struct run_result kept, sunk;
    f->o.jobs = 1;
    assert_true(run_plan(&f->a, f->p, &f->o, &kept, &f->d));
    const size_t window[] = {1, 3000, 50000, 0};
    for (uint32_t i = 0; i < 12; i++) {
        struct memory_sink s;
        struct run_sink sink = sink_new(f, &s);
        sink.window = window[i % 4];
        f->o.jobs = 1 + i / 4 * 2;
        f->o.sink = &sink;
        assert_true(run_plan(&f->a, f->p, &f->o, &sunk, &f->d));
        assert_true(s.begun);
        for (uint32_t k = 0; k < f->o.n_record; k++) {
            assert_null(sunk.record[k].data);
            assert_memory_equal(s.data[k], kept.record[k].data, record_size(f, k));
        }
        for (uint32_t g = 0; g < f->p->group.n; g++)
            assert_memory_equal(sunk.count[g], kept.count[g],
                                (size_t)f->o.chips * f->o.trials * f->p->group.data[g].n *
                                    sizeof(uint64_t));
    }
    f->o.sink = NULL;
    uint64_t spikes = 0;
    for (uint32_t i = 0; i < f->p->group.data[1].n; i++)
        spikes += kept.count[1][i];
    assert_true(spikes > 0 || f->s.steps < 10);
}

static void a_sink_gets_what_is_recorded(void **state)
{
    struct run_fixture *f = *state;
    make_pair(f, 7, 20, 500);
    f->o.trials = 5;
    f->o.chips = 3;
    check_sink(f);
    const struct run_record twice[] = {{1, -1}, {0, 1}, {1, -1}, {0, 1}};
    f->o.record = twice;
    f->o.n_record = 4;
    check_sink(f);
    f->o.n_record = 0;
    check_sink(f);
}

/* Threads that share a group's lanes share its records too. */
static void teams_share_records(void **state)
{
    struct run_fixture *f = *state;
    make_pair(f, 6000, 8, 40);
    check_sink(f);
}

static void short_runs(void **state)
{
    struct run_fixture *f = *state;
    make_pair(f, 2, 2, 1);
    f->o.trials = 700;
    check_sink(f);
    f->s.steps = 0;
    check_sink(f);
}

static void a_sink_that_refuses_ends_the_run(void **state)
{
    struct run_fixture *f = *state;
    struct run_result r;
    struct memory_sink s;
    struct run_sink sink;
    make_pair(f, 7, 20, 500);
    f->o.trials = 300;
    for (uint32_t jobs = 1; jobs < 4; jobs++) {
        for (int left = 0; left < 9; left++) {
            sink = sink_new(f, &s);
            sink.window = 1000;
            atomic_store(&s.left, left);
            f->o.jobs = jobs;
            f->o.sink = &sink;
            assert_false(run_plan(&f->a, f->p, &f->o, &r, &f->d));
        }
    }
    assert_int_equal(f->d.n_errors, 0);
    f->s.steps = (uint64_t)1 << 60;
    assert_false(run_plan(&f->a, f->p, &f->o, &r, &f->d)); /* before the sink begins */
    assert_int_equal(f->d.list.data[0]->code, E0806);
}

/* ---- files ---- */

static struct bytes read_all(struct run_fixture *f, const char *path)
{
    struct bytes b;
    assert_true(file_read(&f->a, path, &b, &f->d, E0901, (struct span){0}));
    return b;
}

static bool run_to_file(struct run_fixture *f, const char *path, bool chips, size_t window)
{
    struct record_file file;
    struct run_result r;
    struct run_options o = f->o;
    record_file_open(&file, path, f->p, &o, chips, &f->d);
    file.sink.window = window;
    const bool ok = run_plan(&f->a, f->p, &o, &r, &f->d);
    return record_file_close(&file, ok ? &r : NULL);
}

static void check_files(struct run_fixture *f, const char *path)
{
    struct run_result r;
    f->o.jobs = 3;
    for (int chips = 0; chips < 2; chips++) {
        f->o.chips = 1 + (uint32_t)chips;
        assert_true(run_plan(&f->a, f->p, &f->o, &r, &f->d));
        assert_true(record_npz(path, f->p, &f->s, &r, chips, &f->d));
        const struct bytes kept = read_all(f, path);
        for (size_t window = 0; window < 100000; window = 7 * window + 1) {
            assert_true(run_to_file(f, path, chips, window));
            const struct bytes sunk = read_all(f, path);
            assert_int_equal(sunk.n, kept.n);
            assert_memory_equal(sunk.data, kept.data, kept.n);
        }
    }
}

static void a_file_is_the_same_byte_for_byte(void **state)
{
    struct run_fixture *f = *state;
    char folder[] = "/tmp/test_record.XXXXXX";
    assert_non_null(mkdtemp(folder));
    const char *path = arena_printf(&f->a, "%s/out.npz", folder);
    make_pair(f, 7, 20, 300);
    f->o.trials = 4;
    check_files(f, path);
    f->s.steps = 0;
    check_files(f, path);
    f->s.steps = 300;
    f->o.n_record = 0;
    check_files(f, path);

    /* A run that fails leaves the file as it was. */
    const struct bytes before = read_all(f, path);
    const uint64_t steps = f->s.steps;
    f->s.steps = (uint64_t)1 << 60;
    run_fixture_record_all(f);
    assert_false(run_to_file(f, path, false, 0));
    f->s.steps = steps;
    bool cancel = true;
    f->o.progress.cancel = &cancel;
    assert_false(run_to_file(f, path, false, 1));
    f->o.progress.cancel = NULL;
    assert_int_equal(f->d.n_errors, 1);
    const struct bytes after = read_all(f, path);
    assert_int_equal(after.n, before.n);
    assert_memory_equal(after.data, before.data, before.n);

    /* There's no room for what is recorded. */
    struct rlimit old, small = {20000, 20000};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small.rlim_max = old.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const bool wrote = run_to_file(f, path, false, 1);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, handler);
    assert_false(wrote);
    assert_int_equal(f->d.n_errors, 2);
    assert_int_equal(f->d.list.data[1]->code, E0902);
    assert_int_equal(read_all(f, path).n, before.n);

    assert_false(run_to_file(f, "/nonexistent/out.npz", false, 0));
    assert_int_equal(f->d.n_errors, 3);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0); /* nothing else is there */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(a_sink_gets_what_is_recorded),
        RUN_TEST(teams_share_records),
        RUN_TEST(short_runs),
        RUN_TEST(a_sink_that_refuses_ends_the_run),
        RUN_TEST(a_file_is_the_same_byte_for_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
