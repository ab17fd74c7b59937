#include "tests/random_speck.h"
#include "tests/unit/unit.h"

#include "runtime/base/rng.h"
#include "tests/unit/make_plan.h"
#include <math.h>

enum { MOST_LAYERS = 6 };

struct making {
    struct run_fixture *f;
    struct random_speck *x;
    uint64_t seed, index;
    bool large;                     /* some numbers are near the ends of their range */
    uint32_t used[MOST_LAYERS + 2]; /* destinations of each layer; behind them, of the inputs */
};

/* A source behind its pool, as a core hears it. */
struct heard {
    bool from_input;
    uint32_t src, pool[2], map[3];
    uint32_t shift; /* of its features */
};

static uint32_t roll(struct making *k, uint32_t n)
{
    return (uint32_t)(rng_uniform(k->seed, k->index++) * n);
}

/* From -least to most; now and then, where numbers are large, anything within 16 bits. */
static int32_t number(struct making *k, uint32_t least, uint32_t most)
{
    if (k->large && roll(k, 4) == 0)
        return (int32_t)roll(k, 65536) - 32768;
    return (int32_t)roll(k, least + most + 1) - (int32_t)least;
}

/* ---- inputs ---- */

static void make_sensor(struct making *k, struct plan_input *in)
{
    struct sensor *s = in->sensor = ARENA_NEW(&k->f->a, struct sensor);
    struct speck_dvs_layer *v = &k->x->config.dvs_layer;
    const uint32_t kind = roll(k, 3);
    int32_t first[2], last[2];
    *s = (struct sensor){.from = "dvs", .raw = {2, SPECK_SENSOR, SPECK_SENSOR}};
    s->off = v->off_channel = kind != 1;
    s->on = v->on_channel = kind != 0;
    s->merge = roll(k, 2);
    v->merge = s->merge || kind != 2; /* what is left of one polarity is feature 0 */
    s->swap = v->mirror_diagonal = roll(k, 2);
    for (int i = 0; i < 2; i++) {
        s->pool[i] = 1u << roll(k, 3);
        s->mirror[i] = roll(k, 2);
        s->crop[i][0] = roll(k, SPECK_SENSOR / s->pool[i] - 12);
        s->crop[i][1] = s->crop[i][0] + 2 + roll(k, 11);
        first[i] = (int32_t)s->crop[i][0];
        last[i] = (int32_t)s->crop[i][1] - 1;
    }
    v->origin = (struct speck_xy){first[1], first[0]};
    v->cut = (struct speck_xy){last[1], last[0]};
    v->pooling = (struct speck_xy){(int32_t)s->pool[1], (int32_t)s->pool[0]};
    v->mirror.x = s->mirror[1];
    v->mirror.y = s->mirror[0];
    v->pass_sensor_events = true;
    in->shape.rank = 3;
    sensor_map(s, in->shape.extent);
}

static void make_inputs(struct making *k)
{
    const uint32_t n = 1 + (roll(k, 3) == 0);
    k->x->maps.n_inputs = n;
    k->x->maps.input = ARENA_ARRAY(&k->f->a, struct speck_input, n);
    k->x->config.dvs_layer.pass_sensor_events = false;
    for (uint32_t i = 0; i < n; i++) {
        struct speck_input *to = &k->x->maps.input[i];
        make_input(&k->f->a, k->f->p, "in", 1);
        struct plan_input *in = &k->f->p->input.data[i];
        to->to = ARENA_ARRAY(&k->f->a, struct speck_entry, 2 * MOST_LAYERS);
        in->shape = (struct plan_shape){3, {1 + roll(k, 3), 1 + roll(k, 13), 1 + roll(k, 13)}};
        if (i == 0 && roll(k, 3) == 0) {
            make_sensor(k, in);
            to->to[to->n++] = (struct speck_entry){SPECK_DVS, {1, 1}, 0};
        } else if (roll(k, 6) == 0) {
            in->shape = (struct plan_shape){1, {1 + roll(k, 40)}};
        }
        in->n = 1;
        for (uint32_t e = 0; e < in->shape.rank; e++)
            in->n *= in->shape.extent[e];
    }
}

/* ---- sources ---- */

/* Any source that has a destination left, behind any pool that there is for it. */
static bool any_source(struct making *k, struct heard *h)
{
    const struct plan *p = k->f->p;
    const uint32_t i = roll(k, p->input.n + p->group.n);
    *h = (struct heard){.from_input = i < p->input.n, .pool = {1, 1}, .map = {1, 1, 1}};
    h->src = h->from_input ? i : i - p->input.n;
    const struct plan_input *in = h->from_input ? &p->input.data[h->src] : NULL;
    const struct plan_shape *s = in ? &in->shape : &p->group.data[h->src].shape;
    const bool host = in && !in->sensor;
    if (!host && k->used[in ? MOST_LAYERS + h->src : h->src] == SPECK_DESTINATIONS)
        return false;
    memcpy(h->map, s->extent, s->rank * sizeof *s->extent);
    if (s->rank == 3 && (host || !in) && roll(k, 2))
        for (int a = 0; a < 2; a++)
            h->pool[a] = host ? 1 + roll(k, 4) : a ? h->pool[0] : 1u << roll(k, 3);
    h->map[1] /= h->pool[0];
    h->map[2] /= h->pool[1];
    return h->map[1] && h->map[2];
}

static bool is_map(const struct making *k, const struct heard *h)
{
    const struct plan *p = k->f->p;
    return (h->from_input ? &p->input.data[h->src].shape : &p->group.data[h->src].shape)->rank == 3;
}

/* A second source that is as large where it is heard; false: there is none. */
static bool second_source(struct making *k, const struct heard *first, struct heard *h)
{
    for (uint32_t tries = 0; tries < 20; tries++)
        if (any_source(k, h) && h->map[1] == first->map[1] && h->map[2] == first->map[2] &&
            !(h->from_input && k->f->p->input.data[h->src].sensor) &&
            (h->src != first->src || h->from_input != first->from_input)) {
            h->shift = first->map[0];
            return true;
        }
    return false;
}

/* ---- layers ---- */

static void any_geometry(struct making *k, const struct heard *h, bool dense, struct speck_layer *g)
{
    const uint32_t size = 1 + roll(k, 5);
    *g = (struct speck_layer){.in = h->map[0],
                              .out = 1 + roll(k, roll(k, 6) == 0 ? 150 : 20),
                              .map = {h->map[1], h->map[2]}};
    for (int a = 0; a < 2; a++) {
        g->kernel[a] = size;
        g->stride[a] = 1u << (roll(k, 2) * roll(k, 4));
        g->padding[a] = roll(k, 2) * roll(k, SPECK_MAX_PADDING + 1);
    }
    if (dense)
        speck_cover(g);
}

/* A core that is free and can hold the layer; -1: none. */
static int any_core(struct making *k, const struct speck_layer *g)
{
    uint32_t free = speck_candidates(speck_need(g));
    for (uint32_t i = 0; i < k->x->maps.n_layers; i++)
        free &= ~(1u << k->x->maps.layer[i].core);
    for (uint32_t tries = 0; tries < 40; tries++) {
        const uint32_t core = roll(k, SPECK_CORES);
        if (free >> core & 1)
            return (int)core;
    }
    return -1;
}

static void make_neurons(struct making *k, const struct speck_layer *g, bool dense,
                         struct speck_cnn_layer *l)
{
    struct run_fixture *f = k->f;
    const uint32_t h = speck_output(g, 0), w = speck_output(g, 1), n = g->out * h * w;
    const uint32_t index = make_group(&f->a, f->p, "g", n, 0, 1);
    struct plan_group *group = &f->p->group.data[index];
    group->name = arena_printf(&f->a, "g%u", index);
    group->shape =
        dense ? (struct plan_shape){1, {g->out}} : (struct plan_shape){3, {g->out, h, w}};
    l->dimensions = (struct speck_dimensions){
        .input_shape = {(int32_t)g->in, {(int32_t)g->map[1], (int32_t)g->map[0]}},
        .output_shape = {(int32_t)g->out, {(int32_t)w, (int32_t)h}},
        .kernel_size = (int32_t)g->kernel[0],
        .padding = {(int32_t)g->padding[1], (int32_t)g->padding[0]},
        .stride = {(int32_t)g->stride[1], (int32_t)g->stride[0]},
    };
    assert_true(speck_layer_arrays(&f->a, l));
    l->threshold_high = 1 + abs(number(k, 0, 60)) % SPECK_MAX_STATE;
    l->threshold_low = -1 - abs(number(k, 0, 40)) % SPECK_MAX_STATE;
    l->return_to_zero = roll(k, 3) == 0;
    l->monitor_enable = true;
    group->param[0].v[0] = (float)l->threshold_high;
    group->param[1].v[0] = (float)l->threshold_low;
    group->param[2].v[0] = l->return_to_zero;
    if (roll(k, 6) == 0) {
        group->param[1].v[0] = -INFINITY;
        l->threshold_low = SPECK_MIN_STATE;
    }
    group->init[0] = (struct column){ARENA_ARRAY(&f->a, float, n), false};
    for (uint32_t i = 0; i < n; i++) {
        const int32_t v = number(k, 20, 20);
        group->init[0].v[i] = (float)v;
        l->neurons_initial_value[speck_neuron_at(&l->dimensions, (int32_t)(i / (h * w)),
                                                 (int32_t)(i / w % h), (int32_t)(i % w))] =
            (int16_t)v;
    }
}

static float any_weight(struct making *k, struct speck_cnn_layer *l, uint32_t o, uint32_t c,
                        uint32_t y, uint32_t x)
{
    const int32_t w = k->large ? (int32_t)roll(k, 256) - 128 : (int32_t)roll(k, 41) - 20;
    l->weights[speck_weight_at(&l->dimensions, (int32_t)o, (int32_t)c, (int32_t)y, (int32_t)x)] =
        (int8_t)w;
    return (float)w;
}

static void convolve(struct making *k, const struct heard *h, const struct speck_layer *g,
                     struct speck_cnn_layer *l, struct plan_projection *j)
{
    struct conv *v = j->conv = ARENA_NEW(&k->f->a, struct conv);
    *v = (struct conv){.out = g->out,
                       .in = h->map[0],
                       .kernel = {g->kernel[0], g->kernel[1]},
                       .stride = {g->stride[0], g->stride[1]},
                       .padding = {g->padding[0], g->padding[1]}};
    v->w = ARENA_ARRAY(&k->f->a, float, conv_count(v));
    float *to = v->w;
    for (uint32_t o = 0; o < v->out; o++)
        for (uint32_t c = 0; c < v->in; c++)
            for (uint32_t y = 0; y < v->kernel[0]; y++)
                for (uint32_t x = 0; x < v->kernel[1]; x++)
                    *to++ = any_weight(k, l, o, h->shift + c, y, x);
}

/* All with all: the core's kernel lies over the whole map. */
static void make_rows(struct making *k, const struct heard *h, const struct speck_layer *g,
                      struct speck_cnn_layer *l, struct plan_projection *j)
{
    struct arena *a = &k->f->a;
    const uint32_t n = j->n_pre * g->out;
    j->row = ARENA_ARRAY(a, uint64_t, j->n_pre + 1);
    j->post = ARENA_ARRAY(a, uint32_t, n);
    j->weight = ARENA_ARRAY(a, float, n);
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t pre = i / g->out, x = pre % h->map[2], y = pre / h->map[2] % h->map[1];
        j->post[i] = i % g->out;
        j->weight[i] = any_weight(k, l, i % g->out, h->shift + pre / h->map[2] / h->map[1],
                                  y + g->padding[0], x + g->padding[1]);
        j->row[pre + 1] = i + 1;
    }
}

static void connect(struct making *k, const struct heard *h, const struct speck_layer *g,
                    bool dense, uint8_t core)
{
    struct run_fixture *f = k->f;
    struct plan_projection j = {.from_input = h->from_input,
                                .src = h->src,
                                .dst = f->p->group.n - 1,
                                .pool = {h->pool[0], h->pool[1]},
                                .n_pre = h->map[0] * h->map[1] * h->map[2]};
    struct speck_cnn_layer *l = &k->x->config.cnn_layers[core];
    if (dense)
        make_rows(k, h, g, l, &j);
    else
        convolve(k, h, g, l, &j);
    VEC_PUSH(&f->a, &f->p->projection, j);
    if (!h->from_input) {
        const uint8_t from = k->x->maps.layer[h->src].core;
        k->x->config.cnn_layers[from].destinations[k->used[h->src]++] =
            (struct speck_destination){true, core, (int32_t)h->pool[0], (int32_t)h->shift};
    } else if (f->p->input.data[h->src].sensor) {
        k->x->config.dvs_layer.destinations[k->used[MOST_LAYERS + h->src]++] =
            (struct speck_dvs_destination){true, core};
    } else {
        struct speck_input *in = &k->x->maps.input[h->src];
        in->to[in->n++] = (struct speck_entry){
            core, {(uint8_t)h->pool[0], (uint8_t)h->pool[1]}, (uint16_t)h->shift};
    }
}

/* False: what was drawn is no layer of a Speck. */
static bool make_layer(struct making *k)
{
    struct heard h[2];
    struct speck_layer g;
    if (!any_source(k, &h[0]))
        return false;
    const bool dense = !is_map(k, &h[0]) || roll(k, 4) == 0;
    any_geometry(k, &h[0], dense, &g);
    const bool two =
        roll(k, 3) == 0 && second_source(k, &h[0], &h[1]) && (dense || is_map(k, &h[1]));
    g.in += two ? h[1].map[0] : 0;
    const uint32_t height = speck_output(&g, 0), width = speck_output(&g, 1);
    const int core = any_core(k, &g);
    if (core < 0 || height < 1 || height > SPECK_MAX_OUTPUT || width < 1 ||
        width > SPECK_MAX_OUTPUT || g.kernel[0] > SPECK_MAX_KERNEL ||
        g.padding[0] > SPECK_MAX_PADDING || g.padding[1] > SPECK_MAX_PADDING)
        return false;
    make_neurons(k, &g, dense, &k->x->config.cnn_layers[core]);
    connect(k, &h[0], &g, dense, (uint8_t)core);
    if (two)
        connect(k, &h[1], &g, dense, (uint8_t)core);
    k->x->maps.layer[k->x->maps.n_layers++] = (struct speck_placed){(uint8_t)core, 1};
    return true;
}

void random_speck_make(struct run_fixture *f, uint64_t seed, struct random_speck *out)
{
    struct making k = {.f = f, .x = out, .seed = seed};
    const uint32_t layers = 1 + roll(&k, MOST_LAYERS);
    k.large = roll(&k, 3) == 0;
    *out =
        (struct random_speck){.maps.layer = ARENA_ARRAY(&f->a, struct speck_placed, MOST_LAYERS)};
    speck_config_default(&f->a, roll(&k, 2) ? SPECK_2E : SPECK_2F, &out->config);
    f->p->dt = 0;
    f->p->semantics = PLAN_EVENT;
    VEC_PUSH(&f->a, &f->p->kernel, make_iaf(&f->a));
    make_inputs(&k);
    for (uint32_t tries = 0; out->maps.n_layers == 0 || tries < 4 * layers; tries++)
        if (out->maps.n_layers < layers)
            make_layer(&k);
    const char *why = "";
    struct speck_faults faults = {.arena = &f->a};
    assert_true(plan_verify(f->p, &why));
    if (!speck_config_check(&out->config, &faults))
        fail_msg("network %llu: %s %s", (unsigned long long)seed, faults.list.data[0].where,
                 faults.list.data[0].what);
    random_events_play(f, seed);
}
