/* What no placement can keep, however it is searched for: counts of neurons that have to be near. A
 * board of many chips is searched for long, so that this is seen before. */
#include "targets/dynapse2/place.h"
#include "targets/dynapse2/profile.h"

/* Usable neurons of the chips that inputs reach. */
static uint32_t room_for_inputs(const struct d2_place *x)
{
    uint32_t n = 0;
    for (uint32_t h = 0; h < x->n_homes; h++) {
        int hx, hy;
        if (d2_hops(x->grid, 0, h / D2_CORES, &hx, &hy))
            n += d2_usable_neurons(x->n->board, h / D2_CORES, h % D2_CORES);
    }
    return n;
}

/* Neurons by hand may be dead ones, have destinations that leave the host out, and more: they are
 * left out of the counts. */
static bool *find_by_hand(const struct d2_place *x)
{
    bool *by_hand = ARENA_ARRAY(x->a, bool, x->p.n_cells);
    for (uint32_t i = 0; i < x->n->board->core.n; i++) {
        const struct board_core *c = &x->n->board->core.data[i];
        for (uint32_t k = 0; k < c->neuron.n; k++) {
            const struct board_neuron *y = &c->neuron.data[k];
            if (y->layer >= 0)
                by_hand[x->rows.first_cell[y->layer] + y->element] = true;
        }
    }
    return by_hand;
}

/* The layer with most of the cells that are marked, n of them. */
static const struct net_layer *main_layer(const struct d2_place *x, const bool *marked, uint32_t *n)
{
    uint32_t best = 0, most = 0;
    for (uint32_t l = 0; l < x->n->layer.n; l++) {
        uint32_t count = 0;
        for (uint32_t c = x->rows.first_cell[l]; c < x->rows.first_cell[l + 1]; c++)
            count += marked[c];
        best = count > most ? l : best;
        most = count > most ? count : most;
    }
    *n = most;
    return &x->n->layer.data[best];
}

static bool host_has_room(struct d2_place *x, const bool *by_hand)
{
    const uint32_t near = -D2_HOST_HOP, columns = x->grid.columns < near ? x->grid.columns : near;
    const uint32_t of_column = x->grid.rows > 1 ? D2_TAGS - 1 : D2_CORES * D2_NEURONS;
    bool *marked = ARENA_ARRAY(x->a, bool, x->p.n_cells);
    uint32_t n = 0, most;
    for (uint32_t c = 0; c < x->p.n_cells; c++) {
        marked[c] = x->wanted[c] && !by_hand[c];
        n += marked[c];
    }
    if (n <= columns * of_column)
        return true;
    const struct net_layer *l = main_layer(x, marked, &most);
    struct diag *g = diag_add(x->d, E0601, l->span,
                              "the spikes of %u neurons are wanted: the host can hear %u, %u of "
                              "each column of chips from 0 to %u",
                              n, columns * of_column, of_column, columns - 1);
    diag_hint(x->d, g, "`output` and `record` fewer layers%s",
              x->grid.columns < near || x->grid.rows == 1 ? ", or a larger board" : "");
    return false;
}

static bool inputs_have_room(struct d2_place *x, const bool *by_hand)
{
    bool *marked = ARENA_ARRAY(x->a, bool, x->p.n_cells);
    uint32_t n = 0, most, room = room_for_inputs(x);
    for (uint32_t c = 0; c < x->p.n_cells; c++) {
        /* Channels are the first sources. */
        marked[c] = !by_hand[c] && x->p.first_source[c] < x->p.first_source[c + 1] &&
                    d2_is_channel(&x->rows, x->p.source[x->p.first_source[c]]);
        n += marked[c];
    }
    if (n <= room)
        return true;
    const struct net_layer *l = main_layer(x, marked, &most);
    struct diag *g = diag_add(x->d, E0601, l->span,
                              "%u neurons hear inputs, which reach %u: those on chips in columns "
                              "and rows 0 to %d",
                              n, room, D2_MAX_HOP);
    diag_hint(x->d, g, "let inputs feed %u fewer: %u of `%s` hear them", n - room, most, l->name);
    return false;
}

/* Helper neurons may do what the neuron itself can't. */
static bool sources_have_room(struct d2_place *x, const bool *by_hand)
{
    enum { CHIP = D2_CORES * D2_NEURONS };
    for (uint32_t s = x->rows.n_channels; s < x->p.n_sources && !x->o->split; s++) {
        uint64_t n = x->p.first_cell[s + 1] - x->p.first_cell[s];
        uint32_t cell = s - x->rows.n_channels;
        if (x->p.max_chips[s] == D2_ANY_CHIPS || n <= (uint64_t)x->p.max_chips[s] * CHIP ||
            by_hand[cell])
            continue;
        struct diag *g = diag_add(
            x->d, E0601, d2_source_span(&x->rows, s),
            "`%s` is heard by %llu neurons, those of %llu chips: its SRAM entries reach %u%s",
            d2_source_name(&x->d->arena, &x->rows, s), (unsigned long long)n,
            (unsigned long long)(n + CHIP - 1) / CHIP, x->p.max_chips[s],
            x->wanted[cell] ? ", one more is for its spikes" : "");
        const bool full = (x->p.n_cells + D2_NEURONS - 1) / D2_NEURONS >= x->n_homes;
        diag_hint(x->d, g, "let it feed fewer neurons%s",
                  full ? "" : ", or add helper neurons: `--split`");
        return false;
    }
    return true;
}

bool d2_check_bounds(struct d2_place *x)
{
    const bool *by_hand = find_by_hand(x);
    return host_has_room(x, by_hand) && inputs_have_room(x, by_hand) &&
           sources_have_room(x, by_hand);
}
