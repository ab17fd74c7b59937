/* Which core each layer gets: augmenting paths over layers and the cores that could hold them.
 *
 * Same result as sinabs' mapping, to which core [A]: the order in which paths are searched is part
 * of the function. Layers that were given a core by hand have that core as their only candidate.
 * Knows no network. */
#ifndef SPECK_ASSIGN_H
#define SPECK_ASSIGN_H

#include "targets/speck/limits.h"

/* candidates[i]: bit k says that core k can hold layer i. core[i]: the layer's core, -1 where
 * there is none. True: every layer has one. */
bool speck_assign(uint32_t n, const uint32_t *candidates, int8_t *core);

/* Why it isn't possible: layers that have fewer cores in common than they are. Without any one of
 * them the others could all have a core, so nothing smaller explains it. A layer that no core can
 * hold stands alone. layer[]: indices, ascending, room for n. Returns how many; 0: it is possible.
 * *cores: the candidates of all of them. */
uint32_t speck_shortage(uint32_t n, const uint32_t *candidates, uint32_t *layer, uint32_t *cores);

#endif
