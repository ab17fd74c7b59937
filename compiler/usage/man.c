/* dyn.1, in the macros of man(7). */
#include "compiler/usage/usage.h"

/* Text for roff, as it is: no character of it means anything to roff. */
static void text(FILE *f, const char *s)
{
    for (const char *at = s; *at; at++) {
        switch (*at) {
        case '\\':
            fputs("\\e", f);
            break;
        case '-':
            fputs("\\-", f);
            break;
        case '`':
            fputs("\\(ga", f);
            break;
        case '~':
            fputs("\\(ti", f);
            break;
        case '^':
            fputs("\\(ha", f);
            break;
        case '.':
        case '\'':
            fputs(at == s ? "\\&" : "", f);
            fputc(*at, f);
            break;
        default:
            fputc(*at, f);
        }
    }
}

static void font(FILE *f, char which, const char *s)
{
    fprintf(f, "\\f%c", which);
    text(f, s);
    fputs("\\fR", f);
}

/* `-t`, `--target`=TARGET */
static void option_names(FILE *f, const struct cli_option *o)
{
    if (o->letter) {
        fprintf(f, "\\fB\\-%c\\fR, ", o->letter);
    }
    fputs("\\fB\\-\\-", f);
    text(f, o->name);
    fputs("\\fR", f);
    if (o->arg) {
        fputc('=', f);
        font(f, 'I', o->arg);
    }
}

static void commands(FILE *f)
{
    fputs(".SH COMMANDS\n", f);
    for (int k = 0; k < COMMAND_N; k++) {
        const struct cli_command *cmd = &cli_commands[k];
        fputs(".TP\n\\fBdyn ", f);
        text(f, cmd->name);
        fputs("\\fR", f);
        if (*cmd->files) {
            fputc(' ', f);
            font(f, 'I', cmd->files);
        }
        fputc('\n', f);
        text(f, cmd->help);
        fputs(".\n", f);
        const char *before = "Options of its own: ";
        for (int i = 0; i < OPT_N; i++) {
            if (cli_own(cmd, (enum cli_option_id)i)) {
                fprintf(f, "%s\\fB\\-\\-", before);
                text(f, cli_options[i].name);
                fputs("\\fR", f);
                before = ",\n";
            }
        }
        fputs(*cmd->options ? ".\n" : "", f);
    }
}

static void options(FILE *f, bool common)
{
    for (int i = 0; i < OPT_N; i++) {
        enum cli_option_id id = (enum cli_option_id)i;
        if (cli_common(id) != common) {
            continue;
        }
        fputs(".TP\n", f);
        option_names(f, &cli_options[i]);
        fputc('\n', f);
        text(f, cli_options[i].help);
        fputs(".\n", f);
        const char *before = "Of ";
        for (int k = 0; k < COMMAND_N && !common; k++) {
            if (cli_own(&cli_commands[k], id)) {
                fputs(before, f);
                font(f, 'B', cli_commands[k].name);
                before = ", ";
            }
        }
        fputs(common ? "" : ".\n", f);
    }
}

void usage_man(FILE *f)
{
    fputs(
        ".TH DYN 1 \"\" \"dyn " DYN_VERSION "\" \"User Commands\"\n.nh\n.ad l\n"
        ".SH NAME\ndyn \\- compiler for neuromorphic chips\n"
        ".SH SYNOPSIS\n.B dyn\n.I COMMAND\n.RI [ options ]\n.RI [ files ]\n"
        ".SH DESCRIPTION\n"
        "Networks of spiking neurons, written in a small language (files \\fI.dyn\\fR), are\n"
        "simulated, mapped and quantized for a chip, and written as images (\\fI.dynb\\fR), which\n"
        "run on a virtual chip or are exported for a real one.\n"
        "Files and options may come in any order.\n"
        "Results go to standard output, everything else to standard error.\n",
        f);
    commands(f);
    fputs(".SH OPTIONS\nEvery command takes:\n", f);
    options(f, true);
    fputs(".PP\nThe others are each of some commands:\n", f);
    options(f, false);
    fputs(".SH \"EXIT STATUS\"\n", f);
    for (const struct cli_status *s = cli_statuses; s->help; s++) {
        fprintf(f, ".TP\n.B %d\n", s->number);
        text(f, s->help);
        fputs(".\n", f);
    }
    fputs(".SH ENVIRONMENT\n", f);
    for (const struct cli_variable *v = cli_variables; v->name; v++) {
        fprintf(f, ".TP\n.B %s\n", v->name);
        text(f, v->help);
        fputs(".\n", f);
    }
    fputs(".SH EXAMPLES\n"
          ".EX\n"
          "dyn new pair\n"
          "dyn check pair/start.dyn\n"
          "dyn run pair/start.dyn \\-\\-stimulus noise \\-o out.npz\n"
          "dyn build pair/start.dyn \\-t dynapse2 \\-o pair.dynb\n"
          "dyn diff pair/start.dyn pair.dynb \\-\\-stimulus noise\n"
          ".EE\n"
          ".SH \"SEE ALSO\"\n"
          "\\fBdyn\\fR \\fICOMMAND\\fR \\fB\\-\\-help\\fR;\n"
          "the language, \\fIREFERENCE.md\\fR, in the folder of the package's documentation.\n",
          f);
}
