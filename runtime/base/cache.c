#include "cache.h"
#include "hash.h"
#include "vec.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MAX_FILES = 4096,
    MAX_BYTES = 256 << 20,
    NAME_SIZE = 64,
    HASH_DIGITS = 16,
};

static const char magic[8] = {'d', 'y', 'n', 'c', 'a', 'c', 'h', 'e'};
static const char suffix[] = ".cache", temp_suffix[] = ".tmp";

struct head {
    char magic[8];
    uint64_t n_key, n_value, checksum;
};

/* ---- the folder --------------------------------------------------------------------------------
 */

const char *cache_folder(struct arena *a, const char **why)
{
    /* A program that runs with another user's rights doesn't let the caller choose its folder. */
    const char *given = secure_getenv("DYN_CACHE");
    if (given && strcmp(given, "off") == 0) {
        *why = "DYN_CACHE=off";
        return NULL;
    }
    const char *xdg = secure_getenv("XDG_CACHE_HOME"), *home = secure_getenv("HOME");
    if (xdg && xdg[0] == '/')
        return arena_printf(a, "%s/dyn", xdg);
    if (home && home[0] == '/')
        return arena_printf(a, "%s/.cache/dyn", home);
    *why = "neither XDG_CACHE_HOME nor HOME is a folder";
    return NULL;
}

/* One level above the folder is made too: ~/.cache of a new user. */
static void make_folder(const char *folder)
{
    struct arena scratch = {0};
    const char *slash = strrchr(folder, '/');
    if (slash && slash > folder)
        mkdir(arena_strndup(&scratch, folder, (size_t)(slash - folder)), 0700);
    mkdir(folder, 0700);
    arena_free(&scratch);
}

static bool only_ours(const struct stat *st)
{
    return st->st_uid == geteuid() && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

bool cache_open(struct cache *c, const char *folder, const char **why)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    *c = (struct cache){-1, MAX_BYTES, MAX_FILES};
    int fd = open(folder, flags);
    if (fd < 0 && errno == ENOENT) {
        make_folder(folder);
        fd = open(folder, flags);
    }
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        *why = "the cache folder can't be opened";
    else if (!only_ours(&st))
        *why = "others own the cache folder or may write to it";
    else
        c->folder = fd;
    if (fd >= 0 && c->folder < 0)
        close(fd);
    return c->folder >= 0;
}

void cache_close(struct cache *c)
{
    if (c->folder >= 0)
        close(c->folder);
    c->folder = -1;
}

/* ---- files -------------------------------------------------------------------------------------
 */

static void file_name(char out[NAME_SIZE], struct bytes key)
{
    snprintf(out, NAME_SIZE, "%016" PRIx64 "%s", hash_bytes(0, key.data, key.n), suffix);
}

static uint64_t checksum(struct bytes key, struct bytes value)
{
    return hash_bytes(hash_bytes(0, key.data, key.n), value.data, value.n);
}

static bool read_whole(int fd, void *data, size_t n)
{
    for (char *p = data; n;) {
        ssize_t got = read(fd, p, n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        p += got;
        n -= (size_t)got;
    }
    return true;
}

static bool write_whole(int fd, const void *data, size_t n)
{
    for (const char *p = data; n;) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

/* The value in an open file, if the file is one that cache_put() wrote for this key. */
static bool read_entry(const struct cache *c, int fd, struct arena *a, struct bytes key,
                       struct bytes *value)
{
    struct stat st;
    struct head h;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !only_ours(&st) ||
        st.st_size < (off_t)sizeof h || (uint64_t)st.st_size > c->max_bytes)
        return false;
    const size_t n = (size_t)st.st_size - sizeof h;
    if (!read_whole(fd, &h, sizeof h) || memcmp(h.magic, magic, sizeof magic) != 0 ||
        h.n_key != key.n || key.n > n || h.n_value != n - key.n)
        return false;
    uint8_t *data = arena_try(a, n + 1, 1);
    if (!data || !read_whole(fd, data, n))
        return false;
    *value = (struct bytes){data + key.n, n - key.n};
    return memcmp(data, key.data, key.n) == 0 && h.checksum == checksum(key, *value);
}

bool cache_get(const struct cache *c, struct arena *a, struct bytes key, struct bytes *value)
{
    if (c->folder < 0)
        return false;
    char name[NAME_SIZE];
    file_name(name, key);
    int fd = openat(c->folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = read_entry(c, fd, a, key, value);
    if (ok)
        futimens(fd, NULL); /* was used just now */
    close(fd);
    return ok;
}

/* ---- bounds ------------------------------------------------------------------------------------
 */

struct entry {
    char name[NAME_SIZE];
    uint64_t bytes;
    struct timespec used;
};

static int by_age(const void *x, const void *y)
{
    const struct entry *a = x, *b = y;
    if (a->used.tv_sec != b->used.tv_sec)
        return a->used.tv_sec < b->used.tv_sec ? -1 : 1;
    if (a->used.tv_nsec != b->used.tv_nsec)
        return a->used.tv_nsec < b->used.tv_nsec ? -1 : 1;
    return strcmp(a->name, b->name);
}

/* True for names that cache_put() gives. Nothing else in the folder is touched. */
static bool is_our_name(const char *name)
{
    if (strspn(name, "0123456789abcdef") != HASH_DIGITS || strlen(name) >= NAME_SIZE)
        return false;
    const char *dot = strrchr(name, '.');
    return dot && (strcmp(dot, suffix) == 0 || strcmp(dot, temp_suffix) == 0);
}

/* The folder's files, also those that a process left that was killed while writing. */
static void list(const struct cache *c, struct arena *a, struct entry **out, uint32_t *n)
{
    VEC(struct entry) all = {0};
    int fd = openat(c->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir && fd >= 0)
        close(fd);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        struct stat st;
        if (!is_our_name(e->d_name) ||
            fstatat(c->folder, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
            continue;
        struct entry *to = VEC_ADD(a, &all);
        *to = (struct entry){.bytes = (uint64_t)st.st_size, .used = st.st_mtim};
        memcpy(to->name, e->d_name, strlen(e->d_name)); /* is_our_name() knows its length */
    }
    if (dir)
        closedir(dir);
    *out = all.data;
    *n = all.n;
}

/* Beyond the bounds, removes what wasn't used for longest until a quarter is free: not every
 * cache_put() of a full cache has to remove something. */
static void keep_bounds(const struct cache *c)
{
    struct arena scratch = {0};
    struct entry *entry;
    uint32_t n;
    uint64_t bytes = 0;
    list(c, &scratch, &entry, &n);
    for (uint32_t i = 0; i < n; i++)
        bytes += entry[i].bytes;
    if (n > c->max_files || bytes > c->max_bytes) {
        qsort(entry, n, sizeof *entry, by_age);
        uint32_t left = n;
        for (uint32_t i = 0; i < n && (left > c->max_files / 4 * 3 || bytes > c->max_bytes / 4 * 3);
             i++) {
            unlinkat(c->folder, entry[i].name, 0);
            bytes -= entry[i].bytes;
            left--;
        }
    }
    arena_free(&scratch);
}

/* ---- writing -----------------------------------------------------------------------------------
 */

/* A new file under a name of its own; the name tells who is at it. */
static int create_temp(const struct cache *c, const char *name, char out[NAME_SIZE])
{
    int fd = -1;
    for (unsigned i = 0; fd < 0 && i < 100; i++) {
        snprintf(out, NAME_SIZE, "%.*s.%ld.%u%s", HASH_DIGITS, name, (long)getpid(), i,
                 temp_suffix);
        fd = openat(c->folder, out, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    return fd;
}

void cache_put(const struct cache *c, struct bytes key, struct bytes value)
{
    if (c->folder < 0 || key.n > c->max_bytes / 4 || value.n > c->max_bytes / 4)
        return;
    char name[NAME_SIZE], temp[NAME_SIZE];
    file_name(name, key);
    int fd = create_temp(c, name, temp);
    if (fd < 0)
        return;
    struct head h = {.n_key = key.n, .n_value = value.n, .checksum = checksum(key, value)};
    memcpy(h.magic, magic, sizeof magic);
    bool ok = write_whole(fd, &h, sizeof h) && write_whole(fd, key.data, key.n) &&
              write_whole(fd, value.data, value.n);
    ok &= close(fd) == 0;
    if (!ok || renameat(c->folder, temp, c->folder, name) < 0)
        unlinkat(c->folder, temp, 0);
    keep_bounds(c);
}
