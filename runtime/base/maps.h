/* Maps of features, [features, height, width], and what happens to events between them: sums over
 * areas, convolutions, and what a sensor does to its pixels. Network, plan and chips share it.
 *
 * An element of a map has index (f * height + y) * width + x. Pairs are y, x. */
#ifndef BASE_MAPS_H
#define BASE_MAPS_H

#include <stdbool.h>
#include <stdint.h>

enum { MAPS_MOST = 1 << 15 }; /* of a kernel's extent, a stride, a padding, a pool */

/* An event at (c, y, x) of the (pooled) source map meets the destination neurons (o, oy, ox) with
 * ky = y + padding[0] - oy * stride[0] in 0 .. kernel[0] - 1, kx likewise, and for every o:
 * w[((o * in + c) * kernel[0] + ky) * kernel[1] + kx]. */
struct conv {
    uint32_t out, in; /* features */
    uint32_t kernel[2], stride[2], padding[2];
    float *w;
};

/* Outputs along axis 0 (y) or 1 (x) for so many inputs; 0: the kernel is larger than the padded
 * map. */
uint32_t conv_extent(const struct conv *c, int axis, uint32_t in);
/* The outputs [out[0], out[1]) along an axis of `extent` of them that an input at `at` meets. */
void conv_outputs(const struct conv *c, int axis, uint32_t at, uint32_t extent, uint32_t out[2]);
/* Number of weights; UINT64_MAX if it is above 2^31 - 1. */
uint64_t conv_count(const struct conv *c);
/* What is wrong with a convolution from a (pooled) map to another, apart from its weights; NULL:
 * nothing. */
const char *conv_wrong(const struct conv *c, const uint32_t src[3], const uint32_t dst[3]);

/* The map that is left of [f, h, w] where areas of pool[0] * pool[1] are one: whole areas only.
 * False if there is none. */
bool pooled_map(const uint32_t src[3], const uint32_t pool[2], uint32_t out[3]);

/* What an input that is a sensor does to its events before anything else, in this order. Polarity 0
 * is off, 1 is on. Where only one kind passes, or both are merged, the map has one feature. */
struct sensor {
    const char *from;    /* "dvs" */
    uint32_t raw[3];     /* the sensor's map: [2, 128, 128]; stimuli give these events */
    bool on, off;        /* polarities that pass */
    bool merge;          /* both are feature 0 */
    uint32_t pool[2];    /* pixels outside of whole areas are dropped */
    uint32_t crop[2][2]; /* first and one past the last row and column kept, after pooling */
    bool mirror[2];
    bool swap; /* y and x */
};

/* What is wrong with it; NULL: nothing. */
const char *sensor_wrong(const struct sensor *s);
/* The map that comes out. */
void sensor_map(const struct sensor *s, uint32_t out[3]);
/* Where an event of the sensor comes out, in place: its element in raw and in that map. False: it
 * is dropped. */
bool sensor_event(const struct sensor *s, uint32_t *element);
/* Whether two do the same; NULL is none. */
bool sensor_same(const struct sensor *a, const struct sensor *b);

#endif
