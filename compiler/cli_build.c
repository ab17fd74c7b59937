/* dyn build, print, dump, version: what compiles or shows. */
#include "compiler/cli.h"
#include "targets/target.h"

#include <stdio.h>

/* Results to -o or stdout. */
static void deliver(struct cli *c, const struct buf *b)
{
    if (c->value[OPT_OUTPUT]) {
        file_write(c->value[OPT_OUTPUT], b->data ? b->data : "", b->n, &c->driver.diags);
    } else {
        cli_print(c, b);
    }
}

void cli_report(struct cli *c, struct target_report *r)
{
    if (c->value[OPT_VERBOSE] && r->text.n) {
        fwrite(r->text.data, 1, r->text.n, stderr);
    }
    if (!c->value[OPT_QUIET] && r->result.n) {
        fwrite(r->result.data, 1, r->result.n, stderr);
    }
    target_report_free(r);
}

/* FILE with its last suffix replaced by .dynb. */
static const char *default_output(struct cli *c, const char *path)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    size_t n = dot && (!slash || dot > slash + 1) ? (size_t)(dot - path) : strlen(path);
    return arena_printf(&c->driver.arena, "%.*s.dynb", (int)n, path);
}

/* What `build --json` tells: the helper neurons that were added. */
static void build_json(struct cli *c, const struct target_report *r)
{
    struct buf out = {0};
    struct json j;
    json_init(&j, &out, 1);
    json_object(&j);
    json_key(&j, "helpers");
    json_array(&j);
    for (uint32_t i = 0; i < r->helpers.n; i++) {
        const struct target_helpers *h = &r->helpers.data[i];
        json_object(&j);
        json_key(&j, "layer"), json_str(&j, h->helpers);
        json_key(&j, "helps"), json_str(&j, h->layer);
        json_key(&j, "why"), json_str(&j, h->fan_out ? "fan-out" : "fan-in");
        json_key(&j, "neurons"), json_int(&j, h->n_helpers);
        json_key(&j, "helped_neurons"), json_int(&j, h->neurons);
        json_key(&j, "synapses"), json_int(&j, (int64_t)h->synapses);
        json_key(&j, "sources_of_a_helper"), json_int(&j, h->sources);
        json_key(&j, "largest_weight_change"), json_f64(&j, h->largest_change);
        json_key(&j, "delay_steps"), json_int(&j, h->delay);
        json_key(&j, "period_steps"), json_int(&j, h->period);
        json_end_object(&j);
    }
    json_end_array(&j);
    json_end_object(&j);
    buf_putc(&out, '\n');
    cli_print(c, &out);
    buf_free(&out);
}

/* What the chip boots. */
bool cli_write_flash(struct cli *c, const struct image *im)
{
    struct driver *d = &c->driver;
    const struct target *t = target_find(im->target);
    const char *path = c->value[OPT_FLASH];
    struct bytes b;
    if (!t->export_flash) {
        struct diag *g = diag_add(&d->diags, E0903, (struct span){0},
                                  "target `%s` boots from no flash", t->name);
        diag_hint(&d->diags, g, "--flash is for -t speck2e");
        return false;
    }
    if (!t->export_flash(&d->arena, im, &b, &d->diags) ||
        !file_write(path, b.data, b.n, &d->diags)) {
        return false;
    }
    if (!c->value[OPT_QUIET] && !c->value[OPT_JSON]) {
        fprintf(stderr, "%s: %zu bytes, %s\n", path, b.n, t->flash_note);
    }
    return true;
}

static bool flash_of(struct cli *c, const struct image_writer *w)
{
    struct driver *d = &c->driver;
    struct image im;
    return image_open(&d->arena, (struct bytes){(const uint8_t *)w->out.data, w->out.n}, &im,
                      &d->diags, c->file[0]) &&
           cli_write_flash(c, &im);
}

int cli_build(struct cli *c)
{
    struct driver *d = &c->driver;
    struct build_options o = cli_told_options(c);
    struct target_report report = {0};
    struct program p = {0};
    struct image_writer w = {0};
    bool opened = driver_open(d, c->file[0], &p);
    if (opened && p.is_image) {
        struct diag *g =
            diag_add(&d->diags, E0903, (struct span){0}, "`%s` is an image already", c->file[0]);
        diag_hint(&d->diags, g, "`dyn dump` shows it as source");
    } else if (opened && driver_image(&p, &o, &w, &report) && d->diags.n_errors == 0) {
        const char *out =
            c->value[OPT_OUTPUT] ? c->value[OPT_OUTPUT] : default_output(c, c->file[0]);
        if ((!c->value[OPT_FLASH] || flash_of(c, &w)) &&
            file_write(out, w.out.data, w.out.n, &d->diags) && !c->value[OPT_QUIET] &&
            !c->value[OPT_JSON]) {
            fprintf(stderr, "%s: %zu bytes for %s\n", out, w.out.n, o.target ? o.target : "sim");
        }
        if (o.opt.split && c->value[OPT_JSON]) {
            build_json(c, &report);
        }
    }
    cli_report(c, &report);
    buf_free(&w.out);
    cli_flush(c, &p);
    return diags_exit_status(&d->diags);
}

/* The pass names its target where -t doesn't. */
static const char *target_of_pass(const char *pass)
{
    for (int i = 0; pass && target_compilers[i]; i++) {
        for (const struct target_pass *q = target_compilers[i]->pass; q && q->name; q++) {
            if (strcmp(q->name, pass) == 0) {
                return target_compilers[i]->name;
            }
        }
    }
    return NULL;
}

int cli_print_network(struct cli *c)
{
    struct driver *d = &c->driver;
    struct build_options o = cli_told_options(c);
    struct target_report report = {0};
    struct program p = {0};
    struct net *n = NULL;
    o.target = o.target ? o.target : target_of_pass(o.after);
    if (!o.after && !o.target) {
        o.after = "elaborate";
    }
    if (driver_open(d, c->file[0], &p)) {
        n = driver_network(&p, &o, &report);
    }
    if (n && d->diags.n_errors == 0) {
        struct buf out = {0};
        net_print(&out, n, driver_words(n));
        deliver(c, &out);
        buf_free(&out);
    }
    cli_report(c, &report);
    cli_flush(c, &p);
    return diags_exit_status(&d->diags);
}

/* Of the bytes that a chip boots, there is nothing but the configuration. */
static int dump_flash(struct cli *c)
{
    struct driver *d = &c->driver;
    const struct target *t = target_find(c->value[OPT_TARGET]);
    struct buf out = {0};
    struct bytes b;
    struct json j;
    json_init(&j, &out, 1);
    if (!t || !t->dump_flash) {
        struct diag *g = diag_add(&d->diags, E0903, (struct span){0}, "target `%s` %s",
                                  c->value[OPT_TARGET], t ? "boots from no flash" : "is unknown");
        diag_hint(&d->diags, g, "an image says itself what it is for; -t speck2e is for flashes");
    } else if (file_read(&d->arena, c->file[0], &b, &d->diags, E0901, (struct span){0}) &&
               t->dump_flash(&d->arena, b, c->file[0], &j, &d->diags)) {
        buf_putc(&out, '\n');
        deliver(c, &out);
    }
    buf_free(&out);
    cli_flush(c, NULL);
    return diags_exit_status(&d->diags);
}

int cli_dump(struct cli *c)
{
    if (c->value[OPT_TARGET]) {
        return dump_flash(c);
    }
    struct driver *d = &c->driver;
    struct program p = {0};
    struct buf out = {0};
    struct provenance from;
    bool ok = driver_open_image(d, c->file[0], &p);
    if (ok && c->value[OPT_VERBOSE] && provenance_read(&d->arena, &p.image, &from)) {
        fprintf(stderr, "made by %s from %s (hash %016llx)%s%s\n", from.compiler, from.source,
                (unsigned long long)from.source_hash, *from.options ? " with " : "", from.options);
    }
    if (ok && c->value[OPT_JSON]) {
        struct plan plan;
        struct json j;
        json_init(&j, &out, 1);
        ok = driver_decode(&p, &plan) &&
             target_find(p.image.target)->dump_json(&d->arena, &p.image, &plan, &j, &d->diags);
        buf_putc(&out, '\n');
    } else if (ok) {
        struct build_options o = {0};
        struct target_report report = {0};
        struct net *n = driver_network(&p, &o, &report);
        if (n) {
            net_print(&out, n, driver_words(n));
        }
    }
    if (ok && d->diags.n_errors == 0) {
        deliver(c, &out);
    }
    buf_free(&out);
    cli_flush(c, &p);
    return diags_exit_status(&d->diags);
}

int cli_version(struct cli *c)
{
    struct buf out = {0};
    bool jit = false;
#ifndef DYN_NO_LLVM
    jit = true;
#endif
    if (c->value[OPT_JSON]) {
        struct json j;
        json_init(&j, &out, 1);
        json_object(&j);
        json_key(&j, "version"), json_str(&j, DYN_VERSION);
        json_key(&j, "jit"), json_bool(&j, jit);
        json_key(&j, "targets");
        json_array(&j);
        for (int i = 0; target_compilers[i]; i++) {
            json_str(&j, target_compilers[i]->name);
        }
        json_end_array(&j);
        json_end_object(&j);
        buf_putc(&out, '\n');
    } else {
        buf_printf(&out, "dyn %s\nJIT: %s\ntargets:", DYN_VERSION,
                   jit ? "LLVM 19" : "no (built with LLVM=no)");
        for (int i = 0; target_compilers[i]; i++) {
            buf_printf(&out, " %s", target_compilers[i]->name);
        }
        buf_puts(&out, "\n");
    }
    cli_print(c, &out);
    buf_free(&out);
    return diags_exit_status(&c->driver.diags);
}
