#include "runtime/base/maps.h"
#include <string.h>

uint32_t conv_extent(const struct conv *c, int axis, uint32_t in)
{
    uint64_t padded = (uint64_t)in + 2 * (uint64_t)c->padding[axis];
    if (padded < c->kernel[axis])
        return 0;
    return (uint32_t)((padded - c->kernel[axis]) / c->stride[axis] + 1);
}

void conv_outputs(const struct conv *c, int axis, uint32_t at, uint32_t extent, uint32_t out[2])
{
    const uint32_t far = at + c->padding[axis], stride = c->stride[axis];
    const uint32_t end = far / stride + 1;
    out[0] = far < c->kernel[axis] ? 0 : (far - c->kernel[axis]) / stride + 1;
    out[1] = end < extent ? end : extent;
}

uint64_t conv_count(const struct conv *c)
{
    const uint32_t factor[] = {c->out, c->in, c->kernel[0], c->kernel[1]};
    uint64_t n = 1;
    for (int i = 0; i < 4; i++) {
        n *= factor[i];
        if (n > INT32_MAX)
            return UINT64_MAX;
    }
    return n;
}

static bool is_positive(const uint32_t pair[2])
{
    return pair[0] >= 1 && pair[0] <= MAPS_MOST && pair[1] >= 1 && pair[1] <= MAPS_MOST;
}

const char *conv_wrong(const struct conv *c, const uint32_t src[3], const uint32_t dst[3])
{
    if (!is_positive(c->kernel))
        return "a kernel's extent is out of range";
    if (!is_positive(c->stride))
        return "a stride is out of range";
    if (c->padding[0] > MAPS_MOST || c->padding[1] > MAPS_MOST)
        return "a padding is out of range";
    if (c->in != src[0])
        return "a convolution takes another number of features than its source has";
    if (c->out != dst[0] || conv_extent(c, 0, src[1]) != dst[1] ||
        conv_extent(c, 1, src[2]) != dst[2])
        return "a convolution makes another map than its target is";
    if (conv_count(c) == UINT64_MAX)
        return "a convolution has too many weights";
    return NULL;
}

bool pooled_map(const uint32_t src[3], const uint32_t pool[2], uint32_t out[3])
{
    if (!is_positive(pool) || pool[0] > src[1] || pool[1] > src[2])
        return false;
    out[0] = src[0];
    out[1] = src[1] / pool[0];
    out[2] = src[2] / pool[1];
    return true;
}

const char *sensor_wrong(const struct sensor *s)
{
    uint32_t pooled[3];
    if (s->raw[0] != 2)
        return "a sensor has two polarities";
    if ((uint64_t)s->raw[1] * s->raw[2] > INT32_MAX / 2)
        return "a sensor has too many pixels";
    if (!s->on && !s->off)
        return "a sensor lets no polarity pass";
    if (!pooled_map(s->raw, s->pool, pooled))
        return "a sensor has no whole area to pool";
    for (int i = 0; i < 2; i++) {
        if (s->crop[i][0] >= s->crop[i][1] || s->crop[i][1] > pooled[1 + i])
            return "what is kept of a sensor is out of range";
    }
    return NULL;
}

void sensor_map(const struct sensor *s, uint32_t out[3])
{
    out[0] = s->merge || !s->on || !s->off ? 1 : 2;
    for (int i = 0; i < 2; i++)
        out[1 + (s->swap ? 1 - i : i)] = s->crop[i][1] - s->crop[i][0];
}

bool sensor_event(const struct sensor *s, uint32_t *element)
{
    uint32_t map[3];
    sensor_map(s, map);
    uint32_t p = *element / (s->raw[1] * s->raw[2]);
    uint32_t at[2] = {*element / s->raw[2] % s->raw[1], *element % s->raw[2]};
    if (p > 1 || !(p ? s->on : s->off))
        return false;
    for (int i = 0; i < 2; i++) {
        uint32_t k = at[i] / s->pool[i];
        if (k < s->crop[i][0] || k >= s->crop[i][1])
            return false;
        at[i] = s->mirror[i] ? s->crop[i][1] - 1 - k : k - s->crop[i][0];
    }
    uint32_t y = at[s->swap ? 1 : 0], x = at[s->swap ? 0 : 1];
    *element = ((map[0] == 1 ? 0 : p) * map[1] + y) * map[2] + x;
    return true;
}

bool sensor_same(const struct sensor *a, const struct sensor *b)
{
    if (!a || !b)
        return a == b;
    return strcmp(a->from, b->from) == 0 && memcmp(a->raw, b->raw, sizeof a->raw) == 0 &&
           a->on == b->on && a->off == b->off && a->merge == b->merge &&
           memcmp(a->pool, b->pool, sizeof a->pool) == 0 &&
           memcmp(a->crop, b->crop, sizeof a->crop) == 0 && a->mirror[0] == b->mirror[0] &&
           a->mirror[1] == b->mirror[1] && a->swap == b->swap;
}
