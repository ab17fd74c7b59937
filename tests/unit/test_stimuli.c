/* Stimuli and board sections: what sources say, or what is wrong and where. */
#include "tests/unit/unit.h"

#include "tests/unit/elab_text.h"

#define NET                                                                                        \
    "neuron n { receive x; state v = 0; step { v = v + x; emit 0; } } "                            \
    "network t { dt = 1 ms; input a[2]; input b[1, 2, 2]; layer l[4]: n; a -> l: all_to_all(1); "  \
    "b -> l: all_to_all(1); } "

/* "3 x 2: a table(3 x 2) 0.0.0=1 ...": steps x trials, then the inputs that aren't silent. */
static void put_stimulus(struct buf *b, const struct stimulus *as_given, const struct net *n)
{
    struct arena a = {0};
    struct diags d = {0};
    struct stimulus tables, *s = &tables;
    assert_true(stimulus_tables(&a, as_given, n->dt, s, &d));
    buf_printf(b, "%llu x %u", (unsigned long long)s->steps, s->trials);
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        const struct stimulus_source *x = &s->source[i];
        assert_int_equal(x->channels, n->input.data[i].n);
        if (x->kind == STIM_SILENCE)
            continue;
        buf_printf(b, " %s:", n->input.data[i].name);
        if (x->kind == STIM_TABLE) {
            buf_printf(b, "%llux%u", (unsigned long long)x->steps, x->trials);
            for (uint64_t r = 0; r < x->steps * x->trials; r++)
                for (uint64_t k = x->row[r]; k < x->row[r + 1]; k++)
                    buf_printf(b, " %llu.%llu.%u=%u", (unsigned long long)(r / x->steps),
                               (unsigned long long)(r % x->steps), x->event[k].channel,
                               x->event[k].count);
            continue;
        }
        buf_puts(b, x->kind == STIM_POISSON ? "poisson" : "regular");
        for (uint32_t c = 0; c < x->channels; c++) {
            buf_putc(b, ' ');
            buf_f64_text(b, x->rate[c]);
        }
        if (x->kind == STIM_POISSON)
            buf_printf(b, " seed %llu", (unsigned long long)x->seed);
    }
    diags_free(&d);
    arena_free(&a);
}

static const struct {
    const char *body, *expect; /* of stimulus s */
} rows[] = {
    {"a = raster(load(\"raster.npy\"));", "3 x 2 a:3x2 0.0.0=1 0.1.1=2 1.1.0=1 1.1.1=1 1.2.0=3"},
    {"a = raster([[1, 0], [0, 0]]);", "2 x 1 a:2x1 0.0.0=1"},
    {"a = raster([[true, false]]);", "1 x 1 a:1x1 0.0.0=1"},
    {"b = raster([t: 2, c: 1, y: 2, x: 2 => if t == 1 and x == 1 then 2 else 0]);",
     "2 x 1 b:2x1 0.1.1=2 0.1.3=2"},
    {"b = raster([[0, 0, 0, 1]]);", "1 x 1 b:1x1 0.0.3=1"},
    {"a = events(load(\"events.npz\", \"ev\"));", "6 x 1 a:6x1 0.0.0=1 0.1.1=1 0.2.1=1 0.5.0=1"},
    {"a = events(load(\"events.npz\", \"ev\"), offsets = load(\"events.npz\", \"offsets\"));",
     "6 x 2 a:6x2 0.0.0=1 0.1.1=1 1.2.1=1 1.5.0=1"},
    {"a = events([[0, 1], [1500, 0], [1600, 0]]); duration = 4 ms;", "4 x 1 a:4x1 0.0.1=1 0.1.0=2"},
    {"duration = 0.5 s; trials = 100; a = poisson(50 Hz) seed 2023;",
     "500 x 100 a:poisson 50 50 seed 2023"},
    {"duration = 10 ms; a = poisson([10 Hz, 1 kHz]); b = regular(100 Hz);",
     "10 x 1 a:poisson 10 1000 seed 0 b:regular 100 100 100 100"},
    {"duration = 10 ms; b = poisson([[[1 Hz, 2 Hz], [3 Hz, 4 Hz]]]) seed (1 + 1);",
     "10 x 1 b:poisson 1 2 3 4 seed 2"},
    {"duration = 10 ms; b = regular([1 Hz, 2 Hz, 3 Hz, 4 Hz]);", "10 x 1 b:regular 1 2 3 4"},
    {"let d = 5 ms; duration = 2 * d; a = silence;", "10 x 1"},
    {"duration = 3 * dt;", "3 x 1"},
    {"a = times([[0.3 ms, 1.1 ms], []]);", "2 x 1 a:2x1 0.0.0=1 0.1.0=1"},
    {"a = times([[7 ms], [2 ms, 2 ms]]);", "8 x 1 a:8x1 0.2.1=2 0.7.0=1"},
    {"a = times([[1 ms], []]); b = times([[3 ms], [], [], []]);",
     "4 x 1 a:4x1 0.1.0=1 b:4x1 0.3.0=1"},
    {"trials = 5; a = raster([[1, 0]]);", "1 x 5 a:1x1 0.0.0=1"},
    {"a = raster(load(\"raster.npy\")); b = poisson(1 Hz);",
     "3 x 2 a:3x2 0.0.0=1 0.1.1=2 1.1.0=1 1.1.1=1 1.2.0=3 b:poisson 1 1 1 1 seed 0"},

    {"a = poisson(50 Hz);", "E0801{s}"},
    {"", "E0801{s}"},
    {"a = times([[], []]);", "E0801{[[], []]}"},
    {"duration = 1.5 ms;", "E0801{1.5 ms}"},
    {"duration = 0 ms;", "E0306{0 ms}"},
    {"duration = 5;", "E0301{5}"},
    {"duration = 1 ms; duration = 2 ms;", "E0202{duration}"},
    {"duration = 1 ms; trials = 0;", "E0306{0}"},
    {"duration = 1 ms; trials = 2.5;", "E0306{2.5}"},
    {"duration = 4 ms; a = raster(load(\"raster.npy\"));",
     "E0801{a = raster(load(\"raster.npy\"));}"},
    {"trials = 3; a = raster(load(\"raster.npy\"));", "E0801{a = raster(load(\"raster.npy\"));}"},
    {"a = raster(load(\"raster.npy\")); b = raster([[0, 0, 0, 1]]);",
     "E0801{b = raster([[0, 0, 0, 1]]);}"},
    {"a = raster([[0.5, 0]]);", "E0801{[[0.5, 0]]}"},
    {"a = raster([[-1, 0]]);", "E0801{[[-1, 0]]}"},
    {"a = raster([[1, 0, 0]]);", "E0801{[[1, 0, 0]]}"},
    {"a = raster([1, 0]);", "E0801{[1, 0]}"},
    {"a = raster(1);", "E0302{1}"},
    {"a = raster([[1 ms, 0]]);", "E0301{[[1 ms, 0]]}"},
    {"a = raster();", "E0305{raster()}"},
    {"a = raster([[1, 0]]) seed 3;", "E0305{3}"},
    {"a = raster([[1, 0]], rate = 3);", "E0205{rate}"},
    {"a = rastr([[1, 0]]);", "E0201{rastr}"},
    {"a = silent;", "E0201{silent}"},
    {"a = [[1, 0]];", "E0801{[[1, 0]]}"},
    {"c = silence;", "E0201{c}"},
    {"duration = 1 ms; a = poisson(50);", "E0301{50}"},
    {"duration = 1 ms; a = poisson(-50 Hz);", "E0306{-50 Hz}"},
    {"duration = 1 ms; a = poisson([1 Hz, 10 MHz]);", "1 x 1 a:poisson 1 10000000 seed 0"},
    {"duration = 1 ms; a = poisson([1 Hz, 10.1 MHz]);", "E0306{[1 Hz, 10.1 MHz]}"},
    {"duration = 1 ms; a = regular(10.1 MHz);", "E0306{10.1 MHz}"},
    {"duration = 1 ms; let x = 1 + 1 ms;", "E0301{1 + 1 ms}"},
    {"duration = 1 ms; a = poisson([1 Hz, 2 Hz, 3 Hz]);", "E0303{[1 Hz, 2 Hz, 3 Hz]}"},
    {"duration = 1 ms; a = poisson(1 Hz) seed 0.5;", "E0306{0.5}"},
    {"a = events(1);", "E0302{1}"},
    {"a = events([[0, 5]]);", "E0801{[[0, 5]]}"},
    {"duration = 1 ms; a = events([[5000, 0]]);", "E0801{[[5000, 0]]}"},
    {"a = events([[0, 1]], offsets = [0, 2]);", "E0801{[0, 2]}"},
    {"a = times([1 ms, 2 ms]);", "E0302{1 ms}"},
    {"a = times([[1 ms]]);", "E0801{[[1 ms]]}"},
    {"a = times([[1], [2]]);", "E0301{[1]}"},
    {"a = times(3);", "E0302{3}"},
    {"duration = x;", "E0201{x}"},
    {"duration = 1 ms; a = poisson(x);", "E0201{x}"},
};

static void test_sources(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct elab_test t;
        struct buf text = {0}, got = {0};
        struct stimulus s;
        buf_printf(&text, NET "stimulus s for t { %s }", rows[i].body);
        elab_open(&t, text.data);
        const struct net *n = t.diags.n_errors ? NULL : unit_network(&t.unit, NULL);
        if (n && unit_stimulus(&t.unit, n, NULL, &s))
            put_stimulus(&got, &s, n);
        else
            elab_errors(&got, &t);
        if (strcmp(got.data, rows[i].expect) != 0)
            print_error("%s\n   gives %s\nnot      %s\n", rows[i].body, got.data, rows[i].expect);
        assert_string_equal(got.data, rows[i].expect);
        buf_free(&text);
        buf_free(&got);
        elab_close(&t);
    }
}

static void test_choice(void **state)
{
    (void)state;
    static const struct {
        const char *stimuli, *name, *expect;
    } choices[] = {
        {"stimulus p for t { duration = 1 ms; } stimulus q for t { duration = 2 ms; }", "q", "q"},
        {"stimulus p for t { duration = 1 ms; } stimulus q for t { duration = 2 ms; }", NULL,
         "E0802"},
        {"stimulus p for t { duration = 1 ms; }", NULL, "p"},
        {"stimulus p for t { duration = 1 ms; }", "x", "E0802"},
        {"", NULL, "E0802"},
        {"stimulus p for u { duration = 1 ms; }", NULL, "E0201{u} E0802"},
    };
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        struct elab_test t, plain;
        struct buf text = {0}, got = {0};
        struct stimulus s;
        elab_open(&plain, NET); /* a network is there even where the stimuli are wrong */
        const struct net *n = unit_network(&plain.unit, NULL);
        buf_printf(&text, NET "%s", choices[i].stimuli);
        elab_open(&t, text.data);
        if (unit_stimulus(&t.unit, n, choices[i].name, &s))
            buf_puts(&got, s.name);
        else
            elab_errors(&got, &t);
        assert_string_equal(got.data, choices[i].expect);
        buf_free(&text);
        buf_free(&got);
        elab_close(&t);
        elab_close(&plain);
    }
}

/* ---- boards ---- */

static const struct {
    const char *body, *expect; /* "" means: what is printed is what was written */
} boards[] = {
    {"chip 0 { core 1 { bias SOIF_DC_P = 2:134; neuron 0 = l[1] { latch so_dc;"
     " cam 0 = tag 5, weight 0b1011, ampa; sram 0 = tag 0, cores 0b1111, hop [-7, -7]; } } }",
     ""},
    {"chip 0 { core 0 { neuron 3 = l[0]; neuron 5 { cam 1 = tag 7, weight 0b0001, gaba; } } }", ""},
    {"chip 0 { core 0 { neuron 3 = l[0] { } } }", ""},
    {"gain = 50; place t.l[0:2] on chip 0 core 1; place l[2:] on chip 0 core 2;", ""},
    {"gain = auto;", ""},
    {"input a[1] = tag 3, cores 0b0010, hop [0, 0]; input b[0, 1, 1] = [tag 1, cores 0b0001,"
     " hop [0, 0]], [tag 2, cores 0b0100, hop [1, -1]];",
     ""},
    {"output l = [chip 0 core 0 neuron 4, chip 0 core 0 neuron 3, chip 0 core 1 neuron 0,"
     " chip 1 core 2 neuron 255];",
     ""},
    {"place other.x on chip 0 core 0;", ""},
    {"place m[0] on chip 0 core 0;", "E0201{m[0]}"},
    {"place l[4] on chip 0 core 0;", "E0304{4}"},
    {"place l[0] on chip 0.5 core 0;", "E0306{0.5}"},
    {"chip 0 { core 0 { neuron 0 = l; } }", "E0406{l}"},
    {"chip 0 { core 0 { neuron 0 = l[0]; neuron 0 = l[1]; } }", "E0202{neuron 0 = l[1];}"},
    {"chip 0 { core 0 { neuron 0 = l[0] { cam 0 = tag 5, weight 1, amba; } } }", "E0406{amba}"},
    {"chip 0 { core 0 { neuron 0 = l[0] { cam 0 = tag 5, ampa; } } }",
     "E0406{cam 0 = tag 5, ampa;}"},
    {"chip 0 { core 0 { neuron 0 = l[0] { cam 0 = tag 5, tag 5, weight 1, ampa; } } }",
     "E0406{tag}"},
    {"chip 0 { core 0 { neuron 0 = l[0] { cam 0 = tag 5, weight 1, hop [0, 0], ampa; } } }",
     "E0406{hop}"},
    {"chip 0 { core 0 { neuron 0 = l[0] { sram 0 = tag 5, cores 1, hop 3; } } }", "E0406{3}"},
    {"chip 0 { core 0 { neuron 0 = l[0] { cam 0 = tag 5, weight 1, ampa;"
     " cam 0 = tag 6, weight 1, ampa; } } }",
     "E0406{cam 0 = tag 6, weight 1, ampa;}"},
    {"chip 0 { core 0 { bias X = 1:2; bias X = 1:3; } }", "E0202{bias X = 1:3;}"},
    {"chip 0 { core 0 { bias X = 1 nA; } }", "E0406{1 nA}"},
    {"chip 0 { core 0 { bias X = 1:256; } }", "E0306{256}"},
    {"chip 0 { bias X = 1:2; }", "E0406{bias X = 1:2;}"},
    {"core 0 { }", "E0406{core 0 { }}"},
    {"speed = 3;", "E0205{speed}"},
    {"profile = \"no.json\";", "E0501{\"no.json\"}"},
    {"chip 3 { profile = 5; }", "E0302{5}"},
    {"chip 0 { gain = 1; }", "E0406{gain = 1;}"},
    /* What DYNAP-SE2 hasn't. */
    {"chip 4 { core 0 { } }", "E0406{core 0 { }}"},
    {"chip 0 { core 4 { } }", "E0406{core 4 { }}"},
    {"place l on chip 0 core 4;", "E0406{place l on chip 0 core 4;}"},
    {"chip 0 { core 0 { bias SOIF_LEEK_N = 1:2; } }", "E0406{bias SOIF_LEEK_N = 1:2;}"},
    {"chip 0 { core 0 { bias SOIF_LEAK_N = 6:2; } }", "E0406{bias SOIF_LEAK_N = 6:2;}"},
    {"chip 0 { core 0 { neuron 256 { } } }", "E0406{neuron 256 { }}"},
    {"chip 0 { core 0 { neuron 0 { latch so_dx; } } }", "E0406{neuron 0 { latch so_dx; }}"},
    {"chip 0 { core 0 { neuron 0 = l[1] { cam 64 = tag 5, weight 1, ampa; } } }",
     "E0406{neuron 0 = l[1] { cam 64 = tag 5, weight 1, ampa; }}"},
    {"chip 0 { core 0 { neuron 0 { cam 0 = tag 5, weight 16, ampa; } } }",
     "E0406{neuron 0 { cam 0 = tag 5, weight 16, ampa; }}"},
    {"chip 0 { core 0 { neuron 0 { sram 0 = tag 2048, cores 1, hop [0, 0]; } } }",
     "E0406{neuron 0 { sram 0 = tag 2048, cores 1, hop [0, 0]; }}"},
    {"chip 0 { core 0 { neuron 0 = l[0]; neuron 1 = l[0]; } }", "E0406{neuron 0 = l[0];}"},
    {"input a[0] = tag 3, cores 0b10000, hop [0, 0];",
     "E0406{input a[0] = tag 3, cores 0b10000, hop [0, 0];}"},
    {"input a[0] = tag 3, cores 1, hop [8, 0];", "E0406{input a[0] = tag 3, cores 1, hop [8, 0];}"},
    {"output l = [chip 0 core 0 neuron 1, chip 0 core 0 neuron 2, chip 0 core 0 neuron 3,"
     " chip 0 core 0 neuron 256];",
     "E0406{output l = [chip 0 core 0 neuron 1, chip 0 core 0 neuron 2, chip 0 core 0 neuron 3,"
     " chip 0 core 0 neuron 256];}"},
    {"gain = 0;", "E0306{0}"},
    {"gain = 1 A;", "E0301{1 A}"},
    {"input a = tag 3, cores 1, hop [0, 0]; input a[0] = tag 3, cores 1, hop [0, 0];",
     "E0202{input a[0] = tag 3, cores 1, hop [0, 0];}"},
    {"input l[0] = tag 3, cores 1, hop [0, 0];", "E0201{l[0]}"},
    {"output l = [chip 0 core 0 neuron 4];", "E0406{output l = [chip 0 core 0 neuron 4];}"},
};

static const struct net_words words = {
    .dendrite = (const char *const[]){"none", "ampa", "gaba", "nmda", "shunt"}, .n_dendrite = 5};

static void test_boards(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof boards / sizeof *boards; i++) {
        struct elab_test t, again;
        struct buf text = {0}, got = {0}, second = {0};
        buf_printf(&text, NET "network other { dt = 1 ms; layer x[1]: n; } board dynapse2 { %s }",
                   boards[i].body);
        elab_open(&t, text.data);
        const struct net *n = unit_network(&t.unit, "t");
        if (!n || boards[i].expect[0]) {
            elab_errors(&got, &t);
            if (strcmp(got.data, boards[i].expect) != 0)
                print_error("%s\n   gives %s\n", boards[i].body, got.data);
            assert_string_equal(got.data, boards[i].expect);
        } else {
            net_print(&got, n, &words);
            elab_open(&again, got.data);
            const struct net *back = unit_network(&again.unit, NULL);
            if (!back) {
                elab_errors(&second, &again);
                print_error("%s\n%s\n", got.data, second.data);
            }
            assert_non_null(back);
            net_print(&second, back, &words);
            assert_string_equal(got.data, second.data);
            elab_close(&again);
        }
        buf_free(&text);
        buf_free(&got);
        buf_free(&second);
        elab_close(&t);
    }
}

static void test_board_values(void **state)
{
    (void)state;
    struct elab_test t;
    struct buf text = {0};
    buf_printf(&text, NET "let k = 2; board dynapse2 { %s %s %s }", boards[0].body,
               "place t.l[k:] on chip 1 core 3;", boards[5].body);
    elab_open(&t, text.data);
    const struct net *n = unit_network(&t.unit, "t");
    assert_non_null(n);
    const struct board *b = n->board;
    assert_int_equal(b->core.n, 1);
    const struct board_core *c = &b->core.data[0];
    assert_true(c->chip == 0 && c->core == 1 && c->bias.n == 1 && c->neuron.n == 1);
    assert_true(c->bias.data[0].coarse == 2 && c->bias.data[0].fine == 134);
    const struct board_neuron *x = &c->neuron.data[0];
    assert_true(x->index == 0 && x->layer == 0 && x->element == 1 && x->given == BOARD_ALL);
    assert_string_equal(x->latch.data[0], "so_dc");
    assert_true(x->cam.data[0].tag == 5 && x->cam.data[0].mask == 11 &&
                x->cam.data[0].dendrite == 1);
    assert_true(x->sram.data[0].cores == 15 && x->sram.data[0].x_hop == -7);
    assert_true(b->place.data[0].first == 2 && b->place.data[0].count == 2);
    assert_true(b->place.data[0].chip == 1 && b->place.data[0].core == 3);
    assert_int_equal(b->input.n, 2);
    assert_true(b->input.data[1].input == 1 && b->input.data[1].channel == 3);
    assert_int_equal(b->input.data[1].to.n, 2);
    assert_int_equal(b->input.data[1].to.data[1].y_hop, -1);
    buf_free(&text);
    elab_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_boards),
        cmocka_unit_test(test_board_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
