#include "compiler/stimuli.h"
#include "runtime/plan.h"
#include <math.h>

/* ---- sources ---- */

struct source_call {
    struct making *m;
    const struct net_input *input;
    struct net_shape shape;      /* of what the source gives: a sensor's own */
    uint32_t n;                  /* channels */
    const struct ast_expr *call; /* raster(...), or the name `silence` */
    const struct ast_expr *seed; /* NULL: none */
    const struct ast_expr *arg;  /* the argument */
    const struct ast_expr *offsets;
    struct span at;
    struct stimulus_source *out;
};

/* A file's name where its array is wanted. */
static void hint_load(const struct source_call *c, struct diag *g, const struct value *v)
{
    struct diags *d = c->m->el->u->diags;
    if (v->kind != V_STRING)
        return;
    const char *file = text_of(c->m->el, c->arg->span);
    diag_hint(d, g, "a file's array is `load(%s)`", file);
    diag_edit(d, g, c->arg->span, "load(%s)", file);
}

static bool source_raster(const struct source_call *c)
{
    struct making *m = c->m;
    struct diags *d = m->el->u->diags;
    struct value v = eval_known(&m->env, c->arg);
    if (v.kind == V_POISON)
        return false;
    if (m->timeless) {
        struct diag *g =
            diag_add(d, E0401, c->call->span, "a raster has time steps, and network `%s` has none",
                     m->net->name);
        diag_hint(d, g, "give it one: `dt = 1 ms;`, or `--dt 1ms`");
        return false;
    }
    if (!v.array) {
        struct diag *g =
            diag_add(d, E0302, c->arg->span,
                     "`raster` takes counts [steps, channels] or [trials, steps, channels], not %s",
                     shape_string(m->el, &v));
        hint_load(c, g, &v);
        return false;
    }
    if (v.kind == V_NUMBER && !check_dim(&m->env, &v, DIM_ONE, "a count", c->arg))
        return false;
    uint64_t given[VALUE_MAX_RANK], extent[VALUE_MAX_RANK + 1];
    struct plan_shape own = {c->shape.rank, {0}};
    memcpy(own.extent, c->shape.extent, sizeof own.extent);
    for (uint32_t i = 0; i < v.array->shape.rank; i++)
        given[i] = v.array->shape.extent[i];
    uint32_t rank = stimulus_raster_extents(v.array->shape.rank, given, &own, extent);
    struct stimulus_counts counts = {0};
    if (v.array->file)
        counts.u8 = npy_bytes(&v.array->file->npy);
    else
        counts.f64 = v.array->v;
    const char *what = quote(m->el, c->arg->span, "the raster");
    const struct span at = c->arg->span;
    const uint32_t channels = c->n;
    const bool good =
        m->purpose == TO_BUILD
            ? stimulus_raster(m->el->u->arena, c->out, counts, rank, extent, channels, d, what, at)
            : stimulus_raster_check(c->out, counts, rank, extent, channels, d, what, at);
    return good && agree_steps(m, c->out->steps, c->at) && agree_trials(m, c->out->trials, c->at);
}

static bool source_silence(const struct source_call *c)
{
    c->out->kind = STIM_SILENCE;
    return true;
}

/* A rate for all channels or for each. */
static bool rates(const struct source_call *c)
{
    struct making *m = c->m;
    struct diags *d = m->el->u->diags;
    struct shape s = {.rank = c->shape.rank}, flat = {1, {c->n}};
    memcpy(s.extent, c->shape.extent, s.rank * sizeof *s.extent);
    struct value v = eval_shaped(&m->env, c->arg, &s);
    if (!check_dim(&m->env, &v, (struct dim){.e[DIM_S] = -2}, "a rate", c->arg))
        return false;
    struct shape own = value_shape(&v);
    if (v.array && !shape_eq(&own, &s) && !shape_eq(&own, &flat)) {
        struct buf text = {0};
        shape_text(&text, &s);
        diag_add(d, E0303, c->arg->span, "a rate is one value or %s, as `%s` is; this is %s",
                 text.data, c->input->name, shape_string(m->el, &v));
        buf_free(&text);
        return false;
    }
    c->out->rate = arena_try(m->el->u->arena, c->n, sizeof *c->out->rate);
    if (!c->out->rate) {
        no_memory(&m->env, c->arg->span);
        return false;
    }
    for (uint32_t i = 0; i < c->n; i++) {
        c->out->rate[i] = value_at(&v, i);
        if (!(c->out->rate[i] >= 0 && isfinite(c->out->rate[i]))) {
            diag_add(d, E0306, c->arg->span, "a rate is 0 or more, and finite");
            return false;
        }
        if (c->out->rate[i] * m->net->dt > STIMULUS_MAX_MEAN) {
            struct dim hertz = {.e[DIM_S] = -2};
            diag_add(d, E0306, c->arg->span,
                     "a rate is at most %d events in a time step of %s, which is %s; this is %s",
                     STIMULUS_MAX_MEAN, unit_text(m->env.arena, m->net->dt, DIM_TIME),
                     unit_text(m->env.arena, STIMULUS_MAX_MEAN / m->net->dt, hertz),
                     unit_text(m->env.arena, c->out->rate[i], hertz));
            return false;
        }
    }
    return true;
}

static bool source_poisson(const struct source_call *c)
{
    c->out->kind = STIM_POISSON;
    return rates(c) && random_seed(&c->m->env, c->seed, &c->out->seed);
}

static bool source_regular(const struct source_call *c)
{
    c->out->kind = STIM_REGULAR;
    return rates(c);
}

/* ---- events and times: tables that last as long as the stimulus ---- */

struct events {
    double *t_us, *channel;
    uint64_t n;
    uint64_t *offset;
    uint32_t n_offsets;
};

/* 0: as many as the last event needs. */
static uint64_t known_steps(const struct making *m)
{
    return m->steps_from.file ? m->out->steps : 0;
}

static bool put_events(const struct source_call *c, const struct events *x)
{
    struct making *m = c->m;
    return stimulus_events(m->el->u->arena, c->out, x->t_us, x->channel, x->n, x->offset,
                           x->n_offsets, c->n, m->net->dt, known_steps(m), m->el->u->diags,
                           quote(m->el, c->arg->span, "the events"), c->arg->span) &&
           agree_trials(m, c->out->trials, c->at);
}

static bool read_offsets(const struct source_call *c, struct events *x)
{
    struct making *m = c->m;
    if (!c->offsets)
        return true;
    struct value v = eval_known(&m->env, c->offsets);
    if (!check_dim(&m->env, &v, DIM_ONE, "an offset", c->offsets))
        return false;
    uint32_t n = v.array ? v.array->n : 0;
    bool good = v.array && v.array->shape.rank == 1 && n >= 2;
    x->offset = good ? arena_try(m->el->u->arena, n, sizeof *x->offset) : NULL;
    for (uint32_t i = 0; x->offset && i < n && good; i++) {
        double o = array_values(v.array)[i];
        good = o >= 0 && o <= (double)x->n && o == floor(o);
        x->offset[i] = good ? (uint64_t)o : 0;
    }
    x->n_offsets = n;
    if (good && x->offset)
        return true;
    diag_add(m->el->u->diags, E0801, c->offsets->span,
             "offsets are where each trial begins and the last one ends, from 0 to %llu",
             (unsigned long long)x->n);
    return false;
}

static bool columns(const struct source_call *c, uint64_t n, struct events *x)
{
    x->n = n;
    x->t_us = arena_try(c->m->el->u->arena, (size_t)n + 1, sizeof *x->t_us);
    x->channel = arena_try(c->m->el->u->arena, (size_t)n + 1, sizeof *x->channel);
    if (x->t_us && x->channel)
        return true;
    no_memory(&c->m->env, c->arg->span);
    return false;
}

static bool source_events(const struct source_call *c)
{
    struct making *m = c->m;
    struct diags *d = m->el->u->diags;
    struct events x = {0};
    struct value v = eval_known(&m->env, c->arg);
    if (v.kind == V_POISON)
        return false;
    if (v.kind == V_RECORDS) {
        struct plan_shape s = {c->shape.rank, {0}};
        memcpy(s.extent, c->shape.extent, s.rank * sizeof *s.extent);
        x.n = v.records->count;
        return read_offsets(c, &x) &&
               stimulus_event_records(m->el->u->arena, c->out, v.records, x.offset, x.n_offsets, &s,
                                      m->net->dt, known_steps(m), d,
                                      quote(m->el, c->arg->span, "the events"), c->arg->span) &&
               agree_trials(m, c->out->trials, c->at);
    }
    if (!v.array || v.array->shape.rank != 2 || v.array->shape.extent[1] != 2) {
        struct diag *g = diag_add(d, E0302, c->arg->span, "`%s` isn't a list of events, it is %s",
                                  quote(m->el, c->arg->span, "this"), shape_string(m->el, &v));
        diag_hint(d, g,
                  "events are records with `t` and `channel`, or rows of microseconds and "
                  "channel: [N, 2]");
        hint_load(c, g, &v);
        return false;
    }
    if (!columns(c, v.array->shape.extent[0], &x))
        return false;
    for (uint64_t i = 0; i < x.n; i++) {
        x.t_us[i] = array_values(v.array)[2 * i];
        x.channel[i] = array_values(v.array)[2 * i + 1];
    }
    return read_offsets(c, &x) && put_events(c, &x);
}

/* Seconds to microseconds; 0.0011 s is meant as 1100 us, though no float64 is exactly that. */
static double microseconds(double s)
{
    double us = s * 1e6, whole = round(us);
    return fabs(us - whole) <= 1e-9 * fabs(us) ? whole : us;
}

/* times([[1 ms, 5 ms], [], ...]): one list for each channel, of any length. */
static bool source_times(const struct source_call *c)
{
    struct making *m = c->m;
    struct diags *d = m->el->u->diags;
    struct events x = {0};
    VEC(double) t = {0};
    VEC(double) channel = {0};
    uint32_t n = 0;
    if (c->arg->kind != AST_ARRAY) {
        diag_add(d, E0302, c->arg->span,
                 "`times` takes one list of times for each channel: "
                 "`times([[1 ms, 5 ms], []])`");
        return false;
    }
    for (const struct ast_expr *list = c->arg->items; list; list = list->next, n++) {
        if (list->kind == AST_ARRAY && !list->items)
            continue;
        struct value v = eval_known(&m->env, list);
        if (!check_dim(&m->env, &v, DIM_TIME, "an event's time", list))
            return false;
        if (!v.array) {
            struct diag *g = diag_add(d, E0302, list->span, "this is one time, not a list of them");
            diag_hint(d, g, "there is one list for each channel: `times([[1 ms, 5 ms], []])`");
            return false;
        }
        for (uint32_t i = 0; i < v.array->n; i++) {
            VEC_PUSH(m->env.arena, &t, microseconds(array_values(v.array)[i]));
            VEC_PUSH(m->env.arena, &channel, n);
        }
    }
    if (n != c->n) {
        diag_add(d, E0801, c->arg->span, "%u list%s of times for the %u channels of `%s`", n,
                 n == 1 ? "" : "s", c->n, c->input->name);
        return false;
    }
    x = (struct events){.t_us = t.data, .channel = channel.data, .n = t.n};
    return put_events(c, &x);
}

static const struct source_kind {
    const char *name;
    bool (*make)(const struct source_call *c);
    bool arg, seed, offsets;
    bool last; /* made when the number of steps is known, if anything else says it */
} sources[] = {
    {"raster", source_raster, true, false, false, false},
    {"silence", source_silence, false, false, false, false},
    {"poisson", source_poisson, true, true, false, false},
    {"regular", source_regular, true, false, false, false},
    {"events", source_events, true, false, true, true},
    {"times", source_times, true, false, false, true},
};

enum { N_SOURCES = sizeof sources / sizeof *sources };

uint32_t source_names(const char **out, uint32_t max)
{
    uint32_t n = 0;
    for (; n < N_SOURCES && n < max; n++)
        out[n] = sources[n].name;
    return n;
}

static const struct source_kind *find_source(const struct source_call *c)
{
    struct diags *d = c->m->el->u->diags;
    const char *names[N_SOURCES], *name = c->call->name.text;
    for (int i = 0; i < N_SOURCES; i++) {
        names[i] = sources[i].name;
        if (name && strcmp(names[i], name) == 0)
            return &sources[i];
    }
    if (c->call->kind != AST_CALL && c->call->kind != AST_NAME) {
        struct diag *g = diag_add(d, E0801, c->call->span, "an input gets a source, not a value");
        diag_hint(d, g, "an array of counts is `raster(...)`");
        return NULL;
    }
    struct diag *g = diag_add(d, E0201, c->call->name.span, "no source is called `%s`", name);
    diag_hint(d, g, "sources are raster, events, poisson, regular, times and silence");
    hint_near(d, g, name, names, N_SOURCES);
    if (strcmp(name, "load") == 0)
        diag_hint(d, g, "an array is played by `raster(load(...))` or `events(load(...))`");
    return NULL;
}

/* Takes the call apart; false if reported. */
static bool read_call(struct source_call *c, const struct source_kind *kind)
{
    struct diags *d = c->m->el->u->diags;
    if (c->seed && !kind->seed) {
        diag_add(d, E0305, c->seed->span, "`%s` has nothing random that takes a seed", kind->name);
        return false;
    }
    uint32_t n = 0;
    for (const struct ast_arg *a = c->call->kind == AST_CALL ? c->call->args : NULL; a;
         a = a->next) {
        if (!a->name.text) {
            c->arg = a->value;
            n++;
        } else if (kind->offsets && strcmp(a->name.text, "offsets") == 0) {
            c->offsets = a->value;
        } else {
            struct diag *g = diag_add(d, E0205, a->name.span, "`%s` has no parameter `%s`",
                                      kind->name, a->name.text);
            if (kind->seed && strcmp(a->name.text, "seed") == 0)
                diag_hint(d, g, "a seed follows: `%s(...) seed 3`", kind->name);
            return false;
        }
    }
    if (n == kind->arg && (c->arg || !kind->arg))
        return true;
    diag_add(d, E0305, c->call->span, "`%s` takes %s", kind->name,
             kind->arg ? "one argument" : "no argument");
    return false;
}

bool make_source(struct making *m, uint32_t input, bool last)
{
    const struct ast_assign *as = m->given[input];
    struct source_call c = {
        .m = m,
        .input = &m->net->input.data[input],
        .shape = net_stimulus_shape(&m->net->input.data[input]),
        .call = as->value,
        .at = as->span,
        .out = &m->out->source[input],
    };
    c.n = net_shape_count(c.shape);
    if (as->value->kind == AST_SEEDED) {
        c.call = as->value->a;
        c.seed = as->value->b;
    }
    const struct source_kind *kind = find_source(&c);
    if (!kind)
        return false;
    if (kind->last != last)
        return true;
    *c.out = (struct stimulus_source){.channels = c.n};
    return read_call(&c, kind) && kind->make(&c);
}
