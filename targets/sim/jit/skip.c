/* Work that no lane may need: max(f(log(x)), 0), with f one or more roundings, is 0 unless x > 1. A
 * neuron that counts its spikes by a logarithm computes it in every step and needs it in few. Where
 * x is a quotient a / b that nothing else needs, it isn't computed either: with b > 0, a rounded
 * quotient above 1 means that a > b. */
#include "targets/sim/jit/jit.h"

static bool is_rounding(uint16_t op)
{
    return op == K_CEIL || op == K_FLOOR || op == K_ROUND || op == K_TRUNC;
}

static void count_uses(const struct kcode *code, uint32_t *uses)
{
    for (uint32_t i = 0; i < code->n; i++) {
        const struct kinst *in = &code->inst[i];
        const uint32_t operand[3] = {in->a, in->b, in->c};
        for (uint32_t j = 0; j < kop_operands((enum kop)in->op); j++)
            uses[operand[j]]++;
    }
    for (uint32_t i = 0; i < code->n_out; i++) {
        if (code->out[i] != K_NONE)
            uses[code->out[i]]++;
    }
    if (code->emit != K_NONE)
        uses[code->emit]++;
}

void jit_find_skips(struct arena *a, const struct kcode *code, struct jit_skip *out)
{
    uint32_t *uses = ARENA_ARRAY(a, uint32_t, code->n);
    count_uses(code, uses);
    for (uint32_t i = 0; i < code->n; i++)
        out[i] = (struct jit_skip){K_NONE, K_NONE, K_NONE};
    for (uint32_t i = 0; i < code->n; i++) {
        const struct kinst *max = &code->inst[i];
        if (max->op != K_MAX || code->inst[max->b].op != K_CONST || code->inst[max->b].imm != 0)
            continue;
        uint32_t log = max->a;
        while (is_rounding(code->inst[log].op) && uses[log] == 1)
            log = code->inst[log].a;
        if (log == max->a || code->inst[log].op != K_LOG || uses[log] != 1)
            continue;
        for (uint32_t j = max->a; j != log; j = code->inst[j].a)
            out[j].owner = i;
        out[log].owner = i;
        out[i].log = log;
        const uint32_t x = code->inst[log].a;
        if (code->inst[x].op == K_DIV && uses[x] == 1) {
            out[x].owner = i;
            out[i].div = x;
        }
    }
}
