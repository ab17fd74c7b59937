#include "tests/unit/json_tree.h"
#include "runtime/base/file.h"
#include "tests/unit/unit.h"

static struct json_tree value(struct arena *a, struct json_reader *r,
                              const struct json_token *first)
{
    struct json_tree t = {.kind = first->kind, .number = first->number};
    struct json_token k;
    assert_true(first->kind != JSON_ERROR);
    if (t.kind == JSON_STRING)
        t.text = arena_strndup(a, first->text, first->n);
    t.number = t.kind == JSON_TRUE ? 1 : t.kind == JSON_NUMBER ? first->number : 0;
    if (t.kind != JSON_OBJECT && t.kind != JSON_ARRAY)
        return t;
    while (json_next(r, &k) != JSON_END_OBJECT && k.kind != JSON_END_ARRAY) {
        const char *key = NULL;
        assert_true(k.kind != JSON_ERROR);
        if (k.kind == JSON_KEY) {
            key = arena_strndup(a, k.text, k.n);
            json_next(r, &k);
        }
        struct json_tree x = value(a, r, &k);
        x.key = key;
        VEC_PUSH(a, &t.item, x);
    }
    return t;
}

struct json_tree json_tree_parse(struct arena *a, const char *text, size_t n)
{
    struct json_reader r;
    struct json_token k;
    json_read_init(&r, text, n);
    json_next(&r, &k);
    struct json_tree t = value(a, &r, &k);
    assert_int_equal(json_next(&r, &k), JSON_END);
    json_read_free(&r);
    return t;
}

struct json_tree json_tree_load(struct arena *a, const char *path)
{
    struct diags d = {0};
    struct bytes b;
    assert_true(file_read(a, path, &b, &d, E0901, (struct span){0}));
    diags_free(&d);
    return json_tree_parse(a, (const char *)b.data, b.n);
}

const struct json_tree *json_item(const struct json_tree *t, uint32_t i)
{
    assert_true(i < t->item.n);
    return &t->item.data[i];
}

const struct json_tree *json_member(const struct json_tree *t, const char *key)
{
    for (uint32_t i = 0; i < t->item.n; i++)
        if (t->item.data[i].key && strcmp(t->item.data[i].key, key) == 0)
            return &t->item.data[i];
    fail_msg("no member `%s`", key);
    return NULL;
}

double json_number(const struct json_tree *t, const char *key)
{
    const struct json_tree *x = json_member(t, key);
    assert_true(x->kind == JSON_NUMBER || x->kind == JSON_TRUE || x->kind == JSON_FALSE);
    return x->number;
}

double json_at(const struct json_tree *t, const char *path)
{
    char word[64];
    size_t n = strcspn(path, ".");
    assert_true(n < sizeof word);
    memcpy(word, path, n);
    word[n] = 0;
    if (!path[n] && t->kind == JSON_OBJECT)
        return json_number(t, word);
    t = t->kind == JSON_ARRAY ? json_item(t, (uint32_t)strtoul(word, NULL, 10))
                              : json_member(t, word);
    return path[n] ? json_at(t, path + n + 1) : t->number;
}
