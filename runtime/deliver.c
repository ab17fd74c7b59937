#include "runtime/deliver.h"

#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)

/* Multiply, then add, each rounded. */
static void add_row(float *restrict to, const float *restrict weight, size_t n, float count)
{
    for (size_t i = 0; i < n; i++)
        to[i] += weight[i] * count;
}

/* Four rows that start at weight[0] to weight[3], one after the other for each sum. */
static void add_four(float *restrict to, const float *const *weight, size_t n,
                     const struct event *e)
{
    const float *restrict w0 = weight[0], *restrict w1 = weight[1], *restrict w2 = weight[2],
                          *restrict w3 = weight[3];
    const float c0 = e[0].count, c1 = e[1].count, c2 = e[2].count, c3 = e[3].count;
    for (size_t i = 0; i < n; i++)
        to[i] = (((to[i] + w0[i] * c0) + w1[i] * c1) + w2[i] * c2) + w3[i] * c3;
}

static void add_each(float *to, const uint32_t *post, const float *weight, uint64_t n, float count)
{
    for (uint64_t i = 0; i < n; i++)
        to[post[i]] += weight[i] * count;
}

/* Index of the first synapse in [begin, end) whose neuron is `least` or a later one. */
static uint64_t find_post(const uint32_t *post, uint64_t begin, uint64_t end, uint32_t least)
{
    while (begin < end) {
        uint64_t middle = begin + (end - begin) / 2;
        if (post[middle] < least)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin;
}

static bool same_sums(const struct event *a, const struct event *b)
{
    return a->step == b->step && a->trial == b->trial;
}

/* One event onto neurons [first, last). */
static void add_event(const struct delivery *d, const struct event *e, float *to, uint32_t first,
                      uint32_t last)
{
    const struct plan_projection *j = d->projection;
    if (d->rows.kind == ROWS_WHOLE) {
        add_row(to + first, d->rows.whole + (size_t)e->channel * d->n_post + first, last - first,
                e->count);
        return;
    }
    uint64_t begin = j->row[e->channel], end = j->row[e->channel + 1];
    if (last - first != d->n_post) {
        begin = find_post(j->post, begin, end, first);
        end = find_post(j->post, begin, end, last);
    }
    if (begin == end)
        return;
    if (d->rows.kind == ROWS_ANY)
        add_each(to, j->post + begin, j->weight + begin, end - begin, e->count);
    else
        add_row(to + j->post[begin], j->weight + begin, end - begin, e->count);
}

void JOIN(deliver_, ISA_SUFFIX)(const struct delivery *d, const struct event *event, size_t n)
{
    const uint32_t n_post = d->n_post;
    for (size_t i = 0; i < n;) {
        const struct event *e = event + i;
        const size_t lane = (size_t)e->trial * n_post; /* of the trial's first neuron */
        const size_t begin = lane > d->begin ? lane : d->begin,
                     end = lane + n_post < d->end ? lane + n_post : d->end;
        if (begin >= end) {
            i++;
            continue;
        }
        const uint32_t first = (uint32_t)(begin - lane), last = (uint32_t)(end - lane);
        float *to = d->receive + (e->step - d->first) * d->stride + lane;
        if (d->rows.kind != ROWS_WHOLE || i + 4 > n || !same_sums(e, e + 3)) {
            add_event(d, e, to, first, last);
            i++;
            continue;
        }
        const float *weight[4];
        for (uint32_t k = 0; k < 4; k++)
            weight[k] = d->rows.whole + (size_t)e[k].channel * n_post + first;
        add_four(to + first, weight, last - first, e);
        i += 4;
    }
}
