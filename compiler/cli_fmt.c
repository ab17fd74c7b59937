/* dyn fmt: sources in their standard form. */
#include "compiler/cli.h"

#include "lang/fmt.h"

#include <stdio.h>

struct formatter {
    struct cli *cli;
    struct program files; /* holds the sources, for messages */
    bool only_look;       /* --check, --diff: no file is written */
    struct buf diff;
    VEC(const char *) changed;
};

static bool is_stdin(const char *path)
{
    return strcmp(path, "-") == 0;
}

static void format_file(struct formatter *f, const char *path)
{
    struct driver *d = &f->cli->driver;
    const char *shown = is_stdin(path) ? "<stdin>" : path;
    struct bytes b;
    struct buf out = {0};
    if (!file_read(&d->arena, is_stdin(path) ? "/dev/stdin" : path, &b, &d->diags, E0901,
                   (struct span){0}))
        return;
    uint32_t file =
        sources_add(&f->files.unit.sources, shown, (const char *)b.data, b.n, &d->diags);
    if (file == 0 || !fmt_source(&out, &f->files.unit.sources, file, &d->diags))
        return;
    bool same = out.n == b.n && (b.n == 0 || memcmp(out.data, b.data, b.n) == 0);
    if (!same) {
        VEC_PUSH(&d->arena, &f->changed, shown);
        if (f->cli->value[OPT_DIFF])
            fmt_diff(&f->diff, shown, (const char *)b.data, b.n, out.data, out.n);
    }
    if (!f->only_look && is_stdin(path))
        cli_print(f->cli, &out);
    else if (!f->only_look && !same)
        file_write(path, out.data, out.n, &d->diags);
    buf_free(&out);
}

/* The diffs, or with --check the names of the files that aren't in their form. */
static void put_result(struct formatter *f)
{
    struct cli *c = f->cli;
    struct buf out = {0};
    if (c->value[OPT_JSON]) {
        struct json j;
        json_init(&j, &out, 1);
        json_object(&j);
        json_key(&j, "changed");
        json_array(&j);
        for (uint32_t i = 0; i < f->changed.n; i++)
            json_str(&j, f->changed.data[i]);
        json_end_array(&j);
        json_end_object(&j);
        buf_putc(&out, '\n');
    } else if (c->value[OPT_DIFF]) {
        buf_put(&out, f->diff.data, f->diff.n);
    } else if (c->value[OPT_CHECK]) {
        for (uint32_t i = 0; i < f->changed.n; i++)
            buf_printf(&out, "%s\n", f->changed.data[i]);
    }
    cli_print(c, &out);
    buf_free(&out);
}

int cli_fmt(struct cli *c)
{
    struct driver *d = &c->driver;
    struct formatter f = {.cli = c, .files = {.driver = d}};
    f.files.unit.sources.arena = &d->arena;
    f.only_look = c->value[OPT_CHECK] || c->value[OPT_DIFF];
    for (int i = 0; i < c->n_files; i++)
        format_file(&f, c->file[i]);
    put_result(&f);
    buf_free(&f.diff);
    cli_flush(c, &f.files);
    int status = diags_exit_status(&d->diags);
    return status == 0 && c->value[OPT_CHECK] && f.changed.n > 0 ? DIAG_INPUT : status;
}
