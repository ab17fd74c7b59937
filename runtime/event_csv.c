/* Events as numbers in lines of text. */
#include "runtime/event_csv.h"

#include "runtime/base/number.h"
#include "runtime/event_file.h"
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <unistd.h>

enum {
    PIECE = 1 << 16, /* bytes of a file that is read line by line */
    MARK = 3         /* of the byte order mark that some put before UTF-8 */
};

static const char *const column_name[EVENT_CSV_COLUMNS] = {"t", "x", "y", "p", "channel"};

struct csv {
    const char *p, *end; /* what is left of the text, or of the piece of it that was read */
    uint64_t line;
    uint32_t n;
    int column[EVENT_CSV_COLUMNS]; /* which of the names each is */
    struct diags *d;               /* NULL: nothing is told */
    const char *what;
    struct span at;
    /* Of a file that is read piece by piece; room NULL: the text is all there is. */
    char *room;
    int fd;
    bool broken; /* it can't be read, or has a line that is longer than a piece */
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

/* The rest of a piece and what follows it; false: nothing does. */
static bool read_more(struct csv *c)
{
    const size_t rest = (size_t)(c->end - c->p);
    if (!c->room || c->broken)
        return false;
    if (rest == PIECE) {
        c->broken = true;
        return false;
    }
    memmove(c->room, c->p, rest);
    const ssize_t got = read(c->fd, c->room + rest, PIECE - rest);
    c->broken = got < 0;
    c->p = c->room;
    c->end = c->room + rest + (got > 0 ? got : 0);
    return got > 0;
}

/* The next line that isn't empty, without its comment. */
static bool next_line(struct csv *c, const char **first, const char **last)
{
    while (c->p < c->end || read_more(c)) {
        const char *p = c->p, *newline = memchr(p, '\n', (size_t)(c->end - p));
        if (!newline && read_more(c))
            continue;
        p = c->p;
        if (c->broken)
            return false;
        const char *end = newline ? newline : c->end;
        c->p = newline ? newline + 1 : c->end;
        if (c->line++ == 0 && (size_t)(end - p) >= MARK && memcmp(p, "\xef\xbb\xbf", MARK) == 0)
            p += MARK;
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

static bool wrong(struct csv *c, const char *text)
{
    c->broken = true;
    if (c->d)
        diag_add(c->d, E0505, c->at, "%s, line %" PRIu64 ": %s", c->what, c->line, text);
    return false;
}

static bool read_names(struct csv *c, const char *p, const char *end)
{
    struct word w;
    bool seen[EVENT_CSV_COLUMNS] = {false};
    while (next_word(&p, end, &w)) {
        int i = 0;
        while (i < EVENT_CSV_COLUMNS &&
               (strlen(column_name[i]) != w.n || memcmp(column_name[i], w.p, w.n)))
            i++;
        if (i == EVENT_CSV_COLUMNS || seen[i])
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
        c->column[i] = c->n == 2 && i == 1 ? EVENT_CSV_COLUMNS - 1 : (int)i;
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
        if (c->column[i] != 0 && to[i] != floor(to[i]))
            return wrong(c, "an event's numbers but t are whole");
    }
    if (p < end)
        return wrong(c, "a line has more columns than the first");
    return true;
}

/* The names of the columns, of a line of their own or guessed; *first is then the first event's
 * line, if there is one (*more). */
static bool read_head(struct csv *c, const char **first, const char **last, bool *more)
{
    *more = next_line(c, first, last);
    if (!*more) {
        c->broken = true;
        if (c->d)
            diag_add(c->d, E0505, c->at, "%s has no events", c->what);
        return false;
    }
    if (!is_name(*first))
        return guess_names(c, *first, *last);
    if (!read_names(c, *first, *last))
        return false;
    *more = next_line(c, first, last);
    return true;
}

static void set_fields(const struct csv *c, const uint8_t *data, uint64_t n, struct npy *out)
{
    *out = event_file_records(data, n, c->n * (uint32_t)sizeof(double));
    for (uint32_t i = 0; i < c->n; i++)
        event_file_field(out, column_name[c->column[i]], 'f', sizeof(double),
                         i * (uint32_t)sizeof(double));
}

/* ---- whole ---- */

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
    bool more;
    if (!read_head(&c, &first, &last, &more))
        return false;
    double *v = arena_try(a, (size_t)count_lines(b), c.n * sizeof *v);
    if (!v) {
        diag_add(d, E0505, at, "%s doesn't fit in memory", what);
        return false;
    }
    for (; more; more = next_line(&c, &first, &last))
        if (!read_numbers(&c, first, last, v + n++ * c.n))
            return false;
    set_fields(&c, (const uint8_t *)v, n, out);
    return true;
}

/* ---- line by line ---- */

struct event_csv {
    struct csv text;
    const char *first, *last; /* the next event's line */
    bool more;                /* there is one */
};

static bool begin(struct event_csv *c)
{
    c->text = (struct csv){.room = c->text.room, .fd = c->text.fd};
    c->text.p = c->text.end = c->text.room;
    return lseek(c->text.fd, 0, SEEK_SET) == 0 &&
           read_head(&c->text, &c->first, &c->last, &c->more);
}

struct event_csv *event_csv_open(struct arena *a, const char *path, struct npy *out)
{
    struct event_csv *c = ARENA_NEW(a, struct event_csv);
    c->text.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    c->text.room = ARENA_ARRAY(a, char, PIECE);
    if (c->text.fd < 0 || !begin(c)) {
        event_csv_close(c);
        return NULL;
    }
    set_fields(&c->text, NULL, 0, out);
    return c;
}

void event_csv_close(struct event_csv *c)
{
    if (c && c->text.fd >= 0)
        close(c->text.fd);
}

bool event_csv_rewind(struct event_csv *c)
{
    return begin(c);
}

bool event_csv_next(struct event_csv *c, double *row)
{
    if (!c->more || !read_numbers(&c->text, c->first, c->last, row))
        return false;
    c->more = next_line(&c->text, &c->first, &c->last);
    return true;
}

bool event_csv_ended(const struct event_csv *c)
{
    return !c->more && !c->text.broken;
}
