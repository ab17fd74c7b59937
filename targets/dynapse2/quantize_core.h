/* A core's weights as sums of four base currents: the numerical part, which knows no network.
 *
 * A synapse holds a mask of four bits; its current is the sum of the base currents whose bits are
 * set. d2_solve() finds the four base currents, among those that the bias generator makes, that
 * minimise the mean square error of a core's weight currents, each taking its nearest sum; that the
 * masks aren't rounded from a continuous solution is the point. d2_bound() is a lower bound for any
 * four base currents at all, so that the distance from the optimum is known.
 *
 * Currents are in ampere, float64, and not negative; signs are the caller's. A weight is current /
 * iscale, where iscale is the scale of the receptor times the gain of the board. */
#ifndef DYNAPSE2_QUANTIZE_CORE_H
#define DYNAPSE2_QUANTIZE_CORE_H

#include "targets/dynapse2/biasgen.h"
#include <stddef.h>

/* ---- masks ---- (what they mean: d2_decode_weight() in biasgen.h) */

/* The mask with the nearest current; the lowest of equally near ones. */
uint8_t d2_nearest_mask(const double base[D2_BASES], double current);

/* Two masks, mask[0] <= mask[1], with the nearest sum; (0, m) where a single one is as near. */
void d2_nearest_pair(const double base[D2_BASES], double current, uint8_t mask[2]);

/* Masks that decode to exactly this weight (its sign is ignored), mask[0] <= mask[1]: one if one is
 * enough, and the lowest. Returns how many: 1, 2, or 0 if no two CAM entries make it or it is 0. */
uint32_t d2_masks_of(const double base[D2_BASES], float weight, double iscale, uint8_t mask[2]);

/* ---- the currents that can be had ---- */

struct d2_reach {
    uint32_t n;
    const double *current; /* ascending, distinct */
};

/* Those of SYAM_W0_P .. SYAM_W3_P, with the code of each. */
struct d2_base_reach {
    struct d2_reach grid;
    struct d2_code code[D2_COARSE * D2_FINE];
    double current[D2_COARSE * D2_FINE];
};

void d2_base_reach(struct d2_base_reach *out);

/* ---- the search ---- */

/* A base that is given by hand is its index in the grid; D2_FREE: to be found. */
enum { D2_FREE = -1 };

struct d2_solution {
    uint32_t index[D2_BASES]; /* in the grid; the free ones ascend */
    double base[D2_BASES];
    double mse; /* mean square error, ampere^2 */
};

/* The best four base currents for n >= 1 weight currents. A function of its arguments: `seed`
 * places the starts of the search. Under 0.1 s for hundreds of weights. */
void d2_solve(const double *current, size_t n, const struct d2_reach *g,
              const int32_t given[D2_BASES], uint64_t seed, struct d2_solution *out);

/* Solves a x = r for a symmetric positive matrix, of which nothing is left; false if it is
 * singular. */
bool d2_solve_four(double a[D2_BASES][D2_BASES], double r[D2_BASES], double x[D2_BASES]);

/* No four base currents, on the grid or not, have a smaller mean square error (ampere^2). */
double d2_bound(const double *current, size_t n);

/* ---- gain ---- */

struct d2_gain_core {
    const double *current;
    size_t n;
    double iscale;
    int32_t given[D2_BASES];
};

/* The common factor on all weight currents, of the `n_factors` offered, with which the grid fits
 * best: least sum of squared errors in units of weight over all cores, by a shorter search than
 * d2_solve()'s. Of factors within .1 % of the best it is the first. Cores may have n == 0. */
double d2_best_gain(const struct d2_gain_core *core, uint32_t n_cores, const struct d2_reach *g,
                    const double *factor, uint32_t n_factors, uint64_t seed);

#endif
