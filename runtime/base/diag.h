/* Diagnostics: what is wrong with the user's input, where, and what would help.
 *
 * Every part of the project reports through one `struct diags`, which only collects; printing (with
 * source lines and carets, or as JSON) is lang/render.c. Codes, names and exit classes are the
 * table diag_codes.def. A diagnostic without a place has span.file == 0. */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

#include "arena.h"
#include "hash.h"
#include "vec.h"
#include <stdbool.h>

/* Bytes [begin, end) of source file `file` (index from 1 in the source table, 0: no place). */
struct span {
    uint32_t file, begin, end;
};

/* What the exit status of the command becomes when this is the first error. */
enum diag_class { DIAG_INPUT = 1, DIAG_USAGE = 2, DIAG_FIT = 3, DIAG_IO = 5, DIAG_BUG = 70 };

enum diag_code {
#define DIAG_E(code, cls, text)  code,
#define DIAG_W(code, name, text) code,
#include "diag_codes.def"
#undef DIAG_E
#undef DIAG_W
    DIAG_N_CODES
};

enum diag_severity { DIAG_ERROR, DIAG_WARNING };

struct diag_label {
    struct span span;
    const char *text;
};

struct diag {
    enum diag_code code;
    enum diag_severity severity;
    struct span span;
    const char *message;
    const char *hint; /* NULL or one line */
    const char
        *edit; /* what would stand at edit_at if the hint were followed; NULL: none is known */
    struct span edit_at;
    VEC(struct diag_label) labels;
};

enum diag_level { DIAG_DEFAULT, DIAG_OFF, DIAG_ON, DIAG_AS_ERROR };

struct diags {
    struct arena arena;
    VEC(struct diag *) list; /* in order of arrival */
    uint32_t n_errors, n_warnings;
    uint8_t level[DIAG_N_CODES]; /* enum diag_level, from -W and -E */
    struct map64 seen;           /* hash of (code, span, message) -> index in `list` */
    struct diag unlisted;        /* stands for all that aren't listed */
};

/* A zeroed struct diags is valid. */
void diags_free(struct diags *d);

enum { DIAG_MAX_ERRORS = 200 };

/* Adds a diagnostic; errors and warnings alike (the code says which, `level` may change it). Never
 * NULL: for one that is switched off the result is a stand-in that labels and hints don't reach.
 * After DIAG_MAX_ERRORS further errors are only counted. An identical (code, span, message) is
 * listed and counted once; the result is the first one. */
struct diag *diag_add(struct diags *d, enum diag_code code, struct span at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* A further place that matters ("declared here"). */
void diag_label(struct diags *d, struct diag *g, struct span at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* One sentence on what would help. The last one given stands. */
void diag_hint(struct diags *d, struct diag *g, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The change of the source that would mend it: the text that is to stand in place of `at`, which is
 * empty where something is put in. The last one given stands. */
void diag_edit(struct diags *d, struct diag *g, struct span at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

const char *diag_code_text(enum diag_code c);  /* "E0412" or "W0612" */
const char *diag_code_title(enum diag_code c); /* the table's text */
const char *diag_code_name(enum diag_code c);  /* a warning's name for -W, NULL for errors */
bool diag_code_is_warning(enum diag_code c);
/* -W name, -W no-name, -E name; the code stands for the name. False if there is no such warning. */
bool diags_set_level(struct diags *d, const char *name, enum diag_level level);
/* 0 without errors, else the class of the first error; DIAG_INPUT for a warning made an error. */
int diags_exit_status(const struct diags *d);

#endif
