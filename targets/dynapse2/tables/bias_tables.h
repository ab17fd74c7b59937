/* Currents of the bias generator in ampere, before a parameter's scale, for circuits of type N and
 * P.
 *
 * From Rockpool 3.1.0 (rockpool.devices.dynapse), which takes them from a hardware document of the
 * chip's maker: simulated, not measured. */
#ifndef DYNAPSE2_BIAS_TABLES_H
#define DYNAPSE2_BIAS_TABLES_H

#include "targets/dynapse2/limits.h"

enum { D2_TYPE_N, D2_TYPE_P, D2_TYPES };

extern const double d2_bias_table[D2_TYPES][D2_COARSE][D2_FINE];

#endif
