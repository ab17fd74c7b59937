/* Neurons get a core and an index there. Those of equal currents share cores: as few as their
 * number and the tags of their sources allow (partition.h), or, where there are more currents than
 * cores, those of similar ones (cluster.h). Cores that hear the same sources share a chip, and
 * chips that speak to each other are near (floorplan.h). */
#include "targets/dynapse2/place.h"
#include "targets/dynapse2/profile.h"
#include <math.h>

/* Work is counted, not timed, so that results are the same on every machine: looks at a source, of
 * which machines do a hundred million in a second. */
static const double work_per_second = 1e8;
enum {
    WORK_PER_SYNAPSE = 40, /* without --effort */
    LEAST_WORK = 1 << 20,
    ROUNDS = 3, /* of cells and chips by turns */
};

/* Neurons that can be used in each core that has most of them: what a block may hold wherever it
 * will stand. */
static uint32_t least_room(struct d2_place *x)
{
    enum { MOST = D2_NEURONS * 3 / 4 };
    uint32_t least = D2_NEURONS;
    for (uint32_t h = 0; h < x->n_homes; h++) {
        uint32_t n = d2_usable_neurons(x->n->board, h / D2_CORES, h % D2_CORES);
        least = n >= MOST && n < least ? n : least;
    }
    return least;
}

static void start(struct d2_place *x)
{
    struct net *n = x->n;
    x->n_homes = d2_grid_chips(x->grid) * D2_CORES;
    x->p.n_cells = x->rows.n_cells;
    x->p.max_tags = D2_TAGS;
    x->p.room = least_room(x);
    x->p.max_blocks = x->n_homes;
    x->cell = ARENA_ARRAY(x->a, struct d2_cell, x->p.n_cells);
    uint32_t *kin = ARENA_ARRAY(x->a, uint32_t, x->p.n_cells);
    for (uint32_t l = 0, c = 0; l < n->layer.n; l++) {
        for (uint32_t e = 0; e < n->layer.data[l].n; e++, c++) {
            x->cell[c] = (struct d2_cell){.layer = l, .element = e};
            kin[c] = l;
        }
    }
    x->p.kin = kin;
}

/* The better of two ways that both give every cell a block; as good, the order of the cells. */
static bool make_parts(struct d2_place *x, struct d2_budget *budget)
{
    struct d2_parts grown;
    struct d2_problem p = x->p;
    d2_parts_copy(x->a, &x->p, &x->parts, &grown);
    bool ok = d2_grow(x->a, &x->p, &grown);
    if (ok) {
        d2_improve(x->a, &x->p, &grown, NULL, budget);
        p.max_blocks = grown.n_blocks; /* no way to need more */
    }
    if (!d2_fill(x->a, &p, &x->parts)) {
        x->parts = ok ? grown : x->parts;
        return ok;
    }
    d2_improve(x->a, &x->p, &x->parts, NULL, budget);
    if (ok && x->parts.n_blocks == grown.n_blocks && grown.tags < x->parts.tags)
        x->parts = grown;
    return true;
}

/* Whether every flavour can have blocks of its own. */
static bool flavours_fit(const struct d2_place *x)
{
    const struct d2_problem *p = &x->p;
    uint32_t *n = ARENA_ARRAY(x->a, uint32_t, p->n_flavours), blocks = x->parts.n_blocks;
    for (uint32_t c = 0; c < p->n_cells; c++)
        n[p->flavour[c]] += x->parts.of[c] == D2_NO_BLOCK;
    for (uint32_t b = 0; b < x->parts.n_blocks; b++) {
        const struct d2_block *y = &x->parts.block[b];
        uint32_t room = y->room - y->used;
        if (y->flavour >= 0)
            n[y->flavour] -= room < n[y->flavour] ? room : n[y->flavour];
    }
    for (uint32_t f = 0; f < p->n_flavours && blocks <= p->max_blocks; f++)
        blocks += (n[f] + p->room - 1) / p->room;
    return blocks <= p->max_blocks;
}

/* Cores of the blocks: free ones of their chips in ascending order. */
static void find_homes(struct d2_place *x, const struct d2_floor *f)
{
    bool *taken = ARENA_ARRAY(x->a, bool, x->n_homes);
    x->home = ARENA_ARRAY(x->a, uint32_t, x->parts.n_blocks);
    for (uint32_t b = 0; b < x->parts.n_blocks; b++) {
        if (x->parts.block[b].home != D2_ANY_HOME)
            taken[x->parts.block[b].home] = true;
    }
    for (uint32_t b = 0; b < x->parts.n_blocks; b++) {
        uint32_t home = f->chip[f->group[b]] * D2_CORES;
        if (x->parts.block[b].home != D2_ANY_HOME) {
            x->home[b] = (uint32_t)x->parts.block[b].home;
            continue;
        }
        while (taken[home])
            home++;
        taken[home] = true;
        x->home[b] = home;
    }
}

/* Blocks for all cells: of equal currents, or of similar ones where there are too many. */
static bool find_parts(struct d2_place *x, struct d2_budget *budget)
{
    return flavours_fit(x) ? make_parts(x, budget) : d2_cluster_flavours(x);
}

/* Chips for the blocks, and the blocks better for that. */
static void find_chips(struct d2_place *x, struct d2_budget *budget)
{
    struct d2_floor f = {
        .p = &x->p, .x = &x->parts, .grid = x->grid, .origin = x->origin, .wanted = x->wanted};
    d2_floor_group(x->a, &f, budget);
    for (uint32_t i = 0; i < ROUNDS && f.n_groups > 1 && budget->left > 0; i++) {
        uint32_t *chip = ARENA_ARRAY(x->a, uint32_t, x->parts.n_blocks);
        memcpy(chip, f.group, x->parts.n_blocks * sizeof *chip);
        struct d2_chips chips = {d2_grid_chips(x->grid), chip};
        d2_improve(x->a, &x->p, &x->parts, &chips, budget);
        d2_floor_regroup(x->a, &f, budget);
    }
    d2_floor_place(x->a, &f, budget);
    find_homes(x, &f);
}

/* Where that isn't enough: each core for what it is, since some may have more usable neurons than
 * others, and sources that nobody can tell apart as one. */
static bool try_all(struct d2_place *x, struct d2_budget *budget)
{
    for (uint32_t way = 0; way < 4; way++) {
        bool all = way % 2;
        if (way == 2 && !d2_merge_sources(x))
            break;
        if (all && x->p.room == D2_NEURONS)
            continue;
        d2_parts_init(x->a, &x->p, &x->parts);
        if (!d2_take_board(x, all))
            return false;
        if (find_parts(x, budget))
            return true;
    }
    d2_say_no_room(x);
    return false;
}

static bool place_cells(struct d2_place *x)
{
    uint64_t synapses = x->p.first_cell[x->p.n_sources];
    struct d2_budget budget = {.left = LEAST_WORK + WORK_PER_SYNAPSE * synapses,
                               .seed = x->o->seed};
    if (x->o->effort > 0) {
        budget.left = (uint64_t)fmin(x->o->effort * work_per_second, 1e18);
        budget.asked = true;
    }
    if (!try_all(x, &budget))
        return false;
    find_chips(x, &budget);
    return true;
}

/* ---- the pass ---- */

static void report(const struct d2_place *x)
{
    uint32_t *used = ARENA_ARRAY(x->a, uint32_t, x->n_homes);
    for (uint32_t b = 0; b < x->parts.n_blocks; b++)
        used[x->home[b]] = x->parts.block[b].used;
    for (uint32_t h = 0; h < x->n_homes; h++) {
        if (used[h] > 0)
            buf_printf(&x->report->text, "place: chip %u core %u: %u neurons\n", h / D2_CORES,
                       h % D2_CORES, used[h]);
    }
}

bool d2_place(struct net *n, const struct target_options *o, struct target_report *r,
              struct diags *d)
{
    if (!d2_begin(n, o, d))
        return false;
    struct arena scratch = {0};
    struct d2_place x = {
        .n = n, .o = o, .report = r, .d = d, .a = &scratch, .grid = d2_grid_of(n->board)};
    bool ok = d2_rows_init(&scratch, n, &x.rows, d);
    if (ok) {
        start(&x);
        d2_find_flavours(&x);
        ok = d2_find_sources(&x) && place_cells(&x);
    }
    if (ok) {
        d2_fill_board(&x);
        d2_share_currents(n, d);
        report(&x);
    }
    arena_free(&scratch);
    return ok;
}
