#include "tests/unit/dpi_net.h"
#include "tests/unit/unit.h"

#include "compiler/embedded.h"
#include "targets/sim/sim.h"
#include "tests/unit/neuron_text.h"

static const struct span NOWHERE = {0, 0, 0};

static const char *stdlib_text(const char *name)
{
    const struct embedded_text *m = stdlib_modules;
    while (m->name && strcmp(m->name, name) != 0)
        m++;
    assert_non_null(m->name);
    return m->text;
}

static struct net *build(struct neuron_text *t, const struct dpi_case *c)
{
    struct model *m = neuron_text_check(t, stdlib_text("dynapse2"));
    assert_non_null(m);
    assert_string_equal(m->name, "dpi");
    struct net *n = net_new(&t->arena, "test");
    n->dt = c->dt;
    net_add_input(n, "in", (struct net_shape){1, {c->n_in}}, NOWHERE);
    net_add_layer(n, "out", (struct net_shape){1, {c->n}}, m, NOWHERE);
    for (uint32_t i = 0; i < c->n_settings; i++) {
        int param = model_find_param(m, c->setting[i].name);
        assert_true(param >= 0);
        net_layer_set(n, 0, (uint32_t)param, c->setting[i].v, false);
    }
    net_layer_defaults(n, 0);
    net_add_dense(n, true, 0, 0, 0, 0, c->w_in, c->n_in, c->n, NOWHERE);
    if (c->w_rec)
        net_add_dense(n, false, 0, 0, 0, 1, c->w_rec, c->n, c->n, NOWHERE);
    VEC_PUSH(&t->arena, &n->output, 0);
    assert_true(net_verify(n, &t->diags));
    return n;
}

void dpi_set(struct dpi_case *c, const char *name, const double *v)
{
    assert_true(c->n_settings < DPI_MAX_SETTINGS);
    c->setting[c->n_settings].name = name;
    c->setting[c->n_settings++].v = v;
}

struct dpi_trace dpi_run(struct arena *a, const struct dpi_case *c, const struct backend *b)
{
    struct neuron_text t;
    neuron_text_init(&t);
    struct net *n = build(&t, c);
    struct plan p;
    assert_true(sim_map(a, n, NULL, &p, &t.diags));
    const char *why;
    assert_true(plan_verify(&p, &why));

    struct stimulus_source source;
    uint64_t extent[2] = {c->steps, c->n_in};
    assert_true(stimulus_raster(a, &source, (struct stimulus_counts){.f64 = c->raster}, 2, extent,
                                c->n_in, &t.diags, "raster", NOWHERE));
    struct stimulus stimulus = {
        .name = "test", .steps = c->steps, .trials = 1, .n_inputs = 1, .source = &source};
    const struct model *m = n->layer.data[0].model;
    struct run_record record[] = {{0, -1},
                                  {0, model_find_state(m, "iahp")},
                                  {0, model_find_state(m, "imem")},
                                  {0, model_find_state(m, "isyn")},
                                  {0, model_find_state(m, "vmem")}};
    struct run_options o = {.stimulus = &stimulus,
                            .trials = 1,
                            .chips = 1,
                            .jobs = 1,
                            .backend = b,
                            .record = record,
                            .n_record = 5};
    struct run_result r;
    assert_true(run_plan(a, &p, &o, &r, &t.diags));
    neuron_text_free(&t);
    return (struct dpi_trace){r.record[0].data, r.record[1].data, r.record[2].data,
                              r.record[3].data, r.record[4].data};
}

bool dpi_open_jit(struct backend *b)
{
#ifdef DYN_NO_LLVM
    (void)b;
    print_message("SKIPPED: built with LLVM=no\n");
    return false;
#else
    struct diags d = {0};
    bool ok = backend_jit(b, &d);
    if (!ok)
        print_error("%s\n", d.list.data[0]->message);
    diags_free(&d);
    assert_true(ok);
    b->cache = false; /* what is tested is what was built */
    return true;
#endif
}
