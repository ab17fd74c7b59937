#include "targets/dynapse2/quantize.h"
#include <math.h>

static bool same_ends(const struct net_connection *a, const struct net_connection *b)
{
    return a->from_input == b->from_input && a->src == b->src && a->dst == b->dst &&
           a->receptor == b->receptor && a->delay == b->delay;
}

/* Merges the rows of b into a. */
static bool merge(struct net *n, struct net_connection *a, const struct net_connection *b,
                  struct diags *d)
{
    uint64_t count = a->row[a->n_pre] + b->row[b->n_pre], k = 0;
    uint64_t *row = arena_try(n->arena, (size_t)a->n_pre + 1, sizeof *row);
    uint32_t *post = arena_try(n->arena, (size_t)count, sizeof *post);
    float *weight = arena_try(n->arena, (size_t)count, sizeof *weight);
    if (!row || !post || !weight) {
        diag_add(d, E0601, b->span, "no memory for %llu synapses", (unsigned long long)count);
        return false;
    }
    for (uint32_t pre = 0; pre < a->n_pre; pre++) {
        uint64_t i = a->row[pre], j = b->row[pre];
        while (i < a->row[pre + 1] || j < b->row[pre + 1]) {
            bool in_a = i < a->row[pre + 1] && (j == b->row[pre + 1] || a->post[i] <= b->post[j]);
            bool in_b = j < b->row[pre + 1] && (i == a->row[pre + 1] || b->post[j] <= a->post[i]);
            post[k] = in_a ? a->post[i] : b->post[j];
            weight[k] = (in_a ? a->weight[i] : 0) + (in_b ? b->weight[j] : 0);
            i += in_a;
            j += in_b;
            if (!isfinite(weight[k])) {
                struct diag *g = diag_add(d, E0601, b->span,
                                          "the weights of a synapse add up to "
                                          "more than a number can hold");
                diag_label(d, g, a->span, "with this connection");
                return false;
            }
            k += weight[k] != 0;
        }
        row[pre + 1] = k;
    }
    a->row = row;
    a->post = post;
    a->weight = weight;
    return true;
}

bool d2_merge_connections(struct net *n, struct target_report *r, struct diags *d)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        uint32_t first = 0;
        while (first < kept && !same_ends(&n->connection.data[first], c))
            first++;
        if (first == kept)
            n->connection.data[kept++] = *c;
        else if (!merge(n, &n->connection.data[first], c, d))
            return false;
    }
    if (kept < n->connection.n)
        buf_printf(&r->text, "quantize: %u of %u connections joined with others of the same ends\n",
                   n->connection.n - kept, n->connection.n);
    n->connection.n = kept;
    return true;
}
