/* A layer of stdlib's dpi neurons with an input and recurrent connections, from plain arrays: for
 * comparisons of the whole way from the model's text to a run. */
#ifndef TESTS_DPI_NET_H
#define TESTS_DPI_NET_H

#include "runtime/run.h"

enum { DPI_MAX_SETTINGS = 32 };

struct dpi_case {
    uint32_t n_in, n, steps;
    double dt;
    const double *raster; /* [steps, n_in] counts */
    const double *w_in;   /* [n_in, n] */
    const double *w_rec;  /* [n, n]; NULL: none */
    uint32_t n_settings;
    struct {
        const char *name;
        const double *v; /* n values */
    } setting[DPI_MAX_SETTINGS];
};

struct dpi_trace { /* [steps, n] each */
    const uint8_t *spikes;
    const float *iahp, *imem, *isyn, *vmem;
};

void dpi_set(struct dpi_case *c, const char *name, const double *v);
/* Any failure fails the test. */
struct dpi_trace dpi_run(struct arena *a, const struct dpi_case *c, const struct backend *b);

/* The JIT; false, with a visible message, where the build has none. */
bool dpi_open_jit(struct backend *b);

#endif
