/* Base currents of a core where some CAM entries are given by hand and base currents aren't: masks
 * say which of the four a weight is made of, so they aren't interchangeable. Starts from the best
 * ones for the weights alone, in the order that suits the masks best, and changes one at a time.
 *
 * Which tag will be which source isn't known yet: a neuron's tags and its weights at one dendrite
 * are taken to belong together in the order of their currents. */
#include "targets/dynapse2/passes.h"
#include "targets/dynapse2/quantize.h"
#include <stdlib.h>

enum { MAX_ROUNDS = 10, ORDERS = 24 };

struct sum { /* the entries of one tag: how often each base current is in them */
    uint8_t n[D2_BASES];
};

struct wishes { /* of a neuron at a dendrite */
    VEC(struct sum) made;
    VEC(double) wanted; /* ampere, ascending */
};

struct hand {
    const struct d2_reach *g;
    double *free; /* currents without entries by hand, ascending */
    uint32_t n_free;
    VEC(struct wishes *) list;
    double *scratch; /* as many as the most sums of one */
};

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* ---- what is asked for ---- */

static void add_sums(struct arena *a, const struct board_neuron *y, uint8_t dendrite,
                     struct wishes *w)
{
    for (uint32_t i = 0; i < y->cam.n; i++) {
        const struct board_cam *first = &y->cam.data[i];
        bool again = first->dendrite != dendrite;
        for (uint32_t k = 0; k < i; k++)
            again =
                again || (y->cam.data[k].tag == first->tag && y->cam.data[k].dendrite == dendrite);
        if (again)
            continue;
        struct sum s = {{0}};
        for (uint32_t k = i; k < y->cam.n; k++) {
            const struct board_cam *m = &y->cam.data[k];
            for (uint32_t b = 0; m->tag == first->tag && m->dendrite == dendrite && b < D2_BASES;
                 b++)
                s.n[b] = (uint8_t)(s.n[b] + (m->mask >> b & 1));
        }
        VEC_PUSH(a, &w->made, s);
    }
}

struct key { /* of a synapse by hand */
    uint32_t layer, element, dendrite;
    double current;
};

static int by_key(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    if (x->layer != y->layer)
        return x->layer < y->layer ? -1 : 1;
    if (x->element != y->element)
        return x->element < y->element ? -1 : 1;
    if (x->dendrite != y->dendrite)
        return x->dendrite < y->dendrite ? -1 : 1;
    return by_value(&x->current, &y->current);
}

static void collect(struct arena *a, const struct net *n, const struct d2_weights_of_core *x,
                    const struct d2_sites *sites, struct hand *h)
{
    struct key *key = ARENA_ARRAY(a, struct key, x->n);
    uint32_t n_keys = 0, most = 0;
    h->free = ARENA_ARRAY(a, double, x->n);
    for (uint32_t i = 0; i < x->n; i++) {
        const struct d2_synapse *s = &x->synapse[i];
        const struct net_connection *c = &n->connection.data[s->connection];
        const struct model_receptor *r = &n->layer.data[c->dst].model->receptor.data[c->receptor];
        uint32_t side = c->weight[s->at] < 0 && r->on.n > 1;
        if (s->by_hand)
            key[n_keys++] = (struct key){c->dst, c->post[s->at],
                                         (uint32_t)d2_find_dendrite(r->on.name[side]), s->current};
        else
            h->free[h->n_free++] = s->current;
    }
    qsort(h->free, h->n_free, sizeof *h->free, by_value);
    qsort(key, n_keys, sizeof *key, by_key);
    for (uint32_t i = 0; i < n_keys; i++) {
        const struct key *k = &key[i];
        if (i == 0 || k->layer != k[-1].layer || k->element != k[-1].element ||
            k->dendrite != k[-1].dendrite) {
            VEC_PUSH(a, &h->list, ARENA_NEW(a, struct wishes));
            add_sums(a, sites->at[sites->first[k->layer] + k->element].neuron, (uint8_t)k->dendrite,
                     h->list.data[h->list.n - 1]);
        }
        struct wishes *w = h->list.data[h->list.n - 1];
        VEC_PUSH(a, &w->wanted, k->current);
        most = w->made.n > most ? w->made.n : most;
    }
    h->scratch = ARENA_ARRAY(a, double, most);
}

/* ---- what base currents make of it ---- */

/* Squared errors, the largest of either side together. */
static double error_of(const struct hand *h, const struct wishes *w, const double base[D2_BASES])
{
    double error = 0;
    for (uint32_t i = 0; i < w->made.n; i++) {
        h->scratch[i] = 0;
        for (uint32_t k = 0; k < D2_BASES; k++)
            h->scratch[i] += w->made.data[i].n[k] * base[k];
    }
    qsort(h->scratch, w->made.n, sizeof *h->scratch, by_value);
    for (uint32_t i = 1; i <= w->wanted.n; i++) {
        double made = i <= w->made.n ? h->scratch[w->made.n - i] : 0;
        double e = made - w->wanted.data[w->wanted.n - i];
        error += e * e;
    }
    return error;
}

static double whole_error(const struct hand *h, const double base[D2_BASES])
{
    double sum[D2_MASKS], error = 0;
    for (uint8_t m = 0; m < D2_MASKS; m++)
        sum[m] = d2_mask_current(base, m);
    qsort(sum, D2_MASKS, sizeof *sum, by_value);
    for (uint32_t i = 0, m = 0; i < h->n_free; i++) {
        while (m + 1 < D2_MASKS && sum[m + 1] - h->free[i] <= h->free[i] - sum[m])
            m++;
        error += (sum[m] - h->free[i]) * (sum[m] - h->free[i]);
    }
    for (uint32_t i = 0; i < h->list.n; i++)
        error += error_of(h, h->list.data[i], base);
    return error;
}

/* ---- the search ---- */

static double take(const struct hand *h, const uint32_t index[D2_BASES], struct d2_solution *s)
{
    for (uint32_t k = 0; k < D2_BASES; k++) {
        s->index[k] = index[k];
        s->base[k] = h->g->current[index[k]];
    }
    return whole_error(h, s->base);
}

/* All orders of the free ones. */
static double best_order(const struct hand *h, const int32_t given[D2_BASES], struct d2_solution *s)
{
    struct d2_solution best = *s;
    double least = take(h, s->index, &best);
    for (uint32_t order = 1; order < ORDERS; order++) {
        uint32_t index[D2_BASES], left = order;
        bool allowed = true;
        for (uint32_t k = 0; k < D2_BASES; k++)
            index[k] = s->index[k];
        for (uint32_t k = 0; k + 1 < D2_BASES; k++) {
            uint32_t with = k + left % (D2_BASES - k), was = index[k];
            left /= D2_BASES - k;
            allowed = allowed && (with == k || (given[k] == D2_FREE && given[with] == D2_FREE));
            index[k] = index[with];
            index[with] = was;
        }
        struct d2_solution x = *s;
        double error = allowed ? take(h, index, &x) : least;
        if (error < least) {
            least = error;
            best = x;
        }
    }
    *s = best;
    return least;
}

void d2_solve_by_hand(struct arena *a, const struct net *n, const struct d2_weights_of_core *x,
                      const struct d2_sites *sites, const struct d2_reach *g, struct d2_solution *s)
{
    struct hand h = {.g = g};
    collect(a, n, x, sites, &h);
    double least = best_order(&h, x->given, s), before = least * 2;
    for (uint32_t round = 0; round < MAX_ROUNDS && least < before; round++) {
        before = least;
        for (uint32_t k = 0; k < D2_BASES; k++) {
            uint32_t best = s->index[k];
            for (uint32_t i = 0; x->given[k] == D2_FREE && i < g->n; i++) {
                s->base[k] = g->current[i];
                double error = whole_error(&h, s->base);
                if (error < least) {
                    least = error;
                    best = i;
                }
            }
            s->index[k] = best;
            s->base[k] = g->current[best];
        }
    }
}
