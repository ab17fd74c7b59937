/* Values of a group's neurons that stay the same in a run: computed once, so a plain loop of one
 * operation after another does. What depends on nothing that varies is computed once for all
 * neurons. */
#include "runtime/base/fpenv.h"
#include "runtime/hoist.h"
#include "runtime/kernel_operate.h"
#include "runtime/run.h"

typedef float operate_fn(enum kop op, float a, float b, float c);

/* One operation of a let; booleans are 1 and 0. Here exp and log are libm's in float64, rounded, as
 * the other functions are everywhere. */
static float operate_let(enum kop op, float a, float b, float c)
{
    if (op == K_EXP)
        return (float)exp((double)a);
    if (op == K_LOG)
        return (float)log((double)a);
    return kernel_operate(op, a, b, c);
}

static float operate_step(enum kop op, float a, float b, float c)
{
    return kernel_operate(op, a, b, c);
}

struct evaluation {
    operate_fn *operate;
    const struct kcode *code;
    const struct column *param, *let;
    float dt;
    bool *needed, *vary; /* of each value */
    float *v;            /* of the neuron that is worked on */
};

static void find_needs(struct evaluation *e)
{
    for (uint32_t i = 0; i < e->code->n_out; i++)
        e->needed[e->code->out[i]] = true;
    for (uint32_t v = e->code->n; v-- > 0;) {
        const struct kinst *in = &e->code->inst[v];
        for (uint32_t j = 0; e->needed[v] && j < kop_operands(in->op); j++)
            e->needed[kinst_operand(in, j)] = true;
    }
}

static const struct column *column_of(const struct evaluation *e, const struct kinst *in)
{
    return in->op == K_PARAM ? &e->param[in->index] : in->op == K_LET ? &e->let[in->index] : NULL;
}

static bool varies(const struct evaluation *e, const struct kinst *in)
{
    const struct column *c = column_of(e, in);
    if (c)
        return !c->uniform;
    bool vary = false;
    for (uint32_t j = 0; j < kop_operands(in->op); j++)
        vary = vary || e->vary[kinst_operand(in, j)];
    return vary;
}

static float value(const struct evaluation *e, const struct kinst *in, uint32_t i)
{
    const struct column *c = column_of(e, in);
    const uint32_t n = kop_operands(in->op);
    if (c)
        return c->v[c->uniform ? 0 : i];
    if (in->op == K_CONST)
        return in->imm;
    if (in->op == K_BOOLEAN)
        return in->imm != 0;
    if (in->op == K_DT)
        return e->dt;
    return e->operate(in->op, e->v[in->a], n > 1 ? e->v[in->b] : 0, n > 2 ? e->v[in->c] : 0);
}

/* Values that vary, or those that don't. */
static void compute(struct evaluation *e, bool vary, uint32_t neuron)
{
    for (uint32_t j = 0; j < e->code->n; j++) {
        if (e->needed[j] && e->vary[j] == vary)
            e->v[j] = value(e, &e->code->inst[j], neuron);
    }
}

static void evaluate(struct arena *a, struct evaluation *e, uint32_t n, struct column *out)
{
    struct arena scratch = {0};
    const struct kcode *code = e->code;
    e->needed = ARENA_ARRAY(&scratch, bool, code->n);
    e->vary = ARENA_ARRAY(&scratch, bool, code->n);
    e->v = ARENA_ARRAY(&scratch, float, code->n);
    uint64_t old = fpenv_flush();
    find_needs(e);
    bool any = false;
    for (uint32_t j = 0; j < code->n; j++) {
        e->vary[j] = e->needed[j] && varies(e, &code->inst[j]);
        any = any || e->vary[j];
    }
    compute(e, false, 0);
    for (uint32_t l = 0; l < code->n_out; l++) {
        out[l].uniform = !e->vary[code->out[l]];
        out[l].v = ARENA_ARRAY(a, float, out[l].uniform ? 1 : n);
        out[l].v[0] = e->v[code->out[l]];
    }
    for (uint32_t i = 0; any && i < n; i++) {
        compute(e, true, i);
        for (uint32_t l = 0; l < code->n_out; l++) {
            if (!out[l].uniform)
                out[l].v[i] = e->v[code->out[l]];
        }
    }
    fpenv_restore(old);
    arena_free(&scratch);
}

void kernel_lets(struct arena *a, const struct kernel *k, uint32_t n, const struct column *param,
                 float dt, struct column *let)
{
    struct evaluation e = {.operate = operate_let, .code = &k->lets, .param = param, .dt = dt};
    evaluate(a, &e, n, let);
}

void kernel_constants(struct arena *a, const struct kcode *code, uint32_t n,
                      const struct column *param, const struct column *let, float dt,
                      struct column *out)
{
    struct evaluation e = {
        .operate = operate_step, .code = code, .param = param, .let = let, .dt = dt};
    evaluate(a, &e, n, out);
}
