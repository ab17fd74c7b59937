/* Two plans of one network: the same bits. */
#ifndef TESTS_UNIT_SAME_PLAN_H
#define TESTS_UNIT_SAME_PLAN_H

#include "runtime/plan.h"

/* Fails the test unless projections and parameters are equal. */
void same_plan(const struct plan *x, const struct plan *y);

#endif
