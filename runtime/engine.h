/* How a run is done (internal to run*.c).
 *
 * Trials: the work is cut into items, one chip and a block of trials each. Within an item a lane is
 * trial of the block * neurons + neuron, so that small networks fill vectors too.
 *
 * Steps: they are done in spans (run_schedule.c). Groups that feed each other in a circle form a
 * stage, any other group is a stage of its own; stages go in the order of their connections and do
 * a whole span each, so what comes after finds all of its spikes. A stage whose groups feed
 * themselves goes through the span in strides as long as its shortest delay: what is around the
 * steps is done once a span, within it there are only the sums of what the stage feeds itself, the
 * kernels, and the search for spikes.
 *
 * Threads: teams take items in order. A team is one thread as long as there are items for all; else
 * its threads share the lanes of each group.
 *
 * Neither changes a sum's order, so the results are always the same. */
#ifndef RUNTIME_ENGINE_H
#define RUNTIME_ENGINE_H

#include "runtime/deliver.h"
#include "runtime/hoist.h"
#include "runtime/run.h"
#include <pthread.h>
#include <stdatomic.h>

enum {
    LANES = 16,     /* lane arrays are padded to a multiple of this */
    SPAN_MOST = 64, /* steps of a span */
    LANE_SHIFT = 8 * LANES
};

static inline size_t padded_lanes(size_t lanes)
{
    return (lanes + LANES - 1) / LANES * LANES;
}

/* Where the arrays of a group's lanes come from. */
struct lane_room {
    struct arena *arena;
    uint32_t arrays; /* large ones so far */
};

/* So many floats, zeroed. Large arrays would all begin at the same place of a page, and the same
 * lanes of more arrays than a cache has ways would drive each other out; so each of them begins a
 * few lines after the one before. */
static inline float *lane_array(struct lane_room *r, size_t floats)
{
    enum { PAGE = 4096 / sizeof(float) };
    const size_t skip = floats < PAGE ? 0 : r->arrays++ * LANE_SHIFT % PAGE;
    return ARENA_ARRAY(r->arena, float, floats + skip) + skip;
}

struct code_entry { /* code that a back end made, and for what */
    struct kernel_spec spec;
    struct kernel_code code;
};

/* ---- what follows from the plan (run_schedule.c) ---- */

struct stage {
    uint32_t n, *group;
    uint32_t steps; /* at a time: the shortest delay within it, or a span */
};

struct incoming { /* a projection onto a group */
    uint32_t projection;
    uint32_t spans, steps; /* its delay */
};

struct group_plan {
    uint32_t n_in;
    struct incoming *in; /* those that act, in source order */
    uint32_t n_before;   /* those before the first from its own stage: summed for a whole span */
    uint32_t depth;      /* spans whose spikes are kept; a power of two */
    uint32_t n_states;
    bool *traced;     /* states that are recorded */
    bool *kept;       /* states that the code reads or writes */
    uint32_t *record; /* index of each of them among the records; the last one is of the spikes */
    bool keeps_spikes;
};

struct schedule {
    uint32_t span; /* steps */
    uint32_t n_stages;
    struct stage *stage;
    struct group_plan *group;
    uint32_t *input_depth;      /* spans that an input's events are kept */
    struct delivery_rows *rows; /* of each projection */
};

/* ---- a run ---- */

/* Shared by the workers. */
struct engine {
    const struct plan *plan; /* all connections as rows */
    const struct run_options *options;
    const struct stimulus *applied; /* tables as they come out of sensors */
    struct stimulus_player stimulus;
    struct run_result *result;
    struct hoisted *hoisted; /* for each kernel of the plan */
    struct schedule schedule;
    deliver_fn *deliver;
    uint64_t steps;
    uint32_t block;  /* trials of an item (the last of a chip may have fewer) */
    uint32_t blocks; /* items of a chip */
    uint64_t items;
    uint32_t parts;  /* threads of a team */
    uint64_t window; /* steps of recorded variables that a team has at a time */

    atomic_uint_fast64_t next; /* item */
    atomic_bool stop;          /* no further items */
    atomic_bool refused;       /* the sink takes no more */

    pthread_mutex_t lock; /* of what follows */
    struct arena arena;
    struct diags *diags;
    VEC(struct code_entry) codes;
    double told;               /* progress */
    atomic_uint_fast64_t done; /* trials x steps; without the lock */
};

/* Stages, span and depths. Needs e->steps and e->block. */
void schedule_make(struct engine *e, struct arena *a);
/* Bytes of a group's lanes, rows and lists in one team. */
double schedule_group_bytes(const struct engine *e, uint32_t group);

/* ---- one chip (run_chip.c) ---- */

struct chip_group {
    struct column *param, *let;                /* of one trial */
    const bool *param_constant, *let_constant; /* which the code has; it loads the others */
    struct kernel_code code;
};

struct chip {
    struct arena arena;
    uint32_t index;
    struct chip_group *group;
};

/* Values and code of chip `index`; false: reported. */
bool chip_build(struct engine *e, struct chip *c, uint32_t index);
/* Code for a chip whose values are there; false: reported (run_code.c). */
bool chip_find_code(struct engine *e, struct chip *c);
void chip_free(struct chip *c);
/* `x`, or 0 of its sign where it is denormal. */
float flush_denormal(float x);

/* ---- a team and its item (run_block.c) ---- */

/* What went wrong in a model: a count that can't be recorded or isn't one. */
struct run_failure {
    enum { RUN_OK, RUN_NOT_A_COUNT, RUN_COUNT_TOO_LARGE } kind;
    uint64_t item;
    uint64_t step;
    uint32_t trial, group, neuron;
    float count;
};

/* The first is that of the first chip and trial that fail at all, there the first step, group and
 * neuron: so it doesn't depend on how the work was cut. */
bool failure_before(const struct run_failure *a, const struct run_failure *b);

struct event_list { /* of the steps of one span, ascending by step, trial and channel */
    struct event *event;
    size_t n, cap;
    size_t *begin; /* of each step and of the end: index in `event` */
};

/* The lists of the last `depth` spans, a power of two: list[(span & (depth - 1)) * parts + part].
 */
struct event_ring {
    uint32_t depth;
    struct event_list *list;
};

struct lanes { /* a group's arrays */
    float **param, **let, **state, **receive, **trace;
    float **bias; /* of each receptor: what a row of its sums begins with; NULL: 0 */
    struct kernel_args args;
};

struct item {
    uint64_t index;
    uint32_t chip, first, trials;
};

struct range { /* of lanes */
    size_t begin, end;
};

struct stretch { /* steps within a span, whose rows they use */
    uint64_t span;
    uint64_t first; /* step of the run */
    uint32_t begin; /* the same step of the span */
    uint32_t steps;
};

struct block { /* what a team works with */
    struct arena arena;
    struct lanes *group;
    struct event_ring *of_group, *of_input;
    struct range *range;          /* [part][group]: which lanes of a group a part has */
    struct stimulus_event **room; /* for each part: events of one input, trial and step */
    void **record; /* [trials of the item, steps of the window, neurons] of each recorded variable;
                      of the result's where there is no sink */
};

struct team {
    struct chip chip;
    struct block block;
    struct item item;
    struct run_failure *failure; /* of each part */
    bool done;                   /* no further items, or not to be gone on with */
    bool cut_short;              /* the item was cancelled or failed */
    double bytes;                /* that chip and block took at their most */
    atomic_uint arrived, round;  /* barrier */
};

/* Waits until all parts of the team are here. */
void team_meet(const struct engine *e, struct team *t);

/* The lanes and rings for blocks of trials on one chip. */
void block_build(const struct engine *e, const struct chip *c, struct block *b);
void block_free(const struct engine *e, struct block *b);
/* Memory that it takes now. */
double block_bytes(const struct engine *e, const struct block *b);
/* A part's share of the team's item; what it gives goes into the result. */
void block_run(struct engine *e, struct team *t, uint32_t part);

/* ---- events (run_events.c) ---- */

struct event_ring event_ring_new(const struct engine *e, struct arena *a, uint32_t depth);
void event_ring_free(const struct engine *e, struct event_ring *r);
double event_ring_bytes(const struct engine *e, const struct event_ring *r);
static inline struct event_list *event_list_of(const struct engine *e, const struct event_ring *r,
                                               uint64_t span, uint32_t part)
{
    return &r->list[(span & (r->depth - 1)) * e->parts + part];
}
void event_list_reserve(struct event_list *l, size_t more);
/* A part's share of an input's events in a whole span. */
void events_play(const struct engine *e, struct team *t, uint32_t part, uint32_t input,
                 const struct stretch *x);

/* ---- what comes out (run_collect.c) ---- */

/* Spikes of a part's lanes of a group: into the part's list and into the result. */
void collect_spikes(const struct engine *e, struct team *t, uint32_t part, uint32_t group,
                    const struct stretch *x);
/* Its recorded states, of a whole span. */
void collect_states(const struct engine *e, struct team *t, uint32_t part, uint32_t group,
                    const struct stretch *x);

/* ---- what is recorded (run_record.c) ---- */

/* Which of the records a record is: itself, or the first of the same variable. */
uint32_t record_first(const struct engine *e, uint32_t record);
/* Bytes of a step of one trial. */
size_t record_row(const struct engine *e, uint32_t record);
/* Steps of a window, for so many teams. Needs the schedule. */
void record_choose_window(struct engine *e, uint32_t teams);
/* Bytes that all take: in a team's windows or in the result. */
double record_bytes(const struct engine *e, uint32_t teams);
/* The result's arrays; false if there is no memory for them. */
bool record_make(struct engine *e, struct arena *a);
/* A team's windows. */
void record_build(const struct engine *e, struct block *b);
/* Before an item: where its records go. */
void record_enter(const struct engine *e, struct team *t);
/* After steps up to `end`: the part's share of the records goes to the sink where a window is full
 * or the run ends. */
void record_leave(struct engine *e, struct team *t, uint32_t part, uint64_t end);

/* ---- run.c ---- */

/* Counts trials x steps as done and tells the caller now and then. */
void engine_progress(struct engine *e, uint64_t done);

#endif
