/* The compile half of dyn.h: each call is a driver of its own, whose messages go to the context. */
#include "compiler/diff.h"
#include "compiler/driver.h"
#include "runtime/context.h"

#include <stdlib.h>

static void place(void *arg, struct span at, dyn_message *out)
{
    const struct program *p = arg;
    const struct source *f = sources_get(&p->unit.sources, at.file);
    if (f) {
        struct source_pos pos = source_pos(f, at.begin);
        out->file = f->path;
        out->line = pos.line;
        out->column = pos.column;
    }
}

/* Messages to the context, with paths that outlive the driver. */
static void take(struct dyn_context *c, struct driver *d, struct program *p)
{
    uint32_t first = c->message.n;
    context_take(c, &d->diags, place, p);
    for (uint32_t i = first; i < c->message.n; i++) {
        dyn_message *m = &c->message.data[i];
        m->file = m->file ? arena_strdup(&c->arena, m->file) : NULL;
    }
    d->diags.list.n = 0;
}

static struct build_options options(const dyn_compile_options *o)
{
    struct build_options b = {0};
    if (o) {
        b.target = o->target;
        b.network = o->network;
        b.opt.refine = o->refine != 0;
        b.opt.split = o->split != 0;
        b.semantics = o->semantics;
        b.dt = o->dt;
        b.like = o->like;
        b.stimulus = o->calibrate;
        b.opt.calibrate = o->calibrate != NULL;
    }
    return b;
}

dyn_image *dyn_compile(dyn_context *c, const char *path, const dyn_compile_options *o)
{
    struct driver d;
    struct program p;
    struct target_report report = {0};
    struct image_writer w = {0};
    struct build_options b = options(o);
    driver_init(&d);
    dyn_image *im = NULL;
    bool ok =
        driver_open(&d, path, &p) && driver_image(&p, &b, &w, &report) && d.diags.n_errors == 0;
    take(c, &d, &p);
    if (ok) {
        im = dyn_image_parse(c, w.out.data, w.out.n);
    }
    target_report_free(&report);
    buf_free(&w.out);
    driver_free(&d);
    return im;
}

int dyn_check(dyn_context *c, const char *path)
{
    struct driver d;
    struct program p;
    driver_init(&d);
    struct plan plan;
    bool ok = driver_open(&d, path, &p);
    if (ok && p.is_image) {
        ok = driver_decode(&p, &plan);
    } else if (!p.is_image && p.unit.elab) { /* with errors or not: all of them are wanted */
        ok = unit_check(&p.unit);
    }
    take(c, &d, &p);
    driver_free(&d);
    return ok;
}

char *dyn_print(dyn_context *c, const char *path, const char *after, const dyn_compile_options *o)
{
    struct driver d;
    struct program p;
    struct target_report report = {0};
    struct build_options b = options(o);
    struct buf out = {0};
    b.after = after ? after : "elaborate";
    driver_init(&d);
    struct net *n = driver_open(&d, path, &p) ? driver_network(&p, &b, &report) : NULL;
    if (n && d.diags.n_errors == 0) {
        net_print(&out, n, driver_words(n));
    }
    take(c, &d, &p);
    target_report_free(&report);
    driver_free(&d);
    return out.data;
}

char *dyn_diff(dyn_context *c, const char *a, const char *b, size_t *beyond)
{
    struct driver d;
    struct program p[2];
    struct net *n[2] = {NULL, NULL};
    const char *path[2] = {a, b};
    struct build_options o = {0};
    struct tolerance t = TOLERANCE_DEFAULT;
    struct diff diff = {.name_a = a, .name_b = b};
    struct buf out = {0};
    driver_init(&d);
    for (int k = 0; k < 2; k++) {
        struct target_report report = {0};
        n[k] = driver_open(&d, path[k], &p[k]) ? driver_network(&p[k], &o, &report) : NULL;
        target_report_free(&report);
        if (n[k]) {
            driver_measure(&d, n[k]);
        }
        take(c, &d, &p[k]);
        if (!n[k]) {
            driver_free(&d);
            return NULL;
        }
    }
    diff_networks(&d.arena, n[0], n[1], &diff);
    diff_judge(&d.arena, &t, &diff);
    struct json j;
    json_init(&j, &out, 1);
    diff_json(&j, &diff, &t);
    *beyond = diff.beyond.n;
    driver_free(&d);
    return out.data;
}
