#include "tests/unit/unit.h"

#include "tests/unit/speck_golden.h"

static const struct span NOWHERE = {0, 0, 0};

struct npy speck_golden_load(struct speck_golden *g, const char *member)
{
    struct npy x;
    const char *path = arena_printf(&g->d.arena, "tests/golden/speck/%s/golden.npz", g->name);
    assert_true(npy_load(&g->d.arena, path, member, &x, &g->d.diags, E0901, NOWHERE));
    return x;
}

void speck_golden_run(struct speck_golden *g, const char *name, const char *semantics,
                      const char *dt, const char *backend)
{
    struct driver *d = &g->d;
    const struct build_options o = {.semantics = semantics, .dt = dt};
    struct backend b;
    *g = (struct speck_golden){.name = name};
    driver_init(d);
    d->stdlib = "stdlib";
    const char *path = arena_printf(&d->arena, "tests/golden/speck/%s.dyn", name);
    assert_true(driver_open(d, path, &g->p));
    assert_true(driver_plan(&g->p, &o, &g->plan));
    assert_true(driver_stimulus(&g->p, &g->plan, NULL, NULL, 0, &g->stim));
    assert_true(driver_backend(d, backend, NULL, &b));
    struct run_record *record = ARENA_ARRAY(&d->arena, struct run_record, g->plan.record.n);
    for (uint32_t i = 0; i < g->plan.record.n; i++)
        record[i] = (struct run_record){g->plan.record.data[i].group, g->plan.record.data[i].state};
    const struct run_options run = {.stimulus = &g->stim,
                                    .trials = 1,
                                    .chips = 1,
                                    .backend = &b,
                                    .record = record,
                                    .n_record = g->plan.record.n};
    assert_true(run_plan(&d->arena, &g->plan, &run, &g->result, &d->diags));
    b.release(&b);
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
