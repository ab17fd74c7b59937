/* A .csv of events (event_file.h) line by line, in constant memory: for files too large to be worth
 * keeping (event_stream.h). Nothing is reported: what is wrong is told by who reads it whole. */
#ifndef RUNTIME_EVENT_CSV_H
#define RUNTIME_EVENT_CSV_H

#include "runtime/base/npy.h"

enum { EVENT_CSV_COLUMNS = 5 }; /* at most */

struct event_csv;
/* The fields of its records, which are float64, into *out. NULL: it can't be read so. */
struct event_csv *event_csv_open(struct arena *a, const char *path, struct npy *out);
void event_csv_close(struct event_csv *c);
/* To the first event. */
bool event_csv_rewind(struct event_csv *c);
/* An event's numbers; false: there is none, or it is wrong. */
bool event_csv_next(struct event_csv *c, double *row);
/* Whether that was because the file ended. */
bool event_csv_ended(const struct event_csv *c);

#endif
