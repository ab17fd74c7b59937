/* What discretization did to each layer, for people. */
#ifndef SPECK_REPORT_H
#define SPECK_REPORT_H

#include "targets/speck/numbers.h"
#include "targets/speck/trial.h"

struct speck_told {
    const struct speck_numbers *x; /* of each layer, as they are now */
    const uint64_t *absent;        /* of each connection: pairs that had no synapse */
    const float *common;           /* scale of each layer before it was chosen anew */
    /* NULL: no stimulus. What the network did as it was given, at the common scales, and now. */
    const struct speck_trial *before, *first, *after;
    bool calibrated;
};

/* A table with a line for each layer; with a stimulus it was asked for, and is a result. W0654 for
 * features all of whose weights became 0, W0659 for pairs of neurons that had no synapse, where
 * what a core does to them can be seen. */
void speck_tell_numbers(const struct net *n, const struct speck_told *t, struct target_report *r,
                        struct diags *d);

#endif
