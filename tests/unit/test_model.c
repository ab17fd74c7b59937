#include "tests/unit/unit.h"

#include "compiler/net/net.h"
#include "tests/unit/neuron_text.h"
#include <math.h>
#include <stdio.h>

static int setup(void **state)
{
    struct neuron_text *t = malloc(sizeof *t);
    neuron_text_init(t);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    neuron_text_free(*state);
    free(*state);
    return 0;
}

static void show(const struct neuron_text *t)
{
    for (uint32_t i = 0; i < t->diags.list.n; i++) {
        const struct diag *g = t->diags.list.data[i];
        fprintf(stderr, "%s [%u, %u): %s (%s)\n", diag_code_text(g->code), g->span.begin,
                g->span.end, g->message, g->hint ? g->hint : "no hint");
    }
}

static struct model *good(struct neuron_text *t, const char *text)
{
    struct model *m = neuron_text_check(t, text);
    if (!m)
        show(t);
    assert_non_null(m);
    assert_int_equal(t->diags.n_errors, 0);
    return m;
}

/* One error of this code, at the bytes between the two @ (which aren't part of the text). */
static const struct diag *bad(struct neuron_text *t, enum diag_code code, const char *marked)
{
    char *text = arena_strdup(&t->arena, marked);
    uint32_t at[2] = {0}, n = 0, k = 0;
    for (const char *s = marked; *s; s++) {
        if (*s == '@' && n < 2)
            at[n++] = k;
        else
            text[k++] = *s;
    }
    text[k] = '\0';
    assert_null(neuron_text_check(t, text));
    if (t->diags.n_errors != 1 || t->diags.list.data[0]->code != code)
        show(t);
    assert_int_equal(t->diags.n_errors, 1);
    const struct diag *g = t->diags.list.data[0];
    assert_string_equal(diag_code_text(g->code), diag_code_text(code));
    if (g->span.begin != at[0] || g->span.end != at[1])
        show(t);
    assert_int_equal(g->span.begin, at[0]);
    assert_int_equal(g->span.end, at[1]);
    return g;
}

/* The printed model is the text, and reads back to itself. */
static void prints_as(struct neuron_text *t, const char *text, const char *printed)
{
    struct buf out = {0}, again = {0};
    net_print_model(&out, good(t, text));
    assert_string_equal(out.data, printed);
    net_print_model(&again, good(t, out.data));
    assert_string_equal(again.data, printed);
    buf_free(&out);
    buf_free(&again);
}

static const char lif[] = "neuron lif {\n"
                          "    param tau = 20 ms;\n"
                          "    param threshold = 1;\n"
                          "    let decay = exp(-dt / tau);\n"
                          "    receive drive;\n"
                          "    state v = 0;\n"
                          "    step {\n"
                          "        v = decay * v + drive;\n"
                          "        emit if v > threshold then 1 else 0;\n"
                          "        v = if v > threshold then 0 else v;\n"
                          "    }\n"
                          "}\n";

static const char iaf[] = "neuron iaf {\n"
                          "    param threshold = 1;\n"
                          "    param v_min = -1;\n"
                          "    param reset_to_zero = false;\n"
                          "    state v = 0;\n"
                          "    on event(w) {\n"
                          "        v = max(v + w, v_min);\n"
                          "        if v >= threshold {\n"
                          "            emit 1;\n"
                          "            v = if reset_to_zero then 0 else v - threshold;\n"
                          "        } else if v == v_min {\n"
                          "            let half = v / 2;\n"
                          "            v = half;\n"
                          "        } else {\n"
                          "            v = v;\n"
                          "        }\n"
                          "    }\n"
                          "}\n";

static void test_lif(void **state)
{
    struct model *m = good(*state, lif);
    assert_string_equal(m->name, "lif");
    assert_int_equal(m->param.n, 2);
    assert_int_equal(m->param.data[0].dim.e[DIM_S], 2);
    assert_int_equal(m->let.n, 1);
    assert_int_equal(m->receptor.data[0].scale, MODEL_NONE);
    assert_true(dim_is_one(m->state.data[0].dim) && !m->state.data[0].dim.any);
    assert_true(m->step.present);
    assert_false(m->event.present);
    assert_int_equal(m->step.stmt.n, 3);
    double param[2] = {0.02, 1};
    struct model_env env = {1e-3, param, NULL};
    assert_true(fabs(model_eval(m, m->let.data[0].value, &env) - 0.951229424500714) < 1e-15);
    prints_as(*state, lif, lif);
}

static void test_iaf(void **state)
{
    struct model *m = good(*state, iaf);
    assert_true(m->param.data[2].is_bool);
    assert_string_equal(m->event.weight, "w");
    assert_int_equal(m->event.n_locals, 1);
    prints_as(*state, iaf, iaf);
}

static void test_parentheses(void **state)
{
    static const char text[] = "neuron n {\n"
                               "    param a = 2;\n"
                               "    param b = a - (a - (a - 1)) + a / (a * a) * a;\n"
                               "    param c = -a^2 + (-a)^2 + (a^a)^a - a^a^a;\n"
                               "    param d = not (a < b and b < c or a == b) and not c > 1;\n"
                               "    param e = (if a > b then a else b) * (a + b) - -a;\n"
                               "    param f = if (a < b) == (b < c) then -(a + b) else -3;\n"
                               "    param g = min(a, max(b, fma(a, b, c))) - mod(a, 3);\n"
                               "    state v = 0;\n"
                               "    step {\n"
                               "        v = v + spikes * dt / 1 s;\n"
                               "    }\n"
                               "}\n";
    prints_as(*state, text, text);
}

static void test_units(void **state)
{
    prints_as(*state,
              "let rate = 2 kHz; fn twice(x) = x + x;\n"
              "neuron n { param v = 3 mV; param q = twice(v) * v / 1 s; param z = 0 V;\n"
              "param p = q / rate; bias I = 5 pA on chip A, B; layout w = sqrt(v * v);\n"
              "receive r scale I for negative on chip x, y; receive other scale 2 * I;\n"
              "state s = 0; step { s = s + r - other; emit s / 1 A; } }",
              "neuron n {\n"
              "    param v = 3 mV;\n"
              "    param q = (v + v) * v / 1 s;\n"
              "    param z = 0 V;\n"
              "    param p = q / 2 kHz;\n"
              "    bias I = 5 pA on chip A, B;\n"
              "    layout w = sqrt(v * v);\n"
              "    receive r scale I for negative on chip x, y;\n"
              "    receive other scale 2 * I;\n"
              "    state s = 0;\n"
              "    step {\n"
              "        s = s + r - other;\n"
              "        emit s / 1 A;\n"
              "    }\n"
              "}\n");
}

/* A state that begins at 0 takes its dimension from what is assigned, through any detour. */
static void test_dimensions_of_zero(void **state)
{
    struct model *m = good(*state, "neuron n { param I0 = 0; param p = 0; bias Itau = 1 pA;"
                                   "receive r scale Itau;"
                                   "state a = 0; state b = 0; state c = 0; state unused = 0;"
                                   "step { let x = b; a = 0; a = x; c = c * 0.5; b = r + I0;"
                                   "if c > 1 V { c = 0; } unused = unused * 2; emit p; } }");
    const struct dim current = {{0, 2, 0, 0}, false}, voltage = {{0, 0, 2, 0}, false};
    assert_memory_equal(&m->param.data[0].dim, &current, sizeof current);
    assert_memory_equal(&m->param.data[1].dim, &DIM_ONE, sizeof current);
    assert_memory_equal(&m->receptor.data[0].dim, &current, sizeof current);
    assert_memory_equal(&m->state.data[0].dim, &current, sizeof current);
    assert_memory_equal(&m->state.data[1].dim, &current, sizeof current);
    assert_memory_equal(&m->state.data[2].dim, &voltage, sizeof current);
    assert_memory_equal(&m->state.data[3].dim, &DIM_ONE, sizeof current);
}

static void test_reused_names(void **state)
{
    /* Locals of different blocks may share a name; functions may call each other. */
    struct model *m = good(*state, "fn f(x, y = 2 * x) = x * y; fn g(x) = f(x) + f(x, y = 3);"
                                   "neuron n { param p = g(1); fn own(q) = q * p;"
                                   "state v = 0; step { if v > 1 { let a = 1; v = a; }"
                                   "else { let a = 2 * own(a_of(v)); v = a; } } fn a_of(v) = v; }");
    struct model_env env = {0};
    assert_true(model_eval(m, m->param.data[0].value, &env) == 5);
    assert_int_equal(m->step.n_locals, 2);
}

static void test_default_order(void **state)
{
    struct model *m =
        good(*state, "neuron n { param a = b + c; param b = c; param c = 1; param d = a;"
                     "state v = 0; step { v = a; } }");
    uint32_t order[4];
    model_default_order(m, &((struct neuron_text *)*state)->arena, order);
    const uint32_t want[4] = {2, 1, 0, 3};
    assert_memory_equal(order, want, sizeof want);
}

/* ---- what is wrong, and where ---- */

#define WRONG(name, code, text)                                                                    \
    static void name(void **state)                                                                 \
    {                                                                                              \
        bad(*state, code, text);                                                                   \
    }

WRONG(wrong_unknown, E0201, "neuron n { param tau = 1; step { emit @tua@; } }")
WRONG(wrong_unknown_function, E0201, "neuron n { step { emit @exq@(1); } }")
WRONG(wrong_unknown_state, E0201, "neuron n { state v = 0; step { @w@ = 1; } }")
WRONG(wrong_param_assigned, E0203, "neuron n { param p = 1; step { @p@ = 2; } }")
WRONG(wrong_let_assigned, E0203, "neuron n { let p = 1; step { @p@ = 2; } }")
WRONG(wrong_local_assigned, E0203, "neuron n { step { let p = 1; @p@ = 2; } }")
WRONG(wrong_spikes_assigned, E0203, "neuron n { step { @spikes@ = 2; } }")
WRONG(wrong_dt_declared, E0202, "neuron n { param @dt@ = 1; step { } }")
WRONG(wrong_spikes_declared, E0202, "neuron n { step { let @spikes@ = 1; } }")
WRONG(wrong_twice, E0202, "neuron n { param a = 1; state @a@ = 1; step { } }")
WRONG(wrong_local_twice, E0202, "neuron n { step { let a = 1; if a > 0 { let @a@ = 2; } } }")
WRONG(wrong_cycle, E0206,
      "neuron n { param a = b; param b = 1 + c; param c = 2 * @a@; state v = a; step { v = b; } }")
WRONG(wrong_own_cycle, E0206, "neuron n { param a = @a@; step { emit a; } }")
WRONG(wrong_recursion, E0206,
      "fn f(x) = g(x); fn g(x) = 1 + @f(x)@; neuron n { param a = f(1); step { emit a; } }")
WRONG(wrong_let_in_default, E0203, "neuron n { let k = 1; param a = @k@; step { emit a; } }")
WRONG(wrong_let_before, E0203, "neuron n { let a = @b@; let b = 1; step { emit a; } }")
WRONG(wrong_state_in_let, E0203, "neuron n { state v = 0; let a = @v@; step { emit a; } }")
WRONG(wrong_receptor_in_event, E0203,
      "neuron n { receive r; state v = 0; on event(w) { v = @r@; } }")
WRONG(wrong_dt_in_event, E0203, "neuron n { state v = 0 s; on event(w) { v = @dt@; } }")
WRONG(wrong_sum, E0301,
      "neuron n { param tau = 1 ms; param b = @tau + 1 mV@; step { emit b / b; } }")
WRONG(wrong_compare, E0301, "neuron n { state v = 1 V; step { emit if @v > 1@ then 1 else 0; } }")
WRONG(wrong_exp, E0301, "neuron n { let a = exp(@-dt@); step { emit a; } }")
WRONG(wrong_power, E0301,
      "neuron n { param a = 1 V; let b = a ^ @spikes_of(a)@;"
      "fn spikes_of(x) = x / 1 V; step { emit 1; } }")
WRONG(wrong_emit, E0301, "neuron n { state v = 1 V; step { emit @v@; } }")
WRONG(wrong_assigned, E0301, "neuron n { state v = 1 V; step { v = @v * v@; v = 2; } }")
WRONG(wrong_zero, E0301, "neuron n { state v = 0; step { v = 1 V; v = @1 A@; v = 1; } }")
WRONG(wrong_bias, E0301, "neuron n { bias b = @1 V@; step { emit 1; } }")
WRONG(wrong_fma, E0301, "neuron n { param a = 1 V; let b = @fma(a, a, a)@; step { emit 1; } }")
WRONG(wrong_type, E0302, "neuron n { state v = 0; step { v = 1 + (@v > 1@); } }")
WRONG(wrong_condition, E0302, "neuron n { state v = 0; step { if @v@ { v = 1; } } }")
WRONG(wrong_branches, E0302, "neuron n { state v = 0; step { v = if v > 1 then 1 else @true@; } }")
WRONG(wrong_bool_state, E0302, "neuron n { state v = true; step { v = @1@; } }")
WRONG(wrong_array, E0302, "neuron n { param a = @[1, 2]@; step { emit a; } }")
WRONG(wrong_string, E0302, "neuron n { param a = @\"x\"@; step { emit a; } }")
WRONG(wrong_array_function, E0302, "neuron n { param a = @sum(1)@; step { emit a; } }")
WRONG(wrong_count, E0305, "neuron n { step { emit @max(1)@; } }")
WRONG(wrong_missing, E0305, "fn f(x, y) = x + y; neuron n { step { emit @f(1)@; } }")
WRONG(wrong_surplus, E0305, "fn f(x) = x; neuron n { step { emit f(1, @2@); } }")
WRONG(wrong_argument, E0205, "fn f(x) = x; neuron n { step { emit f(@z@ = 1); } }")
WRONG(wrong_two_steps, E0404, "neuron n { step { } @step { }@ }")
WRONG(wrong_no_body, E0404, "neuron @n@ { param a = 1; }")
WRONG(wrong_two_negative, E0404,
      "neuron n { receive a; receive b for negative; receive @c@ for negative; step { } }")
WRONG(wrong_only_negative, E0404, "neuron n { receive @c@ for negative; step { } }")
WRONG(wrong_dendrites, E0404, "neuron n { receive c on chip x, y, @z@; step { } }")
WRONG(wrong_binding, E0404, "neuron n { bias b = 1 A on chip p, q, r, s, @t@; step { } }")
WRONG(wrong_in_function, E0301, "fn f(x) = @1 V + x@; neuron n { param a = 2 * f(1 s); step { } }")
WRONG(wrong_in_unused_function, E0201, "neuron n { fn f(x) = x + @yy@; step { emit 1; } }")

/* The same mistake seen twice is one message, and still an error. */
static void test_checked_twice(void **state)
{
    struct neuron_text *t = *state;
    const char *text = "neuron n { step { emit nothing; } }";
    assert_null(neuron_text_check(t, text));
    t->sources.file.n = 0;
    assert_null(neuron_text_check(t, text));
    assert_int_equal(t->diags.n_errors, 1);
}

static void test_hints_and_labels(void **state)
{
    const struct diag *g = bad(*state, E0201, "neuron n { param tau = 1; step { emit @taw@; } }");
    assert_string_equal(g->hint, "did you mean `tau`?");
    neuron_text_free(*state);
    neuron_text_init(*state);
    g = bad(*state, E0301, "neuron n { param tau = 1 ms; param I = @tau + 5 pA@; step { } }");
    assert_string_equal(g->message, "`tau` is a time, the right side is a current: `+` needs the "
                                    "same dimension");
    assert_int_equal(g->labels.n, 2);
    neuron_text_free(*state);
    neuron_text_init(*state);
    g = bad(*state, E0301, "neuron n { state v = 0; step { v = 1 V; v = @1 A@; } }");
    assert_string_equal(g->message, "`v` is a voltage, but this is a current");
    assert_int_equal(g->labels.n, 1);
    assert_int_equal(g->labels.data[0].span.begin, 35);
    neuron_text_free(*state);
    neuron_text_init(*state);
    g = bad(*state, E0206, "neuron n { param a = b; param b = @a@; step { } }");
    assert_non_null(strstr(g->message, "`a` -> `b` -> `a`"));
}

/* Small text, enormous expansion: refused quickly. */
static void test_expansion(void **state)
{
    struct buf text = {0};
    for (int i = 0; i < 40; i++) {
        buf_printf(&text, "fn f%d(x) = ", i);
        if (i == 0)
            buf_puts(&text, "x + x;\n");
        else
            buf_printf(&text, "f%d(f%d(x));\n", i - 1, i - 1);
    }
    buf_puts(&text, "neuron n { step { emit f39(1); } }");
    assert_null(neuron_text_check(*state, text.data));
    buf_clear(&text);
    buf_puts(&text, "neuron n { step { emit 1");
    for (int i = 0; i < 20000; i++)
        buf_puts(&text, " + 1");
    buf_puts(&text, "; } }");
    neuron_text_check(*state, text.data);
    assert_int_equal(((struct neuron_text *)*state)->diags.n_errors, 2);
    buf_clear(&text);
    buf_puts(&text, "fn f(x) = x");
    for (int i = 0; i < 1000; i++)
        buf_puts(&text, " + 1");
    buf_puts(&text, "; neuron n { step { emit f(f(f(f(f(1))))); } }");
    assert_null(neuron_text_check(*state, text.data));
    const struct neuron_text *t = *state;
    assert_int_equal(t->diags.n_errors, 3);
    assert_string_equal(diag_code_text(t->diags.list.data[0]->code), "E0404");
    assert_string_equal(diag_code_text(t->diags.list.data[1]->code), "E0106");
    assert_string_equal(diag_code_text(t->diags.list.data[2]->code), "E0106");
    buf_free(&text);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_lif),
        T(test_iaf),
        T(test_parentheses),
        T(test_units),
        T(test_dimensions_of_zero),
        T(test_reused_names),
        T(test_default_order),
        T(wrong_unknown),
        T(wrong_unknown_function),
        T(wrong_unknown_state),
        T(wrong_param_assigned),
        T(wrong_let_assigned),
        T(wrong_local_assigned),
        T(wrong_spikes_assigned),
        T(wrong_dt_declared),
        T(wrong_spikes_declared),
        T(wrong_twice),
        T(wrong_local_twice),
        T(wrong_cycle),
        T(wrong_own_cycle),
        T(wrong_recursion),
        T(wrong_let_in_default),
        T(wrong_let_before),
        T(wrong_state_in_let),
        T(wrong_receptor_in_event),
        T(wrong_dt_in_event),
        T(wrong_sum),
        T(wrong_compare),
        T(wrong_exp),
        T(wrong_power),
        T(wrong_emit),
        T(wrong_assigned),
        T(wrong_zero),
        T(wrong_bias),
        T(wrong_fma),
        T(wrong_type),
        T(wrong_condition),
        T(wrong_branches),
        T(wrong_bool_state),
        T(wrong_array),
        T(wrong_string),
        T(wrong_array_function),
        T(wrong_count),
        T(wrong_missing),
        T(wrong_surplus),
        T(wrong_argument),
        T(wrong_two_steps),
        T(wrong_no_body),
        T(wrong_two_negative),
        T(wrong_only_negative),
        T(wrong_dendrites),
        T(wrong_binding),
        T(wrong_in_function),
        T(wrong_in_unused_function),
        T(test_checked_twice),
        T(test_hints_and_labels),
        T(test_expansion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
