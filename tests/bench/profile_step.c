/* Where a kernel's time goes: one kind of operation after the other is taken away, and what that
 * saves is its share.
 *
 * The same step is done again and again: states are read from where they are and written elsewhere.
 * A value that is taken away is read from an array instead, in which the whole kernel left it, so
 * whatever follows sees the same numbers: as many spikes, the same branches. What is left in the
 * end only loads and stores. The differences add up to the whole; of operations that overlap, those
 * that go first seem the cheaper. */
#include "runtime/base/fpenv.h"
#include "runtime/engine.h"
#include "tests/bench/bench.h"

enum {
    NEURONS = 256, /* so few that all arrays stay in the first cache */
    BEFORE = 200   /* steps, until they fire as they will */
};

/* In the order that they go. Spikes: from the membrane to their count, which is worked out only
 * where a lane of the vector has one. */
enum kind { SPIKES, EXP, LOG, DIV, OTHERS, MEMORY, N_KINDS };

static const char *const kind_name[N_KINDS] = {"spikes", "exp", "log", "div", "others", "memory"};

static bool is_of(enum kop op, enum kind kind)
{
    switch (kind) {
    case EXP:
        return op == K_EXP;
    case LOG:
        return op == K_LOG;
    case DIV:
        return op == K_DIV;
    default:
        return false;
    }
}

struct subject {
    struct bench *bench;
    struct bench_net net;
    struct arena arena;
    uint32_t n_states, n_values; /* of the kernel; instructions of its step */
    bool *live;
    /* The kernel's, then a column for each of its step's values, then what the states become. */
    float **state;
    float *receive, *spikes;
    uint8_t *fired;
    struct kernel_spec spec;
};

static uint32_t n_columns(const struct subject *x)
{
    return x->n_states + x->n_values + x->n_states;
}

/* The kernel with a state for each column. It goes on in place, or stays at the same step. */
static struct kernel *widen(struct subject *x, bool stay)
{
    const struct kernel *from = x->net.hoisted.kernel;
    struct kernel *k = ARENA_NEW(&x->arena, struct kernel);
    *k = *from;
    const uint32_t n = k->n_states = n_columns(x);
    k->state = ARENA_ARRAY(&x->arena, const char *, n);
    k->step.out = ARENA_ARRAY(&x->arena, uint32_t, n);
    k->step.n_out = n;
    k->step.inst = ARENA_ARRAY(&x->arena, struct kinst, x->n_values);
    memcpy(k->step.inst, from->step.inst, x->n_values * sizeof(struct kinst));
    for (uint32_t i = 0; i < n; i++) {
        k->state[i] = "column";
        k->step.out[i] = K_NONE;
    }
    memcpy(k->step.out + (stay ? n - x->n_states : 0), from->step.out,
           x->n_states * sizeof(uint32_t));
    return k;
}

/* Value v is read from its column. */
static void take_away(const struct subject *x, struct kernel *k, uint32_t v)
{
    if (kop_type((enum kop)k->step.inst[v].op) == K_F32)
        k->step.inst[v] = (struct kinst){.op = K_STATE, .index = (uint16_t)(x->n_states + v)};
}

/* The kernel without kinds [0, kinds). */
static const struct kernel *without(struct subject *x, uint32_t kinds)
{
    struct kernel *k = widen(x, true);
    if (kinds > SPIKES && k->step.emit != K_NONE)
        take_away(x, k, k->step.emit);
    for (uint32_t v = 0; v < x->n_values; v++) {
        for (uint32_t kind = EXP; kind < kinds; kind++) {
            if (is_of((enum kop)k->step.inst[v].op, (enum kind)kind))
                take_away(x, k, v);
        }
    }
    for (uint32_t i = 0; kinds > OTHERS && i < x->n_states; i++) {
        const uint32_t v = x->net.hoisted.kernel->step.out[i];
        if (v != K_NONE && kop_operands((enum kop)k->step.inst[v].op) > 0)
            take_away(x, k, v);
    }
    return k;
}

static struct kernel_code prepare(struct subject *x, const struct kernel *k, const bool *traced)
{
    const struct backend *back = x->bench->have_jit ? &x->bench->jit : &x->bench->interp;
    struct kernel_spec spec = x->spec;
    struct kernel_code code;
    spec.kernel = k;
    spec.traced = traced;
    if (!back->prepare(back, &x->arena, &spec, 1, &code, &x->net.diags))
        base_panic("%s: %s", back->name, x->net.diags.list.data[0]->message);
    return code;
}

static struct kernel_args args_of(const struct subject *x)
{
    return (struct kernel_args){.state = x->state,
                                .receive = (const float *const *)&x->receive,
                                .trace = x->state,
                                .spikes = x->spikes,
                                .fired = x->fired,
                                .stride = NEURONS,
                                .dt = x->spec.dt};
}

/* Runs the neurons until they fire as they will, and leaves a state and all values of the step that
 * follows. */
static void begin(struct subject *x)
{
    struct kernel *k = widen(x, false);
    bool *traced = ARENA_ARRAY(&x->arena, bool, k->n_states);
    for (uint32_t v = 0; v < x->n_values; v++) {
        if (!x->live[v] || kop_type((enum kop)k->step.inst[v].op) != K_F32)
            continue;
        k->step.out[x->n_states + v] = v;
        traced[x->n_states + v] = true;
    }
    const struct kernel_code code = prepare(x, k, traced);
    const struct kernel_args args = args_of(x);
    float **after = x->state + x->n_states + x->n_values;
    for (uint32_t t = 0; t <= BEFORE; t++) {
        for (uint32_t i = 0; i < x->n_states; i++)
            memcpy(after[i], x->state[i], NEURONS * sizeof(float));
        if (t > 0)
            memcpy(x->spikes, x->spikes + NEURONS, NEURONS * sizeof(float));
        code.step(code.code, &args, 0, NEURONS, 0, 1);
    }
    for (uint32_t i = 0; i < x->n_states; i++)
        memcpy(x->state[i], after[i], NEURONS * sizeof(float));
}

/* ---- rates ---- */

struct variant {
    struct subject *subject;
    struct kernel_code code;
};

static double rate(void *arg)
{
    enum { TIMES = 4000 };
    const struct variant *v = arg;
    const struct kernel_args args = args_of(v->subject);
    const uint64_t old = fpenv_flush();
    const double t = bench_busy();
    for (uint32_t i = 0; i < TIMES; i++)
        v->code.step(v->code.code, &args, 0, NEURONS, 0, 1);
    const double seconds = bench_busy() - t;
    fpenv_restore(old);
    return (double)NEURONS * TIMES / seconds;
}

static uint32_t count_of(const struct subject *x, enum kind kind)
{
    const struct kcode *step = &x->net.hoisted.kernel->step;
    uint32_t n = 0;
    for (uint32_t v = 0; v < x->n_values; v++) {
        const enum kop op = (enum kop)step->inst[v].op;
        if (!x->live[v])
            continue;
        if (kind == MEMORY)
            n += op == K_STATE || op == K_RECEIVE || op == K_SPIKES;
        else if (kind == OTHERS)
            n += kop_operands(op) > 0 && !is_of(op, EXP) && !is_of(op, LOG) && !is_of(op, DIV);
        else
            n += is_of(op, kind);
    }
    return n;
}

static void open_subject(struct subject *x, struct bench *b)
{
    *x = (struct subject){.bench = b};
    bench_net_make(&x->net, NEURONS, false, false);
    const struct kernel *k = x->net.hoisted.kernel;
    const struct plan_group *g = &x->net.plan.group.data[0];
    x->spec = bench_net_spec(&x->net);
    x->spec.lanes = NEURONS;
    x->n_states = k->n_states;
    x->n_values = k->step.n;
    x->live = ARENA_ARRAY(&x->arena, bool, k->step.n);
    kernel_live(&k->step, x->spec.traced, x->live, ARENA_ARRAY(&x->arena, bool, k->n_states));
    x->state = ARENA_ARRAY(&x->arena, float *, n_columns(x));
    for (uint32_t i = 0; i < n_columns(x); i++)
        x->state[i] = ARENA_ARRAY(&x->arena, float, NEURONS);
    x->receive = ARENA_ARRAY(&x->arena, float, NEURONS);
    x->spikes = ARENA_ARRAY(&x->arena, float, 2 * NEURONS);
    x->fired = ARENA_ARRAY(&x->arena, uint8_t, NEURONS / 8);
    for (uint32_t i = 0; i < k->n_states; i++) {
        for (uint32_t lane = 0; lane < NEURONS; lane++)
            x->state[i][lane] = g->init[i].v[g->init[i].uniform ? 0 : lane];
    }
    for (uint32_t lane = 0; lane < NEURONS; lane++)
        x->receive[lane] = bench_weight(lane) / 2;
}

void bench_step(struct bench *b)
{
    struct subject x;
    struct variant v[N_KINDS];
    struct bench_cell c = {.part = "step", .n = NEURONS, .trials = 1};
    open_subject(&x, b);
    begin(&x);
    bool *traced = ARENA_ARRAY(&x.arena, bool, n_columns(&x));
    for (uint32_t i = 0; i < x.n_states; i++)
        traced[x.n_states + x.n_values + i] = true;
    for (uint32_t i = 0; i < N_KINDS; i++) {
        v[i] = (struct variant){&x, prepare(&x, without(&x, i), traced)};
        bench_add(&c, kind_name[i], rate, &v[i]);
    }
    bench_measure(b, &c);
    struct bench_split s = {.part = "step",
                            .setting = bench_cell_name(&b->arena, &c),
                            .rate = c.variant[0].median,
                            .n = N_KINDS};
    for (uint32_t i = 0; i < N_KINDS; i++) {
        const double here = s.rate / c.variant[i].median,
                     next = i + 1 < N_KINDS ? s.rate / c.variant[i + 1].median : 0;
        s.share[i].name = kind_name[i];
        s.share[i].share = here - next;
        s.share[i].count = count_of(&x, (enum kind)i);
    }
    VEC_PUSH(&b->arena, &b->split, s);
    bench_net_free(&x.net);
    arena_free(&x.arena);
}
