#include "compiler/summary.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    MAX_TRIAL_ROWS = 8,  /* more trials are shown as a distribution */
    MAX_NEURON_COLS = 8, /* more neurons as mean, least and most */
    MAX_RATE_COLS = 4,   /* up to so many with their rates */
    RASTER_ROWS = 16,
    RASTER_COLS = 72,
    BAR = 50,
};

double firing_rate_ratio(const uint64_t *count, uint32_t n)
{
    uint64_t lo = UINT64_MAX, hi = 0;
    for (uint32_t i = 0; i < n; i++) {
        lo = count[i] < lo ? count[i] : lo;
        hi = count[i] > hi ? count[i] : hi;
    }
    return n ? (double)hi / (double)(lo > 1 ? lo : 1) : 0;
}

/* ---- conditions ---- */

bool condition_parse(const char *s, struct condition *out)
{
    static const char *const what[] = {"frr", "rate", "count"};
    static const char *const op[] = {">=", ">", "<=", "<"};
    for (int w = 0; w < 3; w++) {
        size_t n = strlen(what[w]);
        if (strncmp(s, what[w], n) != 0) {
            continue;
        }
        const char *rest = s + n + strspn(s + n, " ");
        for (int o = 0; o < 4; o++) {
            size_t m = strlen(op[o]);
            if (strncmp(rest, op[o], m) == 0) {
                char *end;
                double x = strtod(rest + m, &end);
                *out = (struct condition){
                    .what = (enum condition_what)w, .op = (enum condition_op)o, .value = x};
                return end != rest + m && *end == 0;
            }
        }
    }
    return false;
}

static bool holds(const struct condition *c, double x)
{
    switch (c->op) {
    case COND_GE:
        return x >= c->value;
    case COND_GT:
        return x > c->value;
    case COND_LE:
        return x <= c->value;
    default:
        return x < c->value;
    }
}

static bool trial_holds(const struct condition *c, const uint64_t *count, uint32_t n,
                        double seconds)
{
    if (c->what == COND_FRR) {
        return holds(c, firing_rate_ratio(count, n));
    }
    for (uint32_t i = 0; i < n; i++) {
        double x = c->what == COND_RATE ? (double)count[i] / seconds : (double)count[i];
        if (!holds(c, x)) {
            return false;
        }
    }
    return true;
}

uint32_t condition_chips(const struct condition *c, const struct plan *p,
                         const struct run_result *r)
{
    double seconds = (double)r->steps * r->dt;
    uint32_t met = 0;
    for (uint32_t chip = 0; chip < r->chips; chip++) {
        bool all = true;
        for (uint32_t o = 0; o < p->output.n; o++) {
            uint32_t g = p->output.data[o], n = p->group.data[g].n;
            for (uint32_t t = 0; t < r->trials; t++) {
                const uint64_t *count = r->count[g] + ((size_t)chip * r->trials + t) * n;
                all = all && trial_holds(c, count, n, seconds);
            }
        }
        met += all;
    }
    return met;
}

/* ---- distributions ---- */

struct spread {
    double least, median, mean, most;
};

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts v. */
static struct spread spread_of(double *v, size_t n)
{
    qsort(v, n, sizeof *v, by_value);
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += v[i];
    }
    double median = n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
    return (struct spread){v[0], median, sum / (double)n, v[n - 1]};
}

static void histogram(struct buf *out, const double *sorted, size_t n)
{
    enum { BINS = 10 };
    double lo = sorted[0], width = (sorted[n - 1] - lo) / BINS;
    if (width <= 0) {
        return;
    }
    size_t count[BINS] = {0}, most = 1;
    for (size_t i = 0; i < n; i++) {
        size_t b = (size_t)((sorted[i] - lo) / width);
        b = b < BINS ? b : BINS - 1;
        count[b]++;
        most = count[b] > most ? count[b] : most;
    }
    for (int b = 0; b < BINS; b++) {
        buf_printf(out, "    %8.3f .. %8.3f %5zu ", lo + b * width, lo + (b + 1) * width, count[b]);
        buf_fill(out, '#', (count[b] * BAR + most - 1) / most);
        buf_putc(out, '\n');
    }
}

/* ---- text ---- */

/* Counts, with rates where a line has room for them. */
static void trial_rows(struct buf *out, const struct plan_group *g, const uint64_t *count,
                       const struct run_result *r)
{
    bool rates = g->n <= MAX_RATE_COLS;
    double seconds = (double)r->steps * r->dt;
    buf_puts(out, rates ? "  trial " : "  trial, counts ");
    for (uint32_t i = 0; i < g->n; i++) {
        char name[16];
        snprintf(name, sizeof name, "[%u]", i);
        buf_printf(out, " %6s%s", name, rates ? "           " : "");
    }
    buf_puts(out, g->n > 1 ? "     FRR\n" : "\n");
    for (uint32_t t = 0; t < r->trials; t++) {
        const uint64_t *c = count + (size_t)t * g->n;
        buf_printf(out, rates ? "  %5u " : "  %5u         ", t);
        for (uint32_t i = 0; i < g->n; i++) {
            buf_printf(out, " %6llu", (unsigned long long)c[i]);
            if (rates) {
                buf_printf(out, " %7.1f Hz", (double)c[i] / seconds);
            }
        }
        if (g->n > 1) {
            buf_printf(out, " %7.2f", firing_rate_ratio(c, g->n));
        }
        buf_putc(out, '\n');
    }
}

static void spread_line(struct buf *out, const char *what, struct spread s)
{
    buf_printf(out, "  %-22s least %.4g, median %.4g, mean %.4g, most %.4g\n", what, s.least,
               s.median, s.mean, s.most);
}

static double *all_frr(const uint64_t *count, uint32_t n, size_t runs)
{
    double *v = malloc(sizeof *v * runs);
    for (size_t i = 0; v && i < runs; i++) {
        v[i] = firing_rate_ratio(count + i * n, n);
    }
    return v;
}

static void layer_spread(struct buf *out, const struct plan_group *g, const uint64_t *count,
                         size_t runs, double seconds)
{
    double *v = malloc(sizeof *v * (runs > g->n ? runs : g->n));
    if (!v) {
        return;
    }
    if (g->n <= MAX_NEURON_COLS) {
        for (uint32_t i = 0; i < g->n; i++) {
            for (size_t k = 0; k < runs; k++) {
                v[k] = (double)count[k * g->n + i] / seconds;
            }
            char name[32];
            snprintf(name, sizeof name, "rate of [%u] (Hz)", i);
            spread_line(out, name, spread_of(v, runs));
        }
    } else {
        for (uint32_t i = 0; i < g->n; i++) {
            double sum = 0;
            for (size_t k = 0; k < runs; k++) {
                sum += (double)count[k * g->n + i];
            }
            v[i] = sum / (double)runs / seconds;
        }
        spread_line(out, "rate by neuron (Hz)", spread_of(v, g->n));
    }
    free(v);
    if (g->n > 1 && (v = all_frr(count, g->n, runs))) {
        spread_line(out, "FRR", spread_of(v, runs));
        if (runs > MAX_TRIAL_ROWS) {
            buf_printf(out, "  FRR of %zu trials\n", runs);
            histogram(out, v, runs);
        }
        free(v);
    }
}

static void chip_rows(struct buf *out, const struct plan_group *g, const uint64_t *count,
                      const struct run_result *r)
{
    for (uint32_t t = 0; t < r->trials && t < MAX_TRIAL_ROWS && g->n > 1; t++) {
        double *v = malloc(sizeof *v * r->chips);
        if (!v) {
            return;
        }
        for (uint32_t c = 0; c < r->chips; c++) {
            v[c] = firing_rate_ratio(count + ((size_t)c * r->trials + t) * g->n, g->n);
        }
        char name[48];
        snprintf(name, sizeof name, "FRR of trial %u", t);
        spread_line(out, name, spread_of(v, r->chips));
        free(v);
    }
}

/* Neurons and steps binned to rows and columns; a mark where anything fired. */
static void raster(struct buf *out, const struct plan_group *g, const uint8_t *fired,
                   const struct run_result *r)
{
    uint32_t rows = g->n < RASTER_ROWS ? g->n : RASTER_ROWS;
    const uint64_t from = r->raster_rows;
    uint64_t cols = from < RASTER_COLS ? from : RASTER_COLS;
    buf_printf(out, "  raster of trial 0: %.4g ms a column",
               (double)r->steps * r->dt * 1e3 / (double)cols);
    buf_puts(out, g->n > rows ? ", several neurons a row\n" : "\n");
    for (uint32_t y = 0; y < rows; y++) {
        uint32_t i0 = (uint32_t)((uint64_t)y * g->n / rows),
                 i1 = (uint32_t)((uint64_t)(y + 1) * g->n / rows);
        buf_printf(out, "  %5u |", i0);
        for (uint64_t x = 0; x < cols; x++) {
            uint64_t t0 = x * from / cols, t1 = (x + 1) * from / cols, sum = 0;
            for (uint64_t t = t0; t < t1; t++) {
                for (uint32_t i = i0; i < i1; i++) {
                    sum += fired[t * run_raster_row(g->n) + i / 8] >> i % 8 & 1;
                }
            }
            buf_putc(out, sum == 0 ? ' ' : sum == 1 ? '.' : sum < 4 ? ':' : '#');
        }
        buf_puts(out, "|\n");
    }
}

/* Of an event-driven run, what its layers have to do: events that arrive in a synapse, a second, on
 * the average of the trials and in the one that has the most. */
static double synaptic_rate(const struct plan *p, const struct run_result *r, uint32_t group,
                            double *most)
{
    const double seconds = (double)r->steps * r->dt;
    const size_t trials = (size_t)r->chips * r->trials;
    *most = 0;
    for (size_t t = 0; t < trials; t++) {
        double sum = 0;
        for (uint32_t i = 0; i < p->projection.n; i++) {
            if (p->projection.data[i].dst == group) {
                sum += (double)r->synaptic[t * p->projection.n + i];
            }
        }
        *most = sum / seconds > *most ? sum / seconds : *most;
    }
    return (double)run_synaptic(p, r, group) / ((double)trials * seconds);
}

static void synaptic_text(struct buf *out, const struct plan *p, const struct run_result *r)
{
    buf_puts(out, "\nsynaptic operations a second:\n");
    for (uint32_t k = 0; k < p->group.n; k++) {
        double most, mean = synaptic_rate(p, r, k, &most);
        buf_printf(out, "  %-22s %.4g", p->group.data[k].name, mean);
        if (r->trials * r->chips > 1) {
            buf_printf(out, ", %.4g in the busiest trial", most);
        }
        buf_putc(out, '\n');
    }
}

static void synaptic_json(struct json *j, const struct plan *p, const struct run_result *r)
{
    json_key(j, "synaptic_operations_per_second");
    json_object(j);
    for (uint32_t k = 0; k < p->group.n; k++) {
        double most, mean = synaptic_rate(p, r, k, &most);
        json_key(j, p->group.data[k].name);
        json_object(j);
        json_key(j, "mean"), json_f64(j, mean);
        json_key(j, "most"), json_f64(j, most);
        json_end_object(j);
    }
    json_end_object(j);
}

void summary_text(struct buf *out, const struct plan *p, const struct run_result *r,
                  const struct condition *c, const char *condition, const struct labels *l)
{
    double seconds = (double)r->steps * r->dt;
    buf_printf(out, "%s: %u trial%s of %.6g ms", p->network, r->trials, r->trials == 1 ? "" : "s",
               seconds * 1e3);
    if (r->event)
        buf_puts(out, ", event by event");
    else
        buf_printf(out, " (%llu steps of %.6g ms)", (unsigned long long)r->steps, r->dt * 1e3);
    if (r->chips > 1) {
        buf_printf(out, ", %u chips", r->chips);
    }
    buf_putc(out, '\n');
    for (uint32_t o = 0; o < p->output.n; o++) {
        uint32_t k = p->output.data[o];
        const struct plan_group *g = &p->group.data[k];
        buf_printf(out, "\n%s: %u neuron%s\n", g->name, g->n, g->n == 1 ? "" : "s");
        if (r->chips > 1) {
            chip_rows(out, g, r->count[k], r);
        } else if (r->trials <= MAX_TRIAL_ROWS && g->n <= MAX_NEURON_COLS) {
            trial_rows(out, g, r->count[k], r);
        } else {
            layer_spread(out, g, r->count[k], r->trials, seconds);
        }
        if (r->raster && r->raster[k]) {
            raster(out, g, r->raster[k], r);
        }
    }
    if (r->synaptic) {
        synaptic_text(out, p, r);
    }
    if (l)
        decision_text(out, p, r, l);
    if (condition) {
        uint32_t met = condition_chips(c, p, r);
        buf_printf(out, "\n%s in every trial: %u of %u chip%s (%.4g %%)\n", condition, met,
                   r->chips, r->chips == 1 ? "" : "s", 100.0 * met / r->chips);
    }
}

/* ---- JSON ---- */

void summary_json(struct json *j, const struct plan *p, const struct run_result *r,
                  const struct condition *c, const char *condition, const struct labels *l)
{
    json_object(j);
    json_key(j, "network"), json_str(j, p->network);
    json_key(j, "chips"), json_int(j, r->chips);
    json_key(j, "trials"), json_int(j, r->trials);
    json_key(j, "steps"), json_int(j, (int64_t)r->steps);
    json_key(j, "dt"), json_f64(j, r->dt);
    json_key(j, "layers");
    json_object(j);
    for (uint32_t o = 0; o < p->output.n; o++) {
        uint32_t k = p->output.data[o], n = p->group.data[k].n;
        json_key(j, p->group.data[k].name);
        json_object(j);
        json_key(j, "counts"); /* [chips][trials][neurons] */
        json_array(j);
        for (uint32_t chip = 0; chip < r->chips; chip++) {
            json_array(j);
            for (uint32_t t = 0; t < r->trials; t++) {
                json_array(j);
                for (uint32_t i = 0; i < n; i++) {
                    json_int(j, (int64_t)r->count[k][((size_t)chip * r->trials + t) * n + i]);
                }
                json_end_array(j);
            }
            json_end_array(j);
        }
        json_end_array(j);
        json_key(j, "frr"); /* [chips][trials] */
        json_array(j);
        for (uint32_t chip = 0; chip < r->chips; chip++) {
            json_array(j);
            for (uint32_t t = 0; t < r->trials; t++) {
                json_f64(j, firing_rate_ratio(r->count[k] + ((size_t)chip * r->trials + t) * n, n));
            }
            json_end_array(j);
        }
        json_end_array(j);
        json_end_object(j);
    }
    json_end_object(j);
    if (r->synaptic) {
        synaptic_json(j, p, r);
    }
    if (l)
        decision_json(j, p, r, l);
    if (condition) {
        json_key(j, "condition"), json_str(j, condition);
        json_key(j, "chips_met"), json_int(j, condition_chips(c, p, r));
    }
    json_end_object(j);
}
