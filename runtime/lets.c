/* The let values of a group's neurons: computed once, so a plain loop of one operation after
 * another does. What depends on nothing that varies is computed once for all neurons. */
#include "runtime/base/fpenv.h"
#include "runtime/kernel_operate.h"
#include "runtime/run.h"

/* One operation; booleans are 1 and 0. Here exp and log are libm's in float64, rounded, as the
 * other functions are everywhere. */
static float operate(enum kop op, float a, float b, float c)
{
    if (op == K_EXP)
        return (float)exp((double)a);
    if (op == K_LOG)
        return (float)log((double)a);
    return kernel_operate(op, a, b, c);
}

/* Instruction `in` for neuron i; `v` holds the values before it. */
static float value(const struct kinst *in, const struct column *param, float dt, uint32_t i,
                   const float *v)
{
    switch (in->op) {
    case K_CONST:
        return in->imm;
    case K_BOOLEAN:
        return in->imm != 0;
    case K_DT:
        return dt;
    case K_PARAM:
        return param[in->index].v[param[in->index].uniform ? 0 : i];
    default: {
        uint32_t n = kop_operands(in->op);
        return operate(in->op, v[in->a], n > 1 ? v[in->b] : 0, n > 2 ? v[in->c] : 0);
    }
    }
}

static bool varies(const struct kinst *in, const struct column *param, const bool *vary)
{
    if (in->op == K_PARAM)
        return !param[in->index].uniform;
    uint32_t n = kop_operands(in->op);
    return (n > 0 && vary[in->a]) || (n > 1 && vary[in->b]) || (n > 2 && vary[in->c]);
}

void kernel_lets(struct arena *a, const struct kernel *k, uint32_t n, const struct column *param,
                 float dt, struct column *let)
{
    struct arena scratch = {0};
    bool *vary = ARENA_ARRAY(&scratch, bool, k->lets.n);
    float *v = ARENA_ARRAY(&scratch, float, k->lets.n);
    uint64_t old = fpenv_flush();
    for (uint32_t j = 0; j < k->lets.n; j++) {
        const struct kinst *in = &k->lets.inst[j];
        vary[j] = varies(in, param, vary);
        if (!vary[j])
            v[j] = value(in, param, dt, 0, v);
    }
    for (uint32_t l = 0; l < k->n_lets; l++) {
        let[l].uniform = !vary[k->lets.out[l]];
        let[l].v = ARENA_ARRAY(a, float, let[l].uniform ? 1 : n);
        let[l].v[0] = v[k->lets.out[l]];
    }
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < k->lets.n; j++) {
            if (vary[j])
                v[j] = value(&k->lets.inst[j], param, dt, i, v);
        }
        for (uint32_t l = 0; l < k->n_lets; l++) {
            if (!let[l].uniform)
                let[l].v[i] = v[k->lets.out[l]];
        }
    }
    fpenv_restore(old);
    arena_free(&scratch);
}
