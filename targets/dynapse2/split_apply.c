/* The new network of the pass `split`: the layers of relays, and connections by way of them. */
#include "targets/dynapse2/split.h"
#include <stdlib.h>

struct pair {
    uint32_t owner, pre, relay; /* owner: the input, or the number of inputs plus the layer */
};

static int by_owner(const void *x, const void *y)
{
    const struct pair *p = x, *q = y;
    if (p->owner != q->owner)
        return p->owner < q->owner ? -1 : 1;
    if (p->pre != q->pre)
        return p->pre < q->pre ? -1 : 1;
    return (p->relay > q->relay) - (p->relay < q->relay);
}

static int by_receptor(const void *x, const void *y)
{
    const struct d2_split_link *p = x, *q = y;
    if (p->receptor != q->receptor)
        return p->receptor < q->receptor ? -1 : 1;
    if (p->relay != q->relay)
        return p->relay < q->relay ? -1 : 1;
    return (p->post > q->post) - (p->post < q->post);
}

/* The first connection from an owner to the layer: where the user finds what became of it. */
static struct span span_of(const struct d2_split *x, uint32_t owner, uint32_t layer)
{
    for (uint32_t i = 0; i < x->n->connection.n; i++) {
        const struct net_connection *c = &x->n->connection.data[i];
        if (c->dst == layer && (c->from_input ? c->src : x->n->input.n + c->src) == owner)
            return c->span;
    }
    return x->n->layer.data[layer].span;
}

/* Ends the rows that follow the row `pre` at the synapse k. */
static void end_rows(struct net_connection *c, uint32_t pre, uint64_t k)
{
    for (uint32_t i = pre; i < c->n_pre; i++)
        c->row[i + 1] = k;
}

static bool no_memory(struct d2_split *x, uint32_t layer)
{
    diag_add(x->d, E0601, x->n->layer.data[layer].span, "no memory for the synapses of helpers");
    return false;
}

static bool connect_sources(struct d2_split *x, const struct d2_split_plan *p, uint32_t helpers,
                            const struct d2_relay *r)
{
    VEC(struct pair) all = {0};
    uint32_t n_inputs = x->n->input.n;
    for (uint32_t relay = 0, k = 0; relay < p->relay.n; relay++) {
        for (uint32_t i = 0; i < p->relay.data[relay].n; i++, k++) {
            for (uint32_t s = p->source.data[k]; s != D2_NO_SOURCE; s = x->next[s]) {
                struct pair *y = VEC_ADD(x->a, &all);
                y->owner = d2_source_owner(&x->rows, s, &y->pre);
                y->relay = relay;
            }
        }
    }
    struct pair *pair = all.data;
    qsort(pair, all.n, sizeof *pair, by_owner);
    for (uint32_t begin = 0, end; begin < all.n; begin = end) {
        uint32_t owner = pair[begin].owner;
        bool input = owner < n_inputs;
        uint32_t src = input ? owner : owner - n_inputs;
        for (end = begin; end < all.n && pair[end].owner == owner;)
            end++;
        struct net_connection *c =
            net_add_connection(x->n, input, src, helpers, r->receptor, input ? 0 : 1,
                               input ? x->n->input.data[src].n : x->n->layer.data[src].n,
                               end - begin, span_of(x, owner, p->layer));
        if (!c)
            return no_memory(x, p->layer);
        for (uint32_t i = begin; i < end; i++) {
            c->post[i - begin] = pair[i].relay;
            c->weight[i - begin] = r->weight;
            end_rows(c, pair[i].pre, i - begin + 1);
        }
    }
    return true;
}

static bool connect_helpers(struct d2_split *x, const struct d2_split_plan *p, uint32_t helpers)
{
    struct d2_split_link *link = p->link.data;
    qsort(link, p->link.n, sizeof *link, by_receptor);
    for (uint32_t begin = 0, end; begin < p->link.n; begin = end) {
        for (end = begin; end < p->link.n && link[end].receptor == link[begin].receptor;)
            end++;
        struct net_connection *c =
            net_add_connection(x->n, false, helpers, p->layer, link[begin].receptor, 1, p->relay.n,
                               end - begin, x->n->layer.data[p->layer].span);
        if (!c)
            return no_memory(x, p->layer);
        for (uint32_t i = begin; i < end; i++) {
            c->post[i - begin] = link[i].post;
            c->weight[i - begin] = link[i].weight;
            end_rows(c, link[i].relay, i - begin + 1);
        }
    }
    return true;
}

static void report(const struct d2_split *x, const struct d2_split_plan *p, uint32_t helpers,
                   const struct d2_relay *r)
{
    const struct target_helpers h = {
        .layer = x->n->layer.data[p->layer].name,
        .helpers = x->n->layer.data[helpers].name,
        .neurons = p->n_neurons,
        .n_helpers = p->relay.n,
        .synapses = p->n_behind,
        .sources = p->n_together,
        .largest_change = p->largest,
        .delay = 1,
        .period = r->period,
    };
    struct buf *t = &x->report->result;
    VEC_PUSH(x->n->arena, &x->report->helpers, h);
    buf_printf(t,
               "split: %u neuron%s of `%s` with up to %u incoming connections: %llu of these go "
               "through %u helper neuron%s `%s`",
               h.neurons, h.neurons == 1 ? "" : "s", h.layer, p->most_need,
               (unsigned long long)h.synapses, h.n_helpers, h.n_helpers == 1 ? "" : "s", h.helpers);
    if (h.largest_change > 0)
        buf_printf(t, ", which changes weights by up to %.3g (%.3g %% of the largest)",
                   h.largest_change, 100 * h.largest_change / p->scale);
    buf_printf(t, "; they arrive 1 step (%s) later\n", unit_text(&x->d->arena, x->n->dt, DIM_TIME));
    buf_printf(t,
               "split: a helper of `%s` takes an event of up to %u sources every %u steps: events "
               "of one step are one pulse, those in between are lost\n",
               h.layer, h.sources, h.period);
}

bool d2_split_apply(struct d2_split *x, const struct d2_split_plan *p, const struct d2_relay *r)
{
    uint32_t helpers = d2_relay_layer(x->n, r, "split", p->layer, p->relay.n);
    if (!connect_sources(x, p, helpers, r) || !connect_helpers(x, p, helpers))
        return false;
    for (uint32_t i = 0; i < p->behind.n; i++)
        x->n->connection.data[p->behind.data[i].connection].weight[p->behind.data[i].at] = 0;
    report(x, p, helpers, r);
    return true;
}

void d2_split_together(struct d2_split *x)
{
    for (uint32_t s = 0; s < x->rows.n_sources; s++) {
        if (x->same[s] == s)
            continue;
        struct d2_row to = d2_row_of(&x->rows, s), from = d2_row_of(&x->rows, x->same[s]);
        while (d2_row_next(&to) && d2_row_next(&from)) {
            uint64_t a = to.c->row[to.pre], b = from.c->row[from.pre];
            for (uint64_t k = 0; a + k < to.c->row[to.pre + 1]; k++) {
                if (from.c->weight[b + k] == 0)
                    to.c->weight[a + k] = 0;
            }
        }
    }
}
