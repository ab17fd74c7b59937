/* The bias generator: which currents a (coarse, fine) code makes, and the best code for a current.
 *
 * A parameter's current is the table of its type at (coarse, fine) times the parameter's scale, in
 * float64 and ampere. The tables (tables/bias_tables.h) have no closed form, and within a coarse
 * range the current isn't monotonic in fine. Parameters are indices in d2_param (limits.h). */
#ifndef DYNAPSE2_BIASGEN_H
#define DYNAPSE2_BIASGEN_H

#include "targets/dynapse2/limits.h"

struct d2_code {
    uint8_t coarse, fine; /* 0 .. 5, 0 .. 255 */
};

/* Whether the parameter's currents are known: type N or P, and a scale. The functions below demand
 * it. */
bool d2_has_current(uint32_t param);

double d2_current(uint32_t param, struct d2_code c);

/* The code whose current is nearest to x; of equally near ones that of the lowest coarse, then the
 * lowest fine value. Beyond the reach that is the extreme code, which the caller reports. */
struct d2_code d2_choose(uint32_t param, double x);

/* The smallest and the largest current. */
void d2_reach(uint32_t param, double *min, double *max);
/* Whether x lies outside, by more than the rounding of a float32. */
bool d2_out_of_reach(uint32_t param, double x);

/* ---- weights: the rule that the compiler and whoever reads a configuration share ---- */

/* The sum of the base currents that a mask selects, in ascending order of bits; ampere. */
double d2_mask_current(const double base[D2_BASES], uint32_t mask);

/* What n CAM entries of one source and sign mean: their currents, added in the order given (that of
 * the slots), over iscale, in float64, rounded once. iscale is the current of a weight of 1: the
 * scale of the receptor times the gain of the board. */
float d2_decode_weight(const double base[D2_BASES], const uint8_t *mask, uint32_t n, double iscale);

#endif
