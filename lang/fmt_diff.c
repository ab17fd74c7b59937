/* A unified diff of two texts that differ in white space only. How many other characters come
 * before a line says which line of the other text it belongs to, so one walk over both finds the
 * changes. */
#include "lang/fmt.h"

#include <string.h>

enum { CONTEXT = 3 }; /* lines shown around a change */

struct line {
    const char *s;
    size_t n;
    size_t before; /* characters that aren't white space in the lines before it */
    bool empty;    /* nothing but white space */
    bool open;     /* the text ends without a newline */
};

struct lines {
    VEC(struct line) list;
};

/* Lines [a, a_end) of the first text become [b, b_end) of the second. */
struct change {
    uint32_t a, a_end, b, b_end;
};

static void split(struct arena *arena, struct lines *out, const char *s, size_t n)
{
    size_t black = 0;
    for (size_t i = 0; i < n;) {
        size_t begin = i, first = black;
        for (; i < n && s[i] != '\n'; i++)
            black += s[i] != ' ' && s[i] != '\t' && s[i] != '\r';
        struct line line = {s + begin, i - begin, first, black == first, i == n};
        VEC_PUSH(arena, &out->list, line);
        i++;
    }
}

static bool same_line(const struct line *a, const struct line *b)
{
    return a->before == b->before && a->n == b->n && a->open == b->open &&
           memcmp(a->s, b->s, a->n) == 0;
}

/* Goes over the change that begins at lines c->a and c->b, up to lines that are the same. */
static void extend(struct change *c, const struct lines *a, const struct lines *b)
{
    while (c->a_end < a->list.n && c->b_end < b->list.n) {
        const struct line *x = &a->list.data[c->a_end], *y = &b->list.data[c->b_end];
        if (same_line(x, y))
            return;
        bool only_x = x->before != y->before ? x->before < y->before : x->empty && !y->empty;
        bool only_y = x->before != y->before ? x->before > y->before : y->empty && !x->empty;
        c->a_end += !only_y;
        c->b_end += !only_x;
    }
    c->a_end = a->list.n;
    c->b_end = b->list.n;
}

static void put_lines(struct buf *out, char mark, const struct lines *l, uint32_t from, uint32_t to)
{
    for (; from < to; from++) {
        const struct line *x = &l->list.data[from];
        buf_putc(out, mark);
        buf_put(out, x->s, x->n);
        buf_puts(out, x->open ? "\n\\ No newline at end of file\n" : "\n");
    }
}

/* Changes that stand close together, with the lines between and around them. */
static void put_hunk(struct buf *out, const struct lines *a, const struct lines *b,
                     const struct change *c, uint32_t n)
{
    const struct change *last = &c[n - 1];
    uint32_t lead = c->a < CONTEXT ? c->a : CONTEXT;
    uint32_t tail = a->list.n - last->a_end < CONTEXT ? a->list.n - last->a_end : CONTEXT;
    uint32_t from = c->a - lead, n_a = last->a_end + tail - from;
    uint32_t b_from = c->b - lead, n_b = last->b_end + tail - b_from;
    buf_printf(out, "@@ -%u,%u +%u,%u @@\n", from + (n_a > 0), n_a, b_from + (n_b > 0), n_b);
    for (uint32_t i = 0; i < n; i++) {
        put_lines(out, ' ', a, from, c[i].a);
        put_lines(out, '-', a, c[i].a, c[i].a_end);
        put_lines(out, '+', b, c[i].b, c[i].b_end);
        from = c[i].a_end;
    }
    put_lines(out, ' ', a, from, from + tail);
}

void fmt_diff(struct buf *out, const char *path, const char *before, size_t n_before,
              const char *after, size_t n_after)
{
    struct arena arena = {0};
    struct lines a = {0}, b = {0};
    struct {
        VEC(struct change) list;
    } changes = {0};
    split(&arena, &a, before, n_before);
    split(&arena, &b, after, n_after);
    for (struct change c = {0}; c.a < a.list.n || c.b < b.list.n;) {
        c.a_end = c.a;
        c.b_end = c.b;
        extend(&c, &a, &b);
        if (c.a_end > c.a || c.b_end > c.b)
            VEC_PUSH(&arena, &changes.list, c);
        c.a = c.a_end + (c.a_end < a.list.n);
        c.b = c.b_end + (c.b_end < b.list.n);
    }
    const struct change *c = changes.list.data;
    if (changes.list.n > 0)
        buf_printf(out, "--- %s\n+++ %s\n", path, path);
    for (uint32_t i = 0, n; i < changes.list.n; i += n) {
        for (n = 1; i + n < changes.list.n && c[i + n].a - c[i + n - 1].a_end <= 2 * CONTEXT;)
            n++;
        put_hunk(out, &a, &b, &c[i], n);
    }
    arena_free(&arena);
}
