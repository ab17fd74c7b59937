#include "targets/dynapse2/biasgen.h"
#include "targets/dynapse2/tables/bias_tables.h"
#include <float.h>
#include <math.h>

bool d2_has_current(uint32_t param)
{
    const struct d2_param *p = &d2_param[param];
    return p->scale > 0 && (p->type == 'N' || p->type == 'P');
}

static const double (*table_of(uint32_t param))[D2_FINE]
{
    return d2_bias_table[d2_param[param].type == 'N' ? D2_TYPE_N : D2_TYPE_P];
}

double d2_current(uint32_t param, struct d2_code c)
{
    return table_of(param)[c.coarse][c.fine] * d2_param[param].scale;
}

struct d2_code d2_choose(uint32_t param, double x)
{
    struct d2_code best = {0, 0};
    double error = INFINITY;
    for (uint8_t coarse = 0; coarse < D2_COARSE; coarse++) {
        for (uint32_t fine = 0; fine < D2_FINE; fine++) {
            struct d2_code c = {coarse, (uint8_t)fine};
            double e = fabs(d2_current(param, c) - x);
            if (e < error) {
                error = e;
                best = c;
            }
        }
    }
    return best;
}

void d2_reach(uint32_t param, double *min, double *max)
{
    *min = INFINITY;
    *max = 0;
    for (uint8_t coarse = 0; coarse < D2_COARSE; coarse++) {
        for (uint32_t fine = 0; fine < D2_FINE; fine++) {
            double i = d2_current(param, (struct d2_code){coarse, (uint8_t)fine});
            *min = fmin(*min, i);
            *max = fmax(*max, i);
        }
    }
}

bool d2_out_of_reach(uint32_t param, double x)
{
    double min, max;
    d2_reach(param, &min, &max);
    return x < min * (1 - FLT_EPSILON) || x > max * (1 + FLT_EPSILON);
}

double d2_mask_current(const double base[D2_BASES], uint32_t mask)
{
    double sum = 0;
    for (uint32_t k = 0; k < D2_BASES; k++)
        if (mask >> k & 1)
            sum += base[k];
    return sum;
}

float d2_decode_weight(const double base[D2_BASES], const uint8_t *mask, uint32_t n, double iscale)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += d2_mask_current(base, mask[i]);
    return (float)(sum / iscale);
}
