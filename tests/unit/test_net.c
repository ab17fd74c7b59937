#include "tests/unit/unit.h"

#include "compiler/net/net.h"
#include "compiler/embedded.h"
#include "lang/parse.h"
#include "tests/unit/neuron_text.h"
#include <math.h>
#include <stdio.h>

static const struct span nowhere = {0};
static const struct net_shape shape1[] = {{1, {1}}, {1, {2}}, {1, {3}}, {1, {4}}, {1, {5}}};

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

static struct model *checked(struct neuron_text *t, const char *text)
{
    struct model *m = neuron_text_check(t, text);
    for (uint32_t i = 0; i < t->diags.list.n; i++)
        fprintf(stderr, "%s\n", t->diags.list.data[i]->message);
    assert_non_null(m);
    return m;
}

static struct model *from_stdlib(struct neuron_text *t, const char *module)
{
    const struct embedded_text *m = stdlib_modules;
    while (m->name && strcmp(m->name, module) != 0)
        m++;
    assert_non_null(m->name);
    return checked(t, m->text);
}

static float param_of(const struct net *n, const char *name)
{
    const struct net_layer *l = &n->layer.data[0];
    int p = model_find_param(l->model, name);
    assert_true(p >= 0);
    assert_true(l->param[p].uniform);
    return l->param[p].v[0];
}

static void test_shapes(void **state)
{
    (void)state;
    assert_int_equal(net_shape_count((struct net_shape){3, {2, 3, 4}}), 24);
    assert_int_equal(net_shape_count((struct net_shape){2, {65536, 32767}}), 2147418112);
    assert_int_equal(net_shape_count((struct net_shape){2, {65536, 32768}}), UINT32_MAX);
    assert_int_equal(net_shape_count((struct net_shape){4, {1u << 31, 2, 1u << 31, 2}}),
                     UINT32_MAX);
    struct buf b = {0};
    net_element_name(&b, "map", (struct net_shape){3, {2, 3, 5}}, 19);
    assert_string_equal(b.data, "map[1, 0, 4]");
    buf_free(&b);
}

/* Specification of DynapSim, section 2.2: every default to the bit. */
static void test_dynapse2_defaults(void **state)
{
    static const struct {
        const char *name;
        float value;
    } want[] = {
        {"Idc", 0x1.197998p-41f},
        {"If_nmda", 0x1.197998p-41f},
        {"Iw_ahp", 0x1.197998p-41f},
        {"Itau_mem", 0x1.764d44p-38f},
        {"Igain_mem", 0x1.764d44p-36f},
        {"Itau_syn", 0x1.7e198cp-34f},
        {"Igain_syn", 0x1.2a83f6p-27f},
        {"Itau_ahp", 0x1.f311b2p-36f},
        {"Igain_ahp", 0x1.f311b2p-36f},
        {"Ipulse", 0x1.2ca5d0p-25f},
        {"Ipulse_ahp", 0x1.77cf44p-22f},
        {"Iref", 0x1.209f2ep-30f},
        {"Ispkthr", 0x1.ad7f2ap-24f},
        {"C_ahp", 40e-12f},
        {"C_syn", 24.5e-12f},
        {"C_pulse", 0.5e-12f},
        {"C_pulse_ahp", 0.5e-12f},
        {"C_ref", 1.5e-12f},
        {"C_mem", 3e-12f},
        {"Io", 5e-13f},
        {"kappa_n", 0.75f},
        {"kappa_p", 0.66f},
        {"Ut", 0.025f},
        {"Vth", 0.7f},
        {"Iscale", 1e-8f},
    };
    struct neuron_text *t = *state;
    struct net *n = net_new(&t->arena, "n");
    n->dt = 1e-3;
    net_add_layer(n, "l", shape1[4], from_stdlib(t, "dynapse2"), nowhere);
    net_layer_defaults(n, 0);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        float have = param_of(n, want[i].name);
        if (memcmp(&have, &want[i].value, sizeof have) != 0)
            fprintf(stderr, "%s: %a, not %a\n", want[i].name, (double)have, (double)want[i].value);
        assert_memory_equal(&have, &want[i].value, sizeof have);
    }
    static const char *const states[] = {"iahp", "imem", "isyn", "vmem", "timer_ref"};
    const struct model *m = n->layer.data[0].model;
    uint32_t varying = 0;
    for (uint32_t i = 0; i < m->param.n; i++)
        varying += m->param.data[i].kind != MODEL_PARAM;
    assert_int_equal(varying, 24);
    assert_int_equal(m->state.n, 5);
    for (uint32_t s = 0; s < m->state.n; s++) {
        assert_string_equal(m->state.data[s].name, states[s]);
        float want_init = s < 3 ? 5e-13f : 0;
        assert_memory_equal(&n->layer.data[0].init[s].v[0], &want_init, sizeof want_init);
    }
}

/* What the user gives explicitly wins, and what follows from it is computed before it is rounded.
 */
static void test_explicit_values(void **state)
{
    struct neuron_text *t = *state;
    struct net *n = net_new(&t->arena, "n");
    n->dt = 1e-3;
    struct model *m = checked(t, "neuron m { param a = 1; param b = a * 3; param c = b + dt / 1 s;"
                                 "state s = c; state z = 2; step { emit 1; } }");
    net_add_layer(n, "l", shape1[2], m, nowhere);
    const double a[3] = {1 / 3.0, 0.1, 7};
    net_layer_set(n, 0, 0, a, false);
    net_layer_defaults(n, 0);
    struct net_layer *l = &n->layer.data[0];
    assert_false(l->param[0].uniform || l->param[1].uniform || l->init[0].uniform);
    assert_true(l->init[1].uniform);
    assert_true(l->param[0].set && !l->param[1].set);
    for (int k = 0; k < 3; k++) {
        assert_true(l->param[0].v[k] == (float)a[k]);
        assert_true(l->param[1].v[k] == (float)(a[k] * 3));
        assert_true(l->init[0].v[k] == (float)(a[k] * 3 + 1e-3));
    }
    /* Equal values are one value. */
    net_add_layer(n, "k", shape1[2], m, nowhere);
    net_layer_set(n, 1, 0, (const double[3]){2, 2, 2}, false);
    net_layer_defaults(n, 1);
    assert_true(n->layer.data[1].param[0].uniform && n->layer.data[1].param[1].uniform);
    assert_true(n->layer.data[1].param[1].v[0] == 6);
    assert_int_equal(n->model.n, 1);
}

static struct net *small(struct neuron_text *t)
{
    struct net *n = net_new(&t->arena, "small");
    struct model *m = checked(t, "neuron m { param a = 1 V; param flag = false; state v = a;"
                                 "receive p; receive q for negative; step { v = a * (p + q); } }");
    n->dt = 1e-3;
    net_add_input(n, "in", (struct net_shape){3, {1, 2, 2}}, nowhere);
    net_add_layer(n, "left.exc", (struct net_shape){2, {2, 2}}, m, nowhere);
    net_add_layer(n, "out", shape1[1], m, nowhere);
    net_layer_set(n, 0, 0, (const double[4]){1.5, -2, 0.1, 1e-12}, false);
    net_layer_set(n, 1, 1, (const double[1]){1}, true);
    net_layer_defaults(n, 0);
    net_layer_defaults(n, 1);
    const double w[8] = {1, 0, 0, 0.5, 1e-60, 0, -3, 0};
    assert_non_null(net_add_dense(n, true, 0, 1, 0, 0, w, 4, 2, nowhere));
    assert_non_null(net_add_dense(n, false, 0, 1, 1, 3, w, 4, 2, nowhere));
    assert_non_null(net_add_dense(n, false, 1, 1, 0, 1, (const double[4]){0}, 2, 2, nowhere));
    net_default_outputs(n);
    return n;
}

static void test_connections(void **state)
{
    struct net *n = small(*state);
    const struct net_connection *c = &n->connection.data[0];
    const uint64_t row[5] = {0, 1, 2, 2, 3};
    assert_memory_equal(c->row, row, sizeof row);
    assert_int_equal(c->post[1], 1);
    assert_true(c->weight[2] == -3);
    assert_int_equal(n->output.n, 1);
    assert_int_equal(n->output.data[0], 1);
    assert_int_equal(net_find_layer(n, "out"), 1);
    assert_int_equal(net_find_layer(n, "in"), -1);
    assert_int_equal(net_find_input(n, "in"), 0);
    struct diags d = {0};
    assert_true(net_verify(n, &d));
    diags_free(&d);
}

static void broken(const struct net *n, const char *message)
{
    struct diags d = {0};
    assert_false(net_verify(n, &d));
    assert_int_equal(d.n_errors, 1);
    assert_string_equal(diag_code_text(d.list.data[0]->code), "E0999");
    assert_non_null(strstr(d.list.data[0]->message, message));
    diags_free(&d);
}

static void test_verify(void **state)
{
    struct net *n = small(*state);
    struct net_connection *c = &n->connection.data[0], *recurrent = &n->connection.data[2];
    c->post[0] = 2;
    broken(n, "ends at no neuron");
    c->post[0] = 0;
    c->weight[0] = 0;
    broken(n, "a weight is 0");
    c->weight[0] = INFINITY;
    broken(n, "not finite");
    c->weight[0] = 1;
    c->row[2] = 3;
    c->row[3] = 3;
    broken(n, "ascending");
    c->row[2] = 2;
    c->row[3] = 1;
    broken(n, "overlap");
    c->row[3] = 2;
    recurrent->delay = 0;
    broken(n, "in the step");
    recurrent->delay = 1;
    c->receptor = 2;
    broken(n, "receptor");
    c->receptor = 0;
    n->layer.data[1].name = "in";
    broken(n, "called");
    n->layer.data[1].name = "out";
    n->layer.data[1].n = 3;
    struct diags d = {0};
    assert_false(net_verify(n, &d));
    diags_free(&d);
    n->layer.data[1].n = 2;
    VEC_PUSH(n->arena, &n->record, ((struct net_record){1, 1, nowhere}));
    broken(n, "recorded");
    n->record.n = 0;
    assert_true(net_verify(n, &d));
}

/* A camera, and a convolution of its map with an average and biases. */
static void test_verify_maps(void **state)
{
    struct neuron_text *t = *state;
    struct model *m = checked(t, "neuron m { receive r; state v = 0; step { v = v + r; } }");
    struct net *n = net_new(&t->arena, "maps");
    struct sensor *s = ARENA_NEW(&t->arena, struct sensor);
    struct conv *k = ARENA_NEW(&t->arena, struct conv);
    n->dt = 1e-3;
    *s = (struct sensor){.from = "dvs",
                         .raw = {2, 6, 8},
                         .on = true,
                         .off = true,
                         .pool = {1, 1},
                         .crop = {{0, 6}, {0, 8}}};
    *k = (struct conv){.out = 3, .in = 2, .kernel = {2, 1}, .stride = {1, 2}};
    k->w = ARENA_ARRAY(&t->arena, float, 12);
    net_add_input(n, "cam", (struct net_shape){3, {2, 6, 8}}, nowhere);
    n->input.data[0].sensor = s;
    net_add_layer(n, "out", (struct net_shape){3, {3, 2, 2}}, m, nowhere);
    net_layer_defaults(n, 0);
    struct net_connection *c = net_add_conv(n, true, 0, 0, 0, 0, k, 24, nowhere);
    c->pool[0] = c->pool[1] = 2;
    c->average = true;
    c->bias = ARENA_ARRAY(&t->arena, float, 3);
    struct diags d = {0};
    assert_true(net_verify(n, &d));
    s->merge = true;
    broken(n, "another shape");
    s->merge = false;
    s->crop[0][1] = 7;
    broken(n, "out of range");
    s->crop[0][1] = 6;
    c->pool[0] = 7;
    broken(n, "no whole area");
    c->pool[0] = 2;
    c->n_pre = 96;
    broken(n, "number of rows");
    c->n_pre = 24;
    c->bias[2] = NAN;
    broken(n, "a bias");
    c->bias[2] = 0;
    k->w[11] = INFINITY;
    broken(n, "a weight");
    k->w[11] = 0;
    k->in = 1;
    broken(n, "features");
    k->in = 2;
    k->stride[1] = 3;
    assert_true(net_verify(n, &d));
    k->stride[1] = 4;
    broken(n, "another map");
    k->stride[1] = 2;
    n->layer.data[0].shape = (struct net_shape){1, {12}};
    broken(n, "no map");
}

/* Parses without complaint, and its models read back to the same. */
static void reads_back(struct neuron_text *t, const char *text)
{
    uint32_t file = sources_add(&t->sources, "printed.dyn", text, strlen(text), &t->diags);
    parse_file(&t->arena, &t->names, &t->sources, file, &t->diags);
    for (uint32_t i = 0; i < t->diags.list.n; i++)
        fprintf(stderr, "%s at %u\n", t->diags.list.data[i]->message,
                t->diags.list.data[i]->span.begin);
    assert_int_equal(t->diags.n_errors, 0);
}

static void prints(struct neuron_text *t, const struct net *n, const struct net_words *words,
                   const char *want)
{
    struct buf out = {0};
    net_print(&out, n, words);
    assert_string_equal(out.data, want);
    reads_back(t, out.data);
    buf_free(&out);
}

static void test_print(void **state)
{
    struct net *n = small(*state);
    n->mismatch.given = true;
    n->mismatch.all = 0.05;
    n->mismatch.seed = 7;
    n->has_record = n->has_output = true;
    VEC_PUSH(n->arena, &n->record, ((struct net_record){1, 0, nowhere}));
    VEC_PUSH(n->arena, &n->record, ((struct net_record){0, -1, nowhere}));
    prints(*state, n, NULL,
           "neuron m {\n"
           "    param a = 1 V;\n"
           "    param flag = false;\n"
           "    receive p;\n"
           "    receive q for negative;\n"
           "    state v = a;\n"
           "    step {\n"
           "        v = a * (p + q);\n"
           "    }\n"
           "}\n"
           "\n"
           "network small {\n"
           "    dt = 1 ms;\n"
           "    input in[1, 2, 2];\n"
           "    layer left.exc[2, 2]: m {\n"
           "        a = [[1.5 V, -2 V], [100 mV, 1 pV]];\n"
           "    }\n"
           "    layer out[2]: m {\n"
           "        flag = true;\n"
           "    }\n"
           "    in -> out: dense([[1, 0], [0, 0.5], [0, 0], [-3, 0]]), via = p;\n"
           "    left.exc -> out: dense([[1, 0], [0, 0.5], [0, 0], [-3, 0]]), via = q, "
           "delay = 3 ms;\n"
           "    out -> out: all_to_all(0), via = p;\n"
           "    mismatch 5 % seed 7;\n"
           "    record out.v, left.exc.spikes;\n"
           "    output out;\n"
           "}\n");
    uint64_t h = net_hash(n);
    assert_true(h == net_hash(n));
    n->connection.data[0].weight[0] = nextafterf(1, 2);
    assert_true(h != net_hash(n));
}

static void test_print_sparse(void **state)
{
    struct neuron_text *t = *state;
    struct net *n = net_new(&t->arena, "n");
    struct model *m = checked(t, "neuron m { state v = 0; on event(w) { v = v + w; } }");
    net_add_input(n, "in", (struct net_shape){1, {40}}, nowhere);
    net_add_layer(n, "out", (struct net_shape){1, {30}}, m, nowhere);
    net_layer_defaults(n, 0);
    struct net_connection *c = net_add_connection(n, true, 0, 0, 0, 0, 40, 6, nowhere);
    for (uint32_t k = 0; k < 6; k++) {
        c->post[k] = 4 * k;
        c->weight[k] = 0.1f * (float)(k + 1);
    }
    for (uint32_t pre = 0; pre < 40; pre++)
        c->row[pre + 1] = pre >= 12 ? 6 : pre >= 3 ? 4 : 0;
    n->mismatch.given = true;
    n->mismatch.all = 0.1 + 0.2;
    VEC_ADD(n->arena, &n->mismatch.by_name)->name = "Io";
    n->mismatch.by_name.data[0].p = 0.1;
    prints(t, n, NULL,
           "neuron m {\n"
           "    state v = 0;\n"
           "    on event(w) {\n"
           "        v = v + w;\n"
           "    }\n"
           "}\n"
           "\n"
           "network n {\n"
           "    input in[40];\n"
           "    layer out[30]: m;\n"
           "    in -> out: sparse([[3, 0, 0.1], [3, 4, 0.2], [3, 8, 0.3], [3, 12, 0.4], "
           "[12, 16, 0.5],\n"
           "        [12, 20, 0.6]]);\n"
           "    mismatch {\n"
           "        all = 30.000000000000004 %;\n"
           "        Io = 10 %;\n"
           "        seed = 0;\n"
           "    }\n"
           "}\n");
}

/* The last bit of what follows from a printed value must come out again: else it is printed too. */
static void test_print_derived(void **state)
{
    struct neuron_text *t = *state;
    struct net *n = net_new(&t->arena, "n");
    struct model *m = checked(t, "neuron m { param a = 1; param b = a * 3 - 1; state v = b;"
                                 "step { v = b; } }");
    net_add_layer(n, "l", shape1[0], m, nowhere);
    net_layer_set(n, 0, 0, (const double[1]){1.0 / 3 + 1e-9}, true);
    net_layer_defaults(n, 0);
    struct buf out = {0};
    net_print(&out, n, NULL);
    assert_non_null(strstr(out.data, "{\n        a = 0.33333334;\n        b = 3e-9;\n    }\n"));
    /* Only the initial state depends on it: all digits. */
    struct model *init = checked(t, "neuron m { param a = 1; state v = a * 3 - 1;"
                                    "step { v = 1; } }");
    n = net_new(&t->arena, "n");
    net_add_layer(n, "l", shape1[0], init, nowhere);
    net_layer_set(n, 0, 0, (const double[1]){1.0 / 3 + 1e-9}, true);
    net_layer_defaults(n, 0);
    buf_clear(&out);
    net_print(&out, n, NULL);
    assert_non_null(strstr(out.data, "{\n        a = 0.33333333433333334;\n    }\n"));
    buf_free(&out);
}

static void test_board_order(void **state)
{
    struct neuron_text *t = *state;
    struct board b = {.target = "dynapse2", .gain = 1};
    static const uint32_t at[][2] = {{1, 2}, {0, 3}, {1, 0}, {0, 0}, {1, 2}, {2, 0}};
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        struct board_core *c = board_core(&t->arena, &b, at[i][0], at[i][1]);
        assert_true(c->chip == at[i][0] && c->core == at[i][1]);
        assert_ptr_equal(c, board_find_core(&b, at[i][0], at[i][1]));
    }
    assert_int_equal(b.core.n, 5);
    for (uint32_t i = 1; i < b.core.n; i++) {
        assert_true(b.core.data[i - 1].chip * 4 + b.core.data[i - 1].core <
                    b.core.data[i].chip * 4 + b.core.data[i].core);
    }
    assert_null(board_find_core(&b, 0, 1));
    static const uint32_t index[] = {7, 3, 255, 0, 3};
    struct board_core *c = &b.core.data[0];
    for (size_t i = 0; i < sizeof index / sizeof *index; i++)
        assert_int_equal(board_neuron(&t->arena, c, index[i])->index, index[i]);
    assert_int_equal(c->neuron.n, 4);
    assert_int_equal(c->neuron.data[1].index, 3);
    assert_int_equal(c->neuron.data[1].layer, -1);
    board_set_bias(&t->arena, c, "SOIF_DC_P", 1, 2, nowhere);
    board_set_bias(&t->arena, c, "SOIF_DC_P", 3, 4, nowhere);
    assert_int_equal(c->bias.n, 1);
    assert_int_equal(board_find_bias(c, "SOIF_DC_P")->coarse, 3);
    assert_null(board_find_bias(c, "SOIF_LEAK_N"));
}

static void test_print_board(void **state)
{
    struct neuron_text *t = *state;
    struct net *n = net_new(&t->arena, "n");
    struct model *m = checked(t, "neuron m { state v = 0; step { v = 1; } }");
    net_add_input(n, "in", shape1[1], nowhere);
    net_add_layer(n, "map", (struct net_shape){3, {2, 3, 4}}, m, nowhere);
    net_add_layer(n, "out", shape1[1], m, nowhere);
    net_layer_defaults(n, 0);
    net_layer_defaults(n, 1);
    struct board *b = n->board = ARENA_NEW(&t->arena, struct board);
    *b = (struct board){.target = "dynapse2", .gain = 50};
    VEC_PUSH(n->arena, &b->place, ((struct board_place){0, 3, 14, 0, 1, nowhere}));
    VEC_PUSH(n->arena, &b->place, ((struct board_place){0, 0, 24, 0, 1, nowhere}));
    VEC_PUSH(n->arena, &b->place, ((struct board_place){1, 1, 1, 1, 0, nowhere}));
    struct board_core *c = board_core(n->arena, b, 0, 1);
    board_set_bias(n->arena, c, "SOIF_DC_P", 2, 134, nowhere);
    struct board_neuron *x = board_neuron(n->arena, c, 4);
    x->layer = 1;
    x->given = BOARD_ALL;
    VEC_PUSH(n->arena, &x->latch, "so_dc");
    VEC_PUSH(n->arena, &x->cam, ((struct board_cam){5, 0, 11, 1}));
    VEC_PUSH(n->arena, &x->sram, ((struct board_sram){3, 1, 15, -7, -7}));
    x = board_neuron(n->arena, c, 7);
    x->layer = 0;
    x->element = 23;
    x = board_neuron(n->arena, board_core(n->arena, b, 0, 3), 0);
    x->layer = 1;
    x->element = 1;
    x->given = BOARD_ALL;
    board_core(n->arena, b, 2, 0);
    struct board_input *in = VEC_ADD(n->arena, &b->input);
    *in = (struct board_input){0, 0, {0}, nowhere};
    VEC_PUSH(n->arena, &in->to, ((struct board_destination){3, 2, 0, 0}));
    in = VEC_ADD(n->arena, &b->input);
    *in = (struct board_input){0, 1, {0}, nowhere};
    VEC_PUSH(n->arena, &in->to, ((struct board_destination){3, 2, 0, 0}));
    VEC_PUSH(n->arena, &in->to, ((struct board_destination){4, 15, 1, -1}));
    struct board_output *out = VEC_ADD(n->arena, &b->output);
    *out = (struct board_output){1, {0}, nowhere};
    VEC_PUSH(n->arena, &out->at, ((struct board_address){0, 1, 4}));
    VEC_PUSH(n->arena, &out->at, ((struct board_address){0, 3, 0}));
    static const char *const dendrite[] = {"none", "ampa"};
    const struct net_words words = {.dendrite = dendrite, .n_dendrite = 2};
    prints(
        t, n, &words,
        "neuron m {\n"
        "    state v = 0;\n"
        "    step {\n"
        "        v = 1;\n"
        "    }\n"
        "}\n"
        "\n"
        "network n {\n"
        "    input in[2];\n"
        "    layer map[2, 3, 4]: m;\n"
        "    layer out[2]: m;\n"
        "}\n"
        "\n"
        "board dynapse2 {\n"
        "    gain = 50;\n"
        "    place n.map[0, 0, 3:4] on chip 0 core 1;\n"
        "    place n.map[0, 1:3, :] on chip 0 core 1;\n"
        "    place n.map[1, 0:1, :] on chip 0 core 1;\n"
        "    place n.map[1, 1, 0:1] on chip 0 core 1;\n"
        "    place n.map on chip 0 core 1;\n"
        "    place n.out[1:2] on chip 1 core 0;\n"
        "    chip 0 {\n"
        "        core 1 {\n"
        "            bias SOIF_DC_P = 2:134;\n"
        "            neuron 4 = out[0] {\n"
        "                latch so_dc;\n"
        "                cam 0 = tag 5, weight 0b1011, ampa;\n"
        "                sram 1 = tag 3, cores 0b1111, hop [-7, -7];\n"
        "            }\n"
        "            neuron 7 = map[1, 2, 3];\n"
        "        }\n"
        "        core 3 {\n"
        "            neuron 0 = out[1] {\n"
        "                latch none;\n"
        "                cam none;\n"
        "                sram none;\n"
        "            }\n"
        "        }\n"
        "    }\n"
        "    chip 2 {\n"
        "        core 0 {\n"
        "        }\n"
        "    }\n"
        "    input in[0] = tag 3, cores 0b0010, hop [0, 0];\n"
        "    input in[1] = [tag 3, cores 0b0010, hop [0, 0]], [tag 4, cores 0b1111, hop [1, -1]];\n"
        "    output out = [chip 0 core 1 neuron 4, chip 0 core 3 neuron 0];\n"
        "}\n");
    struct diags d = {0};
    assert_true(net_verify(n, &d));
    b->input.data[0].channel = 1;
    broken(n, "out of order");
    b->input.data[0].channel = 0;
    b->output.data[0].at.n = 1;
    broken(n, "one address");
}

static void test_stdlib_prints(void **state)
{
    struct neuron_text *t = *state;
    for (const struct embedded_text *m = stdlib_modules; m->name; m++) {
        struct model *model = neuron_text_check(t, m->text);
        if (!model)
            continue; /* a module of networks */
        struct buf first = {0}, second = {0};
        net_print_model(&first, model);
        net_print_model(&second, checked(t, first.data));
        assert_string_equal(first.data, second.data);
        buf_free(&first);
        buf_free(&second);
    }
    assert_int_equal(t->diags.n_errors, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_shapes),          T(test_dynapse2_defaults),
        T(test_explicit_values), T(test_connections),
        T(test_verify),          T(test_verify_maps),
        T(test_print),           T(test_print_sparse),
        T(test_print_derived),   T(test_board_order),
        T(test_print_board),     T(test_stdlib_prints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
