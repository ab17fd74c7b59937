/* Names that nothing has here, but that other languages have, or that are units. Functions give a
 * hint for a message that the name is unknown. */
#ifndef COMPILER_FOREIGN_H
#define COMPILER_FOREIGN_H

#include "lang/source.h"
#include "runtime/base/diag.h"

/* What is written instead of a function or a constant; NULL: the name is no such one. */
const char *foreign_hint(const char *name);
/* Where the name at a place is a unit that stands for itself, as in `20 * ms`: gives the message g
 * hint and edit. False: it isn't one. */
bool foreign_unit(struct diags *d, struct diag *g, const struct source *f, struct span at);

#endif
