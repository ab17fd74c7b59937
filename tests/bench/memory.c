/* How much memory a large network takes: a million neurons with a hundred synapses each. Only done
 * where it is asked for. */
#include "tests/bench/bench.h"
#include <sys/resource.h>

enum { NEURONS = 1000000, SYNAPSES = 100, STEPS = 100 };

static double peak_bytes(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)r.ru_maxrss * 1024;
}

/* Onto the layer itself, to neurons anywhere, with ascending targets. */
static void add_recurrence(struct bench_net *net)
{
    struct plan_projection j = {.delay = 1, .pool = {1, 1}, .n_pre = NEURONS};
    j.row = ARENA_ARRAY(&net->arena, uint64_t, NEURONS + 1);
    j.post = ARENA_ARRAY(&net->arena, uint32_t, (size_t)NEURONS * SYNAPSES);
    j.weight = ARENA_ARRAY(&net->arena, float, (size_t)NEURONS *SYNAPSES);
    for (uint32_t pre = 0; pre < NEURONS; pre++) {
        for (uint32_t i = 0; i < SYNAPSES; i++) {
            const uint64_t at = (uint64_t)pre * SYNAPSES + i;
            const uint32_t step = NEURONS / SYNAPSES;
            j.post[at] = i * step + (uint32_t)(hash_u64(at) % step);
            j.weight[at] = 0.01f * bench_weight(at);
        }
        j.row[pre + 1] = (uint64_t)(pre + 1) * SYNAPSES;
    }
    VEC_PUSH(&net->arena, &net->plan.projection, j);
}

void bench_memory(struct bench *b)
{
    struct bench_net net;
    struct arena a = {0};
    struct stimulus_source source = {.kind = STIM_REGULAR, .channels = BENCH_CHANNELS};
    source.rate = ARENA_ARRAY(&a, double, BENCH_CHANNELS);
    for (uint32_t i = 0; i < BENCH_CHANNELS; i++)
        source.rate[i] = 100;
    const struct stimulus s = {
        .name = "bench", .steps = STEPS, .trials = 1, .n_inputs = 1, .source = &source};
    bench_net_make(&net, NEURONS, false, false);
    add_recurrence(&net);
    const double plan = peak_bytes();
    const struct run_options o = {
        .stimulus = &s, .trials = 1, .chips = 1, .backend = b->have_jit ? &b->jit : &b->interp};
    struct run_result r;
    double t = bench_now();
    bench_check(b, run_plan(&a, &net.plan, &o, &r, &net.diags), "the large network doesn't run");
    t = bench_now() - t;
    uint64_t spikes = 0;
    for (uint32_t i = 0; i < NEURONS; i++)
        spikes += r.count[0][i];
    const double run = peak_bytes() - plan;
    bench_check(b, plan + run < 8.0 * (1 << 30), "the large network takes %.1f GB", plan + run);
    bench_keep_time(b, "memory", "1 million neurons", &t, 1, 0,
                    arena_printf(&b->arena,
                                 "%d steps, %.0f million synaptic events, %.2f GB, of which the "
                                 "run %.0f bytes a neuron",
                                 STEPS, 1e-6 * SYNAPSES * (double)spikes, 1e-9 * (plan + run),
                                 run / NEURONS));
    arena_free(&a);
    bench_net_free(&net);
}
