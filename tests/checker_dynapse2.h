/* Whether a DYNAP-SE2 configuration is right for a network: every limit of the chip, and that what
 * the chips would do with the bits is what the network asks for.
 *
 * Written from what is said about the chip (targets/dynapse2/README.md, grid.h, limits.h) and the
 * language's board section. Knows the configuration as it is read from an image, the table of the
 * bias generator and what profiles say; nothing of the mapper, of decode nor of the virtual chip.
 *
 * The network is the elaborated one, `asked`: no pass has touched it, its board section is what was
 * written by hand. A receptor's scale must be its model's parameter `Iscale`. */
#ifndef TESTS_CHECKER_DYNAPSE2_H
#define TESTS_CHECKER_DYNAPSE2_H

#include "compiler/net/net.h"
#include "targets/dynapse2/config.h"

struct checker_counts {
    uint32_t mixed_cores; /* whose neurons want different currents */
    uint32_t exact_cores; /* that different sets of currents need, each on cores of its own */
    uint32_t cores;       /* with neurons of the network */
    uint64_t cam, synapses;
    uint32_t lost_weights; /* that no sum of base currents is nearer to than 0 */
    uint32_t chip_links;   /* destinations of neurons on other chips than their own */
};

/* A line for each rule that is broken (the first of them) is appended to `out`; returns how many
 * are. */
uint32_t checker_dynapse2(const struct net *asked, const struct d2_config *c, struct buf *out,
                          struct checker_counts *counts);

/* Why the network can't fit, whatever the mapper does: a sentence in `out`. False: no reason was
 * found, which doesn't say that there is a way. `weights` has the network's connections with the
 * weights that count: as asked, or as far as quantization got. */
bool checker_no_room(const struct net *asked, const struct net *weights, struct buf *out);

#endif
