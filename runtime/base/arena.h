/* Memory by lifetime: an arena hands out memory that lives until the arena is freed.
 *
 * The compiler keeps two: `unit` (as long as the compilation) and `pass` (as long as one pass).
 * Nothing in an arena is freed by itself; there is no ownership by pointer. Memory is zeroed.
 *
 * Small requests can't fail: without memory the process ends through base_panic(). A request whose
 * size comes from the user (an array, a file) goes through arena_try(), which returns NULL. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena_block;

struct arena {
    struct arena_block *head; /* the block that is being filled; earlier ones hang behind it */
    size_t used;              /* bytes handed out, for the memory table of `-v` */
};

/* A zeroed struct arena is a valid empty arena. */
void arena_free(struct arena *a);

/* Everything of `from` lives from now on as long as `to`; `from` is empty again. */
void arena_adopt(struct arena *to, struct arena *from);

/* `size` zeroed bytes, aligned to 64 if size >= 64, else to 16. Never NULL. */
void *arena_alloc(struct arena *a, size_t size);

/* The same for count * size bytes of a size that the user chose; NULL when that can't be had. */
void *arena_try(struct arena *a, size_t count, size_t size);

char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap);

#define ARENA_NEW(a, T)      ((T *)arena_alloc((a), sizeof(T)))
#define ARENA_ARRAY(a, T, n) ((T *)arena_alloc((a), sizeof(T) * (size_t)(n)))

/* Bytes of memory that this machine has, or this process may have (its limit of addresses or of
 * data, its control group): what needs more is better refused than begun. */
double memory_there(void);
/* Whether so many bytes may be had; without a look at the machine where they are few. */
bool memory_allows(double bytes);

/* A bug or no memory at all: message on stderr, exit status 70. Never for bad input. */
_Noreturn void base_panic(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
