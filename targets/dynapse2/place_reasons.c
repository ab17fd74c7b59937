/* Why a network doesn't fit, with the fewest facts that say so. */
#include "targets/dynapse2/place.h"
#include "targets/dynapse2/profile.h"

/* ---- cores ---- */

/* Cores of the best way that is found on a board that has enough, if a core had so many tags, and
 * any currents if `mixed`; UINT32_MAX: none is. */
static uint32_t cores_found(struct d2_place *x, uint32_t tags, bool mixed)
{
    enum { TRY = 8 };
    struct d2_problem p = x->p;
    struct d2_parts parts;
    p.max_blocks = x->n_homes * TRY;
    p.max_tags = tags;
    if (mixed) {
        p.flavour = ARENA_ARRAY(x->a, uint32_t, p.n_cells);
        p.n_flavours = 1;
    }
    d2_parts_init(x->a, &p, &parts);
    return d2_grow(x->a, &p, &parts) ? parts.n_blocks : UINT32_MAX;
}

static uint32_t heard_sources(const struct d2_place *x)
{
    uint32_t n = 0;
    for (uint32_t s = 0; s < x->p.n_sources; s++)
        n += x->p.first_cell[s] < x->p.first_cell[s + 1];
    return n;
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

/* Neurons with a place, wishes for one, or inputs with destinations. */
static bool some_by_hand(const struct board *b)
{
    bool any = b->place.n > 0 || b->input.n > 0;
    for (uint32_t i = 0; i < b->core.n && !any; i++)
        any = b->core.data[i].neuron.n > 0;
    return any;
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
    const uint32_t sources = heard_sources(x), least = (sources + D2_TAGS - 1) / D2_TAGS;
    const uint32_t found = cores_found(x, D2_TAGS, false);
    const bool tags = found > x->n_homes && cores_found(x, x->p.n_sources, false) <= x->n_homes;
    const bool currents =
        found > x->n_homes && x->p.n_flavours > 1 && cores_found(x, D2_TAGS, true) <= x->n_homes;
    const char *way = found == UINT32_MAX
                          ? "no way was found"
                          : arena_printf(&x->d->arena, "the best way found takes %u", found);
    if (least > x->n_homes)
        g = diag_add(x->d, E0601, x->n->span,
                     "%u neurons hear %u different sources: with %d tags each that takes %u cores "
                     "at least, the board has %u",
                     x->p.n_cells, sources, D2_TAGS, least, x->n_homes);
    else if (tags)
        g = diag_add(x->d, E0601, x->n->span,
                     "%u neurons hear %u different sources, too many for the board's %u cores, "
                     "which have %d tags each: %s",
                     x->p.n_cells, sources, x->n_homes, D2_TAGS, way);
    else if (found > x->n_homes)
        g = diag_add(x->d, E0601, x->n->span, "%u neurons don't fit the board's %u cores: %s",
                     x->p.n_cells, x->n_homes, way);
    else
        g = diag_add(x->d, E0601, x->n->span, "%u neurons don't fit the board's %u cores %s",
                     x->p.n_cells, x->n_homes,
                     some_by_hand(x->n->board)
                         ? "beside what is given by hand"
                         : "with what is left of them by the profiles of its chips");
    if (currents)
        diag_hint(x->d, g,
                  "they want %u different sets of currents, each on cores of its own; with equal "
                  "ones they would fit",
                  x->p.n_flavours);
    else if (x->p.n_flavours > 1)
        diag_hint(x->d, g, "they want %u different sets of currents, each on cores of its own",
                  x->p.n_flavours);
    else
        diag_hint(x->d, g,
                  "fewer different sources, neurons that share more of them, or a larger board: "
                  "`grid = [COLUMNS, ROWS];`");
}
