/* dyn run and dyn diff: what executes something. */
#include "compiler/cli.h"
#include "compiler/diff.h"
#include "compiler/summary.h"
#include "runtime/event_device.h"
#include "runtime/record_npz.h"
#include "runtime/record_spec.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* A bar on stderr for whatever takes over a second, if someone is watching. */
struct bar {
    double start, last;
    bool shown;
};

static void bar_tell(void *arg, double fraction)
{
    struct bar *b = arg;
    double t = now();
    if (t - b->start < 1 || t - b->last < 0.1) {
        return;
    }
    b->last = t;
    b->shown = true;
    char line[41];
    int full = (int)(fraction * 40);
    for (int i = 0; i < 40; i++) {
        line[i] = i < full ? '=' : i == full ? '>' : ' ';
    }
    line[40] = 0;
    double left = fraction > 0 ? (t - b->start) * (1 - fraction) / fraction : 0;
    fprintf(stderr, "\r[%s] %3.0f %%, %.0f s left ", line, fraction * 100, left);
}

static void bar_end(struct bar *b)
{
    if (b->shown) {
        fprintf(stderr, "\r%*s\r", 64, "");
    }
}

/* Where native code came from. */
static void tell_code(const struct backend *b)
{
    struct code_report r;
    if (!b->report) {
        return;
    }
    b->report(b, &r);
    if (!r.compiled && !r.cached) {
        return;
    }
    if (r.compiled) {
        fprintf(stderr, "kernels compiled in %.1f ms", r.seconds * 1e3);
    }
    if (r.cached) {
        fputs(r.compiled ? ", others from cache" : "kernels from cache", stderr);
    }
    if (r.no_cache) {
        fprintf(stderr, " (no cache: %s)", r.no_cache);
    }
    fputc('\n', stderr);
}

static bool run(struct cli *c, const struct plan *p, struct run_options *o, struct run_result *out)
{
    struct bar bar = {.start = now()};
    if (isatty(STDERR_FILENO) && !c->value[OPT_QUIET]) {
        o->progress = (struct run_progress){.tell = bar_tell, .arg = &bar};
    }
    bool ok = run_plan(&c->driver.arena, p, o, out, &c->driver.diags);
    bar_end(&bar);
    if (ok && c->value[OPT_VERBOSE]) {
        fprintf(stderr, "ran in %.1f ms on %s, %s, with %.3f MB of memory\n",
                (now() - bar.start) * 1e3, o->backend->name, cpu_level_name(o->backend->cpu),
                out->bytes * 1e-6);
        tell_code(o->backend);
    }
    return ok;
}

/* Options that run and diff share: trials (0: the stimulus's), jobs, chips, back end. */
static bool run_options(struct cli *c, struct backend *backend, struct run_options *out)
{
    uint64_t trials = 0, jobs = 0, chips = 1;
    if (!cli_number(c, OPT_TRIALS, 1, &trials) || !cli_number(c, OPT_JOBS, 1, &jobs) ||
        !cli_number(c, OPT_CHIPS, 1, &chips) ||
        !driver_backend(&c->driver, c->value[OPT_BACKEND], c->value[OPT_CPU], backend)) {
        return false;
    }
    backend->cache = !c->value[OPT_NO_CACHE];
    *out = (struct run_options){.trials = (uint32_t)trials,
                                .chips = (uint32_t)chips,
                                .jobs = (uint32_t)jobs,
                                .backend = backend};
    return true;
}

static void use_stimulus(struct cli *c, struct run_options *o, struct stimulus *s)
{
    s->one_per_step = c->value[OPT_ONE_PER_STEP] != NULL;
    o->stimulus = s;
    o->trials = o->trials ? o->trials : s->trials;
}

static bool no_device(struct cli *c)
{
    if (!c->value[OPT_DEVICE]) {
        return true;
    }
    struct diag *g = diag_add(&c->driver.diags, E0805, (struct span){0},
                              "there is no open driver for a board `%s`", c->value[OPT_DEVICE]);
    diag_hint(&c->driver.diags, g,
              "the boards are driven by the vendor's closed library: `dyn export --samna` writes a "
              "program for it; without --device the image runs on the virtual chip");
    return false;
}

static bool virtual_chip(struct cli *c, const struct plan *p)
{
    const char *text = c->value[OPT_VIRTUAL];
    if (!text || p->device) {
        return !text || p->device->choose(p->device, text, &c->driver.diags);
    }
    diag_add(&c->driver.diags, E0903, (struct span){0}, "--virtual is for images for a Speck");
    return false;
}

static bool satisfy(struct cli *c, struct condition *out, const char **text)
{
    *text = c->value[OPT_SATISFY] ? c->value[OPT_SATISFY] : c->value[OPT_CHIPS] ? "frr>=5" : NULL;
    if (*text && !condition_parse(*text, out)) {
        struct diag *g =
            diag_add(&c->driver.diags, E0903, (struct span){0}, "`%s` is no condition", *text);
        diag_hint(&c->driver.diags, g, "frr, rate or count, then >=, >, <= or <, and a number");
        return false;
    }
    return true;
}

static bool plan_of(struct cli *c, struct program *p, struct build_options *build, struct plan *out)
{
    driver_network_of(p, c->value[OPT_STIMULUS], build);
    return driver_plan(p, build, out);
}

static bool load_labels(struct cli *c, const struct plan *p, const struct stimulus *s,
                        struct labels *out)
{
    const char *file, *member;
    cli_data(c, c->value[OPT_LABELS], &file, &member);
    return labels_load(&c->driver.arena, p, file, member, s->trials, out, &c->driver.diags);
}

int cli_run(struct cli *c)
{
    struct driver *d = &c->driver;
    struct build_options build = cli_build_options(c);
    struct program p = {0};
    struct plan plan;
    struct stimulus stim;
    struct input_override *in;
    struct backend backend = {0};
    struct run_options o;
    struct run_result r;
    struct run_record *record;
    uint32_t n_in, n_record;
    struct condition cond;
    const char *condition;
    struct labels labels;
    const struct labels *l = c->value[OPT_LABELS] ? &labels : NULL;
    if (no_device(c) && cli_inputs(c, &in, &n_in) && satisfy(c, &cond, &condition) &&
        run_options(c, &backend, &o) && driver_open(d, c->file[0], &p) &&
        plan_of(c, &p, &build, &plan) && virtual_chip(c, &plan) &&
        (!c->value[OPT_MISMATCH] || driver_mismatch(d, &plan, c->value[OPT_MISMATCH])) &&
        driver_stimulus(&p, &plan, c->value[OPT_STIMULUS], in, n_in, &stim) &&
        driver_delay(d, c->value[OPT_DELAY], &plan, &stim) &&
        record_spec(&d->arena, &plan, c->value[OPT_RECORD], &record, &n_record, &d->diags) &&
        (!l || load_labels(c, &plan, &stim, &labels))) {
        use_stimulus(c, &o, &stim);
        o.raster = !c->value[OPT_QUIET] && !c->value[OPT_JSON];
        if (c->value[OPT_VERBOSE] && p.found.note) {
            fprintf(stderr, "%s\n", p.found.note);
        }
        struct record_file file;
        const char *path = c->value[OPT_OUTPUT];
        if (path) { /* what isn't written needn't be kept: memory stays bounded */
            o.record = record;
            o.n_record = n_record;
            record_file_open(&file, path, &plan, &o, c->value[OPT_CHIPS] != NULL, &d->diags);
        }
        cli_flush(c, &p);
        struct buf out = {0};
        bool ok = run(c, &plan, &o, &r);
        if (path)
            ok = record_file_close(&file, ok ? &r : NULL);
        if (ok) {
            if (c->value[OPT_JSON]) {
                struct json j;
                json_init(&j, &out, 1);
                summary_json(&j, &plan, &r, &cond, condition, l);
                buf_putc(&out, '\n');
            } else if (!c->value[OPT_QUIET]) {
                summary_text(&out, &plan, &r, &cond, condition, l);
            }
            cli_print(c, &out);
            findings_tell(&p.found, &plan, &stim, &r, c->value[OPT_VERBOSE] != NULL, &d->diags);
        }
        buf_free(&out);
    }
    if (backend.release) {
        backend.release(&backend);
    }
    cli_flush(c, &p);
    return diags_exit_status(&d->diags);
}

/* ---- diff ---- */

struct side {
    struct program program;
    struct net *net;
    struct plan plan;
};

/* Of "event,clocked" the first for A, the second for B; one alone is for both. */
static const char *of_side(struct cli *c, const char *text, int side)
{
    const char *comma = text ? strchr(text, ',') : NULL;
    if (!comma) {
        return text;
    }
    return side ? comma + 1 : arena_strndup(&c->driver.arena, text, (size_t)(comma - text));
}

static bool open_side(struct cli *c, int side, const struct build_options *o, struct side *s)
{
    const char *path = c->file[side];
    struct target_report report = {0};
    struct build_options build = *o;
    build.semantics = of_side(c, o->semantics, side);
    build.target = of_side(c, o->target, side);
    build.like = of_side(c, o->like, side);
    bool ok = driver_open(&c->driver, path, &s->program) &&
              plan_of(c, &s->program, &build, &s->plan) &&
              (s->net = driver_network(&s->program, &build, &report)) != NULL;
    if (ok) {
        driver_measure(&c->driver, s->net);
    }
    target_report_free(&report);
    cli_flush(c, &s->program);
    return ok;
}

/* Both sides under the stimulus of whichever is a source (A first). */
static bool diff_behaviour(struct cli *c, struct side *a, struct side *b, struct diff *out)
{
    struct driver *d = &c->driver;
    struct input_override *in;
    uint32_t n_in;
    struct stimulus stim;
    struct backend backend;
    struct run_options o;
    if (!cli_inputs(c, &in, &n_in)) {
        return false;
    }
    struct side *source = a->program.is_image && !b->program.is_image ? b : a;
    if (!driver_stimulus(&source->program, &source->plan, c->value[OPT_STIMULUS], in, n_in,
                         &stim)) {
        cli_flush(c, &source->program);
        return false;
    }
    if (!run_options(c, &backend, &o)) {
        return false;
    }
    use_stimulus(c, &o, &stim);
    struct run_result r[2];
    bool ok = true;
    for (int k = 0; k < 2 && ok; k++) {
        struct plan *p = k ? &b->plan : &a->plan;
        struct stimulus s = stim;
        struct run_record *record = ARENA_ARRAY(&d->arena, struct run_record, p->output.n + 1);
        for (uint32_t i = 0; i < p->output.n; i++) {
            record[i] = (struct run_record){p->output.data[i], -1};
        }
        s.source = ARENA_ARRAY(&d->arena, struct stimulus_source, p->input.n + 1);
        s.n_inputs = p->input.n;
        for (uint32_t i = 0; i < p->input.n; i++) {
            s.source[i].channels = plan_stimulus_channels(&p->input.data[i]);
            for (uint32_t m = 0; m < source->plan.input.n; m++) {
                if (strcmp(source->plan.input.data[m].name, p->input.data[i].name) == 0 &&
                    plan_stimulus_channels(&source->plan.input.data[m]) == s.source[i].channels) {
                    s.source[i] = stim.source[m];
                }
            }
        }
        o.stimulus = &s;
        o.record = record;
        o.n_record = p->output.n;
        ok = run(c, p, &o, &r[k]);
    }
    backend.release(&backend);
    if (ok) {
        out->stimulus = stim.name;
        diff_runs(&d->arena, a->net, &a->plan, &r[0], &b->plan, &r[1], out);
    }
    return ok;
}

int cli_diff(struct cli *c)
{
    struct driver *d = &c->driver;
    struct build_options build = cli_build_options(c);
    struct tolerance tol = TOLERANCE_DEFAULT;
    struct side a, b;
    struct diff diff = {.name_a = c->file[0], .name_b = c->file[1]};
    if (c->value[OPT_TOLERANCE] && !tolerance_parse(c->value[OPT_TOLERANCE], &tol)) {
        struct diag *g = diag_add(&d->diags, E0903, (struct span){0}, "`%s` is no tolerance",
                                  c->value[OPT_TOLERANCE]);
        diag_hint(&d->diags, g, "one number, or param=X,weight=X,rate=X (relative errors)");
        return DIAG_USAGE;
    }
    if (!open_side(c, 0, &build, &a) || !open_side(c, 1, &build, &b)) {
        return diags_exit_status(&d->diags);
    }
    diff_networks(&d->arena, a.net, b.net, &diff);
    if ((c->value[OPT_STIMULUS] || c->inputs.n) && !diff_behaviour(c, &a, &b, &diff)) {
        return diags_exit_status(&d->diags);
    }
    diff_judge(&d->arena, &tol, &diff);
    struct buf out = {0};
    if (c->value[OPT_JSON]) {
        struct json j;
        json_init(&j, &out, 1);
        diff_json(&j, &diff, &tol);
        buf_putc(&out, '\n');
    } else if (!c->value[OPT_QUIET]) {
        diff_text(&out, &diff, &tol);
    }
    cli_print(c, &out);
    buf_free(&out);
    int status = diags_exit_status(&d->diags);
    return status ? status : diff.beyond.n ? 4 : 0;
}
