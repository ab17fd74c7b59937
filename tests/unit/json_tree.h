/* A JSON file as a tree, for tests that read recorded cases. What isn't there fails the test. */
#ifndef TESTS_UNIT_JSON_TREE_H
#define TESTS_UNIT_JSON_TREE_H

#include "runtime/base/json_read.h"
#include "runtime/base/vec.h"

struct json_tree {
    enum json_kind kind;
    const char *key;  /* of a member of an object */
    const char *text; /* of a string */
    double number;
    VEC(struct json_tree) item; /* of an array or object */
};

struct json_tree json_tree_parse(struct arena *a, const char *text, size_t n);
struct json_tree json_tree_load(struct arena *a, const char *path);

const struct json_tree *json_item(const struct json_tree *t, uint32_t i);
const struct json_tree *json_member(const struct json_tree *t, const char *key);
/* The number at a key; true and false are 1 and 0. */
double json_number(const struct json_tree *t, const char *key);
/* The same by a path: "config.dimensions.stride.x", "destinations.1.layer". */
double json_at(const struct json_tree *t, const char *path);

#endif
