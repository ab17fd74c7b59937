#include "compiler/pass_table.h"
#include <sys/resource.h>
#include <time.h>

static double now(void)
{
    struct timespec t = {0};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void pass_table_begin(struct pass_table *t)
{
    *t = (struct pass_table){.begin = now()};
}

void pass_table_add(struct pass_table *t, const char *pass, const struct arena *a)
{
    struct rusage use = {0};
    double end = now();
    if (t->n == MAX_TIMED)
        return;
    getrusage(RUSAGE_SELF, &use);
    t->row[t->n].pass = pass;
    t->row[t->n].seconds = end - t->begin;
    t->row[t->n].kept = a->used;
    t->row[t->n].peak = (size_t)use.ru_maxrss * 1024;
    t->n++;
    t->begin = end;
}

void pass_table_print(const struct pass_table *t, struct buf *out)
{
    double total = 0;
    buf_printf(out, "%-12s %9s %9s %9s\n", "pass", "seconds", "kept MB", "peak MB");
    for (uint32_t i = 0; i < t->n; i++) {
        total += t->row[i].seconds;
        buf_printf(out, "%-12s %9.3f %9.1f %9.1f\n", t->row[i].pass, t->row[i].seconds,
                   (double)t->row[i].kept / 1e6, (double)t->row[i].peak / 1e6);
    }
    buf_printf(out, "%-12s %9.3f\n", "together", total);
}
