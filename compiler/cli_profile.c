/* dyn profile check: whether a file is the profile of a chip, and what it says. */
#include "compiler/cli.h"

/* The first target whose chips have profiles: the file says which it is of. */
static const struct target_compiler *target_with_profiles(void)
{
    int i = 0;
    while (target_compilers[i] && !target_compilers[i]->profile) {
        i++;
    }
    return target_compilers[i];
}

static const void *read_profile(struct driver *d, const struct target_profile *t, const char *path,
                                struct sources *s)
{
    struct bytes b;
    if (!file_read(&d->arena, path, &b, &d->diags, E0901, (struct span){0})) {
        return NULL;
    }
    uint32_t file = sources_add(s, path, (const char *)b.data, b.n, &d->diags);
    const struct source *text = sources_get(s, file);
    return text ? t->read(&d->arena, text->text, text->n, file, &d->diags) : NULL;
}

static void put_result(struct buf *out, const struct target_profile *t, const void *profile,
                       bool as_json)
{
    if (!as_json) {
        t->text(out, profile);
        return;
    }
    struct json j;
    json_init(&j, out, 1);
    t->json(&j, profile);
    buf_putc(out, '\n');
}

int cli_profile(struct cli *c)
{
    struct driver *d = &c->driver;
    if (strcmp(c->file[0], "check") != 0) {
        struct diag *g =
            diag_add(&d->diags, E0903, (struct span){0}, "`dyn profile` can't `%s`", c->file[0]);
        diag_hint(&d->diags, g, "usage: dyn profile check FILE");
        return DIAG_USAGE;
    }
    const struct target_profile *t = target_with_profiles()->profile;
    struct program p = {.driver = d, .path = c->file[1]};
    p.unit.sources.arena = &d->arena;
    const void *profile = read_profile(d, t, c->file[1], &p.unit.sources);
    if (profile && !c->value[OPT_QUIET]) {
        struct buf out = {0};
        put_result(&out, t, profile, c->value[OPT_JSON] != NULL);
        cli_print(c, &out);
        buf_free(&out);
    }
    cli_flush(c, &p);
    return diags_exit_status(&d->diags);
}
