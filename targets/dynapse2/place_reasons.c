/* Why a network doesn't fit, with the fewest facts that say so. */
#include "targets/dynapse2/place.h"
#include "targets/dynapse2/profile.h"

/* ---- cores ---- */

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

/* Neurons that can be used, less those that hands gave to others. */
static uint32_t room(const struct d2_place *x)
{
    uint32_t n = 0;
    for (uint32_t h = 0; h < x->n_homes; h++)
        n += d2_usable_neurons(x->n->board, h / D2_CORES, h % D2_CORES);
    for (uint32_t i = 0; i < x->n->board->core.n; i++) {
        const struct board_core *c = &x->n->board->core.data[i];
        for (uint32_t k = 0; k < c->neuron.n; k++)
            n -= c->neuron.data[k].layer < 0 && n > 0;
    }
    return n;
}

void d2_say_no_room(struct d2_place *x)
{
    struct diag *g;
    if (x->p.n_cells > room(x)) {
        g = diag_add(x->d, E0601, x->n->span, "%u neurons don't fit: %u of the board can be used",
                     x->p.n_cells, room(x));
        diag_hint(x->d, g, "%u fewer, or a larger board: `grid = [COLUMNS, ROWS];`",
                  x->p.n_cells - room(x));
        return;
    }
    uint32_t need = cores_needed(x);
    if (need > x->n_homes)
        g = diag_add(
            x->d, E0601, x->n->span,
            "%u neurons hear so many different sources that they need %u cores, %u in each "
            "on average: the board has %u, and a core has %d tags",
            x->p.n_cells, need, x->p.n_cells / need, x->n_homes, D2_TAGS);
    else
        g = diag_add(x->d, E0601, x->n->span,
                     "%u neurons don't fit the board's %u cores beside what is given by hand",
                     x->p.n_cells, x->n_homes);
    if (x->p.n_flavours > 1)
        diag_hint(x->d, g, "they want %u different sets of currents, each on cores of its own",
                  x->p.n_flavours);
    else
        diag_hint(x->d, g,
                  "fewer different sources, neurons that share more of them, or a larger board: "
                  "`grid = [COLUMNS, ROWS];`");
}
