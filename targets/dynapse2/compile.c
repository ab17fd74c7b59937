/* DYNAP-SE2, compile half: the entry of targets/compile.c, and what `dyn fit` tells. */
#include "targets/dynapse2/passes.h"
#include "targets/dynapse2/profile.h"
#include "targets/dynapse2/quantize.h"

static const struct target_pass passes[] = {
    {"split", d2_split}, {"place", d2_place}, {"relay", d2_fan_out}, {"quantize", d2_quantize},
    {"route", d2_route}, {"bias", d2_bias},   {NULL, NULL},
};

static bool reach(const char *name, double *min, double *max)
{
    const int param = d2_find_param(name);
    if (param >= 0)
        d2_reach((uint32_t)param, min, max);
    return param >= 0;
}

static const char *current(uint32_t i)
{
    return i < D2_N_PARAMS ? d2_param[i].name : NULL;
}

const struct target_compiler compiler_dynapse2 = {
    .name = "dynapse2",
    .pass = passes,
    .words = {.dendrite = d2_dendrite_name,
              .n_dendrite = D2_N_DENDRITES,
              .n_cores = D2_CORES,
              .put_bias = d2_put_bias},
    .grid = true,
    .check_board = d2_check_board,
    .profile = &d2_profiles,
    .encode = d2_encode,
    .raise_board = d2_raise_board,
    .gain_of = d2_gain_of,
    .reach = reach,
    .current = current,
    .fit = d2_fit,
    .occupancy = d2_occupancy,
};
