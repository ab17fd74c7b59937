#include "compiler/cli.h"

#include "lang/render.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef int run_fn(struct cli *c);

static run_fn *const RUN[COMMAND_N] = {
#define OPTION(id, long_name, letter, arg, help)
#define COMMAND(name, run, files, n_files, options, help) run,
#include "compiler/cli_options.def"
#undef OPTION
#undef COMMAND
};

/* ---- help ---- */

static void help_option(const struct cli_option *o)
{
    char left[64];
    int n = snprintf(left, sizeof left, "%c%c%s --%s%s%s", o->letter ? '-' : ' ',
                     o->letter ? o->letter : ' ', o->letter ? "," : " ", o->name, o->arg ? "=" : "",
                     o->arg ? o->arg : "");
    printf("  %-*s  %s\n", n > 28 ? n : 28, left, o->help);
}

static void help_command(const struct cli_command *cmd)
{
    printf("usage: dyn %s%s%s [options]\n\n%s\n\noptions:\n", cmd->name, *cmd->files ? " " : "",
           cmd->files, cmd->help);
    for (int i = 0; i < OPT_N; i++) {
        if (cli_takes(cmd, (enum cli_option_id)i)) {
            help_option(&cli_options[i]);
        }
    }
}

static void help_all(FILE *f)
{
    fprintf(f, "dyn %s: a compiler for neuromorphic chips\n\nusage: dyn COMMAND [options]\n\n",
            DYN_VERSION);
    for (int i = 0; i < COMMAND_N; i++) {
        fprintf(f, "  %-9s %-10s %s\n", cli_commands[i].name, cli_commands[i].files,
                cli_commands[i].help);
    }
    fprintf(f,
            "\n`dyn COMMAND --help` lists the options of a command, `dyn explain E0301` says more "
            "about a\nmessage with that code. Results go to stdout, everything else to stderr.\n\n"
            "exit status:\n");
    for (const struct cli_status *s = cli_statuses; s->help; s++) {
        fprintf(f, "  %2d  %s\n", s->number, s->help);
    }
    fprintf(f, "\nenvironment:\n");
    for (const struct cli_variable *v = cli_variables; v->name; v++) {
        fprintf(f, "  %-14s  %s\n", v->name, v->help);
    }
}

static int stdout_status(void)
{
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : DIAG_IO;
}

/* ---- messages ---- */

void cli_flush(struct cli *c, const struct program *p)
{
    struct diags *d = &c->driver.diags;
    struct sources none = {.arena = &c->driver.arena};
    const struct sources *s = p ? &p->unit.sources : &none;
    struct buf out = {0};
    for (uint32_t i = c->shown; i < d->list.n; i++) {
        if (c->value[OPT_JSON]) {
            render_diag_json(&out, s, d->list.data[i]);
        } else {
            render_diag(&out, s, d->list.data[i], c->color);
        }
    }
    if (d->n_errors > 200) {
        buf_printf(&out, "%u more errors aren't shown\n", d->n_errors - 200);
    }
    if (out.n) {
        fwrite(out.data, 1, out.n, stderr);
    }
    buf_free(&out);
    c->shown = d->list.n;
}

bool cli_print(struct cli *c, const struct buf *b)
{
    if (b->n && (fwrite(b->data, 1, b->n, stdout) != b->n || fflush(stdout) != 0)) {
        diag_add(&c->driver.diags, E0902, (struct span){0}, "can't write to stdout: %s",
                 strerror(errno));
        return false;
    }
    return true;
}

/* ---- options ---- */

/* "4x1" */
static void read_grid(struct cli *c, struct target_options *o)
{
    const char *s = c->value[OPT_GRID];
    int end = 0;
    if (!s) {
        return;
    }
    if (strspn(s, "0123456789x") != strlen(s) ||
        sscanf(s, "%3" SCNu32 "x%3" SCNu32 "%n", &o->columns, &o->rows, &end) != 2 || s[end] ||
        o->columns == 0 || o->rows == 0) {
        struct diag *g =
            diag_add(&c->driver.diags, E0903, (struct span){0}, "`%s` is no grid of chips", s);
        diag_hint(&c->driver.diags, g, "columns and rows: --grid 4x1");
        o->columns = o->rows = 0;
    }
}

struct build_options cli_build_options(struct cli *c)
{
    struct build_options o = {.target = c->value[OPT_TARGET],
                              .network = c->value[OPT_NETWORK],
                              .after = c->value[OPT_AFTER],
                              .semantics = c->value[OPT_SEMANTICS],
                              .dt = c->value[OPT_DT],
                              .like = c->value[OPT_LIKE],
                              .command = c->command_line.data};
    o.opt.refine = c->value[OPT_REFINE] != NULL;
    o.opt.split = c->value[OPT_SPLIT] != NULL;
    o.opt.seed = c->value[OPT_SEED] ? strtoull(c->value[OPT_SEED], NULL, 0) : 0;
    o.opt.effort = c->value[OPT_EFFORT] ? strtod(c->value[OPT_EFFORT], NULL) : 0;
    o.opt.calibrate = c->value[OPT_CALIBRATE] != NULL;
    o.stimulus = c->value[OPT_CALIBRATE];
    read_grid(c, &o.opt);
    return o;
}

struct build_options cli_told_options(struct cli *c)
{
    struct build_options o = cli_build_options(c);
    o.stimulus = o.stimulus ? o.stimulus : c->value[OPT_STIMULUS];
    return o;
}

bool cli_number(struct cli *c, enum cli_option_id id, uint64_t least, uint64_t *out)
{
    const char *s = c->value[id];
    if (!s) {
        return true;
    }
    char *end;
    errno = 0;
    unsigned long long x = strtoull(s, &end, 10);
    if (*s < '0' || *s > '9' || *end || errno || x < least || x > UINT32_MAX) {
        diag_add(&c->driver.diags, E0903, (struct span){0},
                 "--%s takes a whole number of at least %llu, not `%s`", cli_options[id].name,
                 (unsigned long long)least, s);
        return false;
    }
    *out = x;
    return true;
}

void cli_data(struct cli *c, const char *s, const char **file, const char **member)
{
    const char *colon = strrchr(s, ':');
    bool has = colon && colon > s + 4 && memcmp(colon - 4, ".npz", 4) == 0;
    *file = has ? arena_strndup(&c->driver.arena, s, (size_t)(colon - s)) : s;
    *member = has ? colon + 1 : NULL;
}

bool cli_inputs(struct cli *c, struct input_override **out, uint32_t *n)
{
    struct arena *a = &c->driver.arena;
    *out = ARENA_ARRAY(a, struct input_override, c->inputs.n + 1);
    *n = c->inputs.n;
    for (uint32_t i = 0; i < c->inputs.n; i++) {
        const char *s = c->inputs.data[i], *eq = strchr(s, '=');
        if (!eq || eq == s || !eq[1]) {
            struct diag *g = diag_add(&c->driver.diags, E0903, (struct span){0},
                                      "--input takes INPUT=FILE, not `%s`", s);
            diag_hint(&c->driver.diags, g, "for example --input noise=patterns.npz:test");
            return false;
        }
        (*out)[i].input = arena_strndup(a, s, (size_t)(eq - s));
        cli_data(c, eq + 1, &(*out)[i].file, &(*out)[i].member);
    }
    return true;
}

static bool usage(struct cli *c, const char *hint, const char *fmt, const char *what)
{
    struct diag *g = diag_add(&c->driver.diags, E0903, (struct span){0}, fmt, what);
    if (hint) {
        diag_hint(&c->driver.diags, g, "%s", hint);
    }
    return false;
}

static bool unknown_warning(struct cli *c, const char *name)
{
    const char *names[DIAG_N_CODES];
    size_t n = 0;
    for (int i = 0; i < DIAG_N_CODES; i++) {
        if (diag_code_name((enum diag_code)i)) {
            names[n++] = diag_code_name((enum diag_code)i);
        }
    }
    const char *near = nearest_name(name, names, n);
    return usage(c,
                 near ? arena_printf(&c->driver.arena, "did you mean `%s`?", near)
                      : "`dyn check --list` shows all",
                 "there is no warning `%s`", name);
}

/* What one option means to the command line itself. */
static bool note_option(struct cli *c, enum cli_option_id id, const char *arg)
{
    struct diags *d = &c->driver.diags;
    c->value[id] = arg ? arg : "";
    if (id == OPT_INPUT) {
        VEC_PUSH(&c->driver.arena, &c->inputs, arg);
    } else if (id == OPT_STDLIB) {
        c->driver.stdlib = arg;
    } else if (id == OPT_COLOR) {
        if (strcmp(arg, "always") != 0 && strcmp(arg, "never") != 0 && strcmp(arg, "auto") != 0) {
            return usage(c, "--color is auto, always or never", "there is no color mode `%s`", arg);
        }
        c->color = strcmp(arg, "always") == 0 || (strcmp(arg, "auto") == 0 && c->color);
    } else if (id == OPT_WARN || id == OPT_ERROR) {
        bool no = id == OPT_WARN && strncmp(arg, "no-", 3) == 0;
        enum diag_level level = id == OPT_ERROR ? DIAG_AS_ERROR : no ? DIAG_OFF : DIAG_ON;
        if (!diags_set_level(d, no ? arg + 3 : arg, level)) {
            return unknown_warning(c, no ? arg + 3 : arg);
        }
    }
    return true;
}

static bool unknown_option(struct cli *c, const struct cli_command *cmd, const char *arg)
{
    const char *names[OPT_N];
    size_t n = 0;
    for (int i = 0; i < OPT_N; i++) {
        if (cli_takes(cmd, (enum cli_option_id)i)) {
            names[n++] = cli_options[i].name;
        }
    }
    const char *near = nearest_name(arg + strspn(arg, "-"), names, n);
    return usage(
        c,
        near ? arena_printf(&c->driver.arena, "did you mean --%s?", near)
             : arena_printf(&c->driver.arena, "`dyn %s --help` lists its options", cmd->name),
        "there is no option `%s` here", arg);
}

/* Files and options may come in any order (getopt_long permutes). */
static bool parse(struct cli *c, const struct cli_command *cmd, int argc, char **argv)
{
    struct option longs[OPT_N + 1] = {0};
    char letters[3 * OPT_N + 2] = ":";
    int n = 0;
    for (int i = 0; i < OPT_N; i++) {
        if (!cli_takes(cmd, (enum cli_option_id)i)) {
            continue;
        }
        const struct cli_option *o = &cli_options[i];
        longs[n++] =
            (struct option){o->name, o->arg ? required_argument : no_argument, NULL, 1000 + i};
        if (o->letter) {
            size_t at = strlen(letters);
            letters[at] = o->letter;
            letters[at + 1] = o->arg ? ':' : 0;
        }
    }
    opterr = 0;
    for (int k; (k = getopt_long(argc, argv, letters, longs, NULL)) != -1;) {
        if (k == ':') {
            return usage(c, NULL, "option `%s` needs a value", argv[optind - 1]);
        }
        if (k == '?') {
            return unknown_option(c, cmd, argv[optind - 1]);
        }
        for (int i = 0; k < 1000; i++) {
            if (cli_options[i].letter == k) {
                k = 1000 + i;
            }
        }
        enum cli_option_id id = (enum cli_option_id)(k - 1000);
        if (!note_option(c, id, optarg)) {
            return false;
        }
        if (cli_own(cmd, id) && id != OPT_OUTPUT) {
            buf_printf(&c->command_line, "%s--%s%s%s", c->command_line.n ? " " : "",
                       cli_options[id].name, optarg ? "=" : "", optarg ? optarg : "");
        }
    }
    int n_files = argc - optind;
    int wanted = c->value[OPT_LIST] ? 0 : cmd->n_files; /* a list is of nothing in particular */
    bool as_wanted = wanted < 0 ? n_files > 0 : n_files == wanted;
    if (!c->value[OPT_HELP] && !as_wanted) {
        return usage(
            c, arena_printf(&c->driver.arena, "usage: dyn %s %s [options]", cmd->name, cmd->files),
            n_files < wanted || n_files == 0 ? "a file is missing after `dyn %s`"
                                             : "too many files after `dyn %s`",
            cmd->name);
    }
    c->file = argv + optind;
    c->n_files = n_files;
    return true;
}

static int run_command(struct cli *c, int argc, char **argv)
{
    const char *names[COMMAND_N];
    for (int i = 0; i < COMMAND_N; i++) {
        names[i] = cli_commands[i].name;
        if (strcmp(argv[1], cli_commands[i].name) != 0) {
            continue;
        }
        c->command = cli_commands[i].name;
        if (!parse(c, &cli_commands[i], argc - 1, argv + 1)) {
            return DIAG_USAGE;
        }
        if (c->value[OPT_HELP]) {
            help_command(&cli_commands[i]);
            return stdout_status();
        }
        return RUN[i](c);
    }
    const char *near = nearest_name(argv[1], names, COMMAND_N);
    usage(c,
          near ? arena_printf(&c->driver.arena, "did you mean `dyn %s`?", near)
               : "`dyn --help` lists the commands",
          "there is no command `%s`", argv[1]);
    return DIAG_USAGE;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        help_all(stderr);
        return DIAG_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        help_all(stdout);
        return stdout_status();
    }
    if (strcmp(argv[1], "--version") == 0) {
        argv[1] = "version";
    }
    struct cli c = {.color = isatty(STDERR_FILENO) && !getenv("NO_COLOR")};
    driver_init(&c.driver);
    int status = run_command(&c, argc, argv);
    cli_flush(&c, NULL);
    driver_free(&c.driver);
    buf_free(&c.command_line);
    return status;
}
