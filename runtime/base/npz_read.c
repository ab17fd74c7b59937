/* Reading .npz: a zip archive of .npy files. Only its central directory counts; offsets and sizes
 * in it are believed no further than the bytes that are there. */
#include "npy_internal.h"
#include "utf8.h"
#include <zlib.h>

enum {
    END_SIZE = 22,
    LOCATOR_SIZE = 20,
    END64_SIZE = 56,
    ENTRY_SIZE = 46,
    LOCAL_SIZE = 30,
    MAX_COMMENT = 0xffff,
    MAX_RATIO = 1032, /* no deflate stream expands more */
    MAX_LISTED = 20
};

struct entry {
    const uint8_t *name;
    size_t name_size;
    unsigned flags, method;
    uint32_t crc;
    uint64_t packed, size, offset;
};

struct directory {
    const uint8_t *p, *end;
    uint64_t left; /* entries to come */
};

static const char *find_directory(struct bytes b, struct directory *out)
{
    if (b.n < END_SIZE)
        return "it's neither .npy nor .npz";
    const uint8_t *first =
        b.data + (b.n > END_SIZE + MAX_COMMENT ? b.n - END_SIZE - MAX_COMMENT : 0);
    const uint8_t *all_end = b.data + b.n, *end = all_end - END_SIZE;
    while (le32(end) != 0x06054b50 || le16(end + 20) != (size_t)(all_end - end) - END_SIZE) {
        if (end == first)
            return b.data[0] == 'P' && b.data[1] == 'K' ? "it's a .npz without its end"
                                                        : "it's neither .npy nor .npz";
        end--;
    }
    unsigned disk = le16(end + 4);
    uint64_t count = le16(end + 10), size = le32(end + 12), offset = le32(end + 16);
    const uint8_t *limit = end;
    if (end - b.data >= LOCATOR_SIZE && le32(end - LOCATOR_SIZE) == 0x07064b50) {
        uint64_t at = le64(end - LOCATOR_SIZE + 8);
        size_t before = (size_t)(end - b.data) - LOCATOR_SIZE;
        if (before < END64_SIZE || at > before - END64_SIZE || le32(b.data + at) != 0x06064b50)
            return "the zip archive's end is damaged";
        const uint8_t *end64 = b.data + at;
        disk = le32(end64 + 16) ? 1 : 0;
        count = le64(end64 + 32);
        size = le64(end64 + 40);
        offset = le64(end64 + 48);
        limit = end64;
    }
    if (disk != 0)
        return "the zip archive is split over several files";
    uint64_t room = (uint64_t)(limit - b.data);
    if (offset > room || size > room - offset)
        return "the zip archive's directory is damaged";
    *out = (struct directory){b.data + offset, b.data + offset + size, count};
    return NULL;
}

/* Takes the sizes that didn't fit in 32 bits from the zip64 extra field. */
static bool widen(struct entry *e, const uint8_t *extra, size_t n)
{
    uint64_t *wide[3] = {&e->size, &e->packed, &e->offset};
    while (n >= 4) {
        size_t id = le16(extra), size = le16(extra + 2);
        extra += 4;
        n -= 4;
        if (size > n)
            return false;
        for (unsigned i = 0; id == 1 && i < 3; i++) {
            if (*wide[i] != UINT32_MAX)
                continue;
            if (size < 8)
                return false;
            *wide[i] = le64(extra);
            extra += 8;
            n -= 8;
            size -= 8;
        }
        extra += size;
        n -= size;
    }
    return true;
}

/* False at the end; *error says whether that's a proper one. */
static bool next_entry(struct directory *d, struct entry *e, const char **error)
{
    if (d->left == 0)
        return false;
    d->left--;
    *error = "the zip archive's directory is damaged";
    if (d->end - d->p < ENTRY_SIZE || le32(d->p) != 0x02014b50)
        return false;
    size_t name = le16(d->p + 28), extra = le16(d->p + 30), comment = le16(d->p + 32);
    if ((size_t)(d->end - d->p) - ENTRY_SIZE < name + extra + comment)
        return false;
    *e = (struct entry){.name = d->p + ENTRY_SIZE,
                        .name_size = name,
                        .flags = le16(d->p + 8),
                        .method = le16(d->p + 10),
                        .crc = le32(d->p + 16),
                        .packed = le32(d->p + 20),
                        .size = le32(d->p + 24),
                        .offset = le32(d->p + 42)};
    if (!widen(e, d->p + ENTRY_SIZE + name, extra))
        return false;
    d->p += ENTRY_SIZE + name + extra + comment;
    *error = NULL;
    return true;
}

static const char *inflate_entry(struct arena *a, const uint8_t *from, const struct entry *e,
                                 struct bytes *out)
{
    if (e->size / MAX_RATIO > e->packed)
        return "a member states a size that its bytes can't expand to";
    /* One byte more than stated, so that a longer stream is noticed. */
    uint8_t *to = e->size < SIZE_MAX ? arena_try(a, (size_t)e->size + 1, 1) : NULL;
    if (!to)
        return "it doesn't fit in memory";
    z_stream z = {0};
    if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
        return "it doesn't fit in memory";
    const uint64_t piece = 1 << 30; /* zlib counts in 32 bits */
    uint64_t in = e->packed, room = e->size + 1;
    int status = Z_OK;
    z.next_in = (z_const Bytef *)(uintptr_t)from;
    z.next_out = to;
    while (status == Z_OK) {
        uInt in_now = (uInt)(in < piece ? in : piece),
             out_now = (uInt)(room < piece ? room : piece);
        z.avail_in = in_now;
        z.avail_out = out_now;
        status = inflate(&z, Z_NO_FLUSH); /* Z_BUF_ERROR when neither side moves */
        in -= in_now - z.avail_in;
        room -= out_now - z.avail_out;
    }
    inflateEnd(&z);
    if (status != Z_STREAM_END || in != 0 || room != 1)
        return "a member's compressed data is damaged";
    *out = (struct bytes){to, (size_t)e->size};
    return NULL;
}

static const char *extract(struct arena *a, struct bytes b, const struct entry *e,
                           struct bytes *out)
{
    if (e->flags & 1)
        return "a member is encrypted";
    if (e->offset > b.n || b.n - e->offset < LOCAL_SIZE || le32(b.data + e->offset) != 0x04034b50)
        return "a member isn't where the zip archive's directory says";
    const uint8_t *local = b.data + e->offset;
    uint64_t skip = LOCAL_SIZE + (uint64_t)le16(local + 26) + le16(local + 28);
    uint64_t room = b.n - e->offset;
    if (skip > room || e->packed > room - skip)
        return "a member is longer than the file";
    const uint8_t *from = local + skip;
    const char *error = NULL;
    if (e->method == 8)
        error = inflate_entry(a, from, e, out);
    else if (e->method != 0)
        error = "a member is compressed by another method than deflate";
    else if (e->size != e->packed)
        error = "the zip archive's directory is damaged";
    else
        *out = (struct bytes){from, (size_t)e->size};
    if (!error && crc32_z(0, out->data, out->n) != e->crc)
        error = "a member's checksum is wrong";
    return error;
}

static bool is_npy(const struct entry *e)
{
    return e->name_size > 4 && memcmp(e->name + e->name_size - 4, ".npy", 4) == 0;
}

static bool is_member(const struct entry *e, const char *member)
{
    size_t n = strlen(member);
    return (e->name_size == n || e->name_size == n + 4) && memcmp(e->name, member, n) == 0;
}

/* The entry of `member`, or of the only one; *n_found and *names (for a hint) tell of all. */
static const char *choose(struct arena *a, struct directory all, const char *member,
                          struct entry *out, uint32_t *n_found, const char **names)
{
    struct buf text = {0};
    struct entry e;
    const char *error = NULL;
    uint32_t listed = 0;
    *n_found = 0;
    while (next_entry(&all, &e, &error)) {
        if (!is_npy(&e))
            continue;
        if (listed < MAX_LISTED)
            buf_printf(&text, "%s%s", listed ? ", " : "",
                       utf8_printable(a, e.name, e.name_size - 4));
        else if (listed == MAX_LISTED)
            buf_puts(&text, ", ...");
        listed++;
        if (!member || is_member(&e, member)) {
            *out = e;
            ++*n_found;
        }
    }
    *names = arena_strndup(a, text.data ? text.data : "", text.n);
    buf_free(&text);
    return error;
}

bool npz_parse(struct arena *a, struct bytes b, const char *member, struct npy *out,
               struct diags *d, const char *what, struct span at)
{
    struct directory all;
    struct entry e = {0};
    uint32_t n_found = 0;
    const char *names = "", *shown = member ? utf8_printable(a, member, strlen(member)) : NULL;
    const char *error = find_directory(b, &all);
    if (!error)
        error = choose(a, all, member, &e, &n_found, &names);
    if (error) {
        diag_add(d, E0502, at, "can't read %s: %s", what, error);
        return false;
    }
    if (n_found != 1) {
        struct diag *g;
        if (shown)
            g = diag_add(d, E0502, at, "%s has %s member '%s'", what,
                         n_found ? "more than one" : "no", shown);
        else
            g = diag_add(d, E0502, at, "%s holds %u arrays, and none is named", what, n_found);
        diag_hint(d, g, *names ? "it holds %s" : "it holds no arrays%s", names);
        return false;
    }
    const char *full = arena_printf(a, "%s:%s", what, utf8_printable(a, e.name, e.name_size - 4));
    struct bytes npy;
    error = extract(a, b, &e, &npy);
    if (error) {
        diag_add(d, E0502, at, "can't read %s: %s", full, error);
        return false;
    }
    return npy_parse(a, npy, out, d, full, at);
}

bool npz_members(struct arena *a, struct bytes b, const char ***names, uint32_t *n, struct diags *d,
                 const char *what, struct span at)
{
    struct directory all;
    struct entry e;
    VEC(const char *) found = {0};
    const char *error = find_directory(b, &all);
    while (!error && next_entry(&all, &e, &error)) {
        if (is_npy(&e))
            VEC_PUSH(a, &found, arena_strndup(a, (const char *)e.name, e.name_size - 4));
    }
    if (error)
        diag_add(d, E0502, at, "can't read %s: %s", what, error);
    *names = found.data;
    *n = found.n;
    return !error;
}
