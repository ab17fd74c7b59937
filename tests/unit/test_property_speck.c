/* Random networks for a Speck through all passes: the virtual chip does with the image's
 * configuration, spike by spike, what the engine does with the network that the image says. */
#include "tests/unit/unit.h"

#include "compiler/driver.h"
#include "runtime/base/rng.h"
#include "runtime/run.h"
#include "targets/speck/emulate.h"
#include <stdio.h>

enum { ROUNDS = 1500, TRIALS = 2, EVENTS = 60 };

struct dice {
    uint64_t seed, index;
};

static uint32_t roll(struct dice *d, uint32_t n)
{
    return (uint32_t)(rng_uniform(d->seed, d->index++) * n);
}

/* ---- networks ---- */

struct map {
    char name[8];
    uint32_t f, h, w;
    uint32_t heard; /* by so many layers */
};

struct writer {
    struct dice *d;
    struct buf b;
    struct map map[10];
    uint32_t n; /* of them; the first ones are inputs */
};

static void add_map(struct writer *w, const char *kind, uint32_t f, uint32_t height, uint32_t width)
{
    struct map *m = &w->map[w->n];
    *m = (struct map){.f = f, .h = height, .w = width};
    snprintf(m->name, sizeof m->name, "%s%u", kind, w->n++);
}

static const char *yes(struct dice *d)
{
    return roll(d, 2) ? "true" : "false";
}

static void write_sensor(struct writer *w)
{
    struct dice *d = w->d;
    const uint32_t pool = 1u << roll(d, 3), n = SPECK_SENSOR / pool;
    uint32_t at[2], extent[2];
    for (int i = 0; i < 2; i++) {
        at[i] = roll(d, n - 12);
        extent[i] = 2 + roll(d, 11);
    }
    const bool swap = roll(d, 2), merge = roll(d, 2);
    add_map(w, "in", merge ? 1 : 2, extent[swap], extent[!swap]);
    buf_printf(&w->b,
               "input in0[2, 128, 128] from dvs { pool = %u; crop = [%u:%u, %u:%u]; mirror = [%s, "
               "%s]; swap = %s; merge = %s; }\n",
               pool, at[0], at[0] + extent[0], at[1], at[1] + extent[1], yes(d), yes(d),
               swap ? "true" : "false", merge ? "true" : "false");
}

static void write_input(struct writer *w)
{
    struct dice *d = w->d;
    if (roll(d, 3) == 0) {
        write_sensor(w);
        return;
    }
    add_map(w, "in", 1 + roll(d, 3), 1 + roll(d, 13), 1 + roll(d, 13));
    const struct map *m = &w->map[0];
    buf_printf(&w->b, "input in0[%u, %u, %u];\n", m->f, m->h, m->w);
}

/* A layer that hears `from`; false: there is no kernel for it. */
static bool write_layer(struct writer *w, struct map *from, bool sensor)
{
    struct dice *d = w->d;
    const uint32_t pool = sensor ? 1 : 1u << (roll(d, 2) * roll(d, 3));
    const uint32_t in[2] = {from->h / pool, from->w / pool};
    uint32_t stride[2], padding[2], out[2], k = 1 + roll(d, 5);
    const uint32_t features = 1 + roll(d, 20);
    for (int i = 0; i < 2; i++) {
        stride[i] = 1u << (roll(d, 2) * roll(d, 4));
        padding[i] = roll(d, 2) * roll(d, 8);
        if (in[i] == 0 || in[i] + 2 * padding[i] < k)
            return false;
        out[i] = (in[i] + 2 * padding[i] - k) / stride[i] + 1;
    }
    struct buf *b = &w->b;
    const uint32_t seed = roll(d, 1 << 20);
    const struct map source = *from;
    from->heard++;
    add_map(w, "l", features, out[0], out[1]);
    const char *name = w->map[w->n - 1].name;
    buf_printf(b, "layer %s: iaf { threshold = %u; v_min = %s; reset_to_zero = %s; }\n", name,
               1 + roll(d, 3), roll(d, 4) ? "-1.5" : "-inf", yes(d));
    buf_printf(b,
               "%s -> %s: conv2d([o: %u, c: %u, y: %u, x: %u => normal(0.2, 1) seed %u], stride = "
               "[%u, %u], padding = [%u, %u])",
               source.name, name, features, source.f, k, k, seed, stride[0], stride[1], padding[0],
               padding[1]);
    if (pool > 1)
        buf_printf(b, ", %s = %u", roll(d, 3) ? "pool" : "average_pool", pool);
    if (roll(d, 4) == 0)
        buf_printf(b, ", bias = 0.5");
    buf_printf(b, ";\nrecord %s.spikes, %s.v;\n", name, name);
    return true;
}

static void write_network(struct writer *w)
{
    struct dice *d = w->d;
    buf_printf(&w->b, "use speck;\nnetwork n {\n");
    write_input(w);
    const bool sensor = strstr(w->b.data, "from dvs") != NULL;
    const uint32_t layers = 1 + roll(d, 5);
    for (uint32_t i = 0; i < layers; i++) {
        const uint32_t src = roll(d, w->n);
        if (w->map[src].heard < SPECK_DESTINATIONS)
            write_layer(w, &w->map[src], sensor && src == 0);
    }
    buf_printf(&w->b, "}\n");
}

/* ---- runs ---- */

struct fixture {
    struct driver d;
    struct program p;
    struct image im;
    struct backend b;
    struct stimulus stim;
};

static void make_stimulus(struct fixture *f, const struct plan *p, struct dice *d)
{
    double t[EVENTS * TRIALS], channel[EVENTS * TRIALS];
    const uint64_t offset[] = {0, EVENTS, EVENTS * TRIALS};
    const uint32_t channels = plan_stimulus_channels(&p->input.data[0]);
    const struct sensor *s = p->input.data[0].sensor;
    for (uint32_t i = 0; i < EVENTS * TRIALS; i++) {
        t[i] = (double)(i % EVENTS / 3);
        channel[i] = roll(d, channels);
        if (!s) /* of the sensor's pixels most are dropped: mostly others */
            continue;
        for (uint32_t tries = 0; tries < 500; tries++) {
            uint32_t e = (uint32_t)channel[i];
            if (sensor_event(s, &e))
                break;
            channel[i] = roll(d, channels);
        }
    }
    f->stim = (struct stimulus){
        .name = "s", .n_inputs = 1, .source = ARENA_NEW(&f->d.arena, struct stimulus_source)};
    assert_true(stimulus_events(&f->d.arena, f->stim.source, t, channel, EVENTS * TRIALS, offset, 3,
                                channels, 0, 0, &f->d.diags, "s", (struct span){0}));
    assert_true(stimulus_settle(&f->stim, &f->d.diags, (struct span){0}));
}

static void run(struct fixture *f, const struct plan *p, struct run_result *out)
{
    struct arena *a = &f->d.arena;
    struct run_record *record = ARENA_ARRAY(a, struct run_record, p->record.n + 1);
    for (uint32_t i = 0; i < p->record.n; i++)
        record[i] = (struct run_record){p->record.data[i].group, p->record.data[i].state};
    const struct run_options o = {.stimulus = &f->stim,
                                  .trials = TRIALS,
                                  .chips = 1,
                                  .jobs = 1,
                                  .backend = &f->b,
                                  .record = record,
                                  .n_record = p->record.n};
    assert_true(run_plan(a, p, &o, out, &f->d.diags));
}

static uint64_t compare(const struct plan *p, const struct run_result *x,
                        const struct run_result *y, const char *text)
{
    uint64_t spikes = 0;
    for (uint32_t i = 0; i < p->record.n; i++) {
        const uint32_t neurons = p->group.data[p->record.data[i].group].n;
        const bool events = x->record[i].what.state < 0;
        const uint64_t n =
            events ? x->record[i].n * EVENT_BYTES : TRIALS * neurons * (uint64_t)sizeof(float);
        if (x->record[i].n != y->record[i].n ||
            memcmp(x->record[i].data, y->record[i].data, n) != 0)
            fail_msg("record %u differs:\n%s", i, text);
        spikes += x->record[i].n;
    }
    for (uint32_t g = 0; g < p->group.n; g++)
        assert_memory_equal(x->count[g], y->count[g],
                            TRIALS * p->group.data[g].n * sizeof(uint64_t));
    return spikes;
}

/* False: the network has no layer, or doesn't fit. */
static bool build(struct fixture *f, const char *text, const char *target)
{
    struct driver *d = &f->d;
    const struct build_options o = {.target = target};
    struct target_report report = {0};
    struct image_writer w = {0};
    driver_init(d);
    f->p = (struct program){.driver = d, .path = "text"};
    unit_init(&f->p.unit, &d->arena, &d->diags, "stdlib");
    const bool parsed = unit_load_text(&f->p.unit, "text", text, strlen(text));
    const bool ok = parsed && driver_image(&f->p, &o, &w, &report);
    if (!parsed)
        fail_msg("%s", text);
    target_report_free(&report);
    if (!ok) { /* it may not fit; anything else would be a mistake of this test */
        for (uint32_t i = 0; i < d->diags.list.n; i++)
            if (d->diags.list.data[i]->code != E0601 && d->diags.list.data[i]->code != E0602)
                fail_msg("%s\n%s", d->diags.list.data[i]->message, text);
        buf_free(&w.out);
        return false;
    }
    const struct bytes b = {arena_alloc(&d->arena, w.out.n), w.out.n};
    memcpy((void *)b.data, w.out.data, w.out.n);
    buf_free(&w.out);
    assert_true(image_open(&d->arena, b, &f->im, &d->diags, "text"));
    return true;
}

static void chip_and_engine_agree(void **state)
{
    (void)state;
    uint32_t built = 0, fired = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct dice d = {round + 1, 0};
        struct writer w = {.d = &d};
        struct fixture f = {0};
        write_network(&w);
        if (w.n > 1 && build(&f, w.b.data, round % 2 ? "speck2e" : "speck2f")) {
            struct plan engine, chip;
            struct findings found;
            struct run_result r[2];
            struct driver *v = &f.d;
            backend_interp(&f.b);
            assert_true(target_load(&v->arena, &f.im, &engine, &v->diags, "text"));
            assert_true(target_emulate(&v->arena, &f.im, &chip, &found, &v->diags, "text"));
            make_stimulus(&f, &engine, &d);
            run(&f, &engine, &r[0]);
            run(&f, &chip, &r[1]);
            built++;
            fired += compare(&engine, &r[0], &r[1], w.b.data) > 0;
            f.b.release(&f.b);
        }
        if (w.n > 1)
            driver_free(&f.d);
        buf_free(&w.b);
    }
    /* Enough of them are networks, and do something. */
    assert_true(built > ROUNDS / 2 && fired > built / 2);
    print_message("%u built, %u fired\n", built, fired);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(chip_and_engine_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
