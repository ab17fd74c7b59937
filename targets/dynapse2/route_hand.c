/* Tags that CAM entries given by hand ask for. A source whose tags are free to choose takes, on the
 * chip of such neurons, a tag that exactly those of them hold that hear it; of such tags the one
 * whose entries make its weights. Where no tag is that on all of its cores, each core gets its own,
 * if entries make the weights exactly then; else one tag for all with other weights is preferred.
 * Other tags that such entries hold on a core aren't given to anybody there. */
#include "targets/dynapse2/quantize.h"
#include "targets/dynapse2/route.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct wish { /* of a link for a tag */
    uint16_t tag;
    double error; /* by how much the weights that it makes differ, relative, summed */
};

struct seeker { /* a link, or a part of it, that looks for a tag on some of its cores */
    uint32_t link;
    uint8_t cores;
    uint16_t tag;                 /* D2_TAGS: none yet */
    uint32_t n_heard[D2_CORES];   /* synapses at neurons with entries by hand, on each core */
    uint32_t first_wish, n_wish;  /* best first */
    uint32_t first_part, n_parts; /* seekers for single cores of it */
    bool waits;                   /* its parts, or the whole of it, look first */
};

struct change { /* of a seeker's tag */
    uint32_t seeker;
    uint16_t before;
};

struct asking {
    struct d2_route *r;
    struct d2_asked *link;
    const struct d2_tags *tags;
    uint32_t *first_receptor; /* of each layer */
    struct d2_scale *scale;   /* of each receptor; v is NULL until used */
    VEC(struct seeker) seeker;
    VEC(struct wish) wish;
    VEC(struct change) change;   /* in the search at hand */
    uint32_t (*hears)[D2_CORES]; /* of each tag: receptors by hand that an event of it drives */
    uint32_t (*owner)[D2_CORES]; /* of each tag: 1 + the seeker that has it on a core; 0: none */
    bool *tried;                 /* of each tag, in the search at hand */
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

/* Whether an entry before it has its tag. */
static bool is_again(const struct board_neuron *y, uint32_t entry)
{
    bool again = false;
    for (uint32_t i = 0; i < entry; i++)
        again = again || y->cam.data[i].tag == y->cam.data[entry].tag;
    return again;
}

/* How many receptors of neurons with entries by hand each tag drives, on each core of the chip. */
static void count_hears(struct asking *x, uint32_t chip)
{
    const struct board *b = x->r->n->board;
    for (uint32_t i = 0; i < b->core.n; i++) {
        const struct board_core *c = &b->core.data[i];
        double base[D2_BASES];
        d2_core_bases(c, base);
        for (uint32_t j = 0; c->chip == chip && j < c->neuron.n; j++) {
            const struct board_neuron *y = &c->neuron.data[j];
            for (uint32_t k = 0; y->layer >= 0 && (y->given & BOARD_CAM) && k < y->cam.n; k++) {
                const struct net_layer *l = &x->r->n->layer.data[y->layer];
                const uint16_t tag = y->cam.data[k].tag;
                if (is_again(y, k))
                    continue;
                for (uint32_t m = 0; m < l->model->receptor.n; m++)
                    x->hears[tag][c->core] +=
                        made(y, &l->model->receptor.data[m], base, tag, 1) != 0;
            }
        }
    }
}

/* What one synapse says: the first one of a seeker makes wishes, the others strike out. */
static void ask(struct asking *x, uint32_t from, const struct net_connection *c, uint64_t s,
                bool first)
{
    struct d2_site at = x->r->sites.at[x->r->sites.first[c->dst] + c->post[s]];
    const struct model_receptor *rec =
        &x->r->n->layer.data[c->dst].model->receptor.data[c->receptor];
    double base[D2_BASES], want = (double)c->weight[s];
    double scale = scale_of(x, c->dst, c->receptor, c->post[s]);
    d2_core_bases(at.core, base);
    for (uint32_t i = 0; first && i < at.neuron->cam.n; i++) {
        if (!is_again(at.neuron, i))
            VEC_PUSH(x->r->a, &x->wish, ((struct wish){at.neuron->cam.data[i].tag, 0}));
    }
    uint32_t n = from;
    for (uint32_t i = from; i < x->wish.n; i++) {
        struct wish w = x->wish.data[i];
        double have = made(at.neuron, rec, base, w.tag, scale);
        if (have == 0 || (have < 0) != (want < 0))
            continue;
        w.error += fabs(have - want) / fabs(want);
        x->wish.data[n++] = w;
    }
    x->wish.n = n;
}

/* Whether no other neuron by hand holds the tag, on the seeker's cores. Those that hear the seeker
 * do. */
static bool is_own(const struct asking *x, const struct seeker *q, uint16_t tag)
{
    bool ok = true;
    for (uint32_t k = 0; k < D2_CORES; k++)
        ok = ok && (!(q->cores >> k & 1) || x->hears[tag][k] == q->n_heard[k]);
    return ok;
}

static int by_error(const void *p, const void *q)
{
    const struct wish *x = p, *y = q;
    if (x->error != y->error)
        return x->error < y->error ? -1 : 1;
    return (x->tag > y->tag) - (x->tag < y->tag);
}

/* A link looks for a tag on these cores, if neurons with entries by hand hear it there. */
static void add_seeker(struct asking *x, uint32_t link, uint8_t cores)
{
    const struct d2_asked *l = &x->link[link];
    struct seeker q = {.link = link, .cores = cores, .tag = D2_TAGS, .first_wish = x->wish.n};
    bool first = true;
    for (struct d2_row row = d2_row_of(&x->r->rows, l->source); d2_row_next(&row);) {
        for (uint64_t s = row.c->row[row.pre]; s < row.c->row[row.pre + 1]; s++) {
            struct d2_site at = x->r->sites.at[x->r->sites.first[row.c->dst] + row.c->post[s]];
            if (at.core->chip != l->chip || !(cores >> at.core->core & 1) ||
                !(at.neuron->given & BOARD_CAM))
                continue;
            ask(x, q.first_wish, row.c, s, first);
            q.n_heard[at.core->core]++;
            first = false;
        }
    }
    if (first)
        return;
    for (uint32_t i = q.first_wish; i < x->wish.n; i++) {
        if (is_own(x, &q, x->wish.data[i].tag))
            x->wish.data[q.first_wish + q.n_wish++] = x->wish.data[i];
    }
    x->wish.n = q.first_wish + q.n_wish;
    if (q.n_wish > 1)
        qsort(&x->wish.data[q.first_wish], q.n_wish, sizeof *x->wish.data, by_error);
    VEC_PUSH(x->r->a, &x->seeker, q);
}

/* ---- who gets which ---- */

static void own(struct asking *x, uint32_t seeker, uint32_t owner)
{
    const struct seeker *q = &x->seeker.data[seeker];
    for (uint32_t k = 0; q->tag != D2_TAGS && k < D2_CORES; k++) {
        if (q->cores >> k & 1)
            x->owner[q->tag][k] = owner;
    }
}

static void set_tag(struct asking *x, uint32_t seeker, uint16_t tag)
{
    own(x, seeker, 0);
    x->seeker.data[seeker].tag = tag;
    own(x, seeker, seeker + 1);
}

static void change_tag(struct asking *x, uint32_t seeker, uint16_t tag)
{
    VEC_PUSH(x->r->a, &x->change, ((struct change){seeker, x->seeker.data[seeker].tag}));
    set_tag(x, seeker, tag);
}

static void undo(struct asking *x, uint32_t n_changes)
{
    while (x->change.n > n_changes) {
        struct change c = x->change.data[--x->change.n];
        set_tag(x, c.seeker, c.before);
    }
}

static bool find_tag(struct asking *x, uint32_t seeker, double limit);

/* Takes the tag; those that have it on a core of the seeker's look for others. False: one of them
 * finds none, nothing is changed. */
static bool take_from_rivals(struct asking *x, uint32_t seeker, uint16_t tag, double limit)
{
    const uint32_t n_changes = x->change.n;
    const uint8_t cores = x->seeker.data[seeker].cores;
    uint32_t rival[D2_CORES], n = 0;
    for (uint32_t k = 0; k < D2_CORES; k++) {
        const uint32_t owner = x->owner[tag][k];
        if (!(cores >> k & 1) || owner == 0)
            continue;
        rival[n++] = owner - 1;
        change_tag(x, owner - 1, D2_TAGS);
    }
    change_tag(x, seeker, tag);
    for (uint32_t i = 0; i < n; i++) {
        if (!find_tag(x, rival[i], limit)) {
            undo(x, n_changes);
            return false;
        }
    }
    return true;
}

static bool is_free(const struct asking *x, const struct seeker *q, uint16_t tag)
{
    bool ok = d2_tags_are_free(x->tags, tag, q->cores);
    for (uint32_t k = 0; k < D2_CORES; k++)
        ok = ok && (!(q->cores >> k & 1) || x->owner[tag][k] == 0);
    return ok;
}

/* A tag whose error is within the limit: the best that nobody has, else one whose owners find
 * others (augmenting paths). */
static bool find_tag(struct asking *x, uint32_t seeker, double limit)
{
    const struct seeker q = x->seeker.data[seeker];
    const struct wish *w = &x->wish.data[q.first_wish];
    uint32_t n = 0;
    for (; n < q.n_wish && w[n].error <= limit; n++) {
        if (!x->tried[w[n].tag] && is_free(x, &q, w[n].tag)) {
            change_tag(x, seeker, w[n].tag);
            return true;
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        const uint16_t tag = w[i].tag;
        if (x->tried[tag] || !d2_tags_are_free(x->tags, tag, q.cores))
            continue;
        x->tried[tag] = true;
        if (take_from_rivals(x, seeker, tag, limit))
            return true;
    }
    return false;
}

/* All that have none look for one. */
static void find_tags(struct asking *x, double limit)
{
    for (uint32_t i = 0; i < x->seeker.n; i++) {
        const struct seeker *q = &x->seeker.data[i];
        if (q->tag != D2_TAGS || q->n_wish == 0 || q->waits)
            continue;
        memset(x->tried, 0, D2_TAGS * sizeof *x->tried);
        x->change.n = 0;
        find_tag(x, i, limit);
    }
}

/* ---- one for all cores of a link, or one for each ---- */

/* A seeker for each core where neurons by hand hear the link of seeker i. */
static void add_parts(struct asking *x, uint32_t i)
{
    const struct seeker q = x->seeker.data[i];
    const uint32_t first = x->seeker.n;
    for (uint32_t k = 0; k < D2_CORES; k++) {
        if (q.n_heard[k] > 0)
            add_seeker(x, q.link, (uint8_t)(1u << k));
    }
    x->seeker.data[i].first_part = first;
    x->seeker.data[i].n_parts = x->seeker.n - first;
}

/* Either the whole of a link looks for a tag, or its parts do; who doesn't has none. */
static void let_parts_look(struct asking *x, uint32_t whole, bool parts)
{
    const struct seeker q = x->seeker.data[whole];
    x->seeker.data[whole].waits = parts;
    for (uint32_t i = q.first_part; i < q.first_part + q.n_parts; i++) {
        x->seeker.data[i].waits = !parts;
        if (!parts)
            set_tag(x, i, D2_TAGS);
    }
}

static bool parts_have_tags(const struct asking *x, const struct seeker *q)
{
    bool all = true;
    for (uint32_t i = q->first_part; i < q->first_part + q->n_parts; i++)
        all = all && x->seeker.data[i].tag != D2_TAGS;
    return all;
}

static void find_all(struct asking *x)
{
    const double exact = 1e-5; /* some roundings of a float32 */
    const uint32_t n_whole = x->seeker.n;
    find_tags(x, exact);
    for (uint32_t i = 0; i < n_whole; i++) {
        if (x->seeker.data[i].tag != D2_TAGS || d2_count_cores(x->seeker.data[i].cores) == 1)
            continue;
        add_parts(x, i);
        let_parts_look(x, i, true);
    }
    find_tags(x, exact);
    for (uint32_t i = 0; i < n_whole; i++) {
        if (x->seeker.data[i].n_parts > 0 && !parts_have_tags(x, &x->seeker.data[i]))
            let_parts_look(x, i, false);
    }
    find_tags(x, INFINITY);
    for (uint32_t i = 0; i < n_whole; i++) {
        const struct seeker *q = &x->seeker.data[i];
        if (q->n_parts > 0 && !q->waits && q->tag == D2_TAGS)
            let_parts_look(x, i, true);
    }
    find_tags(x, exact);
    find_tags(x, INFINITY);
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
    x.hears = arena_alloc(r->a, D2_TAGS * sizeof *x.hears);
    x.owner = arena_alloc(r->a, D2_TAGS * sizeof *x.owner);
    x.tried = ARENA_ARRAY(r->a, bool, D2_TAGS);
    count_hears(&x, link[0].chip);
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < D2_CORES; k++)
            link[i].tag[k] = D2_TAGS;
        add_seeker(&x, i, link[i].cores);
    }
    find_all(&x);
    for (uint32_t i = 0; i < x.seeker.n; i++) {
        const struct seeker *q = &x.seeker.data[i];
        for (uint32_t k = 0; q->tag != D2_TAGS && k < D2_CORES; k++) {
            if (q->cores >> k & 1)
                link[q->link].tag[k] = q->tag;
        }
        if (q->tag != D2_TAGS)
            d2_tags_take(tags, q->tag, q->cores);
    }
    keep_free(r, link[0].chip, tags);
}
