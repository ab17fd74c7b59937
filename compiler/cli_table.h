/* What the command line takes: the table cli_options.def as data. `dyn` parses and helps by it;
 * compiler/usage/ writes completions for shells and the manual page from it. */
#ifndef COMPILER_CLI_TABLE_H
#define COMPILER_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

enum cli_option_id {
#define OPTION(id, long_name, letter, arg, help) OPT_##id,
#define COMMAND(name, run, files, n_files, options, help)
#include "compiler/cli_options.def"
#undef OPTION
#undef COMMAND
    OPT_N
};

enum cli_command_id {
#define OPTION(id, long_name, letter, arg, help)
#define COMMAND(name, run, files, n_files, options, help) COMMAND_##name,
#include "compiler/cli_options.def"
#undef OPTION
#undef COMMAND
    COMMAND_N
};

struct cli_option {
    const char *id, *name;
    char letter;            /* 0: none */
    const char *arg, *help; /* the argument's name; NULL: takes none */
};

struct cli_command {
    const char *name, *files;
    int n_files;                /* -1: any number, but one at least */
    const char *options, *help; /* the ids of its own options, separated by spaces */
};

struct cli_status {
    int number;
    const char *help;
};

struct cli_variable {
    const char *name, *help;
};

extern const struct cli_option cli_options[OPT_N];
extern const struct cli_command cli_commands[COMMAND_N];
extern const struct cli_status cli_statuses[];    /* the last one has no help */
extern const struct cli_variable cli_variables[]; /* the last one has no name */

/* The words that an option takes, separated by spaces; NULL: no fixed ones. */
const char *cli_values(enum cli_option_id id);
/* Whether the option is one of the command's own. */
bool cli_own(const struct cli_command *cmd, enum cli_option_id id);
/* Whether every command takes it. */
bool cli_common(enum cli_option_id id);
/* Either of the two. */
bool cli_takes(const struct cli_command *cmd, enum cli_option_id id);

#endif
