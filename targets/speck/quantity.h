/* The numbers of discretization: scales, rounding, factors of pools, kernels that share a core.
 * Functions of arrays that know no network and no chip's configuration.
 *
 * What sinabs 3.1.3 computes is computed to the last bit [A]: float32, one operation after the
 * other, each rounded. Where sinabs does wrong there are two ways, and a caller says which. */
#ifndef SPECK_QUANTITY_H
#define SPECK_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- scales ---- */

/* The scale that brings the farther end of `v` to the end of a signed number of so many bits. Of
 * all zeros, or of none: infinity. */
float speck_scale_of(const float *v, size_t n, uint32_t bits);

struct speck_real { /* a layer in the network's units; NULL: it has none */
    const float *weights, *biases, *state;
    size_t n_weights, n_biases, n_state;
    float threshold, v_min;
    bool bounded; /* false: there is no v_min */
};

/* What each part alone allows. The layer's scale is the smallest. */
struct speck_scales {
    float weights, biases, thresholds, state;
};

enum speck_unbounded {
    SPECK_FREE,     /* no lower bound: the chip's lowest value, which needs no scale */
    SPECK_AS_SINABS /* -32768 that is scaled too: no scale above 1, so small weights become 0 */
};

float speck_layer_scale(const struct speck_real *l, enum speck_unbounded how,
                        struct speck_scales *parts);

/* float32 v * scale, ties to even. `limit`: values beyond -limit - 1 .. limit stop there and are
 * counted; ranges that a scale was chosen for don't reach it. Scales must be finite. */
size_t speck_round(const float *v, size_t n, float scale, int32_t limit, int32_t *out);

/* ---- factors of pools ---- */

/* An average over areas of h x w is a sum times this. */
double speck_area_factor(uint32_t h, uint32_t w);

/* The one factor that sinabs uses for all sources of a layer: `factor` are those of the sources,
 * equal ones count once. One is itself; several: half of their mean (method 1) or of their harmonic
 * mean (method 2), to two decimals. None: 1. Ours is a factor for each source: speck_share(). */
double speck_common_factor(const double *factor, uint32_t n, uint32_t method);
/* The same without the first rule: what sinabs' functions give, golden rescale.json. */
double speck_mean_factor(const double *factor, uint32_t n, uint32_t method);

/* v *= factor, in float32 as torch does: the factor is rounded first. */
void speck_multiply(float *v, size_t n, double factor);

/* ---- kernels ---- */

/* A dense layer on a map [in][h][w] as a convolution with one position: its rows (of neuron
 * (c, y, x) of the map, targets ascending) become kernel[out][in][k][k], k = max(h, w), with the
 * map behind so much padding; what a map that isn't square leaves over is 0. `kernel` is zeroed by
 * the caller. */
void speck_dense_kernel(const uint32_t map[3], const uint32_t padding[2], const uint64_t *row,
                        const uint32_t *post, const float *weight, float *kernel);

/* Sources of one layer. A core has one kernel for all that it hears, but each source may have its
 * features shifted on the way: what is heard with other weights (another kernel, or the same behind
 * a pool of another size) gets features of its own. */
struct speck_heard {
    const float *weights; /* [out][in][taps] */
    uint32_t in;
    bool fixed;     /* its features can't be shifted: the sensor */
    uint32_t shift; /* result */
};

/* Sets the shifts: sources of equal weights share features, fixed ones come first. Returns the
 * number of input features that the core needs, 0: two fixed sources need different weights. */
uint32_t speck_share(struct speck_heard *s, uint32_t n, uint32_t out, uint32_t taps);
/* The core's kernel [out][in][taps], from shifts of speck_share(), which returned `in`. */
void speck_join_kernels(const struct speck_heard *s, uint32_t n, uint32_t out, uint32_t in,
                        uint32_t taps, float *kernel);

#endif
