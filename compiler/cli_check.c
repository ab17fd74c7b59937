/* dyn check: all that is wrong with a source; with --fix what of it can be mended is. */
#include "compiler/checks.h"
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

/* ---- the warnings that there are ---- */

static const char *given_by(enum diag_code code)
{
    const char hundred = diag_code_text(code)[2];
    return checks_have(code) || code == W0655 ? "check" /* which is about the board section */
           : hundred == '7'                   ? "run"
           : hundred == '9'                   ? "export"
                                              : "build";
}

static void put_warning(struct buf *out, struct json *j, enum diag_code code)
{
    const bool on = checks_default(code);
    if (!j) {
        buf_printf(out, "%-18s  %s  %-6s  %-3s  %s\n", diag_code_name(code), diag_code_text(code),
                   given_by(code), on ? "on" : "off", diag_code_title(code));
        return;
    }
    json_object(j);
    json_key(j, "name");
    json_str(j, diag_code_name(code));
    json_key(j, "code");
    json_str(j, diag_code_text(code));
    json_key(j, "command");
    json_str(j, given_by(code));
    json_key(j, "default");
    json_bool(j, on);
    json_key(j, "title");
    json_str(j, diag_code_title(code));
    json_end_object(j);
}

static void list_warnings(struct cli *c)
{
    struct buf out = {0};
    struct json j;
    const bool as_json = c->value[OPT_JSON] != NULL;
    if (as_json) {
        json_init(&j, &out, 1);
        json_array(&j);
    }
    for (int i = 0; i < DIAG_N_CODES; i++) {
        if (diag_code_is_warning((enum diag_code)i)) {
            put_warning(&out, as_json ? &j : NULL, (enum diag_code)i);
        }
    }
    if (as_json) {
        json_end_array(&j);
        buf_putc(&out, '\n');
    }
    cli_print(c, &out);
    buf_free(&out);
}

int cli_check(struct cli *c)
{
    if (c->value[OPT_LIST]) {
        list_warnings(c);
        return diags_exit_status(&c->driver.diags);
    }
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
