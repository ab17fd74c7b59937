/* How long one waits: commands as a user calls them, the JIT, compilation of long sources. */
#include "targets/sim/sim.h"
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
    double t0 = bench_now();
    bool ok = backend_jit(&jit, &d);
    double t1 = bench_now();
    jit.cache = false;
    ok = ok && jit.prepare(&jit, &a, spec, 1, &code, &d);
    double t2 = bench_now();
    if (!ok)
        base_panic("%s", d.list.data[0]->message);
    jit.release(&jit);
    return (struct jit_times){t1 - t0, t2 - t1, bench_now() - t2};
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
    const struct kernel *k = net.plan.kernel.data[0];
    const uint32_t n_values = k->n_params + k->n_lets;
    bool *uniform = ARENA_ARRAY(&net.arena, bool, n_values);
    float *value = ARENA_ARRAY(&net.arena, float, n_values);
    for (uint32_t i = 0; i < n_values; i++) {
        uniform[i] = true;
        value[i] = i < k->n_params ? net.param[i].v[0] : net.let[i - k->n_params].v[0];
    }
    const bool *traced = ARENA_ARRAY(&net.arena, bool, k->n_states);
    struct kernel_spec spec = {.kernel = k,
                               .param_uniform = uniform,
                               .let_uniform = uniform + k->n_params,
                               .param_value = value,
                               .let_value = value + k->n_params,
                               .traced = traced,
                               .dt = (float)net.plan.dt};
    const uint32_t n = b->o.quick ? QUICK_TIMES : TIMES;
    double open[TIMES], code[TIMES], release[TIMES];
    bool good = true;
    for (uint32_t i = 0; i < n && good; i++) {
        struct jit_times t = {0};
        good = time_jit_anew(&spec, &t);
        open[i] = t.open;
        code[i] = t.code;
        release[i] = t.release;
    }
    bench_check(b, good, "the JIT failed");
    if (good) {
        bench_keep_time(b, "jit", "open (loads LLVM)", open, n, 0, "");
        bench_keep_time(b, "jit", "code for dpi", code, n, 0, "");
        bench_keep_time(b, "jit", "release", release, n, 0, "");
    }
    bench_net_free(&net);
}

/* ---- long sources ---- */

/* A network in `lines` lines; three of four make a layer and what it is connected to. */
static void write_source(struct buf *out, uint32_t lines)
{
    const char *end = lines == 1 ? " " : "\n";
    uint32_t n = 0;
    buf_printf(out, "use dynapse2;%snetwork long {%sdt = 1 ms; input in[4];%s", end, end, end);
    for (n = 3; n + 4 < lines; n += 4)
        buf_printf(out,
                   "    let w%u = %u.5 / 100; // one line of each kind\n"
                   "    layer l%u[2]: dpi { tau_mem = %u ms; Idc = 2 pA; }\n"
                   "    in -> l%u: all_to_all(w%u);\n"
                   "    l%u -> l%u: one_to_one(-w%u), delay = 2 ms;\n",
                   n, n % 90, n, 10 + n % 20, n, n, n, n, n);
    buf_printf(out, "layer last[2]: dpi; in -> last: all_to_all(1);%s", end);
    for (n += 2; n < lines; n++)
        buf_puts(out, "\n");
    buf_puts(out, "}");
}

static double time_source(struct bench *b, const struct buf *text)
{
    struct arena a = {0};
    struct diags d = {0};
    struct unit u;
    struct plan p;
    double t = bench_now();
    unit_init(&u, &a, &d, NULL);
    struct net *net = NULL;
    if (unit_load_text(&u, "long.dyn", text->data, text->n))
        net = unit_network(&u, NULL);
    bool good = net && sim_map(&a, net, &u.sources, &p, &d);
    t = bench_now() - t;
    bench_check(b, good, "a source of %zu bytes: %s", text->n,
                d.list.n ? d.list.data[0]->message : "no reason");
    diags_free(&d);
    arena_free(&a);
    return t;
}

static void measure_sources(struct bench *b)
{
    static const uint32_t lines[] = {1, 100, 10000, 100000};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (b->o.quick && lines[i] > 100)
            continue;
        struct buf text = {0};
        write_source(&text, lines[i]);
        double v[TIMES];
        const uint32_t n = b->o.quick ? QUICK_TIMES : lines[i] >= 10000 ? 3 : TIMES;
        for (uint32_t k = 0; k < n; k++)
            v[k] = time_source(b, &text);
        bench_keep_time(b, "compile", arena_printf(&b->arena, "%u lines", lines[i]), v, n, 0,
                        arena_printf(&b->arena, "%.1f kB", (double)text.n / 1e3));
        buf_free(&text);
    }
}

void bench_latency(struct bench *b)
{
    measure_commands(b);
    if (b->have_jit)
        measure_jit(b);
    measure_sources(b);
}
