/* A growing byte buffer for text and binary output (heap memory, freed by buf_free).
 *
 * Also the two number formats that every printed number of the project uses: the shortest decimal
 * that reads back to the same float64 or float32. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *data; /* always followed by a 0 byte that doesn't count, once something was written */
    size_t n, cap;
};

void buf_free(struct buf *b);
void buf_clear(struct buf *b); /* keeps the memory */
void buf_put(struct buf *b, const void *p, size_t n);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_fill(struct buf *b, char c, size_t n);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap);

/* Little-endian binary. */
void buf_u8(struct buf *b, uint8_t x);
void buf_u16(struct buf *b, uint16_t x);
void buf_u32(struct buf *b, uint32_t x);
void buf_u64(struct buf *b, uint64_t x);
void buf_f32(struct buf *b, float x);
void buf_f64(struct buf *b, double x);

/* Shortest text that strtod (strtof) turns into exactly x: "0.1", "5e-13", "inf", "-inf", "nan".
 * Independent of the locale. */
void buf_f64_text(struct buf *b, double x);
void buf_f32_text(struct buf *b, float x);

/* The float64 that the shortest text of x means: 1e-8 for the float32 nearest to it. What a user
 * wrote, most likely, and what whoever reads the printed x gets. */
double f32_decimal(float x);

#endif
