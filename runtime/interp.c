/* From kernel IR to the interpreter's code: constants and columns become slots, values get
 * registers by how long they live, what nothing needs is left out. */
#include "runtime/interp.h"

enum {
    BLOCK_MAX = 256,            /* lanes: long loops, and registers that stay in the first cache */
    REGISTER_FLOATS = 16 * 1024 /* all registers together: less than the second cache */
};

struct lower {
    struct arena *arena;
    const struct kernel_spec *spec;
    const struct kcode *step; /* or the event code */
    bool integer;             /* sums saturate */
    struct interp_code *out;
    uint32_t *slot;                /* of each value; K_NONE: none yet */
    uint32_t *last_use;            /* of each value: the latest instruction that reads it */
    bool *needed, *state_needed;   /* values and states that matter */
    struct map64 constant, column; /* bits, and (op, index): to slots */
    VEC(float) constants;
    VEC(struct interp_column) columns;
    VEC(struct interp_inst) code;
    VEC(uint32_t) released; /* registers that may be used again */
};

static bool is_operation(const struct kinst *in)
{
    return kop_operands(in->op) > 0;
}

/* ---- what is needed, and until when ------------------------------------------------------------
 */

/* Whatever a slot must hold at the end of a step: results, and old values that are traced. */
static void find_needs(struct lower *l)
{
    const uint32_t end = l->step->n;
    kernel_live(l->step, l->spec->traced, l->needed, l->state_needed);
    for (uint32_t v = 0; v < end; v++) {
        for (uint32_t j = 0; l->needed[v] && j < kop_operands(l->step->inst[v].op); j++)
            l->last_use[kinst_operand(&l->step->inst[v], j)] = v;
    }
    for (uint32_t i = 0; i < l->step->n_out; i++) {
        if (l->state_needed[i] && l->step->out[i] != K_NONE)
            l->last_use[l->step->out[i]] = end;
    }
    if (l->step->emit != K_NONE)
        l->last_use[l->step->emit] = end;
}

/* ---- slots -------------------------------------------------------------------------------------
 */

/* True if the value is one for all lanes and known. */
static bool constant_value(const struct kernel_spec *s, const struct kinst *in, float *x)
{
    switch (in->op) {
    case K_CONST:
        *x = in->imm;
        return true;
    case K_BOOLEAN:
        *x = in->imm != 0 ? 1 : 0;
        return true;
    case K_DT:
        *x = s->dt;
        return true;
    case K_PARAM:
        *x = s->param_value[in->index];
        return s->param_uniform[in->index];
    case K_LET:
        *x = s->let_value[in->index];
        return s->let_uniform[in->index];
    default:
        return false;
    }
}

static uint32_t constant_slot(struct lower *l, float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    int fresh;
    uint32_t slot = map64_put(&l->constant, bits, l->constants.n, &fresh);
    if (fresh)
        VEC_PUSH(l->arena, &l->constants, x);
    return slot;
}

/* Columns stand behind the constants, whose number isn't known before all leaves were seen: the
 * caller adds it. */
static uint32_t column_slot(struct lower *l, uint32_t op, uint32_t index)
{
    index = op == K_SPIKES || op == K_WEIGHT ? 0 : index;
    int fresh;
    uint32_t slot = map64_put(&l->column, (uint64_t)op << 32 | index, l->columns.n, &fresh);
    if (fresh)
        VEC_PUSH(l->arena, &l->columns, ((struct interp_column){op, index}));
    return slot;
}

static bool traces_old(const struct lower *l, uint32_t state)
{
    return l->spec->traced[state] && l->step->out[state] == K_NONE;
}

static void place_leaves(struct lower *l)
{
    for (uint32_t v = 0; v < l->step->n; v++) {
        const struct kinst *in = &l->step->inst[v];
        float x;
        if (l->needed[v] && !is_operation(in) && constant_value(l->spec, in, &x))
            l->slot[v] = constant_slot(l, x);
    }
    for (uint32_t v = 0; v < l->step->n; v++) {
        const struct kinst *in = &l->step->inst[v];
        if (l->needed[v] && !is_operation(in) && l->slot[v] == K_NONE)
            l->slot[v] = l->constants.n + column_slot(l, in->op, in->index);
    }
    for (uint32_t i = 0; i < l->step->n_out; i++) {
        if (traces_old(l, i))
            column_slot(l, K_STATE, i);
    }
}

/* ---- registers ---------------------------------------------------------------------------------
 */

static uint32_t first_register(const struct lower *l)
{
    return l->constants.n + l->columns.n;
}

static uint32_t take_register(struct lower *l)
{
    if (l->released.n)
        return l->released.data[--l->released.n];
    return first_register(l) + l->out->n_registers++;
}

/* Operands are released after the result got its register, so that no operation writes what it
 * reads (interp_step.c relies on it). */
static void release_operands(struct lower *l, uint32_t v)
{
    const struct kinst *in = &l->step->inst[v];
    for (uint32_t j = 0; j < kop_operands(in->op); j++) {
        uint32_t x = kinst_operand(in, j);
        if (l->slot[x] >= first_register(l) && l->last_use[x] == v) {
            VEC_PUSH(l->arena, &l->released, l->slot[x]);
            l->last_use[x] = K_NONE; /* it may be two operands of this instruction */
        }
    }
}

static bool may_leave_range(uint32_t op)
{
    return op == K_ADD || op == K_SUB || op == K_NEG || op == K_ABS;
}

static void saturate(struct lower *l, uint32_t v)
{
    const uint32_t from = l->slot[v];
    l->slot[v] = take_register(l);
    VEC_PUSH(l->arena, &l->code,
             ((struct interp_inst){.op = INTERP_SATURATE, .out = l->slot[v], .a = from}));
    VEC_PUSH(l->arena, &l->released, from);
}

static void allocate(struct lower *l)
{
    for (uint32_t v = 0; v < l->step->n; v++) {
        const struct kinst *in = &l->step->inst[v];
        if (!l->needed[v] || !is_operation(in))
            continue;
        uint32_t n = kop_operands(in->op);
        l->slot[v] = take_register(l);
        VEC_PUSH(l->arena, &l->code,
                 ((struct interp_inst){.op = in->op,
                                       .out = l->slot[v],
                                       .a = l->slot[in->a],
                                       .b = n > 1 ? l->slot[in->b] : 0,
                                       .c = n > 2 ? l->slot[in->c] : 0}));
        release_operands(l, v);
        if (l->integer && may_leave_range(in->op))
            saturate(l, v);
    }
}

/* ---- results -----------------------------------------------------------------------------------
 */

/* The slot of a result. Columns of states and spikes are overwritten with results one after another
 * at the end of a block, so a result that is another one's old value is copied before. */
static uint32_t result_slot(struct lower *l, uint32_t v)
{
    uint16_t op = l->step->inst[v].op;
    if (op != K_STATE && op != K_SPIKES)
        return l->slot[v];
    uint32_t copy = take_register(l);
    VEC_PUSH(l->arena, &l->code,
             ((struct interp_inst){.op = INTERP_COPY, .out = copy, .a = l->slot[v]}));
    return copy;
}

static bool keeps_own(const struct lower *l, uint32_t state, uint32_t v)
{
    return v == K_NONE || (l->step->inst[v].op == K_STATE && l->step->inst[v].index == state);
}

static void place_results(struct lower *l)
{
    struct interp_code *k = l->out;
    const uint32_t n = l->step->n_out;
    uint32_t *slot = ARENA_ARRAY(l->arena, uint32_t, n); /* where a state's new value is */
    k->out = arena_alloc(l->arena, n * sizeof *k->out);
    k->trace = arena_alloc(l->arena, n * sizeof *k->trace);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t v = l->step->out[i];
        if (!l->state_needed[i])
            continue;
        if (keeps_own(l, i, v)) {
            slot[i] = l->constants.n + column_slot(l, K_STATE, i);
            continue;
        }
        slot[i] = result_slot(l, v);
        k->out[k->n_out].state = i;
        k->out[k->n_out++].slot = slot[i];
    }
    for (uint32_t i = 0; i < n; i++) {
        if (!l->spec->traced[i])
            continue;
        k->trace[k->n_trace].state = i;
        k->trace[k->n_trace++].slot = slot[i];
    }
    k->emit = l->step->emit == K_NONE ? constant_slot(l, 0) : result_slot(l, l->step->emit);
}

static void fill_constants(struct lower *l)
{
    struct interp_code *k = l->out;
    k->constant = ARENA_ARRAY(l->arena, float, (size_t)k->n_constants * k->block);
    for (uint32_t i = 0; i < k->n_constants; i++) {
        for (uint32_t j = 0; j < k->block; j++)
            k->constant[(size_t)i * k->block + j] = l->constants.data[i];
    }
}

static struct interp_code *lower(struct arena *a, const struct kernel_spec *spec,
                                 const struct kcode *step, bool integer)
{
    struct lower l = {.arena = a, .spec = spec, .step = step, .integer = integer};
    l.out = ARENA_NEW(a, struct interp_code);
    l.slot = ARENA_ARRAY(a, uint32_t, step->n);
    memset(l.slot, 0xff, step->n * sizeof *l.slot);
    l.last_use = ARENA_ARRAY(a, uint32_t, step->n);
    l.needed = ARENA_ARRAY(a, bool, step->n);
    l.state_needed = ARENA_ARRAY(a, bool, step->n_out);
    map64_init(&l.constant, a);
    map64_init(&l.column, a);

    find_needs(&l);
    if (step->emit == K_NONE)
        constant_slot(&l, 0); /* what place_results() emits */
    place_leaves(&l);
    allocate(&l);
    place_results(&l);

    struct interp_code *k = l.out;
    k->n_constants = l.constants.n;
    k->n_columns = l.columns.n;
    k->column = l.columns.data;
    k->n = l.code.n;
    k->inst = l.code.data;
    k->block = BLOCK_MAX;
    while (k->block > 16 && (size_t)k->block * k->n_registers > REGISTER_FLOATS)
        k->block /= 2;
    fill_constants(&l);
    return k;
}

/* ---- the back end ------------------------------------------------------------------------------
 */

kernel_step_fn *interp_step_for(enum cpu_level level)
{
#if defined __x86_64__
    if (level == CPU_AVX512)
        return interp_step_avx512;
    if (level == CPU_AVX2)
        return interp_step_avx2;
#else
    (void)level;
#endif
    return interp_step_base;
}

static bool prepare(const struct backend *b, struct arena *a, const struct kernel_spec *spec,
                    uint32_t n, struct kernel_code *out, struct diags *d)
{
    (void)d;
    for (uint32_t i = 0; i < n; i++)
        out[i] = (struct kernel_code){interp_step_for(b->cpu),
                                      lower(a, &spec[i], &spec[i].kernel->step, false)};
    return true;
}

static event_serve_fn *event_for(enum cpu_level level)
{
#if defined __x86_64__
    if (level == CPU_AVX512)
        return interp_event_avx512;
    if (level == CPU_AVX2)
        return interp_event_avx2;
#else
    (void)level;
#endif
    return interp_event_base;
}

bool interp_prepare_events(const struct backend *b, struct arena *a, const struct event_spec *spec,
                           uint32_t n, struct event_code *out, struct diags *d)
{
    (void)d;
    for (uint32_t i = 0; i < n; i++) {
        const struct event_spec *from = &spec[i];
        bool *all = ARENA_ARRAY(a, bool, from->kernel->n_states);
        memset(all, true, from->kernel->n_states);
        const struct kernel_spec s = {.kernel = from->kernel,
                                      .param_uniform = from->param_uniform,
                                      .let_uniform = from->let_uniform,
                                      .param_value = from->param_value,
                                      .let_value = from->let_value,
                                      .traced = all,
                                      .dt = from->dt};
        uint32_t fires;
        bool inverted;
        struct interp_code *code = lower(a, &s, &from->kernel->event, from->integer);
        code->once = kernel_fires_once(&from->kernel->event, &fires, &inverted);
        struct interp_event *e = ARENA_NEW(a, struct interp_event);
        *e = (struct interp_event){code, from->map};
        out[i] = (struct event_code){.serve = event_for(b->cpu), .code = e, .once = code->once};
    }
    return true;
}

static void release(const struct backend *b)
{
    (void)b; /* all is in the arena */
}

void backend_interp(struct backend *out)
{
    *out = (struct backend){.name = "interp",
                            .cpu = cpu_level(),
                            .prepare = prepare,
                            .prepare_events = interp_prepare_events,
                            .release = release};
}
