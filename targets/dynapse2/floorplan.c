#include "targets/dynapse2/floorplan.h"
#include "runtime/base/rng.h"
#include "targets/dynapse2/limits.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NOWHERE UINT32_MAX

enum {
    HOST_TAGS = D2_TAGS - 1,
    HOST_COLUMNS = -D2_HOST_HOP,
    MAX_ROUNDS = 20,
    WORK_PER_CHIP = 500000, /* of annealing while something is out of reach */
};

/* Hops that every one counts for by which something is out of reach: more than there are otherwise,
 * and less where it is nearer, so that a way back is seen. */
static const uint64_t penalty = 1000000000;

struct partner { /* a group that another one speaks with */
    uint32_t group;
    uint64_t to, from; /* sources that go there and come from there */
};

struct placing {
    struct d2_floor *f;
    uint32_t n, n_chips;
    uint32_t *first; /* of each group; one more */
    struct partner *partner;
    uint64_t *in;                 /* of each group: channels that it hears */
    uint64_t *host;               /* of each group: cells that the host wants to hear */
    uint64_t *distance;           /* from chip to chip */
    uint32_t *at;                 /* of each chip: its group, or NOWHERE */
    uint64_t column[D2_MAX_SIDE]; /* cells that the host wants to hear */
    uint64_t work;                /* looks at a partner, in exchanges */
};

/* ---- who speaks to whom ---- */

static uint32_t group_of(const struct d2_floor *f, uint32_t cell)
{
    return f->group[f->x->of[cell]];
}

/* Sources from group to group. */
static uint64_t *count_traffic(struct arena *a, struct placing *x)
{
    const struct d2_floor *f = x->f;
    const struct d2_spread *h = &f->x->heard;
    uint64_t *traffic = ARENA_ARRAY(a, uint64_t, (size_t)x->n * x->n);
    uint32_t *last = ARENA_ARRAY(a, uint32_t, x->n); /* 1 + source */
    for (uint32_t s = 0; s < f->p->n_sources; s++) {
        bool dense = d2_spread_is_dense(h, s);
        uint64_t *row = x->in;
        if (f->origin[s] != D2_CHANNEL)
            row = &traffic[(size_t)group_of(f, (uint32_t)f->origin[s]) * x->n];
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
    return traffic;
}

static void find_partners(struct arena *a, struct placing *x, const uint64_t *traffic)
{
    uint32_t n = 0;
    x->first = ARENA_ARRAY(a, uint32_t, x->n + 1);
    x->partner = ARENA_ARRAY(a, struct partner, (size_t)x->n * x->n);
    for (uint32_t g = 0; g < x->n; g++) {
        for (uint32_t h = 0; h < x->n; h++) {
            uint64_t to = traffic[(size_t)g * x->n + h], from = traffic[(size_t)h * x->n + g];
            if (h != g && to + from > 0)
                x->partner[n++] = (struct partner){h, to, from};
        }
        x->first[g + 1] = n;
    }
}

/* ---- costs ---- */

static uint64_t beyond(int hops)
{
    return abs(hops) > D2_MAX_HOP ? (uint64_t)(abs(hops) - D2_MAX_HOP) : 0;
}

static void find_distances(struct arena *a, struct placing *x)
{
    x->distance = ARENA_ARRAY(a, uint64_t, (size_t)x->n_chips * x->n_chips);
    for (uint32_t from = 0; from < x->n_chips; from++) {
        for (uint32_t to = 0; to < x->n_chips; to++) {
            int dx, dy;
            uint64_t too_far = d2_hops(x->f->grid, from, to, &dx, &dy) ? 0 : 1;
            too_far =
                beyond(dx) + beyond(dy) > 0 ? beyond(dx) + beyond(dy) : too_far;
            x->distance[(size_t)from * x->n_chips + to] =
                (uint64_t)(abs(dx) + abs(dy)) + too_far * penalty;
        }
    }
}

static uint64_t distance(const struct placing *x, uint32_t from, uint32_t to)
{
    return x->distance[(size_t)from * x->n_chips + to];
}

/* What the host can't tell apart in a column. */
static uint64_t excess(uint64_t cells)
{
    return cells > HOST_TAGS ? (cells - HOST_TAGS) * penalty : 0;
}

/* What a group alone costs on a chip: channels and the host. */
static uint64_t own_cost(const struct placing *x, uint32_t group, uint32_t chip)
{
    uint32_t column = chip % x->f->grid.columns;
    uint64_t cost = x->in[group] * distance(x, 0, chip);
    if (column >= HOST_COLUMNS)
        cost += x->host[group] * (column - HOST_COLUMNS + 1) * penalty;
    return cost;
}

/* With the hops to and from its partners, but for those of the group `but` (NOWHERE: of all). */
static uint64_t cost_at(const struct placing *x, uint32_t group, uint32_t chip, uint32_t but)
{
    uint64_t cost = own_cost(x, group, chip);
    for (uint32_t i = x->first[group]; i < x->first[group + 1]; i++) {
        const struct partner *p = &x->partner[i];
        uint32_t there = x->f->chip[p->group];
        if (there != NOWHERE && p->group != but)
            cost += p->to * distance(x, chip, there) + p->from * distance(x, there, chip);
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

/* By turns the group that has most to do with those that have a place. */
static void place_all(struct arena *a, struct placing *x)
{
    struct d2_floor *f = x->f;
    uint64_t *sum = ARENA_ARRAY(a, uint64_t, x->n);
    for (uint32_t g = 0; g < x->n; g++) {
        sum[g] = x->in[g] + x->host[g];
        if (f->group_home[g] != D2_ANY_HOME)
            put(x, g, (uint32_t)f->group_home[g]);
    }
    for (uint32_t g = 0; g < x->n; g++) {
        for (uint32_t i = x->first[g]; i < x->first[g + 1]; i++) {
            if (f->chip[x->partner[i].group] != NOWHERE)
                sum[g] += x->partner[i].to + x->partner[i].from;
        }
    }
    for (;;) {
        uint32_t best = NOWHERE;
        for (uint32_t g = 0; g < x->n; g++) {
            if (f->chip[g] == NOWHERE && (best == NOWHERE || sum[g] > sum[best]))
                best = g;
        }
        if (best == NOWHERE)
            return;
        put(x, best, best_chip(x, best));
        for (uint32_t i = x->first[best]; i < x->first[best + 1]; i++)
            sum[x->partner[i].group] += x->partner[i].to + x->partner[i].from;
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

/* Exchanges what is on two chips if that costs less or, the rarer the more it costs, more; returns
 * by how much. `heat` 0: only what costs less. */
static int64_t try_exchange(struct placing *x, uint32_t c, uint32_t k, double heat, double chance)
{
    uint32_t g = x->at[c], h = x->at[k];
    x->work += 1 + (g == NOWHERE ? 0 : x->first[g + 1] - x->first[g]) +
               (h == NOWHERE ? 0 : x->first[h + 1] - x->first[h]);
    if (g == h || is_fixed(x, c) || is_fixed(x, k)) /* equal: both empty, or the same chip */
        return 0;
    uint64_t before = cost_of_two(x, c, k);
    exchange(x, c, k);
    int64_t more = (int64_t)(cost_of_two(x, c, k) - before);
    if (more < 0 || (heat > 0 && chance < exp(-(double)more / heat)))
        return more;
    exchange(x, c, k);
    return 0;
}

/* Returns by how much it costs less. */
static int64_t improve(struct placing *x)
{
    int64_t won = 0, before = -1;
    for (uint32_t round = 0; round < MAX_ROUNDS && won != before; round++) {
        before = won;
        for (uint32_t c = 0; c < x->n_chips; c++) {
            for (uint32_t k = 0; k < c; k++)
                won -= try_exchange(x, c, k, 0, 0);
        }
    }
    return won;
}

static int64_t whole_cost(const struct placing *x)
{
    uint64_t twice = 0, once = 0;
    for (uint32_t g = 0; g < x->n; g++) {
        uint64_t own = own_cost(x, g, x->f->chip[g]);
        twice += cost_at(x, g, x->f->chip[g], NOWHERE) - own;
        once += own;
    }
    for (uint32_t c = 0; c < x->f->grid.columns; c++)
        once += excess(x->column[c]);
    return (int64_t)(twice / 2 + once);
}

static void go_back(struct placing *x, const uint32_t *chip)
{
    for (uint32_t g = 0; g < x->n; g++)
        take(x, g);
    for (uint32_t g = 0; g < x->n; g++)
        put(x, g, chip[g]);
}

/* A number below n, of 32 random bits. */
static uint32_t below(uint32_t n, uint32_t bits)
{
    return (uint32_t)((uint64_t)bits * n >> 32);
}

/* Random exchanges that get ever colder; what is best stays. */
static void anneal(struct arena *a, struct placing *x, uint64_t most, uint64_t seed)
{
    uint32_t *best = ARENA_ARRAY(a, uint32_t, x->n);
    int64_t cost = whole_cost(x), least = cost;
    double hot = cost < (int64_t)penalty ? 1 : (double)penalty, cold = 1;
    struct rng_key key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
    uint64_t begin = x->work;
    uint32_t draw = 0;
    for (uint32_t i = 0; i < x->first[x->n]; i++) {
        double sources = (double)(x->partner[i].to + x->partner[i].from);
        cold = fmax(cold, sources);
    }
    hot *= 2 * cold;
    cold /= 10;
    memcpy(best, x->f->chip, x->n * sizeof *best);
    while (x->work - begin < most) {
        double gone = (double)(x->work - begin) / (double)most, heat = hot * pow(cold / hot, gone);
        uint32_t one[RNG_LANES], other[RNG_LANES], chance[RNG_LANES], unused[RNG_LANES];
        threefry_lanes(key, draw, 0, one, other);
        threefry_lanes(key, draw, 1, chance, unused);
        draw += RNG_LANES;
        for (uint32_t i = 0; i < RNG_LANES; i++) {
            cost += try_exchange(x, below(x->n_chips, one[i]), below(x->n_chips, other[i]), heat,
                                 chance[i] * 0x1p-32);
            if (cost < least) {
                least = cost;
                memcpy(best, x->f->chip, x->n * sizeof *best);
            }
        }
    }
    go_back(x, best);
    improve(x);
}

void d2_floor_place(struct arena *a, struct d2_floor *f, struct d2_budget *budget)
{
    struct placing x = {.f = f, .n = f->n_groups, .n_chips = d2_grid_chips(f->grid)};
    x.in = ARENA_ARRAY(a, uint64_t, x.n);
    x.host = ARENA_ARRAY(a, uint64_t, x.n);
    x.at = ARENA_ARRAY(a, uint32_t, x.n_chips);
    f->chip = ARENA_ARRAY(a, uint32_t, x.n);
    for (uint32_t c = 0; c < x.n_chips; c++)
        x.at[c] = NOWHERE;
    for (uint32_t g = 0; g < x.n; g++)
        f->chip[g] = NOWHERE;
    find_partners(a, &x, count_traffic(a, &x));
    find_distances(a, &x);
    place_all(a, &x);
    improve(&x);
    bool all_fixed = true;
    for (uint32_t g = 0; g < x.n; g++)
        all_fixed = all_fixed && f->group_home[g] != D2_ANY_HOME;
    if (budget->asked && !all_fixed)
        anneal(a, &x, budget->left, budget->seed);
    else if (whole_cost(&x) >= (int64_t)penalty && !all_fixed)
        anneal(a, &x, (uint64_t)WORK_PER_CHIP * x.n_chips, budget->seed);
    f->beyond = (uint64_t)whole_cost(&x) / penalty;
    f->hops = (uint64_t)whole_cost(&x) % penalty;
    budget->left -= x.work < budget->left ? x.work : budget->left;
}
