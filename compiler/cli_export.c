/* dyn export: what a real board needs, for the vendor's library. */
#include "compiler/cli.h"
#include "runtime/record_npz.h"
#include "targets/target.h"

#include <stdio.h>

static bool usage(struct cli *c, const char *message, const char *hint)
{
    struct diag *g = diag_add(&c->driver.diags, E0903, (struct span){0}, "%s", message);
    diag_hint(&c->driver.diags, g, "%s", hint);
    return false;
}

static bool options_agree(struct cli *c)
{
    bool stimulus =
        c->value[OPT_STIMULUS] || c->inputs.n || c->value[OPT_TRIALS] || c->value[OPT_DELAY];
    if (!c->value[OPT_SAMNA] && !c->value[OPT_CONFIG] && !c->value[OPT_FLASH]) {
        return usage(
            c, "nothing to export was named",
            "--samna FILE.py writes a program, --config FILE.json a configuration, --flash "
            "FILE what the chip boots from");
    }
    if (c->value[OPT_DEFAULT] && !c->value[OPT_CONFIG]) {
        return usage(c, "--default goes with --config",
                     "the program takes its defaults from the library itself");
    }
    return !stimulus || c->value[OPT_SAMNA] ||
           usage(c, "a stimulus goes with --samna", "a configuration holds none");
}

/* A source is compiled to an image first: what is exported is always what an image decodes to. */
static bool load(struct cli *c, struct program *p, struct image *im, struct plan *plan)
{
    struct driver *d = &c->driver;
    if (p->is_image) {
        *im = p->image;
        return driver_decode(p, plan);
    }
    struct build_options o = cli_build_options(c);
    struct target_report report = {0};
    struct image_writer w = {0};
    struct bytes b = {0};
    driver_network_of(p, c->value[OPT_STIMULUS], &o);
    o.target = o.target ? o.target : "dynapse2";
    bool ok = driver_image(p, &o, &w, &report) && d->diags.n_errors == 0;
    if (ok) {
        b = (struct bytes){arena_alloc(&d->arena, w.out.n), w.out.n};
        memcpy((void *)b.data, w.out.data, w.out.n);
    }
    target_report_free(&report);
    buf_free(&w.out);
    return ok && image_open(&d->arena, b, im, &d->diags, p->path) &&
           target_load(&d->arena, im, plan, &d->diags, p->path);
}

static void tell(const struct cli *c, const char *path, const char *what)
{
    if (!c->value[OPT_QUIET] && !c->value[OPT_JSON]) {
        fprintf(stderr, "%s: %s\n", path, what);
    }
}

/* The stimulus as a file beside the program, in the form in which a run records it. *name is the
 * file's name, NULL if no stimulus was asked for. */
static bool write_stimulus(struct cli *c, struct program *p, const struct plan *plan,
                           const char **name)
{
    struct driver *d = &c->driver;
    struct input_override *in;
    struct stimulus s;
    uint32_t n_in;
    uint64_t trials = 0;
    *name = NULL;
    if (!cli_inputs(c, &in, &n_in) || !cli_number(c, OPT_TRIALS, 1, &trials)) {
        return false;
    }
    if (!c->value[OPT_STIMULUS] && n_in == 0) {
        return true;
    }
    if (!driver_stimulus(p, plan, c->value[OPT_STIMULUS], in, n_in, &s) ||
        !driver_delay(d, c->value[OPT_DELAY], plan, &s)) {
        return false;
    }
    const char *program = c->value[OPT_SAMNA];
    size_t stem = strlen(program);
    if (stem > 3 && strcmp(program + stem - 3, ".py") == 0) {
        stem -= 3;
    }
    const char *path = arena_printf(&d->arena, "%.*s.stimulus.npz", (int)stem, program);
    const char *slash = strrchr(path, '/');
    struct run_result r = {.chips = 1,
                           .trials = trials ? (uint32_t)trials : s.trials,
                           .steps = s.steps,
                           .dt = plan->dt,
                           .event = plan->semantics == PLAN_EVENT};
    *name = slash ? slash + 1 : path;
    if (!record_npz(path, plan, &s, &r, false, &d->diags)) {
        return false;
    }
    tell(c, path, "the stimulus");
    return true;
}

static bool write_program(struct cli *c, const struct target *t, const struct image *im,
                          const struct plan *plan, const char *stimulus)
{
    struct driver *d = &c->driver;
    struct buf out = {0};
    bool ok = t->export_samna(&d->arena, im, plan, stimulus, &out, &d->diags) &&
              d->diags.n_errors == 0 && file_write(c->value[OPT_SAMNA], out.data, out.n, &d->diags);
    buf_free(&out);
    if (ok) {
        tell(c, c->value[OPT_SAMNA], "a program for samna");
    }
    return ok;
}

static bool write_config(struct cli *c, const struct target *t, const struct image *im)
{
    struct driver *d = &c->driver;
    const char *base = c->value[OPT_DEFAULT];
    struct bytes text = {0};
    if (base && !file_read(&d->arena, base, &text, &d->diags, E0901, (struct span){0})) {
        return false;
    }
    struct file_out *out = file_create(c->value[OPT_CONFIG], &d->diags);
    bool ok = out && t->export_config(&d->arena, im, text, base, out, &d->diags) &&
              d->diags.n_errors == 0;
    if (out && !ok) {
        file_abort(out);
    }
    ok = ok && file_commit(out);
    if (ok) {
        tell(c, c->value[OPT_CONFIG], "a configuration for samna");
    }
    return ok;
}

static bool possible(struct cli *c, const struct target *t)
{
    struct arena *a = &c->driver.arena;
    if (!t->export_samna) {
        return usage(c, arena_printf(a, "target `%s` is no chip: there is no board", t->name),
                     "-t dynapse2 compiles for one");
    }
    return !c->value[OPT_CONFIG] || t->export_config ||
           usage(c, arena_printf(a, "for `%s` there is no file that the library reads", t->name),
                 "--samna FILE.py writes a program that sets the configuration");
}

int cli_export(struct cli *c)
{
    struct driver *d = &c->driver;
    struct program p = {0};
    struct image im;
    struct plan plan;
    const char *stimulus = NULL;
    if (options_agree(c) && driver_open(d, c->file[0], &p) && load(c, &p, &im, &plan)) {
        const struct target *t = target_find(im.target);
        (void)(possible(c, t) &&
               (!c->value[OPT_SAMNA] || (write_stimulus(c, &p, &plan, &stimulus) &&
                                         write_program(c, t, &im, &plan, stimulus))) &&
               (!c->value[OPT_CONFIG] || write_config(c, t, &im)) &&
               (!c->value[OPT_FLASH] || cli_write_flash(c, &im)));
    }
    cli_flush(c, &p);
    return diags_exit_status(&d->diags);
}
