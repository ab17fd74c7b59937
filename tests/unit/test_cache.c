/* The cache folder: what is kept comes back, whatever isn't exactly what was written doesn't, and
 * it stays within its bounds. */
#include "tests/unit/unit.h"

#include "runtime/base/cache.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a folder that goes away ---- */

struct place {
    char parent[32];
    char folder[64];
    struct arena arena;
    struct cache cache;
};

static void open_place(struct place *p)
{
    const char *why = NULL;
    *p = (struct place){.parent = "/tmp/dyn-cache-XXXXXX"};
    assert_non_null(mkdtemp(p->parent));
    snprintf(p->folder, sizeof p->folder, "%s/sub/dyn", p->parent);
    assert_true(cache_open(&p->cache, p->folder, &why));
    assert_null(why);
}

static uint32_t count_files(const struct place *p)
{
    uint32_t n = 0;
    DIR *dir = opendir(p->folder);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));)
        n += e->d_name[0] != '.';
    closedir(dir);
    return n;
}

/* The path of the only file. */
static const char *only_file(struct place *p)
{
    const char *path = NULL;
    DIR *dir = opendir(p->folder);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        if (e->d_name[0] == '.')
            continue;
        assert_null(path);
        path = arena_printf(&p->arena, "%s/%s", p->folder, e->d_name);
    }
    closedir(dir);
    assert_non_null(path);
    return path;
}

static void close_place(struct place *p)
{
    DIR *dir = opendir(p->folder);
    for (struct dirent *e; dir && (e = readdir(dir));)
        unlink(arena_printf(&p->arena, "%s/%s", p->folder, e->d_name));
    if (dir)
        closedir(dir);
    rmdir(p->folder);
    rmdir(arena_printf(&p->arena, "%s/sub", p->parent));
    assert_int_equal(rmdir(p->parent), 0);
    cache_close(&p->cache);
    arena_free(&p->arena);
}

static struct bytes text(const char *s)
{
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static bool holds(struct place *p, const char *key, const char *value)
{
    struct bytes got;
    return cache_get(&p->cache, &p->arena, text(key), &got) && got.n == strlen(value) &&
           memcmp(got.data, value, got.n) == 0;
}

/* ---- tests ---- */

static void keeps(void **state)
{
    (void)state;
    struct place p;
    open_place(&p);
    assert_false(holds(&p, "one", "1"));
    cache_put(&p.cache, text("one"), text("1"));
    cache_put(&p.cache, text("two"), text("22"));
    cache_put(&p.cache, text("none"), text(""));
    cache_put(&p.cache, text("one"), text("111"));
    assert_true(holds(&p, "one", "111"));
    assert_true(holds(&p, "two", "22"));
    assert_true(holds(&p, "none", ""));
    assert_false(holds(&p, "", ""));
    assert_int_equal(count_files(&p), 3);
    close_place(&p);
}

static void modes(void **state)
{
    (void)state;
    struct place p;
    mode_t old = umask(0);
    open_place(&p);
    cache_put(&p.cache, text("key"), text("value"));
    umask(old);
    struct stat st;
    assert_int_equal(stat(p.folder, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(stat(only_file(&p), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(chmod(only_file(&p), 0620), 0); /* somebody else may have written it */
    assert_false(holds(&p, "key", "value"));
    close_place(&p);
}

/* Every byte and every length matter. */
static void damage(void **state)
{
    (void)state;
    struct place p;
    open_place(&p);
    cache_put(&p.cache, text("the key"), text("the value"));
    const char *path = only_file(&p);
    uint8_t whole[128];
    int fd = open(path, O_RDWR);
    ssize_t n = read(fd, whole, sizeof whole);
    assert_int_equal(n, 32 + 7 + 9);
    for (ssize_t i = 0; i < n; i++) {
        uint8_t wrong = whole[i] ^ 0x10;
        assert_int_equal(pwrite(fd, &wrong, 1, i), 1);
        assert_false(holds(&p, "the key", "the value"));
        assert_int_equal(pwrite(fd, &whole[i], 1, i), 1);
        assert_true(holds(&p, "the key", "the value"));
    }
    for (ssize_t i = 0; i < n; i++) {
        assert_int_equal(ftruncate(fd, i), 0);
        assert_false(holds(&p, "the key", "the value"));
    }
    assert_int_equal(pwrite(fd, whole, (size_t)n, 0), n);
    assert_int_equal(pwrite(fd, whole, 1, n), 1);
    assert_false(holds(&p, "the key", "the value"));
    close(fd);
    cache_put(&p.cache, text("the key"), text("the value"));
    assert_true(holds(&p, "the key", "the value"));

    /* Another key's file under this name, as if their hashes were equal. */
    cache_put(&p.cache, text("the kez"), text("the value"));
    assert_int_equal(count_files(&p), 2);
    DIR *dir = opendir(p.folder);
    for (struct dirent *e; (e = readdir(dir));) {
        const char *other = arena_printf(&p.arena, "%s/%s", p.folder, e->d_name);
        if (e->d_name[0] != '.' && strcmp(other, path) != 0)
            assert_int_equal(rename(other, path), 0);
    }
    closedir(dir);
    assert_false(holds(&p, "the key", "the value"));

    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(holds(&p, "the key", "the value"));
    cache_put(&p.cache, text("the key"), text("the value"));
    assert_true(holds(&p, "the key", "the value"));
    close_place(&p);
}

static void whose_folder(void **state)
{
    (void)state;
    struct place p;
    open_place(&p);
    struct cache c;
    const char *why = NULL;
    assert_int_equal(chmod(p.folder, 0770), 0);
    assert_false(cache_open(&c, p.folder, &why));
    assert_non_null(why);
    assert_int_equal(chmod(p.folder, 0702), 0);
    assert_false(cache_open(&c, p.folder, &why));
    assert_int_equal(chmod(p.folder, 0755), 0);
    assert_true(cache_open(&c, p.folder, &why));
    cache_close(&c);
    const char *link = arena_printf(&p.arena, "%s/link", p.parent);
    assert_int_equal(symlink(p.folder, link), 0);
    assert_false(cache_open(&c, link, &why));
    assert_false(cache_open(&c, "/dev/null", &why));
    if (geteuid() != 0) /* root owns what there is */
        assert_false(cache_open(&c, "/usr", &why));
    struct bytes got; /* one that couldn't be opened holds nothing */
    cache_put(&c, text("key"), text("value"));
    assert_false(cache_get(&c, &p.arena, text("key"), &got));
    unlink(link);
    close_place(&p);
}

static void bounds(void **state)
{
    (void)state;
    struct place p;
    open_place(&p);
    const char *theirs = arena_printf(&p.arena, "%s/notes.cache", p.folder);
    assert_int_equal(close(open(theirs, O_CREAT | O_WRONLY, 0600)), 0);
    p.cache.max_files = 8;
    char key[32];
    for (int i = 0; i < 50; i++) {
        snprintf(key, sizeof key, "key %d", i);
        cache_put(&p.cache, text(key), text("value"));
        assert_true(holds(&p, key, "value"));
        assert_true(i == 0 || holds(&p, "key 0", "value")); /* what is used stays */
        assert_in_range(count_files(&p), 1, 8 + 1);
        usleep(5000); /* longer than a tick of the clock of files */
    }
    assert_false(holds(&p, "key 10", "value"));
    p.cache.max_bytes = 1000;
    for (int i = 0; i < 50; i++) {
        snprintf(key, sizeof key, "long %d", i);
        cache_put(&p.cache, text(key), text("a value that is somewhat longer"));
    }
    uint64_t bytes = 0;
    DIR *dir = opendir(p.folder);
    for (struct dirent *e; (e = readdir(dir));) {
        struct stat st;
        assert_int_equal(stat(arena_printf(&p.arena, "%s/%s", p.folder, e->d_name), &st), 0);
        bytes += S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    }
    closedir(dir);
    assert_in_range(bytes, 1, 1000);
    assert_int_equal(access(theirs, F_OK), 0);
    close_place(&p);
}

/* Processes that write and read the same keys see whole values or none. */
static void races(void **state)
{
    (void)state;
    struct place p;
    open_place(&p);
    p.cache.max_files = 6;
    enum { PROCESSES = 4, ROUNDS = 400 };
    pid_t pid[PROCESSES];
    for (int k = 0; k < PROCESSES; k++) {
        pid[k] = fork();
        if (pid[k] != 0)
            continue;
        bool good = true;
        for (int i = 0; i < ROUNDS; i++) {
            char key[32], value[600] = {0};
            snprintf(key, sizeof key, "key %d", i % 9);
            memset(value, 'a' + i % 9, sizeof value - 1);
            struct bytes got;
            if (cache_get(&p.cache, &p.arena, text(key), &got))
                good &= got.n == sizeof value - 1 && memcmp(got.data, value, got.n) == 0;
            cache_put(&p.cache, text(key), text(value));
        }
        _exit(good ? 0 : 1);
    }
    for (int k = 0; k < PROCESSES; k++) {
        int status = -1;
        assert_int_equal(waitpid(pid[k], &status, 0), pid[k]);
        assert_int_equal(status, 0);
    }
    assert_in_range(count_files(&p), 1, 6 + PROCESSES);
    close_place(&p);
}

static void which_folder(void **state)
{
    (void)state;
    struct arena a = {0};
    const char *why = NULL;
    unsetenv("DYN_CACHE");
    setenv("HOME", "/home/x", 1);
    setenv("XDG_CACHE_HOME", "/var/x", 1);
    assert_string_equal(cache_folder(&a, &why), "/var/x/dyn");
    setenv("XDG_CACHE_HOME", "relative", 1); /* to be ignored, says the standard */
    assert_string_equal(cache_folder(&a, &why), "/home/x/.cache/dyn");
    unsetenv("XDG_CACHE_HOME");
    assert_string_equal(cache_folder(&a, &why), "/home/x/.cache/dyn");
    assert_null(why);
    unsetenv("HOME");
    assert_null(cache_folder(&a, &why));
    assert_non_null(why);
    setenv("HOME", "/home/x", 1);
    setenv("DYN_CACHE", "off", 1);
    assert_null(cache_folder(&a, &why));
    assert_string_equal(why, "DYN_CACHE=off");
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps),        cmocka_unit_test(modes),  cmocka_unit_test(damage),
        cmocka_unit_test(whose_folder), cmocka_unit_test(bounds), cmocka_unit_test(races),
        cmocka_unit_test(which_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
