/* The .dyn modules of stdlib/, built into the library by the Makefile (compiler/embed.awk). */
#ifndef COMPILER_STDLIB_H
#define COMPILER_STDLIB_H

#include <stddef.h>

struct stdlib_module {
    const char *name; /* "dynapse2" */
    const char *text;
    size_t n;
};

extern const struct stdlib_module stdlib_modules[]; /* ended by a NULL name */

#endif
