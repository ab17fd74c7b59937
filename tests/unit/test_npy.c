#include "tests/unit/unit.h"

#include "runtime/base/npy.h"
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define DATA "tests/data/npy/"

struct state {
    struct arena arena;
    struct diags diags;
};

static int setup(void **state)
{
    *state = calloc(1, sizeof(struct state));
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    struct state *s = *state;
    arena_free(&s->arena);
    diags_free(&s->diags);
    free(s);
    return 0;
}

static struct npy load(struct state *s, const char *path, const char *member)
{
    struct npy x;
    bool ok = npy_load(&s->arena, path, member, &x, &s->diags, E0501, (struct span){0});
    if (!ok)
        print_error("%s\n", s->diags.list.data[s->diags.list.n - 1]->message);
    assert_true(ok);
    return x;
}

/* The values of make.py's ramp(). */
static void check_ramp(const struct npy *x)
{
    double *all = malloc(x->count * sizeof *all);
    assert_non_null(all);
    npy_to_f64(x, all);
    for (uint64_t i = 0; i < x->count; i++) {
        double want = x->type.kind == 'b'   ? (double)(i % 2)
                      : x->type.kind == 'u' ? (double)i
                                            : (double)i - 2;
        assert_true(all[i] == want);
        assert_true(npy_get(x, &x->type, i) == want);
    }
    free(all);
}

static void dtypes(void **state)
{
    static const char types[][3] = {"b1", "i1", "i2", "i4", "i8", "u1",
                                    "u2", "u4", "u8", "f2", "f4", "f8"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        for (int big = 0; big <= (types[i][1] != '1'); big++) {
            char path[64];
            snprintf(path, sizeof path, DATA "%s%s.npy", types[i], big ? "_big" : "");
            struct npy x = load(*state, path, NULL);
            assert_int_equal(x.type.kind, types[i][0]);
            assert_int_equal(x.type.size, types[i][1] - '0');
            assert_int_equal(x.type.swapped, big);
            assert_int_equal(x.rank, 2);
            assert_int_equal(x.extent[0], 2);
            assert_int_equal(x.extent[1], 3);
            assert_int_equal(x.count, 6);
            check_ramp(&x);
        }
    }
}

static void shapes(void **state)
{
    static const char *const files[] = {"fortran", "fortran_big", "one_axis", "v2", "any_order"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[64];
        snprintf(path, sizeof path, DATA "%s.npy", files[i]);
        struct npy x = load(*state, path, NULL);
        assert_int_equal(x.fortran, i < 2);
        check_ramp(&x);
    }
    struct npy x = load(*state, DATA "scalar.npy", NULL);
    assert_int_equal(x.rank, 0);
    assert_int_equal(x.count, 1);
    assert_true(npy_get(&x, &x.type, 0) == 2.5);
    x = load(*state, DATA "empty.npy", NULL);
    assert_int_equal(x.rank, 3);
    assert_int_equal(x.count, 0);
    npy_to_f64(&x, NULL);
}

static void special_values(void **state)
{
    struct npy x = load(*state, DATA "f2_special.npy", NULL);
    double v[8];
    npy_to_f64(&x, v);
    assert_true(v[0] == 1.5);
    assert_true(v[1] == 0 && signbit(v[1]));
    assert_true(v[2] == (double)INFINITY && v[3] == -(double)INFINITY && isnan(v[4]));
    assert_true(v[5] == 0x1p-24 && v[6] == 65504 && v[7] == 0x1.554p-2);
    x = load(*state, DATA "i8_ends.npy", NULL);
    npy_to_f64(&x, v);
    assert_true(v[0] == -0x1p63 && v[1] == 0x1p63 && v[2] == -1);
    x = load(*state, DATA "u8_ends.npy", NULL);
    npy_to_f64(&x, v);
    assert_true(v[0] == 0 && v[1] == 0x1p64);
}

static void structured(void **state)
{
    static const struct {
        const char *name;
        double value[3];
    } want[] = {{"t", {5, -7, 0x1p40}},
                {"channel", {1, 2, 65535}},
                {"y", {258, 3, 4}},
                {"on", {1, 0, 1}},
                {"w", {0.5, -1, 2}}};
    struct npy x = load(*state, DATA "events.npy", NULL);
    assert_int_equal(x.n_fields, 5);
    assert_int_equal(x.record_size, 17);
    for (size_t f = 0; f < 5; f++) {
        const struct npy_type *t = npy_field(&x, want[f].name);
        assert_non_null(t);
        for (uint64_t i = 0; i < 3; i++)
            assert_true(npy_get(&x, t, i) == want[f].value[i]);
    }
    assert_null(npy_field(&x, "x"));

    x = load(*state, DATA "aligned.npy", NULL);
    assert_int_equal(x.n_fields, 2);
    assert_int_equal(x.record_size, 16);
    assert_int_equal(npy_field(&x, "b")->offset, 8);
    x = load(*state, DATA "unicode.npy", NULL);
    assert_true(npy_get(&x, npy_field(&x, "\xc2\xb5_x"), 0) == 7);
    x = load(*state, DATA "unicode3.npy", NULL);
    assert_true(npy_get(&x, npy_field(&x, "\xcf\x80'\"\\\n"), 0) == 8);
}

static void archives(void **state)
{
    struct npy x = load(*state, DATA "stored.npz", "w_in");
    check_ramp(&x);
    x = load(*state, DATA "stored.npz", "train.npy");
    assert_int_equal(x.extent[1], 5);
    check_ramp(&x);
    x = load(*state, DATA "deflated.npz", "w_in");
    check_ramp(&x);
    x = load(*state, DATA "deflated.npz", "big");
    assert_int_equal(x.count, 100000);
    for (uint64_t i = 0; i < x.count; i++)
        assert_true(npy_get(&x, &x.type, i) == 1);
    static const char *const single[] = {"single", "zip64", "zip64_all", "other"};
    for (size_t i = 0; i < 4; i++) {
        char path[64];
        snprintf(path, sizeof path, DATA "%s.npz", single[i]);
        x = load(*state, path, NULL);
        check_ramp(&x);
    }
}

/* The message (and hint) of the only diagnostic contains `text`. */
static void check_error(const char *file, const char *member, const char *text)
{
    struct arena a = {0};
    struct diags d = {0};
    struct npy x;
    char path[100];
    snprintf(path, sizeof path, DATA "%s", file);
    assert_false(npy_load(&a, path, member, &x, &d, E0501, (struct span){1, 2, 3}));
    assert_int_equal(d.list.n, 1);
    const struct diag *g = d.list.data[0];
    if (!strstr(g->message, text) && !(g->hint && strstr(g->hint, text)))
        fail_msg("%s: got '%s', hint '%s', want '%s'", file, g->message, g->hint ? g->hint : "",
                 text);
    assert_int_equal(g->span.begin, 2);
    diags_free(&d);
    arena_free(&a);
}

static void errors(void **state)
{
    (void)state;
    static const struct {
        const char *file, *text;
    } cases[] = {
        {"bad_short.npy", "ends early: 7 bytes of data where its shape needs 8"},
        {"bad_long.npy", "1 bytes follow after the array"},
        {"bad_version.npy", "version 4.0"},
        {"bad_object.npy", "Python objects"},
        {"bad_complex.npy", "dtype '<c8' isn't supported"},
        {"bad_string.npy", "dtype '<U3' isn't supported"},
        {"bad_no_order.npy", "dtype 'f4' isn't supported"},
        {"bad_bar.npy", "dtype '|f4' isn't supported"},
        {"bad_overflow.npy", "shape is too large"},
        {"bad_overflow0.npy", "shape is too large"},
        {"bad_huge.npy", "shape is too large"},
        {"bad_negative.npy", "tuple of integers"},
        {"bad_number_shape.npy", "a number instead of a tuple"},
        {"bad_rank.npy", "more than 8 dimensions"},
        {"bad_order.npy", "fortran_order"},
        {"bad_missing.npy", "lacks key 'fortran_order'"},
        {"bad_unknown.npy", "unknown key 'sh?ape'"},
        {"bad_double.npy", "twice the key 'shape'"},
        {"bad_behind.npy", "behind the dict"},
        {"bad_unclosed.npy", "lacks ',' or '}'"},
        {"bad_unquoted.npy", "string without end"},
        {"bad_call.npy", "lacks '(' in the shape"},
        {"bad_utf8.npy", "impossible character"},
        {"bad_nul.npy", "impossible character"},
        {"bad_surrogate.npy", "impossible character"},
        {"bad_subarray.npy", "field 'a' is an array itself"},
        {"bad_nested.npy", "field 'a' is a record itself"},
        {"bad_title.npy", "title"},
        {"bad_no_fields.npy", "no fields"},
        {"bad_no_name.npy", "has no name"},
        {"bad_same_name.npy", "field 'a' is there twice"},
        {"bad_fields.npy", "more than 16 fields"},
        {"bad_padding.npy", "records are too long"},
        {"bad_header_length.npy", "ends within the header"},
        {"bad_nothing.npy", "doesn't start like"},
        {"make.py", "neither .npy nor .npz"},
        {"absent.npy", "No such file"},
        {"bad_crc.npz", "checksum is wrong"},
        {"bad_stored_crc.npz", "checksum is wrong"},
        {"bad_encrypted.npz", "encrypted"},
        {"bad_offset.npz", "isn't where"},
        {"bad_directory.npz", "directory is damaged"},
        {"bad_entry.npz", "directory is damaged"},
        {"bad_truncated.npz", "without its end"},
        {"bzip2.npz", "another method than deflate"},
        {"stored.npz", "2 arrays, and none is named"},
        {"stored.npz", "it holds w_in, train"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_error(cases[i].file, NULL, cases[i].text);
    check_error("bad_bomb.npz", "w_in", "can't expand");
    check_error("bad_longer.npz", "w_in", "damaged");
    check_error("twice.npz", "a", "more than one member 'a'");
    check_error("stored.npz", "w_rec", "no member 'w_rec'");
    check_error("stored.npz", "w_rec", "it holds w_in, train");
    check_error("f4.npy", "a", "has no members");
    check_error("", NULL, "Is a directory");
}

/* Every prefix of a file is an error, and none reads beyond its end. */
static void truncated(void **state)
{
    struct state *s = *state;
    static const char *const files[] = {DATA "events.npy", DATA "deflated.npz"};
    for (int k = 0; k < 2; k++) {
        struct bytes b;
        assert_true(file_read(&s->arena, files[k], &b, &s->diags, E0501, (struct span){0}));
        for (size_t n = 0; n < b.n; n++) {
            struct arena a = {0};
            struct diags d = {0};
            struct npy x;
            uint8_t *part = malloc(n ? n : 1);
            assert_non_null(part);
            memcpy(part, b.data, n);
            struct bytes front = {part, n};
            struct span at = {0};
            assert_false(k ? npz_parse(&a, front, "big", &x, &d, "part", at)
                           : npy_parse(&a, front, &x, &d, "part", at));
            assert_int_equal(d.n_errors, 1);
            free(part);
            diags_free(&d);
            arena_free(&a);
        }
    }
}

static void header_is_numpys(void **state)
{
    struct state *s = *state;
    struct bytes b;
    struct buf out = {0};
    assert_true(file_read(&s->arena, DATA "f4.npy", &b, &s->diags, E0501, (struct span){0}));
    npy_header(&out, "<f4", 2, (uint64_t[]){2, 3});
    assert_int_equal(out.n, 128);
    assert_memory_equal(out.data, b.data, out.n);
    buf_free(&out);
}

static void writer_round_trip(void **state)
{
    struct state *s = *state;
    char folder[] = "/tmp/test_npy.XXXXXX";
    assert_non_null(mkdtemp(folder));
    const char *path = arena_printf(&s->arena, "%s/out.npz", folder);
    enum { N = 50000 };
    struct npz_writer *w = npz_create(path, &s->diags);
    assert_non_null(w);
    assert_true(npz_member(w, "a", "<i4", 1, (uint64_t[]){N}));
    for (int32_t i = 0; i < N; i++)
        assert_true(npz_write(w, &i, sizeof i));
    assert_true(npz_member(w, "events", "[('t', '<i8'), ('c', '<u2')]", 1, (uint64_t[]){2}));
    static const uint8_t events[20] = {5, 0, 0, 0, 0, 0, 0, 0, 1, 1, 6, 0, 0, 0, 0, 0, 0, 0, 2, 0};
    assert_true(npz_write(w, events, sizeof events));
    assert_true(npz_member(w, "dt", "<f8", 0, NULL));
    const double dt = 1e-3;
    assert_true(npz_write(w, &dt, sizeof dt));
    assert_true(npz_member(w, "none", "|u1", 2, (uint64_t[]){4, 0}));
    assert_int_not_equal(access(path, F_OK), 0); /* appears only when it's whole */
    assert_true(npz_close(w));

    struct npy x = load(s, path, "a");
    assert_int_equal(x.count, N);
    for (uint64_t i = 0; i < N; i++)
        assert_true(npy_get(&x, &x.type, i) == (double)i);
    x = load(s, path, "events");
    assert_true(npy_get(&x, npy_field(&x, "t"), 1) == 6);
    assert_true(npy_get(&x, npy_field(&x, "c"), 0) == 257);
    x = load(s, path, "dt");
    assert_int_equal(x.rank, 0);
    assert_true(npy_get(&x, &x.type, 0) == 1e-3);
    x = load(s, path, "none");
    assert_int_equal(x.count, 0);
    assert_int_equal(s->diags.n_errors, 0);

    /* What isn't finished leaves nothing behind, and the old file as it was. */
    w = npz_create(path, &s->diags);
    assert_true(npz_member(w, "b", "<i4", 1, (uint64_t[]){3}));
    npz_abort(w);
    w = npz_create(path, &s->diags);
    assert_true(npz_member(w, "b", "<i4", 1, (uint64_t[]){1}));
    assert_false(npz_close(w)); /* too few bytes */
    assert_int_equal(diags_exit_status(&s->diags), DIAG_BUG);
    load(s, path, "a");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* More members than 16 bits count: the end of the archive is zip64. */
static void writer_zip64(void **state)
{
    struct state *s = *state;
    char path[] = "/tmp/test_npy64.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    struct npz_writer *w = npz_create(path, &s->diags);
    assert_non_null(w);
    for (unsigned i = 0; i < 66000; i++) {
        char name[16];
        snprintf(name, sizeof name, "m%u", i);
        uint8_t byte = (uint8_t)i;
        assert_true(npz_member(w, name, "|u1", 0, NULL) && npz_write(w, &byte, 1));
    }
    assert_true(npz_close(w));
    struct npy x = load(s, path, "m65999");
    assert_true(npy_get(&x, &x.type, 0) == (uint8_t)65999);
    assert_int_equal(unlink(path), 0);
}

static struct bytes file_bytes(struct state *s, const char *path)
{
    struct bytes b;
    assert_true(file_read(&s->arena, path, &b, &s->diags, E0901, (struct span){0}));
    return b;
}

/* In pieces, in any order, is the same file as in one go. */
static void writer_pieces(void **state)
{
    struct state *s = *state;
    char folder[] = "/tmp/test_npy.XXXXXX";
    assert_non_null(mkdtemp(folder));
    const char *path = arena_printf(&s->arena, "%s/out.npz", folder);
    enum { PIECES = 6, LONG = 40001 };
    static uint8_t data[PIECES * LONG];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 2654435761u >> 13);
    const uint64_t extent[] = {2, 3, LONG};
    struct npz_writer *w = npz_create(path, &s->diags);
    assert_non_null(w);
    assert_true(npz_member(w, "a", "|u1", 3, extent) && npz_write(w, data, sizeof data));
    assert_true(npz_member(w, "none", "<f4", 2, (uint64_t[]){PIECES, 0}));
    assert_true(npz_member(w, "b", "|i1", 3, extent) && npz_write(w, data, sizeof data));
    assert_true(npz_member(w, "dt", "<f8", 0, NULL) && npz_write(w, data, 8));
    assert_true(npz_close(w));
    const struct bytes whole = file_bytes(s, path);

    w = npz_create(path, &s->diags);
    assert_true(npz_place(w, "a", "|u1", 3, extent, PIECES));
    assert_true(npz_place(w, "none", "<f4", 2, (uint64_t[]){PIECES, 0}, PIECES));
    assert_true(npz_place(w, "b", "|i1", 3, extent, PIECES));
    assert_true(npz_put(w, 2, 0, data, sizeof data)); /* over all pieces */
    assert_true(npz_put(w, 1, 3, data, 0));
    for (size_t done = 0; done < LONG; done += 20000) { /* the last step goes on in the next one */
        for (uint64_t i = PIECES; i-- > 0;) {
            const size_t left = LONG - done, n = left < 20000 ? left : 20000;
            assert_true(npz_put(w, 0, i, data + i * LONG + done, n));
        }
    }
    assert_true(npz_member(w, "dt", "<f8", 0, NULL) && npz_write(w, data, 8));
    assert_true(npz_close(w));
    const struct bytes pieces = file_bytes(s, path);
    assert_int_equal(pieces.n, whole.n);
    assert_memory_equal(pieces.data, whole.data, whole.n);
    assert_int_equal(s->diags.n_errors, 0);

    /* More than there is room for, too little, unequal pieces, too late: bugs of the caller. */
    w = npz_create(path, &s->diags);
    assert_true(npz_place(w, "a", "|u1", 3, extent, PIECES));
    assert_false(npz_put(w, 0, 1, data, sizeof data - LONG + 1));
    assert_true(npz_put(w, 0, 1, data, sizeof data - LONG));
    assert_false(npz_close(w));
    assert_int_equal(s->diags.n_errors, 1);
    w = npz_create(path, &s->diags);
    assert_false(npz_place(w, "a", "|u1", 3, extent, PIECES + 1));
    npz_abort(w);
    w = npz_create(path, &s->diags);
    assert_true(npz_member(w, "dt", "<f8", 0, NULL) && npz_write(w, data, 8));
    assert_false(npz_place(w, "a", "|u1", 3, extent, PIECES));
    npz_abort(w);
    assert_int_equal(s->diags.n_errors, 3);
    assert_int_equal(file_bytes(s, path).n, whole.n); /* as it was */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void writer_failures(void **state)
{
    struct state *s = *state;
    assert_null(npz_create("/nonexistent/folder/x.npz", &s->diags));
    assert_int_equal(s->diags.n_errors, 1);
    assert_int_equal(s->diags.list.data[0]->code, E0902);
    struct npz_writer *w = npz_create("/dev/full", &s->diags); /* written directly */
    assert_non_null(w);
    assert_true(npz_member(w, "a", "|u1", 0, NULL));
    assert_true(npz_write(w, "x", 1));
    assert_false(npz_close(w));
    assert_int_equal(s->diags.n_errors, 2);
    assert_non_null(strstr(s->diags.list.data[1]->message, "No space left"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(dtypes, setup, teardown),
        cmocka_unit_test_setup_teardown(shapes, setup, teardown),
        cmocka_unit_test_setup_teardown(special_values, setup, teardown),
        cmocka_unit_test_setup_teardown(structured, setup, teardown),
        cmocka_unit_test_setup_teardown(archives, setup, teardown),
        cmocka_unit_test(errors),
        cmocka_unit_test_setup_teardown(truncated, setup, teardown),
        cmocka_unit_test_setup_teardown(header_is_numpys, setup, teardown),
        cmocka_unit_test_setup_teardown(writer_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(writer_zip64, setup, teardown),
        cmocka_unit_test_setup_teardown(writer_pieces, setup, teardown),
        cmocka_unit_test_setup_teardown(writer_failures, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
