#include "file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- reading -----------------------------------------------------------------------------------
 */

/* read() that goes on after a signal. */
static ssize_t read_some(int fd, void *p, size_t n)
{
    ssize_t got;
    do
        got = read(fd, p, n);
    while (got < 0 && errno == EINTR);
    return got;
}

enum { READ_OK = 0, READ_MEMORY = -1, READ_LONG = -2, READ_OTHER = -3 }; /* or errno */

/* Into a block of the size that the file says it has. It may have become shorter; what is added
 * while it's being read isn't looked at. */
static int read_regular(struct arena *a, int fd, off_t size, struct bytes *out)
{
    uint8_t *p = (uintmax_t)size < SIZE_MAX ? arena_try(a, (size_t)size + 1, 1) : NULL;
    if (!p)
        return READ_MEMORY;
    size_t n = 0;
    while (n < (size_t)size) {
        ssize_t got = read_some(fd, p + n, (size_t)size - n);
        if (got < 0)
            return errno;
        if (got == 0)
            break;
        n += (size_t)got;
    }
    p[n] = 0;
    *out = (struct bytes){p, n};
    return READ_OK;
}

static int read_pipe(struct arena *a, int fd, struct bytes *out)
{
    struct buf b = {0};
    char piece[16384];
    ssize_t got;
    while ((got = read_some(fd, piece, sizeof piece)) > 0 && b.n <= FILE_MAX_PIPE)
        buf_put(&b, piece, (size_t)got);
    int error = got < 0 ? errno : b.n > FILE_MAX_PIPE ? READ_LONG : READ_OK;
    if (error == READ_OK) {
        uint8_t *p = arena_try(a, b.n + 1, 1);
        if (p && b.n)
            memcpy(p, b.data, b.n);
        *out = (struct bytes){p, b.n};
        error = p ? READ_OK : READ_MEMORY;
    }
    buf_free(&b);
    return error;
}

bool file_read(struct arena *a, const char *path, struct bytes *out, struct diags *d,
               enum diag_code code, struct span at)
{
    struct stat st;
    int error;
    /* What a source names mustn't make the compiler wait for somebody to write, as opening a FIFO
     * would do. */
    bool named = code == E0501;
    int fd = open(path, O_RDONLY | O_CLOEXEC | (named ? O_NONBLOCK : 0));
    if (fd < 0 || fstat(fd, &st) < 0)
        error = errno;
    else if (S_ISDIR(st.st_mode))
        error = EISDIR;
    else if (named && !S_ISREG(st.st_mode))
        error = READ_OTHER;
    else if (S_ISREG(st.st_mode) && st.st_size > 0)
        error = read_regular(a, fd, st.st_size, out);
    else
        error = read_pipe(a, fd, out); /* also files of /proc, which are empty to fstat() */
    if (fd >= 0)
        close(fd);
    if (error == READ_MEMORY)
        diag_add(d, code, at, "can't read %s: it doesn't fit in memory", path);
    else if (error == READ_LONG)
        diag_add(d, code, at, "can't read %s: more than %d bytes from a pipe", path, FILE_MAX_PIPE);
    else if (error == READ_OTHER)
        diag_add(d, code, at, "can't read %s: it isn't a regular file", path);
    else if (error != READ_OK)
        diag_add(d, code, at, "can't read %s: %s", path, strerror(error));
    return error == READ_OK;
}

/* ---- writing -----------------------------------------------------------------------------------
 */

enum { PIECE = 1 << 16 };

struct file_out {
    struct diags *diags;
    char *path; /* as the caller named it */
    char *real; /* what is replaced: links are followed */
    char *temp; /* NULL: written directly, or without a name */
    int fd;
    bool failed;
    struct buf pending;
    atomic_int put_error; /* of file_put(), not yet reported */
};

static bool fail(struct file_out *f, int error)
{
    if (!f->failed)
        diag_add(f->diags, E0902, (struct span){0}, "can't write %s: %s", f->path, strerror(error));
    f->failed = true;
    return false;
}

static char *copy(const char *s)
{
    char *p = strdup(s);
    if (!p)
        base_panic("out of memory (%zu bytes wanted)", strlen(s));
    return p;
}

/* What `fd` is, as a name that link() takes. */
static void name_of_fd(struct buf *b, int fd)
{
    buf_clear(b);
    buf_printf(b, "/proc/self/fd/%d", fd);
}

/* A name beside f->real that nobody has, as f->temp: for a new file, or for the one that is open
 * but has no name. */
static void take_name(struct file_out *f)
{
    const bool have = f->fd >= 0;
    struct buf name = {0}, from = {0};
    int done = -1;
    if (have)
        name_of_fd(&from, f->fd);
    for (unsigned i = 0; i < 1000; i++) {
        buf_clear(&name);
        buf_printf(&name, "%s.%ld.%u.tmp", f->real, (long)getpid(), i);
        if (have)
            done = linkat(AT_FDCWD, from.data, AT_FDCWD, name.data, AT_SYMLINK_FOLLOW);
        else
            done = f->fd = open(name.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (done >= 0 || errno != EEXIST)
            break;
    }
    if (done < 0)
        fail(f, errno);
    else
        f->temp = copy(name.data);
    buf_free(&name);
    buf_free(&from);
}

/* A new file in the folder of f->real with the permissions of the old one, or what the umask says.
 * It gets its name in the end, if the file system and /proc allow that. */
static void open_temp(struct file_out *f, const struct stat *old)
{
    struct arena a = {0};
    struct buf from = {0};
    f->fd = open(path_beside(&a, f->real, "."), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
    arena_free(&a);
    if (f->fd >= 0) {
        name_of_fd(&from, f->fd);
        if (access(from.data, F_OK) < 0) {
            close(f->fd);
            f->fd = -1;
        }
        buf_free(&from);
    }
    if (f->fd < 0)
        take_name(f);
    if (f->fd >= 0 && old && fchmod(f->fd, old->st_mode & 07777) < 0)
        fail(f, errno);
}

static void release(struct file_out *f)
{
    if (f->fd >= 0)
        close(f->fd);
    buf_free(&f->pending);
    free(f->path);
    free(f->real);
    free(f->temp);
    free(f);
}

struct file_out *file_create(const char *path, struct diags *d)
{
    struct file_out *f = calloc(1, sizeof *f);
    if (!f)
        base_panic("out of memory (%zu bytes wanted)", sizeof *f);
    f->diags = d;
    f->path = copy(path);
    f->fd = -1;
    struct stat st;
    bool exists = stat(path, &st) == 0;
    if (strcmp(path, "/dev/stdout") == 0) {
        f->fd = dup(STDOUT_FILENO); /* opening it anew would start at the file's beginning */
        if (f->fd < 0)
            fail(f, errno);
    } else if (exists && !S_ISREG(st.st_mode)) {
        f->fd = open(path, O_WRONLY | O_CLOEXEC);
        if (f->fd < 0)
            fail(f, errno);
    } else {
        f->real = exists ? realpath(path, NULL) : NULL;
        if (!f->real)
            f->real = copy(path);
        open_temp(f, exists ? &st : NULL);
    }
    if (f->failed) {
        file_abort(f);
        return NULL;
    }
    return f;
}

static bool write_all(struct file_out *f, const void *data, size_t n)
{
    for (const char *p = data; n;) {
        ssize_t done = write(f->fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return fail(f, errno);
        p += done;
        n -= (size_t)done;
    }
    return true;
}

static bool flush(struct file_out *f)
{
    bool ok = write_all(f, f->pending.data, f->pending.n);
    buf_clear(&f->pending);
    return ok;
}

/* False if something has failed; what file_put() met is reported. */
static bool still_good(struct file_out *f)
{
    const int error = atomic_exchange(&f->put_error, 0);
    return error ? fail(f, error) : !f->failed;
}

bool file_append(struct file_out *f, const void *data, size_t n)
{
    if (!still_good(f))
        return false;
    if (f->pending.n + n < PIECE) {
        buf_put(&f->pending, data, n);
        return true;
    }
    return flush(f) && write_all(f, data, n);
}

bool file_commit(struct file_out *f)
{
    bool ok = still_good(f) && flush(f);
    if (ok && f->real && !f->temp)
        take_name(f);
    ok = ok && !f->failed;
    if (ok) {
        if (close(f->fd) < 0)
            ok = fail(f, errno);
        f->fd = -1;
    }
    if (ok && f->temp && rename(f->temp, f->real) < 0)
        ok = fail(f, errno);
    if (!ok && f->temp)
        unlink(f->temp);
    release(f);
    return ok;
}

void file_abort(struct file_out *f)
{
    still_good(f);
    if (f->temp)
        unlink(f->temp);
    release(f);
}

bool file_is_regular(const char *path)
{
    struct stat st;
    return strcmp(path, "/dev/stdout") != 0 && (stat(path, &st) < 0 || S_ISREG(st.st_mode));
}

bool file_skip(struct file_out *f, uint64_t n)
{
    if (!still_good(f) || !flush(f))
        return false;
    const off_t at = lseek(f->fd, 0, SEEK_CUR);
    if (at < 0 || n > (uint64_t)(INT64_MAX - at))
        return fail(f, at < 0 ? errno : EFBIG);
    int done;
    do
        done = n ? fallocate(f->fd, 0, at, (off_t)n) : 0;
    while (done < 0 && errno == EINTR);
    if (done < 0 && (errno == ENOSPC || errno == EFBIG || errno == EDQUOT))
        return fail(f, errno); /* any other: a file system that can't say */
    return lseek(f->fd, (off_t)n, SEEK_CUR) < 0 ? fail(f, errno) : true;
}

bool file_put(struct file_out *f, uint64_t at, const void *data, size_t n)
{
    for (const char *p = data; n;) {
        ssize_t done = pwrite(f->fd, p, n, (off_t)at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0) {
            int none = 0;
            atomic_compare_exchange_strong(&f->put_error, &none, errno);
            return false;
        }
        p += done;
        at += (uint64_t)done;
        n -= (size_t)done;
    }
    return true;
}

bool file_write(const char *path, const void *data, size_t n, struct diags *d)
{
    struct file_out *f = file_create(path, d);
    if (!f)
        return false;
    file_append(f, data, n);
    return file_commit(f);
}

char *path_beside(struct arena *a, const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    if (name[0] == '/' || !slash)
        return arena_strdup(a, name);
    return arena_printf(a, "%.*s%s", (int)(slash + 1 - path), path, name);
}
