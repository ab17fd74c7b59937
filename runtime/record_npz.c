#include "runtime/record_npz.h"

struct shape {
    uint32_t rank;
    uint64_t extent[NPY_MAX_RANK];
};

static void push(struct shape *s, uint64_t extent)
{
    s->extent[s->rank++] = extent;
}

static void push_all(struct shape *s, const struct plan_shape *more)
{
    for (uint32_t i = 0; i < more->rank; i++)
        push(s, more->extent[i]);
}

/* ---- recorded variables ------------------------------------------------------------------------
 */

struct variable {
    const char *name, *dtype;
    struct shape shape;
};

static struct variable variable_of(struct arena *a, const struct plan *p, struct run_record what,
                                   const struct run_result *r, bool chips)
{
    const struct plan_group *g = &p->group.data[what.group];
    const bool spikes = what.state < 0;
    const char *name = spikes ? "spikes" : p->kernel.data[g->kernel]->state[what.state];
    struct variable v = {.name = arena_printf(a, "%s.%s", g->name, name),
                         .dtype = spikes ? "|u1" : "<f4"};
    if (chips)
        push(&v.shape, r->chips);
    push(&v.shape, r->trials);
    push(&v.shape, r->steps);
    push_all(&v.shape, &g->shape);
    return v;
}

static bool write_record(struct npz_writer *w, struct arena *a, const struct plan *p,
                         const struct run_result *r, uint32_t i, bool chips)
{
    const struct run_record what = r->record[i].what;
    const struct variable v = variable_of(a, p, what, r, chips);
    const size_t n = (size_t)r->chips * r->trials * (size_t)r->steps * p->group.data[what.group].n;
    return npz_member(w, v.name, v.dtype, v.shape.rank, v.shape.extent) &&
           npz_write(w, r->record[i].data, n * (what.state < 0 ? sizeof(uint8_t) : sizeof(float)));
}

/* ---- stimuli -----------------------------------------------------------------------------------
 */

static uint32_t largest_count(const struct stimulus_player *s, const struct run_result *r,
                              uint32_t input, struct stimulus_event *event)
{
    uint32_t most = 0;
    for (uint32_t t = 0; t < r->trials; t++) {
        for (uint64_t step = 0; step < r->steps; step++) {
            uint32_t n = stimulus_at(s, input, t, step, event);
            for (uint32_t i = 0; i < n; i++)
                most = event[i].count > most ? event[i].count : most;
        }
    }
    return most;
}

/* One step's counts as `size`-byte little-endian numbers. */
static void fill_row(uint8_t *row, size_t size, const struct stimulus_event *event, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        for (size_t byte = 0; byte < size; byte++)
            row[event[i].channel * size + byte] = (uint8_t)(event[i].count >> (8 * byte));
    }
}

static bool write_input(struct npz_writer *w, struct arena *a, const struct plan *p,
                        const struct stimulus_player *s, const struct run_result *r, uint32_t input)
{
    const struct plan_input *in = &p->input.data[input];
    const struct plan_shape own = plan_stimulus_shape(in);
    const uint32_t channels = plan_stimulus_channels(in);
    struct stimulus_event *event = ARENA_ARRAY(a, struct stimulus_event, channels);
    const uint32_t most = largest_count(s, r, input, event);
    const size_t size = most <= UINT8_MAX ? 1 : most <= UINT16_MAX ? 2 : 4;
    struct shape shape = {0};
    push(&shape, r->trials);
    push(&shape, r->steps);
    push_all(&shape, &own);
    bool ok = npz_member(w, arena_printf(a, "input.%s", in->name),
                         size == 1   ? "|u1"
                         : size == 2 ? "<u2"
                                     : "<u4",
                         shape.rank, shape.extent);
    uint8_t *row = ARENA_ARRAY(a, uint8_t, channels * size);
    for (uint32_t t = 0; ok && t < r->trials; t++) {
        for (uint64_t step = 0; ok && step < r->steps; step++) {
            memset(row, 0, channels * size);
            fill_row(row, size, event, stimulus_at(s, input, t, step, event));
            ok = npz_write(w, row, channels * size);
        }
    }
    return ok;
}

/* ---- the file ----------------------------------------------------------------------------------
 */

/* What follows the recorded variables. */
static bool write_rest(struct npz_writer *w, const struct plan *p, const struct stimulus *s,
                       const struct run_result *r, struct diags *d)
{
    struct arena scratch = {0};
    struct stimulus_player player;
    bool ok = stimulus_play(&scratch, s, p->dt, &player, d);
    for (uint32_t i = 0; ok && i < p->input.n; i++)
        ok = write_input(w, &scratch, p, &player, r, i);
    arena_free(&scratch);
    return ok && npz_member(w, "dt", "<f8", 0, NULL) && npz_write(w, &r->dt, sizeof r->dt);
}

static bool finish(struct npz_writer *w, bool ok)
{
    if (ok)
        return npz_close(w);
    npz_abort(w);
    return false;
}

bool record_npz(const char *path, const struct plan *p, const struct stimulus *s,
                const struct run_result *r, bool chips, struct diags *d)
{
    struct arena scratch = {0};
    struct npz_writer *w = npz_create(path, d);
    bool ok = w != NULL;
    for (uint32_t i = 0; ok && i < r->n_record; i++)
        ok = write_record(w, &scratch, p, r, i, chips);
    arena_free(&scratch);
    return w && finish(w, ok && write_rest(w, p, s, r, d));
}

/* ---- while the run goes on ---------------------------------------------------------------------
 */

static bool begin(void *arg)
{
    struct record_file *f = arg;
    const struct run_options *o = f->options;
    const struct run_result r = {
        .chips = o->chips, .trials = o->trials, .steps = o->stimulus->steps};
    struct arena scratch = {0};
    f->npz = npz_create(f->path, f->diags);
    bool ok = f->npz != NULL;
    for (uint32_t i = 0; ok && i < o->n_record; i++) {
        const struct variable v = variable_of(&scratch, f->plan, o->record[i], &r, f->chips);
        ok = npz_place(f->npz, v.name, v.dtype, v.shape.rank, v.shape.extent,
                       (uint64_t)r.chips * r.trials);
    }
    arena_free(&scratch);
    return ok;
}

static bool put(void *arg, uint32_t record, uint64_t trial, const void *data, size_t n)
{
    const struct record_file *f = arg;
    return npz_put(f->npz, record, trial, data, n);
}

void record_file_open(struct record_file *f, const char *path, const struct plan *p,
                      struct run_options *o, bool chips, struct diags *d)
{
    *f = (struct record_file){.path = path,
                              .plan = p,
                              .options = o,
                              .chips = chips,
                              .diags = d,
                              .sink = {.begin = begin, .put = put, .arg = f}};
    if (file_is_regular(path))
        o->sink = &f->sink;
}

bool record_file_close(struct record_file *f, const struct run_result *r)
{
    const struct stimulus *s = f->options->stimulus;
    if (!f->options->sink)
        return r && record_npz(f->path, f->plan, s, r, f->chips, f->diags);
    return f->npz && finish(f->npz, r && write_rest(f->npz, f->plan, s, r, f->diags));
}
