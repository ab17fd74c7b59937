/* What a board section gives, and what it is given. */
#include "targets/dynapse2/place.h"
#include "targets/dynapse2/profile.h"
#include <stdlib.h>

/* Usable CAM entries of a neuron. */
static uint32_t cam_at(const struct d2_place *x, uint32_t home, uint32_t index)
{
    return d2_usable_cam(x->n->board, home / D2_CORES, home % D2_CORES, index);
}

/* Indices that nobody gets: dead ones, and those by hand. */
static void find_taken(const struct d2_place *x, uint32_t home, bool taken[D2_NEURONS])
{
    for (uint32_t k = 0; k < D2_NEURONS; k++)
        taken[k] = d2_neuron_is_dead(x->n->board, home / D2_CORES, home % D2_CORES, k);
    const struct board_core *c = board_find_core(x->n->board, home / D2_CORES, home % D2_CORES);
    for (uint32_t k = 0; c && k < c->neuron.n; k++)
        taken[c->neuron.data[k].index] = true;
}

/* As struct d2_block has them. */
static void count_seats(const struct d2_place *x, uint32_t home, int16_t seats[D2_CAM + 1])
{
    bool taken[D2_NEURONS];
    find_taken(x, home, taken);
    for (uint32_t i = 0; i < D2_NEURONS; i++) {
        for (uint32_t k = 1; !taken[i] && k <= cam_at(x, home, i); k++)
            seats[k]++;
    }
}

uint32_t d2_block_of(struct d2_place *x, int32_t *of_home, uint32_t home)
{
    if (of_home[home] < 0) {
        struct d2_block *b = d2_parts_open(&x->p, &x->parts);
        b->home = (int32_t)home;
        b->room = d2_usable_neurons(x->n->board, home / D2_CORES, home % D2_CORES);
        if (d2_profile_of(x->n->board, home / D2_CORES)) {
            b->seats = ARENA_ARRAY(x->a, int16_t, D2_CAM + 1);
            count_seats(x, home, b->seats);
        }
        of_home[home] = (int32_t)(b - x->parts.block);
    }
    return (uint32_t)of_home[home];
}

void d2_settle(struct d2_place *x, uint32_t cell, uint32_t block)
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
            uint32_t block = d2_block_of(x, of_home, c->chip * D2_CORES + c->core);
            struct d2_block *b = &x->parts.block[block];
            bool dead = d2_neuron_is_dead(x->n->board, c->chip, c->core, y->index);
            if (y->layer < 0) {
                b->room -= b->room > 0 && !dead;
                continue;
            }
            b->room += dead; /* by hand nevertheless */
            uint32_t cell = x->rows.first_cell[y->layer] + y->element;
            x->cell[cell].on_board = true;
            d2_settle(x, cell, block);
        }
    }
}

static bool take_wish(struct d2_place *x, int32_t *of_home, const struct board_place *w)
{
    uint32_t block = d2_block_of(x, of_home, w->chip * D2_CORES + w->core);
    const struct d2_block *b = &x->parts.block[block];
    bool ok = true;
    for (uint32_t k = 0; k < w->count && ok; k++) {
        uint32_t cell = x->rows.first_cell[w->layer] + w->first + k;
        int32_t at = x->parts.of[cell];
        if (at == D2_NO_BLOCK) {
            d2_settle(x, cell, block);
        } else if (at != (int32_t)block) {
            int32_t home = x->parts.block[at].home;
            diag_add(x->d, E0406, w->span, "`%s` is on chip %d core %d already",
                     d2_neuron_name(&x->d->arena, x->n, x->cell[cell].layer, x->cell[cell].element),
                     home / D2_CORES, home % D2_CORES);
            ok = false;
        }
    }
    if (b->used > b->room) {
        uint32_t usable = d2_usable_neurons(x->n->board, w->chip, w->core);
        diag_add(x->d, E0601, w->span,
                 "chip %u core %u: %u neurons are placed here, a core has %d%s", w->chip, w->core,
                 b->used + usable - b->room, D2_NEURONS,
                 usable < D2_NEURONS ? arena_printf(&x->d->arena,
                                                    ", this one %u that aren't dead by "
                                                    "the profile of its chip",
                                                    usable)
                                     : "");
        ok = false;
    }
    return ok;
}

/* Usable neurons that have CAM entries enough for any cell. */
static uint32_t good_neurons(const struct d2_place *x, uint32_t home)
{
    uint32_t n = 0;
    if (!d2_profile_of(x->n->board, home / D2_CORES))
        return D2_NEURONS;
    for (uint32_t i = 0; i < D2_NEURONS; i++)
        n += !d2_neuron_is_dead(x->n->board, home / D2_CORES, home % D2_CORES, i) &&
             cam_at(x, home, i) >= x->most_need;
    return n;
}

bool d2_is_homed(const struct d2_place *x, uint32_t home, enum d2_homed which)
{
    uint32_t usable = d2_usable_neurons(x->n->board, home / D2_CORES, home % D2_CORES);
    return which == D2_HOMED_ALL || usable < x->p.room ||
           (which == D2_HOMED_FAULTY && good_neurons(x, home) < usable);
}

struct quality { /* of a core */
    uint32_t good, home;
};

static int by_quality(const void *x, const void *y)
{
    const struct quality *p = x, *q = y;
    if (p->good != q->good)
        return p->good < q->good ? -1 : 1;
    return (p->home > q->home) - (p->home < q->home);
}

bool d2_take_board(struct d2_place *x, enum d2_homed which)
{
    int32_t *of_home = ARENA_ARRAY(x->a, int32_t, x->n_homes);
    struct quality *order = ARENA_ARRAY(x->a, struct quality, x->n_homes);
    for (uint32_t h = 0; h < x->n_homes; h++) {
        of_home[h] = -1;
        order[h] = (struct quality){good_neurons(x, h), h};
    }
    /* The worst ones first, so that what can do with them doesn't take the better ones. */
    qsort(order, x->n_homes, sizeof *order, by_quality);
    for (uint32_t i = 0; i < x->n_homes; i++) {
        if (d2_is_homed(x, order[i].home, which))
            d2_block_of(x, of_home, order[i].home);
    }
    take_neurons(x, of_home);
    bool ok = true;
    for (uint32_t i = 0; i < x->n->board->place.n; i++)
        ok = take_wish(x, of_home, &x->n->board->place.data[i]) && ok;
    d2_take_reached(x, of_home);
    return ok;
}

/* ---- into the board ---- */

/* The index of every cell of a core. */
struct seats {
    uint32_t n;
    uint32_t cell[D2_NEURONS], index[D2_NEURONS];
};

/* Those that need most choose first, each the lowest index with CAM entries enough: what is free to
 * one was free to all before it, so that as many as possible find one. The others get what is left.
 */
static void seat_by_need(const struct d2_place *x, uint32_t home, struct seats *s, bool *taken)
{
    bool seated[D2_NEURONS] = {false};
    for (uint32_t need = D2_CAM + 1; need-- > 0;) {
        for (uint32_t i = 0, k = 0; i < s->n; i++) {
            if (x->need[s->cell[i]] != need)
                continue;
            while (k < D2_NEURONS && (taken[k] || cam_at(x, home, k) < need))
                k++;
            if (k == D2_NEURONS)
                break;
            s->index[i] = k;
            taken[k] = seated[i] = true;
        }
    }
    for (uint32_t i = 0, k = 0; i < s->n; i++) {
        if (seated[i])
            continue;
        while (taken[k])
            k++;
        s->index[i] = k++;
    }
}

static bool all_have_enough(const struct d2_place *x, uint32_t home, const struct seats *s)
{
    bool ok = true;
    for (uint32_t i = 0; i < s->n && ok; i++)
        ok = x->need[s->cell[i]] <= cam_at(x, home, s->index[i]);
    return ok;
}

uint32_t d2_unseated(struct d2_place *x, const struct d2_parts *parts, const uint32_t *home)
{
    int16_t **seats = ARENA_ARRAY(x->a, int16_t *, parts->n_blocks);
    uint32_t unseated = 0;
    for (uint32_t b = 0; b < parts->n_blocks; b++) {
        if (!d2_profile_of(x->n->board, home[b] / D2_CORES))
            continue;
        seats[b] = ARENA_ARRAY(x->a, int16_t, D2_CAM + 1);
        count_seats(x, home[b], seats[b]);
    }
    for (uint32_t c = 0; c < x->p.n_cells; c++) {
        int16_t *s = seats[parts->of[c]];
        for (uint32_t k = 1; s && k <= x->need[c]; k++)
            s[k]--;
    }
    for (uint32_t b = 0; b < parts->n_blocks; b++) {
        int least = 0;
        for (uint32_t k = 1; seats[b] && k <= D2_CAM; k++)
            least = seats[b][k] < least ? seats[b][k] : least;
        unseated += (uint32_t)-least;
    }
    return unseated;
}

/* The free cells of a block get the lowest free indices. */
static void fill_core(struct d2_place *x, uint32_t home, const uint32_t *cell, uint32_t n)
{
    uint32_t chip = home / D2_CORES, core = home % D2_CORES, index = 0;
    struct board_core *c = board_core(x->n->arena, x->n->board, chip, core);
    bool taken[D2_NEURONS];
    struct seats s = {0};
    find_taken(x, home, taken);
    for (uint32_t i = 0; i < n; i++) {
        if (x->cell[cell[i]].on_board)
            continue;
        while (taken[index])
            index++;
        s.cell[s.n] = cell[i];
        s.index[s.n++] = index++;
    }
    if (!all_have_enough(x, home, &s))
        seat_by_need(x, home, &s, taken);
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
