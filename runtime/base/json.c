#include "json.h"
#include <inttypes.h>
#include <math.h>

void json_init(struct json *j, struct buf *out, int indent)
{
    *j = (struct json){.out = out, .indent = indent, .first = true};
}

static void new_line(struct json *j)
{
    if (j->indent > 0) {
        buf_putc(j->out, '\n');
        buf_fill(j->out, ' ', (size_t)j->indent * (size_t)j->depth);
    }
}

/* What goes before a key or a value. */
static void lead_in(struct json *j)
{
    if (!j->after_key) {
        if (!j->first)
            buf_putc(j->out, ',');
        if (j->depth > 0)
            new_line(j);
    }
    j->first = j->after_key = false;
}

static void open_scope(struct json *j, char bracket)
{
    lead_in(j);
    buf_putc(j->out, bracket);
    j->depth++;
    j->first = true;
}

static void close_scope(struct json *j, char bracket)
{
    j->depth--;
    if (!j->first)
        new_line(j);
    buf_putc(j->out, bracket);
    j->first = false;
}

void json_object(struct json *j)
{
    open_scope(j, '{');
}

void json_end_object(struct json *j)
{
    close_scope(j, '}');
}

void json_array(struct json *j)
{
    open_scope(j, '[');
}

void json_end_array(struct json *j)
{
    close_scope(j, ']');
}

/* Length of the well-formed UTF-8 sequence that s starts with, 0 if there is none. */
static size_t utf8_length(const unsigned char *s)
{
    if (s[0] < 0x80)
        return 1;
    size_t n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    /* The second byte's range excludes overlong forms, surrogates and what lies above 10ffff. */
    unsigned low = 0x80, high = 0xbf;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    if (s[0] == 0xe0)
        low = 0xa0;
    else if (s[0] == 0xed)
        high = 0x9f;
    else if (s[0] == 0xf0)
        low = 0x90;
    else if (s[0] == 0xf4)
        high = 0x8f;
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    }
    return n;
}

static void put_string(struct buf *b, const char *text)
{
    buf_putc(b, '"');
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        size_t n = utf8_length(s);
        if (n == 0) {
            buf_puts(b, "\\ufffd"); /* JSON is UTF-8 whatever the input was */
            n = 1;
        } else if (*s == '"' || *s == '\\') {
            buf_putc(b, '\\');
            buf_putc(b, (char)*s);
        } else if (*s == '\n') {
            buf_puts(b, "\\n");
        } else if (*s == '\t') {
            buf_puts(b, "\\t");
        } else if (*s < 0x20 || *s == 0x7f) {
            buf_printf(b, "\\u%04x", *s);
        } else {
            buf_put(b, s, n);
        }
        s += n;
    }
    buf_putc(b, '"');
}

void json_key(struct json *j, const char *key)
{
    lead_in(j);
    put_string(j->out, key);
    buf_puts(j->out, j->indent > 0 ? ": " : ":");
    j->after_key = true;
}

void json_str(struct json *j, const char *s)
{
    lead_in(j);
    put_string(j->out, s);
}

void json_f64(struct json *j, double x)
{
    lead_in(j);
    if (isfinite(x))
        buf_f64_text(j->out, x);
    else
        buf_puts(j->out, "null");
}

void json_f32(struct json *j, float x)
{
    lead_in(j);
    if (isfinite(x))
        buf_f32_text(j->out, x);
    else
        buf_puts(j->out, "null");
}

void json_int(struct json *j, int64_t x)
{
    lead_in(j);
    buf_printf(j->out, "%" PRId64, x);
}

void json_bool(struct json *j, bool x)
{
    lead_in(j);
    buf_puts(j->out, x ? "true" : "false");
}

void json_null(struct json *j)
{
    lead_in(j);
    buf_puts(j->out, "null");
}
