#include "targets/dynapse2/limits.h"
#include <string.h>

const char *const d2_dendrite_name[D2_N_DENDRITES] = {"none", "ampa", "gaba", "nmda", "shunt"};
const uint16_t d2_dendrite_code[D2_N_DENDRITES] = {0, 1024, 512, 256, 128};

const char *const d2_latch_name[D2_N_LATCHES] = {
    "so_dc",      "so_adaptation", "soif_kill", "coho_ca_mem",    "ho_enable",
    "ho_so_de",   "deam_ampa",     "denm_nmda", "de_conductance", "deam_alpha",
    "denm_alpha", "de_mux",        "soif_type", "ho_active",
};

const struct d2_param d2_param[D2_N_PARAMS] = {
    {"LBWR_VB_P", 0.57, 'P', false, D2_OF_PAIR},
    {"SOIF_GAIN_N", 1.05, 'N', true, D2_OF_CORE},
    {"SOIF_LEAK_N", 0.61, 'N', true, D2_OF_CORE},
    {"SOIF_REFR_N", 1.05, 'N', true, D2_OF_CORE},
    {"SOIF_DC_P", 0.38, 'P', true, D2_OF_CORE},
    {"SOIF_SPKTHR_P", 0.38, 'P', true, D2_OF_CORE},
    {"SOIF_CC_N", 0.66, 'N', false, D2_OF_CORE},
    {"SOAD_PWTAU_N", 0.92, 'N', true, D2_OF_CORE},
    {"SOAD_GAIN_P", 0.68, 'P', true, D2_OF_CORE},
    {"SOAD_TAU_P", 0.2, 'P', true, D2_OF_CORE},
    {"SOAD_W_N", 0.92, 'N', true, D2_OF_CORE},
    {"SOAD_CASC_P", 0.385, 'P', false, D2_OF_CORE},
    {"SOCA_W_N", 0.92, 'N', false, D2_OF_CORE},
    {"SOCA_GAIN_P", 0.68, 'P', false, D2_OF_CORE},
    {"SOCA_TAU_P", 0.2, 'P', false, D2_OF_CORE},
    {"SOHO_VB_P", 1.47, 'P', false, D2_OF_CORE},
    {"SOHO_VH_P", 1.47, 'P', false, D2_OF_CORE},
    {"SOHO_VREF_P", 0.68, 'P', false, D2_OF_CORE},
    {"SOHO_VREF_L_P", 1.47, 'P', false, D2_OF_CORE},
    {"SOHO_VREF_H_P", 1.47, 'P', false, D2_OF_CORE},
    {"SOHO_VREF_M_P", 1.47, 'P', false, D2_OF_CORE},
    {"DEAM_ETAU_P", 0.2, 'P', true, D2_OF_CORE},
    {"DEAM_EGAIN_P", 0.68, 'P', true, D2_OF_CORE},
    {"DEAM_ITAU_P", 0.2, 'P', false, D2_OF_CORE},
    {"DEAM_IGAIN_P", 0.68, 'P', false, D2_OF_CORE},
    {"DENM_ETAU_P", 0.2, 'P', true, D2_OF_CORE},
    {"DENM_EGAIN_P", 0.68, 'P', true, D2_OF_CORE},
    {"DENM_ITAU_P", 0.2, 'P', false, D2_OF_CORE},
    {"DENM_IGAIN_P", 0.68, 'P', false, D2_OF_CORE},
    {"DEGA_IGAIN_P", 0.68, 'P', true, D2_OF_CORE},
    {"DEGA_ITAU_P", 0.2, 'P', true, D2_OF_CORE},
    {"DESC_IGAIN_P", 0.68, 'P', true, D2_OF_CORE},
    {"DESC_ITAU_P", 0.2, 'P', true, D2_OF_CORE},
    {"DENM_NMREV_N", 1.05, 'N', true, D2_OF_CORE},
    {"DEAM_VRES_P", 0.385, 'P', false, D2_OF_CORE},
    {"DEAM_HRES_P", 0.385, 'P', false, D2_OF_CORE},
    {"DEAM_NRES_P", 0.385, 'P', false, D2_OF_CORE},
    {"SYSA_VRES_N", 1.9, 'N', false, D2_OF_CORE},
    {"SYSA_VB_P", 1.9, 'P', false, D2_OF_CORE},
    {"SYPD_EXT_N", 0.92, 'N', true, D2_OF_CORE},
    {"SYPD_DYL0_P", 0.22, 'P', false, D2_OF_CORE},
    {"SYPD_DYL1_P", 0.22, 'P', false, D2_OF_CORE},
    {"SYPD_DYL2_P", 1.6, 'P', false, D2_OF_CORE},
    {"SYAM_W0_P", 0.22, 'P', true, D2_OF_CORE},
    {"SYAM_W1_P", 0.22, 'P', true, D2_OF_CORE},
    {"SYAM_W2_P", 0.22, 'P', true, D2_OF_CORE},
    {"SYAM_W3_P", 0.22, 'P', true, D2_OF_CORE},
    {"SYAW_STDSTR_N", 0.2, 'N', false, D2_OF_CORE},
    {"SYAM_STDW_N", 0.67, 'N', false, D2_OF_CORE},
    {"NCCF_CAL_REFBIAS_V", 1, 'V', false, D2_OF_SADC},
    {"NCCF_PWLK_P", 0.89, 'P', false, D2_OF_SADC},
    {"NCCF_HYS_P", 1.47, 'P', false, D2_OF_SADC},
    {"NCCF_BIAS_P", 1.47, 'P', false, D2_OF_SADC},
    {"NCCF_CAL_OFFBIAS_P", 1, 'P', false, D2_OF_SADC},
    {"SYAM_STDWCCB", 1.7, 'B', false, D2_OF_PAIR},
    {"R2R_BUFFER_CCB", 1.7, 'B', false, D2_OF_CHIP},
    {"REV_N", 0, 'N', false, D2_OF_UNKNOWN},
    {"REV_P", 0, 'P', false, D2_OF_UNKNOWN},
    {"PG_BUF_N", 0, 'N', false, D2_OF_PAIR},
    {"R2R_BUFFER_AMPB", 0, 'B', false, D2_OF_CHIP},
};

/* Spelling of scripts for the chip, and Rockpool's. */
static const struct {
    const char *alias, *name;
} aliases[] = {
    {"SYPD_DLY0_P", "SYPD_DYL0_P"},
    {"SYPD_DLY1_P", "SYPD_DYL1_P"},
    {"SYPD_DLY2_P", "SYPD_DYL2_P"},
};

static int find(const char *name, const char *const *list, int n)
{
    for (int i = 0; i < n; i++)
        if (strcmp(list[i], name) == 0)
            return i;
    return -1;
}

int d2_find_dendrite(const char *name)
{
    return find(name, d2_dendrite_name, D2_N_DENDRITES);
}

int d2_find_latch(const char *name)
{
    return find(name, d2_latch_name, D2_N_LATCHES);
}

int d2_find_param(const char *name)
{
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strcmp(aliases[i].alias, name) == 0)
            name = aliases[i].name;
    for (int i = 0; i < D2_N_PARAMS; i++)
        if (strcmp(d2_param[i].name, name) == 0)
            return i;
    return -1;
}

const char *d2_script_name(uint32_t param)
{
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strcmp(aliases[i].name, d2_param[param].name) == 0)
            return aliases[i].alias;
    return d2_param[param].name;
}

enum d2_dendrite d2_dendrite_of(uint32_t param)
{
    static const char prefix[D2_N_DENDRITES][6] = {
        [D2_AMPA] = "DEAM_", [D2_GABA] = "DEGA_", [D2_NMDA] = "DENM_", [D2_SHUNT] = "DESC_"};
    for (uint32_t k = D2_NONE + 1; k < D2_N_DENDRITES; k++) {
        if (strncmp(d2_param[param].name, prefix[k], strlen(prefix[k])) == 0)
            return (enum d2_dendrite)k;
    }
    return D2_NONE;
}
