/* make bench BENCH="--plot rates.svg" */
#include "tests/bench/bench.h"
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

/* In the order that they run. */
static const struct part {
    const char *name;
    void (*run)(struct bench *b);
    enum { ALL_CORES, ONE_CORE } cores;
    enum { ALWAYS, NOT_QUICK, ASKED } when; /* without --part */
} parts[] = {
    {"latency", bench_latency, ALL_CORES, ALWAYS}, /* first: before the JIT is opened */
    {"sources", bench_sources, ALL_CORES, ALWAYS}, {"threads", bench_threads, ALL_CORES, ALWAYS},
    {"profile", bench_profile, ALL_CORES, ALWAYS}, {"memory", bench_memory, ALL_CORES, ASKED},
    {"mapper", bench_mapper, ALL_CORES, ASKED},    {"quantiser", bench_quantiser, ONE_CORE, ALWAYS},
    {"kernels", bench_kernels, ONE_CORE, ALWAYS},  {"delivery", bench_delivery, ONE_CORE, ALWAYS},
    {"engine", bench_engine, ONE_CORE, ALWAYS},    {"recurrent", bench_recurrent, ONE_CORE, ALWAYS},
    {"events", bench_events, ONE_CORE, ALWAYS},    {"python", bench_python, ONE_CORE, NOT_QUICK},
};

enum { N_PARTS = sizeof parts / sizeof *parts };

static _Noreturn void usage(void)
{
    fputs("usage: bench [--quick] [--json] [--plot FILE.svg] [--part PART] [--neurons N]\nparts:",
          stderr);
    for (size_t i = 0; i < N_PARTS; i++)
        fprintf(stderr, " %s", parts[i].name);
    fputc('\n', stderr);
    exit(2);
}

static bool is_part(const char *name)
{
    size_t i = 0;
    while (i < N_PARTS && strcmp(parts[i].name, name) != 0)
        i++;
    return i < N_PARTS;
}

static struct bench_options parse(int argc, char **argv)
{
    static const struct option all[] = {
        {"quick", no_argument, NULL, 'q'},         {"json", no_argument, NULL, 'j'},
        {"plot", required_argument, NULL, 'p'},    {"part", required_argument, NULL, 'P'},
        {"neurons", required_argument, NULL, 'n'}, {0}};
    struct bench_options o = {0};
    for (int c; (c = getopt_long(argc, argv, "", all, NULL)) >= 0;) {
        if (c == 'q')
            o.quick = true;
        else if (c == 'j')
            o.json = true;
        else if (c == 'p')
            o.plot = optarg;
        else if (c == 'P' && is_part(optarg))
            o.part = optarg;
        else if (c == 'n')
            o.neurons = (uint32_t)strtoul(optarg, NULL, 10);
        else
            usage();
    }
    if (optind < argc)
        usage();
    return o;
}

/* Rates are those of one core: the one that this runs on. */
static void stay_here(void)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    sched_setaffinity(0, sizeof one, &one);
}

static bool is_wanted(const struct bench *b, const struct part *p)
{
    if (b->o.part)
        return strcmp(b->o.part, p->name) == 0;
    return p->when == ALWAYS || (p->when == NOT_QUICK && !b->o.quick);
}

static void open_jit(struct bench *b)
{
    struct diags d = {0};
    if (b->have_jit && !backend_jit(&b->jit, &d))
        base_panic("%s", d.list.data[0]->message);
    diags_free(&d);
}

int main(int argc, char **argv)
{
    struct bench b = {.o = parse(argc, argv)};
#ifndef DYN_NO_LLVM
    b.have_jit = true;
#endif
    backend_interp(&b.interp);
    for (size_t i = 0; i < N_PARTS; i++) {
        if (i == 1)
            open_jit(&b);
        if (i > 0 && parts[i].cores == ONE_CORE && parts[i - 1].cores == ALL_CORES)
            stay_here();
        if (is_wanted(&b, &parts[i]))
            parts[i].run(&b);
    }
    bench_goals(&b);
    if (b.o.json)
        bench_json(&b);
    else
        bench_report(&b);
    bool good = b.failures == 0;
    if (b.o.plot)
        good &= bench_plot(&b, b.o.plot);
    if (b.have_jit)
        b.jit.release(&b.jit);
    arena_free(&b.arena);
    return good ? 0 : 1;
}
