/* The textbook models of stdlib/neurons.dyn: step by step against the published equations in plain
 * C, and the firing patterns that their papers give them. */
#include "tests/unit/unit.h"

#include "runtime/base/rng.h"
#include "runtime/dyn.h"
#include "runtime/kernel_math.h"
#include <stdio.h>
#include <unistd.h>

static const char source[] =
    "use neurons;\n"
    "network izh {\n"
    "    dt = 1 ms;\n"
    "    input in[1];\n"
    "    layer rs[1]: izhikevich { current = 10; }\n"
    "    layer ib[1]: izhikevich { current = 10; c = -55; d = 4; }\n"
    "    layer ch[1]: izhikevich { current = 10; c = -50; d = 2; }\n"
    "    layer fs[1]: izhikevich { current = 10; a = 0.1; d = 2; }\n"
    "    layer lts[1]: izhikevich { current = 10; b = 0.25; d = 2; }\n"
    "    layer driven[1]: izhikevich;\n"
    "    in -> driven: all_to_all(40);\n"
    "}\n"
    "network adx {\n"
    "    dt = 0.1 ms;\n"
    "    input in[1];\n"
    "    let nS = 1 nA / 1 V;\n"
    "    layer published[1]: adex { current = 1 nA; }\n"
    "    layer tonic[1]: adex { C = 200 pF; g_leak = 10 * nS; v_rest = -70 mV; v_threshold = -50 "
    "mV;\n"
    "        a = 2 * nS; tau_w = 30 ms; b = 0; v_reset = -58 mV; current = 500 pA; }\n"
    "    layer adapting[1]: adex { C = 200 pF; g_leak = 12 * nS; v_rest = -70 mV;\n"
    "        v_threshold = -50 mV; a = 2 * nS; tau_w = 300 ms; b = 60 pA; v_reset = -58 mV;\n"
    "        current = 500 pA; }\n"
    "    layer initial[1]: adex { C = 130 pF; g_leak = 18 * nS; v_rest = -58 mV;\n"
    "        v_threshold = -50 mV; a = 4 * nS; tau_w = 150 ms; b = 120 pA; v_reset = -50 mV;\n"
    "        current = 400 pA; }\n"
    "    layer bursting[1]: adex { C = 200 pF; g_leak = 10 * nS; v_rest = -58 mV;\n"
    "        v_threshold = -50 mV; a = 2 * nS; tau_w = 120 ms; b = 100 pA; v_reset = -46 mV;\n"
    "        current = 210 pA; }\n"
    "    layer driven[1]: adex;\n"
    "    in -> driven: all_to_all(8);\n"
    "}\n"
    "network sources {\n"
    "    dt = 1 ms;\n"
    "    input in[1];\n"
    "    layer p[50]: poisson { rate = 40 Hz; }\n"
    "    layer q[50]: poisson { rate = 40 Hz; seed = 1; }\n"
    "}\n";

enum { MOST = 20000 }; /* steps */

struct fixture {
    dyn_context *context;
    dyn_image *image;
    dyn_result *result;
    uint8_t *events; /* of the input */
};

/* Every 7th step brings an event. */
static struct fixture run(const char *network, uint32_t trials, uint32_t steps, const char *record)
{
    char path[] = "/tmp/dyn-models-XXXXXX";
    const int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, source, sizeof source - 1), sizeof source - 1);
    close(file);
    struct fixture f = {.context = dyn_new(), .events = calloc(trials, steps)};
    for (size_t i = 0; i < (size_t)trials * steps; i += 7)
        f.events[i] = 1;
    f.image = dyn_compile(f.context, path, &(dyn_compile_options){.network = network});
    unlink(path);
    assert_non_null(f.image);
    dyn_input in = {.name = "in", .counts = f.events, .trials = trials, .steps = steps};
    f.result = dyn_run(
        f.context, f.image,
        &(dyn_run_options){.backend = "interp", .input = &in, .n_input = 1, .record = record});
    assert_non_null(f.result);
    return f;
}

static void done(struct fixture *f)
{
    dyn_result_free(f->result);
    dyn_image_free(f->image);
    dyn_free(f->context);
    free(f->events);
}

static dyn_data data_of(const struct fixture *f, const char *variable)
{
    dyn_data d;
    assert_int_equal(dyn_result_data(f->result, variable, &d), 1);
    return d;
}

/* Steps at which the only neuron of a layer fires. */
struct train {
    int n;
    int at[MOST];
};

static struct train train_of(const struct fixture *f, const char *variable)
{
    const dyn_data d = data_of(f, variable);
    struct train t = {0};
    for (uint64_t i = 0; i < d.steps; i++) {
        if (d.spikes[i])
            t.at[t.n++] = (int)i;
    }
    return t;
}

static int gap(const struct train *t, int i)
{
    assert_true(i + 1 < t->n);
    return t->at[i + 1] - t->at[i];
}

/* Gaps of at most `most` steps. */
static int short_gaps(const struct train *t, int most)
{
    int n = 0;
    for (int i = 0; i + 1 < t->n; i++)
        n += gap(t, i) <= most;
    return n;
}

/* ---- Izhikevich ---- */

static void izhikevich_is_as_published(void **state)
{
    (void)state;
    struct fixture f = run("izh", 1, 1000, "driven.spikes,driven.v,driven.u");
    const dyn_data spikes = data_of(&f, "driven.spikes"), v = data_of(&f, "driven.v"),
                   u = data_of(&f, "driven.u");
    float x = -65, y = 0.2f * -65;
    int fired = 0;
    for (int t = 0; t < 1000; t++) {
        const float i = f.events[t] * 40.0f;
        for (int half = 0; half < 2; half++)
            x = x + 0.5f * (0.04f * x * x + 5 * x + 140 - y + i);
        y = y + 0.02f * (0.2f * x - y);
        const bool spike = x >= 30;
        if (spike) {
            x = -65;
            y = y + 8;
        }
        fired += spike;
        assert_int_equal(spikes.spikes[t], spike);
        assert_true(v.values[t] == x);
        assert_true(u.values[t] == y);
    }
    assert_in_range(fired, 3, 100);
    done(&f);
}

static void izhikevich_patterns(void **state)
{
    (void)state;
    struct fixture f = run("izh", 1, 1000, "rs.spikes,ib.spikes,ch.spikes,fs.spikes,lts.spikes");
    const struct train rs = train_of(&f, "rs.spikes"), ib = train_of(&f, "ib.spikes"),
                       ch = train_of(&f, "ch.spikes"), fs = train_of(&f, "fs.spikes"),
                       lts = train_of(&f, "lts.spikes");
    /* Regular spiking: the first interval is the shortest, then it goes on slowly. */
    assert_in_range(rs.n, 10, 30);
    for (int i = 1; i + 1 < rs.n; i++)
        assert_true(gap(&rs, i) > 3 * gap(&rs, 0) / 2);
    /* Intrinsically bursting: a burst, then single spikes. */
    assert_true(gap(&ib, 0) < 10);
    assert_int_equal(short_gaps(&ib, 20), 1);
    /* Chattering: bursts all the time, of two and more spikes. */
    assert_true(short_gaps(&ch, 6) >= ch.n / 2);
    assert_true(ch.n - 1 - short_gaps(&ch, 6) >= 15);
    assert_int_equal(short_gaps(&ch, 30), short_gaps(&ch, 6));
    /* Fast spiking: many, and the last ones as fast as the early ones. */
    assert_true(fs.n > 3 * rs.n);
    assert_true(abs((fs.at[31] - fs.at[1]) - (fs.at[fs.n - 1] - fs.at[fs.n - 31])) < 60);
    /* Low threshold spiking: faster than regular spiking, and it adapts. */
    assert_true(lts.n > 3 * rs.n / 2);
    assert_true(lts.at[8] - lts.at[0] < lts.at[lts.n - 1] - lts.at[lts.n - 9]);
    done(&f);
}

/* ---- adaptive exponential ---- */

static void adex_is_as_published(void **state)
{
    (void)state;
    struct fixture f = run("adx", 1, 10000, "driven.spikes,driven.v,driven.w");
    const dyn_data spikes = data_of(&f, "driven.spikes"), v = data_of(&f, "driven.v"),
                   w = data_of(&f, "driven.w");
    const float rest = -70.6e-3f, threshold = -50.4e-3f, delta = 2e-3f;
    const float per_C = 1e-4f / 281e-12f, per_tau = 1e-4f / 144e-3f;
    const float keep = (float)exp((double)(-1e-4f / 5e-3f));
    float x = rest, y = 0, i_syn = 0;
    int fired = 0;
    for (int t = 0; t < 10000; t++) {
        i_syn = keep * i_syn + f.events[t] * 8.0f * 100e-12f;
        const float above = x - rest;
        const float upswing = delta * kernel_expf((x - threshold) * (1 / delta));
        const float dx = (30e-9f * (upswing - above) - y + i_syn + 0) * per_C;
        y = y + (4e-9f * above - y) * per_tau;
        x = x + dx;
        const bool spike = x > 20e-3f;
        if (spike) {
            x = rest;
            y = y + 80.5e-12f;
        }
        fired += spike;
        assert_int_equal(spikes.spikes[t], spike);
        assert_true(v.values[t] == x);
        assert_true(w.values[t] == y);
    }
    assert_in_range(fired, 20, 1000);
    done(&f);
}

static void adex_patterns(void **state)
{
    (void)state;
    struct fixture f =
        run("adx", 1, 10000,
            "published.spikes,tonic.spikes,adapting.spikes,initial.spikes,bursting.spikes");
    const struct train published = train_of(&f, "published.spikes"),
                       tonic = train_of(&f, "tonic.spikes"),
                       adapting = train_of(&f, "adapting.spikes"),
                       initial = train_of(&f, "initial.spikes"),
                       bursting = train_of(&f, "bursting.spikes");
    /* Steps of 0.1 ms. Adaptation: intervals grow and then stay. */
    assert_true(gap(&published, published.n - 2) > 2 * gap(&published, 0));
    for (int i = 1; i + 1 < published.n; i++)
        assert_true(gap(&published, i) + 1 >= gap(&published, i - 1));
    /* Without b the intervals are equal. */
    assert_true(gap(&tonic, tonic.n - 2) - gap(&tonic, 1) <= 5);
    assert_true(gap(&adapting, adapting.n - 2) > 5 * gap(&adapting, 0));
    /* A burst at the beginning, then single spikes. */
    assert_int_equal(short_gaps(&initial, 200), 2);
    assert_true(gap(&initial, initial.n - 2) > 400);
    /* Bursts of two and three, far apart, for ever. */
    assert_true(bursting.n >= 10);
    for (int i = 2; i + 1 < bursting.n; i++)
        assert_true(gap(&bursting, i) < 100 ? gap(&bursting, i - 1) > 1000
                                            : gap(&bursting, i - 1) < 100);
    done(&f);
}

/* ---- Poisson ---- */

static void poisson_is_poisson(void **state)
{
    (void)state;
    enum { TRIALS = 20, STEPS = 1000, N = 50 };
    struct fixture f = run("sources", TRIALS, STEPS, "p.spikes,q.spikes");
    const dyn_data p = data_of(&f, "p.spikes"), q = data_of(&f, "q.spikes");
    double total = 0, both = 0, squares = 0;
    int equal_trials = 0;
    for (int trial = 0; trial < TRIALS; trial++) {
        const uint8_t *x = p.spikes + (size_t)trial * STEPS * N;
        equal_trials += trial > 0 && memcmp(x, p.spikes, STEPS * N) == 0;
        for (int i = 0; i < N; i++) {
            int n = 0;
            for (int t = 0; t < STEPS; t++) {
                const size_t at = ((size_t)trial * STEPS + (size_t)t) * N + (size_t)i;
                n += p.spikes[at];
                both += p.spikes[at] & q.spikes[at];
                uint32_t word[2]; /* what the language says of random(0) */
                threefry((struct rng_key){{0, (uint32_t)trial}}, (uint32_t)i, (uint32_t)t, word);
                assert_int_equal(p.spikes[at], ldexp(word[0] >> 8, -24) < (double)0.04f);
            }
            total += n;
            squares += (double)n * n;
        }
    }
    /* 1000 counts of mean 40 and variance 40 (1 - 0.04); what two seeds share is chance. */
    const double mean = total / (TRIALS * N), variance = squares / (TRIALS * N) - mean * mean;
    assert_true(fabs(mean - 40) < 1);
    assert_true(fabs(variance / mean - 0.96) < 0.2);
    assert_true(fabs(both / (TRIALS * N * STEPS) - 0.04 * 0.04) < 0.0002);
    assert_int_equal(equal_trials, 0);
    done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(izhikevich_is_as_published), cmocka_unit_test(izhikevich_patterns),
        cmocka_unit_test(adex_is_as_published),       cmocka_unit_test(adex_patterns),
        cmocka_unit_test(poisson_is_poisson),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
