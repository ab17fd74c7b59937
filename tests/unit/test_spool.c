/* Streams whose lengths aren't known: whatever the order and size of their pieces, and wherever
 * they are kept, they are read back as they were put. */
#include "tests/unit/unit.h"

#include "runtime/base/rng.h"
#include "runtime/base/spool.h"
#include <errno.h>
#include <pthread.h>

enum { STREAMS = 7, PUTS = 300, LARGEST = 3000 };

struct collected {
    uint8_t *data;
    size_t n, most; /* `most`: refuses what goes beyond it */
};

static bool collect(void *arg, const void *data, size_t n)
{
    struct collected *c = arg;
    if (n > c->most - c->n)
        return false;
    memcpy(c->data + c->n, data, n);
    c->n += n;
    return true;
}

static void round_trip(size_t memory, const char *beside)
{
    struct spool *s = spool_new(STREAMS, beside, memory);
    uint8_t *want[STREAMS], *data = malloc(LARGEST);
    size_t n[STREAMS] = {0};
    for (int i = 0; i < STREAMS; i++)
        want[i] = malloc((size_t)PUTS * LARGEST);
    for (uint64_t k = 0; k < PUTS; k++) {
        const uint32_t stream =
            (uint32_t)(rng_uniform(1, 2 * k) * (STREAMS - 1)); /* one is empty */
        const size_t size = (size_t)(rng_uniform(1, 2 * k + 1) * LARGEST);
        for (size_t i = 0; i < size; i++)
            data[i] = (uint8_t)(k + i);
        assert_true(spool_put(s, stream, data, size));
        memcpy(want[stream] + n[stream], data, size);
        n[stream] += size;
    }
    for (uint32_t i = 0; i < STREAMS; i++) {
        struct collected c = {malloc(n[i] + 1), 0, n[i]};
        assert_true(spool_length(s, i) == n[i]);
        assert_true(spool_read(s, i, collect, &c));
        assert_true(c.n == n[i]);
        if (n[i])
            assert_memory_equal(c.data, want[i], n[i]);
        c = (struct collected){c.data, 0, n[i] / 2};
        assert_true(spool_read(s, i, collect, &c) == (n[i] == 0));
        free(c.data);
        free(want[i]);
    }
    assert_int_equal(spool_error(s), 0);
    spool_free(s);
    free(data);
}

static void pieces(void **state)
{
    (void)state;
    round_trip(1 << 20, "nowhere");
    round_trip(0, "/tmp/x");
    round_trip(100000, "/tmp/x");
    round_trip(100001, NULL);
    round_trip(1000, "/nowhere/that/exists/x");
}

struct writer {
    struct spool *s;
    uint32_t stream;
};

static void *write_stream(void *arg)
{
    const struct writer *w = arg;
    for (uint32_t k = 0; k < 2000; k++)
        assert_true(spool_put(w->s, w->stream, &k, sizeof k));
    return NULL;
}

static void threads(void **state)
{
    (void)state;
    struct spool *s = spool_new(3, NULL, 10000);
    struct writer w[3];
    pthread_t t[3];
    for (uint32_t i = 0; i < 3; i++) {
        w[i] = (struct writer){s, i};
        assert_int_equal(pthread_create(&t[i], NULL, write_stream, &w[i]), 0);
    }
    for (uint32_t i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t got[2000];
        struct collected c = {(uint8_t *)got, 0, sizeof got};
        assert_true(spool_read(s, i, collect, &c) && c.n == sizeof got);
        for (uint32_t k = 0; k < 2000; k++)
            assert_int_equal(got[k], k);
    }
    spool_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(pieces), cmocka_unit_test(threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
