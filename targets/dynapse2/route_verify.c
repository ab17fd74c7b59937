#include "targets/dynapse2/passes.h"
#include "targets/dynapse2/route.h"
#include <math.h>
#include <stdlib.h>

static const double tolerance = 1e-6; /* relative: a few roundings of a float32 */

struct wanted {
    struct d2_weight w;
    float *at; /* in its connection */
};

static int by_key(const void *x, const void *y)
{
    return d2_compare_weights(&((const struct wanted *)x)->w, &((const struct wanted *)y)->w);
}

static size_t count_synapses(const struct net *n)
{
    size_t count = 0;
    for (uint32_t i = 0; i < n->connection.n; i++)
        count += n->connection.data[i].row[n->connection.data[i].n_pre];
    return count;
}

static void find_wanted(const struct net *n, struct wanted *out)
{
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        for (uint32_t pre = 0; pre < c->n_pre; pre++) {
            for (uint64_t s = c->row[pre]; s < c->row[pre + 1]; s++)
                *out++ = (struct wanted){
                    {c->from_input, c->src, c->dst, c->receptor, pre, c->post[s], c->weight[s]},
                    &c->weight[s]};
        }
    }
}

/* A weight that the board makes otherwise, once for each neuron. */
static void report(const struct net *n, const struct d2_sites *sites, bool *told,
                   const struct d2_weight *w, double wanted, double found, struct diags *d)
{
    uint32_t post = sites->first[w->dst] + w->post;
    if (told[post])
        return;
    told[post] = true;
    struct buf source = {0};
    if (w->from_input)
        net_element_name(&source, n->input.data[w->src].name, n->input.data[w->src].shape, w->pre);
    else
        net_element_name(&source, n->layer.data[w->src].name, n->layer.data[w->src].shape, w->pre);
    const struct board_neuron *x = sites->at[post].neuron;
    struct diag *g =
        diag_add(d, E0406, x->span.file ? x->span : n->board->span,
                 "`%s` on the board hears `%s` with weight %.6g, the network says %.6g",
                 d2_neuron_name(&d->arena, n, w->dst, w->post), source.data, found, wanted);
    diag_hint(d, g, "leave out the neuron's `cam` and `sram`, then they are computed");
    buf_free(&source);
}

bool d2_route_verify(struct net *n, struct diags *d)
{
    struct arena a = {0};
    struct d2_config c;
    struct d2_weights found;
    const char *why;
    uint32_t errors = d->n_errors;
    d2_config_of_net(&a, n, &c);
    if (!d2_weights(&a, &c, &found, &why)) {
        diag_add(d, E0406, n->board->span, "the board section: %s", why);
        arena_free(&a);
        return false;
    }
    size_t n_wanted = count_synapses(n), i = 0, k = 0;
    struct wanted *wanted = ARENA_ARRAY(&a, struct wanted, n_wanted);
    find_wanted(n, wanted);
    qsort(wanted, n_wanted, sizeof *wanted, by_key);
    struct d2_sites sites = d2_sites(&a, n);
    bool *told = ARENA_ARRAY(&a, bool, sites.first[n->layer.n]);
    while (i < n_wanted || k < found.n) {
        int order = i == n_wanted  ? 1
                    : k == found.n ? -1
                                   : d2_compare_weights(&wanted[i].w, &found.v[k]);
        const struct d2_weight *w = order <= 0 ? &wanted[i].w : &found.v[k];
        double want = order <= 0 ? (double)wanted[i].w.weight : 0;
        double have = order >= 0 ? (double)found.v[k].weight : 0;
        if (order == 0 && fabs(want - have) <= tolerance * fabs(want))
            *wanted[i].at = found.v[k].weight;
        else
            report(n, &sites, told, w, want, have, d);
        i += order <= 0;
        k += order >= 0;
    }
    arena_free(&a);
    return d->n_errors == errors;
}
