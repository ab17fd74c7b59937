/* Source files of one compilation and the way from byte offsets to lines.
 *
 * Files have indices from 1 (0 means "no place"); the text stays for the life of the arena. Line
 * and column are worked out only when something is printed. */
#ifndef LANG_SOURCE_H
#define LANG_SOURCE_H

#include "runtime/base/diag.h"
#include "runtime/base/file.h"

struct source {
    const char *path; /* as it is shown to the user; "stdlib/dynapse2.dyn" for modules */
    const char *text; /* NUL-terminated, without a byte order mark */
    uint32_t n;
    const uint32_t *line; /* byte where each line begins */
    uint32_t n_lines;
};

struct sources {
    struct arena *arena;
    VEC(struct source) file;
};

struct source_pos {
    uint32_t line, column;         /* from 1; column counts characters (code points) */
    uint32_t line_begin, line_end; /* bytes of the line without its newline */
};

/* Adds a text (copied) and returns its index; a text over 2 GiB isn't accepted (0, reported). */
uint32_t sources_add(struct sources *s, const char *path, const char *text, size_t n,
                     struct diags *d);
const struct source *sources_get(const struct sources *s, uint32_t file); /* NULL for 0 */
struct source_pos source_pos(const struct source *f, uint32_t offset);

#endif
