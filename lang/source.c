#include "lang/source.h"

#include <string.h>

/* flex counts the bytes of its buffer in an int and wants two more at the end. */
#define SOURCE_MAX ((size_t)INT32_MAX - 2)

static void index_lines(struct arena *a, struct source *f)
{
    uint32_t n = 1;
    const char *end = f->text + f->n;
    for (const char *s = f->text; (s = memchr(s, '\n', (size_t)(end - s))) != NULL; s++)
        n++;
    uint32_t *line = ARENA_ARRAY(a, uint32_t, n);
    n = 1; /* the first begins at 0 */
    for (const char *s = f->text; (s = memchr(s, '\n', (size_t)(end - s))) != NULL; s++)
        line[n++] = (uint32_t)(s - f->text) + 1;
    f->line = line;
    f->n_lines = n;
}

uint32_t sources_add(struct sources *s, const char *path, const char *text, size_t n,
                     struct diags *d)
{
    if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        n -= 3;
    }
    if (n > SOURCE_MAX) {
        diag_add(d, E0107, (struct span){0}, "`%s` is larger than 2 GiB", path);
        return 0;
    }
    char *copy = arena_try(s->arena, n + 1, 1);
    if (copy == NULL) {
        diag_add(d, E0107, (struct span){0}, "there is no memory for the %zu bytes of `%s`", n,
                 path);
        return 0;
    }
    if (n > 0)
        memcpy(copy, text, n);
    struct source *f = VEC_ADD(s->arena, &s->file);
    *f = (struct source){.path = arena_strdup(s->arena, path), .text = copy, .n = (uint32_t)n};
    index_lines(s->arena, f);
    return s->file.n;
}

const struct source *sources_get(const struct sources *s, uint32_t file)
{
    return file == 0 || file > s->file.n ? NULL : &s->file.data[file - 1];
}

struct source_pos source_pos(const struct source *f, uint32_t offset)
{
    if (offset > f->n)
        offset = f->n;
    uint32_t lo = 0, hi = f->n_lines; /* line[lo] <= offset < line[hi] */
    while (hi - lo > 1) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (f->line[mid] <= offset)
            lo = mid;
        else
            hi = mid;
    }
    struct source_pos p = {.line = lo + 1, .column = 1, .line_begin = f->line[lo]};
    p.line_end = hi < f->n_lines ? f->line[hi] - 1 : f->n;
    if (p.line_end > p.line_begin && f->text[p.line_end - 1] == '\r')
        p.line_end--;
    for (uint32_t i = p.line_begin; i < offset; i++)
        if (((unsigned char)f->text[i] & 0xc0) != 0x80)
            p.column++;
    return p;
}
