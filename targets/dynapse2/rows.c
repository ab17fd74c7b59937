#include "targets/dynapse2/rows.h"
#include "runtime/base/hash.h"
#include "targets/dynapse2/passes.h"

/* ---- sources ---- */

uint32_t d2_source_owner(const struct d2_rows *r, uint32_t source, uint32_t *element)
{
    bool channel = d2_is_channel(r, source);
    const uint32_t *first = channel ? r->first_channel : r->first_cell;
    uint32_t lo = 0, n = channel ? r->n->input.n : r->n_layers;
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

const char *d2_source_name(struct arena *a, const struct d2_rows *r, uint32_t source)
{
    uint32_t element, i = d2_source_owner(r, source, &element);
    if (!d2_is_channel(r, source))
        return d2_neuron_name(a, r->n, i - r->n->input.n, element);
    struct buf b = {0};
    net_element_name(&b, r->n->input.data[i].name, r->n->input.data[i].shape, element);
    const char *s = arena_strdup(a, b.data);
    buf_free(&b);
    return s;
}

struct span d2_source_span(const struct d2_rows *r, uint32_t source)
{
    uint32_t element, i = d2_source_owner(r, source, &element);
    return d2_is_channel(r, source) ? r->n->input.data[i].span
                                    : r->n->layer.data[i - r->n->input.n].span;
}

/* ---- connections by source ---- */

static uint32_t group_of(const struct d2_rows *r, const struct net_connection *c)
{
    return c->from_input ? c->src : r->n->input.n + c->src;
}

static bool goes_before(const struct net_connection *a, const struct net_connection *b)
{
    return a->dst != b->dst ? a->dst < b->dst : a->receptor < b->receptor;
}

static void find_connections(struct arena *a, struct d2_rows *r)
{
    uint32_t n_groups = r->n->input.n + r->n->layer.n;
    uint32_t *first = ARENA_ARRAY(a, uint32_t, n_groups + 2);
    r->first = first;
    r->connection = ARENA_ARRAY(a, uint32_t, r->n->connection.n);
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

bool d2_rows_init(struct arena *a, const struct net *n, struct d2_rows *out, struct diags *d)
{
    uint64_t channels = 0;
    *out = (struct d2_rows){.n = n,
                            .n_layers = n->layer.n,
                            .first_channel = ARENA_ARRAY(a, uint32_t, n->input.n + 1),
                            .first_cell = ARENA_ARRAY(a, uint32_t, n->layer.n + 1)};
    for (uint32_t i = 0; i < n->input.n; i++) {
        channels += n->input.data[i].n;
        if (channels > D2_MAX_CHANNELS) {
            diag_add(d, E0601, n->input.data[i].span, "the inputs have more than %d channels",
                     D2_MAX_CHANNELS);
            return false;
        }
        out->first_channel[i + 1] = (uint32_t)channels;
    }
    for (uint32_t l = 0; l < n->layer.n; l++)
        out->first_cell[l + 1] = out->first_cell[l] + n->layer.data[l].n;
    out->n_channels = (uint32_t)channels;
    out->n_cells = out->first_cell[n->layer.n];
    out->n_sources = out->n_channels + out->n_cells;
    find_connections(a, out);
    return true;
}

/* ---- rows ---- */

struct d2_row d2_row_of(const struct d2_rows *r, uint32_t source)
{
    uint32_t element;
    uint32_t g = d2_source_owner(r, source, &element);
    return (struct d2_row){r, r->first[g], r->first[g + 1], element, NULL};
}

bool d2_row_next(struct d2_row *x)
{
    while (x->at < x->end) {
        x->c = &x->rows->n->connection.data[x->rows->connection[x->at++]];
        if (x->c->row[x->pre] < x->c->row[x->pre + 1])
            return true;
    }
    return false;
}

static uint64_t hash_of(const struct d2_rows *r, uint32_t source)
{
    uint64_t h = 0;
    for (struct d2_row x = d2_row_of(r, source); d2_row_next(&x);) {
        uint64_t begin = x.c->row[x.pre], n = x.c->row[x.pre + 1] - begin;
        const uint32_t key[] = {x.c->dst, x.c->receptor};
        h = hash_bytes(h, key, sizeof key);
        h = hash_bytes(h, &x.c->post[begin], n * sizeof *x.c->post);
        h = hash_bytes(h, &x.c->weight[begin], n * sizeof *x.c->weight);
    }
    return h;
}

static bool equal_rows(const struct d2_rows *r, uint32_t p, uint32_t q)
{
    struct d2_row x = d2_row_of(r, p), y = d2_row_of(r, q);
    for (;;) {
        bool more = d2_row_next(&x);
        if (d2_row_next(&y) != more)
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

uint32_t d2_same_rows(struct arena *a, const struct d2_rows *r, const bool *skip, uint32_t *same)
{
    size_t size = 64;
    uint32_t n = 0;
    while (size < (size_t)r->n_sources * 2)
        size *= 2;
    uint32_t *slot = ARENA_ARRAY(a, uint32_t, size); /* 1 + source */
    for (uint32_t s = 0; s < r->n_sources; s++) {
        struct d2_row x = d2_row_of(r, s);
        same[s] = s;
        if (skip[s] || !d2_row_next(&x))
            continue;
        size_t at = hash_of(r, s) & (size - 1);
        while (slot[at] && !equal_rows(r, slot[at] - 1, s))
            at = (at + 1) & (size - 1);
        if (slot[at])
            same[s] = slot[at] - 1;
        else
            slot[at] = s + 1;
        n += same[s] != s;
    }
    return n;
}
