#include "targets/dynapse2/quantize_core.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

uint8_t d2_nearest_mask(const double base[D2_BASES], double current)
{
    uint8_t best = 0;
    double error = INFINITY;
    for (uint8_t m = 0; m < D2_MASKS; m++) {
        double e = fabs(d2_mask_current(base, m) - current);
        if (e < error) {
            error = e;
            best = m;
        }
    }
    return best;
}

/* Every pair once, single masks (0, m) first, so that the first of equals is the preferred one. */
void d2_nearest_pair(const double base[D2_BASES], double current, uint8_t mask[2])
{
    double sum[D2_MASKS], error = INFINITY;
    for (uint8_t m = 0; m < D2_MASKS; m++)
        sum[m] = d2_mask_current(base, m);
    for (uint8_t a = 0; a < D2_MASKS; a++) {
        for (uint8_t b = a; b < D2_MASKS; b++) {
            double e = fabs(sum[a] + sum[b] - current);
            if (e < error) {
                error = e;
                mask[0] = a;
                mask[1] = b;
            }
        }
    }
}

uint32_t d2_masks_of(const double base[D2_BASES], float weight, double iscale, uint8_t mask[2])
{
    float w = fabsf(weight);
    if (w == 0)
        return 0;
    for (uint8_t m = 1; m < D2_MASKS; m++) {
        if (d2_decode_weight(base, &m, 1, iscale) == w) {
            mask[0] = m;
            return 1;
        }
    }
    for (uint8_t a = 1; a < D2_MASKS; a++) {
        for (uint8_t b = a; b < D2_MASKS; b++) {
            if (d2_decode_weight(base, (const uint8_t[]){a, b}, 2, iscale) == w) {
                mask[0] = a;
                mask[1] = b;
                return 2;
            }
        }
    }
    return 0;
}

struct grid_entry {
    double current;
    struct d2_code code;
};

static int by_current(const void *a, const void *b)
{
    double x = ((const struct grid_entry *)a)->current, y = ((const struct grid_entry *)b)->current;
    return (x > y) - (x < y);
}

void d2_base_reach(struct d2_base_reach *out)
{
    struct grid_entry all[D2_COARSE * D2_FINE];
    uint32_t n = 0;
    for (uint8_t coarse = 0; coarse < D2_COARSE; coarse++) {
        for (uint32_t fine = 0; fine < D2_FINE; fine++) {
            struct d2_code c = {coarse, (uint8_t)fine};
            all[n++] = (struct grid_entry){d2_current(D2_BASE_PARAM, c), c};
        }
    }
    qsort(all, n, sizeof *all, by_current);
    for (uint32_t i = 0; i < n; i++) {
        out->current[i] = all[i].current;
        out->code[i] = all[i].code;
    }
    out->grid = (struct d2_reach){n, out->current};
}
