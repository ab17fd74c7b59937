/* Two networks side by side: structure, parameters, weights and, with runs of both under one
 * stimulus, behaviour. Things are matched by name. A is the original, B what became of it. */
#ifndef COMPILER_DIFF_H
#define COMPILER_DIFF_H

#include "compiler/net/net.h"
#include "runtime/base/json.h"
#include "runtime/run.h"

/* What still counts as equal (--tolerance). Structure has none. Errors are relative to the larger
 * of both, so that the verdict is the same whichever network comes first. */
struct tolerance {
    double param;  /* error of a parameter, relative to the larger magnitude: default 0.1 */
    double weight; /* of a weight, relative to the largest of either onto its layer: default 0.1 */
    double rate;   /* of mean spike counts, relative to the larger: default 0.25; a difference of up
                    * to one spike a trial is always equal */
};

#define TOLERANCE_DEFAULT ((struct tolerance){0.1, 0.1, 0.25})

/* "0.05" for all, or "weight=0.05,rate=0.5". False: not of that form. */
bool tolerance_parse(const char *s, struct tolerance *out);

struct diff_param {
    const char *layer, *param;
    struct dim dim;
    uint32_t element; /* the neuron where they differ most */
    bool everywhere;  /* uniform in both */
    float a, b;
    double error;               /* diff_relative_error(a, b) */
    const struct net_layer *at; /* layer of A, for names of neurons */
};

/* A factor that moved from the scale of a layer's receptors to its gain currents on the way from A
 * to B, as `gain = auto` moves it: the network is the same. It is found by the target's gain_of()
 * and the values, so that it needn't be written down anywhere: where undoing it brings these
 * parameters nearer to A, they are compared, and shown, with it undone. */
struct diff_gain {
    const char *layer;
    uint32_t n;         /* neurons */
    double *factor;     /* of each */
    bool *scale, *gain; /* parameters of B's model that it multiplied, and divided */
};

/* A layer that one of both has in other units: weights onto it, thresholds and biases times a
 * factor, as a chip with integers has them. Where undoing that brings its parameters nearer to
 * those of the other network, they are compared, and shown, with it undone. */
struct diff_scale {
    const char *layer;
    double a, b; /* of each network; 1: as it was written */
};

struct diff_helper {       /* a layer of helper neurons that the other network doesn't have */
    const char *name, *of; /* the layer that it helps */
    const char *which;     /* network that has it: "A" or "B" */
    uint32_t n;
};

struct diff_weights {                 /* of one connection, or of one core of the chip */
    const char *src, *dst, *receptor; /* NULL: a core */
    uint32_t chip, core;
    uint64_t n, lost, gained; /* synapses of A; without counterpart in B; in B only */
    double sum_square;        /* over the union of both */
    uint64_t n_union;
    double largest; /* error; at */
    const char *largest_src, *largest_dst;
    float largest_a, largest_b;
    double scale; /* largest |weight| of either */
};

struct diff_event { /* a spike of an event-driven run */
    bool there;     /* false: the trial had ended */
    int64_t t;      /* microseconds */
    uint32_t neuron;
};

struct diff_layer { /* behaviour of one output layer */
    const char *name;
    uint32_t n;
    const struct net_layer *at;
    const double *count_a, *count_b; /* mean spike counts of each neuron over trials */
    const double *frr_a, *frr_b;     /* of each trial */
    bool differs;
    enum { DIFF_STEPS, DIFF_EVENTS, DIFF_MIXED } kind; /* of both runs; one of each */
    uint32_t trial;                                    /* the first that differs: of steps, */
    uint32_t neuron;
    uint64_t step;
    uint8_t value_a, value_b;
    uint64_t event; /* of events, which one of the trial */
    struct diff_event event_a, event_b;
    double van_rossum_mean, van_rossum_most; /* over neurons and trials, tau = VAN_ROSSUM_TAU */
    uint32_t van_rossum_at;
};

#define VAN_ROSSUM_TAU 20e-3

struct diff {
    const char *name_a, *name_b;
    /* A line each: inputs, layers, models, outputs, dt, mismatch, delays. Records aren't compared:
     * they change nothing. */
    VEC(const char *) structure;
    VEC(struct diff_helper) helper; /* no difference by itself */
    VEC(struct diff_param) param;   /* those that differ, largest error first */
    uint32_t n_params;              /* compared */
    VEC(struct diff_gain) gain;     /* layers that have one */
    VEC(struct diff_scale) scale;   /* of layers that have one */
    VEC(struct diff_weights) connection, core;
    bool has_behaviour;
    const char *stimulus;
    uint32_t trials;
    uint64_t steps;
    double dt;
    VEC(struct diff_layer) layer;
    VEC(const char *) beyond; /* what is beyond the tolerance, a line each */
};

#define DIFF_STRUCTURE(arena, out, ...)                                                            \
    VEC_PUSH(arena, &(out)->structure, arena_printf(arena, __VA_ARGS__))

/* |y - x| over the larger magnitude: 0 .. 1 of one sign, up to 2 of two, 1 if only one is 0. */
double diff_relative_error(double x, double y);
/* net_element_name() in the arena. */
const char *diff_element_name(struct arena *a, const char *name, struct net_shape shape,
                              uint32_t element);

/* The factor of one layer of both (x of A, y of B, an index of nb). False: none. */
bool diff_find_gain(struct arena *a, const struct net *na, const struct net_layer *x,
                    const struct net *nb, uint32_t y, struct diff_gain *out);
/* A value of B's parameter with the factor undone; `g` may be NULL. */
float diff_undo_gain(const struct diff_gain *g, uint32_t param, uint32_t element, float value);

/* A network whose synapses through helper neurons, which `other` doesn't have, are those of their
 * sources; the helpers are put down in `out`. The network itself where there are none. */
const struct net *diff_fold(struct arena *a, const struct net *n, const struct net *other,
                            const char *which, struct diff *out);
bool diff_is_helper(const struct diff *d, const char *layer);

/* Both networks with the scales of their layers undone, where that is to be; they are put down in
 * `out`. The networks themselves where there are none. */
void diff_undo_scales(struct arena *a, const struct net **na, const struct net **nb,
                      struct diff *out);

/* The weights. Connections with the same source, target, receptor and delay are compared as one.
 * Of those without a counterpart the ones that differ only in the delay are taken together, in
 * order: the structure tells of the delay. */
void diff_connections(struct arena *a, const struct net *na, const struct net *nb,
                      struct diff *out);

/* Compares structure, parameters and weights. */
void diff_networks(struct arena *a, const struct net *na, const struct net *nb, struct diff *out);
/* Adds the behaviour. Both runs have the same trials and steps and recorded the spikes of the
 * output layers that they share. */
void diff_runs(struct arena *a, const struct net *na, const struct plan *pa,
               const struct run_result *ra, const struct plan *pb, const struct run_result *rb,
               struct diff *out);
/* Fills out->beyond. */
void diff_judge(struct arena *a, const struct tolerance *t, struct diff *out);

void diff_text(struct buf *out, const struct diff *d, const struct tolerance *t);
void diff_json(struct json *j, const struct diff *d, const struct tolerance *t);

#endif
