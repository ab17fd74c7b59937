#include "compiler/lsp.h"
#include "runtime/base/utf8.h"

#include <stdlib.h>

/* Bytes of the line break at `at`; 0: there is none. */
static size_t line_break(const char *text, size_t n, size_t at)
{
    if (text[at] == '\n') {
        return 1;
    }
    return text[at] != '\r' ? 0 : at + 1 < n && text[at + 1] == '\n' ? 2 : 1;
}

/* Bytes and UTF-16 units of the character at `at`: one of each for a byte of broken UTF-8. */
static size_t step(const char *text, size_t n, size_t at, uint32_t *units)
{
    const size_t len = utf8_length(text + at, n - at);
    *units = len == 4 ? 2 : 1;
    return len ? len : 1;
}

/* ---- lines ---- */

static void add_line(struct lsp_lines *l, uint32_t begin)
{
    if (l->n_lines == l->cap) {
        l->cap = l->cap ? 2 * l->cap : 64;
        l->begin = realloc(l->begin, l->cap * sizeof *l->begin);
        if (!l->begin) {
            base_panic("out of memory");
        }
    }
    l->begin[l->n_lines++] = begin;
}

/* The lines that begin behind `from`, before `end`. */
static void scan(struct lsp_lines *l, size_t from, size_t end)
{
    for (size_t at = from; at < l->n;) {
        const size_t len = line_break(l->text, l->n, at);
        at += len ? len : 1;
        if (at >= end) {
            return;
        }
        if (len) {
            add_line(l, (uint32_t)at);
        }
    }
}

void lsp_lines_init(struct lsp_lines *l, const char *text, size_t n)
{
    l->text = text;
    l->n = n;
    l->n_lines = 0;
    add_line(l, 0);
    scan(l, 0, SIZE_MAX);
}

void lsp_lines_free(struct lsp_lines *l)
{
    free(l->begin);
    *l = (struct lsp_lines){0};
}

/* The line that an offset stands in. */
static uint32_t line_of(const struct lsp_lines *l, uint32_t offset)
{
    uint32_t lo = 0, hi = l->n_lines;
    while (hi - lo > 1) {
        const uint32_t mid = lo + (hi - lo) / 2;
        if (l->begin[mid] <= offset) {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    return lo;
}

void lsp_lines_change(struct lsp_lines *l, uint32_t from, uint32_t to, size_t n, const char *text,
                      size_t n_text)
{
    /* A "\r" at the end of the line before may get a "\n" behind it, or lose it; so may one at the
     * end of what was put in. */
    uint32_t first = line_of(l, from), last = first;
    first -= first > 0;
    while (last < l->n_lines && l->begin[last] < (uint64_t)to + 2) {
        last++;
    }
    const struct lsp_lines old = *l;
    const uint32_t moved = (uint32_t)n - (to - from); /* modulo 2^32 */
    *l = (struct lsp_lines){.text = text, .n = n_text, .mark = old.mark};
    l->begin = old.begin;
    l->cap = old.cap;
    l->n_lines = first + 1;
    const uint32_t kept = old.n_lines - last;
    uint32_t *rest = malloc((kept + 1) * sizeof *rest);
    if (!rest) {
        base_panic("out of memory");
    }
    memcpy(rest, old.begin + last, kept * sizeof *rest);
    scan(l, l->begin[first], kept ? rest[0] + moved : SIZE_MAX);
    for (uint32_t i = 0; i < kept; i++) {
        add_line(l, rest[i] + moved);
    }
    free(rest);
}

/* ---- places ---- */

uint32_t lsp_offset(const struct lsp_lines *l, struct lsp_place p)
{
    if (p.line >= l->n_lines) {
        return (uint32_t)l->n;
    }
    uint32_t units;
    size_t at = l->begin[p.line];
    p.character -= l->mark && p.line == 0 && p.character > 0;
    for (uint32_t c = 0; at < l->n && line_break(l->text, l->n, at) == 0; c += units) {
        const size_t len = step(l->text, l->n, at, &units);
        if (c + units > p.character) { /* a place within a pair of surrogates is before it */
            break;
        }
        at += len;
    }
    return (uint32_t)at;
}

struct lsp_place lsp_place_of(const struct lsp_lines *l, uint32_t offset)
{
    const uint32_t line = line_of(l, offset);
    struct lsp_place p = {line, l->mark && line == 0};
    uint32_t units;
    for (size_t at = l->begin[line]; at < l->n && at < offset && line_break(l->text, l->n, at) == 0;
         p.character += units) {
        at += step(l->text, l->n, at, &units);
    }
    return p;
}

static void put_place(struct json *j, const char *key, struct lsp_place p)
{
    json_key(j, key);
    json_object(j);
    json_key(j, "line");
    json_int(j, p.line);
    json_key(j, "character");
    json_int(j, p.character);
    json_end_object(j);
}

void lsp_put_range(struct json *j, const struct lsp_lines *l, struct span at)
{
    const struct lsp_place none = {0, 0};
    json_object(j);
    put_place(j, "start", l ? lsp_place_of(l, at.begin) : none);
    put_place(j, "end", l ? lsp_place_of(l, at.end) : none);
    json_end_object(j);
}

bool lsp_read_place(struct lsp_json v, struct lsp_place *out)
{
    return lsp_json_whole(lsp_json_get(v, "line"), &out->line) &&
           lsp_json_whole(lsp_json_get(v, "character"), &out->character);
}

void lsp_put_location(struct json *j, const char *uri, const struct lsp_lines *l, struct span at)
{
    json_object(j);
    json_key(j, "uri");
    json_str(j, uri);
    json_key(j, "range");
    lsp_put_range(j, l, at);
    json_end_object(j);
}
