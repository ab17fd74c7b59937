/* Tables and the board drawn in characters, north up. A small board shows each core as a bar, a
 * large one as a digit. */
#include "compiler/fit.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    ROW_BAR = 20,    /* of a resource */
    CORE_BAR = 10,   /* of a core in the picture */
    WIDE_COLUMNS = 4 /* boards of more are drawn small */
};

double fit_share(const struct target_occupancy *b, uint32_t core)
{
    if (b->usable[core] > 0)
        return (double)b->used[core] / b->usable[core];
    return b->used[core] > 0;
}

bool fit_core_in_use(const struct target_occupancy *b, uint32_t core)
{
    bool in_use = b->used[core] > 0;
    for (uint32_t q = 0; q < b->n_quantities; q++)
        in_use = in_use || b->quantity[q].v[core] > 0;
    return in_use;
}

/* ---- resources ---- */

static void put_bar(struct buf *out, double share, size_t width, char free)
{
    size_t full = share >= 1 ? width : (size_t)ceil(share * (double)width);
    buf_fill(out, '#', full);
    buf_fill(out, free, width - full);
}

static void put_rows(struct buf *out, const struct fit_view *v)
{
    buf_printf(out, "%-34s %-22s %8s %8s\n", "resource", "where", "need", "have");
    for (uint32_t i = 0; i < v->n_rows; i++) {
        const struct target_fit_row *r = &v->row[i];
        double share = r->have > 0 ? r->need / r->have : r->need > 0 ? INFINITY : 0;
        buf_printf(out, "%-34s %-22s %8.10g %8.10g  [", r->resource, r->where ? r->where : "",
                   r->need, r->have);
        put_bar(out, share, ROW_BAR, ' ');
        buf_putc(out, ']');
        if (isfinite(share))
            buf_printf(out, " %5.1f %%", share * 100);
        buf_puts(out, r->need > r->have ? "  too much\n" : "\n");
    }
}

/* ---- the picture ---- */

static void put_color(struct buf *out, bool color, double share)
{
    if (color)
        buf_puts(out, share > 1      ? "\x1b[31m"
                      : share >= 0.9 ? "\x1b[33m"
                      : share > 0    ? "\x1b[32m"
                                     : "\x1b[2m");
}

static void end_color(struct buf *out, bool color)
{
    if (color)
        buf_puts(out, "\x1b[0m");
}

/* +- chip 0 -----------+
 * | 0 ##########   256 | */
static void put_wide(struct buf *out, const struct target_occupancy *b, bool color)
{
    enum { INSIDE = CORE_BAR + 10 };
    for (uint32_t y = b->rows; y-- > 0;) {
        for (uint32_t x = 0; x < b->columns; x++) {
            size_t before = out->n;
            buf_printf(out, "%s+- chip %u ", x ? " " : "", y * b->columns + x);
            size_t done = out->n - before;
            buf_fill(out, '-', (x ? INSIDE + 2 : INSIDE + 1) - done);
            buf_putc(out, '+');
        }
        buf_putc(out, '\n');
        for (uint32_t k = 0; k < b->cores; k++) {
            for (uint32_t x = 0; x < b->columns; x++) {
                uint32_t core = (y * b->columns + x) * b->cores + k;
                double share = fit_share(b, core);
                buf_printf(out, "%s| %u ", x ? " " : "", k);
                put_color(out, color, share);
                put_bar(out, share, CORE_BAR, '.');
                end_color(out, color);
                buf_printf(out, " %5u |", b->used[core]);
            }
            buf_putc(out, '\n');
        }
        for (uint32_t x = 0; x < b->columns; x++) {
            buf_puts(out, x ? " +" : "+");
            buf_fill(out, '-', INSIDE);
            buf_putc(out, '+');
        }
        buf_putc(out, '\n');
    }
}

static char digit_of(double share)
{
    if (share == 0)
        return '.';
    if (share >= 1)
        return '#';
    return (char)('0' + (share < 0.1 ? 1 : (int)(share * 10)));
}

/* 12 | ## | 7. |
 *    | #1 | .. | */
static void put_small(struct buf *out, const struct target_occupancy *b, bool color)
{
    enum { LABEL = 4 };
    const uint32_t wide = (b->cores + 1) / 2; /* cores of a line; two lines */
    buf_fill(out, ' ', LABEL);
    for (uint32_t x = 0; x < b->columns; x++)
        buf_printf(out, "%*u", (int)wide + 3, x);
    buf_putc(out, '\n');
    for (uint32_t y = b->rows; y-- > 0;) {
        buf_fill(out, ' ', LABEL);
        for (uint32_t x = 0; x < b->columns; x++) {
            buf_putc(out, '+');
            buf_fill(out, '-', wide + 2);
        }
        buf_puts(out, "+\n");
        for (uint32_t line = 0; line < 2; line++) {
            if (line == 0)
                buf_printf(out, "%*u ", LABEL - 1, y * b->columns);
            else
                buf_fill(out, ' ', LABEL);
            for (uint32_t x = 0; x < b->columns; x++) {
                buf_puts(out, "| ");
                for (uint32_t k = line * wide; k < (line + 1) * wide; k++) {
                    uint32_t core = (y * b->columns + x) * b->cores + k;
                    double share = k < b->cores ? fit_share(b, core) : 0;
                    put_color(out, color, share);
                    buf_putc(out, k < b->cores ? digit_of(share) : ' ');
                    end_color(out, color);
                }
                buf_putc(out, ' ');
            }
            buf_puts(out, "|\n");
        }
    }
    buf_fill(out, ' ', LABEL);
    for (uint32_t x = 0; x < b->columns; x++) {
        buf_putc(out, '+');
        buf_fill(out, '-', wide + 2);
    }
    buf_puts(out, "+\n");
    buf_printf(out,
               ". is an empty core, 1 to 9 are tenths of its neurons, # is full; %s.\n"
               "A chip's number is that of its row and that of its column added.\n",
               b->cores == 4 ? "cores 0 1 stand above 2 3" : "cores stand in two lines");
}

static void put_picture(struct buf *out, const struct target_occupancy *b, bool color)
{
    bool one = b->columns * b->rows == 1;
    buf_printf(out, "\n%u x %u chip%s%s, neurons of each core\n", b->columns, b->rows,
               one ? "" : "s", b->rows > 1 ? ", north up" : "");
    if (b->columns <= WIDE_COLUMNS && b->rows <= WIDE_COLUMNS)
        put_wide(out, b, color);
    else
        put_small(out, b, color);
}

/* ---- cores ---- */

struct entry {
    uint32_t core;
    double share, second;
};

static int by_share(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->share != y->share)
        return x->share < y->share ? 1 : -1;
    if (x->second != y->second)
        return x->second < y->second ? 1 : -1;
    return (x->core > y->core) - (x->core < y->core);
}

static void put_core(struct buf *out, const struct target_occupancy *b, uint32_t core)
{
    char neurons[24];
    int n = snprintf(neurons, sizeof neurons, "%u/%u", b->used[core], b->usable[core]);
    buf_printf(out, "%4u %4u %*s%s", core / b->cores, core % b->cores, n < 9 ? 9 - n : 0, "",
               neurons);
    for (uint32_t q = 0; q < b->n_quantities; q++) {
        const struct target_column *c = &b->quantity[q];
        int width = (int)strlen(c->name) < 6 ? 6 : (int)strlen(c->name);
        if (isnan(c->v[core]))
            buf_printf(out, " %*s", width, "-");
        else if (c->share)
            buf_printf(out, " %*.2f %%", width - 2, 100 * c->v[core]);
        else
            buf_printf(out, " %*.0f", width, c->v[core]);
    }
    buf_putc(out, '\n');
}

static void put_cores(struct buf *out, const struct target_occupancy *b, bool all)
{
    uint32_t n_cores = b->columns * b->rows * b->cores, n = 0;
    struct arena scratch = {0};
    struct entry *list = ARENA_ARRAY(&scratch, struct entry, n_cores);
    for (uint32_t k = 0; k < n_cores; k++) {
        if (fit_core_in_use(b, k))
            list[n++] =
                (struct entry){k, fit_share(b, k), b->n_quantities > 0 ? b->quantity[0].v[k] : 0};
    }
    if (n > FIT_SOME && !all)
        qsort(list, n, sizeof *list, by_share);
    buf_puts(out, "\nchip core   neurons");
    for (uint32_t q = 0; q < b->n_quantities; q++)
        buf_printf(out, " %6s", b->quantity[q].name);
    buf_putc(out, '\n');
    for (uint32_t i = 0; i < n && (all || i < FIT_SOME); i++)
        put_core(out, b, list[i].core);
    if (n > FIT_SOME && !all)
        buf_printf(out, "the fullest of %u cores in use; -v shows all\n", n);
    arena_free(&scratch);
}

static bool any_in_use(const struct target_occupancy *b)
{
    bool any = false;
    for (uint32_t k = 0; k < b->columns * b->rows * b->cores && !any; k++)
        any = fit_core_in_use(b, k);
    return any;
}

void fit_text(struct buf *out, const struct fit_view *v, bool color, bool all)
{
    put_rows(out, v);
    if (!v->board || !any_in_use(v->board))
        return;
    put_picture(out, v->board, color);
    put_cores(out, v->board, all);
}

/* ---- JSON ---- */

static void json_rows(struct json *j, const struct fit_view *v)
{
    json_key(j, "resources");
    json_array(j);
    for (uint32_t i = 0; i < v->n_rows; i++) {
        json_object(j);
        json_key(j, "resource"), json_str(j, v->row[i].resource);
        json_key(j, "where");
        if (v->row[i].where)
            json_str(j, v->row[i].where);
        else
            json_null(j);
        json_key(j, "need"), json_f64(j, v->row[i].need);
        json_key(j, "have"), json_f64(j, v->row[i].have);
        json_end_object(j);
    }
    json_end_array(j);
}

static void json_cores(struct json *j, const struct target_occupancy *b)
{
    json_key(j, "cores");
    json_array(j);
    for (uint32_t k = 0; k < b->columns * b->rows * b->cores; k++) {
        if (!fit_core_in_use(b, k))
            continue;
        json_object(j);
        json_key(j, "chip"), json_int(j, k / b->cores);
        json_key(j, "core"), json_int(j, k % b->cores);
        json_key(j, "neurons"), json_int(j, b->used[k]);
        json_key(j, "usable"), json_int(j, b->usable[k]);
        for (uint32_t q = 0; q < b->n_quantities; q++) {
            json_key(j, b->quantity[q].key);
            if (isnan(b->quantity[q].v[k]))
                json_null(j);
            else
                json_f64(j, b->quantity[q].v[k]);
        }
        json_end_object(j);
    }
    json_end_array(j);
}

static void json_chip(struct json *j, const char *key, int32_t chip)
{
    json_key(j, key);
    if (chip < 0)
        json_str(j, "host");
    else
        json_int(j, chip);
}

static void json_traffic(struct json *j, const struct target_occupancy *b)
{
    json_key(j, "traffic");
    json_array(j);
    for (uint32_t i = 0; i < b->n_traffic; i++) {
        json_object(j);
        json_chip(j, "from", b->traffic[i].from);
        json_chip(j, "to", b->traffic[i].to);
        json_key(j, "sources"), json_int(j, b->traffic[i].sources);
        json_end_object(j);
    }
    json_end_array(j);
}

void fit_json(struct buf *out, const struct fit_view *v)
{
    struct json j;
    json_init(&j, out, 1);
    json_object(&j);
    json_key(&j, "target"), json_str(&j, v->target);
    json_key(&j, "network"), json_str(&j, v->network);
    json_rows(&j, v);
    if (v->board) {
        json_key(&j, "columns"), json_int(&j, v->board->columns);
        json_key(&j, "rows"), json_int(&j, v->board->rows);
        json_cores(&j, v->board);
        json_traffic(&j, v->board);
    }
    json_end_object(&j);
    buf_putc(out, '\n');
}
