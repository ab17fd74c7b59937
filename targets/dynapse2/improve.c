/* Better blocks by moving cells: every cell wishes to go to the block where its sources are heard
 * anyway. With room there it goes; else cells of two blocks that wish to change places do.
 *
 * What is made small: a block that hears a source costs 1 (a tag), a chip that does CHIP (an SRAM
 * entry, hops), a chip beyond what the source may reach EXCESS. */
#include "runtime/base/rng.h"
#include "targets/dynapse2/partition.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHIP = 4,
    EXCESS = 1000,
    WIDE = 64,       /* units; sources heard in more say nothing about where a cell belongs */
    MAX_SWEEPS = 64, /* over all cells */
};

struct wish {
    uint32_t from, to, cell;
    int32_t gain;
};

struct work {
    const struct d2_problem *p;
    struct d2_parts *x;
    const struct d2_chips *chips; /* NULL: not known */
    struct d2_spread on_chip;
    struct d2_budget *budget;
    uint32_t *shared, *candidate, n_candidates; /* sources of the cell in hand, of each block */
    struct wish *wish;
    uint32_t n_wishes;
    uint64_t draw; /* numbers drawn so far */
};

static bool spend(struct work *w, uint64_t n)
{
    w->budget->left -= n < w->budget->left ? n : w->budget->left;
    return w->budget->left > 0;
}

static uint64_t degree(const struct work *w, uint32_t cell)
{
    return w->p->first_source[cell + 1] - w->p->first_source[cell];
}

/* What is won if a cell goes to another block. */
static int32_t gain_of(const struct work *w, uint32_t cell, uint32_t to)
{
    const struct d2_problem *p = w->p;
    uint32_t from = (uint32_t)w->x->of[cell];
    bool other_chip = w->chips && w->chips->of[from] != w->chips->of[to];
    int32_t gain = 0;
    for (uint64_t i = p->first_source[cell]; i < p->first_source[cell + 1]; i++) {
        uint32_t s = p->source[i];
        gain += d2_spread_count(&w->x->heard, s, from) == 1;
        gain -= d2_spread_count(&w->x->heard, s, to) == 0;
        if (!other_chip)
            continue;
        uint32_t n = w->on_chip.n[s], max = p->max_chips[s];
        if (d2_spread_count(&w->on_chip, s, w->chips->of[from]) == 1) {
            gain += max != D2_ANY_CHIPS && n > max ? EXCESS : CHIP;
            n--;
        }
        if (d2_spread_count(&w->on_chip, s, w->chips->of[to]) == 0)
            gain -= max != D2_ANY_CHIPS && n >= max ? EXCESS : CHIP;
    }
    return gain;
}

static void move(struct work *w, uint32_t cell, uint32_t to)
{
    const struct d2_problem *p = w->p;
    uint32_t from = (uint32_t)w->x->of[cell];
    d2_parts_take(p, w->x, cell);
    d2_parts_put(p, w->x, cell, to);
    if (!w->chips || w->chips->of[from] == w->chips->of[to])
        return;
    for (uint64_t i = p->first_source[cell]; i < p->first_source[cell + 1]; i++) {
        d2_spread_remove(&w->on_chip, p->source[i], w->chips->of[from]);
        d2_spread_add(&w->on_chip, p->source[i], w->chips->of[to]);
    }
}

static bool may_go(const struct work *w, uint32_t cell, uint32_t to)
{
    const struct d2_block *b = &w->x->block[to];
    return (int32_t)to != w->x->of[cell] && b->flavour == (int32_t)w->p->flavour[cell];
}

/* The block that shares most of the cell's sources; D2_NO_BLOCK: none but its own does. */
static int32_t best_block(struct work *w, uint32_t cell)
{
    const struct d2_problem *p = w->p;
    for (uint64_t i = p->first_source[cell]; i < p->first_source[cell + 1]; i++) {
        uint32_t s = p->source[i];
        const struct d2_heard *h = &w->x->heard.heard[w->x->heard.first[s]];
        bool dense = d2_spread_is_dense(&w->x->heard, s);
        if (w->x->heard.n[s] > WIDE)
            continue;
        for (uint32_t k = 0, seen = 0; seen < w->x->heard.n[s]; k++) {
            uint32_t unit = dense ? k : h[k].unit;
            if (h[k].cells == 0)
                continue;
            seen++;
            if (w->shared[unit]++ == 0)
                w->candidate[w->n_candidates++] = unit;
        }
    }
    int32_t best = D2_NO_BLOCK;
    uint32_t most = 0;
    for (uint32_t i = 0; i < w->n_candidates; i++) {
        uint32_t b = w->candidate[i];
        if (may_go(w, cell, b) &&
            (w->shared[b] > most || (w->shared[b] == most && (int32_t)b < best))) {
            most = w->shared[b];
            best = (int32_t)b;
        }
        w->shared[b] = 0;
    }
    w->n_candidates = 0;
    return best;
}

/* Every cell goes where it wants, or its wish is noted. Returns what was won. */
static uint64_t sweep(struct work *w)
{
    uint64_t won = 0;
    w->n_wishes = 0;
    for (uint32_t c = 0; c < w->p->n_cells; c++) {
        if (w->x->fixed[c])
            continue;
        if (!spend(w, 4 * degree(w, c) + 1))
            break;
        int32_t to = best_block(w, c);
        if (to < 0)
            continue;
        int32_t gain = gain_of(w, c, (uint32_t)to);
        const struct d2_block *b = &w->x->block[to];
        if (gain > 0 && b->used < b->room) {
            uint32_t from = (uint32_t)w->x->of[c];
            move(w, c, (uint32_t)to);
            if (d2_parts_suffices(w->p, w->x, (uint32_t)to)) {
                won += (uint64_t)gain;
                continue;
            }
            move(w, c, from);
        }
        w->wish[w->n_wishes++] = (struct wish){(uint32_t)w->x->of[c], (uint32_t)to, c, gain};
    }
    return won;
}

/* By pairs of blocks, both directions of one pair beside each other; the most gain first. */
static int by_pair(const void *x, const void *y)
{
    const struct wish *p = x, *q = y;
    uint32_t a[] = {p->from < p->to ? p->from : p->to, p->from < p->to ? p->to : p->from, p->from};
    uint32_t b[] = {q->from < q->to ? q->from : q->to, q->from < q->to ? q->to : q->from, q->from};
    for (uint32_t i = 0; i < 3; i++) {
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    }
    if (p->gain != q->gain)
        return p->gain > q->gain ? -1 : 1;
    return (p->cell > q->cell) - (p->cell < q->cell);
}

/* The cells of two wishes change places if that wins something; returns what. */
static uint32_t exchange(struct work *w, const struct wish *p, const struct wish *q)
{
    spend(w, 8 * (degree(w, p->cell) + degree(w, q->cell)));
    int32_t gain = gain_of(w, p->cell, p->to);
    move(w, p->cell, p->to);
    gain += gain_of(w, q->cell, q->to);
    if (gain > 0) {
        move(w, q->cell, q->to);
        if (d2_parts_suffices(w->p, w->x, p->from) && d2_parts_suffices(w->p, w->x, p->to))
            return (uint32_t)gain;
        move(w, q->cell, q->from);
    }
    move(w, p->cell, p->from);
    return 0;
}

static uint64_t exchange_wishes(struct work *w)
{
    uint64_t won = 0;
    qsort(w->wish, w->n_wishes, sizeof *w->wish, by_pair);
    for (uint32_t i = 0, end; i < w->n_wishes; i = end) {
        uint32_t middle = i;
        const struct wish *v = w->wish;
        while (middle < w->n_wishes && v[middle].from == v[i].from && v[middle].to == v[i].to)
            middle++;
        for (end = middle; end < w->n_wishes && v[end].from == v[i].to && v[end].to == v[i].from;)
            end++;
        for (uint32_t p = i, q = middle; p < middle && q < end; p++, q++) {
            if (v[p].gain + v[q].gain <= 0 || w->budget->left == 0)
                break;
            won += exchange(w, &v[p], &v[q]);
        }
    }
    return won;
}

/* Until nothing is won any more. */
static uint64_t settle(struct work *w)
{
    uint64_t all = 0, won = 1;
    for (uint32_t i = 0; i < MAX_SWEEPS && won > 0 && w->budget->left > 0; i++) {
        won = sweep(w);
        won += exchange_wishes(w);
        all += won;
    }
    return all;
}

/* ---- annealing ---- */

static double draw(struct work *w)
{
    return rng_uniform(w->budget->seed, w->draw++);
}

/* Two random cells of two blocks of one flavour change places, if that wins something or, the rarer
 * the more it costs, loses. Returns what was won. */
static int64_t try_exchange(struct work *w, double heat)
{
    uint32_t p = (uint32_t)(draw(w) * w->p->n_cells), q = (uint32_t)(draw(w) * w->p->n_cells);
    uint32_t from = (uint32_t)w->x->of[p], to = (uint32_t)w->x->of[q];
    spend(w, 1 + 4 * (degree(w, p) + degree(w, q)));
    if (w->x->fixed[p] || w->x->fixed[q] || !may_go(w, p, to) || !may_go(w, q, from))
        return 0;
    int32_t gain = gain_of(w, p, to);
    move(w, p, to);
    gain += gain_of(w, q, from);
    move(w, q, from);
    if (d2_parts_suffices(w->p, w->x, from) && d2_parts_suffices(w->p, w->x, to) &&
        (gain >= 0 || draw(w) < exp(gain / heat)))
        return gain;
    move(w, q, to);
    move(w, p, from);
    return 0;
}

/* Half of what is left of the budget for random exchanges that get ever colder, the rest to settle.
 * What became worse all in all is taken back. */
static void anneal(struct arena *a, struct work *w)
{
    int32_t *before = ARENA_ARRAY(a, int32_t, w->p->n_cells);
    memcpy(before, w->x->of, w->p->n_cells * sizeof *before);
    uint64_t all = w->budget->left, synapses = w->p->first_source[w->p->n_cells];
    double hot = 1 + (double)synapses / w->p->n_cells / 8;
    int64_t won = 0;
    while (w->budget->left > all / 2) {
        double gone = 2 * (double)(all - w->budget->left) / (double)all;
        won += try_exchange(w, hot * pow(0.1 / hot, gone));
    }
    won += (int64_t)settle(w);
    for (uint32_t c = 0; won < 0 && c < w->p->n_cells; c++)
        move(w, c, (uint32_t)before[c]);
}

void d2_improve(struct arena *a, const struct d2_problem *p, struct d2_parts *x,
                const struct d2_chips *chips, struct d2_budget *budget)
{
    struct work w = {
        .p = p,
        .x = x,
        .chips = chips,
        .budget = budget,
        .shared = ARENA_ARRAY(a, uint32_t, p->max_blocks),
        .candidate = ARENA_ARRAY(a, uint32_t, p->max_blocks),
        .wish = ARENA_ARRAY(a, struct wish, p->n_cells),
    };
    if (chips) {
        d2_spread_init(a, p, chips->n, &w.on_chip);
        for (uint32_t c = 0; c < p->n_cells; c++) {
            for (uint64_t i = p->first_source[c]; i < p->first_source[c + 1]; i++)
                d2_spread_add(&w.on_chip, p->source[i], chips->of[x->of[c]]);
        }
    }
    settle(&w);
    if (budget->asked && budget->left > 0 && x->n_blocks > 1)
        anneal(a, &w);
}
