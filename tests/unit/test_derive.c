/* States that are computed again instead of kept: which they are, and that runs don't show it. */
#include "tests/unit/unit.h"

#include "runtime/derive.h"
#include "tests/unit/any_kernel.h"
#include "tests/unit/dpi_net.h"
#include "tests/unit/make_plan.h"
#include "tests/unit/run_fixture.h"

/* ---- which they are ---- */

/* Kernel 0 of the plan: make_counter() with further states, whose new values the test chooses. */
static struct kcode *counter_with(struct run_fixture *f, uint32_t more)
{
    struct kernel *k = make_counter(&f->a, 2);
    const uint32_t *old = k->step.out;
    k->n_states += more;
    k->step.n_out += more;
    k->state = (const char **)ARENA_ARRAY(&f->a, char *, k->n_states);
    k->step.out = ARENA_ARRAY(&f->a, uint32_t, k->n_states);
    for (uint32_t i = 0; i < k->n_states; i++) {
        k->state[i] = arena_printf(&f->a, "s%u", i);
        k->step.out[i] = i < 2 ? old[i] : K_NONE;
    }
    VEC_PUSH(&f->a, &f->p->kernel, k);
    return &k->step;
}

static uint32_t put(struct run_fixture *f, uint16_t op, uint32_t a, uint32_t b, uint32_t c)
{
    return make_inst(&f->a, &f->p->kernel.data[0]->step,
                     (struct kinst){.op = op, .a = a, .b = b, .c = c});
}

static uint32_t put_const(struct run_fixture *f, float x)
{
    return make_inst(&f->a, &f->p->kernel.data[0]->step, (struct kinst){.op = K_CONST, .imm = x});
}

static uint32_t put_state(struct run_fixture *f, uint16_t index)
{
    return make_inst(&f->a, &f->p->kernel.data[0]->step,
                     (struct kinst){.op = K_STATE, .index = index});
}

/* Emits what depends on all states, so that those that aren't kept are derived. */
static void read_all(struct run_fixture *f)
{
    struct kcode *step = &f->p->kernel.data[0]->step;
    uint32_t sum = step->emit;
    for (uint16_t i = 0; i < step->n_out; i++)
        sum = put(f, K_ADD, sum, put_state(f, i), 0);
    step->emit = sum;
}

/* One letter for each state: k kept, d derived. */
static const char *kept(struct run_fixture *f, const bool *recorded)
{
    const struct kernel *k = derive_states(&f->a, f->p, 0, recorded);
    const char *why = "";
    if (!kernel_verify(k, &why))
        fail_msg("%s", why);
    bool *live = ARENA_ARRAY(&f->a, bool, k->step.n),
         *state = ARENA_ARRAY(&f->a, bool, k->n_states);
    char *text = ARENA_ARRAY(&f->a, char, k->n_states + 1);
    kernel_live(&k->step, recorded, live, state);
    for (uint32_t i = 0; i < k->n_states; i++)
        text[i] = state[i] ? 'k' : 'd';
    return text;
}

static void what_follows_is_derived(void **unused)
{
    struct run_fixture *f = *unused;
    struct kcode *step = counter_with(f, 7);
    const uint32_t v = step->out[0], zero = put_const(f, 0);
    step->out[2] = v;                                            /* a copy */
    step->out[4] = put(f, K_ABS, put(f, K_NEG, v, 0, 0), 0, 0);  /* of s0 */
    step->out[5] = put(f, K_ADD, step->out[1], step->out[4], 0); /* of s1 and of what is derived */
    step->out[6] = put(f, K_SELECT, put(f, K_GT, v, zero, 0), step->out[1], zero);
    step->out[7] = put(f, K_ADD, put_state(f, 8), v, 0); /* s8 never changes */
    read_all(f);
    step->out[3] = step->emit; /* the count */
    make_group(&f->a, f->p, "g", 3, 0, 0.5f);
    bool recorded[9] = {false};
    /* Whichever of the two that are the same comes first is derived from the other. */
    assert_string_equal(kept(f, recorded), "dkkdddddk");
    recorded[0] = recorded[4] = true;
    assert_string_equal(kept(f, recorded), "kkddkdddk");
}

static void what_does_not_follow_is_kept(void **unused)
{
    struct run_fixture *f = *unused;
    struct kcode *step = counter_with(f, 6);
    const uint32_t v = step->out[0], zero = put_const(f, 0);
    step->out[2] = put(f, K_EXP, v, 0, 0);                          /* dear */
    step->out[3] = put(f, K_ADD, v, put(f, K_PARAM, 0, 0, 0), 0);   /* chips deviate */
    step->out[4] = put(f, K_ADD, v, put_state(f, 0), 0);            /* the state before */
    step->out[5] = put(f, K_ADD, v, put(f, K_RECEIVE, 0, 0, 0), 0); /* of this step */
    step->out[6] = put(f, K_ADD, put_state(f, 6), v, 0);            /* itself */
    uint32_t many = v;
    for (int i = 0; i < 5; i++)
        many = put(f, K_ADD, many, zero, 0);
    step->out[7] = many;
    read_all(f);
    make_group(&f->a, f->p, "g", 3, 0, 0.5f);
    assert_string_equal(kept(f, (const bool[8]){false}), "kkkkkkkk");
}

/* Bits, in every neuron of every group. */
static void initial_values_must_fit(void **unused)
{
    struct run_fixture *f = *unused;
    struct kcode *step = counter_with(f, 1);
    const bool recorded[3] = {true, true, false};
    step->out[2] = put(f, K_NEG, step->out[0], 0, 0);
    read_all(f);
    make_group(&f->a, f->p, "g", 3, 0, 0.5f);
    make_group(&f->a, f->p, "h", 3, 0, 0.5f);
    assert_string_equal(kept(f, recorded), "kkk"); /* 0 isn't -0 */
    for (uint32_t g = 0; g < 2; g++)
        f->p->group.data[g].init[2].v[0] = -0.0f;
    assert_string_equal(kept(f, recorded), "kkd");
    f->p->group.data[1].init[0].v = (float[]){1, 2, 3};
    f->p->group.data[1].init[0].uniform = false;
    f->p->group.data[1].init[2].v = (float[]){-1, -2, -3.5f};
    f->p->group.data[1].init[2].uniform = false;
    assert_string_equal(kept(f, recorded), "kkk");
    f->p->group.data[1].init[2].v[2] = -3;
    assert_string_equal(kept(f, recorded), "kkd");
}

/* ---- runs ---- */

static uint32_t any_of(struct dice *d, const uint32_t *from, uint32_t n)
{
    return from[roll(d, n)];
}

/* Six states that follow from others, or nearly; all of them move s0 a little. */
static void any_followers(struct run_fixture *f, struct dice *d)
{
    enum { MORE = 6, MOST = 64 };
    static const uint8_t two[] = {K_ADD, K_SUB, K_MUL, K_MIN, K_MAX};
    struct kcode *step = counter_with(f, MORE);
    uint32_t value[MOST] = {step->out[0], step->out[1], step->emit, put_const(f, 0.5f),
                            put_const(f, -2)},
             n = 5;
    for (uint32_t i = 0; i < MORE; i++) {
        const uint32_t a = any_of(d, value, n), b = any_of(d, value, n);
        uint32_t v = roll(d, 4) == 0   ? a
                     : roll(d, 3) == 0 ? put(f, K_SELECT, put(f, K_LE, a, b, 0), b, a)
                                       : put(f, two[roll(d, sizeof two)], a, b, 0);
        v = put(f, K_MIN, put(f, K_MAX, v, value[4], 0), value[3], 0);
        step->out[2 + i] = value[n++] = v;
    }
    uint32_t kick = value[3];
    for (uint16_t i = 0; i < MORE; i++)
        kick = put(f, K_MUL, put(f, K_ADD, kick, put_state(f, (uint16_t)(2 + i)), 0), value[3], 0);
    step->out[0] = put(f, K_ADD, step->out[0], kick, 0);
    if (roll(d, 2))
        step->out[roll(d, 2) ? 2 : 3] = step->out[0];
}

static void runs_do_not_show_it(void **unused)
{
    struct run_fixture *f = *unused;
    enum { STEPS = 150 };
    struct backend b[2];
    uint32_t derived = 0, n = 1;
    uint64_t spikes = 0;
    backend_interp(&b[0]);
    n += dpi_open_jit(&b[1]);
    for (uint32_t round = 0; round < 24; round++) {
        struct dice d = {500 + round, 0};
        struct run_result all, few;
        *f->p = (struct plan){.network = "n", .dt = 1e-3};
        any_followers(f, &d);
        make_group(&f->a, f->p, "g", 1 + roll(&d, 40), 0, 0.75f);
        const struct kernel *k = f->p->kernel.data[0];
        const uint32_t size = f->p->group.data[0].n;
        for (uint32_t i = 0; i < k->n_states; i++)
            f->p->group.data[0].init[i].v[0] = roll(&d, 3) ? 0 : roll(&d, 2) ? 0.5f : -2;
        f->s = (struct stimulus){.name = "s", .steps = STEPS};
        f->o.trials = 1 + roll(&d, 3);
        f->o.backend = &b[round % n];
        run_fixture_record_all(f);
        assert_true(run_plan(&f->a, f->p, &f->o, &all, &f->d));
        f->o.record = (const struct run_record[]){{0, 0}, {0, -1}};
        f->o.n_record = 2;
        assert_true(run_plan(&f->a, f->p, &f->o, &few, &f->d));
        assert_memory_equal(all.count[0], few.count[0],
                            (size_t)f->o.trials * size * sizeof(uint64_t));
        for (int32_t i = -1; i < 1; i++)
            assert_memory_equal(run_fixture_recorded(&all, 0, i), run_fixture_recorded(&few, 0, i),
                                (size_t)f->o.trials * STEPS * size * (i < 0 ? 1 : sizeof(float)));
        for (uint32_t i = 0; i < size; i++)
            spikes += few.count[0][i];
        const bool recorded[8] = {true};
        derived += derive_states(&f->a, f->p, 0, recorded) != k;
    }
    for (uint32_t i = 0; i < n; i++)
        b[i].release(&b[i]);
    assert_true(spikes > 100 && derived > 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(what_follows_is_derived),
        RUN_TEST(what_does_not_follow_is_kept),
        RUN_TEST(initial_values_must_fit),
        RUN_TEST(runs_do_not_show_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
