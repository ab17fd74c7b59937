#include "targets/speck/limits.h"
#include <string.h>

enum { KI = 1024 };

const struct speck_memory speck_core[SPECK_CORES] = {
    {16 * KI, 64 * KI, KI}, {16 * KI, 64 * KI, KI}, {16 * KI, 64 * KI, KI},
    {32 * KI, 32 * KI, KI}, {32 * KI, 32 * KI, KI}, {64 * KI, 16 * KI, KI},
    {64 * KI, 16 * KI, KI}, {16 * KI, 16 * KI, KI}, {16 * KI, 16 * KI, KI},
};

const char *const speck_name[SPECK_CHIPS] = {"speck2e", "speck2f"};

int speck_find_chip(const char *name)
{
    for (int i = 0; i < SPECK_CHIPS; i++)
        if (strcmp(speck_name[i], name) == 0)
            return i;
    return -1;
}

uint32_t speck_output(const struct speck_layer *l, uint32_t axis)
{
    uint64_t padded = (uint64_t)l->map[axis] + 2 * (uint64_t)l->padding[axis];
    uint32_t stride = l->stride[axis] ? l->stride[axis] : 1;
    if (padded < l->kernel[axis])
        return 0;
    return (uint32_t)((padded - l->kernel[axis]) / stride + 1);
}

void speck_cover(struct speck_layer *l)
{
    const uint32_t size = l->map[0] > l->map[1] ? l->map[0] : l->map[1];
    for (uint32_t a = 0; a < 2; a++) {
        const uint32_t missing = size - l->map[a];
        l->kernel[a] = size;
        l->padding[a] = (missing + 1) / 2;
        l->stride[a] = 1 + missing % 2;
    }
}

uint32_t speck_bits(uint64_t n)
{
    uint32_t k = 0;
    while (k < 63 && (uint64_t)1 << k < n)
        k++;
    return k;
}

static uint32_t times_power(uint64_t n, uint32_t bits)
{
    return bits >= 32 || n << bits > UINT32_MAX ? UINT32_MAX : (uint32_t)(n << bits);
}

struct speck_memory speck_need(const struct speck_layer *l)
{
    uint64_t taps = (uint64_t)l->kernel[0] * l->kernel[1];
    return (struct speck_memory){
        .kernel = times_power(l->in, speck_bits(taps) + speck_bits(l->out)),
        .neuron =
            times_power(l->out, speck_bits(speck_output(l, 0)) + speck_bits(speck_output(l, 1))),
        .bias = l->bias ? l->out : 0,
    };
}

uint32_t speck_candidates(struct speck_memory need)
{
    uint32_t cores = 0;
    for (uint32_t i = 0; i < SPECK_CORES; i++) {
        const struct speck_memory *have = &speck_core[i];
        if (need.kernel <= have->kernel && need.neuron <= have->neuron && need.bias <= have->bias)
            cores |= 1u << i;
    }
    return cores;
}

uint32_t speck_neuron_address(uint32_t features, uint32_t width, uint32_t f, uint32_t y, uint32_t x)
{
    uint32_t f_bits = speck_bits(features), x_bits = speck_bits(width);
    return y << (x_bits + f_bits) | x << f_bits | f;
}

uint32_t speck_weight_address(uint32_t kernel, uint32_t out, uint32_t in, uint32_t o, uint32_t i,
                              uint32_t y, uint32_t x)
{
    uint32_t in_bits = speck_bits(in), out_bits = speck_bits(out);
    return (y * kernel + x) << (out_bits + in_bits) | o << in_bits | i;
}

bool speck_is_stride(int64_t x)
{
    return x == 1 || x == 2 || x == 4 || x == SPECK_MAX_STRIDE;
}

bool speck_is_pool(int64_t x)
{
    return x == 1 || x == 2 || x == SPECK_MAX_POOL;
}

uint32_t speck_decimation(uint32_t code)
{
    return code < 5 ? 2u << code : 4u << code;
}

struct speck_fault *speck_fault_add(struct speck_faults *f, const char *where, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct speck_fault *x = VEC_ADD(f->arena, &f->list);
    *x = (struct speck_fault){.where = where, .what = arena_vprintf(f->arena, fmt, ap)};
    va_end(ap);
    return x;
}
