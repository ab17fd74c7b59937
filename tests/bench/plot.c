/* Rates over the number of neurons, as an SVG: the kernels with uniform values and one trial. */
#include "tests/bench/bench.h"
#include <math.h>
#include <stdio.h>

enum { WIDTH = 720, HEIGHT = 440, LEFT = 70, RIGHT = 110, TOP = 40, BOTTOM = 50 };

static const double N_MIN = 1, N_MAX = 1 << 19, RATE_MIN = 1e5, RATE_MAX = 1e10;

static double x_of(double n)
{
    return LEFT + (WIDTH - LEFT - RIGHT) * log(n / N_MIN) / log(N_MAX / N_MIN);
}

static double y_of(double rate)
{
    return HEIGHT - BOTTOM -
           (HEIGHT - TOP - BOTTOM) * log(rate / RATE_MIN) / log(RATE_MAX / RATE_MIN);
}

static void axes(struct buf *b)
{
    for (double rate = RATE_MIN; rate < 1.5 * RATE_MAX; rate *= 10)
        buf_printf(b,
                   "<line x1='%d' x2='%d' y1='%.1f' y2='%.1f' stroke='#ddd'/>"
                   "<text x='%d' y='%.1f' text-anchor='end'>%g M</text>\n",
                   LEFT, WIDTH - RIGHT, y_of(rate), y_of(rate), LEFT - 8, y_of(rate) + 4,
                   rate / 1e6);
    for (double n = 1; n < N_MAX; n *= 16)
        buf_printf(b,
                   "<line x1='%.1f' x2='%.1f' y1='%d' y2='%d' stroke='#ddd'/>"
                   "<text x='%.1f' y='%d' text-anchor='middle'>%.0f</text>\n",
                   x_of(n), x_of(n), TOP, HEIGHT - BOTTOM, x_of(n), HEIGHT - BOTTOM + 18, n);
    buf_printf(b,
               "<text x='%d' y='%d' text-anchor='middle'>neurons</text>"
               "<text x='%d' y='%d'>neuron-steps a second, one core</text>\n",
               (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, LEFT, TOP - 16);
}

static bool is_shown(const struct bench_cell *c, const char *part)
{
    return strcmp(c->part, part) == 0 && c->trials == 1 && !c->varying && !c->record;
}

/* One line; `variant` of the cells of `part`. */
static void curve(struct buf *out, const struct bench *b, const char *part, const char *variant,
                  const char *label, const char *color, double label_shift)
{
    double x = 0, y = 0;
    uint32_t n = 0;
    buf_printf(out, "<polyline fill='none' stroke-width='2' stroke='%s' points='", color);
    for (uint32_t i = 0; i < b->cell.n; i++) {
        const struct bench_cell *c = &b->cell.data[i];
        for (uint32_t v = 0; is_shown(c, part) && v < c->n_variants; v++) {
            if (strcmp(c->variant[v].name, variant) != 0)
                continue;
            x = x_of(c->n);
            y = y_of(c->variant[v].median);
            n++;
            buf_printf(out, "%.1f,%.1f ", x, y);
        }
    }
    buf_puts(out, "'/>\n");
    if (n)
        buf_printf(out, "<text x='%.1f' y='%.1f' fill='%s'>%s</text>\n", x + 6, y + label_shift,
                   color, label);
}

bool bench_plot(const struct bench *b, const char *path)
{
    struct buf out = {0};
    buf_printf(&out,
               "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' "
               "font-family='sans-serif' font-size='12'>\n"
               "<rect width='100%%' height='100%%' fill='white'/>\n",
               WIDTH, HEIGHT);
    axes(&out);
    curve(&out, b, "kernel", "folded", "folded", "#999", -4);
    curve(&out, b, "kernel", "hand", "hand", "#222", 16);
    curve(&out, b, "kernel", "jit", "jit", "#c33", -5);
    curve(&out, b, "kernel", "interp", "interp", "#36c", 4);
    curve(&out, b, "kernel", "plain", "plain C", "#693", 4);
    curve(&out, b, "engine", "jit", "jit, whole run", "#e90", 10);
    buf_puts(&out, "</svg>\n");
    FILE *f = fopen(path, "w");
    bool ok = f && fwrite(out.data, 1, out.n, f) == out.n;
    if (f)
        ok = fclose(f) == 0 && ok;
    if (!ok)
        perror(path);
    buf_free(&out);
    return ok;
}
