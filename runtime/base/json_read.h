/* Reading JSON (RFC 8259): a pull reader over bytes in memory, one token at a time.
 *
 * It is our own rather than a library's because every message about a file must name a place in it
 * (a token has its span of bytes, an error its offset) and because files that labs and vendors
 * publish for one chip are 50 MB: reading them takes no memory but that of the longest string with
 * escapes, and makes no tree that is thrown away again.
 *
 * Strict: UTF-8 only, no comments, no commas too many, no half surrogate pairs, numbers within the
 * range of float64, at most JSON_MAX_DEPTH objects and arrays inside of each other. A byte order
 * mark at the start is skipped. Whether a key may come twice is the caller's matter. */
#ifndef BASE_JSON_READ_H
#define BASE_JSON_READ_H

#include "buf.h"
#include <stdbool.h>

enum { JSON_MAX_DEPTH = 64 };

enum json_kind {
    JSON_OBJECT, /* '{'; then JSON_KEY and a value by turns, and JSON_END_OBJECT */
    JSON_END_OBJECT,
    JSON_ARRAY, /* '['; then values and JSON_END_ARRAY */
    JSON_END_ARRAY,
    JSON_KEY,
    JSON_STRING,
    JSON_NUMBER,
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL,
    JSON_END,  /* after the one value of a text: nothing but blanks followed */
    JSON_ERROR /* from then on always */
};

struct json_token {
    enum json_kind kind;
    size_t begin, end; /* bytes [begin, end) of the text, quotes of a string included */
    /* Of a key or string: what it means, without quotes and escapes; good until the next token; may
     * hold zero bytes and isn't ended by one. Of a number: as it is written. */
    const char *text;
    size_t n;
    double number;    /* of a number: the nearest float64 */
    const char *what; /* of an error: "a value is expected", to go behind a file's name and place */
};

struct json_reader { /* private */
    const char *text;
    size_t n, at;
    uint32_t depth;
    uint64_t is_object; /* bit k: what is open at depth k */
    uint8_t expect;
    struct buf unescaped;
    const char *error;
    size_t error_at;
};

/* The bytes must stay until the reader is freed. */
void json_read_init(struct json_reader *r, const void *text, size_t n);
void json_read_free(struct json_reader *r);

/* The next token; returns its kind. */
enum json_kind json_next(struct json_reader *r, struct json_token *t);

/* Leaves out the rest of the value that `t` began: nothing to do unless it is an object or array.
 * False: an error, which `t` then is; else `t` is the last token of the value. */
bool json_skip(struct json_reader *r, struct json_token *t);

/* "an object", "a string": what a token is, for messages. */
const char *json_kind_name(enum json_kind kind);

#endif
