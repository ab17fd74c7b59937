/* From the syntax of a neuron to a checked model (net/model.h): names resolved, functions inlined,
 * dimensions inferred and checked, bodies turned into statements. All errors of a neuron are
 * reported; one mistake gives one message. */
#ifndef COMPILER_MODEL_H
#define COMPILER_MODEL_H

#include "compiler/net/model.h"
#include "lang/ast.h"

/* What a model may name besides its own declarations: constants and functions of its file and of
 * the modules that file uses. */
struct model_scope {
    /* A scalar constant `let`; false if there is none of that name or it isn't a scalar. */
    bool (*constant)(void *arg, const char *name, double *value, struct dim *dim, bool *is_bool);
    /* A function, with the scope that its own body sees; NULL if there is none. */
    const struct ast_fn *(*function)(void *arg, const char *name, struct model_scope *its_scope);
    /* Names for "did you mean", up to `max`; returns how many. */
    uint32_t (*names)(void *arg, const char **out, uint32_t max);
    /* True if a name that isn't found may stand where an error was reported. */
    bool (*excuses)(void *arg, const char *name);
    void *arg;
};

/* NULL if there were errors. */
struct model *model_check(struct arena *a, const struct ast_neuron *n,
                          const struct model_scope *scope, struct diags *d);

#endif
