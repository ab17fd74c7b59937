/* The behaviour half of diff: spike counts, first difference, van Rossum distance. */
#include "compiler/diff.h"
#include "compiler/summary.h"

#include <math.h>

static const uint8_t *spikes_of(const struct run_result *r, uint32_t group)
{
    for (uint32_t i = 0; i < r->n_record; i++) {
        if (r->record[i].what.group == group && r->record[i].what.state < 0) {
            return r->record[i].data;
        }
    }
    return NULL;
}

static int find_group(const struct plan *p, const char *name)
{
    for (uint32_t g = 0; g < p->group.n; g++) {
        if (strcmp(p->group.data[g].name, name) == 0) {
            return (int)g;
        }
    }
    return -1;
}

static double *mean_counts(struct arena *a, const uint64_t *count, uint32_t n, uint32_t trials)
{
    double *mean = ARENA_ARRAY(a, double, n);
    for (uint32_t t = 0; t < trials; t++) {
        for (uint32_t i = 0; i < n; i++) {
            mean[i] += (double)count[(size_t)t * n + i] / trials;
        }
    }
    return mean;
}

static double *frrs(struct arena *a, const uint64_t *count, uint32_t n, uint32_t trials)
{
    double *v = ARENA_ARRAY(a, double, trials);
    for (uint32_t t = 0; t < trials; t++) {
        v[t] = firing_rate_ratio(count + (size_t)t * n, n);
    }
    return v;
}

/* van Rossum (2001): both trains filtered by exp(-t / tau), D^2 = 1/tau * integral of the squared
 * difference; here summed over steps. One extra spike gives 1/sqrt(2) for steps much below tau. */
static double van_rossum(const uint8_t *x, const uint8_t *y, uint64_t steps, uint32_t stride,
                         double dt)
{
    double decay = exp(-dt / VAN_ROSSUM_TAU), f = 0, sum = 0;
    for (uint64_t t = 0; t < steps; t++) {
        f = f * decay + (double)x[t * stride] - (double)y[t * stride];
        sum += f * f;
    }
    sum += f * f * decay * decay / (1 - decay * decay); /* the tail after the last step */
    return sqrt(sum * dt / VAN_ROSSUM_TAU);
}

static void compare_spikes(struct diff_layer *l, const uint8_t *x, const uint8_t *y,
                           uint32_t trials, uint64_t steps, double dt)
{
    double sum = 0;
    for (uint32_t t = 0; t < trials; t++) {
        size_t at = (size_t)t * steps * l->n;
        for (size_t k = 0; k < steps * l->n && !l->differs; k++) {
            if (x[at + k] != y[at + k]) {
                l->differs = true;
                l->trial = t;
                l->step = k / l->n;
                l->neuron = (uint32_t)(k % l->n);
                l->value_a = x[at + k];
                l->value_b = y[at + k];
            }
        }
        for (uint32_t i = 0; i < l->n; i++) {
            double d = van_rossum(x + at + i, y + at + i, steps, l->n, dt);
            sum += d;
            if (d > l->van_rossum_most) {
                l->van_rossum_most = d;
                l->van_rossum_at = i;
            }
        }
    }
    l->van_rossum_mean = sum / ((double)trials * l->n);
}

void diff_runs(struct arena *a, const struct net *na, const struct plan *pa,
               const struct run_result *ra, const struct plan *pb, const struct run_result *rb,
               struct diff *out)
{
    out->has_behaviour = true;
    out->trials = ra->trials;
    out->steps = ra->steps;
    out->dt = ra->dt;
    for (uint32_t o = 0; o < pa->output.n; o++) {
        uint32_t g = pa->output.data[o];
        const struct plan_group *group = &pa->group.data[g];
        int h = find_group(pb, group->name);
        const uint8_t *x = spikes_of(ra, g), *y = h < 0 ? NULL : spikes_of(rb, (uint32_t)h);
        if (!x || !y || pb->group.data[h].n != group->n) {
            continue; /* the structure part tells of it */
        }
        struct diff_layer *l = VEC_ADD(a, &out->layer);
        *l = (struct diff_layer){.name = group->name, .n = group->n};
        l->at = &na->layer.data[net_find_layer(na, group->name)];
        l->count_a = mean_counts(a, ra->count[g], l->n, ra->trials);
        l->count_b = mean_counts(a, rb->count[h], l->n, ra->trials);
        l->frr_a = frrs(a, ra->count[g], l->n, ra->trials);
        l->frr_b = frrs(a, rb->count[h], l->n, ra->trials);
        compare_spikes(l, x, y, ra->trials, ra->steps, ra->dt);
    }
}
