#include "runtime/event_file.h"
#include "runtime/event_stream.h"
#include "runtime/stimulus.h"

#include <math.h>

uint32_t stimulus_channels(const struct plan_shape *s)
{
    uint32_t channels = 1;
    for (uint32_t i = 0; i < s->rank; i++)
        channels *= s->extent[i];
    return channels;
}

bool stimulus_place(const struct plan_shape *s, double p, double y, double x, uint32_t *channel)
{
    const uint32_t r = s->rank;
    const uint32_t height = s->extent[r - 2], width = s->extent[r - 1],
                   features = stimulus_channels(s) / (height * width);
    if (!(p >= 0 && p < features && y >= 0 && y < height && x >= 0 && x < width) || p != floor(p) ||
        y != floor(y) || x != floor(x))
        return false;
    *channel = ((uint32_t)p * height + (uint32_t)y) * width + (uint32_t)x;
    return true;
}

/* Whether the records have what events have, and which fields that is. */
static bool find_fields(const struct npy *events, const struct plan_shape *shape,
                        struct event_fields *out)
{
    const struct npy_type *p = npy_field(events, "p"), *y = npy_field(events, "y"),
                          *x = npy_field(events, "x"), *c = npy_field(events, "channel");
    const bool places = x && y && shape->rank >= 2;
    *out = (struct event_fields){.t = npy_field(events, "t"), .channel = c};
    if (places) /* then `channel` is the feature, as in what a run records */
        *out = (struct event_fields){.t = out->t, .p = p ? p : c, .y = y, .x = x};
    return out->t && (places || c);
}

/* Offsets of trials from a field that says which trial an event belongs to; false: they don't
 * ascend, or there is no memory. */
static bool trials_of(struct arena *a, const struct npy *events, const struct npy_type *trial,
                      const uint64_t **offset, uint32_t *n_offsets)
{
    enum { MOST = 1 << 24 };
    const double last = events->count ? npy_get(events, trial, events->count - 1) : 0;
    if (!(last >= 0 && last < MOST))
        return false;
    const uint32_t n = (uint32_t)last + 1;
    uint64_t *out = arena_try(a, (size_t)n + 1, sizeof *out);
    uint32_t k = 0;
    for (uint64_t i = 0; out && i < events->count; i++) {
        const double t = npy_get(events, trial, i);
        if (!(t >= k && t <= last && t == floor(t)))
            return false;
        while (k < (uint32_t)t)
            out[++k] = i;
    }
    if (out)
        out[n] = events->count;
    *offset = out;
    *n_offsets = n + 1;
    return out != NULL;
}

/* ---- events that stay in their file ---- */

struct passage { /* through a file, once */
    struct arena *a;
    const struct event_stream *stream;
    const struct npy_type *trial; /* the field that says it; NULL: `row` is known */
    VEC(uint64_t) row;
    double dt, last; /* the latest step */
};

/* Whether all is as it must be. */
static bool pass(struct passage *x, struct event_window *w)
{
    double before = 0, trial = 0;
    uint32_t next = 0; /* of a known row */
    for (uint64_t i = 0; i < x->stream->records->count; i++) {
        double t, its = 0;
        uint32_t channel;
        if (!event_window_get(w, i, &t, &channel) ||
            (x->trial && !event_window_number(w, x->trial, i, &its)))
            return false;
        bool first = false;
        for (; !x->trial && next < x->row.n && x->row.data[next] == i; next++)
            first = true;
        if (x->trial) {
            enum { MOST = 1 << 24 };
            if (!(its >= trial && its < MOST && its == floor(its)))
                return false;
            first = i == 0 || its > trial;
            while (x->row.n <= (uint32_t)its)
                VEC_PUSH(x->a, &x->row, i);
            trial = its;
        }
        if (t < before && !first)
            return false;
        before = t;
        const double step = stimulus_step_of(t, x->dt);
        x->last = step > x->last ? step : x->last;
    }
    return true;
}

/* False: they must be looked at in memory, to be put in order or to be told what is wrong. */
static bool stream(struct arena *a, struct stimulus_source *out, const struct npy *events,
                   const uint64_t *offset, uint32_t n_offsets, const struct plan_shape *shape,
                   double dt, uint64_t steps)
{
    struct arena scratch = {0};
    struct event_stream *s = ARENA_NEW(a, struct event_stream);
    struct npy *records = ARENA_NEW(a, struct npy);
    *records = *events;
    records->path = arena_strdup(a, events->path);
    *s = (struct event_stream){.records = records, .shape = *shape};
    find_fields(records, shape, &s->fields);
    struct passage x = {.a = a, .stream = s, .dt = dt, .last = -1};
    x.trial = offset ? NULL : npy_field(events, "trial");
    for (uint32_t i = 0; i < n_offsets; i++)
        VEC_PUSH(a, &x.row, offset[i]);
    if (!offset && !x.trial)
        VEC_PUSH(a, &x.row, 0);
    struct event_window *w = event_window_open(&scratch, s);
    bool ok = w && pass(&x, w);
    event_window_close(w);
    arena_free(&scratch);
    if (!offset)
        VEC_PUSH(a, &x.row, events->count);
    ok = ok && x.row.n >= 2 && x.row.data[0] == 0 && x.row.data[x.row.n - 1] == events->count;
    for (uint32_t i = 1; ok && i < x.row.n; i++)
        ok = x.row.data[i] >= x.row.data[i - 1];
    *out = (struct stimulus_source){.kind = STIM_EVENTS,
                                    .channels = stimulus_channels(shape),
                                    .trials = x.row.n - 1,
                                    .steps = steps ? steps : (uint64_t)(x.last + 1),
                                    .row = x.row.data,
                                    .stream = s};
    return ok && x.last < (double)out->steps;
}

/* What is wrong with the place of an event. */
static void tell_place(const struct npy *events, const struct event_fields *f, uint64_t i,
                       struct diags *d, const char *what, struct span at)
{
    const struct npy_type *field[] = {f->channel, f->p, f->y, f->x};
    for (size_t k = 0; k < sizeof field / sizeof *field; k++) {
        const double v = field[k] ? npy_get(events, field[k], i) : 0;
        if (v != floor(v)) {
            diag_add(d, E0801, at, "event %llu of `%s` has %s %g, which isn't a whole number",
                     (unsigned long long)i, what, field[k]->name, v);
            return;
        }
    }
    diag_add(d, E0801, at, "event %llu of `%s` lies outside of the input", (unsigned long long)i,
             what);
}

bool stimulus_event_records(struct arena *a, struct stimulus_source *out, const struct npy *events,
                            const uint64_t *offset, uint32_t n_offsets,
                            const struct plan_shape *shape, double dt, uint64_t steps,
                            struct diags *d, const char *what, struct span at)
{
    struct event_fields f;
    struct stimulus_list l;
    const uint32_t channels = stimulus_channels(shape);
    if (!find_fields(events, shape, &f)) {
        struct diag *g = diag_add(d, E0801, at, "the records of `%s` aren't events", what);
        diag_hint(d, g,
                  "events have fields t (microseconds) and channel, or t, x, y and p for an "
                  "input with height and width");
        return false;
    }
    if (!events->data && events->path) {
        if (dt <= STIMULUS_EVENT_STEP &&
            stream(a, out, events, offset, n_offsets, shape, dt, steps))
            return true;
        struct arena bytes = {0};
        struct npy whole = *events;
        const bool ok = event_file_whole(&bytes, &whole, d, at) &&
                        stimulus_event_records(a, out, &whole, offset, n_offsets, shape, dt, steps,
                                               d, what, at);
        arena_free(&bytes);
        return ok;
    }
    const struct npy_type *trial = npy_field(events, "trial");
    if (trial && !offset && !trials_of(a, events, trial, &offset, &n_offsets)) {
        diag_add(d, E0801, at,
                 "the trials of the events of `%s` don't ascend from 0 in whole numbers", what);
        return false;
    }
    if (!stimulus_list_new(a, events->count, &l)) {
        diag_add(d, E0308, at, "no memory for the %llu events of `%s`",
                 (unsigned long long)events->count, what);
        return false;
    }
    for (uint64_t i = 0; i < events->count; i++) {
        if (!event_of_record(events, &f, shape, i, &l.time[i], &l.channel[i])) {
            tell_place(events, &f, i, d, what, at);
            return false;
        }
    }
    return stimulus_take(a, out, &l, offset, n_offsets, channels, dt, steps, d, what, at);
}

uint32_t stimulus_raster_extents(uint32_t rank, const uint64_t *extent,
                                 const struct plan_shape *own, uint64_t *out)
{
    uint32_t k = own->rank;
    bool shaped = k > 1 && rank > k;
    for (uint32_t i = 0; shaped && i < k; i++)
        shaped = extent[rank - k + i] == own->extent[i];
    uint32_t lead = shaped ? rank - k : rank;
    memcpy(out, extent, lead * sizeof *out);
    if (!shaped)
        return rank;
    out[lead] = 1;
    for (uint32_t i = 0; i < k; i++)
        out[lead] *= own->extent[i];
    return lead + 1;
}

/* Steps and trials of a source that has its own. */
static bool settle_source(struct stimulus *s, const struct stimulus_source *x, bool longest,
                          struct diags *d, struct span at)
{
    if (s->steps == 0 || (longest && x->steps > s->steps))
        s->steps = x->steps;
    if (s->trials <= 1)
        s->trials = x->trials;
    if (x->kind == STIM_TABLE ? x->steps != s->steps : x->steps > s->steps) {
        diag_add(d, E0801, at, "one input lasts %llu steps, another %llu",
                 (unsigned long long)s->steps, (unsigned long long)x->steps);
        return false;
    }
    if (x->trials != s->trials && x->trials > 1) {
        diag_add(d, E0801, at, "one input has %u trials, another %u", s->trials, x->trials);
        return false;
    }
    return true;
}

bool stimulus_settle(struct stimulus *s, struct diags *d, struct span at)
{
    for (uint32_t i = 0; i < s->n_inputs; i++)
        if (s->source[i].kind == STIM_TABLE && !settle_source(s, &s->source[i], false, d, at))
            return false;
    const bool longest = s->steps == 0;
    for (uint32_t i = 0; i < s->n_inputs; i++)
        if (s->source[i].kind == STIM_EVENTS && !settle_source(s, &s->source[i], longest, d, at))
            return false;
    s->trials = s->trials ? s->trials : 1;
    if (s->steps == 0) {
        diag_add(d, E0801, at, "nothing says how long the stimulus lasts");
        return false;
    }
    return true;
}
