/* The interpreter's own form of a code (internal to interp*.c).
 *
 * It runs a block of lanes per operation. A slot is where an operation finds a value: a constant or
 * a register (one block of lanes each), or a column of the run's arrays, read in place. */
#ifndef RUNTIME_INTERP_H
#define RUNTIME_INTERP_H

#include "runtime/base/cpu.h"
#include "runtime/run.h"

/* Beyond enum kop: one slot to another; brought into the range of int16_t. */
enum { INTERP_COPY = K_N_OPS, INTERP_SATURATE };

struct interp_inst {
    uint32_t op;
    uint32_t out, a, b, c; /* slots; operands that an operation doesn't have are 0 */
};

struct interp_column {
    uint32_t op, index; /* K_PARAM, K_LET, K_STATE or K_RECEIVE and which; K_SPIKES; K_WEIGHT */
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
    bool once;     /* event code: they are 0 or 1 */
};

/* The event code of one connection. */
struct interp_event {
    const struct interp_code *code;
    const struct event_map *map;
};

/* The same code for each instruction set: interp_step.c and interp_event.c compiled with
 * ISA_SUFFIX. */
kernel_step_fn interp_step_base, interp_step_avx2, interp_step_avx512;
event_serve_fn interp_event_base, interp_event_avx2, interp_event_avx512;

/* The one for a processor of `level`. */
kernel_step_fn *interp_step_for(enum cpu_level level);

/* What prepare_events() of the interpreter does, for any back end that has none. */
bool interp_prepare_events(const struct backend *b, struct arena *a, const struct event_spec *spec,
                           uint32_t n, struct event_code *out, struct diags *d);

#endif
