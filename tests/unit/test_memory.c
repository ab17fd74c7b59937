/* What networks and runs take in memory, in bytes of their arenas: the numbers of
 * runtime/README.md, "Memory". */
#include "tests/unit/unit.h"

#include "compiler/driver.h"
#include "tests/unit/make_plan.h"
#include "tests/unit/run_fixture.h"
#include <unistd.h>

static void equals(double x, double documented)
{
    if (x < documented * 0.99 || x > documented * 1.01)
        print_error("%g bytes, where %g are documented\n", x, documented);
    assert_true(x > documented * 0.99 && x < documented * 1.01);
}

/* ---- a run ---- */

static bool begin(void *arg)
{
    (void)arg;
    return true;
}

static bool put(void *arg, uint32_t record, uint64_t trial, const void *data, size_t n)
{
    (void)arg, (void)record, (void)trial, (void)data, (void)n;
    return true;
}

/* Of a run of one group of `n` neurons (two receptors, two states) for `steps` steps. */
static double run_bytes(struct run_fixture *f, uint32_t n, uint64_t steps, bool to_sink)
{
    struct run_result r;
    const struct run_sink sink = {.begin = begin, .put = put, .window = 1};
    f->p->group.n = 0;
    make_group(&f->a, f->p, "g", n, 0, 0.5f);
    f->s.steps = steps;
    f->o.sink = to_sink ? &sink : NULL;
    assert_true(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    return r.bytes;
}

/* Bytes of a further neuron, for `steps` steps; groups are so large that a span is 4 of them. */
static double neuron_bytes(struct run_fixture *f, uint64_t steps, bool to_sink)
{
    enum { FEW = 50000, MANY = 90000 };
    const double few = run_bytes(f, FEW, steps, to_sink);
    return (run_bytes(f, MANY, steps, to_sink) - few) / (MANY - FEW);
}

static void a_run_takes_what_is_documented(void **state)
{
    struct run_fixture *f = *state;
    enum { STATES = 1, RECEPTORS = 2, SPAN = 4, STEPS = 40 }; /* s1 only where it is recorded */
    VEC_PUSH(&f->a, &f->p->kernel, make_counter(&f->a, RECEPTORS));
    f->o.jobs = 1;
    const double neuron = 4 * (STATES + (RECEPTORS + 1) * SPAN + 1) + SPAN / 8.0 + 8;
    equals(neuron_bytes(f, STEPS, false), neuron);
    equals(neuron_bytes(f, 10 * STEPS, false), neuron);

    f->o.record = (const struct run_record[]){{0, -1}};
    f->o.n_record = 1;
    equals(neuron_bytes(f, STEPS, false), neuron + STEPS);
    equals(neuron_bytes(f, STEPS, true), neuron + SPAN);
    f->o.record = (const struct run_record[]){{0, 1}};
    equals(neuron_bytes(f, STEPS, false), neuron + 4 * (1 + SPAN + STEPS));
    equals(neuron_bytes(f, STEPS, true), neuron + 4 * (1 + SPAN + SPAN));
    equals(neuron_bytes(f, 10 * STEPS, true), neuron + 4 * (1 + SPAN + SPAN));

    /* Neither do trials add to it: they are run one after the other. */
    f->o.n_record = 0;
    f->o.trials = 3;
    equals(neuron_bytes(f, STEPS, false), neuron + 2 * 8);
}

/* ---- a network ---- */

/* Of the network and the plan of a source that connects `pre` neurons with `post` others. */
static double plan_bytes(uint32_t pre, uint32_t post)
{
    struct driver d;
    struct program p;
    struct plan plan;
    const struct build_options o = {0};
    char path[] = "/tmp/test_memory.XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    driver_init(&d);
    const char *text =
        arena_printf(&d.arena,
                     "use dynapse2; network n { dt = 1 ms; layer a[%u]: dpi; layer b[%u]: dpi;"
                     " a -> b: dense(uniform(0, 1) seed 3), delay = 1 ms; }",
                     pre, post);
    assert_true(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    assert_true(driver_open(&d, path, &p) && driver_plan(&p, &o, &plan));
    assert_int_equal(unlink(path), 0);
    const double bytes = (double)d.arena.used;
    assert_int_equal(plan.projection.data[0].row[pre], (uint64_t)pre * post);
    driver_free(&d);
    return bytes;
}

static void a_network_takes_what_is_documented(void **state)
{
    (void)state;
    const double few = plan_bytes(500, 1000);
    equals((plan_bytes(500, 2000) - few) / (500 * 1000), 8);
    equals((plan_bytes(1000, 1000) - few) / 500, 8 * 1000 + 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(a_run_takes_what_is_documented),
        cmocka_unit_test(a_network_takes_what_is_documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
