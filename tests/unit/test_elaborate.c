/* Networks: sources and what is elaborated from them, or what is wrong and where. */
#include "tests/unit/unit.h"

#include "runtime/base/rng.h"
#include "tests/unit/elab_text.h"

/* A model with everything that a network can say something about. */
#define LIF                                                                                        \
    "neuron lif { param tau = 20 ms; param bound = inf; param flag = false;"                       \
    "  layout gain = 1; bias I = 1 pA on dynapse2 SOIF_LEAK_N; receive drive;"                     \
    "  state v = 0; step { v = v + drive; emit if v > 1 then 1 else 0; } } "
#define TWO                                                                                        \
    "neuron two { receive fast; receive slow for negative; state v = 0;"                           \
    "  step { v = v + fast + slow; } } "
#define EVENTFUL                                                                                   \
    "neuron eventful { state v = 0; on event(w) { v = v + w; emit if v > 1 then 1 else 0; } } "
/* A model with a parameter that limits, opening a network. */
#define LIMITS(items)                                                                              \
    "neuron limits { param gain = 1; " items "; receive d; state v = 0;"                           \
    "  step { v = gain * min(max(v + d, -hi), hi); } } network t { dt = 1 ms; "

static void put_shape(struct buf *b, const char *name, const struct net_shape *s)
{
    buf_puts(b, name);
    for (uint32_t d = 0; d < s->rank; d++)
        buf_printf(b, "%s%u", d ? "," : "[", s->extent[d]);
    buf_puts(b, "] ");
}

/* "2x1x3x3 stride 1x1 padding 0x0: 1,2,3" */
static void put_conv(struct buf *b, const struct conv *c)
{
    buf_printf(b, " %ux%ux%ux%u stride %ux%u padding %ux%u:", c->out, c->in, c->kernel[0],
               c->kernel[1], c->stride[0], c->stride[1], c->padding[0], c->padding[1]);
    for (uint64_t i = 0; i < conv_count(c); i++) {
        buf_putc(b, i ? ',' : ' ');
        buf_f32_text(b, c->w[i]);
    }
}

/* "in[2] l[3] in>l+1: 0-0=1 0-2=2;" inputs, layers, connections with delay and synapses. */
static void put_net(struct buf *b, const struct net *n)
{
    for (uint32_t i = 0; i < n->input.n; i++)
        put_shape(b, n->input.data[i].name, &n->input.data[i].shape);
    for (uint32_t i = 0; i < n->layer.n; i++)
        put_shape(b, n->layer.data[i].name, &n->layer.data[i].shape);
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        const struct net_layer *dst = &n->layer.data[c->dst];
        buf_printf(b, "%s>%s.%s+%u:",
                   c->from_input ? n->input.data[c->src].name : n->layer.data[c->src].name,
                   dst->name,
                   dst->model->receptor.n ? dst->model->receptor.data[c->receptor].name : "event",
                   c->delay);
        if (c->average || c->pool[0] != 1 || c->pool[1] != 1)
            buf_printf(b, " %s%ux%u", c->average ? "/" : "", c->pool[0], c->pool[1]);
        if (c->conv)
            put_conv(b, c->conv);
        for (uint32_t k = 0; c->bias && k < (c->conv ? c->conv->out : dst->n); k++) {
            buf_puts(b, k ? "," : " bias ");
            buf_f32_text(b, c->bias[k]);
        }
        for (uint32_t pre = 0; !c->conv && pre < c->n_pre; pre++) {
            for (uint64_t k = c->row[pre]; k < c->row[pre + 1]; k++) {
                buf_printf(b, " %u-%u=", pre, c->post[k]);
                buf_f32_text(b, c->weight[k]);
            }
        }
        buf_puts(b, "; ");
    }
    if (b->n > 0)
        b->data[--b->n] = 0;
}

static void elaborate(struct buf *out, const char *source)
{
    struct elab_test t;
    elab_open(&t, source);
    const struct net *n = unit_network(&t.unit, "t");
    if (n && net_verify(n, &t.diags))
        put_net(out, n);
    else
        elab_errors(out, &t);
    elab_close(&t);
}

struct row {
    const char *source; /* of the body of network t, or a file if it has a `network` */
    const char *expect;
};

static void check_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct buf text = {0}, got = {0};
        bool file = strstr(rows[i].source, "network t") != NULL;
        buf_printf(&text, file ? LIF TWO "%s" : LIF TWO "network t { dt = 1 ms; %s }",
                   rows[i].source);
        elaborate(&got, text.data);
        const char *have = got.data ? got.data : "";
        if (strcmp(have, rows[i].expect) != 0)
            print_error("%s\n   gives %s\nnot      %s\n", rows[i].source, have, rows[i].expect);
        assert_string_equal(have, rows[i].expect);
        buf_free(&text);
        buf_free(&got);
    }
}

#define ROWS(rows) check_rows(rows, sizeof(rows) / sizeof *(rows))

static void test_connections(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"input a[2]; layer b[3]: lif; a -> b: dense(load(\"w23.npy\"));",
         "a[2] b[3] a>b.drive+0: 0-0=1 0-1=-2 1-0=0.5 1-2=3;"},
        {"input a[2]; layer b[3]: lif; a -> b: dense(i, j => i + 10 * j);",
         "a[2] b[3] a>b.drive+0: 0-1=10 0-2=20 1-0=1 1-1=11 1-2=21;"},
        {"layer b[2]: lif; b -> b: all_to_all(0.5);",
         "b[2] b>b.drive+1: 0-0=0.5 0-1=0.5 1-0=0.5 1-1=0.5;"},
        {"layer b[2]: lif; b -> b: all_to_all([1, 2]);",
         "b[2] b>b.drive+1: 0-0=1 0-1=2 1-0=1 1-1=2;"},
        {"layer b[2]: lif; b -> b: all_to_all([[1], [2]]);",
         "b[2] b>b.drive+1: 0-0=1 0-1=1 1-0=2 1-1=2;"},
        {"layer b[2, 2]: lif; b -> b: one_to_one([[1, 2], [3, 0]]), delay = 3 ms;",
         "b[2,2] b>b.drive+3: 0-0=1 1-1=2 2-2=3;"},
        {"layer b[2, 2]: lif; b -> b: one_to_one(2);",
         "b[2,2] b>b.drive+1: 0-0=2 1-1=2 2-2=2 3-3=2;"},
        {"input a[3]; layer b[3]: lif; a -> b: sparse([[2, 1, 5], [0, 2, 7], [0, 0, 0]]);",
         "a[3] b[3] a>b.drive+0: 0-2=7 2-1=5;"},
        {"input a[4]; layer b[4]: lif; a[1:3] -> b[2:4]: one_to_one(1);",
         "a[4] b[4] a>b.drive+0: 1-2=1 2-3=1;"},
        {"input a[4]; layer b[2, 3]: lif; a[3] -> b[1, 1:]: all_to_all(1);",
         "a[4] b[2,3] a>b.drive+0: 3-4=1 3-5=1;"},
        {"input a[2]; layer b[2, 3]: lif; a -> b[:, 1]: dense([[1, 2], [3, 4]]);",
         "a[2] b[2,3] a>b.drive+0: 0-1=1 0-4=2 1-1=3 1-4=4;"},
        {"input a[1]; layer b[1]: lif; a -> b: all_to_all(1), delay = 1.4 ms;",
         "a[1] b[1] a>b.drive+1: 0-0=1;"},
        {"input a[1]; layer b[1]: lif; a -> b: all_to_all(0);", "a[1] b[1] a>b.drive+0:;"},
        {"input a[2]; layer b[1]: two; a -> b: dense([[1], [-2]]);",
         "a[2] b[1] a>b.fast+0: 0-0=1; a>b.slow+0: 1-0=-2;"},
        {"input a[2]; layer b[1]: two; a -> b: dense([[-1], [-2]]);",
         "a[2] b[1] a>b.slow+0: 0-0=-1 1-0=-2;"},
        {"input a[2]; layer b[1]: two; a -> b: dense([[1], [-2]]), via = slow;",
         "a[2] b[1] a>b.slow+0: 0-0=1 1-0=-2;"},
        {"input a[2]; layer b[1]: two; a -> b: dense([[1], [2]]);",
         "a[2] b[1] a>b.fast+0: 0-0=1 1-0=2;"},
    };
    ROWS(rows);
}

static void test_maps(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"input a[1, 3, 4]; layer b: lif; a -> b: conv2d([[[[1, -2]]], [[[0, 3]]]]);",
         "a[1,3,4] b[2,3,3] a>b.drive+0: 2x1x1x2 stride 1x1 padding 0x0: 1,-2,0,3;"},
        {"input a[1, 3, 4]; layer b: lif; layer c: lif;"
         "b -> c: conv2d(ones(1, 1, 1, 1), stride = 2), pool = [1, 2], delay = 2 ms;"
         "a -> b: conv2d(ones(1, 1, 2, 1), padding = [1, 0]), bias = 2;",
         "a[1,3,4] b[1,4,4] c[1,2,1] b>c.drive+2: 1x2 1x1x1x1 stride 2x2 padding 0x0: 1; "
         "a>b.drive+0: 1x1x2x1 stride 1x1 padding 1x0: 1,1 bias 2;"},
        {"input a[1, 3, 4]; layer b[2]: lif;"
         "a -> b: dense([[1, 2], [3, 4]]), average_pool = 2, bias = [0, -1];",
         "a[1,3,4] b[2] a>b.drive+0: /2x2 bias 0,-1 0-0=1 0-1=2 1-0=3 1-1=4;"},
        {"input a[1, 2, 2]; layer b: lif; a -> b: one_to_one(1), pool = 2;",
         "a[1,2,2] b[1,1,1] a>b.drive+0: 2x2 0-0=1;"},
        {"input a[2]; layer b[3]: lif; a -> b[1:3]: dense(ones(2, 2)), bias = [5, 6];",
         "a[2] b[3] a>b.drive+0: bias 0,5,6 0-1=1 0-2=1 1-1=1 1-2=1;"},
        /* biases go where the positive weights do */
        {"input a[1, 1, 2]; layer b: two; a -> b: conv2d([[[[1, -2]]]]), bias = 3;",
         "a[1,1,2] b[1,1,1] a>b.fast+0: 1x1x1x2 stride 1x1 padding 0x0: 1,0 bias 3; "
         "a>b.slow+0: 1x1x1x2 stride 1x1 padding 0x0: 0,-2;"},
        {"input a[1, 1, 2]; layer b: two; a -> b: conv2d([[[[-1, -2]]]]), bias = 3;",
         "a[1,1,2] b[1,1,1] a>b.fast+0: 1x1x1x2 stride 1x1 padding 0x0: 0,0 bias 3; "
         "a>b.slow+0: 1x1x1x2 stride 1x1 padding 0x0: -1,-2;"},
        {"input a[2]; layer b[2]: two; a -> b: dense([[1, -1], [0, 0]]), bias = 1, via = slow;",
         "a[2] b[2] a>b.slow+0: bias 1,1 0-0=1 0-1=-1;"},
        /* what comes out of a sensor */
        {"input a[2, 4, 8] from dvs { pool = 2; crop = [:, 1:4]; merge = true; swap = true; }"
         "layer b[1]: lif; a -> b: all_to_all(1);",
         "a[1,3,2] b[1] a>b.drive+0: 0-0=1 1-0=1 2-0=1 3-0=1 4-0=1 5-0=1;"},
        {"input a[2, 1, 2] from dvs { off = false; } layer b[2]: lif; a -> b: one_to_one(1);",
         "a[1,1,2] b[2] a>b.drive+0: 0-0=1 1-1=1;"},
        /* event-driven layers hear at once, and need no time step */
        {EVENTFUL "network t { input a[2]; layer b[2]: eventful; layer c[2]: eventful;"
                  "a -> b: one_to_one(1); b -> c: all_to_all(2); }",
         "a[2] b[2] c[2] a>b.event+0: 0-0=1 1-1=1; b>c.event+0: 0-0=2 0-1=2 1-0=2 1-1=2;"},
        /* There a weight of 0 is an update, but no weight is nothing. */
        {EVENTFUL "network t { input a[2]; layer b[2]: eventful; a -> b: dense([[1, 0], [0, 2]]);"
                  "a -> b: one_to_one([3, 0]); a[1] -> b: all_to_all(0);"
                  "b -> b: sparse([[1, 0, 0], [0, 1, 4]]); }",
         "a[2] b[2] a>b.event+0: 0-0=1 0-1=0 1-0=0 1-1=2; a>b.event+0: 0-0=3 1-1=0;"
         " a>b.event+0: 1-0=0 1-1=0; b>b.event+0: 0-1=4 1-0=0;"},
        {EVENTFUL "network t { input a[2]; layer b[2]: eventful; a -> b: one_to_one(1), via = d; }",
         "E0201{d}"},
    };
    ROWS(rows);
}

static void test_shapes(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"input a; layer b: lif; a -> b: dense(load(\"w23.npy\"));",
         "a[2] b[3] a>b.drive+0: 0-0=1 0-1=-2 1-0=0.5 1-2=3;"},
        {"layer c: lif; layer b: lif; layer a[2, 1]: lif;"
         "b -> c: one_to_one(1); a -> b: one_to_one(1);",
         "c[2,1] b[2,1] a[2,1] b>c.drive+1: 0-0=1 1-1=1; a>b.drive+1: 0-0=1 1-1=1;"},
        {"layer a: lif { tau = [10 ms, 20 ms]; }", "a[2]"},
        {"let w = load(\"w23.npy\"); input a[shape(w)[0]]; layer b[shape(w)[1]]: lif;",
         "a[2] b[3]"},
        {"layer b[n]: lif; let n = 2 + 1;", "b[3]"},
        {"layer a: lif;", "E0403{a}"},
        {"input a; layer b[2]: lif; a -> b: all_to_all(1);", "E0403{a}"},
        {"input a; layer b[2]: lif; a -> b: dense(nothing);", "E0201{nothing}"},
        {"layer a[0]: lif;", "E0306{0}"},
        {"layer a[2.5]: lif;", "E0306{2.5}"},
        {"layer a[1 ms]: lif;", "E0301{1 ms}"},
        {"layer a[100000, 100000]: lif;", "E0308{a}"},
        {"layer a[1, 1, 1, 1, 1]: lif;", "E0403{a}"},
    };
    ROWS(rows);
}

static void test_parts(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"network wta(n, w = 2) { layer exc[n]: lif; layer inh[1]: lif;"
         "  exc -> inh: all_to_all(w); }"
         "network t { dt = 1 ms; part left = wta(n = 2); part right = wta(1, w = 3);"
         "  left.exc -> right.exc: all_to_all(1); right.exc[0] -> left.exc[1]: one_to_one(5); }",
         "left.exc[2] left.inh[1] right.exc[1] right.inh[1] "
         "left.exc>left.inh.drive+1: 0-0=2 1-0=2; right.exc>right.inh.drive+1: 0-0=3; "
         "left.exc>right.exc.drive+1: 0-0=1 1-0=1; right.exc>left.exc.drive+1: 0-1=5;"},
        {"network in1 { input x[1]; layer y[1]: lif; x -> y: one_to_one(1); }"
         "network mid(k = 1) { part p = in1(); layer z[k]: lif; p.y -> z: all_to_all(1); }"
         "network t { dt = 1 ms; part m = mid(k = 2); m.p.y -> m.z: all_to_all(2); }",
         "m.p.x[1] m.p.y[1] m.z[2] m.p.x>m.p.y.drive+0: 0-0=1; "
         "m.p.y>m.z.drive+1: 0-0=1 0-1=1; m.p.y>m.z.drive+1: 0-0=2 0-1=2;"},
        {"network t { dt = 1 ms; input left.x[2]; layer left.exc[2]: lif;"
         "  left.x -> left.exc: one_to_one(1); }",
         "left.x[2] left.exc[2] left.x>left.exc.drive+0: 0-0=1 1-1=1;"},
        {"network p(n) { layer a[n]: lif; } network t { dt = 1 ms; part x = p(); }",
         "E0305{part x = p();}"},
        {"network p(n) { layer a[n]: lif; } network t { dt = 1 ms; part x = p(1, m = 2); }",
         "E0205{m}"},
        {"network p { layer a[1]: lif; } network t { dt = 1 ms; part x = p(1); }", "E0305{1}"},
        {"network p(n) { layer a[n]: lif; } network t { dt = 1 ms; part x = p(1, n = 2); }",
         "E0305{2}"},
        {"network t { dt = 1 ms; part x = nothing(); }", "E0201{nothing}"},
        {"network t { dt = 1 ms; part x = t(); }", "E0206{t}"},
        {"network a { part x = b(); } network b { part x = a(); }"
         "network t { dt = 1 ms; part x = a(); }",
         "E0206{a}"},
        {"network p { layer a[1]: lif; } network t { dt = 1 ms; part x = p();"
         "  x -> x.a: all_to_all(1); }",
         "E0203{x}"},
        {"network p { layer a[1]: lif; } network t { dt = 1 ms; part x = p();"
         "  x.b -> x.a: all_to_all(1); }",
         "E0201{b}"},
        {"network p { layer a[1]: lif; } network t { dt = 1 ms; part x = p();"
         "  x.a.b -> x.a: all_to_all(1); }",
         "E0203{b}"},
        {"network p { layer a[1]: lif; } network t { dt = 1 ms; part x = p(); layer x.a[1]: lif; }",
         "E0202{x.a}"},
        {"network p { dt = 2 ms; layer a[1]: lif; } network t { dt = 1 ms; part x = p(); }",
         "E0403{dt = 2 ms;}"},
        {"network p { dt = 1 ms; layer a[1]: lif; } network t { part x = p(); }", "x.a[1]"},
    };
    ROWS(rows);
}

static void test_errors(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"input a[2]; layer b[3]: lif; a -> b: dense(transpose(load(\"w23.npy\")));",
         "E0303{transpose(load(\"w23.npy\"))}"},
        {"input a[2]; layer b[3]: lif; a -> b: dense(1);", "E0303{1}"},
        {"input a[2]; layer b[3]: lif; a -> b: dense([1, 2]);", "E0303{[1, 2]}"},
        {"input a[2]; layer b[3]: lif; a -> b: one_to_one(1);", "E0303{one_to_one(1)}"},
        {"input a[2]; layer b[2]: lif; a -> b: one_to_one([1, 2, 3]);", "E0303{[1, 2, 3]}"},
        {"input a[2]; layer b[2]: lif; a -> b: all_to_all([1, 2, 3]);", "E0303{[1, 2, 3]}"},
        {"input a[2]; layer b[2]: lif; a -> b: all_to_all(1 ms);", "E0301{1 ms}"},
        {"input a[2]; layer b[2]: lif; a -> b: all_to_all(true);", "E0302{true}"},
        {"input a[2]; layer b[2]: lif; a -> b: dense([[1, 1 / 0], [0, 0]]);",
         "E0307{[[1, 1 / 0], [0, 0]]}"},
        {"input a[2]; layer b[2]: lif; a -> b: all_to_all(1e39);", "E0307{1e39}"},
        {"input a[2]; layer b[2]: lif; a -> b: dense(i => 1);", "E0305{dense(i => 1)}"},
        {"input a[2]; layer b[2]: lif; a -> b: one_to_one(i, j => 1);",
         "E0305{one_to_one(i, j => 1)}"},
        {"input a[2]; layer b[2]: lif; a -> b: dense(i, j => 1, k = 2);", "E0205{k}"},
        {"input a[2]; layer b[2]: lif; a -> b: dense();", "E0305{dense()}"},
        {"input a[2]; layer b[2]: lif; a -> b: danse(1);", "E0201{danse}"},
        {"input a[2]; layer b[2]: lif; a -> b: conv2d(1);", "E0303{a}"},
        {"input a[2]; layer b[2]: lif; a -> b: all_to_all(1), pool = 2;", "E0303{a}"},
        {"input a[2]; layer b[2]: lif; a -> b: all_to_all(1), dalay = 2 ms;", "E0205{dalay}"},
        {"input a[2]; layer b[2]: lif; a -> b: all_to_all(1), delay = 0.4 ms;", "E0306{0.4 ms}"},
        {"input a[2]; layer b[2]: lif; a -> b: all_to_all(1), delay = 2;", "E0301{2}"},
        {"input a[2]; layer b[2]: lif; a -> b: all_to_all(1), via = slow;", "E0201{slow}"},
        {"input a[2]; layer b[2]: lif; b -> a: all_to_all(1);", "E0402{a}"},
        {"input a[2]; layer b[2]: lif; a -> c: all_to_all(x);", "E0201{x} E0201{c}"},
        {"input a[2]; layer b[2]: lif; a[2] -> b: all_to_all(1);", "E0304{2}"},
        {"input a[2]; layer b[2]: lif; a[0, 0] -> b: all_to_all(1);", "E0304{0}"},
        {"input a[2]; layer b[2]: lif; a -> b: sparse([[0, 2, 1]]);", "E0304{[[0, 2, 1]]}"},
        {"input a[2]; layer b[2]: lif; a -> b: sparse([[0, 1, 1], [0, 1, 2]]);",
         "E0402{[[0, 1, 1], [0, 1, 2]]}"},
        {"layer b[2]: lfi;", "E0201{lfi}"},
        {"layer b[2]: t;", "E0203{t}"},
        {"layer b[2]: lif { taau = 1 ms; }", "E0205{taau}"},
        {"layer b[2]: lif { tau = 5 pA; }", "E0301{5 pA}"},
        {"layer b[2]: lif { tau = 5; }", "E0301{5}"},
        {"layer b[2]: lif { tau = true; }", "E0302{true}"},
        {"layer b[2]: lif { flag = 1; }", "E0302{1}"},
        {"layer b[2]: lif { tau = [1 ms, 2 ms, 3 ms]; }", "E0303{[1 ms, 2 ms, 3 ms]}"},
        {"layer b[2]: lif { tau = 1 ms; tau = 2 ms; }", "E0202{tau}"},
        {"layer b[2]: lif { gain = inf; }", "E0307{inf}"},
        {"layer b[2]: lif { I = 1 A / 0; }", "E0307{1 A / 0}"},
        {"layer b[2]: lif { tau = [1 ms, 0 / 0]; }", "E0307{[1 ms, 0 / 0]}"},
        {"layer b[2]: lif { v = 1; }", "E0205{v}"},
        {"layer b[2]: lif; layer b[2]: lif;", "E0202{b}"},
        {"layer b[2]: lif; let b = 1;", "E0202{b}"},
        {"layer b[b]: lif;", "E0203{b}"},
        {"input duration[1];", "E0403{duration}"},
        {"input dvs[1] from dvs;", "E0403{dvs}"},
        {"network t { layer b[2]: lif; }", "E0401{b}"},
        {"network t { dt = 0 ms; layer b[2]: lif; }", "E0306{0 ms}"},
        {"network t { dt = 1; layer b[2]: lif; }", "E0301{1}"},
        {"dt = 2 ms;", "E0202{dt = 2 ms;}"},
        {"layer b[2]: lif; record b.u;", "E0201{u}"},
        {"layer b[2]: lif; record c.v;", "E0201{c}"},
        {"layer b[2]: lif; record b;", "E0403{b}"},
        {"layer b[2]: lif; record b.v[1];", "E0403{b.v[1]}"},
        {"input a[2]; record a.spikes;", "E0203{a.spikes}"},
        {"input a[2]; output a;", "E0203{a}"},
        {"layer b[2]: lif; output b[0];", "E0403{b[0]}"},
        {"layer b[2]: lif; mismatch (-1);", "E0306{-1}"},
        {"layer b[2]: lif; mismatch 1 ms;", "E0301{1 ms}"},
        {"layer b[2]: lif; mismatch 5 % seed 0.5;", "E0306{0.5}"},
        {"layer b[2]: lif; mismatch 5 % seed 5000000000;", "E0306{5000000000}"},
        {"layer b[2]: lif; mismatch { all = 5 %; gian = 1 %; }", "E0205{gian}"},
        {"layer b[2]: lif; mismatch { tau = 1 %; }", "E0205{tau}"},
        {"layer b[2]: lif; mismatch { all = 1 %; all = 2 %; }", "E0202{all}"},
        {"layer b[2]: lif; mismatch 1 %; mismatch 2 %;", "E0202{mismatch 2 %;}"},
        {"neuron deaf { state v = 0; step { v = 1; } }"
         "network t { dt = 1 ms; layer b[1]: deaf; b -> b: all_to_all(1); }",
         "E0402{b}"},
        {"layer b[100000]: lif; b -> b: all_to_all(1);", "E0308{b -> b: all_to_all(1);}"},
        {"input a[65536]; layer b[65536]: lif; a -> b: one_to_one(1), delay = 2 ms;"
         "a -> b: all_to_all(0.5);",
         "E0308{a -> b: all_to_all(0.5);}"},
        {"layer b[2]: lif { bound = 1 / 0; }", "E0307{1 / 0}"},
        {"layer b[2]: lif { bound = 0 * inf; }", "E0307{0 * inf}"},
        {"layer b[2]: lif { bound = [inf, 1 / 0]; }", "E0307{[inf, 1 / 0]}"},
        {"layer b[2]: lif { bound = [inf, 1e39]; }", "E0307{[inf, 1e39]}"},
        {"layer b[2]: lif { bound = [inf, -inf]; }", "b[2]"},
        {LIMITS("param hi = inf") "layer b[2]: limits; }", "b[2]"},
        {LIMITS("param hi = -inf") "layer b[2]: limits { gain = inf; } }", "E0307{inf}"},
        {LIMITS("param hi = 1 / 0") "layer b[2]: limits; layer c[2]: limits; }", "E0307{hi}"},
        {LIMITS("param hi = 2 * gain") "layer b[2]: limits { gain = 3e38; } }", "E0307{b}"},
        {LIMITS("param hi = 1 / 0") "layer b[2]: limits { hi = inf; } }", "b[2]"},
        {LIMITS("param hi = 1; state w = 1 / hi") "layer b[2]: limits { hi = 0; } }", "E0307{b}"},
        {LIMITS("param hi = inf; state w = hi") "layer b[2]: limits; }", "E0307{hi}"},
        {LIMITS("param hi = 1; state w = inf") "layer b[2]: limits; }", "E0307{w}"},
        {"neuron bad { param p = 1; bias q = 1 pA / p; state v = 0; step { v = 1; } }"
         "network t { dt = 1 ms; layer b[1]: bad { p = 0; } }",
         "E0307{b}"},
    };
    ROWS(rows);
}

/* Functions that call another twice, 60 deep: alone, and where a
 * comprehension may take longer. */
static void test_work(void **state)
{
    (void)state;
    static const char *const use[] = {"f59(1)", "f59(sum([i: 1000 => i]))"};
    struct buf functions = {0};
    buf_puts(&functions, "fn f0(x) = x + x; ");
    for (unsigned i = 1; i < 60; i++)
        buf_printf(&functions, "fn f%u(x) = f%u(x) + f%u(x); ", i, i - 1, i - 1);
    for (size_t i = 0; i < sizeof use / sizeof *use; i++) {
        struct elab_test t;
        struct buf text = {0}, got = {0};
        buf_printf(&text, "%s network t { input a[%s]; }", functions.data, use[i]);
        elab_open(&t, text.data);
        assert_null(unit_network(&t.unit, "t"));
        elab_errors(&got, &t);
        assert_int_equal(t.diags.n_errors, 1);
        assert_int_equal(strncmp(got.data, "E0308", 5), 0);
        buf_free(&text);
        buf_free(&got);
        elab_close(&t);
    }
    buf_free(&functions);
}

/* All of a file's mistakes in one run, each once. */
static void test_all_at_once(void **state)
{
    (void)state;
    struct elab_test t;
    struct buf got = {0};
    elab_open(&t, LIF "let a = 1 ms + 1 A; fn f(x) = y; let b = a + 1;"
                      "network t { dt = 1 ms; input in[2]; layer p[3]: lif { tau = a; I = 3; }"
                      "  layer q[nothing]: lif; p -> q: dense(zeros(3, 3)), delay = 1;"
                      "  record q.w; }"
                      "stimulus s for t { duration = 1; other = silence; }");
    assert_false(unit_check(&t.unit));
    elab_errors(&got, &t);
    assert_string_equal(got.data, "E0201{y} E0201{nothing} E0301{1 ms + 1 A} E0301{3} E0301{1} "
                                  "E0201{w} E0201{other} E0301{1}");
    buf_free(&got);
    elab_close(&t);
}

static void test_settings(void **state)
{
    (void)state;
    struct elab_test t;
    elab_open(&t,
              LIF "network t { dt = 0.5 ms; input x[1]; layer a[2]: lif { bound = -inf;"
                  "  tau = [10 ms, 30 ms]; flag = true; } layer b[3]: lif; layer c[1]: lif;"
                  "  x -> a: all_to_all(1); a -> b: all_to_all(1); a -> c: all_to_all(dt / 1 ms);"
                  "  mismatch { all = 5 %; I = 10 %; seed = 7; }"
                  "  record a.v, b.spikes; record a.v; output c; }");
    const struct net *n = unit_network(&t.unit, NULL);
    assert_non_null(n);
    assert_true(n->dt == 0.5e-3);
    assert_int_equal(n->record.n, 2);
    assert_int_equal(n->record.data[0].state, 0);
    assert_int_equal(n->record.data[1].state, -1);
    assert_int_equal(n->output.n, 1);
    assert_int_equal(n->output.data[0], 2);
    assert_true(n->mismatch.given && n->mismatch.all == 0.05 && n->mismatch.seed == 7);
    assert_int_equal(n->mismatch.by_name.n, 1);
    assert_true(n->mismatch.by_name.data[0].p == 0.1);
    const struct net_column *tau = &n->layer.data[0].param[0];
    assert_true(tau->set && !tau->uniform && tau->v[1] == 0.03f);
    assert_true(n->layer.data[0].param[2].v[0] == 1);
    assert_true(n->connection.data[2].weight[0] == 0.5f);
    elab_close(&t);
    elab_open(&t, LIF "network t { dt = 1 ms; layer a[2]: lif; layer b[3]: lif;"
                      "  a -> b: all_to_all(uniform(0.5, 1) seed 3);"
                      "  b -> b: one_to_one(2 * (normal(0, 1) seed 4)); }");
    n = unit_network(&t.unit, NULL);
    assert_non_null(n);
    assert_true(n->connection.data[0].weight[4] == (float)(0.5 + 0.5 * rng_uniform(3, 4)));
    assert_true(n->connection.data[1].weight[2] == (float)(2 * rng_normal(4, 2)));
    assert_int_equal(n->output.n, 1);
    elab_close(&t);
    elab_open(&t, LIF "network t { dt = 1 ms; layer a[2]: lif; layer b[3]: lif; layer c[1]: lif;"
                      "  a -> b: all_to_all(1); b -> a: all_to_all(1); b -> c: all_to_all(1);"
                      "  c -> b: all_to_all(1); }");
    n = unit_network(&t.unit, NULL);
    assert_non_null(n);
    assert_int_equal(n->output.n, 3); /* a circle: all are outputs */
    elab_close(&t);
}

static void test_choice(void **state)
{
    (void)state;
    static const struct {
        const char *source, *name, *expect;
    } rows[] = {
        {LIF "network a { dt = 1 ms; layer x[1]: lif; }", NULL, "x[1]"},
        {LIF "network a { layer x[1]: lif; } network b { dt = 1 ms; part p = a(); }", NULL,
         "p.x[1]"},
        {LIF "network a { layer x[1]: lif; } network b { layer y[1]: lif; }", NULL, "E0405"},
        {LIF "network a { dt = 1 ms; layer x[1]: lif; }", "c", "E0405"},
        {LIF, NULL, "E0405"},
        {"use dynapse2; network a { dt = 1 ms; layer dpi[1]: dpi; }", NULL, "dpi[1]"},
        {"network a { dt = 1 ms; layer x[1]: dpi; }", NULL, "E0201{dpi}"},
        {"use \"motif.dyn\"; network t { dt = 1 ms; part p = pair(n = 2); }", NULL,
         "p.a[2] p.b[3] p.a>p.b.drive+1: 0-0=2 0-1=-4 1-0=1 1-2=6;"},
        {"use \"motif.dyn\"; network t { dt = 1 ms; layer a[1]: plain; }", NULL, "E0201{plain}"},
        {"use \"motif.dyn\"; network t { dt = 1 ms; part p = pair(n = 2); } let own = 1;", NULL,
         "E0202{own}"},
        {"use \"alone.dyn\"; stimulus s for alone { duration = 3 ms; }", NULL, "x[2]"},
        {"use \"alone.dyn\"; stimulus s for alone { duration = 3 ms; }"
         "stimulus r for other { duration = 3 ms; }",
         NULL, "E0405"},
        {"use \"alone.dyn\";", NULL, "E0405"},
        {"use nothing; network t { dt = 1 ms; layer a[1]: plain; }", NULL, "E0204{nothing}"},
        {"use dynapse2; neuron dpi { state v = 0; step { v = 1; } }", NULL, "E0202{dpi} E0405"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct elab_test t;
        struct buf got = {0};
        elab_open(&t, rows[i].source);
        const struct net *n = unit_network(&t.unit, rows[i].name);
        if (n)
            put_net(&got, n);
        else
            elab_errors(&got, &t);
        assert_string_equal(got.data, rows[i].expect);
        buf_free(&got);
        elab_close(&t);
    }
}

/* What is printed reads back to the same network. */
static void test_print_and_read(void **state)
{
    (void)state;
    static const char *const sources[] = {
        LIF TWO "network w(n) { layer e[n]: lif; layer i[2]: two; e -> i: dense(k, j => k - j); }"
                "network t { dt = 1 ms; input x[2, 2]; part p = w(n = 30); part q = w(n = 2);"
                "  x -> p.e[0:4]: one_to_one(0.1), delay = 3 ms; p.e -> q.e: all_to_all(1e-3);"
                "  mismatch 5 % seed 3; record p.e.v; output q.i; }",
        LIF EVENTFUL
        "network t { dt = 1 ms; layer c: lif; layer d: eventful; layer e[3]: eventful;"
        "  input x[2, 16, 12] from dvs { merge = true; off = false; pool = [2, 1]; mirror = [true, "
        "  false]; crop = [1:7, :]; swap = true; } input y[2, 4, 4] from dvs;"
        "  x -> c: conv2d([o: 3, i: 1, y: 3, x: 2 => 0.1 * (o - y) + x], stride = [2, 1],"
        "    padding = [0, 1]), bias = [0.1, 0.2, 0.3], delay = 2 ms;"
        "  c -> d: conv2d(ones(1, 3, 1, 1)), average_pool = [1, 2], bias = 0.5;"
        "  y -> e: dense(i, j => i - j), bias = [i: 3 => i / 7], pool = 2;"
        "  y -> e: all_to_all(0), average_pool = 1; d -> e: all_to_all(1);"
        "  c -> e[1]: dense(k, j => max(k - 40, 0)), bias = 2; e -> e: one_to_one([0, 1, 0]);"
        "  c[:, 0, 0] -> e: all_to_all(0); }",
    };
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        struct elab_test a, b;
        struct buf first = {0}, second = {0};
        elab_open(&a, sources[i]);
        const struct net *n = unit_network(&a.unit, "t");
        assert_non_null(n);
        net_print(&first, n, NULL);
        elab_open(&b, first.data);
        n = unit_network(&b.unit, "t");
        if (!n) {
            elab_errors(&second, &b);
            print_error("%s\n%s\n", second.data, first.data);
        }
        assert_non_null(n);
        net_print(&second, n, NULL);
        assert_string_equal(first.data, second.data);
        buf_free(&first);
        buf_free(&second);
        elab_close(&a);
        elab_close(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connections), cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_maps),        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_errors),      cmocka_unit_test(test_work),
        cmocka_unit_test(test_all_at_once), cmocka_unit_test(test_settings),
        cmocka_unit_test(test_choice),      cmocka_unit_test(test_print_and_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
