#include "tests/unit/unit.h"

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "runtime/base/diag.h"
#include "runtime/base/file.h"
#include "runtime/base/hash.h"
#include "runtime/base/intern.h"
#include "runtime/base/json.h"
#include "runtime/base/utf8.h"
#include "runtime/base/vec.h"
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- memory ------------------------------------------------------------------------------------
 */

static void arena_memory(void **state)
{
    (void)state;
    struct arena a = {0};
    uint8_t *p[300];
    size_t total = 0;
    for (size_t i = 0; i < 300; i++) {
        size_t size = i * 37;
        p[i] = arena_alloc(&a, size);
        assert_int_equal((uintptr_t)p[i] % (size >= 64 ? 64 : 16), 0);
        for (size_t k = 0; k < size; k++)
            assert_int_equal(p[i][k], 0);
        memset(p[i], (int)(i & 255), size);
        total += size;
    }
    assert_int_equal(a.used, total);
    for (size_t i = 0; i < 300; i++) { /* nothing overlaps */
        for (size_t k = 0; k < i * 37; k++)
            assert_int_equal(p[i][k], i & 255);
    }
    assert_non_null(arena_try(&a, 1000, 1000));
    assert_null(arena_try(&a, SIZE_MAX / 2, 3));
    assert_null(arena_try(&a, SIZE_MAX - 4, 1));
    assert_string_equal(arena_printf(&a, "%d-%s", 12, "x"), "12-x");
    assert_string_equal(arena_strndup(&a, "abcdef", 3), "abc");
    assert_string_equal(arena_strndup(&a, "ab", 30), "ab");
    struct arena b = {0}, empty = {0};
    arena_adopt(&b, &a);
    assert_null(a.head);
    arena_adopt(&b, &empty);
    char *more = arena_strdup(&a, "more");
    arena_adopt(&b, &a);
    arena_alloc(&b, 100);
    assert_string_equal(more, "more"); /* and under ASan all of it is there and freed once */
    assert_int_equal(p[299][299 * 37 - 1], 299 & 255);
    arena_free(&b);
    assert_null(b.head);
}

static void vectors(void **state)
{
    (void)state;
    struct arena a = {0};
    struct {
        VEC(int) numbers;
    } x = {0};
    for (int i = 0; i < 10000; i++)
        VEC_PUSH(&a, &x.numbers, i);
    *VEC_ADD(&a, &x.numbers) = -1;
    assert_int_equal(x.numbers.n, 10001);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(x.numbers.data[i], i);
    assert_int_equal(x.numbers.data[10000], -1);
    arena_free(&a);
}

/* ---- text --------------------------------------------------------------------------------------
 */

static void buffers(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_puts(&b, "ab");
    buf_putc(&b, 'c');
    buf_fill(&b, '.', 300);
    buf_printf(&b, "%05d", 42);
    assert_int_equal(b.n, 308);
    assert_int_equal(strlen(b.data), 308);
    assert_string_equal(b.data + 303, "00042");
    buf_clear(&b);
    buf_u8(&b, 0x12);
    buf_u16(&b, 0x1234);
    buf_u32(&b, 0x12345678);
    buf_u64(&b, 0x123456789abcdef0);
    buf_f32(&b, 1.0f);
    buf_f64(&b, -2.0);
    static const uint8_t want[] = {0x12, 0x34, 0x12, 0x78, 0x56, 0x34, 0x12, 0xf0, 0xde,
                                   0xbc, 0x9a, 0x78, 0x56, 0x34, 0x12, 0,    0,    0x80,
                                   0x3f, 0,    0,    0,    0,    0,    0,    0,    0xc0};
    assert_int_equal(b.n, sizeof want);
    assert_memory_equal(b.data, want, sizeof want);
    buf_free(&b);
}

static void utf8(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n, length;
    } cases[] = {{"a", 1, 1},
                 {"\xc3\xa9", 2, 2},
                 {"\xc3", 1, 0},
                 {"\xc0\x80", 2, 0},
                 {"\xe2\x82\xac", 3, 3},
                 {"\xe0\x80\x80", 3, 0},
                 {"\xed\xa0\x80", 3, 0},
                 {"\xf0\x9f\x98\x80", 4, 4},
                 {"\xf4\x90\x80\x80", 4, 0},
                 {"\x80", 1, 0},
                 {"", 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(utf8_length(cases[i].bytes, cases[i].n), cases[i].length);
    struct buf b = {0};
    struct arena a = {0};
    for (uint32_t c = 1; c <= 0x10ffff; c += 61) {
        buf_clear(&b);
        bool surrogate = c >= 0xd800 && c < 0xe000;
        assert_int_equal(utf8_put(&b, c), !surrogate);
        if (!surrogate)
            assert_int_equal(utf8_length(b.data, b.n), b.n);
    }
    assert_false(utf8_put(&b, 0x110000));
    assert_string_equal(utf8_printable(&a, "a\033[1m\xff\xc2\x9b\xc3\xa9", 10), "a?[1m??\xc3\xa9");
    assert_int_equal(strlen(utf8_printable(&a, memset(arena_alloc(&a, 500), 'x', 500), 500)), 103);
    buf_free(&b);
    arena_free(&a);
}

static void json(void **state)
{
    (void)state;
    for (int indent = 0; indent <= 2; indent += 2) {
        struct buf b = {0};
        struct json j;
        json_init(&j, &b, indent);
        json_object(&j);
        json_key(&j, "a\"\\\n\x01\xff\xc3\xa9");
        json_array(&j);
        json_int(&j, INT64_MIN);
        json_f64(&j, 0.1);
        json_f32(&j, 0.1f);
        json_f64(&j, (double)NAN);
        json_bool(&j, true);
        json_null(&j);
        json_object(&j);
        json_end_object(&j);
        json_end_array(&j);
        json_key(&j, "b");
        json_str(&j, "x");
        json_end_object(&j);
        assert_string_equal(
            b.data, indent ? "{\n  \"a\\\"\\\\\\n\\u0001\\ufffd\xc3\xa9\": [\n"
                             "    -9223372036854775808,\n    0.1,\n    0.1,\n    null,\n    true,\n"
                             "    null,\n    {}\n  ],\n  \"b\": \"x\"\n}"
                           : "{\"a\\\"\\\\\\n\\u0001\\ufffd\xc3\xa9\":[-9223372036854775808,0.1,"
                             "0.1,null,true,null,{}],\"b\":\"x\"}");
        buf_free(&b);
    }
}

/* ---- names and tables --------------------------------------------------------------------------
 */

static void interning(void **state)
{
    (void)state;
    struct arena a = {0};
    struct intern t;
    intern_init(&t, &a);
    const char *kept[2000];
    for (int i = 0; i < 2000; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        kept[i] = intern_cstr(&t, name);
    }
    for (int i = 0; i < 2000; i++) {
        char name[16];
        int n = snprintf(name, sizeof name, "n%d", i);
        name[n] = 'x'; /* only the first n bytes count */
        assert_ptr_equal(intern(&t, name, (size_t)n), kept[i]);
    }
    assert_int_equal(t.n, 2000);
    assert_ptr_not_equal(intern_cstr(&t, "n1"), intern_cstr(&t, "n10"));
    assert_ptr_equal(intern(&t, "n1\0b", 4), kept[1]); /* a name ends at its first 0 byte */
    assert_string_equal(intern(&t, "", 0), "");
    arena_free(&a);
}

static void did_you_mean(void **state)
{
    (void)state;
    static const char *const names[] = {"Itau_mem", "Itau_syn", "Igain_mem", "w", "readout"};
    assert_string_equal(nearest_name("Itau_mme", names, 5), "Itau_mem");
    assert_string_equal(nearest_name("Itaumem", names, 5), "Itau_mem");
    assert_string_equal(nearest_name("readuot", names, 5), "readout");
    assert_null(nearest_name("v", names, 5));
    assert_string_equal(nearest_name("lfi", (const char *const[]){"lif"}, 1), "lif");
    assert_null(nearest_name("vv", names, 5));
    assert_null(nearest_name("something", names, 5));
    assert_null(nearest_name("", names, 0));
    const char *const like[] = {"exc1", "exc1", "exc2", "EXC2"}, *other;
    assert_string_equal(nearest_names("exc3", like, 2, &other), "exc1");
    assert_null(other);
    assert_string_equal(nearest_names("exc3", like, 3, &other), "exc1");
    assert_string_equal(other, "exc2");
    assert_string_equal(nearest_names("exc2", like, 4, &other), "exc2");
    assert_string_equal(other, "EXC2");
    assert_null(nearest_names("something", like, 4, &other));
    assert_null(other);
    char long_name[300];
    memset(long_name, 'x', 299);
    long_name[299] = 0;
    assert_null(nearest_name(long_name, (const char *const[]){long_name}, 1));
}

static void hashes(void **state)
{
    (void)state;
    /* Published values of XXH64. */
    assert_true(hash_bytes(0, "", 0) == 0xef46db3751d8e999u);
    assert_true(hash_bytes(0, "a", 1) == 0xd24ec4f1a98c6e5bu);
    assert_true(hash_bytes(0, "abc", 3) == 0x44bc2cf5ad770999u);
    static const char pangram[] = "The quick brown fox jumps over the lazy dog";
    assert_true(hash_bytes(0, pangram, strlen(pangram)) == 0x0b242d361fda71bcu);
    assert_true(hash_bytes(1, "abc", 3) != hash_bytes(0, "abc", 3));
}

static void maps(void **state)
{
    (void)state;
    struct arena a = {0};
    struct map64 m;
    map64_init(&m, &a);
    uint32_t value = 7;
    int fresh;
    assert_false(map64_get(&m, 0, &value));
    for (uint32_t i = 0; i < 5000; i++) {
        assert_int_equal(map64_put(&m, (uint64_t)i << 40, i, &fresh), i);
        assert_true(fresh);
    }
    for (uint32_t i = 0; i < 5000; i++) {
        assert_int_equal(map64_put(&m, (uint64_t)i << 40, 1, &fresh), i);
        assert_false(fresh);
        assert_true(map64_get(&m, (uint64_t)i << 40, &value));
        assert_int_equal(value, i);
    }
    assert_false(map64_get(&m, 1, &value));
    assert_int_equal(m.n, 5000);
    arena_free(&a);
}

/* ---- diagnostics -------------------------------------------------------------------------------
 */

static void diag_lists(void **state)
{
    (void)state;
    struct diags d = {0};
    struct span at = {1, 2, 3}, other = {1, 2, 4};
    assert_int_equal(diags_exit_status(&d), 0);
    struct diag *w = diag_add(&d, W0652, at, "warning");
    assert_int_equal(diags_exit_status(&d), 0);
    struct diag *g = diag_add(&d, E0601, at, "needs %d", 5);
    diag_label(&d, g, other, "declared here");
    diag_hint(&d, g, "first");
    diag_hint(&d, g, "use %s", "less");
    assert_ptr_equal(diag_add(&d, E0601, at, "needs 5"), g);
    assert_ptr_not_equal(diag_add(&d, E0601, other, "needs 5"), g);
    assert_ptr_not_equal(diag_add(&d, E0602, at, "needs 5"), g);
    diag_label(&d, g, other, "declared here"); /* again, from the duplicate */
    diag_add(&d, E0903, at, "later");
    assert_int_equal(w->severity, DIAG_WARNING);
    assert_int_equal(d.n_warnings, 1);
    assert_int_equal(d.n_errors, 4);
    assert_int_equal(d.list.n, 5);
    assert_string_equal(g->message, "needs 5");
    assert_string_equal(g->hint, "use less");
    assert_int_equal(g->labels.n, 1);
    assert_string_equal(g->labels.data[0].text, "declared here");
    assert_int_equal(diags_exit_status(&d), 3);
    diags_free(&d);
}

/* `-W no-NAME` switches NAME off, so that none can be called `no-...`. */
static void diag_names(void **state)
{
    (void)state;
    for (enum diag_code c = 0; c < DIAG_N_CODES; c++) {
        const char *name = diag_code_name(c);
        assert_true(!name || strncmp(name, "no-", 3) != 0);
    }
}

static void diag_levels(void **state)
{
    (void)state;
    struct diags d = {0};
    struct span at = {0};
    assert_false(diags_set_level(&d, "no-such-warning", DIAG_OFF));
    assert_true(diags_set_level(&d, "clustered", DIAG_OFF));
    assert_true(diags_set_level(&d, "W0654", DIAG_AS_ERROR)); /* the code does as well */
    assert_false(diags_set_level(&d, "E0201", DIAG_OFF));
    struct diag *g = diag_add(&d, W0652, at, "off");
    diag_hint(&d, g, "nobody sees it");
    diag_label(&d, g, at, "nor this");
    assert_int_equal(d.list.n, 0);
    assert_null(g->hint);
    assert_int_equal(diags_exit_status(&d), 0);
    g = diag_add(&d, W0654, at, "promoted");
    assert_int_equal(g->severity, DIAG_ERROR);
    assert_int_equal(diags_exit_status(&d), 1);
    assert_true(diags_set_level(&d, "clustered", DIAG_ON));
    diag_add(&d, W0652, at, "on");
    assert_int_equal(d.n_warnings, 1);
    diags_free(&d);
}

static void diag_limit(void **state)
{
    (void)state;
    struct diags d = {0};
    for (uint32_t i = 0; i < 1000; i++)
        diag_hint(&d, diag_add(&d, E0201, (struct span){1, i, i}, "error %u", i), "hint");
    assert_int_equal(d.n_errors, 1000);
    assert_int_equal(d.list.n, DIAG_MAX_ERRORS);
    diag_add(&d, W0652, (struct span){0}, "warnings still are listed");
    assert_int_equal(d.list.n, DIAG_MAX_ERRORS + 1);
    diags_free(&d);
}

static void diag_codes(void **state)
{
    (void)state;
    assert_string_equal(diag_code_text(E0201), "E0201");
    assert_string_equal(diag_code_text(W0651), "W0651");
    assert_string_equal(diag_code_name(W0651), "bias-reach");
    assert_null(diag_code_name(E0201));
    assert_false(diag_code_is_warning(E0201));
    assert_string_equal(diag_code_title(E0201), "unknown name");
    for (int i = 0; i < DIAG_N_CODES;
         i++) { /* a code's letter says what it is; none is there twice */
        const char *code = diag_code_text((enum diag_code)i);
        assert_int_equal(code[0], diag_code_is_warning((enum diag_code)i) ? 'W' : 'E');
        for (int k = 0; k < i; k++)
            assert_string_not_equal(code, diag_code_text((enum diag_code)k));
    }
}

/* ---- files -------------------------------------------------------------------------------------
 */

static void files(void **state)
{
    (void)state;
    struct arena a = {0};
    struct diags d = {0};
    struct bytes b;
    struct span at = {0};
    char folder[] = "/tmp/test_base.XXXXXX";
    assert_non_null(mkdtemp(folder));
    const char *path = arena_printf(&a, "%s/out", folder);
    const char *link = arena_printf(&a, "%s/link", folder);

    assert_true(file_write(path, "one", 3, &d));
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(symlink("out", link), 0);
    assert_true(file_write(link, "other", 5, &d)); /* follows the link, keeps the permissions */
    assert_true(file_read(&a, path, &b, &d, E0501, at));
    assert_int_equal(b.n, 5);
    assert_string_equal((const char *)b.data, "other");
    struct stat st;
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);

    struct file_out *f = file_create(path, &d);
    assert_non_null(f);
    assert_true(file_append(f, "lost", 4));
    file_abort(f);
    f = file_create(path, &d);
    for (int i = 0; i < 100000; i++)
        assert_true(file_append(f, "0123456789", 10));
    assert_true(file_commit(f));
    assert_true(file_read(&a, path, &b, &d, E0501, at));
    assert_int_equal(b.n, 1000000);
    for (size_t i = 0; i < b.n; i++)
        assert_int_equal(b.data[i], '0' + i % 10);
    f = file_create(path, &d);
    assert_true(file_append(f, "ab", 2) && file_skip(f, 100000) && file_append(f, "yz", 2));
    assert_true(file_skip(f, 0) && file_put(f, 100000, "cd", 2) && file_put(f, 2, "b", 1));
    assert_true(file_commit(f));
    assert_true(file_read(&a, path, &b, &d, E0501, at));
    assert_int_equal(b.n, 100004);
    assert_string_equal((const char *)b.data, "abb");
    assert_string_equal((const char *)b.data + 100000, "cdyz");
    assert_true(file_is_regular(path) && file_is_regular("/nonexistent"));
    assert_false(file_is_regular("/dev/null") || file_is_regular("/dev/stdout"));
    assert_true(file_write(path, NULL, 0, &d));
    assert_true(file_read(&a, path, &b, &d, E0501, at));
    assert_int_equal(b.n, 0);
    assert_int_equal(d.n_errors, 0);

    assert_true(file_read(&a, "/dev/null", &b, &d, E0901, at));
    assert_int_equal(b.n, 0);
    assert_false(file_read(&a, folder, &b, &d, E0901, at));
    assert_false(file_read(&a, "/nonexistent", &b, &d, E0501, at));
    assert_false(file_write("/nonexistent/x", "x", 1, &d));
    assert_false(file_write("/dev/full", "x", 1, &d));
    assert_int_equal(d.n_errors, 4);
    assert_int_equal(d.list.data[0]->code, E0901);
    assert_string_equal(d.list.data[1]->message,
                        "can't read /nonexistent: No such file or directory");
    const char *fifo = arena_printf(&a, "%s/fifo", folder);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_false(file_read(&a, fifo, &b, &d, E0501, at)); /* and doesn't wait */
    assert_false(file_read(&a, "/dev/null", &b, &d, E0501, at));
    assert_int_equal(d.n_errors, 6);
    assert_string_equal(d.list.data[5]->message, "can't read /dev/null: it isn't a regular file");
    assert_int_equal(unlink(fifo), 0);
    assert_string_equal(d.list.data[3]->message, "can't write /dev/full: No space left on device");

    f = file_create(path, &d);
    assert_false(file_skip(f, UINT64_MAX));
    file_abort(f);
    f = file_create(path, &d);
    assert_false(file_put(f, UINT64_MAX, "x", 1)); /* reported by what comes next */
    assert_int_equal(d.n_errors, 7);
    assert_false(file_append(f, "x", 1));
    file_abort(f);
    assert_int_equal(d.n_errors, 8);
    assert_int_equal(d.list.data[7]->code, E0902);

    assert_int_equal(unlink(path), 0);
    assert_int_equal(unlink(link), 0);
    assert_int_equal(rmdir(folder), 0); /* no temporary file is left */
    assert_string_equal(path_beside(&a, "a/b.dyn", "w.npy"), "a/w.npy");
    assert_string_equal(path_beside(&a, "b.dyn", "w.npy"), "w.npy");
    assert_string_equal(path_beside(&a, "a/b.dyn", "/w.npy"), "/w.npy");
    arena_free(&a);
    diags_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_memory), cmocka_unit_test(vectors),     cmocka_unit_test(buffers),
        cmocka_unit_test(utf8),         cmocka_unit_test(json),        cmocka_unit_test(interning),
        cmocka_unit_test(did_you_mean), cmocka_unit_test(hashes),      cmocka_unit_test(maps),
        cmocka_unit_test(diag_lists),   cmocka_unit_test(diag_levels), cmocka_unit_test(diag_names),
        cmocka_unit_test(diag_limit),   cmocka_unit_test(diag_codes),  cmocka_unit_test(files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
