/* The engine against a loop that is as plain as the language's definition: order of sums, delays,
 * receptors; and that neither threads nor the layout of lanes change anything. */
#include "tests/unit/unit.h"

#include "runtime/base/fpenv.h"
#include "runtime/base/rng.h"
#include "tests/unit/any_kernel.h"
#include "tests/unit/dpi_net.h"
#include "tests/unit/make_plan.h"
#include "tests/unit/run_fixture.h"
#include <math.h>

/* ---- the plain loop ---- */

struct naive {
    float *spikes, *v, *second; /* [steps, neurons] of one trial, for each group */
};

/* What group `g` receives at `receptor` in step t: the definition of language.md section 3. */
static void naive_sums(const struct run_fixture *f, const struct naive *n, uint32_t g,
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

/* Neurons of make_counter() whose state also loses a quarter of what was emitted a step earlier. */
static struct kernel *make_neuron(struct arena *a)
{
    struct kernel *k = make_counter(a, 2);
    struct kcode *step = &k->step;
    const uint32_t quarter = make_inst(a, step, (struct kinst){.op = K_CONST, .imm = 0.25f}),
                   spikes = make_inst(a, step, (struct kinst){.op = K_SPIKES}),
                   loss =
                       make_inst(a, step, (struct kinst){.op = K_MUL, .a = quarter, .b = spikes});
    step->out[0] = make_inst(a, step, (struct kinst){.op = K_SUB, .a = step->out[0], .b = loss});
    return k;
}

/* make_neuron(), neuron by neuron; `decay` of a group from `param`. */
static struct naive *naive_run(struct run_fixture *f, uint32_t trial, struct column *const *param)
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
                float kept = decay * (t ? (now - size)[i] : p->group.data[g].init[0].v[0]),
                      v = kept + sum[i];
                float spikes = v >= 1 ? floorf(v) : 0;
                n[g].spikes[t * size + i] = spikes;
                float loss = 0.25f * (t ? n[g].spikes[(t - 1) * size + i] : 0);
                float left = v - spikes;
                now[i] = left - loss;
            }
        }
    }
    return n;
}

/* ---- random networks ---- */

/* Rows with gaps and now and then two synapses between the same neurons; rows of consecutive
 * neurons; whole rows. */
static void any_rows(struct run_fixture *f, struct dice *d, struct plan_projection *j)
{
    enum { GAPS, RUNS, WHOLE, N_KINDS };
    const uint32_t n_post = f->p->group.data[j->dst].n, kind = roll(d, N_KINDS);
    const double scale = (j->from_input ? 0.7 : 0.4) / sqrt(j->n_pre);
    j->row = ARENA_ARRAY(&f->a, uint64_t, j->n_pre + 1);
    j->post = ARENA_ARRAY(&f->a, uint32_t, 2 * j->n_pre * n_post);
    j->weight = ARENA_ARRAY(&f->a, float, 2 * j->n_pre * n_post);
    uint64_t n = 0;
    for (uint32_t pre = 0; pre < j->n_pre; pre++) {
        const uint32_t begin = kind == RUNS ? roll(d, n_post) : 0,
                       end = kind == RUNS ? begin + roll(d, n_post - begin + 1) : n_post;
        for (uint32_t post = begin; post < end; post++) {
            for (uint32_t k = kind != GAPS ? 1 : roll(d, 8) == 0 ? 2 : roll(d, 2); k > 0; k--) {
                j->post[n] = post;
                j->weight[n++] = (float)(rng_normal(d->seed, d->index++) * scale);
            }
        }
        j->row[pre + 1] = n;
    }
}

/* Delays within a span of steps, of several spans, and beyond the end. */
static void any_projection(struct run_fixture *f, struct dice *d)
{
    struct plan *p = f->p;
    struct plan_projection j = {.from_input = roll(d, 2), .pool = {1, 1}};
    do {
        j.src = roll(d, j.from_input ? p->input.n : p->group.n);
        j.dst = roll(d, p->group.n);
        j.n_pre = j.from_input ? p->input.data[j.src].n : p->group.data[j.src].n;
    } while ((uint64_t)j.n_pre * p->group.data[j.dst].n > 400000);
    j.receptor = roll(d, 2);
    j.delay = (roll(d, 2) ? roll(d, roll(d, 3) ? 6 : 200) : 0) + (j.from_input ? 0 : 1);
    any_rows(f, d, &j);
    VEC_PUSH(&f->a, &p->projection, j);
}

static void any_network(struct run_fixture *f, struct dice *d, uint32_t largest)
{
    struct plan *p = f->p;
    *p = (struct plan){.network = "n", .dt = 1e-3};
    VEC_PUSH(&f->a, &p->kernel, make_neuron(&f->a));
    for (uint32_t i = 0; i < 2; i++)
        make_input(&f->a, p, "in", 1 + roll(d, 70));
    for (uint32_t i = 0; i < 4; i++) {
        const uint32_t n = i != 2           ? 1 + roll(d, largest < 40 ? largest : 40)
                           : largest > 1000 ? largest - roll(d, 1000)
                                            : 1 + roll(d, largest);
        const uint32_t g = make_group(&f->a, p, "g", n, 0, 0.9f);
        p->group.data[g].mismatch[0] = 0.3;
        p->group.data[g].init[0].v[0] = roll(d, 2) ? 2.5f : 0; /* spikes at once */
    }
    p->has_mismatch = roll(d, 2);
    p->mismatch_seed = roll(d, 100);
    for (uint32_t i = 0; i < 8; i++)
        any_projection(f, d);
    const char *why = "";
    if (!plan_verify(p, &why))
        fail_msg("%s", why);
}

/* ---- random stimuli ---- */

/* Most cells are empty, few have more than one event, in some trials nothing happens. */
static void any_table(struct run_fixture *f, struct dice *d, struct stimulus_source *s,
                      uint32_t trials)
{
    const size_t cells = (size_t)trials * f->s.steps * s->channels;
    double *raster = ARENA_ARRAY(&f->a, double, cells);
    const double share = roll(d, 3) ? 0.3 / (1 + roll(d, s->channels)) : 0;
    for (size_t i = 0; i < cells; i++) {
        if (rng_uniform(d->seed, d->index++) < share)
            raster[i] = 1 + roll(d, 8) / 7;
    }
    assert_true(stimulus_raster(&f->a, s, (struct stimulus_counts){.f64 = raster}, 3,
                                (const uint64_t[]){trials, f->s.steps, s->channels}, s->channels,
                                &f->d, "r", (struct span){0}));
}

static void any_stimulus(struct run_fixture *f, struct dice *d, uint64_t steps)
{
    f->s.steps = steps;
    f->s.n_inputs = f->p->input.n;
    f->s.one_per_step = roll(d, 2);
    f->s.source = ARENA_ARRAY(&f->a, struct stimulus_source, f->p->input.n);
    for (uint32_t i = 0; i < f->p->input.n; i++) {
        struct stimulus_source *s = &f->s.source[i];
        *s = (struct stimulus_source){
            .kind = STIM_POISSON, .channels = f->p->input.data[i].n, .seed = i};
        s->rate = ARENA_ARRAY(&f->a, double, s->channels);
        for (uint32_t c = 0; c < s->channels; c++)
            s->rate[c] = 200;
        if (roll(d, 2))
            any_table(f, d, s, roll(d, 2) ? 1 : 1 + roll(d, 5));
    }
}

/* ---- comparing ---- */

/* Cell i of [steps, size]. */
static bool fired_in_raster(const uint8_t *raster, uint32_t size, size_t i)
{
    const size_t step = i / size, neuron = i % size;
    return raster[step * run_raster_row(size) + neuron / 8] >> neuron % 8 & 1;
}

static void compare_trial(struct run_fixture *f, const struct run_result *r, uint32_t chip,
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
        const uint8_t *spikes = (const uint8_t *)run_fixture_recorded(r, g, -1) + at;
        const float *v = (const float *)run_fixture_recorded(r, g, 0) + at,
                    *second = (const float *)run_fixture_recorded(r, g, 1) + at;
        const uint64_t *total = r->count[g] + ((size_t)chip * r->trials + trial) * size;
        uint64_t *sum = ARENA_ARRAY(&f->a, uint64_t, size);
        for (size_t i = 0; i < (size_t)r->steps * size; i++) {
            assert_true(spikes[i] == n[g].spikes[i]);
            sum[i % size] += spikes[i];
            if (chip == 0 && trial == 0 && r->raster[g])
                assert_int_equal(fired_in_raster(r->raster[g], size, i), spikes[i] != 0);
        }
        assert_memory_equal(v, n[g].v, (size_t)r->steps * size * sizeof *v);
        assert_memory_equal(second, n[g].second, (size_t)r->steps * size * sizeof *v);
        assert_memory_equal(total, sum, size * sizeof *sum);
    }
}

/* Whatever the back end; `largest` is the size of the largest group. Returns spikes. */
static uint64_t check_network(struct run_fixture *f, uint32_t seed, uint32_t largest)
{
    struct dice d = {seed, 0};
    struct run_result r;
    const uint64_t old = fpenv_flush();
    any_network(f, &d, largest);
    any_stimulus(f, &d, 1 + roll(&d, largest > 1000 ? 20 : 250));
    run_fixture_record_all(f);
    f->o.trials = 1 + roll(&d, largest > 1000 ? 2 : largest > 10 ? 6 : 80);
    f->o.chips = largest > 1000 ? 1 : 1 + roll(&d, 2);
    f->o.jobs = largest > 1000 ? f->o.trials * (2 + roll(&d, 3)) : 1 + roll(&d, 3);
    if (!run_plan(&f->a, f->p, &f->o, &r, &f->d))
        fail_msg("%s", f->d.list.data[0]->message);
    for (uint32_t c = 0; c < r.chips; c++) {
        for (uint32_t t = 0; t < r.trials; t++)
            compare_trial(f, &r, c, t);
    }
    fpenv_restore(old);
    return r.count[0][0] + r.count[2][0];
}

static void as_the_plain_loop(void **state)
{
    struct run_fixture *f = *state;
    uint64_t spikes = 0;
    for (uint32_t round = 0; round < 20; round++)
        spikes += check_network(f, round, 300);
    assert_true(spikes > 0);
}

static void as_the_plain_loop_with_the_jit(void **state)
{
    struct run_fixture *f = *state;
    struct backend jit;
    if (!dpi_open_jit(&jit))
        skip();
    f->o.backend = &jit;
    for (uint32_t round = 0; round < 12; round++)
        check_network(f, 100 + round, 300);
    jit.release(&jit);
}

/* Circles of a few neurons in many trials: what comes from within is delivered step by step, the
 * rest for a span. */
static void small_circles_as_the_plain_loop(void **state)
{
    struct run_fixture *f = *state;
    uint64_t spikes = 0;
    for (int level = CPU_BASE; level <= (int)cpu_level(); level++) {
        struct backend b[2];
        backend_interp(&b[0]);
        const uint32_t n = dpi_open_jit(&b[1]) ? 2 : 1;
        for (uint32_t i = 0; i < n; i++) {
            b[i].cpu = (enum cpu_level)level;
            f->o.backend = &b[i];
            for (uint32_t round = 0; round < 6; round++)
                spikes += check_network(f, 300 + 10 * (uint32_t)level + round, 1 + 2 * round);
            b[i].release(&b[i]);
        }
    }
    assert_true(spikes > 0);
}

/* Groups so large that threads share their lanes. */
static void large_groups_as_the_plain_loop(void **state)
{
    struct run_fixture *f = *state;
    for (uint32_t round = 0; round < 6; round++)
        check_network(f, 200 + round, 9000);
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
    struct run_fixture *f = *state;
    struct dice d = {77, 0};
    any_network(f, &d, 600);
    f->p->has_mismatch = true;
    any_stimulus(f, &d, 70);
    run_fixture_record_all(f);
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

/* States that nobody records may not be computed at all: `second` is read by nothing. */
static void what_is_recorded_changes_nothing(void **state)
{
    struct run_fixture *f = *state;
    struct dice d = {78, 0};
    any_network(f, &d, 100);
    any_stimulus(f, &d, 150);
    run_fixture_record_all(f);
    f->o.trials = 3;
    struct run_result all, some;
    assert_true(run_plan(&f->a, f->p, &f->o, &all, &f->d));
    const struct run_record few[] = {{1, 1}, {2, 0}, {2, -1}, {2, 0}};
    f->o.record = few;
    for (f->o.n_record = 0; f->o.n_record <= 4; f->o.n_record++) {
        assert_true(run_plan(&f->a, f->p, &f->o, &some, &f->d));
        for (uint32_t g = 0; g < f->p->group.n; g++)
            assert_memory_equal(all.count[g], some.count[g],
                                3 * f->p->group.data[g].n * sizeof(uint64_t));
        for (uint32_t i = 0; i < some.n_record; i++) {
            const struct run_record w = few[i];
            const size_t n = (size_t)3 * 150 * f->p->group.data[w.group].n;
            assert_memory_equal(some.record[i].data, run_fixture_recorded(&all, w.group, w.state),
                                n * (w.state < 0 ? 1 : sizeof(float)));
        }
    }
}

/* The interpreter, and how many codes it was asked for. */
struct counted {
    struct backend interp;
    uint32_t codes;
};

static bool count_codes(const struct backend *b, struct arena *a, const struct kernel_spec *spec,
                        uint32_t n, struct kernel_code *out, struct diags *d)
{
    struct counted *c = b->state;
    c->codes += n;
    return c->interp.prepare(&c->interp, a, spec, n, out, d);
}

/* So many layers, each with a decay of its own. */
static uint32_t codes_of_layers(struct run_fixture *f, uint32_t layers)
{
    struct dice d = {79, 0};
    struct plan *p = ARENA_NEW(&f->a, struct plan);
    *p = (struct plan){.network = "n", .dt = 1e-3};
    f->p = p;
    VEC_PUSH(&f->a, &p->kernel, make_neuron(&f->a));
    make_input(&f->a, p, "in", 7);
    for (uint32_t g = 0; g < layers; g++) {
        make_group(&f->a, p, "g", 3 + g, 0, 0.5f + 0.03f * (float)g);
        float *weight = ARENA_ARRAY(&f->a, float, 7 * (3 + g));
        for (uint32_t i = 0; i < 7 * (3 + g); i++)
            weight[i] = (float)rng_normal(d.seed, d.index++);
        make_dense(&f->a, p, true, 0, g, weight);
    }
    any_stimulus(f, &d, 100);
    run_fixture_record_all(f);
    struct counted c = {0};
    backend_interp(&c.interp);
    struct backend b = c.interp;
    b.prepare = count_codes;
    b.state = &c;
    f->o.backend = &b;
    struct run_result r;
    const uint64_t old = fpenv_flush();
    assert_true(run_plan(&f->a, p, &f->o, &r, &f->d));
    compare_trial(f, &r, 0, 0);
    fpenv_restore(old);
    return c.codes;
}

static void many_layers_share_code(void **state)
{
    assert_int_equal(codes_of_layers(*state, 1), 1);
    assert_int_equal(codes_of_layers(*state, 8), 8);
    assert_int_equal(codes_of_layers(*state, 9), 1);
    assert_int_equal(codes_of_layers(*state, 40), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(as_the_plain_loop),
        RUN_TEST(as_the_plain_loop_with_the_jit),
        RUN_TEST(small_circles_as_the_plain_loop),
        RUN_TEST(large_groups_as_the_plain_loop),
        RUN_TEST(threads_change_nothing),
        RUN_TEST(what_is_recorded_changes_nothing),
        RUN_TEST(many_layers_share_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
