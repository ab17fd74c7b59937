/* Cells to blocks, blocks to chips, chips to places: limits and counts by going through everything,
 * on random problems; what is found against what is known to be there. */
#include "tests/unit/unit.h"

#include "runtime/base/rng.h"
#include "targets/dynapse2/floorplan.h"
#include "targets/dynapse2/limits.h"
#include <stdlib.h>

struct fixture {
    struct arena a;
    struct d2_problem p;
    int32_t *origin;
    bool *wanted;
    uint64_t seed, draw;
};

static uint32_t below(struct fixture *f, uint32_t n)
{
    return (uint32_t)(rng_uniform(f->seed, f->draw++) * n);
}

enum { POOLS = 4 };
#define CHAIN UINT32_MAX
#define POOL  (UINT32_MAX - 1)

/* The channels that a cell of a pool may hear: 5 of 8, those of the next pool begin 2 of 8 later.
 */
static uint32_t in_pool(struct fixture *f, uint32_t pool, uint32_t n_in)
{
    return (below(f, n_in * 5 / 8) + pool * (n_in / POOLS)) % n_in;
}

/* n_in channels, then the cells, are sources; each cell hears `degree` of them at random, from its
 * own community of that many cells if there are communities. In a chain it hears the one before it,
 * the first of them the channels. Of POOL, it hears channels of its pool, which overlaps others. */
static void make(struct fixture *f, uint64_t seed, uint32_t n_cells, uint32_t n_in, uint32_t degree,
                 uint32_t community)
{
    *f = (struct fixture){.seed = seed};
    struct arena *a = &f->a;
    uint32_t n = n_in + n_cells;
    bool *hears = ARENA_ARRAY(a, bool, (size_t)n_cells *n);
    uint64_t *first_source = ARENA_ARRAY(a, uint64_t, n_cells + 1), total = 0;
    uint64_t *first_cell = ARENA_ARRAY(a, uint64_t, n + 1);
    uint32_t *of = ARENA_ARRAY(a, uint32_t, n_cells);
    for (uint32_t c = 0; c < n_cells; c++)
        of[c] = c;
    for (uint32_t c = n_cells; c > 1; c--) {
        uint32_t k = below(f, c), t = of[k];
        of[k] = of[c - 1];
        of[c - 1] = t;
    }
    for (uint32_t i = 0; i < n_cells; i++) {
        for (uint32_t k = 0; k < degree; k++) {
            uint32_t s = below(f, n);
            if (community == CHAIN)
                s = i < 4 ? below(f, n_in) : n_in + of[i - 1];
            else if (community == POOL)
                s = in_pool(f, i % POOLS, n_in);
            else if (community)
                s = n_in + of[i / community * community + below(f, community)];
            hears[(size_t)of[i] * n + s] = true;
        }
    }
    for (size_t i = 0; i < (size_t)n_cells * n; i++)
        total += hears[i];
    uint32_t *source = ARENA_ARRAY(a, uint32_t, total), *cell = ARENA_ARRAY(a, uint32_t, total);
    uint64_t at = 0;
    for (uint32_t c = 0; c < n_cells; c++) {
        for (uint32_t s = 0; s < n; s++) {
            if (hears[(size_t)c * n + s])
                source[at++] = s;
        }
        first_source[c + 1] = at;
    }
    at = 0;
    for (uint32_t s = 0; s < n; s++) {
        for (uint32_t c = 0; c < n_cells; c++) {
            if (hears[(size_t)c * n + s])
                cell[at++] = c;
        }
        first_cell[s + 1] = at;
    }
    f->origin = ARENA_ARRAY(a, int32_t, n);
    f->wanted = ARENA_ARRAY(a, bool, n_cells);
    uint8_t *max = ARENA_ARRAY(a, uint8_t, n);
    for (uint32_t s = 0; s < n; s++) {
        f->origin[s] = s < n_in ? D2_CHANNEL : (int32_t)(s - n_in);
        max[s] = s < n_in ? D2_ANY_CHIPS : D2_SRAM;
    }
    f->p = (struct d2_problem){
        .n_cells = n_cells,
        .n_sources = n,
        .first_source = first_source,
        .source = source,
        .first_cell = first_cell,
        .cell = cell,
        .n_flavours = 1,
        .flavour = ARENA_ARRAY(a, uint32_t, n_cells),
        .kin = ARENA_ARRAY(a, uint32_t, n_cells),
        .need = ARENA_ARRAY(a, uint8_t, n_cells),
        .max_chips = max,
        .max_tags = D2_TAGS,
        .room = D2_NEURONS,
        .max_blocks = 64,
    };
}

/* Everything that a partition says of itself is so, and within the limits. */
static void check_parts(const struct d2_problem *p, const struct d2_parts *x)
{
    uint32_t used[64] = {0}, tags[64] = {0};
    uint64_t total = 0;
    assert_in_range(x->n_blocks, 1, p->max_blocks);
    for (uint32_t c = 0; c < p->n_cells; c++) {
        assert_in_range(x->of[c], 0, x->n_blocks - 1);
        used[x->of[c]]++;
        assert_int_equal(x->block[x->of[c]].flavour, p->flavour[c]);
    }
    for (uint32_t s = 0; s < p->n_sources; s++) {
        uint32_t cells[64] = {0};
        for (uint64_t i = p->first_cell[s]; i < p->first_cell[s + 1]; i++)
            cells[x->of[p->cell[i]]]++;
        for (uint32_t b = 0; b < x->n_blocks; b++) {
            tags[b] += cells[b] > 0;
            assert_int_equal(d2_spread_count(&x->heard, s, b), cells[b]);
        }
    }
    for (uint32_t b = 0; b < x->n_blocks; b++) {
        assert_int_equal(x->block[b].used, used[b]);
        assert_int_equal(x->block[b].tags, tags[b]);
        assert_true(used[b] <= x->block[b].room);
        assert_true(tags[b] <= p->max_tags);
        total += tags[b];
    }
    assert_int_equal(x->tags, total);
}

typedef bool way(struct arena *a, const struct d2_problem *p, struct d2_parts *x);

static void random_problems(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct fixture f;
        make(&f, seed, 150, 60, 6, 0);
        uint32_t *flavour = ARENA_ARRAY(&f.a, uint32_t, 150),
                 *kin = ARENA_ARRAY(&f.a, uint32_t, 150);
        f.p.n_flavours = 1 + (uint32_t)(seed % 3);
        for (uint32_t c = 0; c < 150; c++) {
            flavour[c] = below(&f, f.p.n_flavours);
            kin[c] = c / 40;
        }
        f.p.flavour = flavour;
        f.p.kin = kin;
        f.p.room = 20 + below(&f, 20);
        f.p.max_tags = 40 + below(&f, 100);
        way *const ways[] = {d2_fill, d2_grow};
        for (int w = 0; w < 2; w++) {
            struct d2_parts x;
            d2_parts_init(&f.a, &f.p, &x);
            /* One block is given, with a cell that stays there. */
            d2_parts_open(&f.p, &x)->home = 2;
            d2_parts_put(&f.p, &x, 7, 0);
            x.fixed[7] = true;
            assert_true(ways[w](&f.a, &f.p, &x));
            check_parts(&f.p, &x);
            uint64_t before = x.tags;
            struct d2_budget budget = {.left = seed % 2 ? 5000 : 1 << 30};
            d2_improve(&f.a, &f.p, &x, NULL, &budget);
            check_parts(&f.p, &x);
            assert_true(x.tags <= before);
            assert_int_equal(x.of[7], 0);
        }
        arena_free(&f.a);
    }
}

/* A cell that hears more than a block can. */
static void no_way(void **state)
{
    (void)state;
    struct fixture f;
    make(&f, 1, 30, 60, 10, 0);
    f.p.max_tags = 8;
    struct d2_parts x, y;
    d2_parts_init(&f.a, &f.p, &x);
    d2_parts_init(&f.a, &f.p, &y);
    assert_false(d2_fill(&f.a, &f.p, &x));
    assert_false(d2_grow(&f.a, &f.p, &y));
    arena_free(&f.a);
}

/* As many blocks as there are pools, all full of cells, and hardly more tags than a pool has:
 * growth needs more, and what is found is the same every time. */
static void full_blocks(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 8; seed++) {
        struct fixture f;
        make(&f, seed, 400, 400, 12, POOL);
        f.p.room = 100;
        f.p.max_blocks = POOLS;
        f.p.max_tags = 255;
        struct d2_parts x[3];
        for (int i = 0; i < 3; i++)
            d2_parts_init(&f.a, &f.p, &x[i]);
        assert_false(d2_grow(&f.a, &f.p, &x[0]));
        for (int i = 1; i < 3; i++) {
            struct d2_budget budget = {.left = 1 << 26, .seed = seed};
            assert_true(d2_pack(&f.a, &f.p, &x[i], &budget));
            check_parts(&f.p, &x[i]);
        }
        assert_memory_equal(x[1].of, x[2].of, f.p.n_cells * sizeof *x[1].of);
        /* Much fewer than a pool: none is found, and the budget ends that. */
        f.p.max_tags = 150;
        d2_parts_init(&f.a, &f.p, &x[0]);
        struct d2_budget budget = {.left = 1 << 20};
        assert_false(d2_pack(&f.a, &f.p, &x[0], &budget));
        assert_int_equal(budget.left, 0);
        arena_free(&f.a);
    }
}

/* Cells stay where they are given, and those of a flavour share no block with others. */
static void packed_beside_given(void **state)
{
    (void)state;
    struct fixture f;
    make(&f, 5, 90, 60, 6, 0);
    uint32_t *flavour = ARENA_ARRAY(&f.a, uint32_t, 90);
    for (uint32_t c = 0; c < 90; c++)
        flavour[c] = c % 3;
    f.p.flavour = flavour;
    f.p.n_flavours = 3;
    f.p.room = 15;
    f.p.max_blocks = 6;
    for (int fits = 1; fits >= 0; fits--) {
        struct d2_parts x;
        struct d2_budget budget = {.left = 1 << 20};
        f.p.max_blocks -= !fits; /* room for 75 */
        d2_parts_init(&f.a, &f.p, &x);
        d2_parts_open(&f.p, &x)->home = 2;
        for (uint32_t c = 7; c < 13; c += 3) {
            d2_parts_put(&f.p, &x, c, 0);
            x.fixed[c] = true;
        }
        assert_int_equal(d2_pack(&f.a, &f.p, &x, &budget), fits);
        if (fits)
            check_parts(&f.p, &x);
        assert_int_equal(x.of[7], 0);
        assert_int_equal(x.of[10], 0);
    }
    arena_free(&f.a);
}

/* A seat for each cell, none with more CAM entries than it needs, anywhere: what is scarce isn't
 * given away, tags or not. */
static void scarce_seats(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 10; seed++) {
        struct fixture f;
        make(&f, seed, 400, 400, 12, seed % 2 ? POOL : 0);
        f.p.room = 100;
        f.p.max_blocks = POOLS;
        f.p.max_tags = seed % 2 ? 375 : f.p.n_sources;
        uint8_t *need = ARENA_ARRAY(&f.a, uint8_t, 400);
        struct d2_parts x;
        d2_parts_init(&f.a, &f.p, &x);
        for (uint32_t b = 0; b < POOLS; b++) {
            struct d2_block *y = d2_parts_open(&f.p, &x);
            y->home = (int32_t)b;
            y->seats = ARENA_ARRAY(&f.a, int16_t, D2_CAM + 1);
        }
        for (uint32_t c = 0; c < 400; c++) {
            struct d2_block *y = &x.block[c / 100];
            need[c] = (uint8_t)(12 + below(&f, D2_CAM - 11));
            for (uint32_t k = 1; k <= need[c]; k++)
                y->seats[k]++;
        }
        for (uint32_t c = 400; c > 1; c--) {
            uint32_t k = below(&f, c);
            uint8_t t = need[k];
            need[k] = need[c - 1];
            need[c - 1] = t;
        }
        f.p.need = need;
        struct d2_budget budget = {.left = 1 << 26, .seed = seed};
        assert_true(d2_pack(&f.a, &f.p, &x, &budget));
        check_parts(&f.p, &x);
        for (uint32_t b = 0; b < POOLS; b++)
            assert_true(d2_parts_suffices(&f.p, &x, b));
        arena_free(&f.a);
    }
}

/* Without connections or with room for all: the order of the cells, kin together. */
static void order_where_it_does_not_matter(void **state)
{
    (void)state;
    struct fixture f;
    make(&f, 3, 100, 0, 0, 0);
    uint32_t *kin = ARENA_ARRAY(&f.a, uint32_t, 100);
    for (uint32_t c = 0; c < 100; c++)
        kin[c] = c < 30 ? 0 : c < 80 ? 1 : 2;
    f.p.kin = kin;
    f.p.room = 50;
    struct d2_parts x;
    d2_parts_init(&f.a, &f.p, &x);
    assert_true(d2_fill(&f.a, &f.p, &x));
    assert_int_equal(x.n_blocks, 2);
    for (uint32_t c = 0; c < 100; c++)
        assert_int_equal(x.of[c], c < 30 || c >= 80 ? 1 : 0);
    arena_free(&f.a);
}

/* Communities in random order are found: all their blocks hear nothing else. */
static void communities(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 5; seed++) {
        struct fixture f;
        make(&f, seed, 960, 0, 12, 120);
        f.p.room = 60;
        struct d2_parts x;
        d2_parts_init(&f.a, &f.p, &x);
        assert_true(d2_grow(&f.a, &f.p, &x));
        check_parts(&f.p, &x);
        assert_int_equal(x.n_blocks, 16);
        struct d2_budget budget = {.left = 1 << 30};
        d2_improve(&f.a, &f.p, &x, NULL, &budget);
        assert_true(x.tags <= 2 * 960);
        struct d2_floor fl = {
            .p = &f.p, .x = &x, .grid = {4, 2}, .origin = f.origin, .wanted = f.wanted};
        d2_floor_group(&f.a, &fl);
        d2_floor_regroup(&f.a, &fl, &budget);
        /* Two communities fill a chip; nobody speaks to another one. */
        for (uint32_t s = 0; s < f.p.n_sources; s++) {
            for (uint64_t i = f.p.first_cell[s]; i < f.p.first_cell[s + 1]; i++)
                assert_int_equal(fl.group[x.of[f.p.cell[i]]], fl.group[x.of[s]]);
        }
        arena_free(&f.a);
    }
}

/* ---- chips ---- */

/* Blocks of one cell each. */
static void single_blocks(struct fixture *f, struct d2_parts *x)
{
    f->p.room = 1;
    d2_parts_init(&f->a, &f->p, x);
    for (uint32_t c = 0; c < f->p.n_cells; c++) {
        d2_parts_open(&f->p, x);
        d2_parts_put(&f->p, x, c, c);
    }
}

/* All hops of all sources, a long way for what is out of reach. */
static uint64_t all_hops(const struct d2_floor *f, const uint32_t *chip)
{
    uint64_t sum = 0;
    for (uint32_t s = 0; s < f->p->n_sources; s++) {
        uint32_t from = f->origin[s] == D2_CHANNEL ? 0 : chip[f->group[f->x->of[f->origin[s]]]];
        bool there[225] = {false};
        for (uint64_t i = f->p->first_cell[s]; i < f->p->first_cell[s + 1]; i++) {
            uint32_t to = chip[f->group[f->x->of[f->p->cell[i]]]];
            int dx, dy;
            if (there[to])
                continue;
            there[to] = true;
            sum += d2_hops(f->grid, from, to, &dx, &dy) ? (uint64_t)(abs(dx) + abs(dy)) : 10000;
        }
    }
    return sum;
}

static uint64_t best_hops(const struct d2_floor *f, uint32_t *chip, uint32_t n)
{
    if (n == f->n_groups)
        return all_hops(f, chip);
    uint64_t best = UINT64_MAX;
    for (uint32_t c = 0; c < d2_grid_chips(f->grid); c++) {
        bool taken = false;
        for (uint32_t k = 0; k < n; k++)
            taken = taken || chip[k] == c;
        if (taken)
            continue;
        chip[n] = c;
        uint64_t hops = best_hops(f, chip, n + 1);
        best = hops < best ? hops : best;
    }
    return best;
}

/* Six chips' worth of blocks on 3 x 2: within a fifth of the fewest hops that there are. */
static void near_the_fewest_hops(void **state)
{
    (void)state;
    uint64_t found = 0, least = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct fixture f;
        struct d2_parts x;
        make(&f, seed, 24, 6, 3, 0);
        single_blocks(&f, &x);
        struct d2_floor fl = {
            .p = &f.p, .x = &x, .grid = {3, 2}, .origin = f.origin, .wanted = f.wanted};
        struct d2_budget budget = {.left = 1 << 30};
        d2_floor_group(&f.a, &fl);
        d2_floor_regroup(&f.a, &fl, &budget);
        uint32_t size[6] = {0}, chip[6];
        assert_int_equal(fl.n_groups, 6);
        for (uint32_t b = 0; b < 24; b++)
            size[fl.group[b]]++;
        for (uint32_t g = 0; g < 6; g++)
            assert_in_range(size[g], 1, 4);
        d2_floor_place(&f.a, &fl, &budget);
        uint64_t hops = all_hops(&fl, fl.chip), best = best_hops(&fl, chip, 0);
        assert_true(hops >= best);
        assert_true(hops * 5 <= best * 6);
        found += hops;
        least += best;
        arena_free(&f.a);
    }
    assert_true(found * 100 <= least * 105);
}

/* A row of 15 chips: inputs are heard in columns 0 to 7, outputs stand in 0 to 6, and neighbours in
 * the chain of traffic are within 7 of each other. */
static void within_reach(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 10; seed++) {
        struct fixture f;
        struct d2_parts x;
        make(&f, seed, 60, 4, 1, CHAIN);
        single_blocks(&f, &x);
        for (uint32_t i = 0; i < 4; i++) /* four of any */
            f.wanted[below(&f, 60)] = true;
        struct d2_floor fl = {
            .p = &f.p, .x = &x, .grid = {15, 1}, .origin = f.origin, .wanted = f.wanted};
        struct d2_budget budget = {.left = 1 << 30};
        d2_floor_group(&f.a, &fl);
        d2_floor_regroup(&f.a, &fl, &budget);
        d2_floor_place(&f.a, &fl, &budget);
        bool taken[15] = {false};
        for (uint32_t g = 0; g < fl.n_groups; g++) {
            assert_false(taken[fl.chip[g]]);
            taken[fl.chip[g]] = true;
        }
        assert_true(all_hops(&fl, fl.chip) < 10000);
        for (uint32_t c = 0; c < 60; c++)
            assert_true(!f.wanted[c] || fl.chip[fl.group[x.of[c]]] <= 6);
        arena_free(&f.a);
    }
}

/* Homes are kept, and their chips take what belongs to them. */
static void homes(void **state)
{
    (void)state;
    struct fixture f;
    struct d2_parts x;
    make(&f, 5, 12, 0, 3, 4);
    single_blocks(&f, &x);
    x.block[3].home = 2 * D2_CORES + 1;
    struct d2_floor fl = {
        .p = &f.p, .x = &x, .grid = {3, 1}, .origin = f.origin, .wanted = f.wanted};
    struct d2_budget budget = {.left = 1 << 30};
    d2_floor_group(&f.a, &fl);
    d2_floor_regroup(&f.a, &fl, &budget);
    d2_floor_place(&f.a, &fl, &budget);
    assert_int_equal(fl.chip[fl.group[3]], 2);
    for (uint32_t s = 0; s < 12; s++) {
        for (uint64_t i = f.p.first_cell[s]; i < f.p.first_cell[s + 1]; i++)
            assert_int_equal(fl.group[f.p.cell[i]], fl.group[s]);
    }
    arena_free(&f.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_problems), cmocka_unit_test(no_way),
        cmocka_unit_test(full_blocks),     cmocka_unit_test(packed_beside_given),
        cmocka_unit_test(scarce_seats),    cmocka_unit_test(order_where_it_does_not_matter),
        cmocka_unit_test(communities),     cmocka_unit_test(near_the_fewest_hops),
        cmocka_unit_test(within_reach),    cmocka_unit_test(homes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
