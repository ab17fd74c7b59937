#include "compiler/driver.h"

#include "compiler/pass_table.h"
#include "compiler/raise.h"
#include "runtime/base/hash.h"
#include "runtime/event_file.h"
#include "targets/sim/sim.h"
#include "targets/target.h"

#include <stdlib.h>

static const struct span NOWHERE = {0, 0, 0};

void driver_init(struct driver *d)
{
    *d = (struct driver){0};
}

void driver_free(struct driver *d)
{
    arena_free(&d->arena);
    diags_free(&d->diags);
}

static bool open_file(struct driver *d, const char *path, bool must_be_image, struct program *out)
{
    *out = (struct program){.driver = d, .path = path};
    struct bytes b;
    if (!file_read(&d->arena, path, &b, &d->diags, E0901, NOWHERE)) {
        return false;
    }
    out->hash = hash_bytes(0, b.data, b.n);
    unit_init(&out->unit, &d->arena, &d->diags, d->stdlib);
    out->is_image = must_be_image || image_is(b);
    if (!out->is_image) {
        return unit_load_text(&out->unit, path, (const char *)b.data, b.n);
    }
    return image_open(&d->arena, b, &out->image, &d->diags, path);
}

bool driver_open(struct driver *d, const char *path, struct program *out)
{
    return open_file(d, path, false, out);
}

bool driver_open_image(struct driver *d, const char *path, struct program *out)
{
    return open_file(d, path, true, out);
}

static const struct target_compiler *find_compiler(struct driver *d, const char *name)
{
    const struct target_compiler *t = target_compiler_find(name);
    if (!t) {
        struct diag *g = diag_add(&d->diags, E0903, NOWHERE, "there is no target `%s`", name);
        struct buf list = {0};
        for (int i = 0; target_compilers[i]; i++) {
            buf_printf(&list, "%s`%s`", i ? ", " : "", target_compilers[i]->name);
        }
        diag_hint(&d->diags, g, "targets are %s", list.data);
        buf_free(&list);
    }
    return t;
}

/* True if the pipeline of `t` has a pass of that name. */
static bool has_pass(const struct target_compiler *t, const char *name)
{
    for (const struct target_pass *p = t->pass; p && p->name; p++) {
        if (strcmp(p->name, name) == 0) {
            return true;
        }
    }
    return strcmp(name, "elaborate") == 0;
}

bool driver_decode(struct program *p, struct plan *out)
{
    struct driver *d = p->driver;
    return target_load(&d->arena, &p->image, out, &d->diags, p->path);
}

static struct net *raise_image(struct program *p)
{
    struct driver *d = p->driver;
    struct plan plan;
    if (!driver_decode(p, &plan)) {
        return NULL;
    }
    struct net *n = raise_plan(&d->arena, &p->unit.names, &p->unit.sources, &plan, &d->diags);
    const struct target_compiler *t = n ? find_compiler(d, p->image.target) : NULL;
    if (!t || (t->raise_board && !t->raise_board(n, &p->image, &d->diags))) {
        return NULL;
    }
    return n;
}

static bool like_of(struct driver *d, const char *text, enum target_like *out)
{
    struct diag *g;
    if (!text) {
        return true;
    }
    if (strcmp(text, "sinabs") == 0) {
        *out = TARGET_LIKE_SINABS;
    } else if (strcmp(text, "sinabs-method-2") == 0) {
        *out = TARGET_LIKE_SINABS_HARMONIC;
    } else if (*text) { /* empty: one side of `dyn diff` that is like no other tool */
        g = diag_add(&d->diags, E0903, NOWHERE, "no tool `%s` is reproduced", text);
        diag_hint(&d->diags, g, "--like is sinabs or sinabs-method-2");
        return false;
    }
    return true;
}

bool driver_passes(struct program *p, const struct build_options *o, struct target_report *report,
                   struct net **out)
{
    struct driver *d = p->driver;
    *out = NULL;
    if (p->is_image) {
        *out = raise_image(p);
        return *out != NULL;
    }
    const struct target_compiler *t = find_compiler(d, o->target ? o->target : "sim");
    if (!t) {
        return false;
    }
    if (o->after && !has_pass(t, o->after)) {
        struct diag *g =
            diag_add(&d->diags, E0903, NOWHERE, "target `%s` has no pass `%s`", t->name, o->after);
        struct buf list = {0};
        for (const struct target_pass *q = t->pass; q && q->name; q++) {
            buf_printf(&list, ", `%s`", q->name);
        }
        diag_hint(&d->diags, g, "passes are `elaborate`%s", list.data ? list.data : "");
        buf_free(&list);
        return false;
    }
    if (!driver_step(d, o->dt, &p->unit.dt)) {
        return false;
    }
    if (o->opt.columns && !t->grid) {
        diag_add(&d->diags, E0903, NOWHERE, "target `%s` has no grid of chips", t->name);
        return false;
    }
    if ((o->like || o->stimulus) && !t->tries) {
        struct diag *g = diag_add(&d->diags, E0903, NOWHERE, "%s isn't for target `%s`",
                                  o->like            ? "--like"
                                  : o->opt.calibrate ? "--calibrate"
                                                     : "--stimulus",
                                  t->name);
        diag_hint(&d->diags, g, "name one with -t, for example -t speck2e");
        return false;
    }
    struct target_options opt = o->opt;
    if (!like_of(d, o->like, &opt.like)) {
        return false;
    }
    struct pass_table table;
    pass_table_begin(&table);
    struct build_options named = *o;
    driver_network_of(p, o->stimulus, &named);
    struct net *n = unit_network(&p->unit, named.network);
    pass_table_add(&table, "elaborate", &d->arena);
    if (!n || d->diags.n_errors > 0 || !net_verify(n, &d->diags)) {
        return false;
    }
    *out = p->net = n;
    struct stimulus stimulus;
    if (o->stimulus) {
        if (!driver_stimulus(p, NULL, o->stimulus, NULL, 0, &stimulus)) {
            return false;
        }
        opt.stimulus = &stimulus;
    }
    const char *done = "elaborate";
    for (const struct target_pass *q = t->pass; q && q->name; q++) {
        if (o->after && strcmp(o->after, done) == 0) {
            break;
        }
        if (!q->run(n, &opt, report, &d->diags) || !net_verify(n, &d->diags)) {
            return false;
        }
        pass_table_add(&table, q->name, &d->arena);
        done = q->name;
    }
    pass_table_print(&table, &report->text);
    return true;
}

struct net *driver_network(struct program *p, const struct build_options *o,
                           struct target_report *report)
{
    struct net *n;
    return driver_passes(p, o, report, &n) ? n : NULL;
}

const struct net_words *driver_words(const struct net *n)
{
    const struct target_compiler *t = n->board ? target_compiler_find(n->board->target) : NULL;
    return t ? &t->words : NULL;
}

void driver_network_of(const struct program *p, const char *stimulus, struct build_options *o)
{
    for (uint32_t i = 0; stimulus && !o->network && i < p->unit.stimulus.n; i++) {
        const struct ast_stimulus *s = p->unit.stimulus.data[i];
        if (s->name.text && strcmp(s->name.text, stimulus) == 0) {
            o->network = s->network.text;
        }
    }
}

void driver_measure(struct driver *d, struct net *n)
{
    const struct target_compiler *t = n->board ? target_compiler_find(n->board->target) : NULL;
    if (t && n->board->profile.n > 0) {
        t->profile->measure(n, &d->diags);
    }
}

static bool make_plan(struct program *p, const struct build_options *o, struct net *n,
                      struct plan *out)
{
    struct driver *d = p->driver;
    driver_measure(d, n);
    return sim_map(&d->arena, n, &p->unit.sources, out, &d->diags) && driver_time(d, o, out);
}

bool driver_plan(struct program *p, const struct build_options *o, struct plan *out)
{
    if (p->is_image) {
        return target_emulate(&p->driver->arena, &p->image, out, &p->found, &p->driver->diags,
                              p->path) &&
               driver_time(p->driver, o, out);
    }
    struct target_report report = {0};
    struct net *n = driver_network(p, o, &report);
    target_report_free(&report);
    return n && make_plan(p, o, n, out);
}

bool driver_image(struct program *p, const struct build_options *o, struct image_writer *out,
                  struct target_report *report)
{
    struct driver *d = p->driver;
    const char *name = o->target ? o->target : "sim";
    const struct target_compiler *t = find_compiler(d, name);
    struct net *n = t ? driver_network(p, o, report) : NULL;
    struct plan plan;
    if (!n || !make_plan(p, o, n, &plan)) {
        return false;
    }
    image_begin(out);
    plan_write(out, &plan, t->encode == NULL);
    if (t->encode && !t->encode(out, n, &plan, &d->diags)) {
        return false;
    }
    struct provenance from = {.source_hash = p->hash,
                              .compiler = "dyn " DYN_VERSION,
                              .options = o->command ? o->command : "",
                              .source = p->path};
    provenance_write(out, &from);
    image_end(out, name);
    return true;
}

/* ---- stimuli ---- */

/* A structured array is a list of events, a plain one a raster of counts. */
static bool read_input(struct driver *d, const struct plan *plan, uint32_t input,
                       const struct npy *x, const char *what, struct stimulus_source *out)
{
    const struct plan_shape own = plan_stimulus_shape(&plan->input.data[input]);
    uint64_t extent[NPY_MAX_RANK + 1];
    if (x->n_fields > 0) {
        return stimulus_event_records(&d->arena, out, x, NULL, 0, &own, plan->dt, 0, &d->diags,
                                      what, NOWHERE);
    }
    struct arena scratch = {0};
    struct stimulus_counts v = {.u8 = npy_bytes(x)};
    double *f64 = v.u8 ? NULL : arena_try(&scratch, (size_t)x->count + 1, sizeof *f64);
    bool ok = v.u8 || f64;
    if (!ok) {
        diag_add(&d->diags, E0308, NOWHERE, "no memory for the %llu elements of `%s`",
                 (unsigned long long)x->count, what);
    }
    if (f64) {
        npy_to_f64(x, f64);
        v.f64 = f64;
    }
    uint32_t rank = stimulus_raster_extents(x->rank, x->extent, &own, extent);
    ok = ok && stimulus_raster(&d->arena, out, v, rank, extent,
                               plan_stimulus_channels(&plan->input.data[input]), &d->diags, what,
                               NOWHERE);
    arena_free(&scratch);
    return ok;
}

/* What is read of the file isn't kept: the stimulus has its own form of it. */
static bool override_input(struct driver *d, const struct plan *plan, uint32_t input,
                           const struct input_override *in, struct stimulus_source *out)
{
    struct arena bytes = {0};
    struct npy x;
    const char *what = arena_printf(&d->arena, "%s%s%s", in->file, in->member ? ":" : "",
                                    in->member ? in->member : "");
    bool ok = event_file_load(&bytes, in->file, in->member, &x, &d->diags, E0901, NOWHERE) &&
              read_input(d, plan, input, &x, what, out);
    arena_free(&bytes);
    return ok;
}

static int find_input(const struct plan *p, const char *name)
{
    for (uint32_t i = 0; i < p->input.n; i++) {
        if (strcmp(p->input.data[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

/* Whether the file has just one stimulus for the network: then that is the one that is meant. */
static bool only_stimulus(const struct program *p)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->unit.stimulus.n; i++) {
        n += p->net && p->unit.stimulus.data[i]->network.text &&
             strcmp(p->unit.stimulus.data[i]->network.text, p->net->name) == 0;
    }
    return n == 1;
}

bool driver_stimulus(struct program *p, const struct plan *plan, const char *name,
                     const struct input_override *in, uint32_t n_in, struct stimulus *out)
{
    struct driver *d = p->driver;
    if (name && p->is_image) {
        struct diag *g = diag_add(&d->diags, E0802, NOWHERE,
                                  "an image has no stimulus `%s`: stimuli are the source's", name);
        diag_hint(&d->diags, g, "give the inputs with --input INPUT=FILE.npy");
        return false;
    }
    bool chosen = !p->is_image && (name || n_in == 0 || only_stimulus(p));
    if (!chosen) { /* the overrides are all there is */
        *out = (struct stimulus){.name = "input", .n_inputs = plan->input.n, .trials = 0};
        out->source = ARENA_ARRAY(&d->arena, struct stimulus_source, plan->input.n + 1);
        for (uint32_t i = 0; i < plan->input.n; i++) {
            out->source[i].channels = plan_stimulus_channels(&plan->input.data[i]);
        }
        if (n_in == 0) {
            struct diag *g = diag_add(&d->diags, E0802, NOWHERE, "`%s` needs a stimulus", p->path);
            diag_hint(&d->diags, g, "give one with --input INPUT=FILE.npy");
            return false;
        }
    } else {
        if (!p->net || !unit_stimulus(&p->unit, p->net, name, out)) {
            return false;
        }
    }
    for (uint32_t k = 0; k < n_in; k++) {
        int i = find_input(plan, in[k].input);
        if (i < 0) {
            struct diag *g = diag_add(&d->diags, E0201, NOWHERE, "network `%s` has no input `%s`",
                                      plan->network, in[k].input);
            if (plan->input.n > 0) {
                diag_hint(&d->diags, g, "its first input is `%s`", plan->input.data[0].name);
            }
            return false;
        }
        if (!override_input(d, plan, (uint32_t)i, &in[k], &out->source[i])) {
            return false;
        }
    }
    if (n_in > 0) { /* tables say anew how long it lasts; without one what was said stays */
        for (uint32_t i = 0; i < out->n_inputs; i++) {
            if (out->source[i].kind == STIM_TABLE || out->source[i].kind == STIM_EVENTS) {
                out->steps = 0;
                out->trials = 0;
            }
        }
    }
    return stimulus_settle(out, &d->diags, NOWHERE);
}

bool driver_mismatch(struct driver *d, struct plan *p, const char *spec)
{
    char *end;
    double x = strtod(spec, &end);
    end += strspn(end, " ");
    x = *end == '%' ? x / 100 : x;
    if (end == spec || (*end && strcmp(end, "%") != 0) || !(x >= 0 && x < 1)) {
        struct diag *g = diag_add(&d->diags, E0903, NOWHERE, "`%s` is no mismatch", spec);
        diag_hint(&d->diags, g, "for example --mismatch 5%%");
        return false;
    }
    p->has_mismatch = x > 0;
    for (uint32_t g = 0; g < p->group.n; g++) {
        const struct kernel *k = p->kernel.data[p->group.data[g].kernel];
        p->group.data[g].mismatch = ARENA_ARRAY(&d->arena, double, k->n_params + 1);
        for (uint32_t i = 0; i < k->n_params; i++) {
            bool varies = k->param[i].kind != K_PARAM_PLAIN;
            p->group.data[g].mismatch[i] = varies ? x : 0;
        }
    }
    return true;
}

static bool find_backend(struct driver *d, const char *name, struct backend *out)
{
    if (!name) {
#ifdef DYN_NO_LLVM
        name = "interp";
#else
        name = "jit";
#endif
    }
    if (strcmp(name, "interp") == 0) {
        backend_interp(out);
        return true;
    }
    if (strcmp(name, "jit") == 0) {
        return backend_jit(out, &d->diags);
    }
    struct diag *g = diag_add(&d->diags, E0903, NOWHERE, "there is no back end `%s`", name);
    diag_hint(&d->diags, g, "--backend is jit or interp");
    return false;
}

bool driver_backend(struct driver *d, const char *name, const char *cpu, struct backend *out)
{
    enum cpu_level level;
    if (!backend_cpu(cpu, &level, &d->diags) || !find_backend(d, name, out)) {
        return false;
    }
    out->cpu = level;
    return true;
}
