/* What `dyn fit` counts, against the board looked at neuron by neuron; its text and picture. */
#include "tests/unit/unit.h"

#include "compiler/fit.h"
#include "targets/dynapse2/load.h"
#include "tests/unit/dynapse2_net.h"
#include <math.h>
#include <stdio.h>

/* Two layers on two chips of four: `a` hears a channel each and all of `b`, which hears one neuron
 * of `a`; only `b` is an output. */
static void make(struct d2_test *t)
{
    d2_test_init(t);
    uint32_t in = d2_test_input(t, "in", 10), a = d2_test_layer(t, "a", 10, NULL),
             b = d2_test_layer(t, "b", 3, NULL);
    double eye[100] = {0}, first[30] = {0};
    for (uint32_t i = 0; i < 10; i++)
        eye[11 * i] = 5;
    for (uint32_t k = 0; k < 3; k++)
        first[k] = 3;
    d2_test_connect(t, true, in, a, eye);
    d2_test_connect(t, false, b, a, NULL);
    d2_test_connect(t, false, a, b, first);
    struct board *board = d2_test_board(t);
    VEC_PUSH(&t->text.arena, &board->place, ((struct board_place){a, 0, 10, 1, 2, {0}}));
    VEC_PUSH(&t->text.arena, &board->place, ((struct board_place){b, 0, 3, 0, 0, {0}}));
    VEC_PUSH(&t->text.arena, &t->n->output, b);
    t->n->has_output = true;
}

static const struct target_fit_row *find(const struct target_fit_row *row, uint32_t n,
                                         const char *resource)
{
    for (uint32_t i = 0; i < n; i++) {
        if (strcmp(row[i].resource, resource) == 0)
            return &row[i];
    }
    print_message("no row \"%s\"\n", resource);
    fail();
    return NULL;
}

static void needs(const struct d2_test *t, const char *resource, double need, double have,
                  const char *where)
{
    struct target_fit_row *row;
    struct arena a = {0};
    uint32_t n = compiler_dynapse2.fit(t->n, &a, &row);
    const struct target_fit_row *r = find(row, n, resource);
    if (r->need != need || r->have != have)
        print_message("%s: %g of %g\n", resource, r->need, r->have);
    assert_true(r->need == need && r->have == have);
    if (where)
        assert_string_equal(r->where, where);
    arena_free(&a);
}

/* The same numbers from the network's wishes as from the routed board's bits. */
static void before_and_after_route(void **state)
{
    (void)state;
    static const char *const last[] = {"place", "bias"};
    for (uint32_t i = 0; i < 2; i++) {
        struct d2_test t;
        make(&t);
        assert_true(d2_test_passes(&t, last[i]));
        needs(&t, "neurons", 13, 4096, NULL);
        needs(&t, "cores", 2, 16, NULL);
        needs(&t, "neurons of the fullest core", 10, 256, "chip 1 core 2");
        needs(&t, "CAM entries", 10 + 30 + 3, 4096 * 64, NULL);
        needs(&t, "CAM entries of the fullest neuron", 4, 64, "a[0]");
        needs(&t, "tags of the busiest core", 13, 2048, "chip 1 core 2");
        needs(&t, "monitors of the fullest column", 3, 2047, "column 0");
        needs(&t, "hops of the longest way", 1, 7, NULL);
        /* A spare entry speaks to the host once it is known to be spare. */
        needs(&t, "SRAM entries", i == 0 ? 3 * 2 + 1 : 3 * 2 + 2 + 9, 4096 * 4, NULL);
        needs(&t, "SRAM entries of the fullest neuron", 2, 4, "b[0]");
        d2_test_free(&t);
    }
}

static void cores_and_traffic(void **state)
{
    (void)state;
    struct d2_test t;
    struct target_occupancy b;
    make(&t);
    assert_true(d2_test_passes(&t, "bias"));
    compiler_dynapse2.occupancy(t.n, &t.text.arena, &b);
    assert_int_equal(b.columns, 4);
    assert_int_equal(b.rows, 1);
    for (uint32_t k = 0; k < 16; k++) {
        assert_int_equal(b.used[k], k == 0 ? 3 : k == 6 ? 10 : 0);
        assert_int_equal(b.usable[k], 256);
        assert_int_equal(fit_core_in_use(&b, k), k == 0 || k == 6);
    }
    assert_true(fit_share(&b, 6) == 10.0 / 256);
    static const struct {
        const char *key;
        double at_0, at_6;
    } want[] = {{"cam", 3, 40}, {"cam_fullest", 1, 4}, {"sram", 6, 11}, {"tags", 1, 13}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        assert_string_equal(b.quantity[i].key, want[i].key);
        assert_true(b.quantity[i].v[0] == want[i].at_0 && b.quantity[i].v[6] == want[i].at_6);
    }
    /* Weights of one value and of two are made exactly enough. */
    assert_string_equal(b.quantity[4].key, "weight_error");
    assert_true(b.quantity[4].v[6] < 0.01 && isnan(b.quantity[4].v[1]));
    static const struct target_traffic ways[] = {
        {-1, 1, 10}, {0, -1, 3}, {0, 1, 3}, {1, -1, 10}, {1, 0, 1}};
    assert_int_equal(b.n_traffic, 5);
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(b.traffic[i].from, ways[i].from);
        assert_int_equal(b.traffic[i].to, ways[i].to);
        assert_int_equal(b.traffic[i].sources, ways[i].sources);
    }
    d2_test_free(&t);
}

/* Neurons without a place: what doesn't depend on it is told. */
static void too_large(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    uint32_t in = d2_test_input(&t, "in", 70), a = d2_test_layer(&t, "a", 2000, NULL);
    d2_test_connect(&t, true, in, a, NULL);
    d2_test_board(&t)->columns = 1;
    t.n->board->rows = 1;
    assert_false(d2_test_passes(&t, "bias"));
    needs(&t, "neurons", 2000, 1024, NULL);
    needs(&t, "cores", 8, 4, NULL);
    needs(&t, "CAM entries", 140000, 1024 * 64, NULL);
    needs(&t, "CAM entries of the fullest neuron", 70, 64, "a[0]");
    d2_test_free(&t);
}

/* ---- text and picture ---- */

static struct target_occupancy made_up(struct arena *a, uint32_t columns, uint32_t rows)
{
    uint32_t n = columns * rows * 4;
    struct target_occupancy b = {.columns = columns,
                                 .rows = rows,
                                 .cores = 4,
                                 .used = ARENA_ARRAY(a, uint32_t, n),
                                 .usable = ARENA_ARRAY(a, uint32_t, n),
                                 .n_quantities = 1};
    b.quantity = ARENA_ARRAY(a, struct target_column, 1);
    *b.quantity = (struct target_column){"cam", "C<M", false, ARENA_ARRAY(a, double, n)};
    for (uint32_t k = 0; k < n; k++) {
        b.usable[k] = k == 3 ? 250 : 256;
        b.used[k] = k % 4 == 0 ? 256 : k % 4 == 1 ? 100 : k == 3 ? 251 : 0;
        b.quantity->v[k] = k % 4 == 1 ? (double)NAN : b.used[k];
    }
    return b;
}

static void text_has(const struct buf *b, const char *what)
{
    if (!strstr(b->data, what))
        print_message("no \"%s\" in:\n%s\n", what, b->data);
    assert_non_null(strstr(b->data, what));
}

static void pictures_in_text(void **state)
{
    (void)state;
    struct arena a = {0};
    struct buf out = {0};
    struct target_fit_row row[] = {{"neurons", NULL, 5, 4}, {"none there", "x", 1, 0}};
    struct target_occupancy b = made_up(&a, 2, 2);
    struct fit_view v = {"n", "t", 2, row, &b};
    fit_text(&out, &v, false, false);
    text_has(&out, "125.0 %  too much\n");
    text_has(&out, "1        0  [####################]  too much\n");
    text_has(&out, "\n+- chip 2 -----------+ +- chip 3 -----------+\n");
    text_has(&out, "\n+- chip 0 -----------+ +- chip 1 -----------+\n"
                   "| 0 ##########   256 | | 0 ##########   256 |\n"
                   "| 1 ####......   100 | | 1 ####......   100 |\n"
                   "| 2 ..........     0 | | 2 ..........     0 |\n"
                   "| 3 ##########   251 | | 3 ..........     0 |\n"
                   "+--------------------+ +--------------------+\n");
    assert_true(strstr(out.data, "chip 2") < strstr(out.data, "chip 0"));
    text_has(&out, "\n   0    1   100/256      -\n");
    text_has(&out, "\n   0    3   251/250    251\n");
    assert_null(strstr(out.data, "\x1b["));
    buf_clear(&out);
    fit_text(&out, &v, true, false);
    text_has(&out, "| 3 \x1b[31m##########\x1b[0m   251 |");
    buf_clear(&out);
    b = made_up(&a, 12, 3);
    fit_text(&out, &v, false, false);
    text_has(&out, "\n 12 | #3 | #3 |");
    text_has(&out, "\n  0 | #3 | #3 |");
    text_has(&out, "\n    | .# | .. |");
    text_has(&out, "the fullest of 73 cores in use; -v shows all\n");
    for (const char *s = strstr(out.data, "12 x 3 chips"), *end; (end = strchr(s, '\n'));
         s = end + 1)
        assert_true(end - s <= 100);
    buf_clear(&out);
    fit_text(&out, &v, false, true);
    text_has(&out, "\n  35    1   100/256      -\n");
    buf_free(&out);
    arena_free(&a);
}

/* As much of XML as shows that it is: tags that close what is open, no stray < or &. */
static void is_xml(const char *s)
{
    uint32_t depth = 0;
    for (; *s; s++) {
        if (*s == '&')
            assert_true(!strncmp(s, "&lt;", 4) || !strncmp(s, "&gt;", 4) ||
                        !strncmp(s, "&amp;", 5) || !strncmp(s, "&quot;", 6));
        assert_int_not_equal(*s, '>');
        if (*s != '<')
            continue;
        bool closes = s[1] == '/';
        const char *end = strchr(s, '>');
        assert_non_null(end);
        if (closes)
            assert_true(depth-- > 0);
        else
            depth += end[-1] != '/';
        s = end;
    }
    assert_int_equal(depth, 0);
}

static uint32_t count(const char *s, const char *what)
{
    uint32_t n = 0;
    while ((s = strstr(s, what))) {
        n++;
        s += strlen(what);
    }
    return n;
}

static void svg(void **state)
{
    (void)state;
    struct arena a = {0};
    struct buf out = {0};
    struct target_traffic ways[300] = {{-1, 0, 7}, {0, -1, 9}, {0, 1, 5}, {1, 0, 400}};
    struct target_fit_row row = {"tags & more", NULL, 5, 4};
    struct target_occupancy b = made_up(&a, 2, 1);
    struct fit_view v = {"a<b> & \"c\"\x01", "t", 1, &row, &b};
    b.traffic = ways;
    b.n_traffic = 4;
    fit_svg(&out, &v);
    is_xml(out.data);
    text_has(&out, ">a&lt;b&gt; &amp; &quot;c&quot; on t<");
    text_has(&out, ">tags &amp; more: 5 needed, 4 there<");
    text_has(&out, "chip 0 core 3: 251 of 250 neurons, C&lt;M 251<");
    text_has(&out, "chip 1 to chip 0: 400 sources<");
    text_has(&out, "host to chip 0: 7 sources<");
    assert_int_equal(count(out.data, " Q"), 4); /* curves */
    buf_clear(&out);
    b = made_up(&a, 15, 15);
    b.traffic = ways;
    b.n_traffic = 300;
    for (int32_t i = 4; i < 300; i++)
        ways[i] = (struct target_traffic){i % 225, (i + 1) % 225, (uint32_t)i};
    fit_svg(&out, &v);
    is_xml(out.data);
    assert_int_equal(count(out.data, " Q"), 200);
    text_has(&out, "the 200 widest of 298 ways");
    text_has(&out, ">in 7 out 9<");
    buf_free(&out);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_and_after_route),
        cmocka_unit_test(cores_and_traffic),
        cmocka_unit_test(too_large),
        cmocka_unit_test(pictures_in_text),
        cmocka_unit_test(svg),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
