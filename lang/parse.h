/* Text to syntax tree. All syntax errors of the file are reported (recovery at `;` and `}`); the
 * tree holds what could be parsed, so that later passes can report theirs too. */
#ifndef LANG_PARSE_H
#define LANG_PARSE_H

#include "lang/ast.h"
#include "lang/source.h"

/* Never NULL. Errors go to `d`. Brackets nested deeper than 1000 levels are an error (E0106), and
 * so are trees higher than AST_MAX_HEIGHT. Time and memory are linear in the text. */
struct ast_file *parse_file(struct arena *a, struct intern *names, const struct sources *s,
                            uint32_t file, struct diags *d);

/* A token of the text. The kinds are the grammar's, known inside lang/ only. */
struct parse_token {
    int kind;
    bool after_word; /* begins a value that follows a word: `seed (n)`, `hop [0, 0]`, `tag -1` */
    struct span at;
};

struct parse_tokens {
    VEC(struct parse_token) list;
};

/* The same; gives also the tokens, in `a`: without an error these are all that the text has beside
 * white space and comments. */
struct ast_file *parse_tokens(struct arena *a, struct intern *names, const struct sources *s,
                              uint32_t file, struct diags *d, struct parse_tokens *out);

/* Whether a token can be a name: some words of the language are names elsewhere. */
bool parse_is_name(int kind);

#endif
