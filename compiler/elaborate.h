/* From syntax trees to networks and stimuli: modules loaded, names resolved, expressions evaluated
 * in float64 with dimensions, arrays and broadcasting, parts expanded, models checked. */
#ifndef COMPILER_ELABORATE_H
#define COMPILER_ELABORATE_H

#include "compiler/net/net.h"
#include "lang/ast.h"
#include "lang/source.h"
#include "runtime/stimulus.h"

/* One compilation: a root source and the modules it uses. */
struct unit {
    struct arena *arena;
    struct intern names;
    struct sources sources;
    struct diags *diags;
    const char *stdlib; /* folder of the stdlib; NULL: the copy built into the library */
    double dt;          /* time step of a network that states none; 0: none */
    struct elab *elab;  /* the elaborator's own */
    /* What the root file declares (not its modules), in source order. */
    VEC(const struct ast_network *) network;
    VEC(const struct ast_stimulus *) stimulus;
};

void unit_init(struct unit *u, struct arena *a, struct diags *d, const char *stdlib);
/* Parses and resolves a text, as if it stood in the file `path`, and all it uses. False if there
 * were errors. */
bool unit_load_text(struct unit *u, const char *path, const char *text, size_t n);

/* Everything that can be checked: all models, functions, networks (with default arguments) and
 * stimuli. False if there were errors. */
bool unit_check(struct unit *u);

/* The network of that name; NULL name: the only one of the root file that isn't placed as a part by
 * another one, else E0405 that lists them. With the board section, if the root file has one. NULL:
 * reported. */
struct net *unit_network(struct unit *u, const char *name);

/* The stimulus of that name for `n`; NULL name: the only one for this network, else E0802 with the
 * list. False: reported. `n->input` order. */
bool unit_stimulus(struct unit *u, const struct net *n, const char *name, struct stimulus *out);

#endif
