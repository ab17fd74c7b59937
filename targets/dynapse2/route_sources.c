/* Who sends: the sources of a network and where they stand, and who hears them. */
#include "targets/dynapse2/route.h"

bool d2_is_by_hand(const struct d2_route *r, uint32_t source)
{
    return d2_is_channel(&r->rows, source)
               ? r->by_hand[source] != NULL
               : (r->sites.at[source - r->rows.n_channels].neuron->given & BOARD_SRAM) != 0;
}

uint32_t d2_source_chip(const struct d2_route *r, uint32_t source)
{
    return d2_is_channel(&r->rows, source) ? 0
                                           : r->sites.at[source - r->rows.n_channels].core->chip;
}

bool d2_share_rows(struct d2_route *r, const bool *few)
{
    r->n_shared = d2_same_rows(r->a, &r->rows, few, r->same);
    return r->n_shared > 0;
}

/* Synapses by neuron, in ascending order of their sources. */
static void find_incoming(struct d2_route *r)
{
    const struct d2_rows *rows = &r->rows;
    uint64_t *first = ARENA_ARRAY(r->a, uint64_t, (size_t)rows->n_cells + 2);
    r->first_in = first;
    for (uint32_t i = 0; i < r->n->connection.n; i++) {
        const struct net_connection *c = &r->n->connection.data[i];
        for (uint64_t s = 0; s < c->row[c->n_pre]; s++)
            first[rows->first_cell[c->dst] + c->post[s] + 2]++;
    }
    for (uint32_t i = 2; i <= rows->n_cells + 1; i++)
        first[i] += first[i - 1];
    r->in = ARENA_ARRAY(r->a, struct d2_incoming, first[rows->n_cells + 1]);
    for (uint32_t source = 0; source < rows->n_sources; source++) {
        for (struct d2_row x = d2_row_of(rows, source); d2_row_next(&x);) {
            const struct net_connection *c = x.c;
            for (uint64_t s = c->row[x.pre]; s < c->row[x.pre + 1]; s++)
                r->in[first[rows->first_cell[c->dst] + c->post[s] + 1]++] = (struct d2_incoming){
                    source, (uint32_t)(c - r->n->connection.data), c->weight[s]};
        }
    }
}

bool d2_route_sources(struct d2_route *r)
{
    if (!d2_rows_init(r->a, r->n, &r->rows, r->d))
        return false;
    r->by_hand = ARENA_ARRAY(r->a, const struct board_input *, r->rows.n_channels);
    for (uint32_t i = 0; i < r->n->board->input.n; i++) {
        const struct board_input *x = &r->n->board->input.data[i];
        r->by_hand[r->rows.first_channel[x->input] + x->channel] = x;
    }
    r->same = ARENA_ARRAY(r->a, uint32_t, r->rows.n_sources);
    for (uint32_t s = 0; s < r->rows.n_sources; s++)
        r->same[s] = s;
    find_incoming(r);
    return true;
}
