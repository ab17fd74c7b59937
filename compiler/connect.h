/* Connections while they are made: which pairs of neurons an operator (dense, one_to_one, ...)
 * joins and with what weights. operators.c finds out, connect.c puts it into the network. */
#ifndef COMPILER_CONNECT_H
#define COMPILER_CONNECT_H

#include "compiler/elab.h"

enum pattern { ALL_PAIRS, STRAIGHT, LISTED, CONVOLVED };

struct entry { /* of sparse() */
    uint32_t i, j;
    double w;
};

/* A connection between what its ends select: weights for pairs (i, j) of selected elements. */
struct link {
    struct wire *w;
    struct env env;
    uint32_t n_src, n_dst;
    uint32_t *src, *dst; /* elements of the pieces; NULL: all of them */
    enum pattern pattern;
    const double *v; /* weight of (i, j) at v[i * step_src + j * step_dst] */
    size_t step_src, step_dst;
    struct entry *entry; /* LISTED: by i, then j; row[i] is the first of i */
    uint64_t *row;
    uint32_t receptor, delay;
    uint32_t n_pre; /* elements of the source, after its pool */
    float *bias;    /* NULL: none */
    bool updates;   /* pairs of an event-driven model: a weight of 0 is an update too */
};

/* Pairs of row i are those of k in [row_begin, row_end), ascending in column(k). */
uint64_t row_begin(const struct link *l, uint32_t i);
uint64_t row_end(const struct link *l, uint32_t i);
uint32_t column(const struct link *l, uint64_t k);
float weight(const struct link *l, uint32_t i, uint64_t k); /* rounded */

/* Whether n more synapses are possible, in number and in memory; false: reported (E0308). */
bool has_room(struct build *b, const struct link *l, uint64_t n);

/* maps.c: numbers in [lo, hi], one for both or [y, x]; false: reported (E0302, E0306). */
bool eval_pair(const struct env *env, const struct ast_expr *e, double lo, double hi,
               const char *what, uint32_t out[2]);
bool wire_pools(const struct wire *w); /* whether it says so */
/* What the operator sees of the source. NULL: not known, or reported. */
const struct shape *wire_source(struct build *b, struct wire *w);
/* The convolution of a conv2d(). NULL: its source isn't known, or reported. */
const struct conv *wire_conv(struct build *b, struct wire *w);
/* The map that it makes; whether that is the target, false: reported. */
void conv_shape(const struct wire *w, struct shape *out);
bool conv_target(struct build *b, const struct wire *w);
/* The biases that a connection gives, for elements of this shape: of each feature or neuron of the
 * target. NULL: reported. */
float *wire_bias(struct build *b, const struct link *l, const struct shape *shape);

int operator_index(const char *name); /* -1 if there is none */
/* The operator of that call: -1 if there is none (reported). */
int find_operator(struct build *b, const struct ast_expr *op);
/* Fills in the pattern and the weights of a link whose ends are known; false: reported. */
bool operator_weights(struct build *b, struct link *l, int which);

#endif
