#include "targets/dynapse2/floorplan.h"
#include "runtime/base/rng.h"
#include "targets/dynapse2/limits.h"
#include <stdlib.h>
#include <string.h>

enum {
    NOWHERE = UINT32_MAX,
    HOST_TAGS = D2_TAGS - 1,
    MAX_ROUNDS = 20,
    SHAKEN = 4,
    MOST_WORK = 200000000, /* while something is out of reach */
};

/* Hops that an event counts for that can't arrive: more than there are otherwise. */
static const uint64_t OUT_OF_REACH = (uint64_t)1 << 36;

struct placing {
    struct d2_floor *f;
    uint32_t n, n_chips;
    uint64_t *traffic;            /* between two groups, in one direction: sources */
    uint64_t *in;                 /* of each group: channels that it hears */
    uint64_t *host;               /* of each group: cells that the host wants to hear */
    uint32_t *at;                 /* of each chip: its group, or NOWHERE */
    uint64_t column[D2_MAX_SIDE]; /* cells that the host wants to hear */
    uint64_t work;                /* looks at a pair of groups, in exchanges */
};

/* ---- who speaks to whom ---- */

static uint32_t group_of(const struct d2_floor *f, uint32_t cell)
{
    return f->group[f->x->of[cell]];
}

static void count_traffic(struct arena *a, struct placing *x)
{
    const struct d2_floor *f = x->f;
    const struct d2_spread *h = &f->x->heard;
    uint32_t *last = ARENA_ARRAY(a, uint32_t, x->n); /* 1 + source */
    for (uint32_t s = 0; s < f->p->n_sources; s++) {
        bool dense = d2_spread_is_dense(h, s);
        uint64_t *row = x->in;
        if (f->origin[s] != D2_CHANNEL)
            row = &x->traffic[(size_t)group_of(f, (uint32_t)f->origin[s]) * x->n];
        for (uint32_t k = 0, seen = 0; seen < h->n[s]; k++) {
            const struct d2_heard *u = &h->heard[h->first[s] + k];
            if (u->cells == 0)
                continue;
            seen++;
            uint32_t g = f->group[dense ? k : u->unit];
            row[g] += last[g] != s + 1;
            last[g] = s + 1;
        }
    }
    for (uint32_t c = 0; c < f->p->n_cells; c++)
        x->host[group_of(f, c)] += f->wanted[c];
}

/* ---- costs ---- */

static uint64_t distance(const struct placing *x, uint32_t from, uint32_t to)
{
    int dx, dy;
    if (!d2_hops(x->f->grid, from, to, &dx, &dy))
        return OUT_OF_REACH;
    return (uint64_t)(abs(dx) + abs(dy));
}

static uint64_t excess(uint64_t cells)
{
    return cells > HOST_TAGS ? (cells - HOST_TAGS) * OUT_OF_REACH : 0;
}

/* The hops to and from a group on a chip, but for those to the group `but` (NOWHERE: to all). */
static uint64_t cost_at(const struct placing *x, uint32_t group, uint32_t chip, uint32_t but)
{
    uint64_t cost = x->in[group] ? x->in[group] * distance(x, 0, chip) : 0;
    if (x->host[group] && !d2_reaches_host(x->f->grid, chip))
        cost += x->host[group] * OUT_OF_REACH;
    for (uint32_t g = 0; g < x->n; g++) {
        if (x->f->chip[g] == NOWHERE || g == group || g == but)
            continue;
        uint64_t to = x->traffic[(size_t)group * x->n + g];
        uint64_t from = x->traffic[(size_t)g * x->n + group];
        cost += to ? to * distance(x, chip, x->f->chip[g]) : 0;
        cost += from ? from * distance(x, x->f->chip[g], chip) : 0;
    }
    return cost;
}

static void put(struct placing *x, uint32_t group, uint32_t chip)
{
    x->f->chip[group] = chip;
    x->at[chip] = group;
    x->column[chip % x->f->grid.columns] += x->host[group];
}

static void take(struct placing *x, uint32_t group)
{
    uint32_t chip = x->f->chip[group];
    x->f->chip[group] = NOWHERE;
    x->at[chip] = NOWHERE;
    x->column[chip % x->f->grid.columns] -= x->host[group];
}

/* ---- the first places ---- */

/* What a group has to do with those that have a place. */
static uint64_t pull(const struct placing *x, uint32_t group)
{
    uint64_t sum = x->in[group] + x->host[group];
    for (uint32_t g = 0; g < x->n; g++) {
        if (x->f->chip[g] != NOWHERE)
            sum += x->traffic[(size_t)group * x->n + g] + x->traffic[(size_t)g * x->n + group];
    }
    return sum;
}

static uint32_t best_chip(const struct placing *x, uint32_t group)
{
    uint32_t best = NOWHERE;
    uint64_t least = UINT64_MAX;
    for (uint32_t c = 0; c < x->n_chips; c++) {
        if (x->at[c] != NOWHERE)
            continue;
        uint64_t cost = cost_at(x, group, c, NOWHERE) +
                        excess(x->column[c % x->f->grid.columns] + x->host[group]);
        if (cost < least) {
            least = cost;
            best = c;
        }
    }
    return best;
}

static void place_all(struct arena *a, struct placing *x)
{
    struct d2_floor *f = x->f;
    uint64_t *sum = ARENA_ARRAY(a, uint64_t, x->n);
    uint32_t left = x->n;
    for (uint32_t g = 0; g < x->n; g++) {
        if (f->group_home[g] != D2_ANY_HOME) {
            put(x, g, (uint32_t)f->group_home[g]);
            left--;
        }
    }
    for (uint32_t g = 0; g < x->n; g++)
        sum[g] = pull(x, g);
    for (; left > 0; left--) {
        uint32_t best = NOWHERE;
        for (uint32_t g = 0; g < x->n; g++) {
            if (f->chip[g] == NOWHERE && (best == NOWHERE || sum[g] > sum[best]))
                best = g;
        }
        put(x, best, best_chip(x, best));
        for (uint32_t g = 0; g < x->n; g++)
            sum[g] += x->traffic[(size_t)g * x->n + best] + x->traffic[(size_t)best * x->n + g];
    }
}

/* ---- exchanges ---- */

/* The costs of what is on two chips, and of their columns. */
static uint64_t cost_of_two(const struct placing *x, uint32_t chip, uint32_t other)
{
    uint32_t g = x->at[chip], h = x->at[other], columns = x->f->grid.columns;
    uint64_t cost = g == NOWHERE ? 0 : cost_at(x, g, chip, NOWHERE);
    cost += h == NOWHERE ? 0 : cost_at(x, h, other, g);
    cost += excess(x->column[chip % columns]);
    if (chip % columns != other % columns)
        cost += excess(x->column[other % columns]);
    return cost;
}

static void exchange(struct placing *x, uint32_t chip, uint32_t other)
{
    uint32_t g = x->at[chip], h = x->at[other];
    if (g != NOWHERE)
        take(x, g);
    if (h != NOWHERE)
        take(x, h);
    if (g != NOWHERE)
        put(x, g, other);
    if (h != NOWHERE)
        put(x, h, chip);
}

static bool is_fixed(const struct placing *x, uint32_t chip)
{
    return x->at[chip] != NOWHERE && x->f->group_home[x->at[chip]] != D2_ANY_HOME;
}

static void improve(struct placing *x)
{
    bool moved = true;
    for (uint32_t round = 0; round < MAX_ROUNDS && moved; round++) {
        moved = false;
        for (uint32_t c = 0; c < x->n_chips; c++) {
            x->work++; /* also where there is nothing to exchange */
            for (uint32_t k = 0; k < c; k++) {
                if ((x->at[c] == NOWHERE && x->at[k] == NOWHERE) || is_fixed(x, c) ||
                    is_fixed(x, k))
                    continue;
                x->work += 4 * x->n;
                uint64_t before = cost_of_two(x, c, k);
                exchange(x, c, k);
                if (cost_of_two(x, c, k) < before)
                    moved = true;
                else
                    exchange(x, c, k);
            }
        }
    }
}

/* Twice the hops, and what is out of reach. */
static uint64_t whole_cost(const struct placing *x)
{
    uint64_t cost = 0;
    for (uint32_t g = 0; g < x->n; g++)
        cost += cost_at(x, g, x->f->chip[g], NOWHERE) + x->in[g] * distance(x, 0, x->f->chip[g]);
    for (uint32_t c = 0; c < x->f->grid.columns; c++)
        cost += excess(x->column[c]);
    return cost;
}

/* Some random exchanges, to leave a place from which no single one leads on. */
static void shake(struct placing *x, uint64_t seed, uint64_t *draw)
{
    for (uint32_t i = 0; i < SHAKEN; i++) {
        uint32_t c = (uint32_t)(rng_uniform(seed, (*draw)++) * x->n_chips);
        uint32_t k = (uint32_t)(rng_uniform(seed, (*draw)++) * x->n_chips);
        if (c != k && !is_fixed(x, c) && !is_fixed(x, k))
            exchange(x, c, k);
    }
}

static void go_back(struct placing *x, const uint32_t *chip)
{
    for (uint32_t g = 0; g < x->n; g++)
        take(x, g);
    for (uint32_t g = 0; g < x->n; g++)
        put(x, g, chip[g]);
}

void d2_floor_place(struct arena *a, struct d2_floor *f, struct d2_budget *budget)
{
    struct placing x = {.f = f, .n = f->n_groups, .n_chips = d2_grid_chips(f->grid)};
    x.traffic = ARENA_ARRAY(a, uint64_t, (size_t)x.n * x.n);
    x.in = ARENA_ARRAY(a, uint64_t, x.n);
    x.host = ARENA_ARRAY(a, uint64_t, x.n);
    x.at = ARENA_ARRAY(a, uint32_t, x.n_chips);
    f->chip = ARENA_ARRAY(a, uint32_t, x.n);
    for (uint32_t c = 0; c < x.n_chips; c++)
        x.at[c] = NOWHERE;
    for (uint32_t g = 0; g < x.n; g++)
        f->chip[g] = NOWHERE;
    count_traffic(a, &x);
    place_all(a, &x);
    improve(&x);
    uint32_t *best = ARENA_ARRAY(a, uint32_t, x.n);
    uint64_t least = whole_cost(&x), draw = 0;
    memcpy(best, f->chip, x.n * sizeof *best);
    uint64_t most = budget->asked ? budget->left : MOST_WORK;
    while (x.work < most && (least >= OUT_OF_REACH || budget->asked)) {
        shake(&x, budget->seed, &draw);
        improve(&x);
        uint64_t cost = whole_cost(&x);
        if (cost < least) {
            least = cost;
            memcpy(best, f->chip, x.n * sizeof *best);
        } else {
            go_back(&x, best);
        }
    }
    budget->left -= x.work < budget->left ? x.work : budget->left;
}
