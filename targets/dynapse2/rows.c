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

struct sharing {
    const struct d2_rows *r;
    const bool *few; /* as d2_same_rows() has it */
    bool *by_hand;   /* of each source: its destinations are */
    bool *whole;     /* of each neuron: its CAM entries are, all that it needs */
};

static void find_hands(struct arena *a, struct sharing *x)
{
    const struct board *b = x->r->n->board;
    x->by_hand = ARENA_ARRAY(a, bool, x->r->n_sources);
    x->whole = ARENA_ARRAY(a, bool, x->r->n_cells);
    for (uint32_t i = 0; b && i < b->input.n; i++)
        x->by_hand[x->r->first_channel[b->input.data[i].input] + b->input.data[i].channel] = true;
    for (uint32_t i = 0; b && i < b->core.n; i++) {
        for (uint32_t k = 0; k < b->core.data[i].neuron.n; k++) {
            const struct board_neuron *y = &b->core.data[i].neuron.data[k];
            if (y->layer < 0)
                continue;
            uint32_t cell = x->r->first_cell[y->layer] + y->element;
            x->by_hand[x->r->n_channels + cell] = y->given & BOARD_SRAM;
            x->whole[cell] = (y->given & BOARD_CAM) && x->few && !x->few[cell];
        }
    }
}

static bool may_share(const struct sharing *x, uint32_t source)
{
    bool asked = !x->few, may = true;
    for (struct d2_row r = d2_row_of(x->r, source); may && d2_row_next(&r);) {
        for (uint64_t s = r.c->row[r.pre]; s < r.c->row[r.pre + 1]; s++) {
            uint32_t cell = x->r->first_cell[r.c->dst] + r.c->post[s];
            asked = asked || x->few[cell];
            may = may && !x->whole[cell];
        }
    }
    return may && asked;
}

/* Sources by their rows; slots hold 1 + source. */
struct row_set {
    uint32_t *slot;
    size_t size;
};

/* The source of the set that has the row; it becomes the source itself where there is none. */
static uint32_t add_row(struct row_set *x, const struct d2_rows *r, uint32_t source)
{
    size_t at = hash_of(r, source) & (x->size - 1);
    while (x->slot[at] && !equal_rows(r, x->slot[at] - 1, source))
        at = (at + 1) & (x->size - 1);
    if (!x->slot[at])
        x->slot[at] = source + 1;
    return x->slot[at] - 1;
}

uint32_t d2_same_rows(struct arena *a, const struct d2_rows *r, const bool *few, uint32_t *same)
{
    struct sharing x = {.r = r, .few = few};
    struct row_set set = {.size = 64};
    uint32_t n = 0;
    find_hands(a, &x);
    while (set.size < (size_t)r->n_sources * 2)
        set.size *= 2;
    set.slot = ARENA_ARRAY(a, uint32_t, set.size);
    for (uint32_t s = 0; s < r->n_sources; s++) {
        same[s] = s;
        if (x.by_hand[s] && may_share(&x, s))
            add_row(&set, r, s);
    }
    for (uint32_t s = 0; s < r->n_sources; s++) {
        struct d2_row row = d2_row_of(r, s);
        if (!x.by_hand[s] && d2_row_next(&row) && may_share(&x, s))
            same[s] = add_row(&set, r, s);
        n += same[s] != s;
    }
    return n;
}
