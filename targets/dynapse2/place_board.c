/* What a board section gives, and what it is given. */
#include "targets/dynapse2/place.h"
#include "targets/dynapse2/profile.h"

/* A block for the core; there is one at most. */
static uint32_t block_of(struct d2_place *x, int32_t *of_home, uint32_t home)
{
    if (of_home[home] < 0) {
        struct d2_block *b = d2_parts_open(&x->p, &x->parts);
        b->home = (int32_t)home;
        b->room = d2_usable_neurons(x->n->board, home / D2_CORES, home % D2_CORES);
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
            struct d2_block *b = &x->parts.block[block];
            bool dead = d2_neuron_is_dead(x->n->board, c->chip, c->core, y->index);
            if (y->layer < 0) {
                b->room -= b->room > 0 && !dead;
                continue;
            }
            b->room += dead; /* by hand nevertheless */
            uint32_t cell = x->rows.first_cell[y->layer] + y->element;
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
        uint32_t cell = x->rows.first_cell[w->layer] + w->first + k;
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

bool d2_take_board(struct d2_place *x, bool all)
{
    int32_t *of_home = ARENA_ARRAY(x->a, int32_t, x->n_homes);
    for (uint32_t h = 0; h < x->n_homes; h++)
        of_home[h] = -1;
    for (uint32_t h = 0; h < x->n_homes; h++) { /* cores that can't take any block as they are */
        if (all || d2_usable_neurons(x->n->board, h / D2_CORES, h % D2_CORES) < x->p.room)
            block_of(x, of_home, h);
    }
    take_neurons(x, of_home);
    bool ok = true;
    for (uint32_t i = 0; i < x->n->board->place.n; i++)
        ok = take_wish(x, of_home, &x->n->board->place.data[i]) && ok;
    return ok;
}

/* ---- into the board ---- */

/* The index of every cell of a core. */
struct seats {
    uint32_t n;
    uint32_t cell[D2_NEURONS], index[D2_NEURONS];
};

static uint32_t cam_need(const struct d2_place *x, uint32_t cell)
{
    return (uint32_t)(x->p.first_source[cell + 1] - x->p.first_source[cell]);
}

static uint32_t cam_at(const struct d2_place *x, uint32_t home, uint32_t index)
{
    return d2_usable_cam(x->n->board, home / D2_CORES, home % D2_CORES, index);
}

/* Cells whose index has too few usable CAM entries change with another one, or take a free index.
 */
static void mend_cam(const struct d2_place *x, uint32_t home, struct seats *s, const bool *taken)
{
    for (uint32_t i = 0; i < s->n; i++) {
        uint32_t need = cam_need(x, s->cell[i]), have = cam_at(x, home, s->index[i]);
        bool done = need <= have;
        for (uint32_t k = 0; k < s->n && !done; k++) {
            if (cam_need(x, s->cell[k]) > have || cam_at(x, home, s->index[k]) < need)
                continue;
            uint32_t index = s->index[i];
            s->index[i] = s->index[k];
            s->index[k] = index;
            done = true;
        }
        for (uint32_t k = s->n ? s->index[s->n - 1] + 1 : 0; k < D2_NEURONS && !done; k++) {
            if (taken[k] || cam_at(x, home, k) < need)
                continue;
            bool used = false;
            for (uint32_t j = 0; j < s->n; j++)
                used = used || s->index[j] == k;
            if (!used) {
                s->index[i] = k;
                done = true;
            }
        }
    }
}

/* The free cells of a block get the lowest free indices. */
static void fill_core(struct d2_place *x, uint32_t home, const uint32_t *cell, uint32_t n)
{
    uint32_t chip = home / D2_CORES, core = home % D2_CORES, index = 0;
    struct board_core *c = board_core(x->n->arena, x->n->board, chip, core);
    bool taken[D2_NEURONS] = {false};
    struct seats s = {0};
    for (uint32_t k = 0; k < c->neuron.n; k++)
        taken[c->neuron.data[k].index] = true;
    for (uint32_t k = 0; k < D2_NEURONS; k++)
        taken[k] = taken[k] || d2_neuron_is_dead(x->n->board, chip, core, k);
    for (uint32_t i = 0; i < n; i++) {
        if (x->cell[cell[i]].on_board)
            continue;
        while (taken[index])
            index++;
        s.cell[s.n] = cell[i];
        s.index[s.n++] = index++;
    }
    if (d2_profile_of(x->n->board, chip))
        mend_cam(x, home, &s, taken);
    for (uint32_t i = 0; i < s.n; i++) {
        struct board_neuron *to = board_neuron(x->n->arena, c, s.index[i]);
        to->layer = (int32_t)x->cell[s.cell[i]].layer;
        to->element = x->cell[s.cell[i]].element;
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
