/* Kernels that models become, as text. */
#include "tests/unit/unit.h"

#include "targets/sim/sim.h"
#include "tests/unit/neuron_text.h"
#include <stdio.h>

static void check(const char *model, const char *expected)
{
    struct neuron_text t;
    neuron_text_init(&t);
    struct model *m = neuron_text_check(&t, model);
    for (uint32_t i = 0; i < t.diags.list.n; i++)
        print_error("%s\n", t.diags.list.data[i]->message);
    assert_non_null(m);
    struct kernel *k = sim_build_kernel(&t.arena, m);
    const char *why = "";
    if (!kernel_verify(k, &why))
        print_error("%s\n", why);
    assert_string_equal(why, "");
    struct buf text = {0};
    kernel_text(&text, k);
    assert_string_equal(text.data, expected);
    buf_free(&text);
    neuron_text_free(&t);
}

/* Lets are shared by all that read them; the sum is scaled where it is received; what is assigned
 * isn't visible under its old name; equal expressions are one. */
static void test_straight(void **state)
{
    (void)state;
    check("neuron m { param tau = 20 ms; let decay = exp(-dt / tau); let both = decay * decay;"
          "receive drive scale tau / dt; state v = 0; state w = 1;"
          "step { v = decay * v + drive; w = fma(v, v, v ^ 2) + v ^ 2; emit w; } }",
          "kernel m\n"
          "lets\n"
          "  v0 = dt\n"
          "  v1 = neg v0\n"
          "  v2 = param tau\n"
          "  v3 = div v1 v2\n"
          "  v4 = exp v3\n"
          "  v5 = mul v4 v4\n"
          "  let 0 = v4\n"
          "  let 1 = v5\n"
          "step\n"
          "  v0 = receive drive\n"
          "  v1 = param tau\n"
          "  v2 = dt\n"
          "  v3 = div v1 v2\n"
          "  v4 = mul v0 v3\n"
          "  v5 = let 0\n"
          "  v6 = state v\n"
          "  v7 = mul v5 v6\n"
          "  v8 = add v7 v4\n"
          "  v9 = mul v8 v8\n"
          "  v10 = fma v8 v8 v9\n"
          "  v11 = add v10 v9\n"
          "  v = v8\n"
          "  w = v11\n"
          "  emit v11\n");
}

/* Both branches run; what differs is selected; what only one branch emits is 0 in the other. */
static void test_branches(void **state)
{
    (void)state;
    check("neuron m { param a = 1; state v = 0; state w = 0;"
          "step { if v > a { v = v - a; emit 1; if w < 0 { w = 1; emit 2; } }"
          "else { w = w + 1; } } }",
          "kernel m\n"
          "step\n"
          "  v0 = state v\n"
          "  v1 = param a\n"
          "  v2 = gt v0 v1\n"
          "  v3 = sub v0 v1\n"
          "  v4 = const 1\n"
          "  v5 = state w\n"
          "  v6 = const 0\n"
          "  v7 = lt v5 v6\n"
          "  v8 = const 2\n"
          "  v9 = add v4 v8\n"
          "  v10 = select v7 v4 v5\n"
          "  v11 = select v7 v9 v4\n"
          "  v12 = add v5 v4\n"
          "  v13 = select v2 v3 v0\n"
          "  v14 = select v2 v10 v12\n"
          "  v15 = select v2 v11 v6\n"
          "  v = v13\n"
          "  w = v14\n"
          "  emit v15\n");
}

static void test_emits_add(void **state)
{
    (void)state;
    check("neuron m { state v = 0; step { emit 1; emit v; if v > 0 { emit 2; } } }",
          "kernel m\n"
          "step\n"
          "  v0 = const 1\n"
          "  v1 = state v\n"
          "  v2 = add v0 v1\n"
          "  v3 = const 0\n"
          "  v4 = gt v1 v3\n"
          "  v5 = const 2\n"
          "  v6 = add v2 v5\n"
          "  v7 = select v4 v6 v2\n"
          "  emit v7\n");
}

/* Booleans are numbers only where they are kept. */
static void test_booleans(void **state)
{
    (void)state;
    check("neuron m { param on_off = true; let never = not on_off; state open = false; state v = 0;"
          "step { if open { open = v < 1 and never; } else { open = on_off; }"
          "v = if (open == on_off) then 1 else 0; } }",
          "kernel m\n"
          "lets\n"
          "  v0 = param on_off\n"
          "  v1 = const 0\n"
          "  v2 = ne v0 v1\n"
          "  v3 = not v2\n"
          "  v4 = const 1\n"
          "  v5 = select v3 v4 v1\n"
          "  let 0 = v5\n"
          "step\n"
          "  v0 = state open\n"
          "  v1 = const 0\n"
          "  v2 = ne v0 v1\n"
          "  v3 = state v\n"
          "  v4 = const 1\n"
          "  v5 = lt v3 v4\n"
          "  v6 = let 0\n"
          "  v7 = ne v6 v1\n"
          "  v8 = and v5 v7\n"
          "  v9 = param on_off\n"
          "  v10 = ne v9 v1\n"
          "  v11 = not v2\n"
          "  v12 = and v11 v10\n"
          "  v13 = and v2 v8\n"
          "  v14 = or v13 v12\n"
          "  v15 = select v14 v4 v1\n"
          "  v16 = select v10 v4 v1\n"
          "  v17 = eq v15 v16\n"
          "  v18 = select v17 v4 v1\n"
          "  open = v15\n"
          "  v = v18\n");
}

/* Nothing of what no result needs is left, and a body that does nothing is still one. */
static void test_dead(void **state)
{
    (void)state;
    check("neuron m { receive r; state v = 0; step { let x = exp(v) * r; v = v; } }",
          "kernel m\n"
          "step\n"
          "  v0 = dt\n");
}

static void test_event(void **state)
{
    (void)state;
    check("neuron iaf { param threshold = 1; param v_min = -1; param reset_to_zero = false;"
          "state v = 0; on event(w) { v = max(v + w, v_min); if v >= threshold { emit 1;"
          "v = if reset_to_zero then 0 else v - threshold; } } }",
          "kernel iaf\n"
          "event\n"
          "  v0 = state v\n"
          "  v1 = weight\n"
          "  v2 = add v0 v1\n"
          "  v3 = param v_min\n"
          "  v4 = max v2 v3\n"
          "  v5 = param threshold\n"
          "  v6 = ge v4 v5\n"
          "  v7 = const 1\n"
          "  v8 = param reset_to_zero\n"
          "  v9 = const 0\n"
          "  v10 = ne v8 v9\n"
          "  v11 = sub v4 v5\n"
          "  v12 = select v10 v9 v11\n"
          "  v13 = select v6 v12 v4\n"
          "  v14 = select v6 v7 v9\n"
          "  v = v13\n"
          "  emit v14\n");
}

/* Rounded once, and denormals are 0. */
static void test_numbers(void **state)
{
    (void)state;
    check("neuron m { state v = 0; step { v = v * 0.1 + 1e-42 - 16777217; } }",
          "kernel m\n"
          "step\n"
          "  v0 = state v\n"
          "  v1 = const 0.1\n"
          "  v2 = mul v0 v1\n"
          "  v3 = const 0\n"
          "  v4 = add v2 v3\n"
          "  v5 = const 16777216\n"
          "  v6 = sub v4 v5\n"
          "  v = v6\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_straight),  cmocka_unit_test(test_branches),
        cmocka_unit_test(test_emits_add), cmocka_unit_test(test_booleans),
        cmocka_unit_test(test_dead),      cmocka_unit_test(test_event),
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
