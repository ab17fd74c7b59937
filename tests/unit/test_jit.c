/* The interpreter and the JIT against each other and against one operation after another: the same
 * bits for random kernels over all operations, whatever is constant and whatever varies. */
#include "tests/unit/unit.h"

#include "runtime/base/fpenv.h"
#include "runtime/hoist.h"
#include "runtime/kernel_operate.h"
#include "tests/unit/any_kernel.h"
#include "tests/unit/dpi_net.h"
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Lanes: 300, padded, which is more than a block of the back ends. */
enum { N_SPECS = 24, N_ROUNDS = 12, N_STEPS = 3, MAX_LANES = 304 };

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
    return (struct kernel_spec){.kernel = k,
                                .param_uniform = u->param,
                                .let_uniform = u->let,
                                .param_value = u->param_value,
                                .let_value = u->let_value,
                                .traced = u->traced,
                                .dt = 1e-3f};
}

/* The kernel as the engine runs it: what stays the same is moved into further lets, whose columns
 * are `moved`. */
static struct kernel_spec hoisted_spec(struct arena *a, const struct kernel_spec *s,
                                       const struct lanes *l, struct column **moved)
{
    struct hoisted h;
    hoist(a, s->kernel, &h);
    const uint32_t n_lets = h.kernel->n_lets;
    struct column column[N_PARAMS + N_LETS];
    bool *uniform = ARENA_ARRAY(a, bool, n_lets);
    float *value = ARENA_ARRAY(a, float, n_lets);
    for (uint32_t i = 0; i < N_PARAMS + N_LETS; i++) {
        const bool is_let = i >= N_PARAMS;
        const uint32_t k = is_let ? i - N_PARAMS : i;
        column[i].uniform = is_let ? s->let_uniform[k] : s->param_uniform[k];
        column[i].v = l->array[i];
        if (column[i].uniform) {
            column[i].v = ARENA_NEW(a, float);
            column[i].v[0] = is_let ? s->let_value[k] : s->param_value[k];
        }
        if (is_let) {
            uniform[k] = column[i].uniform;
            value[k] = s->let_value[k];
        }
    }
    *moved = ARENA_ARRAY(a, struct column, n_lets - N_LETS);
    kernel_constants(a, &h.code, MAX_LANES, column, column + N_PARAMS, s->dt, *moved);
    for (uint32_t i = N_LETS; i < n_lets; i++) {
        uniform[i] = (*moved)[i - N_LETS].uniform;
        value[i] = (*moved)[i - N_LETS].v[0];
    }
    struct kernel_spec out = *s;
    out.kernel = h.kernel;
    out.let_uniform = uniform;
    out.let_value = value;
    return out;
}

static const struct kernel_draws draws = {
    .first_step = 5, .stride = MAX_LANES, .first_trial = 3, .neurons = 7};

/* Steps [first, first + steps) of lanes [begin, end). */
static void run(const struct kernel_code *code, const struct kernel_spec *s,
                const struct column *moved, struct lanes *l, size_t begin, size_t end, size_t first,
                size_t steps)
{
    const float *param[N_PARAMS], *let[N_LETS + N_INST], *receive[N_RECEPTORS];
    float *trace[N_STATES];
    for (uint32_t i = 0; i < N_PARAMS; i++)
        param[i] = s->param_uniform[i] ? NULL : l->array[i];
    for (uint32_t i = 0; i < s->kernel->n_lets; i++)
        let[i] = s->let_uniform[i] ? NULL
                 : i < N_LETS      ? l->array[N_PARAMS + i]
                                   : moved[i - N_LETS].v;
    for (uint32_t i = 0; i < N_RECEPTORS; i++)
        receive[i] = l->receive[i];
    for (uint32_t i = 0; i < N_STATES; i++)
        trace[i] = s->traced[i] ? l->trace[i] : NULL;
    struct kernel_args args = {.param = param,
                               .let = let,
                               .state = &l->array[N_PARAMS + N_LETS],
                               .receive = receive,
                               .trace = trace,
                               .spikes = l->spikes,
                               .fired = l->fired,
                               .stride = MAX_LANES,
                               .dt = s->dt,
                               .draws = draws};
    uint64_t old = fpenv_flush();
    code->step(code->code, &args, begin, end, first, first + steps);
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

static float value_of(const struct kernel_spec *s, const struct kinst *in, const struct lanes *l,
                      size_t i, size_t row, const float *v)
{
    if (in->op == K_RANDOM)
        return kernel_random(v[in->a], &draws, i, row + i);
    if (kop_operands((enum kop)in->op) > 0)
        return kernel_operate((enum kop)in->op, v[in->a], v[in->b], v[in->c]);
    return leaf_value(s, in, l, i, row);
}

static void reference(const struct kernel_spec *s, struct lanes *l, size_t i, size_t row)
{
    const struct kcode *step = &s->kernel->step;
    float v[N_INST];
    for (uint32_t j = 0; j < step->n; j++)
        v[j] = value_of(s, &step->inst[j], l, i, row, v);
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
    static const size_t lanes[] = {0, 16, 32, (size_t)1 << 30}; /* each has code of its own */
    struct arena a = {0};
    struct diags d = {0};
    struct dice dice = {seed, 0};
    struct kernel_spec spec[N_SPECS], hoisted[N_SPECS];
    struct column *moved[N_SPECS];
    struct lanes expected[N_SPECS];
    struct kernel_code code[N_SPECS];
    uint32_t n_moved = 0;
    for (uint32_t i = 0; i < N_SPECS; i++) {
        spec[i] = spec_of(any_kernel(&a, &dice), any_uniforms(&a, &dice));
        const char *why;
        assert_true(kernel_verify(spec[i].kernel, &why));
        expected[i] = any_lanes(&a, &dice);
        hoisted[i] = hoisted_spec(&a, &spec[i], &expected[i], &moved[i]);
        hoisted[i].lanes = lanes[roll(&dice, 4)];
        n_moved += hoisted[i].kernel->n_lets - N_LETS;
    }
    assert_true(n_moved > 0);
    assert_true(b->prepare(b, &a, hoisted, N_SPECS, code, &d));
    for (uint32_t i = 0; i < N_SPECS; i++) {
        size_t n = 1 + roll(&dice, i % 4 ? 70 : 300);
        struct lanes got = copy_lanes(&a, &expected[i]);
        const uint64_t old = fpenv_flush();
        for (size_t t = 0; t < N_STEPS; t++) {
            for (size_t j = 0; j < n; j++)
                reference(&spec[i], &expected[i], j, t * MAX_LANES);
        }
        fpenv_restore(old);
        const size_t end = (n + 15) / 16 * 16, middle = end / 32 * 16, first = roll(&dice, 3);
        run(&code[i], &hoisted[i], moved[i], &got, 0, middle, 0, N_STEPS);
        run(&code[i], &hoisted[i], moved[i], &got, middle, end, 0, first);
        run(&code[i], &hoisted[i], moved[i], &got, middle, end, first, N_STEPS - first);
        compare(&spec[i], &expected[i], &got, n, b->name);
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
