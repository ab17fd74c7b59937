/* numpy's .npy and .npz, read and written without numpy.
 *
 * Read: format versions 1 to 3, any bool, int, uint, float16/32/64 dtype, either byte order, C or
 * Fortran order, and structured dtypes of such fields (padding between them is skipped). npz
 * members stored or deflated, zip64. Files are untrusted: every length is checked against the bytes
 * that are there, and memory is bounded by the file's size (deflate: by the size the member states,
 * at most 1032 times its own). Written: version 1, little endian, C order. */
#ifndef BASE_NPY_H
#define BASE_NPY_H

#include "file.h"

enum { NPY_MAX_RANK = 8, NPY_MAX_FIELDS = 16 };

struct npy_type {
    char kind;        /* 'b' bool, 'i', 'u', 'f' */
    uint8_t size;     /* bytes: 1, 2, 4, 8 */
    bool swapped;     /* big endian */
    uint32_t offset;  /* within a record, for fields */
    const char *name; /* of a field, else NULL */
};

struct npy {
    uint32_t rank;
    uint64_t extent[NPY_MAX_RANK];
    uint64_t count;       /* product of the extents */
    uint32_t record_size; /* bytes from one element to the next */
    uint32_t n_fields;    /* 0: a plain array of `type` */
    struct npy_type type;
    struct npy_type field[NPY_MAX_FIELDS];
    bool fortran;        /* column-major: npy_to_f64 reorders */
    const uint8_t *data; /* record_size * count bytes, in the parsed bytes or in the arena */
    /* Of records that stay in their file (npy_open_records()), `data` is NULL. */
    const char *path;
    uint64_t at; /* bytes before the first of them */
};

/* `what` names the file (and member) in messages. Errors have code E0502. */
bool npy_parse(struct arena *a, struct bytes b, struct npy *out, struct diags *d, const char *what,
               struct span at);

/* The array of member NAME.npy of a .npz in memory; `member` is NAME, with or without ".npy", or
 * NULL if there must be only one. Other members than .npy don't matter. Errors have code E0502. */
bool npz_parse(struct arena *a, struct bytes b, const char *member, struct npy *out,
               struct diags *d, const char *what, struct span at);

/* The names of all arrays of a .npz, without ".npy", in the order of its directory. E0502. */
bool npz_members(struct arena *a, struct bytes b, const char ***names, uint32_t *n, struct diags *d,
                 const char *what, struct span at);

/* Reads .npy, or member `member` (NULL: the file must be a .npy or hold one member) of a .npz. The
 * hint of an unknown member lists those that exist. `code` as in file_read(). */
bool npy_load(struct arena *a, const char *path, const char *member, struct npy *out,
              struct diags *d, enum diag_code code, struct span at);

/* The head of a .npy of at least `least` bytes that holds records; what reads them is up to the
 * caller. False, nothing reported: `path` is something else. */
bool npy_open_records(struct arena *a, const char *path, uint64_t least, struct npy *out);

/* Element i (C order) of a plain array or of one field, as float64 (bool: 0 or 1). */
double npy_get(const struct npy *x, const struct npy_type *t, uint64_t i);
/* All of a plain array in C order; `out` has room for x->count. Fast for the common dtypes. */
void npy_to_f64(const struct npy *x, double *out);
/* The bytes of a plain C-order array of uint8, to be read in place; NULL for any other. */
const uint8_t *npy_bytes(const struct npy *x);
const struct npy_type *npy_field(const struct npy *x, const char *name); /* NULL if none */

/* dtype: "|u1", "<f4", "<i8", ... or a structured descr "[('t', '<i8'), ...]". */
void npy_header(struct buf *b, const char *dtype, uint32_t rank, const uint64_t *extent);

/* A .npz that is written member by member, each streamed in pieces; sizes may pass 4 GiB. */
struct npz_writer;
struct npz_writer *npz_create(const char *path, struct diags *d); /* NULL: reported */
/* Starts member NAME.npy; exactly the bytes of its shape must follow in npz_write() calls. */
bool npz_member(struct npz_writer *w, const char *name, const char *dtype, uint32_t rank,
                const uint64_t *extent);
bool npz_write(struct npz_writer *w, const void *p, size_t n);
/* Leaves room for a member of `pieces` equal pieces that npz_put() fills; members are numbered from
 * 0. All of these come before the first npz_member(); only for a path that file_is_regular(). */
bool npz_place(struct npz_writer *w, const char *name, const char *dtype, uint32_t rank,
               const uint64_t *extent, uint64_t pieces);
/* The next `n` bytes of a piece, and of those behind it once it is full. Several threads may, each
 * at a piece of its own; all pieces must be full before the next npz_member() or npz_close(). False
 * is reported by these or by npz_abort(). */
bool npz_put(struct npz_writer *w, uint32_t member, uint64_t piece, const void *p, size_t n);
/* Finishes, renames into place and frees; false (reported) if anything failed. */
bool npz_close(struct npz_writer *w);
/* Gives up: removes the temporary file. */
void npz_abort(struct npz_writer *w);

#endif
