/* The behaviour half of diff: spike counts, first difference, van Rossum distance. */
#include "compiler/diff.h"
#include "compiler/summary.h"
#include "runtime/event_map.h"

#include <math.h>

/* What a run recorded of a group's spikes. */
struct spikes {
    const struct run_result *run;
    const struct plan_group *group;
    const uint64_t *count; /* [trial][neuron] */
    const uint8_t *data;   /* NULL: nothing */
    uint64_t n;            /* events */
};

static struct spikes spikes_of(const struct plan *p, const struct run_result *r, int group)
{
    struct spikes s = {.run = r};
    for (uint32_t i = 0; group >= 0 && i < r->n_record; i++) {
        if (r->record[i].what.group == (uint32_t)group && r->record[i].what.state < 0) {
            s.group = &p->group.data[group];
            s.count = r->count[group];
            s.data = r->record[i].data;
            s.n = r->record[i].n;
        }
    }
    return s;
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

static void compare_steps(struct diff_layer *l, const uint8_t *x, const uint8_t *y, uint32_t trials,
                          uint64_t steps, double dt)
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

/* ---- runs event by event, and one of each kind ---- */

/* Spikes of each neuron in each trial, in time. */
struct trains {
    size_t *first; /* [trial * n + neuron], and one more */
    double *t;     /* seconds */
};

static struct event_record event_of(const struct spikes *s, uint64_t i)
{
    return event_record_get(s->data + i * EVENT_BYTES);
}

static uint32_t neuron_of(const struct spikes *s, const struct event_record *e)
{
    const struct event_extents m = event_extents(&s->group->shape);
    return (e->channel * m.height + e->y) * m.width + e->x;
}

static struct trains trains_of(struct arena *a, const struct spikes *s, uint32_t trials)
{
    const uint32_t n = s->group->n;
    const size_t all = (size_t)trials * n;
    struct trains x = {.first = ARENA_ARRAY(a, size_t, all + 1)};
    for (size_t i = 0; i < all; i++) {
        x.first[i + 1] = x.first[i] + (size_t)s->count[i];
    }
    x.t = ARENA_ARRAY(a, double, x.first[all] + 1);
    size_t *at = ARENA_ARRAY(a, size_t, all + 1);
    memcpy(at, x.first, all * sizeof *at);
    for (uint64_t i = 0; s->run->event && i < s->n; i++) {
        const struct event_record e = event_of(s, i);
        x.t[at[(size_t)e.trial * n + neuron_of(s, &e)]++] = (double)e.t * 1e-6;
    }
    const size_t row = (size_t)s->run->steps * n;
    for (size_t k = 0; !s->run->event && k < row * trials; k++) {
        const size_t train = k / row * n + k % n;
        for (uint8_t c = 0; c < s->data[k]; c++) {
            x.t[at[train]++] = (double)(k % row / n) * s->run->dt;
        }
    }
    return x;
}

/* The same distance without steps: between two spikes the difference decays undisturbed. */
static double van_rossum_in_time(const double *x, size_t nx, const double *y, size_t ny)
{
    double f = 0, sum = 0, last = 0;
    for (size_t i = 0, k = 0; i < nx || k < ny;) {
        const bool is_x = k == ny || (i < nx && x[i] <= y[k]);
        const double t = is_x ? x[i] : y[k], decay = exp(-(t - last) / VAN_ROSSUM_TAU);
        sum += f * f * (1 - decay * decay) / 2;
        f = f * decay + (is_x ? 1 : -1);
        last = t;
        i += is_x;
        k += !is_x;
    }
    return sqrt(sum + f * f / 2);
}

static void compare_trains(struct arena *a, struct diff_layer *l, const struct spikes *x,
                           const struct spikes *y, uint32_t trials)
{
    const struct trains p = trains_of(a, x, trials), q = trains_of(a, y, trials);
    const size_t all = (size_t)trials * l->n;
    double sum = 0;
    for (size_t i = 0; i < all; i++) {
        const size_t np = p.first[i + 1] - p.first[i], nq = q.first[i + 1] - q.first[i];
        const double d = van_rossum_in_time(p.t + p.first[i], np, q.t + q.first[i], nq);
        sum += d;
        l->differs = l->differs || d > 0;
        if (d > l->van_rossum_most) {
            l->van_rossum_most = d;
            l->van_rossum_at = (uint32_t)(i % l->n);
        }
    }
    l->van_rossum_mean = all ? sum / (double)all : 0;
}

/* Spikes of the same time count in their order. */
static void first_event(struct diff_layer *l, const struct spikes *x, const struct spikes *y)
{
    uint64_t i = 0;
    while (i < x->n && i < y->n &&
           memcmp(x->data + i * EVENT_BYTES, y->data + i * EVENT_BYTES, EVENT_BYTES) == 0) {
        i++;
    }
    if (i == x->n && i == y->n) {
        return;
    }
    const struct event_record none = {.trial = UINT32_MAX};
    const struct event_record ex = i < x->n ? event_of(x, i) : none,
                              ey = i < y->n ? event_of(y, i) : none;
    l->differs = true;
    l->trial = ex.trial < ey.trial ? ex.trial : ey.trial;
    for (uint64_t k = i; k > 0 && event_of(x, k - 1).trial == l->trial; k--) {
        l->event++;
    }
    l->event_a = (struct diff_event){ex.trial == l->trial, ex.t, neuron_of(x, &ex)};
    l->event_b = (struct diff_event){ey.trial == l->trial, ey.t, neuron_of(y, &ey)};
}

static void compare(struct arena *a, struct diff_layer *l, const struct spikes *x,
                    const struct spikes *y)
{
    const struct run_result *r = x->run;
    l->kind = x->run->event != y->run->event ? DIFF_MIXED
              : x->run->event                ? DIFF_EVENTS
                                             : DIFF_STEPS;
    if (l->kind == DIFF_STEPS) {
        compare_steps(l, x->data, y->data, r->trials, r->steps, r->dt);
        return;
    }
    compare_trains(a, l, x, y, r->trials);
    if (l->kind == DIFF_EVENTS) {
        first_event(l, x, y);
    }
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
        const struct spikes x = spikes_of(pa, ra, (int)g), y = spikes_of(pb, rb, h);
        if (!x.data || !y.data || y.group->n != group->n) {
            continue; /* the structure part tells of it */
        }
        struct diff_layer *l = VEC_ADD(a, &out->layer);
        *l = (struct diff_layer){.name = group->name, .n = group->n};
        l->at = &na->layer.data[net_find_layer(na, group->name)];
        l->count_a = mean_counts(a, x.count, l->n, ra->trials);
        l->count_b = mean_counts(a, y.count, l->n, ra->trials);
        l->frr_a = frrs(a, x.count, l->n, ra->trials);
        l->frr_b = frrs(a, y.count, l->n, ra->trials);
        compare(a, l, &x, &y);
    }
}
