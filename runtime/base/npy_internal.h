/* What the files behind npy.h share. Functions that parse return NULL, or what is wrong as text in
 * the arena, for the caller to report with the name of the file. */
#ifndef BASE_NPY_INTERNAL_H
#define BASE_NPY_INTERNAL_H

#include "npy.h"

/* The header's text, a Python dict: fills all of *out but `data`. Before version 3 of the format
 * the text is Latin-1, then UTF-8; names come out as UTF-8. */
const char *npy_parse_dict(struct arena *a, struct bytes text, bool utf8, struct npy *out);

/* The head of a .npy: the same, and the number of bytes before the data. */
const char *npy_parse_head(struct arena *a, struct bytes b, struct npy *out, size_t *head);

static inline uint16_t le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t le32(const uint8_t *p)
{
    return (uint32_t)le16(p) | (uint32_t)le16(p + 2) << 16;
}

static inline uint64_t le64(const uint8_t *p)
{
    return (uint64_t)le32(p) | (uint64_t)le32(p + 4) << 32;
}

#endif
