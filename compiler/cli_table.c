#include "compiler/cli_table.h"

#include <string.h>

#ifdef DYN_NO_LLVM
#define CLI_BACKENDS "interp (this build has no jit)"
#else
#define CLI_BACKENDS "jit (default) or interp"
#endif

const struct cli_option cli_options[OPT_N] = {
#define OPTION(id, long_name, letter, arg, help) {#id, long_name, letter, arg, help},
#define COMMAND(name, run, files, n_files, options, help)
#include "compiler/cli_options.def"
#undef OPTION
#undef COMMAND
};

const struct cli_command cli_commands[COMMAND_N] = {
#define OPTION(id, long_name, letter, arg, help)
#define COMMAND(name, run, files, n_files, options, help) {#name, files, n_files, options, help},
#include "compiler/cli_options.def"
#undef OPTION
#undef COMMAND
};

#define OPTION(id, long_name, letter, arg, help)
#define COMMAND(name, run, files, n_files, options, help)

static const char *const values[OPT_N] = {
#define VALUES(id, words) [OPT_##id] = (words),
#include "compiler/cli_options.def"
};

const struct cli_status cli_statuses[] = {
#define STATUS(number, help) {number, help},
#include "compiler/cli_options.def"
    {0, NULL},
};

const struct cli_variable cli_variables[] = {
#define VARIABLE(name, help) {#name, help},
#include "compiler/cli_options.def"
    {NULL, NULL},
};

const char *cli_values(enum cli_option_id id)
{
    return values[id];
}

/* True if the word `id` is in the list of words. */
static bool has_word(const char *list, const char *id)
{
    size_t n = strlen(id);
    for (const char *w = list; *w;) {
        size_t len = strcspn(w, " ");
        if (len == n && memcmp(w, id, n) == 0) {
            return true;
        }
        w += len + strspn(w + len, " ");
    }
    return false;
}

bool cli_own(const struct cli_command *cmd, enum cli_option_id id)
{
    return has_word(cmd->options, cli_options[id].id);
}

bool cli_common(enum cli_option_id id)
{
    return has_word("JSON QUIET VERBOSE COLOR STDLIB WARN ERROR HELP", cli_options[id].id);
}

bool cli_takes(const struct cli_command *cmd, enum cli_option_id id)
{
    return cli_common(id) || cli_own(cmd, id);
}
