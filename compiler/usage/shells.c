/* Completions: the commands, a command's options, and what an option or a file's place takes. */
#include "compiler/usage/usage.h"

#include <string.h>

/* ---- bash ---- */

/* "--target|-t" */
static void bash_names(FILE *f, enum cli_option_id id)
{
    fprintf(f, "--%s", cli_options[id].name);
    if (cli_options[id].letter) {
        fprintf(f, "|-%c", cli_options[id].letter);
    }
}

static void bash_values(FILE *f)
{
    fputs("    case $prev in\n", f);
    for (int i = 0; i < OPT_N; i++) {
        enum cli_option_id id = (enum cli_option_id)i;
        if (cli_options[i].arg) {
            fputs("        ", f);
            bash_names(f, id);
            fputs(") values='", f);
            usage_words(f, usage_of_option(id), id);
            fputs("' ;;\n", f);
        }
    }
    fputs("        *) return 1 ;;\n    esac\n", f);
}

static void bash_command(FILE *f, const struct cli_command *cmd)
{
    fprintf(f, "        %s)\n            options='", cmd->name);
    for (int i = 0; i < OPT_N; i++) {
        if (cli_takes(cmd, (enum cli_option_id)i)) {
            fprintf(f, " --%s", cli_options[i].name);
        }
    }
    fputs("'\n", f);
    size_t first = usage_first_word(cmd);
    if (first) {
        fprintf(f, "            ((COMP_CWORD == 2)) && files='%.*s'\n", (int)first, cmd->files);
    } else if (usage_of_files(cmd) == USAGE_CODES) {
        fputs("            files='", f);
        usage_words(f, USAGE_CODES, OPT_N);
        fputs("'\n", f);
    }
    fputs("            ;;\n", f);
}

void usage_bash(FILE *f)
{
    fputs("# Completion of dyn for bash. Where it has no word to offer, bash offers files.\n\n"
          "# What the option before the cursor takes, in `values`; false: it takes nothing.\n"
          "_dyn_values() {\n",
          f);
    bash_values(f);
    fputs("}\n\n"
          "_dyn() {\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
          "    local values='' options='' files=''\n"
          "    # `--target=sim` comes as three words.\n"
          "    if [[ $cur == '=' ]]; then cur=''\n"
          "    elif [[ $prev == '=' ]]; then prev=${COMP_WORDS[COMP_CWORD - 2]}; fi\n"
          "    COMPREPLY=()\n"
          "    if ((COMP_CWORD == 1)); then\n"
          "        COMPREPLY=($(compgen -W '",
          f);
    for (int i = 0; i < COMMAND_N; i++) {
        fprintf(f, "%s ", cli_commands[i].name);
    }
    fputs("--help --version' -- \"$cur\"))\n"
          "        return\n"
          "    fi\n"
          "    if _dyn_values; then\n"
          "        COMPREPLY=($(compgen -W \"$values\" -- \"$cur\"))\n"
          "        return\n"
          "    fi\n"
          "    case ${COMP_WORDS[1]} in\n",
          f);
    for (int i = 0; i < COMMAND_N; i++) {
        bash_command(f, &cli_commands[i]);
    }
    fputs("    esac\n"
          "    if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
          "    else COMPREPLY=($(compgen -W \"$files\" -- \"$cur\")); fi\n"
          "}\n\n"
          "complete -o bashdefault -o default -F _dyn dyn\n",
          f);
}

/* ---- zsh ---- */

/* Inside of '...': a quote ends it, is escaped, and begins it anew. */
static void zsh_quoted(FILE *f, const char *s, const char *special)
{
    for (; *s; s++) {
        if (*s == '\'') {
            fputs("'\\''", f);
            continue;
        }
        if (strchr(special, *s)) {
            fputc('\\', f);
        }
        fputc(*s, f);
    }
}

static void zsh_action(FILE *f, enum usage_kind kind, enum cli_option_id id)
{
    if (kind == USAGE_FILE) {
        fputs("_files", f);
    } else if (kind == USAGE_INPUT) {
        fputs("{ compset -P \"*=\"; _files }", f);
    } else if (kind != USAGE_FREE) {
        fputc('(', f);
        usage_words(f, kind, id);
        fputc(')', f);
    } else {
        fputc(' ', f);
    }
}

static void zsh_option(FILE *f, enum cli_option_id id)
{
    const struct cli_option *o = &cli_options[id];
    bool repeats = usage_of_option(id) == USAGE_INPUT || usage_of_option(id) == USAGE_WARNINGS;
    fputs("            ", f);
    if (repeats) {
        fputs("'*'", f);
    } else if (o->letter) {
        fprintf(f, "'(-%c --%s)'", o->letter, o->name);
    }
    if (o->letter) {
        fprintf(f, o->arg ? "{-%c+,--%s=}" : "{-%c,--%s}", o->letter, o->name);
    } else {
        fprintf(f, o->arg ? "--%s=" : "--%s", o->name);
    }
    fputs("'[", f);
    zsh_quoted(f, o->help, "[]\\");
    fputc(']', f);
    if (o->arg) {
        fprintf(f, ":%s:", o->arg);
        zsh_action(f, usage_of_option(id), id);
    }
    fputs("' \\\n", f);
}

void usage_zsh(FILE *f)
{
    fputs("#compdef dyn\n# Completion of dyn for zsh.\n\n_dyn() {\n    local -a commands\n    "
          "commands=(\n",
          f);
    for (int i = 0; i < COMMAND_N; i++) {
        fprintf(f, "        '%s:", cli_commands[i].name);
        zsh_quoted(f, cli_commands[i].help, "\\");
        fputs("'\n", f);
    }
    fputs("    )\n"
          "    if ((CURRENT == 2)); then\n"
          "        _describe command commands\n"
          "        return\n"
          "    fi\n"
          "    shift words\n"
          "    ((CURRENT--))\n"
          "    case $words[1] in\n",
          f);
    for (int k = 0; k < COMMAND_N; k++) {
        const struct cli_command *cmd = &cli_commands[k];
        fprintf(f, "    %s)\n        _arguments -s -S \\\n", cmd->name);
        for (int i = 0; i < OPT_N; i++) {
            if (cli_takes(cmd, (enum cli_option_id)i)) {
                zsh_option(f, (enum cli_option_id)i);
            }
        }
        size_t first = usage_first_word(cmd);
        if (first) {
            fprintf(f, "            '1:what:(%.*s)' \\\n", (int)first, cmd->files);
        }
        fputs("            '*:", f);
        fputs(cmd->n_files ? cmd->files + first : "nothing", f);
        fputc(':', f);
        zsh_action(f, usage_of_files(cmd), OPT_N);
        fputs("'\n        ;;\n", f);
    }
    fputs("    esac\n}\n\n_dyn \"$@\"\n", f);
}

/* ---- fish ---- */

static void fish_quoted(FILE *f, const char *s)
{
    fputc('\'', f);
    usage_escaped(f, s, "'\\", "\\");
    fputc('\'', f);
}

static void fish_option(FILE *f, enum cli_option_id id)
{
    const struct cli_option *o = &cli_options[id];
    enum usage_kind kind = usage_of_option(id);
    fputs("complete -c dyn -n '__fish_seen_subcommand_from", f);
    for (int k = 0; k < COMMAND_N; k++) {
        if (cli_takes(&cli_commands[k], id)) {
            fprintf(f, " %s", cli_commands[k].name);
        }
    }
    fprintf(f, "' -l %s", o->name);
    if (o->letter) {
        fprintf(f, " -s %c", o->letter);
    }
    if (o->arg) {
        fputs(kind == USAGE_FILE || kind == USAGE_INPUT ? " -r" : " -x", f);
        fputs(" -a '", f);
        usage_words(f, kind, id);
        fputc('\'', f);
    }
    fputs(" -d ", f);
    fish_quoted(f, o->help);
    fputc('\n', f);
}

void usage_fish(FILE *f)
{
    fputs("# Completion of dyn for fish.\n", f);
    for (int k = 0; k < COMMAND_N; k++) {
        const struct cli_command *cmd = &cli_commands[k];
        size_t first = usage_first_word(cmd);
        fprintf(f, "complete -c dyn -n __fish_use_subcommand -f -a %s -d ", cmd->name);
        fish_quoted(f, cmd->help);
        fputc('\n', f);
        if (first) {
            fprintf(f, "complete -c dyn -n '__fish_seen_subcommand_from %s' -a %.*s\n", cmd->name,
                    (int)first, cmd->files);
        } else if (usage_of_files(cmd) == USAGE_CODES) {
            fprintf(f, "complete -c dyn -n '__fish_seen_subcommand_from %s' -f -a '", cmd->name);
            usage_words(f, USAGE_CODES, OPT_N);
            fputs("'\n", f);
        }
    }
    for (int i = 0; i < OPT_N; i++) {
        fish_option(f, (enum cli_option_id)i);
    }
}
