/* Delivery against the sum that it is defined as, bit by bit, for every instruction set. */
#include "runtime/base/hash.h"
#include "runtime/deliver.h"
#include "tests/unit/unit.h"
#include <math.h>

enum { PRE = 37, POST = 45, TRIALS = 3, STEPS = 4, STRIDE = 144, ROOM = STEPS * STRIDE };

struct projection {
    struct arena arena;
    struct plan_projection j;
    uint64_t seed;
};

static uint64_t draw(struct projection *p, uint64_t below)
{
    return hash_u64(++p->seed) % below;
}

/* So many of a thousand pairs; or runs of neurons side by side. */
static void connect(struct projection *p, uint32_t of_1000, bool runs)
{
    struct plan_projection *j = &p->j;
    j->n_pre = PRE;
    j->row = ARENA_ARRAY(&p->arena, uint64_t, PRE + 1);
    j->post = ARENA_ARRAY(&p->arena, uint32_t, PRE * POST);
    j->weight = ARENA_ARRAY(&p->arena, float, PRE *POST);
    uint64_t n = 0;
    for (uint32_t pre = 0; pre < PRE; pre++) {
        const uint32_t first = runs ? (uint32_t)draw(p, POST) : 0;
        for (uint32_t i = first; i < POST; i++) {
            if (!runs && draw(p, 1000) >= of_1000)
                continue;
            j->post[n] = i;
            j->weight[n++] = ldexpf((float)draw(p, 2000) - 1000.5f, (int)draw(p, 20) - 10);
        }
        j->row[pre + 1] = n;
    }
}

static uint32_t fire(struct projection *p, struct event *event)
{
    uint32_t n = 0;
    for (uint32_t step = 0; step < STEPS; step++)
        for (uint32_t trial = 0; trial < TRIALS; trial++)
            for (uint32_t i = 0; i < PRE; i++)
                if (draw(p, 4) < step)
                    event[n++] = (struct event){step, trial, i, (float)(1 + draw(p, 3))};
    return n;
}

static void define(const struct plan_projection *j, const struct event *e, uint32_t n, float *to)
{
    for (uint32_t i = 0; i < n; i++)
        for (uint64_t s = j->row[e[i].channel]; s < j->row[e[i].channel + 1]; s++)
            to[e[i].step * STRIDE + e[i].trial * POST + j->post[s]] += j->weight[s] * e[i].count;
}

/* All lanes, in parts that end anywhere, as those of threads do. */
static void check(struct projection *p, enum deliver_rows kind)
{
    struct event event[STEPS * TRIALS * PRE];
    static const uint32_t end[] = {0, 16, 48, 112, STRIDE};
    const uint32_t n = fire(p, event);
    float wanted[ROOM], got[ROOM], begin[ROOM];
    for (uint32_t i = 0; i < ROOM; i++) /* sums that a 0 would change, too */
        begin[i] = i % 7 == 0 ? -0.0f : (float)i;
    memcpy(wanted, begin, sizeof begin);
    define(&p->j, event, n, wanted);
    struct delivery d = {.projection = &p->j,
                         .rows = delivery_rows(&p->arena, &p->j, POST),
                         .n_post = POST,
                         .receive = got,
                         .stride = STRIDE};
    assert_int_equal(d.rows.kind, kind);
    for (enum cpu_level level = CPU_BASE; level <= cpu_level(); level++) {
        memcpy(got, begin, sizeof begin);
        for (size_t k = 1; k < sizeof end / sizeof *end; k++) {
            d.begin = end[k - 1];
            d.end = end[k];
            deliver_for(level)(&d, event, n);
        }
        assert_memory_equal(got, wanted, sizeof wanted);
    }
    arena_free(&p->arena);
}

static void sparse_rows_are_listed(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct projection p = {.seed = seed << 32};
        connect(&p, (uint32_t)draw(&p, 200), false);
        check(&p, ROWS_ANY);
    }
}

static void dense_rows_are_made_whole(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct projection p = {.seed = seed << 32};
        connect(&p, 300 + (uint32_t)draw(&p, 650), false);
        check(&p, ROWS_WHOLE);
    }
}

static void twins_stay_two(void **state)
{
    (void)state;
    struct projection p = {.seed = 3};
    connect(&p, 900, false);
    p.j.post[1] = p.j.post[0];
    check(&p, ROWS_ANY);
}

static void whole_rows_and_runs(void **state)
{
    (void)state;
    struct projection whole = {.seed = 1}, runs = {.seed = 2};
    connect(&whole, 1000, false);
    check(&whole, ROWS_WHOLE);
    connect(&runs, 0, true);
    check(&runs, ROWS_RUNS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sparse_rows_are_listed),
        cmocka_unit_test(dense_rows_are_made_whole),
        cmocka_unit_test(twins_stay_two),
        cmocka_unit_test(whole_rows_and_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
