#include "targets/speck/export.h"
#include "targets/speck/flash.h"

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

bool speck_export_flash(struct arena *a, const struct image *im, struct bytes *out, struct diags *d)
{
    struct speck_config c;
    struct speck_maps m;
    struct speck_faults f = {.arena = a};
    if (!speck_config_read(a, im, &c, &m, d))
        return false;
    uint8_t *bytes = arena_alloc(a, SPECK_FLASH_SIZE);
    bool ok = speck_flash_encode(&c, bytes, &f);
    for (uint32_t i = 0; i < f.list.n; i++)
        diag_add(d, E0602, (struct span){0}, "the flash has no place for it: %s %s",
                 f.list.data[i].where, f.list.data[i].what);
    *out = (struct bytes){bytes, SPECK_FLASH_SIZE};
    return ok;
}
