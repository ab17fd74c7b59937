#include "targets/dynapse2/export.h"
#include <string.h>

const char *const d2_latch_key[D2_N_LATCHES] = {
    "latchSoDc",      "latchSoAdaptation", "latchSoifKill", "latchCohoCaMem",     "latchHoEnable",
    "latchHoSoDe",    "latchDeamAmpa",     "latchDenmNmda", "latchDeConductance", "latchDeamAlpha",
    "latchDenmAlpha", "latchDeMux",        "latchSoifType", "latchHoActive",
};

bool d2_is_set(const struct d2_core *c, uint32_t param)
{
    return c->given[param] || (d2_param[param].core && c->n_neurons > 0);
}

const char *d2_core_name(uint32_t param)
{
    return d2_param[param].scope == D2_OF_CORE ? d2_script_name(param) : NULL;
}

bool d2_exportable(const struct d2_config *c, struct diags *d)
{
    bool ok = true;
    for (uint32_t i = 0; i < c->n_cores; i++) {
        const struct d2_core *k = &c->core[i];
        for (uint32_t p = 0; p < D2_N_PARAMS; p++) {
            if (!d2_is_set(k, p) || d2_core_name(p))
                continue;
            struct diag *g = diag_add(d, E0602, (struct span){0},
                                      "chip %u core %u: samna has no parameter `%s` for one core",
                                      k->chip, k->core, d2_param[p].name);
            static const char *const where[] = {
                [D2_OF_CORE] = "",
                [D2_OF_PAIR] = "it is in a chip's shared_parameters01 or 23 there: ",
                [D2_OF_CHIP] = "it is in a chip's global_parameters there: ",
                [D2_OF_SADC] = "it is in a chip's sadc_group_parameters01 or 23 there: ",
                [D2_OF_UNKNOWN] = "",
            };
            diag_hint(d, g,
                      "%sleave it out of the board section, and set it in the program that drives "
                      "the board",
                      where[d2_param[p].scope]);
            ok = false;
        }
    }
    return ok;
}

struct d2_cam d2_cam_at(const struct d2_neuron *x, uint32_t slot)
{
    for (uint32_t i = 0; i < x->n_cam; i++) {
        if (x->cam[i].slot == slot)
            return x->cam[i];
    }
    return (struct d2_cam){.slot = (uint8_t)slot};
}

struct d2_destination d2_sram_at(const struct d2_neuron *x, uint32_t slot)
{
    for (uint32_t i = 0; i < x->n_sram; i++) {
        if (x->sram[i].slot == slot)
            return x->sram[i].to;
    }
    return (struct d2_destination){0};
}

const struct d2_core *d2_find_core(const struct d2_config *c, uint32_t chip, uint32_t core)
{
    for (uint32_t i = 0; i < c->n_cores; i++) {
        if (c->core[i].chip == chip && c->core[i].core == core)
            return &c->core[i];
    }
    return NULL;
}

const struct d2_neuron *d2_find_neuron(const struct d2_core *c, uint32_t index)
{
    for (uint32_t i = 0; c && i < c->n_neurons; i++) {
        if (c->neuron[i].index == index)
            return &c->neuron[i];
    }
    return NULL;
}
