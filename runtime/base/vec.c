#include "vec.h"

void *vec_grow(struct arena *a, void *data, uint32_t n, uint32_t *cap, size_t size)
{
    if (*cap > UINT32_MAX / 2)
        base_panic("vector of more than %u elements", *cap);
    uint32_t wider = *cap ? *cap * 2 : 8;
    void *p = arena_try(a, wider, size);
    if (!p)
        base_panic("out of memory (%u elements of %zu bytes wanted)", wider, size);
    if (n)
        memcpy(p, data, n * size);
    *cap = wider;
    return p;
}
