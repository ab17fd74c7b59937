/* The pass `split`, only with --split: a neuron that needs more CAM entries than it has gets relays
 * (relay.h) that stand for several of its sources each.
 *
 * Sources with equal rows share an entry first (rows.h). Such stay together: behind the same relay,
 * or all heard by the neuron itself, so that their rows are equal in the end as well.
 *
 * Of the sources of one sign at one receptor those whose weights are nearest to each other share a
 * relay, and get the mean. Neurons that would put the same sources together share the relay. A
 * relay merges what arrives in one step and, if it is the neuron of the chip, misses what arrives
 * in the step after its spike, so each carries as few sources as the board has room for. */
#include "targets/dynapse2/split.h"
#include "runtime/base/hash.h"
#include "targets/dynapse2/passes.h"
#include "targets/dynapse2/profile.h"
#include "targets/dynapse2/quantize.h"
#include "targets/dynapse2/relay.h"
#include "targets/dynapse2/rows.h"
#include <math.h>
#include <stdlib.h>

/* Sources of a relay: as few as there is room for. */
static const uint32_t sizes[] = {4, 8, 16, 32, D2_CAM};
enum { N_SIZES = sizeof sizes / sizeof sizes[0] };

static const uint32_t NONE = UINT32_MAX;

struct group { /* of sources behind one relay, each with those that have its entries:
                  source[first .. first + n) */
    uint32_t first, n;
};

struct link { /* from a relay to a neuron of the layer */
    uint32_t receptor, relay, post;
    float weight;
};

struct behind { /* a synapse that goes behind a relay */
    uint32_t connection;
    uint64_t at;
};

/* What becomes of one layer. */
struct layer_plan {
    uint32_t layer;
    uint32_t n_neurons, most_need; /* that need too many entries, and how many */
    uint32_t n_sources;            /* that the layer hears afterwards, relays among them */
    double largest;                /* change of a weight */
    double scale;                  /* the largest weight */
    VEC(struct group) relay;
    VEC(uint32_t) source;
    VEC(struct link) link;
    VEC(struct behind) behind;
    uint64_t n_behind;   /* with those of sources that have the entries of others */
    uint32_t n_together; /* sources of one relay, at most */
    struct map64 known;  /* relays by the hash of their sources */
};

struct split {
    struct net *n;
    struct target_report *report;
    struct diags *d;
    struct arena *a; /* as long as the pass */
    struct d2_rows rows;
    struct d2_sites sites;
    uint32_t usable;     /* CAM entries of a neuron that has no place */
    uint32_t *need;      /* entries of each neuron */
    uint32_t *same;      /* of each source: the one that has its entries, itself as a rule */
    uint32_t *next;      /* of each source: the next that has the same one's; NONE: the last */
    VEC(uint32_t) layer; /* with neurons that need too many */
};

/* ---- what is needed ---- */

/* Entries that neurons have which have most of them: those that have fewer can be left to others.
 */
static uint32_t usable_cam(const struct board *b)
{
    enum { MOST = D2_CAM * 3 / 4 };
    uint32_t least = D2_CAM;
    for (uint32_t i = 0; b && i < b->profile.n; i++) {
        for (uint32_t k = 0; k < D2_CORES * D2_NEURONS; k++) {
            uint32_t core = k / D2_NEURONS, index = k % D2_NEURONS;
            uint32_t have = d2_usable_cam(b, b->profile.data[i].chip, core, index);
            if (have >= MOST && have < least &&
                !d2_neuron_is_dead(b, b->profile.data[i].chip, core, index))
                least = have;
        }
    }
    return least;
}

/* 0: its entries are given by hand. */
static uint32_t have(const struct split *x, uint32_t cell)
{
    struct d2_site at = x->sites.at[cell];
    if (!at.neuron)
        return x->usable;
    if (at.neuron->given & BOARD_CAM)
        return 0;
    return d2_usable_cam(x->n->board, at.core->chip, at.core->core, at.neuron->index);
}

static bool is_crowded(const struct split *x, uint32_t cell)
{
    return have(x, cell) > 0 && x->need[cell] > have(x, cell);
}

/* Entries that neurons need. */
static void count_need(struct split *x)
{
    memset(x->need, 0, x->rows.n_cells * sizeof *x->need);
    for (uint32_t source = 0; source < x->rows.n_sources; source++) {
        for (struct d2_row r = d2_row_of(&x->rows, source);
             x->same[source] == source && d2_row_next(&r);) {
            for (uint64_t s = r.c->row[r.pre]; s < r.c->row[r.pre + 1]; s++)
                x->need[x->rows.first_cell[r.c->dst] + r.c->post[s]]++;
        }
    }
}

/* Where entries by hand are fewer than sources, these share them too. */
static bool is_short(const struct split *x, uint32_t cell)
{
    const struct board_neuron *y = x->sites.at[cell].neuron;
    return y && (y->given & BOARD_CAM) ? x->need[cell] > y->cam.n : is_crowded(x, cell);
}

static void find_need(struct split *x)
{
    bool *few = ARENA_ARRAY(x->a, bool, x->rows.n_cells), any = false;
    x->need = ARENA_ARRAY(x->a, uint32_t, x->rows.n_cells);
    x->same = ARENA_ARRAY(x->a, uint32_t, x->rows.n_sources);
    x->next = ARENA_ARRAY(x->a, uint32_t, x->rows.n_sources);
    for (uint32_t s = 0; s < x->rows.n_sources; s++)
        x->same[s] = s;
    count_need(x);
    for (uint32_t c = 0; c < x->rows.n_cells; c++) {
        few[c] = is_short(x, c);
        any = any || few[c];
    }
    if (any && d2_same_rows(x->a, &x->rows, few, x->same) > 0)
        count_need(x);
    memset(x->next, 0xff, x->rows.n_sources * sizeof *x->next);
    for (uint32_t s = x->rows.n_sources; s-- > 0;) {
        uint32_t *first = &x->next[x->same[s]];
        if (x->same[s] == s)
            continue;
        x->next[s] = *first;
        *first = s;
    }
    for (uint32_t l = 0; l < x->n->layer.n; l++) {
        bool crowded = false;
        for (uint32_t e = x->rows.first_cell[l]; e < x->rows.first_cell[l + 1]; e++)
            crowded = crowded || is_crowded(x, e);
        if (crowded)
            VEC_PUSH(x->a, &x->layer, l);
    }
}

/* ---- the plan of a layer ---- */

/* The entries of the layer's crowded neurons: entry[first[e] .. first[e + 1]). */
struct entries {
    uint64_t *first;
    struct d2_entry *entry;
};

/* The source, and those that have its entries. */
static uint32_t count_together(const struct split *x, uint32_t source)
{
    uint32_t n = 0;
    for (; source != NONE; source = x->next[source])
        n++;
    return n;
}

static struct entries find_entries(const struct split *x, uint32_t layer, struct arena *a)
{
    uint32_t cell = x->rows.first_cell[layer], n = x->n->layer.data[layer].n;
    struct entries e = {ARENA_ARRAY(a, uint64_t, (size_t)n + 1), NULL};
    uint64_t *end = ARENA_ARRAY(a, uint64_t, n);
    for (uint32_t i = 0; i < n; i++)
        e.first[i + 1] = e.first[i] + (is_crowded(x, cell + i) ? x->need[cell + i] : 0);
    memcpy(end, e.first, n * sizeof *end);
    e.entry = ARENA_ARRAY(a, struct d2_entry, e.first[n]);
    for (uint32_t i = 0; i < x->n->connection.n; i++) {
        const struct net_connection *c = &x->n->connection.data[i];
        uint32_t source = c->from_input ? x->rows.first_channel[c->src]
                                        : x->rows.n_channels + x->rows.first_cell[c->src];
        for (uint32_t pre = 0; c->dst == layer && pre < c->n_pre; pre++, source++) {
            uint32_t together = x->same[source] == source ? count_together(x, source) : 0;
            for (uint64_t s = c->row[pre]; together > 0 && s < c->row[pre + 1]; s++) {
                uint32_t post = c->post[s], class = 2 * c->receptor + (c->weight[s] < 0);
                if (e.first[post + 1] > e.first[post])
                    e.entry[end[post]++] =
                        (struct d2_entry){class, source, together, c->weight[s], i, s};
            }
        }
    }
    return e;
}

static int by_number(const void *x, const void *y)
{
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return (a > b) - (a < b);
}

/* The relay of these sources; a new one where there is none yet. */
static uint32_t relay_of(struct split *x, struct layer_plan *p, const struct d2_entry *entry,
                         uint32_t n)
{
    uint32_t source[D2_CAM];
    int fresh;
    for (uint32_t i = 0; i < n; i++)
        source[i] = entry[i].source;
    qsort(source, n, sizeof *source, by_number);
    uint32_t r =
        map64_put(&p->known, hash_bytes(n, source, n * sizeof *source), p->relay.n, &fresh);
    if (!fresh && p->relay.data[r].n == n &&
        memcmp(&p->source.data[p->relay.data[r].first], source, n * sizeof *source) == 0)
        return r;
    VEC_PUSH(x->a, &p->relay, ((struct group){p->source.n, n}));
    for (uint32_t i = 0; i < n; i++)
        VEC_PUSH(x->a, &p->source, source[i]);
    return p->relay.n - 1;
}

static void put_behind(struct split *x, struct layer_plan *p, uint32_t post,
                       const struct d2_entry *entry, const struct d2_window *w)
{
    uint32_t relay = relay_of(x, p, &entry[w->first], w->n), together = 0;
    VEC_PUSH(x->a, &p->link, ((struct link){entry[w->first].class / 2, relay, post, w->weight}));
    for (uint32_t i = w->first; i < w->first + w->n; i++) {
        p->largest = fmax(p->largest, fabs((double)entry[i].weight - (double)w->weight));
        VEC_PUSH(x->a, &p->behind, ((struct behind){entry[i].connection, entry[i].at}));
        together += entry[i].together;
    }
    p->n_behind += together;
    p->n_together = together > p->n_together ? together : p->n_together;
}

/* False: a neuron needs more than all of its entries and relays can be. */
static bool plan_layer(struct split *x, uint32_t layer, uint32_t most, struct layer_plan *p)
{
    struct arena scratch = {0};
    struct entries e = find_entries(x, layer, &scratch);
    uint32_t n = x->n->layer.data[layer].n;
    bool *heard = ARENA_ARRAY(&scratch, bool, x->rows.n_sources), ok = true;
    *p = (struct layer_plan){.layer = layer};
    map64_init(&p->known, x->a);
    for (uint32_t i = 0; i < n && ok; i++) {
        struct d2_entry *entry = &e.entry[e.first[i]];
        uint32_t need = (uint32_t)(e.first[i + 1] - e.first[i]);
        struct d2_window *w;
        if (need == 0)
            continue;
        uint32_t n_windows = d2_choose_windows(&scratch, entry, need,
                                               have(x, x->rows.first_cell[layer] + i), most, &w);
        ok = n_windows > 0;
        p->n_neurons++;
        p->most_need = need > p->most_need ? need : p->most_need;
        for (uint32_t k = 0, at = 0; k < n_windows; k++) {
            for (; at < w[k].first; at++)
                heard[entry[at].source] = true;
            put_behind(x, p, i, entry, &w[k]);
            at += w[k].n;
            for (; k + 1 == n_windows && at < need; at++)
                heard[entry[at].source] = true;
        }
        for (uint32_t k = 0; k < need; k++)
            p->scale = fmax(p->scale, fabs((double)entry[k].weight));
    }
    p->n_sources = p->relay.n;
    for (uint32_t s = 0; s < x->rows.n_sources; s++)
        p->n_sources += heard[s];
    arena_free(&scratch);
    return ok;
}

/* ---- all layers ---- */

static uint32_t usable_neurons(const struct board *b)
{
    uint32_t n = 0, cores = (b ? d2_grid_chips(d2_grid_of(b)) : D2_STACK) * D2_CORES;
    for (uint32_t h = 0; h < cores; h++)
        n += b ? d2_usable_neurons(b, h / D2_CORES, h % D2_CORES) : D2_NEURONS;
    return n;
}

/* Whether the board has plenty of neurons, and the cores of each layer of tags. */
static bool has_room(const struct split *x, const struct layer_plan *plan)
{
    uint64_t n = x->rows.n_cells;
    bool ok = true;
    for (uint32_t i = 0; i < x->layer.n; i++) {
        uint64_t cores = (x->n->layer.data[plan[i].layer].n + D2_NEURONS - 1) / D2_NEURONS;
        n += plan[i].relay.n;
        ok = ok && plan[i].n_sources <= cores * D2_TAGS;
    }
    return ok && n <= (uint64_t)usable_neurons(x->n->board) * 3 / 4;
}

/* The plans of all layers, with as few sources behind a relay as there is room for. NULL: there is
 * a neuron that can't be split. */
static struct layer_plan *make_plans(struct split *x)
{
    struct layer_plan *plan = ARENA_ARRAY(x->a, struct layer_plan, x->layer.n);
    bool ok = false;
    for (uint32_t k = 0; k < N_SIZES; k++) {
        ok = true;
        for (uint32_t i = 0; i < x->layer.n && ok; i++)
            ok = plan_layer(x, x->layer.data[i], sizes[k], &plan[i]);
        if (ok && has_room(x, plan))
            break;
    }
    return ok ? plan : NULL;
}

static void say_too_many(const struct split *x)
{
    uint32_t worst = 0, element;
    for (uint32_t c = 1; c < x->rows.n_cells; c++)
        worst = x->need[c] > x->need[worst] ? c : worst;
    uint32_t l = d2_source_owner(&x->rows, x->rows.n_channels + worst, &element) - x->n->input.n;
    struct diag *g = diag_add(
        x->d, E0601, x->n->layer.data[l].span,
        "`%s` has %u incoming connections after merging, a neuron has %d CAM entries, and helper "
        "neurons as many",
        d2_neuron_name(&x->d->arena, x->n, l, element), x->need[worst], D2_CAM);
    diag_hint(x->d, g, "at most %d of one sign at one receptor: %d helpers with %d sources each",
              D2_CAM * D2_CAM, D2_CAM, D2_CAM);
}

/* ---- the new network ---- */

struct pair {
    uint32_t owner, pre, relay; /* owner: the input, or the number of inputs plus the layer */
};

static int by_owner(const void *x, const void *y)
{
    const struct pair *p = x, *q = y;
    if (p->owner != q->owner)
        return p->owner < q->owner ? -1 : 1;
    if (p->pre != q->pre)
        return p->pre < q->pre ? -1 : 1;
    return (p->relay > q->relay) - (p->relay < q->relay);
}

static int by_receptor(const void *x, const void *y)
{
    const struct link *p = x, *q = y;
    if (p->receptor != q->receptor)
        return p->receptor < q->receptor ? -1 : 1;
    if (p->relay != q->relay)
        return p->relay < q->relay ? -1 : 1;
    return (p->post > q->post) - (p->post < q->post);
}

/* The first connection from an owner to the layer: where the user finds what became of it. */
static struct span span_of(const struct split *x, uint32_t owner, uint32_t layer)
{
    for (uint32_t i = 0; i < x->n->connection.n; i++) {
        const struct net_connection *c = &x->n->connection.data[i];
        if (c->dst == layer && (c->from_input ? c->src : x->n->input.n + c->src) == owner)
            return c->span;
    }
    return x->n->layer.data[layer].span;
}

/* Ends the rows that follow the row `pre` at the synapse k. */
static void end_rows(struct net_connection *c, uint32_t pre, uint64_t k)
{
    for (uint32_t i = pre; i < c->n_pre; i++)
        c->row[i + 1] = k;
}

static bool no_memory(struct split *x, uint32_t layer)
{
    diag_add(x->d, E0601, x->n->layer.data[layer].span, "no memory for the synapses of helpers");
    return false;
}

static bool connect_sources(struct split *x, const struct layer_plan *p, uint32_t helpers,
                            const struct d2_relay *r)
{
    VEC(struct pair) all = {0};
    uint32_t n_inputs = x->n->input.n;
    for (uint32_t relay = 0, k = 0; relay < p->relay.n; relay++) {
        for (uint32_t i = 0; i < p->relay.data[relay].n; i++, k++) {
            for (uint32_t s = p->source.data[k]; s != NONE; s = x->next[s]) {
                struct pair *y = VEC_ADD(x->a, &all);
                y->owner = d2_source_owner(&x->rows, s, &y->pre);
                y->relay = relay;
            }
        }
    }
    struct pair *pair = all.data;
    qsort(pair, all.n, sizeof *pair, by_owner);
    for (uint32_t begin = 0, end; begin < all.n; begin = end) {
        uint32_t owner = pair[begin].owner;
        bool input = owner < n_inputs;
        uint32_t src = input ? owner : owner - n_inputs;
        for (end = begin; end < all.n && pair[end].owner == owner;)
            end++;
        struct net_connection *c =
            net_add_connection(x->n, input, src, helpers, r->receptor, input ? 0 : 1,
                               input ? x->n->input.data[src].n : x->n->layer.data[src].n,
                               end - begin, span_of(x, owner, p->layer));
        if (!c)
            return no_memory(x, p->layer);
        for (uint32_t i = begin; i < end; i++) {
            c->post[i - begin] = pair[i].relay;
            c->weight[i - begin] = r->weight;
            end_rows(c, pair[i].pre, i - begin + 1);
        }
    }
    return true;
}

static bool connect_helpers(struct split *x, const struct layer_plan *p, uint32_t helpers)
{
    struct link *link = p->link.data;
    qsort(link, p->link.n, sizeof *link, by_receptor);
    for (uint32_t begin = 0, end; begin < p->link.n; begin = end) {
        for (end = begin; end < p->link.n && link[end].receptor == link[begin].receptor;)
            end++;
        struct net_connection *c =
            net_add_connection(x->n, false, helpers, p->layer, link[begin].receptor, 1, p->relay.n,
                               end - begin, x->n->layer.data[p->layer].span);
        if (!c)
            return no_memory(x, p->layer);
        for (uint32_t i = begin; i < end; i++) {
            c->post[i - begin] = link[i].post;
            c->weight[i - begin] = link[i].weight;
            end_rows(c, link[i].relay, i - begin + 1);
        }
    }
    return true;
}

static void report(const struct split *x, const struct layer_plan *p, uint32_t helpers,
                   const struct d2_relay *r)
{
    const struct target_helpers h = {
        .layer = x->n->layer.data[p->layer].name,
        .helpers = x->n->layer.data[helpers].name,
        .neurons = p->n_neurons,
        .n_helpers = p->relay.n,
        .synapses = p->n_behind,
        .sources = p->n_together,
        .largest_change = p->largest,
        .delay = 1,
        .period = r->period,
    };
    struct buf *t = &x->report->result;
    VEC_PUSH(x->n->arena, &x->report->helpers, h);
    buf_printf(t,
               "split: %u neuron%s of `%s` with up to %u incoming connections: %llu of these go "
               "through %u helper neuron%s `%s`",
               h.neurons, h.neurons == 1 ? "" : "s", h.layer, p->most_need,
               (unsigned long long)h.synapses, h.n_helpers, h.n_helpers == 1 ? "" : "s", h.helpers);
    if (h.largest_change > 0)
        buf_printf(t, ", which changes weights by up to %.3g (%.3g %% of the largest)",
                   h.largest_change, 100 * h.largest_change / p->scale);
    buf_printf(t, "; they arrive 1 step (%s) later\n", unit_text(&x->d->arena, x->n->dt, DIM_TIME));
    buf_printf(t,
               "split: a helper of `%s` takes an event of up to %u sources every %u steps: events "
               "of one step are one pulse, those in between are lost\n",
               h.layer, h.sources, h.period);
}

static bool apply(struct split *x, const struct layer_plan *p, const struct d2_relay *r)
{
    uint32_t helpers = d2_relay_layer(x->n, r, "split", p->layer, p->relay.n);
    if (!connect_sources(x, p, helpers, r) || !connect_helpers(x, p, helpers))
        return false;
    for (uint32_t i = 0; i < p->behind.n; i++)
        x->n->connection.data[p->behind.data[i].connection].weight[p->behind.data[i].at] = 0;
    report(x, p, helpers, r);
    return true;
}

/* What went behind relays, of sources that have the entries of others too. */
static void move_together(struct split *x)
{
    for (uint32_t s = 0; s < x->rows.n_sources; s++) {
        if (x->same[s] == s)
            continue;
        struct d2_row to = d2_row_of(&x->rows, s), from = d2_row_of(&x->rows, x->same[s]);
        while (d2_row_next(&to) && d2_row_next(&from)) {
            uint64_t a = to.c->row[to.pre], b = from.c->row[from.pre];
            for (uint64_t k = 0; a + k < to.c->row[to.pre + 1]; k++) {
                if (from.c->weight[b + k] == 0)
                    to.c->weight[a + k] = 0;
            }
        }
    }
}

static bool split_layers(struct split *x)
{
    const struct layer_plan *plan = make_plans(x);
    if (!plan) {
        say_too_many(x);
        return false;
    }
    struct d2_relay *r = ARENA_ARRAY(x->a, struct d2_relay, x->layer.n);
    bool ok = true;
    for (uint32_t i = 0; i < x->layer.n && ok; i++)
        ok = d2_relay_find(x->a, x->n, plan[i].layer, &r[i], x->d);
    for (uint32_t i = 0; i < x->layer.n && ok; i++)
        ok = apply(x, &plan[i], &r[i]);
    if (ok) {
        move_together(x);
        d2_drop_moved(x->n);
    }
    return ok;
}

/* Cores where helpers can stand: nobody does, and nothing is programmed by hand. */
static uint32_t free_cores(const struct board *b)
{
    uint32_t n = 0;
    for (uint32_t h = 0; h < d2_grid_chips(d2_grid_of(b)) * D2_CORES; h++) {
        const struct board_core *c = board_find_core(b, h / D2_CORES, h % D2_CORES);
        n += (!c || (c->neuron.n == 0 && c->bias.n == 0)) &&
             d2_usable_neurons(b, h / D2_CORES, h % D2_CORES) > 0;
    }
    return n;
}

bool d2_split_helps(struct net *n)
{
    struct arena scratch = {0};
    struct diags none = {0};
    struct split x = {.n = n, .d = &none, .a = &scratch, .usable = D2_CAM};
    bool ok = d2_rows_init(&scratch, n, &x.rows, &none);
    if (ok) {
        x.sites = d2_sites(&scratch, n);
        find_need(&x);
        const struct layer_plan *plan = make_plans(&x);
        uint32_t cores = 0;
        ok = plan != NULL;
        for (uint32_t i = 0; ok && i < x.layer.n; i++) {
            struct d2_relay r;
            ok = d2_relay_find(&scratch, n, plan[i].layer, &r, &none);
            cores += (plan[i].relay.n + D2_NEURONS - 1) / D2_NEURONS;
        }
        ok = ok && cores <= free_cores(n->board);
    }
    diags_free(&none);
    arena_free(&scratch);
    return ok;
}

bool d2_split(struct net *n, const struct target_options *o, struct target_report *r,
              struct diags *d)
{
    if (!o->split)
        return true;
    if (!d2_begin(n, o, d) || !d2_merge_connections(n, r, d))
        return false;
    struct arena scratch = {0};
    struct split x = {.n = n, .report = r, .d = d, .a = &scratch, .usable = usable_cam(n->board)};
    bool ok = d2_rows_init(&scratch, n, &x.rows, d);
    if (ok) {
        x.sites = d2_sites(&scratch, n);
        find_need(&x);
        ok = x.layer.n == 0 || split_layers(&x);
    }
    arena_free(&scratch);
    return ok;
}
