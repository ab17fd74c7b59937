/* The simulator, run half: its entry in targets/targets.c. */
#ifndef SIM_TARGET_H
#define SIM_TARGET_H

#include "targets/target.h"

extern const struct target target_sim;

#endif
