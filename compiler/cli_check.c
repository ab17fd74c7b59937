/* dyn check: all that is wrong with a source; with --fix what of it can be mended is. */
#include "compiler/cli.h"
#include "compiler/fix.h"

#include <stdio.h>

enum { MOST_ROUNDS = 16 }; /* what is mended may show further mistakes */

/* One round: the text with what a check of it would change; returns how much that is. */
static uint32_t fix_round(struct cli *c, const char *path, struct bytes text, struct buf *out)
{
    struct arena a = {0};
    struct diags d = {0};
    struct unit u;
    memcpy(d.level, c->driver.diags.level, sizeof d.level);
    unit_init(&u, &a, &d, c->driver.stdlib);
    unit_load_text(&u, path, (const char *)text.data, text.n);
    unit_check(&u);
    const uint32_t n = u.sources.file.n > 0 ? fix_text(out, &u.sources, 1, &d) : 0;
    diags_free(&d);
    arena_free(&a);
    return n;
}

/* Mends the file, which is written once and whole. False: reported. */
static bool fix_file(struct cli *c, const char *path)
{
    struct driver *d = &c->driver;
    struct bytes text;
    uint32_t n = 0;
    if (!file_read(&d->arena, path, &text, &d->diags, E0901, (struct span){0})) {
        return false;
    }
    if (image_is(text)) {
        diag_add(&d->diags, E0903, (struct span){0}, "%s is an image: --fix mends sources", path);
        return false;
    }
    for (int round = 0; round < MOST_ROUNDS; round++) {
        struct buf out = {0};
        const uint32_t more = fix_round(c, path, text, &out);
        if (more > 0) {
            text =
                (struct bytes){(const uint8_t *)arena_strndup(&d->arena, out.data, out.n), out.n};
        }
        buf_free(&out);
        n += more;
        if (more == 0) {
            break;
        }
    }
    if (n > 0 && !file_write(path, text.data, text.n, &d->diags)) {
        return false;
    }
    if (!c->value[OPT_QUIET] && !c->value[OPT_JSON]) {
        fprintf(stderr, "%s: %u change%s\n", path, n, n == 1 ? "" : "s");
    }
    return true;
}

int cli_check(struct cli *c)
{
    struct program p = {0};
    struct plan plan;
    if (c->value[OPT_FIX] && !fix_file(c, c->file[0])) {
        return diags_exit_status(&c->driver.diags);
    }
    bool opened = driver_open(&c->driver, c->file[0], &p);
    if (opened && p.is_image) {
        driver_decode(&p, &plan);
    } else if (!p.is_image && p.unit.elab) { /* with errors or not: all of them are wanted */
        unit_check(&p.unit);
    }
    cli_flush(c, &p);
    return diags_exit_status(&c->driver.diags);
}
