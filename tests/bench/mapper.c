/* Mapping to DYNAP-SE2 boards of 1 to 225 chips: time and memory of each pass, which should grow
 * with the network and no faster. Each size in a process of its own, for its memory. */
#include "tests/bench/bench.h"
#include "tests/unit/mapper_net.h"
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_PASSES = 8 };

struct size {
    uint32_t neurons, synapses, columns, rows;
};

struct result {
    bool ok;
    uint32_t n; /* passes */
    double seconds[MAX_PASSES];
    double peak; /* bytes, of all passes */
    double base; /* the same before them: network and program */
};

static double peak_bytes(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)r.ru_maxrss * 1024;
}

/* Seconds that processors worked for this process, all of its threads together. */
static double busy(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void map(const struct size *s, struct result *out)
{
    const struct mapper_net spec = {
        .n = s->neurons,
        .synapses = s->synapses,
        .community = 1000,
        .shuffled = true,
    };
    const struct target_options o = {.columns = s->columns, .rows = s->rows};
    const struct target_pass *pass = target_compiler_find("dynapse2")->pass;
    struct d2_test t;
    d2_test_init(&t);
    mapper_net(&t, &spec);
    out->base = peak_bytes();
    out->ok = true;
    for (out->n = 0; pass[out->n].name && out->n < MAX_PASSES && out->ok; out->n++) {
        const double begin = busy();
        out->ok = pass[out->n].run(t.n, &o, &t.report, &t.text.diags);
        out->seconds[out->n] = busy() - begin;
    }
    d2_test_show(&t);
    out->peak = peak_bytes();
    d2_test_free(&t);
}

/* False: the process failed. */
static bool map_apart(const struct size *s, struct result *out)
{
    int end[2], status;
    if (pipe(end) != 0)
        return false;
    const pid_t child = fork();
    if (child == 0) {
        map(s, out);
        _exit(write(end[1], out, sizeof *out) == sizeof *out ? 0 : 1);
    }
    close(end[1]);
    const bool got = child > 0 && read(end[0], out, sizeof *out) == sizeof *out;
    close(end[0]);
    return child > 0 && waitpid(child, &status, 0) == child && status == 0 && got && out->ok;
}

void bench_mapper(struct bench *b)
{
    static const struct size sizes[] = {
        {252, 16, 1, 1},   {1020, 16, 1, 1},    {4092, 16, 4, 1},
        {4092, 64, 4, 1},  {16380, 16, 4, 4},   {16380, 64, 4, 4},
        {65532, 16, 8, 8}, {229000, 8, 15, 15}, {229000, 16, 15, 15},
    };
    const struct target_pass *pass = target_compiler_find("dynapse2")->pass;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct result r = {0};
        const struct size *s = &sizes[i];
        if (!bench_wants(b, s->neurons))
            continue;
        const bool ok = map_apart(s, &r);
        bench_check(b, ok, "%u neurons don't fit %u x %u chips", s->neurons, s->columns, s->rows);
        for (uint32_t k = 0; k < r.n && ok; k++) {
            const char *note = "";
            if (k == 0)
                note = arena_printf(&b->arena, "all passes: %.0f MB on top of %.0f",
                                    1e-6 * (r.peak - r.base), 1e-6 * r.base);
            bench_keep_time(b, "mapper",
                            arena_printf(&b->arena, "%u x %u on %u x %u: %s", s->neurons,
                                         s->synapses, s->columns, s->rows, pass[k].name),
                            &r.seconds[k], 1, 0, note);
        }
    }
}
