/* Who hears whom. */
#include "targets/dynapse2/place.h"

static uint64_t count_synapses(const struct net *n)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < n->connection.n; i++)
        count += n->connection.data[i].row[n->connection.data[i].n_pre];
    return count;
}

static bool few_synapses(const struct d2_place *x)
{
    const struct net *n = x->n;
    const struct net_connection *most = NULL;
    uint64_t synapses = count_synapses(n);
    if (synapses <= d2_synapse_room(n))
        return true;
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        most = !most || c->row[c->n_pre] > most->row[most->n_pre] ? c : most;
    }
    struct diag *g = diag_add(x->d, E0601, n->span, "%llu synapses: %u neurons may have %llu",
                              (unsigned long long)synapses, x->p.n_cells,
                              (unsigned long long)d2_synapse_room(n));
    diag_label(x->d, g, most->span, "%llu of them from here",
               (unsigned long long)most->row[most->n_pre]);
    return false;
}

/* The lists of each source's cells; a cell that hears a source in several ways is in it once. A
 * source that shares the tag of another one has an empty list. */
static void list_cells(struct d2_place *x, uint64_t synapses)
{
    uint64_t *first = ARENA_ARRAY(x->a, uint64_t, (size_t)x->p.n_sources + 1), at = 0;
    uint32_t *cell = ARENA_ARRAY(x->a, uint32_t, synapses);
    uint32_t *last = ARENA_ARRAY(x->a, uint32_t, x->p.n_cells); /* 1 + source */
    memset(x->entries, 0, x->p.n_cells * sizeof *x->entries);
    for (uint32_t source = 0; source < x->p.n_sources; source++) {
        for (struct d2_row r = d2_row_of(&x->rows, source);
             x->same[source] == source && d2_row_next(&r);) {
            for (uint64_t s = r.c->row[r.pre]; s < r.c->row[r.pre + 1]; s++) {
                uint32_t to = x->rows.first_cell[r.c->dst] + r.c->post[s];
                x->entries[to]++;
                if (last[to] != source + 1)
                    cell[at++] = to;
                last[to] = source + 1;
            }
        }
        first[source + 1] = at;
    }
    x->p.first_cell = first;
    x->p.cell = cell;
}

/* The same by cell. */
static void list_sources(struct d2_place *x)
{
    struct d2_problem *p = &x->p;
    uint64_t n = p->first_cell[p->n_sources];
    uint64_t *first = ARENA_ARRAY(x->a, uint64_t, (size_t)p->n_cells + 2);
    uint32_t *source = ARENA_ARRAY(x->a, uint32_t, n);
    for (uint64_t i = 0; i < n; i++)
        first[p->cell[i] + 2]++;
    for (uint32_t c = 2; c <= p->n_cells; c++)
        first[c] += first[c - 1];
    for (uint32_t s = 0; s < p->n_sources; s++) {
        for (uint64_t i = p->first_cell[s]; i < p->first_cell[s + 1]; i++)
            source[first[p->cell[i] + 1]++] = s;
    }
    p->first_source = first;
    p->source = source;
}

/* On how many chips each source may be heard: its SRAM entries, less that for the host. */
static void find_limits(struct d2_place *x)
{
    const bool *wanted = d2_wanted_layers(x->a, x->n);
    uint8_t *max_chips = ARENA_ARRAY(x->a, uint8_t, x->p.n_sources);
    x->origin = ARENA_ARRAY(x->a, int32_t, x->p.n_sources);
    x->wanted = ARENA_ARRAY(x->a, bool, x->p.n_cells);
    memset(max_chips, D2_ANY_CHIPS, x->p.n_sources * sizeof *max_chips);
    for (uint32_t s = 0; s < x->p.n_sources; s++) {
        x->origin[s] = D2_CHANNEL;
        if (d2_is_channel(&x->rows, s))
            continue;
        uint32_t c = s - x->rows.n_channels, to = x->same[s];
        x->origin[s] = (int32_t)c;
        x->wanted[c] = wanted[x->cell[c].layer];
        if (D2_SRAM - x->wanted[c] < max_chips[to])
            max_chips[to] = D2_SRAM - x->wanted[c];
    }
    x->p.max_chips = max_chips;
}

/* The CAM entries of the seat that a cell gets; those by hand have theirs. */
static void find_needs(struct d2_place *x)
{
    for (uint32_t c = 0; c < x->p.n_cells; c++)
        x->need[c] = (uint8_t)(x->entries[c] < D2_CAM ? x->entries[c] : D2_CAM);
    for (uint32_t i = 0; i < x->n->board->core.n; i++) {
        const struct board_core *c = &x->n->board->core.data[i];
        for (uint32_t k = 0; k < c->neuron.n; k++) {
            const struct board_neuron *y = &c->neuron.data[k];
            if (y->layer >= 0)
                x->need[x->rows.first_cell[y->layer] + y->element] = 0;
        }
    }
    x->most_need = 0;
    for (uint32_t c = 0; c < x->p.n_cells; c++)
        x->most_need = x->need[c] > x->most_need ? x->need[c] : x->most_need;
    x->p.need = x->need;
}

static void find_lists(struct d2_place *x)
{
    list_cells(x, count_synapses(x->n));
    list_sources(x);
    find_limits(x);
    find_needs(x);
}

/* Cells that hear more sources than they have CAM entries, so that `route` will have some share
 * them. False: there are none. */
static bool find_short(const struct d2_place *x, bool *few)
{
    bool any = false;
    for (uint32_t c = 0; c < x->p.n_cells; c++)
        few[c] = x->entries[c] > D2_CAM;
    for (uint32_t i = 0; i < x->n->board->core.n; i++) {
        const struct board_core *c = &x->n->board->core.data[i];
        for (uint32_t k = 0; k < c->neuron.n; k++) {
            const struct board_neuron *y = &c->neuron.data[k];
            if (y->layer < 0 || !(y->given & BOARD_CAM))
                continue;
            uint32_t cell = x->rows.first_cell[y->layer] + y->element;
            few[cell] = x->entries[cell] > y->cam.n;
        }
    }
    for (uint32_t c = 0; c < x->p.n_cells && !any; c++)
        any = few[c];
    return any;
}

bool d2_find_sources(struct d2_place *x)
{
    if (!few_synapses(x))
        return false;
    x->p.n_sources = x->rows.n_sources;
    x->same = ARENA_ARRAY(x->a, uint32_t, x->p.n_sources);
    x->entries = ARENA_ARRAY(x->a, uint32_t, x->p.n_cells);
    x->need = ARENA_ARRAY(x->a, uint8_t, x->p.n_cells);
    for (uint32_t s = 0; s < x->p.n_sources; s++)
        x->same[s] = s;
    find_lists(x);
    bool *few = ARENA_ARRAY(x->a, bool, x->p.n_cells);
    if (find_short(x, few) && d2_same_rows(x->a, &x->rows, few, x->same) > 0)
        find_lists(x);
    return true;
}

bool d2_merge_sources(struct d2_place *x)
{
    if (d2_same_rows(x->a, &x->rows, NULL, x->same) == 0)
        return false;
    find_lists(x);
    return true;
}
