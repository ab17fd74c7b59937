/* The plain loop; the Makefile sees to it that the compiler leaves it one. */
#include "tests/bench/hand_events.h"
#include <string.h>

struct queue {
    uint32_t *lane;
    struct hand_batch *layer;
    size_t n;
};

static void serve(struct hand_events *h, uint32_t layer, uint32_t lane, struct queue *q)
{
    const struct hand_layer *l = &h->layer[layer];
    const uint32_t c = lane % l->in, place = lane / l->in;
    const struct hand_range rows = hand_outputs(l, place / l->src_width, l->height),
                            columns = hand_outputs(l, place % l->src_width, l->width);
    const uint32_t column = hand_column(l->kernel, l->stride, columns.at);
    for (uint32_t i = 0; columns.n > 0 && i < rows.n; i++) {
        const uint32_t ky = rows.at - i * l->stride;
        const uint32_t first = ((rows.first + i) * l->width + columns.first) * l->out;
        const int16_t *w = l->weight + ((c * l->kernel + ky) * l->kernel + column) * l->out;
        for (uint32_t k = 0; k < columns.n * l->out; k++) {
            int v = l->v[first + k] + w[k];
            v = v > INT16_MAX ? INT16_MAX : v;
            v = v < l->v_min ? l->v_min : v;
            if (v >= l->threshold) {
                v -= l->threshold;
                l->count[first + k]++;
                if (layer + 1 < h->n_layers) {
                    q->layer[q->n].layer = layer + 1;
                    q->lane[q->n++] = first + k;
                }
            }
            l->v[first + k] = (int16_t)v;
        }
    }
}

void hand_events_scalar(struct hand_events *h)
{
    for (uint32_t i = 0; i < h->n_layers; i++) {
        const struct hand_layer *l = &h->layer[i];
        memset(l->v, 0, (size_t)l->out * l->height * l->width * sizeof *l->v);
    }
    struct queue q = {h->queue, h->batch, 0};
    for (size_t i = 0; i < h->n_events; i++) {
        q.n = 0;
        serve(h, 0, h->event[i], &q);
        for (size_t k = 0; k < q.n; k++)
            serve(h, q.layer[k].layer, q.lane[k], &q);
    }
}
