#include "lang/render.h"

#include "runtime/base/json.h"
#include "runtime/base/utf8.h"

#include <string.h>

enum {
    LINE_MAX_WIDTH = 100, /* columns of a source line that are shown */
    LINE_LEAD = 20,       /* columns before the span where a line is cut at its start */
    TAB_WIDTH = 8,        /* for cutting; alignment doesn't depend on it */
};

/* ---- characters ---- */

struct range {
    uint32_t first, last;
};

/* Combining marks and other characters that take no column. */
static const struct range zero_width[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a},
    {0x064b, 0x065f}, {0x0e31, 0x0e31}, {0x0e34, 0x0e3a}, {0x1ab0, 0x1aff},
    {0x1dc0, 0x1dff}, {0x200b, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x2064},
    {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff},
};

/* East Asian wide and full-width characters, emoji. */
static const struct range double_width[] = {
    {0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},
    {0x4e00, 0x9fff},   {0xa000, 0xa4cf},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},
    {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x1f300, 0x1f64f},
    {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};

static bool in_ranges(uint32_t c, const struct range *r, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (c >= r[i].first && c <= r[i].last)
            return true;
    return false;
}

/* Of the well-formed sequence of n bytes at `s`. */
static uint32_t code_point(const char *s, size_t n)
{
    uint32_t c = (unsigned char)s[0] & (n > 1 ? 0x7fu >> n : 0xffu);
    for (size_t i = 1; i < n; i++)
        c = c << 6 | ((unsigned char)s[i] & 0x3fu);
    return c;
}

/* One character of a text as it is printed: control characters, invalid bytes and marks that turn
 * the direction of writing are replaced, so that a source can't play with the terminal. */
struct glyph {
    const char *text;
    size_t n;     /* bytes of `text` */
    size_t taken; /* bytes of the source */
    uint32_t width;
};

static struct glyph next_glyph(const char *s, size_t n, uint32_t column)
{
    static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */
    size_t len = utf8_length(s, n);
    uint32_t c = code_point(s, len);
    if (c == '\t' && len == 1)
        return (struct glyph){s, 1, 1, TAB_WIDTH - column % TAB_WIDTH};
    bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
    bool direction = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
    if (len == 0 || control || direction)
        return (struct glyph){replacement, 3, len > 0 ? len : 1, 1};
    uint32_t width = 1;
    if (in_ranges(c, zero_width, sizeof zero_width / sizeof *zero_width))
        width = 0;
    else if (in_ranges(c, double_width, sizeof double_width / sizeof *double_width))
        width = 2;
    return (struct glyph){s, len, len, width};
}

/* Text of a message; a line break becomes a space, so that a message is one line. */
static void put_text(struct buf *out, const char *s)
{
    size_t n = strlen(s);
    while (n > 0) {
        struct glyph g = next_glyph(s, n, 0);
        if (*s == '\n' || *s == '\t')
            buf_putc(out, ' ');
        else
            buf_put(out, g.text, g.n);
        s += g.taken;
        n -= g.taken;
    }
}

/* ---- colour ---- */

#define RESET  "\x1b[0m"
#define BOLD   "\x1b[1m"
#define RED    "\x1b[1;31m"
#define YELLOW "\x1b[1;33m"
#define BLUE   "\x1b[1;34m"
#define CYAN   "\x1b[1;36m"

struct style {
    bool color;
    int digits; /* columns of the line numbers */
};

static void paint(struct buf *out, const struct style *st, const char *code)
{
    if (st->color)
        buf_puts(out, code);
}

/* ---- source lines ---- */

/* The part [begin, end) of a line that is shown. */
struct window {
    uint32_t begin, end;
    bool cut_before, cut_after;
};

static struct window choose_window(const struct source *f, struct source_pos pos, uint32_t at)
{
    struct window w = {.begin = pos.line_begin, .end = pos.line_end};
    uint32_t column = 0, lead = 0;
    /* Back from the span as far as the lead goes, if it lies beyond the width. */
    for (uint32_t i = pos.line_begin; i < at && column <= LINE_MAX_WIDTH - LINE_LEAD;) {
        struct glyph g = next_glyph(f->text + i, pos.line_end - i, column);
        column += g.width;
        i += (uint32_t)g.taken;
    }
    if (column > LINE_MAX_WIDTH - LINE_LEAD) {
        w.begin = at;
        while (w.begin > pos.line_begin && lead < LINE_LEAD) {
            w.begin--;
            lead += ((unsigned char)f->text[w.begin] & 0xc0) != 0x80;
        }
        w.cut_before = w.begin > pos.line_begin;
    }
    column = 0;
    for (uint32_t i = w.begin; i < pos.line_end;) {
        struct glyph g = next_glyph(f->text + i, pos.line_end - i, column);
        column += g.width;
        if (column > LINE_MAX_WIDTH) {
            w.end = i;
            w.cut_after = true;
            break;
        }
        i += (uint32_t)g.taken;
    }
    return w;
}

static void put_gutter(struct buf *out, const struct style *st, uint32_t line)
{
    paint(out, st, BLUE);
    if (line > 0)
        buf_printf(out, "  %*u | ", st->digits, (unsigned)line);
    else
        buf_printf(out, "  %*s | ", st->digits, "");
    paint(out, st, RESET);
}

static void put_line(struct buf *out, const struct style *st, const struct source *f, uint32_t line,
                     const struct window *w)
{
    put_gutter(out, st, line);
    if (w->cut_before)
        buf_puts(out, "...");
    uint32_t column = 0;
    for (uint32_t i = w->begin; i < w->end;) {
        struct glyph g = next_glyph(f->text + i, w->end - i, column);
        buf_put(out, g.text, g.n);
        column += g.width;
        i += (uint32_t)g.taken;
    }
    buf_puts(out, w->cut_after ? "...\n" : "\n");
}

/* The marks under [begin, end), tabs kept, so that they stand right for every width of tabs. */
static void put_marks(struct buf *out, const struct style *st, const struct source *f,
                      const struct window *w, uint32_t begin, uint32_t end, char mark,
                      const char *color, const char *text)
{
    put_gutter(out, st, 0);
    if (w->cut_before)
        buf_puts(out, "   ");
    uint32_t column = 0, i = w->begin, marks = 0;
    while (i < begin && i < w->end) {
        struct glyph g = next_glyph(f->text + i, w->end - i, column);
        if (*g.text == '\t')
            buf_putc(out, '\t');
        else
            buf_fill(out, ' ', g.width);
        column += g.width;
        i += (uint32_t)g.taken;
    }
    paint(out, st, color);
    while (i < end && i < w->end) {
        struct glyph g = next_glyph(f->text + i, w->end - i, column);
        if (*g.text == '\t' && marks > 0)
            buf_putc(out, '\t');
        else
            buf_fill(out, mark, *g.text == '\t' ? 1 : g.width);
        marks++;
        column += g.width;
        i += (uint32_t)g.taken;
    }
    if (marks == 0)
        buf_putc(out, mark);
    if (i < end)
        buf_puts(out, "...");
    if (text != NULL) {
        buf_putc(out, ' ');
        put_text(out, text);
    }
    paint(out, st, RESET);
    buf_putc(out, '\n');
}

/* ---- places ---- */

/* What stands in the output above: nothing is said twice. */
struct shown {
    uint32_t file, line;
    struct window window;
};

static void put_place(struct buf *out, const struct style *st, const struct sources *s,
                      struct span at, char mark, const char *color, const char *text,
                      struct shown *last)
{
    const struct source *f = sources_get(s, at.file);
    if (f == NULL)
        return;
    struct source_pos pos = source_pos(f, at.begin);
    if (at.file != last->file) {
        buf_printf(out, "  ");
        put_text(out, f->path);
        buf_printf(out, ":%u:%u:\n", (unsigned)pos.line, (unsigned)pos.column);
    }
    bool same_line = at.file == last->file && pos.line == last->line;
    if (!same_line || at.begin < last->window.begin || at.begin > last->window.end) {
        last->window = choose_window(f, pos, at.begin);
        put_line(out, st, f, pos.line, &last->window);
    }
    last->file = at.file;
    last->line = pos.line;
    put_marks(out, st, f, &last->window, at.begin, at.end, mark, color, text);
}

static int digits_of(const struct sources *s, struct span at, int least)
{
    const struct source *f = sources_get(s, at.file);
    int n = 1;
    for (uint32_t line = f == NULL ? 0 : source_pos(f, at.begin).line; line >= 10; line /= 10)
        n++;
    return n > least ? n : least;
}

void render_diag(struct buf *out, const struct sources *s, const struct diag *g, bool color)
{
    struct style st = {color, digits_of(s, g->span, 1)};
    for (uint32_t i = 0; i < g->labels.n; i++)
        st.digits = digits_of(s, g->labels.data[i].span, st.digits);

    const struct source *f = sources_get(s, g->span.file);
    const char *accent = g->severity == DIAG_ERROR ? RED : YELLOW;
    if (f != NULL) {
        struct source_pos pos = source_pos(f, g->span.begin);
        paint(out, &st, BOLD);
        put_text(out, f->path);
        buf_printf(out, ":%u:%u: ", (unsigned)pos.line, (unsigned)pos.column);
        paint(out, &st, RESET);
    }
    paint(out, &st, accent);
    buf_printf(out, "%s[%s]", g->severity == DIAG_ERROR ? "error" : "warning",
               diag_code_text(g->code));
    paint(out, &st, RESET);
    buf_puts(out, ": ");
    paint(out, &st, BOLD);
    put_text(out, g->message);
    paint(out, &st, RESET);
    const char *name = diag_code_name(g->code); /* what -W and -E take */
    if (name != NULL)
        buf_printf(out, " [-%c %s]", g->severity == DIAG_ERROR ? 'E' : 'W', name);
    buf_putc(out, '\n');

    struct shown last = {.file = g->span.file};
    put_place(out, &st, s, g->span, '^', accent, NULL, &last);
    for (uint32_t i = 0; i < g->labels.n; i++)
        put_place(out, &st, s, g->labels.data[i].span, '-', BLUE, g->labels.data[i].text, &last);
    if (g->hint != NULL) {
        buf_puts(out, "  ");
        buf_fill(out, ' ', (size_t)st.digits);
        paint(out, &st, CYAN);
        buf_puts(out, "hint: ");
        paint(out, &st, RESET);
        put_text(out, g->hint);
        buf_putc(out, '\n');
    }
}

/* ---- JSON ---- */

static void json_pos(struct json *j, const char *key, const struct source *f, uint32_t byte)
{
    struct source_pos pos = source_pos(f, byte);
    json_key(j, key);
    json_object(j);
    json_key(j, "byte");
    json_int(j, byte);
    json_key(j, "line");
    json_int(j, pos.line);
    json_key(j, "column");
    json_int(j, pos.column);
    json_end_object(j);
}

/* "file", "begin", "end"; only "file": null without a place. */
static void json_place(struct json *j, const struct sources *s, struct span at)
{
    const struct source *f = sources_get(s, at.file);
    json_key(j, "file");
    if (f == NULL) {
        json_null(j);
        return;
    }
    json_str(j, f->path);
    json_pos(j, "begin", f, at.begin);
    json_pos(j, "end", f, at.end);
}

void render_diag_json(struct buf *out, const struct sources *s, const struct diag *g)
{
    struct json j;
    json_init(&j, out, 0);
    json_object(&j);
    json_key(&j, "code");
    json_str(&j, diag_code_text(g->code));
    json_key(&j, "name");
    if (diag_code_name(g->code) != NULL)
        json_str(&j, diag_code_name(g->code));
    else
        json_null(&j);
    json_key(&j, "severity");
    json_str(&j, g->severity == DIAG_ERROR ? "error" : "warning");
    json_key(&j, "message");
    json_str(&j, g->message);
    json_place(&j, s, g->span);
    json_key(&j, "labels");
    json_array(&j);
    for (uint32_t i = 0; i < g->labels.n; i++) {
        json_object(&j);
        json_key(&j, "text");
        json_str(&j, g->labels.data[i].text);
        json_place(&j, s, g->labels.data[i].span);
        json_end_object(&j);
    }
    json_end_array(&j);
    json_key(&j, "hint");
    if (g->hint != NULL)
        json_str(&j, g->hint);
    else
        json_null(&j);
    json_key(&j, "edit");
    if (g->edit != NULL) {
        json_object(&j);
        json_place(&j, s, g->edit_at);
        json_key(&j, "text");
        json_str(&j, g->edit);
        json_end_object(&j);
    } else {
        json_null(&j);
    }
    json_end_object(&j);
    buf_putc(out, '\n');
}
