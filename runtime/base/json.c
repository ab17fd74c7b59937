#include "json.h"
#include "utf8.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

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

static void put_string(struct buf *b, const char *text)
{
    size_t left = strlen(text);
    buf_putc(b, '"');
    for (const unsigned char *s = (const unsigned char *)text; left;) {
        size_t n = utf8_length(s, left);
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
        left -= n;
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
