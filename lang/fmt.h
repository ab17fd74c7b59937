/* The formatter: source text in its standard form.
 *
 * Only white space changes, and it is made from the tokens alone, so that nothing can be lost:
 * - Each item of a block stands on a line of its own, indented by four columns for each block. A
 *   block that stands on one line stays there as long as it fits.
 * - One space between tokens, none where they belong together: `f(x, -1)`, `W[0:10, :]`, `a^2`,
 *   `20 ms`.
 * - Line breaks within an item are the author's where an expression may be broken (rows of a matrix
 *   stay rows). Lines of more than 100 columns are broken further, at the outermost comma or the
 *   loosest operator. What follows is indented by four more columns, and so is what stands in a
 *   bracket that ends its line, by 40 at most.
 * - Single blank lines stay, several become one.
 * - Comments stay where they are. One behind code keeps its column if there is room;
 *   nothing is aligned that wasn't.
 *
 * The result formats to itself. */
#ifndef LANG_FMT_H
#define LANG_FMT_H

#include "lang/source.h"

enum { FMT_COLUMNS = 100, FMT_INDENT = 4, FMT_DEEPEST = 40 };

/* Appends the formatted text of a source file. False with nothing appended: it has errors, which
 * are reported, or the text that came out hasn't the same tokens and comments (E0999). */
bool fmt_source(struct buf *out, const struct sources *s, uint32_t file, struct diags *d);

/* The same for a text that isn't a file of the user's: nothing is reported. */
bool fmt_text(struct buf *out, const char *text, size_t n);

/* Appends a unified diff from a text to its formatted form; nothing if they are the same. */
void fmt_diff(struct buf *out, const char *path, const char *before, size_t n_before,
              const char *after, size_t n_after);

#endif
