/* Connections while they are made: which pairs of neurons an operator (dense, one_to_one, ...)
 * joins and with what weights. operators.c finds out, connect.c puts it into the network. */
#ifndef COMPILER_CONNECT_H
#define COMPILER_CONNECT_H

#include "compiler/elab.h"

enum pattern { ALL_PAIRS, STRAIGHT, LISTED };

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
};

/* Pairs of row i are those of k in [row_begin, row_end), ascending in column(k). */
uint64_t row_begin(const struct link *l, uint32_t i);
uint64_t row_end(const struct link *l, uint32_t i);
uint32_t column(const struct link *l, uint64_t k);
float weight(const struct link *l, uint32_t i, uint64_t k); /* rounded */

/* Whether n more synapses are possible, in number and in memory; false: reported (E0308). */
bool has_room(struct build *b, const struct link *l, uint64_t n);

int operator_index(const char *name); /* -1 if there is none */
/* The operator of that call: -1 if there is none (reported). */
int find_operator(struct build *b, const struct ast_expr *op);
/* Fills in the pattern and the weights of a link whose ends are known; false: reported. */
bool operator_weights(struct build *b, struct link *l, int which);

#endif
