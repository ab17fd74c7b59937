#include "lz4.h"

#include <stdbool.h>
#include <string.h>

struct input {
    const uint8_t *p;
    size_t n;
};

static bool take(struct input *in, size_t n, const uint8_t **out)
{
    if (in->n < n)
        return false;
    *out = in->p;
    in->p += n;
    in->n -= n;
    return true;
}

static uint32_t u32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool take_u32(struct input *in, uint32_t *out)
{
    const uint8_t *p;
    if (!take(in, 4, &p))
        return false;
    *out = u32(p);
    return true;
}

/* ---- xxHash-32, with seed 0 --------------------------------------------------------------------
 */

static uint32_t rotate(uint32_t x, int by)
{
    return x << by | x >> (32 - by);
}

static uint32_t xxhash(const uint8_t *p, size_t n)
{
    const uint32_t k1 = 0x9e3779b1, k2 = 0x85ebca77, k3 = 0xc2b2ae3d, k4 = 0x27d4eb2f,
                   k5 = 0x165667b1;
    uint32_t lane[4] = {k1 + k2, k2, 0, 0 - k1}, h = k5;
    const size_t all = n;
    if (n >= 16) {
        for (; n >= 16; p += 16, n -= 16)
            for (int i = 0; i < 4; i++)
                lane[i] = rotate(lane[i] + u32(p + 4 * i) * k2, 13) * k1;
        h = rotate(lane[0], 1) + rotate(lane[1], 7) + rotate(lane[2], 12) + rotate(lane[3], 18);
    }
    h += (uint32_t)all;
    for (; n >= 4; p += 4, n -= 4)
        h = rotate(h + u32(p) * k3, 17) * k4;
    for (; n > 0; p++, n--)
        h = rotate(h + *p * k5, 11) * k1;
    h = (h ^ h >> 15) * k2;
    h = (h ^ h >> 13) * k3;
    return h ^ h >> 16;
}

static bool has_checksum(struct input *in, const uint8_t *p, size_t n)
{
    uint32_t sum;
    return take_u32(in, &sum) && sum == xxhash(p, n);
}

/* ---- blocks ------------------------------------------------------------------------------------
 */

/* The rest of a length whose first 15 are in the token. */
static bool length(struct input *in, size_t most, size_t *n)
{
    const uint8_t *p;
    if (*n < 15)
        return true;
    do {
        if (!take(in, 1, &p) || *n > most)
            return false;
        *n += *p;
    } while (*p == 255);
    return true;
}

/* Copies of what begins `back` bytes before the end, which may be what is just being copied. */
static void repeat(struct buf *out, size_t back, size_t n)
{
    while (n > 0) {
        const size_t now = n < back ? n : back;
        char piece[256];
        const size_t some = now < sizeof piece ? now : sizeof piece;
        memcpy(piece, out->data + out->n - back, some);
        buf_put(out, piece, some);
        n -= some;
    }
}

/* Matches may begin as far back as the frame does, at out->data + frame. */
static const char *read_block(struct input in, size_t frame, size_t most, struct buf *out)
{
    const uint8_t *token, *literals, *offset;
    while (take(&in, 1, &token)) {
        size_t n = *token >> 4, match = *token & 15;
        if (!length(&in, most, &n) || !take(&in, n, &literals))
            return "a block of LZ4 ends within its literals";
        if (n > most - out->n)
            return "LZ4 data is larger than it may be";
        buf_put(out, literals, n);
        if (in.n == 0)
            return NULL;
        if (!take(&in, 2, &offset) || !length(&in, most, &match))
            return "a block of LZ4 ends within a match";
        const size_t back = offset[0] | (size_t)offset[1] << 8;
        if (back == 0 || back > out->n - frame)
            return "a match of LZ4 begins before its data";
        if (match + 4 > most - out->n)
            return "LZ4 data is larger than it may be";
        repeat(out, back, match + 4);
    }
    return "a block of LZ4 is empty";
}

static const char *read_blocks(struct input *in, bool checked, bool independent, size_t most,
                               struct buf *out)
{
    const size_t frame = out->n;
    uint32_t size;
    while (take_u32(in, &size)) {
        const uint8_t *data;
        const uint32_t n = size & 0x7fffffff;
        if (size == 0)
            return NULL;
        if (!take(in, n, &data))
            return "LZ4 data ends within a block";
        if (checked && !has_checksum(in, data, n))
            return "a block of LZ4 doesn't have its checksum";
        if (n > most - out->n && size >> 31)
            return "LZ4 data is larger than it may be";
        if (size >> 31) {
            buf_put(out, data, n);
            continue;
        }
        const char *wrong =
            read_block((struct input){data, n}, independent ? out->n : frame, most, out);
        if (wrong)
            return wrong;
    }
    return "LZ4 data ends before its last block";
}

/* ---- frames ------------------------------------------------------------------------------------
 */

static const char *read_frame(struct input *in, size_t most, struct buf *out)
{
    enum { DICTIONARY = 1, CONTENT_SUM = 4, CONTENT_SIZE = 8, BLOCK_SUM = 16, INDEPENDENT = 32 };
    const uint8_t *head = in->p, *p;
    if (!take(in, 2, &p))
        return "LZ4 data ends within its head";
    const uint8_t flags = p[0];
    const size_t more = (flags & CONTENT_SIZE ? 8 : 0) + (flags & DICTIONARY ? 4 : 0);
    if (flags >> 6 != 1 || flags & DICTIONARY)
        return "LZ4 data of a kind that isn't read";
    if (!take(in, more + 1, &p))
        return "LZ4 data ends within its head";
    if (p[more] != (uint8_t)(xxhash(head, 2 + more) >> 8))
        return "the head of LZ4 data doesn't have its checksum";
    const size_t first = out->n;
    const char *wrong = read_blocks(in, flags & BLOCK_SUM, flags & INDEPENDENT, most, out);
    if (wrong)
        return wrong;
    static const uint8_t none[1];
    const uint8_t *content = out->n > first ? (const uint8_t *)out->data + first : none;
    if (flags & CONTENT_SUM && !has_checksum(in, content, out->n - first))
        return "LZ4 data doesn't have its checksum";
    if (flags & CONTENT_SIZE && (u32(p) != (uint32_t)(out->n - first) ||
                                 u32(p + 4) != (uint32_t)((uint64_t)(out->n - first) >> 32)))
        return "LZ4 data doesn't have its size";
    return NULL;
}

const char *lz4_read(const uint8_t *p, size_t n, size_t most, struct buf *out)
{
    struct input in = {p, n};
    const uint8_t *skipped;
    uint32_t magic, size;
    most += out->n;
    while (in.n > 0) {
        const char *wrong = NULL;
        if (!take_u32(&in, &magic))
            return "LZ4 data ends within its head";
        if (magic == 0x184d2204)
            wrong = read_frame(&in, most, out);
        else if (magic >> 4 != 0x184d2a5)
            return "it isn't LZ4 data";
        else if (!take_u32(&in, &size) || !take(&in, size, &skipped))
            return "LZ4 data ends within what is to be skipped";
        if (wrong)
            return wrong;
    }
    return NULL;
}
