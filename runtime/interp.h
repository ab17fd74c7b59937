/* The interpreter's own form of a step's code (internal to interp.c and interp_step.c).
 *
 * It runs a block of lanes per operation. A slot is where an operation finds a value: a constant or
 * a register (one block of lanes each), or a column of the run's arrays, read in place. */
#ifndef RUNTIME_INTERP_H
#define RUNTIME_INTERP_H

#include "runtime/base/cpu.h"
#include "runtime/run.h"

/* Beyond enum kop: one slot to another. */
enum { INTERP_COPY = K_N_OPS };

struct interp_inst {
    uint32_t op;
    uint32_t out, a, b, c; /* slots; operands that an operation doesn't have are 0 */
};

struct interp_column {
    uint32_t op, index; /* K_PARAM, K_LET, K_STATE or K_RECEIVE and which; K_SPIKES */
};

struct interp_code {
    uint32_t block; /* lanes, a multiple of 16 */
    /* Slots are numbered constants first, then columns, then registers. */
    uint32_t n_constants, n_columns, n_registers;
    float *constant; /* n_constants blocks, filled */
    struct interp_column *column;
    uint32_t n;
    struct interp_inst *inst;
    uint32_t n_out, n_trace; /* new states, and those that are written for every step */
    struct {
        uint32_t state, slot;
    } * out, *trace;
    uint32_t emit; /* slot of the spike counts */
};

/* The same code for each instruction set: interp_step.c compiled with ISA_SUFFIX. */
kernel_step_fn interp_step_base, interp_step_avx2, interp_step_avx512;

/* The one for a processor of `level`. */
kernel_step_fn *interp_step_for(enum cpu_level level);

#endif
