/* Rockpool's networks (tests/golden/README.md) all the way: passes, image, back to a plan, run. */
#include "tests/unit/unit.h"

#include "compiler/raise.h"
#include "runtime/run.h"
#include "targets/sim/sim.h"
#include "targets/target.h"
#include "tests/unit/dpi_net.h"
#include "tests/unit/dynapse2_golden.h"
#include "tests/unit/same_plan.h"

static const struct span NOWHERE = {0, 0, 0};

static const struct {
    const char *name;
    uint64_t spikes; /* of the quantized network, in all: a silent one can't pass */
} cases[] = {
    {"b1_n1_ff_pos", 23},      {"b2_n5_ff_mixed", 108},    {"b3_n8_rec_mixed", 210},
    {"b4_n10_rec_adapt", 310}, {"b6_n30_rec_layout", 563}, {"b8_n12_reconly", 286},
    {"b9_n12_2clusters", 231}, {"c1_n128_t200", 2123},     {"c3_n256_t500", 10118},
};
enum { N_CASES = sizeof cases / sizeof *cases };

/* ---- on the way ---- */

static void must(const struct golden *g, bool ok)
{
    if (!ok)
        d2_test_show(&g->t);
    assert_true(ok);
}

/* Image and plan of the network, which went through all passes; the virtual chip makes the same
 * plan of it and finds nothing odd. */
static void through_image(struct golden *g, struct image_writer *w, struct image *im,
                          struct plan *out)
{
    d2_test_image(&g->t, w);
    struct bytes b = {(const uint8_t *)w->out.data, w->out.n};
    must(g, image_open(g->a, b, im, &g->t.text.diags, g->path) &&
                target_load(g->a, im, out, &g->t.text.diags, g->path));
    struct plan emulated;
    struct findings found;
    must(g, target_emulate(g->a, im, &emulated, &found, &g->t.text.diags, g->path));
    same_plan(out, &emulated);
    assert_int_equal(found.list.n, 0);
}

static struct net *raise_net(struct golden *g, const struct image *im, const struct plan *p)
{
    struct neuron_text *t = &g->t.text;
    struct net *n = raise_plan(g->a, &t->names, &t->sources, p, &t->diags);
    must(g, n && target_compiler_find("dynapse2")->raise_board(n, im, &t->diags));
    return n;
}

/* The spikes and all states of the layer. */
static struct run_result run(struct golden *g, const struct plan *p, const struct backend *b)
{
    struct golden_array raster = golden_load(g, "raster");
    struct diags *d = &g->t.text.diags;
    struct stimulus_source source;
    uint64_t extent[2] = {raster.rows, raster.columns};
    must(g, stimulus_raster(g->a, &source, (struct stimulus_counts){.f64 = raster.v}, 2, extent,
                            (uint32_t)raster.columns, d, g->path, NOWHERE));
    struct stimulus stimulus = {.name = "test",
                                .steps = raster.rows,
                                .trials = 1,
                                .n_inputs = p->input.n,
                                .source = &source};
    uint32_t n_states = g->t.dpi->state.n;
    struct run_record *record = ARENA_ARRAY(g->a, struct run_record, n_states + 1);
    for (uint32_t i = 0; i <= n_states; i++)
        record[i] = (struct run_record){0, (int32_t)i - 1};
    struct run_options o = {.stimulus = &stimulus,
                            .trials = 1,
                            .chips = 1,
                            .jobs = 1,
                            .backend = b,
                            .record = record,
                            .n_record = n_states + 1};
    struct run_result r;
    must(g, run_plan(g->a, p, &o, &r, d));
    return r;
}

static uint64_t total_spikes(const struct golden *g, const struct run_result *r)
{
    const uint8_t *spikes = r->record[0].data;
    uint64_t sum = 0;
    for (uint64_t k = 0; k < r->steps * g->n; k++)
        sum += spikes[k];
    return sum;
}

static void assert_equal_runs(const struct golden *g, const struct run_result *x,
                              const struct run_result *y)
{
    assert_int_equal(x->steps, y->steps);
    for (uint32_t i = 0; i < x->n_record; i++) {
        size_t cell = x->record[i].what.state < 0 ? sizeof(uint8_t) : sizeof(float);
        assert_memory_equal(x->record[i].data, y->record[i].data, x->steps * g->n * cell);
    }
}

/* A network without inputs gets one that reaches each neuron with weight 1: b8's raster acts
 * directly on the neurons. */
static void give_input(struct golden *g, struct net *n)
{
    if (n->input.n > 0)
        return;
    net_add_input(n, "in", (struct net_shape){1, {g->n}}, NOWHERE);
    double *w = ARENA_ARRAY(g->a, double, (size_t)g->n * g->n);
    for (uint32_t i = 0; i < g->n; i++)
        w[(size_t)i * g->n + i] = 1;
    net_add_dense(n, true, 0, 0, 0, 0, w, g->n, g->n, NOWHERE);
}

/* ---- as trained ---- */

/* What is decoded from the image is the network that the passes left: its text, every spike and
 * every state. */
static void images_run_as_the_network(void **state)
{
    (void)state;
    struct backend interp, jit;
    backend_interp(&interp);
    bool has_jit = dpi_open_jit(&jit);
    for (size_t i = 0; i < N_CASES; i++) {
        struct golden g;
        golden_start(&g, cases[i].name, "w_");
        give_input(&g, g.t.n);
        golden_connect(&g);
        golden_place(&g);
        must(&g, d2_test_passes(&g.t, "bias"));
        struct image_writer w;
        struct image im;
        struct plan direct, decoded;
        must(&g, sim_map(g.a, g.t.n, NULL, &direct, &g.t.text.diags));
        through_image(&g, &w, &im, &decoded);
        struct run_result want = run(&g, &direct, &interp), got = run(&g, &decoded, &interp);
        assert_true(total_spikes(&g, &want) > 10);
        assert_equal_runs(&g, &want, &got);
        if (has_jit) {
            got = run(&g, &decoded, &jit);
            assert_equal_runs(&g, &want, &got);
        }
        const struct net_words *words = &target_compiler_find("dynapse2")->words;
        struct buf before = {0}, after = {0};
        net_print(&before, g.t.n, words);
        net_print(&after, raise_net(&g, &im, &decoded), words);
        assert_string_equal(before.data, after.data);
        buf_free(&before);
        buf_free(&after);
        buf_free(&w.out);
        d2_test_free(&g.t);
    }
    interp.release(&interp);
    if (has_jit)
        jit.release(&jit);
}

/* ---- with Rockpool's quantized weights ---- */

static void compare_spikes(const struct golden *g, const struct run_result *r, uint64_t total)
{
    struct golden_array want = golden_load(g, "dq_spikes");
    const uint8_t *got = r->record[0].data;
    assert_int_equal(want.rows, r->steps);
    for (uint64_t k = 0; k < want.rows * g->n; k++) {
        if (got[k] != want.v[k])
            fail_msg("%s: step %u, neuron %u: %u spikes, Rockpool has %g", g->path,
                     (unsigned)(k / g->n), (unsigned)(k % g->n), got[k], want.v[k]);
    }
    assert_int_equal(total_spikes(g, r), total);
}

/* Rockpool's quantized network has forgotten the layout (which matters for b6). */
static void forget_layout(struct golden *g)
{
    for (size_t i = 0; i < GOLDEN_LAYOUTS; i++)
        g->t.n->layer.data[0].param[model_find_param(g->t.dpi, golden_layouts[i])].set = false;
    net_layer_defaults(g->t.n, 0);
}

static void images_hold_rockpools_weights(void **state)
{
    (void)state;
    struct backend b;
    backend_interp(&b);
    for (size_t i = 0; i < N_CASES; i++) {
        struct golden g;
        golden_start(&g, cases[i].name, "dq_w_");
        forget_layout(&g);
        golden_connect(&g);
        golden_place(&g);
        golden_bases(&g);
        must(&g, d2_test_passes(&g.t, "bias"));
        struct image_writer w;
        struct image im;
        struct plan p;
        through_image(&g, &w, &im, &p);
        golden_compare(&g, &p);
        struct net *n = raise_net(&g, &im, &p);
        give_input(&g, n);
        must(&g, sim_map(g.a, n, NULL, &p, &g.t.text.diags));
        struct run_result r = run(&g, &p, &b);
        compare_spikes(&g, &r, cases[i].spikes);
        buf_free(&w.out);
        d2_test_free(&g.t);
    }
    b.release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_run_as_the_network),
        cmocka_unit_test(images_hold_rockpools_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
