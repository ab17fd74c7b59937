/* The image container (IMAGE.md): sections with a four-letter tag, length and CRC-32.
 *
 * One format for every target, little endian, versioned, readable in place. Untrusted: image_open()
 * checks every offset, length and checksum, and `struct reader` never reads beyond its section. */
#ifndef RUNTIME_IMAGE_H
#define RUNTIME_IMAGE_H

#include "runtime/base/buf.h"
#include "runtime/base/file.h"
#include "runtime/plan.h"

enum { IMAGE_MAX_SECTIONS = 64 };

struct image_section {
    char tag[5];
    struct bytes bytes;
};

struct image {
    uint32_t version;
    const char *target; /* "sim", "dynapse2", ... in the arena */
    uint32_t n;
    struct image_section section[IMAGE_MAX_SECTIONS];
};

/* False with E0701 or E0702. Slices point into `b`. `what` names the file. */
bool image_open(struct arena *a, struct bytes b, struct image *out, struct diags *d,
                const char *what);
const struct image_section *image_find(const struct image *im, const char *tag);
/* True if the bytes begin like an image (so that a command can tell a source from an image). */
bool image_is(struct bytes b);

/* Writing: begin, add sections, end. */
struct image_writer {
    struct buf out;
    uint32_t n;
    struct {
        char tag[4];
        uint64_t offset, size;
    } section[IMAGE_MAX_SECTIONS];
};

void image_begin(struct image_writer *w);
void image_add(struct image_writer *w, const char *tag, const struct buf *body);
void image_end(struct image_writer *w, const char *target); /* completes w->out */

/* Bounded reading: after the first read beyond the end `failed` is set and zeros come back. */
struct reader {
    struct bytes b;
    size_t at;
    bool failed;
};

uint8_t read_u8(struct reader *r);
uint16_t read_u16(struct reader *r);
uint32_t read_u32(struct reader *r);
uint64_t read_u64(struct reader *r);
float read_f32(struct reader *r);
double read_f64(struct reader *r);
/* A count of things of at least `least` bytes each: fails if the rest can't hold them. */
uint32_t read_count(struct reader *r, size_t least);
/* u32 length and bytes; never NULL. Control characters other than newline and tab don't occur in
 * strings: writing replaces them by `?`, reading fails. */
const char *read_str(struct arena *a, struct reader *r);
void write_str(struct buf *b, const char *s);

/* The sections that every target shares: names, shapes, spans, parameters, kernels, records. With
 * `synapses` also the projections' rows (section SYNS; the sim target). Without, the projections'
 * ends, receptors and delays are kept and their rows come from the target's configuration. */
void plan_write(struct image_writer *w, const struct plan *p, bool synapses);
bool plan_read(struct arena *a, const struct image *im, struct plan *out, struct diags *d,
               const char *what);

/* Provenance: source hash, compiler version, options; not part of what `dump` compares. */
struct provenance {
    uint64_t source_hash;
    const char *compiler, *options, *source;
};

void provenance_write(struct image_writer *w, const struct provenance *p);
bool provenance_read(struct arena *a, const struct image *im, struct provenance *out);

#endif
