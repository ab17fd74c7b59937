/* The interpreter and the JIT against each other and against one operation after another: the same
 * bits for random kernels over all operations, whatever is constant and whatever varies. */
#include "tests/unit/unit.h"

#include "runtime/base/fpenv.h"
#include "runtime/base/rng.h"
#include "runtime/kernel_operate.h"
#include "tests/unit/dpi_net.h"
#include <float.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    N_PARAMS = 4,
    N_LETS = 3,
    N_RECEPTORS = 2,
    N_STATES = 4,
    N_INST = 60,
    N_SPECS = 24,
    N_ROUNDS = 12,
    N_STEPS = 3,
    MAX_LANES = 304, /* 300, padded: more than a chunk or a block of the back ends */
};

/* ---- random numbers ---- */

struct dice {
    uint64_t seed, index;
};

static uint32_t roll(struct dice *d, uint32_t n)
{
    return (uint32_t)(rng_uniform(d->seed, d->index++) * n);
}

/* Never denormal: what enters a kernel isn't. */
static float any_float(struct dice *d)
{
    static const float special[] = {0.0f, -0.0f,   1.0f,     -1.0f,      INFINITY, -INFINITY,
                                    NAN,  FLT_MIN, -FLT_MIN, FLT_MAX,    -FLT_MAX, 0.5f,
                                    2.0f, 1.5f,    -2.5f,    8388609.0f, 1e-30f,   88.0f};
    enum { N = sizeof special / sizeof *special };
    if (roll(d, 4) == 0)
        return special[roll(d, N)];
    double magnitude = pow(10, 12 * rng_uniform(d->seed, d->index++) - 7);
    return (float)(roll(d, 3) ? magnitude : -magnitude);
}

/* ---- random kernels ---- */

static uint32_t any_value(struct dice *d, const struct kinst *inst, uint32_t n, enum ktype type)
{
    for (;;) {
        /* Mostly recent values, so that chains get long. */
        uint32_t v = roll(d, 3) ? n - 1 - roll(d, n < 12 ? n : 12) : roll(d, n);
        if (kop_type((enum kop)inst[v].op) == type)
            return v;
    }
}

static struct kinst any_leaf(struct dice *d)
{
    static const uint8_t leaves[] = {K_CONST, K_BOOLEAN, K_DT,     K_PARAM, K_LET,
                                     K_STATE, K_RECEIVE, K_SPIKES, K_PARAM, K_STATE};
    static const uint32_t range[K_N_OPS] = {
        [K_PARAM] = N_PARAMS, [K_LET] = N_LETS, [K_STATE] = N_STATES, [K_RECEIVE] = N_RECEPTORS};
    struct kinst in = {.op = leaves[roll(d, sizeof leaves)]};
    if (range[in.op])
        in.index = (uint16_t)roll(d, range[in.op]);
    if (in.op == K_CONST)
        in.imm = any_float(d);
    if (in.op == K_BOOLEAN)
        in.imm = (float)roll(d, 2);
    return in;
}

static struct kinst any_operation(struct dice *d, const struct kinst *inst, uint32_t n)
{
    struct kinst in = {.op = (uint16_t)(K_ADD + roll(d, K_N_OPS - K_ADD))};
    enum ktype type = in.op == K_AND || in.op == K_OR || in.op == K_NOT ? K_BOOL : K_F32;
    uint32_t n_operands = kop_operands((enum kop)in.op);
    in.a = any_value(d, inst, n, in.op == K_SELECT ? K_BOOL : type);
    if (n_operands > 1)
        in.b = any_value(d, inst, n, type);
    if (n_operands > 2)
        in.c = any_value(d, inst, n, type);
    return in;
}

/* max(ceil(log(x)), 0) and max(ceil(log(x / y)), 0) and the like, which the JIT skips where it can.
 */
static uint32_t put_count(struct dice *d, struct kinst *inst, uint32_t n)
{
    static const uint8_t rounding[] = {K_CEIL, K_FLOOR, K_ROUND, K_TRUNC};
    uint32_t x = any_value(d, inst, n, K_F32);
    const uint32_t y = any_value(d, inst, n, K_F32);
    inst[n] = (struct kinst){.op = K_CONST, .imm = roll(d, 4) ? 0.0f : -0.0f};
    const uint32_t zero = n++;
    if (roll(d, 2)) {
        inst[n] = (struct kinst){.op = K_DIV, .a = x, .b = y};
        x = n++;
    }
    inst[n] = (struct kinst){.op = K_LOG, .a = x};
    inst[n + 1] = (struct kinst){.op = rounding[roll(d, 4)], .a = n};
    inst[n + 2] = (struct kinst){.op = K_MAX, .a = n + 1, .b = zero};
    return n + 3;
}

static struct kernel *any_kernel(struct arena *a, struct dice *d)
{
    static const char *const name[] = {"w", "x", "y", "z"};
    struct kernel *k = ARENA_NEW(a, struct kernel);
    *k = (struct kernel){.model = "random",
                         .n_params = N_PARAMS,
                         .n_lets = N_LETS,
                         .n_receptors = N_RECEPTORS,
                         .n_states = N_STATES};
    k->param = ARENA_ARRAY(a, struct kparam, N_PARAMS);
    for (uint32_t i = 0; i < N_PARAMS; i++)
        k->param[i].name = name[i];
    k->receptor = (const char **)memcpy(ARENA_ARRAY(a, char *, N_RECEPTORS), name,
                                        N_RECEPTORS * sizeof *name);
    k->state = (const char **)memcpy(ARENA_ARRAY(a, char *, N_STATES), name, sizeof name);
    k->lets = (struct kcode){.n = 1, .n_out = N_LETS, .emit = K_NONE};
    k->lets.inst = ARENA_NEW(a, struct kinst);
    k->lets.inst[0] = (struct kinst){.op = K_DT};
    k->lets.out = ARENA_ARRAY(a, uint32_t, N_LETS);
    k->event.emit = K_NONE;

    struct kcode *step = &k->step;
    step->inst = ARENA_ARRAY(a, struct kinst, N_INST);
    step->inst[0] = (struct kinst){.op = K_STATE};
    step->inst[1] = (struct kinst){.op = K_LT};
    step->n = 2;
    while (step->n < N_INST - 5) {
        if (step->n > 12 && roll(d, 12) == 0) {
            step->n = put_count(d, step->inst, step->n);
            continue;
        }
        bool early = step->n < 12 || roll(d, 10) == 0;
        step->inst[step->n] = early ? any_leaf(d) : any_operation(d, step->inst, step->n);
        step->n++;
    }
    step->n_out = N_STATES;
    step->out = ARENA_ARRAY(a, uint32_t, N_STATES);
    for (uint32_t i = 0; i < N_STATES; i++)
        step->out[i] = roll(d, 5) ? any_value(d, step->inst, step->n, K_F32) : K_NONE;
    step->emit = roll(d, 5) ? any_value(d, step->inst, step->n, K_F32) : K_NONE;
    return k;
}

/* ---- data ---- */

enum { N_ARRAYS = N_PARAMS + N_LETS + N_STATES };

struct lanes {
    float *array[N_ARRAYS];                 /* parameters, lets, states */
    float *receive[N_RECEPTORS];            /* [N_STEPS][MAX_LANES] */
    float *trace[N_STATES];                 /* the same */
    float *spikes;                          /* one row more */
    uint8_t fired[N_STEPS * MAX_LANES / 8]; /* [N_STEPS][MAX_LANES] */
};

static float *any_rows(struct arena *a, struct dice *d, uint32_t rows)
{
    float *v = ARENA_ARRAY(a, float, rows *MAX_LANES);
    for (uint32_t j = 0; j < rows * MAX_LANES; j++)
        v[j] = any_float(d);
    return v;
}

static struct lanes any_lanes(struct arena *a, struct dice *d)
{
    struct lanes l = {0};
    for (uint32_t i = 0; i < N_ARRAYS; i++)
        l.array[i] = any_rows(a, d, 1);
    for (uint32_t i = 0; i < N_RECEPTORS; i++)
        l.receive[i] = any_rows(a, d, N_STEPS);
    for (uint32_t i = 0; i < N_STATES; i++)
        l.trace[i] = ARENA_ARRAY(a, float, N_STEPS *MAX_LANES);
    l.spikes = any_rows(a, d, N_STEPS + 1);
    return l;
}

/* The same input, results of its own. */
static struct lanes copy_lanes(struct arena *a, const struct lanes *from)
{
    struct lanes l = *from;
    for (uint32_t i = 0; i < N_ARRAYS; i++) {
        l.array[i] = ARENA_ARRAY(a, float, MAX_LANES);
        memcpy(l.array[i], from->array[i], MAX_LANES * sizeof(float));
    }
    for (uint32_t i = 0; i < N_STATES; i++)
        l.trace[i] = ARENA_ARRAY(a, float, N_STEPS *MAX_LANES);
    l.spikes = ARENA_ARRAY(a, float, (N_STEPS + 1) * MAX_LANES);
    memcpy(l.spikes, from->spikes, MAX_LANES * sizeof(float));
    return l;
}

struct uniforms {
    bool param[N_PARAMS], let[N_LETS];
    float param_value[N_PARAMS], let_value[N_LETS];
    bool traced[N_STATES];
};

static struct uniforms *any_uniforms(struct arena *a, struct dice *d)
{
    struct uniforms *u = ARENA_NEW(a, struct uniforms);
    uint32_t chance = roll(d, 3); /* 0: none, 1: half, 2: all */
    for (uint32_t i = 0; i < N_PARAMS; i++) {
        u->param[i] = roll(d, 2) < chance;
        u->param_value[i] = any_float(d);
    }
    for (uint32_t i = 0; i < N_LETS; i++) {
        u->let[i] = roll(d, 2) < chance;
        u->let_value[i] = any_float(d);
    }
    for (uint32_t i = 0; i < N_STATES; i++)
        u->traced[i] = roll(d, 3);
    return u;
}

static struct kernel_spec spec_of(const struct kernel *k, const struct uniforms *u)
{
    return (struct kernel_spec){k,         u->param, u->let, u->param_value, u->let_value,
                                u->traced, 1e-3f};
}

/* Steps [first, first + steps) of lanes [begin, end). */
static void run(const struct kernel_code *code, const struct kernel_spec *s, struct lanes *l,
                size_t begin, size_t end, size_t first, size_t steps)
{
    const float *param[N_PARAMS], *let[N_LETS], *receive[N_RECEPTORS];
    float *trace[N_STATES];
    for (uint32_t i = 0; i < N_PARAMS; i++)
        param[i] = s->param_uniform[i] ? NULL : l->array[i];
    for (uint32_t i = 0; i < N_LETS; i++)
        let[i] = s->let_uniform[i] ? NULL : l->array[N_PARAMS + i];
    for (uint32_t i = 0; i < N_RECEPTORS; i++)
        receive[i] = l->receive[i] + first * MAX_LANES;
    for (uint32_t i = 0; i < N_STATES; i++)
        trace[i] = s->traced[i] ? l->trace[i] + first * MAX_LANES : NULL;
    struct kernel_args args = {.param = param,
                               .let = let,
                               .state = &l->array[N_PARAMS + N_LETS],
                               .receive = receive,
                               .trace = trace,
                               .spikes = l->spikes + first * MAX_LANES,
                               .fired = l->fired + first * MAX_LANES / 8,
                               .stride = MAX_LANES,
                               .dt = s->dt};
    uint64_t old = fpenv_flush();
    code->step(code->code, &args, begin, end, steps);
    fpenv_restore(old);
}

/* ---- one operation after another ---- */

static float leaf_value(const struct kernel_spec *s, const struct kinst *in, const struct lanes *l,
                        size_t i, size_t row)
{
    float *const *x = l->array;
    switch ((enum kop)in->op) {
    case K_CONST:
        return in->imm;
    case K_BOOLEAN:
        return in->imm;
    case K_DT:
        return s->dt;
    case K_PARAM:
        return s->param_uniform[in->index] ? s->param_value[in->index] : x[in->index][i];
    case K_LET:
        return s->let_uniform[in->index] ? s->let_value[in->index] : x[N_PARAMS + in->index][i];
    case K_STATE:
        return x[N_PARAMS + N_LETS + in->index][i];
    case K_RECEIVE:
        return l->receive[in->index][row + i];
    default:
        return l->spikes[row + i];
    }
}

static void reference(const struct kernel_spec *s, struct lanes *l, size_t i, size_t row)
{
    const struct kcode *step = &s->kernel->step;
    float v[N_INST];
    for (uint32_t j = 0; j < step->n; j++) {
        const struct kinst *in = &step->inst[j];
        v[j] = kop_operands((enum kop)in->op)
                   ? kernel_operate((enum kop)in->op, v[in->a], v[in->b], v[in->c])
                   : leaf_value(s, in, l, i, row);
    }
    for (uint32_t j = 0; j < N_STATES; j++) {
        float *state = &l->array[N_PARAMS + N_LETS + j][i];
        *state = step->out[j] != K_NONE ? v[step->out[j]] : *state;
        l->trace[j][row + i] = *state;
    }
    const float count = step->emit == K_NONE ? 0 : v[step->emit];
    l->spikes[row + MAX_LANES + i] = count;
    l->fired[(row + i) / 8] =
        (uint8_t)((l->fired[(row + i) / 8] & ~(1u << i % 8)) | (uint32_t)(count != 0) << i % 8);
}

/* NaNs are equal: which of two NaNs an operation passes on isn't defined. */
static void assert_same(const struct kernel *k, const float *x, const float *y, size_t n,
                        const char *who, const char *what)
{
    for (size_t j = 0; j < n; j++) {
        if ((isnan(x[j]) && isnan(y[j])) || memcmp(&x[j], &y[j], sizeof *x) == 0)
            continue;
        struct buf text = {0};
        kernel_text(&text, k);
        fprintf(stderr, "%s: %s, lane %zu of %zu: %a, expected %a\n%s", who, what, j, n,
                (double)y[j], (double)x[j], text.data);
        fail();
    }
}

/* States that nobody needs aren't compared. */
static void compare(const struct kernel_spec *s, const struct lanes *x, const struct lanes *y,
                    size_t n, const char *who)
{
    for (size_t t = 0; t < N_STEPS; t++) {
        const size_t row = t * MAX_LANES;
        for (uint32_t i = 0; i < N_STATES; i++) {
            if (s->traced[i])
                assert_same(s->kernel, x->trace[i] + row, y->trace[i] + row, n, who, "trace");
        }
        assert_same(s->kernel, x->spikes + row + MAX_LANES, y->spikes + row + MAX_LANES, n, who,
                    "spikes");
        for (size_t i = 0; i < n; i++)
            assert_int_equal((x->fired[(row + i) / 8] ^ y->fired[(row + i) / 8]) >> i % 8 & 1, 0);
    }
    for (uint32_t i = 0; i < N_STATES; i++) {
        if (s->traced[i])
            assert_same(s->kernel, x->array[N_PARAMS + N_LETS + i], y->array[N_PARAMS + N_LETS + i],
                        n, who, "state");
    }
}

/* ---- tests ---- */

static void check_round(const struct backend *b, uint64_t seed)
{
    struct arena a = {0};
    struct diags d = {0};
    struct dice dice = {seed, 0};
    struct kernel_spec spec[N_SPECS];
    struct kernel_code code[N_SPECS];
    for (uint32_t i = 0; i < N_SPECS; i++) {
        spec[i] = spec_of(any_kernel(&a, &dice), any_uniforms(&a, &dice));
        const char *why;
        assert_true(kernel_verify(spec[i].kernel, &why));
    }
    assert_true(b->prepare(b, &a, spec, N_SPECS, code, &d));
    for (uint32_t i = 0; i < N_SPECS; i++) {
        size_t n = 1 + roll(&dice, i % 4 ? 70 : 300);
        struct lanes expected = any_lanes(&a, &dice);
        struct lanes got = copy_lanes(&a, &expected);
        const uint64_t old = fpenv_flush();
        for (size_t t = 0; t < N_STEPS; t++) {
            for (size_t j = 0; j < n; j++)
                reference(&spec[i], &expected, j, t * MAX_LANES);
        }
        fpenv_restore(old);
        const size_t end = (n + 15) / 16 * 16, middle = end / 32 * 16, first = roll(&dice, 3);
        run(&code[i], &spec[i], &got, 0, middle, 0, N_STEPS);
        run(&code[i], &spec[i], &got, middle, end, 0, first);
        run(&code[i], &spec[i], &got, middle, end, first, N_STEPS - first);
        compare(&spec[i], &expected, &got, n, b->name);
    }
    diags_free(&d);
    arena_free(&a);
}

/* For every instruction set that this processor has. */
static void check_levels(struct backend *b)
{
    for (b->cpu = CPU_BASE; b->cpu <= cpu_level(); b->cpu++) {
        for (uint64_t seed = 0; seed < N_ROUNDS; seed++)
            check_round(b, seed);
    }
    b->release(b);
}

static void test_interp(void **state)
{
    (void)state;
    struct backend b;
    backend_interp(&b);
    check_levels(&b);
}

static void test_jit(void **state)
{
    (void)state;
    struct backend b;
    if (!dpi_open_jit(&b))
        skip();
    check_levels(&b);
}

/* One kernel of the run is another one, or one of its constants, or the processor: then the cache
 * doesn't know it. What it knows gives the same bits. */
static void test_cache(void **state)
{
    (void)state;
    struct backend b;
    if (!dpi_open_jit(&b))
        skip();
    b.release(&b);
    char folder[] = "/tmp/dyn-jit-XXXXXX";
    assert_non_null(mkdtemp(folder));
    setenv("XDG_CACHE_HOME", folder, 1);
    unsetenv("DYN_CACHE");
    for (uint32_t turn = 0; turn < 2; turn++) {
        assert_true(dpi_open_jit(&b));
        b.cache = true;
        uint32_t rounds = 0;
        for (b.cpu = CPU_BASE; b.cpu <= cpu_level(); b.cpu++) {
            for (uint64_t seed = 0; seed < 3; seed++, rounds++)
                check_round(&b, seed);
        }
        struct code_report r;
        b.report(&b, &r);
        assert_null(r.no_cache);
        assert_int_equal(r.compiled, turn == 0 ? rounds : 0);
        assert_int_equal(r.cached, turn == 0 ? 0 : rounds);
        b.release(&b);
    }
    struct arena a = {0};
    struct diags d = {0};
    struct dice dice = {99, 0};
    struct kernel *k = any_kernel(&a, &dice);
    struct uniforms u = {
        .param = {true, true, true, true}, .let = {true, true, true}, .traced = {true}};
    struct kernel_spec spec = spec_of(k, &u);
    k->step.out[0] = k->step.n++; /* there is room for it: see any_kernel() */
    k->step.inst[k->step.out[0]] = (struct kinst){.op = K_PARAM};
    struct kernel_code code;
    assert_true(dpi_open_jit(&b));
    b.cache = true;
    for (uint32_t i = 0; i < 4; i++) {
        u.param_value[0] = (float)(i / 2);
        assert_true(b.prepare(&b, &a, &spec, 1, &code, &d));
        struct code_report r;
        b.report(&b, &r);
        assert_int_equal(r.compiled, i / 2 + 1);
        assert_int_equal(r.cached, (i + 1) / 2);
    }
    b.release(&b);
    diags_free(&d);
    arena_free(&a);
    unsetenv("XDG_CACHE_HOME");
    const char *const remove[] = {"rm", "-rf", folder, NULL};
    pid_t pid = fork();
    if (pid == 0)
        _exit(execvp(remove[0], (char *const *)(uintptr_t)remove));
    waitpid(pid, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interp),
        cmocka_unit_test(test_jit),
        cmocka_unit_test(test_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
