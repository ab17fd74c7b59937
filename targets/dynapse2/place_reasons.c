/* Why a network doesn't fit, with the fewest facts that say so. */
#include "targets/dynapse2/place.h"

static const char *cell_name(const struct d2_place *x, uint32_t cell)
{
    return d2_neuron_name(&x->d->arena, x->n, x->cell[cell].layer, x->cell[cell].element);
}

static struct span cell_span(const struct d2_place *x, uint32_t cell)
{
    return x->n->layer.data[x->cell[cell].layer].span;
}

/* ---- cores ---- */

static uint32_t degree(const struct d2_place *x, uint32_t cell)
{
    return (uint32_t)(x->p.first_source[cell + 1] - x->p.first_source[cell]);
}

/* A cell that hears more sources than a core has tags. */
static bool say_wide_cell(const struct d2_place *x)
{
    uint32_t widest = 0;
    for (uint32_t c = 1; c < x->p.n_cells; c++)
        widest = degree(x, c) > degree(x, widest) ? c : widest;
    if (degree(x, widest) <= D2_CAM)
        return false;
    struct diag *g =
        diag_add(x->d, E0601, cell_span(x, widest), "`%s` needs %u CAM entries, a neuron has %d",
                 cell_name(x, widest), degree(x, widest), D2_CAM);
    diag_hint(x->d, g, "drop %u: every weight that isn't 0 takes an entry",
              degree(x, widest) - D2_CAM);
    return true;
}

/* How many cores the neurons would take on a board that has enough; 0: not to be known. */
static uint32_t cores_needed(struct d2_place *x)
{
    enum { TRY = 8 };
    struct d2_problem p = x->p;
    struct d2_parts parts;
    p.max_blocks = x->n_homes * TRY;
    d2_parts_init(x->a, &p, &parts);
    return d2_grow(x->a, &p, &parts) ? parts.n_blocks : 0;
}

void d2_say_no_room(struct d2_place *x)
{
    if (say_wide_cell(x))
        return;
    uint32_t given = 0, n_free = 0, space = 0, need;
    struct span at = {0};
    for (uint32_t b = 0; b < x->parts.n_blocks; b++)
        given += x->parts.block[b].home != D2_ANY_HOME;
    for (uint32_t c = 0; c < x->p.n_cells; c++)
        n_free += !x->parts.fixed[c];
    need = cores_needed(x);
    at = x->n->span;
    (void)space;
    struct diag *g;
    if (need > 0)
        g = diag_add(x->d, E0601, at,
                     "%u neurons need %u cores, %u in each on average, since those of a core hear "
                     "at most %d sources: the board has %u",
                     x->p.n_cells, need, x->p.n_cells / need, D2_TAGS, x->n_homes);
    else
        g = diag_add(x->d, E0601, at,
                     "%u neurons don't fit the %u cores: those of a core hear at most %d sources",
                     x->p.n_cells, x->n_homes, D2_TAGS);
    if (given)
        diag_hint(x->d, g, "%u cores are given by hand, %u neurons are free", given, n_free);
    else
        diag_hint(x->d, g,
                  "fewer different sources, neurons that share more of them, or a larger "
                  "board: `grid = [COLUMNS, ROWS];`");
}

/* ---- tags ---- */

static bool check_tags(const struct d2_place *x)
{
    for (uint32_t b = 0; b < x->parts.n_blocks; b++) {
        const struct d2_block *y = &x->parts.block[b];
        if (y->tags <= D2_TAGS || y->home != D2_ANY_HOME)
            continue; /* by hand: `route` finds out whether sources can share tags */
    }
    return true;
}

bool d2_check_limits(struct d2_place *x, const struct d2_floor *f)
{
    (void)f;
    return check_tags(x);
}
