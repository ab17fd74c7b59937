/* Who sends: the sources of a network, what each is connected to, and which of them no neuron can
 * tell apart. */
#include "runtime/base/hash.h"
#include "targets/dynapse2/route.h"

/* ---- names and places ---- */

uint32_t d2_source_owner(const struct d2_route *r, uint32_t source, uint32_t *element)
{
    bool channel = d2_is_channel(r, source);
    const uint32_t *first = channel ? r->first_channel : r->sites.first;
    uint32_t lo = 0, n = channel ? r->n->input.n : r->n->layer.n;
    *element = channel ? source : source - r->n_channels;
    while (n > 1) { /* the last one that begins at or before it */
        uint32_t half = n / 2;
        if (first[lo + half] <= *element) {
            lo += half;
            n -= half;
        } else {
            n = half;
        }
    }
    *element -= first[lo];
    return channel ? lo : r->n->input.n + lo;
}

bool d2_is_by_hand(const struct d2_route *r, uint32_t source)
{
    return d2_is_channel(r, source) ? r->by_hand[source] != NULL
                                    : r->sites.at[source - r->n_channels].neuron->by_hand;
}

uint32_t d2_source_chip(const struct d2_route *r, uint32_t source)
{
    return d2_is_channel(r, source) ? 0 : r->sites.at[source - r->n_channels].core->chip;
}

const char *d2_source_name(const struct d2_route *r, uint32_t source)
{
    uint32_t element, i = d2_source_owner(r, source, &element);
    if (!d2_is_channel(r, source))
        return d2_neuron_name(&r->d->arena, r->n, i - r->n->input.n, element);
    struct buf b = {0};
    net_element_name(&b, r->n->input.data[i].name, r->n->input.data[i].shape, element);
    const char *s = arena_strdup(&r->d->arena, b.data);
    buf_free(&b);
    return s;
}

struct span d2_source_span(const struct d2_route *r, uint32_t source)
{
    uint32_t element, i = d2_source_owner(r, source, &element);
    return d2_is_channel(r, source) ? r->n->input.data[i].span
                                    : r->n->layer.data[i - r->n->input.n].span;
}

/* ---- connections by source ---- */

static uint32_t group_of(const struct d2_route *r, const struct net_connection *c)
{
    return c->from_input ? c->src : r->n->input.n + c->src;
}

static bool goes_before(const struct net_connection *a, const struct net_connection *b)
{
    return a->dst != b->dst ? a->dst < b->dst : a->receptor < b->receptor;
}

static void find_connections(struct d2_route *r)
{
    uint32_t n_groups = r->n->input.n + r->n->layer.n;
    uint32_t *first = ARENA_ARRAY(r->a, uint32_t, n_groups + 2);
    r->first_connection = first;
    r->connection = ARENA_ARRAY(r->a, uint32_t, r->n->connection.n);
    for (uint32_t i = 0; i < r->n->connection.n; i++)
        first[group_of(r, &r->n->connection.data[i]) + 2]++;
    for (uint32_t g = 2; g <= n_groups; g++)
        first[g] += first[g - 1];
    for (uint32_t i = 0; i < r->n->connection.n; i++) /* moves starts to where they belong */
        r->connection[first[group_of(r, &r->n->connection.data[i]) + 1]++] = i;
    for (uint32_t g = 0; g < n_groups; g++) {
        for (uint32_t i = first[g] + 1; i < first[g + 1]; i++) {
            uint32_t x = r->connection[i], at = i;
            for (; at > first[g] && goes_before(&r->n->connection.data[x],
                                                &r->n->connection.data[r->connection[at - 1]]);
                 at--)
                r->connection[at] = r->connection[at - 1];
            r->connection[at] = x;
        }
    }
}

/* ---- rows ---- */

struct d2_rows d2_rows_of(const struct d2_route *r, uint32_t source)
{
    uint32_t element;
    uint32_t g = d2_source_owner(r, source, &element);
    return (struct d2_rows){r, r->first_connection[g], r->first_connection[g + 1], element, NULL};
}

bool d2_next_row(struct d2_rows *x)
{
    while (x->at < x->end) {
        x->c = &x->r->n->connection.data[x->r->connection[x->at++]];
        if (x->c->row[x->pre] < x->c->row[x->pre + 1])
            return true;
    }
    return false;
}

static uint64_t hash_of(const struct d2_route *r, uint32_t source)
{
    uint64_t h = 0;
    for (struct d2_rows x = d2_rows_of(r, source); d2_next_row(&x);) {
        uint64_t begin = x.c->row[x.pre], n = x.c->row[x.pre + 1] - begin;
        const uint32_t key[] = {x.c->dst, x.c->receptor};
        h = hash_bytes(h, key, sizeof key);
        h = hash_bytes(h, &x.c->post[begin], n * sizeof *x.c->post);
        h = hash_bytes(h, &x.c->weight[begin], n * sizeof *x.c->weight);
    }
    return h;
}

static bool equal_rows(const struct d2_route *r, uint32_t p, uint32_t q)
{
    struct d2_rows x = d2_rows_of(r, p), y = d2_rows_of(r, q);
    for (;;) {
        bool more = d2_next_row(&x);
        if (d2_next_row(&y) != more)
            return false;
        if (!more)
            return true;
        uint64_t a = x.c->row[x.pre], b = y.c->row[y.pre], n = x.c->row[x.pre + 1] - a;
        if (x.c->dst != y.c->dst || x.c->receptor != y.c->receptor ||
            y.c->row[y.pre + 1] - b != n ||
            memcmp(&x.c->post[a], &y.c->post[b], n * sizeof *x.c->post) != 0 ||
            memcmp(&x.c->weight[a], &y.c->weight[b], n * sizeof *x.c->weight) != 0)
            return false;
    }
}

/* Whether an automatic source has a row; those without one have no tag to share. */
static bool has_row(const struct d2_route *r, uint32_t source)
{
    struct d2_rows x = d2_rows_of(r, source);
    return d2_next_row(&x) && !d2_is_by_hand(r, source);
}

void d2_share_rows(struct d2_route *r)
{
    size_t size = 64;
    while (size < (size_t)r->n_sources * 2)
        size *= 2;
    uint32_t *slot = ARENA_ARRAY(r->a, uint32_t, size); /* 1 + source */
    for (uint32_t s = 0; s < r->n_sources; s++) {
        if (!has_row(r, s))
            continue;
        size_t at = hash_of(r, s) & (size - 1);
        while (slot[at] && !equal_rows(r, slot[at] - 1, s))
            at = (at + 1) & (size - 1);
        if (slot[at]) {
            r->same[s] = slot[at] - 1;
            r->n_shared++;
        } else {
            slot[at] = s + 1;
        }
    }
}

/* ---- synapses by neuron ---- */

static void find_incoming(struct d2_route *r)
{
    uint64_t *first = ARENA_ARRAY(r->a, uint64_t, (size_t)r->n_neurons + 2);
    r->first_in = first;
    for (uint32_t i = 0; i < r->n->connection.n; i++) {
        const struct net_connection *c = &r->n->connection.data[i];
        for (uint64_t s = 0; s < c->row[c->n_pre]; s++)
            first[r->sites.first[c->dst] + c->post[s] + 2]++;
    }
    for (uint32_t i = 2; i <= r->n_neurons + 1; i++)
        first[i] += first[i - 1];
    r->in = ARENA_ARRAY(r->a, struct d2_incoming, first[r->n_neurons + 1]);
    for (uint32_t source = 0; source < r->n_sources; source++) {
        for (struct d2_rows x = d2_rows_of(r, source); d2_next_row(&x);) {
            const struct net_connection *c = x.c;
            for (uint64_t s = c->row[x.pre]; s < c->row[x.pre + 1]; s++)
                r->in[first[r->sites.first[c->dst] + c->post[s] + 1]++] = (struct d2_incoming){
                    source, (uint32_t)(c - r->n->connection.data), c->weight[s]};
        }
    }
}

bool d2_route_sources(struct d2_route *r)
{
    uint64_t n = 0;
    r->first_channel = ARENA_ARRAY(r->a, uint32_t, r->n->input.n + 1);
    for (uint32_t i = 0; i < r->n->input.n; i++) {
        n += r->n->input.data[i].n;
        if (n > D2_MAX_CHANNELS) {
            diag_add(r->d, E0601, r->n->input.data[i].span, "the inputs have more than %d channels",
                     D2_MAX_CHANNELS);
            return false;
        }
        r->first_channel[i + 1] = (uint32_t)n;
    }
    r->n_channels = (uint32_t)n;
    r->n_neurons = r->sites.first[r->n->layer.n];
    r->n_sources = r->n_channels + r->n_neurons;
    r->by_hand = ARENA_ARRAY(r->a, const struct board_input *, r->n_channels);
    for (uint32_t i = 0; i < r->n->board->input.n; i++) {
        const struct board_input *x = &r->n->board->input.data[i];
        r->by_hand[r->first_channel[x->input] + x->channel] = x;
    }
    r->same = ARENA_ARRAY(r->a, uint32_t, r->n_sources);
    for (uint32_t s = 0; s < r->n_sources; s++)
        r->same[s] = s;
    find_connections(r);
    find_incoming(r);
    return true;
}
