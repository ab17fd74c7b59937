/* Growing arrays in an arena. `struct { VEC(int) numbers; }` then VEC_PUSH(arena, &x.numbers, 3).
 * Growing copies into a block of twice the size; the old one stays until the arena is freed, so a
 * pointer into a vector is good until the next push and wasted memory is at most what is used. */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include "arena.h"
#include <string.h>

#define VEC(T)                                                                                     \
    struct {                                                                                       \
        T *data;                                                                                   \
        uint32_t n, cap;                                                                           \
    }

void *vec_grow(struct arena *a, void *data, uint32_t n, uint32_t *cap, size_t size);

/* Makes room for one more and counts it; the new element is (v)->data[(v)->n - 1]. */
#define VEC_ADD(a, v)                                                                              \
    ((v)->n == (v)->cap                                                                            \
         ? (void)((v)->data = vec_grow((a), (v)->data, (v)->n, &(v)->cap, sizeof *(v)->data))      \
         : (void)0,                                                                                \
     (v)->n++, &(v)->data[(v)->n - 1])

#define VEC_PUSH(a, v, x) (*VEC_ADD(a, v) = (x))

#endif
