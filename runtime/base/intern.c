#include "intern.h"
#include "hash.h"
#include <string.h>
#include <strings.h>

enum { FIRST_CAP = 64, MAX_NAME = 64 };

void intern_init(struct intern *t, struct arena *a)
{
    *t = (struct intern){.arena = a};
}

/* The slot that holds s[0..n), or the free one where it belongs. */
static uint32_t find(const struct intern *t, const char *s, size_t n)
{
    uint32_t i = (uint32_t)hash_bytes(0, s, n) & (t->cap - 1);
    while (t->slot[i] && (strncmp(t->slot[i], s, n) != 0 || t->slot[i][n] != 0))
        i = (i + 1) & (t->cap - 1);
    return i;
}

static void grow(struct intern *t)
{
    struct intern wider = *t;
    if (t->cap > UINT32_MAX / 2)
        base_panic("too many names");
    wider.cap = t->cap ? t->cap * 2 : FIRST_CAP;
    wider.slot = ARENA_ARRAY(t->arena, const char *, wider.cap);
    for (uint32_t i = 0; i < t->cap; i++) {
        if (t->slot[i])
            wider.slot[find(&wider, t->slot[i], strlen(t->slot[i]))] = t->slot[i];
    }
    *t = wider;
}

const char *intern(struct intern *t, const char *s, size_t n)
{
    if (t->n >= t->cap / 2)
        grow(t);
    n = strnlen(s, n);
    uint32_t i = find(t, s, n);
    if (!t->slot[i]) {
        t->slot[i] = arena_strndup(t->arena, s, n);
        t->n++;
    }
    return t->slot[i];
}

const char *intern_cstr(struct intern *t, const char *s)
{
    return intern(t, s, strlen(s));
}

/* Insertions, deletions, replacements and swaps of neighbours that turn a into b; both at most
 * MAX_NAME long. */
static size_t edit_distance(const char *a, size_t na, const char *b, size_t nb)
{
    size_t rows[3][MAX_NAME + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= nb; j++)
        last[j] = j;
    for (size_t i = 1; i <= na; i++) {
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);
            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
        size_t *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[nb];
}

const char *nearest_name(const char *name, const char *const *candidates, size_t n)
{
    const char *other;
    return nearest_names(name, candidates, n, &other);
}

const char *nearest_names(const char *name, const char *const *candidates, size_t n,
                          const char **other)
{
    size_t len = strlen(name);
    *other = NULL;
    if (len > MAX_NAME)
        return NULL;
    size_t limit = len < 2 ? 0 : len < 6 ? 1 : len / 3; /* any two letters are near each other */
    const char *best = NULL;
    for (size_t i = 0; i < n; i++) {
        size_t size = strlen(candidates[i]);
        if (size > MAX_NAME || size > len + limit || len > size + limit)
            continue;
        /* But for capitals it is the same name. */
        size_t distance = strcasecmp(name, candidates[i]) == 0
                              ? 0
                              : edit_distance(name, len, candidates[i], size);
        if (distance > limit)
            continue;
        if (!best || distance < limit) {
            best = candidates[i];
            limit = distance;
            *other = NULL;
        } else if (!*other && strcmp(best, candidates[i]) != 0) {
            *other = candidates[i];
        }
    }
    return best;
}
