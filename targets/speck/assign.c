#include "targets/speck/assign.h"
#include "runtime/base/bits.h"

struct search {
    uint32_t n;
    const uint32_t *candidates;
    int32_t owner[SPECK_CORES]; /* layer of a core, -1: free */
    int8_t *core;
};

/* One path: from the layers without a core, in order, breadth first, to a free core; then every
 * layer on it takes the core behind it. Nodes of the queue are layers (below n) and cores. False:
 * there is none. */
static bool augment(struct arena *a, struct search *s)
{
    uint32_t *queue = ARENA_ARRAY(a, uint32_t, s->n + SPECK_CORES);
    uint32_t from[SPECK_CORES], head = 0, tail = 0, seen = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        if (s->core[i] < 0)
            queue[tail++] = i;
    }
    while (head < tail) {
        uint32_t at = queue[head++];
        if (at < s->n) {
            uint32_t own = s->core[at] < 0 ? 0 : 1u << s->core[at];
            uint32_t next = s->candidates[at] & ~seen & ~own;
            for (uint32_t k = 0; k < SPECK_CORES; k++) {
                if (next >> k & 1) {
                    from[k] = at;
                    queue[tail++] = s->n + k;
                }
            }
            seen |= next;
        } else if (s->owner[at - s->n] >= 0) {
            queue[tail++] = (uint32_t)s->owner[at - s->n];
        } else {
            for (int32_t k = (int32_t)(at - s->n); k >= 0;) {
                uint32_t layer = from[k];
                int8_t before = s->core[layer];
                s->core[layer] = (int8_t)k;
                s->owner[k] = (int32_t)layer;
                k = before;
            }
            return true;
        }
    }
    return false;
}

bool speck_assign(uint32_t n, const uint32_t *candidates, int8_t *core)
{
    struct arena scratch = {0};
    struct search s = {.n = n, .candidates = candidates, .core = core};
    uint32_t placed = 0;
    for (uint32_t k = 0; k < SPECK_CORES; k++)
        s.owner[k] = -1;
    for (uint32_t i = 0; i < n; i++)
        core[i] = -1;
    while (augment(&scratch, &s))
        placed++;
    arena_free(&scratch);
    return placed == n;
}

static bool possible(uint32_t n, const uint32_t *candidates, const uint32_t *layer, uint32_t skip)
{
    uint32_t some[SPECK_CORES + 1], m = 0;
    int8_t core[SPECK_CORES + 1];
    for (uint32_t i = 0; i < n; i++) {
        if (i != skip)
            some[m++] = candidates[layer[i]];
    }
    return speck_assign(m, some, core);
}

uint32_t speck_shortage(uint32_t n, const uint32_t *candidates, uint32_t *layer, uint32_t *cores)
{
    /* Layers one by one: the first that makes it impossible ends a set of at most one more than
     * there are cores, and is part of every reason within it. */
    uint32_t m = 0;
    *cores = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (candidates[i] == 0) {
            layer[0] = i;
            return 1;
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        layer[m++] = i;
        if (!possible(m, candidates, layer, UINT32_MAX))
            break;
        if (i + 1 == n)
            return 0;
    }
    for (uint32_t i = m; i-- > 0;) {
        if (possible(m, candidates, layer, i))
            continue;
        for (uint32_t k = i; k + 1 < m; k++)
            layer[k] = layer[k + 1];
        m--;
    }
    for (uint32_t i = 0; i < m; i++)
        *cores |= candidates[layer[i]];
    return m;
}
