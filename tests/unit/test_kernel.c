/* Kernel IR: every operation of the interpreter against plain C on every instruction set that this
 * machine has, the verifier, bytes and text. */
#include "tests/unit/unit.h"

#include "runtime/base/fpenv.h"
#include "runtime/base/rng.h"
#include "runtime/image.h"
#include "runtime/interp.h"
#include "tests/unit/make_plan.h"
#include <math.h>

enum { LANES = 336 }; /* more than a block, and not a multiple of one */

static const float special[] = {0.0f,  -0.0f, 1,     -1,      0.5f,     2.5f,
                                -2.5f, 1.5f,  1e30f, -1e-30f, INFINITY, -INFINITY,
                                NAN,   3,     7e7f,  -0.75f,  88.5f,    1e-3f};
enum { N_SPECIAL = sizeof special / sizeof *special };

/* All pairs of special values, then a sweep. */
static float sample(size_t lane, unsigned which)
{
    if (lane < (size_t)N_SPECIAL * N_SPECIAL)
        return special[which == 0   ? lane % N_SPECIAL
                       : which == 1 ? lane / N_SPECIAL
                                    : (lane * 7) % N_SPECIAL];
    return (float)(lane % 13) * 0.37f - (float)which;
}

/* The definition of each operation, written without a look at the interpreter. */
static float plain(enum kop op, float a, float b, float c)
{
    switch (op) {
    case K_ADD:
        return a + b;
    case K_SUB:
        return a - b;
    case K_MUL:
        return a * b;
    case K_DIV:
        return a / b;
    case K_FMA:
        return fmaf(a, b, c);
    case K_MIN:
        return a < b ? a : b;
    case K_MAX:
        return a > b ? a : b;
    case K_MOD: {
        float q = a / b, f = floorf(q), t = f * b;
        return a - t;
    }
    case K_NEG:
        return -a;
    case K_ABS:
        return a < 0 || (a == 0 && signbit(a)) ? -a : a;
    case K_FLOOR:
        return floorf(a);
    case K_CEIL:
        return ceilf(a);
    case K_ROUND:
        return nearbyintf(a);
    case K_TRUNC:
        return truncf(a);
    case K_SQRT:
        return sqrtf(a);
    case K_EXP:
        return (float)exp((double)a);
    case K_LOG:
        return (float)log((double)a);
    case K_SIN:
        return (float)sin((double)a);
    case K_COS:
        return (float)cos((double)a);
    case K_TANH:
        return (float)tanh((double)a);
    case K_POW:
        return (float)pow((double)a, (double)b);
    case K_LT:
        return a < b ? 1 : 0;
    case K_LE:
        return a <= b ? 1 : 0;
    case K_GT:
        return a > b ? 1 : 0;
    case K_GE:
        return a >= b ? 1 : 0;
    case K_EQ:
        return a == b ? 1 : 0;
    case K_NE:
        return a != b ? 1 : 0;
    case K_AND:
        return a > 0 && b > 0 ? 1 : 0;
    case K_OR:
        return a > 0 || b > 0 ? 1 : 0;
    case K_NOT:
        return a > 0 ? 0 : 1;
    case K_SELECT:
        return a > 0 ? b : c;
    default:
        fail();
        return 0;
    }
}

/* What `random(seed)` is in a step. */
static float drawn(float seed, uint32_t trial, uint32_t neuron, uint32_t step)
{
    uint32_t bits, word[2];
    memcpy(&bits, &seed, sizeof bits);
    bits = isnan(seed) ? 0x7fc00000 : bits;
    threefry((struct rng_key){{bits, trial}}, neuron, step, word);
    return ldexpf((float)(word[0] / 256), -24);
}

static bool same(float x, float y)
{
    return (isnan(x) && isnan(y)) || memcmp(&x, &y, sizeof x) == 0;
}

/* exp and log are polynomials of the project's own: close, not equal, to libm. */
static bool close_enough(float x, float y)
{
    return same(x, y) || fabsf(x - y) <= 1.2e-7f * 1.5f * fabsf(y);
}

/* Runs one step of `k` with states s0.. given by sample(), on `level`. */
static void run_once(struct arena *a, const struct kernel *k, enum cpu_level level, float **state,
                     float *spikes)
{
    uint8_t fired[LANES / 8];
    float *trace[4];
    bool traced[4] = {true, true, true, true};
    struct kernel_spec spec = {.kernel = k, .traced = traced, .dt = 0.5f};
    struct backend b;
    struct kernel_code code;
    struct diags d = {0};
    backend_interp(&b);
    assert_true(b.prepare(&b, a, &spec, 1, &code, &d));
    for (uint32_t i = 0; i < k->n_states; i++) {
        state[i] = ARENA_ARRAY(a, float, LANES);
        trace[i] = ARENA_ARRAY(a, float, LANES);
        for (size_t lane = 0; lane < LANES; lane++)
            state[i][lane] = sample(lane, i);
    }
    struct kernel_args args = {.state = state,
                               .trace = trace,
                               .spikes = spikes,
                               .fired = fired,
                               .draws = {.first_step = 9, .first_trial = 7, .neurons = 5}};
    uint64_t old = fpenv_flush();
    interp_step_for(level)(code.code, &args, 0, LANES, 0, 1);
    fpenv_restore(old);
    for (uint32_t i = 0; i < k->n_states; i++)
        assert_memory_equal(state[i], trace[i], LANES * sizeof(float));
    for (size_t lane = 0; lane < LANES; lane++)
        assert_int_equal(fired[lane / 8] >> lane % 8 & 1, spikes[lane] != 0);
    diags_free(&d);
}

/* s3 = op(s0, s1, s2), with booleans made from s0 > 0 and s1 > 0 where the operation wants them. */
static struct kernel *one_operation(struct arena *a, enum kop op)
{
    struct kernel *k = make_kernel(a, 0, 0, 0, 4);
    struct kcode *s = &k->step;
    uint32_t v[3];
    for (uint16_t i = 0; i < 3; i++)
        v[i] = make_inst(a, s, (struct kinst){.op = K_STATE, .index = i});
    uint32_t zero = make_inst(a, s, (struct kinst){.op = K_CONST});
    bool logic = op == K_AND || op == K_OR || op == K_NOT;
    for (uint32_t i = 0; i < (logic ? 2u : op == K_SELECT ? 1u : 0u); i++)
        v[i] = make_inst(a, s, (struct kinst){.op = K_GT, .a = v[i], .b = zero});
    uint32_t r =
        make_inst(a, s, (struct kinst){.op = (uint16_t)op, .a = v[0], .b = v[1], .c = v[2]});
    if (kop_type(op) == K_BOOL) {
        uint32_t one = make_inst(a, s, (struct kinst){.op = K_CONST, .imm = 1});
        r = make_inst(a, s, (struct kinst){.op = K_SELECT, .a = r, .b = one, .c = zero});
    }
    s->out[3] = r;
    return k;
}

static void every_operation_on_every_level(void **unused)
{
    (void)unused;
    struct arena a = {0};
    for (uint32_t op = K_ADD; op < K_N_OPS; op++) {
        struct kernel *k = one_operation(&a, (enum kop)op);
        const char *why = "";
        assert_true(kernel_verify(k, &why));
        float *first = NULL;
        for (enum cpu_level level = CPU_BASE; level <= cpu_level(); level++) {
            float *state[4], *spikes = ARENA_ARRAY(&a, float, LANES);
            run_once(&a, k, level, state, spikes);
            for (size_t i = 0; i < LANES; i++) {
                float want = op == K_RANDOM
                                 ? drawn(sample(i, 0), 7 + (uint32_t)i / 5, (uint32_t)i % 5, 9)
                                 : plain((enum kop)op, sample(i, 0), sample(i, 1), sample(i, 2));
                float got = state[3][i];
                bool right = op == K_EXP || op == K_LOG ? close_enough(got, want) : same(got, want);
                if (!right)
                    fail_msg("%s on level %d, lane %zu: %a, not %a", kop_text((enum kop)op),
                             (int)level, i, (double)got, (double)want);
                if (first && !same(first[i], got))
                    fail_msg("%s: levels differ", kop_text((enum kop)op));
            }
            first = state[3];
        }
    }
    arena_free(&a);
}

static void states_change_places(void **unused)
{
    (void)unused;
    struct arena a = {0};
    struct kernel *k = make_kernel(&a, 0, 0, 0, 2);
    uint32_t x = make_inst(&a, &k->step, (struct kinst){.op = K_STATE, .index = 0});
    uint32_t y = make_inst(&a, &k->step, (struct kinst){.op = K_STATE, .index = 1});
    k->step.out[0] = y;
    k->step.out[1] = x;
    k->step.emit = make_inst(&a, &k->step, (struct kinst){.op = K_SPIKES});
    float *state[2], *spikes = ARENA_ARRAY(&a, float, LANES);
    spikes[5] = 3;
    run_once(&a, k, cpu_level(), state, spikes);
    for (size_t i = 0; i < LANES; i++) {
        assert_true(same(state[0][i], sample(i, 1)));
        assert_true(same(state[1][i], sample(i, 0)));
        assert_true(spikes[i] == (i == 5 ? 3 : 0));
    }
    arena_free(&a);
}

static void many_registers(void **unused)
{
    (void)unused; /* all live at once: blocks become short */
    struct arena a = {0};
    enum { N = 1500 }; /* more than the interpreter has room for without allocating */
    struct kernel *k = make_kernel(&a, 0, 0, 0, 1);
    uint32_t x = make_inst(&a, &k->step, (struct kinst){.op = K_STATE}), v[N];
    for (uint32_t i = 0; i < N; i++)
        v[i] = make_inst(&a, &k->step, (struct kinst){.op = K_ADD, .a = i ? v[i - 1] : x, .b = x});
    uint32_t sum = v[0];
    for (uint32_t i = N - 1; i > 0; i--)
        sum = make_inst(&a, &k->step, (struct kinst){.op = K_ADD, .a = sum, .b = v[i]});
    k->step.out[0] = sum;
    float *state[1], *spikes = ARENA_ARRAY(&a, float, LANES);
    run_once(&a, k, cpu_level(), state, spikes);
    for (size_t i = 0; i < LANES; i++) {
        float s = sample(i, 0), multiple[N], want;
        for (uint32_t j = 0; j < N; j++)
            multiple[j] = (j ? multiple[j - 1] : s) + s;
        want = multiple[0];
        for (uint32_t j = N - 1; j > 0; j--)
            want += multiple[j];
        assert_true(same(state[0][i], want));
    }
    arena_free(&a);
}

static void the_verifier_rejects(void **unused)
{
    (void)unused;
    struct arena a = {0};
    const char *why;
    assert_true(kernel_verify(make_counter(&a, 2), &why));
    struct {
        const char *what;
        struct kernel *k;
    } bad[16];
    unsigned n = 0;
#define BAD(text, change)                                                                          \
    do {                                                                                           \
        struct kernel *k = make_counter(&a, 2);                                                    \
        change;                                                                                    \
        bad[n].what = text;                                                                        \
        bad[n++].k = k;                                                                            \
    } while (0)
    BAD("operation", k->step.inst[0].op = K_N_OPS);
    BAD("forward operand", k->step.inst[2].a = 2);
    BAD("operand far out", k->step.inst[2].a = UINT32_MAX);
    BAD("parameter", k->step.inst[0].index = 1);
    BAD("receptor", k->step.inst[3].index = 2);
    BAD("state", k->step.inst[1].index = 2);
    BAD("let", k->step.inst[0] = ((struct kinst){.op = K_LET, .index = 1}));
    BAD("weight in a step", k->step.inst[0].op = K_WEIGHT);
    BAD("bool as number", k->step.inst[10].a = 7);
    BAD("number as bool", k->step.inst[9].a = 8);
    BAD("state in a let", k->lets.inst[0].op = K_STATE);
    BAD("let in a let", k->lets.inst[0].op = K_LET);
    BAD("result", k->step.out[0] = k->step.n);
    BAD("emitted bool", k->step.emit = 7);
    BAD("let without value", k->lets.out[0] = K_NONE);
    BAD("kind", k->param[0].kind = 3);
#undef BAD
    for (unsigned i = 0; i < n; i++) {
        why = NULL;
        if (kernel_verify(bad[i].k, &why) || !why)
            fail_msg("%s was let through", bad[i].what);
    }
    arena_free(&a);
}

static void bytes_and_back(void **unused)
{
    (void)unused;
    struct arena a = {0};
    struct diags d = {0};
    struct kernel *k = make_counter(&a, 2);
    struct buf b = {0}, again = {0}, text = {0}, text2 = {0};
    kernel_write(&b, k);
    struct reader r = {.b = {(const uint8_t *)b.data, b.n}};
    struct kernel *back = kernel_read(&a, &r, &d);
    assert_non_null(back);
    assert_int_equal(r.at, b.n);
    kernel_write(&again, back);
    assert_int_equal(again.n, b.n);
    assert_memory_equal(again.data, b.data, b.n);
    kernel_text(&text, k);
    kernel_text(&text2, back);
    assert_string_equal(text.data, text2.data);
    back->step.inst[5].imm = 2;
    buf_clear(&again);
    kernel_write(&again, back);
    assert_int_equal(again.n, b.n);
    assert_memory_not_equal(again.data, b.data, b.n);

    for (size_t n = 0; n < b.n; n++) {
        struct diags quiet = {0};
        uint8_t *cut = malloc(n ? n : 1); /* its own size: sanitizers see reads beyond it */
        memcpy(cut, b.data, n);
        struct reader s = {.b = {cut, n}};
        assert_null(kernel_read(&a, &s, &quiet));
        assert_int_equal(quiet.list.data[0]->code, E0701);
        diags_free(&quiet);
        free(cut);
    }
    buf_free(&b);
    buf_free(&again);
    buf_free(&text);
    buf_free(&text2);
    diags_free(&d);
    arena_free(&a);
}

static void text_of_a_kernel(void **unused)
{
    (void)unused;
    struct arena a = {0};
    struct buf b = {0};
    kernel_text(&b, make_counter(&a, 1));
    assert_string_equal(b.data, "kernel made\n"
                                "lets\n"
                                "  v0 = param p0\n"
                                "  v1 = mul v0 v0\n"
                                "  let 0 = v1\n"
                                "step\n"
                                "  v0 = param p0\n"
                                "  v1 = state s0\n"
                                "  v2 = mul v0 v1\n"
                                "  v3 = receive r0\n"
                                "  v4 = add v2 v3\n"
                                "  v5 = const 1\n"
                                "  v6 = const 0\n"
                                "  v7 = ge v4 v5\n"
                                "  v8 = floor v4\n"
                                "  v9 = select v7 v8 v6\n"
                                "  v10 = sub v4 v9\n"
                                "  s0 = v10\n"
                                "  emit v9\n");
    buf_free(&b);
    arena_free(&a);
}

static void lets_are_uniform_where_their_inputs_are(void **unused)
{
    (void)unused;
    struct arena a = {0};
    struct kernel *k = make_kernel(&a, 2, 3, 0, 0);
    struct kcode *l = &k->lets;
    uint32_t p = make_inst(&a, l, (struct kinst){.op = K_PARAM, .index = 0});
    uint32_t q = make_inst(&a, l, (struct kinst){.op = K_PARAM, .index = 1});
    uint32_t dt = make_inst(&a, l, (struct kinst){.op = K_DT});
    l->out[0] = make_inst(&a, l, (struct kinst){.op = K_EXP, .a = p});
    l->out[1] = make_inst(&a, l, (struct kinst){.op = K_DIV, .a = dt, .b = q});
    l->out[2] = make_inst(&a, l, (struct kinst){.op = K_LOG, .a = l->out[1]});
    float one[] = {1.25f}, three[] = {0.1f, 0.3f, 1e-3f};
    struct column param[] = {{one, true}, {three, false}}, let[3];
    kernel_lets(&a, k, 3, param, 1e-3f, let);
    assert_true(let[0].uniform && !let[1].uniform && !let[2].uniform);
    assert_true(let[0].v[0] == (float)exp(1.25));
    for (int i = 0; i < 3; i++) {
        float quotient = 1e-3f / three[i];
        assert_true(let[1].v[i] == quotient);
        assert_true(let[2].v[i] == (float)log((double)quotient));
    }
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_on_every_level),
        cmocka_unit_test(states_change_places),
        cmocka_unit_test(many_registers),
        cmocka_unit_test(the_verifier_rejects),
        cmocka_unit_test(bytes_and_back),
        cmocka_unit_test(text_of_a_kernel),
        cmocka_unit_test(lets_are_uniform_where_their_inputs_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
