/* DYNAP-SE2 configurations: there and back again, damaged in every byte, as JSON. */
#include "tests/unit/unit.h"

#include "compiler/raise.h"
#include "targets/dynapse2/config.h"
#include "targets/dynapse2/passes.h"
#include "targets/target.h"
#include "tests/unit/dynapse2_net.h"
#include "tests/unit/same_plan.h"

/* ---- there and back again ---- */

static double draw(uint64_t *s)
{
    *s = hash_u64(*s + 1);
    return (double)(*s >> 11) / 9007199254740992.0 * 2 - 1;
}

/* Two populations of different currents on two cores (one more by hand on chip 1), inputs to both,
 * recurrent and crossed connections. */
static void make_network(struct d2_test *t)
{
    d2_test_init(t);
    uint64_t s = 1;
    uint32_t a = d2_test_input(t, "a", 9), b = d2_test_input(t, "b", 5);
    uint32_t exc = d2_test_layer(t, "exc", 20, NULL), inh = d2_test_layer(t, "inh", 7, NULL);
    uint32_t far = d2_test_layer(t, "far", 3, NULL);
    d2_test_set(t, inh, "tau_mem", 7e-3);
    const uint32_t ends[][3] = {{1, a, exc},   {1, b, inh},   {0, exc, inh}, {0, inh, exc},
                                {0, exc, exc}, {0, exc, far}, {1, a, far}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        uint32_t n_pre =
            ends[i][0] ? t->n->input.data[ends[i][1]].n : t->n->layer.data[ends[i][1]].n;
        uint32_t n_post = t->n->layer.data[ends[i][2]].n;
        double *w = ARENA_ARRAY(&t->text.arena, double, n_pre *n_post);
        for (uint32_t k = 0; k < n_pre * n_post; k++)
            w[k] = draw(&s) < 0 ? 0 : 3 * draw(&s);
        d2_test_connect(t, ends[i][0] != 0, ends[i][1], ends[i][2], w);
    }
    struct board *board = d2_test_board(t);
    board->gain = 2.5;
    VEC_PUSH(&t->text.arena, &board->place,
             ((struct board_place){.layer = far, .count = 3, .chip = 1, .core = 2}));
}

/* Decoded and on the virtual chip, which finds nothing odd. */
static void load_image(struct d2_test *t, const struct image_writer *w, struct image *im,
                       struct plan *p)
{
    struct bytes b = {(const uint8_t *)w->out.data, w->out.n};
    struct plan emulated;
    struct findings found;
    bool ok = image_open(&t->text.arena, b, im, &t->text.diags, "test") &&
              target_load(&t->text.arena, im, p, &t->text.diags, "test") &&
              target_emulate(&t->text.arena, im, &emulated, &found, &t->text.diags, "test");
    if (!ok)
        d2_test_show(t);
    assert_true(ok);
    same_plan(p, &emulated);
    assert_int_equal(found.list.n, 0);
}

static void round_trip(void **state)
{
    (void)state;
    struct d2_test t;
    make_network(&t);
    bool ok = d2_test_passes(&t, "bias");
    if (!ok)
        d2_test_show(&t);
    assert_true(ok);
    const struct net_words *words = &target_compiler_find("dynapse2")->words;
    struct buf before = {0}, after = {0}, again = {0};
    net_print(&before, t.n, words);

    struct image_writer w, w2;
    struct image im;
    struct plan p;
    d2_test_image(&t, &w);
    load_image(&t, &w, &im, &p);
    struct net *raised =
        raise_plan(&t.text.arena, &t.text.names, &t.text.sources, &p, &t.text.diags);
    assert_non_null(raised);
    assert_true(d2_raise_board(raised, &im, &t.text.diags));
    net_print(&after, raised, words);
    assert_string_equal(before.data, after.data);

    /* Compiling what was read changes nothing, and makes the same image. */
    t.n = raised;
    ok = d2_test_passes(&t, "bias");
    if (!ok)
        d2_test_show(&t);
    assert_true(ok);
    net_print(&again, t.n, words);
    assert_string_equal(after.data, again.data);
    d2_test_image(&t, &w2);
    const char *const tags[] = {"CONF", "MAPS"};
    struct image im2;
    load_image(&t, &w2, &im2, &p);
    for (int i = 0; i < 2; i++) {
        const struct image_section *x = image_find(&im, tags[i]), *y = image_find(&im2, tags[i]);
        assert_int_equal(x->bytes.n, y->bytes.n);
        assert_memory_equal(x->bytes.data, y->bytes.data, x->bytes.n);
    }
    buf_free(&before);
    buf_free(&after);
    buf_free(&again);
    buf_free(&w.out);
    buf_free(&w2.out);
    d2_test_free(&t);
}

/* ---- damage ---- */

/* The image with another body for one section. */
static bool load_changed(const struct image *im, const char *tag, const void *body, size_t n)
{
    struct arena a = {0};
    struct diags d = {0};
    struct image_writer w;
    struct image changed;
    struct plan p;
    image_begin(&w);
    for (uint32_t i = 0; i < im->n; i++) {
        const struct image_section *s = &im->section[i];
        bool this_one = strcmp(s->tag, tag) == 0;
        struct buf b = {0};
        buf_put(&b, this_one ? body : s->bytes.data, this_one ? n : s->bytes.n);
        image_add(&w, s->tag, &b);
        buf_free(&b);
    }
    image_end(&w, "dynapse2");
    struct bytes bytes = {(const uint8_t *)w.out.data, w.out.n};
    assert_true(image_open(&a, bytes, &changed, &d, "test"));
    bool ok = target_load(&a, &changed, &p, &d, "test");
    assert_true(ok == (d.n_errors == 0));
    struct plan emulated;
    struct findings found;
    assert_true(target_emulate(&a, &changed, &emulated, &found, &d, "test") == ok);
    if (ok) {
        same_plan(&p, &emulated);
        struct buf out = {0};
        struct json j;
        json_init(&j, &out, 0);
        assert_true(target_find("dynapse2")->dump_json(&a, &changed, &p, &j, &d));
        buf_free(&out);
    }
    buf_free(&w.out);
    diags_free(&d);
    arena_free(&a);
    return ok;
}

static void damaged_bytes(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    uint32_t in = d2_test_input(&t, "in", 3), exc = d2_test_layer(&t, "exc", 4, NULL);
    d2_test_connect(&t, true, in, exc, NULL);
    d2_test_connect(&t, false, exc, exc, NULL);
    assert_true(d2_test_passes(&t, "bias"));
    struct image_writer w;
    struct image im;
    struct plan p;
    d2_test_image(&t, &w);
    load_image(&t, &w, &im, &p);
    const char *const tags[] = {"CONF", "MAPS"};
    const uint8_t change[] = {0x01, 0x02, 0x10, 0x80, 0xff};
    uint32_t refused = 0, taken = 0;
    for (int k = 0; k < 2; k++) {
        const struct bytes s = image_find(&im, tags[k])->bytes;
        uint8_t *body = ARENA_ARRAY(&t.text.arena, uint8_t, s.n);
        memcpy(body, s.data, s.n);
        for (size_t i = 0; i < s.n; i++) {
            for (size_t c = 0; c < sizeof change; c++) {
                body[i] ^= change[c];
                if (load_changed(&im, tags[k], body, s.n))
                    taken++;
                else
                    refused++;
                body[i] ^= change[c];
            }
            assert_false(load_changed(&im, tags[k], body, i));
        }
        assert_true(load_changed(&im, tags[k], body, s.n));
    }
    assert_true(refused > 100 && taken > 100);
    buf_free(&w.out);
    d2_test_free(&t);
}

/* ---- JSON ---- */

static void as_json(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    uint32_t in = d2_test_input(&t, "noise", 2), l = d2_test_layer(&t, "readout", 1, NULL);
    const double w[] = {0, 0.1};
    d2_test_connect(&t, true, in, l, w);
    struct board_core *c = board_core(&t.text.arena, d2_test_board(&t), 0, 1);
    for (uint8_t k = 0; k < 4; k++)
        board_set_bias(&t.text.arena, c, d2_param[D2_BASE_PARAM + k].name, 3,
                       (uint8_t)(31 + 36 * k), (struct span){0});
    VEC_PUSH(&t.text.arena, &d2_test_board(&t)->place,
             ((struct board_place){.layer = l, .count = 1, .core = 1}));
    assert_true(d2_test_passes(&t, "bias"));
    struct image_writer iw;
    struct image im;
    struct plan p;
    d2_test_image(&t, &iw);
    load_image(&t, &iw, &im, &p);
    struct buf out = {0};
    struct json j;
    json_init(&j, &out, 0);
    assert_true(target_find("dynapse2")->dump_json(&t.text.arena, &im, &p, &j, &t.text.diags));
    const char *const parts[] = {
        "{\"target\":\"dynapse2\",\"chips\":[{\"chip\":0,\"cores\":[{\"core\":1,\"biases\":{",
        "\"SOIF_LEAK_N\":{\"coarse\":0,\"fine\":29,\"ampere\":5.27",
        "\"neurons\":[{\"neuron\":0,\"source\":\"readout[0]\",\"latches\":[\"so_dc\"],"
        "\"cam\":[{\"slot\":0,\"tag\":0,\"dendrite\":\"ampa\",\"weight\":["
        "true,false,false,false]}],"
        "\"sram\":[{\"slot\":0,\"tag\":256,\"cores\":[true,true,true,true],\"x_hop\":-7,"
        "\"y_hop\":-7}]}]}]}],"
        "\"inputs\":{\"noise\":[[],[{\"tag\":0,\"cores\":[false,true,false,false],\"x_hop\":0,"
        "\"y_hop\":0}]]},"
        "\"outputs\":{\"readout\":[{\"chip\":0,\"core\":1,\"neuron\":0,\"tag\":256}]}}"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!strstr(out.data, parts[i]))
            fail_msg("%s\nisn't in\n%s", parts[i], out.data);
    }
    uint32_t biases = 0;
    for (const char *s = out.data; (s = strstr(s, "\"coarse\"")); s++)
        biases++;
    assert_int_equal(biases, D2_N_CORE_PARAMS);
    buf_free(&out);
    buf_free(&iw.out);
    d2_test_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(damaged_bytes),
        cmocka_unit_test(as_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
