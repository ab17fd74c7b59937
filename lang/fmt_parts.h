/* The text as the formatter sees it: tokens and comments in one row, with what the source says
 * about the lines between them, and how they stand on one line. Private to lang/fmt*.c. */
#ifndef LANG_FMT_PARTS_H
#define LANG_FMT_PARTS_H

#include "lang/fmt.h"
#include "lang/parse_state.h"

enum { FMT_COMMENT = -1 }; /* as a kind of token */
#define FMT_NONE UINT32_MAX

struct fmt_element {
    int kind;
    uint32_t n;
    const char *text;  /* n bytes: a number with one space before its unit, a comment without spaces
                          at the ends of its lines */
    size_t at;         /* where it begins if all were on one line */
    uint32_t width;    /* columns */
    uint32_t newlines; /* before it in the source */
    uint32_t column;   /* of a comment that ends its line, in the source */
    uint32_t token;    /* index of the last token before it, FMT_NONE: there is none */
    uint32_t match;    /* brackets: of the other one */
    uint32_t lines;    /* line breaks before its end */
    bool apart;        /* a comment with more than one space before it */
    bool ends_line;    /* a comment that nothing can follow on its line */
    bool after_word;   /* see struct parse_token */
    bool unary;        /* a minus */
    bool tight;        /* a colon: no spaces around it */
    bool binds;        /* an opening bracket: `[i: n => ...]` */
};

struct fmt_text {
    struct fmt_element *e;
    uint32_t n;
};

/* The elements of a file without syntax errors, in `a`; false: errors are reported. */
bool fmt_read(struct arena *a, const struct sources *s, uint32_t file, struct diags *d,
              struct fmt_text *out);

/* The column after a text that begins in `column`: tabs go to multiples of 8. */
uint32_t fmt_advance(uint32_t column, const char *s, size_t n);

/* Whether the line may be broken before element k, by the author. */
bool fmt_may_break(const struct fmt_text *t, uint32_t k);
/* How bad it is to do so unasked, apart from brackets around it; -1: never. */
int fmt_break_cost(const struct fmt_text *t, uint32_t k);
/* One space or none before element k, on its line. */
bool fmt_space_before(const struct fmt_text *t, uint32_t k);

#endif
