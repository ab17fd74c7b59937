/* Interned strings: equal names are equal pointers. */
#ifndef BASE_INTERN_H
#define BASE_INTERN_H

#include "arena.h"

struct intern {
    struct arena *arena;
    const char **slot; /* open addressing */
    uint32_t n, cap;
};

void intern_init(struct intern *t, struct arena *a);
const char *intern(struct intern *t, const char *s, size_t n);
const char *intern_cstr(struct intern *t, const char *s);

/* Of the candidates the one nearest to `name` by edit distance, for "did you mean"; NULL if none is
 * within a third of the name's length (at least 1). */
const char *nearest_name(const char *name, const char *const *candidates, size_t n);

/* As nearest_name(), which gives the first of those that are equally near; *other is the next of
 * them that is another name, NULL if there is none. */
const char *nearest_names(const char *name, const char *const *candidates, size_t n,
                          const char **other);

#endif
