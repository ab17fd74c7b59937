/* What the files of the model checker share; nobody else includes it.
 *
 *   model.c       declarations, bodies
 *   model_expr.c  syntax of expressions to nodes: names resolved, types checked
 *   model_call.c  calls: functions expanded
 *   model_dims.c  dimensions of all nodes
 *
 * MODEL_NONE stands for an expression whose error has been reported; whatever is built from it is
 * MODEL_NONE too, silently. */
#ifndef COMPILER_MODEL_CHECK_H
#define COMPILER_MODEL_CHECK_H

#include "compiler/model.h"

enum symbol_kind { SYMBOL_PARAM, SYMBOL_LET, SYMBOL_RECEPTOR, SYMBOL_STATE, SYMBOL_FN };

struct symbol {
    const char *name;
    struct span span; /* of the name */
    enum symbol_kind kind;
    uint32_t index; /* in the model's list */
    const struct ast_neuron_item *item;
    enum { SYMBOL_FRESH, SYMBOL_BUSY, SYMBOL_DONE } stage; /* of its value */
    bool bad;                 /* its value has an error: nothing is known about it */
    struct symbol *waits_for; /* while busy: what its value is about to read */
};

struct local {
    struct ast_name name;
    uint32_t index;
    uint32_t value; /* node */
};

/* Where an expression stands, which says what it may read. */
enum where { IN_DEFAULT, IN_LET, IN_SCALE, IN_INITIAL, IN_STEP, IN_EVENT };

struct frame_arg {
    const char *name;
    uint32_t node;
    bool used; /* the node belongs to a tree already: the next use takes a copy */
};

/* A function that is being expanded. */
struct frame {
    const struct ast_fn *fn;
    struct span call;
    const struct frame *caller;
    struct frame_arg *arg;
    uint32_t n;
};

struct context {
    enum where where;
    uint32_t lets;                   /* how many are visible: those above a `let` */
    const struct frame *frame;       /* NULL outside of functions */
    const struct model_scope *scope; /* constants and functions */
    bool in_neuron;                  /* the neuron's own names are visible */
};

/* An expression that must have a state's, parameter's or receptor's dimension. */
struct bound {
    enum symbol_kind kind;
    uint32_t index, value;
};

struct note {
    struct span call; /* the outermost call that the node was expanded from; file 0: none */
    uint32_t height;  /* of the tree below */
};

struct checker {
    struct arena *arena;   /* of the model */
    struct arena *scratch; /* of the check */
    struct model *m;
    struct diags *d;
    const struct model_scope *scope;
    VEC(struct symbol) symbol;
    VEC(struct local) local;   /* those in sight, innermost last */
    VEC(struct bound) bound;   /* values of parameters, scales, initial values, assignments */
    VEC(uint32_t) plain;       /* nodes that must be plain numbers: what is emitted */
    VEC(struct note) note;     /* of each node */
    struct symbol *busy;       /* whose value is being resolved */
    const char *weight;        /* name of the event's weight, in its body */
    VEC(const char *) unknown; /* names that were reported and are no misspelling */
    uint32_t n_locals;         /* of the current body */
    uint32_t depth, work;
    bool gave_up; /* too deep or too large: reported */
    bool failed;
};

/* Messages go through here, so that the check knows that it failed even where the same message has
 * been given before and isn't counted again. */
#define mc_complain(c, ...) ((c)->failed = true, diag_add((c)->d, __VA_ARGS__))

/* model.c */
struct symbol *mc_find_symbol(struct checker *c, const char *name);
/* Resolves the value of a symbol on first use: types are known only then. */
void mc_resolve_symbol(struct checker *c, struct symbol *s);

/* model_expr.c */
uint32_t mc_expr(struct checker *c, const struct context *x, const struct ast_expr *e);
/* The same where a number (or a boolean) is wanted; `what` begins the message if it isn't one. */
uint32_t mc_typed(struct checker *c, const struct context *x, const struct ast_expr *e,
                  bool is_bool, const char *what);
/* The node, or MODEL_NONE where the neuron becomes too large or too deep. */
uint32_t mc_add_node(struct checker *c, const struct context *x, struct model_expr e);
/* Whether an unknown name was reported before. */
bool mc_told(const struct checker *c, const char *name);
/* E0203 "`name` why" with the declaration and a hint, if there are; MODEL_NONE. */
uint32_t mc_misplaced(struct checker *c, struct ast_name name, const struct symbol *s,
                      const char *why, const char *hint);

/* model_call.c */
uint32_t mc_call(struct checker *c, const struct context *x, const struct ast_expr *e);
/* A function's body with arguments of which nothing is known: its own errors. */
void mc_check_function(struct checker *c, const struct context *x, const struct ast_fn *fn);
/* The functions of the language that a neuron can use; returns how many. */
uint32_t mc_function_names(const char **out);
/* "did you mean", from all that can be seen here; false if nothing is near. */
bool mc_hint_name(struct checker *c, const struct context *x, struct diag *g, const char *name);
const char *mc_symbol_word(const struct checker *c, const struct symbol *s); /* "a parameter" */

/* model_dims.c */
void mc_check_dims(struct checker *c);

#endif
