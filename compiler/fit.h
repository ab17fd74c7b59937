/* What `dyn fit` shows: the table of resources, and where the target has a board the occupancy of
 * its cores, as text for a terminal, as JSON and as a picture (SVG). Network and target only give
 * numbers (targets/compile.h); nothing here knows a chip. */
#ifndef COMPILER_FIT_H
#define COMPILER_FIT_H

#include "runtime/base/buf.h"
#include "targets/compile.h"

struct fit_view {
    const char *network, *target;
    uint32_t n_rows;
    const struct target_fit_row *row;
    const struct target_occupancy *board; /* NULL: the target has none */
};

/* How full a core is: used over usable neurons. One without usable neurons is full once it has any.
 */
double fit_share(const struct target_occupancy *b, uint32_t core);
/* Whether there is anything to tell about a core. */
bool fit_core_in_use(const struct target_occupancy *b, uint32_t core);

enum { FIT_SOME = 16 }; /* cores that the table shows unless all are asked for */

void fit_text(struct buf *out, const struct fit_view *v, bool color, bool all);
void fit_json(struct buf *out, const struct fit_view *v);
void fit_svg(struct buf *out, const struct fit_view *v);

#endif
