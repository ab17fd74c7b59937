/* make bench BENCH="--plot rates.svg" */
#include "tests/bench/bench.h"
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

static _Noreturn void usage(void)
{
    fputs("usage: bench [--quick] [--json] [--plot FILE.svg] [--part PART] [--neurons N]\n",
          stderr);
    exit(2);
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
        else if (c == 'P')
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

static bool wanted(const struct bench *b, const char *part)
{
    return !b->o.part || strcmp(b->o.part, part) == 0;
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
    if (wanted(&b, "latency"))
        bench_latency(&b); /* commands use all cores */
    backend_interp(&b.interp);
    open_jit(&b);
    if (wanted(&b, "threads"))
        bench_threads(&b);
    if (b.o.part && strcmp(b.o.part, "memory") == 0)
        bench_memory(&b);
    stay_here();
    if (wanted(&b, "quantiser"))
        bench_quantiser(&b);
    if (wanted(&b, "kernels"))
        bench_kernels(&b);
    if (wanted(&b, "engine"))
        bench_engine(&b);
    if (wanted(&b, "recurrent"))
        bench_recurrent(&b);
    bench_report(&b);
    bool good = b.failures == 0;
    if (b.o.plot)
        good &= bench_plot(&b, b.o.plot);
    if (b.have_jit)
        b.jit.release(&b.jit);
    arena_free(&b.arena);
    return good ? 0 : 1;
}
