/* The tables that one reads. */
#include "tests/bench/bench.h"
#include <stdio.h>

static void print_head(struct bench *b)
{
    const struct bench_machine m = bench_machine(&b->arena);
    const double noise = bench_noise(b);
    printf("dyn " DYN_VERSION ", %s\n%s, %ld cores", m.date, m.cpu, m.cores);
    if (m.hz > 0)
        printf(", %.2f GHz", 1e-9 * m.hz);
    printf("; by hand: %s\nbuilt with %s; LLVM %s\n", hand_best()->name, m.compiler, m.llvm);
    if (b->cell.n == 0)
        return;
    printf("half of the rates of the same code lie within %.1f %%%s\n", 100 * noise,
           noise > BENCH_NOISY ? " (noisy: compare ratios, not rates)" : "");
    if (bench_available(b) < BENCH_SHARED)
        printf("others use this machine: the benchmark had its core for %.0f %% of the time, so "
               "durations and what two threads do are too bad\n",
               100 * bench_available(b));
}

/* ---- goals ---- */

static int digits(double x)
{
    return x < 9.995 ? 2 : x < 99.95 ? 1 : 0;
}

static void print_goals(const struct bench *b)
{
    if (b->goal.n == 0)
        return;
    uint32_t met = 0;
    for (uint32_t i = 0; i < b->goal.n; i++)
        met += b->goal.data[i].met;
    printf("\ngoals: %u of %u met; a ratio is the worst of those that the goal is for\n", met,
           b->goal.n);
    printf("%-30s %-18s %8s %9s  %-16s %-7s %s\n", "", "", "wanted", "measured", "  half between",
           "", "worst at");
    for (uint32_t i = 0; i < b->goal.n; i++) {
        const struct bench_goal *g = &b->goal.data[i];
        printf("%-30s %-18s %2s %5.*f %9.*f  %7.*f .. %-5.*f %-7s %s\n", g->text, g->what,
               g->at_most ? "<=" : ">=",
               g->wanted < 1   ? 2
               : g->wanted < 3 ? 1
                               : 0,
               g->wanted, digits(g->value), g->value, digits(g->low), g->low, digits(g->high),
               g->high, g->met ? "met" : "MISSED", g->where);
    }
}

/* ---- durations ---- */

static void print_times(const struct bench *b)
{
    if (b->time.n == 0)
        return;
    printf("\n%-9s %-30s %10s %10s %10s\n", "", "milliseconds", "median", "least", "most");
    for (uint32_t i = 0; i < b->time.n; i++) {
        const struct bench_time *t = &b->time.data[i];
        printf("%-9s %-30s %10.3f %10.3f %10.3f  %s\n", t->part, t->name, 1e3 * t->median,
               1e3 * t->least, 1e3 * t->most, t->note);
    }
}

/* ---- rates ---- */

static void print_cell(const struct bench_cell *c)
{
    printf("%7u %6u  ", c->n, c->trials);
    if (c->setting)
        printf("%-17s", c->setting);
    else
        printf("%-8s %-8s", c->varying ? "varying" : "uniform", c->record ? "recorded" : "");
    for (uint32_t v = 0; v < c->n_variants; v++) {
        printf(" %8.1f", 1e-6 * c->variant[v].median);
        if (v > 0)
            printf(" %6.3f", bench_ratio(c, v, 0).value);
    }
    printf("  %4.1f %%\n", 100 * c->variant[0].spread);
}

static void print_cells(const struct bench *b, const char *part, const char *title,
                        const char *unit)
{
    bool head = false;
    for (uint32_t i = 0; i < b->cell.n; i++) {
        const struct bench_cell *c = &b->cell.data[i];
        if (strcmp(c->part, part) != 0)
            continue;
        if (!head) {
            printf("\n%s\nmillion %s a second, and ratio to the first\n%7s %6s  %-17s", title, unit,
                   "neurons", "trials", "");
            for (uint32_t v = 0; v < c->n_variants; v++)
                printf(v ? " %8s       " : " %8s", c->variant[v].name);
            printf("  spread\n");
            head = true;
        }
        print_cell(c);
    }
}

/* ---- where time goes ---- */

static void print_splits(const struct bench *b, const char *part, const char *title)
{
    bool head = false;
    for (uint32_t i = 0; i < b->split.n; i++) {
        const struct bench_split *s = &b->split.data[i];
        if (strcmp(s->part, part) != 0)
            continue;
        if (!head) {
            printf("\n%s\n%-32s %8s", title, "", "ns");
            for (uint32_t k = 0; k < s->n; k++)
                printf(" %11s", s->share[k].name);
            printf("%s\n", s->timed > 0 ? "  timers" : "");
            head = true;
        }
        printf("%-32s %8.3f", s->setting, 1e9 / s->rate);
        for (uint32_t k = 0; k < s->n; k++) {
            if (s->share[k].count)
                printf(" %3u: %4.1f %%", s->share[k].count, 100 * s->share[k].share);
            else
                printf(" %9.1f %%", 100 * s->share[k].share);
        }
        if (s->timed > 0)
            printf("  %4.1f %%", 100 * (s->rate / s->timed - 1));
        putchar('\n');
    }
}

void bench_report(struct bench *b)
{
    static const char steps[] = "neuron-steps";
    print_head(b);
    print_goals(b);
    for (uint32_t i = 0; i < b->note.n; i++)
        printf("%s%s\n", i == 0 ? "\n" : "", b->note.data[i]);
    print_times(b);
    print_cells(b, "kernel", "kernel: one step over lanes in memory", steps);
    print_cells(b, "delivery", "delivery: events through synapses, on one thread",
                "synaptic events");
    print_cells(b, "engine", "engine: whole runs on one thread; `hand`, `plain`: programs for them",
                steps);
    print_cells(b, "recurrent", "recurrent: the same with a layer that feeds itself", steps);
    print_cells(b, "threads", "threads: whole runs with --jobs 1 and 2, on all cores", steps);
    print_cells(b, "events", "events: event-driven runs on one thread, against programs for them",
                "synaptic operations");
    print_cells(b, "python", "python: the same networks on one core", steps);
    print_splits(b, "run", "profile of a run: of its time, in nanoseconds a neuron-step");
    print_splits(b, "step",
                 "profile of a step: operations in the kernel, and what each kind takes of the "
                 "kernel's time");
    printf("\n%u checks, %u failed\n", b->checks, b->failures);
    printf("%s - variants agree\n", b->failures ? "not ok 1" : "ok 1");
}
