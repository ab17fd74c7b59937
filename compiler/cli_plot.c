/* dyn plot: what `dyn run -o` wrote, as a picture. Of several trials or chips, the first. */
#include "compiler/cli.h"
#include "compiler/plot.h"
#include "runtime/base/npy.h"

static const double LONGEST = 1e12; /* seconds of a run that can be drawn */

struct run_file {
    struct cli *c;
    const char *path;
    struct bytes bytes;
    const char **name; /* of its arrays */
    uint32_t n;
    double dt;      /* 0: the file has none */
    uint64_t steps; /* of the inputs; 0: none is there to tell */
    bool ok;
    struct plot plot;
    VEC(struct plot_panel) panel;
};

static bool ends_with(const char *s, const char *end)
{
    const size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

static bool is_input(const char *name)
{
    return strncmp(name, "input.", 6) == 0;
}

static bool read_array(struct run_file *f, const char *name, struct npy *out)
{
    struct driver *d = &f->c->driver;
    return npz_parse(&d->arena, f->bytes, name, out, &d->diags, f->path, (struct span){0});
}

static struct plot_panel *add_panel(struct run_file *f, const char *name, uint64_t rows)
{
    VEC_PUSH(&f->c->driver.arena, &f->panel,
             ((struct plot_panel){.name = name, .rows = (uint32_t)rows}));
    return &f->panel.data[f->panel.n - 1];
}

static void lasts(struct run_file *f, double seconds)
{
    f->plot.duration = seconds > f->plot.duration ? seconds : f->plot.duration;
}

static bool complain(struct run_file *f, const char *name, const char *why)
{
    f->ok = false;
    diag_add(&f->c->driver.diags, E0502, (struct span){0}, "%s:%s %s", f->path, name, why);
    return false;
}

/* ---- events of an event-driven run ---- */

static void add_events(struct run_file *f, const char *name, const struct npy *x)
{
    static const char *const fields[] = {"trial", "t", "channel", "y", "x"};
    const struct npy_type *field[5];
    for (int i = 0; i < 5; i++) {
        field[i] = npy_field(x, fields[i]);
        if (!field[i]) {
            complain(f, name, "isn't a recorded variable");
            return;
        }
    }
    double extent[5] = {0};
    for (uint64_t i = 0; i < x->count; i++) {
        for (int k = 2; k < 5; k++) {
            const double v = npy_get(x, field[k], i) + 1;
            extent[k] = v > extent[k] ? v : extent[k];
        }
    }
    const double rows = extent[2] * extent[3] * extent[4];
    if (!(rows <= UINT32_MAX)) {
        complain(f, name, "has places that no map has");
        return;
    }
    struct plot_panel *p = add_panel(f, name, rows > 0 ? (uint64_t)rows : 1);
    struct plot_event *event = ARENA_ARRAY(&f->c->driver.arena, struct plot_event, x->count);
    for (uint64_t i = 0; i < x->count; i++) {
        if (npy_get(x, field[0], i) != 0)
            continue;
        const double place =
            (npy_get(x, field[2], i) * extent[3] + npy_get(x, field[3], i)) * extent[4] +
            npy_get(x, field[4], i);
        const double t = npy_get(x, field[1], i) * 1e-6;
        if (!(place >= 0 && place < p->rows && t >= 0 && t < LONGEST))
            continue; /* no event that a run has recorded */
        event[p->n_events++] = (struct plot_event){t, (uint32_t)place};
        lasts(f, t + 1e-6);
    }
    p->event = event;
}

/* ---- steps ---- */

/* Where the steps are: [trials, steps, ...], or [chips, trials, steps, ...], which only an input,
 * that never has chips, can tell. */
static uint32_t step_axis(const struct run_file *f, const struct npy *x)
{
    return f->steps && x->extent[1] != f->steps && x->rank > 3 && x->extent[2] == f->steps ? 2 : 1;
}

static void fill_raster(struct run_file *f, struct plot_panel *p, const struct npy *x,
                        uint64_t steps)
{
    struct plot_event *event;
    for (int pass = 0; pass < 2; pass++) { /* count, then fill in */
        event = pass ? ARENA_ARRAY(&f->c->driver.arena, struct plot_event, p->n_events) : NULL;
        p->n_events = 0;
        for (uint64_t i = 0; i < steps * p->rows; i++) {
            if (npy_get(x, &x->type, i) == 0)
                continue;
            if (pass)
                event[p->n_events] = (struct plot_event){((double)(i / p->rows) + 0.5) * f->dt,
                                                         (uint32_t)(i % p->rows)};
            p->n_events++;
        }
    }
    p->event = event;
}

static void fill_traces(struct run_file *f, struct plot_panel *p, const struct npy *x,
                        uint64_t steps)
{
    double *value = ARENA_ARRAY(&f->c->driver.arena, double, steps * p->rows);
    for (uint64_t i = 0; i < steps * p->rows; i++)
        value[i] = npy_get(x, &x->type, i);
    p->traces = true;
    p->value = value;
    p->steps = steps;
}

static void add_steps(struct run_file *f, const char *name, const struct npy *x)
{
    if (f->dt == 0 || x->n_fields || x->rank < 3) {
        complain(f, name, "isn't a recorded variable");
        return;
    }
    const uint32_t axis = step_axis(f, x);
    const uint64_t steps = x->extent[axis];
    uint64_t rows = 1;
    for (uint32_t i = axis + 1; i < x->rank; i++)
        rows *= x->extent[i];
    if (x->count == 0 || rows > UINT32_MAX || !((double)steps * f->dt < LONGEST)) {
        complain(f, name, "has nothing that could be drawn");
        return;
    }
    struct plot_panel *p = add_panel(f, name, rows);
    lasts(f, (double)steps * f->dt);
    if (is_input(name) || ends_with(name, ".spikes"))
        fill_raster(f, p, x, steps);
    else
        fill_traces(f, p, x, steps);
}

static void add_array(struct run_file *f, const char *name)
{
    struct npy x;
    if (!read_array(f, name, &x))
        f->ok = false;
    else if (x.n_fields)
        add_events(f, name, &x);
    else
        add_steps(f, name, &x);
}

/* ---- which ---- */

static void read_steps(struct run_file *f)
{
    struct npy x;
    for (uint32_t i = 0; i < f->n; i++) {
        if (strcmp(f->name[i], "dt") == 0 && read_array(f, "dt", &x) && x.count == 1)
            f->dt = npy_get(&x, &x.type, 0);
        if (is_input(f->name[i]) && f->steps == 0 && read_array(f, f->name[i], &x) && x.rank > 1 &&
            !x.n_fields)
            f->steps = x.extent[1];
    }
    f->dt = f->dt > 0 && f->dt < LONGEST ? f->dt : 0;
}

/* What the inputs bring, what fires, then states. */
static void add_all(struct run_file *f)
{
    for (int kind = 0; kind < 3; kind++) {
        for (uint32_t i = 0; i < f->n; i++) {
            const char *name = f->name[i];
            const int own = is_input(name)                                             ? 0
                            : ends_with(name, ".spikes") || ends_with(name, ".events") ? 1
                                                                                       : 2;
            if (own == kind && strcmp(name, "dt") != 0)
                add_array(f, name);
        }
    }
}

static void add_named(struct run_file *f, const char *list)
{
    while (*list) {
        const size_t n = strcspn(list, ",");
        add_array(f, arena_strndup(&f->c->driver.arena, list, n));
        list += n + (list[n] == ',');
    }
}

static bool draw(struct cli *c, const struct plot *p)
{
    struct buf out = {0};
    plot_svg(&out, p);
    bool ok = c->value[OPT_OUTPUT]
                  ? file_write(c->value[OPT_OUTPUT], out.data, out.n, &c->driver.diags)
                  : cli_print(c, &out);
    buf_free(&out);
    return ok;
}

int cli_plot(struct cli *c)
{
    struct driver *d = &c->driver;
    struct run_file f = {.c = c, .path = c->file[0], .ok = true};
    if (file_read(&d->arena, f.path, &f.bytes, &d->diags, E0901, (struct span){0}) &&
        npz_members(&d->arena, f.bytes, &f.name, &f.n, &d->diags, f.path, (struct span){0})) {
        read_steps(&f);
        if (c->value[OPT_RECORD])
            add_named(&f, c->value[OPT_RECORD]);
        else
            add_all(&f);
        f.plot.panel = f.panel.data;
        f.plot.n_panels = f.panel.n;
        if (f.ok && !(f.plot.duration > 0))
            complain(&f, "", "holds nothing of a run");
        if (f.ok)
            draw(c, &f.plot);
    }
    cli_flush(c, NULL);
    return diags_exit_status(&d->diags);
}
