/* The simulator as a target: kernels from models, plans from networks. */
#ifndef TARGETS_SIM_H
#define TARGETS_SIM_H

#include "compiler/net/net.h"
#include "runtime/plan.h"

/* Lowers a model to kernel IR: receptors scaled, conditionals to selects, states and locals to SSA,
 * pure common subexpressions shared; the order of float operations is as written. */
struct kernel *sim_build_kernel(struct arena *a, const struct model *m);

/* The plan of a network (arrays are shared with the network where they can be). Names are resolved,
 * sources give lines and columns for spans (may be NULL). False: reported (E0401 when clocked
 * models have no dt). */
struct sources;
bool sim_map(struct arena *a, const struct net *n, const struct sources *s, struct plan *out,
             struct diags *d);

#endif
