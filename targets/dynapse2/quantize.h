/* The pass `quantize`: weights become what four base currents of their core make.
 *
 * Needs the neurons placed (net->board). Duplicate synapses are merged, base currents are found for
 * each core (those of the board section are kept) and written as biases SYAM_W0_P .. SYAM_W3_P, and
 * every weight becomes its decoded value; a weight that becomes 0 is taken out and reported
 * (W0654). Masks aren't kept: d2_masks_of() gives them back. */
#ifndef DYNAPSE2_QUANTIZE_H
#define DYNAPSE2_QUANTIZE_H

#include "targets/compile.h"
#include "targets/dynapse2/quantize_core.h"

bool d2_quantize(struct net *n, const struct target_options *o, struct target_report *r,
                 struct diags *d);

/* Current of a weight of 1 at this receptor of one neuron, in ampere: the receptor's scale
 * evaluated from the neuron's nominal parameters, rounded to float32. Without the board's gain. */
double d2_receptor_scale(const struct net *n, uint32_t layer, uint32_t receptor, uint32_t element);

/* The four base currents of a core, from its biases; a base without a bias counts as code 0:0. */
void d2_core_bases(const struct board_core *c, double base[D2_BASES]);

#endif
