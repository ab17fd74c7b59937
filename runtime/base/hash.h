/* A 64-bit hash (for tables, cache keys and provenance: not cryptographic) and a map from 64-bit
 * keys to 32-bit values. The hash is the same on every machine. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "arena.h"

uint64_t hash_bytes(uint64_t seed, const void *p, size_t n);
uint64_t hash_u64(uint64_t x); /* a bijective mix */

struct map64 {
    struct arena *arena;
    uint64_t *key;
    uint32_t *value;
    uint8_t *used;
    uint32_t n, cap;
};

void map64_init(struct map64 *m, struct arena *a);
/* The value of `key`, inserted with `value` if it wasn't there; *fresh says which (may be NULL). */
uint32_t map64_put(struct map64 *m, uint64_t key, uint32_t value, int *fresh);
/* 1 and *value if there, else 0. */
int map64_get(const struct map64 *m, uint64_t key, uint32_t *value);

#endif
