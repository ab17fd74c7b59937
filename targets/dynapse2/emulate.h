/* The virtual chip: what a DYNAP-SE2 board does with a configuration, found by letting it happen.
 *
 * Routes on the board are fixed by its configuration. So one event is sent from every source (each
 * channel of the inputs, each SRAM entry of each neuron) and followed: hop by hop over the grid, to
 * the cores of its mask, to the CAM entries that hold its tag, to their dendrites, with the sum of
 * the base currents that they select. The engine then replays what arrived for every event of a
 * run. What real chips would do silently, such as losing an event, becomes a finding.
 *
 * None of this is shared with the mapper or with decode.c, which read the same bits backwards: from
 * a CAM entry to the sources of its tag. */
#ifndef DYNAPSE2_EMULATE_H
#define DYNAPSE2_EMULATE_H

#include "targets/target.h"

/* As struct target documents it. */
bool d2_emulate(struct arena *a, const struct image *im, struct plan *p, struct findings *found,
                struct diags *d);

#endif
