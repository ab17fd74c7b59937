#include "targets/sim/sim.h"
#include "tests/bench/bench.h"

static const char source[] = "use dynapse2;\n"
                             "network bench {\n"
                             "    dt = 1 ms;\n"
                             "    input in[%u];\n"
                             "    layer out[%u]: dpi;\n"
                             "    in -> out: all_to_all(1);\n"
                             "%s"
                             "}\n";

static const char feedback[] = "    out -> out: all_to_all(1);\n";

/* Anything that looks irregular; the mean is that of a neuron that fires some 30 times a second. */
float bench_weight(uint64_t i)
{
    return 0.1f * (0.3f + 0.1f * (float)(i * 7919 % 28));
}

static void set_mismatch(struct bench_net *b)
{
    struct plan_group *g = &b->plan.group.data[0];
    const struct kernel *k = b->plan.kernel.data[g->kernel];
    b->plan.has_mismatch = true;
    b->plan.mismatch_seed = 1;
    for (uint32_t i = 0; i < k->n_params; i++) {
        if (k->param[i].kind != K_PARAM_PLAIN)
            g->mismatch[i] = 0.05;
    }
}

/* Some excite, some inhibit. */
static void set_feedback(struct plan_projection *j)
{
    for (uint64_t i = 0; i < j->row[j->n_pre]; i++)
        j->weight[i] = bench_weight(i) * (i % 3 ? 1.0f : -2.0f) / (float)j->n_pre;
}

void bench_net_make(struct bench_net *b, uint32_t n, bool varying, bool recurrent)
{
    *b = (struct bench_net){0};
    const char *text =
        arena_printf(&b->arena, source, (unsigned)BENCH_CHANNELS, n, recurrent ? feedback : "");
    unit_init(&b->unit, &b->arena, &b->diags, NULL);
    struct net *net = NULL;
    if (unit_load_text(&b->unit, "bench.dyn", text, strlen(text)))
        net = unit_network(&b->unit, NULL);
    if (!net || !sim_map(&b->arena, net, NULL, &b->plan, &b->diags))
        base_panic("the benchmark's network: %s", b->diags.list.data[0]->message);
    b->model = net->layer.data[0].model;
    struct plan_projection *j = &b->plan.projection.data[0];
    for (uint64_t i = 0; i < j->row[j->n_pre]; i++)
        j->weight[i] = bench_weight(i);
    if (recurrent)
        set_feedback(&b->plan.projection.data[1]);
    if (varying)
        set_mismatch(b);
    const struct kernel *k = b->plan.kernel.data[0];
    const float dt = (float)b->plan.dt;
    hoist(&b->arena, k, &b->hoisted);
    b->param = ARENA_ARRAY(&b->arena, struct column, k->n_params);
    b->let = ARENA_ARRAY(&b->arena, struct column, b->hoisted.kernel->n_lets);
    mismatch_apply(&b->arena, &b->plan, 0, b->plan.mismatch_seed, b->param);
    kernel_lets(&b->arena, k, n, b->param, dt, b->let);
    kernel_constants(&b->arena, &b->hoisted.code, n, b->param, b->let, dt, b->let + k->n_lets);
}

struct kernel_spec bench_net_spec(struct bench_net *b)
{
    const struct kernel *k = b->hoisted.kernel;
    const uint32_t n = k->n_params + k->n_lets;
    bool *uniform = ARENA_ARRAY(&b->arena, bool, n);
    float *value = ARENA_ARRAY(&b->arena, float, n);
    for (uint32_t i = 0; i < n; i++) {
        const struct column *c = i < k->n_params ? &b->param[i] : &b->let[i - k->n_params];
        uniform[i] = c->uniform;
        value[i] = c->v[0];
    }
    return (struct kernel_spec){.kernel = k,
                                .param_uniform = uniform,
                                .let_uniform = uniform + k->n_params,
                                .param_value = value,
                                .let_value = value + k->n_params,
                                .traced = ARENA_ARRAY(&b->arena, bool, k->n_states),
                                .dt = (float)b->plan.dt};
}

void bench_net_free(struct bench_net *b)
{
    diags_free(&b->diags);
    arena_free(&b->arena);
}

int bench_event(uint32_t trial, uint64_t step)
{
    const uint64_t h = hash_u64(step << 32 | trial);
    return h & 1 ? (int)(h >> 32) % BENCH_CHANNELS : -1;
}
