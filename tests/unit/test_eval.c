/* Expressions: what they are worth, or what is wrong and where. */
#include "tests/unit/unit.h"

#include "compiler/elab.h"
#include "runtime/base/rng.h"
#include "tests/unit/elab_text.h"
#include <stdio.h>

struct row {
    const char *source; /* an expression, or declarations with `let x` among them */
    const char *expect;
};

static void check_row(const char *source, const char *expect)
{
    struct elab_test t;
    struct buf text = {0}, got = {0};
    bool declarations = strstr(source, "let x =") != NULL;
    buf_printf(&text, declarations ? "%s" : "let x = %s;", source);
    elab_open(&t, text.data);
    elab_value(&got, &t, "x");
    if (strcmp(got.data ? got.data : "", expect) != 0)
        print_error("%s\n   gives %s\nnot      %s\n", source, got.data, expect);
    assert_string_equal(got.data ? got.data : "", expect);
    buf_free(&text);
    buf_free(&got);
    elab_close(&t);
}

static void check_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check_row(rows[i].source, rows[i].expect);
}

#define ROWS(rows) check_rows(rows, sizeof(rows) / sizeof *(rows))

static void test_scalars(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"1 + 2 * 3", "7"},
        {"-2 ^ 2", "-4"},
        {"2 ^ 3 ^ 2", "512"},
        {"7 / 2", "3.5"},
        {"10 - 3 - 2", "5"},
        {"0x3f + 0b1011", "74"},
        {"5 %", "0.05"},
        {"inf", "inf"},
        {"-inf", "-inf"},
        {"1 < 2 and not (3 <= 2)", "true"},
        {"1 == 1 or 1 / 0 > 3", "true"},
        {"true == (1 > 2)", "false"},
        {"true != false", "true"},
        {"if 1 > 2 then 3 else if 2 > 1 then 4 else 5", "4"},
        {"if true then 1 else [1, 2][7]", "1"},
        {"\"text\"", "\"text\""},
        {"abs(-3) + min(1, 2) + max(1, 2)", "6"},
        {"floor(-1.5)", "-2"},
        {"ceil(-1.5)", "-1"},
        {"round(2.5)", "2"},
        {"trunc(-1.5)", "-1"},
        {"mod(-1, 3)", "2"},
        {"fma(2, 3, 4)", "10"},
        {"exp(0) + log(1) + sin(0) + cos(0) + tanh(0)", "2"},
        {"sqrt(9)", "3"},
    };
    ROWS(rows);
}

static void test_members(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"let f = (weight = [1, 2], bias = 3); let x = f.weight * f.bias;", "[3, 6]"},
        {"fn f(a, b = 2) = (sum = a + b, inner = (a = a, b = b)); let x = f(5).inner.b + f(1, "
         "3).sum;",
         "6"},
        {"let f = if true then (a = 1, b = 2) else 3; let x = f.b;", "2"},
        {"let x = (a = 1, b = 2).c;", "E0201{c}"},
        {"let f = 2; let x = f.a;", "E0302{f}"},
        {"let x = (a = uniform(0, 1), b = 2).b;", "E0305{uniform(0, 1)}"},
        {"let x = (a = 1, b = 1 / [0, 1] + [1, 2, 3]).a;", "E0303{1 / [0, 1] + [1, 2, 3]}"},
        {"use speck; let f = batch_norm([o: 2, c: 1, y: 1, x: 2 => o + x], 1, [2, 8], [10, 20],"
         " [3, 5], [3, 15], eps = 1); let x = reshape(concat(reshape(f.weight, 4), f.bias), 6);",
         "[0, 1, 2, 4, 8, 12]"},
        {"use speck; let f = batch_norm([[1, 2], [3, 4], [5, 6]], [1, 2], [2, 8], [10, 20],"
         " [3, 5], [3, 15], eps = 1); let x = reshape(concat(reshape(f.weight, 6), f.bias), 8);",
         "[1, 4, 3, 8, 5, 12, 8, 14]"},
    };
    ROWS(rows);
}

static void test_dimensions(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"1 ms + 2 s", "2.001 s"},
        {"2 V / 1 kOhm", "0.002 A"},
        {"1 pF * 25 mV / 10 ms", "2.5e-12 A"},
        {"1 / 20 ms", "50 Hz"},
        {"sqrt(4 s * 1 s)", "2 s"},
        {"(3 s) ^ 2", "9 * 1 s^2"},
        {"(4 s) ^ 0.5", "2 * 1 s^0.5"},
        {"0 + 5 ms", "0.005 s"},
        {"0 < 5 pA", "true"},
        {"max(0, 5 pA)", "5e-12 A"},
        {"-(3 mV)", "-0.003 V"},
        {"abs(-3 mV)", "0.003 V"},
        {"[0, 1 ms]", "[0, 0.001] s"},
        {"if false then 0 else 1 ms", "0.001 s"},
        {"mod(5 ms, 2 ms) < 2 ms", "true"},
        {"fma(2, 3 ms, 1 ms)", "0.007 s"},
        {"20 ms + 5 pA", "E0301{20 ms + 5 pA}"},
        {"1 + 5 pA", "E0301{1 + 5 pA}"},
        {"1 s < 1 A", "E0301{1 s < 1 A}"},
        {"exp(1 ms)", "E0301{1 ms}"},
        {"2 ^ (1 s)", "E0301{1 s}"},
        {"(1 s) ^ 0.3", "E0301{(1 s) ^ 0.3}"},
        {"fma(1 s, 1, 1 A)", "E0301{fma(1 s, 1, 1 A)}"},
        {"[1 s, 1 A]", "E0301{1 A}"},
        {"floor(1.5 s)", "E0301{1.5 s}"},
        {"[i: 3 => if i == 2 then 1 s else 1 A]", "E0301{if i == 2 then 1 s else 1 A}"},
    };
    ROWS(rows);
}

static void test_kinds(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"true + 1", "E0302{true}"},
        {"not 1", "E0302{1}"},
        {"1 and true", "E0302{1}"},
        {"if 1 then 2 else 3", "E0302{1}"},
        {"true == 1", "E0302{1}"},
        {"\"a\" + 1", "E0302{\"a\"}"},
        {"[1, true]", "E0302{true}"},
        {"[\"a\"]", "E0302{\"a\"}"},
        {"sum(3)", "E0302{3}"},
        {"any([1, 2])", "E0302{[1, 2]}"},
        {"shape(1)", "E0302{1}"},
        {"3[0]", "E0302{3[0]}"},
        {"if [1, 0] then 1 else 2", "E0302{[1, 0]}"},
    };
    ROWS(rows);
}

static void test_arrays(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"[[1, 0], [0, 1]]", "[[1, 0], [0, 1]]"},
        {"[i: 3 => i * i]", "[0, 1, 4]"},
        {"[i: 2, j: 3 => 10 * i + j]", "[[0, 1, 2], [10, 11, 12]]"},
        {"[i: 2 => [j: 2 => i - j]]", "[[0, -1], [1, 0]]"},
        {"[i: 2 => i == 1]", "[false, true]"},
        /* More elements than fit into the scratch memory at once. */
        {"[i: 30000 => [i, i + 1]][29998:30000, :]", "[[29998, 29999], [29999, 30000]]"},
        {"[1, 2, 3] + 1", "[2, 3, 4]"},
        {"[[1], [2]] * [3, 4, 5]", "[[3, 4, 5], [6, 8, 10]]"},
        {"[[1, 2], [3, 4]] - [1, 2]", "[[0, 0], [2, 2]]"},
        {"[i: 2, j: 3, k: 2 => i] + [[1], [2], [3]]",
         "[[[1, 1], [2, 2], [3, 3]], [[2, 2], [3, 3], [4, 4]]]"},
        {"if [true, false] then 1 else [2, 3]", "[1, 3]"},
        {"max([1, 5], 3)", "[3, 5]"},
        {"[1, 2, 3] > 1", "[false, true, true]"},
        {"[1, 2] + [1, 2, 3]", "E0303{[1, 2] + [1, 2, 3]}"},
        {"[[1, 2], [3]]", "E0303{[3]}"},
        {"[]", "E0303{[]}"},
        {"[i: 0 => i]", "E0306{0}"},
        {"[i: 2.5 => i]", "E0306{2.5}"},
        {"[i: 1 s => i]", "E0301{1 s}"},
        {"[i: 3000000000 => i]", "E0306{3000000000}"},
        {"[i: 2000000000, j: 2000000000 => i]", "E0308{[i: 2000000000, j: 2000000000 => i]}"},
        {"[i: 1000 => [1, 2][i]]", "E0304{i}"},
        {"sum([[1, 2], [3, 4]])", "10"},
        {"sum([[1, 2], [3, 4]], axis = 0)", "[4, 6]"},
        {"sum([[1, 2], [3, 4]], axis = 1)", "[3, 7]"},
        {"sum([1, 2], axis = 1)", "E0306{1}"},
        {"sum([1, 2, 3] > 1)", "2"},
        {"mean([1 ms, 3 ms])", "0.002 s"},
        {"mean([[1, 2], [3, 4]], axis = 0)", "[2, 3]"},
        {"any([1, 2] > 1)", "true"},
        {"all([1, 2] > 1)", "false"},
        {"min([3, 1, 2])", "1"},
        {"max([[1, 5], [3, 2]], axis = 1)", "[5, 3]"},
        {"max([1, 5], [3, 2], axis = 0)", "E0305{0}"},
        {"shape([[1, 2, 3], [4, 5, 6]])", "[2, 3]"},
        {"shape([[1, 2, 3], [4, 5, 6]])[1]", "3"},
        {"transpose([[1, 2, 3], [4, 5, 6]])", "[[1, 4], [2, 5], [3, 6]]"},
        {"transpose([i: 2, j: 3, k: 2 => 100 * i + 10 * j + k])[1, 2, 0]", "21"},
        {"reshape([1, 2, 3, 4, 5, 6], 2, 3)", "[[1, 2, 3], [4, 5, 6]]"},
        {"reshape([1, 2, 3, 4], [2, 2])", "[[1, 2], [3, 4]]"},
        {"reshape([1, 2, 3], 2, 2)", "E0303{reshape([1, 2, 3], 2, 2)}"},
        {"concat([1], [2, 3], [4])", "[1, 2, 3, 4]"},
        {"concat([[1], [2]], [[3, 4], [5, 6]], axis = 1)", "[[1, 3, 4], [2, 5, 6]]"},
        {"concat([[1, 2]], [3])", "E0303{[3]}"},
        {"concat([1 s], [1])", "E0301{[1]}"},
        {"eye(2)", "[[1, 0], [0, 1]]"},
        {"eye(2, 3)", "[[1, 0, 0], [0, 1, 0]]"},
        {"zeros(2, 2)", "[[0, 0], [0, 0]]"},
        {"ones([3])", "[1, 1, 1]"},
        {"zeros(0)", "E0306{0}"},
        {"zeros(100000, 100000)", "E0308{zeros(100000, 100000)}"},
    };
    ROWS(rows);
}

static void test_index(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"let w = [[1, 2, 3], [4, 5, 6]]; let x = w[1, 2];", "6"},
        {"let w = [[1, 2, 3], [4, 5, 6]]; let x = w[1];", "[4, 5, 6]"},
        {"let w = [[1, 2, 3], [4, 5, 6]]; let x = w[:, 1];", "[2, 5]"},
        {"let w = [[1, 2, 3], [4, 5, 6]]; let x = w[0:1, 1:3];", "[[2, 3]]"},
        {"let w = [[1, 2, 3], [4, 5, 6]]; let x = w[:, :2];", "[[1, 2], [4, 5]]"},
        {"let w = [[1, 2, 3], [4, 5, 6]]; let x = w[1][2:];", "[6]"},
        {"let w = [1, 2]; let x = w[-1];", "E0304{-1}"},
        {"let w = [1, 2]; let x = w[2];", "E0304{2}"},
        {"let w = [1, 2]; let x = w[0.5];", "E0304{0.5}"},
        {"let w = [1, 2]; let x = w[0, 1];", "E0304{1}"},
        {"let w = [1, 2]; let x = w[1:1];", "E0304{1:1}"},
        {"let w = [1, 2]; let x = w[0:3];", "E0304{3}"},
        {"let w = [1, 2]; let x = w[true];", "E0302{true}"},
        {"let w = [1, 2]; let x = w[[0, 1]];", "E0302{[0, 1]}"},
    };
    ROWS(rows);
}

static void test_names(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"let x = y + 1; let y = 2;", "3"},
        {"fn f(a, b = a + 1) = a * b; let x = f(2);", "6"},
        {"fn f(a, b = 2) = a * b; let x = f(2, b = 5);", "10"},
        {"fn f(a, b) = a - b; let x = f(b = 1, a = 5);", "4"},
        {"fn f(a) = a + k; let k = 3; let x = [k: 2 => f(k)];", "[3, 4]"},
        {"fn max(a) = a; let x = max(3);", "3"},
        {"let x = f(1); fn f(a) = g(a) + 1; fn g(a) = 2 * a;", "3"},
        {"fn f(a) = a; let x = f();", "E0305{f()}"},
        {"fn f(a) = a; let x = f(1, 2);", "E0305{2}"},
        {"fn f(a) = a; let x = f(1, a = 2);", "E0305{a}"},
        {"fn f(a) = a; let x = f(b = 2);", "E0205{b}"},
        {"let x = nothing;", "E0201{nothing}"},
        {"let x = nothing + nowhere;", "E0201{nothing} E0201{nowhere}"},
        {"let x = sine(1);", "E0201{sine}"},
        {"fn unused(a) = a + b; let x = 1;", "E0201{b}"},
        {"let f = 1; let x = f(1);", "E0203{f}"},
        {"fn f(a) = a; let x = f + 1;", "E0203{f}"},
        {"let x = a; let a = b; let b = a;", "E0206{a}"},
        {"let x = x;", "E0206{x}"},
        {"fn f(a) = f(a - 1); let x = 1;", "E0206{f}"},
        {"fn f(a) = g(a); fn g(a) = f(a); let x = f(1);", "E0206{f}"},
        {"let a = 1; let a = 2; let x = 3;", "E0202{a}"},
        {"fn f(a, a) = a; let x = 3;", "E0202{a}"},
        {"let x = dt;", "E0401{dt}"},
        {"neuron n { param p = 1; } let x = n;", "E0203{n}"},
        {"let x = sin(1, 2);", "E0305{sin(1, 2)}"},
        {"let x = sin(y = 2);", "E0205{y}"},
        {"let x = sin(i => i);", "E0305{sin(i => i)}"},
        {"let x = left.n;", "E0201{left}"},
        {"use nothing; let x = 1;", "E0204{nothing}"},
        {"use \"nothing.dyn\"; let x = 1;", "E0501{use \"nothing.dyn\";}"},
        {"use \"test.dyn\"; let x = 1;", "E0206{use \"test.dyn\";}"},
    };
    ROWS(rows);
}

static void test_load(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"load(\"w23.npy\")", "[[1, -2, 0], [0.5, 0, 3]]"},
        {"load(\"bools.npy\")", "[true, false, true]"},
        {"sum(load(\"w23.npy\")) + sum(load(\"w23.npy\"))", "5"},
        {"load(\"events.npz\", \"plain\")", "[[0, 0], [1000, 1]]"},
        {"load(\"events.npz\", \"ev\")", "records"},
        {"load(\"nothing.npy\")", "E0501{load(\"nothing.npy\")}"},
        {"load(\"events.npz\", \"nothing\")", "E0502{load(\"events.npz\", \"nothing\")}"},
        {"load(\"test_elaborate.txt\")", "E0501{load(\"test_elaborate.txt\")}"},
        {"load(\"empty.npy\")", "E0303{load(\"empty.npy\")}"},
        {"load(3)", "E0302{3}"},
        {"load(\"events.npz\", \"ev\") + 1", "E0302{load(\"events.npz\", \"ev\")}"},
    };
    ROWS(rows);
}

/* Numbers of rng.h at the right index, whichever way the shape comes about. */
static void test_random(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"let a = [i: 3, j: 2 => uniform(0, 1) seed 5];"
         "let b = zeros(3, 2) + (uniform(0, 1) seed 5); let x = all(a == b);",
         "true"},
        {"let r = 2 * (normal(1, 3) seed 7); let a = zeros(4) + r;"
         "let b = [i: 4 => 2 * (normal(1, 3) seed 7)]; let x = all(a == b);",
         "true"},
        {"fn noisy(w, s) = w + (uniform(-1, 1) seed s); let a = noisy(zeros(2, 2), 3);"
         "let b = [i: 2 => [j: 2 => uniform(-1, 1) seed 3]]; let x = all(a == b);",
         "true"},
        {"let a = [uniform(0, 1), uniform(0, 1)]; let x = a[0] != a[1];", "true"},
        {"let a = [i: 1000 => uniform(10 ms, 20 ms)];"
         "let x = min(a) >= 10 ms and max(a) < 20 ms and abs(mean(a) - 15 ms) < 0.5 ms;",
         "true"},
        {"let a = [i: 10000 => bernoulli(0.25) seed 3];"
         "let x = abs(mean(a) - 0.25) < 0.02 and all((a == 0) == (a != 1));",
         "true"},
        {"let a = [i: 2 => bernoulli(i)]; let x = a;", "[0, 1]"},
        {"uniform(0, 1) seed 3", "random"},
        {"sum(uniform(0, 1))", "E0305{uniform(0, 1)}"},
        {"uniform(0, 1)[0]", "E0305{uniform(0, 1)}"},
        {"[i: 2 => uniform(1)]", "E0305{uniform(1)}"},
        {"let a = [i: 2 => uniform(0, 1 s)]; let x = max(a) < 1 s;", "true"},
        {"[i: 2 => uniform(1, 1 s)]", "E0301{uniform(1, 1 s)}"},
        {"[i: 2 => uniform(0, 1) seed (-1)]", "E0306{-1}"},
        {"[i: 2 => sin(1) seed 1]", "E0305{sin(1) seed 1}"},
        {"zeros(2) + (uniform(0, [1, 2, 3]) seed 2)", "E0303{uniform(0, [1, 2, 3]) seed 2}"},
    };
    ROWS(rows);
    struct elab_test t;
    struct buf got = {0}, want = {0};
    elab_open(&t, "let x = [i: 2, j: 2 => uniform(0, 1) seed 9][1, 0];");
    elab_value(&got, &t, "x");
    buf_f64_text(&want, rng_uniform(9, 2));
    assert_string_equal(got.data, want.data);
    buf_free(&got);
    buf_free(&want);
    elab_close(&t);
}

/* Depth and size that a source can ask for end in a message. */
static void test_limits(void **state)
{
    (void)state;
    struct buf b = {0};
    for (int i = 0; i < 3000; i++)
        buf_printf(&b, "let a%d = a%d + 1;", i, i + 1);
    buf_puts(&b, "let a3000 = 1; let x = a0;");
    struct elab_test t;
    struct buf got = {0};
    elab_open(&t, b.data);
    elab_value(&got, &t, "x");
    assert_true(strncmp(got.data, "E0106", 5) == 0);
    elab_close(&t);
    buf_clear(&b);
    buf_clear(&got);
    buf_puts(&b, "let a0 = 1;");
    for (int i = 0; i < 20000; i++)
        buf_printf(&b, "let a%d = a%d + 1;", i + 1, i);
    buf_puts(&b, "let x = a20000;");
    elab_open(&t, b.data);
    for (int i = 0; i < 20000; i += 250) {
        struct buf skip = {0};
        char name[16];
        snprintf(name, sizeof name, "a%d", i);
        elab_value(&skip, &t, name);
        buf_free(&skip);
    }
    elab_value(&got, &t, "x");
    assert_string_equal(got.data, "20001");
    elab_close(&t);
    buf_clear(&b);
    buf_clear(&got);
    buf_puts(&b, "fn f0(a) = a + a;");
    for (int i = 1; i < 60; i++)
        buf_printf(&b, "fn f%d(a) = f%d(f%d(a));", i, i - 1, i - 1);
    buf_puts(&b, "let x = 1;");
    elab_open(&t, b.data);
    assert_int_equal(t.diags.n_errors, 0);
    elab_close(&t);
    buf_free(&b);
    buf_free(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars),    cmocka_unit_test(test_members),
        cmocka_unit_test(test_dimensions), cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_arrays),     cmocka_unit_test(test_index),
        cmocka_unit_test(test_names),      cmocka_unit_test(test_load),
        cmocka_unit_test(test_random),     cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
