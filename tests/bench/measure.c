#include "tests/bench/bench.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double bench_now(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

double bench_busy(void)
{
    return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}

/* ---- order ---- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void bench_sort(double *v, uint32_t n)
{
    qsort(v, n, sizeof *v, ascending);
}

double bench_quantile(const double *sorted, uint32_t n, double q)
{
    double at = q * (n - 1);
    uint32_t i = (uint32_t)at;
    double rest = at - i;
    return i + 1 < n ? sorted[i] + rest * (sorted[i + 1] - sorted[i]) : sorted[i];
}

/* ---- cells ---- */

bool bench_wants(const struct bench *b, uint32_t n)
{
    if (b->o.neurons)
        return n == b->o.neurons;
    return !b->o.quick || n == 2 || n == 256;
}

void bench_add(struct bench_cell *c, const char *name, double (*rate)(void *), void *arg)
{
    if (c->n_variants == BENCH_MAX_VARIANTS)
        base_panic("too many variants");
    c->variant[c->n_variants++] = (struct bench_variant){.name = name, .rate = rate, .arg = arg};
}

void bench_finish(struct bench_variant *v, uint32_t rounds)
{
    double sorted[BENCH_MAX_ROUNDS];
    memcpy(sorted, v->sample, rounds * sizeof *sorted);
    bench_sort(sorted, rounds);
    v->median = bench_quantile(sorted, rounds, 0.5);
    v->spread =
        (bench_quantile(sorted, rounds, 0.75) - bench_quantile(sorted, rounds, 0.25)) / v->median;
}

void bench_measure(struct bench *b, struct bench_cell *c)
{
    enum { QUICK = 3 };
    c->n_rounds = b->o.quick ? QUICK : BENCH_MAX_ROUNDS;
    const double went_by = bench_now(), busy = bench_busy();
    for (uint32_t r = 0; r < c->n_rounds; r++) {
        /* Every round begins with another one, so that none always follows the same. */
        for (uint32_t i = 0; i < c->n_variants; i++) {
            struct bench_variant *v = &c->variant[(i + r) % c->n_variants];
            v->sample[r] = v->rate(v->arg);
        }
    }
    b->went_by += bench_now() - went_by;
    b->busy += bench_busy() - busy;
    for (uint32_t v = 0; v < c->n_variants; v++)
        bench_finish(&c->variant[v], c->n_rounds);
    VEC_PUSH(&b->arena, &b->cell, *c);
}

struct bench_ratio bench_ratio(const struct bench_cell *c, uint32_t v, uint32_t to)
{
    double ratio[BENCH_MAX_ROUNDS];
    for (uint32_t r = 0; r < c->n_rounds; r++)
        ratio[r] = c->variant[v].sample[r] / c->variant[to].sample[r];
    bench_sort(ratio, c->n_rounds);
    return (struct bench_ratio){c->variant[v].median / c->variant[to].median,
                                bench_quantile(ratio, c->n_rounds, 0.25),
                                bench_quantile(ratio, c->n_rounds, 0.75)};
}

uint32_t bench_find(const struct bench_cell *c, const char *name)
{
    uint32_t v = 0;
    while (v < c->n_variants && strcmp(c->variant[v].name, name) != 0)
        v++;
    return v;
}

const char *bench_cell_name(struct arena *a, const struct bench_cell *c)
{
    return arena_printf(a, "%u x %u%s%s%s%s%s", c->n, c->trials, c->varying ? ", varying" : "",
                        c->recurrent ? ", recurrent" : "", c->record ? ", recorded" : "",
                        c->setting ? ", " : "", c->setting ? c->setting : "");
}

double bench_noise(const struct bench *b)
{
    if (b->cell.n == 0)
        return 0;
    struct arena a = {0};
    double *v = ARENA_ARRAY(&a, double, b->cell.n);
    for (uint32_t i = 0; i < b->cell.n; i++)
        v[i] = b->cell.data[i].variant[0].spread;
    bench_sort(v, b->cell.n);
    const double median = bench_quantile(v, b->cell.n, 0.5);
    arena_free(&a);
    return median;
}

double bench_available(const struct bench *b)
{
    return b->went_by > 0 ? b->busy / b->went_by : 1;
}

/* ---- durations and checks ---- */

void bench_keep_time(struct bench *b, const char *part, const char *name, double *v, uint32_t n,
                     double goal, const char *note)
{
    bench_sort(v, n);
    struct bench_time t = {.part = part,
                           .name = name,
                           .median = bench_quantile(v, n, 0.5),
                           .least = v[0],
                           .most = v[n - 1],
                           .goal = goal,
                           .note = note};
    VEC_PUSH(&b->arena, &b->time, t);
}

void bench_check(struct bench *b, bool good, const char *fmt, ...)
{
    b->checks++;
    if (good)
        return;
    b->failures++;
    va_list ap;
    va_start(ap, fmt);
    fputs("bench: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
}
