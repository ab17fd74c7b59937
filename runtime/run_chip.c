/* One chip: its deviating parameters, and the lets that follow from them. */
#include "runtime/engine.h"
#include <float.h>
#include <math.h>

float flush_denormal(float x)
{
    return fabsf(x) < FLT_MIN ? copysignf(0, x) : x;
}

/* ---- the chip ----------------------------------------------------------------------------------
 */

bool chip_build(struct engine *e, struct chip *c, uint32_t index)
{
    const struct plan *p = e->plan;
    c->index = index;
    c->group = ARENA_ARRAY(&c->arena, struct chip_group, p->group.n);
    for (uint32_t i = 0; i < p->group.n; i++) {
        const struct plan_group *g = &p->group.data[i];
        const struct kernel *k = p->kernel.data[g->kernel];
        struct chip_group *to = &c->group[i];
        to->param = ARENA_ARRAY(&c->arena, struct column, k->n_params);
        const struct hoisted *h = &e->hoisted[g->kernel];
        to->let = ARENA_ARRAY(&c->arena, struct column, h->kernel->n_lets);
        mismatch_apply(&c->arena, p, i, p->mismatch_seed + index, to->param);
        kernel_lets(&c->arena, k, g->n, to->param, (float)p->dt, to->let);
        kernel_constants(&c->arena, &h->code, g->n, to->param, to->let, (float)p->dt,
                         to->let + k->n_lets);
    }
    return chip_find_code(e, c);
}

void chip_free(struct chip *c)
{
    arena_free(&c->arena);
    c->group = NULL;
}
