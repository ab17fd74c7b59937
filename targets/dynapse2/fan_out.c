/* The pass `relay`, only with --split: a neuron that is heard on more chips than it has SRAM
 * entries keeps those with most of its synapses; of the others up to four each hear a relay
 * (relay.h) that hears the neuron.
 *
 * A relay stands best on a chip that hears its neuron anyway: then it costs the neuron no entry. It
 * needs a core for relays: one that has some already, or one without neurons. */
#include "targets/dynapse2/passes.h"
#include "targets/dynapse2/profile.h"
#include "targets/dynapse2/quantize.h"
#include "targets/dynapse2/relay.h"
#include "targets/dynapse2/rows.h"
#include <stdlib.h>

/* What a core is to relays. Below 0; else the kind of relays that stand there. */
enum { CORE_FREE = -1, CORE_TAKEN = -2 };

struct heard { /* a chip where a neuron is heard */
    uint32_t chip, synapses;
    bool far; /* more hops away than there can be */
};

struct moved { /* a synapse that leaves from a relay */
    uint32_t dst, receptor, relay, post;
    float weight;
    struct span span;
};

struct helper {      /* a relay of the layer in hand */
    uint32_t source; /* element of the layer */
    uint32_t home;   /* its core: 4 * chip + core */
};

struct relays {
    struct net *n;
    struct target_report *report;
    struct diags *d;
    struct arena *a; /* as long as the pass */
    bool ask;        /* whether it can be done; nothing is */
    struct d2_grid grid;
    uint32_t n_chips;
    struct d2_rows rows;
    struct d2_sites sites; /* of the neurons that were there when the pass began */
    bool *wanted;          /* of each layer */
    VEC(struct d2_relay) kind;
    int32_t *core;  /* of each home: a kind, CORE_FREE or CORE_TAKEN */
    uint32_t *room; /* of each home: neurons that are free */
    /* of the layer in hand */
    uint32_t layer;
    uint32_t kind_of_layer;
    uint32_t n_neurons, most_chips;
    VEC(struct helper) helper;
    VEC(struct moved) moved;
};

/* ---- cores ---- */

/* The kind of relays that the core's neurons all are. */
static int32_t kind_of_core(const struct relays *x, const struct board_core *c)
{
    if (c->neuron.n == 0)
        return c->bias.n ? CORE_TAKEN : CORE_FREE; /* what is programmed by hand stays alone */
    for (uint32_t k = 0; k < x->kind.n; k++) {
        bool all = true;
        for (uint32_t i = 0; i < c->neuron.n && all; i++) {
            int32_t l = c->neuron.data[i].layer;
            all = l >= 0 && d2_is_relay(&x->kind.data[k], &x->n->layer.data[l]);
        }
        if (all)
            return (int32_t)k;
    }
    return CORE_TAKEN;
}

static void find_cores(struct relays *x)
{
    for (uint32_t h = 0; h < x->n_chips * D2_CORES; h++) {
        const struct board_core *c = board_find_core(x->n->board, h / D2_CORES, h % D2_CORES);
        uint32_t usable = d2_usable_neurons(x->n->board, h / D2_CORES, h % D2_CORES), used = 0;
        for (uint32_t i = 0; c && i < c->neuron.n; i++)
            used += !d2_neuron_is_dead(x->n->board, c->chip, c->core, c->neuron.data[i].index);
        x->core[h] = c ? kind_of_core(x, c) : CORE_FREE;
        x->room[h] = usable - used;
    }
}

/* The core of the chip where a relay of the layer in hand can stand; UINT32_MAX: none. */
static uint32_t home_on(const struct relays *x, uint32_t chip)
{
    uint32_t free = UINT32_MAX;
    for (uint32_t h = chip * D2_CORES; h < (chip + 1) * D2_CORES; h++) {
        if (x->core[h] == (int32_t)x->kind_of_layer && x->room[h] > 0)
            return h;
        if (x->core[h] == CORE_FREE && x->room[h] > 0 && free == UINT32_MAX)
            free = h;
    }
    return free;
}

/* How many of them can stand on the chip. */
static uint32_t room_on(const struct relays *x, uint32_t chip)
{
    uint32_t n = 0;
    for (uint32_t h = chip * D2_CORES; h < (chip + 1) * D2_CORES; h++)
        n += x->core[h] == (int32_t)x->kind_of_layer || x->core[h] == CORE_FREE ? x->room[h] : 0;
    return n;
}

/* ---- one neuron ---- */

/* Those that can be reached first, then those with most synapses. */
static int by_synapses(const void *x, const void *y)
{
    const struct heard *p = x, *q = y;
    if (p->far != q->far)
        return p->far ? 1 : -1;
    if (p->synapses != q->synapses)
        return p->synapses > q->synapses ? -1 : 1;
    return (p->chip > q->chip) - (p->chip < q->chip);
}

static int by_chip(const void *x, const void *y)
{
    const struct heard *p = x, *q = y;
    return (p->chip > q->chip) - (p->chip < q->chip);
}

/* Chips where the source is heard, in that order. */
static uint32_t find_chips(const struct relays *x, uint32_t source, struct heard *out)
{
    uint32_t n = 0, from = x->sites.at[source - x->rows.n_channels].core->chip;
    for (struct d2_row r = d2_row_of(&x->rows, source); d2_row_next(&r);) {
        for (uint64_t s = r.c->row[r.pre]; s < r.c->row[r.pre + 1]; s++) {
            uint32_t chip = x->sites.at[x->rows.first_cell[r.c->dst] + r.c->post[s]].core->chip;
            uint32_t k = 0;
            while (k < n && out[k].chip != chip)
                k++;
            if (k == n) {
                int hx, hy;
                out[n++] = (struct heard){chip, 0, !d2_hops(x->grid, from, chip, &hx, &hy)};
            }
            out[k].synapses++;
        }
    }
    qsort(out, n, sizeof *out, by_synapses);
    return n;
}

/* Whether a relay on the chip is heard by all of the n chips; the sum of its hops. */
static bool reaches(const struct relays *x, uint32_t from, const struct heard *to, uint32_t n,
                    uint32_t *hops)
{
    bool ok = true;
    *hops = 0;
    for (uint32_t i = 0; i < n && ok; i++) {
        int hx, hy;
        ok = d2_hops(x->grid, from, to[i].chip, &hx, &hy);
        *hops += (uint32_t)(abs(hx) + abs(hy));
    }
    return ok;
}

/* How one neuron reaches its chips: the first `direct` of `chip` by itself, groups of the others by
 * relays on the chips `at`. */
struct way {
    uint32_t direct, n_groups;
    uint32_t at[(D2_MAX_CHIPS + D2_SRAM - 1) / D2_SRAM];
};

/* Chips for the relays: of those that the neuron reaches, or of up to `extra` others. */
static bool find_relay_chips(const struct relays *x, uint32_t from, const struct heard *chip,
                             uint32_t n, uint32_t extra, struct way *w)
{
    uint32_t also[D2_SRAM], n_also = 0;
    uint32_t *used = ARENA_ARRAY(x->a, uint32_t, x->n_chips); /* by this neuron's relays */
    w->n_groups = 0;
    for (uint32_t begin = w->direct; begin < n; begin += D2_SRAM) {
        const struct heard *group = &chip[begin];
        uint32_t count = n - begin < D2_SRAM ? n - begin : D2_SRAM, hops, to_it, unused;
        uint32_t best = UINT32_MAX, least = UINT32_MAX;
        bool is_new = false;
        for (uint32_t c = 0; c < x->n_chips; c++) {
            bool heard = false;
            for (uint32_t k = 0; k < w->direct; k++)
                heard = heard || chip[k].chip == c;
            for (uint32_t k = 0; k < n_also; k++)
                heard = heard || also[k] == c;
            if ((!heard && n_also == extra) || used[c] >= room_on(x, c) ||
                !reaches(x, c, group, count, &hops) ||
                !reaches(x, from, &(struct heard){.chip = c}, 1, &to_it))
                continue;
            unused = heard ? 0 : 2 * D2_MAX_CHIPS; /* rather one that is reached */
            if (hops + to_it + unused < least) {
                least = hops + to_it + unused;
                best = c;
                is_new = !heard;
            }
        }
        if (best == UINT32_MAX)
            return false;
        if (is_new)
            also[n_also++] = best;
        used[best]++;
        w->at[w->n_groups++] = best;
    }
    return true;
}

static bool no_room(const struct relays *x, uint32_t source, uint32_t chips, uint32_t have)
{
    struct diag *g = diag_add(
        x->d, E0601, d2_source_span(&x->rows, source),
        "`%s` is heard on %u chips, its SRAM entries reach %u, and no chip near has room for a "
        "helper neuron",
        d2_source_name(&x->d->arena, &x->rows, source), chips, have);
    diag_hint(
        x->d, g,
        "helpers have currents of their own: leave a core free on one of these chips, by fewer "
        "sets of currents or neurons, or take a larger board: `grid = [COLUMNS, ROWS];`");
    return false;
}

/* The synapses of a neuron onto these chips leave from a relay from now on. */
static void move_synapses(struct relays *x, uint32_t source, const struct heard *chip, uint32_t n,
                          uint32_t relay)
{
    for (struct d2_row r = d2_row_of(&x->rows, source); d2_row_next(&r);) {
        for (uint64_t s = r.c->row[r.pre]; s < r.c->row[r.pre + 1]; s++) {
            uint32_t at = x->sites.at[x->rows.first_cell[r.c->dst] + r.c->post[s]].core->chip;
            bool is_one = false;
            for (uint32_t k = 0; k < n; k++)
                is_one = is_one || chip[k].chip == at;
            if (!is_one)
                continue;
            VEC_PUSH(x->a, &x->moved,
                     ((struct moved){r.c->dst, r.c->receptor, relay, r.c->post[s], r.c->weight[s],
                                     r.c->span}));
            r.c->weight[s] = 0;
        }
    }
}

/* SRAM entries of the layer's neurons that aren't for the host. */
static uint32_t entries_of(const struct relays *x, uint32_t layer)
{
    return x->wanted[layer] ? D2_SRAM - 1 : D2_SRAM;
}

/* How many of its chips a neuron reaches by so many entries. */
static uint32_t reached(const struct heard *chip, uint32_t n, uint32_t entries)
{
    uint32_t near = 0;
    while (near < n && near < entries && !chip[near].far)
        near++;
    return near;
}

static bool relay_neuron(struct relays *x, uint32_t element)
{
    uint32_t cell = x->rows.first_cell[x->layer] + element, source = x->rows.n_channels + cell;
    struct heard chip[D2_MAX_CHIPS];
    uint32_t n = find_chips(x, source, chip), have = entries_of(x, x->layer);
    if (reached(chip, n, have) == n || (x->sites.at[cell].neuron->given & BOARD_SRAM))
        return true;
    struct way w;
    bool ok = false;
    for (uint32_t extra = 0; extra <= have && !ok; extra++) {
        qsort(chip, n, sizeof *chip, by_synapses);
        w.direct = reached(chip, n, have - extra);
        qsort(&chip[w.direct], n - w.direct, sizeof *chip, by_chip); /* near ones together */
        ok = find_relay_chips(x, x->sites.at[cell].core->chip, chip, n, have - w.direct, &w);
    }
    if (!ok)
        return no_room(x, source, n, reached(chip, n, have));
    x->n_neurons++;
    x->most_chips = n > x->most_chips ? n : x->most_chips;
    for (uint32_t k = 0, begin = w.direct; k < w.n_groups; k++, begin += D2_SRAM) {
        struct helper h = {element, home_on(x, w.at[k])};
        x->core[h.home] = (int32_t)x->kind_of_layer;
        x->room[h.home]--;
        if (x->ask)
            continue;
        move_synapses(x, source, &chip[begin], n - begin < D2_SRAM ? n - begin : D2_SRAM,
                      x->helper.n);
        VEC_PUSH(x->a, &x->helper, h);
    }
    return true;
}

/* ---- one layer ---- */

static int by_ends(const void *x, const void *y)
{
    const struct moved *p = x, *q = y;
    const uint32_t a[] = {p->dst, p->receptor, p->relay, p->post};
    const uint32_t b[] = {q->dst, q->receptor, q->relay, q->post};
    for (uint32_t i = 0; i < sizeof a / sizeof *a; i++) {
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    }
    return 0;
}

static bool no_memory(struct relays *x)
{
    diag_add(x->d, E0601, x->n->layer.data[x->layer].span, "no memory for the synapses of helpers");
    return false;
}

static bool connect(struct relays *x, uint32_t helpers, const struct d2_relay *r)
{
    struct net *n = x->n;
    uint32_t n_helpers = x->helper.n, n_pre = n->layer.data[x->layer].n;
    struct net_connection *c = net_add_connection(n, false, x->layer, helpers, r->receptor, 1,
                                                  n_pre, n_helpers, n->layer.data[x->layer].span);
    if (!c)
        return no_memory(x);
    for (uint32_t i = 0; i < n_helpers; i++) { /* ascending neurons */
        c->post[i] = i;
        c->weight[i] = r->weight;
        for (uint32_t pre = x->helper.data[i].source; pre < n_pre; pre++)
            c->row[pre + 1] = i + 1;
    }
    struct moved *m = x->moved.data;
    qsort(m, x->moved.n, sizeof *m, by_ends);
    for (uint32_t begin = 0, end; begin < x->moved.n; begin = end) {
        for (end = begin; end < x->moved.n && m[end].dst == m[begin].dst &&
                          m[end].receptor == m[begin].receptor;)
            end++;
        c = net_add_connection(n, false, helpers, m[begin].dst, m[begin].receptor, 1, n_helpers,
                               end - begin, m[begin].span);
        if (!c)
            return no_memory(x);
        for (uint32_t i = begin; i < end; i++) {
            c->post[i - begin] = m[i].post;
            c->weight[i - begin] = m[i].weight;
            for (uint32_t pre = m[i].relay; pre < n_helpers; pre++)
                c->row[pre + 1] = i - begin + 1;
        }
    }
    return true;
}

/* Places on the board, which until now stayed as it was: it is what d2_sites points into. */
static void settle(struct relays *x, uint32_t helpers)
{
    for (uint32_t i = 0; i < x->helper.n; i++) {
        uint32_t chip = x->helper.data[i].home / D2_CORES, core = x->helper.data[i].home % D2_CORES;
        struct board_core *c = board_core(x->n->arena, x->n->board, chip, core);
        uint32_t index = 0, k = 0;
        for (;; index++) { /* there is one: there is room */
            while (k < c->neuron.n && c->neuron.data[k].index < index)
                k++;
            bool used = k < c->neuron.n && c->neuron.data[k].index == index;
            if (!used && !d2_neuron_is_dead(x->n->board, chip, core, index))
                break;
        }
        struct board_neuron *to = board_neuron(x->n->arena, c, index);
        to->layer = (int32_t)helpers;
        to->element = i;
    }
}

static void report(const struct relays *x, uint32_t helpers, const struct d2_relay *r)
{
    const struct target_helpers h = {
        .layer = x->n->layer.data[x->layer].name,
        .helpers = x->n->layer.data[helpers].name,
        .fan_out = true,
        .neurons = x->n_neurons,
        .n_helpers = x->helper.n,
        .synapses = x->moved.n,
        .sources = 1,
        .delay = 1,
        .period = r->period,
    };
    VEC_PUSH(x->n->arena, &x->report->helpers, h);
    buf_printf(&x->report->result,
               "split: %u neuron%s of `%s` heard on up to %u chips: %llu synapses go through %u "
               "helper neuron%s `%s`; events arrive there 1 step (%s) later\n",
               h.neurons, h.neurons == 1 ? "" : "s", h.layer, x->most_chips,
               (unsigned long long)h.synapses, h.n_helpers, h.n_helpers == 1 ? "" : "s", h.helpers,
               unit_text(&x->d->arena, x->n->dt, DIM_TIME));
}

/* The kind of the relays that help the layer. False: its model can't relay. */
static bool find_kind(struct relays *x)
{
    struct d2_relay r;
    if (!d2_relay_find(x->a, x->n, x->layer, &r, x->d))
        return false;
    uint32_t k = 0;
    while (k < x->kind.n && !d2_same_relays(&x->kind.data[k], &r))
        k++;
    if (k == x->kind.n)
        VEC_PUSH(x->a, &x->kind, r);
    x->kind_of_layer = k;
    find_cores(x);
    return true;
}

static bool is_wide(const struct relays *x, uint32_t layer)
{
    struct heard chip[D2_MAX_CHIPS];
    for (uint32_t e = x->rows.first_cell[layer]; e < x->rows.first_cell[layer + 1]; e++) {
        uint32_t n = find_chips(x, x->rows.n_channels + e, chip);
        if (!(x->sites.at[e].neuron->given & BOARD_SRAM) &&
            reached(chip, n, entries_of(x, layer)) < n)
            return true;
    }
    return false;
}

static bool relay_layer(struct relays *x, uint32_t layer)
{
    if (!is_wide(x, layer))
        return true;
    x->layer = layer;
    x->n_neurons = x->most_chips = 0;
    x->helper.n = x->moved.n = 0;
    bool ok = find_kind(x);
    for (uint32_t e = 0; e < x->n->layer.data[layer].n && ok; e++)
        ok = relay_neuron(x, e);
    if (!ok || x->ask)
        return ok;
    const struct d2_relay *r = &x->kind.data[x->kind_of_layer];
    uint32_t helpers = d2_relay_layer(x->n, r, "relay", layer, x->helper.n);
    settle(x, helpers);
    report(x, helpers, r);
    return connect(x, helpers, r);
}

static bool relay_layers(struct net *n, bool ask, struct target_report *r, struct diags *d)
{
    struct arena scratch = {0};
    uint32_t n_chips = d2_grid_chips(d2_grid_of(n->board)), n_layers = n->layer.n;
    struct relays x = {.n = n,
                       .report = r,
                       .d = d,
                       .a = &scratch,
                       .ask = ask,
                       .grid = d2_grid_of(n->board),
                       .n_chips = n_chips,
                       .wanted = d2_wanted_layers(&scratch, n),
                       .core = ARENA_ARRAY(&scratch, int32_t, n_chips * D2_CORES),
                       .room = ARENA_ARRAY(&scratch, uint32_t, n_chips * D2_CORES)};
    bool ok = d2_rows_init(&scratch, n, &x.rows, d);
    for (uint32_t l = 0; l < n_layers && ok; l++) {
        x.sites = d2_sites(&scratch, n); /* settle() moved them */
        ok = relay_layer(&x, l);
    }
    if (ok && !ask)
        d2_drop_moved(n);
    arena_free(&scratch);
    return ok;
}

bool d2_fan_out(struct net *n, const struct target_options *o, struct target_report *r,
                struct diags *d)
{
    return !o->split || (d2_merge_connections(n, r, d) && relay_layers(n, false, r, d));
}

bool d2_fan_out_helps(struct net *n)
{
    struct diags none = {0};
    bool ok = relay_layers(n, true, NULL, &none);
    diags_free(&none);
    return ok;
}
