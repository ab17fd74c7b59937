/* The lexer: its entry points, which flex generates from lexer.l, and the actions of its rules
 * (lex.c). Private to lang/. */
#ifndef LANG_LEX_H
#define LANG_LEX_H

#include "lang/parse_state.h"

/* ---- generated ---- */

/* The next token, white space and comments left out; 0 at the end. */
int lang_lex_lex(LANG_YYSTYPE *value, struct span *at, void *scanner);
int lang_lex_lex_init_extra(struct parser *p, void **scanner);
int lang_lex_lex_destroy(void *scanner);
struct yy_buffer_state *lang_lex__scan_bytes(const char *text, int n, void *scanner);

/* ---- actions: `s` has the n bytes of the token at `at` ---- */

/* A name or a word of the language; gives `token` back. */
int lex_word(struct parser *p, struct span at, const char *s, size_t n, LANG_YYSTYPE *value,
             int token);
/* A number with the word that follows it on its line. Gives how many bytes belong to the number
 * (the word does if it is a unit) and cuts *at to them. Where only a name can stand it is one that
 * begins with a digit: reported, *kind becomes T_NAME. */
size_t lex_number(struct parser *p, struct span *at, const char *s, size_t n, LANG_YYSTYPE *value,
                  int *kind);
/* A number that ends in a point, or in a word that is no unit. */
void lex_bad_number(struct parser *p, struct span at, const char *s, size_t n, LANG_YYSTYPE *value);
void lex_string(struct parser *p, struct span at, const char *s, size_t n, LANG_YYSTYPE *value);
/* A string in quotation marks of `mark` bytes that aren't the language's. */
void lex_other_quotes(struct parser *p, struct span at, const char *s, size_t n, size_t mark,
                      LANG_YYSTYPE *value);
/* A name with letters that names don't have. */
void lex_other_name(struct parser *p, struct span at, const char *s, size_t n, LANG_YYSTYPE *value);
/* A line from a `#` on, as comments and directives begin elsewhere. */
void lex_hash(struct parser *p, struct span at, const char *s, size_t n);
void lex_open_string(struct parser *p, struct span at);
void lex_open_comment(struct parser *p, struct span at);
void lex_stray(struct parser *p, struct span at, const char *s, size_t n);

/* Reports invalid UTF-8 anywhere in the text, one message for each run of bytes. */
void lex_check_utf8(struct parser *p);

#endif
