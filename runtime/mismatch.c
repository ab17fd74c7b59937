#include "runtime/base/rng.h"
#include "runtime/run.h"
#include <math.h>
#include <stdlib.h>

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names that take a key, sorted, each once: biases, layouts, and three that never vary but take a
 * key in Rockpool, whose frozen mismatch is to be reproduced. */
static const char **keyed_names(struct arena *a, const struct kernel *k, uint32_t *n)
{
    static const char *const always[] = {"Iscale", "dt", "w_rec"};
    enum { N_ALWAYS = sizeof always / sizeof *always };
    const char **name = ARENA_ARRAY(a, const char *, k->n_params + N_ALWAYS);
    uint32_t all = 0;
    for (uint32_t i = 0; i < k->n_params; i++) {
        if (k->param[i].kind != K_PARAM_PLAIN)
            name[all++] = k->param[i].name;
    }
    for (uint32_t i = 0; i < N_ALWAYS; i++)
        name[all++] = always[i];
    qsort(name, all, sizeof *name, by_text);
    *n = 0;
    for (uint32_t i = 0; i < all; i++) {
        if (*n == 0 || strcmp(name[*n - 1], name[i]) != 0)
            name[(*n)++] = name[i];
    }
    return name;
}

/* Key i + 1 of the split belongs to name i; key 0 would be the next generator state. */
static struct rng_key key_of(const char *const *name, uint32_t n, const struct rng_key *key,
                             const char *wanted)
{
    const char *const *at = bsearch(&wanted, name, n, sizeof *name, by_text);
    return key[at - name + 1];
}

/* old + (sigma * g) * old, the last two operations fused: so the recorded values come out. */
static struct column deviate(struct arena *a, const struct column *nominal, uint32_t n, double p,
                             struct rng_key key)
{
    struct column c = {ARENA_ARRAY(a, float, n), false};
    float sigma = (float)(p / 3);
    jax_normal(key, n, c.v);
    for (uint32_t i = 0; i < n; i++) {
        float old = nominal->v[nominal->uniform ? 0 : i];
        c.v[i] = fmaf(sigma * c.v[i], old, old);
    }
    return c;
}

/* Where a neuron was measured, that is what it has; elsewhere what `other` says. */
static struct column measured(struct arena *a, const struct column *nominal,
                              const struct column *other, uint32_t n, const float *factor)
{
    struct column c = {ARENA_ARRAY(a, float, n), false};
    for (uint32_t i = 0; i < n; i++)
        c.v[i] = factor[i] != 0 ? nominal->v[nominal->uniform ? 0 : i] * factor[i]
                                : other->v[other->uniform ? 0 : i];
    return c;
}

static void draw(struct arena *a, const struct plan *p, uint32_t group, uint32_t seed,
                 struct column *param)
{
    const struct plan_group *g = &p->group.data[group];
    const struct kernel *k = p->kernel.data[g->kernel];
    struct arena scratch = {0};
    uint32_t n;
    const char **name = keyed_names(&scratch, k, &n);
    struct rng_key first[2], *key = ARENA_ARRAY(&scratch, struct rng_key, n + 1);
    jax_split((struct rng_key){{group, seed}}, 2, first);
    jax_split(first[0], n + 1, key);
    for (uint32_t i = 0; i < k->n_params; i++) {
        if (k->param[i].kind != K_PARAM_PLAIN && g->mismatch[i] != 0)
            param[i] = deviate(a, &g->param[i], g->n, g->mismatch[i],
                               key_of(name, n, key, k->param[i].name));
    }
    arena_free(&scratch);
}

void mismatch_apply(struct arena *a, const struct plan *p, uint32_t group, uint32_t seed,
                    struct column *param)
{
    const struct plan_group *g = &p->group.data[group];
    const struct kernel *k = p->kernel.data[g->kernel];
    for (uint32_t i = 0; i < k->n_params; i++)
        param[i] = g->param[i];
    if (p->has_mismatch)
        draw(a, p, group, seed, param);
    for (uint32_t i = 0; g->factor && i < k->n_params; i++) {
        if (g->factor[i])
            param[i] = measured(a, &g->param[i], &param[i], g->n, g->factor[i]);
    }
}
