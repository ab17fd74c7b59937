#include "targets/dynapse2/partition.h"
#include "targets/dynapse2/limits.h"
#include <stdlib.h>
#include <string.h>

void d2_parts_init(struct arena *a, const struct d2_problem *p, struct d2_parts *x)
{
    *x = (struct d2_parts){
        .block = ARENA_ARRAY(a, struct d2_block, p->max_blocks),
        .of = ARENA_ARRAY(a, int32_t, p->n_cells),
        .fixed = ARENA_ARRAY(a, bool, p->n_cells),
    };
    for (uint32_t i = 0; i < p->n_cells; i++)
        x->of[i] = D2_NO_BLOCK;
    d2_spread_init(a, p, p->max_blocks, &x->heard);
}

void d2_parts_copy(struct arena *a, const struct d2_problem *p, const struct d2_parts *from,
                   struct d2_parts *to)
{
    *to = *from;
    to->block = ARENA_ARRAY(a, struct d2_block, p->max_blocks);
    to->of = ARENA_ARRAY(a, int32_t, p->n_cells);
    memcpy(to->block, from->block, from->n_blocks * sizeof *to->block);
    for (uint32_t b = 0; b < to->n_blocks; b++) {
        if (!to->block[b].seats)
            continue;
        to->block[b].seats = ARENA_ARRAY(a, int16_t, D2_CAM + 1);
        memcpy(to->block[b].seats, from->block[b].seats, (D2_CAM + 1) * sizeof(int16_t));
    }
    memcpy(to->of, from->of, p->n_cells * sizeof *to->of);
    d2_spread_copy(a, p, &from->heard, &to->heard);
}

struct d2_block *d2_parts_open(const struct d2_problem *p, struct d2_parts *x)
{
    struct d2_block *b = &x->block[x->n_blocks++];
    *b = (struct d2_block){.room = p->room, .flavour = D2_EMPTY, .home = D2_ANY_HOME};
    return b;
}

void d2_parts_put(const struct d2_problem *p, struct d2_parts *x, uint32_t cell, uint32_t block)
{
    struct d2_block *b = &x->block[block];
    for (uint64_t i = p->first_source[cell]; i < p->first_source[cell + 1]; i++) {
        uint32_t before = x->heard.n[p->source[i]];
        d2_spread_add(&x->heard, p->source[i], block);
        b->tags += x->heard.n[p->source[i]] - before;
        x->tags += x->heard.n[p->source[i]] - before;
    }
    if (b->flavour == D2_EMPTY)
        b->flavour = (int32_t)p->flavour[cell];
    for (uint32_t k = 1; b->seats && k <= p->need[cell]; k++)
        b->seats[k]--;
    b->used++;
    x->of[cell] = (int32_t)block;
}

void d2_parts_take(const struct d2_problem *p, struct d2_parts *x, uint32_t cell)
{
    uint32_t block = (uint32_t)x->of[cell];
    struct d2_block *b = &x->block[block];
    for (uint64_t i = p->first_source[cell]; i < p->first_source[cell + 1]; i++) {
        uint32_t before = x->heard.n[p->source[i]];
        d2_spread_remove(&x->heard, p->source[i], block);
        b->tags -= before - x->heard.n[p->source[i]];
        x->tags -= before - x->heard.n[p->source[i]];
    }
    for (uint32_t k = 1; b->seats && k <= p->need[cell]; k++)
        b->seats[k]++;
    b->used--;
    x->of[cell] = D2_NO_BLOCK;
}

uint32_t d2_parts_new_tags(const struct d2_problem *p, const struct d2_parts *x, uint32_t cell,
                           uint32_t block)
{
    uint32_t n = 0;
    for (uint64_t i = p->first_source[cell]; i < p->first_source[cell + 1]; i++)
        n += d2_spread_count(&x->heard, p->source[i], block) == 0;
    return n;
}

bool d2_parts_takes(const struct d2_problem *p, const struct d2_parts *x, uint32_t cell,
                    uint32_t block)
{
    const struct d2_block *b = &x->block[block];
    bool ok = b->used < b->room;
    for (uint32_t k = 1; b->seats && ok && k <= p->need[cell]; k++)
        ok = b->seats[k] > 0;
    return ok && b->tags + d2_parts_new_tags(p, x, cell, block) <= p->max_tags;
}

bool d2_parts_suffices(const struct d2_problem *p, const struct d2_parts *x, uint32_t block)
{
    const struct d2_block *b = &x->block[block];
    bool ok = b->tags <= p->max_tags;
    for (uint32_t k = 1; b->seats && ok && k <= D2_CAM; k++)
        ok = b->seats[k] >= 0;
    return ok;
}

void d2_free_cells(const struct d2_problem *p, const struct d2_parts *x, uint32_t *first,
                   uint32_t *cell)
{
    for (uint32_t i = 0; i < p->n_cells; i++)
        first[p->flavour[i] + 2] += x->of[i] == D2_NO_BLOCK;
    for (uint32_t f = 2; f <= p->n_flavours; f++)
        first[f] += first[f - 1];
    for (uint32_t i = 0; i < p->n_cells; i++) {
        if (x->of[i] == D2_NO_BLOCK)
            cell[first[p->flavour[i] + 1]++] = i;
    }
}

/* ---- in the order of the cells ---- */

/* Free cells of one flavour and kin, neighbours in the list of the flavour. */
struct piece {
    uint32_t first, n;
};

static int by_size(const void *x, const void *y)
{
    const struct piece *p = x, *q = y;
    if (p->n != q->n)
        return p->n > q->n ? -1 : 1;
    return (p->first > q->first) - (p->first < q->first);
}

/* Empty blocks that are given, other neurons' perhaps, only when no new one can be had. */
static bool takes(const struct d2_problem *p, const struct d2_parts *x, uint32_t block,
                  uint32_t flavour)
{
    const struct d2_block *b = &x->block[block];
    return b->used < b->room &&
           (b->flavour == (int32_t)flavour ||
            (b->flavour == D2_EMPTY && (b->home == D2_ANY_HOME || x->n_blocks == p->max_blocks)));
}

/* The cells of the list that fit go into the block, the others to its front; returns how many. */
static uint32_t fill_block(const struct d2_problem *p, struct d2_parts *x, uint32_t block,
                           uint32_t *cell, uint32_t n)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (d2_parts_takes(p, x, cell[i], block))
            d2_parts_put(p, x, cell[i], block);
        else
            cell[left++] = cell[i];
    }
    return left;
}

/* The first block where all of them have room, else the one where the last piece that was split
 * ended, so that one follows the other, else the one that has most room. -1: no block takes any. */
static int32_t find_block(const struct d2_problem *p, const struct d2_parts *x, uint32_t flavour,
                          uint32_t n, int32_t last, const bool *refused)
{
    int32_t best = -1;
    uint32_t most = 0;
    for (uint32_t b = 0; b < x->n_blocks && most < n; b++) {
        uint32_t room = x->block[b].room - x->block[b].used;
        if (!refused[b] && takes(p, x, b, flavour) && room > most) {
            most = room;
            best = (int32_t)b;
        }
    }
    if (most < n && last >= 0 && !refused[last] && takes(p, x, (uint32_t)last, flavour))
        return last;
    return best;
}

/* Room for cells of the flavour in blocks that haven't refused any yet. */
static uint64_t room_left(const struct d2_problem *p, const struct d2_parts *x, uint32_t flavour,
                          const bool *refused)
{
    uint64_t room = (uint64_t)(p->max_blocks - x->n_blocks) * p->room;
    for (uint32_t b = 0; b < x->n_blocks; b++) {
        if (!refused[b] &&
            (x->block[b].flavour == (int32_t)flavour || x->block[b].flavour == D2_EMPTY))
            room += x->block[b].room - x->block[b].used;
    }
    return room;
}

/* `last` is the block where the last piece that was split ended, or -1. */
static bool fill_piece(const struct d2_problem *p, struct d2_parts *x, uint32_t *cell, uint32_t n,
                       bool *refused, int32_t *last)
{
    uint32_t flavour = p->flavour[cell[0]];
    memset(refused, 0, p->max_blocks * sizeof *refused);
    for (uint32_t parts = 1; n > 0; parts++) {
        int32_t b = find_block(p, x, flavour, n, *last, refused);
        if (n > room_left(p, x, flavour, refused))
            return false;
        if (b < 0)
            b = (int32_t)(d2_parts_open(p, x) - x->block);
        uint32_t left = fill_block(p, x, (uint32_t)b, cell, n);
        if (left == n && x->block[b].used == 0)
            return false; /* a cell that hears more sources than there are tags */
        refused[b] = true;
        n = left;
        *last = parts > 1 ? b : *last;
    }
    return true;
}

/* As many blocks as the flavour needs at least, so that kin find room together. */
static void open_blocks(const struct d2_problem *p, struct d2_parts *x, uint32_t flavour,
                        uint32_t n)
{
    uint32_t room = 0;
    for (uint32_t b = 0; b < x->n_blocks; b++) {
        if (x->block[b].flavour == (int32_t)flavour)
            room += x->block[b].room - x->block[b].used;
    }
    for (; room < n && x->n_blocks < p->max_blocks; room += p->room)
        d2_parts_open(p, x)->flavour = (int32_t)flavour;
}

bool d2_fill(struct arena *a, const struct d2_problem *p, struct d2_parts *x)
{
    uint32_t *first = ARENA_ARRAY(a, uint32_t, (size_t)p->n_flavours + 2);
    uint32_t *cell = ARENA_ARRAY(a, uint32_t, p->n_cells);
    struct piece *piece = ARENA_ARRAY(a, struct piece, p->n_cells);
    bool *refused = ARENA_ARRAY(a, bool, p->max_blocks);
    d2_free_cells(p, x, first, cell);
    for (uint32_t f = 0; f < p->n_flavours; f++) {
        uint32_t n_pieces = 0;
        for (uint32_t i = first[f]; i < first[f + 1]; i++) {
            if (i == first[f] || p->kin[cell[i]] != p->kin[cell[i - 1]])
                piece[n_pieces++] = (struct piece){.first = i};
            piece[n_pieces - 1].n++;
        }
        open_blocks(p, x, f, first[f + 1] - first[f]);
        int32_t last = -1;
        qsort(piece, n_pieces, sizeof *piece, by_size);
        for (uint32_t i = 0; i < n_pieces; i++) {
            if (!fill_piece(p, x, &cell[piece[i].first], piece[i].n, refused, &last))
                return false;
        }
    }
    return true;
}
