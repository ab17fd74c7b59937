#include "runtime/event_map.h"
#include <stdlib.h>

struct event_extents event_extents(const struct plan_shape *s)
{
    struct event_extents e = {1, 1, 1};
    const uint32_t places = s->rank < 2 ? 0 : 2; /* extents that say where, not what */
    for (uint32_t i = 0; i + places < s->rank; i++)
        e.features *= s->extent[i];
    if (places) {
        e.height = s->extent[s->rank - 2];
        e.width = s->extent[s->rank - 1];
    }
    return e;
}

static bool no_memory(const struct plan *p, const struct plan_projection *j, struct diags *d)
{
    diag_add(d, E0806, (struct span){0},
             "the weights of a connection to layer `%s` don't fit in memory",
             p->group.data[j->dst].name);
    return false;
}

static float divisor(const struct plan_projection *j)
{
    return j->average ? (float)((uint64_t)j->pool[0] * j->pool[1]) : 1;
}

/* ---- convolutions ------------------------------------------------------------------------------
 */

/* Outputs along an axis that an input at `at` meets, and the place in the kernel for the first. */
static struct event_row outputs(const struct conv *v, int axis, uint32_t at, uint32_t extent)
{
    const uint32_t far = at + v->padding[axis], stride = v->stride[axis];
    const uint32_t begin = far < v->kernel[axis] ? 0 : (far - v->kernel[axis]) / stride + 1;
    const uint32_t end = far / stride + 1 < extent ? far / stride + 1 : extent;
    if (begin >= end)
        return (struct event_row){0, 0, 0};
    return (struct event_row){begin, end - begin, far - begin * stride};
}

/* Columns of a kernel whose remainder by the stride is less than `phase`. An input meets those of
 * one remainder, and the further right the output, the further left they are. */
static uint32_t columns_before(const struct conv *v, uint32_t phase)
{
    const uint32_t k = v->kernel[1], s = v->stride[1], rest = k % s;
    return phase * (k / s) + (phase < rest ? phase : rest);
}

/* Where column kx stands among them. */
static uint32_t column_place(const struct conv *v, uint32_t kx)
{
    const uint32_t phase = kx % v->stride[1];
    return columns_before(v, phase + 1) - 1 - kx / v->stride[1];
}

/* Weights as [in][ky][column_place(kx)][out]. */
static void pack(const struct conv *v, float by, float *out)
{
    const size_t plane = (size_t)v->kernel[0] * v->kernel[1];
    for (uint32_t kx = 0; kx < v->kernel[1]; kx++) {
        const uint32_t place = column_place(v, kx);
        for (uint32_t c = 0; c < v->in; c++)
            for (uint32_t ky = 0; ky < v->kernel[0]; ky++) {
                const size_t row = ((size_t)c * v->kernel[0] + ky) * v->kernel[1];
                for (uint32_t o = 0; o < v->out; o++)
                    out[(row + place) * v->out + o] =
                        v->w[((size_t)o * v->in + c) * plane + (size_t)ky * v->kernel[1] + kx] / by;
            }
    }
}

static bool make_conv(struct arena *a, const struct plan *p, const struct plan_projection *j,
                      struct event_map *m, struct diags *d)
{
    const struct conv *v = j->conv;
    uint32_t whole[3], pooled[3];
    plan_source_map(p, j, whole, pooled);
    m->conv = true;
    m->stride = v->stride[0];
    m->weight_row = (size_t)v->kernel[1] * v->out;
    m->weight_feature = v->kernel[0] * m->weight_row;
    m->n_weights = v->in * m->weight_feature;
    m->weight = arena_try(a, m->n_weights + EVENT_PAD, sizeof *m->weight);
    m->row = arena_try(a, whole[1], sizeof *m->row);
    m->column = arena_try(a, whole[2], sizeof *m->column);
    if (!m->weight || !m->row || !m->column)
        return no_memory(p, j, d);
    pack(v, divisor(j), m->weight);
    uint32_t rows = 0, lanes = 0; /* that an input meets at most */
    for (uint32_t y = 0; y / j->pool[0] < pooled[1] && y < whole[1]; y++) {
        m->row[y] = outputs(v, 0, y / j->pool[0], m->dst.height);
        rows = m->row[y].n > rows ? m->row[y].n : rows;
    }
    for (uint32_t x = 0; x / j->pool[1] < pooled[2] && x < whole[2]; x++) {
        const struct event_row o = outputs(v, 1, x / j->pool[1], m->dst.width);
        if (o.n)
            m->column[x] = (struct event_stretch){o.out * v->out, o.n * v->out,
                                                  (size_t)column_place(v, o.kernel) * v->out};
        lanes = m->column[x].n > lanes ? m->column[x].n : lanes;
    }
    m->most = (size_t)rows * lanes;
    return true;
}

/* ---- rows of synapses --------------------------------------------------------------------------
 */

struct synapse {
    uint32_t lane;
    float weight;
    uint64_t index;
};

static int by_lane(const void *a, const void *b)
{
    const struct synapse *x = a, *y = b;
    if (x->lane != y->lane)
        return x->lane < y->lane ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

/* The stretches of a row, whose weights go to m->weight; `to` NULL: they are counted. */
static uint64_t put_row(const struct plan_projection *j, uint32_t pre, const struct event_map *m,
                        float by, struct synapse *room, struct event_stretch *to)
{
    const uint64_t first = j->row[pre], n = j->row[pre + 1] - first;
    uint64_t k = 0;
    for (uint64_t i = 0; i < n; i++)
        room[i] =
            (struct synapse){event_lane(&m->dst, j->post[first + i]), j->weight[first + i] / by, i};
    if (m->dst.height * m->dst.width > 1 && n > 1)
        qsort(room, (size_t)n, sizeof *room, by_lane);
    for (uint64_t i = 0; i < n; i++) {
        const bool goes_on = i > 0 && room[i].lane == room[i - 1].lane + 1;
        k += !goes_on;
        if (!to)
            continue;
        if (!goes_on)
            to[k - 1] = (struct event_stretch){room[i].lane, 0, (size_t)(first + i)};
        to[k - 1].n++;
        m->weight[first + i] = room[i].weight;
    }
    return k;
}

static bool make_rows(struct arena *a, const struct plan *p, const struct plan_projection *j,
                      struct event_map *m, struct diags *d)
{
    struct arena scratch = {0};
    const uint64_t n = j->row[j->n_pre];
    uint64_t longest = 0;
    for (uint32_t i = 0; i < j->n_pre; i++)
        longest = j->row[i + 1] - j->row[i] > longest ? j->row[i + 1] - j->row[i] : longest;
    m->pool[0] = j->pool[0];
    m->pool[1] = j->pool[1];
    m->pooled_height = m->src.height / j->pool[0];
    m->pooled_width = m->src.width / j->pool[1];
    m->n_weights = (size_t)n;
    m->most = (size_t)longest;
    m->weight = arena_try(a, (size_t)n + EVENT_PAD, sizeof *m->weight);
    m->first = arena_try(a, (size_t)j->n_pre + 1, sizeof *m->first);
    struct synapse *room = arena_try(&scratch, (size_t)longest + 1, sizeof *room);
    bool ok = m->weight && m->first && room;
    for (uint32_t i = 0; ok && i < j->n_pre; i++)
        m->first[i + 1] = m->first[i] + put_row(j, i, m, divisor(j), room, NULL);
    if (ok)
        m->stretch = arena_try(a, (size_t)m->first[j->n_pre] + 1, sizeof *m->stretch);
    ok = ok && m->stretch;
    m->stretches = ok ? (size_t)m->first[j->n_pre] : 0;
    for (uint32_t i = 0; ok && i < j->n_pre; i++)
        put_row(j, i, m, divisor(j), room, m->stretch + m->first[i]);
    arena_free(&scratch);
    return ok || no_memory(p, j, d);
}

bool event_map_make(struct arena *a, const struct plan *p, const struct plan_projection *j,
                    struct event_map *out, struct diags *d)
{
    *out = (struct event_map){.src = event_extents(j->from_input ? &p->input.data[j->src].shape
                                                                 : &p->group.data[j->src].shape),
                              .dst = event_extents(&p->group.data[j->dst].shape)};
    return j->conv ? make_conv(a, p, j, out, d) : make_rows(a, p, j, out, d);
}

uint64_t event_map_meets(const struct event_map *m, uint32_t lane)
{
    struct event_cursor k = event_meets(m, lane);
    struct event_stretch s;
    uint64_t n = 0;
    while (event_next(&k, &s))
        n += s.n;
    return n;
}

double event_map_bytes(const struct plan *p, const struct plan_projection *j)
{
    const struct plan_shape *s =
        j->from_input ? &p->input.data[j->src].shape : &p->group.data[j->src].shape;
    const struct event_extents e = event_extents(s);
    if (j->conv)
        return (double)(conv_count(j->conv) + EVENT_PAD) * sizeof(float) +
               (double)e.height * sizeof(struct event_row) +
               (double)e.width * sizeof(struct event_stretch);
    return (double)j->row[j->n_pre] * (sizeof(float) + sizeof(struct event_stretch)) +
           (double)j->n_pre * sizeof(uint64_t);
}
