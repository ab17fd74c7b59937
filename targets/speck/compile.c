/* Speck 2e and 2f, compile half: the entries of targets/compile.c. */
#include "targets/speck/passes.h"

static const struct target_pass passes_2e[] = {
    {"discretize", speck_discretize}, {"assign", speck_assign_2e}, {NULL, NULL}};
static const struct target_pass passes_2f[] = {
    {"discretize", speck_discretize}, {"assign", speck_assign_2f}, {NULL, NULL}};

const struct target_compiler compiler_speck2e = {
    .name = "speck2e",
    .tries = true,
    .pass = passes_2e,
    .check_board = speck_check_board,
    .encode = speck_encode,
    .raise_board = speck_raise_board,
    .undo_scale = speck_undo_scale,
    .fit = speck_fit,
};

const struct target_compiler compiler_speck2f = {
    .name = "speck2f",
    .tries = true,
    .pass = passes_2f,
    .check_board = speck_check_board,
    .encode = speck_encode,
    .raise_board = speck_raise_board,
    .undo_scale = speck_undo_scale,
    .fit = speck_fit,
};
