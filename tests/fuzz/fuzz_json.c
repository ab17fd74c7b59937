/* Reading JSON. What is valid is written again by the writer and must give the same tokens. */
#include "runtime/base/json.h"
#include "runtime/base/json_read.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char *copy_text(const struct json_token *t)
{
    char *s = malloc(t->n + 1);
    if (!s)
        abort();
    memcpy(s, t->text, t->n);
    s[t->n] = '\0';
    return s;
}

static void write_token(struct json *j, const struct json_token *t)
{
    char *s = t->kind == JSON_KEY || t->kind == JSON_STRING ? copy_text(t) : NULL;
    switch (t->kind) {
    case JSON_OBJECT:
        json_object(j);
        break;
    case JSON_END_OBJECT:
        json_end_object(j);
        break;
    case JSON_ARRAY:
        json_array(j);
        break;
    case JSON_END_ARRAY:
        json_end_array(j);
        break;
    case JSON_KEY:
        json_key(j, s);
        break;
    case JSON_STRING:
        json_str(j, s);
        break;
    case JSON_NUMBER:
        json_f64(j, t->number);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        json_bool(j, t->kind == JSON_TRUE);
        break;
    case JSON_NULL:
        json_null(j);
        break;
    case JSON_END:
    case JSON_ERROR:
        break;
    }
    free(s);
}

/* Writes all tokens; false: not JSON, or a string with a zero byte, which the writer doesn't take.
 */
static bool rewrite(const void *text, size_t n, int indent, struct buf *out)
{
    struct json_reader r;
    struct json_token t;
    struct json j;
    bool plain = true;
    size_t before = 0;
    json_read_init(&r, text, n);
    json_init(&j, out, indent);
    do {
        json_next(&r, &t);
        if (t.begin < before || t.end < t.begin || t.end > n)
            abort();
        before = t.kind == JSON_ERROR ? 0 : t.end;
        if (t.kind == JSON_KEY || t.kind == JSON_STRING)
            plain = plain && !memchr(t.text, 0, t.n);
        if (plain)
            write_token(&j, &t);
    } while (t.kind != JSON_END && t.kind != JSON_ERROR);
    json_read_free(&r);
    return plain && t.kind == JSON_END;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct buf once = {0}, twice = {0};
    if (rewrite(data, n, 2, &once)) {
        struct buf line = {0};
        if (!rewrite(once.data, once.n, 0, &line) || !rewrite(line.data, line.n, 2, &twice) ||
            once.n != twice.n || memcmp(once.data, twice.data, once.n) != 0)
            abort();
        buf_free(&line);
    }
    buf_free(&once);
    buf_free(&twice);
    return 0;
}
