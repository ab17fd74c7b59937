/* Why a network can't fit: counts that no mapping can change. Sources with equal rows may share
 * tags and CAM entries, so they count as one where these are counted. */
#include "targets/dynapse2/profile.h"
#include "tests/checker_dynapse2_parts.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct place { /* of a neuron that is placed by hand */
    bool given;
    uint32_t chip, core, index; /* 1 + index; 0: any */
};

struct room {
    struct arena a;
    const struct net *asked, *weights;
    const struct board *board;
    struct buf *out;
    uint32_t columns, rows, n_neurons, n_sources, n_channels;
    uint32_t *first, *first_channel;
    struct place *place;
    bool *wanted;    /* of each layer: the host wants its spikes */
    uint32_t *alike; /* as find_alike() has it */
};

static bool no(struct room *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static bool no(struct room *r, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    buf_clear(r->out);
    buf_vprintf(r->out, fmt, ap);
    va_end(ap);
    return true;
}

static void begin(struct room *r)
{
    const struct net *n = r->asked;
    r->first = ARENA_ARRAY(&r->a, uint32_t, n->layer.n + 1);
    r->first_channel = ARENA_ARRAY(&r->a, uint32_t, n->input.n + 1);
    r->wanted = ARENA_ARRAY(&r->a, bool, n->layer.n);
    for (uint32_t i = 0; i < n->input.n; i++) {
        r->first_channel[i] = r->n_channels;
        r->n_channels += n->input.data[i].n;
    }
    for (uint32_t i = 0; i < n->layer.n; i++) {
        r->first[i] = r->n_neurons;
        r->n_neurons += n->layer.data[i].n;
    }
    r->n_sources = r->n_channels + r->n_neurons;
    r->place = ARENA_ARRAY(&r->a, struct place, r->n_neurons);
    for (uint32_t i = 0; i < r->board->core.n; i++) {
        const struct board_core *c = &r->board->core.data[i];
        for (uint32_t j = 0; j < c->neuron.n; j++) {
            const struct board_neuron *x = &c->neuron.data[j];
            if (x->layer >= 0)
                r->place[r->first[x->layer] + x->element] =
                    (struct place){true, c->chip, c->core, 1 + x->index};
        }
    }
    for (uint32_t i = 0; i < r->board->place.n; i++) {
        const struct board_place *p = &r->board->place.data[i];
        for (uint32_t e = 0; e < p->count; e++)
            r->place[r->first[p->layer] + p->first + e] = (struct place){true, p->chip, p->core, 0};
    }
    for (uint32_t i = 0; i < n->output.n; i++)
        r->wanted[n->output.data[i]] = true;
    for (uint32_t i = 0; i < n->record.n; i++) {
        if (n->record.data[i].state < 0)
            r->wanted[n->record.data[i].layer] = true;
    }
}

/* ---- neurons ---- */

/* Neurons that may still be placed in a core: those by index and strangers are there. */
static uint32_t free_neurons(const struct room *r, uint32_t chip, uint32_t core)
{
    uint32_t n = d2_usable_neurons(r->board, chip, core);
    const struct board_core *c = board_find_core(r->board, chip, core);
    for (uint32_t j = 0; c && j < c->neuron.n; j++)
        n -= !d2_neuron_is_dead(r->board, chip, core, c->neuron.data[j].index);
    return n;
}

static bool too_many_neurons(struct room *r)
{
    uint64_t room = 0, need = r->n_neurons;
    for (uint32_t i = 0; i < r->columns * r->rows * 4; i++)
        room += free_neurons(r, i / 4, i % 4);
    for (uint32_t i = 0; i < r->board->core.n; i++) {
        for (uint32_t j = 0; j < r->board->core.data[i].neuron.n; j++)
            need -= r->board->core.data[i].neuron.data[j].layer >= 0;
    }
    if (need > room)
        return no(r, "neurons: %u to be placed, room for %u", (uint32_t)need, (uint32_t)room);
    for (uint32_t i = 0; i < r->columns * r->rows * 4; i++) {
        uint32_t here = 0;
        for (uint32_t p = 0; p < r->board->place.n; p++) {
            const struct board_place *w = &r->board->place.data[p];
            here += w->chip * 4 + w->core == i ? w->count : 0;
        }
        if (here > free_neurons(r, i / 4, i % 4))
            return no(r, "neurons: %u by hand on chip %u core %u", here, i / 4, i % 4);
    }
    return false;
}

/* ---- synapses ---- */

struct pair {
    uint32_t from, to;
};

static int by_pair(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return (x->to > y->to) - (x->to < y->to);
}

struct heard { /* a synapse of a source */
    uint32_t source, post, receptor;
    float weight;
};

static int by_source(const void *a, const void *b)
{
    const struct heard *x = a, *y = b;
    const uint32_t p[] = {x->source, x->post, x->receptor};
    const uint32_t q[] = {y->source, y->post, y->receptor};
    for (uint32_t i = 0; i < 3; i++) {
        if (p[i] != q[i])
            return p[i] < q[i] ? -1 : 1;
    }
    return (x->weight > y->weight) - (x->weight < y->weight);
}

struct row { /* of a source */
    const struct heard *v;
    uint32_t n;
};

static int by_row(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    if (x->n != y->n)
        return x->n < y->n ? -1 : 1;
    for (uint32_t i = 0; i < x->n; i++) {
        struct heard other = y->v[i];
        other.source = x->v[i].source;
        int order = by_source(&x->v[i], &other);
        if (order != 0)
            return order;
    }
    return 0;
}

/* Of each source one with the same row, the same for all of them. */
static uint32_t *find_alike(struct room *r)
{
    VEC(struct heard) v = {0};
    VEC(struct row) rows = {0};
    uint32_t *alike = ARENA_ARRAY(&r->a, uint32_t, r->n_sources);
    for (uint32_t i = 0; i < r->weights->connection.n; i++) {
        const struct net_connection *c = &r->weights->connection.data[i];
        uint32_t first =
            c->from_input ? r->first_channel[c->src] : r->n_channels + r->first[c->src];
        for (uint32_t pre = 0; pre < c->n_pre; pre++) {
            for (uint64_t s = c->row[pre]; s < c->row[pre + 1]; s++)
                VEC_PUSH(&r->a, &v,
                         ((struct heard){first + pre, r->first[c->dst] + c->post[s], c->receptor,
                                         c->weight[s]}));
        }
    }
    if (v.n > 1)
        qsort(v.data, v.n, sizeof *v.data, by_source);
    for (uint32_t i = 0, j; i < v.n; i = j) {
        for (j = i; j < v.n && v.data[j].source == v.data[i].source; j++) {
        }
        VEC_PUSH(&r->a, &rows, ((struct row){&v.data[i], j - i}));
    }
    if (rows.n > 1)
        qsort(rows.data, rows.n, sizeof *rows.data, by_row);
    for (uint32_t i = 0, first = 0; i < rows.n; i++) {
        first = by_row(&rows.data[first], &rows.data[i]) == 0 ? first : i;
        alike[rows.data[i].v->source] = rows.data[first].v->source;
    }
    return alike;
}

/* Sources and the neurons that hear them; with `reverse` the other way round, with a receptor. Each
 * pair once, in ascending order; `alike`: those that are count as one, NULL: they don't. */
static struct pair *pairs(struct room *r, bool reverse, const uint32_t *alike, uint32_t *n_out)
{
    VEC(struct pair) v = {0};
    for (uint32_t i = 0; i < r->weights->connection.n; i++) {
        const struct net_connection *c = &r->weights->connection.data[i];
        uint32_t first =
            c->from_input ? r->first_channel[c->src] : r->n_channels + r->first[c->src];
        for (uint32_t pre = 0; pre < c->n_pre; pre++) {
            uint32_t source = alike ? alike[first + pre] : first + pre;
            for (uint64_t s = c->row[pre]; s < c->row[pre + 1]; s++) {
                uint32_t post = r->first[c->dst] + c->post[s];
                struct pair p = reverse ? (struct pair){post, source * 4 + c->receptor}
                                        : (struct pair){source, post};
                VEC_PUSH(&r->a, &v, p);
            }
        }
    }
    if (v.n > 1)
        qsort(v.data, v.n, sizeof *v.data, by_pair);
    uint32_t n = 0;
    for (uint32_t i = 0; i < v.n; i++) {
        if (n == 0 || by_pair(&v.data[n - 1], &v.data[i]) != 0)
            v.data[n++] = v.data[i];
    }
    *n_out = n;
    return v.data;
}

/* The most CAM entries that a neuron can have where it may be. */
static uint32_t most_cam(const struct room *r, uint32_t neuron)
{
    uint32_t most = 0;
    const struct place *p = &r->place[neuron];
    for (uint32_t c = 0; c < r->columns * r->rows * 4 && most < 64; c++) {
        for (uint32_t i = 0; i < 256 && most < 64; i++) {
            if ((!p->given || p->chip * 4 + p->core == c) &&
                (p->index ? p->index == 1 + i : !d2_neuron_is_dead(r->board, c / 4, c % 4, i))) {
                uint32_t n = d2_usable_cam(r->board, c / 4, c % 4, i);
                most = n > most ? n : most;
            }
        }
    }
    return most;
}

static bool too_much_cam(struct room *r)
{
    uint32_t n;
    const struct pair *p = pairs(r, true, r->alike, &n);
    for (uint32_t i = 0, j; i < n; i = j) {
        for (j = i; j < n && p[j].from == p[i].from; j++) {
        }
        if (j - i > most_cam(r, p[i].from))
            return no(r, "CAM: neuron %u hears %u sources", p[i].from, j - i);
    }
    /* Many neurons may need more than broken ones have. */
    uint32_t need[65] = {0}, have[65] = {0};
    for (uint32_t i = 0, j; i < n; i = j) {
        for (j = i; j < n && p[j].from == p[i].from; j++) {
        }
        need[j - i]++;
    }
    for (uint32_t c = 0; c < r->columns * r->rows * 4; c++) {
        for (uint32_t i = 0; i < 256; i++) {
            if (!d2_neuron_is_dead(r->board, c / 4, c % 4, i))
                have[d2_usable_cam(r->board, c / 4, c % 4, i)]++;
        }
    }
    for (uint32_t k = 64, needed = 0, there = 0; k > 0; k--) {
        needed += need[k];
        there += have[k];
        if (needed > there)
            return no(r, "CAM: %u neurons hear %u sources or more, %u have room", needed, k, there);
    }
    return false;
}

static bool reaches(const struct room *r, uint32_t from, uint32_t to)
{
    int x = (int)(to % r->columns) - (int)(from % r->columns);
    int y = (int)(to / r->columns) - (int)(from / r->columns);
    return abs(x) <= 7 && abs(y) <= 7 && !(x == -7 && y == -7);
}

static uint32_t layer_of(const struct room *r, uint32_t neuron)
{
    uint32_t l = 0;
    while (l + 1 < r->asked->layer.n && r->first[l + 1] <= neuron)
        l++;
    return l;
}

static bool wants_host(const struct room *r, uint32_t neuron)
{
    return r->wanted[layer_of(r, neuron)];
}

static bool too_many_chips(struct room *r)
{
    uint32_t n;
    const struct pair *p = pairs(r, false, NULL, &n);
    bool *seen = ARENA_ARRAY(&r->a, bool, r->columns * r->rows);
    uint64_t tags = 0;
    for (uint32_t i = 0, j; i < n; i = j) {
        uint32_t chips = 0, source = p[i].from;
        memset(seen, 0, r->columns * r->rows * sizeof *seen);
        for (j = i; j < n && p[j].from == source; j++) {
            const struct place *at = &r->place[p[j].to];
            if (!at->given)
                continue;
            chips += !seen[at->chip];
            seen[at->chip] = true;
            if (source < r->n_channels
                    ? !reaches(r, 0, at->chip)
                    : r->place[source - r->n_channels].given &&
                          !reaches(r, r->place[source - r->n_channels].chip, at->chip))
                return no(r, "hops: source %u to chip %u", source, at->chip);
        }
        tags += r->alike[source] == source ? (j - i + 255) / 256 : 0;
        if (source < r->n_channels)
            continue;
        uint32_t least = (j - i + 1023) / 1024;
        chips = chips > least ? chips : least;
        if (chips + wants_host(r, source - r->n_channels) > 4)
            return no(r, "SRAM: neuron %u is heard on %u chips", source - r->n_channels, chips);
    }
    if (tags > (uint64_t)r->columns * r->rows * 4 * 2048)
        return no(r, "tags: %u of all cores together", (uint32_t)tags);
    return false;
}

/* A core by hand whose neurons hear more sources than it has tags. */
static bool too_many_tags(struct room *r)
{
    uint32_t n;
    const struct pair *p = pairs(r, false, r->alike, &n);
    uint32_t *count = ARENA_ARRAY(&r->a, uint32_t, r->columns * r->rows * 4);
    uint32_t *last = ARENA_ARRAY(&r->a, uint32_t, r->columns * r->rows * 4);
    for (uint32_t i = 0; i < n; i++) {
        const struct place *at = &r->place[p[i].to];
        uint32_t core = at->chip * 4 + at->core;
        if (at->given && last[core] != p[i].from + 1) {
            last[core] = p[i].from + 1;
            if (++count[core] > 2048)
                return no(r, "tags: more than 2048 of chip %u core %u", at->chip, at->core);
        }
    }
    return false;
}

/* ---- the host, and the current of a weight of 1 ---- */

static bool host_out_of_reach(struct room *r)
{
    uint32_t wanted = 0, columns = r->columns < 7 ? r->columns : 7;
    for (uint32_t i = 0; i < r->n_neurons; i++) {
        if (!wants_host(r, i))
            continue;
        wanted++;
        if (r->place[i].given && r->place[i].chip % r->columns > 6)
            return no(r, "host: neuron %u is too far", i);
    }
    if (wanted > columns * 2047)
        return no(r, "host: %u neurons in %u columns", wanted, columns);
    return false;
}

bool checker_no_room(const struct net *asked, const struct net *weights, struct buf *out)
{
    static const struct board none = {.target = "dynapse2", .gain = 1};
    struct room r = {.asked = asked,
                     .weights = weights,
                     .board = asked->board ? asked->board : &none,
                     .out = out};
    r.columns = r.board->columns ? r.board->columns : 4;
    r.rows = r.board->columns ? r.board->rows : 1;
    begin(&r);
    r.alike = find_alike(&r);
    bool found = too_many_neurons(&r) || too_much_cam(&r) || too_many_chips(&r) ||
                 too_many_tags(&r) || host_out_of_reach(&r);
    arena_free(&r.a);
    return found;
}
