/* Events that stay in their file: records in a .npy, .bin or .csv too large to be worth keeping in
 * memory, read a window at a time. The file is gone through once before (stimulus_event_records());
 * what it has later is checked again, since others may write to it. */
#ifndef RUNTIME_EVENT_STREAM_H
#define RUNTIME_EVENT_STREAM_H

#include "runtime/base/npy.h"
#include "runtime/plan.h"

struct event_fields { /* `channel`, or where that is NULL a place */
    const struct npy_type *t, *channel, *p, *y, *x;
};

struct event_stream {
    const struct npy *records; /* without data */
    struct event_fields fields;
    struct plan_shape shape;
};

/* An event of records with data; false: it lies outside of the input. */
bool event_of_record(const struct npy *records, const struct event_fields *f,
                     const struct plan_shape *shape, uint64_t i, double *t, uint32_t *channel);

struct event_window; /* of one thread */
/* NULL: the file can't be opened. */
struct event_window *event_window_open(struct arena *a, const struct event_stream *s);
void event_window_close(struct event_window *w);
/* Event i. Fast where i ascends; of a .csv only there. False: the file can't be read, or the event
 * lies outside. */
bool event_window_get(struct event_window *w, uint64_t i, double *t, uint32_t *channel);
/* Number i of another field of the records. */
bool event_window_number(struct event_window *w, const struct npy_type *field, uint64_t i,
                         double *x);

#endif
