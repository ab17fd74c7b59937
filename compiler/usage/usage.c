/* usage bash|zsh|fish|man: writes that to stdout. */
#include "compiler/usage/usage.h"

#include "runtime/base/diag.h"

#include <string.h>

enum usage_kind usage_of_option(enum cli_option_id id)
{
    const char *arg = cli_options[id].arg;
    if (id == OPT_WARN || id == OPT_ERROR) {
        return USAGE_WARNINGS;
    }
    if (cli_values(id)) {
        return USAGE_WORDS;
    }
    if (!arg) {
        return USAGE_FREE;
    }
    if (strcmp(arg, "INPUT=DATA") == 0) {
        return USAGE_INPUT;
    }
    bool file = strncmp(arg, "FILE", 4) == 0 || strcmp(arg, "DATA") == 0 || strcmp(arg, "DIR") == 0;
    return file ? USAGE_FILE : USAGE_FREE;
}

enum usage_kind usage_of_files(const struct cli_command *cmd)
{
    return strcmp(cmd->files, "CODE") == 0 ? USAGE_CODES
           : cmd->n_files == 0             ? USAGE_FREE
                                           : USAGE_FILE;
}

size_t usage_first_word(const struct cli_command *cmd)
{
    return strspn(cmd->files, "abcdefghijklmnopqrstuvwxyz");
}

void usage_words(FILE *f, enum usage_kind kind, enum cli_option_id id)
{
    if (kind == USAGE_WORDS) {
        fputs(cli_values(id), f);
    }
    const char *space = "";
    for (int i = 0; i < DIAG_N_CODES && (kind == USAGE_WARNINGS || kind == USAGE_CODES); i++) {
        const char *name = diag_code_name((enum diag_code)i);
        if (kind == USAGE_CODES) {
            fprintf(f, "%s%s", space, diag_code_text((enum diag_code)i));
            space = " ";
        }
        if (name) {
            fprintf(f, "%s%s", space, name);
            space = " ";
        }
        if (name && kind == USAGE_WARNINGS && id == OPT_WARN) {
            fprintf(f, " no-%s", name);
        }
    }
}

void usage_escaped(FILE *f, const char *s, const char *special, const char *escape)
{
    for (; *s; s++) {
        if (strchr(special, *s)) {
            fputs(escape, f);
        }
        fputc(*s, f);
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*write)(FILE *f);
    } KINDS[] = {
        {"bash", usage_bash}, {"zsh", usage_zsh}, {"fish", usage_fish}, {"man", usage_man}};
    for (size_t i = 0; argc == 2 && i < sizeof KINDS / sizeof KINDS[0]; i++) {
        if (strcmp(argv[1], KINDS[i].name) == 0) {
            KINDS[i].write(stdout);
            return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
        }
    }
    fputs("usage: usage bash|zsh|fish|man\n", stderr);
    return 2;
}
