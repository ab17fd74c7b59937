#include "json_read.h"
#include "number.h"
#include "utf8.h"
#include <string.h>

/* What may come next. */
enum expect {
    VALUE,        /* a value */
    VALUE_OR_END, /* after '[' */
    KEY_OR_END,   /* after '{' */
    KEY,          /* after ',' in an object */
    COMMA_OR_END, /* after a value in an object or array */
    NOTHING,      /* after the value of the text */
};

void json_read_init(struct json_reader *r, const void *text, size_t n)
{
    *r = (struct json_reader){.text = text, .n = n, .expect = VALUE};
    if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        r->at = 3;
}

void json_read_free(struct json_reader *r)
{
    buf_free(&r->unescaped);
}

static bool fail(struct json_reader *r, size_t at, const char *what)
{
    r->error = what;
    r->error_at = at;
    return false;
}

static void skip_blanks(struct json_reader *r)
{
    size_t i = r->at;
    while (i < r->n &&
           (r->text[i] == ' ' || r->text[i] == '\n' || r->text[i] == '\r' || r->text[i] == '\t'))
        i++;
    r->at = i;
}

static bool is_digit(const struct json_reader *r, size_t i)
{
    return i < r->n && r->text[i] >= '0' && r->text[i] <= '9';
}

/* ---- strings ---- */

/* Four hexadecimal digits; UINT32_MAX: not that. */
static uint32_t hex4(const struct json_reader *r, size_t at)
{
    if (r->n - at < 4)
        return UINT32_MAX;
    uint32_t x = 0;
    for (size_t i = at; i < at + 4; i++) {
        char c = r->text[i];
        uint32_t digit = 16;
        if (c >= '0' && c <= '9')
            digit = (uint32_t)(c - '0');
        else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
            digit = (uint32_t)((c | 0x20) - 'a' + 10);
        if (digit == 16)
            return UINT32_MAX;
        x = x << 4 | digit;
    }
    return x;
}

/* The escape at the backslash r->text[at]: appended. Its length; 0: an error. */
static size_t unescape(struct json_reader *r, size_t at)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char c = at + 1 < r->n ? r->text[at + 1] : '\0';
    if (c != 'u') {
        const char *which = c ? strchr(from, c) : NULL;
        if (!which) {
            fail(r, at, "there is no such escape");
            return 0;
        }
        buf_putc(&r->unescaped, to[which - from]);
        return 2;
    }
    size_t n = 6;
    uint32_t code = hex4(r, at + 2);
    if (code == UINT32_MAX) {
        fail(r, at, "`\\u` wants four hexadecimal digits");
        return 0;
    }
    if (code >= 0xd800 && code < 0xdc00 && r->n - at >= 12 && r->text[at + 6] == '\\' &&
        r->text[at + 7] == 'u') {
        uint32_t low = hex4(r, at + 8);
        if (low >= 0xdc00 && low < 0xe000) {
            code = 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00));
            n = 12;
        }
    }
    if (!utf8_put(&r->unescaped, code)) {
        fail(r, at, "half of a surrogate pair is no character");
        return 0;
    }
    return n;
}

static bool read_string(struct json_reader *r, struct json_token *t)
{
    size_t i = r->at + 1, run = i; /* [run, i): not copied yet */
    bool escapes = false;
    buf_clear(&r->unescaped);
    for (;;) {
        while (i < r->n && (signed char)r->text[i] >= 0x20 && r->text[i] != '"' &&
               r->text[i] != '\\')
            i++;
        if (i == r->n)
            return fail(r, r->at, "the string has no end");
        unsigned char c = (unsigned char)r->text[i];
        if (c == '"')
            break;
        if (c < 0x20)
            return fail(r, i, "a control character in a string is written with an escape");
        size_t n = c == '\\' ? 0 : utf8_length(r->text + i, r->n - i);
        if (c == '\\') {
            escapes = true;
            buf_put(&r->unescaped, r->text + run, i - run);
            n = unescape(r, i);
            if (n == 0)
                return false;
            run = i + n;
        } else if (n == 0) {
            return fail(r, i, "this byte isn't UTF-8");
        }
        i += n;
    }
    t->text = r->text + run;
    t->n = i - run;
    if (escapes) {
        buf_put(&r->unescaped, r->text + run, i - run);
        t->text = r->unescaped.data;
        t->n = r->unescaped.n;
    }
    r->at = i + 1;
    return true;
}

/* ---- other values ---- */

static bool read_number(struct json_reader *r, struct json_token *t)
{
    size_t i = r->at;
    bool negative = r->text[i] == '-';
    i += negative;
    size_t begin = i;
    if (!is_digit(r, i))
        return fail(r, r->at, "`-` wants a digit after it");
    if (r->text[i] == '0' && is_digit(r, i + 1))
        return fail(r, r->at, "a number doesn't begin with 0");
    while (is_digit(r, i))
        i++;
    if (i < r->n && r->text[i] == '.') {
        if (!is_digit(r, ++i))
            return fail(r, r->at, "the number wants a digit after its point");
        while (is_digit(r, i))
            i++;
    }
    if (i < r->n && (r->text[i] == 'e' || r->text[i] == 'E')) {
        i++;
        i += i < r->n && (r->text[i] == '+' || r->text[i] == '-');
        if (!is_digit(r, i))
            return fail(r, r->at, "the number wants a digit in its exponent");
        while (is_digit(r, i))
            i++;
    }
    const char *wrong = number_read(r->text + begin, i - begin, 0, &t->number);
    if (wrong)
        return fail(r, r->at, wrong);
    if (negative)
        t->number = -t->number;
    t->text = r->text + r->at;
    t->n = i - r->at;
    r->at = i;
    return true;
}

static bool read_word(struct json_reader *r, struct json_token *t)
{
    static const struct {
        const char *word;
        enum json_kind kind;
    } words[] = {{"true", JSON_TRUE}, {"false", JSON_FALSE}, {"null", JSON_NULL}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t n = strlen(words[i].word);
        if (r->n - r->at >= n && memcmp(r->text + r->at, words[i].word, n) == 0) {
            t->kind = words[i].kind;
            r->at += n;
            return true;
        }
    }
    return fail(r, r->at, "a value is expected");
}

static bool open_scope(struct json_reader *r, bool is_object)
{
    if (r->depth == JSON_MAX_DEPTH)
        return fail(r, r->at, "more than 64 objects and arrays inside of each other");
    uint64_t bit = UINT64_C(1) << r->depth++;
    r->is_object = is_object ? r->is_object | bit : r->is_object & ~bit;
    r->expect = is_object ? KEY_OR_END : VALUE_OR_END;
    r->at++;
    return true;
}

static bool in_object(const struct json_reader *r)
{
    return r->depth > 0 && (r->is_object >> (r->depth - 1) & 1);
}

static void after_value(struct json_reader *r)
{
    r->expect = r->depth == 0 ? NOTHING : COMMA_OR_END;
}

static bool close_scope(struct json_reader *r, struct json_token *t)
{
    t->kind = in_object(r) ? JSON_END_OBJECT : JSON_END_ARRAY;
    r->depth--;
    r->at++;
    after_value(r);
    return true;
}

static bool read_value(struct json_reader *r, struct json_token *t)
{
    char c = r->text[r->at];
    if (c == '{' || c == '[') {
        t->kind = c == '{' ? JSON_OBJECT : JSON_ARRAY;
        return open_scope(r, c == '{');
    }
    bool ok;
    if (c == '"') {
        t->kind = JSON_STRING;
        ok = read_string(r, t);
    } else if (c == '-' || (c >= '0' && c <= '9')) {
        t->kind = JSON_NUMBER;
        ok = read_number(r, t);
    } else {
        ok = read_word(r, t);
    }
    after_value(r);
    return ok;
}

static bool read_key(struct json_reader *r, struct json_token *t)
{
    if (r->text[r->at] != '"')
        return fail(r, r->at, "a key in double quotes is expected");
    t->kind = JSON_KEY;
    if (!read_string(r, t))
        return false;
    size_t end = r->at;
    skip_blanks(r);
    if (r->at == r->n || r->text[r->at] != ':')
        return fail(r, r->at, "`:` is expected after a key");
    t->end = end;
    r->at++;
    r->expect = VALUE;
    return true;
}

/* The bracket that ends what is open. */
static bool at_end(const struct json_reader *r)
{
    return r->depth > 0 && r->text[r->at] == (in_object(r) ? '}' : ']');
}

static bool read_token(struct json_reader *r, struct json_token *t)
{
    skip_blanks(r);
    if (r->expect == COMMA_OR_END && r->at < r->n) {
        if (at_end(r)) {
            t->begin = r->at;
            return close_scope(r, t);
        }
        if (r->text[r->at] != ',')
            return fail(r, r->at,
                        in_object(r) ? "`,` or `}` is expected" : "`,` or `]` is expected");
        r->at++;
        r->expect = in_object(r) ? KEY : VALUE;
        skip_blanks(r);
    }
    t->begin = r->at;
    if (r->at == r->n) {
        if (r->expect != NOTHING)
            return fail(r, r->at,
                        r->depth == 0 ? "a value is expected" : "the text ends too early");
        t->kind = JSON_END;
        return true;
    }
    switch ((enum expect)r->expect) {
    case VALUE_OR_END:
    case KEY_OR_END:
        if (at_end(r))
            return close_scope(r, t);
        return r->expect == KEY_OR_END ? read_key(r, t) : read_value(r, t);
    case KEY:
        return read_key(r, t);
    case NOTHING:
        return fail(r, r->at, "nothing may follow the value of a text");
    case VALUE:
    case COMMA_OR_END:
        break;
    }
    return read_value(r, t);
}

enum json_kind json_next(struct json_reader *r, struct json_token *t)
{
    t->end = 0;
    if (!r->error && read_token(r, t)) {
        if (t->kind != JSON_KEY)
            t->end = r->at;
        return t->kind;
    }
    *t = (struct json_token){.kind = JSON_ERROR, .what = r->error, .begin = r->error_at};
    t->end = t->begin + (t->begin < r->n);
    return t->kind;
}

bool json_skip(struct json_reader *r, struct json_token *t)
{
    if (t->kind != JSON_OBJECT && t->kind != JSON_ARRAY)
        return t->kind != JSON_ERROR;
    uint32_t outer = r->depth - 1;
    while (r->depth > outer) {
        if (json_next(r, t) == JSON_ERROR)
            return false;
    }
    return true;
}

const char *json_kind_name(enum json_kind kind)
{
    static const char *const name[] = {
        [JSON_OBJECT] = "an object", [JSON_END_OBJECT] = "the end of an object",
        [JSON_ARRAY] = "an array",   [JSON_END_ARRAY] = "the end of an array",
        [JSON_KEY] = "a key",        [JSON_STRING] = "a string",
        [JSON_NUMBER] = "a number",  [JSON_TRUE] = "true",
        [JSON_FALSE] = "false",      [JSON_NULL] = "null",
        [JSON_END] = "the end",      [JSON_ERROR] = "an error",
    };
    return name[kind];
}
