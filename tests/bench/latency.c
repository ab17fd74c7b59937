/* How long one waits: commands as a user calls them, the JIT. */
#include "tests/bench/bench.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TIMES = 20, QUICK_TIMES = 2 };

/* ---- whole commands ---- */

/* The program under test is a folder above this one; DYN names another. */
static const char *find_dyn(struct arena *a)
{
    const char *given = getenv("DYN");
    if (given)
        return given;
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    path[n > 0 ? n : 0] = 0;
    char *slash = strrchr(path, '/');
    if (slash)
        *slash = 0;
    return arena_printf(a, "%s/../dyn", path);
}

/* Seconds until the command has ended; its output goes nowhere. Negative: it failed. */
static double time_command(const char *const *argv)
{
    double t = bench_now();
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        for (int i = 0; i < 3; i++)
            dup2(null, i);
        execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    int status = -1;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        return -1;
    return bench_now() - t;
}

static void measure_command(struct bench *b, const char *name, const char *const *argv, double goal)
{
    const uint32_t n = b->o.quick ? QUICK_TIMES : TIMES;
    double v[TIMES];
    bool good = true;
    for (uint32_t i = 0; i < n && good; i++) {
        v[i] = time_command(argv);
        good = v[i] >= 0;
    }
    bench_check(b, good, "`dyn %s` failed", name);
    if (good)
        bench_keep_time(b, "command", name, v, n, goal, "");
}

static void measure_commands(struct bench *b)
{
    static const char file[] = "examples/frozen_noise/frozen_noise.dyn";
    const char *dyn = find_dyn(&b->arena);
    const char *image = arena_printf(&b->arena, "/tmp/dyn-bench-%d.dynb", (int)getpid());
    if (access(dyn, X_OK) != 0 || access(file, R_OK) != 0) {
        fprintf(stderr, "bench: commands aren't measured: no %s or no %s\n", dyn, file);
        return;
    }
    measure_command(b, "check", (const char *[]){dyn, "check", file, NULL}, 0.010);
    measure_command(b, "build -t dynapse2",
                    (const char *[]){dyn, "build", file, "-t", "dynapse2", "-o", image, NULL},
                    0.050);
    unlink(image);
    const char *run[] = {dyn, "run", file, "--stimulus=unseen", "--backend=interp", NULL, NULL};
    measure_command(b, "run, 100 trials, interp", run, 0);
    if (!b->have_jit)
        return;
    run[4] = "--backend=jit";
    measure_command(b, "run, 100 trials, jit from cache", run, 0);
    run[5] = "--no-cache";
    measure_command(b, "run, 100 trials, jit", run, 0.150);
}

/* ---- the JIT ---- */

struct jit_times {
    double open, code, release;
};

static struct jit_times time_jit(const struct kernel_spec *spec)
{
    struct arena a = {0};
    struct diags d = {0};
    struct backend jit;
    struct kernel_code code;
    double t0 = bench_busy();
    bool ok = backend_jit(&jit, &d);
    double t1 = bench_busy();
    jit.cache = false;
    ok = ok && jit.prepare(&jit, &a, spec, 1, &code, &d);
    double t2 = bench_busy();
    if (!ok)
        base_panic("%s", d.list.data[0]->message);
    jit.release(&jit);
    return (struct jit_times){t1 - t0, t2 - t1, bench_busy() - t2};
}

/* In a process of its own each time, as the library is loaded only once in each. */
static bool time_jit_anew(const struct kernel_spec *spec, struct jit_times *out)
{
    int end[2];
    if (pipe(end) != 0)
        return false;
    pid_t pid = fork();
    if (pid == 0) {
        struct jit_times t = time_jit(spec);
        _exit(write(end[1], &t, sizeof t) == sizeof t ? 0 : 1);
    }
    close(end[1]);
    bool ok = pid > 0 && read(end[0], out, sizeof *out) == sizeof *out;
    close(end[0]);
    if (pid > 0)
        waitpid(pid, NULL, 0);
    return ok;
}

static void measure_jit(struct bench *b)
{
    struct bench_net net;
    bench_net_make(&net, 2, false, false);
    const struct kernel_spec spec = bench_net_spec(&net);
    const uint32_t n = b->o.quick ? QUICK_TIMES : TIMES;
    double open[TIMES], code[TIMES], both[TIMES], release[TIMES];
    bool good = true;
    for (uint32_t i = 0; i < n && good; i++) {
        struct jit_times t = {0};
        good = time_jit_anew(&spec, &t);
        open[i] = t.open;
        code[i] = t.code;
        both[i] = t.open + t.code;
        release[i] = t.release;
    }
    bench_check(b, good, "the JIT failed");
    if (good) {
        bench_keep_time(b, "jit", "open (loads LLVM)", open, n, 0, "");
        bench_keep_time(b, "jit", "code for dpi", code, n, 0, "");
        bench_keep_time(b, "jit", "open, and code for dpi", both, n, 0.040, "");
        bench_keep_time(b, "jit", "release", release, n, 0, "");
    }
    bench_net_free(&net);
}

void bench_latency(struct bench *b)
{
    measure_commands(b);
    if (b->have_jit)
        measure_jit(b);
}
