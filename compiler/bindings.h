/* The names after `on TARGET` in a neuron, which only that target knows. */
#ifndef COMPILER_BINDINGS_H
#define COMPILER_BINDINGS_H

#include "lang/ast.h"

/* E0201 for a target that there isn't, E0205 for a current or dendrite that it doesn't have. */
void bindings_check(const struct ast_neuron *n, struct diags *d);

#endif
