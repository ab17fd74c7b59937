#include "tests/naive_events.h"
#include <math.h>

void naive_begin(struct naive_events *n)
{
    const struct plan *p = n->plan;
    n->synaptic = ARENA_ARRAY(&n->arena, uint64_t, p->projection.n);
    n->v = ARENA_ARRAY(&n->arena, float *, p->group.n);
    for (uint32_t g = 0; g < p->group.n; g++) {
        const struct plan_group *group = &p->group.data[g];
        n->v[g] = ARENA_ARRAY(&n->arena, float, group->n);
        for (uint32_t i = 0; i < group->n; i++)
            n->v[g][i] = group->init[0].v[group->init[0].uniform ? 0 : i];
    }
}

static float bounded(const struct naive_events *n, uint32_t group, float x)
{
    return n->saturates[group] ? fminf(fmaxf(x, -32768), 32767) : x;
}

static float parameter(const struct plan_group *g, uint32_t param, uint32_t neuron)
{
    return g->param[param].v[g->param[param].uniform ? 0 : neuron];
}

static void update(struct naive_events *n, int64_t t, uint32_t group, uint32_t neuron, float w)
{
    const struct plan_group *g = &n->plan->group.data[group];
    const float threshold = bounded(n, group, parameter(g, 0, neuron)),
                bound = bounded(n, group, parameter(g, 1, neuron));
    float *v = &n->v[group][neuron];
    n->synaptic[n->projection]++;
    *v = bounded(n, group, *v + w);
    if (*v < bound)
        *v = bound;
    if (*v < threshold)
        return;
    *v = parameter(g, 2, neuron) != 0 ? 0 : bounded(n, group, *v - threshold);
    const struct naive_event e = {t, group, neuron};
    n->fires(n->arg, e);
    VEC_PUSH(&n->arena, &n->queue, e);
}

static void convolve(struct naive_events *n, const struct plan_projection *j, int64_t t, uint32_t c,
                     uint32_t y, uint32_t x, float by)
{
    const struct conv *v = j->conv;
    const uint32_t *dst = n->plan->group.data[j->dst].shape.extent;
    for (uint32_t oy = 0; oy < dst[1]; oy++)
        for (uint32_t ox = 0; ox < dst[2]; ox++)
            for (uint32_t f = 0; f < dst[0]; f++) {
                const int64_t ky = (int64_t)y + v->padding[0] - (int64_t)oy * v->stride[0],
                              kx = (int64_t)x + v->padding[1] - (int64_t)ox * v->stride[1];
                if (ky < 0 || ky >= v->kernel[0] || kx < 0 || kx >= v->kernel[1])
                    continue;
                const int64_t w =
                    (((int64_t)f * v->in + c) * v->kernel[0] + ky) * v->kernel[1] + kx;
                update(n, t, j->dst, (f * dst[1] + oy) * dst[2] + ox, v->w[w] / by);
            }
}

/* Places in the order of rows, at each of them the features. */
static void connect(struct naive_events *n, const struct plan_projection *j, int64_t t,
                    uint32_t pre, float by)
{
    const struct plan_group *g = &n->plan->group.data[j->dst];
    const struct plan_shape *s = &g->shape;
    const uint32_t places = s->rank < 2 ? 1 : s->extent[s->rank - 2] * s->extent[s->rank - 1];
    for (uint32_t place = 0; place < places; place++)
        for (uint32_t f = 0; f < g->n / places; f++)
            for (uint64_t k = j->row[pre]; k < j->row[pre + 1]; k++)
                if (j->post[k] == f * places + place)
                    update(n, t, j->dst, j->post[k], j->weight[k] / by);
}

static void deliver(struct naive_events *n, const struct plan_projection *j, int64_t t,
                    uint32_t element)
{
    const float by = j->average ? (float)(j->pool[0] * j->pool[1]) : 1;
    uint32_t whole[3], pooled[3];
    if (!plan_source_map(n->plan, j, whole, pooled)) {
        connect(n, j, t, element, by);
        return;
    }
    const uint32_t c = element / (whole[1] * whole[2]),
                   y = element / whole[2] % whole[1] / j->pool[0],
                   x = element % whole[2] / j->pool[1];
    if (y >= pooled[1] || x >= pooled[2])
        return;
    if (j->conv)
        convolve(n, j, t, c, y, x, by);
    else
        connect(n, j, t, (c * pooled[1] + y) * pooled[2] + x, by);
}

static void deliver_all(struct naive_events *n, bool from_input, struct naive_event e)
{
    for (uint32_t i = 0; i < n->plan->projection.n; i++) {
        const struct plan_projection *j = &n->plan->projection.data[i];
        n->projection = i;
        if (j->from_input == from_input && j->src == e.source)
            deliver(n, j, e.t, e.element);
    }
}

void naive_serve(struct naive_events *n, struct naive_event e)
{
    const struct sensor *sensor = n->plan->input.data[e.source].sensor;
    if (sensor && !sensor_event(sensor, &e.element))
        return;
    deliver_all(n, true, e);
    for (uint32_t i = 0; i < n->queue.n; i++)
        deliver_all(n, false, n->queue.data[i]);
    n->queue.n = 0;
}
