/* dyn new: a folder with a first network, which is examples/start/. */
#include "compiler/cli.h"
#include "compiler/embedded.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

int cli_new(struct cli *c)
{
    struct diags *d = &c->driver.diags;
    const char *name = c->file[0];
    if (mkdir(name, 0777) < 0) {
        struct diag *g = diag_add(d, E0902, (struct span){0}, "can't make the folder %s: %s", name,
                                  strerror(errno));
        if (errno == EEXIST) {
            diag_hint(d, g, "nothing is written over: give another name");
        }
        return diags_exit_status(d);
    }
    for (const struct embedded_text *t = start_files; t->name; t++) {
        if (!file_write(arena_printf(&c->driver.arena, "%s/%s", name, t->name), t->text, t->n, d)) {
            return diags_exit_status(d);
        }
    }
    if (!c->value[OPT_QUIET]) {
        fprintf(stderr, "%s: a first network; its README.md says what can be done with it\n", name);
    }
    return 0;
}
