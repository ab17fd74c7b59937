#include "runtime/base/json.h"
#include "tests/bench/bench.h"
#include <math.h>
#include <stdio.h>

/* ---- the machine ---- */

static void cpu_model(char *out, size_t size)
{
    snprintf(out, size, "unknown processor");
    FILE *f = fopen("/proc/cpuinfo", "r");
    char line[256];
    while (f && fgets(line, sizeof line, f)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon)
            continue;
        line[strcspn(line, "\n")] = 0;
        snprintf(out, size, "%s", colon + 2);
        break;
    }
    if (f)
        fclose(f);
}

/* Median over the cells of how far the rates of the kernel by hand are apart. */
static double noise(const struct bench *b)
{
    struct arena a = {0};
    double *v = ARENA_ARRAY(&a, double, b->cell.n + 1);
    for (uint32_t i = 0; i < b->cell.n; i++)
        v[i] = b->cell.data[i].variant[0].spread;
    bench_sort(v, b->cell.n);
    double median = b->cell.n ? bench_quantile(v, b->cell.n, 0.5) : 0;
    arena_free(&a);
    return median;
}

static const double NOISY = 0.05;

/* ---- a table ---- */

static void print_times(const struct bench *b)
{
    printf("\n%-9s %-26s %10s %10s %10s %10s\n", "", "milliseconds", "median", "least", "most",
           "goal");
    for (uint32_t i = 0; i < b->time.n; i++) {
        const struct bench_time *t = &b->time.data[i];
        printf("%-9s %-26s %10.3f %10.3f %10.3f ", t->part, t->name, 1e3 * t->median,
               1e3 * t->least, 1e3 * t->most);
        if (t->goal > 0)
            printf("%10.0f %s\n", 1e3 * t->goal, t->median <= t->goal ? "met" : "MISSED");
        else
            printf("%10s %s\n", "", t->note);
    }
}

static void print_cell(const struct bench_cell *c)
{
    printf("%7u %6u  %-8s %-6s", c->n, c->trials, c->varying ? "varying" : "uniform",
           c->record ? "record" : "");
    for (uint32_t v = 0; v < c->n_variants; v++) {
        if (v == 0)
            printf(" %8.1f", 1e-6 * c->variant[v].median);
        else
            printf(" %8.1f %5.3f", 1e-6 * c->variant[v].median, c->variant[v].ratio);
    }
    printf("  %4.1f %%\n", 100 * c->variant[0].spread);
}

static void print_cells(const struct bench *b, const char *part, const char *title)
{
    bool head = false;
    for (uint32_t i = 0; i < b->cell.n; i++) {
        const struct bench_cell *c = &b->cell.data[i];
        if (strcmp(c->part, part) != 0)
            continue;
        if (!head) {
            printf("\n%s\nmillion neuron-steps a second and ratio to the first\n%7s %6s  %-8s %-6s",
                   title, "neurons", "trials", "values", "");
            for (uint32_t v = 0; v < c->n_variants; v++)
                printf(v ? " %8s      " : " %8s", c->variant[v].name);
            printf("  spread\n");
            head = true;
        }
        print_cell(c);
    }
}

static void print_text(const struct bench *b)
{
    char cpu[256];
    cpu_model(cpu, sizeof cpu);
    const double n = noise(b);
    printf("%s, one core, by hand: %s\n", cpu, hand_best()->name);
    printf("spread of a rate: %.1f %%%s\n", 100 * n,
           n > NOISY ? " (noisy: compare ratios, not rates)" : "");
    print_times(b);
    print_cells(b, "kernel", "kernel: one step over lanes in memory");
    print_cells(b, "engine", "engine: whole runs on one thread, `hand` a program for this network");
    print_cells(b, "recurrent", "recurrent: the same with a layer that feeds itself");
    print_cells(b, "threads", "threads: whole runs with --jobs 1 and 2, on all cores");
    printf("\n%u checks, %u failed\n", b->checks, b->failures);
    printf("%s - variants agree\n", b->failures ? "not ok 1" : "ok 1");
}

/* ---- JSON ---- */

static void json_cell(struct json *j, const struct bench_cell *c)
{
    json_object(j);
    json_key(j, "part");
    json_str(j, c->part);
    json_key(j, "neurons");
    json_int(j, c->n);
    json_key(j, "trials");
    json_int(j, c->trials);
    json_key(j, "varying");
    json_bool(j, c->varying);
    json_key(j, "record");
    json_bool(j, c->record);
    json_key(j, "recurrent");
    json_bool(j, c->recurrent);
    json_key(j, "variants");
    json_array(j);
    for (uint32_t v = 0; v < c->n_variants; v++) {
        json_object(j);
        json_key(j, "name");
        json_str(j, c->variant[v].name);
        json_key(j, "rate");
        json_f64(j, c->variant[v].median);
        json_key(j, "ratio");
        json_f64(j, c->variant[v].ratio);
        json_key(j, "spread");
        json_f64(j, c->variant[v].spread);
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
}

static void json_time(struct json *j, const struct bench_time *t)
{
    json_object(j);
    json_key(j, "part");
    json_str(j, t->part);
    json_key(j, "name");
    json_str(j, t->name);
    json_key(j, "seconds");
    json_f64(j, t->median);
    json_key(j, "least");
    json_f64(j, t->least);
    json_key(j, "most");
    json_f64(j, t->most);
    json_key(j, "goal");
    t->goal > 0 ? json_f64(j, t->goal) : json_null(j);
    json_key(j, "note");
    json_str(j, t->note);
    json_end_object(j);
}

static void print_json(const struct bench *b)
{
    char cpu[256];
    cpu_model(cpu, sizeof cpu);
    struct buf out = {0};
    struct json j;
    json_init(&j, &out, 1);
    json_object(&j);
    json_key(&j, "cpu");
    json_str(&j, cpu);
    json_key(&j, "hand");
    json_str(&j, hand_best()->name);
    json_key(&j, "spread");
    json_f64(&j, noise(b));
    json_key(&j, "checks");
    json_int(&j, b->checks);
    json_key(&j, "failures");
    json_int(&j, b->failures);
    json_key(&j, "times");
    json_array(&j);
    for (uint32_t i = 0; i < b->time.n; i++)
        json_time(&j, &b->time.data[i]);
    json_end_array(&j);
    json_key(&j, "rates");
    json_array(&j);
    for (uint32_t i = 0; i < b->cell.n; i++)
        json_cell(&j, &b->cell.data[i]);
    json_end_array(&j);
    json_end_object(&j);
    fwrite(out.data, 1, out.n, stdout);
    putchar('\n');
    buf_free(&out);
}

void bench_report(const struct bench *b)
{
    if (b->o.json)
        print_json(b);
    else
        print_text(b);
}
