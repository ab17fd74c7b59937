#include "tests/unit/unit.h"

#include "tests/unit/make_plan.h"
#include "tests/unit/speck_golden.h"

#define ALONE .also = -1, .stride = {1, 1}
const struct speck_case speck_cases[SPECK_CASES] = {
    {"tutorial", {1, 16, 16}, true, 1, {{-1, ALONE, .pool = 1, .threshold = 127, .v_min = -127}}},
    {"r1_single",
     {2, 12, 12},
     false,
     1,
     {{-1, ALONE, .pool = 1, .padding = {1, 1}, .threshold = 141, .v_min = -141}}},
    {"r2_avgpool",
     {2, 20, 28},
     false,
     2,
     {{-1, ALONE, .pool = 1, .padding = {2, 2}, .threshold = 138, .v_min = -138},
      {0, ALONE, .pool = 2, .threshold = 149, .v_min = -595, .core = 1}}},
    {"r3_stride_pad",
     {1, 17, 33},
     false,
     2,
     {{-1, -1, 1, {2, 4}, {1, 0}, 150, -150, true, 0},
      {0, -1, 1, {1, 2}, {3, 2}, 419, -70, false, 1}}},
    {"r4_deep",
     {2, 32, 32},
     false,
     5,
     {{-1, -1, 1, {2, 2}, {1, 1}, 116, -116, false, 0},
      {0, ALONE, .pool = 1, .padding = {1, 1}, .threshold = 203, .v_min = -203, .core = 1},
      {1, ALONE, .pool = 2, .padding = {1, 1}, .threshold = 268, .v_min = -268, .core = 2},
      {2, ALONE, .pool = 4, .threshold = 183, .v_min = -183, .core = 3},
      {3, ALONE, .pool = 1, .threshold = 108, .v_min = -108, .core = 4}}},
    {"r5_fan_merge",
     {2, 16, 16},
     false,
     4,
     {{-1, ALONE, .pool = 1, .padding = {1, 1}, .threshold = 122, .v_min = -122},
      {0, ALONE, .pool = 4, .threshold = 83, .v_min = -83, .core = 1},
      {0, -1, 2, {2, 2}, {1, 1}, 164, -164, false, 2},
      {2, 1, 1, {1, 1}, {0, 0}, 257, -257, false, 3}}},
    {"e2_augment",
     {2, 64, 64},
     false,
     4,
     {{-1, ALONE, .pool = 1, .threshold = 99, .v_min = -99, .core = 3},
      {0, ALONE, .pool = 1, .threshold = 41, .v_min = -41, .core = 1},
      {1, ALONE, .pool = 1, .threshold = 59, .v_min = -59, .core = 2},
      {2, ALONE, .pool = 1, .threshold = 103, .v_min = -103, .core = 0}}},
    {"e4_minv_none",
     {1, 12, 12},
     false,
     1,
     {{-1, ALONE, .pool = 1, .threshold = 1, .v_min = -32768}}},
    {"nmnist",
     {2, 34, 34},
     false,
     4,
     {{-1, ALONE, .pool = 1, .padding = {1, 1}, .threshold = 86, .v_min = -86},
      {0, ALONE, .pool = 2, .padding = {1, 1}, .threshold = 240, .v_min = -240, .core = 1},
      {1, -1, 2, {2, 2}, {1, 1}, 363, -363, false, 2},
      {2, ALONE, .pool = 1, .threshold = 308, .v_min = -308, .core = 3}}},
};

struct npy speck_golden_array(struct arena *a, const struct speck_case *c, const char *member)
{
    struct diags d = {0};
    struct npy x;
    const char *path = arena_printf(a, "tests/golden/speck/chip/%s.npz", c->name);
    assert_true(npy_load(a, path, member, &x, &d, E0501, (struct span){0}));
    return x;
}

static void set_map(struct plan_shape *s, uint32_t *n, const uint32_t extent[3])
{
    *s = (struct plan_shape){3, {extent[0], extent[1], extent[2]}};
    *n = extent[0] * extent[1] * extent[2];
}

static void make_sensor(struct arena *a, struct plan_input *in)
{
    const uint32_t *e = in->shape.extent;
    in->sensor = ARENA_NEW(a, struct sensor);
    *in->sensor = (struct sensor){.from = "dvs",
                                  .raw = {2, e[1], e[2]},
                                  .on = true,
                                  .off = true,
                                  .merge = true,
                                  .pool = {1, 1},
                                  .crop = {{0, e[1]}, {0, e[2]}}};
}

static struct conv *make_conv(struct arena *a, const struct speck_layer *l, const struct npy *w)
{
    struct conv *v = ARENA_NEW(a, struct conv);
    *v = (struct conv){.out = (uint32_t)w->extent[0],
                       .in = (uint32_t)w->extent[1],
                       .kernel = {(uint32_t)w->extent[2], (uint32_t)w->extent[3]},
                       .stride = {l->stride[0], l->stride[1]},
                       .padding = {l->padding[0], l->padding[1]},
                       .w = ARENA_ARRAY(a, float, w->count)};
    for (uint64_t i = 0; i < w->count; i++)
        v->w[i] = (float)npy_get(w, &w->type, i);
    return v;
}

static void make_layer(struct arena *a, const struct speck_case *c, struct plan *p, uint32_t i)
{
    const struct speck_layer *l = &c->layer[i];
    const struct npy w = speck_golden_array(a, c, arena_printf(a, "w%u", i));
    struct conv *v = make_conv(a, l, &w);
    for (int k = 0; k < 2; k++) {
        const int from = k ? l->also : l->from;
        if (k && from < 0)
            break;
        struct plan_projection j = {.from_input = from < 0,
                                    .src = from < 0 ? 0 : (uint32_t)from,
                                    .dst = i,
                                    .pool = {l->pool, l->pool},
                                    .conv = v};
        uint32_t whole[3], pooled[3];
        assert_true(plan_source_map(p, &j, whole, pooled));
        j.n_pre = pooled[0] * pooled[1] * pooled[2];
        VEC_PUSH(a, &p->projection, j);
        if (k == 0) {
            make_group(a, p, arena_printf(a, "l%u", i), 1, 0, 0);
            struct plan_group *g = &p->group.data[i];
            set_map(&g->shape, &g->n,
                    (const uint32_t[]){v->out, conv_extent(v, 0, pooled[1]),
                                       conv_extent(v, 1, pooled[2])});
            g->param[0].v[0] = l->threshold;
            g->param[1].v[0] = l->v_min;
            g->param[2].v[0] = l->to_zero;
        }
    }
}

/* Where a source has two destinations, the one with the smaller pool is in slot 0. */
static void sort_slots(struct plan *p)
{
    for (uint32_t i = 1; i < p->projection.n; i++) {
        struct plan_projection *j = &p->projection.data[i];
        if (!j->from_input && j[-1].src == j->src && !j[-1].from_input &&
            j[-1].pool[0] > j->pool[0]) {
            const struct plan_projection first = *j;
            *j = j[-1];
            j[-1] = first;
        }
    }
}

struct plan *speck_golden_plan(struct arena *a, const struct speck_case *c)
{
    struct plan *p = ARENA_NEW(a, struct plan);
    *p = (struct plan){.network = c->name, .semantics = PLAN_EVENT, .models = ""};
    VEC_PUSH(a, &p->kernel, make_iaf(a));
    make_input(a, p, "in", 1);
    set_map(&p->input.data[0].shape, &p->input.data[0].n, c->input);
    if (c->merge)
        make_sensor(a, &p->input.data[0]);
    for (uint32_t i = 0; i < c->n_layers; i++)
        make_layer(a, c, p, i);
    sort_slots(p);
    const char *why = "";
    assert_true(plan_verify(p, &why));
    return p;
}

void speck_golden_stimulus(struct arena *a, const struct speck_case *c, const struct plan *p,
                           struct stimulus *out)
{
    struct diags d = {0};
    const struct npy events = speck_golden_array(a, c, "events");
    const struct plan_shape shape = plan_stimulus_shape(&p->input.data[0]);
    *out = (struct stimulus){.name = c->name, .n_inputs = 1};
    out->source = ARENA_NEW(a, struct stimulus_source);
    assert_true(stimulus_event_records(a, out->source, &events, NULL, 0, &shape, 0, 0, &d, "events",
                                       (struct span){0}));
    assert_true(stimulus_settle(out, &d, (struct span){0}));
}
