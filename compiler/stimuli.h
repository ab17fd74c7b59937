/* Stimuli while they are made: stimuli.c reads the section, stimulus_sources.c what each input
 * gets. */
#ifndef COMPILER_STIMULI_H
#define COMPILER_STIMULI_H

#include "compiler/elab.h"

/* A stimulus that is being made. */
struct making {
    struct elab *el;
    const struct net *net;
    const struct ast_stimulus *ast;
    enum purpose purpose;
    bool timeless; /* the network has no time step: that of `net` is STIMULUS_EVENT_STEP */
    struct env env;
    struct stimulus *out;
    struct span steps_from, trials_from; /* what fixed them; file 0: nothing yet */
    const struct ast_assign **given;     /* for each input of the net */
};

/* What fixes the number of steps or trials must agree (E0801 with both places); the first stands.
 */
bool agree_steps(struct making *m, uint64_t steps, struct span at);
bool agree_trials(struct making *m, uint32_t trials, struct span at);

/* The source of input number `input`, if it is of the kind asked for: those that are `last` are
 * made when the number of steps is known, if anything else says it. False: reported. */
bool make_source(struct making *m, uint32_t input, bool last);

#endif
