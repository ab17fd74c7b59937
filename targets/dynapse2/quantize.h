/* The pass `quantize`: weights become what four base currents of their core make.
 *
 * Needs the neurons placed (net->board). Connections with the same ends are joined
 * (quantize_merge.c), `gain = auto` is resolved (quantize_gain.c), base currents are found for each
 * core (those that the board section gives are kept) and written as biases SYAM_W0_P .. SYAM_W3_P,
 * and every weight becomes its decoded value; one that becomes 0 is taken out and reported (W0654),
 * one beyond the reach of the base currents too (W0653). With o->refine a weight may use two of the
 * neuron's CAM entries. Masks aren't kept: d2_masks_of() gives them back.
 *
 * What is exact already stays: the network that the pass leaves, printed and read again, comes out
 * unchanged. Weights of CAM entries given by hand stay as they are: `route` makes them what the
 * entries mean. Base currents that aren't given are found for them as for the others. */
#ifndef DYNAPSE2_QUANTIZE_H
#define DYNAPSE2_QUANTIZE_H

#include "targets/compile.h"
#include "targets/dynapse2/quantize_core.h"

bool d2_quantize(struct net *n, const struct target_options *o, struct target_report *r,
                 struct diags *d);

/* Marks the parameters and lets that a receptor's scale follows from; it must have one. */
void d2_scale_reads(const struct model *m, uint32_t receptor, bool *param, bool *let);

/* The current of a weight of 1 at one receptor of a layer, in ampere: the receptor's scale
 * evaluated in float64, without the board's gain; for each neuron, or one for all. A parameter
 * counts as the decimal that its float32 is printed as (f32_decimal()), 10 nA as 1e-8 and not as
 * the float32 nearest to it. So the scale is a function of what an image keeps, and a dump compiles
 * to the image that it is of. */
struct d2_scale {
    uint32_t n;
    double *v;
};
void d2_receptor_scale(struct arena *a, const struct net *n, uint32_t layer, uint32_t receptor,
                       struct d2_scale *out);
static inline double d2_scale_of(const struct d2_scale *s, uint32_t element)
{
    return s->v[s->n == 1 ? 0 : element];
}

/* Marks the parameters that `gain = auto` changes for a receptor: those that it multiplies (the
 * receptor's scale) and those that it divides (the gain currents of its dendrites). False: the
 * model doesn't allow it. */
bool d2_gain_of(const struct model *m, uint32_t receptor, bool *scale, bool *gain);

/* The four base currents of a core, from its biases; a base without a bias counts as code 0:0. */
void d2_core_bases(const struct board_core *c, double base[D2_BASES]);

/* ---- between the files of the pass ---- */

/* Joins connections that have source, destination, receptor and delay in common into the first of
 * them; weights of one synapse add. E0601 if a sum isn't finite. */
bool d2_merge_connections(struct net *n, struct target_report *r, struct diags *d);

/* The row of a connection that the synapse at this index is in. */
uint32_t d2_pre_of(const struct net_connection *c, uint64_t at);

/* Takes synapses of weight 0 out. */
void d2_drop_zeros(struct net_connection *c);

/* The weights of one core, and where they are in the network. */
struct d2_synapse {
    uint32_t connection;
    uint64_t at;     /* index in its `post` and `weight` */
    double current;  /* ampere, with the gain; not negative */
    double iscale;   /* of a weight of 1, with the gain */
    uint8_t mask[2]; /* its CAM entries; 0: none */
    bool by_hand; /* so are its CAM entries: what they make of the weight is for `route` to see */
    bool keep;    /* its weight stays, no search looks at it */
};

struct d2_weights_of_core {
    struct board_core *core;
    uint32_t n, n_free; /* the n_free that aren't kept come first */
    struct d2_synapse *synapse;
    double iscale; /* the largest of its synapses */
    int32_t given[D2_BASES];
    double reach; /* the largest current that its four bases could make */
};

/* Base currents of cores that have free weights, and a bound for their error (ampere^2). A function
 * of the weights: how many processors work on it makes no difference. */
struct d2_solved {
    struct d2_solution solution;
    double bound;
};
void d2_solve_cores(struct arena *a, const struct d2_weights_of_core *core, uint32_t n,
                    const struct d2_reach *g, uint64_t seed, struct d2_solved *out);

/* Better base currents for a core with CAM entries given by hand, whose masks stay
 * (quantize_hand.c); those that are given stay too. `s` comes from d2_solve_cores(). */
struct d2_sites;
void d2_solve_by_hand(struct arena *a, const struct net *n, const struct d2_weights_of_core *x,
                      const struct d2_sites *sites, const struct d2_reach *g,
                      struct d2_solution *s);

/* Resolves `gain = auto`: scale parameters of receptors are multiplied by a common factor, the
 * synapses' gain currents divided by it, so that the network stays the same. E0602 where the models
 * don't allow it, E0406 where a gain current is given by hand. Returns the factor, 0 if reported.
 */
double d2_auto_gain(struct net *n, const struct d2_weights_of_core *core, uint32_t n_cores,
                    const struct d2_reach *g, uint64_t seed, struct diags *d);

#endif
