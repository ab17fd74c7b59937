/* stdlib's dpi, from its text through kernel and plan to a run, against DynapSim: the runs that
 * Rockpool recorded, and the naive simulator on random networks. */
#include "tests/unit/unit.h"

#include "runtime/base/npy.h"
#include "runtime/base/rng.h"
#include "tests/naive_dynapsim.h"
#include "tests/unit/dpi_net.h"
#include <math.h>
#include <stdio.h>

static const struct span NOWHERE = {0, 0, 0};

static const char *const param_names[] = {
#define X(name) #name,
    NAIVE_PARAMS(X)
#undef X
};
enum { N_PARAMS = sizeof param_names / sizeof *param_names };

/* ---- comparing ---- */

static bool near_enough(float got, float want, double floor)
{
    return fabs((double)got - (double)want) <= 2e-4 * fmax(fabs((double)want), floor);
}

static void check_step(const struct dpi_trace *got, const struct dpi_trace *want, size_t k,
                       const char *what, uint32_t n)
{
    bool same = got->spikes[k] == want->spikes[k];
    bool near = near_enough(got->isyn[k], want->isyn[k], 0) &&
                near_enough(got->iahp[k], want->iahp[k], 0) &&
                near_enough(got->imem[k], want->imem[k], 0) &&
                near_enough(got->vmem[k], want->vmem[k], 1e-3);
    if (same && near)
        return;
    print_error("%s, step %zu, neuron %zu: spikes %u (%u), isyn %g (%g), iahp %g (%g), imem %g "
                "(%g), vmem %g (%g)\n",
                what, k / n, k % n, got->spikes[k], want->spikes[k], (double)got->isyn[k],
                (double)want->isyn[k], (double)got->iahp[k], (double)want->iahp[k],
                (double)got->imem[k], (double)want->imem[k], (double)got->vmem[k],
                (double)want->vmem[k]);
    fail();
}

/* Returns the number of spikes. */
static uint64_t check_trace(const struct dpi_trace *got, const struct dpi_trace *want,
                            const struct dpi_case *c, const char *what)
{
    uint64_t spikes = 0;
    for (size_t k = 0; k < (size_t)c->steps * c->n; k++) {
        check_step(got, want, k, what, c->n);
        spikes += got->spikes[k];
    }
    return spikes;
}

/* ---- the naive simulator ---- */

static float *as_float(struct arena *a, const double *v, size_t n)
{
    float *out = ARENA_ARRAY(a, float, n);
    for (size_t i = 0; v && i < n; i++)
        out[i] = (float)v[i];
    return out;
}

static struct naive_params *naive_params(struct arena *a, const struct dpi_case *c, float *Iscale)
{
    struct naive_params *p = ARENA_ARRAY(a, struct naive_params, c->n);
    for (uint32_t s = 0; s < c->n_settings; s++) {
        const char *name = c->setting[s].name;
        if (strcmp(name, "Iscale") == 0)
            *Iscale = (float)c->setting[s].v[0];
        for (uint32_t i = 0; i < c->n; i++) {
#define X(member)                                                                                  \
    if (strcmp(name, #member) == 0)                                                                \
        p[i].member = (float)c->setting[s].v[i];
            NAIVE_PARAMS(X)
#undef X
        }
    }
    return p;
}

static struct dpi_trace naive_run(struct arena *a, const struct dpi_case *c)
{
    size_t cells = (size_t)c->steps * c->n;
    struct naive_net net = {
        .n_in = c->n_in,
        .n = c->n,
        .dt = (float)c->dt,
        .w_in = as_float(a, c->w_in, (size_t)c->n_in * c->n),
        .w_rec = as_float(a, c->w_rec, (size_t)c->n * c->n),
    };
    net.param = naive_params(a, c, &net.Iscale);
    struct naive_state *s = ARENA_ARRAY(a, struct naive_state, c->n);
    for (uint32_t i = 0; i < c->n; i++)
        s[i].iahp = s[i].imem = s[i].isyn = net.param[i].Io;
    uint8_t *spikes = ARENA_ARRAY(a, uint8_t, cells);
    float *iahp = ARENA_ARRAY(a, float, cells), *imem = ARENA_ARRAY(a, float, cells);
    float *isyn = ARENA_ARRAY(a, float, cells), *vmem = ARENA_ARRAY(a, float, cells);
    float *scratch = ARENA_ARRAY(a, float, c->n);
    float *raster = as_float(a, c->raster, (size_t)c->steps * c->n_in);
    for (uint32_t t = 0; t < c->steps; t++) {
        naive_step(&net, &raster[(size_t)t * c->n_in], s, scratch);
        for (uint32_t i = 0; i < c->n; i++) {
            size_t k = (size_t)t * c->n + i;
            spikes[k] = (uint8_t)s[i].spikes;
            iahp[k] = s[i].iahp;
            imem[k] = s[i].imem;
            isyn[k] = s[i].isyn;
            vmem[k] = s[i].vmem;
        }
    }
    return (struct dpi_trace){spikes, iahp, imem, isyn, vmem};
}

/* ---- golden runs ---- */

static struct npy member(struct arena *a, const char *path, const char *name)
{
    struct diags d = {0};
    struct npy x;
    assert_true(npy_load(a, path, name, &x, &d, E0501, NOWHERE));
    diags_free(&d);
    return x;
}

static const double *numbers(struct arena *a, const char *path, const char *name, uint64_t count)
{
    struct npy x = member(a, path, name);
    double *v = ARENA_ARRAY(a, double, x.count);
    npy_to_f64(&x, v);
    if (x.count == 1 && count > 1) {
        double one = v[0];
        v = ARENA_ARRAY(a, double, count);
        for (uint64_t i = 0; i < count; i++)
            v[i] = one;
    } else {
        assert_int_equal(x.count, count);
    }
    return v;
}

static const float *floats(struct arena *a, const char *path, const char *name, uint64_t count)
{
    return as_float(a, numbers(a, path, name, count), count);
}

struct golden {
    const char *name;
    bool has_in, has_rec;
    uint64_t spikes; /* in all, so that a silent network can't pass */
};

static struct dpi_case golden_case(struct arena *a, const struct golden *g, const char *path)
{
    struct npy raster = member(a, path, "raster"), ws = member(a, path, "ws_input");
    struct dpi_case c = {
        .n_in = (uint32_t)raster.extent[1],
        .n = (uint32_t)ws.extent[1],
        .steps = (uint32_t)raster.extent[0],
        .dt = numbers(a, path, "dt", 1)[0],
        .raster = numbers(a, path, "raster", raster.count),
    };
    if (g->has_in) {
        c.w_in = numbers(a, path, "w_in", (uint64_t)c.n_in * c.n);
    } else { /* the raster goes to the neurons as it is */
        assert_int_equal(c.n_in, c.n);
        double *w = ARENA_ARRAY(a, double, (size_t)c.n *c.n);
        for (uint32_t i = 0; i < c.n; i++)
            w[(size_t)i * c.n + i] = 1;
        c.w_in = w;
    }
    if (g->has_rec)
        c.w_rec = numbers(a, path, "w_rec", (uint64_t)c.n * c.n);
    for (uint32_t i = 0; i < N_PARAMS; i++)
        dpi_set(&c, param_names[i], numbers(a, path, arena_printf(a, "p_%s", param_names[i]), c.n));
    dpi_set(&c, "Iscale", numbers(a, path, "Iscale", c.n));
    return c;
}

static struct dpi_trace golden_trace(struct arena *a, const struct dpi_case *c, const char *path)
{
    uint64_t cells = (uint64_t)c->steps * c->n;
    const float *spikes = floats(a, path, "rec_spikes", cells);
    uint8_t *counts = ARENA_ARRAY(a, uint8_t, cells);
    for (uint64_t k = 0; k < cells; k++)
        counts[k] = (uint8_t)spikes[k];
    return (struct dpi_trace){
        counts, floats(a, path, "rec_iahp", cells), floats(a, path, "rec_imem", cells),
        floats(a, path, "rec_isyn", cells), floats(a, path, "rec_vmem", cells)};
}

static void golden_runs(const struct backend *b)
{
    static const struct golden golden[] = {
        {"b1_n1_ff_pos", true, false, 25},      {"b2_n5_ff_mixed", true, false, 125},
        {"b3_n8_rec_mixed", true, true, 230},   {"b4_n10_rec_adapt", true, true, 302},
        {"b6_n30_rec_layout", true, true, 312}, {"b8_n12_reconly", false, true, 327},
        {"b9_n12_2clusters", true, true, 248},  {"c1_n128_t200", true, true, 2341},
        {"c3_n256_t500", true, true, 11178},
    };
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        struct arena a = {0};
        const char *path = arena_printf(&a, "tests/golden/dynapse2/%s.npz", golden[i].name);
        struct dpi_case c = golden_case(&a, &golden[i], path);
        struct dpi_trace want = golden_trace(&a, &c, path);
        struct dpi_trace got = b ? dpi_run(&a, &c, b) : naive_run(&a, &c);
        uint64_t spikes = check_trace(&got, &want, &c, golden[i].name);
        assert_int_equal(spikes, golden[i].spikes);
        arena_free(&a);
    }
}

/* On every instruction set that this processor has. */
static void golden_levels(struct backend *b)
{
    for (b->cpu = CPU_BASE; b->cpu <= cpu_level(); b->cpu++)
        golden_runs(b);
    b->release(b);
}

static void test_golden_naive(void **state)
{
    (void)state;
    golden_runs(NULL);
}

static void test_golden_interp(void **state)
{
    (void)state;
    struct backend b;
    backend_interp(&b);
    golden_levels(&b);
}

static void test_golden_jit(void **state)
{
    (void)state;
    struct backend b;
    if (!dpi_open_jit(&b))
        skip();
    golden_levels(&b);
}

/* ---- random networks ---- */

struct dice {
    uint64_t seed, index;
};

static double roll(struct dice *d)
{
    return rng_uniform(d->seed, d->index++);
}

static const double *weights(struct arena *a, struct dice *d, size_t n, double sparse, double scale)
{
    double *w = ARENA_ARRAY(a, double, n);
    for (size_t i = 0; i < n; i++) {
        double x = rng_normal(d->seed ^ 0x5eed, d->index++);
        w[i] = roll(d) < sparse ? x * scale : 0;
    }
    return w;
}

/* Parameters around their defaults, half of them different for each neuron. */
static struct dpi_case random_case(struct arena *a, uint64_t seed)
{
    static const double nominal[] = {5e-13,     0.025,     0.75,      0.66,    0.7,       3e-12,
                                     24.5e-12,  40e-12,    1.5e-12,   0.5e-12, 0.5e-12,   5.319e-12,
                                     2.128e-11, 1.05e-9,   1e-7,      5e-13,   8.688e-11, 8.688e-9,
                                     3.5e-8,    2.837e-11, 2.837e-11, 2.5e-8,  2e-9};
    _Static_assert(sizeof nominal / sizeof *nominal == N_PARAMS, "one for each");
    struct dice d = {seed, 0};
    struct dpi_case c = {.n_in = 1 + (uint32_t)(roll(&d) * 30),
                         .n = 1 + (uint32_t)(roll(&d) * 50),
                         .steps = 200,
                         .dt = roll(&d) < 0.5 ? 1e-3 : 0.5e-3};
    c.w_in = weights(a, &d, (size_t)c.n_in * c.n, 0.5, 4);
    if (roll(&d) < 0.8)
        c.w_rec = weights(a, &d, (size_t)c.n * c.n, 0.3, 2);
    size_t cells = (size_t)c.steps * c.n_in;
    double *raster = ARENA_ARRAY(a, double, cells);
    for (size_t k = 0; k < cells; k++)
        raster[k] = roll(&d) < 0.1 ? 1 + floor(roll(&d) * 2.2) : 0;
    c.raster = raster;
    for (uint32_t i = 0; i <= N_PARAMS; i++) {
        double *v = ARENA_ARRAY(a, double, c.n);
        double center = i < N_PARAMS ? nominal[i] * (0.9 + 0.2 * roll(&d)) : 1e-8;
        bool each = i < N_PARAMS && roll(&d) < 0.5;
        for (uint32_t k = 0; k < c.n; k++)
            v[k] = each ? center * (0.9 + 0.2 * roll(&d)) : center;
        dpi_set(&c, i < N_PARAMS ? param_names[i] : "Iscale", v);
    }
    return c;
}

static void random_runs(const struct backend *b)
{
    uint64_t spikes = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct arena a = {0};
        struct dpi_case c = random_case(&a, seed);
        struct dpi_trace want = naive_run(&a, &c), got = dpi_run(&a, &c, b);
        char what[32];
        snprintf(what, sizeof what, "seed %u", (unsigned)seed);
        spikes += check_trace(&got, &want, &c, what);
        arena_free(&a);
    }
    assert_true(spikes > 5000);
}

static void test_random_interp(void **state)
{
    (void)state;
    struct backend b;
    backend_interp(&b);
    random_runs(&b);
    b.release(&b);
}

static void test_random_jit(void **state)
{
    (void)state;
    struct backend b;
    if (!dpi_open_jit(&b))
        skip();
    random_runs(&b);
    b.release(&b);
}

static void test_backends_agree(void **state)
{
    (void)state;
    struct backend interp, jit;
    if (!dpi_open_jit(&jit))
        skip();
    backend_interp(&interp);
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct arena a = {0};
        struct dpi_case c = random_case(&a, seed);
        size_t cells = (size_t)c.steps * c.n;
        struct dpi_trace x = dpi_run(&a, &c, &interp), y = dpi_run(&a, &c, &jit);
        assert_memory_equal(x.spikes, y.spikes, cells);
        assert_memory_equal(x.iahp, y.iahp, cells * sizeof(float));
        assert_memory_equal(x.imem, y.imem, cells * sizeof(float));
        assert_memory_equal(x.isyn, y.isyn, cells * sizeof(float));
        assert_memory_equal(x.vmem, y.vmem, cells * sizeof(float));
        arena_free(&a);
    }
    interp.release(&interp);
    jit.release(&jit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_naive), cmocka_unit_test(test_golden_interp),
        cmocka_unit_test(test_golden_jit),   cmocka_unit_test(test_random_interp),
        cmocka_unit_test(test_random_jit),   cmocka_unit_test(test_backends_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
