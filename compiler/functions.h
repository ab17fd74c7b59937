/* Calls of built-in functions that take or make whole arrays; functions.c has the table. */
#ifndef COMPILER_FUNCTIONS_H
#define COMPILER_FUNCTIONS_H

#include "compiler/elab.h"

enum { MAX_ARGS = 16 };

/* A call of an array function, its arguments evaluated. */
struct call {
    const struct env *env;
    const struct ast_expr *e;
    uint32_t n;
    struct value arg[MAX_ARGS];
    const struct ast_expr *from[MAX_ARGS];
    const struct ast_expr *axis; /* axis = ..., NULL: none */
};

/* One element of min(a, b) and max(a, b). */
value_fn f_min, f_max;

/* Poison: reported. */
struct value call_sum(const struct call *c);
struct value call_mean(const struct call *c);
struct value call_min(const struct call *c);
struct value call_max(const struct call *c);
struct value call_any(const struct call *c);
struct value call_all(const struct call *c);
struct value call_shape(const struct call *c);
struct value call_transpose(const struct call *c);
struct value call_reshape(const struct call *c);
struct value call_zeros(const struct call *c);
struct value call_ones(const struct call *c);
struct value call_eye(const struct call *c);
struct value call_concat(const struct call *c);
struct value call_load(const struct call *c);

#endif
