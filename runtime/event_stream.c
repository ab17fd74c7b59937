#include "runtime/event_stream.h"

#include "runtime/stimulus.h"
#include <fcntl.h>
#include <math.h>
#include <unistd.h>

enum { WINDOW = 1 << 16 }; /* bytes, or one record */

struct event_window {
    const struct event_stream *s;
    int fd;
    struct npy some;      /* records that were read */
    uint64_t first, most; /* of them; how many there is room for */
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
    const int fd = open(s->records->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return NULL;
    struct event_window *w = ARENA_NEW(a, struct event_window);
    *w = (struct event_window){.s = s, .fd = fd, .some = *s->records};
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
        close(w->fd);
}

/* Record i is among those that were read. */
static bool move_to(struct event_window *w, uint64_t i)
{
    const struct npy *all = w->s->records;
    if (i >= w->first && i - w->first < w->some.count)
        return true;
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
