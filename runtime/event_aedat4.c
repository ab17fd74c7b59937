/* AEDAT4: a line, the length of a head and the head, then packets (stream, length, bytes) up to a
 * table that the head knows the place of. Head and packets are FlatBuffers: tables whose fields are
 * found by an offset. */
#include "runtime/event_file.h"

#include "runtime/base/lz4.h"
#include <inttypes.h>
#include <zstd.h>

enum {
    EVENT = 16, /* bytes: t, 8; x and y, 2 each; on, 1; 3 that pad */
    RATIO = 1032
};

enum compression { PLAIN, LZ4, LZ4_HIGH, ZSTD, ZSTD_HIGH, COMPRESSIONS };

struct aedat4 {
    struct bytes file;
    size_t at;
    int32_t compression;
    size_t end; /* of the packets */
    bool found; /* a packet of events, in this stream: */
    uint32_t stream;
    struct buf events, packet;
    const char *wrong;
};

/* ---- FlatBuffers -------------------------------------------------------------------------------
 */

static bool get(struct bytes b, uint64_t at, int size, uint64_t *out)
{
    if (at > b.n || b.n - at < (uint64_t)size)
        return false;
    *out = 0;
    for (int i = size; i-- > 0;)
        *out = *out << 8 | b.data[at + (uint64_t)i];
    return true;
}

/* Where field k of the table that the buffer's root is; 0: it has none. False: it isn't one. */
static bool field(struct bytes b, uint32_t k, uint64_t *out)
{
    uint64_t root, back, size, offset = 0;
    if (!get(b, 0, 4, &root) || !get(b, root, 4, &back))
        return false;
    const int64_t vtable = (int64_t)root - (int32_t)(uint32_t)back;
    if (vtable < 0 || !get(b, (uint64_t)vtable, 2, &size))
        return false;
    if (size >= 6 + 2 * (uint64_t)k && !get(b, (uint64_t)vtable + 4 + 2 * k, 2, &offset))
        return false;
    *out = offset ? root + offset : 0;
    return true;
}

static bool is_called(struct bytes b, const char *identifier)
{
    return b.n >= 8 && memcmp(b.data + 4, identifier, 4) == 0;
}

/* ---- packets -----------------------------------------------------------------------------------
 */

static bool fail(struct aedat4 *x, const char *why)
{
    x->wrong = why;
    return false;
}

static bool read_head(struct aedat4 *x)
{
    static const char magic[] = "#!AER-DAT4.0\r\n";
    const size_t line = sizeof magic - 1;
    uint64_t n, at, compression = 0, table = UINT64_MAX;
    if (x->file.n < line || memcmp(x->file.data, magic, line) != 0)
        return fail(x, "its first line isn't that of an AEDAT4 file");
    if (!get(x->file, line, 4, &n) || n > x->file.n - line - 4)
        return fail(x, "it ends within its head");
    const struct bytes head = {x->file.data + line + 4, (size_t)n};
    if (!is_called(head, "IOHE") || !field(head, 0, &at) ||
        (at && !get(head, at, 4, &compression)) || !field(head, 1, &at) ||
        (at && !get(head, at, 8, &table)))
        return fail(x, "its head isn't one");
    if (compression >= COMPRESSIONS)
        return fail(x, "it is compressed in no known way");
    x->compression = (int32_t)compression;
    x->at = line + 4 + head.n;
    x->end = table < x->file.n ? (size_t)table : x->file.n; /* none: it wasn't finished */
    return x->end >= x->at || fail(x, "its table lies within its head");
}

static bool unpack_zstd(struct aedat4 *x, struct bytes b, size_t most)
{
    ZSTD_DStream *z = ZSTD_createDStream();
    char piece[16384];
    ZSTD_inBuffer in = {b.data, b.n, 0};
    size_t left = 1;
    while (z && (in.pos < in.size || left)) {
        ZSTD_outBuffer out = {piece, sizeof piece, 0};
        const size_t before = in.pos;
        left = ZSTD_decompressStream(z, &out, &in);
        if (ZSTD_isError(left) || (out.pos == 0 && in.pos == before)) {
            fail(x, "a packet isn't Zstandard data");
            break;
        }
        if (out.pos > most - x->packet.n) {
            fail(x, "a packet is larger than it may be");
            break;
        }
        buf_put(&x->packet, piece, out.pos);
    }
    ZSTD_freeDStream(z);
    if (!z)
        fail(x, "there is no memory to read it");
    return !x->wrong;
}

/* A packet's bytes as they were before they were compressed. */
static bool unpack(struct aedat4 *x, struct bytes b, struct bytes *out)
{
    const size_t most = b.n < SIZE_MAX / RATIO ? b.n * RATIO : SIZE_MAX;
    buf_clear(&x->packet);
    *out = b;
    if (x->compression == PLAIN)
        return true;
    if (x->compression >= ZSTD) {
        if (!unpack_zstd(x, b, most))
            return false;
    } else {
        const char *why = lz4_read(b.data, b.n, most, &x->packet);
        if (why)
            return fail(x, why);
    }
    *out = (struct bytes){(const uint8_t *)x->packet.data, x->packet.n};
    return true;
}

/* Events of a packet, if it has such. */
static bool read_packet(struct aedat4 *x, uint32_t stream, struct bytes b)
{
    uint64_t size, at, to, n;
    if (!get(b, 0, 4, &size) || size > b.n - 4)
        return fail(x, "a packet is shorter than it says");
    const struct bytes table = {b.data + 4, (size_t)size};
    if (!is_called(table, "EVTS"))
        return true;
    if (x->found && stream != x->stream)
        return fail(x, "it has several streams of events");
    x->found = true;
    x->stream = stream;
    if (!field(table, 0, &at))
        return fail(x, "a packet of events isn't one");
    if (at == 0)
        return true;
    if (!get(table, at, 4, &to) || !get(table, at + to, 4, &n) ||
        n * EVENT > table.n - (at + to + 4))
        return fail(x, "a packet has fewer events than it says");
    buf_put(&x->events, table.data + at + to + 4, (size_t)n * EVENT);
    return true;
}

static bool read_packets(struct aedat4 *x)
{
    const struct bytes all = {x->file.data, x->end};
    while (x->at < x->end) {
        uint64_t stream, n;
        struct bytes b;
        if (!get(all, x->at, 4, &stream) || !get(all, x->at + 4, 4, &n) || n > x->end - x->at - 8)
            return fail(x, "it ends within a packet");
        if (!unpack(x, (struct bytes){x->file.data + x->at + 8, (size_t)n}, &b) ||
            !read_packet(x, (uint32_t)stream, b))
            return false;
        x->at += 8 + (size_t)n;
    }
    return x->found || fail(x, "it has no events");
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

/* Times count from the earliest event: a camera's are those of the day. */
static void from_first(uint8_t *events, uint64_t n)
{
    const struct bytes b = {events, (size_t)n * EVENT};
    int64_t first = INT64_MAX;
    uint64_t t = 0;
    for (uint64_t i = 0; i < n; i++)
        if (get(b, i * EVENT, 8, &t))
            first = (int64_t)t < first ? (int64_t)t : first;
    for (uint64_t i = 0; i < n; i++) {
        get(b, i * EVENT, 8, &t);
        t -= (uint64_t)first;
        for (int k = 0; k < 8; k++)
            events[i * EVENT + (uint64_t)k] = (uint8_t)(t >> (8 * k));
    }
}

bool event_file_aedat4(struct arena *a, struct bytes b, struct npy *out, struct diags *d,
                       const char *what, struct span at)
{
    struct aedat4 x = {.file = b};
    if (read_head(&x) && read_packets(&x)) {
        const uint64_t n = x.events.n / EVENT;
        uint8_t *data = arena_try(a, x.events.n + 1, 1);
        if (data && n)
            memcpy(data, x.events.data, x.events.n);
        if (data)
            from_first(data, n);
        else
            fail(&x, "it doesn't fit in memory");
        *out = (struct npy){.rank = 1,
                            .extent = {n},
                            .count = n,
                            .record_size = EVENT,
                            .n_fields = 4,
                            .data = data};
        out->field[0] = (struct npy_type){.kind = 'u', .size = 8, .offset = 0, .name = "t"};
        out->field[1] = (struct npy_type){.kind = 'i', .size = 2, .offset = 8, .name = "x"};
        out->field[2] = (struct npy_type){.kind = 'i', .size = 2, .offset = 10, .name = "y"};
        out->field[3] = (struct npy_type){.kind = 'b', .size = 1, .offset = 12, .name = "p"};
    }
    if (x.wrong)
        diag_add(d, E0505, at, "%s: %s", what, x.wrong);
    buf_free(&x.events);
    buf_free(&x.packet);
    return !x.wrong;
}
