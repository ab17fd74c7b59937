/* The Speck passes over the network, and what they share. In order: discretize, assign. Each keeps
 * what the board section gives by hand, reports what can't be (E0601 where it doesn't fit, E0602
 * where the chip can't) and leaves the network as the chip will compute it: after `discretize`
 * every connection is a convolution, and weights, biases, thresholds, bounds and initial states are
 * the chip's integers; after `assign` the board section places every layer on a core. */
#ifndef SPECK_PASSES_H
#define SPECK_PASSES_H

#include "targets/compile.h"
#include "targets/speck/config.h"
#include "targets/speck/quantity.h"

bool speck_discretize(struct net *n, const struct target_options *o, struct target_report *r,
                      struct diags *d);
bool speck_assign_2e(struct net *n, const struct target_options *o, struct target_report *r,
                     struct diags *d);
bool speck_assign_2f(struct net *n, const struct target_options *o, struct target_report *r,
                     struct diags *d);

/* Gives the parameters of models that do what a core's neuron does the names that iaf of
 * stdlib/speck.dyn has for them. False: one does something else (E0602). */
bool speck_adopt_models(struct net *n, struct diags *d);
/* Whether the chip can do what layers, inputs and connections ask for (E0601, E0602). */
bool speck_check(const struct net *n, struct diags *d);
/* Whether the board section is one (E0406): whole layers on cores, nothing else. */
bool speck_check_board(struct net *n, struct diags *d);

/* Makes pools behind the sensor part of its pre-processing. False: reported (E0602). */
bool speck_absorb_pools(struct net *n, struct diags *d);

bool speck_encode(struct image_writer *w, const struct net *n, const struct plan *p,
                  struct diags *d);
bool speck_raise_board(struct net *n, const struct image *im, struct diags *d);
float speck_undo_scale(const struct model *m, uint32_t param, float value, double scale);
uint32_t speck_fit(const struct net *n, struct arena *a, struct target_fit_row **out);

/* ---- a layer as a core holds it ---- */

/* Parameters of the model, which speck_adopt_models() has found to be there. */
struct speck_params {
    uint32_t threshold, v_min, reset_to_zero;
};
struct speck_params speck_params_of(const struct model *m);

/* A shape as a map: anything but [features, height, width] is features alone. */
void speck_map_of(const struct net_shape *s, uint32_t map[3]);
/* What of its source a connection hears, behind the pool. */
void speck_heard_map(const struct net *n, const struct net_connection *c, uint32_t map[3]);
/* A connection's geometry; rows are a kernel as large as the map that is heard. */
struct speck_layer speck_geometry_of(const struct net *n, const struct net_connection *c);

/* What a core hears: after `discretize`. */
struct speck_use {
    struct speck_layer layer; /* its `in` are the features of all sources together */
    uint32_t n;               /* sources */
    uint32_t *connection;     /* of each, ascending */
    struct speck_heard *heard;
};
/* False: sources that can't share a core, which is reported (E0602) where `d` isn't NULL, or rows.
 */
bool speck_use_of(struct arena *a, const struct net *n, uint32_t layer, struct speck_use *out,
                  struct diags *d);

/* The limits that a layer breaks, as E0601; true: none. */
bool speck_tell_fit(const struct net *n, uint32_t layer, const struct speck_layer *l,
                    struct diags *d);

#endif
