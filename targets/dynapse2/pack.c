/* All cells into the blocks that there are, first with more sources or fewer CAM entries than those
 * have, then by moves and exchanges until nothing is missing. The last resort, where blocks that
 * are never overfull aren't enough. */
#include "runtime/base/rng.h"
#include "targets/dynapse2/limits.h"
#include "targets/dynapse2/partition.h"
#include <math.h>

#define NONE UINT32_MAX

static const double cold = 0.1;
enum {
    MISSING = 4, /* the cost of a tag or CAM entry too few; a source heard in a block costs 1 */
    WINDOW = 64, /* blocks that a cell chooses from at first */
};

struct pack {
    const struct d2_problem *p;
    struct d2_parts *x;
    struct d2_budget *budget;
    uint32_t *free, n_free; /* cells that can move */
    uint32_t **member;      /* of each block: those in it */
    uint32_t *n_members;
    uint32_t *slot;   /* of each cell: where it is in its block's list */
    uint64_t *marked; /* of each source: the try that met it last */
    uint64_t try;
    uint64_t draw; /* numbers drawn so far */
};

static double draw(struct pack *k)
{
    return rng_uniform(k->budget->seed, k->draw++);
}

static uint32_t draw_below(struct pack *k, uint32_t n)
{
    return (uint32_t)(draw(k) * n);
}

static void spend(struct pack *k, uint64_t n)
{
    k->budget->left -= n < k->budget->left ? n : k->budget->left;
}

static uint64_t degree(const struct d2_problem *p, uint32_t cell)
{
    return p->first_source[cell + 1] - p->first_source[cell];
}

/* ---- what is missing ---- */

/* Tags and CAM entries that a block is short of, with so many tags more, and seats for cells of the
 * need `in` instead of `out`. */
static int32_t missing(const struct d2_problem *p, const struct d2_block *b, int32_t tags,
                       uint32_t in, uint32_t out)
{
    int32_t over = (int32_t)b->tags + tags - (int32_t)p->max_tags, unseated = 0;
    for (uint32_t k = 1; b->seats && k <= D2_CAM; k++) {
        int32_t left = b->seats[k] - (k <= in) + (k <= out);
        unseated = -left > unseated ? -left : unseated;
    }
    return (over > 0 ? over : 0) + unseated;
}

static uint64_t all_missing(const struct d2_problem *p, const struct d2_parts *x)
{
    uint64_t sum = 0;
    for (uint32_t b = 0; b < x->n_blocks; b++)
        sum += (uint64_t)missing(p, &x->block[b], 0, 0, 0);
    return sum;
}

/* ---- a start ---- */

/* The empty block with the least room for n cells, else the one with most room; NULL: none. */
static struct d2_block *best_empty(struct d2_parts *x, uint32_t n)
{
    struct d2_block *best = NULL;
    for (uint32_t i = 0; i < x->n_blocks; i++) {
        struct d2_block *b = &x->block[i];
        if (b->flavour != D2_EMPTY || b->room == 0)
            continue;
        if (!best || (b->room >= n ? b->room < best->room || best->room < n : b->room > best->room))
            best = b;
    }
    return best;
}

/* Every flavour gets blocks with room for its cells, then the other blocks go to those that hear
 * most sources for each block they have. False: too few. */
static bool claim(struct arena *a, const struct d2_problem *p, struct d2_parts *x)
{
    uint32_t *cells = ARENA_ARRAY(a, uint32_t, p->n_flavours);
    uint64_t *heard = ARENA_ARRAY(a, uint64_t, p->n_flavours);
    uint64_t *blocks = ARENA_ARRAY(a, uint64_t, p->n_flavours);
    while (x->n_blocks < p->max_blocks)
        d2_parts_open(p, x);
    for (uint32_t c = 0; c < p->n_cells; c++) {
        cells[p->flavour[c]] += x->of[c] == D2_NO_BLOCK;
        heard[p->flavour[c]] += degree(p, c);
    }
    for (uint32_t i = 0; i < x->n_blocks; i++) {
        const struct d2_block *b = &x->block[i];
        if (b->flavour < 0)
            continue;
        uint32_t room = b->room - b->used, *n = &cells[b->flavour];
        *n -= room < *n ? room : *n;
        blocks[b->flavour]++;
    }
    struct d2_block *b;
    for (uint32_t f = 0; f < p->n_flavours; f++) {
        for (; cells[f] > 0; blocks[f]++) {
            if (!(b = best_empty(x, cells[f])))
                return false;
            b->flavour = (int32_t)f;
            cells[f] -= b->room < cells[f] ? b->room : cells[f];
        }
    }
    while ((b = best_empty(x, UINT32_MAX))) {
        uint32_t best = 0;
        for (uint32_t f = 1; f < p->n_flavours; f++)
            best = heard[f] * (blocks[best] + 1) > heard[best] * (blocks[f] + 1) ? f : best;
        b->flavour = (int32_t)best;
        blocks[best]++;
    }
    return true;
}

/* The block of the cell's flavour, with room, where it takes fewest tags; of those with a neuron
 * for it if there is one. Among the first so many from `from`. */
static uint32_t best_block(struct pack *k, uint32_t cell, uint32_t from)
{
    const struct d2_problem *p = k->p;
    uint32_t best = from;
    int32_t least = INT32_MAX;
    for (uint32_t i = 0, seen = 0; i < k->x->n_blocks && seen < WINDOW; i++) {
        uint32_t at = (from + i) % k->x->n_blocks;
        const struct d2_block *b = &k->x->block[at];
        if (b->flavour != (int32_t)p->flavour[cell] || b->used >= b->room)
            continue;
        int32_t tags = (int32_t)d2_parts_new_tags(p, k->x, cell, at);
        int32_t more = missing(p, b, tags, p->need[cell], 0) - missing(p, b, 0, 0, 0);
        int32_t cost = tags + (int32_t)p->max_tags * more;
        spend(k, degree(p, cell) + (b->seats ? 2 * D2_CAM : 1));
        seen++;
        if (cost < least) {
            least = cost;
            best = at;
        }
    }
    return best;
}

/* Those that need most CAM entries first: what is free to one was free to all before it. Where
 * every neuron has all, growth starts better. */
static void fill(struct arena *a, struct pack *k)
{
    const struct d2_problem *p = k->p;
    bool faulty = false;
    for (uint32_t b = 0; b < k->x->n_blocks; b++)
        faulty = faulty || k->x->block[b].seats;
    if (!faulty)
        d2_grow(a, p, k->x);
    for (uint32_t need = D2_CAM + 1, from = 0; need-- > 0;) {
        for (uint32_t c = 0; c < p->n_cells; c++) {
            if (k->x->of[c] != D2_NO_BLOCK || p->need[c] != need)
                continue;
            from = best_block(k, c, from);
            d2_parts_put(p, k->x, c, from);
        }
    }
}

/* ---- moves and exchanges ---- */

static void list(struct pack *k, uint32_t cell)
{
    uint32_t b = (uint32_t)k->x->of[cell];
    k->slot[cell] = k->n_members[b];
    k->member[b][k->n_members[b]++] = cell;
}

static void move(struct pack *k, uint32_t cell, uint32_t to)
{
    uint32_t b = (uint32_t)k->x->of[cell], last = k->member[b][--k->n_members[b]];
    k->member[b][k->slot[cell]] = last;
    k->slot[last] = k->slot[cell];
    d2_parts_take(k->p, k->x, cell);
    d2_parts_put(k->p, k->x, cell, to);
    list(k, cell);
}

/* The cell goes to another block, and `other`, if it isn't NONE, comes from there. */
struct change {
    uint32_t cell, other, from, to;
    int32_t from_tags, to_tags; /* that the blocks get more */
};

static void count_tags(struct pack *k, struct change *g)
{
    const struct d2_problem *p = k->p;
    const struct d2_spread *heard = &k->x->heard;
    const uint64_t first = g->other == NONE ? 0 : p->first_source[g->other];
    const uint64_t end = g->other == NONE ? 0 : p->first_source[g->other + 1];
    ++k->try;
    for (uint64_t i = first; i < end; i++)
        k->marked[p->source[i]] = k->try;
    for (uint64_t i = p->first_source[g->cell]; i < p->first_source[g->cell + 1]; i++) {
        uint32_t s = p->source[i];
        if (k->marked[s] == k->try) {
            k->marked[s] = 0; /* both hear it: nothing changes */
            continue;
        }
        g->from_tags -= d2_spread_count(heard, s, g->from) == 1;
        g->to_tags += d2_spread_count(heard, s, g->to) == 0;
    }
    for (uint64_t i = first; i < end; i++) {
        uint32_t s = p->source[i];
        if (k->marked[s] != k->try)
            continue;
        g->to_tags -= d2_spread_count(heard, s, g->to) == 1;
        g->from_tags += d2_spread_count(heard, s, g->from) == 0;
    }
}

/* A cell, and a block for it: where another one hears one of its sources, or any other. A place
 * there, taken or not. False: the draw is none. */
static bool draw_change(struct pack *k, struct change *g)
{
    const struct d2_problem *p = k->p;
    g->cell = k->free[draw_below(k, k->n_free)];
    g->from = (uint32_t)k->x->of[g->cell];
    uint64_t n = degree(p, g->cell);
    uint32_t like = k->free[draw_below(k, k->n_free)];
    if (n > 0 && draw(k) < 0.5) {
        uint32_t s = p->source[p->first_source[g->cell] + draw_below(k, (uint32_t)n)];
        uint64_t first = p->first_cell[s];
        like = p->cell[first + draw_below(k, (uint32_t)(p->first_cell[s + 1] - first))];
    }
    g->to = (uint32_t)k->x->of[like];
    const struct d2_block *b = &k->x->block[g->to];
    uint32_t places = k->n_members[g->to] + b->room - b->used;
    if (g->to == g->from || b->flavour != (int32_t)p->flavour[g->cell] || places == 0)
        return false;
    uint32_t at = draw_below(k, places);
    g->other = at < k->n_members[g->to] ? k->member[g->to][at] : NONE;
    return true;
}

/* Made if that wins something or, the rarer the more it costs, loses. Returns by how much less is
 * missing. */
static int32_t try_change(struct pack *k, double heat)
{
    const struct d2_problem *p = k->p;
    struct change g = {0};
    spend(k, 8);
    if (!draw_change(k, &g))
        return 0;
    count_tags(k, &g);
    const struct d2_block *from = &k->x->block[g.from], *to = &k->x->block[g.to];
    uint32_t need = p->need[g.cell], back = g.other == NONE ? 0 : p->need[g.other];
    int32_t less = missing(p, from, 0, 0, 0) + missing(p, to, 0, 0, 0) -
                   missing(p, from, g.from_tags, back, need) -
                   missing(p, to, g.to_tags, need, back);
    int32_t gain = MISSING * less - g.from_tags - g.to_tags;
    spend(k, 4 * (degree(p, g.cell) + (g.other == NONE ? 0 : degree(p, g.other))) +
                 (from->seats || to->seats ? 4 * D2_CAM : 0));
    if (gain < 0 && draw(k) >= exp(gain / heat))
        return 0;
    move(k, g.cell, g.to);
    if (g.other != NONE)
        move(k, g.other, g.from);
    return less;
}

/* Ever colder while the budget lasts. Returns what is missing in the end. */
static uint64_t cool(struct pack *k, double hot, uint64_t left, uint64_t lacking)
{
    const double all = (double)(k->budget->left - left);
    while (lacking > 0 && k->budget->left > left) {
        double gone = 1 - (double)(k->budget->left - left) / all;
        lacking -= (uint64_t)try_change(k, hot * pow(cold / hot, gone));
    }
    return lacking;
}

bool d2_pack(struct arena *a, const struct d2_problem *p, struct d2_parts *x,
             struct d2_budget *budget)
{
    struct pack k = {
        .p = p,
        .x = x,
        .budget = budget,
        .free = ARENA_ARRAY(a, uint32_t, p->n_cells),
        .member = ARENA_ARRAY(a, uint32_t *, p->max_blocks),
        .n_members = ARENA_ARRAY(a, uint32_t, p->max_blocks),
        .slot = ARENA_ARRAY(a, uint32_t, p->n_cells),
        .marked = ARENA_ARRAY(a, uint64_t, p->n_sources),
    };
    if (!claim(a, p, x))
        return false;
    fill(a, &k);
    for (uint32_t b = 0; b < x->n_blocks; b++) /* one more in the midst of an exchange */
        k.member[b] = ARENA_ARRAY(a, uint32_t, x->block[b].room + 1);
    for (uint32_t c = 0; c < p->n_cells; c++) {
        if (x->fixed[c])
            continue;
        k.free[k.n_free++] = c;
        list(&k, c);
    }
    if (k.n_free == 0)
        return all_missing(p, x) == 0;
    /* From where it started, which may be near; then from afar. */
    const double hot = 2 + (double)p->first_source[p->n_cells] / p->n_cells / 4;
    const uint64_t all = budget->left;
    uint64_t lacking = cool(&k, 2 * cold, all - all / 4, all_missing(p, x));
    return cool(&k, hot, 0, lacking) == 0;
}
