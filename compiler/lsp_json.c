#include "compiler/lsp.h"
#include "runtime/base/json_read.h"

#include <stdlib.h>

bool lsp_json_valid(const char *text, size_t n)
{
    struct json_reader r;
    struct json_token t;
    json_read_init(&r, text, n);
    while (json_next(&r, &t) != JSON_END && t.kind != JSON_ERROR) {
    }
    json_read_free(&r);
    return t.kind == JSON_END;
}

/* The value that begins with token `t`. */
static struct lsp_json value_from(struct json_reader *r, struct json_token *t, const char *text)
{
    const size_t begin = t->begin;
    return json_skip(r, t) ? (struct lsp_json){text + begin, t->end - begin}
                           : (struct lsp_json){NULL, 0};
}

static struct lsp_json member(struct lsp_json v, const char *key, size_t n)
{
    struct lsp_json found = {NULL, 0};
    struct json_reader r;
    struct json_token t;
    json_read_init(&r, v.text, v.n);
    bool more = json_next(&r, &t) == JSON_OBJECT;
    while (more && !found.text && json_next(&r, &t) == JSON_KEY) {
        const bool it = t.n == n && memcmp(t.text, key, n) == 0;
        json_next(&r, &t);
        const struct lsp_json value = value_from(&r, &t, v.text);
        more = value.text != NULL;
        if (it) {
            found = value;
        }
    }
    json_read_free(&r);
    return found;
}

struct lsp_json lsp_json_get(struct lsp_json v, const char *path)
{
    while (v.text && *path) {
        const size_t n = strcspn(path, ".");
        v = member(v, path, n);
        path += n + (path[n] == '.');
    }
    return v;
}

bool lsp_json_item(struct lsp_json array, size_t *at, struct lsp_json *item)
{
    if (!array.text || array.text[0] != '[') {
        return false;
    }
    /* What is behind the bracket or a comma, up to the array's end, begins with a value. */
    size_t from = *at ? *at : 1;
    from += strspn(array.text + from, " \t\r\n");
    if (array.text[from] == ',') {
        from++;
        from += strspn(array.text + from, " \t\r\n");
    }
    if (from >= array.n || array.text[from] == ']') {
        return false;
    }
    struct json_reader r;
    struct json_token t;
    json_read_init(&r, array.text + from, array.n - from);
    json_next(&r, &t);
    *item = value_from(&r, &t, array.text + from);
    json_read_free(&r);
    *at = item->text ? (size_t)(item->text - array.text) + item->n : array.n;
    return item->text != NULL;
}

const char *lsp_json_string(struct lsp_json v, struct arena *a, size_t *n)
{
    if (!v.text) {
        return NULL;
    }
    struct json_reader r;
    struct json_token t;
    char *out = NULL;
    json_read_init(&r, v.text, v.n);
    if (json_next(&r, &t) == JSON_STRING && (out = arena_try(a, t.n + 1, 1)) != NULL) {
        memcpy(out, t.text, t.n);
        if (n) {
            *n = t.n;
        }
    }
    json_read_free(&r);
    return out;
}

bool lsp_json_whole(struct lsp_json v, uint32_t *out)
{
    struct json_reader r;
    struct json_token t;
    if (!v.text) {
        return false;
    }
    json_read_init(&r, v.text, v.n);
    const bool good = json_next(&r, &t) == JSON_NUMBER && t.number >= 0 && t.number <= UINT32_MAX &&
                      t.number == (uint32_t)t.number;
    if (good) {
        *out = (uint32_t)t.number;
    }
    json_read_free(&r);
    return good;
}
