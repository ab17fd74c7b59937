/* How a run is done (internal to run.c, run_chip.c and run_block.c).
 *
 * The work of a run is cut into items: one chip and a block of trials each. Workers (threads) take
 * items in order. Within an item all trials go step by step side by side: lane = trial of the block
 * * neurons + neuron, so that small networks fill vectors too. */
#ifndef RUNTIME_ENGINE_H
#define RUNTIME_ENGINE_H

#include "runtime/run.h"
#include <pthread.h>
#include <stdatomic.h>

enum { LANES = 16 }; /* lane arrays are padded to a multiple of this */

static inline size_t padded_lanes(size_t lanes)
{
    return (lanes + LANES - 1) / LANES * LANES;
}

struct code_entry { /* code that a back end made, and for what */
    struct kernel_spec spec;
    struct kernel_code code;
};

/* Shared by the workers. */
struct engine {
    const struct plan *plan;
    const struct run_options *options;
    struct stimulus_player stimulus;
    struct run_result *result;
    uint64_t steps;
    uint32_t block;  /* trials of an item (the last of a chip may have fewer) */
    uint32_t blocks; /* items of a chip */
    uint64_t items;
    bool *dense;           /* for each projection: every row's targets are consecutive neurons */
    uint32_t *input_depth; /* steps that an input's, a group's events are kept */
    uint32_t *group_depth;

    atomic_uint_fast64_t next; /* item */
    atomic_bool stop;          /* no further items */

    pthread_mutex_t lock; /* of what follows */
    struct arena arena;
    struct diags *diags;
    VEC(struct code_entry) codes;
    double told;               /* progress */
    atomic_uint_fast64_t done; /* trials x steps; without the lock */
};

/* ---- one chip (run_chip.c) ---- */

struct chip_group {
    struct column *param, *let; /* of one trial */
    struct kernel_code code;
};

struct chip {
    struct arena arena;
    uint32_t index;
    struct chip_group *group;
};

/* Values and code of chip `index`; false: reported. */
bool chip_build(struct engine *e, struct chip *c, uint32_t index);
void chip_free(struct chip *c);
/* Bytes that a group takes in one worker, its lanes included. */
uint64_t chip_group_bytes(const struct plan_group *g, const struct kernel *k, uint32_t block);
/* `x`, or 0 of its sign where it is denormal. */
float flush_denormal(float x);

/* ---- one block of trials (run_block.c) ---- */

/* What went wrong in a model: a count that can't be recorded or isn't one. */
struct run_failure {
    enum { RUN_OK, RUN_NOT_A_COUNT, RUN_COUNT_TOO_LARGE } kind;
    uint64_t item;
    uint32_t group, neuron, trial;
    uint64_t step;
    float count;
};

struct event_list { /* of one step: events of the block's trials, one trial after another */
    struct stimulus_event *event;
    uint32_t cap;
    uint32_t *end; /* for each trial */
};

struct event_ring { /* the lists of the last `depth` steps; that of step t is at t % depth */
    uint32_t depth;
    struct event_list *list;
};

struct lanes { /* a group's arrays */
    float **param, **let, **state, **receive;
    struct kernel_args args;
};

struct block {
    struct arena arena;
    struct lanes *group;
    struct event_ring *of_group, *of_input;
};

/* The lanes and rings for blocks of trials on one chip. */
void block_build(const struct engine *e, const struct chip *c, struct block *b);
void block_free(const struct engine *e, struct block *b);
/* Runs an item and puts what it gives into the result. False if it was cancelled or failed. */
bool block_run(struct engine *e, const struct chip *c, struct block *b, uint64_t item,
               struct run_failure *failure);

/* ---- run.c ---- */

/* Counts trials x steps as done and tells the caller now and then. */
void engine_progress(struct engine *e, uint64_t done);

#endif
