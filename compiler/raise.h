/* From a plan (what an image decodes to) back to a network, so that images are printed, compared
 * and compiled like sources. Models come from the plan's model text, parsed and checked again. */
#ifndef COMPILER_RAISE_H
#define COMPILER_RAISE_H

#include "compiler/net/net.h"
#include "lang/source.h"
#include "runtime/plan.h"

/* NULL: reported. Parameters that differ from the model's defaults are marked as set. */
struct net *raise_plan(struct arena *a, struct intern *names, struct sources *s,
                       const struct plan *p, struct diags *d);

#endif
