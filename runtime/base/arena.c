#include "arena.h"
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { BLOCK_FIRST = 4096, BLOCK_MAX = 1 << 20, WIDE = 64, NARROW = 16 };

struct arena_block {
    struct arena_block *next;
    size_t size, used; /* of the bytes behind this header */
};

/* The first byte behind a block's header. malloc aligns the header to 16, and its size is padded to
 * the same, so offsets only need rounding for wide requests. */
static char *block_bytes(struct arena_block *b)
{
    return (char *)b + ((sizeof *b + NARROW - 1) & ~(size_t)(NARROW - 1));
}

static struct arena_block *block_new(size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    /* calloc: large blocks come zeroed from the kernel, page by page as they are touched. */
    struct arena_block *b = calloc(1, sizeof *b + NARROW + size);
    if (b)
        b->size = size;
    return b;
}

/* Takes `size` bytes from block b, or NULL if they don't fit. */
static void *block_take(struct arena_block *b, size_t size)
{
    char *base = block_bytes(b);
    uintptr_t align = size >= WIDE ? WIDE : NARROW;
    size_t pad = (size_t)(-((uintptr_t)base + b->used) & (align - 1));
    size_t left = b->size - b->used;
    if (pad > left || size > left - pad)
        return NULL;
    char *p = base + b->used + pad;
    b->used += pad + size;
    return p;
}

static void *take(struct arena *a, size_t size)
{
    void *p = a->head ? block_take(a->head, size) : NULL;
    if (!p) {
        size_t next = a->head ? a->head->size * 2 : BLOCK_FIRST;
        if (next > BLOCK_MAX)
            next = BLOCK_MAX;
        bool own = size > next / 4; /* a block of its own, so that the head's rest isn't lost */
        if (size > SIZE_MAX / 2)
            return NULL;
        struct arena_block *b = block_new(own ? size + WIDE : next);
        if (!b)
            return NULL;
        if (own && a->head) {
            b->next = a->head->next;
            a->head->next = b;
        } else {
            b->next = a->head;
            a->head = b;
        }
        p = block_take(b, size);
    }
    a->used += size;
    return p;
}

void arena_free(struct arena *a)
{
    for (struct arena_block *b = a->head, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    *a = (struct arena){0};
}

void arena_adopt(struct arena *to, struct arena *from)
{
    struct arena_block **end = &to->head;
    if (*end)
        end = &(*end)->next; /* the head goes on being filled */
    struct arena_block *rest = *end;
    *end = from->head;
    while (*end)
        end = &(*end)->next;
    *end = rest;
    to->used += from->used;
    *from = (struct arena){0};
}

void *arena_alloc(struct arena *a, size_t size)
{
    void *p = take(a, size);
    if (!p)
        base_panic("out of memory (%zu bytes wanted)", size);
    return p;
}

void *arena_try(struct arena *a, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return NULL;
    size_t wanted = count * size;
    if (wanted >= BLOCK_MAX && !memory_allows((double)a->used + (double)wanted))
        return NULL; /* the system may promise more than there is, and end the process that asks */
    return take(a, wanted);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    n = strnlen(s, n);
    char *p = arena_alloc(a, n + 1);
    memcpy(p, s, n);
    return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    if (n < 0)
        base_panic("text can't be formatted: %s", fmt);
    char *p = arena_alloc(a, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *p = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return p;
}

void base_panic(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("dyn: internal error: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(70);
}

/* What a control group may have; "max" and what can't be read say nothing. */
static double group_limit(const char *file)
{
    FILE *f = fopen(file, "re");
    double bytes = INFINITY;
    if (f && fscanf(f, "%lf", &bytes) != 1)
        bytes = INFINITY;
    if (f)
        fclose(f);
    return bytes;
}

bool memory_allows(double bytes)
{
    enum { FEW = 1 << 26 };
    return bytes <= FEW || bytes <= memory_there();
}

double memory_there(void)
{
    double bytes = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    struct rlimit addresses, data;
    if (getrlimit(RLIMIT_AS, &addresses) == 0 && addresses.rlim_cur != RLIM_INFINITY)
        bytes = fmin(bytes, (double)addresses.rlim_cur);
    if (getrlimit(RLIMIT_DATA, &data) == 0 && data.rlim_cur != RLIM_INFINITY)
        bytes = fmin(bytes, (double)data.rlim_cur);
    static const char *const groups[] = {"/sys/fs/cgroup/memory.max",
                                         "/sys/fs/cgroup/memory/memory.limit_in_bytes"};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        bytes = fmin(bytes, group_limit(groups[i]));
    return bytes;
}
