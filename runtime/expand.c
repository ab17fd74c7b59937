#include "runtime/expand.h"
#include <stdlib.h>

/* ---- connections -------------------------------------------------------------------------------
 */

struct expansion {
    const struct plan_projection *from;
    uint32_t whole[3], pooled[3]; /* of the source */
    const uint32_t *dst;          /* extents of a convolution's target */
    float divisor;
    uint32_t *post; /* NULL: synapses are only counted */
    float *weight;
    uint64_t n;
};

static void put(struct expansion *x, uint32_t post, float weight)
{
    if (weight == 0)
        return;
    if (x->post) {
        x->post[x->n] = post;
        x->weight[x->n] = x->from->average ? weight / x->divisor : weight;
    }
    x->n++;
}

/* The synapses of element (c, y, x) of the pooled map. */
static void put_conv(struct expansion *e, uint32_t c, uint32_t y, uint32_t x)
{
    const struct conv *v = e->from->conv;
    uint32_t oy[2], ox[2];
    conv_outputs(v, 0, y, e->dst[1], oy);
    conv_outputs(v, 1, x, e->dst[2], ox);
    for (uint32_t o = 0; o < v->out; o++) {
        const float *w = v->w + ((size_t)o * v->in + c) * v->kernel[0] * v->kernel[1];
        for (uint32_t i = oy[0]; i < oy[1]; i++) {
            const float *row = w + (y + v->padding[0] - i * v->stride[0]) * v->kernel[1];
            for (uint32_t j = ox[0]; j < ox[1]; j++)
                put(e, (o * e->dst[1] + i) * e->dst[2] + j,
                    row[x + v->padding[1] - j * v->stride[1]]);
        }
    }
}

static void put_row(struct expansion *x, uint32_t pre)
{
    const struct plan_projection *j = x->from;
    for (uint64_t s = j->row[pre]; s < j->row[pre + 1]; s++)
        put(x, j->post[s], j->weight[s]);
}

/* All synapses, neuron by neuron of the whole map; `row` NULL: they are counted. */
static void put_all(struct expansion *e, uint64_t *row)
{
    const struct plan_projection *j = e->from;
    const uint32_t h = e->whole[1], w = e->whole[2], n = e->whole[0] * h * w;
    e->n = 0;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t c = i / (h * w), y = i / w % h / j->pool[0], x = i % w / j->pool[1];
        const bool inside = y < e->pooled[1] && x < e->pooled[2];
        if (inside && j->conv)
            put_conv(e, c, y, x);
        else if (inside)
            put_row(e, (c * e->pooled[1] + y) * e->pooled[2] + x);
        if (row)
            row[i + 1] = e->n;
    }
}

/* Over an axis of the source: pairs of an input and an output that meet. */
static double pairs(const struct expansion *e, int axis)
{
    double n = 0;
    for (uint32_t at = 0; at < e->pooled[1 + axis]; at++) {
        uint32_t out[2];
        conv_outputs(e->from->conv, axis, at, e->dst[1 + axis], out);
        n += (double)out[1] - out[0];
    }
    return n * e->from->pool[axis];
}

/* No fewer than there are: what would take too much isn't counted one by one. */
static double synapses_at_most(const struct expansion *e)
{
    const struct plan_projection *j = e->from;
    if (j->conv)
        return pairs(e, 0) * pairs(e, 1) * j->conv->in * j->conv->out;
    return (double)j->row[j->n_pre] * j->pool[0] * j->pool[1];
}

static double bytes_of(double synapses, double rows)
{
    return synapses * (sizeof(uint32_t) + sizeof(float)) + rows * sizeof(uint64_t);
}

static bool too_large(struct diags *d, const struct plan *p, const struct plan_projection *j,
                      double bytes)
{
    struct diag *g = diag_add(
        d, E0806, (struct span){0},
        "the synapses of a connection to layer `%s` need %.1f GB of memory in a run by time steps",
        p->group.data[j->dst].name, bytes * 1e-9);
    diag_hint(d, g, "an event-driven run needs none for a convolution's");
    return false;
}

static bool is_plain(const struct plan_projection *j)
{
    return !j->conv && j->pool[0] == 1 && j->pool[1] == 1;
}

static bool expand(struct arena *a, const struct plan *p, struct plan_projection *j,
                   struct diags *d)
{
    struct expansion e = {.from = j,
                          .dst = p->group.data[j->dst].shape.extent,
                          .divisor = (float)((uint64_t)j->pool[0] * j->pool[1])};
    plan_source_map(p, j, e.whole, e.pooled);
    const uint32_t n = e.whole[0] * e.whole[1] * e.whole[2];
    if (!memory_allows(bytes_of(0, n)) || !memory_allows(bytes_of(synapses_at_most(&e), n)))
        return too_large(d, p, j, bytes_of(synapses_at_most(&e), n));
    put_all(&e, NULL);
    struct plan_projection to = *j;
    to.row = arena_try(a, (size_t)n + 1, sizeof *to.row);
    to.post = to.row ? arena_try(a, (size_t)e.n + 1, sizeof *to.post) : NULL;
    to.weight = to.post ? arena_try(a, (size_t)e.n + 1, sizeof *to.weight) : NULL;
    if (!to.weight)
        return too_large(d, p, j, bytes_of((double)e.n, n));
    e.post = to.post;
    e.weight = to.weight;
    put_all(&e, to.row);
    to.conv = NULL;
    to.pool[0] = to.pool[1] = 1;
    to.average = false;
    to.n_pre = n;
    *j = to;
    return true;
}

bool plan_expand(struct arena *a, const struct plan *p, struct plan *out, struct diags *d)
{
    *out = *p;
    out->projection.data = ARENA_ARRAY(a, struct plan_projection, p->projection.n);
    for (uint32_t i = 0; i < p->projection.n; i++) {
        struct plan_projection *j = &out->projection.data[i];
        *j = p->projection.data[i];
        if (j->bias && j->conv) { /* of a feature: of each of its neurons */
            const uint32_t n = p->group.data[j->dst].n;
            j->bias = ARENA_ARRAY(a, float, n);
            for (uint32_t k = 0; k < n; k++)
                j->bias[k] = p->projection.data[i].bias[k / (n / j->conv->out)];
        }
        if (!is_plain(j) && !expand(a, p, j, d))
            return false;
    }
    return true;
}

float *plan_bias_sums(struct arena *a, const struct plan *p, uint32_t group, uint32_t receptor)
{
    float *sum = NULL;
    const uint32_t n = p->group.data[group].n;
    for (uint32_t i = 0; i < p->projection.n; i++) {
        const struct plan_projection *j = &p->projection.data[i];
        if (j->dst != group || j->receptor != receptor || !j->bias)
            continue;
        if (!sum)
            sum = ARENA_ARRAY(a, float, n);
        for (uint32_t k = 0; k < n; k++)
            sum[k] += j->bias[k];
    }
    return sum;
}

/* ---- sensors -----------------------------------------------------------------------------------
 */

static int by_channel(const void *a, const void *b)
{
    const uint32_t x = ((const struct stimulus_event *)a)->channel,
                   y = ((const struct stimulus_event *)b)->channel;
    return x < y ? -1 : x > y;
}

uint32_t sensor_step(const struct sensor *s, struct stimulus_event *event, uint32_t n)
{
    uint32_t passed = 0, joined = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct stimulus_event e = event[i];
        if (sensor_event(s, &e.channel))
            event[passed++] = e;
    }
    if (passed > 1)
        qsort(event, passed, sizeof *event, by_channel);
    for (uint32_t i = 0; i < passed; i++) {
        if (joined && event[joined - 1].channel == event[i].channel)
            event[joined - 1].count += event[i].count;
        else
            event[joined++] = event[i];
    }
    return joined;
}

bool sensor_table(struct arena *a, const struct sensor *s, const struct stimulus_source *from,
                  struct stimulus_source *out, struct diags *d)
{
    const uint64_t cells = from->trials * from->steps, n = from->row[cells];
    uint32_t map[3];
    sensor_map(s, map);
    *out = *from;
    out->channels = map[0] * map[1] * map[2];
    out->row = arena_try(a, (size_t)cells + 1, sizeof *out->row);
    out->event = arena_try(a, (size_t)n + 1, sizeof *out->event);
    if (!out->row || !out->event) {
        diag_add(d, E0806, (struct span){0}, "a sensor's events don't fit in memory");
        return false;
    }
    uint64_t k = 0;
    for (uint64_t cell = 0; cell < cells; cell++) {
        const uint32_t here = (uint32_t)(from->row[cell + 1] - from->row[cell]);
        if (here)
            memcpy(&out->event[k], &from->event[from->row[cell]], here * sizeof *out->event);
        k += sensor_step(s, &out->event[k], here);
        out->row[cell + 1] = k;
    }
    return true;
}
