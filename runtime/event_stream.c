#include "runtime/event_stream.h"

#include "runtime/event_csv.h"
#include "runtime/event_file.h"
#include "runtime/stimulus.h"
#include <fcntl.h>
#include <math.h>
#include <unistd.h>

enum { WINDOW = 1 << 16 }; /* bytes, or one record */

struct event_window {
    const struct event_stream *s;
    struct event_csv *csv; /* NULL: records, */
    int fd;                /* read from here */
    struct npy some;       /* records that were read */
    uint64_t first, most;  /* of them; how many there is room for */
    uint8_t *bytes;
};

bool event_of_record(const struct npy *records, const struct event_fields *f,
                     const struct plan_shape *shape, uint64_t i, double *t, uint32_t *channel)
{
    *t = npy_get(records, f->t, i);
    if (!f->channel)
        return stimulus_place(shape, f->p ? npy_get(records, f->p, i) : 0,
                              npy_get(records, f->y, i), npy_get(records, f->x, i), channel);
    const double c = npy_get(records, f->channel, i);
    const bool inside = c >= 0 && c < stimulus_channels(shape) && c == floor(c);
    *channel = inside ? (uint32_t)c : 0;
    return inside;
}

struct event_window *event_window_open(struct arena *a, const struct event_stream *s)
{
    const char *path = s->records->path;
    struct npy fields;
    struct event_window *w = ARENA_NEW(a, struct event_window);
    *w = (struct event_window){.s = s, .fd = -1, .some = *s->records};
    if (event_file_is_csv(path))
        w->csv = event_csv_open(a, path, &fields);
    else
        w->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    /* Another file may have taken its place. */
    if (w->csv ? fields.record_size != s->records->record_size : w->fd < 0) {
        event_window_close(w);
        return NULL;
    }
    w->most = WINDOW / s->records->record_size;
    w->most = w->most ? w->most : 1;
    w->bytes = arena_alloc(a, (size_t)w->most * s->records->record_size);
    w->some.data = w->bytes;
    w->some.count = 0;
    return w;
}

void event_window_close(struct event_window *w)
{
    if (w)
        event_csv_close(w->csv);
    if (w && w->fd >= 0)
        close(w->fd);
}

/* Lines are gone through from the first that is there, or from the beginning. */
static bool move_in_csv(struct event_window *w, uint64_t i)
{
    if (i < w->first) {
        w->first = w->some.count = 0;
        if (!event_csv_rewind(w->csv))
            return false;
    }
    while (i - w->first >= w->some.count) {
        w->first += w->some.count;
        for (w->some.count = 0; w->some.count < w->most; w->some.count++) {
            double row[EVENT_CSV_COLUMNS];
            if (!event_csv_next(w->csv, row))
                break;
            memcpy(w->bytes + w->some.count * w->some.record_size, row, w->some.record_size);
        }
        if (w->some.count == 0)
            return false;
    }
    return true;
}

/* Record i is among those that were read. */
static bool move_to(struct event_window *w, uint64_t i)
{
    const struct npy *all = w->s->records;
    if (i >= w->first && i - w->first < w->some.count)
        return true;
    if (w->csv)
        return move_in_csv(w, i);
    w->first = i;
    w->some.count = all->count - i < w->most ? all->count - i : w->most;
    const size_t n = (size_t)w->some.count * all->record_size;
    const uint64_t at = all->at + i * all->record_size;
    for (size_t done = 0; done < n;) {
        const ssize_t got = pread(w->fd, w->bytes + done, n - done, (off_t)(at + done));
        if (got <= 0) {
            w->some.count = 0;
            return false;
        }
        done += (size_t)got;
    }
    return true;
}

bool event_window_get(struct event_window *w, uint64_t i, double *t, uint32_t *channel)
{
    return move_to(w, i) &&
           event_of_record(&w->some, &w->s->fields, &w->s->shape, i - w->first, t, channel) &&
           *t >= 0 && *t <= 0x1p53;
}

bool event_window_number(struct event_window *w, const struct npy_type *field, uint64_t i,
                         double *x)
{
    if (!move_to(w, i))
        return false;
    *x = npy_get(&w->some, field, i - w->first);
    return true;
}
