/* Neurons of equal currents share cores. Exactly where the cores suffice, with as few cores as
 * their number and the tags of their sources allow and layers together; else neurons are clustered
 * and a core takes their mean. */
#include "targets/dynapse2/cluster.h"
#include "targets/dynapse2/passes.h"
#include "targets/dynapse2/quantize.h"
#include <math.h>
#include <stdlib.h>

enum { EMPTY = -1, MIXED = -2, NOWHERE = -1 };

struct cell { /* a neuron of the network */
    uint32_t layer, element;
    uint32_t group; /* neurons with the same currents */
    int32_t home;   /* NOWHERE: free */
    bool on_board;  /* has an index already */
};

struct home { /* a core */
    uint32_t used;
    uint32_t tags; /* sources of its neurons */
    int32_t group; /* that all its neurons belong to, EMPTY or MIXED */
};

struct place {
    struct net *n;
    struct diags *d;
    struct arena *a; /* as long as the pass */
    uint32_t n_cells, n_groups;
    struct cell *cell; /* by layer and element */
    const uint32_t *first;
    struct d2_currents *current; /* of each cell; NAN: none */
    uint32_t n_homes, reach_words;
    struct home *home;
    /* Sources are numbered: the channels of all inputs, then the neurons of all layers. */
    uint32_t n_sources;
    const uint32_t *first_source, *source; /* of each cell, one after the other; may repeat */
    uint64_t *reach;        /* homes that each source must reach, by bits: reach_words for each */
    uint32_t *seen, n_seen; /* of each source: the last count that met it */
};

/* ---- what the neurons want ---- */

/* The currents of a weight of 1; NAN: the layer takes no weights. */
static struct d2_scale find_scale(struct place *p, uint32_t layer)
{
    const struct model *m = p->n->layer.data[layer].model;
    struct d2_scale s = {1, ARENA_ARRAY(p->a, double, 1)};
    s.v[0] = (double)NAN;
    for (uint32_t k = 0; k < m->receptor.n; k++) {
        const struct model_binding *on = &m->receptor.data[k].on;
        if (on->target && strcmp(on->target, "dynapse2") == 0) {
            d2_receptor_scale(p->a, p->n, layer, k, &s);
            break;
        }
    }
    return s;
}

static void find_currents(struct place *p)
{
    struct d2_scale scale = {0};
    for (uint32_t i = 0; i < p->n_cells; i++) {
        const struct net_layer *l = &p->n->layer.data[p->cell[i].layer];
        if (p->cell[i].element == 0)
            scale = find_scale(p, p->cell[i].layer);
        for (uint32_t k = 0; k < D2_N_PARAMS; k++)
            p->current[i].v[k] = NAN;
        p->current[i].v[D2_SCALE] = (float)d2_scale_of(&scale, p->cell[i].element);
        for (uint32_t k = 0; k < l->model->param.n; k++) {
            const struct model_param *m = &l->model->param.data[k];
            for (uint32_t j = 0; d2_is_bound(m) && j < m->on.n; j++)
                p->current[i].v[d2_find_param(m->on.name[j])] =
                    d2_value(&l->param[k], p->cell[i].element) + 0.0f; /* -0 is 0 */
        }
    }
}

/* Equal ones stay in the order of the neurons. */
static int by_current(const void *x, const void *y)
{
    const struct d2_currents *p = *(const struct d2_currents *const *)x;
    const struct d2_currents *q = *(const struct d2_currents *const *)y;
    int c = memcmp(p, q, sizeof *p);
    return c ? c : (p > q) - (p < q);
}

/* Groups are numbered by their first neuron. */
static void find_groups(struct place *p)
{
    const struct d2_currents **order = ARENA_ARRAY(p->a, const struct d2_currents *, p->n_cells);
    uint32_t *leader = ARENA_ARRAY(p->a, uint32_t, p->n_cells);
    for (uint32_t i = 0; i < p->n_cells; i++)
        order[i] = &p->current[i];
    qsort(order, p->n_cells, sizeof *order, by_current);
    for (uint32_t i = 0, before = 0; i < p->n_cells; i++) {
        uint32_t cell = (uint32_t)(order[i] - p->current);
        bool same = i > 0 && memcmp(order[i], order[i - 1], sizeof **order) == 0;
        leader[cell] = same ? leader[before] : cell;
        before = cell;
    }
    for (uint32_t i = 0; i < p->n_cells; i++)
        p->cell[i].group = leader[i] == i ? p->n_groups++ : p->cell[leader[i]].group;
}

/* ---- what the neurons hear ---- */

/* Fills the lists of sources, or leaves them empty for a network that a later pass refuses. */
static void find_sources(struct place *p)
{
    const struct net *n = p->n;
    uint64_t channels = 0, synapses = 0;
    uint32_t *first = ARENA_ARRAY(p->a, uint32_t, p->n_cells + 1);
    uint32_t *channel = ARENA_ARRAY(p->a, uint32_t, n->input.n);
    p->first_source = first;
    for (uint32_t i = 0; i < n->input.n && channels <= D2_MAX_CHANNELS; i++) {
        channel[i] = (uint32_t)channels;
        channels += n->input.data[i].n;
    }
    for (uint32_t i = 0; i < n->connection.n; i++)
        synapses += n->connection.data[i].row[n->connection.data[i].n_pre];
    if (channels > D2_MAX_CHANNELS || synapses > D2_MAX_SYNAPSES)
        return;
    uint32_t *source = ARENA_ARRAY(p->a, uint32_t, synapses);
    p->n_sources = (uint32_t)channels + p->n_cells;
    p->source = source;
    p->reach = ARENA_ARRAY(p->a, uint64_t, (size_t)p->n_sources * p->reach_words);
    p->seen = ARENA_ARRAY(p->a, uint32_t, p->n_sources);
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        for (uint64_t s = 0; s < c->row[c->n_pre]; s++)
            first[p->first[c->dst] + c->post[s] + 1]++;
    }
    for (uint32_t i = 0; i < p->n_cells; i++)
        first[i + 1] += first[i];
    uint32_t *at = ARENA_ARRAY(p->a, uint32_t, p->n_cells);
    memcpy(at, first, p->n_cells * sizeof *at);
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        uint32_t base = c->from_input ? channel[c->src] : (uint32_t)channels + p->first[c->src];
        for (uint32_t pre = 0; pre < c->n_pre; pre++)
            for (uint64_t s = c->row[pre]; s < c->row[pre + 1]; s++)
                source[at[p->first[c->dst] + c->post[s]]++] = base + pre;
    }
}

/* How many sources of a cell neither reach the home yet nor were counted since p->n_seen rose. */
static uint32_t new_sources(const struct place *p, uint32_t cell, uint32_t home)
{
    uint32_t n = 0;
    for (uint32_t i = p->first_source[cell]; i < p->first_source[cell + 1]; i++) {
        uint32_t s = p->source[i];
        n += !(p->reach[(size_t)s * p->reach_words + home / 64] >> home % 64 & 1) &&
             p->seen[s] != p->n_seen;
    }
    return n;
}

/* They reach the home from now on; returns how many didn't. */
static uint32_t reach_home(struct place *p, uint32_t cell, uint32_t home)
{
    uint32_t n = 0;
    for (uint32_t i = p->first_source[cell]; i < p->first_source[cell + 1]; i++) {
        uint64_t *reach = &p->reach[(size_t)p->source[i] * p->reach_words + home / 64];
        uint64_t bit = (uint64_t)1 << home % 64;
        n += !(*reach & bit);
        *reach |= bit;
    }
    return n;
}

/* ---- what is given by hand ---- */

static void settle(struct place *p, struct cell *c, int32_t home)
{
    struct home *h = &p->home[home];
    c->home = home;
    if (!c->on_board)
        h->used++;
    h->tags += reach_home(p, (uint32_t)(c - p->cell), (uint32_t)home);
    if (h->group == EMPTY)
        h->group = (int32_t)c->group;
    else if (h->group != (int32_t)c->group)
        h->group = MIXED;
}

static void take_board(struct place *p)
{
    for (uint32_t i = 0; i < p->n->board->core.n; i++) {
        const struct board_core *c = &p->n->board->core.data[i];
        int32_t home = (int32_t)(c->chip * D2_CORES + c->core);
        p->home[home].used += c->neuron.n;
        for (uint32_t k = 0; k < c->neuron.n; k++) {
            const struct board_neuron *x = &c->neuron.data[k];
            if (x->layer < 0)
                continue;
            struct cell *cell = &p->cell[p->first[x->layer] + x->element];
            cell->on_board = true;
            settle(p, cell, home);
        }
    }
}

static bool take_wishes(struct place *p)
{
    bool ok = true;
    for (uint32_t i = 0; i < p->n->board->place.n; i++) {
        const struct board_place *w = &p->n->board->place.data[i];
        int32_t home = (int32_t)(w->chip * D2_CORES + w->core);
        for (uint32_t k = 0; k < w->count; k++) {
            struct cell *c = &p->cell[p->first[w->layer] + w->first + k];
            if (c->home == NOWHERE) {
                settle(p, c, home);
            } else if (c->home != home) {
                diag_add(p->d, E0406, w->span, "`%s` is on chip %d core %d already",
                         d2_neuron_name(&p->d->arena, p->n, c->layer, c->element),
                         c->home / D2_CORES, c->home % D2_CORES);
                ok = false;
                break;
            }
        }
        if (p->home[home].used > D2_NEURONS) {
            diag_add(p->d, E0601, w->span,
                     "chip %u core %u: %u neurons are placed here, a core "
                     "has %d",
                     w->chip, w->core, p->home[home].used, D2_NEURONS);
            ok = false;
        }
    }
    return ok;
}

/* ---- neurons that are free ---- */

static uint32_t room(const struct place *p, uint32_t home)
{
    return D2_NEURONS - p->home[home].used;
}

/* Free neurons of one group and layer. */
struct piece {
    uint32_t first, n; /* cells */
};

static int by_size(const void *x, const void *y)
{
    const struct piece *p = x, *q = y;
    if (p->n != q->n)
        return p->n > q->n ? -1 : 1;
    return (p->first > q->first) - (p->first < q->first);
}

/* Settles the free neurons of a piece that have room in the home and need no more than `max_tags`
 * there, or only counts them; returns how many. */
static uint32_t fill(struct place *p, const struct piece *x, uint32_t home, uint32_t max_tags,
                     bool settles)
{
    const struct cell *first = &p->cell[x->first];
    uint32_t group = first->group, layer = first->layer;
    uint32_t n = 0, space = room(p, home), tags = p->home[home].tags;
    p->n_seen++;
    for (uint32_t i = x->first; n < x->n && n < space && i < p->n_cells; i++) {
        struct cell *c = &p->cell[i];
        if (c->layer != layer)
            break;
        if (c->group != group || c->home != NOWHERE)
            continue;
        uint32_t more = new_sources(p, i, home);
        if (tags + more > max_tags)
            continue;
        for (uint32_t k = p->first_source[i]; k < p->first_source[i + 1]; k++)
            p->seen[p->source[k]] = p->n_seen;
        tags += more;
        n++;
        if (settles)
            settle(p, c, (int32_t)home);
    }
    return n;
}

/* Cores that hold only this group and have room, then empty ones. The first `*needed` of them have
 * room for its free neurons; false: not even all. */
static bool find_homes(const struct place *p, uint32_t group, uint32_t n_free, uint32_t *out,
                       uint32_t *n, uint32_t *needed)
{
    uint32_t space = 0;
    *n = *needed = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t h = 0; h < p->n_homes; h++) {
            if (p->home[h].group != (pass == 0 ? (int32_t)group : EMPTY) || room(p, h) == 0)
                continue;
            out[(*n)++] = h;
            *needed += space < n_free;
            space += room(p, h);
        }
    }
    return space >= n_free;
}

/* Free neurons of the group, by layers; the largest piece first. */
static uint32_t find_pieces(const struct place *p, uint32_t group, struct piece *piece)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->n_cells; i++) {
        const struct cell *c = &p->cell[i];
        if (c->group != group || c->home != NOWHERE)
            continue;
        if (n == 0 || p->cell[piece[n - 1].first].layer != c->layer)
            piece[n++] = (struct piece){.first = i};
        piece[n - 1].n++;
    }
    qsort(piece, n, sizeof *piece, by_size);
    return n;
}

/* Whole layers where they fit; else split over the cores that take most. */
static bool settle_pieces(struct place *p, uint32_t group, const uint32_t *home, uint32_t n_homes,
                          uint32_t max_tags)
{
    struct piece *piece = ARENA_ARRAY(p->a, struct piece, p->n->layer.n);
    uint32_t n_pieces = find_pieces(p, group, piece);
    for (uint32_t i = 0; i < n_pieces; i++) {
        while (piece[i].n > 0) {
            uint32_t best = 0, most = 0;
            for (uint32_t h = 0; h < n_homes && most < piece[i].n; h++) {
                uint32_t n = fill(p, &piece[i], home[h], max_tags, false);
                if (n > most) {
                    most = n;
                    best = h;
                }
            }
            if (most == 0)
                return false;
            piece[i].n -= fill(p, &piece[i], home[best], max_tags, true);
        }
    }
    return true;
}

struct before { /* where the neurons were */
    struct home *home;
    int32_t *cell_home;
};

static struct before save(const struct place *p)
{
    struct before b = {ARENA_ARRAY(p->a, struct home, p->n_homes),
                       ARENA_ARRAY(p->a, int32_t, p->n_cells)};
    memcpy(b.home, p->home, p->n_homes * sizeof *b.home);
    for (uint32_t i = 0; i < p->n_cells; i++)
        b.cell_home[i] = p->cell[i].home;
    return b;
}

static void restore(struct place *p, const struct before *b)
{
    memcpy(p->home, b->home, p->n_homes * sizeof *b->home);
    if (p->n_sources > 0)
        memset(p->reach, 0, (size_t)p->n_sources * p->reach_words * sizeof *p->reach);
    for (uint32_t i = 0; i < p->n_cells; i++) {
        p->cell[i].home = b->cell_home[i];
        if (p->cell[i].home != NOWHERE)
            reach_home(p, i, (uint32_t)p->cell[i].home);
    }
}

/* On as few cores as have room, and on more where the tags don't suffice. */
static bool pack_group(struct place *p, uint32_t group)
{
    uint32_t *home = ARENA_ARRAY(p->a, uint32_t, p->n_homes), n_free = 0, n_homes, needed;
    for (uint32_t i = 0; i < p->n_cells; i++)
        n_free += p->cell[i].group == group && p->cell[i].home == NOWHERE;
    if (!find_homes(p, group, n_free, home, &n_homes, &needed))
        return false;
    if (n_free == 0)
        return true;
    struct before b = save(p);
    for (uint32_t n = needed; n <= n_homes; n++) {
        if (settle_pieces(p, group, home, n, D2_TAGS))
            return true;
        restore(p, &b);
    }
    /* There aren't enough tags: `route` says so in terms of the sources. */
    return settle_pieces(p, group, home, needed, UINT32_MAX);
}

/* Each group on cores of its own. False, and nothing changed, if there aren't enough. */
static bool pack(struct place *p)
{
    struct before b = save(p);
    for (uint32_t g = 0; g < p->n_groups; g++) {
        if (pack_group(p, g))
            continue;
        restore(p, &b);
        return false;
    }
    return true;
}

static void cluster(struct place *p)
{
    uint32_t *space = ARENA_ARRAY(p->a, uint32_t, p->n_homes);
    int32_t *where = ARENA_ARRAY(p->a, int32_t, p->n_cells);
    uint32_t *which = ARENA_ARRAY(p->a, uint32_t, p->n_cells);
    struct d2_currents *current = ARENA_ARRAY(p->a, struct d2_currents, p->n_cells);
    struct d2_points points = {.current = current, .cluster = where};
    for (uint32_t i = 0; i < p->n_cells; i++) {
        which[points.n] = i;
        where[points.n] = p->cell[i].home;
        current[points.n++] = p->current[i];
    }
    for (uint32_t h = 0; h < p->n_homes; h++)
        space[h] = room(p, h);
    d2_cluster(&points, p->n_homes, space);
    for (uint32_t i = 0; i < points.n; i++) {
        struct cell *c = &p->cell[which[i]];
        if (c->home == NOWHERE)
            settle(p, c, where[i]);
    }
}

static bool place_free(struct place *p)
{
    uint32_t n_free = 0, space = 0;
    for (uint32_t i = 0; i < p->n_cells; i++)
        n_free += p->cell[i].home == NOWHERE;
    for (uint32_t h = 0; h < p->n_homes; h++)
        space += room(p, h);
    if (n_free > space) {
        const struct net_layer *largest = &p->n->layer.data[0];
        for (uint32_t l = 1; l < p->n->layer.n; l++) {
            if (p->n->layer.data[l].n > largest->n)
                largest = &p->n->layer.data[l];
        }
        struct diag *g =
            diag_add(p->d, E0601, p->n->span,
                     "%u neurons are to be placed, the board's %u chip%s ha%s room for %u", n_free,
                     p->n_homes / D2_CORES, p->n_homes == D2_CORES ? "" : "s",
                     p->n_homes == D2_CORES ? "s" : "ve", space);
        diag_label(p->d, g, largest->span, "the largest layer, %u neurons", largest->n);
        diag_hint(p->d, g, "%u fewer neurons fit, or a larger board: `grid = [COLUMNS, ROWS];`",
                  n_free - space);
        return false;
    }
    if (!pack(p))
        cluster(p);
    return true;
}

/* ---- into the board ---- */

static void fill_board(struct place *p)
{
    for (uint32_t h = 0; h < p->n_homes; h++) {
        if (p->home[h].group == EMPTY)
            continue;
        struct board_core *c = board_core(p->n->arena, p->n->board, h / D2_CORES, h % D2_CORES);
        uint32_t index = 0, at = 0; /* the lowest free index; the entry that it comes before */
        for (uint32_t i = 0; i < p->n_cells; i++) {
            if (p->cell[i].home != (int32_t)h || p->cell[i].on_board)
                continue;
            for (; at < c->neuron.n && c->neuron.data[at].index == index; at++)
                index++;
            struct board_neuron *x = board_neuron(p->n->arena, c, index);
            x->layer = (int32_t)p->cell[i].layer;
            x->element = p->cell[i].element;
        }
    }
    p->n->board->place.n = 0; /* fulfilled: the neurons say it */
}

/* ---- the pass ---- */

static void report(const struct place *p, struct target_report *r)
{
    for (uint32_t h = 0; h < p->n_homes; h++) {
        if (p->home[h].group != EMPTY)
            buf_printf(&r->text, "place: chip %u core %u: %u neurons\n", h / D2_CORES, h % D2_CORES,
                       p->home[h].used);
    }
}

static void start(struct place *p, uint32_t n_cells)
{
    uint32_t *first = ARENA_ARRAY(p->a, uint32_t, p->n->layer.n + 1);
    p->n_homes = d2_grid_chips(d2_grid_of(p->n->board)) * D2_CORES;
    p->reach_words = (p->n_homes + 63) / 64;
    p->home = ARENA_ARRAY(p->a, struct home, p->n_homes);
    p->n_cells = n_cells;
    p->cell = ARENA_ARRAY(p->a, struct cell, n_cells);
    p->current = ARENA_ARRAY(p->a, struct d2_currents, n_cells);
    p->first = first;
    uint32_t i = 0;
    for (uint32_t l = 0; l < p->n->layer.n; l++) {
        first[l] = i;
        for (uint32_t e = 0; e < p->n->layer.data[l].n; e++)
            p->cell[i++] = (struct cell){.layer = l, .element = e, .home = NOWHERE};
    }
    for (uint32_t h = 0; h < p->n_homes; h++)
        p->home[h].group = EMPTY;
}

static bool few_enough(const struct net *n, uint32_t *total, struct diags *d)
{
    struct d2_grid grid = d2_grid_of(n->board);
    uint32_t room = d2_grid_chips(grid) * D2_CORES * D2_NEURONS;
    uint64_t sum = 0;
    for (uint32_t l = 0; l < n->layer.n; l++)
        sum += n->layer.data[l].n;
    *total = (uint32_t)sum;
    if (sum <= room)
        return true;
    struct diag *g = diag_add(d, E0601, n->span,
                              "network `%s` has %llu neurons, a board of %u x %u chips has %u",
                              n->name, (unsigned long long)sum, grid.columns, grid.rows, room);
    uint32_t largest = 0;
    for (uint32_t l = 1; l < n->layer.n; l++)
        largest = n->layer.data[l].n > n->layer.data[largest].n ? l : largest;
    diag_label(d, g, n->layer.data[largest].span, "the largest layer, %u neurons",
               n->layer.data[largest].n);
    if (sum <= D2_MAX_CHIPS * D2_CORES * D2_NEURONS)
        diag_hint(
            d, g, "%llu chips have room: `grid = [COLUMNS, ROWS];` in a board section",
            (unsigned long long)((sum + D2_CORES * D2_NEURONS - 1) / (D2_CORES * D2_NEURONS)));
    else
        diag_hint(d, g, "make its layers smaller: no board has over %d chips", D2_MAX_CHIPS);
    return false;
}

bool d2_place(struct net *n, const struct target_options *o, struct target_report *r,
              struct diags *d)
{
    (void)o;
    uint32_t total;
    if (!n->board || strcmp(n->board->target, "dynapse2") != 0) {
        n->board = ARENA_NEW(n->arena, struct board);
        *n->board = (struct board){.target = "dynapse2", .gain = 1, .span = n->span};
    }
    if (!d2_check_board(n, d) || !few_enough(n, &total, d) || !d2_check(n, d))
        return false;
    struct arena scratch = {0};
    struct place p = {.n = n, .d = d, .a = &scratch};
    start(&p, total);
    find_currents(&p);
    find_groups(&p);
    find_sources(&p);
    take_board(&p);
    bool ok = take_wishes(&p) && place_free(&p);
    if (ok) {
        fill_board(&p);
        d2_share_currents(n, d);
        report(&p, r);
    }
    arena_free(&scratch);
    return ok;
}
