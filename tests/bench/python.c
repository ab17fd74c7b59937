/* The same networks in other simulators, if python3 (or the program that PYTHON names) has them:
 * python_peers.py runs them and tells how long it took. */
#include "runtime/base/json.h"
#include "tests/bench/bench.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_RUNS = 3, MAX_PEERS = 4 };

static const char script[] = "tests/bench/python_peers.py";
static const char *const files[] = {"network.json", "weights.f32", "events.i8"};

struct peer {
    char name[32];
    double rate;
};

struct entry { /* a network, and what others made of it */
    struct bench_run run;
    const char *folder;
    struct peer peer[MAX_PEERS];
    uint32_t n_peers;
};

/* ---- what the script reads ---- */

static bool write_file(struct arena *a, const char *folder, const char *name, const void *data,
                       size_t size)
{
    FILE *f = fopen(arena_printf(a, "%s/%s", folder, name), "wb");
    bool ok = f && fwrite(data, 1, size, f) == size;
    if (f)
        ok = fclose(f) == 0 && ok;
    return ok;
}

static void put_columns(struct json *j, const struct column *c, const char *name)
{
    json_key(j, name);
    json_f64(j, f32_decimal(c->v[0]));
}

static void describe(struct buf *out, const struct bench_run *r)
{
    const struct model *m = r->net.model;
    struct json j;
    json_init(&j, out, 1);
    json_object(&j);
    json_key(&j, "neurons");
    json_int(&j, r->cell.n);
    json_key(&j, "trials");
    json_int(&j, r->cell.trials);
    json_key(&j, "steps");
    json_int(&j, (int64_t)r->steps);
    json_key(&j, "channels");
    json_int(&j, BENCH_CHANNELS);
    json_key(&j, "dt");
    json_f64(&j, r->net.plan.dt);
    json_key(&j, "values");
    json_object(&j);
    for (uint32_t i = 0; i < m->param.n; i++)
        put_columns(&j, &r->net.param[i], m->param.data[i].name);
    for (uint32_t i = 0; i < m->let.n; i++)
        put_columns(&j, &r->net.let[i], m->let.data[i].name);
    json_end_object(&j);
    json_end_object(&j);
}

static bool write_folder(struct arena *a, struct entry *e)
{
    const struct bench_run *r = &e->run;
    const struct plan_projection *p = &r->net.plan.projection.data[0];
    const char *tmp = getenv("TMPDIR");
    char *folder = arena_printf(a, "%s/dyn-bench-XXXXXX", tmp ? tmp : "/tmp");
    struct buf text = {0};
    describe(&text, r);
    e->folder = mkdtemp(folder);
    bool ok = e->folder && write_file(a, folder, files[0], text.data, text.n) &&
              write_file(a, folder, files[1], p->weight, p->row[p->n_pre] * sizeof(float)) &&
              write_file(a, folder, files[2], r->event, r->cell.trials * r->steps);
    buf_free(&text);
    return ok;
}

static void remove_folder(struct arena *a, const struct entry *e)
{
    for (size_t i = 0; e->folder && i < sizeof files / sizeof *files; i++)
        unlink(arena_printf(a, "%s/%s", e->folder, files[i]));
    if (e->folder)
        rmdir(e->folder);
}

/* ---- what it says ---- */

static FILE *start(const char *const *argv, pid_t *pid)
{
    int end[2];
    if (pipe(end) != 0)
        return NULL;
    *pid = fork();
    if (*pid == 0) {
        dup2(end[1], 1);
        close(end[0]);
        close(end[1]);
        if (!getenv("BENCH_VERBOSE") && !freopen("/dev/null", "w", stderr))
            _exit(127);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    close(end[1]);
    return fdopen(end[0], "r");
}

/* "0 <tab> rockpool <tab> 3.1.0 <tab> 0.25 <tab> 12345" */
static void take_line(struct bench *b, struct entry *all, uint32_t n, const char *line)
{
    uint32_t index;
    uint64_t spikes;
    double seconds;
    char version[32];
    struct peer p = {0};
    if (sscanf(line, "%" SCNu32 "\t%31[^\t]\t%31[^\t]\t%lf\t%" SCNu64, &index, p.name, version,
               &seconds, &spikes) != 5 ||
        index >= n || !(seconds > 0) || all[index].n_peers == MAX_PEERS)
        return;
    const struct bench_run *r = &all[index].run;
    p.rate = (double)r->cell.n * r->cell.trials * (double)r->steps / seconds;
    all[index].peer[all[index].n_peers++] = p;
    const char *note =
        arena_printf(&b->arena, "python: %s %s, %s: %" PRIu64 " spikes, dyn %" PRIu64, p.name,
                     version, bench_cell_name(&b->arena, &r->cell), spikes, r->spikes);
    VEC_PUSH(&b->arena, &b->note, note);
}

static void ask(struct bench *b, struct entry *all, uint32_t n)
{
    const char *python = getenv("PYTHON");
    const char *argv[MAX_RUNS + 3] = {python ? python : "python3", script};
    for (uint32_t i = 0; i < n; i++)
        argv[i + 2] = all[i].folder;
    pid_t pid = -1;
    char line[256];
    FILE *f = start(argv, &pid);
    while (f && fgets(line, sizeof line, f))
        take_line(b, all, n, line);
    if (f)
        fclose(f);
    if (pid > 0)
        waitpid(pid, NULL, 0);
}

/* ---- cells ---- */

static double peer_rate(void *arg)
{
    const struct peer *p = arg;
    return p->rate;
}

static void measure(struct bench *b, struct entry *e)
{
    for (uint32_t i = 0; i < e->n_peers; i++)
        bench_add(&e->run.cell, arena_strdup(&b->arena, e->peer[i].name), peer_rate, &e->peer[i]);
    if (e->n_peers)
        bench_measure(b, &e->run.cell);
}

void bench_python(struct bench *b)
{
    static const struct {
        uint32_t n, trials;
    } sizes[MAX_RUNS] = {{2, 100}, {256, 1}, {256, 100}};
    struct entry *all = ARENA_ARRAY(&b->arena, struct entry, MAX_RUNS);
    const struct backend *best = b->have_jit ? &b->jit : &b->interp;
    uint32_t n = 0;
    bool ok = access(script, R_OK) == 0;
    for (uint32_t i = 0; ok && i < MAX_RUNS; i++) {
        if (!bench_wants(b, sizes[i].n))
            continue;
        struct bench_run *r = &all[n].run;
        r->bench = b;
        r->cell = (struct bench_cell){.part = "python", .n = sizes[i].n, .trials = sizes[i].trials};
        bench_run_open(r, b->o.quick                            ? 100000
                          : sizes[i].n * sizes[i].trials < 1000 ? 500000
                                                                : 3000000);
        bench_run_rate(bench_run_add(r, best->name, best, 1)); /* counts spikes */
        ok = write_folder(&b->arena, &all[n++]);
    }
    if (ok)
        ask(b, all, n);
    uint32_t peers = 0;
    for (uint32_t i = 0; i < n; i++) {
        measure(b, &all[i]);
        peers += all[i].n_peers;
        remove_folder(&b->arena, &all[i]);
        bench_run_close(&all[i].run);
    }
    if (peers == 0) {
        const char *note = "python: not measured: no python3 with rockpool or brian2 "
                           "(PYTHON names another)";
        VEC_PUSH(&b->arena, &b->note, note);
    }
}
