/* Kernels as bytes, as IMAGE.md describes them in section KERN. */
#include "runtime/image.h"

static bool has_index(enum kop op)
{
    return op == K_PARAM || op == K_LET || op == K_STATE || op == K_RECEIVE;
}

static bool has_imm(enum kop op)
{
    return op == K_CONST || op == K_BOOLEAN;
}

/* Only what an operation has is written, so that equal kernels have equal bytes. */
static void write_code(struct buf *out, const struct kcode *code)
{
    buf_u32(out, code->n);
    for (uint32_t i = 0; i < code->n; i++) {
        const struct kinst *in = &code->inst[i];
        const uint32_t operand[3] = {in->a, in->b, in->c};
        buf_u16(out, in->op);
        buf_u16(out, has_index(in->op) ? in->index : 0);
        for (uint32_t j = 0; j < kop_operands(in->op); j++)
            buf_u32(out, operand[j]);
        if (has_imm(in->op))
            buf_f32(out, in->imm);
    }
    buf_u32(out, code->n_out);
    for (uint32_t i = 0; i < code->n_out; i++)
        buf_u32(out, code->out[i]);
    buf_u32(out, code->emit);
}

void kernel_write(struct buf *out, const struct kernel *k)
{
    write_str(out, k->model);
    buf_u32(out, k->n_params);
    for (uint32_t i = 0; i < k->n_params; i++) {
        write_str(out, k->param[i].name);
        buf_u8(out, k->param[i].kind);
    }
    buf_u32(out, k->n_receptors);
    for (uint32_t i = 0; i < k->n_receptors; i++)
        write_str(out, k->receptor[i]);
    buf_u32(out, k->n_states);
    for (uint32_t i = 0; i < k->n_states; i++)
        write_str(out, k->state[i]);
    buf_u32(out, k->n_lets);
    write_code(out, &k->lets);
    write_code(out, &k->step);
    write_code(out, &k->event);
}

static void read_inst(struct reader *r, struct kinst *in)
{
    *in = (struct kinst){.op = read_u16(r)};
    in->index = read_u16(r);
    if (in->op >= K_N_OPS) {
        r->failed = true; /* how long the instruction is can't be known */
        return;
    }
    uint32_t *operand[3] = {&in->a, &in->b, &in->c};
    for (uint32_t j = 0; j < kop_operands(in->op); j++)
        *operand[j] = read_u32(r);
    if (has_imm(in->op))
        in->imm = read_f32(r);
}

static void read_code(struct arena *a, struct reader *r, struct kcode *code)
{
    code->n = read_count(r, 4);
    code->inst = ARENA_ARRAY(a, struct kinst, code->n);
    for (uint32_t i = 0; i < code->n && !r->failed; i++)
        read_inst(r, &code->inst[i]);
    code->n_out = read_count(r, 4);
    code->out = ARENA_ARRAY(a, uint32_t, code->n_out);
    for (uint32_t i = 0; i < code->n_out; i++)
        code->out[i] = read_u32(r);
    code->emit = read_u32(r);
}

static const char **read_names(struct arena *a, struct reader *r, uint32_t *n)
{
    *n = read_count(r, 4);
    const char **name = ARENA_ARRAY(a, const char *, *n);
    for (uint32_t i = 0; i < *n; i++)
        name[i] = read_str(a, r);
    return name;
}

struct kernel *kernel_read(struct arena *a, struct reader *r, struct diags *d)
{
    struct kernel *k = ARENA_NEW(a, struct kernel);
    k->model = read_str(a, r);
    k->n_params = read_count(r, 5);
    k->param = ARENA_ARRAY(a, struct kparam, k->n_params);
    for (uint32_t i = 0; i < k->n_params; i++) {
        k->param[i].name = read_str(a, r);
        k->param[i].kind = read_u8(r);
    }
    k->receptor = read_names(a, r, &k->n_receptors);
    k->state = read_names(a, r, &k->n_states);
    k->n_lets = read_u32(r);
    read_code(a, r, &k->lets);
    read_code(a, r, &k->step);
    read_code(a, r, &k->event);
    const char *why = "it ends too early";
    if (r->failed || !kernel_verify(k, &why)) {
        diag_add(d, E0701, (struct span){0}, "kernel `%s` is damaged: %s", k->model, why);
        return NULL;
    }
    return k;
}
