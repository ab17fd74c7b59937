/* Stimuli: tables from rasters and events, regular trains, Poisson statistics and determinism. */
#include "tests/unit/unit.h"

#include "runtime/base/rng.h"
#include "runtime/stimulus.h"
#include <math.h>

static const struct span nowhere;

struct fixture {
    struct arena a;
    struct diags d;
    struct stimulus_source source;
    struct stimulus s;
    struct stimulus_player p;
    struct stimulus_event e[256];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->s = (struct stimulus){.name = "s", .n_inputs = 1, .source = &f->source};
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    diags_free(&f->d);
    arena_free(&f->a);
    free(f);
    return 0;
}

static void play(struct fixture *f, double dt)
{
    assert_true(stimulus_play(&f->a, &f->s, dt, &f->p, &f->d));
}

static uint32_t at(struct fixture *f, uint32_t trial, uint64_t step)
{
    return stimulus_at(&f->p, 0, trial, step, f->e);
}

static void use_rates(struct fixture *f, enum stimulus_kind kind, uint32_t channels, double rate)
{
    f->source = (struct stimulus_source){.kind = kind, .channels = channels};
    f->source.rate = ARENA_ARRAY(&f->a, double, channels);
    for (uint32_t i = 0; i < channels; i++)
        f->source.rate[i] = rate;
}

/* ---- rasters ---- */

/* Bytes and numbers make the same table, at any alignment and density. */
static void raster_of_bytes(void **state)
{
    struct fixture *f = *state;
    enum { TRIALS = 2, STEPS = 5, CHANNELS = 77, N = TRIALS * STEPS * CHANNELS };
    uint8_t bytes[N + 3];
    double numbers[N];
    for (uint32_t k = 0; k < 40; k++) {
        for (uint32_t i = 0; i < N; i++) {
            uint32_t r = (i * 2654435761u + k * 40503u) >> 16;
            bytes[k % 3 + i] = r % 40 < k ? (uint8_t)(r % 7 ? 1 : r) : 0;
            numbers[i] = bytes[k % 3 + i];
        }
        const uint64_t extent[] = {TRIALS, STEPS, CHANNELS};
        struct stimulus_source a, b;
        struct stimulus_counts u8 = {.u8 = bytes + k % 3}, f64 = {.f64 = numbers};
        assert_true(stimulus_raster(&f->a, &a, u8, 3, extent, CHANNELS, &f->d, "r", nowhere));
        assert_true(stimulus_raster(&f->a, &b, f64, 3, extent, CHANNELS, &f->d, "r", nowhere));
        assert_memory_equal(a.row, b.row, (TRIALS * STEPS + 1) * sizeof *a.row);
        assert_memory_equal(a.event, b.event, a.row[TRIALS * STEPS] * sizeof *a.event);
    }
}

static void raster(void **state)
{
    struct fixture *f = *state;
    const double v[] = {0, 2, 0, 1, 0, 300, /* trial 1: */ 0, 0, 0, 0, 0, 7};
    assert_true(stimulus_raster(&f->a, &f->source, (struct stimulus_counts){.f64 = v}, 3,
                                (const uint64_t[]){2, 2, 3}, 3, &f->d, "r", nowhere));
    assert_int_equal(f->source.trials, 2);
    assert_int_equal(f->source.steps, 2);
    play(f, 1e-3);
    assert_int_equal(at(f, 0, 0), 1);
    assert_int_equal(f->e[0].channel, 1);
    assert_int_equal(f->e[0].count, 2);
    assert_int_equal(at(f, 0, 1), 2);
    assert_int_equal(f->e[1].channel, 2);
    assert_int_equal(f->e[1].count, 300);
    assert_int_equal(at(f, 1, 0), 0);
    assert_int_equal(at(f, 3, 1), 1); /* trials repeat */
    assert_int_equal(f->e[0].count, 7);
    assert_int_equal(at(f, 0, 2), 0); /* beyond the end */
    f->s.one_per_step = true;
    at(f, 0, 1);
    assert_int_equal(f->e[1].count, 1);
}

/* Told by both functions, in the same words. */
static void wrong_raster(struct fixture *f, const double *v, uint32_t rank, const uint64_t *extent)
{
    const struct stimulus_counts counts = {.f64 = v};
    struct diags whole = {0}, check = {0};
    assert_false(stimulus_raster(&f->a, &f->source, counts, rank, extent, 2, &whole, "r", nowhere));
    assert_false(stimulus_raster_check(&f->source, counts, rank, extent, 2, &check, "r", nowhere));
    assert_int_equal(whole.n_errors, 1);
    assert_int_equal(check.n_errors, 1);
    assert_int_equal(whole.list.data[0]->code, E0801);
    assert_string_equal(whole.list.data[0]->message, check.list.data[0]->message);
    diags_free(&whole);
    diags_free(&check);
}

static void wrong_rasters(void **state)
{
    struct fixture *f = *state;
    const double fraction[] = {0, 0.5}, negative[] = {0, -1}, huge[] = {0, 5e9}, nan_[] = {0, NAN};
    const double *bad[] = {fraction, negative, huge, nan_}, good[] = {0, 1};
    for (size_t i = 0; i < 4; i++)
        wrong_raster(f, bad[i], 2, (const uint64_t[]){1, 2});
    wrong_raster(f, good, 2, (const uint64_t[]){2, 1});
    wrong_raster(f, good, 1, (const uint64_t[]){2});
    wrong_raster(f, good, 2, (const uint64_t[]){0, 2});
    wrong_raster(f, good, 2, (const uint64_t[]){STIMULUS_MAX_CELLS + 1, 2});
    assert_true(stimulus_raster_check(&f->source, (struct stimulus_counts){.f64 = good}, 3,
                                      (const uint64_t[]){1, 1, 2}, 2, &f->d, "r", nowhere));
    assert_int_equal(f->source.trials, 1);
    assert_int_equal(f->source.steps, 1);
}

/* ---- events ---- */

static bool events(struct fixture *f, const double *t, const double *c, uint64_t n,
                   const uint64_t *offset, uint32_t n_offsets, double dt, uint64_t steps)
{
    return stimulus_events(&f->a, &f->source, t, c, n, offset, n_offsets, 4, dt, steps, &f->d, "e",
                           nowhere);
}

static void events_are_binned(void **state)
{
    struct fixture *f = *state;
    const double t[] = {2999, 0, 999, 3000, 1000, 999, 2999}, c[] = {3, 1, 0, 2, 1, 1, 3};
    assert_true(events(f, t, c, 7, NULL, 0, 1e-3, 0));
    assert_int_equal(f->source.steps, 4);
    assert_int_equal(f->source.trials, 1);
    play(f, 1e-3);
    assert_int_equal(at(f, 0, 0), 2);
    assert_int_equal(f->e[0].channel, 0);
    assert_int_equal(f->e[1].channel, 1);
    assert_int_equal(f->e[1].count, 2);
    assert_int_equal(at(f, 0, 1), 1);
    assert_int_equal(at(f, 0, 2), 1);
    assert_int_equal(f->e[0].count, 2);
    assert_int_equal(at(f, 0, 3), 1);
}

static void times_are_exact(void **state)
{
    struct fixture *f = *state;
    /* 0.1 ms isn't a binary fraction; its multiples in microseconds are whole all the same. */
    enum { N = 2000 };
    double t[N], c[N] = {0};
    for (int i = 0; i < N; i++)
        t[i] = 100.0 * i - (i % 2 ? 1 : 0); /* odd ones just before their step */
    assert_true(events(f, t, c, N, NULL, 0, 1e-4, N));
    play(f, 1e-4);
    for (uint64_t i = 0; i < N; i++)
        assert_int_equal(at(f, 0, i), i % 2 ? 0 : 1);
    const double far[] = {4503599627370000.0};
    assert_false(events(f, far, c, 1, NULL, 0, 1e-4, 0)); /* more steps than are possible */
}

static void offsets_cut_trials(void **state)
{
    struct fixture *f = *state;
    const double t[] = {0, 5000, 1000}, c[] = {0, 1, 2};
    assert_true(events(f, t, c, 3, (const uint64_t[]){0, 2, 2, 3}, 4, 1e-3, 8));
    assert_int_equal(f->source.trials, 3);
    play(f, 1e-3);
    assert_int_equal(at(f, 0, 5), 1);
    assert_int_equal(at(f, 1, 5), 0);
    assert_int_equal(at(f, 2, 1), 1);
    assert_int_equal(f->e[0].channel, 2);
    assert_false(events(f, t, c, 3, (const uint64_t[]){0, 2, 1, 3}, 4, 1e-3, 8));
    assert_false(events(f, t, c, 3, (const uint64_t[]){0, 2}, 2, 1e-3, 8));
    assert_false(events(f, t, c, 3, (const uint64_t[]){0}, 1, 1e-3, 8));
}

static void wrong_events(void **state)
{
    struct fixture *f = *state;
    const double good[] = {0}, negative[] = {-1}, nan_[] = {NAN}, far[] = {4}, half[] = {0.5},
                 late[] = {8000};
    assert_true(events(f, good, good, 1, NULL, 0, 1e-3, 8));
    assert_false(events(f, negative, good, 1, NULL, 0, 1e-3, 8));
    assert_false(events(f, nan_, good, 1, NULL, 0, 1e-3, 8));
    assert_false(events(f, late, good, 1, NULL, 0, 1e-3, 8));
    assert_false(events(f, good, far, 1, NULL, 0, 1e-3, 8));
    assert_false(events(f, good, half, 1, NULL, 0, 1e-3, 8));
    assert_false(events(f, good, negative, 1, NULL, 0, 1e-3, 8));
    assert_int_equal(f->d.n_errors, 6);
}

/* ---- generators ---- */

static void regular(void **state)
{
    struct fixture *f = *state;
    use_rates(f, STIM_REGULAR, 3, 50);
    f->source.rate[1] = 2500;
    f->source.rate[2] = 0;
    play(f, 1e-3);
    uint32_t total = 0;
    for (uint64_t step = 0; step < 200; step++) {
        uint32_t n = at(f, 3, step);
        bool first = n > 0 && f->e[0].channel == 0;
        assert_int_equal(first, step % 20 == 0);
        assert_int_equal(f->e[n - 1].channel, 1);
        assert_int_equal(f->e[n - 1].count, step % 2 ? 2 : 3);
        total += f->e[n - 1].count;
    }
    assert_int_equal(total, 500);
    use_rates(f, STIM_REGULAR, 1, 1e-9); /* one in 31 years; the first is at 0 */
    play(f, 1e-3);
    assert_int_equal(at(f, 0, 0), 1);
    assert_int_equal(at(f, 0, 1), 0);
}

static void poisson_moments(struct fixture *f, double mean)
{
    enum { CHANNELS = 67, STEPS = 600 };
    use_rates(f, STIM_POISSON, CHANNELS, mean * 1e3);
    f->source.seed = 2023;
    play(f, 1e-3);
    double sum = 0, squares = 0;
    for (uint64_t step = 0; step < STEPS; step++) {
        uint32_t n = at(f, 5, step);
        for (uint32_t i = 0; i < n; i++) {
            assert_true(f->e[i].count > 0 && (i == 0 || f->e[i].channel > f->e[i - 1].channel));
            sum += f->e[i].count;
            squares += (double)f->e[i].count * f->e[i].count;
        }
    }
    const double n = (double)CHANNELS * STEPS, m = sum / n, variance = squares / n - m * m;
    /* five standard errors of the mean; the variance's own variance is (mean + 2 mean^2) / n */
    assert_true(fabs(m - mean) < 5 * sqrt(mean / n));
    assert_true(fabs(variance - mean) < 5 * sqrt((mean + 2 * mean * mean) / n));
}

static void poisson_statistics(void **state)
{
    const double mean[] = {0.01, 0.05, 0.9, 1, 7.5, 130, 1000};
    for (size_t i = 0; i < sizeof mean / sizeof *mean; i++)
        poisson_moments(*state, mean[i]);
}

/* Against the distribution function itself: at a mean of 3, how often each count comes. */
static void poisson_distribution(void **state)
{
    struct fixture *f = *state;
    enum { CHANNELS = 200, STEPS = 500, MOST = 12 };
    use_rates(f, STIM_POISSON, CHANNELS, 3000);
    play(f, 1e-3);
    double seen[MOST] = {0};
    for (uint64_t step = 0; step < STEPS; step++) {
        uint32_t n = at(f, 0, step);
        seen[0] += CHANNELS - n;
        for (uint32_t i = 0; i < n; i++)
            seen[f->e[i].count < MOST ? f->e[i].count : MOST - 1]++;
    }
    double p = exp(-3);
    for (int k = 0; k < MOST - 1; k++) {
        double expected = p * CHANNELS * STEPS;
        assert_true(fabs(seen[k] - expected) < 5 * sqrt(expected) + 3);
        p *= 3.0 / (k + 1);
    }
}

/* The definition, from threefry() alone: which words give an event at 50 Hz. */
static void poisson_is_what_is_documented(void **state)
{
    struct fixture *f = *state;
    use_rates(f, STIM_POISSON, 131, 50);
    f->source.seed = 0x500000007;
    play(f, 1e-3);
    const double none = exp(-0.05) * 0x1p32;
    for (uint64_t step = 0; step < 64; step++) {
        struct rng_key key;
        threefry((struct rng_key){{7, 5}}, 9, 0, key.k);
        uint32_t n = at(f, 9, step), i = 0;
        for (uint32_t c = 0; c < 131; c++) {
            uint32_t word[2];
            threefry(key, c / 2, (uint32_t)step, word);
            bool event = word[c % 2] >= none;
            assert_int_equal(event, i < n && f->e[i].channel == c);
            i += event;
        }
        assert_int_equal(i, n);
    }
}

static void poisson_depends_on_seed_trial_and_step_only(void **state)
{
    struct fixture *f = *state;
    struct stimulus_event first[256];
    use_rates(f, STIM_POISSON, 200, 300);
    play(f, 1e-3);
    uint32_t n = at(f, 2, 17);
    memcpy(first, f->e, sizeof first);
    at(f, 1, 16);
    assert_int_equal(at(f, 2, 17), n);
    assert_memory_equal(first, f->e, n * sizeof *first);
    assert_false(at(f, 3, 17) == n && memcmp(first, f->e, n * sizeof *first) == 0);
    assert_false(at(f, 2, 18) == n && memcmp(first, f->e, n * sizeof *first) == 0);
    assert_false(at(f, 2, 17 + ((uint64_t)1 << 32)) == n &&
                 memcmp(first, f->e, n * sizeof *first) == 0);
    f->source.seed = 1;
    assert_false(at(f, 2, 17) == n && memcmp(first, f->e, n * sizeof *first) == 0);
}

static void wrong_rates(void **state)
{
    struct fixture *f = *state;
    const double bad[] = {-1, NAN, INFINITY, 1e8};
    for (size_t i = 0; i < 4; i++) {
        use_rates(f, STIM_POISSON, 2, 5);
        f->source.rate[1] = bad[i];
        assert_false(stimulus_play(&f->a, &f->s, 1e-3, &f->p, &f->d));
    }
    assert_int_equal(f->d.n_errors, 4);
    use_rates(f, STIM_POISSON, 2, 0);
    play(f, 1e-3);
    assert_int_equal(at(f, 0, 0), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(raster_of_bytes),
        TEST(raster),
        TEST(wrong_rasters),
        TEST(events_are_binned),
        TEST(times_are_exact),
        TEST(offsets_cut_trials),
        TEST(wrong_events),
        TEST(regular),
        TEST(poisson_statistics),
        TEST(poisson_distribution),
        TEST(poisson_is_what_is_documented),
        TEST(poisson_depends_on_seed_trial_and_step_only),
        TEST(wrong_rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
