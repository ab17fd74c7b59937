/* dyn fit: whether a network fits a chip, and how it fills the board. */
#include "compiler/cli.h"
#include "compiler/fit.h"

#include <stdlib.h>
#include <unistd.h>

/* --color and the environment decide for messages; a table goes to stdout. */
static bool colors_stdout(const struct cli *c)
{
    const char *when = c->value[OPT_COLOR];
    if (when && strcmp(when, "auto") != 0)
        return c->color;
    return isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
}

static void show(struct cli *c, const struct target_compiler *t, const struct net *n)
{
    struct driver *d = &c->driver;
    struct target_fit_row *row;
    struct target_occupancy board;
    struct fit_view v = {.network = n->name, .target = t->name};
    struct buf out = {0};
    v.n_rows = t->fit(n, &d->arena, &row);
    v.row = row;
    if (t->occupancy) {
        t->occupancy(n, &d->arena, &board);
        v.board = &board;
    }
    if (c->value[OPT_JSON])
        fit_json(&out, &v);
    else
        fit_text(&out, &v, colors_stdout(c), c->value[OPT_VERBOSE] != NULL);
    cli_print(c, &out);
    buf_clear(&out);
    if (c->value[OPT_SVG] && v.board) {
        fit_svg(&out, &v);
        file_write(c->value[OPT_SVG], out.data, out.n, &d->diags);
    }
    buf_free(&out);
}

static const struct target_compiler *find_target(struct cli *c, const struct program *p,
                                                 struct build_options *o)
{
    struct diags *d = &c->driver.diags;
    o->target = p->is_image ? p->image.target : o->target ? o->target : "sim";
    const struct target_compiler *t = target_compiler_find(o->target);
    if (!t || (t->fit && (t->occupancy || !c->value[OPT_SVG])))
        return t;
    struct diag *g = diag_add(d, E0903, (struct span){0}, "target `%s` has no %s", t->name,
                              t->fit ? "board to draw" : "limits");
    if (!t->fit)
        diag_hint(d, g, "name a chip with -t, for example -t dynapse2");
    return t;
}

int cli_fit(struct cli *c)
{
    struct driver *d = &c->driver;
    struct build_options o = cli_told_options(c);
    struct target_report report = {0};
    struct program p = {0};
    struct net *n = NULL;
    if (driver_open(d, c->file[0], &p)) {
        const struct target_compiler *t = find_target(c, &p, &o);
        if (d->diags.n_errors == 0)
            driver_passes(&p, &o, &report, &n);
        if (n) /* also one that doesn't fit: there the table matters most */
            show(c, t, n);
    }
    cli_report(c, &report);
    cli_flush(c, &p);
    return diags_exit_status(&d->diags);
}
