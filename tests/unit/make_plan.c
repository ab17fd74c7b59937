#include "tests/unit/make_plan.h"

struct kernel *make_kernel(struct arena *a, uint32_t n_params, uint32_t n_lets,
                           uint32_t n_receptors, uint32_t n_states)
{
    struct kernel *k = ARENA_NEW(a, struct kernel);
    *k = (struct kernel){.model = "made",
                         .n_params = n_params,
                         .n_lets = n_lets,
                         .n_receptors = n_receptors,
                         .n_states = n_states};
    k->param = ARENA_ARRAY(a, struct kparam, n_params);
    for (uint32_t i = 0; i < n_params; i++)
        k->param[i] = (struct kparam){arena_printf(a, "p%u", i), K_PARAM_LAYOUT};
    k->receptor = ARENA_ARRAY(a, const char *, n_receptors);
    for (uint32_t i = 0; i < n_receptors; i++)
        k->receptor[i] = arena_printf(a, "r%u", i);
    k->state = ARENA_ARRAY(a, const char *, n_states);
    for (uint32_t i = 0; i < n_states; i++)
        k->state[i] = arena_printf(a, "s%u", i);
    k->lets.emit = k->step.emit = k->event.emit = K_NONE;
    k->lets.n_out = n_lets;
    k->lets.out = ARENA_ARRAY(a, uint32_t, n_lets);
    k->step.n_out = n_states;
    k->step.out = ARENA_ARRAY(a, uint32_t, n_states);
    for (uint32_t i = 0; i < n_states; i++)
        k->step.out[i] = K_NONE;
    return k;
}

uint32_t make_inst(struct arena *a, struct kcode *code, struct kinst in)
{
    struct kinst *wider = ARENA_ARRAY(a, struct kinst, code->n + 1);
    if (code->n)
        memcpy(wider, code->inst, code->n * sizeof *wider);
    wider[code->n] = in;
    code->inst = wider;
    return code->n++;
}

static uint32_t op(struct arena *a, struct kcode *code, enum kop o, uint32_t x, uint32_t y)
{
    return make_inst(a, code, (struct kinst){.op = (uint16_t)o, .a = x, .b = y});
}

static uint32_t leaf(struct arena *a, struct kcode *code, enum kop o, uint16_t index)
{
    return make_inst(a, code, (struct kinst){.op = (uint16_t)o, .index = index});
}

struct kernel *make_counter(struct arena *a, uint32_t n_receptors)
{
    struct kernel *k = make_kernel(a, 1, 1, n_receptors, n_receptors);
    struct kcode *lets = &k->lets, *step = &k->step;
    uint32_t p = leaf(a, lets, K_PARAM, 0);
    lets->out[0] = op(a, lets, K_MUL, p, p);

    uint32_t decay = leaf(a, step, K_PARAM, 0);
    uint32_t v = op(a, step, K_MUL, decay, leaf(a, step, K_STATE, 0));
    v = op(a, step, K_ADD, v, leaf(a, step, K_RECEIVE, 0));
    uint32_t one = make_inst(a, step, (struct kinst){.op = K_CONST, .imm = 1});
    uint32_t zero = make_inst(a, step, (struct kinst){.op = K_CONST, .imm = 0});
    uint32_t fires = op(a, step, K_GE, v, one), whole = op(a, step, K_FLOOR, v, 0);
    step->emit =
        make_inst(a, step, (struct kinst){.op = K_SELECT, .a = fires, .b = whole, .c = zero});
    step->out[0] = op(a, step, K_SUB, v, step->emit);
    if (n_receptors > 1)
        step->out[1] = leaf(a, step, K_RECEIVE, 1);
    return k;
}

struct kernel *make_iaf(struct arena *a)
{
    struct kernel *k = make_kernel(a, 3, 0, 1, 1);
    struct kcode *e = &k->event;
    for (uint32_t i = 0; i < 3; i++)
        k->param[i].kind = K_PARAM_PLAIN;
    e->n_out = 1;
    e->out = ARENA_ARRAY(a, uint32_t, 1);
    const uint32_t threshold = leaf(a, e, K_PARAM, 0), bound = leaf(a, e, K_PARAM, 1);
    const uint32_t zero = make_inst(a, e, (struct kinst){.op = K_CONST, .imm = 0});
    const uint32_t one = make_inst(a, e, (struct kinst){.op = K_CONST, .imm = 1});
    const uint32_t to_zero = op(a, e, K_NE, leaf(a, e, K_PARAM, 2), zero);
    uint32_t v = op(a, e, K_ADD, leaf(a, e, K_STATE, 0), leaf(a, e, K_WEIGHT, 0));
    v = op(a, e, K_MAX, v, bound);
    const uint32_t fires = op(a, e, K_GE, v, threshold), less = op(a, e, K_SUB, v, threshold);
    const uint32_t after =
        make_inst(a, e, (struct kinst){.op = K_SELECT, .a = to_zero, .b = zero, .c = less});
    e->out[0] = make_inst(a, e, (struct kinst){.op = K_SELECT, .a = fires, .b = after, .c = v});
    e->emit = make_inst(a, e, (struct kinst){.op = K_SELECT, .a = fires, .b = one, .c = zero});
    return k;
}

uint32_t make_input(struct arena *a, struct plan *p, const char *name, uint32_t n)
{
    VEC_PUSH(a, &p->input,
             ((struct plan_input){.name = name,
                                  .n = n,
                                  .shape = {1, {n}},
                                  .span = {.file = 1, .begin = 3, .end = 5, .line = 2}}));
    return p->input.n - 1;
}

static struct column uniform(struct arena *a, float value)
{
    struct column c = {ARENA_NEW(a, float), true};
    c.v[0] = value;
    return c;
}

uint32_t make_group(struct arena *a, struct plan *p, const char *name, uint32_t n, uint32_t kernel,
                    float value)
{
    const struct kernel *k = p->kernel.data[kernel];
    struct plan_group *g = VEC_ADD(a, &p->group);
    *g = (struct plan_group){.name = name, .n = n, .shape = {1, {n}}, .kernel = kernel};
    g->param = ARENA_ARRAY(a, struct column, k->n_params);
    g->mismatch = ARENA_ARRAY(a, double, k->n_params);
    g->init = ARENA_ARRAY(a, struct column, k->n_states);
    for (uint32_t i = 0; i < k->n_params; i++)
        g->param[i] = uniform(a, value);
    for (uint32_t i = 0; i < k->n_states; i++)
        g->init[i] = uniform(a, 0);
    return p->group.n - 1;
}

struct plan_projection *make_dense(struct arena *a, struct plan *p, bool from_input, uint32_t src,
                                   uint32_t dst, const float *weight)
{
    struct plan_projection *j = VEC_ADD(a, &p->projection);
    uint32_t n_pre = from_input ? p->input.data[src].n : p->group.data[src].n;
    uint32_t n_post = p->group.data[dst].n;
    *j = (struct plan_projection){.from_input = from_input,
                                  .src = src,
                                  .dst = dst,
                                  .delay = !from_input,
                                  .pool = {1, 1},
                                  .n_pre = n_pre};
    j->row = ARENA_ARRAY(a, uint64_t, n_pre + 1);
    j->post = ARENA_ARRAY(a, uint32_t, n_pre * n_post);
    j->weight = ARENA_ARRAY(a, float, n_pre *n_post);
    for (uint32_t i = 0; i < n_pre * n_post; i++) {
        j->post[i] = i % n_post;
        j->weight[i] = weight[i];
        j->row[i / n_post + 1] = i + 1;
    }
    return j;
}

struct plan *make_example(struct arena *a)
{
    struct plan *p = ARENA_NEW(a, struct plan);
    *p = (struct plan){.network = "example",
                       .dt = 1e-3,
                       .has_mismatch = true,
                       .mismatch_seed = 7,
                       .models = "neuron made {\n}\n"};
    VEC_PUSH(a, &p->files, "example.dyn");
    VEC_PUSH(a, &p->kernel, make_counter(a, 2));
    make_input(a, p, "left", 2);
    make_input(a, p, "right", 1);
    make_group(a, p, "first", 2, 0, 0.5f);
    make_group(a, p, "second", 4, 0, 0.25f);
    p->group.data[1].shape = (struct plan_shape){2, {2, 2}};
    p->group.data[1].mismatch[0] = 0.05;
    p->group.data[1].param[0] = (struct column){ARENA_ARRAY(a, float, 4), false};
    for (uint32_t i = 0; i < 4; i++)
        p->group.data[1].param[0].v[i] = 0.1f * (float)(i + 1);
    p->group.data[1].factor = ARENA_ARRAY(a, float *, 1);
    p->group.data[1].factor[0] = ARENA_ARRAY(a, float, 4);
    p->group.data[1].factor[0][2] = 1.125f;
    make_dense(a, p, true, 0, 0, (const float[]){0.5f, -0.25f, 1.5f, 2});
    make_dense(a, p, true, 1, 1, (const float[]){1, 2, 3, 4})->receptor = 1;
    make_dense(a, p, false, 0, 1, (const float[]){1, 0.5f, 0.25f, 2, 3, 1, 0.125f, 1})->delay = 3;
    VEC_PUSH(a, &p->record, ((struct plan_record){0, -1}));
    VEC_PUSH(a, &p->record, ((struct plan_record){1, 0}));
    VEC_PUSH(a, &p->output, 1);
    return p;
}

static float *numbers(struct arena *a, uint32_t n)
{
    float *v = ARENA_ARRAY(a, float, n);
    for (uint32_t i = 0; i < n; i++)
        v[i] = 0.125f * (float)((int)(i * 7 % 17) - 8);
    return v;
}

/* A camera [2, 8, 10], pooled to [2, 4, 5], of which [1, 4, 3] comes out: merged, two columns cut
 * off, rows mirrored. A convolution of its map, then one of the pooled result. */
struct plan *make_maps(struct arena *a)
{
    struct plan *p = ARENA_NEW(a, struct plan);
    *p = (struct plan){.network = "maps", .dt = 1e-3, .models = ""};
    VEC_PUSH(a, &p->kernel, make_counter(a, 1));
    make_input(a, p, "cam", 12);
    struct sensor *s = ARENA_NEW(a, struct sensor);
    *s = (struct sensor){.from = "dvs",
                         .raw = {2, 8, 10},
                         .on = true,
                         .off = true,
                         .merge = true,
                         .pool = {2, 2},
                         .crop = {{0, 4}, {1, 4}},
                         .mirror = {true, false}};
    p->input.data[0].sensor = s;
    p->input.data[0].shape = (struct plan_shape){3, {1, 4, 3}};
    make_group(a, p, "wide", 2 * 4 * 4, 0, 0.5f);
    make_group(a, p, "narrow", 3 * 1 * 2, 0, 0.5f);
    p->group.data[0].shape = (struct plan_shape){3, {2, 4, 4}};
    p->group.data[1].shape = (struct plan_shape){3, {3, 1, 2}};
    for (uint32_t i = 0; i < 2; i++) {
        struct plan_projection *j = VEC_ADD(a, &p->projection);
        *j = (struct plan_projection){
            .from_input = i == 0, .dst = i, .delay = i, .pool = {1 + i, 1 + i}, .average = i == 1};
        j->conv = ARENA_NEW(a, struct conv);
        *j->conv =
            i == 0 ? (struct conv){.out = 2,
                                   .in = 1,
                                   .kernel = {3, 2},
                                   .stride = {1, 1},
                                   .padding = {1, 1}}
                   : (struct conv){
                         .out = 3, .in = 2, .kernel = {2, 1}, .stride = {2, 1}, .padding = {0, 0}};
        j->conv->w = numbers(a, (uint32_t)conv_count(j->conv));
        j->n_pre = i == 0 ? 12 : 8;
    }
    p->projection.data[1].bias = numbers(a, 3);
    VEC_PUSH(a, &p->record, ((struct plan_record){1, -1}));
    VEC_PUSH(a, &p->output, 1);
    return p;
}
