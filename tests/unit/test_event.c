/* Event-driven runs: random networks against a loop over all outputs, the order of events, threads,
 * sinks, what goes wrong. */
#include "tests/unit/unit.h"

#include "runtime/base/rng.h"
#include "runtime/record_npz.h"
#include "tests/naive_events.h"
#include "tests/unit/make_plan.h"
#include "tests/unit/run_fixture.h"
#include <math.h>
#include <pthread.h>
#include <stdio.h>

enum { ROUNDS = 3000, TRIALS = 3, EVENTS = 40 };

struct dice {
    uint64_t seed, index;
    bool whole; /* weights and parameters are whole numbers */
    bool large; /* some of them near the ends of 16 bits */
};

static uint32_t roll(struct dice *d, uint32_t n)
{
    return (uint32_t)(rng_uniform(d->seed, d->index++) * n);
}

static float any_number(struct dice *d)
{
    if (!d->whole)
        return (float)rng_normal(d->seed, d->index++);
    return (float)roll(d, d->large && roll(d, 3) == 0 ? 60000 : 41) - (d->large ? 20000 : 20);
}

/* ---- random networks ---- */

static void any_shape(struct dice *d, struct plan_shape *s, uint32_t *n)
{
    const uint32_t rank = roll(d, 4) == 0 ? 1 + roll(d, 4) : 3;
    *s = (struct plan_shape){rank, {0}};
    *n = 1;
    for (uint32_t i = 0; i < rank; i++) {
        s->extent[i] = 1 + roll(d, i + 2 < rank ? 3 : 9);
        *n *= s->extent[i];
    }
}

static void any_sensor(struct run_fixture *f, struct dice *d, struct plan_input *in)
{
    struct sensor *s = in->sensor = ARENA_NEW(&f->a, struct sensor);
    const uint32_t kind = roll(d, 3);
    *s = (struct sensor){.from = "dvs", .raw = {2, 1 + roll(d, 12), 1 + roll(d, 12)}};
    s->on = kind != 0;
    s->off = kind != 1;
    s->merge = roll(d, 2);
    s->swap = roll(d, 2);
    for (int i = 0; i < 2; i++) {
        s->pool[i] = 1 + roll(d, s->raw[1 + i] < 3 ? s->raw[1 + i] : 3);
        const uint32_t n = s->raw[1 + i] / s->pool[i];
        s->crop[i][0] = roll(d, n);
        s->crop[i][1] = s->crop[i][0] + 1 + roll(d, n - s->crop[i][0]);
        s->mirror[i] = roll(d, 2);
    }
    in->shape.rank = 3;
    sensor_map(s, in->shape.extent);
    in->n = in->shape.extent[0] * in->shape.extent[1] * in->shape.extent[2];
}

static struct column any_column(struct run_fixture *f, struct dice *d, uint32_t n, float least,
                                float below)
{
    struct column c = {.uniform = roll(d, 4) != 0};
    c.v = ARENA_ARRAY(&f->a, float, n);
    for (uint32_t i = 0; i < n; i++) {
        const float x = least + (float)rng_uniform(d->seed, d->index++) * (below - least);
        c.v[i] = d->whole ? floorf(x) : x;
    }
    return c;
}

static void any_group(struct run_fixture *f, struct dice *d, const struct plan_shape *s, uint32_t n)
{
    const float scale = d->large ? 1000 : d->whole ? 20 : 1;
    const uint32_t g = make_group(&f->a, f->p, "g", n, 0, 1);
    struct plan_group *group = &f->p->group.data[g];
    group->name = arena_printf(&f->a, "g%u", g);
    group->shape = *s;
    group->param[0] = any_column(f, d, n, scale, (d->large ? 32 : 3) * scale);
    group->param[1] = any_column(f, d, n, -2 * scale, 0);
    if (roll(d, 5) == 0)
        group->param[1] = (struct column){ARENA_NEW(&f->a, float), true};
    if (group->param[1].uniform && roll(d, 5) == 0)
        group->param[1].v[0] = -INFINITY;
    group->param[2] = any_column(f, d, n, 0, 2);
    for (uint32_t i = 0; i < n; i++)
        group->param[2].v[i] = floorf(group->param[2].v[i]);
    group->init[0] = any_column(f, d, n, -scale, scale);
}

static void any_conv(struct dice *d, struct conv *c, const uint32_t src[3], struct plan_shape *dst)
{
    *c = (struct conv){.out = 1 + roll(d, 20), .in = src[0]};
    *dst = (struct plan_shape){3, {c->out}};
    for (int i = 0; i < 2; i++) {
        c->padding[i] = roll(d, 4);
        const uint32_t padded = src[1 + i] + 2 * c->padding[i];
        c->kernel[i] = 1 + roll(d, padded < 6 ? padded : 6);
        c->stride[i] = 1 + roll(d, 4);
        dst->extent[1 + i] = conv_extent(c, i, src[1 + i]);
    }
}

static void any_weights(struct run_fixture *f, struct dice *d, struct conv *c)
{
    c->w = ARENA_ARRAY(&f->a, float, conv_count(c));
    for (uint64_t i = 0; i < conv_count(c); i++)
        c->w[i] = any_number(d);
}

static void any_rows(struct run_fixture *f, struct dice *d, struct plan_projection *j,
                     uint32_t n_post)
{
    const uint32_t most = j->n_pre * n_post * 2;
    const bool dense = roll(d, 2);
    uint64_t n = 0;
    j->row = ARENA_ARRAY(&f->a, uint64_t, j->n_pre + 1);
    j->post = ARENA_ARRAY(&f->a, uint32_t, most);
    j->weight = ARENA_ARRAY(&f->a, float, most);
    for (uint32_t pre = 0; pre < j->n_pre; pre++) {
        for (uint32_t post = 0; post < n_post; post++) {
            /* some neurons twice */
            const uint32_t times = dense ? 1 : roll(d, 3) == 0 ? 1 + (roll(d, 4) == 0) : 0;
            for (uint32_t k = 0; k < times; k++) {
                j->post[n] = post;
                j->weight[n++] = any_number(d);
            }
        }
        j->row[pre + 1] = n;
    }
}

/* A connection from any source before group `dst`, which comes to be by it unless it is there. */
static void any_projection(struct run_fixture *f, struct dice *d, uint32_t dst)
{
    struct plan *p = f->p;
    const uint32_t src = roll(d, p->input.n + dst);
    struct plan_projection j = {.from_input = src < p->input.n, .dst = dst, .pool = {1, 1}};
    j.src = j.from_input ? src : src - p->input.n;
    const struct plan_shape from =
        j.from_input ? p->input.data[j.src].shape : p->group.data[j.src].shape;
    j.n_pre = j.from_input ? p->input.data[j.src].n : p->group.data[j.src].n;
    uint32_t whole[3], pooled[3];
    if (from.rank == 3) {
        for (int i = 0; i < 2; i++)
            j.pool[i] =
                roll(d, 2) ? 1 : 1 + roll(d, from.extent[1 + i] < 4 ? from.extent[1 + i] : 4);
        j.average = roll(d, 4) == 0;
        assert_true(plan_source_map(p, &j, whole, pooled));
        j.n_pre = pooled[0] * pooled[1] * pooled[2];
    }
    struct plan_shape shape;
    struct conv c;
    bool conv = from.rank == 3 && roll(d, 4) != 0;
    if (conv)
        any_conv(d, &c, pooled, &shape);
    if (dst == p->group.n) {
        uint32_t n = 0;
        if (conv)
            n = shape.extent[0] * shape.extent[1] * shape.extent[2];
        else
            any_shape(d, &shape, &n);
        any_group(f, d, &shape, n);
    } else if (conv) { /* another that makes the same map, or rows */
        const struct plan_shape *s = &p->group.data[dst].shape;
        c.out = s->extent[0];
        conv = s->rank == 3 && s->extent[1] == shape.extent[1] && s->extent[2] == shape.extent[2];
    }
    if (conv) {
        j.conv = ARENA_NEW(&f->a, struct conv);
        *j.conv = c;
        any_weights(f, d, j.conv);
    } else {
        any_rows(f, d, &j, p->group.data[dst].n);
    }
    VEC_PUSH(&f->a, &p->projection, j);
}

static void any_network(struct run_fixture *f, struct dice *d)
{
    f->p->dt = 0;
    f->p->semantics = PLAN_EVENT;
    VEC_PUSH(&f->a, &f->p->kernel, make_iaf(&f->a));
    for (uint32_t i = roll(d, 3) == 0; i < 2; i++) {
        make_input(&f->a, f->p, "in", 1);
        struct plan_input *in = &f->p->input.data[f->p->input.n - 1];
        any_shape(d, &in->shape, &in->n);
        if (roll(d, 3) == 0)
            any_sensor(f, d, in);
    }
    for (uint32_t g = 0, n = 1 + roll(d, 4); g < n; g++)
        for (uint32_t k = 0, times = 1 + (roll(d, 3) == 0); k < times; k++)
            any_projection(f, d, g);
    const char *why = "";
    assert_true(plan_verify(f->p, &why));
}

static void any_events(struct run_fixture *f, struct dice *d)
{
    f->s.n_inputs = f->p->input.n;
    f->s.source = ARENA_ARRAY(&f->a, struct stimulus_source, f->s.n_inputs);
    for (uint32_t i = 0; i < f->s.n_inputs; i++) {
        double t[TRIALS * EVENTS], c[TRIALS * EVENTS];
        const uint32_t channels = plan_stimulus_channels(&f->p->input.data[i]);
        for (int k = 0; k < TRIALS * EVENTS; k++) {
            t[k] = roll(d, 60); /* many at the same time */
            c[k] = roll(d, channels);
        }
        assert_true(stimulus_events(&f->a, &f->s.source[i], t, c, TRIALS * EVENTS,
                                    (const uint64_t[]){0, EVENTS, 2 * EVENTS, 3 * EVENTS},
                                    TRIALS + 1, channels, 0, 60, &f->d, "e", (struct span){0}));
    }
    f->s.steps = 60;
    f->s.trials = f->o.trials = TRIALS;
}

/* ---- against the loop ---- */

struct fired { /* what the loop gave, as records */
    struct arena a;
    const struct plan *p;
    uint32_t trial;
    struct {
        VEC(uint8_t) bytes;
    } * group;
};

static void fires(void *arg, struct naive_event e)
{
    struct fired *x = arg;
    const struct plan_shape *s = &x->p->group.data[e.source].shape;
    const uint32_t r = s->rank, h = r < 2 ? 1 : s->extent[r - 2], w = r < 2 ? 1 : s->extent[r - 1];
    const uint32_t f = e.element / (h * w), at = e.element % (h * w);
    const uint64_t field[] = {x->trial, (uint64_t)e.t, f, at / w, at % w};
    const int size[] = {4, 8, 2, 2, 2};
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < size[i]; k++)
            VEC_PUSH(&x->a, &x->group[e.source].bytes, (uint8_t)(field[i] >> (8 * k)));
}

static bool is_whole(float x)
{
    return (x == floorf(x) && fabsf(x) < 32768) || x == -INFINITY;
}

/* Whether sums into a group stay within 16 bits. */
static bool saturates(const struct plan *p, uint32_t group)
{
    const struct plan_group *g = &p->group.data[group];
    bool whole = true;
    for (uint32_t i = 0; i < (g->init[0].uniform ? 1 : g->n); i++)
        whole = whole && is_whole(g->init[0].v[i]);
    for (uint32_t k = 0; k < 3; k++)
        for (uint32_t i = 0; i < (g->param[k].uniform ? 1 : g->n); i++)
            whole = whole && is_whole(g->param[k].v[i]);
    for (uint32_t i = 0; i < p->projection.n; i++) {
        const struct plan_projection *j = &p->projection.data[i];
        const float by = j->average ? (float)(j->pool[0] * j->pool[1]) : 1;
        if (j->dst != group)
            continue;
        const float *w = j->conv ? j->conv->w : j->weight;
        const uint64_t n = j->conv ? conv_count(j->conv) : j->row[j->n_pre];
        for (uint64_t k = 0; k < n; k++)
            whole = whole && is_whole(w[k] / by);
    }
    return whole;
}

static void compare(struct run_fixture *f, const struct run_result *r, struct fired *x,
                    const float *const *v)
{
    const struct plan *p = f->p;
    for (uint32_t g = 0; g < p->group.n; g++) {
        const uint32_t n = p->group.data[g].n;
        const float *state = (const float *)run_fixture_recorded(r, g, 0) + (size_t)x->trial * n;
        for (uint32_t i = 0; i < n; i++)
            assert_true(state[i] == v[g][i]);
    }
}

static void compare_events(struct run_fixture *f, const struct run_result *r, const struct fired *x)
{
    for (uint32_t g = 0; g < f->p->group.n; g++) {
        const uint8_t *events = run_fixture_recorded(r, g, -1);
        uint64_t total = 0;
        for (uint32_t i = 0; i < TRIALS * f->p->group.data[g].n; i++)
            total += r->count[g][i];
        assert_int_equal(total * EVENT_BYTES, x->group[g].bytes.n);
        if (total)
            assert_memory_equal(events, x->group[g].bytes.data, x->group[g].bytes.n);
    }
}

/* Inputs by time, those of the same time in the order of inputs, then as they were given. */
static void naive_trial(struct run_fixture *f, struct naive_events *n, uint32_t trial)
{
    for (int64_t t = 0; t < 60; t++)
        for (uint32_t i = 0; i < f->s.n_inputs; i++) {
            const struct stimulus_source *s = &f->s.source[i];
            for (uint64_t k = s->row[trial]; k < s->row[trial + 1]; k++)
                if ((int64_t)s->time[k] == t)
                    naive_serve(n, (struct naive_event){t, i, s->of[k]});
        }
}

static uint64_t random_round(uint64_t seed)
{
    struct run_fixture *f;
    void *state;
    run_fixture_set_up(&state);
    f = state;
    struct dice d = {.seed = seed};
    d.whole = roll(&d, 2);
    d.large = d.whole && roll(&d, 3) == 0;
    any_network(f, &d);
    any_events(f, &d);
    run_fixture_record_all(f);
    f->o.jobs = 1 + roll(&d, 3);
    f->interp.cpu = roll(&d, 2) ? f->interp.cpu : CPU_BASE;
    struct run_result r;
    assert_true(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    struct fired x = {.p = f->p};
    x.group = arena_alloc(&x.a, f->p->group.n * sizeof *x.group);
    uint64_t all = 0;
    for (x.trial = 0; x.trial < TRIALS; x.trial++) {
        struct naive_events n = {.plan = f->p, .fires = fires, .arg = &x};
        naive_begin(&n);
        n.saturates = ARENA_ARRAY(&n.arena, bool, f->p->group.n);
        for (uint32_t g = 0; g < f->p->group.n; g++)
            n.saturates[g] = saturates(f->p, g);
        naive_trial(f, &n, x.trial);
        compare(f, &r, &x, (const float *const *)n.v);
        arena_free(&n.arena);
    }
    compare_events(f, &r, &x);
    for (uint32_t g = 0; g < f->p->group.n; g++)
        all += x.group[g].bytes.n / EVENT_BYTES;
    arena_free(&x.a);
    run_fixture_tear_down(&state);
    return all;
}

static void random_networks(void **unused)
{
    (void)unused;
    uint64_t all = 0;
    for (uint64_t i = 0; i < ROUNDS; i++)
        all += random_round(i);
    assert_true(all > 100 * (uint64_t)ROUNDS); /* most of them fire a lot */
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_networks),
                                       RUN_TEST(rings_come_to_rest),
                                       RUN_TEST(storms_are_errors),
                                       RUN_TEST(what_is_not_a_count_is_an_error),
                                       RUN_TEST(sinks),
                                       RUN_TEST(files),
                                       RUN_TEST(chips)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
