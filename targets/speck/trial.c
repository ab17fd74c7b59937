#include "targets/speck/trial.h"
#include "targets/sim/sim.h"

bool speck_try(struct arena *a, const struct net *n, const struct stimulus *s,
               struct speck_trial *out, struct diags *d)
{
    struct plan plan;
    struct backend interp;
    struct run_result r;
    backend_interp(&interp);
    const struct run_options o = {
        .stimulus = s, .trials = s->trials, .chips = 1, .backend = &interp};
    bool ok = sim_map(a, n, NULL, &plan, d) && run_plan(a, &plan, &o, &r, d);
    if (interp.release)
        interp.release(&interp);
    if (!ok)
        return false;
    *out = (struct speck_trial){
        .trials = r.trials, .spikes = r.count, .load = ARENA_ARRAY(a, double, n->layer.n)};
    for (uint32_t i = 0; i < n->layer.n; i++)
        out->load[i] = (double)run_synaptic(&plan, &r, i) / (r.trials * (double)r.steps * r.dt);
    return true;
}

uint64_t speck_trial_spikes(const struct speck_trial *t, const struct net *n, uint32_t layer)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < (uint64_t)t->trials * n->layer.data[layer].n; i++)
        sum += t->spikes[layer][i];
    return sum;
}

static bool feature_spikes(const struct speck_trial *t, const struct net_layer *l, uint32_t layer,
                           uint32_t feature)
{
    const uint32_t area = l->n / l->shape.extent[0];
    for (uint32_t k = 0; k < t->trials; k++) {
        const uint64_t *row = t->spikes[layer] + (uint64_t)k * l->n + (uint64_t)feature * area;
        for (uint32_t i = 0; i < area; i++)
            if (row[i] > 0)
                return true;
    }
    return false;
}

uint32_t speck_trial_silenced(const struct speck_trial *before, const struct speck_trial *after,
                              const struct net *n, uint32_t layer)
{
    const struct net_layer *l = &n->layer.data[layer];
    uint32_t silenced = 0;
    for (uint32_t f = 0; f < l->shape.extent[0]; f++)
        silenced += feature_spikes(before, l, layer, f) && !feature_spikes(after, l, layer, f);
    return silenced;
}

double speck_trial_error(const struct speck_trial *want, const struct speck_trial *have,
                         const struct net *n)
{
    double apart = 0, sum = 0;
    for (uint32_t i = 0; i < n->output.n; i++) {
        const uint32_t layer = n->output.data[i];
        for (uint64_t k = 0; k < (uint64_t)want->trials * n->layer.data[layer].n; k++) {
            const double x = (double)want->spikes[layer][k], y = (double)have->spikes[layer][k];
            apart += x > y ? x - y : y - x;
            sum += x;
        }
    }
    return apart / (sum > 0 ? sum : 1);
}
