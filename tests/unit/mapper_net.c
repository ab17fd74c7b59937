#include "tests/unit/mapper_net.h"
#include "runtime/base/rng.h"
#include <stdlib.h>

/* Where each neuron stands in the order of communities: a bijection by swaps drawn from the seed.
 */
static void permute(const struct mapper_net *spec, uint32_t *at)
{
    for (uint32_t i = 0; i < spec->n; i++)
        at[i] = i;
    for (uint32_t i = spec->n; spec->shuffled && i > 1; i--) {
        uint32_t k = (uint32_t)(rng_uniform(spec->seed, i) * i), t = at[k];
        at[k] = at[i - 1];
        at[i - 1] = t;
    }
}

uint32_t mapper_community(const struct mapper_net *spec, uint32_t neuron)
{
    uint32_t *at = malloc(spec->n * sizeof *at);
    if (!at)
        base_panic("no memory");
    permute(spec, at);
    uint32_t community = spec->community ? at[neuron] / spec->community : 0;
    free(at);
    return community;
}

struct pair {
    uint32_t pre, post;
};

static int by_pre(const void *x, const void *y)
{
    const struct pair *p = x, *q = y;
    if (p->pre != q->pre)
        return p->pre < q->pre ? -1 : 1;
    return (p->post > q->post) - (p->post < q->post);
}

static void connect(struct d2_test *t, bool from_input, uint32_t src, uint32_t dst, uint32_t n_pre,
                    struct pair *pair, uint64_t n)
{
    qsort(pair, n, sizeof *pair, by_pre);
    uint64_t kept = 0;
    for (uint64_t i = 0; i < n; i++) {
        if (i == 0 || by_pre(&pair[i], &pair[kept - 1]) != 0)
            pair[kept++] = pair[i];
    }
    struct net_connection *c = net_add_connection(t->n, from_input, src, dst, 0, from_input ? 0 : 1,
                                                  n_pre, kept, (struct span){0});
    for (uint64_t i = 0; i < kept; i++) {
        c->row[pair[i].pre + 1] = i + 1;
        c->post[i] = pair[i].post;
        c->weight[i] = (float)(1 + 0.01 * ((pair[i].pre * 7919 + pair[i].post * 104729) % 1009));
    }
    for (uint32_t pre = 0; pre < n_pre; pre++) {
        if (c->row[pre + 1] < c->row[pre])
            c->row[pre + 1] = c->row[pre];
    }
}

uint32_t mapper_net(struct d2_test *t, const struct mapper_net *spec)
{
    uint32_t in = spec->channels ? d2_test_input(t, "in", spec->channels) : 0;
    uint32_t exc = d2_test_layer(t, "exc", spec->n, NULL), out = d2_test_layer(t, "out", 4, NULL);
    uint32_t n_pre = spec->channels ? spec->channels : spec->n;
    uint64_t n = (uint64_t)spec->n * spec->synapses, draw = 1u << 24;
    struct pair *pair = malloc(n * sizeof *pair);
    uint32_t *at = malloc(spec->n * sizeof *at), *who = malloc(spec->n * sizeof *who);
    if (!pair || !at || !who)
        base_panic("no memory");
    permute(spec, at);
    for (uint32_t i = 0; i < spec->n; i++)
        who[at[i]] = i;
    for (uint32_t i = 0; i < spec->n; i++) {
        uint32_t size = spec->community ? spec->community : spec->n;
        uint32_t first = at[i] / size * size;
        uint32_t last = first + size < spec->n ? first + size : spec->n;
        for (uint32_t k = 0; k < spec->synapses; k++) {
            bool noise = rng_uniform(spec->seed, draw++) < spec->noise;
            double u = rng_uniform(spec->seed, draw++);
            uint32_t pre = (uint32_t)(u * n_pre);
            if (!spec->channels && !noise)
                pre = who[first + (uint32_t)(u * (last - first))];
            pair[(uint64_t)i * spec->synapses + k] = (struct pair){pre, i};
        }
    }
    connect(t, spec->channels > 0, in, exc, n_pre, pair, n);
    for (uint32_t k = 0; k < 64; k++)
        pair[k] = (struct pair){who[(spec->n - 1) * (k / 16) / 4 + k % 16], k / 16};
    connect(t, false, exc, out, spec->n, pair, 64);
    free(pair);
    free(at);
    free(who);
    t->n->has_output = true;
    VEC_PUSH(&t->text.arena, &t->n->output, out);
    return exc;
}
