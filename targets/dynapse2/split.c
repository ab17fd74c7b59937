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
#include "targets/dynapse2/profile.h"
#include "targets/dynapse2/quantize.h"
#include <math.h>
#include <stdlib.h>

/* Sources of a relay: as few as there is room for. */
static const uint32_t sizes[] = {4, 8, 16, 32, D2_CAM};
enum { N_SIZES = sizeof sizes / sizeof sizes[0] };

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
static uint32_t have(const struct d2_split *x, uint32_t cell)
{
    struct d2_site at = x->sites.at[cell];
    if (!at.neuron)
        return x->usable;
    if (at.neuron->given & BOARD_CAM)
        return 0;
    return d2_usable_cam(x->n->board, at.core->chip, at.core->core, at.neuron->index);
}

static bool is_crowded(const struct d2_split *x, uint32_t cell)
{
    return have(x, cell) > 0 && x->need[cell] > have(x, cell);
}

/* Entries that neurons need. */
static void count_need(struct d2_split *x)
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
static bool is_short(const struct d2_split *x, uint32_t cell)
{
    const struct board_neuron *y = x->sites.at[cell].neuron;
    return y && (y->given & BOARD_CAM) ? x->need[cell] > y->cam.n : is_crowded(x, cell);
}

static void find_need(struct d2_split *x)
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
static uint32_t count_together(const struct d2_split *x, uint32_t source)
{
    uint32_t n = 0;
    for (; source != D2_NO_SOURCE; source = x->next[source])
        n++;
    return n;
}

static struct entries find_entries(const struct d2_split *x, uint32_t layer, struct arena *a)
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
static uint32_t relay_of(struct d2_split *x, struct d2_split_plan *p, const struct d2_entry *entry,
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
    VEC_PUSH(x->a, &p->relay, ((struct d2_split_group){p->source.n, n}));
    for (uint32_t i = 0; i < n; i++)
        VEC_PUSH(x->a, &p->source, source[i]);
    return p->relay.n - 1;
}

static void put_behind(struct d2_split *x, struct d2_split_plan *p, uint32_t post,
                       const struct d2_entry *entry, const struct d2_window *w)
{
    uint32_t relay = relay_of(x, p, &entry[w->first], w->n), together = 0;
    VEC_PUSH(x->a, &p->link,
             ((struct d2_split_link){entry[w->first].class / 2, relay, post, w->weight}));
    for (uint32_t i = w->first; i < w->first + w->n; i++) {
        p->largest = fmax(p->largest, fabs((double)entry[i].weight - (double)w->weight));
        VEC_PUSH(x->a, &p->behind, ((struct d2_split_behind){entry[i].connection, entry[i].at}));
        together += entry[i].together;
    }
    p->n_behind += together;
    p->n_together = together > p->n_together ? together : p->n_together;
}

/* False: a neuron needs more than all of its entries and relays can be. */
static bool plan_layer(struct d2_split *x, uint32_t layer, uint32_t most, struct d2_split_plan *p)
{
    struct arena scratch = {0};
    struct entries e = find_entries(x, layer, &scratch);
    uint32_t n = x->n->layer.data[layer].n;
    bool *heard = ARENA_ARRAY(&scratch, bool, x->rows.n_sources), ok = true;
    *p = (struct d2_split_plan){.layer = layer};
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
static bool has_room(const struct d2_split *x, const struct d2_split_plan *plan)
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
static struct d2_split_plan *make_plans(struct d2_split *x)
{
    struct d2_split_plan *plan = ARENA_ARRAY(x->a, struct d2_split_plan, x->layer.n);
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

static void say_too_many(const struct d2_split *x)
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

static bool split_layers(struct d2_split *x)
{
    const struct d2_split_plan *plan = make_plans(x);
    if (!plan) {
        say_too_many(x);
        return false;
    }
    struct d2_relay *r = ARENA_ARRAY(x->a, struct d2_relay, x->layer.n);
    bool ok = true;
    for (uint32_t i = 0; i < x->layer.n && ok; i++)
        ok = d2_relay_find(x->a, x->n, plan[i].layer, &r[i], x->d);
    for (uint32_t i = 0; i < x->layer.n && ok; i++)
        ok = d2_split_apply(x, &plan[i], &r[i]);
    if (ok) {
        d2_split_together(x);
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
    struct d2_split x = {.n = n, .d = &none, .a = &scratch, .usable = D2_CAM};
    bool ok = d2_rows_init(&scratch, n, &x.rows, &none);
    if (ok) {
        x.sites = d2_sites(&scratch, n);
        find_need(&x);
        const struct d2_split_plan *plan = make_plans(&x);
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
    struct d2_split x = {
        .n = n, .report = r, .d = d, .a = &scratch, .usable = usable_cam(n->board)};
    bool ok = d2_rows_init(&scratch, n, &x.rows, d);
    if (ok) {
        x.sites = d2_sites(&scratch, n);
        find_need(&x);
        ok = x.layer.n == 0 || split_layers(&x);
    }
    arena_free(&scratch);
    return ok;
}
