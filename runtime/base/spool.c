#include "spool.h"

#include "arena.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NOWHERE = -1, PIECE = 1 << 16 };

struct piece {
    uint64_t at;   /* in memory, and behind that in the file */
    uint64_t next; /* of its stream: index + 1; 0: the last */
    size_t n;
};

struct stream {
    uint64_t first, last; /* index + 1 */
    uint64_t n;           /* bytes */
};

struct spool {
    pthread_mutex_t lock;
    struct stream *stream;
    struct piece *piece;
    uint64_t n_pieces, cap;
    char *beside;
    uint8_t *memory;
    size_t limit, allocated;
    uint64_t n; /* bytes of all */
    int fd;
    int error;
};

static void *must(void *p, size_t n)
{
    if (!p)
        base_panic("out of memory (%zu bytes wanted)", n);
    return p;
}

struct spool *spool_new(uint64_t n, const char *beside, size_t memory)
{
    struct spool *s = must(calloc(1, sizeof *s), sizeof *s);
    *s = (struct spool){.limit = memory, .fd = NOWHERE};
    pthread_mutex_init(&s->lock, NULL);
    s->beside = beside ? must(strdup(beside), strlen(beside)) : NULL;
    s->stream = calloc((size_t)n + 1, sizeof *s->stream);
    s->error = s->stream ? 0 : ENOMEM;
    return s;
}

void spool_free(struct spool *s)
{
    if (s->fd != NOWHERE)
        close(s->fd);
    pthread_mutex_destroy(&s->lock);
    free(s->stream);
    free(s->piece);
    free(s->beside);
    free(s->memory);
    free(s);
}

int spool_error(const struct spool *s)
{
    return s->error;
}

/* ---- the file ----------------------------------------------------------------------------------
 */

/* A file in the folder of `path` whose name is gone at once. */
static int open_beside(const char *path)
{
    const char *slash = strrchr(path, '/');
    const size_t folder = slash ? (size_t)(slash - path) + 1 : 0;
    static const char name[] = ".dyn-XXXXXX";
    char *p = must(malloc(folder + sizeof name), folder);
    memcpy(p, path, folder);
    memcpy(p + folder, name, sizeof name);
    const int fd = mkstemp(p);
    if (fd >= 0)
        unlink(p);
    free(p);
    return fd;
}

static int open_anywhere(void)
{
    FILE *f = tmpfile();
    const int fd = f ? dup(fileno(f)) : -1;
    if (f)
        fclose(f);
    return fd;
}

static bool write_file(struct spool *s, const uint8_t *data, size_t n, uint64_t at)
{
    if (s->fd == NOWHERE && s->beside)
        s->fd = open_beside(s->beside);
    if (s->fd == NOWHERE)
        s->fd = open_anywhere();
    if (s->fd == NOWHERE) {
        s->error = errno;
        return false;
    }
    while (n > 0) {
        const ssize_t put = pwrite(s->fd, data, n, (off_t)at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0) {
            s->error = put < 0 ? errno : EIO;
            return false;
        }
        data += put;
        n -= (size_t)put;
        at += (uint64_t)put;
    }
    return true;
}

static bool read_file(struct spool *s, uint8_t *to, size_t n, uint64_t at)
{
    while (n > 0) {
        const ssize_t got = pread(s->fd, to, n, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            s->error = got < 0 ? errno : EIO;
            return false;
        }
        to += got;
        n -= (size_t)got;
        at += (uint64_t)got;
    }
    return true;
}

/* ---- pieces ------------------------------------------------------------------------------------
 */

/* Room for so much in memory, up to the limit; how much of `n` bytes at s->n goes there. */
static size_t in_memory(struct spool *s, size_t n)
{
    const size_t left = s->n < s->limit ? s->limit - (size_t)s->n : 0;
    const size_t here = n < left ? n : left, need = (size_t)s->n + here;
    if (here && need > s->allocated) {
        size_t more = s->allocated ? 2 * s->allocated : PIECE;
        more = more < need ? need : more;
        more = more > s->limit ? s->limit : more;
        s->memory = must(realloc(s->memory, more), more);
        s->allocated = more;
    }
    return here;
}

static bool keep(struct spool *s, const uint8_t *data, size_t n)
{
    const size_t here = in_memory(s, n);
    if (here)
        memcpy(s->memory + s->n, data, here);
    if (here < n && !write_file(s, data + here, n - here, s->n + here - s->limit))
        return false;
    s->n += n;
    return true;
}

static void add_piece(struct spool *s, struct stream *t, size_t n)
{
    if (s->n_pieces == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 64;
        s->piece = must(realloc(s->piece, (size_t)s->cap * sizeof *s->piece), (size_t)s->cap);
    }
    s->piece[s->n_pieces++] = (struct piece){s->n - n, 0, n};
    if (t->last)
        s->piece[t->last - 1].next = s->n_pieces;
    else
        t->first = s->n_pieces;
    t->last = s->n_pieces;
    t->n += n;
}

bool spool_put(struct spool *s, uint64_t stream, const void *data, size_t n)
{
    pthread_mutex_lock(&s->lock);
    const bool ok = s->error == 0 && keep(s, data, n);
    if (ok)
        add_piece(s, &s->stream[stream], n);
    pthread_mutex_unlock(&s->lock);
    return ok;
}

uint64_t spool_length(const struct spool *s, uint64_t stream)
{
    return s->stream[stream].n;
}

bool spool_read(struct spool *s, uint64_t stream,
                bool (*take)(void *arg, const void *data, size_t n), void *arg)
{
    uint8_t buffer[PIECE];
    for (uint64_t i = s->stream[stream].first; i; i = s->piece[i - 1].next) {
        const struct piece p = s->piece[i - 1];
        const size_t here = p.at >= s->limit        ? 0
                            : s->limit - p.at < p.n ? (size_t)(s->limit - p.at)
                                                    : p.n;
        if (here && !take(arg, s->memory + p.at, here))
            return false;
        for (size_t done = here; done < p.n;) {
            const size_t left = p.n - done, n = left < PIECE ? left : PIECE;
            if (!read_file(s, buffer, n, p.at + done - s->limit) || !take(arg, buffer, n))
                return false;
            done += n;
        }
    }
    return true;
}
