/* Texts of the tree that are built into the library, so that it needs no files: tables that the
 * Makefile makes with compiler/embed.awk. */
#ifndef COMPILER_EMBEDDED_H
#define COMPILER_EMBEDDED_H

#include <stddef.h>

struct embedded_text {
    const char *name; /* the file's, without folder; without extension if nothing else is said */
    const char *text;
    size_t n;
};

/* In the order of their names, ended by a NULL name. */
extern const struct embedded_text stdlib_modules[]; /* stdlib/NAME.dyn */
extern const struct embedded_text explain_pages[];  /* lang/explain/NAME.md, by code */
extern const struct embedded_text start_files[];    /* examples/start/NAME, with extension */

#endif
