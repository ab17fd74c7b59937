/* How an event-driven run is done (internal to event_*.c).
 *
 * A trial's input events are served one after another, each to exhaustion: what it makes fire is
 * put into a queue, which is served first in, first out. An event goes to the connections of its
 * source in the order of the network; each makes its neurons do their event code (event_map.h says
 * in which order), and those that fire go to the end of the queue. So all that follows from an
 * input event has its time. What a trial takes doesn't grow with the number of its events: recorded
 * events go to the sink in pieces.
 *
 * The queue is one array of lanes, in batches: lanes of one group that follow each other. Where a
 * group has one connection, its code is called with a batch; what fires it appends to the array.
 *
 * Where no group has more than one connection to it (a tree), and so sees its events in the same
 * order whatever is served first, whole batches of input events go through the network layer by
 * layer instead (event_tree.c).
 *
 * Threads take trials. Chips, which differ by their mismatch, are done one after another. */
#ifndef RUNTIME_EVENT_ENGINE_H
#define RUNTIME_EVENT_ENGINE_H

#include "runtime/event_device.h"
#include "runtime/event_input.h"
#include "runtime/run_common.h"
#include <pthread.h>
#include <stdatomic.h>

/* Events that may follow from one of an input, but in a tree; more is an error. */
enum { EVENT_MOST = 1 << 22 };

enum { EVENT_AT_ONCE = 1 << 10 }; /* events of a batch, at most */

#define EVENT_DROPPED UINT32_MAX

struct event_targets { /* projections of a group or an input, in source order */
    uint32_t n, *projection;
};

struct event_group {
    struct event_extents map;
    struct event_targets to;
    bool integer;                /* as of struct event_spec */
    uint32_t n_records, *record; /* which of the records are its spikes */
};

/* One chip. Arrays of lanes that differ between neurons; NULL where all have the same. */
struct event_chip {
    struct arena arena;
    uint32_t index;
    struct {
        const float **param, **let;
        bool narrow;
    } * group;
    struct event_code *code; /* of each projection */
    bool tree;               /* and no neuron fires more than once an event */
};

struct event_kept { /* records of a run without a sink: of each trial */
    uint8_t *data;
    size_t n, cap;
};

struct event_engine {
    const struct plan *plan;
    const struct run_options *options;
    struct run_result *result;
    struct diags *diags;
    struct arena arena;
    struct event_stimulus stimulus;
    struct event_map *map; /* of each projection */
    struct event_input {
        struct event_extents map;
        struct event_targets to;
        uint32_t *lane; /* of each channel of the stimulus; EVENT_DROPPED: the sensor has none */
    } * input;
    struct event_group *group;
    struct event_chip chip;
    struct event_kept **kept; /* of each record, [chip * trials + trial] */

    atomic_uint_fast32_t next; /* trial of the chip */
    atomic_bool stop;          /* no further trials */
    atomic_bool refused;       /* the sink takes no more, or there is no memory to keep records */
    pthread_mutex_t lock;      /* of what follows */
    double told;               /* progress */
    double done;               /* microseconds of all trials */
};

struct event_failure {
    enum { EVENT_OK, EVENT_NOT_A_COUNT, EVENT_STORM, EVENT_NO_INPUT } kind;
    uint32_t trial;
    int64_t t;
    uint32_t group, lane; /* what emits; of a storm: a group that it goes through, or
                             EVENT_NO_GROUP */
    float count;
    const char *path; /* of a file that can't be read */
};

/* Events of a batch that go through a connection in one call: so many that the room for what they
 * make fire stays small. */
static inline size_t event_at_once(const struct event_map *m)
{
    const size_t room = 1 << 14, n = room / (m->most + 1);
    return n < 1 ? 1 : n < EVENT_AT_ONCE ? n : EVENT_AT_ONCE;
}

struct event_level { /* of a connection in a tree */
    struct event_fired fired;
    uint32_t *cause; /* of each lane: which event of the batch it follows from; NULL: no matter */
};

struct event_queue { /* events to be served, from `first` on */
    uint32_t *lane;
    size_t first, n, cap;
    struct event_batch { /* how many of them, one after another, are of which group */
        uint32_t group;
        size_t n;
    } * batch;
    size_t first_batch, n_batches, batch_cap;
};

struct event_worker {
    struct event_engine *e;
    pthread_t thread;
    struct arena arena;
    struct event_lanes *lanes; /* of each group */
    void *chip;                /* the device's, in place of lanes */
    uint64_t **count;          /* of each group, lanes */
    uint8_t **raster;          /* the result's, in the trial that it is of; else NULL */
    struct event_reader *reader;
    uint64_t **arrived; /* of each input, events of its lanes */
    struct event_queue queue;
    struct event_fired fired; /* of code whose neurons may fire more than once an event */
    struct event_in *in;      /* a batch of input events */
    struct event_level *level;
    struct {
        uint8_t *data;
        size_t n;
    } * piece; /* of each record of spikes: what wasn't put yet */
    uint32_t trial;
    int64_t t;      /* of the input event that is being served */
    size_t to_come; /* events that may still follow from it */
    struct event_failure failure;
    double bytes;
};

/* ---- event_chip.c ---- */

/* Values and code of chip e->chip.index; false: reported. */
bool event_chip_build(struct event_engine *e);
void event_chip_free(struct event_engine *e);

/* ---- event_serve.c ---- */

/* A worker's arrays; false: there is no memory for them. */
bool event_worker_build(struct event_engine *e, struct event_worker *w);
void event_worker_free(struct event_worker *w);
/* Trial w->trial of the chip, from the beginning to its end. False: w->failure, or the run is to
 * end. */
bool event_trial(struct event_worker *w);
/* A lane fires, as often as `count` says. False: w->failure, or the run is to end. */
bool event_emit(struct event_worker *w, uint32_t group, uint32_t lane, float count);
bool event_fail(struct event_worker *w, const struct event_failure *f);

/* ---- event_device.c: where the plan has a device ---- */

/* False: there is no memory for its instance. */
bool event_device_open(struct event_worker *w);
void event_device_begin(struct event_worker *w);
bool event_device_serve(struct event_worker *w, const struct event_in *in);
bool event_device_end(struct event_worker *w);
/* What it counted, onto what the result has. */
void event_device_tally(const struct event_worker *w);

/* ---- event_tree.c ---- */

/* Whether event_tree() can be used with the chip that is there. */
bool event_is_tree(const struct event_engine *e);
bool event_tree_build(struct event_worker *w);
/* Serves the first n events of w->in and all that follows from them. False: as event_trial(). */
bool event_tree(struct event_worker *w, size_t n);

/* ---- event_record.c ---- */

void event_record_build(struct event_worker *w);
/* An event of a group, where its spikes are recorded. False: the run is to end. */
/* Marks a spike in the picture of a trial that has one: w->raster isn't NULL. */
void event_mark(const struct event_worker *w, uint32_t group, uint32_t lane, int64_t t);
bool event_record(struct event_worker *w, const struct event_group *g, uint32_t lane);
/* What is left of a trial's events, and its states. False: the run is to end. */
bool event_record_leave(struct event_worker *w);
/* The records of a run without a sink, into the result. False: there is no memory for them. */
bool event_record_collect(struct event_engine *e, struct arena *a);

#endif
