/* What a run recorded, as a picture: panels one above the other over one axis of time, rasters of
 * events and traces of states. Its size is bounded whatever is drawn: what falls on one point is
 * drawn once. */
#ifndef COMPILER_PLOT_H
#define COMPILER_PLOT_H

#include "runtime/base/buf.h"
#include <stdbool.h>

struct plot_event {
    double t; /* seconds */
    uint32_t row;
};

struct plot_panel {
    const char *name; /* "exc.spikes" */
    uint32_t rows;    /* neurons, channels */
    bool traces;
    /* Raster. */
    const struct plot_event *event;
    uint64_t n_events;
    /* Traces: value[step * rows + row] is that at the end of the step, in SI units. What isn't
     * finite is left out. */
    const double *value;
    uint64_t steps;
};

struct plot {
    double duration; /* seconds, above 0 */
    const struct plot_panel *panel;
    uint32_t n_panels;
};

enum { PLOT_TRACES = 8 }; /* rows of a panel of traces that are drawn */

/* A whole SVG document. */
void plot_svg(struct buf *out, const struct plot *p);

#endif
