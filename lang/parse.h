/* Text to syntax tree. All syntax errors of the file are reported (recovery at `;` and `}`); the
 * tree holds what could be parsed, so that later passes can report theirs too. */
#ifndef LANG_PARSE_H
#define LANG_PARSE_H

#include "lang/ast.h"
#include "lang/source.h"

/* Never NULL. Errors go to `d`. Brackets nested deeper than 1000 levels are an error (E0106), and
 * so are trees higher than AST_MAX_HEIGHT. Time and memory are linear in the text. */
struct ast_file *parse_file(struct arena *a, struct intern *names, const struct sources *s,
                            uint32_t file, struct diags *d);

#endif
