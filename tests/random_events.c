#include "tests/unit/unit.h"

#include "tests/random_events.h"

#include "runtime/base/rng.h"
#include "tests/unit/make_plan.h"
#include <math.h>

enum { EVENTS = 40 }; /* of each input in a trial */

struct dice {
    uint64_t seed, index;
    bool whole; /* weights and parameters are whole numbers */
    bool large; /* some of them near the ends of 16 bits */
    bool last;  /* the layer that is being made: it may have many features */
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
    *c = (struct conv){.out = 1 + roll(d, d->last && roll(d, 3) == 0 ? 150 : 20), .in = src[0]};
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
    for (uint32_t g = 0, n = 1 + roll(d, 4); g < n; g++) {
        d->last = g + 1 == n;
        for (uint32_t k = 0, times = 1 + (roll(d, 3) == 0); k < times; k++)
            any_projection(f, d, g);
    }
    const char *why = "";
    assert_true(plan_verify(f->p, &why));
}

/* Of a sensor's pixels most may be dropped: mostly others. */
static uint32_t any_channel(struct dice *d, const struct plan_input *in)
{
    const uint32_t channels = plan_stimulus_channels(in);
    uint32_t channel = roll(d, channels);
    for (uint32_t tries = 0; in->sensor && tries < 500; tries++) {
        uint32_t e = channel;
        if (sensor_event(in->sensor, &e))
            break;
        channel = roll(d, channels);
    }
    return channel;
}

void random_events_play(struct run_fixture *f, uint64_t seed)
{
    struct dice d = {.seed = ~seed};
    f->s.n_inputs = f->p->input.n;
    f->s.source = ARENA_ARRAY(&f->a, struct stimulus_source, f->s.n_inputs);
    for (uint32_t i = 0; i < f->s.n_inputs; i++) {
        double t[RANDOM_TRIALS * EVENTS], c[RANDOM_TRIALS * EVENTS];
        for (int k = 0; k < RANDOM_TRIALS * EVENTS; k++) {
            t[k] = roll(&d, RANDOM_STEPS); /* many at the same time */
            c[k] = any_channel(&d, &f->p->input.data[i]);
        }
        assert_true(stimulus_events(&f->a, &f->s.source[i], t, c, RANDOM_TRIALS * EVENTS,
                                    (const uint64_t[]){0, EVENTS, 2 * EVENTS, 3 * EVENTS},
                                    RANDOM_TRIALS + 1, plan_stimulus_channels(&f->p->input.data[i]),
                                    0, RANDOM_STEPS, &f->d, "e", (struct span){0}));
    }
    f->s.steps = RANDOM_STEPS;
    f->s.trials = f->o.trials = RANDOM_TRIALS;
}

void random_events_make(struct run_fixture *f, uint64_t seed)
{
    struct dice d = {.seed = seed};
    d.whole = roll(&d, 2);
    d.large = d.whole && roll(&d, 3) == 0;
    any_network(f, &d);
    random_events_play(f, seed);
}
