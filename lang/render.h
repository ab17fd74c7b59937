/* Printing diagnostics: for people (source line, carets, labels, hint) and as JSON lines. */
#ifndef LANG_RENDER_H
#define LANG_RENDER_H

#include "lang/source.h"
#include "runtime/base/buf.h"

/* file:line:col: error[E0412]: message, the line with carets under the span (tabs kept, wide and
 * combining characters counted by display width), further labelled places, hint. A warning's first
 * line ends with the option that governs it: [-W weight-lost], or [-E weight-lost] if that made an
 * error of it. */
void render_diag(struct buf *out, const struct sources *s, const struct diag *g, bool color);

/* One object on one line: code, name (a warning's; else null), severity, message, file, span with
 * bytes and line/column, labels, hint, edit: the text
 * that would stand in place of a span if the hint were followed, or null. */
void render_diag_json(struct buf *out, const struct sources *s, const struct diag *g);

#endif
