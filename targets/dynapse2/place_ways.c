/* Ways to place a network, until one of them breaks no limit. */
#include "targets/dynapse2/place.h"
#include "targets/dynapse2/profile.h"
#include <math.h>

/* Work is counted, not timed, so that results are the same on every machine: looks at a source, of
 * which machines do a hundred million in a second. */
static const double work_per_second = 1e8;
enum {
    WORK_PER_SYNAPSE = 40, /* without --effort */
    LEAST_WORK = 1 << 20,
    WORK_PER_TAG = 200,
    LEAST_PACKING = 1 << 27, /* where nothing else was found */
    ROUNDS = 3,              /* of cells and chips by turns */
    MAX_WAYS = 2,
};

struct way {
    struct d2_parts parts;
    struct d2_floor floor;
    uint32_t *home;   /* of each block */
    bool near;        /* similar currents together, on fewer chips than there are */
    uint64_t lacking; /* tags and CAM entries */
    uint64_t broken;  /* these, and sources on a chip too many, hops too far */
};

/* Every stage has its share of the work, so that none is left without. */
static struct d2_budget share(const struct d2_budget *whole)
{
    struct d2_budget part = *whole;
    part.left /= 8;
    return part;
}

static void improve(struct d2_place *x, struct d2_parts *parts, const struct d2_chips *chips,
                    const struct d2_budget *whole)
{
    struct d2_budget budget = share(whole);
    d2_improve(x->a, &x->p, parts, chips, &budget);
}

/* Exchanges of blocks look at what the blocks hear, many times. */
static void regroup(struct d2_place *x, struct way *w, const struct d2_budget *whole)
{
    struct d2_budget budget = share(whole);
    uint64_t least = WORK_PER_TAG * w->parts.tags;
    budget.left = budget.left > least ? budget.left : least;
    d2_floor_regroup(x->a, &w->floor, &budget);
}

/* ---- blocks ---- */

/* Growth, or the order of the cells: the one that is better by fewer tags first, as good the order.
 * Returns how many of them need no more blocks than there are. */
static uint32_t make_parts(struct d2_place *x, struct way way[MAX_WAYS],
                           const struct d2_budget *budget)
{
    struct d2_parts grown;
    struct d2_problem p = x->p;
    uint32_t n = 0;
    d2_parts_copy(x->a, &x->p, &x->parts, &grown);
    bool ok = d2_grow(x->a, &x->p, &grown);
    if (ok) {
        improve(x, &grown, NULL, budget);
        p.max_blocks = grown.n_blocks; /* no way to need more */
    }
    bool filled = d2_fill(x->a, &p, &x->parts);
    if (filled)
        improve(x, &x->parts, NULL, budget);
    bool order =
        filled && (!ok || x->parts.n_blocks < grown.n_blocks || x->parts.tags <= grown.tags);
    if (order)
        way[n++].parts = x->parts;
    if (ok)
        way[n++].parts = grown;
    if (filled && !order)
        way[n++].parts = x->parts;
    return n;
}

/* The empty block where n cells have room, the smallest such, else the largest one; NULL: none. */
static uint32_t *best_room(uint32_t *room, uint32_t n_rooms, uint32_t n)
{
    uint32_t *best = NULL;
    for (uint32_t i = 0; i < n_rooms; i++) {
        bool better = best && (room[i] >= n ? room[i] < *best || *best < n : room[i] > *best);
        if (room[i] > 0 && (!best || better))
            best = &room[i];
    }
    return best;
}

/* Whether every flavour can have blocks of its own: new ones, or empty ones that are given. */
static bool flavours_fit(const struct d2_place *x)
{
    const struct d2_problem *p = &x->p;
    uint32_t *n = ARENA_ARRAY(x->a, uint32_t, p->n_flavours), blocks = x->parts.n_blocks;
    uint32_t *empty = ARENA_ARRAY(x->a, uint32_t, p->max_blocks), n_empty = 0;
    for (uint32_t c = 0; c < p->n_cells; c++)
        n[p->flavour[c]] += x->parts.of[c] == D2_NO_BLOCK;
    for (uint32_t b = 0; b < x->parts.n_blocks; b++) {
        const struct d2_block *y = &x->parts.block[b];
        uint32_t room = y->room - y->used;
        if (y->flavour >= 0)
            n[y->flavour] -= room < n[y->flavour] ? room : n[y->flavour];
        else if (y->flavour == D2_EMPTY)
            empty[n_empty++] = room;
    }
    for (uint32_t f = 0; f < p->n_flavours; f++) {
        while (n[f] > 0) {
            bool new = blocks < p->max_blocks;
            uint32_t *room = new ? NULL : best_room(empty, n_empty, n[f]);
            if (!new && !room)
                return false;
            uint32_t taken = new ? p->room : *room;
            n[f] -= taken < n[f] ? taken : n[f];
            blocks += new;
            if (room)
                *room = 0;
        }
    }
    return true;
}

/* Into all blocks that there are. As the last resort it has all of the work that may be done. */
static uint32_t pack_parts(struct d2_place *x, struct way way[MAX_WAYS],
                           const struct d2_budget *whole)
{
    struct d2_budget budget = *whole;
    if (!budget.asked && budget.left < LEAST_PACKING)
        budget.left = LEAST_PACKING;
    if (!d2_pack(x->a, &x->p, &x->parts, &budget))
        return 0;
    improve(x, &x->parts, NULL, whole);
    way[0].parts = x->parts;
    return 1;
}

/* How cells that share a core are found. */
enum how {
    EQUAL,   /* of equal currents, in few blocks; of similar ones where those are too many */
    PACKED,  /* of equal currents, in all blocks */
    SIMILAR, /* of similar currents: equal ones are too far apart */
};

static uint32_t find_parts(struct d2_place *x, enum how how, struct way way[MAX_WAYS],
                           const struct d2_budget *budget)
{
    if (how == PACKED)
        return pack_parts(x, way, budget);
    if (how == EQUAL && flavours_fit(x))
        return make_parts(x, way, budget);
    if (!d2_cluster_flavours(x))
        return 0;
    way[0].parts = x->parts;
    return 1;
}

/* ---- chips ---- */

/* Chips beyond what sources may be heard on; each source's by groups of so many, begun ones too. */
static uint64_t chips_too_many(const struct d2_place *x, const struct d2_floor *f, uint32_t group)
{
    uint64_t sum = 0;
    uint32_t *last = ARENA_ARRAY(x->a, uint32_t, f->n_groups); /* 1 + source */
    for (uint32_t s = 0; s < x->p.n_sources; s++) {
        uint32_t n = 0, max = x->p.max_chips[s];
        for (uint64_t i = x->p.first_cell[s]; i < x->p.first_cell[s + 1]; i++) {
            uint32_t g = f->group[f->x->of[x->p.cell[i]]];
            n += last[g] != s + 1;
            last[g] = s + 1;
        }
        sum += max != D2_ANY_CHIPS && n > max ? (n - max + group - 1) / group : 0;
    }
    return sum;
}

/* Cores of the blocks: free ones of their chips in ascending order. */
static void find_homes(struct d2_place *x, struct way *w)
{
    const struct d2_floor *f = &w->floor;
    bool *taken = ARENA_ARRAY(x->a, bool, x->n_homes);
    w->home = ARENA_ARRAY(x->a, uint32_t, w->parts.n_blocks);
    for (uint32_t b = 0; b < w->parts.n_blocks; b++) {
        if (w->parts.block[b].home != D2_ANY_HOME)
            taken[w->parts.block[b].home] = true;
    }
    for (uint32_t b = 0; b < w->parts.n_blocks; b++) {
        uint32_t home = f->chip[f->group[b]] * D2_CORES;
        if (w->parts.block[b].home != D2_ANY_HOME) {
            w->home[b] = (uint32_t)w->parts.block[b].home;
            continue;
        }
        while (taken[home])
            home++;
        taken[home] = true;
        w->home[b] = home;
    }
}

static uint64_t tags_too_many(const struct d2_place *x, const struct d2_parts *parts)
{
    uint64_t sum = 0;
    for (uint32_t b = 0; b < parts->n_blocks; b++) {
        uint32_t n = parts->block[b].tags;
        sum += n > x->p.max_tags ? n - x->p.max_tags : 0;
    }
    return sum;
}

/* Chips for the blocks, and the blocks better for that. */
static void find_chips(struct d2_place *x, struct way *w, const struct d2_budget *whole)
{
    w->floor = (struct d2_floor){
        .p = &x->p, .x = &w->parts, .grid = x->grid, .origin = x->origin, .wanted = x->wanted};
    struct d2_floor *f = &w->floor;
    d2_floor_group(x->a, f);
    regroup(x, w, whole);
    for (uint32_t i = 0; i < ROUNDS && f->n_groups > 1; i++) {
        uint32_t *chip = ARENA_ARRAY(x->a, uint32_t, w->parts.n_blocks);
        memcpy(chip, f->group, w->parts.n_blocks * sizeof *chip);
        struct d2_chips chips = {d2_grid_chips(x->grid), chip};
        improve(x, &w->parts, &chips, whole);
        regroup(x, w, whole);
    }
    struct d2_budget budget = share(whole);
    d2_floor_place(x->a, f, &budget);
    find_homes(x, w);
    w->lacking = tags_too_many(x, &w->parts) + d2_unseated(x, &w->parts, w->home);
    w->broken = chips_too_many(x, f, 1) + f->beyond + w->lacking;
}

/* ---- ways ---- */

/* On a board that is larger than inputs or outputs reach, what hears the ones or is the others has
 * blocks of its own, since only those have to be near. False: it isn't, or there are no such cells.
 */
static bool split_zones(struct d2_place *x)
{
    enum { ZONES = 4 };
    bool wide_in = x->grid.columns > D2_MAX_HOP + 1 || x->grid.rows > D2_MAX_HOP + 1;
    bool wide_out = x->grid.columns > -D2_HOST_HOP;
    uint32_t *flavour = ARENA_ARRAY(x->a, uint32_t, x->p.n_cells);
    uint32_t *number = ARENA_ARRAY(x->a, uint32_t, (size_t)x->p.n_flavours * ZONES), n = 0;
    for (uint32_t c = 0; c < x->p.n_cells; c++) {
        /* Channels are the first sources. */
        bool hears = x->p.first_source[c] < x->p.first_source[c + 1] &&
                     d2_is_channel(&x->rows, x->p.source[x->p.first_source[c]]);
        uint32_t zone = (wide_in && hears ? 1u : 0) + (wide_out && x->wanted[c] ? 2u : 0);
        uint32_t *at = &number[x->p.flavour[c] * ZONES + zone];
        if (*at == 0)
            *at = ++n;
        flavour[c] = *at - 1;
    }
    bool split = n > x->p.n_flavours;
    x->p.flavour = flavour;
    x->p.n_flavours = n;
    return split;
}

/* All ways from one start; the best one so far stays. Returns whether it breaks nothing. */
static bool try_ways(struct d2_place *x, enum d2_homed which, enum how how,
                     const struct d2_budget *budget, struct way *best)
{
    struct d2_problem p = x->p;
    struct way way[MAX_WAYS];
    d2_parts_init(x->a, &x->p, &x->parts);
    d2_take_board(x, which);
    uint32_t n = find_parts(x, how, way, budget);
    for (uint32_t i = 0; i < n && best->broken > 0; i++) {
        struct way *w = ARENA_NEW(x->a, struct way); /* its floor points to its parts */
        w->parts = way[i].parts;
        w->near = how == SIMILAR;
        find_chips(x, w, budget);
        if (w->broken < best->broken) {
            *best = *w;
            best->floor.x = &best->parts;
        }
    }
    x->p = p;
    return best->broken == 0;
}

/* Whether more cores are taken for what they are than without. */
static bool homes_differ(const struct d2_place *x, enum d2_homed which)
{
    bool differ = which == D2_HOMED_SMALL;
    for (uint32_t h = 0; h < x->n_homes && !differ; h++) {
        bool faulty = d2_is_homed(x, h, D2_HOMED_FAULTY), small = d2_is_homed(x, h, D2_HOMED_SMALL);
        uint32_t usable = d2_usable_neurons(x->n->board, h / D2_CORES, h % D2_CORES);
        differ = which == D2_HOMED_ALL ? faulty || usable > x->p.room : faulty && !small;
    }
    return differ;
}

/* Zones by themselves if there are any, then without; and cores for what they are where some have
 * more usable neurons or CAM entries than others. */
static bool try_starts(struct d2_place *x, const struct d2_budget *budget, struct way *best)
{
    struct d2_problem p = x->p;
    for (uint32_t zones = 2; zones-- > 0;) {
        for (enum d2_homed which = D2_HOMED_SMALL; which <= D2_HOMED_ALL; which++) {
            bool done = false;
            if (!homes_differ(x, which))
                continue;
            if (!zones || split_zones(x))
                done = try_ways(x, which, EQUAL, budget, best);
            x->p = p;
            if (done)
                return true;
        }
    }
    return best->broken < UINT64_MAX;
}

/* Where the best way is short of tags or CAM entries, or there is none: whether every core used,
 * for what it is, and overfull on the way, finds one. */
static bool try_packed(struct d2_place *x, const struct d2_budget *budget, struct way *best)
{
    bool done = false;
    for (enum d2_homed which = D2_HOMED_FAULTY; !done && which <= D2_HOMED_ALL; which++) {
        if (which == D2_HOMED_FAULTY || homes_differ(x, which))
            done = try_ways(x, which, PACKED, budget, best);
    }
    return best->broken < UINT64_MAX;
}

static uint32_t count_chips(const struct d2_place *x, const struct way *w)
{
    bool *used = ARENA_ARRAY(x->a, bool, d2_grid_chips(x->grid));
    uint32_t n = 0;
    for (uint32_t b = 0; b < w->parts.n_blocks; b++) {
        uint32_t chip = w->home[b] / D2_CORES;
        n += w->parts.block[b].used > 0 && !used[chip];
        used[chip] = used[chip] || w->parts.block[b].used > 0;
    }
    return n;
}

/* Many sets of currents, each on cores of its own, are on more chips than a neuron has SRAM
 * entries: similar ones together, on ever fewer chips. */
static void try_fewer_chips(struct d2_place *x, uint32_t given, const struct d2_budget *budget,
                            struct way *best)
{
    enum { SMALL_STEPS = 9 };
    uint32_t most = x->p.max_blocks, chips = count_chips(x, best);
    uint32_t needed = (x->p.n_cells + D2_CORES * x->p.room - 1) / (D2_CORES * x->p.room);
    bool done = x->p.n_flavours == 1;
    while (!done && chips > needed) {
        chips = chips <= SMALL_STEPS ? chips - 1 : chips * 3 / 4;
        x->p.max_blocks = chips * D2_CORES;
        done = chips < needed || given > x->p.max_blocks ||
               try_ways(x, D2_HOMED_SMALL, SIMILAR, budget, best);
    }
    x->p.max_blocks = most;
}

static uint32_t count_cores(const struct way *w)
{
    uint32_t n = 0;
    for (uint32_t b = 0; b < w->parts.n_blocks; b++)
        n += w->parts.block[b].used > 0;
    return n;
}

/* Helpers of the pass `relay` take no core that has other neurons, but may join those of `split`.
 * If all cores are in use: similar currents together on as many fewer as helpers will fill. */
static void leave_cores(struct d2_place *x, uint32_t given, const struct d2_budget *budget,
                        struct way *best)
{
    uint64_t helpers = chips_too_many(x, &best->floor, D2_SRAM) + best->floor.beyond;
    uint32_t most = x->p.max_blocks;
    uint64_t cores = (helpers + x->p.room - 1) / x->p.room;
    struct way other = {.broken = UINT64_MAX};
    if (!x->o->split || helpers == 0 || x->report->helpers.n > 0 ||
        count_cores(best) < x->n_homes || given + cores > most)
        return;
    x->p.max_blocks = most - (uint32_t)cores;
    try_ways(x, D2_HOMED_SMALL, SIMILAR, budget, &other);
    if (other.broken < UINT64_MAX && other.lacking <= best->lacking) {
        *best = other;
        best->floor.x = &best->parts;
    }
    x->p.max_blocks = most;
}

bool d2_find_homes(struct d2_place *x)
{
    uint64_t synapses = x->p.first_cell[x->p.n_sources];
    struct d2_budget budget = {.left = LEAST_WORK + WORK_PER_SYNAPSE * synapses,
                               .seed = x->o->seed};
    struct way *best = ARENA_NEW(x->a, struct way);
    best->broken = UINT64_MAX;
    if (x->o->effort > 0) {
        budget.left = (uint64_t)fmin(x->o->effort * work_per_second, 1e18);
        budget.asked = true;
    }
    d2_parts_init(x->a, &x->p, &x->parts);
    if (!d2_take_board(x, D2_HOMED_SMALL)) /* what can't be is told once */
        return false;
    uint32_t given = x->parts.n_blocks;
    /* Then once more with sources as one that nobody can tell apart. */
    bool ok = try_starts(x, &budget, best) || (d2_merge_sources(x) && try_starts(x, &budget, best));
    if (!ok || best->lacking > 0)
        ok = try_packed(x, &budget, best);
    if (ok && best->broken > 0) {
        try_fewer_chips(x, given, &budget, best);
        leave_cores(x, given, &budget, best);
    }
    if (ok) {
        x->parts = best->parts;
        x->home = best->home;
        x->near = best->near;
        buf_printf(&x->report->text, "place: %u cores with %llu tags, %u chips, %llu hops\n",
                   count_cores(best), (unsigned long long)best->parts.tags, count_chips(x, best),
                   (unsigned long long)best->floor.hops);
        if (best->broken > 0)
            buf_printf(&x->report->text,
                       "place: %llu times too far, heard on too many chips or without enough "
                       "CAM entries\n",
                       (unsigned long long)best->broken);
    } else {
        d2_say_no_room(x);
    }
    return ok;
}
