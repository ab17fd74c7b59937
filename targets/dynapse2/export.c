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

const char *const d2_shared_key[D2_N_SHARED] = {"globalParameters", "sharedParameters01",
                                                "sharedParameters23"};
const char *const d2_shared_attribute[D2_N_SHARED] = {"global_parameters", "shared_parameters01",
                                                      "shared_parameters23"};

const char *d2_shared_name(enum d2_shared where, uint32_t param)
{
    const enum d2_scope scope = where == D2_GLOBAL ? D2_OF_CHIP : D2_OF_PAIR;
    return d2_param[param].scope == scope ? d2_script_name(param) : NULL;
}

/* The first core that is given it. */
static const struct d2_core *find_sharer(const struct d2_config *c, uint32_t chip,
                                         enum d2_shared where, uint32_t param)
{
    for (uint32_t i = 0; d2_shared_name(where, param) && i < c->n_cores; i++) {
        const struct d2_core *k = &c->core[i];
        if (k->chip == chip && k->given[param] &&
            (where == D2_GLOBAL || k->core / 2 == (where == D2_PAIR23)))
            return k;
    }
    return NULL;
}

const struct d2_code *d2_shared_code(const struct d2_config *c, uint32_t chip, enum d2_shared where,
                                     uint32_t param)
{
    const struct d2_core *k = find_sharer(c, chip, where, param);
    return k ? &k->code[param] : NULL;
}

/* The library knows no place for it. */
static bool no_place(const struct d2_core *k, uint32_t param, struct diags *d)
{
    struct diag *g =
        diag_add(d, E0602, (struct span){0},
                 "chip %u core %u: samna has no parameter `%s` for a core, a pair or a chip",
                 k->chip, k->core, d2_param[param].name);
    diag_hint(d, g,
              "%sleave it out of the board section, and set it in the program that drives the "
              "board",
              d2_param[param].scope == D2_OF_SADC
                  ? "it is in a chip's sadc_group_parameters01 or 23 there: "
                  : "");
    return false;
}

static bool check_shared(const struct d2_config *c, const struct d2_core *k, uint32_t param,
                         struct diags *d)
{
    enum d2_shared where = D2_GLOBAL;
    if (d2_param[param].scope == D2_OF_PAIR)
        where = k->core / 2 ? D2_PAIR23 : D2_PAIR01;
    else if (d2_param[param].scope != D2_OF_CHIP)
        return no_place(k, param, d);
    const struct d2_core *first = find_sharer(c, k->chip, where, param);
    const struct d2_code x = first->code[param], y = k->code[param];
    if (x.coarse == y.coarse && x.fine == y.fine)
        return true;
    struct diag *g = diag_add(d, E0602, (struct span){0},
                              "chip %u: cores %u and %u have one `%s` together: %u:%u and %u:%u "
                              "are given",
                              k->chip, first->core, k->core, d2_script_name(param), x.coarse,
                              x.fine, y.coarse, y.fine);
    diag_hint(d, g, "give both the same");
    return false;
}

bool d2_exportable(const struct d2_config *c, struct diags *d)
{
    bool ok = true;
    for (uint32_t i = 0; i < c->n_cores; i++) {
        for (uint32_t p = 0; p < D2_N_PARAMS; p++) {
            if (d2_is_set(&c->core[i], p) && !d2_core_name(p))
                ok = check_shared(c, &c->core[i], p, d) && ok;
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
