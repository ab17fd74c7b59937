#include "runtime/kernel.h"
#include "runtime/base/rng.h"

struct op_entry {
    const char *text;
    uint32_t operands;
    enum ktype type;
};

static const struct op_entry ops[K_N_OPS] = {
#define KOP(op, text, n, type) {text, n, type},
#include "kernel_ops.def"
#undef KOP
};

const char *kop_text(enum kop op)
{
    return ops[op].text;
}

uint32_t kop_operands(enum kop op)
{
    return ops[op].operands;
}

enum ktype kop_type(enum kop op)
{
    return ops[op].type;
}

float kernel_random(float seed, const struct kernel_draws *d, size_t lane, size_t at)
{
    enum { QUIET_NAN = 0x7fc00000 }; /* which NaN an operation makes isn't defined */
    const uint64_t step = d->first_step + (d->stride ? (at - lane) / d->stride : 0);
    const uint32_t trial = d->first_trial + (uint32_t)(lane / d->neurons);
    struct rng_key key = {{QUIET_NAN, trial}};
    if (seed == seed)
        memcpy(&key.k[0], &seed, sizeof seed);
    uint32_t word[2];
    threefry(key, (uint32_t)(lane % d->neurons), (uint32_t)step, word);
    return (float)(word[0] >> 8) * 0x1p-24f;
}

/* The type that operand i of an operation must have. */
static enum ktype operand_type(enum kop op, uint32_t i)
{
    bool logic = op == K_AND || op == K_OR || op == K_NOT;
    return logic || (op == K_SELECT && i == 0) ? K_BOOL : K_F32;
}

/* ---- what matters ------------------------------------------------------------------------------
 */

struct live {
    const struct kcode *step;
    bool *value, *state;
    VEC(uint32_t) pending; /* values whose operands haven't been looked at */
    struct arena arena;
};

static void mark_value(struct live *l, uint32_t v)
{
    if (v == K_NONE || l->value[v])
        return;
    l->value[v] = true;
    VEC_PUSH(&l->arena, &l->pending, v);
}

static void mark_state(struct live *l, uint32_t i)
{
    l->state[i] = true;
    mark_value(l, l->step->out[i]);
}

void kernel_live(const struct kcode *step, const bool *traced, bool *value, bool *state)
{
    struct live l = {.step = step, .value = value, .state = state};
    mark_value(&l, step->emit);
    for (uint32_t i = 0; i < step->n_out; i++) {
        if (traced[i])
            mark_state(&l, i);
    }
    while (l.pending.n) {
        const struct kinst *in = &step->inst[l.pending.data[--l.pending.n]];
        if (in->op == K_STATE)
            mark_state(&l, in->index);
        for (uint32_t j = 0; j < kop_operands(in->op); j++)
            mark_value(&l, kinst_operand(in, j));
    }
    arena_free(&l.arena);
}

/* ---- text --------------------------------------------------------------------------------------
 */

static const char *indexed_name(const struct kernel *k, const struct kinst *in)
{
    switch (in->op) {
    case K_PARAM:
        return k->param[in->index].name;
    case K_STATE:
        return k->state[in->index];
    case K_RECEIVE:
        return k->receptor[in->index];
    default:
        return NULL;
    }
}

static void instruction_text(struct buf *out, const struct kernel *k, const struct kinst *in)
{
    buf_puts(out, kop_text(in->op));
    const char *name = indexed_name(k, in);
    if (name)
        buf_printf(out, " %s", name);
    else if (in->op == K_LET)
        buf_printf(out, " %u", in->index);
    for (uint32_t i = 0; i < kop_operands(in->op); i++)
        buf_printf(out, " v%u", kinst_operand(in, i));
    if (in->op == K_CONST) {
        buf_putc(out, ' ');
        buf_f32_text(out, in->imm);
    } else if (in->op == K_BOOLEAN) {
        buf_puts(out, in->imm != 0 ? " true" : " false");
    }
}

static void code_text(struct buf *out, const struct kernel *k, const struct kcode *code,
                      const char *title)
{
    if (code->n == 0 && code->n_out == 0)
        return;
    buf_printf(out, "%s\n", title);
    for (uint32_t i = 0; i < code->n; i++) {
        buf_printf(out, "  v%u = ", i);
        instruction_text(out, k, &code->inst[i]);
        buf_putc(out, '\n');
    }
    for (uint32_t i = 0; i < code->n_out; i++) {
        if (code == &k->lets)
            buf_printf(out, "  let %u = v%u\n", i, code->out[i]);
        else if (code->out[i] != K_NONE)
            buf_printf(out, "  %s = v%u\n", k->state[i], code->out[i]);
    }
    if (code->emit != K_NONE)
        buf_printf(out, "  emit v%u\n", code->emit);
}

void kernel_text(struct buf *out, const struct kernel *k)
{
    buf_printf(out, "kernel %s\n", k->model);
    code_text(out, k, &k->lets, "lets");
    code_text(out, k, &k->step, "step");
    code_text(out, k, &k->event, "event");
}

/* ---- verifying ---------------------------------------------------------------------------------
 */

enum where { IN_LETS, IN_STEP, IN_EVENT };

static const char *check_index(const struct kernel *k, const struct kinst *in, enum where where)
{
    switch (in->op) {
    case K_PARAM:
        return in->index < k->n_params ? NULL : "parameter out of range";
    case K_LET:
        if (where == IN_LETS)
            return "a let read by the code that computes them";
        return in->index < k->n_lets ? NULL : "let out of range";
    case K_STATE:
        if (where == IN_LETS)
            return "a state read by a let";
        return in->index < k->n_states ? NULL : "state out of range";
    case K_RECEIVE:
        if (where != IN_STEP)
            return "a receptor read outside a step";
        return in->index < k->n_receptors ? NULL : "receptor out of range";
    case K_SPIKES:
        return where == IN_STEP ? NULL : "the spike count read outside a step";
    case K_DT:
        return where == IN_EVENT ? "the time step read by event code" : NULL;
    case K_RANDOM:
        return where == IN_STEP ? NULL : "a random number drawn outside a step";
    case K_WEIGHT:
        return where == IN_EVENT ? NULL : "a weight read outside event code";
    default:
        return NULL;
    }
}

static bool is_value(const struct kcode *code, uint32_t limit, uint32_t v, enum ktype type)
{
    return v < limit && kop_type(code->inst[v].op) == type;
}

static const char *check_code(const struct kernel *k, const struct kcode *code, enum where where)
{
    for (uint32_t i = 0; i < code->n; i++) {
        const struct kinst *in = &code->inst[i];
        if (in->op >= K_N_OPS)
            return "unknown operation";
        const char *wrong = check_index(k, in, where);
        if (wrong)
            return wrong;
        for (uint32_t j = 0; j < kop_operands(in->op); j++) {
            if (!is_value(code, i, kinst_operand(in, j), operand_type(in->op, j)))
                return "operand that isn't an earlier value of the right type";
        }
    }
    uint32_t wanted = where == IN_LETS ? k->n_lets : code->n ? k->n_states : code->n_out;
    if (code->n_out != wanted)
        return "wrong number of results";
    for (uint32_t i = 0; i < code->n_out; i++) {
        bool unchanged = where != IN_LETS && code->out[i] == K_NONE;
        if (!unchanged && !is_value(code, code->n, code->out[i], K_F32))
            return "result that isn't a number";
    }
    if (code->emit != K_NONE && (where == IN_LETS || !is_value(code, code->n, code->emit, K_F32)))
        return "spike count that isn't a number";
    return NULL;
}

bool kernel_verify(const struct kernel *k, const char **why)
{
    const char *wrong = NULL;
    /* kinst.index has 16 bits. */
    if (k->n_params > UINT16_MAX || k->n_lets > UINT16_MAX || k->n_states > UINT16_MAX ||
        k->n_receptors > UINT16_MAX)
        wrong = "too many parameters, lets, states or receptors";
    for (uint32_t i = 0; !wrong && i < k->n_params; i++) {
        if (k->param[i].kind > K_PARAM_BIAS)
            wrong = "unknown kind of parameter";
    }
    if (!wrong)
        wrong = check_code(k, &k->lets, IN_LETS);
    if (!wrong)
        wrong = check_code(k, &k->step, IN_STEP);
    if (!wrong)
        wrong = check_code(k, &k->event, IN_EVENT);
    if (wrong)
        *why = wrong;
    return !wrong;
}

static bool is_constant(const struct kcode *code, uint32_t v, float x)
{
    return code->inst[v].op == K_CONST && code->inst[v].imm == x;
}

bool kernel_fires_once(const struct kcode *code, uint32_t *fires, bool *inverted)
{
    const uint32_t v = code->emit;
    *fires = K_NONE;
    *inverted = false;
    if (v == K_NONE || is_constant(code, v, 0))
        return true;
    const struct kinst *in = &code->inst[v];
    *fires = v;
    if (kop_type((enum kop)in->op) == K_BOOL)
        return true;
    if (in->op != K_SELECT)
        return false;
    *fires = in->a;
    *inverted = is_constant(code, in->b, 0);
    return (is_constant(code, in->b, 1) && is_constant(code, in->c, 0)) ||
           (*inverted && is_constant(code, in->c, 1));
}
