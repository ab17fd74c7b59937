/* Event files, as arrays of records with fields t (microseconds) and x, y, p or channel:
 *
 *   .aedat4     iniVation's, of cameras: packets that aren't compressed, or by LZ4 or Zstandard;
 * the events of its only stream of events, times from the first of them .bin        the vendor's
 * records of 16 bytes: x, y, p (or feature) and t, 32 bits each .csv        numbers between commas,
 * semicolons or blanks; a first line may name the columns (t, x, y, p, channel), else they are t,
 * x, y, p or t, channel; # begins a comment .npy .npz   numpy's arrays, of any kind (npy.h)
 *
 * Files are untrusted: every length is checked, memory is bounded by the file's size, of packets
 * that are compressed by 1032 times theirs. */
#ifndef RUNTIME_EVENT_FILE_H
#define RUNTIME_EVENT_FILE_H

#include "runtime/base/npy.h"

enum {
    EVENT_FILE_LARGE = 1 << 22
}; /* bytes; of a .npy of records, .bin or .csv, those stay there */

/* By the end of its name. `code` as in file_read(); what is no such file is E0505 (E0502). */
bool event_file_load(struct arena *a, const char *path, const char *member, struct npy *out,
                     struct diags *d, enum diag_code code, struct span at);

/* Records that stayed in their file, read after all. False: reported. */
bool event_file_whole(struct arena *a, struct npy *events, struct diags *d, struct span at);
bool event_file_is_csv(const char *path);

/* An array of n records of so many bytes, and a field more of it. */
static inline struct npy event_file_records(const uint8_t *data, uint64_t n, uint32_t size)
{
    return (struct npy){.rank = 1, .extent = {n}, .count = n, .record_size = size, .data = data};
}
static inline void event_file_field(struct npy *x, const char *name, char kind, uint8_t size,
                                    uint32_t offset)
{
    x->field[x->n_fields++] =
        (struct npy_type){.kind = kind, .size = size, .offset = offset, .name = name};
}

/* Bytes of such files; `what` names them in messages. */
bool event_file_aedat4(struct arena *a, struct bytes b, struct npy *out, struct diags *d,
                       const char *what, struct span at);
bool event_file_bin(struct arena *a, struct bytes b, struct npy *out, struct diags *d,
                    const char *what, struct span at);
bool event_file_csv(struct arena *a, struct bytes b, struct npy *out, struct diags *d,
                    const char *what, struct span at);

#endif
