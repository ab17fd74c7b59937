#include "tests/unit/unit.h"

#include "targets/speck/emulate.h"
#include "targets/speck/flash.h"
#include "tests/unit/speck_golden.h"

static const struct span NOWHERE = {0, 0, 0};

struct npy speck_golden_load(struct speck_golden *g, const char *member)
{
    struct npy x;
    const char *path = arena_printf(&g->d.arena, "tests/golden/speck/%s/golden.npz", g->name);
    assert_true(npy_load(&g->d.arena, path, member, &x, &g->d.diags, E0901, NOWHERE));
    return x;
}

static void open_source(struct speck_golden *g, const char *name)
{
    struct driver *d = &g->d;
    *g = (struct speck_golden){.name = name};
    driver_init(d);
    d->stdlib = "stdlib";
    const char *path = arena_printf(&d->arena, "tests/golden/speck/%s.dyn", name);
    assert_true(driver_open(d, path, &g->p));
}

/* g->plan under the stimulus of the source. */
static void run(struct speck_golden *g, const char *backend)
{
    struct driver *d = &g->d;
    struct backend b;
    assert_true(driver_stimulus(&g->p, &g->plan, NULL, NULL, 0, &g->stim));
    assert_true(driver_backend(d, backend, NULL, &b));
    struct run_record *record = ARENA_ARRAY(&d->arena, struct run_record, g->plan.record.n);
    for (uint32_t i = 0; i < g->plan.record.n; i++)
        record[i] = (struct run_record){g->plan.record.data[i].group, g->plan.record.data[i].state};
    const struct run_options run = {.raster = true,
                                    .stimulus = &g->stim,
                                    .trials = 1,
                                    .chips = 1,
                                    .backend = &b,
                                    .record = record,
                                    .n_record = g->plan.record.n};
    assert_true(run_plan(&d->arena, &g->plan, &run, &g->result, &d->diags));
    b.release(&b);
}

void speck_golden_run(struct speck_golden *g, const char *name, const char *semantics,
                      const char *dt, const char *backend)
{
    const struct build_options o = {.semantics = semantics, .dt = dt};
    open_source(g, name);
    assert_true(driver_plan(&g->p, &o, &g->plan));
    run(g, backend);
}

/* The device of what the flash bytes of an image say. */
static void boot(struct speck_golden *g, const struct image *im)
{
    struct driver *d = &g->d;
    struct arena *a = &d->arena;
    struct speck_config *c = ARENA_NEW(a, struct speck_config), written;
    struct speck_maps *m = ARENA_NEW(a, struct speck_maps);
    struct speck_faults f = {.arena = a};
    uint8_t *bytes = arena_alloc(a, SPECK_FLASH_SIZE);
    assert_true(speck_config_read(a, im, &written, m, &d->diags));
    assert_true(speck_flash_encode(&written, bytes, &f));
    assert_true(speck_flash_decode(a, (struct bytes){bytes, SPECK_FLASH_SIZE}, c, &f));
    g->plan.device = speck_device_new(a, c, m, &g->plan);
}

void speck_golden_emulate(struct speck_golden *g, const char *name, bool flash)
{
    const struct build_options o = {.target = "speck2e"};
    struct target_report report = {0};
    struct findings found;
    struct image_writer w;
    struct image *im;
    open_source(g, name);
    struct driver *d = &g->d;
    im = ARENA_NEW(&d->arena, struct image);
    assert_true(driver_image(&g->p, &o, &w, &report));
    target_report_free(&report);
    const struct bytes b = {arena_alloc(&d->arena, w.out.n), w.out.n};
    memcpy((void *)b.data, w.out.data, w.out.n);
    buf_free(&w.out);
    assert_true(image_open(&d->arena, b, im, &d->diags, name));
    assert_true(target_emulate(&d->arena, im, &g->plan, &found, &d->diags, name));
    if (flash)
        boot(g, im);
    run(g, "interp");
}

void speck_golden_free(struct speck_golden *g)
{
    driver_free(&g->d);
}

uint32_t speck_golden_record(const struct speck_golden *g, uint32_t group, int32_t state)
{
    uint32_t i = 0;
    while (i < g->result.n_record &&
           (g->result.record[i].what.group != group || g->result.record[i].what.state != state))
        i++;
    assert_true(i < g->result.n_record);
    return i;
}
