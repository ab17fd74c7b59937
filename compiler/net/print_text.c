#include "compiler/net/print.h"

void text_begin(struct text *t)
{
    t->line = t->out->n;
    buf_fill(t->out, ' ', (size_t)t->depth * PRINT_INDENT);
}

void text_end(struct text *t, const char *close)
{
    buf_puts(t->out, close);
    buf_putc(t->out, '\n');
    t->line = t->out->n;
}

void text_open(struct text *t)
{
    text_end(t, " {");
    t->depth++;
}

void text_close(struct text *t)
{
    t->depth--;
    text_begin(t);
    text_end(t, "}");
}

void text_blank(struct text *t)
{
    text_end(t, "");
}

enum { CLOSING = 3 }; /* columns left for what follows an item: `,` to `]);` */

void text_item(struct text *t, bool first)
{
    if (!first) {
        buf_putc(t->out, ',');
        if (t->out->n - t->line + 1 + t->item.n + CLOSING > PRINT_COLUMNS) {
            buf_putc(t->out, '\n');
            t->line = t->out->n;
            buf_fill(t->out, ' ', (size_t)(t->depth + 1) * PRINT_INDENT);
        } else {
            buf_putc(t->out, ' ');
        }
    }
    buf_put(t->out, t->item.data, t->item.n);
    buf_clear(&t->item);
}

void print_mask(struct buf *out, unsigned mask)
{
    buf_puts(out, "0b");
    for (int bit = mask > 15 ? 7 : 3; bit >= 0; bit--)
        buf_putc(out, (char)('0' + (mask >> bit & 1)));
}
