#include "tests/unit/unit.h"

#include "tests/unit/run_fixture.h"

int run_fixture_set_up(void **state)
{
    struct run_fixture *f = calloc(1, sizeof *f);
    backend_interp(&f->interp);
    f->p = ARENA_NEW(&f->a, struct plan);
    *f->p = (struct plan){.network = "n", .dt = 1e-3};
    f->s.name = "s";
    f->o = (struct run_options){
        .stimulus = &f->s, .trials = 1, .chips = 1, .jobs = 1, .backend = &f->interp};
    *state = f;
    return 0;
}

int run_fixture_tear_down(void **state)
{
    struct run_fixture *f = *state;
    diags_free(&f->d);
    arena_free(&f->a);
    free(f);
    return 0;
}

void run_fixture_record_all(struct run_fixture *f)
{
    VEC(struct run_record) all = {0};
    for (uint32_t g = 0; g < f->p->group.n; g++) {
        uint32_t n = f->p->kernel.data[f->p->group.data[g].kernel]->n_states;
        for (int32_t s = -1; s < (int32_t)n; s++)
            VEC_PUSH(&f->a, &all, ((struct run_record){g, s}));
    }
    f->o.record = all.data;
    f->o.n_record = all.n;
}

const void *run_fixture_recorded(const struct run_result *r, uint32_t group, int32_t state)
{
    for (uint32_t i = 0; i < r->n_record; i++) {
        if (r->record[i].what.group == group && r->record[i].what.state == state)
            return r->record[i].data;
    }
    fail();
    return NULL;
}
