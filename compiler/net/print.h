/* What the printer's files share: indented statements, lists broken at 100 columns. */
#ifndef NET_PRINT_H
#define NET_PRINT_H

#include "compiler/net/net.h"

enum { PRINT_COLUMNS = 100, PRINT_INDENT = 4 };

struct text {
    struct buf *out;
    uint32_t depth; /* of blocks */
    size_t line;    /* where the current line begins in `out` */
    struct buf item;
};

void text_begin(struct text *t);                  /* a statement's indentation */
void text_end(struct text *t, const char *close); /* ";", " {" or nothing, and a newline */
void text_open(struct text *t);                   /* " {" and deeper */
void text_close(struct text *t);                  /* "}" */
void text_blank(struct text *t);
/* Appends t->item to a list, after a comma unless it is the first, on a line of its own where it
 * would pass the last column; clears it. */
void text_item(struct text *t, bool first);

/* "%u" in binary with at least four digits: 0b0101. */
void print_mask(struct buf *out, unsigned mask);

void print_board(struct text *t, const struct net *n, const struct net_words *words);

#endif
