/* An SVG of two panels over the number of neurons, one trial: rates with uniform values, and what
 * the JIT reaches of the faster program by hand. */
#include "tests/bench/bench.h"
#include <math.h>
#include <stdio.h>

enum { WIDTH = 1080, HEIGHT = 480, TOP = 92, BOTTOM = 60, ROW = 15 /* between two labels */ };

struct curve {
    const char *part, *variant, *label, *color;
    bool varying;
};

struct panel {
    const char *title;
    int left, right;
    double least, most; /* of the values */
    bool log;
    double (*value)(const struct bench_cell *c, uint32_t v);
};

static const double N_LEAST = 2, N_MOST = 1 << 18;

static double x_of(const struct panel *p, double n)
{
    return p->left + (p->right - p->left) * log(n / N_LEAST) / log(N_MOST / N_LEAST);
}

static double y_of(const struct panel *p, double value)
{
    const double at = p->log ? log(value / p->least) / log(p->most / p->least)
                             : (value - p->least) / (p->most - p->least);
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * fmin(fmax(at, 0), 1);
}

static double rate(const struct bench_cell *c, uint32_t v)
{
    return c->variant[v].median;
}

static double ratio(const struct bench_cell *c, uint32_t v)
{
    const uint32_t hand = bench_find(c, "hand"), skipping = bench_find(c, "skipping");
    double best = c->variant[hand].median;
    if (skipping < c->n_variants)
        best = fmax(best, c->variant[skipping].median);
    return c->variant[v].median / best;
}

/* ---- axes ---- */

static void across(struct buf *out, const struct panel *p, double value, const char *color,
                   const char *label)
{
    buf_printf(out,
               "<line x1='%d' x2='%d' y1='%.1f' y2='%.1f' stroke='%s'/>"
               "<text x='%d' y='%.1f' text-anchor='end'>%s</text>\n",
               p->left, p->right, y_of(p, value), y_of(p, value), color, p->left - 8,
               y_of(p, value) + 4, label);
}

static void axes(struct buf *out, const struct panel *p)
{
    static const uint32_t n[] = {2, 16, 64, 256, 1024, 16384, 262144};
    for (size_t i = 0; i < sizeof n / sizeof *n; i++)
        buf_printf(out,
                   "<line x1='%.1f' x2='%.1f' y1='%d' y2='%d' stroke='#e4e4e4'/>"
                   "<text x='%.1f' y='%d' text-anchor='middle'>%u</text>\n",
                   x_of(p, n[i]), x_of(p, n[i]), TOP, HEIGHT - BOTTOM, x_of(p, n[i]),
                   HEIGHT - BOTTOM + 18, n[i]);
    buf_printf(out,
               "<text x='%d' y='%d' text-anchor='middle'>neurons</text>"
               "<text x='%d' y='%d' font-size='14' font-weight='bold'>%s</text>\n",
               (p->left + p->right) / 2, HEIGHT - BOTTOM + 40, p->left, TOP - 16, p->title);
}

/* ---- curves ---- */

static bool has_point(const struct bench_cell *c, const struct curve *k)
{
    return strcmp(c->part, k->part) == 0 && c->trials == 1 && !c->record &&
           c->varying == k->varying && bench_find(c, k->variant) < c->n_variants;
}

/* Draws it and returns where it ends; negative: there are no points. */
static double draw(struct buf *out, const struct bench *b, const struct panel *p,
                   const struct curve *k)
{
    struct buf points = {0}, marks = {0};
    double y = -1;
    for (uint32_t i = 0; i < b->cell.n; i++) {
        const struct bench_cell *c = &b->cell.data[i];
        if (!has_point(c, k))
            continue;
        const double x = x_of(p, c->n);
        y = y_of(p, p->value(c, bench_find(c, k->variant)));
        buf_printf(&points, "%.1f,%.1f ", x, y);
        buf_printf(&marks, "<circle cx='%.1f' cy='%.1f' r='3' fill='%s'/>", x, y, k->color);
    }
    if (y >= 0)
        buf_printf(out, "<polyline fill='none' stroke-width='2' stroke='%s'%s points='%s'/>%s\n",
                   k->color, k->varying ? " stroke-dasharray='6 4'" : "", points.data, marks.data);
    buf_free(&points);
    buf_free(&marks);
    return y;
}

/* Labels at the ends of the curves, from the top down, none on another. */
static void draw_all(struct buf *out, const struct bench *b, const struct panel *p,
                     const struct curve *k, uint32_t n)
{
    enum { MOST = 8 };
    double y[MOST];
    bool done[MOST] = {0};
    for (uint32_t i = 0; i < n; i++) {
        y[i] = draw(out, b, p, &k[i]);
        done[i] = y[i] < 0;
    }
    double next = TOP;
    for (;;) {
        uint32_t first = n;
        for (uint32_t i = 0; i < n; i++) {
            if (!done[i] && (first == n || y[i] < y[first]))
                first = i;
        }
        if (first == n)
            return;
        done[first] = true;
        const double at = fmax(y[first] + 4, next);
        next = at + ROW;
        buf_printf(out, "<text x='%d' y='%.1f' fill='%s'>%s</text>\n", p->right + 10, at,
                   k[first].color, k[first].label);
    }
}

static void rates(struct buf *out, const struct bench *b)
{
    static const struct panel p = {.title = "neuron-steps a second, uniform values",
                                   .left = 60,
                                   .right = 410,
                                   .least = 1e6,
                                   .most = 2e9,
                                   .log = true,
                                   .value = rate};
    static const struct curve curves[] = {
        {"kernel", "folded", "folded, by hand", "#999", false},
        {"kernel", "skipping", "by hand", "#222", false},
        {"kernel", "jit", "JIT", "#c33", false},
        {"engine", "jit", "JIT, whole run", "#e90", false},
        {"kernel", "interp", "interpreter", "#36c", false},
        {"kernel", "plain", "scalar C", "#693", false},
    };
    axes(out, &p);
    across(out, &p, 1e6, "#ccc", "1 M");
    across(out, &p, 1e7, "#ccc", "10 M");
    across(out, &p, 1e8, "#ccc", "100 M");
    across(out, &p, 1e9, "#ccc", "1000 M");
    draw_all(out, b, &p, curves, sizeof curves / sizeof *curves);
}

static void ratios(struct buf *out, const struct bench *b)
{
    static const struct panel p = {.title = "JIT / the faster by hand",
                                   .left = 590,
                                   .right = 930,
                                   .least = 0.5,
                                   .most = 1.7,
                                   .value = ratio};
    static const struct curve curves[] = {
        {"kernel", "jit", "step, uniform", "#c33", false},
        {"kernel", "jit", "step, varying", "#c33", true},
        {"engine", "jit", "run, uniform", "#e90", false},
        {"engine", "jit", "run, varying", "#e90", true},
    };
    axes(out, &p);
    for (int tenth = 6; tenth <= 16; tenth += 2) {
        char label[8];
        snprintf(label, sizeof label, "%.1f", 0.1 * tenth);
        across(out, &p, 0.1 * tenth, tenth == 10 ? "#888" : "#ddd", label);
    }
    draw_all(out, b, &p, curves, sizeof curves / sizeof *curves);
}

bool bench_plot(const struct bench *b, const char *path)
{
    struct arena a = {0};
    struct buf out = {0};
    const struct bench_machine m = bench_machine(&a);
    buf_printf(&out,
               "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' width='%d' height='%d' "
               "font-family='sans-serif' font-size='12'>\n"
               "<rect width='100%%' height='100%%' fill='white'/>\n"
               "<text x='60' y='26' font-size='16' font-weight='bold'>dyn " DYN_VERSION
               ": the dpi neuron on one core</text>\n"
               "<text x='60' y='46' fill='#555'>%s, %s; %s; LLVM %s; %s</text>\n",
               WIDTH, HEIGHT, WIDTH, HEIGHT, m.cpu, hand_best()->name, m.compiler, m.llvm, m.date);
    rates(&out, b);
    ratios(&out, b);
    buf_puts(&out, "</svg>\n");
    FILE *f = fopen(path, "w");
    bool ok = f && fwrite(out.data, 1, out.n, f) == out.n;
    if (f)
        ok = fclose(f) == 0 && ok;
    if (!ok)
        perror(path);
    buf_free(&out);
    arena_free(&a);
    return ok;
}
