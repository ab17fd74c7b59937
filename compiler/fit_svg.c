/* The board as a picture: chips north up with their cores shaded by how full they are, the host
 * west of chip 0, and the ways between chips, as thick as they have sources. Widths of text are
 * estimates: renderers have different fonts. */
#include "compiler/fit.h"
#include "compiler/svg.h"
#include <math.h>
#include <stdlib.h>

enum {
    CORE = 52,       /* pixels of a core's square */
    GAP = 4,         /* between cores */
    PAD = 10,        /* of a chip around its cores */
    HEAD = 20,       /* of a chip for its name */
    BETWEEN = 46,    /* chips */
    MARGIN = 40,     /* of the picture */
    TOP = 76,        /* for the title */
    FOOT = 84,       /* for the legend */
    HOST_WIDTH = 62, /* of the host's box */
    MOST_WAYS = 200, /* of those that are drawn: the widest */
    HOST_WAYS = 16,  /* chips; larger boards have numbers instead of ways from and to the host */
    THIN = 1,
    THICK = 9,         /* of ways */
    LEAST_WIDTH = 620, /* of the picture, for title and legend */
};

#define CHIP_COLOR "#d05030"
#define HOST_COLOR "#c08020"

struct drawing {
    struct buf *out;
    const struct target_occupancy *b;
    int wide, lines; /* cores in a line of a chip, lines */
    int chip_w, chip_h;
    int left, width, height;
};

struct point {
    double x, y;
};

static bool has_host_ways(const struct drawing *g)
{
    return g->b->columns * g->b->rows <= HOST_WAYS;
}

/* White to dark blue; red for more than there is. */
static void put_shade(struct buf *out, double share)
{
    static const int from[3] = {232, 240, 247}, to[3] = {16, 72, 128};
    if (share > 1)
        buf_puts(out, "#c0392b");
    else if (share == 0)
        buf_puts(out, "#ffffff");
    else
        buf_printf(out, "#%02x%02x%02x", from[0] + (int)(share * (to[0] - from[0])),
                   from[1] + (int)(share * (to[1] - from[1])),
                   from[2] + (int)(share * (to[2] - from[2])));
}

static struct point chip_at(const struct drawing *g, uint32_t chip)
{
    uint32_t x = chip % g->b->columns, y = g->b->rows - 1 - chip / g->b->columns;
    return (struct point){g->left + (double)x * (g->chip_w + BETWEEN),
                          TOP + (double)y * (g->chip_h + BETWEEN)};
}

static struct point center_of(const struct drawing *g, int32_t chip)
{
    if (chip >= 0) {
        struct point p = chip_at(g, (uint32_t)chip);
        return (struct point){p.x + 0.5 * g->chip_w, p.y + 0.5 * g->chip_h};
    }
    return (struct point){MARGIN + 0.5 * HOST_WIDTH, center_of(g, 0).y};
}

/* ---- chips ---- */

static struct point core_at(const struct drawing *g, uint32_t core)
{
    struct point p = chip_at(g, core / g->b->cores);
    int k = (int)(core % g->b->cores);
    return (struct point){p.x + PAD + k % g->wide * (CORE + GAP),
                          p.y + HEAD + k / g->wide * (CORE + GAP)};
}

static void put_core(const struct drawing *g, uint32_t core)
{
    const struct target_occupancy *b = g->b;
    struct point p = core_at(g, core);
    double share = fit_share(b, core);
    buf_printf(g->out, "<rect x='%g' y='%g' width='%d' height='%d' rx='3' fill='", p.x, p.y, CORE,
               CORE);
    put_shade(g->out, share);
    buf_printf(g->out, "' stroke='#9fb0c0'%s><title>chip %u core %u: %u of %u neurons",
               share == 0 ? " stroke-dasharray='3 3'" : "", core / b->cores, core % b->cores,
               b->used[core], b->usable[core]);
    for (uint32_t q = 0; q < b->n_quantities; q++) {
        double v = b->quantity[q].v[core];
        if (isnan(v))
            continue;
        buf_puts(g->out, ", ");
        svg_escaped(g->out, b->quantity[q].name);
        buf_printf(g->out, b->quantity[q].share ? " %.3g %%" : " %.10g",
                   b->quantity[q].share ? 100 * v : v);
    }
    buf_puts(g->out, "</title></rect>\n");
}

static void put_chip(const struct drawing *g, uint32_t chip)
{
    struct point p = chip_at(g, chip);
    buf_printf(g->out,
               "<rect x='%g' y='%g' width='%d' height='%d' rx='8' fill='#f4f6f8' "
               "stroke='#607080'/>\n",
               p.x, p.y, g->chip_w, g->chip_h);
    for (uint32_t k = 0; k < g->b->cores; k++)
        put_core(g, chip * g->b->cores + k);
}

/* Sources from and to the host. */
static void put_host_numbers(const struct drawing *g, uint32_t chip, struct point at)
{
    uint32_t in = 0, out = 0;
    for (uint32_t i = 0; i < g->b->n_traffic; i++) {
        const struct target_traffic *t = &g->b->traffic[i];
        in += t->from < 0 && t->to == (int32_t)chip ? t->sources : 0;
        out += t->to < 0 && t->from == (int32_t)chip ? t->sources : 0;
    }
    if (in + out == 0)
        return;
    buf_printf(g->out,
               "<text x='%g' y='%g' text-anchor='end' font-size='11' fill='" HOST_COLOR "'>",
               at.x + g->chip_w, at.y + g->chip_h + 14);
    if (in > 0)
        buf_printf(g->out, "in %u", in);
    if (out > 0)
        buf_printf(g->out, "%sout %u", in > 0 ? " " : "", out);
    buf_puts(g->out, "</text>");
}

/* Numbers, above the ways. */
static void put_numbers(const struct drawing *g, uint32_t chip)
{
    const struct target_occupancy *b = g->b;
    struct point at = chip_at(g, chip);
    buf_printf(g->out,
               "<g pointer-events='none'><text x='%g' y='%g' font-size='12' fill='#405060'>chip "
               "%u</text>",
               at.x + PAD, at.y + HEAD - 5, chip);
    if (!has_host_ways(g))
        put_host_numbers(g, chip, at);
    for (uint32_t core = chip * b->cores; core < (chip + 1) * b->cores; core++) {
        struct point p = core_at(g, core);
        bool dark = fit_share(b, core) > 0.5;
        buf_printf(g->out, "<text x='%g' y='%g' font-size='10' fill='%s'>%u</text>", p.x + 5,
                   p.y + 13, dark ? "#c8d8e8" : "#8494a4", core % b->cores);
        if (b->used[core] > 0)
            buf_printf(g->out,
                       "<text x='%g' y='%g' text-anchor='middle' font-size='15' fill='%s'>%u"
                       "</text>",
                       p.x + 0.5 * CORE, p.y + 0.5 * CORE + 8, dark ? "#ffffff" : "#203040",
                       b->used[core]);
    }
    buf_puts(g->out, "</g>\n");
}

static void put_host(const struct drawing *g)
{
    struct point p = center_of(g, -1);
    buf_printf(g->out,
               "<rect x='%d' y='%g' width='%d' height='40' rx='8' fill='#fff8e8' "
               "stroke='#907040'/><text x='%g' y='%g' text-anchor='middle' font-size='14' "
               "fill='#604820'>host</text>\n",
               MARGIN, p.y - 20, HOST_WIDTH, p.x, p.y + 5);
}

/* ---- ways ---- */

static int by_sources(const void *x, const void *y)
{
    const struct target_traffic *a = x, *b = y;
    if (a->sources != b->sources)
        return a->sources < b->sources ? 1 : -1;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    return (a->to > b->to) - (a->to < b->to);
}

/* Where the line from the middle of a box towards `to` leaves it. */
static struct point edge(struct point middle, struct point to, double half_w, double half_h)
{
    double x = to.x - middle.x, y = to.y - middle.y;
    double k = fmin(x != 0 ? half_w / fabs(x) : INFINITY, y != 0 ? half_h / fabs(y) : INFINITY);
    return (struct point){middle.x + k * x, middle.y + k * y};
}

/* A curve to the right of the straight line, so that ways there and back are two, and those over a
 * chip pass by its cores' numbers. */
static void put_way(const struct drawing *g, const struct target_traffic *t, uint32_t most)
{
    struct point a = center_of(g, t->from), b = center_of(g, t->to);
    double length = hypot(b.x - a.x, b.y - a.y);
    double far = 14 + 0.16 * fmax(0, length - g->chip_w - BETWEEN);
    struct point bend = {0.5 * (a.x + b.x) + far * (a.y - b.y) / length,
                         0.5 * (a.y + b.y) + far * (b.x - a.x) / length};
    double half_w = 0.5 * g->chip_w + 2, half_h = 0.5 * g->chip_h + 2;
    a = edge(a, bend, t->from < 0 ? 0.5 * HOST_WIDTH : half_w, t->from < 0 ? 20 : half_h);
    b = edge(b, bend, t->to < 0 ? 0.5 * HOST_WIDTH : half_w, t->to < 0 ? 20 : half_h);
    double width = THIN + (THICK - THIN) * sqrt((double)t->sources / most);
    double back = hypot(b.x - bend.x, b.y - bend.y), head = 4 + 1.2 * width;
    struct point u = {(b.x - bend.x) / back, (b.y - bend.y) / back};
    struct point foot = {b.x - head * u.x, b.y - head * u.y};
    bool host = t->from < 0 || t->to < 0;
    buf_puts(g->out, "<g><title>");
    for (int end = 0; end < 2; end++) {
        int32_t chip = end ? t->to : t->from;
        if (chip < 0)
            buf_puts(g->out, end ? " to the host" : "host");
        else
            buf_printf(g->out, end ? " to chip %d" : "chip %d", chip);
    }
    buf_printf(g->out,
               ": %u source%s</title><path d='M%.1f %.1f Q%.1f %.1f %.1f %.1f' fill='none' "
               "stroke='%s' stroke-width='%.1f' stroke-opacity='0.55'/><path d='M%.1f %.1f L%.1f "
               "%.1f L%.1f %.1f Z' fill='%s' fill-opacity='0.8'/></g>\n",
               t->sources, t->sources == 1 ? "" : "s", a.x, a.y, bend.x, bend.y, foot.x, foot.y,
               host ? HOST_COLOR : CHIP_COLOR, width, b.x, b.y, foot.x - 0.5 * head * u.y,
               foot.y + 0.5 * head * u.x, foot.x + 0.5 * head * u.y, foot.y - 0.5 * head * u.x,
               host ? HOST_COLOR : CHIP_COLOR);
}

struct ways {
    uint32_t n, most; /* those that there are; the largest number of sources of one */
};

static struct ways put_ways(const struct drawing *g)
{
    uint32_t n = 0;
    struct arena scratch = {0};
    struct target_traffic *t = ARENA_ARRAY(&scratch, struct target_traffic, g->b->n_traffic);
    for (uint32_t i = 0; i < g->b->n_traffic; i++) {
        if (has_host_ways(g) || (g->b->traffic[i].from >= 0 && g->b->traffic[i].to >= 0))
            t[n++] = g->b->traffic[i];
    }
    if (n > 1)
        qsort(t, n, sizeof *t, by_sources);
    uint32_t most = n > 0 ? t[0].sources : 0;
    for (uint32_t i = 0; i < n && i < MOST_WAYS; i++)
        put_way(g, &t[i], most);
    arena_free(&scratch);
    return (struct ways){n, most};
}

/* ---- title and legend ---- */

static void put_title(const struct drawing *g, const struct fit_view *v)
{
    uint64_t used = 0, usable = 0;
    uint32_t cores = 0, n = g->b->columns * g->b->rows * g->b->cores;
    for (uint32_t k = 0; k < n; k++) {
        used += g->b->used[k];
        usable += g->b->usable[k];
        cores += g->b->used[k] > 0;
    }
    buf_printf(g->out, "<text x='%d' y='34' font-size='20' font-weight='bold' fill='#203040'>",
               MARGIN);
    svg_escaped(g->out, v->network);
    buf_puts(g->out, " on ");
    svg_escaped(g->out, v->target);
    buf_printf(g->out,
               "</text><text x='%d' y='56' font-size='13' fill='#506070'>%llu of %llu neurons, %u "
               "of %u cores</text>\n",
               MARGIN, (unsigned long long)used, (unsigned long long)usable, cores, n);
    for (uint32_t i = 0, shown = 0; i < v->n_rows; i++) {
        if (v->row[i].need <= v->row[i].have)
            continue;
        buf_printf(g->out, "<text x='%d' y='%u' text-anchor='end' font-size='13' fill='#c0392b'>",
                   g->width - MARGIN, 34 + 16 * shown);
        svg_escaped(g->out, v->row[i].resource);
        buf_printf(g->out, ": %.10g needed, %.10g there</text>\n", v->row[i].need, v->row[i].have);
        if (++shown == 3)
            break;
    }
}

static void put_legend(const struct drawing *g, struct ways ways)
{
    enum { STEPS = 10, STEP = 20 };
    double y = g->height - FOOT + 38;
    buf_printf(g->out,
               "<g font-size='12' fill='#506070'><text x='%d' y='%g'>neurons of a core"
               "</text>",
               MARGIN, y - 8);
    for (int i = 0; i <= STEPS; i++) {
        buf_printf(g->out, "<rect x='%d' y='%g' width='%d' height='14' fill='", MARGIN + i * STEP,
                   y, STEP);
        put_shade(g->out, (double)i / STEPS);
        buf_puts(g->out, "' stroke='#9fb0c0' stroke-width='0.5'/>");
    }
    buf_printf(g->out,
               "<text x='%d' y='%g'>0</text><text x='%d' y='%g' text-anchor='end'>100 %%"
               "</text>",
               MARGIN, y + 28, MARGIN + (STEPS + 1) * STEP, y + 28);
    if (ways.n > 0) {
        static const char *const color[] = {CHIP_COLOR, HOST_COLOR};
        static const char *const what[] = {"sources heard on another chip", "from or to the host"};
        int n_kinds = has_host_ways(g) ? 2 : 1;
        int x = MARGIN + (STEPS + 1) * STEP + 50;
        for (int i = 0; i < n_kinds; i++)
            buf_printf(g->out,
                       "<path d='M%d %g h40' stroke='%s' stroke-width='%d' stroke-opacity='0.55'/>"
                       "<text x='%d' y='%g'>%s</text>",
                       x, y - 12 + 20 * i, color[i], THICK, x + 50, y - 8 + 20 * i, what[i]);
        buf_printf(g->out, "<text x='%d' y='%g'>as thick as this: %u", x, y - 8 + 20 * n_kinds,
                   ways.most);
        if (ways.n > MOST_WAYS)
            buf_printf(g->out, "; the %d widest of %u ways", MOST_WAYS, ways.n);
        buf_puts(g->out, "</text>");
        if (!has_host_ways(g))
            buf_printf(g->out,
                       "<text x='%d' y='%g' fill='" HOST_COLOR
                       "'>in, out: sources from and to the host</text>",
                       x, y + 32);
    }
    buf_puts(g->out, "</g>\n");
}

void fit_svg(struct buf *out, const struct fit_view *v)
{
    struct drawing g = {.out = out, .b = v->board};
    uint32_t n_chips = v->board->columns * v->board->rows;
    while (g.wide * g.wide < (int)v->board->cores)
        g.wide++;
    g.lines = ((int)v->board->cores + g.wide - 1) / g.wide;
    g.chip_w = 2 * PAD + g.wide * (CORE + GAP) - GAP;
    g.chip_h = HEAD + PAD + g.lines * (CORE + GAP) - GAP;
    g.left = MARGIN + HOST_WIDTH + BETWEEN;
    g.width = g.left + (int)v->board->columns * (g.chip_w + BETWEEN) - BETWEEN + MARGIN;
    g.width = g.width > LEAST_WIDTH ? g.width : LEAST_WIDTH;
    g.height = TOP + (int)v->board->rows * (g.chip_h + BETWEEN) - BETWEEN + FOOT;
    buf_printf(out,
               "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' viewBox='0 0 %d %d' "
               "font-family='Helvetica, Arial, sans-serif'>\n<rect width='100%%' height='100%%' "
               "fill='white'/>\n",
               g.width, g.height, g.width, g.height);
    put_title(&g, v);
    put_host(&g);
    for (uint32_t chip = 0; chip < n_chips; chip++)
        put_chip(&g, chip);
    struct ways ways = put_ways(&g);
    for (uint32_t chip = 0; chip < n_chips; chip++)
        put_numbers(&g, chip);
    put_legend(&g, ways);
    buf_puts(out, "</svg>\n");
}
