/* From a network to a plan, and back to a network that prints the same. */
#include "tests/unit/unit.h"

#include "compiler/elaborate.h"
#include "compiler/raise.h"
#include "targets/sim/sim.h"
#include <stdio.h>

struct fixture {
    struct arena arena;
    struct diags diags;
    struct unit unit;
    struct net *net;
    struct plan plan;
};

static void begin(struct fixture *f, const char *text)
{
    *f = (struct fixture){0};
    unit_init(&f->unit, &f->arena, &f->diags, NULL);
    if (unit_load_text(&f->unit, "test.dyn", text, strlen(text)))
        f->net = unit_network(&f->unit, NULL);
    bool ok = f->net && sim_map(&f->arena, f->net, &f->unit.sources, &f->plan, &f->diags);
    for (uint32_t i = 0; i < f->diags.list.n; i++)
        print_error("%s\n", f->diags.list.data[i]->message);
    assert_true(ok);
    const char *why = "";
    plan_verify(&f->plan, &why);
    assert_string_equal(why, "");
}

static void end(struct fixture *f)
{
    arena_free(&f->arena);
    diags_free(&f->diags);
}

static struct net *raise(struct fixture *f)
{
    return raise_plan(&f->arena, &f->unit.names, &f->unit.sources, &f->plan, &f->diags);
}

static void check(const char *text)
{
    struct fixture f;
    begin(&f, text);
    struct net *back = raise(&f);
    for (uint32_t i = 0; i < f.diags.list.n; i++)
        print_error("%s\n", f.diags.list.data[i]->message);
    assert_non_null(back);
    assert_true(net_verify(back, &f.diags));
    struct buf before = {0}, after = {0};
    net_print(&before, f.net, NULL);
    net_print(&after, back, NULL);
    if (strcmp(after.data, before.data) != 0)
        fprintf(stderr, "%s\n=====\n%s", before.data, after.data); /* cmocka cuts it */
    assert_string_equal(after.data, before.data);
    buf_free(&before);
    buf_free(&after);
    end(&f);
}

static void test_small(void **state)
{
    (void)state;
    check("use neurons; network n { dt = 1 ms; input a[3]; layer b[2]: lif;"
          "a -> b: dense([[1, 0], [0, -2], [0.1, 3]]); }");
}

/* Parameters set in three ways, what follows from them, records, outputs, delays, mismatch. */
static void test_everything(void **state)
{
    (void)state;
    check("use dynapse2; network n { dt = 0.5 ms; input a[2, 2];"
          "layer b[3]: dpi { tau_mem = 10 ms; Idc = [1 pA, 2 pA, 3 pA]; Iref = 1 nA; }"
          "layer c[2]: dpi { Ut = 26 mV; tau_syn = [5 ms, 7 ms]; }"
          "a -> b: all_to_all(1.5); b -> b: one_to_one(-0.25), delay = 2 ms;"
          "b -> c: all_to_all(0.1);"
          "record b.vmem, b.spikes, c.imem; output b, c;"
          "mismatch { all = 5 %; Io = 0; Itau_mem = 10 %; seed = 7; } }");
}

static void test_maps(void **state)
{
    (void)state;
    check("use speck; network n { input cam[2, 16, 16] from dvs { pool = 2; crop = [1:7, :];"
          "mirror = [true, true]; swap = true; on = false; } input y[2, 5, 5];"
          "layer a: iaf { threshold = 2; v_min = -inf; } layer b[4]: iaf { reset_to_zero = true; }"
          "cam -> a: conv2d([o: 2, c: 1, y: 3, x: 2 => o - y + x / 3], stride = [1, 2],"
          "  padding = [0, 1]), bias = [0.5, -1];"
          "y -> a: conv2d(zeros(2, 2, 1, 1), padding = [2, 1]), average_pool = 2;"
          "a -> b: dense(i, j => i - j), pool = [2, 1], bias = 0; a -> b: all_to_all(0);"
          "record a.v, b.spikes; }");
}

static void test_spans(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "use neurons;\nnetwork n {\n    dt = 1 ms; input a[3];\n"
              "  layer b[2]: lif;\n    a -> b: all_to_all(1);\n}\n");
    struct plan_span layer = f.plan.group.data[0].span;
    assert_string_equal(f.plan.files.data[layer.file - 1], "test.dyn");
    assert_int_equal(layer.line, 4);
    assert_int_equal(layer.column, 9);
    assert_int_equal(f.plan.projection.data[0].span.line, 5);
    end(&f);
}

/* The text comes with an image and may be anything. */
static void test_wrong_models(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "neuron lif { state",
        "neuron other { state v = 0; step { v = 1; } }",
        "neuron lif { state v = 0; step { v = 1; } }",
        ("neuron lif { param tau = 20 ms; layout threshold = 1; let decay = 1; receive drive;"
         "state v = 0; step { v = 1; } }"),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct fixture f;
        begin(&f, "use neurons; network n { dt = 1 ms; input a[1]; layer b[1]: lif;"
                  "a -> b: all_to_all(1); }");
        f.plan.models = wrong[i];
        assert_null(raise(&f));
        assert_int_not_equal(f.diags.n_errors, 0);
        end(&f);
    }
}

static void test_no_time_step(void **state)
{
    (void)state;
    struct fixture f = {0};
    struct plan p;
    unit_init(&f.unit, &f.arena, &f.diags, NULL);
    const char *text = "use neurons; network n { dt = 1 ms; input a[1]; layer b[1]: lif;"
                       "a -> b: all_to_all(1); }";
    assert_true(unit_load_text(&f.unit, "test.dyn", text, strlen(text)));
    struct net *n = unit_network(&f.unit, NULL);
    n->dt = 0;
    assert_false(sim_map(&f.arena, n, &f.unit.sources, &p, &f.diags));
    assert_int_equal(f.diags.list.data[0]->code, E0401);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small),        cmocka_unit_test(test_everything),
        cmocka_unit_test(test_maps),         cmocka_unit_test(test_spans),
        cmocka_unit_test(test_wrong_models), cmocka_unit_test(test_no_time_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
