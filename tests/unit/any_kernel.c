#include "tests/unit/unit.h"

#include "runtime/base/rng.h"
#include "tests/unit/any_kernel.h"
#include <float.h>
#include <math.h>

/* ---- random numbers ---- */

uint32_t roll(struct dice *d, uint32_t n)
{
    return (uint32_t)(rng_uniform(d->seed, d->index++) * n);
}

float any_float(struct dice *d)
{
    static const float special[] = {0.0f, -0.0f,   1.0f,     -1.0f,      INFINITY, -INFINITY,
                                    NAN,  FLT_MIN, -FLT_MIN, FLT_MAX,    -FLT_MAX, 0.5f,
                                    2.0f, 1.5f,    -2.5f,    8388609.0f, 1e-30f,   88.0f};
    enum { N = sizeof special / sizeof *special };
    if (roll(d, 4) == 0)
        return special[roll(d, N)];
    double magnitude = pow(10, 12 * rng_uniform(d->seed, d->index++) - 7);
    return (float)(roll(d, 3) ? magnitude : -magnitude);
}

/* ---- random kernels ---- */

static uint32_t any_value(struct dice *d, const struct kinst *inst, uint32_t n, enum ktype type)
{
    for (;;) {
        /* Mostly recent values, so that chains get long. */
        uint32_t v = roll(d, 3) ? n - 1 - roll(d, n < 12 ? n : 12) : roll(d, n);
        if (kop_type((enum kop)inst[v].op) == type)
            return v;
    }
}

static struct kinst any_leaf(struct dice *d)
{
    static const uint8_t leaves[] = {K_CONST, K_BOOLEAN, K_DT,     K_PARAM, K_LET,
                                     K_STATE, K_RECEIVE, K_SPIKES, K_PARAM, K_STATE};
    static const uint32_t range[K_N_OPS] = {
        [K_PARAM] = N_PARAMS, [K_LET] = N_LETS, [K_STATE] = N_STATES, [K_RECEIVE] = N_RECEPTORS};
    struct kinst in = {.op = leaves[roll(d, sizeof leaves)]};
    if (range[in.op])
        in.index = (uint16_t)roll(d, range[in.op]);
    if (in.op == K_CONST)
        in.imm = any_float(d);
    if (in.op == K_BOOLEAN)
        in.imm = (float)roll(d, 2);
    return in;
}

static struct kinst any_operation(struct dice *d, const struct kinst *inst, uint32_t n)
{
    struct kinst in = {.op = (uint16_t)(K_ADD + roll(d, K_N_OPS - K_ADD))};
    enum ktype type = in.op == K_AND || in.op == K_OR || in.op == K_NOT ? K_BOOL : K_F32;
    uint32_t n_operands = kop_operands((enum kop)in.op);
    in.a = any_value(d, inst, n, in.op == K_SELECT ? K_BOOL : type);
    if (n_operands > 1)
        in.b = any_value(d, inst, n, type);
    if (n_operands > 2)
        in.c = any_value(d, inst, n, type);
    return in;
}

/* max(ceil(log(x)), 0) and max(ceil(log(x / y)), 0) and the like, which the JIT skips where it can.
 */
static uint32_t put_count(struct dice *d, struct kinst *inst, uint32_t n)
{
    static const uint8_t rounding[] = {K_CEIL, K_FLOOR, K_ROUND, K_TRUNC};
    uint32_t x = any_value(d, inst, n, K_F32);
    uint32_t y = any_value(d, inst, n, K_F32);
    inst[n] = (struct kinst){.op = K_CONST, .imm = roll(d, 4) ? 0.0f : -0.0f};
    const uint32_t zero = n++;
    if (roll(d, 2)) {
        inst[n] = (struct kinst){.op = K_CONST, .imm = any_float(d)};
        y = n++;
    }
    if (roll(d, 2)) {
        inst[n] = (struct kinst){.op = K_DIV, .a = x, .b = y};
        x = n++;
    }
    inst[n] = (struct kinst){.op = K_LOG, .a = x};
    inst[n + 1] = (struct kinst){.op = rounding[roll(d, 4)], .a = n};
    inst[n + 2] = (struct kinst){.op = K_MAX, .a = n + 1, .b = zero};
    return n + 3;
}

struct kernel *any_kernel(struct arena *a, struct dice *d)
{
    static const char *const name[] = {"w", "x", "y", "z"};
    struct kernel *k = ARENA_NEW(a, struct kernel);
    *k = (struct kernel){.model = "random",
                         .n_params = N_PARAMS,
                         .n_lets = N_LETS,
                         .n_receptors = N_RECEPTORS,
                         .n_states = N_STATES};
    k->param = ARENA_ARRAY(a, struct kparam, N_PARAMS);
    for (uint32_t i = 0; i < N_PARAMS; i++)
        k->param[i].name = name[i];
    k->receptor = (const char **)memcpy(ARENA_ARRAY(a, char *, N_RECEPTORS), name,
                                        N_RECEPTORS * sizeof *name);
    k->state = (const char **)memcpy(ARENA_ARRAY(a, char *, N_STATES), name, sizeof name);
    k->lets = (struct kcode){.n = 1, .n_out = N_LETS, .emit = K_NONE};
    k->lets.inst = ARENA_NEW(a, struct kinst);
    k->lets.inst[0] = (struct kinst){.op = K_DT};
    k->lets.out = ARENA_ARRAY(a, uint32_t, N_LETS);
    k->event.emit = K_NONE;

    struct kcode *step = &k->step;
    step->inst = ARENA_ARRAY(a, struct kinst, N_INST);
    step->inst[0] = (struct kinst){.op = K_STATE};
    step->inst[1] = (struct kinst){.op = K_LT};
    step->n = 2;
    while (step->n < N_INST - 6) {
        if (step->n > 12 && roll(d, 12) == 0) {
            step->n = put_count(d, step->inst, step->n);
            continue;
        }
        bool early = step->n < 12 || roll(d, 10) == 0;
        step->inst[step->n] = early ? any_leaf(d) : any_operation(d, step->inst, step->n);
        step->n++;
    }
    step->n_out = N_STATES;
    step->out = ARENA_ARRAY(a, uint32_t, N_STATES);
    for (uint32_t i = 0; i < N_STATES; i++)
        step->out[i] = roll(d, 5) ? any_value(d, step->inst, step->n, K_F32) : K_NONE;
    step->emit = roll(d, 5) ? any_value(d, step->inst, step->n, K_F32) : K_NONE;
    return k;
}
