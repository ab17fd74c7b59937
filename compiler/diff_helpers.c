/* Helper neurons in diff: a layer that only one of both has and that helps one of its own. What
 * goes through it is compared as if its sources were connected directly, so that the other one's
 * synapses have their counterparts. */
#include "compiler/diff.h"

#include <string.h>

struct fold {
    struct arena *a;
    VEC(struct net_connection) connection;
};

static uint64_t count(const struct net_connection *c)
{
    return c->row[c->n_pre];
}

static bool enters(const struct net_connection *c, uint32_t helper)
{
    return c->dst == helper;
}

static bool leaves(const struct net_connection *c, uint32_t helper)
{
    return !c->from_input && c->src == helper;
}

/* Synapses that the connections in and out of the helper make together. */
static uint64_t count_through(const struct net_connection *in, const struct net_connection *out)
{
    uint64_t n = 0;
    for (uint64_t s = 0; s < count(in); s++) {
        n += out->row[in->post[s] + 1] - out->row[in->post[s]];
    }
    return n;
}

static void connect_through(struct fold *f, const struct net_connection *in,
                            const struct net_connection *out)
{
    struct net_connection c = *in;
    uint64_t n = count_through(in, out), k = 0;
    c.dst = out->dst;
    c.receptor = out->receptor;
    c.delay = in->delay + out->delay - 1; /* the step that the helper takes isn't counted */
    c.row = ARENA_ARRAY(f->a, uint64_t, (size_t)in->n_pre + 1);
    c.post = ARENA_ARRAY(f->a, uint32_t, n);
    c.weight = ARENA_ARRAY(f->a, float, n);
    for (uint32_t pre = 0; pre < in->n_pre; pre++) {
        for (uint64_t s = in->row[pre]; s < in->row[pre + 1]; s++) {
            for (uint64_t t = out->row[in->post[s]]; t < out->row[in->post[s] + 1]; t++, k++) {
                c.post[k] = out->post[t];
                c.weight[k] = out->weight[t];
            }
        }
        c.row[pre + 1] = k;
    }
    VEC_PUSH(f->a, &f->connection, c);
}

/* A helper has as many sources as the CAM of a neuron holds, which bounds what comes of it: more
 * isn't a helper's, and neither is a way back to itself. */
static bool is_foldable(const struct fold *f, uint32_t helper)
{
    enum { MOST_SOURCES = 64 };
    uint64_t n = 0, through = 0;
    for (uint32_t i = 0; i < f->connection.n; i++) {
        const struct net_connection *in = &f->connection.data[i];
        if (enters(in, helper) && leaves(in, helper)) {
            return false;
        }
        n += count(in);
        for (uint32_t k = 0; enters(in, helper) && k < f->connection.n; k++) {
            const struct net_connection *out = &f->connection.data[k];
            through += leaves(out, helper) ? count_through(in, out) : 0;
        }
    }
    return through <= n * MOST_SOURCES;
}

static void fold_layer(struct fold *f, uint32_t helper)
{
    uint32_t n = f->connection.n, kept = 0;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 0; enters(&f->connection.data[i], helper) && k < n; k++) {
            if (leaves(&f->connection.data[k], helper)) {
                const struct net_connection in = f->connection.data[i];
                const struct net_connection out = f->connection.data[k];
                connect_through(f, &in, &out);
            }
        }
    }
    for (uint32_t i = 0; i < f->connection.n; i++) {
        const struct net_connection c = f->connection.data[i];
        if (!enters(&c, helper) && !leaves(&c, helper)) {
            f->connection.data[kept++] = c;
        }
    }
    f->connection.n = kept;
}

const struct net *diff_fold(struct arena *a, const struct net *n, const struct net *other,
                            const char *which, struct diff *out)
{
    struct fold f = {.a = a};
    uint32_t before = out->helper.n;
    for (uint32_t i = 0; i < n->connection.n; i++) {
        VEC_PUSH(a, &f.connection, n->connection.data[i]);
    }
    for (uint32_t l = 0; l < n->layer.n; l++) {
        const struct net_layer *x = &n->layer.data[l];
        int helped = net_helped_layer(n, l);
        if (helped < 0 || net_find_layer(other, x->name) >= 0 || !is_foldable(&f, l)) {
            continue;
        }
        fold_layer(&f, l);
        const struct diff_helper h = {x->name, n->layer.data[helped].name, which, x->n};
        VEC_PUSH(a, &out->helper, h);
    }
    if (out->helper.n == before) {
        return n;
    }
    struct net *folded = ARENA_NEW(a, struct net);
    *folded = *n;
    memcpy(&folded->connection, &f.connection, sizeof folded->connection);
    return folded;
}

bool diff_is_helper(const struct diff *d, const char *layer)
{
    for (uint32_t i = 0; i < d->helper.n; i++) {
        if (strcmp(d->helper.data[i].name, layer) == 0) {
            return true;
        }
    }
    return false;
}
