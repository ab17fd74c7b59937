/* The parts of the benchmark: what each measures is in README.md.
 *
 * A cell is one setting (neurons, trials, parameters, recording) in which several variants run one
 * after another, round by round, so that what disturbs the machine disturbs all of them alike. */
#ifndef BENCH_H
#define BENCH_H

#include "compiler/elaborate.h"
#include "runtime/hoist.h"
#include "runtime/run.h"
#include "tests/bench/hand.h"

struct bench_options {
    bool quick, json;
    const char *plot; /* SVG file; NULL: none */
    const char *part; /* this alone, by its name; NULL: all */
    uint32_t neurons; /* cells of this size alone; 0: all */
};

/* ---- what is kept ---- */

enum { BENCH_MANY_TRIALS = 16384 }; /* neurons, at most, of 100 trials: of 262144 they take 3 GB */
enum { BENCH_MAX_VARIANTS = 8, BENCH_MAX_ROUNDS = 15, BENCH_MAX_SHARES = 8 };

struct bench_variant {
    const char *name;
    /* One run; returns what it does in a second: neuron-steps, synaptic events. */
    double (*rate)(void *arg);
    void *arg;
    double sample[BENCH_MAX_ROUNDS]; /* the rates, round by round */
    double median;
    double spread; /* half of the rates lie within this share of the median */
};

struct bench_cell {
    const char *part; /* "kernel", "delivery", "engine", "threads", "events", "python" */
    uint32_t n, trials;
    bool varying, record, recurrent;
    const char *setting; /* what else there is to say; NULL: nothing */
    double hz;           /* "kernel": spikes of a neuron in a second */
    uint32_t n_rounds, n_variants;
    struct bench_variant variant[BENCH_MAX_VARIANTS];
};

struct bench_time { /* a duration, measured some times */
    const char *part, *name;
    double median, least, most; /* seconds */
    double goal;                /* seconds; 0: none */
    const char *note;           /* "" or what else there is to say */
};

struct bench_split {     /* where time goes */
    const char *part;    /* "run", "step" */
    const char *setting; /* "256 x 100, recorded" */
    double rate;         /* neuron-steps a second, without the timers */
    double timed;        /* with them */
    uint32_t n;
    struct {
        const char *name;
        double share;   /* of the time */
        uint32_t count; /* "step": operations of this kind in the kernel */
    } share[BENCH_MAX_SHARES];
};

struct bench_goal { /* what was set, and what became of it */
    const char *text, *what;
    double wanted, value, low, high; /* quartiles within rounds; of durations least and most */
    bool at_most;                    /* else at least */
    bool met;
    const char *where; /* of the cells that it is for, the worst; and what limits it there */
};

struct bench {
    struct bench_options o;
    struct arena arena;
    VEC(struct bench_cell) cell;
    VEC(struct bench_time) time;
    VEC(struct bench_split) split;
    VEC(struct bench_goal) goal;
    VEC(const char *) note; /* what wasn't measured, and why */
    uint32_t checks, failures;
    double went_by, busy; /* while cells of one thread were measured: seconds */
    bool have_jit;
    struct backend interp, jit;
};

/* ---- measuring (measure.c) ---- */

double bench_now(void); /* seconds that went by */
/* Seconds that this thread had a processor: what others took away doesn't count. */
double bench_busy(void);
void bench_add(struct bench_cell *c, const char *name, double (*rate)(void *), void *arg);
/* Measures the cell's variants and keeps it. */
void bench_measure(struct bench *b, struct bench_cell *c);
/* Fills in what follows from the samples. */
void bench_finish(struct bench_variant *v, uint32_t rounds);

struct bench_ratio {
    double value;     /* of the medians */
    double low, high; /* quartiles of the ratios within rounds */
};
struct bench_ratio bench_ratio(const struct bench_cell *c, uint32_t v, uint32_t to);
/* Index of a variant; n_variants: there is none. */
uint32_t bench_find(const struct bench_cell *c, const char *name);
/* "256 x 100, varying, recorded" */
const char *bench_cell_name(struct arena *a, const struct bench_cell *c);

/* `v` is n durations, which become sorted. */
void bench_keep_time(struct bench *b, const char *part, const char *name, double *v, uint32_t n,
                     double goal, const char *note);
double bench_quantile(const double *sorted, uint32_t n, double q);
void bench_sort(double *v, uint32_t n);
/* Counts, and says what is wrong. */
void bench_check(struct bench *b, bool good, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Whether cells of n neurons are wanted. */
bool bench_wants(const struct bench *b, uint32_t n);

/* ---- a layer of dpi neurons (network.c) ---- */

enum { BENCH_CHANNELS = 4 };

struct bench_net {
    struct arena arena;
    struct diags diags;
    struct unit unit;
    struct plan plan;
    const struct model *model;
    struct hoisted hoisted;     /* the kernel as the engine runs it */
    struct column *param, *let; /* of chip 0; lets: the model's, then the hoisted ones */
};

/* `n` neurons on an input of BENCH_CHANNELS channels, all to all, with weights bench_weight(i);
 * `varying`: 5 % mismatch on all that can have it; `recurrent`: also all to all on itself. */
void bench_net_make(struct bench_net *b, uint32_t n, bool varying, bool recurrent);
void bench_net_free(struct bench_net *b);
/* The hoisted kernel, specialised as a run would; nothing is traced. */
struct kernel_spec bench_net_spec(struct bench_net *b);
float bench_weight(uint64_t i);
/* The channel that has an event in this step, or -1: about half of the steps have one. */
int bench_event(uint32_t trial, uint64_t step);

/* ---- whole runs (engine.c) ---- */

struct bench_run { /* a setting */
    struct bench *bench;
    struct bench_net net;
    struct bench_cell cell;
    struct arena arena;
    uint64_t steps;
    struct stimulus stimulus;
    int8_t *event; /* [trials, steps]: the channel, or -1 */
    struct run_record record[2];
    const struct hand_code *code;
    uint32_t block;                    /* trials side by side in the program by hand */
    uint64_t hash[BENCH_MAX_VARIANTS]; /* of each variant's results */
    uint64_t spikes;                   /* of all neurons in the last run */
};

struct bench_runner { /* one variant */
    struct bench_run *run;
    const struct backend *backend; /* run_plan()'s; NULL: the program by hand with `isa` */
    const struct hand_isa *isa;
    uint32_t jobs;
    uint32_t where;      /* by hand: where the arrays lie */
    bool wall;           /* the rate is of time that went by, not of time that a thread had */
    void (*begin)(void); /* called when the clock starts; NULL: not */
    uint64_t *hash;
};

/* Makes network and stimulus for r->cell with r->bench; `wanted`: neuron-steps of a run, nearly. */
void bench_run_open(struct bench_run *r, uint64_t wanted);
void bench_run_close(struct bench_run *r);
/* A variant that is run_plan(). */
struct bench_runner *bench_run_add(struct bench_run *r, const char *name, const struct backend *b,
                                   uint32_t jobs);
/* Of a struct bench_runner: its rate. */
double bench_run_rate(void *runner);

/* ---- parts ---- */

void bench_latency(struct bench *b);   /* latency.c; before anything has opened the JIT */
void bench_sources(struct bench *b);   /* sources.c */
void bench_quantiser(struct bench *b); /* quantiser.c */
void bench_kernels(struct bench *b);   /* kernels.c */
void bench_delivery(struct bench *b);  /* delivery.c */
void bench_engine(struct bench *b);    /* engine.c */
void bench_recurrent(struct bench *b); /* engine.c */
void bench_threads(struct bench *b);   /* engine.c; more than one core */
void bench_profile(struct bench *b);   /* profile.c; more than one core */
void bench_step(struct bench *b);      /* profile_step.c; the other half of `profile` */
void bench_events(struct bench *b);    /* events.c */
void bench_python(struct bench *b);    /* python.c */
void bench_memory(struct bench *b);    /* memory.c; all cores */
void bench_mapper(struct bench *b);    /* mapper.c */

/* ---- results ---- */

struct bench_machine { /* machine.c */
    const char *cpu, *compiler, *llvm, *date;
    long cores;
    double hz; /* of the clock while it computes; 0: not known */
};
struct bench_machine bench_machine(struct arena *a);

void bench_goals(struct bench *b); /* goals.c */
/* Median over the cells of how far rates of the same code are apart; above BENCH_NOISY the machine
 * counts as noisy. */
double bench_noise(const struct bench *b);
#define BENCH_NOISY 0.05
/* How much of the time this process had its core; below BENCH_SHARED others run here too. */
double bench_available(const struct bench *b);
#define BENCH_SHARED 0.95

void bench_report(struct bench *b);                       /* report.c */
void bench_json(struct bench *b);                         /* json.c */
bool bench_plot(const struct bench *b, const char *path); /* plot.c */

#endif
