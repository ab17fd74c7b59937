#include "compiler/net/derive.h"

void derive_init(struct derive *d, struct arena *a, const struct model *m, uint32_t n, double dt)
{
    *d = (struct derive){.arena = a, .model = m, .n = n, .dt = dt};
    d->param = ARENA_ARRAY(a, struct derived, m->param.n);
    d->let = ARENA_ARRAY(a, struct derived, m->let.n);
    d->reads_param = ARENA_ARRAY(a, bool, m->param.n);
    d->reads_let = ARENA_ARRAY(a, bool, m->let.n);
    d->env_param = ARENA_ARRAY(a, double, m->param.n);
    d->env_let = ARENA_ARRAY(a, double, m->let.n);
}

/* Puts the values of neuron k into `env`; returns whether all that are read are uniform. */
static bool gather(const struct derived *from, const bool *reads, uint32_t n, uint32_t k,
                   double *env)
{
    bool uniform = true;
    for (uint32_t i = 0; i < n; i++) {
        if (!reads[i])
            continue;
        env[i] = from[i].v[from[i].uniform ? 0 : k];
        uniform = uniform && from[i].uniform;
    }
    return uniform;
}

struct derived derive_expr(struct derive *d, uint32_t expr)
{
    const struct model *m = d->model;
    memset(d->reads_param, 0, m->param.n * sizeof *d->reads_param);
    memset(d->reads_let, 0, m->let.n * sizeof *d->reads_let);
    model_reads(m, expr, d->reads_param, d->reads_let);
    struct model_env env = {d->dt, d->env_param, d->env_let};
    bool uniform = gather(d->param, d->reads_param, m->param.n, 0, d->env_param);
    uniform = gather(d->let, d->reads_let, m->let.n, 0, d->env_let) && uniform;
    struct derived out = {.uniform = uniform};
    out.v = ARENA_ARRAY(d->arena, double, uniform ? 1 : d->n);
    out.v[0] = model_eval(m, expr, &env);
    for (uint32_t k = 1; !uniform && k < d->n; k++) {
        gather(d->param, d->reads_param, m->param.n, k, d->env_param);
        gather(d->let, d->reads_let, m->let.n, k, d->env_let);
        out.v[k] = model_eval(m, expr, &env);
    }
    return out;
}

void derive_lets(struct derive *d)
{
    for (uint32_t i = 0; i < d->model->let.n; i++)
        d->let[i] = derive_expr(d, d->model->let.data[i].value);
}
