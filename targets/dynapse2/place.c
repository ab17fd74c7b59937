/* Neurons get a core and an index there. Those of equal currents share cores: as few as their
 * number and the tags of their sources allow (partition.h), or, where there are more currents than
 * cores, those of similar ones (cluster.h). Cores that hear the same sources share a chip, and
 * chips that speak to each other are near (floorplan.h). */
#include "targets/dynapse2/place.h"
#include "targets/dynapse2/profile.h"

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
        ok = d2_find_sources(&x) && d2_check_bounds(&x) && d2_find_homes(&x);
    }
    if (ok) {
        d2_fill_board(&x);
        d2_share_currents(n, x.near, d);
        report(&x);
    }
    arena_free(&scratch);
    return ok;
}
