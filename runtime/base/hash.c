#include "hash.h"

/* hash_bytes is XXH64 (Yann Collet), written from its specification: fast without wide multiplies,
 * and there are published values to test against. */
#define P1 0x9e3779b185ebca87u
#define P2 0xc2b2ae3d27d4eb4fu
#define P3 0x165667b19e3779f9u
#define P4 0x85ebca77c2b2ae63u
#define P5 0x27d4eb2f165667c5u

static uint64_t rotl(uint64_t x, unsigned r)
{
    return x << r | x >> (64 - r);
}

static uint64_t read32(const uint8_t *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24;
}

static uint64_t read64(const uint8_t *p)
{
    return read32(p) | read32(p + 4) << 32;
}

static uint64_t lane(uint64_t acc, uint64_t x)
{
    return rotl(acc + x * P2, 31) * P1;
}

uint64_t hash_bytes(uint64_t seed, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    size_t left = n;
    uint64_t h;
    if (left >= 32) {
        uint64_t v[4] = {seed + P1 + P2, seed + P2, seed, seed - P1};
        for (; left >= 32; p += 32, left -= 32) {
            for (unsigned i = 0; i < 4; i++)
                v[i] = lane(v[i], read64(p + 8 * i));
        }
        h = rotl(v[0], 1) + rotl(v[1], 7) + rotl(v[2], 12) + rotl(v[3], 18);
        for (unsigned i = 0; i < 4; i++)
            h = (h ^ lane(0, v[i])) * P1 + P4;
    } else {
        h = seed + P5;
    }
    h += n;
    for (; left >= 8; p += 8, left -= 8)
        h = rotl(h ^ lane(0, read64(p)), 27) * P1 + P4;
    if (left >= 4) {
        h = rotl(h ^ read32(p) * P1, 23) * P2 + P3;
        p += 4;
        left -= 4;
    }
    for (; left; p++, left--)
        h = rotl(h ^ *p * P5, 11) * P1;
    h = (h ^ h >> 33) * P2;
    h = (h ^ h >> 29) * P3;
    return h ^ h >> 32;
}

uint64_t hash_u64(uint64_t x) /* the finish of splitmix64 */
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

void map64_init(struct map64 *m, struct arena *a)
{
    *m = (struct map64){.arena = a};
}

/* The slot that holds `key`, or the free one where it belongs. */
static uint32_t find(const struct map64 *m, uint64_t key)
{
    uint32_t i = (uint32_t)hash_u64(key) & (m->cap - 1);
    while (m->used[i] && m->key[i] != key)
        i = (i + 1) & (m->cap - 1);
    return i;
}

static void grow(struct map64 *m)
{
    struct map64 wider = *m;
    if (m->cap > UINT32_MAX / 2)
        base_panic("map of more than %u keys", m->n);
    wider.cap = m->cap ? m->cap * 2 : 16;
    wider.key = ARENA_ARRAY(m->arena, uint64_t, wider.cap);
    wider.value = ARENA_ARRAY(m->arena, uint32_t, wider.cap);
    wider.used = ARENA_ARRAY(m->arena, uint8_t, wider.cap);
    for (uint32_t i = 0; i < m->cap; i++) {
        if (!m->used[i])
            continue;
        uint32_t at = find(&wider, m->key[i]);
        wider.used[at] = 1;
        wider.key[at] = m->key[i];
        wider.value[at] = m->value[i];
    }
    *m = wider;
}

uint32_t map64_put(struct map64 *m, uint64_t key, uint32_t value, int *fresh)
{
    if (m->n >= m->cap / 2)
        grow(m);
    uint32_t i = find(m, key);
    if (fresh)
        *fresh = !m->used[i];
    if (!m->used[i]) {
        m->used[i] = 1;
        m->key[i] = key;
        m->value[i] = value;
        m->n++;
    }
    return m->value[i];
}

int map64_get(const struct map64 *m, uint64_t key, uint32_t *value)
{
    if (!m->cap)
        return 0;
    uint32_t i = find(m, key);
    if (m->used[i])
        *value = m->value[i];
    return m->used[i];
}
