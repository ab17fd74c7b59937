/* What was measured on, and what it was built with. */
#include "tests/bench/bench.h"
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* BENCH_LLVM and BENCH_OPT come from the Makefile. */
#ifdef __clang__
#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)
#define COMPILER "clang " TEXT(__clang_major__) "." TEXT(__clang_minor__)
#else
#define COMPILER "gcc " __VERSION__
#endif

static const char *cpu_model(struct arena *a)
{
    const char *model = "unknown processor";
    FILE *f = fopen("/proc/cpuinfo", "r");
    char line[256];
    while (f && fgets(line, sizeof line, f)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon)
            continue;
        line[strcspn(line, "\n")] = 0;
        model = arena_strdup(a, colon + 2);
        break;
    }
    if (f)
        fclose(f);
    return model;
}

/* A multiplication and an addition that wait for each other take 3 + 1 cycles on all x86-64
 * processors that have AVX2; of a square, a compiler can't make two steps one. */
static double clock_hz(void)
{
#if defined __x86_64__
    enum { N = 1 << 20, TIMES = 9, CYCLES = 4 };
    double v[TIMES];
    volatile uint64_t seed = 1;
    uint64_t x = seed;
    for (uint32_t k = 0; k < TIMES; k++) {
        const double t = bench_busy();
        for (uint32_t i = 0; i < N; i++)
            x = x * x + 1442695040888963407u;
        v[k] = bench_busy() - t;
        seed = x;
    }
    bench_sort(v, TIMES);
    return (double)N * CYCLES / v[TIMES / 2];
#else
    return 0;
#endif
}

struct bench_machine bench_machine(struct arena *a)
{
    char date[32];
    const time_t now = time(NULL);
    struct tm utc;
    strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", gmtime_r(&now, &utc));
    return (struct bench_machine){.cpu = cpu_model(a),
                                  .compiler = COMPILER ", " BENCH_OPT,
                                  .llvm = BENCH_LLVM,
                                  .date = arena_strdup(a, date),
                                  .cores = sysconf(_SC_NPROCESSORS_ONLN),
                                  .hz = clock_hz()};
}
