/* Text within SVG. */
#ifndef COMPILER_SVG_H
#define COMPILER_SVG_H

#include "runtime/base/buf.h"

/* As the content of an element or attribute; characters that XML doesn't allow are left out. */
void svg_escaped(struct buf *out, const char *s);

#endif
