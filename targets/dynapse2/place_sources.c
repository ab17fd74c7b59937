#include "targets/dynapse2/place.h"

static bool count(struct d2_place *x, uint64_t *synapses)
{
    const struct net *n = x->n;
    uint64_t channels = 0;
    x->first_channel = ARENA_ARRAY(x->a, uint32_t, n->input.n + 1);
    for (uint32_t i = 0; i < n->input.n; i++) {
        channels += n->input.data[i].n;
        if (channels > D2_MAX_CHANNELS) {
            diag_add(x->d, E0601, n->input.data[i].span, "the inputs have more than %d channels",
                     D2_MAX_CHANNELS);
            return false;
        }
        x->first_channel[i + 1] = (uint32_t)channels;
    }
    x->n_channels = (uint32_t)channels;
    *synapses = 0;
    const struct net_connection *most = NULL;
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        *synapses += c->row[c->n_pre];
        most = !most || c->row[c->n_pre] > most->row[most->n_pre] ? c : most;
    }
    if (*synapses > d2_synapse_room(n)) {
        struct diag *g = diag_add(
            x->d, E0601, n->span, "%llu synapses: the CAM of %u neurons has %llu entries",
            (unsigned long long)*synapses, x->p.n_cells, (unsigned long long)x->p.n_cells * D2_CAM);
        diag_label(x->d, g, most->span, "%llu of them from here",
                   (unsigned long long)most->row[most->n_pre]);
        return false;
    }
    return true;
}

/* Connections by source: inputs, then layers. */
static uint32_t *by_source(struct d2_place *x, uint32_t **first)
{
    const struct net *n = x->n;
    uint32_t n_groups = n->input.n + n->layer.n;
    *first = ARENA_ARRAY(x->a, uint32_t, n_groups + 2);
    uint32_t *list = ARENA_ARRAY(x->a, uint32_t, n->connection.n);
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        (*first)[(c->from_input ? 0 : n->input.n) + c->src + 2]++;
    }
    for (uint32_t g = 2; g <= n_groups; g++)
        (*first)[g] += (*first)[g - 1];
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        list[(*first)[(c->from_input ? 0 : n->input.n) + c->src + 1]++] = i;
    }
    return list;
}

/* The lists of each source's cells; a cell that hears a source in several ways is in it once. */
static void list_cells(struct d2_place *x, uint64_t synapses)
{
    const struct net *n = x->n;
    uint32_t *first_of, *of = by_source(x, &first_of), source = 0;
    uint64_t *first = ARENA_ARRAY(x->a, uint64_t, (size_t)x->p.n_sources + 1), at = 0;
    uint32_t *cell = ARENA_ARRAY(x->a, uint32_t, synapses);
    uint32_t *last = ARENA_ARRAY(x->a, uint32_t, x->p.n_cells); /* 1 + source */
    for (uint32_t g = 0; g < n->input.n + n->layer.n; g++) {
        uint32_t n_pre = g < n->input.n ? n->input.data[g].n : n->layer.data[g - n->input.n].n;
        for (uint32_t pre = 0; pre < n_pre; pre++, source++) {
            for (uint32_t i = first_of[g]; i < first_of[g + 1]; i++) {
                const struct net_connection *c = &n->connection.data[of[i]];
                for (uint64_t s = c->row[pre]; s < c->row[pre + 1]; s++) {
                    uint32_t to = x->first[c->dst] + c->post[s];
                    if (last[to] != source + 1)
                        cell[at++] = to;
                    last[to] = source + 1;
                }
            }
            first[source + 1] = at;
        }
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

bool d2_find_sources(struct d2_place *x)
{
    uint64_t synapses;
    if (!count(x, &synapses))
        return false;
    x->p.n_sources = x->n_channels + x->p.n_cells;
    list_cells(x, synapses);
    list_sources(x);
    bool *wanted = d2_wanted_layers(x->a, x->n);
    uint8_t *max_chips = ARENA_ARRAY(x->a, uint8_t, x->p.n_sources);
    x->origin = ARENA_ARRAY(x->a, int32_t, x->p.n_sources);
    x->wanted = ARENA_ARRAY(x->a, bool, x->p.n_cells);
    for (uint32_t s = 0; s < x->n_channels; s++) {
        x->origin[s] = D2_CHANNEL;
        max_chips[s] = D2_ANY_CHIPS;
    }
    for (uint32_t c = 0; c < x->p.n_cells; c++) {
        x->origin[x->n_channels + c] = (int32_t)c;
        x->wanted[c] = wanted[x->cell[c].layer];
        max_chips[x->n_channels + c] = D2_SRAM - x->wanted[c];
    }
    x->p.max_chips = max_chips;
    return true;
}
