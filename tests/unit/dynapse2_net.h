/* Networks of the stdlib's silicon neuron, built by hand and sent through the passes of DYNAP-SE2,
 * for tests. */
#ifndef TESTS_DYNAPSE2_NET_H
#define TESTS_DYNAPSE2_NET_H

#include "compiler/net/net.h"
#include "runtime/image.h"
#include "targets/compile.h"
#include "tests/unit/neuron_text.h"

struct d2_test {
    struct neuron_text text; /* its arena holds all, its diags what the passes say */
    struct model *dpi;
    struct net *n;
    struct target_options options; /* none */
    struct target_report report;
};

void d2_test_init(struct d2_test *t);
void d2_test_free(struct d2_test *t);

uint32_t d2_test_input(struct d2_test *t, const char *name, uint32_t n);
/* A layer of `model` (NULL: dpi) with its defaults. */
uint32_t d2_test_layer(struct d2_test *t, const char *name, uint32_t n, struct model *model);
/* Sets a parameter of all neurons of a layer, before or after its defaults. */
void d2_test_set(struct d2_test *t, uint32_t layer, const char *param, double x);
/* Row-major weights [n_pre, n_post]; NULL: all 1. */
void d2_test_connect(struct d2_test *t, bool from_input, uint32_t src, uint32_t dst,
                     const double *w);
/* Channels of an input never share a tag: each is heard by one neuron of a new layer `apart`. */
void d2_test_tell_apart(struct d2_test *t, uint32_t input);
struct board *d2_test_board(struct d2_test *t);

/* Runs the passes up to and with `last`; false: one failed. */
bool d2_test_passes(struct d2_test *t, const char *last);
/* Whether a diagnostic of this code was given, with this text in it (NULL: any). */
bool d2_test_said(const struct d2_test *t, enum diag_code code, const char *text);
/* Prints what was said, to find out why a test fails. */
void d2_test_show(const struct d2_test *t);

/* The image of the network after all passes. */
void d2_test_image(struct d2_test *t, struct image_writer *w);

/* The neuron of the board that is this one of the network, and its core. */
struct board_neuron *d2_test_find(const struct d2_test *t, uint32_t layer, uint32_t element,
                                  struct board_core **core);

#endif
