/* The engine against a loop that is as plain as the language's definition: order of sums, delays,
 * receptors; and that neither threads nor the layout of lanes change anything. */
#include "tests/unit/unit.h"

#include "runtime/base/fpenv.h"
#include "runtime/base/rng.h"
#include "runtime/record_npz.h"
#include "runtime/run.h"
#include "tests/unit/make_plan.h"
#include <math.h>
#include <stdio.h>
#include <unistd.h>

struct fixture {
    struct arena a;
    struct diags d;
    struct backend interp;
    struct plan *p;
    struct stimulus s;
    struct run_options o;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    backend_interp(&f->interp);
    f->p = ARENA_NEW(&f->a, struct plan);
    *f->p = (struct plan){.network = "n", .dt = 1e-3};
    f->s.name = "s";
    f->o = (struct run_options){
        .stimulus = &f->s, .trials = 1, .chips = 1, .jobs = 1, .backend = &f->interp};
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

static void record_all(struct fixture *f)
{
    VEC(struct run_record) all = {0};
    for (uint32_t g = 0; g < f->p->group.n; g++) {
        uint32_t n = f->p->kernel.data[f->p->group.data[g].kernel]->n_states;
        for (int32_t s = -1; s < (int32_t)n; s++)
            VEC_PUSH(&f->a, &all, ((struct run_record){g, s}));
    }
    f->o.record = all.data;
    f->o.n_record = all.n;
}

/* Poisson trains with counts above 1 now and then. */
static void play_poisson(struct fixture *f, uint64_t steps)
{
    f->s.steps = steps;
    f->s.n_inputs = f->p->input.n;
    f->s.source = ARENA_ARRAY(&f->a, struct stimulus_source, f->p->input.n);
    for (uint32_t i = 0; i < f->p->input.n; i++) {
        struct stimulus_source *s = &f->s.source[i];
        *s = (struct stimulus_source){
            .kind = STIM_POISSON, .channels = f->p->input.data[i].n, .seed = i};
        s->rate = ARENA_ARRAY(&f->a, double, s->channels);
        for (uint32_t c = 0; c < s->channels; c++)
            s->rate[c] = 200;
    }
}

/* ---- the plain loop ---- */

struct naive {
    float *spikes, *v, *second; /* [steps, neurons] of one trial, for each group */
};

/* What group `g` receives at `receptor` in step t: the definition of language.md section 3. */
static void naive_sums(const struct fixture *f, const struct naive *n, uint32_t g,
                       uint32_t receptor, uint32_t trial, uint64_t t, float *sum)
{
    struct arena scratch = {0};
    struct diags d = {0};
    struct stimulus_player player;
    assert_true(stimulus_play(&scratch, &f->s, f->p->dt, &player, &d));
    for (uint32_t i = 0; i < f->p->group.data[g].n; i++)
        sum[i] = 0;
    for (uint32_t i = 0; i < f->p->projection.n; i++) {
        const struct plan_projection *j = &f->p->projection.data[i];
        if (j->dst != g || j->receptor != receptor || t < j->delay)
            continue;
        float *count = ARENA_ARRAY(&scratch, float, j->n_pre);
        if (j->from_input) {
            struct stimulus_event *e = ARENA_ARRAY(&scratch, struct stimulus_event, j->n_pre);
            uint32_t k = stimulus_at(&player, j->src, trial, t - j->delay, e);
            while (k-- > 0)
                count[e[k].channel] = (float)e[k].count;
        } else {
            memcpy(count, n[j->src].spikes + (t - j->delay) * j->n_pre, j->n_pre * sizeof *count);
        }
        for (uint32_t pre = 0; pre < j->n_pre; pre++) {
            if (count[pre] == 0)
                continue;
            for (uint64_t s = j->row[pre]; s < j->row[pre + 1]; s++) {
                float part = j->weight[s] * count[pre];
                sum[j->post[s]] += part;
            }
        }
    }
    diags_free(&d);
    arena_free(&scratch);
}

/* make_counter(), neuron by neuron; `decay` of a group from `param`. */
static struct naive *naive_run(struct fixture *f, uint32_t trial, struct column *const *param)
{
    const struct plan *p = f->p;
    struct naive *n = ARENA_ARRAY(&f->a, struct naive, p->group.n);
    for (uint32_t g = 0; g < p->group.n; g++) {
        size_t size = (size_t)f->s.steps * p->group.data[g].n;
        n[g] = (struct naive){ARENA_ARRAY(&f->a, float, size), ARENA_ARRAY(&f->a, float, size),
                              ARENA_ARRAY(&f->a, float, size)};
    }
    for (uint64_t t = 0; t < f->s.steps; t++) {
        for (uint32_t g = 0; g < p->group.n; g++) {
            const uint32_t size = p->group.data[g].n;
            float *now = n[g].v + t * size, *sum = ARENA_ARRAY(&f->a, float, size);
            naive_sums(f, n, g, 0, trial, t, sum);
            naive_sums(f, n, g, 1, trial, t, n[g].second + t * size);
            for (uint32_t i = 0; i < size; i++) {
                float decay = param[g][0].v[param[g][0].uniform ? 0 : i];
                float kept = decay * (t ? (now - size)[i] : 0), v = kept + sum[i];
                float spikes = v >= 1 ? floorf(v) : 0;
                n[g].spikes[t * size + i] = spikes;
                now[i] = v - spikes;
            }
        }
    }
    return n;
}

/* ---- random networks ---- */

struct dice {
    uint64_t seed, index;
};

static uint32_t roll(struct dice *d, uint32_t n)
{
    return (uint32_t)(rng_uniform(d->seed, d->index++) * n);
}

/* Rows with gaps, whole rows, and now and then two synapses between the same neurons. */
static void any_projection(struct fixture *f, struct dice *d)
{
    struct plan *p = f->p;
    struct plan_projection j = {.from_input = roll(d, 2)};
    j.src = roll(d, j.from_input ? p->input.n : p->group.n);
    j.dst = roll(d, p->group.n);
    j.receptor = roll(d, 2);
    j.delay = (roll(d, 2) ? roll(d, 6) : 0) + (j.from_input ? 0 : 1);
    j.n_pre = j.from_input ? p->input.data[j.src].n : p->group.data[j.src].n;
    const uint32_t n_post = p->group.data[j.dst].n;
    j.row = ARENA_ARRAY(&f->a, uint64_t, j.n_pre + 1);
    j.post = ARENA_ARRAY(&f->a, uint32_t, 2 * j.n_pre * n_post);
    j.weight = ARENA_ARRAY(&f->a, float, 2 * j.n_pre * n_post);
    const bool dense = roll(d, 2);
    const double scale = 0.7 / sqrt(j.n_pre);
    uint64_t n = 0;
    for (uint32_t pre = 0; pre < j.n_pre; pre++) {
        for (uint32_t post = 0; post < n_post; post++) {
            for (uint32_t k = dense ? 1 : roll(d, 8) == 0 ? 2 : roll(d, 2); k > 0; k--) {
                j.post[n] = post;
                j.weight[n++] = (float)(rng_normal(d->seed, d->index++) * scale);
            }
        }
        j.row[pre + 1] = n;
    }
    VEC_PUSH(&f->a, &p->projection, j);
}

static void any_network(struct fixture *f, struct dice *d)
{
    struct plan *p = f->p;
    VEC_PUSH(&f->a, &p->kernel, make_counter(&f->a, 2));
    for (uint32_t i = 0; i < 2; i++)
        make_input(&f->a, p, "in", 1 + roll(d, 70));
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t g = make_group(&f->a, p, "g", 1 + roll(d, i == 2 ? 600 : 40), 0, 0.9f);
        p->group.data[g].mismatch[0] = 0.3;
    }
    p->has_mismatch = roll(d, 2);
    p->mismatch_seed = roll(d, 100);
    for (uint32_t i = 0; i < 7; i++)
        any_projection(f, d);
    const char *why = "";
    if (!plan_verify(p, &why))
        fail_msg("%s", why);
}

/* ---- comparing ---- */

static const void *recorded(const struct run_result *r, uint32_t group, int32_t state)
{
    for (uint32_t i = 0; i < r->n_record; i++) {
        if (r->record[i].what.group == group && r->record[i].what.state == state)
            return r->record[i].data;
    }
    fail();
    return NULL;
}

static void compare_trial(struct fixture *f, const struct run_result *r, uint32_t chip,
                          uint32_t trial)
{
    const struct plan *p = f->p;
    struct column **param = ARENA_ARRAY(&f->a, struct column *, p->group.n);
    for (uint32_t g = 0; g < p->group.n; g++) {
        param[g] = ARENA_ARRAY(&f->a, struct column, 1);
        mismatch_apply(&f->a, p, g, p->mismatch_seed + chip, param[g]);
    }
    const struct naive *n = naive_run(f, trial, param);
    for (uint32_t g = 0; g < p->group.n; g++) {
        const uint32_t size = p->group.data[g].n;
        const size_t at = ((size_t)chip * r->trials + trial) * (size_t)r->steps * size;
        const uint8_t *spikes = (const uint8_t *)recorded(r, g, -1) + at;
        const float *v = (const float *)recorded(r, g, 0) + at,
                    *second = (const float *)recorded(r, g, 1) + at;
        const uint64_t *total = r->count[g] + ((size_t)chip * r->trials + trial) * size;
        uint64_t *sum = ARENA_ARRAY(&f->a, uint64_t, size);
        for (size_t i = 0; i < (size_t)r->steps * size; i++) {
            assert_true(spikes[i] == n[g].spikes[i]);
            sum[i % size] += spikes[i];
            if (chip == 0 && trial == 0)
                assert_int_equal(r->raster[g][i], spikes[i]);
        }
        assert_memory_equal(v, n[g].v, (size_t)r->steps * size * sizeof *v);
        assert_memory_equal(second, n[g].second, (size_t)r->steps * size * sizeof *v);
        assert_memory_equal(total, sum, size * sizeof *sum);
    }
}

static void as_the_plain_loop(void **state)
{
    struct fixture *f = *state;
    uint64_t old = fpenv_flush();
    uint64_t spikes = 0;
    for (uint32_t round = 0; round < 12; round++) {
        struct dice d = {round, 0};
        struct run_result r;
        *f->p = (struct plan){.network = "n", .dt = 1e-3};
        any_network(f, &d);
        play_poisson(f, 40);
        record_all(f);
        f->o.trials = 1 + roll(&d, 5);
        f->o.chips = 1 + roll(&d, 2);
        f->o.jobs = 1 + roll(&d, 3);
        assert_true(run_plan(&f->a, f->p, &f->o, &r, &f->d));
        for (uint32_t c = 0; c < r.chips; c++) {
            for (uint32_t t = 0; t < r.trials; t++)
                compare_trial(f, &r, c, t);
        }
        spikes += r.count[0][0];
    }
    assert_true(spikes > 0);
    fpenv_restore(old);
}

static void same_results(const struct plan *p, const struct run_result *x,
                         const struct run_result *y)
{
    for (uint32_t i = 0; i < x->n_record; i++) {
        size_t n = (size_t)x->chips * x->trials * (size_t)x->steps *
                   p->group.data[x->record[i].what.group].n;
        size_t size = x->record[i].what.state < 0 ? 1 : sizeof(float);
        assert_memory_equal(x->record[i].data, y->record[i].data, n * size);
    }
    for (uint32_t g = 0; g < p->group.n; g++)
        assert_memory_equal(x->count[g], y->count[g],
                            (size_t)x->chips * x->trials * p->group.data[g].n * sizeof(uint64_t));
}

static void threads_change_nothing(void **state)
{
    struct fixture *f = *state;
    struct dice d = {77, 0};
    any_network(f, &d);
    f->p->has_mismatch = true;
    play_poisson(f, 30);
    record_all(f);
    f->o.trials = 23;
    f->o.chips = 3;
    struct run_result one, many;
    assert_true(run_plan(&f->a, f->p, &f->o, &one, &f->d));
    for (uint32_t jobs = 2; jobs < 90; jobs *= 3) {
        f->o.jobs = jobs;
        assert_true(run_plan(&f->a, f->p, &f->o, &many, &f->d));
        same_results(f->p, &one, &many);
    }
    /* A chip or a trial of its own is that of the larger run. */
    f->o.chips = 1;
    f->o.trials = 4;
    f->p->mismatch_seed += 2;
    assert_true(run_plan(&f->a, f->p, &f->o, &many, &f->d));
    const uint32_t n = f->p->group.data[2].n;
    assert_memory_equal(many.count[2], one.count[2] + (size_t)2 * 23 * n,
                        (size_t)4 * n * sizeof(uint64_t));
}

/* ---- the order of sums ---- */

static void sums_go_in_source_order(void **state)
{
    struct fixture *f = *state;
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
    record_all(f);
    struct run_result r;
    assert_true(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    assert_true(((const float *)recorded(&r, 0, 1))[0] == 0);
    f->p->projection.data[0].weight[0] = 0x1p24f;
    f->p->projection.data[0].weight[1] = 1;
    f->p->projection.data[1].weight[0] = -0x1p24f;
    assert_true(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    assert_true(((const float *)recorded(&r, 0, 1))[0] == 0);
    struct plan_projection first = f->p->projection.data[0];
    f->p->projection.data[0] = f->p->projection.data[1];
    f->p->projection.data[1] = first;
    f->p->projection.data[1].weight[1] = 1;
    assert_true(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    assert_true(((const float *)recorded(&r, 0, 1))[0] == 1);
}

/* ---- errors ---- */

/* One input of one channel that gives `count` in step 3 of trial 1, weight 1, to neuron 1. */
static void one_burst(struct fixture *f, double count)
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
    record_all(f);
}

static void counts_up_to_255_are_recorded(void **state)
{
    struct fixture *f = *state;
    struct run_result r;
    one_burst(f, 255);
    assert_true(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    assert_int_equal(((const uint8_t *)recorded(&r, 0, -1))[(8 + 3) * 4 + 2], 255);
    assert_int_equal(r.count[0][4 + 2], 255);
}

static void larger_counts_are_errors_where_recorded(void **state)
{
    struct fixture *f = *state;
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
    struct fixture *f = *state;
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

static void what_cannot_be_run(void **state)
{
    struct fixture *f = *state;
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
    struct fixture *f = *state;
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
    struct fixture *f = *state;
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
    struct fixture *f = *state;
    struct run_result r;
    one_burst(f, 1);
    assert_true(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    volatile float tiny = 0x1p-126f, half = 0.5f;
    assert_true(tiny * half > 0);
}

/* ---- npz ---- */

static void results_as_npz(void **state)
{
    struct fixture *f = *state;
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(as_the_plain_loop),
        TEST(threads_change_nothing),
        TEST(sums_go_in_source_order),
        TEST(counts_up_to_255_are_recorded),
        TEST(larger_counts_are_errors_where_recorded),
        TEST(what_is_not_a_count_is_an_error),
        TEST(what_cannot_be_run),
        TEST(delays_beyond_the_end_cost_nothing),
        TEST(progress_and_cancel),
        TEST(the_mode_is_restored),
        TEST(results_as_npz),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
