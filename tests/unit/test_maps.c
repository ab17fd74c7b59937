/* Maps in runs by time steps: convolutions, pools, averages, biases and sensors of random geometry
 * against loops over outputs that do as the language says. */
#include "tests/unit/unit.h"

#include "runtime/base/rng.h"
#include "runtime/expand.h"
#include "tests/unit/make_plan.h"
#include "tests/unit/run_fixture.h"
#include <math.h>

enum { STEPS = 5, TRIALS = 2, ROUNDS = 1500, LAYERS = 2 };

struct dice {
    uint64_t seed, index;
};

static uint32_t roll(struct dice *d, uint32_t n)
{
    return (uint32_t)(rng_uniform(d->seed, d->index++) * n);
}

/* ---- geometry ---- */

static void extents(void **unused)
{
    (void)unused;
    struct conv c = {.out = 3, .in = 2, .kernel = {3, 5}, .stride = {1, 2}, .padding = {1, 0}};
    assert_int_equal(conv_extent(&c, 0, 7), 7);
    assert_int_equal(conv_extent(&c, 1, 9), 3);
    assert_int_equal(conv_extent(&c, 1, 5), 1);
    assert_int_equal(conv_extent(&c, 1, 4), 0);
    assert_int_equal(conv_count(&c), 90);
    c.out = 1u << 31;
    assert_true(conv_count(&c) == UINT64_MAX);
    uint32_t map[3];
    assert_true(pooled_map((uint32_t[]){2, 15, 16}, (uint32_t[]){2, 4}, map));
    assert_true(map[0] == 2 && map[1] == 7 && map[2] == 4);
    assert_false(pooled_map((uint32_t[]){2, 3, 16}, (uint32_t[]){4, 4}, map));
}

/* A pixel at (p, y, x) of [2, 6, 9]: pooled by 2 and 3, then rows 1 and 2 and columns 0 to 2. */
static void sensors(void **unused)
{
    (void)unused;
    const struct sensor plain = {.from = "dvs",
                                 .raw = {2, 6, 9},
                                 .on = true,
                                 .off = true,
                                 .pool = {2, 3},
                                 .crop = {{1, 3}, {0, 3}}};
    struct sensor s = plain;
    uint32_t map[3];
    sensor_map(&s, map);
    assert_true(map[0] == 2 && map[1] == 2 && map[2] == 3);
    uint32_t e = (1 * 6 + 4) * 9 + 5; /* on, y 4, x 5: pooled 2, 1 */
    assert_true(sensor_event(&s, &e));
    assert_int_equal(e, (1 * 2 + 1) * 3 + 1);
    e = (1 * 6 + 1) * 9 + 5; /* pooled row 0 */
    assert_false(sensor_event(&s, &e));
    s.mirror[1] = s.swap = true;
    sensor_map(&s, map);
    assert_true(map[1] == 3 && map[2] == 2);
    e = (0 * 6 + 5) * 9 + 1; /* pooled 2, 0; column 2 mirrored; then y 2, x 1 */
    assert_true(sensor_event(&s, &e));
    assert_int_equal(e, (0 * 3 + 2) * 2 + 1);
    s = plain;
    s.off = false; /* what passes is feature 0 */
    e = (0 * 6 + 4) * 9 + 5;
    assert_false(sensor_event(&s, &e));
    e = (1 * 6 + 4) * 9 + 5;
    assert_true(sensor_event(&s, &e));
    assert_int_equal(e, 1 * 3 + 1);
    s = plain;
    s.merge = true;
    e = (1 * 6 + 4) * 9 + 5;
    assert_true(sensor_event(&s, &e));
    assert_int_equal(e, 1 * 3 + 1);
    s.raw[1] = 5; /* the last row belongs to no whole area */
    s.crop[0][0] = 0;
    s.crop[0][1] = 2;
    e = (0 * 5 + 4) * 9;
    assert_false(sensor_event(&s, &e));
    assert_null(sensor_wrong(&s));
    s.crop[0][1] = 3;
    assert_non_null(sensor_wrong(&s));
}

/* ---- random networks ---- */

static float any_weight(struct dice *d)
{
    return roll(d, 4) == 0 ? 0 : (float)rng_normal(d->seed, d->index++);
}

static void any_sensor(struct run_fixture *f, struct dice *d)
{
    struct plan_input *in = &f->p->input.data[0];
    struct sensor *s = ARENA_NEW(&f->a, struct sensor);
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
    in->sensor = s;
    sensor_map(s, in->shape.extent);
}

static void any_input(struct run_fixture *f, struct dice *d)
{
    make_input(&f->a, f->p, "in", 1);
    struct plan_input *in = &f->p->input.data[0];
    in->shape = (struct plan_shape){3, {1 + roll(d, 3), 1 + roll(d, 9), 1 + roll(d, 9)}};
    if (roll(d, 3) == 0)
        any_sensor(f, d);
    in->n = in->shape.extent[0] * in->shape.extent[1] * in->shape.extent[2];
}

static void any_conv(struct run_fixture *f, struct dice *d, struct plan_projection *j,
                     const uint32_t src[3], struct plan_shape *dst)
{
    struct conv *c = j->conv = ARENA_NEW(&f->a, struct conv);
    *c = (struct conv){.out = 1 + roll(d, 4), .in = src[0]};
    dst->rank = 3;
    dst->extent[0] = c->out;
    for (int i = 0; i < 2; i++) {
        c->padding[i] = roll(d, 3);
        const uint32_t padded = src[1 + i] + 2 * c->padding[i];
        c->kernel[i] = 1 + roll(d, padded < 5 ? padded : 5);
        c->stride[i] = 1 + roll(d, 4);
        dst->extent[1 + i] = conv_extent(c, i, src[1 + i]);
    }
    c->w = ARENA_ARRAY(&f->a, float, conv_count(c));
    for (uint64_t i = 0; i < conv_count(c); i++)
        c->w[i] = any_weight(d);
}

static void any_rows(struct run_fixture *f, struct dice *d, struct plan_projection *j,
                     uint32_t n_post)
{
    j->row = ARENA_ARRAY(&f->a, uint64_t, j->n_pre + 1);
    j->post = ARENA_ARRAY(&f->a, uint32_t, j->n_pre * n_post);
    j->weight = ARENA_ARRAY(&f->a, float, j->n_pre *n_post);
    for (uint32_t i = 0; i < j->n_pre * n_post; i++) {
        j->post[i] = i % n_post;
        j->weight[i] = any_weight(d);
        j->row[i / n_post + 1] = i + 1;
    }
}

/* A layer fed by what is before it, through a pool, at once or a step later. */
static void any_layer(struct run_fixture *f, struct dice *d, uint32_t layer, bool at_once)
{
    const struct plan_shape from =
        layer ? f->p->group.data[layer - 1].shape : f->p->input.data[0].shape;
    struct plan_projection *j = VEC_ADD(&f->a, &f->p->projection);
    *j = (struct plan_projection){.from_input = layer == 0,
                                  .src = layer ? layer - 1 : 0,
                                  .dst = layer,
                                  .delay = layer && !at_once,
                                  .average = roll(d, 2)};
    uint32_t pooled[3];
    for (int i = 0; i < 2; i++)
        j->pool[i] = 1 + roll(d, from.extent[1 + i] < 3 ? from.extent[1 + i] : 3);
    pooled_map(from.extent, j->pool, pooled);
    j->n_pre = pooled[0] * pooled[1] * pooled[2];
    struct plan_shape shape = {3, {1 + roll(d, 3), 1 + roll(d, 2), 1 + roll(d, 4)}};
    if (roll(d, 4))
        any_conv(f, d, j, pooled, &shape);
    const uint32_t n = shape.extent[0] * shape.extent[1] * shape.extent[2];
    if (!j->conv)
        any_rows(f, d, j, n);
    make_group(&f->a, f->p, layer ? "b" : "a", n, 0, 0.5f);
    f->p->group.data[layer].shape = shape;
    const uint32_t n_bias = plan_biases(f->p, j);
    j->bias = roll(d, 2) ? ARENA_ARRAY(&f->a, float, n_bias) : NULL;
    for (uint32_t i = 0; j->bias && i < n_bias; i++)
        j->bias[i] = any_weight(d);
}

static float decay_of(const struct run_fixture *f)
{
    return f->p->group.data[0].param[0].v[0];
}

static void any_plan(struct run_fixture *f, struct dice *d)
{
    struct kernel *k = make_counter(&f->a, 1);
    const bool at_once = roll(d, 2);
    if (at_once)
        make_inst(&f->a, &k->event, (struct kinst){.op = K_WEIGHT});
    if (at_once) {
        k->event.n_out = 1;
        k->event.out = ARENA_ARRAY(&f->a, uint32_t, 1);
        k->event.out[0] = K_NONE;
    }
    VEC_PUSH(&f->a, &f->p->kernel, k);
    any_input(f, d);
    for (uint32_t i = 0; i < LAYERS; i++)
        any_layer(f, d, i, at_once);
    const char *why = "";
    if (!plan_verify(f->p, &why))
        fail_msg("%s", why);
}

/* ---- the reference ---- */

/* [STEPS][n] counts, of the input as of a layer. */
static uint8_t *through_sensor(struct arena *a, const struct plan_input *in, const uint8_t *raw)
{
    const struct sensor *s = in->sensor;
    uint8_t *out = ARENA_ARRAY(a, uint8_t, STEPS * in->n);
    const uint32_t n_raw = plan_stimulus_channels(in);
    for (uint32_t i = 0; i < STEPS * n_raw; i++) {
        uint32_t e = i % n_raw;
        if (!s || sensor_event(s, &e))
            out[i / n_raw * in->n + e] = (uint8_t)(out[i / n_raw * in->n + e] + raw[i]);
    }
    return out;
}

/* What an element of the source adds to element `post` of the target, if it has a weight for it. */
static float weight_of(const struct plan *p, const struct plan_projection *j, const uint32_t src[3],
                       uint32_t pre, uint32_t post)
{
    const uint32_t h = src[1] / j->pool[0], w = src[2] / j->pool[1], c = pre / (src[1] * src[2]);
    const uint32_t y = pre / src[2] % src[1] / j->pool[0], x = pre % src[2] / j->pool[1];
    if (y >= h || x >= w)
        return 0;
    float weight;
    const struct conv *v = j->conv;
    if (v) {
        const uint32_t *dst = p->group.data[j->dst].shape.extent;
        const uint32_t o = post / (dst[1] * dst[2]), oy = post / dst[2] % dst[1],
                       ox = post % dst[2];
        const int64_t ky = (int64_t)y + v->padding[0] - (int64_t)oy * v->stride[0];
        const int64_t kx = (int64_t)x + v->padding[1] - (int64_t)ox * v->stride[1];
        if (ky < 0 || ky >= v->kernel[0] || kx < 0 || kx >= v->kernel[1])
            return 0;
        weight = v->w[((o * v->in + c) * v->kernel[0] + ky) * v->kernel[1] + kx];
    } else {
        weight = j->weight[j->row[(c * h + y) * w + x] + post];
    }
    return j->average ? weight / (float)(j->pool[0] * j->pool[1]) : weight;
}

/* Layer by layer; spikes[layer] and state[layer] are [STEPS][n]. */
static uint8_t *reference(struct arena *a, const struct plan *p, uint32_t layer, float decay,
                          const uint8_t *from, float *state)
{
    const struct plan_projection *j = &p->projection.data[layer];
    const struct plan_group *g = &p->group.data[layer];
    const uint32_t *src =
        layer ? p->group.data[layer - 1].shape.extent : p->input.data[0].shape.extent;
    const uint32_t n_src = src[0] * src[1] * src[2];
    uint8_t *spikes = ARENA_ARRAY(a, uint8_t, STEPS * g->n);
    for (uint32_t post = 0; post < g->n; post++) {
        float v = 0;
        for (uint32_t t = 0; t < STEPS; t++) {
            float sum = 0;
            if (j->bias)
                sum = j->conv ? j->bias[post / (g->n / j->conv->out)] : j->bias[post];
            for (uint32_t pre = 0; t >= j->delay && pre < n_src; pre++) {
                const uint8_t count = from[(t - j->delay) * n_src + pre];
                if (count)
                    sum += weight_of(p, j, src, pre, post) * (float)count;
            }
            v = decay * v + sum;
            const float emit = v >= 1 ? floorf(v) : 0;
            v -= emit;
            spikes[t * g->n + post] = (uint8_t)emit;
            state[t * g->n + post] = v;
        }
    }
    return spikes;
}

/* ---- the test ---- */

static void check_trial(struct run_fixture *f, const struct run_result *r, const uint8_t *raw,
                        uint32_t trial, uint32_t round)
{
    const uint8_t *from = through_sensor(&f->a, &f->p->input.data[0], raw);
    for (uint32_t layer = 0; layer < LAYERS; layer++) {
        const size_t n = (size_t)STEPS * f->p->group.data[layer].n;
        float *state = ARENA_ARRAY(&f->a, float, n);
        const uint8_t *spikes = reference(&f->a, f->p, layer, decay_of(f), from, state);
        const uint8_t *got_spikes = run_fixture_recorded(r, layer, -1);
        const float *got_state = run_fixture_recorded(r, layer, 0);
        if (memcmp(got_spikes + trial * n, spikes, n) != 0)
            fail_msg("round %u, trial %u: other spikes of layer %u", round, trial, layer);
        for (size_t i = 0; i < n; i++)
            if (got_state[trial * n + i] != state[i])
                fail_msg("round %u, trial %u: other state of layer %u", round, trial, layer);
        from = spikes;
    }
}

static void one_round(uint32_t round)
{
    struct run_fixture *f;
    run_fixture_set_up((void **)&f);
    struct dice d = {round, 0};
    any_plan(f, &d);
    const uint32_t n = plan_stimulus_channels(&f->p->input.data[0]);
    uint8_t *raw = ARENA_ARRAY(&f->a, uint8_t, TRIALS * STEPS * n);
    for (uint32_t i = 0; i < TRIALS * STEPS * n; i++)
        raw[i] = (uint8_t)(roll(&d, 4) ? 0 : 1 + roll(&d, 2));
    f->s.source = ARENA_ARRAY(&f->a, struct stimulus_source, 1);
    assert_true(stimulus_raster(&f->a, f->s.source, (struct stimulus_counts){.u8 = raw}, 3,
                                (const uint64_t[]){TRIALS, STEPS, n}, n, &f->d, "r",
                                (struct span){0}));
    f->s.n_inputs = 1;
    f->s.steps = STEPS;
    f->o.trials = TRIALS;
    f->o.jobs = 1 + round % 3;
    run_fixture_record_all(f);
    struct run_result r;
    assert_true(run_plan(&f->a, f->p, &f->o, &r, &f->d));
    for (uint32_t t = 0; t < TRIALS; t++)
        check_trial(f, &r, raw + t * STEPS * n, t, round);
    run_fixture_tear_down((void **)&f);
}

static void as_the_language_says(void **unused)
{
    (void)unused;
    for (uint32_t round = 0; round < ROUNDS; round++)
        one_round(round);
}

/* Layers that feed each other at once have no order. */
static void circles_are_refused(void **state)
{
    struct run_fixture *f = *state;
    struct dice d = {3, 0};
    do {
        f->p->kernel.n = f->p->input.n = f->p->group.n = f->p->projection.n = 0;
        any_plan(f, &d);
    } while (f->p->projection.data[1].delay);
    const float zero[64 * 64 * 16] = {0};
    make_dense(&f->a, f->p, false, 1, 0, zero)->delay = 0;
    assert_false(plan_can_run(f->p, PLAN_CLOCKED, &f->d));
    assert_int_equal(f->d.list.data[0]->code, E0806);
    assert_true(plan_can_run(f->p, PLAN_EVENT, &f->d));
    f->p->projection.data[2].from_input = true;
    assert_true(plan_can_run(f->p, PLAN_CLOCKED, &f->d));
    f->p->dt = 0;
    assert_false(plan_can_run(f->p, PLAN_CLOCKED, &f->d));
    assert_int_equal(f->d.list.data[1]->code, E0401);
}

/* Nothing is counted one by one of what no memory could hold. */
static void too_many_synapses(void **state)
{
    struct run_fixture *f = *state;
    struct plan rows;
    VEC_PUSH(&f->a, &f->p->kernel, make_counter(&f->a, 1));
    make_input(&f->a, f->p, "in", 1 << 26);
    f->p->input.data[0].shape = (struct plan_shape){3, {1, 1 << 13, 1 << 13}};
    make_group(&f->a, f->p, "a", 1 << 26, 0, 0.5f);
    f->p->group.data[0].shape = (struct plan_shape){3, {1, 1 << 13, 1 << 13}};
    struct plan_projection *j = VEC_ADD(&f->a, &f->p->projection);
    *j = (struct plan_projection){.from_input = true, .pool = {1, 1}, .n_pre = 1 << 26};
    j->conv = ARENA_NEW(&f->a, struct conv);
    *j->conv = (struct conv){
        .out = 1, .in = 1, .kernel = {1023, 1023}, .stride = {1, 1}, .padding = {511, 511}};
    j->conv->w = ARENA_ARRAY(&f->a, float, conv_count(j->conv));
    const char *why;
    assert_true(plan_verify(f->p, &why));
    assert_false(plan_expand(&f->a, f->p, &rows, &f->d));
    assert_int_equal(f->d.list.data[0]->code, E0806);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(extents),
        cmocka_unit_test(sensors),
        cmocka_unit_test(as_the_language_says),
        RUN_TEST(circles_are_refused),
        RUN_TEST(too_many_synapses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
