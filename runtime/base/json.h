/* Writing JSON: objects and arrays nest, commas and escapes are seen to. Numbers in the shortest
 * form that reads back exactly; inf and nan become null. `indent` 0 gives one line. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "buf.h"
#include <stdbool.h>

struct json {
    struct buf *out;
    int indent;
    int depth;
    bool first, after_key;
};

void json_init(struct json *j, struct buf *out, int indent);
void json_object(struct json *j);
void json_end_object(struct json *j);
void json_array(struct json *j);
void json_end_array(struct json *j);
void json_key(struct json *j, const char *key);
void json_str(struct json *j, const char *s);
void json_f64(struct json *j, double x);
void json_f32(struct json *j, float x);
void json_int(struct json *j, int64_t x);
void json_bool(struct json *j, bool x);
void json_null(struct json *j);

#endif
