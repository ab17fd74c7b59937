/* The interpreter's inner loops of steps. Compiled once for each instruction set (see the
 * Makefile), with ISA_SUFFIX = base, avx2 or avx512. */
#include "runtime/interp_lanes.h"

#include "runtime/base/prefetch.h"
#include <stdalign.h>
#include <stdlib.h>

enum { ROOM = 1 << 16 }; /* bytes: enough for most kernels */

#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)

/* Where step `row` finds a column. */
static const float *column_of(const struct interp_column *c, const struct kernel_args *args,
                              size_t row)
{
    switch (c->op) {
    case K_PARAM:
        return args->param[c->index];
    case K_LET:
        return args->let[c->index];
    case K_STATE:
        return args->state[c->index];
    case K_RECEIVE:
        return args->receive[c->index] + row;
    default:
        return args->spikes + row;
    }
}

/* A bit for each of n lanes, a multiple of 16; most are 0. */
static void put_fired(uint8_t *fired, const float *count, size_t n)
{
    for (size_t at = 0; at < n; at += 16) {
        uint32_t some = 0;
        for (uint32_t i = 0; i < 16; i++)
            some |= count[at + i] != 0;
        uint32_t bits = 0;
        for (uint32_t i = 0; some && i < 16; i++)
            bits |= (uint32_t)(count[at + i] != 0) << i;
        fired[at / 8] = (uint8_t)bits;
        fired[at / 8 + 1] = (uint8_t)(bits >> 8);
    }
}

static void draw(float *out, const float *seed, const struct kernel_draws *d, size_t at, size_t n,
                 size_t row)
{
    for (size_t i = 0; i < n; i++)
        out[i] = kernel_random(seed[i], d, at + i, row + at + i);
}

/* One step of a block of n lanes at `at`. With each operation, a column of the `ahead` lanes that
 * come next is asked for: those of many neurons aren't in the caches. */
static void one_step(const struct interp_code *k, const struct kernel_args *args,
                     const float **slot, float *reg, size_t at, size_t n, size_t row, size_t ahead)
{
    const uint32_t first_register = k->n_constants + k->n_columns;
    for (uint32_t i = 0; i < k->n_columns; i++)
        slot[k->n_constants + i] = column_of(&k->column[i], args, row) + at;
    for (uint32_t i = 0; i < k->n; i++) {
        const struct interp_inst *in = &k->inst[i];
        float *out = reg + (size_t)(in->out - first_register) * k->block;
        if (i < k->n_columns)
            prefetch(slot[k->n_constants + i] + n, ahead * sizeof(float));
        if (in->op == K_RANDOM)
            draw(out, slot[in->a], &args->draws, at, n, row);
        else
            operate(in->op, out, slot[in->a], slot[in->b], slot[in->c], n);
    }
    for (uint32_t i = 0; i < k->n_trace; i++)
        memcpy(args->trace[k->trace[i].state] + row + at, slot[k->trace[i].slot],
               n * sizeof(float));
    for (uint32_t i = 0; i < k->n_out; i++)
        memcpy(args->state[k->out[i].state] + at, slot[k->out[i].slot], n * sizeof(float));
    float *count = args->spikes + row + args->stride + at;
    memcpy(count, slot[k->emit], n * sizeof(float));
    put_fired(args->fired + (row + at) / 8, count, n);
}

void JOIN(interp_step_, ISA_SUFFIX)(const void *code, const struct kernel_args *args, size_t begin,
                                    size_t end, size_t first, size_t last)
{
    const struct interp_code *k = code;
    const uint32_t first_register = k->n_constants + k->n_columns;
    const uint32_t n_slots = first_register + k->n_registers;
    /* Registers first: they are read and written as vectors. */
    const size_t register_bytes = (size_t)k->n_registers * k->block * sizeof(float);
    size_t bytes = register_bytes + n_slots * sizeof(float *);
    bytes = (bytes + 63) & ~(size_t)63;
    /* A call may be one step of few lanes, and then allocating takes as long as the step. */
    alignas(64) char room[ROOM];
    char *scratch = bytes <= ROOM ? room : aligned_alloc(64, bytes);
    if (!scratch)
        base_panic("out of memory (%zu bytes wanted)", bytes);
    float *reg = (float *)(void *)scratch;
    const float **slot = (const float **)(void *)(scratch + register_bytes);
    for (uint32_t i = 0; i < k->n_constants; i++)
        slot[i] = k->constant + (size_t)i * k->block;
    for (uint32_t i = 0; i < k->n_registers; i++)
        slot[first_register + i] = reg + (size_t)i * k->block;

    for (size_t at = begin; at < end; at += k->block) {
        const size_t n = end - at < k->block ? end - at : k->block;
        const size_t left = end - at - n, ahead = left < k->block ? left : k->block;
        for (size_t t = first; t < last; t++)
            one_step(k, args, slot, reg, at, n, t * args->stride, t + 1 == last ? ahead : 0);
    }
    if (scratch != room)
        free(scratch);
}
