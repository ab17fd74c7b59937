/* Event-driven runs: run_plan() on one thread against a loop over events written by hand. */
#include "tests/bench/bench.h"
#include "tests/bench/hand_events.h"
#include "tests/unit/make_plan.h"

#include "compiler/driver.h"
#include "runtime/base/rng.h"
#include "runtime/event_map.h"
#include <math.h>

/* ---- a setting ---- */

struct setting {
    struct bench *bench;
    struct bench_cell cell;
    struct arena arena;
    struct diags diags;
    struct plan *plan;
    struct stimulus stimulus;
    struct hand_events hand;
    uint64_t synaptic; /* operations of a run */
    uint64_t hash[BENCH_MAX_VARIANTS];
};

struct subject { /* one variant */
    struct setting *setting;
    const struct backend *backend; /* run_plan()'s; NULL: by hand */
    hand_events_fn *hand;
    uint64_t *hash; /* of the spikes of all neurons */
    double seconds; /* that the last run took */
};

/* ---- run_plan() ---- */

/* A back end around the back end: the clock starts when code is made. */
struct clocked {
    const struct backend *of;
    double start;
};

static bool prepare(const struct backend *b, struct arena *a, const struct event_spec *spec,
                    uint32_t n, struct event_code *out, struct diags *d)
{
    struct clocked *c = b->state;
    const bool ok = c->of->prepare_events(c->of, a, spec, n, out, d);
    c->start = bench_busy();
    return ok;
}

static uint64_t hash_counts(const struct plan *p, uint64_t *const *count)
{
    uint64_t hash = 0;
    for (uint32_t g = 0; g < p->group.n; g++)
        hash = hash_bytes(hash, count[g], p->group.data[g].n * sizeof **count);
    return hash;
}

static void run_engine(struct subject *x)
{
    struct setting *s = x->setting;
    struct arena a = {0};
    struct clocked c = {.of = x->backend};
    struct backend b = *x->backend;
    b.prepare_events = prepare;
    b.state = &c;
    struct run_result r;
    const struct run_options o = {
        .stimulus = &s->stimulus, .trials = 1, .chips = 1, .jobs = 1, .backend = &b};
    if (!run_plan(&a, s->plan, &o, &r, &s->diags))
        base_panic("%s: %s", x->backend->name, s->diags.list.data[0]->message);
    x->seconds = bench_busy() - c.start;
    *x->hash = hash_counts(s->plan, r.count);
    s->synaptic = 0;
    for (uint32_t i = 0; i < s->plan->projection.n; i++)
        s->synaptic += r.synaptic[i];
    arena_free(&a);
}

/* ---- by hand ---- */

static void run_hand(struct subject *x)
{
    struct setting *s = x->setting;
    struct arena a = {0};
    uint64_t **count = ARENA_ARRAY(&a, uint64_t *, s->plan->group.n);
    for (uint32_t g = 0; g < s->plan->group.n; g++)
        memset(s->hand.layer[g].count, 0, s->plan->group.data[g].n * sizeof **count);
    x->seconds = bench_busy();
    x->hand(&s->hand);
    x->seconds = bench_busy() - x->seconds;
    for (uint32_t g = 0; g < s->plan->group.n; g++) {
        const uint32_t n = s->plan->group.data[g].n;
        const struct event_extents map = event_extents(&s->plan->group.data[g].shape);
        count[g] = ARENA_ARRAY(&a, uint64_t, n);
        for (uint32_t i = 0; i < n; i++)
            count[g][i] = s->hand.layer[g].count[event_lane(&map, i)];
    }
    *x->hash = hash_counts(s->plan, count);
    arena_free(&a);
}

static struct hand_layer hand_layer(struct setting *s, const struct plan_projection *j)
{
    const struct plan_group *g = &s->plan->group.data[j->dst];
    const struct conv *v = j->conv;
    uint32_t whole[3], pooled[3];
    plan_source_map(s->plan, j, whole, pooled);
    struct hand_layer l = {.in = whole[0],
                           .src_height = whole[1],
                           .src_width = whole[2],
                           .pool = j->pool[0],
                           .out = v->out,
                           .height = g->shape.extent[1],
                           .width = g->shape.extent[2],
                           .kernel = v->kernel[0],
                           .stride = v->stride[0],
                           .padding = v->padding[0],
                           .threshold = (int16_t)g->param[0].v[0],
                           .v_min = (int16_t)g->param[1].v[0],
                           .weight = ARENA_ARRAY(&s->arena, int16_t, conv_count(v) + EVENT_PAD),
                           .v = ARENA_ARRAY(&s->arena, int16_t, g->n + EVENT_PAD),
                           .count = ARENA_ARRAY(&s->arena, uint64_t, g->n)};
    for (uint32_t o = 0; o < v->out; o++)
        for (uint32_t row = 0; row < v->in * l.kernel; row++)
            for (uint32_t kx = 0; kx < l.kernel; kx++)
                l.weight[(row * l.kernel + hand_column(l.kernel, l.stride, kx)) * v->out + o] =
                    (int16_t)v->w[(o * v->in * l.kernel + row) * l.kernel + kx];
    return l;
}

/* The plan's layers, one after the other, and its events. */
static void make_hand(struct setting *s)
{
    enum { QUEUE = 1 << 20 };
    const struct stimulus_source *from = &s->stimulus.source[0];
    const struct event_extents map = event_extents(&s->plan->input.data[0].shape);
    struct hand_events *h = &s->hand;
    h->n_layers = s->plan->projection.n;
    h->layer = ARENA_ARRAY(&s->arena, struct hand_layer, h->n_layers);
    for (uint32_t i = 0; i < h->n_layers; i++)
        h->layer[i] = hand_layer(s, &s->plan->projection.data[i]);
    h->n_events = from->row[1];
    uint32_t *event = ARENA_ARRAY(&s->arena, uint32_t, h->n_events);
    for (size_t i = 0; i < h->n_events; i++)
        event[i] = event_lane(&map, from->of[i]);
    h->event = event;
    h->queue = ARENA_ARRAY(&s->arena, uint32_t, QUEUE);
    h->batch = ARENA_ARRAY(&s->arena, struct hand_batch, QUEUE);
}

/* ---- cells ---- */

static void run(struct subject *x)
{
    if (x->backend)
        run_engine(x);
    else
        run_hand(x);
}

static double rate(void *arg)
{
    struct subject *x = arg;
    run(x);
    return (double)x->setting->synaptic / x->seconds;
}

static struct subject *add(struct setting *s, const char *name, const struct backend *b,
                           hand_events_fn *hand)
{
    struct subject *x = ARENA_NEW(&s->arena, struct subject);
    *x = (struct subject){s, b, hand, &s->hash[s->cell.n_variants], 0};
    bench_add(&s->cell, name, rate, x);
    return x;
}

/* As hand_best() chooses. */
static hand_events_fn *best_by_hand(void)
{
#if defined __x86_64__
    if (cpu_level() == CPU_AVX512)
        return hand_events_avx512;
    if (cpu_level() == CPU_AVX2)
        return hand_events_avx2;
#endif
    return hand_events_scalar;
}

static void measure(struct setting *s)
{
    struct bench *b = s->bench;
    make_hand(s);
    add(s, "hand", NULL, best_by_hand());
    add(s, "plain", NULL, hand_events_scalar);
    struct subject *last = add(s, "interp", &b->interp, NULL);
    if (b->have_jit)
        last = add(s, "jit", &b->jit, NULL);
    for (uint32_t i = 0; i < s->cell.n_variants; i++) {
        run(s->cell.variant[i].arg);
        bench_check(b, s->hash[i] == s->hash[0], "%s: %s has other spikes",
                    bench_cell_name(&s->arena, &s->cell), s->cell.variant[i].name);
    }
    bench_measure(b, &s->cell);
    (void)last;
}

static void close_setting(struct setting *s)
{
    diags_free(&s->diags);
    arena_free(&s->arena);
}

/* ---- one layer, random events ---- */

struct layer {
    uint32_t in, size, out, kernel, stride, padding, pool;
};

static void make_layer(struct setting *s, const struct layer *l)
{
    struct arena *a = &s->arena;
    struct plan *p = s->plan = ARENA_NEW(a, struct plan);
    struct conv *v = ARENA_NEW(a, struct conv);
    *v = (struct conv){.out = l->out,
                       .in = l->in,
                       .kernel = {l->kernel, l->kernel},
                       .stride = {l->stride, l->stride},
                       .padding = {l->padding, l->padding}};
    v->w = ARENA_ARRAY(a, float, conv_count(v));
    for (uint64_t i = 0; i < conv_count(v); i++)
        v->w[i] = floorf((float)(rng_normal(1, i) * 40) + 2);
    const uint32_t size = conv_extent(v, 0, l->size / l->pool), n = l->out * size * size;
    p->network = "layer";
    p->semantics = PLAN_EVENT;
    VEC_PUSH(a, &p->kernel, make_iaf(a));
    make_input(a, p, "in", l->in * l->size * l->size);
    p->input.data[0].shape = (struct plan_shape){3, {l->in, l->size, l->size}};
    make_group(a, p, "out", n, 0, 300);
    struct plan_group *g = &p->group.data[0];
    g->shape = (struct plan_shape){3, {l->out, size, size}};
    g->param[1].v[0] = -300;
    g->param[2].v[0] = 0;
    VEC_PUSH(a, &p->projection,
             ((struct plan_projection){.from_input = true,
                                       .n_pre = l->in * (l->size / l->pool) * (l->size / l->pool),
                                       .pool = {l->pool, l->pool},
                                       .conv = v}));
    const char *why = "";
    if (!plan_verify(p, &why))
        base_panic("%s", why);
}

static void make_events(struct setting *s, uint32_t n)
{
    struct arena *a = &s->arena;
    struct stimulus_source *x = ARENA_NEW(a, struct stimulus_source);
    *x = (struct stimulus_source){.kind = STIM_EVENTS,
                                  .channels = s->plan->input.data[0].n,
                                  .trials = 1,
                                  .steps = n,
                                  .row = ARENA_ARRAY(a, uint64_t, 2),
                                  .time = ARENA_ARRAY(a, double, n),
                                  .of = ARENA_ARRAY(a, uint32_t, n)};
    x->row[1] = n;
    for (uint32_t i = 0; i < n; i++) {
        x->time[i] = i;
        x->of[i] = (uint32_t)(hash_u64(i) % x->channels);
    }
    s->stimulus =
        (struct stimulus){.name = "bench", .steps = n, .trials = 1, .n_inputs = 1, .source = x};
}

static void one_layer(struct bench *b, const struct layer *l)
{
    struct setting s = {.bench = b};
    const double synapses = (double)l->out * l->kernel * l->kernel / (l->stride * l->stride);
    make_layer(&s, l);
    if (b->o.neurons && b->o.neurons != s.plan->group.data[0].n) {
        close_setting(&s);
        return;
    }
    make_events(&s, (uint32_t)((b->o.quick ? 2e5 : 2e7) / synapses));
    s.cell = (struct bench_cell){.part = "events",
                                 .n = s.plan->group.data[0].n,
                                 .trials = 1,
                                 .setting =
                                     arena_printf(&b->arena, "%ux%u>%u k%u s%u p%u", l->in, l->size,
                                                  l->out, l->kernel, l->stride, l->pool)};
    measure(&s);
    close_setting(&s);
}

/* ---- the recorded network ---- */

enum { DURATIONS = 15 };

static void recorded(struct bench *b)
{
    struct driver d;
    struct program p;
    struct setting s = {.bench = b, .plan = ARENA_NEW(&b->arena, struct plan)};
    const struct build_options o = {.semantics = "event"};
    driver_init(&d);
    if (!driver_open(&d, "tests/golden/speck/nmnist.dyn", &p) || !driver_plan(&p, &o, s.plan) ||
        !driver_stimulus(&p, s.plan, NULL, NULL, 0, &s.stimulus))
        base_panic("nmnist: %s", d.diags.list.data[0]->message);
    s.cell = (struct bench_cell){.part = "events", .trials = 1, .setting = "N-MNIST"};
    for (uint32_t g = 0; g < s.plan->group.n; g++)
        s.cell.n += s.plan->group.data[g].n;
    measure(&s);
    for (uint32_t v = 0; v < s.cell.n_variants; v++) {
        struct subject *x = s.cell.variant[v].arg;
        double seconds[DURATIONS];
        const uint32_t n = b->o.quick ? 1 : DURATIONS;
        for (uint32_t i = 0; i < n; i++) {
            run(x);
            seconds[i] = x->seconds;
        }
        const bool best = v + 1 == s.cell.n_variants;
        bench_keep_time(b, "events", arena_printf(&b->arena, "N-MNIST, %s", s.cell.variant[v].name),
                        seconds, n, best ? 24.6e-3 : 0, best ? "sinabs takes 24.6" : "");
    }
    close_setting(&s);
    driver_free(&d);
}

void bench_events(struct bench *b)
{
    static const struct layer layers[] = {
        {2, 34, 8, 3, 1, 1, 1},   {8, 34, 16, 3, 1, 1, 1},  {16, 34, 16, 3, 2, 1, 2},
        {16, 32, 32, 5, 1, 2, 1}, {16, 16, 64, 3, 1, 1, 1}, {32, 16, 64, 3, 2, 1, 1},
        {16, 32, 32, 4, 4, 0, 1}, {16, 4, 10, 4, 1, 0, 1},  {16, 8, 256, 8, 1, 0, 1},
    };
    if (!b->o.neurons)
        recorded(b);
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        if (!b->o.quick || i < 2)
            one_layer(b, &layers[i]);
}
