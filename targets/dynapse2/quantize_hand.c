/* Base currents of a core where some CAM entries are given by hand and base currents aren't: masks
 * say which of the four a weight is made of, so they aren't interchangeable.
 *
 * Where a source's destinations are by hand too, the entries that it drives are known, and what
 * they make is linear in the base currents. Which tag another source will have isn't known yet: of
 * a neuron's other tags and weights at one dendrite those belong together that come at the same
 * place in the order of their currents. Weights of other neurons take their nearest sum. With all
 * of these chosen for some base currents, least squares give better ones, and so on: from the best
 * ones for the weights alone in each of their orders; then, on the grid, one is changed at a time.
 */
#include "targets/dynapse2/passes.h"
#include "targets/dynapse2/quantize.h"
#include <stdlib.h>

enum { MAX_ROUNDS = 10, ORDERS = 24 };

struct sum {            /* of the entries of one tag */
    double n[D2_BASES]; /* how often each base current is in it */
    double current;     /* with the base currents in hand */
};

struct known {
    double n[D2_BASES];
    double wanted, count; /* ampere, the mean of `count` synapses */
};

struct level { /* of neurons without entries by hand */
    double current, count;
};

struct wishes { /* of a neuron at a dendrite, by sources whose tags aren't known */
    VEC(struct sum) made;
    VEC(double) wanted; /* ampere, ascending */
};

struct hand {
    struct arena *a;
    const struct net *n;
    const struct d2_reach *g;
    const int32_t *given;
    struct d2_sites sites;
    uint32_t *first_channel;          /* of each input */
    const struct board_input **input; /* of each channel; NULL: not by hand */
    uint32_t n_known, n_level;
    struct known *known;
    struct level *level;
    VEC(struct wishes *) list;
    VEC(uint16_t) tag; /* of the synapse in hand */
};

static int compare(double x, double y)
{
    return (x > y) - (x < y);
}

/* ---- what is asked for ---- */

static void find_inputs(struct hand *h)
{
    uint32_t n = 0;
    h->first_channel = ARENA_ARRAY(h->a, uint32_t, h->n->input.n);
    for (uint32_t i = 0; i < h->n->input.n; i++) {
        h->first_channel[i] = n;
        n += h->n->input.data[i].n;
    }
    h->input = ARENA_ARRAY(h->a, const struct board_input *, n);
    for (uint32_t i = 0; i < h->n->board->input.n; i++) {
        const struct board_input *x = &h->n->board->input.data[i];
        h->input[h->first_channel[x->input] + x->channel] = x;
    }
}

static void add_tag(struct hand *h, uint32_t from, struct board_destination to, struct d2_site at)
{
    if (d2_hop_target(d2_grid_of(h->n->board), from, to.x_hop, to.y_hop) == (int)at.core->chip &&
        (to.cores >> at.core->core & 1))
        VEC_PUSH(h->a, &h->tag, to.tag);
}

/* The tags with which a neuron hears a source go to h->tag. False: they aren't by hand. */
static bool find_known_tags(struct hand *h, const struct net_connection *c, uint32_t pre,
                            struct d2_site at)
{
    h->tag.n = 0;
    if (c->from_input) {
        const struct board_input *x = h->input[h->first_channel[c->src] + pre];
        for (uint32_t i = 0; x && i < x->to.n; i++)
            add_tag(h, 0, x->to.data[i], at);
        return x != NULL;
    }
    struct d2_site from = h->sites.at[h->sites.first[c->src] + pre];
    if (!(from.neuron->given & BOARD_SRAM))
        return false;
    for (uint32_t i = 0; i < from.neuron->sram.n; i++) {
        const struct board_sram *s = &from.neuron->sram.data[i];
        add_tag(h, from.core->chip,
                (struct board_destination){s->tag, s->cores, s->x_hop, s->y_hop}, at);
    }
    return true;
}

/* Adds what the neuron's entries with this tag make at a dendrite; false: nothing. */
static bool add_entries(const struct board_neuron *y, uint32_t dendrite, uint16_t tag,
                        double n[D2_BASES])
{
    bool any = false;
    for (uint32_t i = 0; i < y->cam.n; i++) {
        const struct board_cam *m = &y->cam.data[i];
        if (m->tag != tag || m->dendrite != dendrite)
            continue;
        for (uint32_t k = 0; k < D2_BASES; k++)
            n[k] += m->mask >> k & 1;
        any = any || m->mask != 0;
    }
    return any;
}

struct key { /* of a synapse by hand */
    uint32_t layer, element, dendrite;
    uint16_t tag; /* D2_TAGS: not known */
    double current;
};

static bool same_place(const struct key *x, const struct key *y)
{
    return x->layer == y->layer && x->element == y->element && x->dendrite == y->dendrite;
}

static int by_key(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    if (x->layer != y->layer)
        return x->layer < y->layer ? -1 : 1;
    if (x->element != y->element)
        return x->element < y->element ? -1 : 1;
    if (x->dendrite != y->dendrite)
        return x->dendrite < y->dendrite ? -1 : 1;
    if (x->tag != y->tag)
        return x->tag < y->tag ? -1 : 1;
    return compare(x->current, y->current);
}

static int by_sum(const void *a, const void *b)
{
    const struct known *x = a, *y = b;
    for (uint32_t k = 0; k < D2_BASES; k++) {
        if (x->n[k] != y->n[k])
            return compare(x->n[k], y->n[k]);
    }
    return compare(x->wanted, y->wanted);
}

static int by_level(const void *a, const void *b)
{
    return compare(((const struct level *)a)->current, ((const struct level *)b)->current);
}

/* Equal ones become one: of the same entries, whatever is wanted of them. */
static void join_known(struct hand *h)
{
    uint32_t n = 0;
    if (h->n_known > 1)
        qsort(h->known, h->n_known, sizeof *h->known, by_sum);
    for (uint32_t i = 0; i < h->n_known; i++) {
        struct known *last = &h->known[n > 0 ? n - 1 : 0];
        if (n > 0 && memcmp(last->n, h->known[i].n, sizeof last->n) == 0) {
            last->count++;
            last->wanted += (h->known[i].wanted - last->wanted) / last->count;
        } else {
            h->known[n++] = h->known[i];
        }
    }
    h->n_known = n;
}

static void join_levels(struct hand *h)
{
    uint32_t n = 0;
    if (h->n_level > 1)
        qsort(h->level, h->n_level, sizeof *h->level, by_level);
    for (uint32_t i = 0; i < h->n_level; i++) {
        if (n > 0 && h->level[n - 1].current == h->level[i].current)
            h->level[n - 1].count++;
        else
            h->level[n++] = h->level[i];
    }
    h->n_level = n;
}

/* Of entries and weights that are there several times only one is left. */
static void join_wishes(struct wishes *w)
{
    const double equal = 1e-6; /* relative: some roundings of a float32 */
    uint32_t n_made = 0, n_wanted = 0;
    for (uint32_t i = 0; i < w->made.n; i++) {
        bool again = false;
        for (uint32_t k = 0; k < n_made; k++)
            again = again ||
                    memcmp(w->made.data[k].n, w->made.data[i].n, sizeof w->made.data[k].n) == 0;
        if (!again)
            w->made.data[n_made++] = w->made.data[i];
    }
    for (uint32_t i = 0; i < w->wanted.n; i++) {
        const double x = w->wanted.data[i];
        if (n_wanted == 0 || x - w->wanted.data[n_wanted - 1] > equal * x)
            w->wanted.data[n_wanted++] = x;
    }
    w->made.n = n_made;
    w->wanted.n = n_wanted;
}

/* Those of one neuron at one dendrite, key[0] to key[n - 1]. */
static void add_wishes(struct hand *h, const struct key *key, uint32_t n)
{
    const struct board_neuron *y = h->sites.at[h->sites.first[key->layer] + key->element].neuron;
    struct wishes *w = ARENA_NEW(h->a, struct wishes);
    for (uint32_t i = 0; i < y->cam.n; i++) {
        const uint16_t tag = y->cam.data[i].tag;
        bool taken = false;
        for (uint32_t k = 0; k < i; k++)
            taken = taken || y->cam.data[k].tag == tag;
        for (uint32_t k = 0; k < n; k++)
            taken = taken || key[k].tag == tag;
        struct sum s = {{0}, 0};
        if (!taken && add_entries(y, key->dendrite, tag, s.n))
            VEC_PUSH(h->a, &w->made, s);
    }
    for (uint32_t k = 0; k < n; k++) {
        if (key[k].tag == D2_TAGS)
            VEC_PUSH(h->a, &w->wanted, key[k].current);
    }
    if (w->wanted.n > w->made.n) /* sources share tags */
        join_wishes(w);
    if (w->made.n > 0 && w->wanted.n > 0)
        VEC_PUSH(h->a, &h->list, w);
}

static void collect(struct hand *h, const struct d2_weights_of_core *x)
{
    VEC(struct key) key = {0};
    h->known = ARENA_ARRAY(h->a, struct known, x->n);
    h->level = ARENA_ARRAY(h->a, struct level, x->n);
    for (uint32_t i = 0; i < x->n; i++) {
        const struct d2_synapse *s = &x->synapse[i];
        const struct net_connection *c = &h->n->connection.data[s->connection];
        const struct model_receptor *r =
            &h->n->layer.data[c->dst].model->receptor.data[c->receptor];
        const uint32_t side = c->weight[s->at] < 0 && r->on.n > 1;
        if (!s->by_hand) {
            h->level[h->n_level++] = (struct level){s->current, 1};
            continue;
        }
        const struct d2_site at = h->sites.at[h->sites.first[c->dst] + c->post[s->at]];
        struct key k = {c->dst, c->post[s->at], (uint32_t)d2_find_dendrite(r->on.name[side]),
                        D2_TAGS, s->current};
        if (!find_known_tags(h, c, d2_pre_of(c, s->at), at)) {
            VEC_PUSH(h->a, &key, k);
            continue;
        }
        struct known *known = &h->known[h->n_known++];
        *known = (struct known){{0}, s->current, 1};
        for (uint32_t t = 0; t < h->tag.n; t++) {
            k.tag = h->tag.data[t];
            add_entries(at.neuron, k.dendrite, k.tag, known->n);
            VEC_PUSH(h->a, &key, k);
        }
    }
    join_known(h);
    join_levels(h);
    if (key.n > 1)
        qsort(key.data, key.n, sizeof *key.data, by_key);
    for (uint32_t i = 0, end; i < key.n; i = end) {
        for (end = i + 1; end < key.n && same_place(&key.data[i], &key.data[end]);)
            end++;
        add_wishes(h, &key.data[i], end - i);
    }
}

/* ---- what base currents make of it ---- */

static double current_of(const double n[D2_BASES], const double base[D2_BASES])
{
    double sum = 0;
    for (uint32_t k = 0; k < D2_BASES; k++)
        sum += n[k] * base[k];
    return sum;
}

/* Ascending; nearly in order already where base currents have changed little. */
static void sort_made(struct wishes *w, const double base[D2_BASES])
{
    for (uint32_t i = 0; i < w->made.n; i++) {
        struct sum s = w->made.data[i];
        s.current = current_of(s.n, base);
        uint32_t at = i;
        for (; at > 0 && w->made.data[at - 1].current > s.current; at--)
            w->made.data[at] = w->made.data[at - 1];
        w->made.data[at] = s;
    }
}

/* The one for wanted[i]: the largest together; where some have to share, evenly. */
static const struct sum *made_for(const struct wishes *w, uint32_t i)
{
    return w->made.n < w->wanted.n ? &w->made.data[i * w->made.n / w->wanted.n]
                                   : &w->made.data[w->made.n - w->wanted.n + i];
}

static double square(double x)
{
    return x * x;
}

static int by_value(const void *a, const void *b)
{
    return compare(*(const double *)a, *(const double *)b);
}

static double whole_error(const struct hand *h, const double base[D2_BASES])
{
    double sum[D2_MASKS], error = 0;
    for (uint8_t m = 0; m < D2_MASKS; m++)
        sum[m] = d2_mask_current(base, m);
    qsort(sum, D2_MASKS, sizeof *sum, by_value);
    for (uint32_t i = 0, m = 0; i < h->n_level; i++) {
        const double x = h->level[i].current;
        while (m + 1 < D2_MASKS && sum[m + 1] - x <= x - sum[m])
            m++;
        error += h->level[i].count * square(sum[m] - x);
    }
    for (uint32_t i = 0; i < h->n_known; i++)
        error += h->known[i].count * square(current_of(h->known[i].n, base) - h->known[i].wanted);
    for (uint32_t i = 0; i < h->list.n; i++) {
        struct wishes *w = h->list.data[i];
        sort_made(w, base);
        for (uint32_t k = 0; k < w->wanted.n; k++)
            error += square(made_for(w, k)->current - w->wanted.data[k]);
    }
    return error;
}

/* ---- least squares ---- */

struct equations { /* a x = r */
    double a[D2_BASES][D2_BASES], r[D2_BASES];
};

static void add_equation(struct equations *q, const double n[D2_BASES], double count, double wanted)
{
    for (uint32_t i = 0; i < D2_BASES; i++) {
        for (uint32_t k = 0; k < D2_BASES; k++)
            q->a[i][k] += count * n[i] * n[k];
        q->r[i] += count * n[i] * wanted;
    }
}

static uint32_t nearest_index(const struct d2_reach *g, double current)
{
    uint32_t i = 0;
    while (i + 1 < g->n && g->current[i + 1] - current <= current - g->current[i])
        i++;
    return i;
}

/* The free ones, on the grid, for the masks and pairs that `base` makes the best. */
static void fit(const struct hand *h, const double base[D2_BASES], uint32_t index[D2_BASES])
{
    const double hold = 1e-6; /* keeps near `base` what nothing else determines */
    struct equations q = {{{0}}, {0}};
    for (uint32_t i = 0; i < h->n_level; i++) {
        const struct level *x = &h->level[i];
        const uint8_t mask = d2_nearest_mask(base, x->current);
        double n[D2_BASES];
        for (uint32_t k = 0; k < D2_BASES; k++)
            n[k] = mask >> k & 1;
        add_equation(&q, n, x->count, x->current);
    }
    for (uint32_t i = 0; i < h->n_known; i++)
        add_equation(&q, h->known[i].n, h->known[i].count, h->known[i].wanted);
    for (uint32_t i = 0; i < h->list.n; i++) {
        struct wishes *w = h->list.data[i];
        sort_made(w, base);
        for (uint32_t k = 0; k < w->wanted.n; k++)
            add_equation(&q, made_for(w, k)->n, 1, w->wanted.data[k]);
    }
    for (uint32_t k = 0; k < D2_BASES; k++) {
        q.a[k][k] += hold;
        q.r[k] += hold * base[k];
        for (uint32_t i = 0; h->given[k] != D2_FREE && i < D2_BASES; i++) {
            q.r[i] -= q.a[i][k] * base[k];
            q.a[i][k] = q.a[k][i] = 0;
        }
        if (h->given[k] != D2_FREE) {
            q.a[k][k] = 1;
            q.r[k] = base[k];
        }
    }
    double x[D2_BASES];
    bool solved = d2_solve_four(q.a, q.r, x);
    for (uint32_t k = 0; solved && k < D2_BASES; k++) {
        if (h->given[k] == D2_FREE)
            index[k] = nearest_index(h->g, x[k]);
    }
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

/* From base currents that are no better than `least`, the error of *best. */
static double improve(const struct hand *h, const uint32_t from[D2_BASES], double least,
                      struct d2_solution *best)
{
    struct d2_solution x = *best;
    double error = take(h, from, &x), before = error * 2;
    for (uint32_t round = 0; round < MAX_ROUNDS && error < before; round++) {
        if (error < least) {
            least = error;
            *best = x;
        }
        uint32_t index[D2_BASES];
        memcpy(index, x.index, sizeof index);
        fit(h, x.base, index);
        before = error;
        error = take(h, index, &x);
    }
    if (error < least) {
        least = error;
        *best = x;
    }
    return least;
}

/* From all orders of the free ones. */
static double best_order(const struct hand *h, struct d2_solution *s)
{
    const struct d2_solution first = *s;
    double least = take(h, first.index, s);
    for (uint32_t order = 0; order < ORDERS; order++) {
        uint32_t index[D2_BASES], left = order;
        bool allowed = true;
        memcpy(index, first.index, sizeof index);
        for (uint32_t k = 0; k + 1 < D2_BASES; k++) {
            uint32_t with = k + left % (D2_BASES - k), was = index[k];
            left /= D2_BASES - k;
            allowed =
                allowed && (with == k || (h->given[k] == D2_FREE && h->given[with] == D2_FREE));
            index[k] = index[with];
            index[with] = was;
        }
        if (allowed)
            least = improve(h, index, least, s);
    }
    return least;
}

void d2_solve_by_hand(struct arena *a, const struct net *n, const struct d2_weights_of_core *x,
                      const struct d2_sites *sites, const struct d2_reach *g, struct d2_solution *s)
{
    struct hand h = {.a = a, .n = n, .g = g, .given = x->given, .sites = *sites};
    find_inputs(&h);
    collect(&h, x);
    double least = best_order(&h, s), before = least * 2;
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
