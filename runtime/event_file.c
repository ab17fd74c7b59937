#include "runtime/event_file.h"

#include "runtime/base/number.h"
#include <inttypes.h>
#include <sys/stat.h>

/* ---- the vendor's ------------------------------------------------------------------------------
 */

enum { BIN_RECORD = 16 }; /* bytes */

static struct npy records(const uint8_t *data, uint64_t n, uint32_t size)
{
    return (struct npy){.rank = 1, .extent = {n}, .count = n, .record_size = size, .data = data};
}

static void add_field(struct npy *x, const char *name, char kind, uint8_t size, uint32_t offset)
{
    x->field[x->n_fields++] =
        (struct npy_type){.kind = kind, .size = size, .offset = offset, .name = name};
}

static void bin_fields(struct npy *x)
{
    add_field(x, "x", 'u', 4, 0);
    add_field(x, "y", 'u', 4, 4);
    add_field(x, "p", 'u', 4, 8);
    add_field(x, "t", 'u', 4, 12);
}

/* A large one, whose records stay where they are; false: it is read whole, and told what is wrong
 * with it. */
static bool open_bin(struct arena *a, const char *path, struct npy *out)
{
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < EVENT_FILE_LARGE ||
        st.st_size % BIN_RECORD)
        return false;
    *out = records(NULL, (uint64_t)st.st_size / BIN_RECORD, BIN_RECORD);
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
    *out = records(b.data, b.n / BIN_RECORD, BIN_RECORD);
    bin_fields(out);
    return true;
}

/* ---- CSV ---------------------------------------------------------------------------------------
 */

enum { COLUMNS = 5 };
static const char *const column_name[COLUMNS] = {"t", "x", "y", "p", "channel"};

struct csv {
    const char *p, *end; /* what is left of the text */
    uint64_t line;
    uint32_t n;
    int column[COLUMNS]; /* which of the names each is */
    struct diags *d;
    const char *what;
    struct span at;
};

struct word {
    const char *p;
    size_t n;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool is_separator(char c)
{
    return c == ',' || c == ';';
}

/* The next word of a line that ends at `end`; one separator and any blanks are gone over. */
static bool next_word(const char **p, const char *end, struct word *out)
{
    while (*p < end && is_blank(**p))
        (*p)++;
    const char *first = *p;
    while (*p < end && !is_blank(**p) && !is_separator(**p))
        (*p)++;
    *out = (struct word){first, (size_t)(*p - first)};
    while (*p < end && is_blank(**p))
        (*p)++;
    if (*p < end && is_separator(**p))
        (*p)++;
    return out->n > 0;
}

/* The next line that isn't empty, without its comment. */
static bool next_line(struct csv *c, const char **first, const char **last)
{
    while (c->p < c->end) {
        const char *p = c->p, *newline = memchr(p, '\n', (size_t)(c->end - p));
        const char *end = newline ? newline : c->end;
        c->p = newline ? newline + 1 : c->end;
        c->line++;
        const char *comment = memchr(p, '#', (size_t)(end - p));
        end = comment ? comment : end;
        while (p < end && is_blank(*p))
            p++;
        if (p < end) {
            *first = p;
            *last = end;
            return true;
        }
    }
    return false;
}

static bool wrong(const struct csv *c, const char *text)
{
    diag_add(c->d, E0505, c->at, "%s, line %" PRIu64 ": %s", c->what, c->line, text);
    return false;
}

static bool read_names(struct csv *c, const char *p, const char *end)
{
    struct word w;
    bool seen[COLUMNS] = {false};
    while (next_word(&p, end, &w)) {
        int i = 0;
        while (i < COLUMNS && (strlen(column_name[i]) != w.n || memcmp(column_name[i], w.p, w.n)))
            i++;
        if (i == COLUMNS || seen[i])
            return wrong(c, "columns are called t, x, y, p and channel");
        seen[i] = true;
        c->column[c->n++] = i;
    }
    if (!seen[0])
        return wrong(c, "no column is called t");
    return true;
}

/* Of a file without names: t, channel or t, x, y, p. */
static bool guess_names(struct csv *c, const char *p, const char *end)
{
    struct word w;
    while (next_word(&p, end, &w))
        c->n++;
    if (c->n < 2 || c->n > 4)
        return wrong(c, "events have 2, 3 or 4 columns: t and channel, or t, x, y and p");
    for (uint32_t i = 0; i < c->n; i++)
        c->column[i] = c->n == 2 && i == 1 ? COLUMNS - 1 : (int)i;
    return true;
}

static bool is_name(const char *p)
{
    return (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '_';
}

static bool is_number(struct word w)
{
    size_t digits = 0;
    bool point = false, exponent = false;
    for (size_t i = 0; i < w.n; i++) {
        const char ch = w.p[i];
        if (ch >= '0' && ch <= '9') {
            digits++;
        } else if (ch == '.' && !point && !exponent) {
            point = true;
        } else if ((ch == 'e' || ch == 'E') && digits && !exponent) {
            exponent = true;
            digits = 0;
            i += i + 1 < w.n && (w.p[i + 1] == '+' || w.p[i + 1] == '-');
        } else {
            return false;
        }
    }
    return digits > 0;
}

static bool read_numbers(struct csv *c, const char *p, const char *end, double *to)
{
    for (uint32_t i = 0; i < c->n; i++) {
        struct word w;
        if (!next_word(&p, end, &w))
            return wrong(c, "a number is missing");
        if (!is_number(w) || number_read(w.p, w.n, 0, &to[i]))
            return wrong(c, "an event's numbers are 0 or more");
    }
    if (p < end)
        return wrong(c, "a line has more columns than the first");
    return true;
}

static uint64_t count_lines(struct bytes b)
{
    uint64_t n = 1;
    for (size_t i = 0; i < b.n; i++)
        n += b.data[i] == '\n';
    return n;
}

bool event_file_csv(struct arena *a, struct bytes b, struct npy *out, struct diags *d,
                    const char *what, struct span at)
{
    struct csv c = {.p = (const char *)b.data,
                    .end = (const char *)b.data + b.n,
                    .d = d,
                    .what = what,
                    .at = at};
    const char *first, *last;
    uint64_t n = 0;
    bool more = next_line(&c, &first, &last);
    if (!more)
        return wrong(&c, "there are no events");
    if (is_name(first)) {
        if (!read_names(&c, first, last))
            return false;
        more = next_line(&c, &first, &last);
    } else if (!guess_names(&c, first, last)) {
        return false;
    }
    double *v = arena_try(a, (size_t)count_lines(b), c.n * sizeof *v);
    if (!v) {
        diag_add(d, E0505, at, "%s doesn't fit in memory", what);
        return false;
    }
    for (; more; more = next_line(&c, &first, &last))
        if (!read_numbers(&c, first, last, v + n++ * c.n))
            return false;
    *out = records((const uint8_t *)v, n, c.n * (uint32_t)sizeof *v);
    for (uint32_t i = 0; i < c.n; i++)
        add_field(out, column_name[c.column[i]], 'f', sizeof *v, i * (uint32_t)sizeof *v);
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
           (file_read(a, path, &b, d, code, at) && read(a, b, out, d, path, at));
}
