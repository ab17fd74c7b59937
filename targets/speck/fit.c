/* What a network needs of a Speck, as far as its passes got. */
#include "targets/speck/passes.h"

static const struct board_place *placed(const struct net *n, uint32_t layer)
{
    for (uint32_t i = 0; n->board && i < n->board->place.n; i++)
        if (n->board->place.data[i].layer == layer)
            return &n->board->place.data[i];
    return NULL;
}

/* Of the layer's core, or where it has none the most that any core has. */
static struct speck_memory room(const struct board_place *p)
{
    struct speck_memory most = {0};
    for (uint32_t k = 0; k < SPECK_CORES; k++) {
        const struct speck_memory *x = &speck_core[k];
        if (p && p->core != k)
            continue;
        most.kernel = x->kernel > most.kernel ? x->kernel : most.kernel;
        most.neuron = x->neuron > most.neuron ? x->neuron : most.neuron;
        most.bias = x->bias > most.bias ? x->bias : most.bias;
    }
    return most;
}

uint32_t speck_fit(const struct net *n, struct arena *a, struct target_fit_row **out)
{
    struct target_fit_row *row = ARENA_ARRAY(a, struct target_fit_row, 4 * (size_t)n->layer.n + 1);
    struct arena scratch = {0};
    uint32_t rows = 0;
    row[rows++] = (struct target_fit_row){"cores", NULL, n->layer.n, SPECK_CORES};
    for (uint32_t i = 0; i < n->layer.n; i++) {
        const struct net_layer *l = &n->layer.data[i];
        const struct board_place *p = placed(n, i);
        const char *where =
            p ? arena_printf(a, "%s on core %u", l->name, p->core) : arena_strdup(a, l->name);
        struct speck_use u;
        uint32_t to = 0;
        for (uint32_t k = 0; k < n->connection.n; k++)
            to += !n->connection.data[k].from_input && n->connection.data[k].src == i;
        row[rows++] = (struct target_fit_row){"destinations", where, to, SPECK_DESTINATIONS};
        if (!speck_use_of(&scratch, n, i, &u, NULL))
            continue;
        struct speck_memory need = speck_need(&u.layer), have = room(p);
        row[rows++] = (struct target_fit_row){"kernel words", where, need.kernel, have.kernel};
        row[rows++] = (struct target_fit_row){"neuron words", where, need.neuron, have.neuron};
        if (need.bias)
            row[rows++] = (struct target_fit_row){"bias words", where, need.bias, have.bias};
    }
    arena_free(&scratch);
    *out = row;
    return rows;
}
