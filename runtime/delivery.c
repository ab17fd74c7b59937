/* Which way events go through a projection: what deliver.c is told. */
#include "runtime/deliver.h"

enum {
    FILLED = 4,    /* rows with a part in so many of all pairs are made whole: listed synapses
                      take about seven times as long as those of whole rows */
    OF_MEMORY = 16 /* but not where the matrix takes more than a part in so many of it */
};

deliver_fn *deliver_for(enum cpu_level level)
{
#if defined __x86_64__
    if (level == CPU_AVX512)
        return deliver_avx512;
    if (level == CPU_AVX2)
        return deliver_avx2;
#else
    (void)level;
#endif
    return deliver_base;
}

static enum deliver_rows kind_of_rows(const struct plan_projection *j, uint32_t n_post)
{
    bool whole = true;
    for (uint32_t pre = 0; pre < j->n_pre; pre++) {
        for (uint64_t s = j->row[pre] + 1; s < j->row[pre + 1]; s++) {
            if (j->post[s] != j->post[s - 1] + 1)
                return ROWS_ANY;
        }
        whole = whole && j->row[pre + 1] - j->row[pre] == n_post;
    }
    return whole ? ROWS_WHOLE : ROWS_RUNS;
}

/* Of some images, pairs have several synapses. */
static bool has_twins(const struct plan_projection *j)
{
    for (uint32_t pre = 0; pre < j->n_pre; pre++) {
        for (uint64_t s = j->row[pre] + 1; s < j->row[pre + 1]; s++) {
            if (j->post[s] == j->post[s - 1])
                return true;
        }
    }
    return false;
}

/* NULL: there is no room. */
static const float *fill(struct arena *a, const struct plan_projection *j, uint32_t n_post)
{
    const size_t n = (size_t)j->n_pre * n_post;
    float *whole = arena_try(a, n, sizeof *whole);
    for (size_t i = 0; whole && i < n; i++)
        whole[i] = -0.0f;
    for (uint32_t pre = 0; whole && pre < j->n_pre; pre++) {
        for (uint64_t s = j->row[pre]; s < j->row[pre + 1]; s++)
            whole[(size_t)pre * n_post + j->post[s]] = j->weight[s];
    }
    return whole;
}

struct delivery_rows delivery_rows(struct arena *a, const struct plan_projection *j,
                                   uint32_t n_post)
{
    const double pairs = (double)j->n_pre * n_post, synapses = (double)j->row[j->n_pre];
    struct delivery_rows rows = {.kind = kind_of_rows(j, n_post)};
    if (rows.kind == ROWS_WHOLE)
        rows.whole = j->weight;
    if (rows.kind != ROWS_ANY || synapses * FILLED < pairs ||
        !memory_allows(pairs * sizeof(float) * OF_MEMORY) || has_twins(j))
        return rows;
    rows.whole = fill(a, j, n_post);
    if (rows.whole)
        rows.kind = ROWS_WHOLE;
    return rows;
}
