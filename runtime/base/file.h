/* Whole files in and out. Errors go to a `struct diags`, with a place where one is known. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "buf.h"
#include "diag.h"

struct bytes {
    const uint8_t *data;
    size_t n;
};

enum { FILE_MAX_PIPE = 1 << 30 }; /* bytes taken from something that isn't a regular file */

/* Reads a file whole; out->data[out->n] is a 0 byte. False with a diagnostic of `code`: E0501 when
 * a source names the file, which must be a regular one; E0901 when the command line does, which may
 * be a pipe. */
bool file_read(struct arena *a, const char *path, struct bytes *out, struct diags *d,
               enum diag_code code, struct span at);
/* Writes to a temporary file beside `path` and renames it, so that a failure loses nothing; until
 * then the file has no name where the system can do that, so that nothing is left of a process that
 * is killed. What isn't a regular file (/dev/stdout, a pipe) is written directly. False with E0902.
 */
bool file_write(const char *path, const void *data, size_t n, struct diags *d);

/* The same in pieces. A failure is reported once, by the call that met it; later calls return
 * false. NULL and false mean: reported. */
struct file_out;
struct file_out *file_create(const char *path, struct diags *d);
bool file_append(struct file_out *f, const void *data, size_t n);
/* Renames into place and frees. */
bool file_commit(struct file_out *f);
/* Removes the temporary file and frees. */
void file_abort(struct file_out *f);

/* Out of order, where `path` is or becomes a regular file (/dev/stdout isn't taken for one). */
bool file_is_regular(const char *path);
/* Leaves `n` bytes for file_put(), zero until then. The disk has room for them, as far as its file
 * system says. */
bool file_skip(struct file_out *f, uint64_t n);
/* Puts `n` bytes at byte `at`, which file_skip() went over; several threads may. A failure is
 * reported by the next of the calls above. */
bool file_put(struct file_out *f, uint64_t at, const void *data, size_t n);

/* Directory of `path` with `name` appended, unless `name` is absolute. */
char *path_beside(struct arena *a, const char *path, const char *name);

#endif
