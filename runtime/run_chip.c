/* One chip: its deviating parameters, the lets that follow from them, and code for its groups. */
#include "runtime/engine.h"
#include <float.h>
#include <math.h>

float flush_denormal(float x)
{
    return fabsf(x) < FLT_MIN ? copysignf(0, x) : x;
}

/* ---- code, shared by all that specialise in the same way ---------------------------------------
 */

static void specialise(struct arena *a, const struct column *c, uint32_t n, const bool **uniform,
                       const float **value)
{
    bool *u = ARENA_ARRAY(a, bool, n);
    float *v = ARENA_ARRAY(a, float, n);
    for (uint32_t i = 0; i < n; i++) {
        u[i] = c[i].uniform;
        v[i] = u[i] ? flush_denormal(c[i].v[0]) : 0;
    }
    *uniform = u;
    *value = v;
}

static struct kernel_spec make_spec(struct arena *a, const struct kernel *k,
                                    const struct chip_group *g, const bool *traced, float dt)
{
    struct kernel_spec s = {.kernel = k, .traced = traced, .dt = dt};
    specialise(a, g->param, k->n_params, &s.param_uniform, &s.param_value);
    specialise(a, g->let, k->n_lets, &s.let_uniform, &s.let_value);
    return s;
}

/* Bits, so that 0 and -0 differ and NaN equals itself. */
static bool same_values(const bool *ua, const bool *ub, const float *va, const float *vb,
                        uint32_t n)
{
    return n == 0 || (memcmp(ua, ub, n * sizeof *ua) == 0 && memcmp(va, vb, n * sizeof *va) == 0);
}

static bool same_spec(const struct kernel_spec *a, const struct kernel_spec *b)
{
    const uint32_t n_states = a->kernel->n_states;
    return a->kernel == b->kernel && a->dt == b->dt &&
           (n_states == 0 || memcmp(a->traced, b->traced, n_states * sizeof(bool)) == 0) &&
           same_values(a->param_uniform, b->param_uniform, a->param_value, b->param_value,
                       a->kernel->n_params) &&
           same_values(a->let_uniform, b->let_uniform, a->let_value, b->let_value,
                       a->kernel->n_lets);
}

static uint32_t find_code(const struct engine *e, const struct kernel_spec *s)
{
    uint32_t i = 0;
    while (i < e->codes.n && !same_spec(&e->codes.data[i].spec, s))
        i++;
    return i;
}

/* Code for all groups of a chip; the back end makes what isn't there yet in one call. Entries of
 * `codes` beyond `old` are the new ones. */
static bool find_codes(struct engine *e, struct chip *c)
{
    const struct plan *p = e->plan;
    const struct backend *b = e->options->backend;
    const uint32_t old = e->codes.n;
    uint32_t *at = ARENA_ARRAY(&c->arena, uint32_t, p->group.n);
    for (uint32_t i = 0; i < p->group.n; i++) {
        struct kernel_spec s = make_spec(&e->arena, e->hoisted[p->group.data[i].kernel].kernel,
                                         &c->group[i], e->schedule.group[i].traced, (float)p->dt);
        at[i] = find_code(e, &s);
        if (at[i] == e->codes.n)
            VEC_ADD(&e->arena, &e->codes)->spec = s;
        struct kernel_spec *used = &e->codes.data[at[i]].spec;
        const size_t lanes = padded_lanes((size_t)p->group.data[i].n * e->block);
        used->lanes = lanes > used->lanes ? lanes : used->lanes;
    }
    const uint32_t n = e->codes.n - old;
    struct kernel_spec *spec = ARENA_ARRAY(&e->arena, struct kernel_spec, n);
    struct kernel_code *code = ARENA_ARRAY(&e->arena, struct kernel_code, n);
    for (uint32_t i = 0; i < n; i++)
        spec[i] = e->codes.data[old + i].spec;
    if (n > 0 && !b->prepare(b, &e->arena, spec, n, code, e->diags)) {
        e->codes.n = old;
        return false;
    }
    for (uint32_t i = 0; i < n; i++)
        e->codes.data[old + i].code = code[i];
    for (uint32_t i = 0; i < p->group.n; i++)
        c->group[i].code = e->codes.data[at[i]].code;
    return true;
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
    pthread_mutex_lock(&e->lock);
    bool ok = find_codes(e, c);
    pthread_mutex_unlock(&e->lock);
    return ok;
}

void chip_free(struct chip *c)
{
    arena_free(&c->arena);
    c->group = NULL;
}
