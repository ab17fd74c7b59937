/* Events that stay in their file: the same as those that were read whole; files that must be read
 * whole; files that change. */
#include "tests/unit/unit.h"

#include "runtime/event_file.h"
#include "runtime/event_input.h"
#include "runtime/event_stream.h"
#include "tests/unit/make_plan.h"
#include "tests/unit/run_fixture.h"
#include <stdio.h>
#include <unistd.h>

static const struct span nowhere;

enum { EVENTS = 300000, RECORD = 20, BIN_RECORD = 16, STEPS = 2000000 };

enum file_kind { NPY, BIN, CSV };

struct maker { /* of a file */
    const char *path;
    enum file_kind kind;
    bool trials;    /* three of them, by a field */
    uint32_t wrong; /* an event that is before the one before, or far outside; 0: none */
    bool outside;
};

static void put(uint8_t *to, uint64_t x, int n)
{
    for (int i = 0; i < n; i++)
        to[i] = (uint8_t)(x >> (8 * i));
}

static void make_file(const struct maker *m)
{
    struct buf b = {0};
    if (m->kind == NPY)
        npy_header(
            &b,
            m->trials
                ? "[('trial', '<u4'), ('t', '<i8'), ('channel', '<u4'), ('y', '<u2'), ('x', '<u2')]"
                : "[('q', '<u4'), ('t', '<i8'), ('channel', '<u4'), ('y', '<u2'), ('x', '<u2')]",
            1, (const uint64_t[]){EVENTS});
    for (uint32_t i = 0; i < EVENTS; i++) {
        uint8_t r[RECORD];
        const uint32_t third = EVENTS / 3, t = m->trials ? i % third : i;
        put(r, i / third, 4);
        put(r + 4, m->wrong && i == m->wrong && !m->outside ? 0 : 2 * t / 3, 8);
        put(r + 12, i % 2, 4);
        put(r + 16, i % 5, 2);
        put(r + 18, m->wrong && i == m->wrong && m->outside ? 99 : i % 7, 2);
        const uint32_t x = m->wrong && i == m->wrong && m->outside ? 99 : i % 7,
                       time = m->wrong && i == m->wrong && !m->outside ? 0 : 2 * t / 3;
        if (m->kind == BIN) {
            put(r, x, 4);
            put(r + 4, i % 5, 4);
            put(r + 8, i % 2, 4);
            put(r + 12, time, 4);
        }
        if (m->kind == CSV)
            buf_printf(&b, i % 1000 ? "%u , %u , %u , %u\n" : "%u, %u; %u %u # a thousand\r\n\n",
                       time, x, i % 5, i % 2);
        else
            buf_put(&b, r, m->kind == BIN ? BIN_RECORD : RECORD);
    }
    FILE *f = fopen(m->path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(b.data, 1, b.n, f), b.n);
    assert_int_equal(fclose(f), 0);
    buf_free(&b);
}

static bool read_whole(struct run_fixture *f, const struct maker *m, struct npy *x)
{
    struct bytes b;
    if (m->kind == NPY)
        return npy_load(&f->a, m->path, NULL, x, &f->d, E0901, nowhere);
    return file_read(&f->a, m->path, &b, &f->d, E0901, nowhere) &&
           (m->kind == BIN ? event_file_bin : event_file_csv)(&f->a, b, x, &f->d, m->path, nowhere);
}

/* An input of [2, 5, 7] onto a neuron, with the file's events. */
static bool use(struct run_fixture *f, const struct maker *m, bool whole)
{
    struct npy x;
    const char *path = m->path;
    f->p->dt = 0;
    f->p->semantics = PLAN_EVENT;
    VEC_PUSH(&f->a, &f->p->kernel, make_iaf(&f->a));
    make_input(&f->a, f->p, "in", 70);
    f->p->input.data[0].shape = (struct plan_shape){3, {2, 5, 7}};
    make_group(&f->a, f->p, "out", 1, 0, 3);
    float *w = ARENA_ARRAY(&f->a, float, 70);
    for (uint32_t i = 0; i < 70; i++)
        w[i] = (float)i;
    make_dense(&f->a, f->p, true, 0, 0, w);
    f->s.n_inputs = 1;
    f->s.source = ARENA_NEW(&f->a, struct stimulus_source);
    assert_true(whole ? read_whole(f, m, &x)
                      : event_file_load(&f->a, path, NULL, &x, &f->d, E0901, nowhere));
    const bool ok =
        stimulus_event_records(&f->a, f->s.source, &x, NULL, 0, &f->p->input.data[0].shape, 0,
                               STEPS, &f->d, path, nowhere);
    f->s.steps = STEPS;
    f->s.trials = f->o.trials = f->s.source[0].trials;
    return ok;
}

static void same_events(struct run_fixture *x, struct run_fixture *y)
{
    struct event_stimulus s, t;
    assert_true(event_stimulus_make(&x->a, x->p, &x->s, &s, &x->d));
    assert_true(event_stimulus_make(&y->a, y->p, &y->s, &t, &y->d));
    struct event_reader *r = event_reader_new(&x->a, &s), *q = event_reader_new(&y->a, &t);
    assert_int_equal(x->s.trials, y->s.trials);
    uint64_t all = 0;
    for (uint32_t trial = x->s.trials; trial-- > 0;) {
        struct event_in a[100], b[100];
        size_t n = 0;
        event_reader_begin(r, trial);
        event_reader_begin(q, trial);
        do {
            n = event_reader_some(r, a, 100);
            assert_int_equal(event_reader_some(q, b, 100), n);
            for (size_t i = 0; i < n; i++)
                assert_true(a[i].t == b[i].t && a[i].input == b[i].input &&
                            a[i].channel == b[i].channel);
            all += n;
        } while (n == 100);
    }
    assert_null(event_reader_failed(r));
    assert_int_equal(all, EVENTS);
    event_reader_free(r);
    event_reader_free(q);
}

static void compare(const struct maker *m, bool streamed)
{
    void *x, *y;
    run_fixture_set_up(&x);
    run_fixture_set_up(&y);
    struct run_fixture *f = x, *g = y;
    assert_true(use(f, m, false) && use(g, m, true));
    assert_true((f->s.source[0].stream != NULL) == streamed);
    assert_null(g->s.source[0].stream);
    same_events(f, g);
    struct stimulus a, b;
    assert_true(stimulus_tables(&f->a, &f->s, 1e-3, &a, &f->d));
    assert_true(stimulus_tables(&g->a, &g->s, 1e-3, &b, &g->d));
    const uint64_t cells = a.source[0].trials * a.source[0].steps, n = a.source[0].row[cells];
    assert_memory_equal(a.source[0].row, b.source[0].row, (cells + 1) * sizeof(uint64_t));
    assert_memory_equal(a.source[0].event, b.source[0].event, n * sizeof *a.source[0].event);
    run_fixture_tear_down(&x);
    run_fixture_tear_down(&y);
}

static void as_read_whole(void **unused)
{
    (void)unused;
    struct maker m = {.path = "/tmp/dyn_event_stream.npy"};
    make_file(&m);
    compare(&m, true);
    m.trials = true;
    make_file(&m);
    compare(&m, true);
    m.wrong = 77777; /* that one must be put in order */
    make_file(&m);
    compare(&m, false);
    assert_int_equal(remove(m.path), 0);
}

static void others_as_read_whole(void **unused)
{
    (void)unused;
    static const char *const path[] = {
        [BIN] = "/tmp/dyn_event_stream.bin", [CSV] = "/tmp/dyn_event_stream.csv"};
    for (enum file_kind kind = BIN; kind <= CSV; kind++) {
        struct maker m = {.path = path[kind], .kind = kind};
        make_file(&m);
        compare(&m, true);
        m.wrong = 77777;
        make_file(&m);
        compare(&m, false);
        assert_int_equal(remove(m.path), 0);
    }
}

static void check_outside(struct run_fixture *f, const char *path, enum file_kind kind)
{
    struct maker m = {.path = path, .kind = kind, .wrong = 250000, .outside = true};
    make_file(&m);
    assert_false(use(f, &m, false));
    assert_int_equal(f->d.list.n, 1);
    assert_int_equal(f->d.list.data[0]->code, E0801);
    assert_non_null(strstr(f->d.list.data[0]->message, "event 250000 of"));
    assert_int_equal(remove(m.path), 0);
}

static void outside(void **state)
{
    check_outside(*state, "/tmp/dyn_event_outside.npy", NPY);
}

static void outside_of_bin(void **state)
{
    check_outside(*state, "/tmp/dyn_event_outside.bin", BIN);
}

static void outside_of_csv(void **state)
{
    check_outside(*state, "/tmp/dyn_event_outside.csv", CSV);
}

/* Far into a large file: the line is told, as of small ones. */
static void wrong_line(void **state)
{
    struct run_fixture *f = *state;
    const struct maker m = {.path = "/tmp/dyn_event_wrong.csv", .kind = CSV};
    struct npy x;
    make_file(&m);
    FILE *file = fopen(m.path, "ab");
    assert_non_null(file);
    fputs("1,2,x,1\n", file);
    assert_int_equal(fclose(file), 0);
    assert_false(event_file_load(&f->a, m.path, NULL, &x, &f->d, E0901, nowhere));
    assert_int_equal(f->d.list.n, 1);
    assert_non_null(strstr(f->d.list.data[0]->message, "line 300301: an event's numbers"));
    assert_int_equal(remove(m.path), 0);
}

/* As far into one: what is no place is told of a line, too. */
static void fraction_in_line(void **state)
{
    struct run_fixture *f = *state;
    const struct maker m = {.path = "/tmp/dyn_event_fraction.csv", .kind = CSV};
    struct npy x;
    make_file(&m);
    FILE *file = fopen(m.path, "ab");
    assert_non_null(file);
    fputs("1,2.7,3,1\n", file);
    assert_int_equal(fclose(file), 0);
    assert_false(event_file_load(&f->a, m.path, NULL, &x, &f->d, E0901, nowhere));
    assert_int_equal(f->d.list.n, 1);
    assert_int_equal(f->d.list.data[0]->code, E0505);
    assert_non_null(strstr(f->d.list.data[0]->message, "line 300301: an event's numbers but t"));
    assert_int_equal(remove(m.path), 0);
}

/* Records of floats, the last of which is at no pixel: in memory and in a file that is large. */
static void fraction_in_record(void **state)
{
    struct run_fixture *f = *state;
    static const char path[] = "/tmp/dyn_event_fraction.npy";
    static const uint64_t count[] = {3, 200000};
    const struct plan_shape shape = {3, {2, 5, 7}};
    for (size_t k = 0; k < 2; k++) {
        struct buf b = {0};
        struct stimulus_source s;
        struct npy x;
        npy_header(&b, "[('t', '<f8'), ('x', '<f8'), ('y', '<f8'), ('p', '<f8')]", 1, &count[k]);
        for (uint64_t i = 0; i < count[k]; i++) {
            const double r[] = {(double)i + 0.5, i + 1 == count[k] ? 2.5 : 2, 3, 1};
            buf_put(&b, r, sizeof r);
        }
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(b.data, 1, b.n, file), b.n);
        assert_int_equal(fclose(file), 0);
        buf_free(&b);
        assert_true(event_file_load(&f->a, path, NULL, &x, &f->d, E0901, nowhere));
        assert_int_equal(x.data == NULL, k);
        assert_false(
            stimulus_event_records(&f->a, &s, &x, NULL, 0, &shape, 0, 0, &f->d, path, nowhere));
        assert_int_equal(f->d.list.n, k + 1);
        assert_int_equal(f->d.list.data[k]->code, E0801);
        assert_non_null(strstr(f->d.list.data[k]->message,
                               arena_printf(&f->a, "event %u of", (uint32_t)count[k] - 1)));
        assert_non_null(strstr(f->d.list.data[k]->message, "has x 2.5, which isn't a whole"));
    }
    assert_int_equal(remove(path), 0);
}

/* A line longer than what is read at once makes the file one that is read whole. */
static void long_line(void **state)
{
    struct run_fixture *f = *state;
    const struct maker m = {.path = "/tmp/dyn_event_long.csv", .kind = CSV};
    struct npy x;
    make_file(&m);
    FILE *file = fopen(m.path, "ab");
    assert_non_null(file);
    for (int i = 0; i < 100000; i++)
        fputc('#', file);
    assert_int_equal(fclose(file), 0);
    assert_true(event_file_load(&f->a, m.path, NULL, &x, &f->d, E0901, nowhere));
    assert_int_equal(x.count, EVENTS);
    assert_non_null(x.data);
    assert_int_equal(remove(m.path), 0);
}

/* A .bin that ends within a record is told by its length, as small ones are. */
static void cut_bin(void **state)
{
    struct run_fixture *f = *state;
    const struct maker m = {.path = "/tmp/dyn_event_cut.bin", .kind = BIN};
    struct npy x;
    make_file(&m);
    assert_int_equal(truncate(m.path, EVENTS * BIN_RECORD - 3), 0);
    assert_false(event_file_load(&f->a, m.path, NULL, &x, &f->d, E0901, nowhere));
    assert_int_equal(f->d.list.data[0]->code, E0505);
    assert_int_equal(remove(m.path), 0);
}

/* In the middle of a run or before it: an error, whatever the file has become. */
static void check_changed(struct run_fixture *f, const char *path, enum file_kind kind)
{
    struct maker m = {.path = path, .kind = kind};
    struct run_result r;
    make_file(&m);
    assert_true(use(f, &m, false));
    assert_true(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    m.wrong = 250000;
    m.outside = true;
    make_file(&m);
    assert_false(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    assert_int_equal(f->d.list.data[0]->code, E0901);
    assert_int_equal(truncate(m.path, 1000000), 0);
    assert_false(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    struct stimulus s;
    assert_false(stimulus_tables(&f->a, &f->s, 1e-3, &s, &f->d));
    assert_int_equal(remove(m.path), 0);
    assert_false(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    assert_int_equal(f->d.list.n, 1); /* told once */
}

static void changed(void **state)
{
    check_changed(*state, "/tmp/dyn_event_changed.npy", NPY);
}

static void changed_csv(void **state)
{
    check_changed(*state, "/tmp/dyn_event_changed.csv", CSV);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_read_whole),
                                       cmocka_unit_test(others_as_read_whole),
                                       RUN_TEST(outside),
                                       RUN_TEST(outside_of_bin),
                                       RUN_TEST(outside_of_csv),
                                       RUN_TEST(wrong_line),
                                       RUN_TEST(fraction_in_line),
                                       RUN_TEST(fraction_in_record),
                                       RUN_TEST(long_line),
                                       RUN_TEST(cut_bin),
                                       RUN_TEST(changed_csv),
                                       RUN_TEST(changed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
