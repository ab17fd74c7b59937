#include "runtime/record_npz.h"

#include "runtime/event_input.h"

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
    const char *name = !spikes    ? p->kernel.data[g->kernel]->state[what.state]
                       : r->event ? "events"
                                  : "spikes";
    struct variable v = {.name = arena_printf(a, "%s.%s", g->name, name),
                         .dtype = !spikes    ? "<f4"
                                  : r->event ? EVENT_DTYPE
                                             : "|u1"};
    if (r->event && spikes) { /* the caller adds how many */
        v.shape.rank = 1;
        return v;
    }
    if (chips)
        push(&v.shape, r->chips);
    push(&v.shape, r->trials);
    if (!r->event)
        push(&v.shape, r->steps);
    push_all(&v.shape, &g->shape);
    return v;
}

static bool write_record(struct npz_writer *w, struct arena *a, const struct plan *p,
                         const struct run_result *r, uint32_t i, bool chips)
{
    const struct run_record what = r->record[i].what;
    struct variable v = variable_of(a, p, what, r, chips);
    size_t n = (size_t)r->chips * r->trials * p->group.data[what.group].n *
               (what.state < 0 ? sizeof(uint8_t) : sizeof(float));
    if (!r->event)
        n *= (size_t)r->steps;
    if (r->event && what.state < 0) {
        v.shape.extent[0] = r->record[i].n;
        n = (size_t)r->record[i].n * EVENT_BYTES;
    }
    return npz_member(w, v.name, v.dtype, v.shape.rank, v.shape.extent) &&
           npz_write(w, r->record[i].data, n);
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

/* ---- events ------------------------------------------------------------------------------------
 */

/* Goes through the events of an input, and writes them unless `w` is NULL. Returns how many. */
static uint64_t go_through(struct npz_writer *w, const struct event_stimulus *s,
                           const struct run_result *r, uint32_t input, struct diags *d)
{
    struct arena scratch = {0};
    struct event_reader *reader = event_reader_new(&scratch, s);
    const struct plan_shape shape = plan_stimulus_shape(&s->plan->input.data[input]);
    const struct event_extents map = event_extents(&shape);
    uint8_t record[EVENT_BYTES];
    uint64_t n = 0;
    for (uint32_t trial = 0; trial < r->trials; trial++) {
        struct event_in in;
        event_reader_begin(reader, trial);
        while (event_reader_some(reader, &in, 1) == 1) {
            const uint32_t place = in.channel % (map.height * map.width);
            if (in.input != input)
                continue;
            n++;
            event_record_put(record, trial, in.t, in.channel / (map.height * map.width),
                             place / map.width, place % map.width);
            if (w && !npz_write(w, record, sizeof record))
                break;
        }
    }
    if (event_reader_failed(reader))
        diag_add(d, E0901, (struct span){0}, "can't read %s: it has changed",
                 event_reader_failed(reader));
    event_reader_free(reader);
    arena_free(&scratch);
    return n;
}

static bool write_input_events(struct npz_writer *w, struct arena *a,
                               const struct event_stimulus *s, const struct run_result *r,
                               uint32_t input, struct diags *d)
{
    const uint64_t n = go_through(NULL, s, r, input, d);
    return npz_member(w, arena_printf(a, "input.%s", s->plan->input.data[input].name), EVENT_DTYPE,
                      1, &n) &&
           go_through(w, s, r, input, d) == n;
}

static bool write_events(struct npz_writer *w, const struct plan *p, const struct stimulus *s,
                         const struct run_result *r, struct diags *d)
{
    struct arena scratch = {0};
    struct event_stimulus all;
    bool ok = event_stimulus_make(&scratch, p, s, &all, d);
    for (uint32_t i = 0; ok && i < p->input.n; i++)
        ok = write_input_events(w, &scratch, &all, r, i, d);
    arena_free(&scratch);
    return ok;
}

/* ---- the file ----------------------------------------------------------------------------------
 */

/* What follows the recorded variables. */
static bool write_rest(struct npz_writer *w, const struct plan *p, const struct stimulus *s,
                       const struct run_result *r, struct diags *d)
{
    if (r->event)
        return write_events(w, p, s, r, d);
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
    if (f->plan->semantics == PLAN_EVENT) { /* lengths are known in the end */
        f->spool = spool_new((uint64_t)o->n_record * o->chips * o->trials,
                             file_is_regular(f->path) ? f->path : NULL, RUN_WINDOW);
        return true;
    }
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
    const uint64_t trials = (uint64_t)f->options->chips * f->options->trials;
    if (f->spool)
        return spool_put(f->spool, record * trials + trial, data, n);
    return npz_put(f->npz, record, trial, data, n);
}

static bool take(void *arg, const void *data, size_t n)
{
    return npz_write(arg, data, n);
}

static bool write_spooled(struct record_file *f, struct npz_writer *w, struct arena *a,
                          const struct run_result *r, uint32_t record)
{
    const uint64_t trials = (uint64_t)r->chips * r->trials, first = record * trials;
    struct variable v = variable_of(a, f->plan, f->options->record[record], r, f->chips);
    uint64_t bytes = 0;
    for (uint64_t t = 0; t < trials; t++)
        bytes += spool_length(f->spool, first + t);
    if (f->options->record[record].state < 0)
        v.shape.extent[0] = bytes / EVENT_BYTES;
    bool ok = npz_member(w, v.name, v.dtype, v.shape.rank, v.shape.extent);
    for (uint64_t t = 0; ok && t < trials; t++)
        ok = spool_read(f->spool, first + t, take, w);
    return ok;
}

/* A disk that is full, of the spool; the writer of the file has told of its own. */
static void tell_spool(struct record_file *f)
{
    const int error = spool_error(f->spool);
    if (error)
        diag_add(f->diags, E0902, (struct span){0}, "can't write %s: %s", f->path, strerror(error));
}

static bool close_spooled(struct record_file *f, const struct run_result *r)
{
    struct arena scratch = {0};
    struct npz_writer *w = r ? npz_create(f->path, f->diags) : NULL;
    bool ok = w != NULL;
    for (uint32_t i = 0; ok && i < f->options->n_record; i++)
        ok = write_spooled(f, w, &scratch, r, i);
    tell_spool(f);
    spool_free(f->spool);
    f->spool = NULL;
    arena_free(&scratch);
    return w && finish(w, ok && write_rest(w, f->plan, f->options->stimulus, r, f->diags));
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
    if (p->semantics == PLAN_EVENT || file_is_regular(path))
        o->sink = &f->sink;
}

bool record_file_close(struct record_file *f, const struct run_result *r)
{
    const struct stimulus *s = f->options->stimulus;
    if (f->spool)
        return close_spooled(f, r);
    if (!f->options->sink)
        return r && record_npz(f->path, f->plan, s, r, f->chips, f->diags);
    return f->npz && finish(f->npz, r && write_rest(f->npz, f->plan, s, r, f->diags));
}
