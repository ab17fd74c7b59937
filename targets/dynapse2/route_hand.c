/* Tags that CAM entries given by hand ask for: a source whose tags are free to choose takes, on the
 * chip of such neurons, the one whose entries make its weights. Other tags that such entries hold
 * on a core aren't given to anybody there. */
#include "targets/dynapse2/quantize.h"
#include "targets/dynapse2/route.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct wish { /* of a link for a tag */
    uint16_t tag;
    double error; /* by how much the weights that it makes differ, relative, summed */
};

struct asking {
    struct d2_route *r;
    struct d2_asked *link;
    const struct d2_tags *tags;
    uint32_t *first_receptor;    /* of each layer */
    struct d2_scale *scale;      /* of each receptor; v is NULL until used */
    VEC(struct wish) wish;       /* by link */
    uint32_t *first_wish;        /* of each link; one more */
    uint32_t (*owner)[D2_CORES]; /* of each tag: 1 + the link that has it on a core; 0: none */
    bool *tried;                 /* of each tag, while one link looks for its own */
};

static double scale_of(struct asking *x, uint32_t layer, uint32_t receptor, uint32_t element)
{
    struct d2_scale *s = &x->scale[x->first_receptor[layer] + receptor];
    if (!s->v)
        d2_receptor_scale(x->r->a, x->r->n, layer, receptor, s);
    return d2_scale_of(s, element) * x->r->n->board->gain;
}

/* The weight that the neuron's entries with this tag make at a receptor. */
static double made(const struct board_neuron *y, const struct model_receptor *rec,
                   const double base[D2_BASES], uint16_t tag, double scale)
{
    double sum = 0;
    for (uint32_t i = 0; i < y->cam.n; i++) {
        const struct board_cam *m = &y->cam.data[i];
        for (uint32_t k = 0; k < rec->on.n && m->tag == tag; k++) {
            bool negative = rec->on.n == 1 ? rec->negative : k == 1;
            if (d2_find_dendrite(rec->on.name[k]) == m->dendrite)
                sum += (negative ? -1 : 1) * d2_mask_current(base, m->mask);
        }
    }
    return sum / scale;
}

/* What one synapse says: the first one of a link makes wishes, the others strike out. */
static void ask(struct asking *x, uint32_t from, const struct net_connection *c, uint64_t s,
                bool first)
{
    struct d2_site at = x->r->sites.at[x->r->sites.first[c->dst] + c->post[s]];
    const struct model_receptor *rec =
        &x->r->n->layer.data[c->dst].model->receptor.data[c->receptor];
    double base[D2_BASES], want = (double)c->weight[s];
    double scale = scale_of(x, c->dst, c->receptor, c->post[s]);
    d2_core_bases(at.core, base);
    if (first) {
        for (uint32_t i = 0; i < at.neuron->cam.n; i++)
            VEC_PUSH(x->r->a, &x->wish, ((struct wish){at.neuron->cam.data[i].tag, 0}));
    }
    uint32_t n = from;
    for (uint32_t i = from; i < x->wish.n; i++) {
        struct wish w = x->wish.data[i];
        double have = made(at.neuron, rec, base, w.tag, scale);
        bool again = false; /* a tag of several entries is one wish */
        for (uint32_t k = from; k < n; k++)
            again = again || x->wish.data[k].tag == w.tag;
        if (again || have == 0 || (have < 0) != (want < 0))
            continue;
        w.error += fabs(have - want) / fabs(want);
        x->wish.data[n++] = w;
    }
    x->wish.n = n;
}

static void ask_for(struct asking *x, const struct d2_asked *l)
{
    uint32_t from = x->wish.n;
    bool first = true;
    for (struct d2_row row = d2_row_of(&x->r->rows, l->source); d2_row_next(&row);) {
        for (uint64_t s = row.c->row[row.pre]; s < row.c->row[row.pre + 1]; s++) {
            struct d2_site at = x->r->sites.at[x->r->sites.first[row.c->dst] + row.c->post[s]];
            if (at.core->chip != l->chip || !(at.neuron->given & BOARD_CAM))
                continue;
            ask(x, from, row.c, s, first);
            first = false;
        }
    }
}

static int by_error(const void *p, const void *q)
{
    const struct wish *x = p, *y = q;
    if (x->error != y->error)
        return x->error < y->error ? -1 : 1;
    return (x->tag > y->tag) - (x->tag < y->tag);
}

static void own(struct asking *x, uint32_t link, uint32_t owner)
{
    const struct d2_asked *l = &x->link[link];
    for (uint32_t k = 0; k < D2_CORES; k++) {
        if (l->cores >> k & 1)
            x->owner[l->tag][k] = owner;
    }
}

/* The links that have a tag where another one wants it: their number, 2 for more than one. */
static uint32_t find_rival(const struct asking *x, uint32_t link, uint32_t tag, uint32_t *rival)
{
    uint32_t n = 0;
    for (uint32_t k = 0; k < D2_CORES; k++) {
        uint32_t owner = x->owner[tag][k];
        if (!(x->link[link].cores >> k & 1) || owner == 0 || (n == 1 && *rival == owner - 1))
            continue;
        *rival = owner - 1;
        n++;
    }
    return n > 2 ? 2 : n;
}

/* A tag for the link, the best that can be had: where another link has it, that one looks for
 * another (augmenting paths). */
static bool find_tag(struct asking *x, uint32_t link)
{
    struct d2_asked *l = &x->link[link];
    for (uint32_t i = x->first_wish[link]; i < x->first_wish[link + 1]; i++) {
        uint16_t tag = x->wish.data[i].tag, before;
        uint32_t rival = 0;
        if (x->tried[tag] || !d2_tags_are_free(x->tags, tag, l->cores))
            continue;
        x->tried[tag] = true;
        uint32_t n = find_rival(x, link, tag, &rival);
        if (n > 1)
            continue;
        if (n == 1) {
            before = x->link[rival].tag;
            own(x, rival, 0);
            x->link[rival].tag = D2_TAGS;
            if (!find_tag(x, rival)) {
                x->link[rival].tag = before;
                own(x, rival, rival + 1);
                continue;
            }
        }
        l->tag = tag;
        own(x, link, link + 1);
        return true;
    }
    return false;
}

/* Tags that are left over: only what is by hand may send them. */
static void keep_free(struct d2_route *r, uint32_t chip, struct d2_tags *tags)
{
    for (uint32_t i = 0; i < r->n->board->core.n; i++) {
        const struct board_core *c = &r->n->board->core.data[i];
        for (uint32_t k = 0; c->chip == chip && k < c->neuron.n; k++) {
            const struct board_neuron *y = &c->neuron.data[k];
            for (uint32_t m = 0; (y->given & BOARD_CAM) && m < y->cam.n; m++) {
                if (y->cam.data[m].mask != 0)
                    d2_tags_take(tags, y->cam.data[m].tag, 1u << c->core);
            }
        }
    }
}

static void find_receptors(struct asking *x)
{
    const struct net *n = x->r->n;
    uint32_t n_receptors = 0;
    x->first_receptor = ARENA_ARRAY(x->r->a, uint32_t, n->layer.n);
    for (uint32_t l = 0; l < n->layer.n; l++) {
        x->first_receptor[l] = n_receptors;
        n_receptors += n->layer.data[l].model->receptor.n;
    }
    x->scale = ARENA_ARRAY(x->r->a, struct d2_scale, n_receptors);
}

void d2_route_ask(struct d2_route *r, struct d2_asked *link, uint32_t n, struct d2_tags *tags)
{
    if (n == 0)
        return;
    struct asking x = {.r = r, .link = link, .tags = tags};
    find_receptors(&x);
    x.first_wish = ARENA_ARRAY(r->a, uint32_t, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        ask_for(&x, &link[i]);
        uint32_t from = x.first_wish[i];
        x.first_wish[i + 1] = x.wish.n;
        if (x.wish.n > from + 1)
            qsort(&x.wish.data[from], x.wish.n - from, sizeof *x.wish.data, by_error);
    }
    if (x.wish.n > 0) {
        x.owner = arena_alloc(r->a, D2_TAGS * sizeof *x.owner);
        x.tried = ARENA_ARRAY(r->a, bool, D2_TAGS);
        for (uint32_t i = 0; i < n; i++) {
            memset(x.tried, 0, D2_TAGS * sizeof *x.tried);
            find_tag(&x, i);
        }
        for (uint32_t i = 0; i < n; i++) {
            if (link[i].tag != D2_TAGS)
                d2_tags_take(tags, link[i].tag, link[i].cores);
        }
    }
    keep_free(r, link[0].chip, tags);
}
