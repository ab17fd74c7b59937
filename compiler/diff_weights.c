/* The weights half of diff: connections of both, brought together by their ends. */
#include "compiler/diff.h"

#include <math.h>
#include <stdlib.h>

struct synapse {
    uint32_t pre, post;
    double weight;
};

struct synapses {
    struct synapse *v;
    size_t n;
    bool updates; /* of events */
};

static int by_ends(const void *x, const void *y)
{
    const struct synapse *a = x, *b = y;
    return a->pre != b->pre ? (a->pre > b->pre) - (a->pre < b->pre)
                            : (a->post > b->post) - (a->post < b->post);
}

static const char *src_name(const struct net *n, const struct net_connection *c)
{
    return c->from_input ? n->input.data[c->src].name : n->layer.data[c->src].name;
}

static const char *receptor_name(const struct net *n, const struct net_connection *c)
{
    const struct model *m = n->layer.data[c->dst].model;
    return m->receptor.n ? m->receptor.data[c->receptor].name : "event";
}

static bool same_ends(const struct net *na, const struct net_connection *x, const struct net *nb,
                      const struct net_connection *y)
{
    return x->from_input == y->from_input && strcmp(src_name(na, x), src_name(nb, y)) == 0 &&
           strcmp(na->layer.data[x->dst].name, nb->layer.data[y->dst].name) == 0 &&
           strcmp(receptor_name(na, x), receptor_name(nb, y)) == 0;
}

/* Those with the same ends and delay are compared as one. */
static bool same_way(const struct net *na, const struct net_connection *x, const struct net *nb,
                     const struct net_connection *y)
{
    return x->delay == y->delay && memcmp(x->pool, y->pool, sizeof x->pool) == 0 &&
           same_ends(na, x, nb, y);
}

/* What the operator sees of a connection's source: its shape, or that after the pool. */
static struct net_shape source_shape(const struct net *n, const struct net_connection *c)
{
    struct net_shape s = c->from_input ? n->input.data[c->src].shape : n->layer.data[c->src].shape;
    if (s.rank == 3) {
        s.extent[1] /= c->pool[0];
        s.extent[2] /= c->pool[1];
    }
    return s;
}

#define BIAS UINT32_MAX /* in place of a presynaptic element; stands behind all of them */

/* Appends a synapse, or counts it where there is no room. Weights of 0 are none but those of
 * events, which are updates. */
static void put_synapse(struct synapses *s, const struct net_connection *c, uint32_t pre,
                        uint32_t post, float weight)
{
    if (weight == 0 && (pre == BIAS || !s->updates))
        return;
    const double area = c->average ? (double)c->pool[0] * c->pool[1] : 1;
    if (s->v)
        s->v[s->n] =
            (struct synapse){pre, post, pre == BIAS ? (double)weight : (double)weight / area};
    s->n++;
}

/* The synapses that a convolution is. */
static void put_conv(struct synapses *s, const struct net *n, const struct net_connection *c)
{
    const struct conv *v = c->conv;
    const struct net_shape src = source_shape(n, c);
    const uint32_t *dst = n->layer.data[c->dst].shape.extent, h = src.extent[1], w = src.extent[2];
    for (uint32_t pre = 0; pre < c->n_pre; pre++) {
        const uint32_t in = pre / (h * w), y = pre / w % h, x = pre % w;
        uint32_t oy[2], ox[2];
        conv_outputs(v, 0, y, dst[1], oy);
        conv_outputs(v, 1, x, dst[2], ox);
        for (uint32_t o = 0; o < v->out; o++) {
            for (uint32_t i = oy[0]; i < oy[1]; i++) {
                const uint32_t ky = y + v->padding[0] - i * v->stride[0];
                const float *row =
                    v->w + (((size_t)o * v->in + in) * v->kernel[0] + ky) * v->kernel[1];
                for (uint32_t k = ox[0]; k < ox[1]; k++)
                    put_synapse(s, c, pre, (o * dst[1] + i) * dst[2] + k,
                                row[x + v->padding[1] - k * v->stride[1]]);
            }
        }
    }
}

static void put_connection(struct synapses *s, const struct net *n, const struct net_connection *c)
{
    const uint32_t n_post = n->layer.data[c->dst].n, n_bias = c->conv ? c->conv->out : n_post;
    s->updates = n->layer.data[c->dst].model->event.present;
    if (c->conv)
        put_conv(s, n, c);
    for (uint32_t pre = 0; !c->conv && pre < c->n_pre; pre++)
        for (uint64_t k = c->row[pre]; k < c->row[pre + 1]; k++)
            put_synapse(s, c, pre, c->post[k], c->weight[k]);
    for (uint32_t i = 0; c->bias && i < n_bias; i++)
        put_synapse(s, c, BIAS, i * (n_post / n_bias), c->bias[i]);
}

/* All synapses of `n` that go the way of `like`, none if that is NULL; several of one pair are one
 * with their sum. */
static struct synapses gather(struct arena *a, const struct net *n,
                              const struct net_connection *like)
{
    struct synapses s = {0};
    for (int pass = 0; pass < 2; pass++) {
        s.v = pass ? ARENA_ARRAY(a, struct synapse, s.n + 1) : NULL;
        s.n = 0;
        for (uint32_t i = 0; like && i < n->connection.n; i++) {
            const struct net_connection *c = &n->connection.data[i];
            if (same_way(n, like, n, c))
                put_connection(&s, n, c);
        }
    }
    qsort(s.v, s.n, sizeof *s.v, by_ends);
    size_t kept = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (kept && by_ends(&s.v[kept - 1], &s.v[i]) == 0) {
            s.v[kept - 1].weight += s.v[i].weight;
        } else {
            s.v[kept++] = s.v[i];
        }
    }
    s.n = kept;
    return s;
}

/* For each neuron of each layer of `n` its row in out->core, or -1; rows are made here. NULL
 * without a board. */
static int32_t **core_rows(struct arena *a, const struct net *n, struct diff *out)
{
    if (!n->board) {
        return NULL;
    }
    int32_t **row = ARENA_ARRAY(a, int32_t *, n->layer.n + 1);
    for (uint32_t l = 0; l < n->layer.n; l++) {
        row[l] = ARENA_ARRAY(a, int32_t, n->layer.data[l].n);
        memset(row[l], -1, sizeof *row[l] * n->layer.data[l].n);
    }
    for (uint32_t c = 0; c < n->board->core.n; c++) {
        const struct board_core *core = &n->board->core.data[c];
        struct diff_weights w = {.chip = core->chip, .core = core->core};
        VEC_PUSH(a, &out->core, w);
        for (uint32_t i = 0; i < core->neuron.n; i++) {
            const struct board_neuron *x = &core->neuron.data[i];
            if (x->layer >= 0) {
                row[x->layer][x->element] = (int32_t)c;
            }
        }
    }
    return row;
}

/* One pair of weights into a row; the names only where the error is the largest so far. */
static bool count_pair(struct diff_weights *w, bool in_a, bool in_b, double x, double y)
{
    double error = fabs(x - y);
    w->n += in_a;
    w->n_union++;
    w->lost += in_a && !in_b;
    w->gained += in_b && !in_a;
    w->sum_square += error * error;
    w->scale = fmax(w->scale, fmax(fabs(x), fabs(y)));
    if (error <= w->largest) {
        return false;
    }
    w->largest = error;
    w->largest_a = (float)x;
    w->largest_b = (float)y;
    return true;
}

/* x of A with y of B; either may be NULL. */
static void diff_connection(struct arena *a, const struct net *na, const struct net_connection *x,
                            const struct net *nb, const struct net_connection *y,
                            int32_t *const *core, struct diff *out)
{
    struct synapses sa = gather(a, na, x), sb = gather(a, nb, y);
    const struct net *of = x ? na : nb;
    const struct net_connection *like = x ? x : y;
    const struct net_layer *dst = &of->layer.data[like->dst];
    const char *src = src_name(of, like);
    struct net_shape src_shape = source_shape(of, like);
    struct diff_weights *w = VEC_ADD(a, &out->connection);
    *w = (struct diff_weights){.src = src, .dst = dst->name, .receptor = receptor_name(of, like)};
    int layer_b = net_find_layer(nb, dst->name);
    for (size_t i = 0, k = 0; i < sa.n || k < sb.n;) {
        int order = i == sa.n ? 1 : k == sb.n ? -1 : by_ends(&sa.v[i], &sb.v[k]);
        bool in_a = order <= 0, in_b = order >= 0;
        struct synapse at = in_a ? sa.v[i] : sb.v[k];
        double wa = in_a ? sa.v[i].weight : 0, wb = in_b ? sb.v[k].weight : 0;
        bool placed = core && layer_b >= 0 && at.post < nb->layer.data[layer_b].n;
        int32_t c = placed ? core[layer_b][at.post] : -1;
        struct diff_weights *row[2] = {w, c < 0 ? NULL : &out->core.data[c]};
        for (int r = 0; r < 2; r++) {
            if (row[r] && count_pair(row[r], in_a, in_b, wa, wb)) {
                row[r]->largest_src =
                    at.pre == BIAS ? "bias" : diff_element_name(a, src, src_shape, at.pre);
                row[r]->largest_dst = diff_element_name(a, dst->name, dst->shape, at.post);
            }
        }
        i += in_a;
        k += in_b;
    }
}

/* The first connection of each way, in the order of the network. */
struct ways {
    VEC(const struct net_connection *) first;
};

static struct ways find_ways(struct arena *a, const struct net *n)
{
    struct ways w = {0};
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        uint32_t k = 0;
        while (k < w.first.n && !same_way(n, c, n, w.first.data[k])) {
            k++;
        }
        if (k == w.first.n) {
            VEC_PUSH(a, &w.first, c);
        }
    }
    return w;
}

typedef bool same_fn(const struct net *, const struct net_connection *, const struct net *,
                     const struct net_connection *);

/* Each way of A without a partner gets the first of B's that `same` accepts and that is free. */
static void find_partners(const struct net *na, const struct ways *x, const struct net *nb,
                          const struct ways *y, same_fn *same, const struct net_connection **of_a,
                          bool *taken)
{
    for (uint32_t i = 0; i < x->first.n; i++) {
        for (uint32_t k = 0; k < y->first.n && !of_a[i]; k++) {
            if (!taken[k] && same(na, x->first.data[i], nb, y->first.data[k])) {
                of_a[i] = y->first.data[k];
                taken[k] = true;
            }
        }
    }
}

static const char *delay_text(struct arena *a, const struct net *n, uint32_t delay)
{
    return n->dt > 0 ? arena_printf(a, "%.9g ms", delay * n->dt * 1e3)
                     : arena_printf(a, "%u steps", delay);
}

static void diff_pool(struct arena *a, const struct net *na, const struct net_connection *x,
                      const struct net_connection *y, struct diff *out)
{
    if (memcmp(x->pool, y->pool, sizeof x->pool) != 0)
        DIFF_STRUCTURE(a, out, "`%s -> %s`: pool [%u, %u] in A, [%u, %u] in B", src_name(na, x),
                       na->layer.data[x->dst].name, x->pool[0], x->pool[1], y->pool[0], y->pool[1]);
}

static void diff_delay(struct arena *a, const struct net *na, const struct net_connection *x,
                       const struct net *nb, const struct net_connection *y, struct diff *out)
{
    const char *in_a = delay_text(a, na, x->delay), *in_b = delay_text(a, nb, y->delay);
    if (strcmp(in_a, in_b) != 0) {
        DIFF_STRUCTURE(a, out, "`%s -> %s.%s`: delay %s in A, %s in B", src_name(na, x),
                       na->layer.data[x->dst].name, receptor_name(na, x), in_a, in_b);
    }
}

void diff_connections(struct arena *a, const struct net *na, const struct net *nb, struct diff *out)
{
    struct ways x = find_ways(a, na), y = find_ways(a, nb);
    const struct net_connection **partner =
        ARENA_ARRAY(a, const struct net_connection *, x.first.n + 1);
    bool *taken = ARENA_ARRAY(a, bool, y.first.n + 1);
    find_partners(na, &x, nb, &y, same_way, partner, taken);
    find_partners(na, &x, nb, &y, same_ends, partner, taken);
    int32_t **core = core_rows(a, nb, out);
    for (uint32_t i = 0; i < x.first.n; i++) {
        const struct net_connection *c = x.first.data[i], *p = partner[i];
        if (p && p->delay != c->delay) {
            diff_delay(a, na, c, nb, p, out);
        }
        if (p) {
            diff_pool(a, na, c, p, out);
        }
        diff_connection(a, na, c, nb, p, core, out);
    }
    for (uint32_t k = 0; k < y.first.n; k++) {
        if (!taken[k]) {
            diff_connection(a, na, NULL, nb, y.first.data[k], core, out);
        }
    }
}
