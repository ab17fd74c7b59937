/* The container; IMAGE.md is its description. */
#include "runtime/image.h"
#include <zlib.h>

enum {
    VERSION = 3,
    HEADER = 48, /* bytes before the section table */
    ENTRY = 24,  /* bytes of a table entry */
    CHECKED = 16 /* header and table from here on are what the header's checksum covers */
};

static const char magic[4] = {'D', 'Y', 'N', 'B'};

static uint64_t aligned(uint64_t x)
{
    return (x + 7) & ~(uint64_t)7;
}

static uint32_t checksum(const uint8_t *p, uint64_t n)
{
    return (uint32_t)crc32_z(0, p, n);
}

/* ---- writing -----------------------------------------------------------------------------------
 */

void image_begin(struct image_writer *w)
{
    *w = (struct image_writer){0};
}

/* Bodies are collected as they will stand behind the table. */
void image_add(struct image_writer *w, const char *tag, const struct buf *body)
{
    if (w->n == IMAGE_MAX_SECTIONS || strlen(tag) != 4)
        base_panic("image: section %s can't be added", tag);
    memcpy(w->section[w->n].tag, tag, 4);
    w->section[w->n].offset = w->out.n;
    w->section[w->n].size = body->n;
    w->n++;
    buf_put(&w->out, body->data, body->n);
    buf_fill(&w->out, 0, aligned(body->n) - body->n);
}

void image_end(struct image_writer *w, const char *target)
{
    if (strlen(target) >= 24)
        base_panic("image: the name of target %s is too long", target);
    struct buf checked = {0};
    const uint64_t base = HEADER + (uint64_t)ENTRY * w->n;
    buf_u64(&checked, base + w->out.n);
    buf_put(&checked, target, strlen(target));
    buf_fill(&checked, 0, 24 - strlen(target));
    for (uint32_t i = 0; i < w->n; i++) {
        uint64_t offset = w->section[i].offset, size = w->section[i].size;
        buf_put(&checked, w->section[i].tag, 4);
        buf_u32(&checked, checksum((const uint8_t *)w->out.data + offset, size));
        buf_u64(&checked, base + offset);
        buf_u64(&checked, size);
    }
    struct buf whole = {0};
    buf_put(&whole, magic, sizeof magic);
    buf_u32(&whole, VERSION);
    buf_u32(&whole, w->n);
    buf_u32(&whole, checksum((const uint8_t *)checked.data, checked.n));
    buf_put(&whole, checked.data, checked.n);
    buf_put(&whole, w->out.data, w->out.n);
    buf_free(&checked);
    buf_free(&w->out);
    w->out = whole;
}

/* ---- reading -----------------------------------------------------------------------------------
 */

bool image_is(struct bytes b)
{
    return b.n >= sizeof magic && memcmp(b.data, magic, sizeof magic) == 0;
}

static bool invalid(struct diags *d, const char *what, const char *why)
{
    diag_add(d, E0701, (struct span){0}, "%s isn't a valid image: %s", what, why);
    return false;
}

static bool all_zero(const uint8_t *p, uint64_t n)
{
    uint8_t any = 0;
    for (uint64_t i = 0; i < n; i++)
        any |= p[i];
    return any == 0;
}

/* Sections follow each other without gaps, so that every byte of the file is checked. `at` is where
 * this one must begin and becomes where the next must. NULL or what is wrong. */
static const char *open_section(struct bytes b, struct reader *table, struct image_section *s,
                                uint64_t *at)
{
    for (int i = 0; i < 4; i++)
        s->tag[i] = (char)read_u8(table);
    s->tag[4] = 0;
    uint32_t crc = read_u32(table);
    uint64_t offset = read_u64(table), size = read_u64(table);
    if (offset != *at || size > b.n - offset || aligned(size) > b.n - offset)
        return "a section lies outside of the file";
    s->bytes = (struct bytes){b.data + offset, (size_t)size};
    if (checksum(s->bytes.data, size) != crc ||
        !all_zero(b.data + offset + size, aligned(size) - size))
        return "a section's checksum is wrong";
    *at = offset + aligned(size);
    return NULL;
}

bool image_open(struct arena *a, struct bytes b, struct image *out, struct diags *d,
                const char *what)
{
    *out = (struct image){.target = ""};
    if (!image_is(b))
        return invalid(d, what, "it doesn't begin like one");
    struct reader r = {.b = b, .at = sizeof magic};
    out->version = read_u32(&r);
    out->n = read_u32(&r);
    uint32_t crc = read_u32(&r);
    uint64_t size = read_u64(&r);
    if (!r.failed && out->version != VERSION) {
        struct diag *g = diag_add(d, E0702, (struct span){0},
                                  "%s is an image of version %u; this program reads version %d",
                                  what, out->version, VERSION);
        diag_hint(d, g, "build it again from its source");
        return false;
    }
    if (r.failed || out->n > IMAGE_MAX_SECTIONS || size != b.n ||
        b.n < HEADER + (size_t)ENTRY * out->n)
        return invalid(d, what, "its size isn't what its header says");
    const size_t table_end = HEADER + (size_t)ENTRY * out->n;
    if (checksum(b.data + CHECKED, table_end - CHECKED) != crc)
        return invalid(d, what, "its header's checksum is wrong");
    out->target = arena_strndup(a, (const char *)b.data + r.at, HEADER - r.at - 1);
    r.at = HEADER;
    uint64_t at = table_end;
    for (uint32_t i = 0; i < out->n; i++) {
        const char *wrong = open_section(b, &r, &out->section[i], &at);
        if (wrong)
            return invalid(d, what, wrong);
    }
    return at == b.n || invalid(d, what, "bytes follow its last section");
}

const struct image_section *image_find(const struct image *im, const char *tag)
{
    for (uint32_t i = 0; i < im->n; i++) {
        if (strcmp(im->section[i].tag, tag) == 0)
            return &im->section[i];
    }
    return NULL;
}

/* ---- bounded reading ---------------------------------------------------------------------------
 */

static uint64_t read_le(struct reader *r, size_t n)
{
    if (r->failed || r->b.n - r->at < n) {
        r->failed = true;
        return 0;
    }
    uint64_t x = 0;
    for (size_t i = 0; i < n; i++)
        x |= (uint64_t)r->b.data[r->at + i] << (8 * i);
    r->at += n;
    return x;
}

uint8_t read_u8(struct reader *r)
{
    return (uint8_t)read_le(r, 1);
}

uint16_t read_u16(struct reader *r)
{
    return (uint16_t)read_le(r, 2);
}

uint32_t read_u32(struct reader *r)
{
    return (uint32_t)read_le(r, 4);
}

uint64_t read_u64(struct reader *r)
{
    return read_le(r, 8);
}

float read_f32(struct reader *r)
{
    uint32_t u = read_u32(r);
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

double read_f64(struct reader *r)
{
    uint64_t u = read_u64(r);
    double x;
    memcpy(&x, &u, sizeof x);
    return x;
}

uint32_t read_count(struct reader *r, size_t least)
{
    uint32_t n = read_u32(r);
    if (r->failed || n > (r->b.n - r->at) / least) {
        r->failed = true;
        return 0;
    }
    return n;
}

/* Control characters could play tricks on a terminal; only those of ordinary text are let in. */
static bool is_text(uint8_t c)
{
    return (c >= ' ' && c != 0x7f) || c == '\n' || c == '\t';
}

const char *read_str(struct arena *a, struct reader *r)
{
    uint32_t n = read_count(r, 1);
    const uint8_t *p = r->b.data + r->at;
    for (uint32_t i = 0; i < n && !r->failed; i++)
        r->failed = !is_text(p[i]);
    if (r->failed || n == 0)
        return "";
    r->at += n;
    return arena_strndup(a, (const char *)p, n);
}

void write_str(struct buf *b, const char *s)
{
    buf_u32(b, (uint32_t)strlen(s));
    for (; *s; s++)
        buf_putc(b, is_text((uint8_t)*s) ? *s : '?');
}
