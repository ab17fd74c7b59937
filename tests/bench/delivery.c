/* Events through synapses, nothing around it: what delivery takes, a scalar loop against the
 * runtime's code for each instruction set. This file is compiled at -O3 without vectorisation. */
#include "runtime/deliver.h"
#include "tests/bench/bench.h"

enum {
    PRE = 64,   /* neurons that events come from */
    STEPS = 32, /* of a span */
};

struct setting {
    struct arena arena;
    struct plan_projection projection;
    struct delivery delivery;
    size_t lanes;
    struct event *event;
    size_t n_events;
    uint64_t synaptic; /* events that arrive, each in one synapse */
};

struct subject {
    struct setting *setting;
    deliver_fn *deliver;
    uint32_t times;
};

static void clear(const struct setting *s)
{
    memset(s->delivery.receive, 0, STEPS * s->lanes * sizeof(float));
}

static double run(void *arg)
{
    const struct subject *x = arg;
    const struct setting *s = x->setting;
    clear(s);
    const double t = bench_busy();
    for (uint32_t i = 0; i < x->times; i++)
        x->deliver(&s->delivery, s->event, s->n_events);
    return (double)s->synaptic * x->times / (bench_busy() - t);
}

static void plain(const struct delivery *d, const struct event *event, size_t n)
{
    const struct plan_projection *j = d->projection;
    for (size_t i = 0; i < n; i++) {
        float *to = d->receive + event[i].step * d->stride;
        for (uint64_t s = j->row[event[i].channel]; s < j->row[event[i].channel + 1]; s++)
            to[j->post[s]] += j->weight[s] * event[i].count;
    }
}

/* ---- settings ---- */

/* Targets of one neuron: a part of all, anywhere or side by side. */
struct targets {
    const char *name;
    uint32_t one_in;
    bool side_by_side;
};

static uint32_t row_of(const struct targets *t, uint32_t pre, uint32_t n, uint32_t *post)
{
    const uint32_t width = t->side_by_side ? n / t->one_in : n;
    const uint32_t first = (uint32_t)(hash_u64(pre) % (n - width + 1));
    uint32_t k = 0;
    for (uint32_t i = first; i < first + width; i++) {
        if (t->side_by_side || hash_u64((uint64_t)pre << 32 | i) % t->one_in == 0)
            post[k++] = i;
    }
    return k;
}

static void make_projection(struct setting *s, uint32_t n, const struct targets *t)
{
    struct plan_projection *j = &s->projection;
    j->n_pre = PRE;
    j->row = ARENA_ARRAY(&s->arena, uint64_t, PRE + 1);
    j->post = ARENA_ARRAY(&s->arena, uint32_t, (size_t)PRE * n);
    j->weight = ARENA_ARRAY(&s->arena, float, (size_t)PRE *n);
    for (uint32_t pre = 0; pre < PRE; pre++)
        j->row[pre + 1] = j->row[pre] + row_of(t, pre, n, j->post + j->row[pre]);
    for (uint64_t i = 0; i < j->row[PRE]; i++)
        j->weight[i] = bench_weight(i);
}

/* So many in each step, from neurons in ascending order. */
static void make_events(struct setting *s, uint32_t in_step)
{
    const struct plan_projection *j = &s->projection;
    s->event = ARENA_ARRAY(&s->arena, struct event, STEPS * in_step);
    for (uint32_t step = 0; step < STEPS; step++) {
        for (uint32_t i = 0; i < in_step; i++) {
            const uint32_t width = PRE / in_step;
            const uint32_t pre = i * width + (uint32_t)(hash_u64(s->n_events) % width);
            s->event[s->n_events++] = (struct event){step, 0, pre, 1};
            s->synaptic += j->row[pre + 1] - j->row[pre];
        }
    }
}

static void add(struct setting *s, struct bench_cell *c, const char *name, deliver_fn *deliver)
{
    struct subject *x = ARENA_NEW(&s->arena, struct subject);
    *x = (struct subject){s, deliver, 1};
    bench_add(c, name, run, x);
}

/* Bits of the sums are those of the first. */
static void check(struct bench *b, const struct setting *s, const struct bench_cell *c)
{
    const size_t size = STEPS * s->lanes * sizeof(float);
    struct arena a = {0};
    void *sums = arena_alloc(&a, size);
    for (uint32_t i = 0; i < c->n_variants; i++) {
        const struct subject *x = c->variant[i].arg;
        clear(s);
        x->deliver(&s->delivery, s->event, s->n_events);
        if (i == 0)
            memcpy(sums, s->delivery.receive, size);
        else
            bench_check(b, memcmp(sums, s->delivery.receive, size) == 0,
                        "delivery to %s: %s has other sums", bench_cell_name(&a, c),
                        c->variant[i].name);
    }
    arena_free(&a);
}

static void measure(struct bench *b, uint32_t n, const struct targets *t, uint32_t in_step)
{
    struct setting s = {.lanes = (n + 15) / 16 * 16};
    make_projection(&s, n, t);
    make_events(&s, in_step);
    s.delivery = (struct delivery){.projection = &s.projection,
                                   .rows = delivery_rows(&s.arena, &s.projection, n),
                                   .n_post = n,
                                   .receive = ARENA_ARRAY(&s.arena, float, STEPS *s.lanes),
                                   .stride = s.lanes,
                                   .end = s.lanes};
    struct bench_cell c = {.part = "delivery",
                           .n = n,
                           .trials = 1,
                           .setting = arena_printf(&b->arena, "%s, %u", t->name, in_step)};
    add(&s, &c, "plain", plain);
    add(&s, &c, cpu_level_name(CPU_BASE), deliver_for(CPU_BASE));
    for (enum cpu_level level = CPU_AVX2; level <= cpu_level(); level++)
        add(&s, &c, cpu_level_name(level), deliver_for(level));
    check(b, &s, &c);
    for (uint32_t i = 0; i < c.n_variants; i++) {
        struct subject *x = c.variant[i].arg;
        const double wanted = b->o.quick ? 2e-4 : 4e-3; /* seconds */
        const double times = wanted * run(x) / (double)s.synaptic;
        x->times = times > 1 ? (uint32_t)times : 1;
    }
    bench_measure(b, &c);
    arena_free(&s.arena);
}

void bench_delivery(struct bench *b)
{
    static const uint32_t sizes[] = {256, 4096, 65536};
    static const struct {
        struct targets targets;
        uint32_t in_step;
    } settings[] = {{{"whole rows", 1, true}, 1},
                    {{"whole rows", 1, true}, 8},
                    {{"half a row", 2, true}, 1},
                    {{"a third", 3, false}, 8},
                    {{"a tenth", 10, false}, 1}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (!bench_wants(b, sizes[i]))
            continue;
        for (size_t k = 0; k < sizeof settings / sizeof *settings; k++)
            measure(b, sizes[i], &settings[k].targets, settings[k].in_step);
    }
}
