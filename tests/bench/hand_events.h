/* Event-driven chains of integrate-and-fire maps written by hand, to measure generated code
 * against: one queue, first in, first out, and for each event a loop over the rows of outputs that
 * it meets, vectors of int16 over places and features. hand_events.inc is the text,
 * hand_events_avx2.c and hand_events_avx512.c are its intrinsics; hand_events_scalar.c is the plain
 * loop in C. Convolutions with as many columns and features as the benchmark's layers have are
 * compiled for them. */
#ifndef BENCH_HAND_EVENTS_H
#define BENCH_HAND_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A neuron or channel (f, y, x) of a map is lane (y * width + x) * features + f. */
struct hand_layer {
    uint32_t in, src_height, src_width, pool; /* the source */
    uint32_t out, height, width;
    uint32_t kernel, stride, padding;
    int16_t threshold, v_min;
    int16_t *weight; /* [in][ky][column][out]: columns of a kernel in the order of the outputs that
                        an input meets; hand_column() */
    int16_t *v;      /* lanes, and 64 more */
    uint64_t *count; /* spikes of each lane */
};

struct hand_events {
    uint32_t n_layers;
    struct hand_layer *layer; /* one after the other */
    const uint32_t *event;    /* lanes of the first one's source */
    size_t n_events;
    /* Room for all that follows from an event. */
    uint32_t *queue; /* lanes */
    struct hand_batch {
        uint32_t layer;
        size_t end; /* of those lanes that are its events */
    } * batch;
};

/* Serves all events; states begin at 0. */
typedef void hand_events_fn(struct hand_events *h);
hand_events_fn hand_events_scalar, hand_events_avx2, hand_events_avx512;

/* Where column kx of a kernel stands in `weight`. */
static inline uint32_t hand_column(uint32_t kernel, uint32_t stride, uint32_t kx)
{
    const uint32_t phase = kx % stride, rest = kernel % stride;
    const uint32_t before = phase * (kernel / stride) + (phase < rest ? phase : rest);
    return before + (kernel - 1 - phase) / stride - kx / stride;
}

struct hand_range { /* outputs along an axis, and where in the kernel the first of them is */
    uint32_t first, n, at;
};

static inline struct hand_range hand_outputs(const struct hand_layer *l, uint32_t at, uint32_t n)
{
    const uint32_t far = at / l->pool + l->padding;
    const uint32_t first = far < l->kernel ? 0 : (far - l->kernel) / l->stride + 1;
    const uint32_t last = far / l->stride < n - 1 ? far / l->stride : n - 1;
    if (first > last)
        return (struct hand_range){0, 0, 0};
    return (struct hand_range){first, last + 1 - first, far - first * l->stride};
}

#endif
