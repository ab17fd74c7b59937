/* Whole files in and out. Errors go to a `struct diags`, with a place where one is known. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "buf.h"
#include "diag.h"

struct bytes {
    const uint8_t *data;
    size_t n;
};

/* Reads a regular file (or a pipe) whole. False with a diagnostic of `code` (E0501 when a source
 * names the file, E0901 when the command line does). */
bool file_read(struct arena *a, const char *path, struct bytes *out, struct diags *d,
               enum diag_code code, struct span at);
/* Writes to a temporary file beside `path` and renames it, so that a failure loses nothing. */
bool file_write(const char *path, const void *data, size_t n, struct diags *d);

/* Directory of `path` with `name` appended, unless `name` is absolute. */
char *path_beside(struct arena *a, const char *path, const char *name);

#endif
