/* Writes what others must know of the command line, from its table (compiler/cli_table.h): the
 * completions of three shells and the manual page. A program of the build, not of the product. */
#ifndef COMPILER_USAGE_H
#define COMPILER_USAGE_H

#include "compiler/cli_table.h"

#include <stdio.h>

void usage_bash(FILE *f);
void usage_zsh(FILE *f);
void usage_fish(FILE *f);
void usage_man(FILE *f);

/* What can stand at a place of the command line. */
enum usage_kind {
    USAGE_FILE,     /* a file or a folder */
    USAGE_INPUT,    /* a name, `=`, and a file */
    USAGE_WORDS,    /* one of cli_values() */
    USAGE_WARNINGS, /* the name of a warning, maybe with no- before it */
    USAGE_CODES,    /* the code of a message or the name of a warning */
    USAGE_FREE      /* a number or the like, which no shell knows */
};

/* Of an option's argument. */
enum usage_kind usage_of_option(enum cli_option_id id);
/* Of a command's files. */
enum usage_kind usage_of_files(const struct cli_command *cmd);
/* A word that the command wants before its files: `n` characters; 0: none. */
size_t usage_first_word(const struct cli_command *cmd);
/* Writes the words of a kind with spaces between; nothing for files and the like. */
void usage_words(FILE *f, enum usage_kind kind, enum cli_option_id id);
/* Writes `s`, and before each character of `special` the text `escape`. */
void usage_escaped(FILE *f, const char *s, const char *special, const char *escape);

#endif
