/* The second half of the pass `route`: what was routed is read back by the rules of the chip. */
#ifndef DYNAPSE2_ROUTE_H
#define DYNAPSE2_ROUTE_H

#include "compiler/net/net.h"

/* Whether the board's bits make the network's weights, neurons given by hand included (E0406 at
 * the neuron's place where they don't). Weights that differ in the last bits, as when entries given
 * by hand add up in another order, become those of the board. */
bool d2_route_verify(struct net *n, struct diags *d);

#endif
