/* The syntax tree as s-expressions, for golden tests: one item a line, blocks indented. */
#ifndef TESTS_AST_TEXT_H
#define TESTS_AST_TEXT_H

#include "lang/ast.h"
#include "runtime/base/buf.h"

void ast_text(struct buf *out, const struct ast_file *file);
void ast_text_expr(struct buf *out, const struct ast_expr *e);

#endif
