/* Blocks that grow: communities are found because their cells hear the same sources. */
#include "targets/dynapse2/partition.h"

#define NONE UINT32_MAX

enum {
    WINDOW = 32,       /* hearers of a source that one cell makes better known; by turns */
    MAX_SCORE = 65535, /* higher ones count as this */
};

/* Free cells of the flavour in hand by how much they share with the block in hand. */
struct queue {
    uint32_t *score; /* of each cell; 0: in no list */
    uint32_t *next, *before;
    uint32_t *head; /* of each score */
    uint32_t top;   /* no higher score has a cell */
    uint32_t *touched, n_touched;
    bool *refused; /* of each cell: by this block */
};

struct growth {
    const struct d2_problem *p;
    struct d2_parts *x;
    struct queue q;
    uint32_t seed;  /* of the next block: what had most in common with the last one; or NONE */
    uint64_t *turn; /* of each source: the hearer whose turn it is, counted from its first one */
};

static void unlink(struct queue *q, uint32_t c)
{
    if (q->before[c] == NONE)
        q->head[q->score[c]] = q->next[c];
    else
        q->next[q->before[c]] = q->next[c];
    if (q->next[c] != NONE)
        q->before[q->next[c]] = q->before[c];
}

static void raise(struct queue *q, uint32_t c)
{
    if (q->score[c] == MAX_SCORE)
        return;
    if (q->score[c] == 0)
        q->touched[q->n_touched++] = c;
    else
        unlink(q, c);
    uint32_t score = ++q->score[c];
    q->before[c] = NONE;
    q->next[c] = q->head[score];
    if (q->next[c] != NONE)
        q->before[q->next[c]] = c;
    q->head[score] = c;
    q->top = score > q->top ? score : q->top;
}

/* The cell that shares most, out of the lists; NONE: no free one shares anything. */
static uint32_t pop(struct queue *q)
{
    while (q->top > 0 && q->head[q->top] == NONE)
        q->top--;
    uint32_t c = q->top > 0 ? q->head[q->top] : NONE;
    if (c != NONE) {
        unlink(q, c);
        q->refused[c] = true; /* until the next block: it is either in or doesn't fit */
    }
    return c;
}

static void clear(struct queue *q)
{
    for (uint32_t i = 0; i < q->n_touched; i++) {
        uint32_t c = q->touched[i];
        q->head[q->score[c]] = NONE;
        q->score[c] = 0;
        q->refused[c] = false;
    }
    q->n_touched = 0;
    q->top = 0;
}

/* Hearers of the cell's sources come nearer. */
static void attract(struct growth *g, uint32_t cell, uint32_t flavour)
{
    const struct d2_problem *p = g->p;
    for (uint64_t i = p->first_source[cell]; i < p->first_source[cell + 1]; i++) {
        uint32_t s = p->source[i];
        uint64_t first = p->first_cell[s], n = p->first_cell[s + 1] - first;
        for (uint32_t k = 0; k < WINDOW && k < n; k++) {
            uint32_t c = p->cell[first + g->turn[s]];
            g->turn[s] = g->turn[s] + 1 < n ? g->turn[s] + 1 : 0;
            if (g->x->of[c] == D2_NO_BLOCK && p->flavour[c] == flavour && !g->q.refused[c])
                raise(&g->q, c);
        }
    }
}

/* Fills a block from the free cells list[*next ..], ascending. */
static void grow_block(struct growth *g, uint32_t block, const uint32_t *list, uint32_t n,
                       uint32_t *next)
{
    const struct d2_problem *p = g->p;
    struct d2_block *b = &g->x->block[block];
    uint32_t flavour = p->flavour[list[0]], refused = 0, from = *next;
    for (uint32_t c = 0; b->used > 0 && c < p->n_cells; c++) { /* given ones */
        if (g->x->of[c] == (int32_t)block)
            attract(g, c, flavour);
    }
    while (b->used < b->room && refused < D2_MAX_REFUSED) {
        uint32_t c = b->used == 0 && g->seed != NONE ? g->seed : pop(&g->q);
        g->seed = NONE;
        while (c == NONE && from < n) { /* nothing in common with any: the next in order */
            uint32_t first = list[from++];
            if (g->x->of[first] == D2_NO_BLOCK && !g->q.refused[first])
                c = first;
        }
        if (c == NONE)
            break;
        if (!d2_parts_takes(p, g->x, c, block)) {
            refused++;
            continue;
        }
        d2_parts_put(p, g->x, c, block);
        attract(g, c, flavour);
    }
    g->seed = pop(&g->q);
    clear(&g->q);
    while (*next < n && g->x->of[list[*next]] != D2_NO_BLOCK)
        ++*next;
}

/* Blocks of the flavour, then new ones, then empty ones that are given. */
static bool grow_flavour(struct growth *g, const uint32_t *list, uint32_t n)
{
    struct d2_parts *x = g->x;
    uint32_t next = 0, given = x->n_blocks;
    g->seed = NONE;
    for (uint32_t b = 0; next < n && b < given; b++) {
        if (x->block[b].flavour == (int32_t)g->p->flavour[list[0]])
            grow_block(g, b, list, n, &next);
    }
    while (next < n && x->n_blocks < g->p->max_blocks) {
        uint32_t b = (uint32_t)(d2_parts_open(g->p, x) - x->block);
        grow_block(g, b, list, n, &next);
        if (x->block[b].used == 0)
            return false; /* a cell that hears more sources than there are tags */
    }
    for (uint32_t b = 0; next < n && b < given; b++) {
        if (x->block[b].flavour == D2_EMPTY)
            grow_block(g, b, list, n, &next);
    }
    return next == n;
}

bool d2_grow(struct arena *a, const struct d2_problem *p, struct d2_parts *x)
{
    struct growth g = {
        .p = p,
        .x = x,
        .q = {.score = ARENA_ARRAY(a, uint32_t, p->n_cells),
              .next = ARENA_ARRAY(a, uint32_t, p->n_cells),
              .before = ARENA_ARRAY(a, uint32_t, p->n_cells),
              .head = ARENA_ARRAY(a, uint32_t, MAX_SCORE + 1),
              .touched = ARENA_ARRAY(a, uint32_t, p->n_cells),
              .refused = ARENA_ARRAY(a, bool, p->n_cells)},
        .turn = ARENA_ARRAY(a, uint64_t, p->n_sources),
    };
    for (uint32_t i = 0; i <= MAX_SCORE; i++)
        g.q.head[i] = NONE;
    uint32_t *first = ARENA_ARRAY(a, uint32_t, (size_t)p->n_flavours + 2);
    uint32_t *list = ARENA_ARRAY(a, uint32_t, p->n_cells);
    d2_free_cells(p, x, first, list);
    bool ok = true;
    for (uint32_t f = 0; f < p->n_flavours; f++) {
        if (first[f + 1] > first[f])
            ok = grow_flavour(&g, &list[first[f]], first[f + 1] - first[f]) && ok;
    }
    return ok;
}
