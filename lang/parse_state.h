/* What one parse carries along: shared by the token filter (parse.c), the actions of the lexer
 * (lex.c), the reports of syntax errors (syntax_error.c) and the node constructors (build_ast.c).
 * Private to lang/. */
#ifndef LANG_PARSE_STATE_H
#define LANG_PARSE_STATE_H

#include "lang/parse.h"
#include "lang/parser.h" /* generated: token kinds and values */

enum { PARSE_MAX_NESTING = 1000 }; /* open brackets */

struct bracket {
    char kind; /* ( [ { */
    struct span at;
};

struct token {
    int kind;
    LANG_YYSTYPE value;
    struct span at;
    bool made; /* by the filter: not in the text */
};

struct parser {
    struct arena *arena;
    struct intern *names;
    struct diags *diags;
    const struct source *source;
    uint32_t file;
    struct ast_file *out;
    struct ast_decl *last;       /* the newest of out->decls */
    struct parse_tokens *tokens; /* NULL: nobody wants them */

    void *scanner;
    bool stop;        /* the rest of the text is left out, for a reason that was reported */
    bool end_of_item; /* the lexer's error reaches to the end of an item: a `;` follows */
    bool has_held;
    struct token held; /* the next token, if has_held */

    struct bracket open[PARSE_MAX_NESTING];
    uint32_t n_open, n_braces;

    struct token previous, newest; /* the last two tokens of the text that the parser was given */
    int given;                     /* kind of the last token that it was given */
    bool inserted;                 /* which was a `;` in place of a missing one */
    bool skipping;                 /* after an error: to the end of the item, */
    uint32_t skip_level;           /* which stands within so many open braces */
    bool lost;                     /* the `{` of a declaration is missing: its items stand bare */
    bool unmatched;                /* the newest token is a bracket that closes none */
    bool closing;                  /* the end of the file is reached with braces open */
    bool too_high;                 /* E0106 for the height of a tree was reported */
    bool nameless;                 /* a declaration of the block has no name that could be read */
    struct map64 bad_name;         /* what can't be names and was reported */
};

/* The parser's source of tokens: those of the lexer, with repairs around errors. */
int lang_yylex(LANG_YYSTYPE *value, struct span *at, struct parser *p);
/* Called when the parser's stack is full. */
void lang_yyerror(struct span *at, struct parser *p, const char *message);

bool parse_on_later_line(const struct parser *p, struct span before, struct span at);

/* Has the rest of the item skipped, from the last given token on. */
void parse_skip_item(struct parser *p);

/* Reports a syntax error at a token and has the rest of the item skipped. Tokens are called by
 * their alias in the grammar; `expected` is changed. */
void parse_syntax_error(struct parser *p, struct span at, const char *found, const char **expected,
                        int n);
/* Reports that a `;` is missing before the token at `found`. */
void parse_missing_semicolon(struct parser *p, struct span found);
/* Reports that a `{` is missing, before or in place of the token at `found`. */
void parse_missing_brace(struct parser *p, struct span found);
/* Reports braces that are open at the end of the file. */
void parse_unclosed(struct parser *p);

#endif
