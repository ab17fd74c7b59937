/* Random event-driven networks (tests/random_events.h, and of those that a Speck can hold
 * tests/random_speck.h): every back end gives the events, in their order, the counts, the final
 * states and the synaptic operations of a loop over all outputs (tests/naive_events.h). The virtual
 * chip counts no operations.
 *
 * DYN_PROPERTY=N tries N networks with every back end, DYN_PROPERTY_SEED=S begins with another one,
 * DYN_PROPERTY_KIND=NAME tries one back end alone.
 */
#include "tests/unit/unit.h"

#include "targets/speck/emulate.h"
#include "tests/naive_events.h"
#include "tests/random_speck.h"
#include <math.h>

/* ---- what comes out ---- */

struct outcome {
    struct arena a;
    const struct plan *p;
    struct {
        VEC(uint8_t) events; /* EVENT_BYTES each */
        float *state;        /* [trials, neurons] */
        uint64_t *count;     /* the same */
    } * group;
    uint64_t *synaptic; /* [trials, projections] */
};

static void open_outcome(struct outcome *o, const struct plan *p)
{
    *o = (struct outcome){.p = p};
    o->group = arena_alloc(&o->a, p->group.n * sizeof *o->group);
    memset(o->group, 0, p->group.n * sizeof *o->group);
    for (uint32_t g = 0; g < p->group.n; g++) {
        const uint32_t n = p->group.data[g].n * RANDOM_TRIALS;
        o->group[g].state = ARENA_ARRAY(&o->a, float, n);
        o->group[g].count = ARENA_ARRAY(&o->a, uint64_t, n);
    }
    o->synaptic = ARENA_ARRAY(&o->a, uint64_t, RANDOM_TRIALS * p->projection.n);
}

/* ---- the loop ---- */

struct trial {
    struct outcome *o;
    uint32_t trial;
};

static void fires(void *arg, struct naive_event e)
{
    struct trial *x = arg;
    const struct plan_shape *s = &x->o->p->group.data[e.source].shape;
    const uint32_t r = s->rank, h = r < 2 ? 1 : s->extent[r - 2], w = r < 2 ? 1 : s->extent[r - 1];
    const uint32_t f = e.element / (h * w), at = e.element % (h * w);
    const uint64_t field[] = {x->trial, (uint64_t)e.t, f, at / w, at % w};
    const int size[] = {4, 8, 2, 2, 2};
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < size[i]; k++)
            VEC_PUSH(&x->o->a, &x->o->group[e.source].events, (uint8_t)(field[i] >> (8 * k)));
    x->o->group[e.source].count[x->trial * x->o->p->group.data[e.source].n + e.element]++;
}

static bool is_whole(float x)
{
    return (x == floorf(x) && x >= -32768 && x < 32768) || x == -INFINITY;
}

/* Whether sums into a group stay within 16 bits. */
static bool saturates(const struct plan *p, uint32_t group)
{
    const struct plan_group *g = &p->group.data[group];
    bool whole = true;
    for (uint32_t i = 0; i < (g->init[0].uniform ? 1 : g->n); i++)
        whole = whole && is_whole(g->init[0].v[i]);
    for (uint32_t k = 0; k < 3; k++)
        for (uint32_t i = 0; i < (g->param[k].uniform ? 1 : g->n); i++)
            whole = whole && is_whole(g->param[k].v[i]);
    for (uint32_t i = 0; i < p->projection.n; i++) {
        const struct plan_projection *j = &p->projection.data[i];
        const float by = j->average ? (float)(j->pool[0] * j->pool[1]) : 1;
        if (j->dst != group)
            continue;
        const float *w = j->conv ? j->conv->w : j->weight;
        const uint64_t n = j->conv ? conv_count(j->conv) : j->row[j->n_pre];
        for (uint64_t k = 0; k < n; k++)
            whole = whole && is_whole(w[k] / by);
    }
    return whole;
}

/* Inputs by time, those of the same time in the order of inputs, then as they were given. */
static void naive_trial(struct run_fixture *f, struct naive_events *n, uint32_t trial)
{
    for (int64_t t = 0; t < RANDOM_STEPS; t++)
        for (uint32_t i = 0; i < f->s.n_inputs; i++) {
            const struct stimulus_source *s = &f->s.source[i];
            for (uint64_t k = s->row[trial]; k < s->row[trial + 1]; k++)
                if ((int64_t)s->time[k] == t)
                    naive_serve(n, (struct naive_event){t, i, s->of[k]});
        }
}

static void run_loop(struct run_fixture *f, struct outcome *o)
{
    const struct plan *p = f->p;
    for (uint32_t t = 0; t < RANDOM_TRIALS; t++) {
        struct trial x = {o, t};
        struct naive_events n = {.plan = p, .fires = fires, .arg = &x};
        naive_begin(&n);
        n.saturates = ARENA_ARRAY(&n.arena, bool, p->group.n);
        for (uint32_t g = 0; g < p->group.n; g++)
            n.saturates[g] = saturates(p, g);
        naive_trial(f, &n, t);
        for (uint32_t g = 0; g < p->group.n; g++)
            memcpy(o->group[g].state + (size_t)t * p->group.data[g].n, n.v[g],
                   p->group.data[g].n * sizeof(float));
        memcpy(o->synaptic + (size_t)t * p->projection.n, n.synaptic,
               p->projection.n * sizeof *n.synaptic);
        arena_free(&n.arena);
    }
}

/* ---- back ends ---- */

struct back_ends {
    struct backend interp, jit;
    const struct random_speck *chip; /* does what the network does; NULL: there is none */
};

/* One of so many networks is for a Speck, whichever of their spikes are recorded. */
enum { CHIP_EVERY = 4 };

/* run_plan(), on some threads, for any of the processor's levels. */
static void run(struct run_fixture *f, struct backend *b, uint64_t seed, struct outcome *o)
{
    const struct plan *p = f->p;
    struct run_result r;
    f->o.jobs = 1 + (uint32_t)(seed % 3);
    b->cpu = (enum cpu_level)(seed / 3 % (uint64_t)(cpu_level() + 1));
    f->o.backend = b;
    assert_true(run_plan(&f->a, p, &f->o, &r, &f->d));
    for (uint32_t g = 0; g < p->group.n; g++) {
        const uint32_t n = p->group.data[g].n * RANDOM_TRIALS;
        memcpy(o->group[g].state, run_fixture_recorded(&r, g, 0), n * sizeof(float));
        memcpy(o->group[g].count, r.count[g], n * sizeof(uint64_t));
    }
    for (uint32_t i = 0; i < r.n_record; i++)
        for (uint64_t k = 0; r.record[i].what.state < 0 && k < r.record[i].n * EVENT_BYTES; k++)
            VEC_PUSH(&o->a, &o->group[r.record[i].what.group].events,
                     ((const uint8_t *)r.record[i].data)[k]);
    if (r.synaptic)
        memcpy(o->synaptic, r.synaptic, RANDOM_TRIALS * p->projection.n * sizeof *r.synaptic);
    else
        o->synaptic = NULL;
}

static void interpreter(struct back_ends *b, struct run_fixture *f, uint64_t seed,
                        struct outcome *o)
{
    run(f, &b->interp, seed, o);
}

#ifndef DYN_NO_LLVM
static void jit(struct back_ends *b, struct run_fixture *f, uint64_t seed, struct outcome *o)
{
    run(f, &b->jit, seed, o);
}
#endif

static void virtual_chip(struct back_ends *b, struct run_fixture *f, uint64_t seed,
                         struct outcome *o)
{
    f->p->device = speck_device_new(&f->a, &b->chip->config, &b->chip->maps, f->p);
    run(f, &b->interp, seed, o);
}

/* Each runs f->p on f->s and fills the outcome in; of events only those of the groups whose spikes
 * f->o records. */
static const struct back_end {
    const char *name;
    void (*run)(struct back_ends *b, struct run_fixture *f, uint64_t seed, struct outcome *o);
    bool only_chips;   /* networks for a Speck alone */
    uint32_t networks; /* in `make check` */
} back_ends[] = {
    {"interp", interpreter, false, 1500},
#ifndef DYN_NO_LLVM
    {"jit", jit, false, 150},
#endif
    {"virtual chip", virtual_chip, true, 1000},
};

/* ---- both ---- */

/* States always; spikes of all groups, of some, or of none: what isn't recorded goes other ways. */
static void choose_records(struct run_fixture *f, uint64_t seed)
{
    uint32_t n = 0;
    run_fixture_record_all(f);
    struct run_record *all = ARENA_ARRAY(&f->a, struct run_record, f->o.n_record);
    for (uint32_t i = 0; i < f->o.n_record; i++) {
        const struct run_record r = f->o.record[i];
        const bool wanted = seed % 4 < 2 || (seed % 4 == 2 && r.group % 2 == 0);
        if (r.state >= 0 || wanted)
            all[n++] = r;
    }
    f->o.record = all;
    f->o.n_record = n;
}

static bool is_recorded(const struct run_fixture *f, uint32_t group)
{
    uint32_t i = 0;
    while (i < f->o.n_record && (f->o.record[i].group != group || f->o.record[i].state >= 0))
        i++;
    return i < f->o.n_record;
}

static void compare(const struct run_fixture *f, const struct outcome *x, const struct outcome *y)
{
    const struct plan *p = f->p;
    for (uint32_t g = 0; g < p->group.n; g++) {
        const uint32_t n = p->group.data[g].n * RANDOM_TRIALS;
        for (uint32_t i = 0; i < n; i++)
            assert_true(x->group[g].state[i] == y->group[g].state[i]);
        assert_memory_equal(x->group[g].count, y->group[g].count, n * sizeof(uint64_t));
        if (!is_recorded(f, g))
            continue;
        assert_int_equal(x->group[g].events.n, y->group[g].events.n);
        if (x->group[g].events.n)
            assert_memory_equal(x->group[g].events.data, y->group[g].events.data,
                                x->group[g].events.n);
    }
    if (y->synaptic)
        assert_memory_equal(x->synaptic, y->synaptic,
                            RANDOM_TRIALS * p->projection.n * sizeof *x->synaptic);
}

/* Returns how often neurons fired. */
static uint64_t check_network(struct back_ends *b, const struct back_end *e, uint64_t seed)
{
    void *state;
    run_fixture_set_up(&state);
    struct run_fixture *f = state;
    struct outcome want, got;
    uint64_t all = 0;
    struct random_speck chip;
    b->chip = e->only_chips || seed / CHIP_EVERY % CHIP_EVERY == 0 ? &chip : NULL;
    if (b->chip)
        random_speck_make(f, seed, &chip);
    else
        random_events_make(f, seed);
    choose_records(f, seed);
    open_outcome(&want, f->p);
    open_outcome(&got, f->p);
    run_loop(f, &want);
    e->run(b, f, seed, &got);
    compare(f, &want, &got);
    for (uint32_t g = 0; g < f->p->group.n; g++)
        all += want.group[g].events.n / EVENT_BYTES;
    arena_free(&want.a);
    arena_free(&got.a);
    run_fixture_tear_down(&state);
    return all;
}

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static void random_networks(void **state)
{
    const uint64_t first = number("DYN_PROPERTY_SEED", 0);
    const char *of = getenv("DYN_PROPERTY_KIND");
    for (size_t i = 0; i < sizeof back_ends / sizeof *back_ends; i++) {
        if (of && strcmp(of, back_ends[i].name) != 0)
            continue;
        const uint64_t n = number("DYN_PROPERTY", back_ends[i].networks);
        uint64_t all = 0;
        for (uint64_t k = 0; k < n; k++) {
            if (getenv("DYN_PROPERTY"))
                print_message("# %s, network %llu\n", back_ends[i].name,
                              (unsigned long long)(first + k));
            all += check_network(*state, &back_ends[i], first + k);
        }
        assert_true(all > 100 * n || n < 100); /* most of them fire a lot */
    }
}

static int open_back_ends(void **state)
{
    struct back_ends *b = calloc(1, sizeof *b);
    backend_interp(&b->interp);
#ifndef DYN_NO_LLVM
    struct diags d = {0};
    assert_true(backend_jit(&b->jit, &d));
    b->jit.cache = false;
#endif
    *state = b;
    return 0;
}

static int close_back_ends(void **state)
{
    struct back_ends *b = *state;
#ifndef DYN_NO_LLVM
    b->jit.release(&b->jit);
#endif
    free(b);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_networks, open_back_ends, close_back_ends)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
