/* The command line: one table of commands and options (cli_options.def), from which parsing, --help
 * and the checks of interfaces.md come. A command is a function over the parsed options; it prints
 * results on stdout, everything else on stderr, and returns the exit status. */
#ifndef COMPILER_CLI_H
#define COMPILER_CLI_H

#include "compiler/cli_table.h"
#include "compiler/driver.h"

struct cli {
    const char *command;
    char **file; /* the files of the command line */
    int n_files;
    const char
        *value[OPT_N]; /* of options with an argument; "" for those without; NULL: not given */
    VEC(const char *) inputs; /* every --input */
    bool color;               /* messages, decided from --color and the terminal */
    struct driver driver;
    uint32_t shown;          /* messages already printed */
    struct buf command_line; /* options as given, for the provenance */
};

/* Prints the diagnostics collected since the last call on stderr. */
void cli_flush(struct cli *c, const struct program *p);
/* The build options that every compiling command shares. */
struct build_options cli_build_options(struct cli *c);
/* The same where --stimulus names one for the passes. */
struct build_options cli_told_options(struct cli *c);
/* A whole number of at least `least` for an option; false: reported. `*out` keeps its value if the
 * option isn't given. */
bool cli_number(struct cli *c, enum cli_option_id id, uint64_t least, uint64_t *out);
/* DATA: a file, or FILE.npz:MEMBER (else the member is NULL). */
void cli_data(struct cli *c, const char *s, const char **file, const char **member);
/* Splits the --input options; false: reported. */
bool cli_inputs(struct cli *c, struct input_override **out, uint32_t *n);
/* On stderr: what the passes found out (-v), what options have brought (not with -q). Frees it. */
void cli_report(struct cli *c, struct target_report *r);
/* --flash: what a chip boots from, of an image of it; false: reported. */
bool cli_write_flash(struct cli *c, const struct image *im);
/* Writes a buffer to stdout; false: reported. */
bool cli_print(struct cli *c, const struct buf *b);

int cli_check(struct cli *c);
int cli_fmt(struct cli *c);
int cli_lsp(struct cli *c);
int cli_build(struct cli *c);
int cli_run(struct cli *c);
int cli_diff(struct cli *c);
int cli_dump(struct cli *c);
int cli_print_network(struct cli *c);
int cli_fit(struct cli *c);
int cli_export(struct cli *c);
int cli_plot(struct cli *c);
int cli_profile(struct cli *c);
int cli_new(struct cli *c);
int cli_explain(struct cli *c);
int cli_version(struct cli *c);

#endif
