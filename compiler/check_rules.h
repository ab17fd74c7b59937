/* What the files of the checks share (checks.c, checks_*.c); nobody else includes it. */
#ifndef COMPILER_CHECK_RULES_H
#define COMPILER_CHECK_RULES_H

#include "compiler/checks.h"
#include "runtime/plan.h"

struct checking {
    struct unit *u;
    struct diags *d;
    const struct net *n; /* NULL: of a source */
    struct arena arena;  /* as long as the network is looked at */
    struct plan plan;    /* of the network; with a time step even where it has none */
    uint64_t *found;     /* of each layer: a bit for each rule that found something */
    /* Connections to and from each layer, as lists that end with CHECK_END. */
    uint32_t *first_to, *next_to, *first_from, *next_from;
    bool *feeds;     /* of each input: whether there are connections from it */
    bool *needed;    /* layers that are heard, outputs or recorded; NULL: not yet known */
    bool *reached;   /* layers that spikes come to, or that fire by themselves; likewise */
    uint64_t tried;  /* neurons times steps, with the networks before */
    uint32_t layers; /* the first ones, whose values are looked at */
};

/* Rules return true if they reported something. `index` is an input, connection or layer. */
typedef bool check_fn(struct checking *c, uint32_t index);
check_fn check_unused_lets, check_unused_input, check_zero_weights, check_unused_layer;
check_fn check_coarse_step, check_refractory, check_bias_reach;
check_fn check_rest, check_unreachable, check_silent;

#define CHECK_END UINT32_MAX

enum {
    CHECK_LAYERS = 1024,  /* of a source, whose values are looked at */
    CHECK_MOST = 1 << 25, /* neurons times steps that are tried in all */
    CHECK_STEPS = 1000,   /* that a neuron is tried */
    CHECK_NEURONS = 1024, /* at most; of larger layers of equal neurons one stands for all */
    CHECK_EVENTS = 10,    /* from each source in every step: as hard as it may be driven */
};

/* Spikes of each neuron of a layer (of the first alone where `*n` is 1) in CHECK_STEPS steps: with
 * `driven` as hard as all that excites it can, and where that leaves some silent also by what
 * inhibits them; else left alone. NULL: that can't be tried. In the arena. */
const uint64_t *check_try(struct checking *c, uint32_t layer, bool driven, uint32_t *n);

/* The values of a layer's parameters and lets for one neuron, for model_eval(). */
struct model_env check_values(struct checking *c, uint32_t layer, uint32_t neuron);

/* "out[3]" of a layer, in the arena. */
const char *check_neuron(struct checking *c, uint32_t layer, uint32_t neuron);
/* Adds a rule's message at a layer. */
struct diag *check_tell(struct checking *c, enum diag_code code, uint32_t layer, const char *fmt,
                        ...) __attribute__((format(printf, 4, 5)));

#endif
