/* Running a plan: instances (chips with their mismatch), trials, recording, summary.
 *
 * Results don't depend on the number of threads, on the back end or on how lanes are laid out. A
 * run sets FTZ/DAZ in its threads and restores what was there. */
#ifndef RUNTIME_RUN_H
#define RUNTIME_RUN_H

#include "runtime/base/cpu.h"
#include "runtime/event_map.h"
#include "runtime/stimulus.h"

/* ---- kernels made runnable: interpreter and JIT offer the same call ---- */

/* Where a lane's data is. Arrays are aligned to 64 bytes and padded to a multiple of 16 lanes; the
 * lanes of padding hold copies of valid values. What belongs to single steps has a row for each,
 * `stride` lanes apart, so that a call can do many steps while states stay where they are fast to
 * reach. With a stride of 0 all steps use one row. */
struct kernel_args {
    const float *const *param; /* NULL entries where the value is a constant of the code */
    const float *const *let;
    float *const *state;         /* in: before the first step; out: after the last */
    const float *const *receive; /* rows */
    float *const *trace;         /* rows: traced states after each step; else NULL entries */
    float *spikes;               /* row t in: counts of the step before; row t + 1 out: of step t */
    uint8_t *fired; /* rows of stride / 8 bytes, out: bit i of byte k where lane 8 k + i spikes */
    size_t stride;
    float dt;
    struct kernel_draws draws; /* read by K_RANDOM alone */
};

/* For specialisation: which parameters and lets are the same for all lanes, and their values; and
 * which states are wanted in every step. A state that isn't and on which nothing wanted depends is
 * left alone. */
struct kernel_spec {
    const struct kernel *kernel;
    const bool *param_uniform, *let_uniform;
    const float *param_value, *let_value; /* where uniform */
    const bool *traced;                   /* for each state */
    float dt;
    size_t lanes; /* of the longest call, for code that suits it; 0: not known. Any call is right */
};

/* The steps of rows [first, last), on lanes [begin, end), both multiples of 16 (or end the padded
 * number of lanes). */
typedef void kernel_step_fn(const void *code, const struct kernel_args *args, size_t begin,
                            size_t end, size_t first, size_t last);

struct kernel_code {
    kernel_step_fn *step;
    const void *code;
};

/* ---- event code: what an event does at the end of a connection ---- */

/* For specialisation. Where a group is `integer`, its states, parameters, lets and the weights of
 * all that arrives are whole numbers from -32768 to 32767 (of a parameter or let also an infinity,
 * which is then the nearer end), and the code has only operations that keep them so; every sum,
 * difference, negation and absolute value saturates at these ends. Then a back end may keep states
 * as int16_t; otherwise everything is float32. */
struct event_spec {
    const struct kernel *kernel;
    const bool *param_uniform, *let_uniform;
    const float *param_value, *let_value; /* where uniform */
    float dt;
    bool integer;
    const struct event_map *map;
};

/* A group's lanes, in the order of event_map.h; EVENT_PAD more behind the last one. */
struct event_lanes {
    const float *const *param, *const *let; /* NULL entries where it is a constant of the code */
    void *const *state;                     /* float, or int16_t where the code is narrow */
};

/* What an event makes fire, with room for map->most times the number of events and EVENT_PAD more.
 */
struct event_fired {
    uint32_t *lane;
    uint32_t *end; /* of each event: how many lanes it and those before it made fire */
    float *count;  /* of each lane: how often, as the model says, not checked, never 0 */
};

/* Serves n events (at least 1), lanes of the connection's source, one after another: each meets its
 * stretches in order, each lane once a stretch. Fills `out` in in the order in which lanes fire,
 * and returns how many do. */
typedef size_t event_serve_fn(const void *code, const struct event_lanes *lanes,
                              const uint32_t *event, size_t n, const struct event_fired *out);

struct event_code {
    event_serve_fn *serve;
    const void *code;
    bool narrow; /* states are int16_t: the same for all connections of an integer group */
    bool once;   /* what fires does so once: as kernel_fires_once() says; no counts are written */
};

struct code_report {           /* what prepare() did so far */
    uint32_t compiled, cached; /* calls that made code, and that found it in the user's cache */
    double seconds;            /* that compiling took */
    const char *no_cache;      /* why there is no cache; NULL: there is one */
};

struct backend {
    const char *name; /* "interp", "jit" */
    /* Set when it was opened; may be changed before the first prepare(). The bits are the same. */
    enum cpu_level cpu; /* what code is made for: at most cpu_level(), the default */
    bool cache; /* native code is kept in the user's cache folder (base/cache.h): the default */
    /* Code for all of the specs at once (a JIT compiles them as one module); one entry of `out`
     * each. False: reported. */
    bool (*prepare)(const struct backend *b, struct arena *a, const struct kernel_spec *spec,
                    uint32_t n, struct kernel_code *out, struct diags *d);
    /* The same for connections of event-driven networks; the maps stay as long as the code. The
     * interpreter's is used where this is NULL, and for entries with no `serve`; these are all or
     * none of those with the same kernel. */
    bool (*prepare_events)(const struct backend *b, struct arena *a, const struct event_spec *spec,
                           uint32_t n, struct event_code *out, struct diags *d);
    void (*report)(const struct backend *b, struct code_report *out); /* NULL: no native code */
    void (*release)(const struct backend *b); /* frees what prepare() made */
    void *state;
};

void backend_interp(struct backend *out);
/* The level that a user names: "sse2", "avx2", "avx512", "neon", or "host" (also NULL), the best.
 * False with E0804 if this processor can't run it, E0903 if it is no such name. */
bool backend_cpu(const char *name, enum cpu_level *out, struct diags *d);
/* Opens the plugin dyn-jit.so beside the program or in the library folder. False with E0804 and a
 * hint if it isn't there. */
bool backend_jit(struct backend *out, struct diags *d);

/* The lets of one group for all of its neurons (interpreter semantics, see kernel.h): columns are
 * uniform where everything they depend on is. FTZ/DAZ as in a run. */
void kernel_lets(struct arena *a, const struct kernel *k, uint32_t n, const struct column *param,
                 float dt, struct column *let);

/* Parameters of one group on one chip. A neuron that was measured (plan_group.factor) has nominal *
 * factor, one float32 multiplication; the others deviate as drawn: mismatch by spec dynapse2.md
 * section 3: layer k of the plan uses key [k, seed]; keys over the ASCII-sorted names of biases and
 * layouts plus Iscale, dt, w_rec. */
void mismatch_apply(struct arena *a, const struct plan *p, uint32_t group, uint32_t seed,
                    struct column *param);

/* ---- runs ---- */

struct run_record { /* one recorded variable */
    uint32_t group;
    int32_t state; /* -1: spikes */
};

/* Recorded spikes of an event-driven run are one after another EVENT_BYTES that numpy reads with
 * EVENT_DTYPE: channel is the feature of a map, the index in a layer of one dimension. `trial` is
 * chip * trials + trial. Its states are those at the end of each trial. */
enum { EVENT_BYTES = 18 };
#define EVENT_DTYPE                                                                                \
    "[('trial', '<u4'), ('t', '<i8'), ('channel', '<u2'), ('y', '<u2'), ('x', '<u2')]"

/* The EVENT_BYTES of an event, and back. */
void event_record_put(uint8_t *to, uint32_t trial, int64_t t, uint32_t channel, uint32_t y,
                      uint32_t x);
struct event_record {
    uint32_t trial, channel, y, x;
    int64_t t;
};
struct event_record event_record_get(const uint8_t *from);

/* Takes recorded variables while the run goes on, so that they needn't fit in memory. */
struct run_sink {
    /* Once, when the run is known to be possible; false: reported. */
    bool (*begin)(void *arg);
    /* The next `n` bytes of record `record` in trial `trial` (chip * trials + trial), and of those
     * behind it once it is whole. From several threads, a trial of a record from one. False ends
     * the run; the sink knows why. */
    bool (*put)(void *arg, uint32_t record, uint64_t trial, const void *data, size_t n);
    void *arg;
    size_t window; /* bytes that all threads together gather before they put them, but at least the
                      steps of a span; 0: RUN_WINDOW */
};

enum { RUN_WINDOW = 16 << 20 };

struct run_progress {
    void (*tell)(void *arg, double fraction); /* from one thread at a time; may be NULL */
    void *arg;
    const volatile bool *cancel; /* may be NULL; true stops the run */
};

struct run_options {
    const struct stimulus *stimulus;
    uint32_t trials; /* repeats or cuts what the stimulus has */
    uint32_t chips;  /* instances with seeds seed .. seed + chips - 1; at least 1 */
    uint32_t jobs;   /* threads; 0: as many as there are processors */
    const struct backend *backend;
    const struct run_record *record;
    uint32_t n_record;
    bool raster; /* the result's raster is wanted of an event-driven run; a run by steps has it
                  * anyway
                  */
    const struct run_sink *sink; /* NULL: the result has the recorded variables */
    struct run_progress progress;
};

struct run_result {
    uint32_t chips, trials;
    uint64_t steps;
    double dt;
    double bytes; /* of memory that the run took at its most, what is here included */
    bool event;   /* event-driven: steps of stimulus_step() are how long it lasts */
    /* Recorded variables, [chips, trials, steps, neurons]: uint8 for spikes, float32 otherwise.
     * Event-driven: n events of EVENT_BYTES by trial; states [chips, trials, neurons]. With a sink
     * `data` is NULL. */
    uint32_t n_record;
    struct {
        struct run_record what;
        void *data;
        uint64_t n; /* events */
    } * record;
    /* Spike totals of every group, folded while running: count[group][(chip * trials + trial) * n +
     * neuron]. */
    uint64_t **count;
    uint64_t *tally; /* what the plan's device counted, if it has one */
    /* Of an event-driven run, synaptic operations (an event that arrives in one synapse) of every
     * projection of the plan: [(chip * trials + trial) * projections + projection]. NULL otherwise,
     * and where the plan has a device. */
    uint64_t *synaptic;
    /* Who fired in the first trial of the first chip, for pictures: raster[group], for each of
     * `raster_rows` equal parts of the trial (steps, or RUN_EVENT_ROWS of an event-driven one)
     * run_raster_row() bytes, bit i of byte k is neuron 8 k + i (bits beyond the last neuron mean
     * nothing); NULL for groups over 4096 neurons and runs over 65536 steps of dt,
     * and of an event-driven run that wasn't asked for it. */
    uint8_t **raster;
    uint64_t raster_rows;
};

enum { RUN_EVENT_ROWS = 576, RUN_RASTER_NEURONS = 4096 };

/* Synaptic operations that arrive at a group in all trials and chips of an event-driven run. */
uint64_t run_synaptic(const struct plan *p, const struct run_result *r, uint32_t group);

static inline size_t run_raster_row(uint32_t neurons)
{
    return ((size_t)neurons + 15) / 16 * 2;
}

/* By steps or event by event, as the plan says. False: reported (E0803 for a count above 255 that
 * is recorded, with neuron and step, E0809 for an event that sets off too many, E0807 for what
 * isn't a count: of the first trial that has one; cancelled runs report nothing). Memory of the
 * result is in `a`. */
bool run_plan(struct arena *a, const struct plan *p, const struct run_options *o,
              struct run_result *out, struct diags *d);

#endif
