/* The parts of the benchmark: what each measures is in README.md.
 *
 * A cell is one setting (neurons, trials, parameters, recording) in which several variants run one
 * after another, round by round, so that what disturbs the machine disturbs all of them alike. */
#ifndef BENCH_H
#define BENCH_H

#include "compiler/elaborate.h"
#include "runtime/run.h"
#include "tests/bench/hand.h"

struct bench_options {
    bool quick, json;
    const char *plot; /* SVG file; NULL: none */
    const char *part; /* this alone, by the name of its file; NULL: all */
    uint32_t neurons; /* cells of this size alone; 0: all */
};

/* ---- measuring (measure.c) ---- */

enum { BENCH_MAX_VARIANTS = 8 };

struct bench_variant {
    const char *name;
    /* One run; returns neuron-steps a second. */
    double (*rate)(void *arg);
    void *arg;
    double median; /* of the rates */
    double ratio;  /* median of the ratios to the first variant, in the same round */
    double spread; /* half of the rates lie within this share of the median */
};

struct bench_cell {
    const char *part; /* "kernel", "engine", "threads" */
    uint32_t n, trials;
    bool varying, record, recurrent;
    double hz; /* "kernel": spikes of a neuron in a second */
    uint32_t n_variants;
    struct bench_variant variant[BENCH_MAX_VARIANTS];
};

struct bench_time { /* a duration, measured some times */
    const char *part, *name;
    double median, least, most; /* seconds */
    double goal;                /* seconds; 0: none */
    const char *note;           /* "" or what else there is to say */
};

struct bench {
    struct bench_options o;
    struct arena arena;
    VEC(struct bench_cell) cell;
    VEC(struct bench_time) time;
    uint32_t checks, failures;
    bool have_jit;
    struct backend interp, jit;
};

double bench_now(void); /* seconds */
void bench_add(struct bench_cell *c, const char *name, double (*rate)(void *), void *arg);
/* Measures the cell's variants and keeps it. */
void bench_measure(struct bench *b, struct bench_cell *c);
/* `v` is n durations, which become sorted. */
void bench_keep_time(struct bench *b, const char *part, const char *name, double *v, uint32_t n,
                     double goal, const char *note);
double bench_quantile(const double *sorted, uint32_t n, double q);
void bench_sort(double *v, uint32_t n);
/* Counts, and says what is wrong. */
void bench_check(struct bench *b, bool good, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- a layer of dpi neurons (network.c) ---- */

enum { BENCH_CHANNELS = 4 };

struct bench_net {
    struct arena arena;
    struct diags diags;
    struct unit unit;
    struct plan plan;
    const struct model *model;
    struct column *param, *let; /* of chip 0 */
};

/* `n` neurons on an input of BENCH_CHANNELS channels, all to all, with weights bench_weight(i);
 * `varying`: 5 % mismatch on all that can have it; `recurrent`: also all to all on itself. */
void bench_net_make(struct bench_net *b, uint32_t n, bool varying, bool recurrent);
void bench_net_free(struct bench_net *b);
float bench_weight(uint64_t i);
/* The channel that has an event in this step, or -1: about half of the steps have one. */
int bench_event(uint32_t trial, uint64_t step);

/* ---- parts ---- */

void bench_latency(struct bench *b);   /* latency.c; before anything has opened the JIT */
void bench_quantiser(struct bench *b); /* quantiser.c */
void bench_kernels(struct bench *b);   /* kernels.c */
void bench_engine(struct bench *b);    /* engine.c */
void bench_recurrent(struct bench *b); /* engine.c */
void bench_threads(struct bench *b);   /* engine.c; more than one core */
void bench_memory(struct bench *b);    /* memory.c; all cores */

/* ---- results (report.c) ---- */

void bench_report(const struct bench *b);
bool bench_plot(const struct bench *b, const char *path);

#endif
