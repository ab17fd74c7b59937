#include "targets/dynapse2/floorplan.h"
#include "targets/dynapse2/limits.h"
#include <string.h>

#define FREE UINT32_MAX

enum {
    CHIP = 4,      /* a chip that hears a source; 1 more if it is another one than the source's */
    EXCESS = 1000, /* one beyond what the source may reach */
    WIDE = 32,     /* blocks; sources heard in more say nothing about which belong together */
    TRIED = 3,     /* groups that a block is tried in */
    MAX_ROUNDS = 20,
};

struct grouping {
    struct d2_floor *f;
    uint32_t n;             /* blocks */
    uint32_t *affinity;     /* of two blocks: sources that both hear, or that one sends the other */
    uint32_t *size;         /* of each group */
    struct d2_spread heard; /* of each source: the groups where it is heard, in blocks */
};

static uint32_t *affinity(const struct grouping *g, uint32_t a, uint32_t b)
{
    return &g->affinity[(size_t)a * g->n + b];
}

static uint32_t chip_of_home(int32_t home)
{
    return (uint32_t)home / D2_CORES;
}

/* ---- what blocks hear ---- */

static void find_sources(struct arena *a, struct d2_floor *f)
{
    const struct d2_problem *p = f->p;
    const struct d2_spread *h = &f->x->heard;
    f->first_source = ARENA_ARRAY(a, uint64_t, (size_t)f->x->n_blocks + 2);
    f->source = ARENA_ARRAY(a, uint32_t, f->x->tags);
    for (uint32_t b = 0; b < f->x->n_blocks; b++)
        f->first_source[b + 2] = f->first_source[b + 1] + f->x->block[b].tags;
    for (uint32_t s = 0; s < p->n_sources; s++) {
        bool dense = d2_spread_is_dense(h, s);
        for (uint32_t k = 0, seen = 0; seen < h->n[s]; k++) {
            const struct d2_heard *x = &h->heard[h->first[s] + k];
            if (x->cells == 0)
                continue;
            seen++;
            f->source[f->first_source[(dense ? k : x->unit) + 1]++] = s;
        }
    }
}

/* The sources that are cells of each block. */
static void find_own(struct arena *a, struct d2_floor *f)
{
    f->first_own = ARENA_ARRAY(a, uint32_t, f->x->n_blocks + 2);
    f->own = ARENA_ARRAY(a, uint32_t, f->p->n_cells);
    for (uint32_t c = 0; c < f->p->n_cells; c++)
        f->first_own[f->x->of[c] + 2]++;
    for (uint32_t b = 2; b <= f->x->n_blocks; b++)
        f->first_own[b] += f->first_own[b - 1];
    for (uint32_t s = 0; s < f->p->n_sources; s++) {
        if (f->origin[s] != D2_CHANNEL)
            f->own[f->first_own[f->x->of[f->origin[s]] + 1]++] = s;
    }
}

static void find_affinity(struct arena *a, struct grouping *g)
{
    const struct d2_floor *f = g->f;
    uint32_t *list = ARENA_ARRAY(a, uint32_t, WIDE + 1);
    const struct d2_spread *h = &f->x->heard;
    g->affinity = ARENA_ARRAY(a, uint32_t, (size_t)g->n * g->n);
    for (uint32_t s = 0; s < f->p->n_sources; s++) {
        uint32_t n = 0;
        if (h->n[s] > WIDE)
            continue;
        for (uint32_t k = 0; n < h->n[s]; k++) {
            const struct d2_heard *x = &h->heard[h->first[s] + k];
            if (x->cells > 0)
                list[n++] = d2_spread_is_dense(h, s) ? k : x->unit;
        }
        if (f->origin[s] != D2_CHANNEL)
            list[n++] = (uint32_t)f->x->of[f->origin[s]];
        for (uint32_t i = 0; i < n; i++) {
            for (uint32_t k = 0; k < n; k++)
                *affinity(g, list[i], list[k]) += list[i] != list[k];
        }
    }
}

/* ---- groups that grow ---- */

static void join(struct grouping *g, uint32_t block, uint32_t group)
{
    g->f->group[block] = group;
    g->size[group]++;
}

static uint32_t open_group(struct grouping *g, int32_t home)
{
    g->f->group_home[g->f->n_groups] = home;
    return g->f->n_groups++;
}

static bool is_fixed(const struct grouping *g, uint32_t block)
{
    return g->f->x->block[block].home != D2_ANY_HOME;
}

/* What every block has in common with the group. */
static void sum_affinity(const struct grouping *g, uint32_t group, uint64_t *sum)
{
    memset(sum, 0, g->n * sizeof *sum);
    for (uint32_t k = 0; k < g->n; k++) {
        for (uint32_t b = 0; g->f->group[k] == group && b < g->n; b++)
            sum[b] += *affinity(g, k, b);
    }
}

/* Up to four blocks, each the free one with most in common; one without any only if `all`. */
static void grow_group(struct grouping *g, uint32_t group, uint64_t *sum, bool all)
{
    sum_affinity(g, group, sum);
    while (g->size[group] < D2_CORES) {
        uint32_t best = g->n;
        for (uint32_t b = 0; b < g->n; b++) {
            if (g->f->group[b] == FREE && (all || sum[b] > 0) &&
                (best == g->n || sum[b] > sum[best]))
                best = b;
        }
        if (best == g->n)
            return;
        join(g, best, group);
        for (uint32_t b = 0; b < g->n; b++)
            sum[b] += *affinity(g, best, b);
    }
}

static void grow_groups(struct arena *a, struct grouping *g)
{
    uint64_t *sum = ARENA_ARRAY(a, uint64_t, g->n);
    uint32_t *of_chip = ARENA_ARRAY(a, uint32_t, d2_grid_chips(g->f->grid)); /* 1 + group */
    for (uint32_t b = 0; b < g->n; b++) {
        g->f->group[b] = FREE;
        if (!is_fixed(g, b))
            continue;
        uint32_t chip = chip_of_home(g->f->x->block[b].home);
        if (!of_chip[chip])
            of_chip[chip] = 1 + open_group(g, (int32_t)chip);
        join(g, b, of_chip[chip] - 1);
    }
    for (uint32_t i = 0; i < g->f->n_groups; i++)
        grow_group(g, i, sum, false);
    for (uint32_t b = 0; b < g->n; b++) {
        if (g->f->group[b] != FREE)
            continue;
        uint32_t group = 0;
        if (g->f->n_groups < d2_grid_chips(g->f->grid))
            group = open_group(g, D2_ANY_HOME);
        else /* beside given ones there is room */
            while (g->size[group] == D2_CORES)
                group++;
        join(g, b, group);
        grow_group(g, group, sum, true);
    }
}

/* ---- moves and exchanges ---- */

static void count_heard(struct arena *a, struct grouping *g)
{
    const struct d2_floor *f = g->f;
    d2_spread_init(a, f->p, d2_grid_chips(f->grid), &g->heard);
    memset(g->size, 0, d2_grid_chips(f->grid) * sizeof *g->size);
    for (uint32_t b = 0; b < g->n; b++) {
        g->size[f->group[b]]++;
        for (uint64_t i = f->first_source[b]; i < f->first_source[b + 1]; i++)
            d2_spread_add(&g->heard, f->source[i], f->group[b]);
    }
}

static int64_t cost_of(const struct grouping *g, uint32_t source)
{
    const struct d2_floor *f = g->f;
    uint32_t n = g->heard.n[source], max = f->p->max_chips[source];
    int64_t cost = CHIP * (int64_t)n;
    if (max != D2_ANY_CHIPS && n > max)
        cost += EXCESS * (int64_t)(n - max);
    if (f->origin[source] == D2_CHANNEL)
        return cost;
    uint32_t own = f->group[f->x->of[f->origin[source]]];
    return cost + n - (d2_spread_count(&g->heard, source, own) > 0);
}

/* Of all sources that the block hears, or sends and doesn't hear. */
static int64_t cost_of_block(const struct grouping *g, uint32_t block)
{
    const struct d2_floor *f = g->f;
    int64_t cost = 0;
    for (uint64_t i = f->first_source[block]; i < f->first_source[block + 1]; i++)
        cost += cost_of(g, f->source[i]);
    for (uint32_t i = f->first_own[block]; i < f->first_own[block + 1]; i++) {
        if (d2_spread_count(&f->x->heard, f->own[i], block) == 0)
            cost += cost_of(g, f->own[i]);
    }
    return cost;
}

/* Moves a block; returns by how much that makes things worse. */
static int64_t move(struct grouping *g, uint32_t block, uint32_t to)
{
    struct d2_floor *f = g->f;
    uint32_t from = f->group[block];
    int64_t before = cost_of_block(g, block);
    for (uint64_t i = f->first_source[block]; i < f->first_source[block + 1]; i++) {
        d2_spread_remove(&g->heard, f->source[i], from);
        d2_spread_add(&g->heard, f->source[i], to);
    }
    f->group[block] = to;
    g->size[from]--;
    g->size[to]++;
    return cost_of_block(g, block) - before;
}

/* The groups that have most in common with the block, its own left out. */
static uint32_t find_targets(const struct grouping *g, uint32_t block, uint64_t *sum,
                             uint32_t target[TRIED])
{
    uint32_t n = 0;
    memset(sum, 0, g->f->n_groups * sizeof *sum);
    for (uint32_t k = 0; k < g->n; k++)
        sum[g->f->group[k]] += *affinity(g, block, k);
    for (uint32_t i = 0; i < g->f->n_groups; i++) {
        if (i == g->f->group[block] || sum[i] == 0)
            continue;
        uint32_t k = n < TRIED ? n++ : TRIED;
        for (; k > 0 && sum[target[k - 1]] < sum[i]; k--) {
            if (k < TRIED)
                target[k] = target[k - 1];
        }
        if (k < TRIED)
            target[k] = i;
    }
    return n;
}

static uint64_t weight(const struct grouping *g, uint32_t block)
{
    return g->f->first_source[block + 1] - g->f->first_source[block];
}

/* The block changes places with one of the group, or takes a free place there, if that is better.
 */
static bool try_group(struct grouping *g, uint32_t block, uint32_t to, struct d2_budget *budget)
{
    uint32_t from = g->f->group[block];
    int64_t cost = move(g, block, to);
    bool done = cost < 0 && g->size[to] <= D2_CORES;
    uint64_t spent = weight(g, block);
    for (uint32_t k = 0; k < g->n && !done; k++) {
        if (g->f->group[k] != to || k == block || is_fixed(g, k))
            continue;
        spent += 2 * weight(g, k);
        done = cost + move(g, k, from) < 0;
        if (!done)
            move(g, k, to);
    }
    if (!done)
        move(g, block, from);
    budget->left -= spent < budget->left ? spent : budget->left;
    return done;
}

void d2_floor_regroup(struct arena *a, struct d2_floor *f, struct d2_budget *budget)
{
    struct grouping g = {.f = f, .n = f->x->n_blocks};
    find_sources(a, f);
    find_own(a, f);
    g.size = ARENA_ARRAY(a, uint32_t, d2_grid_chips(f->grid));
    find_affinity(a, &g);
    count_heard(a, &g);
    uint64_t *sum = ARENA_ARRAY(a, uint64_t, f->n_groups);
    bool moved = true;
    for (uint32_t round = 0; round < MAX_ROUNDS && moved; round++) {
        moved = false;
        for (uint32_t b = 0; b < g.n && budget->left > 0; b++) {
            uint32_t target[TRIED];
            uint32_t n = is_fixed(&g, b) ? 0 : find_targets(&g, b, sum, target);
            for (uint32_t i = 0; i < n; i++)
                moved = try_group(&g, b, target[i], budget) || moved;
        }
    }
}

void d2_floor_group(struct arena *a, struct d2_floor *f)
{
    struct grouping g = {.f = f, .n = f->x->n_blocks};
    uint32_t n_chips = d2_grid_chips(f->grid);
    f->n_groups = 0;
    f->group = ARENA_ARRAY(a, uint32_t, g.n);
    f->group_home = ARENA_ARRAY(a, int32_t, n_chips);
    g.size = ARENA_ARRAY(a, uint32_t, n_chips);
    find_affinity(a, &g);
    grow_groups(a, &g);
}
