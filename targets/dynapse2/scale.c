#include "targets/dynapse2/passes.h"
#include "targets/dynapse2/quantize.h"

void d2_scale_reads(const struct model *m, uint32_t receptor, bool *param, bool *let)
{
    model_reads(m, m->receptor.data[receptor].scale, param, let);
    for (uint32_t i = m->let.n; i-- > 0;) {
        if (let[i])
            model_reads(m, m->let.data[i].value, param, let);
    }
}

void d2_receptor_scale(struct arena *a, const struct net *n, uint32_t layer, uint32_t receptor,
                       struct d2_scale *out)
{
    const struct net_layer *l = &n->layer.data[layer];
    const struct model *m = l->model;
    uint32_t scale = m->receptor.data[receptor].scale;
    bool uniform = true;
    struct arena scratch = {0};
    bool *reads_param = ARENA_ARRAY(&scratch, bool, m->param.n);
    bool *reads_let = ARENA_ARRAY(&scratch, bool, m->let.n);
    double *param = ARENA_ARRAY(&scratch, double, m->param.n);
    double *let = ARENA_ARRAY(&scratch, double, m->let.n);
    struct model_env env = {n->dt, param, let};
    if (scale != MODEL_NONE)
        d2_scale_reads(m, receptor, reads_param, reads_let);
    for (uint32_t p = 0; p < m->param.n; p++)
        uniform = uniform && (!reads_param[p] || l->param[p].uniform);
    *out = (struct d2_scale){uniform ? 1 : l->n, NULL};
    out->v = ARENA_ARRAY(a, double, out->n);
    for (uint32_t e = 0; e < out->n; e++) {
        for (uint32_t p = 0; p < m->param.n; p++) {
            if (reads_param[p])
                param[p] = f32_decimal(d2_value(&l->param[p], e));
        }
        for (uint32_t i = 0; i < m->let.n; i++) {
            if (reads_let[i])
                let[i] = model_eval(m, m->let.data[i].value, &env);
        }
        out->v[e] = scale == MODEL_NONE ? 1 : model_eval(m, scale, &env);
    }
    arena_free(&scratch);
}
