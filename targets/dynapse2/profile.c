#include "targets/dynapse2/profile.h"
#include "runtime/base/bits.h"

const struct d2_profile *d2_profile_of(const struct board *b, uint32_t chip)
{
    uint32_t lo = 0, hi = b->profile.n;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (b->profile.data[mid].chip < chip)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < b->profile.n && b->profile.data[lo].chip == chip ? b->profile.data[lo].content
                                                                 : NULL;
}

bool d2_neuron_is_dead(const struct board *b, uint32_t chip, uint32_t core, uint32_t neuron)
{
    const struct d2_profile *p = d2_profile_of(b, chip);
    return p && (p->dead[core][neuron / 64] >> neuron % 64 & 1);
}

uint64_t d2_bad_cam(const struct board *b, uint32_t chip, uint32_t core, uint32_t neuron)
{
    const struct d2_profile *p = d2_profile_of(b, chip);
    return p ? p->bad_cam[core][neuron] : 0;
}

bool d2_cam_is_bad(const struct board *b, uint32_t chip, uint32_t core, uint32_t neuron,
                   uint32_t slot)
{
    return d2_bad_cam(b, chip, core, neuron) >> slot & 1;
}

uint32_t d2_usable_neurons(const struct board *b, uint32_t chip, uint32_t core)
{
    const struct d2_profile *p = d2_profile_of(b, chip);
    uint32_t dead = 0;
    for (uint32_t i = 0; p && i < D2_NEURONS / 64; i++)
        dead += bits_count(p->dead[core][i]);
    return D2_NEURONS - dead;
}

uint32_t d2_usable_cam(const struct board *b, uint32_t chip, uint32_t core, uint32_t neuron)
{
    return D2_CAM - bits_count(d2_bad_cam(b, chip, core, neuron));
}

const struct d2_measured *d2_find_measured(const struct d2_profile *p, int param, const char *name)
{
    for (uint32_t i = 0; i < p->measured.n; i++) {
        const struct d2_measured *m = &p->measured.data[i];
        if (m->param == param && (param >= 0 || strcmp(m->name, name) == 0))
            return m;
    }
    return NULL;
}
