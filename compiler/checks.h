/* What is no error, but hardly meant: the rules of checks.def. They look at a whole network with
 * its values, so that they know no model by name: time constants are what `dt` is divided by, a
 * refractory time is what a state counts down from, and whether a neuron fires is tried out.
 *
 * -W and -E of the codes say which rules are applied (struct diags, `level`). */
#ifndef COMPILER_CHECKS_H
#define COMPILER_CHECKS_H

#include "compiler/elaborate.h"

/* Rules about declarations of the root file. */
void checks_of_source(struct unit *u);
/* Rules about a network that stands for itself, built without errors. */
void checks_of_network(struct unit *u, const struct net *n);

/* Whether a code is of a rule, and whether it is applied unless something else is said. */
bool checks_have(enum diag_code code);
bool checks_default(enum diag_code code);

#endif
