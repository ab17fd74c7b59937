#include "targets/dynapse2/passes.h"

struct d2_sites d2_sites(struct arena *a, const struct net *n)
{
    uint32_t *first = ARENA_ARRAY(a, uint32_t, n->layer.n + 1);
    for (uint32_t l = 0; l < n->layer.n; l++)
        first[l + 1] = first[l] + n->layer.data[l].n;
    struct d2_sites s = {first, ARENA_ARRAY(a, struct d2_site, first[n->layer.n])};
    for (uint32_t i = 0; n->board && i < n->board->core.n; i++) {
        struct board_core *c = &n->board->core.data[i];
        for (uint32_t k = 0; k < c->neuron.n; k++) {
            struct board_neuron *x = &c->neuron.data[k];
            if (x->layer >= 0)
                s.at[first[x->layer] + x->element] = (struct d2_site){c, x};
        }
    }
    return s;
}

bool *d2_wanted_layers(struct arena *a, const struct net *n)
{
    bool *wanted = ARENA_ARRAY(a, bool, n->layer.n);
    for (uint32_t i = 0; i < n->output.n; i++)
        wanted[n->output.data[i]] = true;
    for (uint32_t i = 0; i < n->record.n; i++) {
        if (n->record.data[i].state < 0)
            wanted[n->record.data[i].layer] = true;
    }
    return wanted;
}

uint64_t d2_synapse_room(const struct net *n)
{
    uint64_t room = 0;
    for (uint32_t l = 0; l < n->layer.n; l++)
        room += (uint64_t)n->layer.data[l].n * D2_CAM;
    return room > D2_MAX_SYNAPSES ? room : D2_MAX_SYNAPSES;
}

bool d2_is_bound(const struct model_param *p)
{
    return p->kind == MODEL_BIAS && p->on.target && strcmp(p->on.target, "dynapse2") == 0;
}

int d2_latch_of(const struct model_param *p)
{
    if (p->on.latch)
        return d2_find_latch(p->on.latch);
    for (uint32_t k = 0; k < p->on.n; k++) {
        if (strcmp(p->on.name[k], "SOIF_DC_P") == 0)
            return D2_SO_DC;
    }
    return -1;
}

void d2_set_column(struct net *n, uint32_t layer, uint32_t param, const double *v)
{
    const struct net_layer *l = &n->layer.data[layer];
    bool same = true;
    for (uint32_t i = 0; i < l->n && same; i++)
        same = (float)v[i] == d2_value(&l->param[param], i);
    if (!same)
        net_layer_set(n, layer, param, v, false);
}

const char *d2_neuron_name(struct arena *a, const struct net *n, uint32_t layer, uint32_t element)
{
    struct buf b = {0};
    net_element_name(&b, n->layer.data[layer].name, n->layer.data[layer].shape, element);
    const char *s = arena_strdup(a, b.data);
    buf_free(&b);
    return s;
}
