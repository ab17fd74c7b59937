/* The virtual Speck by itself: what a configuration's fields do to events. */
#include "tests/unit/unit.h"

#include "runtime/base/maps.h"
#include "targets/speck/emulate.h"
#include "tests/unit/speck_configs.h"

enum { MOST = 4096 };

struct bench { /* a chip, and what was heard of it */
    struct arena a;
    struct speck_config c;
    struct speck_choices o;
    struct speck_virtual *s;
    uint32_t n, limit;
    struct speck_event heard[MOST];
    bool monitored[MOST];
};

static bool hears(void *arg, const struct speck_event *e, bool monitored)
{
    struct bench *b = arg;
    if (b->n == b->limit)
        return false;
    b->heard[b->n] = *e;
    b->monitored[b->n++] = monitored;
    return true;
}

static void begin(struct bench *b)
{
    *b = (struct bench){.limit = MOST};
    speck_config_default(&b->a, SPECK_2F, &b->c);
}

/* A layer whose weights are all `w`. */
static struct speck_cnn_layer *layer(struct bench *b, uint32_t core, int32_t in, int32_t out,
                                     int32_t extent, int32_t kernel, int8_t w)
{
    struct speck_cnn_layer *l = &b->c.cnn_layers[core];
    l->dimensions = (struct speck_dimensions){
        .input_shape = {in, {extent, extent}},
        .output_shape = {out, {extent - kernel + 1, extent - kernel + 1}},
        .kernel_size = kernel,
        .stride = {1, 1},
    };
    assert_true(speck_layer_arrays(&b->a, l));
    for (uint64_t i = 0; i < speck_n_weights(&l->dimensions); i++)
        l->weights[i] = w;
    l->threshold_high = 10;
    l->threshold_low = -100;
    l->monitor_enable = true;
    return l;
}

static void start(struct bench *b)
{
    struct speck_faults f = {.arena = &b->a};
    speck_config_check(&b->c, &f);
    for (uint32_t i = 0; i < f.list.n; i++)
        fail_msg("%s %s", f.list.data[i].where, f.list.data[i].what);
    b->s = speck_virtual_new(&b->a, &b->c, &b->o);
    assert_non_null(b->s);
}

static bool send(struct bench *b, int64_t t, uint8_t to, uint16_t f, uint16_t y, uint16_t x)
{
    const struct speck_ear ear = {hears, b};
    const struct speck_event e = {t, to, f, y, x};
    if (!speck_virtual_pass(b->s, t, &ear))
        return false;
    speck_virtual_post(b->s, &e);
    return speck_virtual_serve(b->s, &ear);
}

static bool wait(struct bench *b, int64_t t)
{
    const struct speck_ear ear = {hears, b};
    return speck_virtual_pass(b->s, t, &ear);
}

static void heard(const struct bench *b, uint32_t i, int64_t t, uint32_t layer, uint32_t f,
                  uint32_t y, uint32_t x)
{
    assert_true(i < b->n);
    const struct speck_event *e = &b->heard[i];
    if (e->t != t || e->layer != layer || e->feature != f || e->y != y || e->x != x)
        fail_msg("event %u: t %d, layer %u (%u, %u, %u)", i, (int)e->t, e->layer, e->feature, e->y,
                 e->x);
}

static uint64_t lost(const struct bench *b, uint32_t core, enum speck_loss loss)
{
    return speck_virtual_losses(b->s)[core * SPECK_LOSSES + loss];
}

/* ---- neurons ---- */

static void neurons(void **state)
{
    (void)state;
    static const struct {
        bool to_zero;
        int8_t w;
        int32_t init, after;
        uint32_t fires;
    } c[] = {
        {false, 25, 0, 15, 1}, /* one spike, the rest stays */
        {true, 25, 0, 0, 1},   /* or goes */
        {false, 10, 0, 0, 1},  /* reached is enough */
        {false, 9, 0, 9, 0},   /* below */
        {false, -128, 0, -100, 0} /* the bound */,
        {false, 0, 15, 5, 1}, /* what was left fires at the next event */
        {false, 127, 32700, 32757, 1},
    };
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        struct bench b;
        begin(&b);
        struct speck_cnn_layer *l = layer(&b, 2, 1, 1, 1, 1, c[i].w);
        l->return_to_zero = c[i].to_zero;
        l->neurons_initial_value[0] = (int16_t)c[i].init;
        start(&b);
        assert_true(send(&b, 7, 2, 0, 0, 0));
        assert_int_equal(b.n, c[i].fires);
        assert_int_equal(speck_virtual_state(b.s, 2, 0, 0, 0), c[i].after);
        assert_int_equal(lost(&b, 2, SPECK_SATURATED), c[i].init == 32700);
        speck_virtual_reset(b.s);
        assert_int_equal(speck_virtual_state(b.s, 2, 0, 0, 0), c[i].init);
        arena_free(&b.a);
    }
}

/* Outputs row-major, features innermost; first in, first out; slots in order. */
static void order(void **state)
{
    (void)state;
    struct bench b;
    begin(&b);
    struct speck_cnn_layer *l = layer(&b, 4, 1, 2, 3, 2, 10);
    l->destinations[0] = (struct speck_destination){true, 6, 1, 0};
    l->destinations[1] = (struct speck_destination){true, 5, 2, 3};
    layer(&b, 5, 5, 1, 1, 1, 10);
    layer(&b, 6, 2, 1, 2, 1, 10)->monitor_enable = false;
    start(&b);
    assert_true(send(&b, 5, 4, 0, 1, 1));
    assert_int_equal(b.n, 8 + 8 + 8);
    for (uint32_t i = 0; i < 8; i++) {
        const uint32_t f = i % 2, x = i / 2 % 2, y = i / 4;
        heard(&b, i, 5, 4, f, y, x);
        heard(&b, 8 + 2 * i, 5, 6, 0, y, x);
        assert_false(b.monitored[8 + 2 * i]);
        heard(&b, 9 + 2 * i, 5, 5, 0, 0, 0);
        assert_true(b.monitored[i] && b.monitored[9 + 2 * i]);
    }
    arena_free(&b.a);
}

/* Whatever excites itself ends when nobody listens any more. */
static void storm(void **state)
{
    (void)state;
    struct bench b;
    begin(&b);
    layer(&b, 1, 1, 1, 1, 1, 10)->destinations[0] = (struct speck_destination){true, 1, 1, 0};
    start(&b);
    assert_false(send(&b, 0, 1, 0, 0, 0));
    assert_int_equal(b.n, MOST);
    b.n = 0;
    b.limit = 1;
    assert_false(send(&b, 1, 1, 0, 0, 0));
    assert_int_equal(b.n, 1);
    arena_free(&b.a);
}

/* ---- ways ---- */

static void lost_events(void **state)
{
    (void)state;
    for (int kept = 0; kept < 2; kept++) {
        struct bench b;
        begin(&b);
        struct speck_cnn_layer *l = layer(&b, 0, 1, 1, 5, 1, 10);
        l->destinations[0] = (struct speck_destination){true, 8, 2, 0};
        l = layer(&b, 8, 1, 1, 3, 1, 10);
        l->dimensions.output_shape.size = (struct speck_xy){2, 2};
        l->dimensions.input_shape.size = (struct speck_xy){2, 2};
        l->dimensions.padding = (struct speck_xy){0, 0};
        b.o.border_kept = kept;
        start(&b);
        assert_true(send(&b, 0, 0, 0, 3, 3));
        assert_true(send(&b, 0, 0, 0, 4, 3));
        assert_true(send(&b, 0, 0, 0, 3, 4));
        assert_int_equal(b.n, 4);
        heard(&b, 1, 0, 8, 0, 1, 1);
        assert_int_equal(lost(&b, 0, SPECK_BORDER), kept ? 0 : 2);
        assert_int_equal(lost(&b, 8, SPECK_NO_NEURON), kept ? 2 : 0);
        assert_true(send(&b, 0, 8, 1, 0, 0));
        assert_int_equal(lost(&b, 8, SPECK_NO_FEATURE), 1);
        arena_free(&b.a);
    }
}

static void decimator(void **state)
{
    (void)state;
    static const uint32_t every[] = {2, 4, 8, 16, 32, 128, 256, 512};
    for (int32_t code = 0; code < 8; code++) {
        for (int all = 0; all < 2; all++) {
            struct bench b;
            begin(&b);
            struct speck_cnn_layer *l = layer(&b, 7, 1, 1, 1, 1, 10);
            l->output_decimator_enable = true;
            l->output_decimator_interval = code;
            l->destinations[0] = (struct speck_destination){true, 3, 1, 0};
            layer(&b, 3, 1, 1, 1, 1, 10);
            b.o.monitor_undecimated = all;
            start(&b);
            for (uint32_t i = 1; i <= 1024; i++) {
                const uint32_t before = b.n;
                assert_true(send(&b, i, 7, 0, 0, 0));
                const bool leaves = i % every[code] == 0;
                assert_int_equal(b.n - before, leaves ? 2 : all);
            }
            arena_free(&b.a);
        }
    }
}

/* ---- leaks ---- */

/* As the vendor's example: 127, a bias of -13, one tick a second: 114, 101, 88, 75. */
static void leaks(void **state)
{
    (void)state;
    struct bench b;
    begin(&b);
    struct speck_cnn_layer *l = layer(&b, 3, 1, 2, 1, 1, 1);
    l->threshold_high = 1000;
    l->neurons_initial_value[0] = 127;
    l->biases[0] = -13;
    l->biases[1] = 400;
    l->leak_enable = true;
    b.o.slow_clock = 1;
    start(&b);
    for (int i = 1; i <= 4; i++) {
        assert_true(wait(&b, i * 1000000 - 1));
        assert_int_equal(speck_virtual_state(b.s, 3, 0, 0, 0), 127 - 13 * (i - 1));
        assert_true(wait(&b, i * 1000000));
        assert_int_equal(speck_virtual_state(b.s, 3, 0, 0, 0), 127 - 13 * i);
    }
    /* A leak doesn't fire, the event after it does. */
    assert_int_equal(b.n, 0);
    assert_int_equal(speck_virtual_state(b.s, 3, 1, 0, 0), 1600);
    assert_true(send(&b, 4000000, 3, 0, 0, 0));
    assert_int_equal(b.n, 1);
    heard(&b, 0, 4000000, 3, 1, 0, 0);
    /* Both ends hold, however long it takes. */
    assert_true(wait(&b, INT64_C(1) << 60));
    assert_int_equal(speck_virtual_state(b.s, 3, 0, 0, 0), -100);
    assert_int_equal(speck_virtual_state(b.s, 3, 1, 0, 0), 32767);
    assert_int_equal(lost(&b, 3, SPECK_SATURATED), 0);
    /* From the start again; without leak_enable or a clock nothing happens. */
    for (int i = 0; i < 2; i++) {
        speck_virtual_reset(b.s);
        b.o.slow_clock = i;
        l->leak_enable = !i;
        start(&b);
        assert_true(wait(&b, 3000000));
        assert_int_equal(speck_virtual_state(b.s, 3, 0, 0, 0), 127);
    }
    arena_free(&b.a);
}

static void leaks_that_fire(void **state)
{
    (void)state;
    struct bench b;
    begin(&b);
    struct speck_cnn_layer *l = layer(&b, 3, 1, 1, 1, 1, 1);
    l->biases[0] = 5;
    l->leak_enable = true;
    l->destinations[0] = (struct speck_destination){true, 0, 1, 0};
    layer(&b, 0, 1, 1, 1, 1, 10);
    b.o = (struct speck_choices){.slow_clock = 300, .leak_fires = true};
    start(&b);
    assert_true(wait(&b, 20000));
    assert_int_equal(b.n, 6);
    for (uint32_t i = 0; i < 6; i++)
        heard(&b, i, (int64_t[]){6666, 13333, 20000}[i / 2], i % 2 ? 0 : 3, 0, 0, 0);
    arena_free(&b.a);
}

/* The other clock: so many events of the sensor are a tick. */
static void internal_clock(void **state)
{
    (void)state;
    struct bench b;
    begin(&b);
    struct speck_cnn_layer *l = layer(&b, 3, 1, 1, 1, 1, 1);
    l->biases[0] = 5;
    l->leak_enable = l->leak_internal_slow_clk_enable = true;
    b.c.factory_config.internal_slow_clk_divider = 14;
    b.o.slow_clock = 1000;
    b.limit = 1 << 30;
    start(&b);
    for (int i = 1; i <= 40000; i++) {
        b.n = 0;
        assert_true(send(&b, i, SPECK_DVS, 0, 1, 1));
        assert_int_equal(speck_virtual_state(b.s, 3, 0, 0, 0), i / 16384 * 5);
    }
    arena_free(&b.a);
}

/* ---- sensor ---- */

/* Every pixel of both polarities comes out where maps.h says. */
static void sensor(void **state)
{
    (void)state;
    for (uint32_t k = 0; k < 96; k++) {
        struct bench b;
        begin(&b);
        struct sensor s = {.from = "dvs",
                           .raw = {2, 128, 128},
                           .on = k % 3 != 0,
                           .off = k % 3 != 1,
                           .merge = k % 3 == 2 && k / 3 % 2,
                           .pool = {1u << k % 3, 1u << k / 4 % 3},
                           .mirror = {k / 6 % 2, k / 12 % 2},
                           .swap = k / 24 % 2};
        struct speck_dvs_layer *v = &b.c.dvs_layer;
        v->origin = (struct speck_xy){(int32_t)(k * 7 % 20), (int32_t)(k * 5 % 11)};
        v->cut = (struct speck_xy){(int32_t)(20 + k * 3 % 12), (int32_t)(11 + k * 11 % 21)};
        s.crop[0][0] = (uint32_t)v->origin.y;
        s.crop[0][1] = (uint32_t)v->cut.y + 1;
        s.crop[1][0] = (uint32_t)v->origin.x;
        s.crop[1][1] = (uint32_t)v->cut.x + 1;
        v->merge = s.merge;
        v->mirror.y = s.mirror[0];
        v->mirror.x = s.mirror[1];
        v->mirror_diagonal = s.swap;
        v->on_channel = s.on;
        v->off_channel = s.off;
        v->pooling = (struct speck_xy){(int32_t)s.pool[1], (int32_t)s.pool[0]};
        v->monitor_enable = k % 2;
        v->raw_monitor_enable = k / 2 % 2;
        start(&b);
        uint32_t map[3];
        sensor_map(&s, map);
        for (uint32_t i = 0; i < 2 * 128 * 128; i++) {
            uint32_t e = i;
            const bool comes = sensor_event(&s, &e);
            b.n = 0;
            assert_true(send(&b, i, SPECK_DVS, (uint16_t)(i >> 14), (uint16_t)(i >> 7 & 127),
                             (uint16_t)(i & 127)));
            assert_int_equal(b.n, 1 + comes);
            heard(&b, 0, i, SPECK_RAW, i >> 14, i >> 7 & 127, i & 127);
            assert_int_equal(b.monitored[0], k / 2 % 2);
            if (!comes)
                continue;
            heard(&b, 1, i, SPECK_DVS, e / (map[1] * map[2]), e / map[2] % map[1], e % map[2]);
            assert_int_equal(b.monitored[1], k % 2);
        }
        arena_free(&b.a);
    }
}

/* ---- readout ---- */

static void readout(void **state)
{
    (void)state;
    static const struct {
        bool fast, longer;
        uint32_t ticks; /* until one event in a tick is forgotten */
    } c[] = {{true, false, 1}, {false, false, 16}, {false, true, 32}};
    for (size_t i = 0; i < 3; i++) {
        struct bench b;
        begin(&b);
        b.c.readout.enable = b.c.readout.monitor_enable = true;
        b.c.readout.low_pass_filter_disable = c[i].fast;
        b.c.readout.low_pass_filter32_not16 = c[i].longer;
        b.o.slow_clock = 1000;
        struct speck_cnn_layer *l = layer(&b, 5, 1, 1, 1, 1, 10);
        l->destinations[0] = (struct speck_destination){true, SPECK_READOUT, 1, 8};
        l->monitor_enable = false;
        start(&b);
        assert_true(send(&b, 100, 5, 0, 0, 0)); /* feature 8: class 3 */
        assert_true(send(&b, 100, SPECK_READOUT, 12, 0, 0));
        assert_true(send(&b, 100, SPECK_READOUT, 13, 0, 0)); /* no class */
        assert_int_equal(lost(&b, SPECK_READOUT, SPECK_NO_FEATURE), 1);
        assert_true(wait(&b, 100000));
        assert_int_equal(b.n, 3);
        heard(&b, 1, 1000, SPECK_READOUT, 3, 0, 0);
        heard(&b, 2, 1000 + 1000 * c[i].ticks, SPECK_READOUT, 0, 0, 0);
        assert_true(!b.monitored[0] && b.monitored[1]);
        /* An average of 1 needs an event a tick. */
        b.c.readout.threshold = 1;
        speck_virtual_reset(b.s);
        b.n = 0;
        for (int k = 0; k < 40; k++)
            assert_true(send(&b, 100 + 1000 * k, SPECK_READOUT, 4, 0, 0));
        assert_int_equal(b.n, 1);
        heard(&b, 0, 1000 * c[i].ticks, SPECK_READOUT, 2, 0, 0);
        arena_free(&b.a);
    }
}

/* ---- settings and findings ---- */

static void settings(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
    } c[] = {{"slow-clock=10", true},
             {"slow-clock=2.5,leak-fires", true},
             {"border-kept,monitor-undecimated,slow-clock=0", true},
             {"", false},
             {"slow-clock", false},
             {"slow-clock=", false},
             {"slow-clock=.", false},
             {"slow-clock=1.2.3", false},
             {"slow-clock=-1", false},
             {"slow-clock=1000001", false},
             {"slow-clock=99999999999999999999999999", false},
             {"leak-fires,", false},
             {"leak-fire", false}};
    struct arena a = {0};
    struct speck_network n;
    speck_small_network(&a, SPECK_2E, &n);
    struct event_device *dev = speck_device_new(&a, &n.config, &n.maps, &n.plan);
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        struct diags d = {0};
        assert_int_equal(dev->choose(dev, c[i].text, &d), c[i].ok);
        assert_int_equal(d.n_errors, !c[i].ok);
        diags_free(&d);
    }
    arena_free(&a);
}

static void what_is_unlike(void **state)
{
    (void)state;
    struct arena a = {0};
    struct speck_network n;
    struct findings f = {.arena = &a};
    speck_small_network(&a, SPECK_2E, &n);
    speck_findings(&n.config, &n.maps, &n.plan, &f);
    assert_int_equal(f.n[W0764], 0);
    n.config.cnn_layers[3].input_congestion_balancer_enable = true;
    n.config.dvs_filter.enable = true;
    n.config.readout.enable = true;
    n.config.readout.output_mode_sel = 1;
    speck_findings(&n.config, &n.maps, &n.plan, &f);
    assert_int_equal(f.n[W0764], 3);
    for (uint32_t i = 0; i < f.list.n; i++)
        assert_true(f.list.data[i].code == W0764 || f.list.data[i].tallied);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neurons),         cmocka_unit_test(order),
        cmocka_unit_test(storm),           cmocka_unit_test(lost_events),
        cmocka_unit_test(decimator),       cmocka_unit_test(leaks),
        cmocka_unit_test(leaks_that_fire), cmocka_unit_test(internal_clock),
        cmocka_unit_test(sensor),          cmocka_unit_test(readout),
        cmocka_unit_test(settings),        cmocka_unit_test(what_is_unlike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
