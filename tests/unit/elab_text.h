/* For tests of the elaborator: sources as text, values and errors as text. */
#ifndef TESTS_ELAB_TEXT_H
#define TESTS_ELAB_TEXT_H

#include "compiler/elaborate.h"

struct elab_test {
    struct arena arena;
    struct diags diags;
    struct unit unit;
};

/* Loads a source as if it were the file tests/data/elab/test.dyn. */
void elab_open(struct elab_test *t, const char *source);
void elab_close(struct elab_test *t);

/* "E0301@12:20 E0201@30:34": codes with the places in the source, as text of `source` where it is
 * short: "E0301{5 pA}". In the order of arrival; "" without errors. */
void elab_errors(struct buf *out, const struct elab_test *t);

/* The value of `let x = ...;` of the source, as text: "[1, 2]", "3 s", "true", or the errors. */
void elab_value(struct buf *out, struct elab_test *t, const char *name);

#endif
