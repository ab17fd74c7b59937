/* Writing .npz. Members are stored; their checksum, known only at their end, follows in a data
 * descriptor, so that the destination needn't be seekable. Dates are those of the zip epoch: the
 * same arrays give the same file. */
#include "npy_internal.h"
#include <stdlib.h>
#include <zlib.h>

enum { VERSION = 20, VERSION_64 = 45, FLAGS = 0x0808 /* descriptor, UTF-8 */, DATE = 0x0021 };

struct npz_writer {
    struct file_out *file;
    struct diags *diags;
    struct buf directory, scratch;
    uint64_t n_members, offset; /* bytes written so far */
    bool open;                  /* within a member: */
    char *name;                 /* NAME.npy */
    uint64_t start, size, left; /* its local header's offset, its bytes, those to come */
    uLong crc;
    bool failed;
};

static bool bug(struct npz_writer *w, const char *text)
{
    if (!w->failed)
        diag_add(w->diags, E0999, (struct span){0}, "writing a .npz: %s", text);
    w->failed = true;
    return false;
}

static bool put(struct npz_writer *w, const void *p, size_t n)
{
    if (w->failed || !file_append(w->file, p, n))
        w->failed = true;
    w->offset += n;
    return !w->failed;
}

static bool put_scratch(struct npz_writer *w)
{
    return put(w, w->scratch.data, w->scratch.n);
}

struct npz_writer *npz_create(const char *path, struct diags *d)
{
    struct file_out *file = file_create(path, d);
    if (!file)
        return NULL;
    struct npz_writer *w = calloc(1, sizeof *w);
    if (!w)
        base_panic("out of memory (%zu bytes wanted)", sizeof *w);
    w->file = file;
    w->diags = d;
    return w;
}

static bool is_wide(uint64_t x)
{
    return x >= UINT32_MAX;
}

static uint32_t narrow(uint64_t x)
{
    return is_wide(x) ? UINT32_MAX : (uint32_t)x;
}

/* The fields that the local header and the directory have in common. */
static void common(struct buf *b, const struct npz_writer *w, bool wide, uLong crc, uint64_t size)
{
    buf_u16(b, wide ? VERSION_64 : VERSION);
    buf_u16(b, FLAGS);
    buf_u16(b, 0); /* stored */
    buf_u16(b, 0); /* time */
    buf_u16(b, DATE);
    buf_u32(b, (uint32_t)crc);
    buf_u32(b, narrow(size));
    buf_u32(b, narrow(size));
    buf_u16(b, (uint16_t)strlen(w->name));
}

static void local_header(struct npz_writer *w)
{
    struct buf *b = &w->scratch;
    bool wide = is_wide(w->size);
    buf_clear(b);
    buf_u32(b, 0x04034b50);
    common(b, w, wide, 0, wide ? UINT64_MAX : 0); /* see the descriptor */
    buf_u16(b, wide ? 20 : 0);
    buf_puts(b, w->name);
    if (wide) { /* says that the descriptor has 64-bit sizes */
        buf_u16(b, 1);
        buf_u16(b, 16);
        buf_u64(b, 0);
        buf_u64(b, 0);
    }
}

static void descriptor(struct npz_writer *w)
{
    struct buf *b = &w->scratch;
    buf_clear(b);
    buf_u32(b, 0x08074b50);
    buf_u32(b, (uint32_t)w->crc);
    for (int i = 0; i < 2; i++) { /* compressed, uncompressed */
        if (is_wide(w->size))
            buf_u64(b, w->size);
        else
            buf_u32(b, (uint32_t)w->size);
    }
}

static void directory_entry(struct npz_writer *w)
{
    struct buf *b = &w->directory;
    bool wide_size = is_wide(w->size), wide_start = is_wide(w->start);
    unsigned extra = (wide_size ? 16u : 0) + (wide_start ? 8u : 0);
    buf_u32(b, 0x02014b50);
    buf_u16(b, VERSION_64);
    common(b, w, extra != 0, w->crc, w->size);
    buf_u16(b, (uint16_t)(extra ? extra + 4 : 0));
    buf_u16(b, 0); /* comment */
    buf_u16(b, 0); /* disk */
    buf_u16(b, 0);
    buf_u32(b, 0); /* attributes */
    buf_u32(b, narrow(w->start));
    buf_puts(b, w->name);
    if (extra) {
        buf_u16(b, 1);
        buf_u16(b, (uint16_t)extra);
    }
    if (wide_size) {
        buf_u64(b, w->size);
        buf_u64(b, w->size);
    }
    if (wide_start)
        buf_u64(b, w->start);
}

static bool end_member(struct npz_writer *w)
{
    if (!w->open)
        return !w->failed;
    if (w->left != 0)
        return bug(w, "a member has fewer bytes than its shape");
    descriptor(w);
    if (!put_scratch(w))
        return false;
    directory_entry(w);
    free(w->name);
    w->name = NULL;
    w->n_members++;
    w->open = false;
    return true;
}

bool npz_write(struct npz_writer *w, const void *p, size_t n)
{
    if (!w->open || n > w->left)
        return bug(w, "a member has more bytes than its shape");
    w->left -= n;
    w->crc = crc32_z(w->crc, p, n);
    return put(w, p, n);
}

bool npz_member(struct npz_writer *w, const char *name, const char *dtype, uint32_t rank,
                const uint64_t *extent)
{
    if (!end_member(w))
        return false;
    struct buf head = {0};
    struct arena a = {0};
    struct npy shape;
    size_t n;
    npy_header(&head, dtype, rank, extent);
    const char *error =
        npy_parse_head(&a, (struct bytes){(const uint8_t *)head.data, head.n}, &shape, &n);
    size_t length = strlen(name);
    bool ok = false;
    if (error || length > UINT16_MAX - 4) {
        bug(w, error ? error : "a member's name is too long");
    } else {
        w->name = malloc(length + 5);
        if (!w->name)
            base_panic("out of memory (%zu bytes wanted)", length);
        memcpy(w->name, name, length);
        memcpy(w->name + length, ".npy", 5);
        w->start = w->offset;
        w->size = w->left = head.n + shape.count * shape.record_size;
        w->crc = crc32(0, NULL, 0);
        w->open = true;
        local_header(w);
        ok = put_scratch(w) && npz_write(w, head.data, head.n);
    }
    arena_free(&a);
    buf_free(&head);
    return ok;
}

static void end_of_archive(struct npz_writer *w)
{
    struct buf *b = &w->scratch;
    uint64_t start = w->offset - w->directory.n, size = w->directory.n;
    buf_clear(b);
    if (w->n_members >= UINT16_MAX || is_wide(start) || is_wide(size)) {
        buf_u32(b, 0x06064b50);
        buf_u64(b, 44); /* bytes that follow in this record */
        buf_u16(b, VERSION_64);
        buf_u16(b, VERSION_64);
        buf_u32(b, 0);
        buf_u32(b, 0);
        buf_u64(b, w->n_members);
        buf_u64(b, w->n_members);
        buf_u64(b, size);
        buf_u64(b, start);
        buf_u32(b, 0x07064b50); /* where that record is */
        buf_u32(b, 0);
        buf_u64(b, w->offset);
        buf_u32(b, 1);
    }
    uint16_t count = w->n_members >= UINT16_MAX ? UINT16_MAX : (uint16_t)w->n_members;
    buf_u32(b, 0x06054b50);
    buf_u16(b, 0);
    buf_u16(b, 0);
    buf_u16(b, count);
    buf_u16(b, count);
    buf_u32(b, narrow(size));
    buf_u32(b, narrow(start));
    buf_u16(b, 0);
}

static void release(struct npz_writer *w)
{
    buf_free(&w->directory);
    buf_free(&w->scratch);
    free(w->name);
    free(w);
}

bool npz_close(struct npz_writer *w)
{
    bool ok = end_member(w) && put(w, w->directory.data, w->directory.n);
    if (ok) {
        end_of_archive(w);
        ok = put_scratch(w);
    }
    if (ok)
        ok = file_commit(w->file);
    else
        file_abort(w->file);
    release(w);
    return ok;
}

void npz_abort(struct npz_writer *w)
{
    file_abort(w->file);
    release(w);
}
