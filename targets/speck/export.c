#include "targets/speck/export.h"

bool speck_read_for(struct arena *a, const struct image *im, const struct plan *p,
                    struct speck_config *c, struct speck_maps *m, struct diags *d)
{
    if (!speck_config_read(a, im, c, m, d))
        return false;
    if (m->n_layers == p->group.n && m->n_inputs == p->input.n)
        return true;
    diag_add(d, E0701, (struct span){0}, "Speck configuration: section MAPS is of another network");
    return false;
}

int speck_layer_on(const struct speck_maps *m, uint32_t core)
{
    for (uint32_t i = 0; i < m->n_layers; i++)
        if (m->layer[i].core == core)
            return (int)i;
    return -1;
}
