/* A neuron model from its text, for tests: parsed and checked with the constants (`let` of a
 * number) and functions that stand beside it. */
#ifndef TESTS_NEURON_TEXT_H
#define TESTS_NEURON_TEXT_H

#include "compiler/model.h"
#include "lang/source.h"

struct neuron_text {
    struct arena arena;
    struct diags diags;
    struct intern names;
    struct sources sources;
    const struct ast_file *file;
};

void neuron_text_init(struct neuron_text *t);
void neuron_text_free(struct neuron_text *t);
/* The first neuron of the text; NULL if it has errors, which are in t->diags. */
struct model *neuron_text_check(struct neuron_text *t, const char *text);

#endif
