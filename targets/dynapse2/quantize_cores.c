/* Base currents for all cores: each different problem once, on all processors. */
#include "runtime/base/hash.h"
#include "targets/dynapse2/quantize.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_THREADS = 16 };

struct problem {
    const double *current; /* ascending */
    uint32_t n;
    const int32_t *given;
    struct d2_solved solved;
};

struct job {
    struct problem *problem;
    uint32_t n;
    const struct d2_reach *reach;
    uint64_t seed;
    atomic_uint next;
};

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void *work(void *arg)
{
    struct job *j = arg;
    for (uint32_t i; (i = atomic_fetch_add(&j->next, 1)) < j->n;) {
        struct problem *p = &j->problem[i];
        d2_solve(p->current, p->n, j->reach, p->given, j->seed, &p->solved.solution);
        p->solved.bound = d2_bound(p->current, p->n);
    }
    return NULL;
}

/* This thread works too; where there are no others, alone. */
static void solve_all(struct job *j)
{
    pthread_t thread[MAX_THREADS];
    long have = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t n = 0, most = j->n < MAX_THREADS ? j->n : MAX_THREADS;
    while (n + 1 < most && (long)n + 1 < have && pthread_create(&thread[n], NULL, work, j) == 0)
        n++;
    work(j);
    for (uint32_t i = 0; i < n; i++)
        pthread_join(thread[i], NULL);
}

static uint64_t hash_of(const struct problem *p)
{
    uint64_t h = hash_bytes(0, p->given, D2_BASES * sizeof *p->given);
    return hash_bytes(h, p->current, p->n * sizeof *p->current);
}

static bool equal(const struct problem *p, const struct problem *q)
{
    return p->n == q->n && memcmp(p->given, q->given, D2_BASES * sizeof *p->given) == 0 &&
           memcmp(p->current, q->current, p->n * sizeof *p->current) == 0;
}

void d2_solve_cores(struct arena *a, const struct d2_weights_of_core *core, uint32_t n,
                    const struct d2_reach *g, uint64_t seed, struct d2_solved *out)
{
    struct job j = {.problem = ARENA_ARRAY(a, struct problem, n), .reach = g, .seed = seed};
    uint32_t *which = ARENA_ARRAY(a, uint32_t, n);
    struct map64 known;
    map64_init(&known, a);
    for (uint32_t i = 0; i < n; i++) {
        double *current = ARENA_ARRAY(a, double, core[i].n_free);
        for (uint32_t k = 0; k < core[i].n_free; k++)
            current[k] = core[i].synapse[k].current;
        qsort(current, core[i].n_free, sizeof *current, by_value);
        struct problem p = {.current = current, .n = core[i].n_free, .given = core[i].given};
        if (p.n == 0)
            continue;
        which[i] = map64_put(&known, hash_of(&p), j.n, NULL);
        if (which[i] == j.n || !equal(&p, &j.problem[which[i]])) {
            which[i] = j.n;
            j.problem[j.n++] = p;
        }
    }
    solve_all(&j);
    for (uint32_t i = 0; i < n; i++)
        out[i] = core[i].n_free ? j.problem[which[i]].solved : (struct d2_solved){0};
}
