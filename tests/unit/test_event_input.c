/* Stimuli as events: rasters as the vendor's converter makes events of them and back, generators,
 * the order of inputs, records of a run as an input. */
#include "tests/unit/unit.h"

#include "runtime/base/json_read.h"
#include "runtime/event_input.h"
#include "tests/unit/make_plan.h"
#include "tests/unit/run_fixture.h"

static const struct span nowhere;

/* A conversion of the vendor's: all numbers of each of its members, one after another. */
struct conversion {
    VEC(double) dt, delay, truncate, raster, events, back; /* events: t, layer, feature, y, x */
};

enum { STEPS = 6, CELLS = 2 * 4 * 5, CONVERSIONS = 5 }; /* of the file; [STEPS, 2, 4, 5] each */

static void read_conversions(struct run_fixture *f, struct conversion out[CONVERSIONS])
{
    static const char *const name[] = {"dt", "delay", "truncate", "raster", "events", "back"};
    struct json_reader r;
    struct json_token t;
    struct bytes b;
    int n = -1, member = -1;
    memset(out, 0, CONVERSIONS * sizeof *out);
    assert_true(file_read(&f->a, "tests/golden/speck/events.json", &b, &f->d, E0901, nowhere));
    json_read_init(&r, b.data, b.n);
    while (json_next(&r, &t) != JSON_END) {
        assert_int_not_equal(t.kind, JSON_ERROR);
        if (t.kind == JSON_KEY)
            for (int i = 0; i < 6; i++)
                if (strlen(name[i]) == t.n && memcmp(name[i], t.text, t.n) == 0)
                    member = i;
        if (t.kind == JSON_OBJECT)
            assert_true(++n < CONVERSIONS);
        if (n >= 0 && (t.kind == JSON_NUMBER || t.kind == JSON_TRUE || t.kind == JSON_FALSE)) {
            const double x = t.kind == JSON_NUMBER ? t.number : t.kind == JSON_TRUE;
            switch (member) {
            case 0:
                VEC_PUSH(&f->a, &out[n].dt, x);
                break;
            case 1:
                VEC_PUSH(&f->a, &out[n].delay, x);
                break;
            case 2:
                VEC_PUSH(&f->a, &out[n].truncate, x);
                break;
            case 3:
                VEC_PUSH(&f->a, &out[n].raster, x);
                break;
            case 4:
                VEC_PUSH(&f->a, &out[n].events, x);
                break;
            default:
                VEC_PUSH(&f->a, &out[n].back, x);
            }
        }
    }
    json_read_free(&r);
    assert_int_equal(n, CONVERSIONS - 1);
}

static struct event_reader *reader(struct run_fixture *f, struct event_stimulus *s)
{
    assert_true(event_stimulus_make(&f->a, f->p, &f->s, s, &f->d));
    struct event_reader *r = event_reader_new(&f->a, s);
    event_reader_begin(r, 0);
    return r;
}

static void add_input(struct run_fixture *f, uint32_t rank, const uint64_t *extent)
{
    make_input(&f->a, f->p, "in", 1);
    struct plan_input *in = &f->p->input.data[f->p->input.n - 1];
    in->shape.rank = rank;
    for (uint32_t i = 0; i < rank; i++) {
        in->shape.extent[i] = (uint32_t)extent[i];
        in->n *= (uint32_t)extent[i];
    }
    struct stimulus_source *wider = ARENA_ARRAY(&f->a, struct stimulus_source, f->s.n_inputs + 1);
    if (f->s.n_inputs)
        memcpy(wider, f->s.source, f->s.n_inputs * sizeof *wider);
    f->s.source = wider;
    wider[f->s.n_inputs++] = (struct stimulus_source){.channels = in->n};
    f->p->semantics = PLAN_EVENT;
}

static void use_raster(struct run_fixture *f, const double *raster)
{
    const uint64_t extent[] = {STEPS, CELLS};
    assert_true(stimulus_raster(&f->a, &f->s.source[0], (struct stimulus_counts){.f64 = raster}, 2,
                                extent, CELLS, &f->d, "r", nowhere));
    f->s.steps = STEPS;
    f->s.trials = 1;
}

static uint32_t channel_of(const struct run_fixture *f, const double *e)
{
    uint32_t channel = 0;
    assert_true(stimulus_place(&f->p->input.data[0].shape, e[2], e[3], e[4], &channel));
    return channel;
}

static void check_conversion(struct run_fixture *f, const struct conversion *c)
{
    struct event_stimulus s;
    struct event_in in;
    f->p->dt = c->dt.data[0];
    f->s.one_per_step = c->truncate.data[0] != 0;
    f->s.delay = c->delay.data[0];
    use_raster(f, c->raster.data);
    struct event_reader *r = reader(f, &s);
    for (uint32_t k = 0; k < c->events.n; k += 5) {
        assert_int_equal(event_reader_some(r, &in, 1), 1);
        assert_true((double)in.t == c->events.data[k]);
        assert_int_equal(in.channel, channel_of(f, &c->events.data[k]));
    }
    assert_int_equal(event_reader_some(r, &in, 1), 0);
    assert_true(s.end_us >= STEPS * f->p->dt * 1e6 + c->delay.data[0] * 1e6);
    event_reader_free(r);
    f->s.delay = 0;
}

/* Times count from the first event. */
static void check_back(struct run_fixture *f, const struct conversion *c)
{
    struct stimulus tables;
    double t[512], channel[512], counts[STEPS * CELLS] = {0};
    const uint32_t n = c->events.n / 5;
    for (uint32_t k = 0; k < n; k++) {
        t[k] = c->events.data[5 * k] - c->events.data[0];
        channel[k] = channel_of(f, &c->events.data[5 * k]);
    }
    assert_true(stimulus_events(&f->a, &f->s.source[0], t, channel, n, NULL, 0, CELLS, f->p->dt, 0,
                                &f->d, "e", nowhere));
    assert_true(stimulus_tables(&f->a, &f->s, f->p->dt, &tables, &f->d));
    const struct stimulus_source *s = &tables.source[0];
    assert_int_equal(s->steps * CELLS, c->back.n);
    for (uint64_t step = 0; step < s->steps; step++)
        for (uint64_t k = s->row[step]; k < s->row[step + 1]; k++)
            counts[step * CELLS + s->event[k].channel] = s->event[k].count;
    for (uint32_t k = 0; k < c->back.n; k++)
        assert_true(counts[k] == c->back.data[k]);
}

static void conversions(void **state)
{
    struct run_fixture *f = *state;
    struct conversion c[CONVERSIONS];
    read_conversions(f, c);
    add_input(f, 3, (const uint64_t[]){2, 4, 5});
    for (int i = 0; i < CONVERSIONS; i++) {
        check_conversion(f, &c[i]);
        check_back(f, &c[i]);
    }
}

/* What is drawn is the same in steps and event by event. */
static void generators(void **state)
{
    struct run_fixture *f = *state;
    enum { CHANNELS = 5, LONG = 200 };
    add_input(f, 1, (const uint64_t[]){CHANNELS});
    f->s.steps = LONG;
    for (int kind = STIM_POISSON; kind <= STIM_REGULAR; kind++) {
        struct event_stimulus s;
        struct stimulus_player p;
        struct stimulus_event room[CHANNELS];
        struct event_in in;
        uint32_t count[LONG][CHANNELS] = {0};
        f->s.source[0] = (struct stimulus_source){.kind = (enum stimulus_kind)kind,
                                                  .channels = CHANNELS,
                                                  .seed = 7,
                                                  .rate = (double[]){0, 10, 250, 1000, 3333}};
        struct event_reader *r = reader(f, &s);
        int64_t last = 0, whole = 0;
        while (event_reader_some(r, &in, 1) == 1) {
            assert_true(in.t >= last && in.t < LONG * 1000);
            last = in.t;
            whole += in.t % 1000 == 0;
            count[in.t / 1000][in.channel]++;
        }
        event_reader_free(r);
        assert_true(whole < 500); /* they are spread over their step */
        assert_true(stimulus_play(&f->a, &f->s, f->p->dt, &p, &f->d));
        for (uint32_t step = 0; step < LONG; step++) {
            const uint32_t n = stimulus_at(&p, 0, 0, step, room);
            uint32_t all = 0, here = 0;
            for (uint32_t k = 0; k < n; k++) {
                assert_int_equal(count[step][room[k].channel], room[k].count);
                all += room[k].count;
            }
            for (uint32_t c = 0; c < CHANNELS; c++)
                here += count[step][c];
            assert_int_equal(here, all);
        }
    }
}

static void inputs_take_turns(void **state)
{
    struct run_fixture *f = *state;
    struct event_stimulus s;
    struct event_in in;
    for (int i = 0; i < 2; i++) {
        add_input(f, 1, (const uint64_t[]){4});
        const double t[] = {9.9, 3, 5, 3}, c[] = {i, 1, 2, 3};
        assert_true(stimulus_events(&f->a, &f->s.source[i], t, c, 4, NULL, 0, 4, 0, 0, &f->d, "e",
                                    nowhere));
    }
    struct event_reader *r = reader(f, &s);
    static const struct event_in expected[] = {{3, 0, 1}, {3, 0, 3}, {3, 1, 1}, {3, 1, 3},
                                               {5, 0, 2}, {5, 1, 2}, {9, 0, 0}, {9, 1, 1}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_int_equal(event_reader_some(r, &in, 1), 1);
        assert_true(in.t == expected[i].t && in.input == expected[i].input &&
                    in.channel == expected[i].channel);
    }
    assert_int_equal(event_reader_some(r, &in, 1), 0);
    event_reader_free(r);
}

/* With a delay everything comes so much later, and nothing else changes. */
static void delayed(void **state)
{
    struct run_fixture *f = *state;
    const uint64_t extent[] = {STEPS, 4};
    const double raster[STEPS * 4] = {0, 2, [10] = 1}, t[] = {9.9, 3}, c[] = {1, 2};
    struct event_stimulus s;
    struct event_in in[2][64];
    double rate[] = {1000, 200, 0, 900};
    size_t n[2];
    for (int i = 0; i < 4; i++)
        add_input(f, 1, (const uint64_t[]){4});
    f->s.steps = STEPS;
    f->s.trials = 1;
    assert_true(stimulus_raster(&f->a, &f->s.source[0], (struct stimulus_counts){.f64 = raster}, 2,
                                extent, 4, &f->d, "r", nowhere));
    assert_true(stimulus_events(&f->a, &f->s.source[1], t, c, 2, NULL, 0, 4, f->p->dt, 0, &f->d,
                                "e", nowhere));
    for (int kind = STIM_POISSON; kind <= STIM_REGULAR; kind++)
        f->s.source[2 + kind - STIM_POISSON] =
            (struct stimulus_source){.kind = (enum stimulus_kind)kind, .channels = 4, .rate = rate};
    for (int i = 0; i < 2; i++) {
        f->s.delay = i * 2.5e-3; /* two steps and a half */
        struct event_reader *r = reader(f, &s);
        n[i] = event_reader_some(r, in[i], 64);
        event_reader_free(r);
        assert_true(s.end_us == (STEPS + 3 * i) * (f->p->dt * 1e6));
    }
    assert_true(n[0] > 5 && n[0] < 64 && n[0] == n[1]);
    for (size_t k = 0; k < n[0]; k++)
        assert_true(in[1][k].t == in[0][k].t + 2500 && in[1][k].input == in[0][k].input &&
                    in[1][k].channel == in[0][k].channel);
    f->s.source[0].kind = f->s.source[2].kind = f->s.source[3].kind = STIM_SILENCE;
    struct event_reader *r = reader(f, &s); /* of a list alone, which is read another way */
    assert_int_equal(event_reader_some(r, in[0], 64), 2);
    assert_true(in[0][0].t == 2503 && in[0][1].t == 2509);
    event_reader_free(r);
}

/* A raster's steps need a length. */
static void no_time_step(void **state)
{
    struct run_fixture *f = *state;
    const double raster[STEPS * CELLS] = {1};
    struct event_stimulus s;
    add_input(f, 3, (const uint64_t[]){2, 4, 5});
    use_raster(f, raster);
    f->p->dt = 0;
    assert_false(event_stimulus_make(&f->a, f->p, &f->s, &s, &f->d));
    assert_int_equal(f->d.list.data[0]->code, E0401);
}

static void records_are_an_input(void **state)
{
    struct run_fixture *f = *state;
    const uint64_t extent[] = {2, 3, 4};
    add_input(f, 3, extent);
    struct buf b = {0};
    npy_header(&b, EVENT_DTYPE, 1, (const uint64_t[]){3});
    uint8_t e[3 * EVENT_BYTES];
    event_record_put(e, 0, 500, 1, 2, 3);
    event_record_put(e + EVENT_BYTES, 2, 7, 0, 0, 1);
    event_record_put(e + 2 * EVENT_BYTES, 2, 7, 0, 1, 0);
    buf_put(&b, e, sizeof e);
    struct npy x;
    struct stimulus_source *s = &f->s.source[0];
    assert_true(
        npy_parse(&f->a, (struct bytes){(const uint8_t *)b.data, b.n}, &x, &f->d, "x", nowhere));
    assert_true(stimulus_event_records(&f->a, s, &x, NULL, 0, &f->p->input.data[0].shape, 0, 0,
                                       &f->d, "x", nowhere));
    assert_int_equal(s->trials, 3);
    assert_int_equal(s->steps, 501);
    assert_true(s->row[1] == 1 && s->row[2] == 1 && s->row[3] == 3);
    assert_true(s->of[0] == (1 * 3 + 2) * 4 + 3 && s->of[1] == 1 && s->of[2] == 4);
    e[0] = 3; /* trials that don't ascend */
    buf_clear(&b);
    npy_header(&b, EVENT_DTYPE, 1, (const uint64_t[]){3});
    buf_put(&b, e, sizeof e);
    assert_true(
        npy_parse(&f->a, (struct bytes){(const uint8_t *)b.data, b.n}, &x, &f->d, "x", nowhere));
    assert_false(stimulus_event_records(&f->a, s, &x, NULL, 0, &f->p->input.data[0].shape, 0, 0,
                                        &f->d, "x", nowhere));
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(conversions),  RUN_TEST(generators),           RUN_TEST(inputs_take_turns),
        RUN_TEST(no_time_step), RUN_TEST(records_are_an_input), RUN_TEST(delayed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
