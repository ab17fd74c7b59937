/* LZ4 frames (lz4_Frame_format.md 1.6), read only: a page of code instead of a library. All that
 * the format has but dictionaries and the legacy frame: linked and independent blocks, stored ones,
 * checksums, which are checked, several frames one after another, and ones that are skipped. */
#ifndef BASE_LZ4_H
#define BASE_LZ4_H

#include "buf.h"

/* Appends what the frames hold, at most `most` bytes. NULL, or what is wrong with them. */
const char *lz4_read(const uint8_t *p, size_t n, size_t most, struct buf *out);

#endif
