#include "compiler/plot.h"
#include "compiler/svg.h"
#include "runtime/base/arena.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum {
    WIDTH = 900, /* pixels of the picture */
    LEFT = 76,
    RIGHT = 24,
    INNER = WIDTH - LEFT - RIGHT,
    HEAD = 22, /* of a panel, for its name */
    BETWEEN = 10,
    TOP = 6,
    FOOT = 44, /* for the axis of time */
    TRACE_HEIGHT = 96,
    LEAST_RASTER = 14,
    MOST_RASTER = 200,
    ROW = 6,  /* of a raster, if there is room */
    FINE = 2, /* points of a raster for each pixel */
};

static const char *const colors[PLOT_TRACES] = {"#1f5fa8", "#d05030", "#2f8f4e", "#8a4fb0",
                                                "#c08020", "#208a94", "#a03060", "#606870"};

static int height_of(const struct plot_panel *p)
{
    if (p->traces)
        return TRACE_HEIGHT;
    const uint32_t want = p->rows < MOST_RASTER / ROW ? p->rows * ROW : MOST_RASTER;
    return want > LEAST_RASTER ? (int)want : LEAST_RASTER;
}

/* ---- axes ---- */

/* 1, 2 or 5 times a power of ten, so that `span` has at most `most` of them. */
static double nice_step(double span, int most)
{
    const double least = span / most, power = pow(10, floor(log10(least)));
    static const double times[] = {1, 2, 5};
    for (int i = 0; i < 3; i++) {
        if (times[i] * power >= least * (1 - 1e-9))
            return times[i] * power;
    }
    return 10 * power;
}

/* A power of 1000 near the size of x, and its prefix. */
static double prefix_of(double x, const char **prefix)
{
    static const char *const names[] = {"a", "f", "p", "n", "u", "m", "", "k", "M", "G", "T"};
    int k = x > 0 ? (int)floor(log10(x * (1 + 1e-9)) / 3) : 0;
    k = k < -6 ? -6 : k > 4 ? 4 : k;
    *prefix = names[k + 6];
    return pow(1000, k);
}

static void put_time_axis(struct buf *out, const struct plot *p, int top, int bottom)
{
    enum { TICKS = 10 };
    const char *prefix;
    const double step = nice_step(p->duration, TICKS);
    const double unit = prefix_of(fmin(p->duration, 1) * 0.999, &prefix);
    for (int i = 0; i * step <= p->duration * (1 + 1e-9); i++) {
        const double x = LEFT + INNER * (i * step / p->duration);
        buf_printf(out, "<path d='M%.1f %dV%d' stroke='#e4e8ec'/>", x, top, bottom);
        buf_printf(out, "<text x='%.1f' y='%d' text-anchor='middle'>%.6g</text>\n", x, bottom + 16,
                   i * step / unit);
    }
    buf_printf(out, "<text x='%d' y='%d' text-anchor='middle'>time / %ss</text>\n",
               LEFT + INNER / 2, bottom + 34, prefix);
}

/* ---- rasters ---- */

static void put_rows_axis(struct buf *out, const struct plot_panel *p, int top, int height)
{
    const double row = (double)height / p->rows;
    buf_printf(out, "<text x='%d' y='%.1f' text-anchor='end'>0</text>", LEFT - 6,
               top + row / 2 + 4);
    if (p->rows > 1 && height > 2 * LEAST_RASTER)
        buf_printf(out, "<text x='%d' y='%.1f' text-anchor='end'>%" PRIu32 "</text>", LEFT - 6,
                   top + height - row / 2 + 4, p->rows - 1);
    if (height >= 70)
        buf_printf(
            out, "<text transform='translate(%d %d) rotate(-90)' text-anchor='middle'>%s</text>",
            LEFT - 44, top + height / 2, strncmp(p->name, "input.", 6) == 0 ? "channel" : "neuron");
    buf_putc(out, '\n');
}

/* Each point is drawn once, however many events fall on it. */
static void put_raster(struct buf *out, const struct plot *all, const struct plot_panel *p, int top,
                       int height)
{
    const uint32_t columns = INNER * FINE;
    const uint32_t lines =
        p->rows < (uint32_t)(height * FINE) ? p->rows : (uint32_t)(height * FINE);
    const double line = (double)height / lines, tall = line > 2 ? line * 0.8 : line;
    struct arena a = {0};
    bool *drawn = ARENA_ARRAY(&a, bool, (size_t)columns *lines);
    put_rows_axis(out, p, top, height);
    buf_printf(out, "<path stroke='#102030' stroke-width='%g' d='", p->rows > 40 ? 0.8 : 1.2);
    for (uint64_t i = 0; i < p->n_events; i++) {
        const double x = p->event[i].t / all->duration * columns;
        if (!(x >= 0 && x < columns))
            continue;
        const uint32_t y = (uint32_t)((uint64_t)p->event[i].row * lines / p->rows);
        bool *at = &drawn[(size_t)y * columns + (uint32_t)x];
        if (!*at)
            buf_printf(out, "M%g %.1fv%.1f", LEFT + (uint32_t)x / (double)FINE,
                       top + y * line + (line - tall) / 2, tall);
        *at = true;
    }
    buf_puts(out, "'/>\n");
    arena_free(&a);
}

/* ---- traces ---- */

struct range {
    double low, high;
};

static uint32_t traces_of(const struct plot_panel *p)
{
    return p->rows < PLOT_TRACES ? p->rows : PLOT_TRACES;
}

/* Beyond it differences may overflow. */
static bool can_draw(double x)
{
    return fabs(x) < 1e300;
}

static struct range range_of(const struct plot_panel *p)
{
    struct range r = {INFINITY, -INFINITY};
    for (uint64_t t = 0; t < p->steps; t++) {
        for (uint32_t k = 0; k < traces_of(p); k++) {
            const double x = p->value[t * p->rows + k];
            if (can_draw(x))
                r = (struct range){fmin(r.low, x), fmax(r.high, x)};
        }
    }
    if (r.low > r.high)
        return (struct range){0, 1};
    if (r.low == r.high) {
        const double room = r.low != 0 ? fabs(r.low) / 2 : 1;
        return (struct range){r.low - room, r.high + room};
    }
    return r;
}

static void put_values_axis(struct buf *out, struct range r, int top, int height)
{
    enum { TICKS = 4 };
    const char *prefix;
    const double unit = prefix_of(fmax(fabs(r.low), fabs(r.high)), &prefix);
    const double step = nice_step(r.high - r.low, TICKS);
    const double first = ceil(r.low / step - 1e-9);
    for (int i = 0; i <= TICKS; i++) {
        const double k = first + i;
        if (k * step > r.high + 1e-9 * step)
            break;
        const double y = top + height * (r.high - k * step) / (r.high - r.low);
        buf_printf(out,
                   "<path d='M%d %.1fh4' stroke='#607080'/>"
                   "<text x='%d' y='%.1f' text-anchor='end'>%.4g%s%s</text>\n",
                   LEFT - 4, y, LEFT - 6, y + 4, k == 0 ? 0 : k * step / unit,
                   k != 0 && *prefix ? " " : "", k == 0 ? "" : prefix);
    }
}

/* Where there are more steps than pixels, the least and the largest value of each pixel. */
static void put_trace(struct buf *out, const struct plot_panel *p, uint32_t row, struct range r,
                      int top, int height)
{
    const uint64_t columns = p->steps < 2 * INNER ? p->steps : INNER;
    bool pen = false;
    buf_printf(out, "<path fill='none' stroke='%s' d='", colors[row]);
    for (uint64_t c = 0; c < columns; c++) {
        const uint64_t begin = c * p->steps / columns, end = (c + 1) * p->steps / columns;
        struct range here = {INFINITY, -INFINITY};
        for (uint64_t t = begin; t < end; t++) {
            const double x = p->value[t * p->rows + row];
            if (can_draw(x))
                here = (struct range){fmin(here.low, x), fmax(here.high, x)};
        }
        const double x = LEFT + INNER * (double)(c + 1) / (double)columns;
        if (here.low <= here.high) {
            buf_printf(out, "%c%.1f %.1f", pen ? 'L' : 'M', x,
                       top + height * (r.high - here.low) / (r.high - r.low));
            if (here.high > here.low)
                buf_printf(out, "V%.1f", top + height * (r.high - here.high) / (r.high - r.low));
        }
        pen = here.low <= here.high;
    }
    buf_puts(out, "'/>\n");
}

static void put_traces(struct buf *out, const struct plot_panel *p, int top, int height)
{
    const struct range r = range_of(p);
    put_values_axis(out, r, top, height);
    for (uint32_t k = 0; k < traces_of(p); k++)
        put_trace(out, p, k, r, top, height);
}

/* ---- the picture ---- */

static void put_name(struct buf *out, const struct plot_panel *p, int y)
{
    buf_printf(out, "<text x='%d' y='%d' font-weight='bold'>", LEFT, y);
    svg_escaped(out, p->name);
    buf_puts(out, "</text>");
    for (uint32_t k = 0; p->traces && p->rows > 1 && k < traces_of(p); k++)
        buf_printf(out, "<text x='%" PRIu32 "' y='%d' fill='%s'>%" PRIu32 "</text>",
                   LEFT + 200 + 24 * k, y, colors[k], k);
    if (p->traces && p->rows > PLOT_TRACES)
        buf_printf(out, "<text x='%d' y='%d'>of %" PRIu32 "</text>", LEFT + 200 + 24 * PLOT_TRACES,
                   y, p->rows);
    buf_putc(out, '\n');
}

void plot_svg(struct buf *out, const struct plot *p)
{
    int bottom = TOP;
    for (uint32_t i = 0; i < p->n_panels; i++)
        bottom += HEAD + height_of(&p->panel[i]) + BETWEEN;
    buf_printf(out,
               "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' viewBox='0 0 %d %d' "
               "font-family='Helvetica, Arial, sans-serif' font-size='12' fill='#303840'>\n"
               "<rect width='100%%' height='100%%' fill='white'/>\n",
               WIDTH, bottom + FOOT, WIDTH, bottom + FOOT);
    put_time_axis(out, p, TOP + HEAD, bottom);
    for (uint32_t i = 0, top = TOP; i < p->n_panels; i++) {
        const struct plot_panel *panel = &p->panel[i];
        const int height = height_of(panel);
        put_name(out, panel, (int)top + HEAD - 6);
        top += HEAD;
        buf_printf(out,
                   "<rect x='%d' y='%u' width='%d' height='%d' fill='none' stroke='#9fb0c0'/>\n",
                   LEFT, top, INNER, height);
        if (panel->traces)
            put_traces(out, panel, (int)top, height);
        else
            put_raster(out, p, panel, (int)top, height);
        top += (uint32_t)(height + BETWEEN);
    }
    buf_puts(out, "</svg>\n");
}
