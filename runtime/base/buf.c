#include "buf.h"
#include "arena.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for n more bytes and the closing 0. */
static char *reserve(struct buf *b, size_t n)
{
    if (n >= SIZE_MAX / 4 - b->n)
        base_panic("output of more than %zu bytes", SIZE_MAX / 4);
    if (b->n + n + 1 > b->cap) {
        size_t cap = b->cap ? b->cap * 2 : 256;
        while (cap < b->n + n + 1)
            cap *= 2;
        char *data = realloc(b->data, cap);
        if (!data)
            base_panic("out of memory (%zu bytes wanted)", cap);
        b->data = data;
        b->cap = cap;
    }
    return b->data + b->n;
}

static void advance(struct buf *b, size_t n)
{
    b->n += n;
    b->data[b->n] = 0;
}

void buf_free(struct buf *b)
{
    free(b->data);
    *b = (struct buf){0};
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    if (b->data)
        b->data[0] = 0;
}

void buf_put(struct buf *b, const void *p, size_t n)
{
    char *to = reserve(b, n);
    if (n)
        memcpy(to, p, n);
    advance(b, n);
}

void buf_puts(struct buf *b, const char *s)
{
    buf_put(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
    *reserve(b, 1) = c;
    advance(b, 1);
}

void buf_fill(struct buf *b, char c, size_t n)
{
    memset(reserve(b, n), c, n);
    advance(b, n);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    if (n < 0)
        base_panic("text can't be formatted: %s", fmt);
    vsnprintf(reserve(b, (size_t)n), (size_t)n + 1, fmt, again);
    va_end(again);
    advance(b, (size_t)n);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(b, fmt, ap);
    va_end(ap);
}

static void put_le(struct buf *b, uint64_t x, size_t n)
{
    char *p = reserve(b, n);
    for (size_t i = 0; i < n; i++)
        p[i] = (char)(unsigned char)(x >> (8 * i));
    advance(b, n);
}

void buf_u8(struct buf *b, uint8_t x)
{
    put_le(b, x, 1);
}

void buf_u16(struct buf *b, uint16_t x)
{
    put_le(b, x, 2);
}

void buf_u32(struct buf *b, uint32_t x)
{
    put_le(b, x, 4);
}

void buf_u64(struct buf *b, uint64_t x)
{
    put_le(b, x, 8);
}

void buf_f32(struct buf *b, float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    put_le(b, u, 4);
}

void buf_f64(struct buf *b, double x)
{
    uint64_t u;
    memcpy(&u, &x, sizeof u);
    put_le(b, u, 8);
}
