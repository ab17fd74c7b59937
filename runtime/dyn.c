#include "runtime/context.h"
#include "runtime/record_npz.h"
#include "runtime/record_spec.h"
#include "targets/target.h"

#include <math.h>
#include <stdlib.h>

static const struct span NOWHERE = {0, 0, 0};

const char *dyn_version(void)
{
    return DYN_VERSION;
}

dyn_context *dyn_new(void)
{
    return calloc(1, sizeof(struct dyn_context));
}

void dyn_free(dyn_context *c)
{
    if (c) {
        arena_free(&c->arena);
        diags_free(&c->diags);
        free(c);
    }
}

/* ---- messages ---- */

void context_take(struct dyn_context *c, struct diags *from,
                  void (*place)(void *arg, struct span at, dyn_message *out), void *arg)
{
    uint32_t first = from == &c->diags ? c->n_taken : 0;
    for (uint32_t i = first; i < from->list.n; i++) {
        const struct diag *g = from->list.data[i];
        dyn_message m = {.code = diag_code_text(g->code),
                         .is_error = g->severity == DIAG_ERROR,
                         .message = arena_strdup(&c->arena, g->message),
                         .hint = g->hint ? arena_strdup(&c->arena, g->hint) : NULL,
                         .begin = g->span.begin,
                         .end = g->span.end};
        if (place && g->span.file) {
            place(arg, g->span, &m);
        }
        VEC_PUSH(&c->arena, &c->message, m);
    }
    if (from == &c->diags) {
        c->n_taken = from->list.n;
    }
    int status = diags_exit_status(from);
    c->status = c->status ? c->status : status;
}

size_t dyn_message_count(const dyn_context *c)
{
    return c->message.n;
}

int dyn_message_get(const dyn_context *c, size_t i, dyn_message *out)
{
    if (i >= c->message.n) {
        return 0;
    }
    *out = c->message.data[i];
    return 1;
}

int dyn_status(const dyn_context *c)
{
    return c->status;
}

void dyn_clear(dyn_context *c)
{
    arena_free(&c->arena);
    diags_free(&c->diags);
    *c = (struct dyn_context){0};
}

/* ---- images ---- */

static dyn_image *image_of(dyn_context *c, const char *what, const char *path, const void *data,
                           size_t size)
{
    struct dyn_image *im = calloc(1, sizeof *im);
    if (!im) {
        return NULL;
    }
    bool ok = true;
    if (path) {
        ok = file_read(&im->arena, path, &im->bytes, &c->diags, E0901, NOWHERE);
    } else {
        uint8_t *copy = arena_try(&im->arena, size ? size : 1, 1);
        ok = copy != NULL;
        if (ok) {
            memcpy(copy, data, size);
            im->bytes = (struct bytes){copy, size};
        }
    }
    ok = ok && image_open(&im->arena, im->bytes, &im->image, &c->diags, what) &&
         target_emulate(&im->arena, &im->image, &im->plan, &im->found, &c->diags, what);
    context_take(c, &c->diags, NULL, NULL);
    if (!ok) {
        dyn_image_free(im);
        return NULL;
    }
    return im;
}

dyn_image *dyn_image_open(dyn_context *c, const char *path)
{
    return image_of(c, path, path, NULL, 0);
}

dyn_image *dyn_image_parse(dyn_context *c, const void *data, size_t size)
{
    return image_of(c, "the image", NULL, data, size);
}

void dyn_image_free(dyn_image *im)
{
    if (im) {
        arena_free(&im->arena);
        free(im);
    }
}

const char *dyn_image_target(const dyn_image *im)
{
    return im->image.target;
}

const char *dyn_image_network(const dyn_image *im)
{
    return im->plan.network;
}

const void *dyn_image_bytes(const dyn_image *im, size_t *size)
{
    *size = im->bytes.n;
    return im->bytes.data;
}

const char *dyn_image_input(const dyn_image *im, size_t i, uint32_t *channels)
{
    if (i >= im->plan.input.n) {
        return NULL;
    }
    *channels = plan_stimulus_channels(&im->plan.input.data[i]);
    return im->plan.input.data[i].name;
}

const char *dyn_image_layer(const dyn_image *im, size_t i, uint32_t *neurons)
{
    if (i >= im->plan.group.n) {
        return NULL;
    }
    *neurons = im->plan.group.data[i].n;
    return im->plan.group.data[i].name;
}

/* ---- running ---- */

static bool take_input(struct dyn_context *c, struct dyn_result *r, const dyn_input *in)
{
    const struct plan *p = &r->plan;
    for (uint32_t i = 0; i < p->input.n; i++) {
        if (strcmp(p->input.data[i].name, in->name) != 0) {
            continue;
        }
        if (!in->counts) {
            return context_take_events(c, r, i, in);
        }
        uint32_t channels = plan_stimulus_channels(&p->input.data[i]);
        uint64_t extent[3] = {in->trials, in->steps, channels};
        return stimulus_raster(&r->arena, &r->stimulus.source[i],
                               (struct stimulus_counts){.u8 = in->counts}, 3, extent, channels,
                               &c->diags, in->name, NOWHERE);
    }
    diag_add(&c->diags, E0201, NOWHERE, "network `%s` has no input `%s`", p->network, in->name);
    return false;
}

static bool take_inputs(struct dyn_context *c, struct dyn_result *r, const dyn_run_options *o)
{
    const struct plan *p = &r->plan;
    struct stimulus *s = &r->stimulus;
    s->name = "input";
    s->n_inputs = p->input.n;
    s->source = ARENA_ARRAY(&r->arena, struct stimulus_source, p->input.n + 1);
    s->one_per_step = o->one_per_step != 0;
    for (uint32_t i = 0; i < p->input.n; i++) {
        s->source[i].channels = plan_stimulus_channels(&p->input.data[i]);
    }
    for (size_t i = 0; i < o->n_input; i++) {
        if (!take_input(c, r, &o->input[i])) {
            return false;
        }
    }
    return stimulus_settle(s, &c->diags, NOWHERE);
}

static bool find_backend(struct dyn_context *c, const char *name, struct backend *out)
{
    if (name && strcmp(name, "jit") == 0) {
        return backend_jit(out, &c->diags);
    }
    if (name && strcmp(name, "interp") != 0) {
        diag_add(&c->diags, E0903, NOWHERE, "there is no back end `%s`", name);
        return false;
    }
    struct diags quiet = {0};
    if (name || !backend_jit(out, &quiet)) {
        backend_interp(out);
    }
    diags_free(&quiet);
    return true;
}

static bool open_backend(struct dyn_context *c, const dyn_run_options *o, struct backend *out)
{
    enum cpu_level cpu;
    if (!backend_cpu(o->cpu, &cpu, &c->diags) || !find_backend(c, o->backend, out)) {
        return false;
    }
    out->cpu = cpu;
    out->cache = !o->no_cache;
    return true;
}

/* The image's plan as this run goes. */
static bool take_plan(struct dyn_context *c, struct dyn_result *r, const dyn_image *im,
                      const dyn_run_options *o)
{
    struct plan *p = &r->plan;
    *p = im->plan;
    if (o->dt != 0 && (!(o->dt > 0) || isinf(o->dt))) {
        diag_add(&c->diags, E0903, NOWHERE, "%g is no time step", o->dt);
        return false;
    }
    if (o->dt > 0 && p->dt > 0 && p->dt != o->dt) {
        diag_add(&c->diags, E0903, NOWHERE, "network `%s` has a time step of its own, %g s",
                 p->network, p->dt);
        return false;
    }
    p->dt = o->dt > 0 ? o->dt : p->dt;
    if (!o->semantics) {
        return true;
    }
    if (strcmp(o->semantics, "event") != 0 && strcmp(o->semantics, "clocked") != 0) {
        diag_add(&c->diags, E0903, NOWHERE, "there are no semantics `%s`", o->semantics);
        return false;
    }
    p->semantics = strcmp(o->semantics, "event") == 0 ? PLAN_EVENT : PLAN_CLOCKED;
    return plan_can_run(p, p->semantics, &c->diags);
}

/* Into the file `output`, or NULL: into the result. */
static bool run_recorded(struct dyn_context *c, struct dyn_result *r, struct run_options *o,
                         const char *output)
{
    const struct plan *p = &r->plan;
    struct record_file file;
    if (output)
        record_file_open(&file, output, p, o, r->chips_given, &c->diags);
    bool ok = run_plan(&r->arena, p, o, &r->run, &c->diags);
    if (output) {
        ok = record_file_close(&file, ok ? &r->run : NULL);
        r->run.n_record = 0;
    }
    return ok;
}

dyn_result *dyn_run(dyn_context *c, const dyn_image *im, const dyn_run_options *o)
{
    struct dyn_result *r = calloc(1, sizeof *r);
    if (!r) {
        return NULL;
    }
    r->chips_given = o->chips > 0;
    struct run_record *record;
    struct backend backend;
    struct run_options run = {.stimulus = &r->stimulus,
                              .chips = o->chips ? o->chips : 1,
                              .jobs = o->jobs,
                              .backend = &backend};
    bool ok = take_plan(c, r, im, o) && take_inputs(c, r, o) &&
              record_spec(&r->arena, &r->plan, o->record, &record, &run.n_record, &c->diags) &&
              open_backend(c, o, &backend);
    if (ok) {
        run.trials = o->trials ? o->trials : r->stimulus.trials;
        run.record = record;
        ok = run_recorded(c, r, &run, o->output) && context_give_events(c, r);
        backend.release(&backend);
    }
    if (ok) {
        findings_tell(&im->found, &r->plan, &r->stimulus, &r->run, false, &c->diags);
    }
    context_take(c, &c->diags, NULL, NULL);
    if (!ok) {
        dyn_result_free(r);
        return NULL;
    }
    return r;
}

void dyn_result_free(dyn_result *r)
{
    if (r) {
        arena_free(&r->arena);
        free(r);
    }
}

const uint64_t *dyn_result_counts(const dyn_result *r, const char *layer, uint32_t *neurons)
{
    const struct plan *p = &r->plan;
    for (uint32_t g = 0; g < p->group.n; g++) {
        if (strcmp(p->group.data[g].name, layer) == 0) {
            *neurons = p->group.data[g].n;
            return r->run.count[g];
        }
    }
    return NULL;
}

/* "LAYER.VARIABLE" */
static bool is_called(const struct plan *p, struct run_record what, const char *name)
{
    const struct plan_group *g = &p->group.data[what.group];
    const char *var = what.state < 0 ? "spikes" : p->kernel.data[g->kernel]->state[what.state];
    size_t n = strlen(g->name);
    return strncmp(name, g->name, n) == 0 && name[n] == '.' && strcmp(name + n + 1, var) == 0;
}

int dyn_result_data(const dyn_result *r, const char *variable, dyn_data *out)
{
    const struct plan *p = &r->plan;
    for (uint32_t i = 0; i < r->run.n_record; i++) {
        struct run_record what = r->run.record[i].what;
        if (!is_called(p, what, variable)) {
            continue;
        }
        *out = (dyn_data){.chips = r->run.chips,
                          .trials = r->run.trials,
                          .neurons = p->group.data[what.group].n,
                          .steps = r->run.event ? 1 : r->run.steps};
        if (what.state < 0 && r->run.event) {
            out->events = r->events[i];
            out->n_events = r->run.record[i].n;
        } else if (what.state < 0) {
            out->spikes = r->run.record[i].data;
        } else {
            out->values = r->run.record[i].data;
        }
        return 1;
    }
    return 0;
}

int dyn_result_save(dyn_context *c, const dyn_result *r, const char *path)
{
    bool ok = record_npz(path, &r->plan, &r->stimulus, &r->run, r->chips_given, &c->diags);
    context_take(c, &c->diags, NULL, NULL);
    return ok;
}
