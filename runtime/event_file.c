#include "runtime/event_file.h"

#include "runtime/event_csv.h"
#include <sys/stat.h>

/* ---- the vendor's ------------------------------------------------------------------------------
 */

enum { BIN_RECORD = 16 }; /* bytes */

static void bin_fields(struct npy *x)
{
    event_file_field(x, "x", 'u', 4, 0);
    event_file_field(x, "y", 'u', 4, 4);
    event_file_field(x, "p", 'u', 4, 8);
    event_file_field(x, "t", 'u', 4, 12);
}

static bool is_large(const char *path, struct stat *st)
{
    return stat(path, st) == 0 && S_ISREG(st->st_mode) && st->st_size >= EVENT_FILE_LARGE;
}

/* A large one, whose records stay where they are; false: it is read whole, and told what is wrong
 * with it. */
static bool open_bin(struct arena *a, const char *path, struct npy *out)
{
    struct stat st;
    if (!is_large(path, &st) || st.st_size % BIN_RECORD)
        return false;
    *out = event_file_records(NULL, (uint64_t)st.st_size / BIN_RECORD, BIN_RECORD);
    out->path = arena_strdup(a, path);
    bin_fields(out);
    return true;
}

bool event_file_bin(struct arena *a, struct bytes b, struct npy *out, struct diags *d,
                    const char *what, struct span at)
{
    (void)a;
    if (b.n % BIN_RECORD) {
        diag_add(d, E0505, at, "%s has %zu bytes: events have %d each", what, b.n, BIN_RECORD);
        return false;
    }
    *out = event_file_records(b.data, b.n / BIN_RECORD, BIN_RECORD);
    bin_fields(out);
    return true;
}

/* A large one, gone through to see that it can be read and how many events there are. */
static bool open_csv(struct arena *a, const char *path, struct npy *out)
{
    struct arena scratch = {0};
    struct stat st;
    struct npy fields;
    double row[EVENT_CSV_COLUMNS];
    struct event_csv *c = is_large(path, &st) ? event_csv_open(&scratch, path, &fields) : NULL;
    uint64_t n = 0;
    while (c && event_csv_next(c, row))
        n++;
    const bool ok = c && event_csv_ended(c);
    event_csv_close(c);
    arena_free(&scratch);
    if (!ok)
        return false;
    *out = fields;
    out->count = out->extent[0] = n;
    out->path = arena_strdup(a, path);
    return true;
}

/* ---- any ---------------------------------------------------------------------------------------
 */

typedef bool reader(struct arena *a, struct bytes b, struct npy *out, struct diags *d,
                    const char *what, struct span at);

static reader *reader_of(const char *path)
{
    static const struct {
        const char *end;
        reader *read;
    } known[] = {
        {".aedat4", event_file_aedat4}, {".bin", event_file_bin}, {".csv", event_file_csv}};
    const size_t n = strlen(path);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const size_t m = strlen(known[i].end);
        if (n > m && strcmp(path + n - m, known[i].end) == 0)
            return known[i].read;
    }
    return NULL;
}

bool event_file_load(struct arena *a, const char *path, const char *member, struct npy *out,
                     struct diags *d, enum diag_code code, struct span at)
{
    struct bytes b;
    reader *read = reader_of(path);
    if (!read)
        return (!member && npy_open_records(a, path, EVENT_FILE_LARGE, out)) ||
               npy_load(a, path, member, out, d, code, at);
    if (member) {
        diag_add(d, E0505, at, "%s has no member `%s`: only a .npz has members", path, member);
        return false;
    }
    return (read == event_file_bin && open_bin(a, path, out)) ||
           (read == event_file_csv && open_csv(a, path, out)) ||
           (file_read(a, path, &b, d, code, at) && read(a, b, out, d, path, at));
}

bool event_file_is_csv(const char *path)
{
    return reader_of(path) == event_file_csv;
}

bool event_file_whole(struct arena *a, struct npy *events, struct diags *d, struct span at)
{
    struct bytes b;
    if (!file_read(a, events->path, &b, d, E0901, at))
        return false;
    if (event_file_is_csv(events->path))
        return event_file_csv(a, b, events, d, events->path, at);
    if (b.n < events->at || (b.n - events->at) / events->record_size < events->count) {
        diag_add(d, E0901, at, "can't read %s: it has changed", events->path);
        return false;
    }
    events->data = b.data + events->at;
    return true;
}
