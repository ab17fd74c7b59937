/* Event files: what the readers make of good files, and that bad ones are told. The .aedat4 files
 * of tests/data/events were made with liblz4 1.9.4 and libzstd 1.5.4. */
#include "tests/unit/unit.h"

#include "runtime/base/lz4.h"
#include "runtime/event_file.h"

static const struct span nowhere;

struct fixture {
    struct arena a;
    struct diags d;
    struct npy x;
};

static int set_up(void **state)
{
    *state = calloc(1, sizeof(struct fixture));
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    diags_free(&f->d);
    arena_free(&f->a);
    free(f);
    return 0;
}

static double at(const struct fixture *f, const char *name, uint64_t i)
{
    const struct npy_type *t = npy_field(&f->x, name);
    assert_non_null(t);
    return npy_get(&f->x, t, i);
}

/* ---- AEDAT4 ---- */

static void cameras(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *name;
        uint64_t n;
    } files[] = {{"plain", 5}, {"lz4", 6500}, {"lz4_high", 6500}, {"zstd", 6500}};
    for (size_t k = 0; k < 4; k++) {
        const char *path = arena_printf(&f->a, "tests/data/events/%s.aedat4", files[k].name);
        assert_true(event_file_load(&f->a, path, NULL, &f->x, &f->d, E0901, nowhere));
        assert_int_equal(f->x.count, files[k].n);
        for (uint64_t i = 0; i < f->x.count; i++) {
            assert_true(at(f, "t", i) == 7.0 * (double)i);
            assert_true(at(f, "x", i) == (double)(i * 13 % 346));
            assert_true(at(f, "y", i) == (double)(i * 29 % 260));
            assert_true(at(f, "p", i) == (i % 3 == 0));
        }
    }
}

/* Cut off anywhere it is an error or has fewer events, and with any byte changed it is read or not.
 */
static void broken_cameras(void **state)
{
    struct fixture *f = *state;
    struct bytes b;
    static const char *const files[] = {"plain", "lz4_high", "zstd"};
    for (size_t k = 0; k < 3; k++) {
        const char *path = arena_printf(&f->a, "tests/data/events/%s.aedat4", files[k]);
        assert_true(file_read(&f->a, path, &b, &f->d, E0901, nowhere));
        uint8_t *copy = malloc(b.n);
        uint32_t read = 0;
        const size_t stride = b.n < 1000 ? 1 : 37;
        for (size_t n = 0; n < b.n; n += stride) {
            struct fixture g = {0};
            uint8_t *cut = malloc(n + 1);
            memcpy(cut, b.data, n);
            read += event_file_aedat4(&g.a, (struct bytes){cut, n}, &g.x, &g.d, "x", nowhere);
            memcpy(copy, b.data, b.n);
            copy[n] ^= 0x81;
            event_file_aedat4(&g.a, (struct bytes){copy, b.n}, &g.x, &g.d, "x", nowhere);
            diags_free(&g.d);
            arena_free(&g.a);
            free(cut);
        }
        assert_true(read < b.n / stride);
        free(copy);
    }
}

/* ---- LZ4 ---- */

static const char *lz4(const char *frame, size_t n, struct buf *out)
{
    buf_clear(out);
    return lz4_read((const uint8_t *)frame, n, 1000, out);
}

/* By hand: literals `ab`, a match of 20 two bytes back, literals `c`; then a stored block. */
static void frames(void **state)
{
    (void)state;
    struct buf out = {0};
    char frame[] = "\x04\x22\x4d\x18\x60\x40\x82"
                   "\x08\0\0\0\x2f"
                   "ab\x02\0\x01\x10"
                   "c"
                   "\x03\0\0\x80xyz"
                   "\0\0\0\0";
    const size_t n = sizeof frame - 1;
    assert_null(lz4(frame, n, &out));
    assert_string_equal(out.data, "ababababababababababab"
                                  "cxyz");
    for (size_t i = 1; i < n; i++)
        assert_non_null(lz4(frame, i, &out));
    frame[6]++; /* the head's checksum */
    assert_non_null(lz4(frame, n, &out));
    frame[6]--;
    frame[14] = 3; /* a match before the data */
    assert_non_null(lz4(frame, n, &out));
    frame[14] = 2;
    assert_non_null(lz4_read((const uint8_t *)frame, n, 25, &out)); /* more than it may be */
    buf_free(&out);
}

/* ---- CSV and the vendor's ---- */

static bool csv(struct fixture *f, const char *text)
{
    return event_file_csv(&f->a, (struct bytes){(const uint8_t *)text, strlen(text)}, &f->x, &f->d,
                          "x.csv", nowhere);
}

static void tables(void **state)
{
    struct fixture *f = *state;
    assert_true(csv(f, "10,3,4,1\n20, 5 ,6,0\r\n\n# nothing\n30 7 8 1"));
    assert_int_equal(f->x.count, 3);
    assert_true(at(f, "t", 1) == 20 && at(f, "x", 1) == 5 && at(f, "y", 1) == 6);
    assert_true(at(f, "t", 2) == 30 && at(f, "p", 2) == 1);
    assert_true(csv(f, "x;y;t;channel\n1;2;1.5e3;4 # an event\n"));
    assert_int_equal(f->x.count, 1);
    assert_true(at(f, "x", 0) == 1 && at(f, "t", 0) == 1500 && at(f, "channel", 0) == 4);
    assert_true(csv(f, "\xef\xbb\xbft,x,y,p\n1.5,2.0,3,1e0\n")); /* with a byte order mark */
    assert_int_equal(f->x.count, 1);
    assert_true(at(f, "t", 0) == 1.5 && at(f, "x", 0) == 2 && at(f, "p", 0) == 1);
    assert_true(csv(f, "\xef\xbb\xbf"
                       "4,1"));
    assert_true(at(f, "t", 0) == 4);
    assert_true(csv(f, "5,1\n6,2"));
    assert_true(at(f, "t", 1) == 6 && at(f, "channel", 1) == 2);
    assert_int_equal(f->d.n_errors, 0);
    static const char *const bad[] = {"",
                                      "# only a comment",
                                      "1",
                                      "1,2,3,4,5",
                                      "1,2\n3",
                                      "1,2\n3,4,5",
                                      "1,-2",
                                      "1,x",
                                      "x,y\n1,2",
                                      "t,t\n1,2",
                                      "t,q\n1,2",
                                      "1,,2",
                                      "1,2\n1,1e",
                                      "1,2\n.,1",
                                      "1,1e9999",
                                      "1,2\n\x80,1",
                                      "1,2.7,3,1",
                                      "1,2,3,.6",
                                      "1,2\n3,4.5",
                                      "\xef\xbb\xbf",
                                      "\xef\xbb\xbfq,t\n1,2"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (csv(f, bad[i]))
            fail_msg("`%s` is read", bad[i]);
        assert_int_equal(f->d.n_errors, 1);
        assert_int_equal(f->d.list.data[0]->code, E0505);
        if (i < 2)
            assert_string_equal(f->d.list.data[0]->message, "x.csv has no events");
        if (strcmp(bad[i], "1,2\n3,4.5") == 0)
            assert_string_equal(f->d.list.data[0]->message,
                                "x.csv, line 2: an event's numbers but t are whole");
        if (i == 4)
            assert_string_equal(f->d.list.data[0]->message, "x.csv, line 2: a number is missing");
        diags_free(&f->d);
        f->d = (struct diags){0};
    }
}

static void vendor(void **state)
{
    struct fixture *f = *state;
    static const uint8_t two[] = {1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 1, 0, 0,
                                  4, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 0, 2, 0, 0};
    assert_true(event_file_bin(&f->a, (struct bytes){two, 32}, &f->x, &f->d, "x", nowhere));
    assert_int_equal(f->x.count, 2);
    assert_true(at(f, "x", 1) == 4 && at(f, "y", 1) == 5 && at(f, "p", 1) == 6 &&
                at(f, "t", 1) == 512);
    assert_false(event_file_bin(&f->a, (struct bytes){two, 31}, &f->x, &f->d, "x", nowhere));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(cameras), TEST(broken_cameras), TEST(frames),
                                       TEST(tables), TEST(vendor)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
