/* dyn: the C library. The only public header.
 *
 * libdyn-run loads and runs images; libdyn does that too, and compiles and compares. Everything
 * hangs on a context, which collects messages; there is no global state, nothing is printed,
 * nothing exits. A context and what was made with it belong to one thread at a time; several
 * contexts are independent. Functions that fail return NULL or 0 and leave a message in the
 * context.
 *
 *     dyn_context *c = dyn_new();
 *     dyn_image *im = dyn_compile(c, "pair.dyn", &(dyn_compile_options){.target = "dynapse2"});
 *     dyn_input in = {.name = "drive", .counts = counts, .trials = 4, .steps = 500};
 *     dyn_result *r = dyn_run(c, im, &(dyn_run_options){.input = &in, .n_input = 1});
 *     const uint64_t *spikes = dyn_result_counts(r, "exc", &n);
 */
#ifndef DYN_H
#define DYN_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define DYN_API __attribute__((visibility("default")))
#else
#define DYN_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dyn_context dyn_context;
typedef struct dyn_image dyn_image;
typedef struct dyn_result dyn_result;

DYN_API const char *dyn_version(void);

/* NULL without memory. Free images and results before their context. */
DYN_API dyn_context *dyn_new(void);
DYN_API void dyn_free(dyn_context *c);

/* ---- messages ---- */

typedef struct dyn_message {
    const char *code; /* "E0201", "W0654" */
    int is_error;     /* else a warning */
    const char *message;
    const char *hint;      /* NULL if there is none */
    const char *file;      /* NULL without a place */
    uint32_t line, column; /* from 1; 0 without a place */
    size_t begin, end;     /* bytes */
} dyn_message;

DYN_API size_t dyn_message_count(const dyn_context *c);
/* Valid until dyn_clear() or dyn_free(). 0 if there is no message of that index. */
DYN_API int dyn_message_get(const dyn_context *c, size_t i, dyn_message *out);
/* 0 without errors, else the exit status that `dyn` would end with: 1 input, 3 doesn't fit, ... */
DYN_API int dyn_status(const dyn_context *c);
DYN_API void dyn_clear(dyn_context *c);

/* ---- images: libdyn-run ---- */

DYN_API dyn_image *dyn_image_open(dyn_context *c, const char *path);
/* The bytes are copied. */
DYN_API dyn_image *dyn_image_parse(dyn_context *c, const void *data, size_t size);
DYN_API void dyn_image_free(dyn_image *im);

DYN_API const char *dyn_image_target(const dyn_image *im); /* "sim", "dynapse2" */
DYN_API const char *dyn_image_network(const dyn_image *im);
DYN_API const void *dyn_image_bytes(const dyn_image *im, size_t *size);
/* Name and number of channels or neurons; NULL if there is none of that index. */
DYN_API const char *dyn_image_input(const dyn_image *im, size_t i, uint32_t *channels);
DYN_API const char *dyn_image_layer(const dyn_image *im, size_t i, uint32_t *neurons);

/* ---- running: libdyn-run ---- */

/* Of a map [features, height, width]: channel is the feature. Of one dimension: channel is the
 * index, y and x are 0. */
typedef struct dyn_event {
    int64_t t; /* microseconds */
    uint32_t trial;
    uint16_t channel, y, x;
} dyn_event;

typedef struct dyn_input { /* inputs that aren't given are silent */
    const char *name;
    const uint8_t *counts; /* [trials][steps][channels]: events in a step; NULL: a list of events */
    uint32_t trials, steps;  /* of a list: 0 is as many as it has, and until its last event; a step
                                is  a microsecond where the network has no time step */
    const dyn_event *events; /* those of a trial in any order of time */
    size_t n_events;
} dyn_input;

typedef struct dyn_run_options {
    const char *backend; /* "jit", "interp"; NULL: jit where it can be had, else interp */
    const dyn_input *input;
    size_t n_input;
    uint32_t trials;    /* 0: as many as the inputs have */
    uint32_t chips;     /* 0: 1. Chips differ by their mismatch */
    uint32_t jobs;      /* threads; 0: all processors */
    const char *record; /* "all", "none", "LAYER.VARIABLE,..."; NULL: what the image says */
    int one_per_step;   /* counts above 1 become 1, as on the board */
    const char *cpu;    /* "sse2", "avx2", "avx512", "neon"; NULL: the best that there is. Results
                           are the same */
    int no_cache;       /* compiled kernels aren't kept in the user's cache folder */
    const char *output; /* a .npz as of dyn_result_save(), written while the run goes on: what is
                           recorded needn't fit in memory, and isn't in the result */
    const char *semantics; /* "event", "clocked", where the models can do both; NULL: as the image
                              says */
    double dt;             /* seconds: the time step of a network that has none; 0: none */
} dyn_run_options;

/* An image for a chip runs on its virtual chip, which leaves a warning for each thing that a real
 * one would do silently, such as losing events. */
DYN_API dyn_result *dyn_run(dyn_context *c, const dyn_image *im, const dyn_run_options *o);
DYN_API void dyn_result_free(dyn_result *r);

/* Spike totals of a layer, [chips][trials][neurons], good until dyn_result_free(); NULL if there is
 * no such layer. */
DYN_API const uint64_t *dyn_result_counts(const dyn_result *r, const char *layer,
                                          uint32_t *neurons);
typedef struct dyn_data {
    uint32_t chips, trials, neurons;
    uint64_t steps;
    const uint8_t *spikes; /* [chips][trials][steps][neurons]; NULL for other variables, and of an
                              event-driven run */
    const float *values; /* the same shape; NULL for spikes. SI units. Of an event-driven run at the
                            end of each trial: steps is 1 */
    const dyn_event *events; /* the spikes of an event-driven run, by trial (chip * trials + trial)
                                and time; else NULL */
    uint64_t n_events;
} dyn_data;

/* A recorded variable, "exc.spikes"; 0 if it wasn't recorded. */
DYN_API int dyn_result_data(const dyn_result *r, const char *variable, dyn_data *out);
/* Everything recorded as .npz, as `dyn run -o` writes it. */
DYN_API int dyn_result_save(dyn_context *c, const dyn_result *r, const char *path);

/* ---- compiling and comparing: libdyn ---- */

typedef struct dyn_compile_options {
    const char *target;  /* NULL: "sim" */
    const char *network; /* NULL: the only one */
    int refine;          /* second CAM entries where they make weights more exact */
    int split;           /* helper neurons where one has too many sources or targets for the chip */
    const char *semantics; /* "event", "clocked": what the image says; NULL: the models' default */
    const char *dt;        /* "1ms": the time step of a network that has none; NULL: none */
    const char *like;      /* speck2e, speck2f: "sinabs": its numbers; NULL: right ones */
    const char *calibrate; /* the same: a stimulus of the source that scales are chosen by; NULL:
                              none */
} dyn_compile_options;

DYN_API dyn_image *dyn_compile(dyn_context *c, const char *path, const dyn_compile_options *o);
/* All diagnostics of a source; 1 if there are no errors. */
DYN_API int dyn_check(dyn_context *c, const char *path);
/* The network after a pass (NULL: elaborate), as .dyn text to be freed with free(). */
DYN_API char *dyn_print(dyn_context *c, const char *path, const char *after,
                        const dyn_compile_options *o);
/* Two sources or images: the JSON of `dyn diff --json` without behaviour, to be freed with free();
 * *beyond: how many differences exceed the default tolerance. */
DYN_API char *dyn_diff(dyn_context *c, const char *a, const char *b, size_t *beyond);

#ifdef __cplusplus
}
#endif

#endif
