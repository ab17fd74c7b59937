#include "compiler/svg.h"

void svg_escaped(struct buf *out, const char *s)
{
    for (; *s; s++) {
        switch (*s) {
        case '&':
            buf_puts(out, "&amp;");
            break;
        case '<':
            buf_puts(out, "&lt;");
            break;
        case '>':
            buf_puts(out, "&gt;");
            break;
        case '"':
            buf_puts(out, "&quot;");
            break;
        case '\'':
            buf_puts(out, "&apos;");
            break;
        default:
            if ((unsigned char)*s >= ' ' || *s == '\t') /* others aren't allowed in XML */
                buf_putc(out, *s);
        }
    }
}
