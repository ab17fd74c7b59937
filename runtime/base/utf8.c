#include "utf8.h"
#include "arena.h"

size_t utf8_length(const void *bytes, size_t left)
{
    const unsigned char *s = bytes;
    if (left == 0)
        return 0;
    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    size_t n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    /* The second byte's range excludes overlong forms, surrogates and what lies above 10ffff. */
    unsigned low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    unsigned high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    if (left < n || s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    }
    return n;
}

bool utf8_put(struct buf *b, uint32_t c)
{
    if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return false;
    if (c < 0x80) {
        buf_u8(b, (uint8_t)c);
        return true;
    }
    unsigned more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3; /* bytes that follow */
    static const uint8_t lead[4] = {0, 0xc0, 0xe0, 0xf0};
    buf_u8(b, (uint8_t)(lead[more] | c >> (6 * more)));
    while (more-- > 0)
        buf_u8(b, (uint8_t)(0x80 | (c >> (6 * more) & 0x3f)));
    return true;
}

const char *utf8_printable(struct arena *a, const void *bytes, size_t n)
{
    enum { LIMIT = 100 };
    const unsigned char *s = bytes;
    struct buf b = {0};
    size_t i = 0;
    while (i < n && b.n < LIMIT) {
        size_t length = utf8_length(s + i, n - i);
        bool control = length == 1 ? s[i] < 0x20 || s[i] == 0x7f
                                   : length == 2 && s[i] == 0xc2 && s[i + 1] < 0xa0;
        if (length == 0 || control)
            buf_putc(&b, '?');
        else
            buf_put(&b, s + i, length);
        i += length ? length : 1;
    }
    if (i < n)
        buf_puts(&b, "...");
    const char *text = arena_strndup(a, b.data ? b.data : "", b.n);
    buf_free(&b);
    return text;
}
