/* A folder of the user's own in which costly results are kept from one process to the next.
 *
 * It is as trustworthy as the user: it must belong to him and be writable by nobody else, and so
 * must each file, or it isn't used. It holds nothing that can't be made again: whatever is damaged
 * counts as not there, a failure to write is no error, and the files that weren't used for longest
 * go when there are too many. Any number of processes may use it at once.
 *
 * A file is named by the hash of its key and holds the key, so that keys of equal hash don't get
 * each other's values. Layout (numbers as the machine has them): "dyncache", u64 bytes of the key,
 * u64 bytes of the value, u64 XXH64 of both, key, value. */
#ifndef BASE_CACHE_H
#define BASE_CACHE_H

#include "file.h"

struct cache {
    int folder; /* -1: there is none */
    /* What it may grow to. */
    uint64_t max_bytes;
    uint32_t max_files;
};

/* $XDG_CACHE_HOME/dyn or ~/.cache/dyn. NULL, and *why says it, if there is none: DYN_CACHE=off, or
 * the environment names no absolute path. */
const char *cache_folder(struct arena *a, const char **why);

/* Makes the folder (mode 0700) where it isn't there. False, and *why says it, if it can't be used;
 * the cache then is one that holds nothing. */
bool cache_open(struct cache *c, const char *folder, const char **why);
void cache_close(struct cache *c);

bool cache_get(const struct cache *c, struct arena *a, struct bytes key, struct bytes *value);
void cache_put(const struct cache *c, struct bytes key, struct bytes value);

#endif
