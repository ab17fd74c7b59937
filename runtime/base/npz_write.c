/* Writing .npz. Members are stored; their checksum, known only at their end, follows in a data
 * descriptor, so that the destination needn't be seekable. Dates are those of the zip epoch: the
 * same arrays give the same file, whether their members are written in one go or in pieces. */
#include "npy_internal.h"
#include <stdlib.h>
#include <zlib.h>

enum { VERSION = 20, VERSION_64 = 45, FLAGS = 0x0808 /* descriptor, UTF-8 */, DATE = 0x0021 };

struct member {
    char *name;           /* NAME.npy */
    uint64_t start, size; /* its local header's offset, its bytes */
    uLong crc;            /* of those that are written */
};

struct piece {
    uint64_t n; /* bytes that are written */
    uLong crc;
};

struct placed {
    struct member member; /* its head is written */
    uint64_t data;        /* offset of the first piece */
    uint64_t n_pieces, piece_size;
    struct piece *piece;
};

struct npz_writer {
    struct file_out *file;
    struct diags *diags;
    struct arena arena;
    struct buf directory, scratch;
    uint64_t n_members, offset; /* bytes written or left so far */
    bool open;                  /* within a member: */
    struct member member;
    uint64_t left;             /* its bytes to come */
    VEC(struct placed) placed; /* not yet in the directory */
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
static void common(struct buf *b, const struct member *m, bool wide, uLong crc, uint64_t size)
{
    buf_u16(b, wide ? VERSION_64 : VERSION);
    buf_u16(b, FLAGS);
    buf_u16(b, 0); /* stored */
    buf_u16(b, 0); /* time */
    buf_u16(b, DATE);
    buf_u32(b, (uint32_t)crc);
    buf_u32(b, narrow(size));
    buf_u32(b, narrow(size));
    buf_u16(b, (uint16_t)strlen(m->name));
}

static void local_header(struct buf *b, const struct member *m)
{
    const bool wide = is_wide(m->size);
    buf_clear(b);
    buf_u32(b, 0x04034b50);
    common(b, m, wide, 0, wide ? UINT64_MAX : 0); /* see the descriptor */
    buf_u16(b, wide ? 20 : 0);
    buf_puts(b, m->name);
    if (wide) { /* says that the descriptor has 64-bit sizes */
        buf_u16(b, 1);
        buf_u16(b, 16);
        buf_u64(b, 0);
        buf_u64(b, 0);
    }
}

static void descriptor(struct buf *b, const struct member *m)
{
    buf_clear(b);
    buf_u32(b, 0x08074b50);
    buf_u32(b, (uint32_t)m->crc);
    for (int i = 0; i < 2; i++) { /* compressed, uncompressed */
        if (is_wide(m->size))
            buf_u64(b, m->size);
        else
            buf_u32(b, (uint32_t)m->size);
    }
}

static void directory_entry(struct npz_writer *w, const struct member *m)
{
    struct buf *b = &w->directory;
    bool wide_size = is_wide(m->size), wide_start = is_wide(m->start);
    unsigned extra = (wide_size ? 16u : 0) + (wide_start ? 8u : 0);
    buf_u32(b, 0x02014b50);
    buf_u16(b, VERSION_64);
    common(b, m, extra != 0, m->crc, m->size);
    buf_u16(b, (uint16_t)(extra ? extra + 4 : 0));
    buf_u16(b, 0); /* comment */
    buf_u16(b, 0); /* disk */
    buf_u16(b, 0);
    buf_u32(b, 0); /* attributes */
    buf_u32(b, narrow(m->start));
    buf_puts(b, m->name);
    if (extra) {
        buf_u16(b, 1);
        buf_u16(b, (uint16_t)extra);
    }
    if (wide_size) {
        buf_u64(b, m->size);
        buf_u64(b, m->size);
    }
    if (wide_start)
        buf_u64(b, m->start);
    w->n_members++;
}

static bool end_member(struct npz_writer *w)
{
    if (!w->open)
        return !w->failed;
    if (w->left != 0)
        return bug(w, "a member has fewer bytes than its shape");
    descriptor(&w->scratch, &w->member);
    directory_entry(w, &w->member);
    w->open = false;
    return put_scratch(w);
}

bool npz_write(struct npz_writer *w, const void *p, size_t n)
{
    if (!w->open || n > w->left)
        return bug(w, "a member has more bytes than its shape");
    w->left -= n;
    w->member.crc = crc32_z(w->member.crc, p, n);
    return put(w, p, n);
}

/* A member's local header and that of its array; w->left are the bytes of its data. */
static bool start_member(struct npz_writer *w, const char *name, const char *dtype, uint32_t rank,
                         const uint64_t *extent)
{
    struct buf head = {0};
    struct arena a = {0};
    struct npy shape;
    size_t n;
    npy_header(&head, dtype, rank, extent);
    const char *error =
        npy_parse_head(&a, (struct bytes){(const uint8_t *)head.data, head.n}, &shape, &n);
    bool ok = false;
    if (error || strlen(name) > UINT16_MAX - 4) {
        bug(w, error ? error : "a member's name is too long");
    } else {
        w->left = shape.count * shape.record_size;
        w->member = (struct member){.name = arena_printf(&w->arena, "%s.npy", name),
                                    .start = w->offset,
                                    .size = head.n + w->left,
                                    .crc = crc32_z(0, (const uint8_t *)head.data, head.n)};
        local_header(&w->scratch, &w->member);
        ok = put_scratch(w) && put(w, head.data, head.n);
    }
    arena_free(&a);
    buf_free(&head);
    return ok;
}

/* ---- members in pieces -------------------------------------------------------------------------
 */

static bool skip(struct npz_writer *w, uint64_t n)
{
    if (w->failed || !file_skip(w->file, n))
        w->failed = true;
    w->offset += n;
    return !w->failed;
}

bool npz_place(struct npz_writer *w, const char *name, const char *dtype, uint32_t rank,
               const uint64_t *extent, uint64_t pieces)
{
    if (w->open || w->n_members)
        return bug(w, "a member in pieces after one in one go");
    if (!start_member(w, name, dtype, rank, extent))
        return false;
    if (pieces ? w->left % pieces : w->left)
        return bug(w, "pieces aren't equal");
    struct placed p = {.member = w->member,
                       .data = w->offset,
                       .n_pieces = pieces,
                       .piece_size = pieces ? w->left / pieces : 0};
    p.piece = ARENA_ARRAY(&w->arena, struct piece, pieces);
    VEC_PUSH(&w->arena, &w->placed, p);
    descriptor(&w->scratch, &p.member); /* in the end it is another, of the same size */
    return skip(w, w->left + w->scratch.n);
}

bool npz_put(struct npz_writer *w, uint32_t member, uint64_t piece, const void *data, size_t n)
{
    const struct placed *m = &w->placed.data[member];
    const uint8_t *p = data;
    if (!n)
        return true;
    const uint64_t at = piece * m->piece_size + m->piece[piece].n;
    if (n > m->n_pieces * m->piece_size - at || !file_put(w->file, m->data + at, p, n))
        return false; /* then a piece stays short: see end_placed() */
    for (; n; piece++) {
        struct piece *to = &m->piece[piece];
        const uint64_t room = m->piece_size - to->n;
        const size_t here = n < room ? n : (size_t)room;
        to->crc = crc32_z(to->crc, p, here);
        to->n += here;
        p += here;
        n -= here;
    }
    return true;
}

/* Descriptors and directory entries of the members that are in pieces. */
static bool end_placed(struct npz_writer *w)
{
    if (w->placed.n && !skip(w, 0)) /* what npz_put() met */
        return false;
    for (uint32_t i = 0; i < w->placed.n; i++) {
        struct placed *m = &w->placed.data[i];
        for (uint64_t k = 0; k < m->n_pieces; k++) {
            if (m->piece[k].n != m->piece_size)
                return bug(w, "a piece has fewer bytes than it should");
            m->member.crc = crc32_combine(m->member.crc, m->piece[k].crc, (z_off_t)m->piece_size);
        }
        descriptor(&w->scratch, &m->member);
        directory_entry(w, &m->member);
        if (!file_put(w->file, m->data + m->n_pieces * m->piece_size, w->scratch.data,
                      w->scratch.n))
            return false;
    }
    w->placed.n = 0;
    return true;
}

/* ---- the archive -------------------------------------------------------------------------------
 */

bool npz_member(struct npz_writer *w, const char *name, const char *dtype, uint32_t rank,
                const uint64_t *extent)
{
    if (!end_member(w) || !end_placed(w))
        return false;
    w->open = start_member(w, name, dtype, rank, extent);
    return w->open;
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
    arena_free(&w->arena);
    free(w);
}

bool npz_close(struct npz_writer *w)
{
    bool ok = end_member(w) && end_placed(w) && put(w, w->directory.data, w->directory.n);
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
