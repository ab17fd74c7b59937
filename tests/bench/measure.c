#include "tests/bench/bench.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

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

void bench_add(struct bench_cell *c, const char *name, double (*rate)(void *), void *arg)
{
    if (c->n_variants == BENCH_MAX_VARIANTS)
        base_panic("too many variants");
    c->variant[c->n_variants++] = (struct bench_variant){.name = name, .rate = rate, .arg = arg};
}

void bench_measure(struct bench *b, struct bench_cell *c)
{
    enum { ROUNDS = 15, QUICK = 3 };
    const uint32_t rounds = b->o.quick ? QUICK : ROUNDS;
    double rate[BENCH_MAX_VARIANTS][ROUNDS], ratio[BENCH_MAX_VARIANTS][ROUNDS];
    for (uint32_t r = 0; r < rounds; r++) {
        /* Every round begins with another one, so that none always follows the same. */
        for (uint32_t i = 0; i < c->n_variants; i++) {
            uint32_t v = (i + r) % c->n_variants;
            rate[v][r] = c->variant[v].rate(c->variant[v].arg);
        }
        for (uint32_t v = 0; v < c->n_variants; v++)
            ratio[v][r] = rate[v][r] / rate[0][r];
    }
    for (uint32_t v = 0; v < c->n_variants; v++) {
        bench_sort(rate[v], rounds);
        bench_sort(ratio[v], rounds);
        struct bench_variant *to = &c->variant[v];
        to->median = bench_quantile(rate[v], rounds, 0.5);
        to->ratio = bench_quantile(ratio[v], rounds, 0.5);
        to->spread =
            (bench_quantile(rate[v], rounds, 0.75) - bench_quantile(rate[v], rounds, 0.25)) /
            to->median;
    }
    VEC_PUSH(&b->arena, &b->cell, *c);
}

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
