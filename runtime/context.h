/* Behind dyn.h: what a context, an image and a result are. Shared by both halves of the library. */
#ifndef RUNTIME_CONTEXT_H
#define RUNTIME_CONTEXT_H

#include "runtime/dyn.h"
#include "runtime/findings.h"
#include "runtime/image.h"

struct dyn_context {
    struct arena arena;
    struct diags diags;
    VEC(dyn_message) message; /* finished ones, with line and column */
    uint32_t n_taken;         /* diagnostics that became messages */
    int status;               /* of the first error since dyn_clear() */
};

struct dyn_image {
    struct arena arena;
    struct image image;
    struct bytes bytes;
    struct plan plan; /* as its virtual chip runs it */
    struct findings found;
};

struct dyn_result {
    struct arena arena;
    struct plan plan; /* the image's, with the semantics and time step of the run */
    struct stimulus stimulus;
    struct run_result run;
    bool chips_given;
    dyn_event **events; /* of each record that is spikes of an event-driven run */
};

/* Turns diagnostics that came in since the last call into messages; `place` (may be NULL) works out
 * file, line and column, which only the compile half can. */
void context_take(struct dyn_context *c, struct diags *from,
                  void (*place)(void *arg, struct span at, dyn_message *out), void *arg);

/* dyn_events.c: a list of events as the source of input `input` of the plan. False: reported. */
bool context_take_events(struct dyn_context *c, struct dyn_result *r, uint32_t input,
                         const dyn_input *in);
/* Recorded events as the user gets them. False: reported. */
bool context_give_events(struct dyn_context *c, struct dyn_result *r);

#endif
