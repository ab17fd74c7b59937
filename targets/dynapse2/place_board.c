/* What a board section gives, and what it is given. */
#include "targets/dynapse2/place.h"

/* A block for the core; there is one at most. */
static uint32_t block_of(struct d2_place *x, int32_t *of_home, uint32_t home)
{
    if (of_home[home] < 0) {
        struct d2_block *b = d2_parts_open(&x->p, &x->parts);
        b->home = (int32_t)home;
        b->room = D2_NEURONS;
        of_home[home] = (int32_t)(b - x->parts.block);
    }
    return (uint32_t)of_home[home];
}

/* Cells of different currents that are put together by hand stay by themselves. */
static void settle(struct d2_place *x, uint32_t cell, uint32_t block)
{
    struct d2_block *b = &x->parts.block[block];
    d2_parts_put(&x->p, &x->parts, cell, block);
    if (b->flavour != (int32_t)x->p.flavour[cell])
        b->flavour = D2_CLOSED;
    x->parts.fixed[cell] = true;
}

static void take_neurons(struct d2_place *x, int32_t *of_home)
{
    for (uint32_t i = 0; i < x->n->board->core.n; i++) {
        const struct board_core *c = &x->n->board->core.data[i];
        for (uint32_t k = 0; k < c->neuron.n; k++) {
            const struct board_neuron *y = &c->neuron.data[k];
            uint32_t block = block_of(x, of_home, c->chip * D2_CORES + c->core);
            if (y->layer < 0) {
                x->parts.block[block].room--;
                continue;
            }
            uint32_t cell = x->first[y->layer] + y->element;
            x->cell[cell].on_board = true;
            settle(x, cell, block);
        }
    }
}

static bool take_wish(struct d2_place *x, int32_t *of_home, const struct board_place *w)
{
    uint32_t block = block_of(x, of_home, w->chip * D2_CORES + w->core);
    const struct d2_block *b = &x->parts.block[block];
    bool ok = true;
    for (uint32_t k = 0; k < w->count && ok; k++) {
        uint32_t cell = x->first[w->layer] + w->first + k;
        int32_t at = x->parts.of[cell];
        if (at == D2_NO_BLOCK) {
            settle(x, cell, block);
        } else if (at != (int32_t)block) {
            int32_t home = x->parts.block[at].home;
            diag_add(x->d, E0406, w->span, "`%s` is on chip %d core %d already",
                     d2_neuron_name(&x->d->arena, x->n, x->cell[cell].layer, x->cell[cell].element),
                     home / D2_CORES, home % D2_CORES);
            ok = false;
        }
    }
    if (b->used > b->room) {
        diag_add(x->d, E0601, w->span, "chip %u core %u: %u neurons are placed here, a core has %d",
                 w->chip, w->core, b->used + D2_NEURONS - b->room, D2_NEURONS);
        ok = false;
    }
    return ok;
}

bool d2_take_board(struct d2_place *x)
{
    int32_t *of_home = ARENA_ARRAY(x->a, int32_t, x->n_homes);
    for (uint32_t h = 0; h < x->n_homes; h++)
        of_home[h] = -1;
    take_neurons(x, of_home);
    bool ok = true;
    for (uint32_t i = 0; i < x->n->board->place.n; i++)
        ok = take_wish(x, of_home, &x->n->board->place.data[i]) && ok;
    return ok;
}

/* ---- into the board ---- */

/* The free cells of a block, by index; `cell` is the block's list. */
static void fill_core(struct d2_place *x, uint32_t home, const uint32_t *cell, uint32_t n)
{
    struct board_core *c = board_core(x->n->arena, x->n->board, home / D2_CORES, home % D2_CORES);
    uint32_t index = 0, at = 0; /* the lowest free index; the entry that it comes before */
    for (uint32_t i = 0; i < n; i++) {
        const struct d2_cell *y = &x->cell[cell[i]];
        if (y->on_board)
            continue;
        for (; at < c->neuron.n && c->neuron.data[at].index == index; at++)
            index++;
        struct board_neuron *to = board_neuron(x->n->arena, c, index);
        to->layer = (int32_t)y->layer;
        to->element = y->element;
    }
}

void d2_fill_board(struct d2_place *x)
{
    const struct d2_parts *parts = &x->parts;
    uint32_t *first = ARENA_ARRAY(x->a, uint32_t, x->n_homes + 2);
    uint32_t *list = ARENA_ARRAY(x->a, uint32_t, x->p.n_cells);
    for (uint32_t c = 0; c < x->p.n_cells; c++)
        first[x->home[parts->of[c]] + 2]++;
    for (uint32_t h = 2; h <= x->n_homes; h++)
        first[h] += first[h - 1];
    for (uint32_t c = 0; c < x->p.n_cells; c++)
        list[first[x->home[parts->of[c]] + 1]++] = c;
    for (uint32_t h = 0; h < x->n_homes; h++) {
        if (first[h + 1] > first[h])
            fill_core(x, h, &list[first[h]], first[h + 1] - first[h]);
    }
    x->n->board->place.n = 0; /* fulfilled: the neurons say it */
}
