/* What would help with a syntax error: hints for words (syntax_words.c) and for marks
 * (syntax_marks.c), many of them for what other languages teach, with the change of the source
 * where it is plain. Private to lang/. */
#ifndef LANG_SYNTAX_HINTS_H
#define LANG_SYNTAX_HINTS_H

#include "lang/parse_state.h"

/* Tokens that would have been right, by their alias in the grammar. */
struct expected {
    const char **name;
    int n;
};

bool expects(const struct expected *e, const char *name);
/* Whether `name` is in a list that NULL ends. */
bool is_one_of(const char *name, const char *const *list);
bool is_reserved(const char *name);

/* A syntax error. */
struct mistake {
    struct parser *p;
    struct span after; /* the token that it comes after; empty where that begins or ends an item */
    struct span at;    /* the token that is wrong */
    const char *found; /* its alias */
    const struct expected *e;
};

/* What would help, and the change of the source that it means, if it is that plain. */
struct help {
    const char *hint; /* NULL: none is known */
    const char *edit; /* NULL: none */
    struct span at;
};

/* Takes the edit down and gives the hint back. */
const char *help_edit(struct help *h, struct span at, const char *text, const char *hint);

#define MISSING "missing before it?" /* which parse_unclosed() doesn't say again */

bool token_is(const struct parser *p, struct span at, const char *text);
bool found_is(const struct mistake *m, const char *alias);
/* Whether the wrong token stands on the line of the one before it. */
bool same_line(const struct mistake *m);
/* Right behind the token before the wrong one. */
struct span behind(const struct mistake *m);
/* What follows a place on its line, blanks left out; ends with a byte that is no blank. */
const char *next_text(const struct parser *p, uint32_t from);
/* Bytes of the word there; 0: there is none. */
size_t word_at(const char *s);
/* Whether a text stands between the beginning of the item and a place. */
bool in_item(const struct parser *p, struct span at, const char *text);

/* For `NAME = ...` standing as a statement of a file or a network. */
const char *hint_assignment(const struct mistake *m, struct help *h, struct span name);

/* Whether an item of a network stands in a block that can't have it, whose `}` is missing then. */
bool hint_block_left_open(const struct mistake *m);

/* NULL: none is known. */
const char *hint_word(const struct mistake *m, struct help *h);
const char *hint_mark(const struct mistake *m, struct help *h);

#endif
