/* Streams of bytes whose lengths aren't known before they end, kept until they are: pieces are put
 * in any order of the streams, from several threads, and read back stream by stream. The first of
 * them stay in memory, what is beyond a limit goes to a file without a name. */
#ifndef BASE_SPOOL_H
#define BASE_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spool;

/* Streams are 0 .. n - 1. The file will be in the folder of `beside`, so that it has the disk that
 * the result will be on; if that can't be, where temporary files are. `memory`: bytes kept there.
 */
struct spool *spool_new(uint64_t n, const char *beside, size_t memory);
void spool_free(struct spool *s);

/* False, then and for all later calls: it can't be kept. spool_error() is why, as errno. */
bool spool_put(struct spool *s, uint64_t stream, const void *data, size_t n);
int spool_error(const struct spool *s);

/* Once all is put. */
uint64_t spool_length(const struct spool *s, uint64_t stream);
/* All of a stream in order, in pieces; false where `take` or reading says so. */
bool spool_read(struct spool *s, uint64_t stream,
                bool (*take)(void *arg, const void *data, size_t n), void *arg);

#endif
