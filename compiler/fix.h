/* dyn check --fix: the changes that diagnostics know (struct diag, `edit`), applied to a text. */
#ifndef COMPILER_FIX_H
#define COMPILER_FIX_H

#include "lang/source.h"
#include "runtime/base/buf.h"

/* The text of file `file` with the edits of all diagnostics in it. Of two that touch the same
 * bytes, or both put something in at the same place, the first in the text is taken (of the same
 * two, one). Returns how many were applied; 0: `out` is the text as it is. */
uint32_t fix_text(struct buf *out, const struct sources *s, uint32_t file, const struct diags *d);

#endif
