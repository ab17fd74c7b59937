#include "targets/speck/quantity.h"
#include <math.h>
#include <string.h>

/* ---- scales ---- */

float speck_scale_of(const float *v, size_t n, uint32_t bits)
{
    float low = -ldexpf(1, (int)bits - 1), high = ldexpf(1, (int)bits - 1) - 1;
    float min = 0, max = 0;
    for (size_t i = 0; i < n; i++) {
        min = i == 0 || v[i] < min ? v[i] : min;
        max = i == 0 || v[i] > max ? v[i] : max;
    }
    /* The reciprocal first, then the product: a quotient would differ in the last bit. */
    float ratio = -low / high, reach = fabsf(max * ratio);
    float inverse = fabsf(min) <= reach ? 1 / max : 1 / min;
    return fabsf(inverse * (fabsf(min) <= reach ? high : low));
}

float speck_layer_scale(const struct speck_real *l, enum speck_unbounded how,
                        struct speck_scales *parts)
{
    float ends[2] = {l->threshold, l->bounded ? l->v_min : -32768};
    bool both = l->bounded || how == SPECK_AS_SINABS;
    *parts = (struct speck_scales){
        .weights = speck_scale_of(l->weights, l->n_weights, 8),
        .biases = speck_scale_of(l->biases, l->n_biases, 8),
        .thresholds = speck_scale_of(ends, both ? 2 : 1, 16),
        .state = speck_scale_of(l->state, l->n_state, 16),
    };
    return fminf(fminf(parts->weights, parts->biases), fminf(parts->thresholds, parts->state));
}

size_t speck_round(const float *v, size_t n, float scale, int32_t limit, int32_t *out)
{
    size_t beyond = 0;
    float top = (float)limit, bottom = (float)(-limit - 1);
    for (size_t i = 0; i < n; i++) {
        float x = rintf(v[i] * scale);
        beyond += x > top || x < bottom;
        out[i] = (int32_t)fmaxf(fminf(x, top), bottom);
    }
    return beyond;
}

/* ---- factors of pools ---- */

double speck_area_factor(uint32_t h, uint32_t w)
{
    return 1.0 / ((double)h * w);
}

/* To the nearest of two decimals, ties of the exact value to even. */
static double two_decimals(double x)
{
    double p = x * 100, error = fma(x, 100, -p), whole = floor(p), part = p - whole;
    bool up = part > 0.5 || (part == 0.5 && (error > 0 || (error == 0 && fmod(whole, 2) != 0)));
    return (whole + up) / 100;
}

static bool seen_before(const double *v, uint32_t i)
{
    for (uint32_t k = 0; k < i; k++)
        if (v[k] == v[i])
            return true;
    return false;
}

double speck_mean_factor(const double *factor, uint32_t n, uint32_t method)
{
    double sum = 0;
    uint32_t different = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (seen_before(factor, i))
            continue;
        sum += method == 1 ? factor[i] : 1 / factor[i];
        different++;
    }
    if (different == 0)
        return 1;
    return two_decimals((method == 1 ? sum / different : different / sum) * 0.5);
}

double speck_common_factor(const double *factor, uint32_t n, uint32_t method)
{
    for (uint32_t i = 1; i < n; i++)
        if (factor[i] != factor[0])
            return speck_mean_factor(factor, n, method);
    return n ? factor[0] : 1;
}

void speck_multiply(float *v, size_t n, double factor)
{
    float f = (float)factor;
    for (size_t i = 0; i < n; i++)
        v[i] *= f;
}

/* ---- kernels ---- */

void speck_dense_kernel(const uint32_t map[3], const uint32_t padding[2], const uint64_t *row,
                        const uint32_t *post, const float *weight, float *kernel)
{
    size_t k = map[1] > map[2] ? map[1] : map[2], pre = 0;
    for (size_t c = 0; c < map[0]; c++) {
        for (size_t y = 0; y < map[1]; y++) {
            for (size_t x = 0; x < map[2]; x++, pre++) {
                for (uint64_t s = row[pre]; s < row[pre + 1]; s++)
                    kernel[((post[s] * map[0] + c) * k + y + padding[0]) * k + x + padding[1]] =
                        weight[s];
            }
        }
    }
}

static bool alike(const struct speck_heard *x, const struct speck_heard *y, uint32_t out,
                  uint32_t taps)
{
    return x->in == y->in &&
           memcmp(x->weights, y->weights, (size_t)out * x->in * taps * sizeof(float)) == 0;
}

uint32_t speck_share(struct speck_heard *s, uint32_t n, uint32_t out, uint32_t taps)
{
    uint32_t in = 0;
    for (int fixed = 1; fixed >= 0; fixed--) {
        for (uint32_t i = 0; i < n; i++) {
            if (s[i].fixed != (fixed != 0))
                continue;
            const struct speck_heard *same = NULL;
            for (uint32_t k = 0; k < n && !same; k++) {
                bool placed = s[k].fixed != s[i].fixed ? !fixed : k < i;
                same = placed && alike(&s[k], &s[i], out, taps) ? &s[k] : NULL;
            }
            if (!same && fixed && in > 0)
                return 0;
            s[i].shift = same ? same->shift : in;
            in += same ? 0 : s[i].in;
        }
    }
    return in;
}

void speck_join_kernels(const struct speck_heard *s, uint32_t n, uint32_t out, uint32_t in,
                        uint32_t taps, float *kernel)
{
    for (uint32_t i = 0; i < n; i++) {
        size_t size = (size_t)s[i].in * taps;
        for (size_t o = 0; o < out; o++)
            memcpy(kernel + (o * in + s[i].shift) * taps, s[i].weights + o * size,
                   size * sizeof(float));
    }
}
