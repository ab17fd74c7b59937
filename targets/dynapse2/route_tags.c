/* Links and their tags, one chip after the other: what goes to many cores first, since a tag that
 * is free on all of them is rarest. */
#include "targets/dynapse2/route.h"

struct pending { /* a link on its way */
    uint32_t source, chip;
    uint16_t tag;
    uint8_t cores;
    bool by_hand, asked; /* its tag is given, or a CAM entry given by hand holds it */
};

struct tagging {
    struct d2_route *r;
    VEC(struct pending) link; /* by source, then chip */
    struct d2_tags tags;      /* of the chip in hand */
};

/* ---- which cores a source reaches ---- */

/* Links that are wanted, by the places of the synapses; `cores` and `chips` are scratch of a size
 * for all chips. */
static void link_row(struct tagging *t, uint32_t source, uint8_t *cores, uint32_t *chips)
{
    struct d2_route *r = t->r;
    uint32_t n = 0;
    for (struct d2_row x = d2_row_of(&r->rows, source); d2_row_next(&x);) {
        for (uint64_t s = x.c->row[x.pre]; s < x.c->row[x.pre + 1]; s++) {
            const struct board_core *at = r->sites.at[r->sites.first[x.c->dst] + x.c->post[s]].core;
            if (!cores[at->chip]) {
                uint32_t k = n++;
                for (; k > 0 && chips[k - 1] > at->chip; k--)
                    chips[k] = chips[k - 1];
                chips[k] = at->chip;
            }
            cores[at->chip] |= (uint8_t)(1u << at->core);
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        VEC_PUSH(r->a, &t->link,
                 ((struct pending){.source = source, .chip = chips[i], .cores = cores[chips[i]]}));
        cores[chips[i]] = 0;
    }
}

static void link_by_hand(struct tagging *t, uint32_t source)
{
    struct d2_route *r = t->r;
    uint32_t n, chip = d2_source_chip(r, source);
    const struct board_neuron *x = NULL;
    if (d2_is_channel(&r->rows, source)) {
        n = r->by_hand[source]->to.n;
    } else {
        x = r->sites.at[source - r->rows.n_channels].neuron;
        n = x->sram.n;
    }
    for (uint32_t i = 0; i < n; i++) {
        struct board_destination to;
        if (x) {
            const struct board_sram *s = &x->sram.data[i];
            to = (struct board_destination){s->tag, s->cores, s->x_hop, s->y_hop};
        } else {
            to = r->by_hand[source]->to.data[i];
        }
        int target = d2_hop_target(r->grid, chip, to.x_hop, to.y_hop);
        if (target >= 0)
            VEC_PUSH(r->a, &t->link,
                     ((struct pending){source, (uint32_t)target, to.tag, to.cores, true, false}));
    }
}

static void find_links(struct tagging *t)
{
    struct d2_route *r = t->r;
    uint32_t n_chips = d2_grid_chips(r->grid);
    uint8_t *cores = ARENA_ARRAY(r->a, uint8_t, n_chips);
    uint32_t *chips = ARENA_ARRAY(r->a, uint32_t, n_chips);
    for (uint32_t s = 0; s < r->rows.n_sources; s++) {
        if (d2_is_by_hand(r, s))
            link_by_hand(t, s);
        else if (r->same[s] == s)
            link_row(t, s, cores, chips);
    }
}

/* ---- tags ---- */

/* The core has more sources than tags. */
static void report_full(const struct tagging *t, uint32_t chip, uint32_t core)
{
    const struct d2_route *r = t->r;
    uint32_t need = 0, of_owner = 0, most = 0, worst = 0, before = UINT32_MAX, element;
    for (uint32_t i = 0; i < t->link.n; i++) {
        const struct pending *p = &t->link.data[i];
        if (p->chip != chip || !(p->cores >> core & 1))
            continue;
        uint32_t owner = d2_source_owner(&r->rows, p->source, &element);
        of_owner = owner == before ? of_owner + 1 : 1;
        before = owner;
        need++;
        if (of_owner > most) {
            most = of_owner;
            worst = p->source;
        }
    }
    struct diag *g = diag_add(r->d, E0601, r->n->span,
                              "chip %u core %u: its neurons hear %u sources, a core has %d tags",
                              chip, core, need, D2_TAGS);
    diag_label(r->d, g, d2_source_span(&r->rows, worst), "%u of them from here", most);
    diag_hint(r->d, g,
              "%u sources fewer, or neurons that hear different ones placed on different cores",
              need - D2_TAGS);
}

/* A tag for the link; more links where its cores have no free one in common. False: one of them has
 * none at all, *full. */
static bool choose_tags(struct tagging *t, uint32_t i, uint32_t *full)
{
    uint32_t left = t->link.data[i].cores;
    for (uint32_t at = i; left; at = t->link.n) {
        uint32_t cores = left;
        uint32_t tag = d2_tags_find_some(&t->tags, &cores);
        const struct pending whole = t->link.data[i];
        if (tag == D2_TAGS) {
            for (*full = whole.chip * D2_CORES; !(left & 1); left >>= 1)
                ++*full;
            return false;
        }
        if (at == t->link.n)
            VEC_PUSH(t->r->a, &t->link, whole);
        t->link.data[at].cores = (uint8_t)cores;
        t->link.data[at].tag = (uint16_t)tag;
        d2_tags_take(&t->tags, tag, cores);
        left &= ~cores;
    }
    return true;
}

/* Neurons that aren't of the network may fire all the same: the tags that they send to a chip. */
static void take_strangers(struct tagging *t, uint32_t chip)
{
    const struct board *b = t->r->n->board;
    for (uint32_t i = 0; i < b->core.n; i++) {
        const struct board_core *c = &b->core.data[i];
        for (uint32_t j = 0; j < c->neuron.n; j++) {
            const struct board_neuron *x = &c->neuron.data[j];
            for (uint32_t k = 0; x->layer < 0 && k < x->sram.n; k++) {
                const struct board_sram *s = &x->sram.data[k];
                if (d2_hop_target(t->r->grid, c->chip, s->x_hop, s->y_hop) == (int)chip)
                    d2_tags_take(&t->tags, s->tag, s->cores);
            }
        }
    }
}

static uint32_t bucket_of(const struct pending *p)
{
    return p->chip * (D2_CORES + 1) + (p->by_hand ? 0 : D2_CORES + 1 - d2_count_cores(p->cores));
}

/* The tags that CAM entries ask for on the cores of a link: a link for each. Cores that aren't
 * asked for remain the link's own. */
static void keep_asked(struct tagging *t, uint32_t i, const uint16_t tag[D2_CORES])
{
    struct pending one = t->link.data[i];
    uint8_t left = one.cores;
    one.asked = true;
    for (uint32_t k = 0; k < D2_CORES; k++) {
        if (!(left >> k & 1) || tag[k] == D2_TAGS)
            continue;
        one.tag = tag[k];
        one.cores = 0;
        for (uint32_t m = k; m < D2_CORES; m++)
            one.cores |= (uint8_t)((left >> m & 1 && tag[m] == tag[k]) << m);
        left &= (uint8_t)~one.cores;
        if (left == 0)
            t->link.data[i] = one;
        else
            VEC_PUSH(t->r->a, &t->link, one);
    }
    if (left != 0)
        t->link.data[i].cores = left;
}

/* The links of a chip whose tags are free to choose, order[from] to order[to - 1], ask those of CAM
 * entries given by hand. */
static void ask(struct tagging *t, const uint32_t *order, uint32_t from, uint32_t to)
{
    struct d2_asked *list = ARENA_ARRAY(t->r->a, struct d2_asked, to - from);
    for (uint32_t i = from; i < to; i++) {
        const struct pending *p = &t->link.data[order[i]];
        list[i - from] = (struct d2_asked){.source = p->source, .chip = p->chip, .cores = p->cores};
    }
    d2_route_ask(t->r, list, to - from, &t->tags);
    for (uint32_t i = from; i < to; i++)
        keep_asked(t, order[i], list[i - from].tag);
}

/* By chip; there what is given by hand first, then sets of 4, 3, 2 cores and single ones. */
static bool color(struct tagging *t, uint32_t *full)
{
    struct d2_route *r = t->r;
    uint32_t n = t->link.n, n_buckets = d2_grid_chips(r->grid) * (D2_CORES + 1);
    uint32_t *first = ARENA_ARRAY(r->a, uint32_t, n_buckets + 1);
    uint32_t *order = ARENA_ARRAY(r->a, uint32_t, n);
    for (uint32_t i = 0; i < n; i++)
        first[bucket_of(&t->link.data[i]) + 1]++;
    for (uint32_t b = 0; b < n_buckets; b++)
        first[b + 1] += first[b];
    for (uint32_t i = 0; i < n; i++)
        order[first[bucket_of(&t->link.data[i])]++] = i;
    uint32_t i = 0;
    while (i < n) {
        uint32_t chip = t->link.data[order[i]].chip, end = i;
        d2_tags_init(&t->tags);
        take_strangers(t, chip);
        for (; i < n && t->link.data[order[i]].chip == chip && t->link.data[order[i]].by_hand; i++)
            d2_tags_take(&t->tags, t->link.data[order[i]].tag, t->link.data[order[i]].cores);
        for (end = i; end < n && t->link.data[order[end]].chip == chip;)
            end++;
        ask(t, order, i, end);
        for (; i < end; i++) {
            if (!t->link.data[order[i]].asked && !choose_tags(t, order[i], full))
                return false;
        }
    }
    return true;
}

/* ---- results ---- */

static void keep_links(struct tagging *t)
{
    struct d2_route *r = t->r;
    uint32_t *first = ARENA_ARRAY(r->a, uint32_t, r->rows.n_sources + 2);
    r->first_link = first;
    r->link = ARENA_ARRAY(r->a, struct d2_link, t->link.n);
    for (uint32_t i = 0; i < t->link.n; i++)
        first[t->link.data[i].source + 2]++;
    for (uint32_t s = 2; s <= r->rows.n_sources; s++)
        first[s] += first[s - 1];
    for (uint32_t i = 0; i < t->link.n; i++) {
        const struct pending *p = &t->link.data[i];
        uint32_t at = first[p->source + 1]++;
        for (; at > first[p->source] && r->link[at - 1].chip > p->chip; at--)
            r->link[at] = r->link[at - 1];
        r->link[at] = (struct d2_link){p->chip, p->tag, p->cores};
    }
}

bool d2_route_tags(struct d2_route *r)
{
    struct tagging *t = ARENA_NEW(r->a, struct tagging);
    uint32_t full; /* a core */
    t->r = r;
    find_links(t);
    bool ok = color(t, &full);
    if (!ok) {
        d2_share_rows(r, NULL);
        t->link.n = 0;
        find_links(t);
        ok = color(t, &full);
    }
    if (!ok)
        report_full(t, full / D2_CORES, full % D2_CORES);
    else
        keep_links(t);
    return ok;
}

const struct d2_link *d2_find_link(const struct d2_route *r, uint32_t source, uint32_t chip,
                                   uint32_t core)
{
    uint32_t s = r->same[source];
    for (uint32_t i = r->first_link[s]; i < r->first_link[s + 1]; i++) {
        if (r->link[i].chip == chip && (r->link[i].cores >> core & 1))
            return &r->link[i];
    }
    return NULL;
}
