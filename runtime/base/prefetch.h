/* Memory that is soon needed. */
#ifndef BASE_PREFETCH_H
#define BASE_PREFETCH_H

#include <stddef.h>

/* Asks for the cache lines of so many bytes, without waiting for them. Any address will do. */
static inline void prefetch(const void *at, size_t bytes)
{
    enum { LINE = 64 };
    for (size_t i = 0; i < bytes; i += LINE)
        __builtin_prefetch((const char *)at + i);
}

#endif
