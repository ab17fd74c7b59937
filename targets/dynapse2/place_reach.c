/* Where a source's destinations are given by hand: who hears it has to be on one of those cores. */
#include "runtime/base/bits.h"
#include "targets/dynapse2/place.h"
#include <stdlib.h>

enum { WORD = 64 };

struct reaching {
    struct d2_place *x;
    int32_t *of_home;
    uint32_t n_words;
    uint64_t **cores; /* of each cell: homes where it hears all such sources; NULL: any */
    uint64_t *here;   /* of the source in hand */
};

static bool is_free(const struct d2_place *x, uint32_t cell)
{
    return x->parts.of[cell] == D2_NO_BLOCK;
}

static void add_cores(struct reaching *r, uint32_t chip, uint8_t cores, int x_hop, int y_hop)
{
    int target = d2_hop_target(r->x->grid, chip, x_hop, y_hop);
    for (uint32_t k = 0; target >= 0 && k < D2_CORES; k++) {
        uint32_t home = (uint32_t)target * D2_CORES + k;
        r->here[home / WORD] |= (uint64_t)(cores >> k & 1) << home % WORD;
    }
}

/* All that hear the source are there; nothing is left of it for the next one. */
static void confine(struct reaching *r, uint32_t source)
{
    const struct d2_problem *p = &r->x->p;
    for (uint64_t i = p->first_cell[source]; i < p->first_cell[source + 1]; i++) {
        uint32_t c = p->cell[i];
        if (!is_free(r->x, c))
            continue;
        if (!r->cores[c]) {
            r->cores[c] = ARENA_ARRAY(r->x->a, uint64_t, r->n_words);
            memset(r->cores[c], 0xff, r->n_words * sizeof *r->cores[c]);
        }
        for (uint32_t w = 0; w < r->n_words; w++)
            r->cores[c][w] &= r->here[w];
    }
    memset(r->here, 0, r->n_words * sizeof *r->here);
}

static void confine_all(struct reaching *r)
{
    const struct d2_place *x = r->x;
    for (uint32_t i = 0; i < x->n->board->input.n; i++) {
        const struct board_input *y = &x->n->board->input.data[i];
        for (uint32_t k = 0; k < y->to.n; k++)
            add_cores(r, 0, y->to.data[k].cores, y->to.data[k].x_hop, y->to.data[k].y_hop);
        confine(r, x->rows.first_channel[y->input] + y->channel);
    }
    for (uint32_t i = 0; i < x->n->board->core.n; i++) {
        const struct board_core *c = &x->n->board->core.data[i];
        for (uint32_t j = 0; j < c->neuron.n; j++) {
            const struct board_neuron *y = &c->neuron.data[j];
            if (y->layer < 0 || !(y->given & BOARD_SRAM))
                continue;
            for (uint32_t k = 0; k < y->sram.n; k++)
                add_cores(r, c->chip, y->sram.data[k].cores, y->sram.data[k].x_hop,
                          y->sram.data[k].y_hop);
            confine(r, x->rows.n_channels + x->rows.first_cell[y->layer] + y->element);
        }
    }
}

/* Whether the cell may go to a core, of equal currents unless `mixed`. Cores without a block are
 * taken to be as good as any. */
static bool suits(const struct reaching *r, uint32_t cell, uint32_t home, bool mixed)
{
    const struct d2_place *x = r->x;
    if (r->of_home[home] < 0)
        return true;
    uint32_t b = (uint32_t)r->of_home[home];
    int32_t flavour = x->parts.block[b].flavour;
    return d2_parts_takes(&x->p, &x->parts, cell, b) &&
           (mixed || flavour == D2_EMPTY || flavour == (int32_t)x->p.flavour[cell]);
}

/* The core that needs fewest new tags; n_homes: none suits. */
static uint32_t best_home(const struct reaching *r, uint32_t cell, bool mixed)
{
    const struct d2_place *x = r->x;
    uint32_t best = x->n_homes, least = UINT32_MAX;
    uint32_t all = (uint32_t)(x->p.first_source[cell + 1] - x->p.first_source[cell]);
    for (uint32_t h = 0; h < x->n_homes; h++) {
        if (!(r->cores[cell][h / WORD] >> h % WORD & 1) || !suits(r, cell, h, mixed))
            continue;
        uint32_t tags = all;
        if (r->of_home[h] >= 0)
            tags = d2_parts_new_tags(&x->p, &x->parts, cell, (uint32_t)r->of_home[h]);
        if (tags < least) {
            least = tags;
            best = h;
        }
    }
    return best;
}

/* False: no core suits. */
static bool settle(struct reaching *r, uint32_t cell, bool mixed)
{
    for (;;) {
        uint32_t home = best_home(r, cell, mixed);
        if (home == r->x->n_homes)
            return false;
        uint32_t block = d2_block_of(r->x, r->of_home, home);
        if (suits(r, cell, home, mixed)) { /* also now that it has a block */
            d2_settle(r->x, cell, block);
            return true;
        }
    }
}

struct choice { /* of a cell */
    uint32_t homes, cell;
};

static int by_choice(const void *x, const void *y)
{
    const struct choice *p = x, *q = y;
    if (p->homes != q->homes)
        return p->homes < q->homes ? -1 : 1;
    return (p->cell > q->cell) - (p->cell < q->cell);
}

void d2_take_reached(struct d2_place *x, int32_t *of_home)
{
    struct reaching r = {.x = x, .of_home = of_home, .n_words = (x->n_homes + WORD - 1) / WORD};
    r.cores = ARENA_ARRAY(x->a, uint64_t *, x->p.n_cells);
    r.here = ARENA_ARRAY(x->a, uint64_t, r.n_words);
    confine_all(&r);
    struct choice *list = ARENA_ARRAY(x->a, struct choice, x->p.n_cells);
    uint32_t n = 0;
    for (uint32_t c = 0; c < x->p.n_cells; c++) {
        if (!r.cores[c])
            continue;
        list[n] = (struct choice){.cell = c};
        for (uint32_t w = 0; w < r.n_words; w++)
            list[n].homes += bits_count(r.cores[c][w]);
        n++;
    }
    if (n > 1)
        qsort(list, n, sizeof *list, by_choice); /* who has least choice first */
    for (uint32_t i = 0; i < n; i++) {
        /* Where none suits `route` tells what doesn't reach the cell. */
        if (!settle(&r, list[i].cell, false))
            settle(&r, list[i].cell, true);
    }
}
