/* Neurons of equal currents share cores. Exactly where the cores suffice, with as few cores as
 * possible and layers together; else neurons are clustered and a core takes their mean. */
#include "targets/dynapse2/cluster.h"
#include "targets/dynapse2/passes.h"
#include "targets/dynapse2/quantize.h"
#include <math.h>
#include <stdlib.h>

enum { HOMES = D2_CHIPS * D2_CORES, OPEN_HOMES = D2_OPEN_CHIPS * D2_CORES };

enum { EMPTY = -1, MIXED = -2, NOWHERE = -1 };

struct cell { /* a neuron of the network */
    uint32_t layer, element;
    uint32_t group; /* neurons with the same currents */
    int32_t home;   /* NOWHERE: free */
    bool on_board;  /* has an index already */
};

struct home { /* a core */
    uint32_t used;
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
    struct home home[HOMES];
};

/* ---- what the neurons want ---- */

/* The current of a weight of 1; NAN: it takes no weights. */
static float find_scale(const struct net *n, const struct cell *c)
{
    const struct model *m = n->layer.data[c->layer].model;
    for (uint32_t k = 0; k < m->receptor.n; k++) {
        const struct model_binding *on = &m->receptor.data[k].on;
        if (on->target && strcmp(on->target, "dynapse2") == 0)
            return (float)d2_receptor_scale(n, c->layer, k, c->element);
    }
    return NAN;
}

static void find_currents(struct place *p)
{
    for (uint32_t i = 0; i < p->n_cells; i++) {
        const struct net_layer *l = &p->n->layer.data[p->cell[i].layer];
        for (uint32_t k = 0; k < D2_N_PARAMS; k++)
            p->current[i].v[k] = NAN;
        p->current[i].v[D2_SCALE] = find_scale(p->n, &p->cell[i]);
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

/* ---- what is given by hand ---- */

static void settle(struct place *p, struct cell *c, int32_t home)
{
    struct home *h = &p->home[home];
    c->home = home;
    if (!c->on_board)
        h->used++;
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

static uint32_t count_free(const struct place *p, uint32_t group)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->n_cells; i++)
        n += p->cell[i].group == group && p->cell[i].home == NOWHERE;
    return n;
}

/* The free neurons of `group` in ascending order from the piece's first one on. */
static void settle_piece(struct place *p, struct piece *x, uint32_t n, int32_t home)
{
    uint32_t group = p->cell[x->first].group, layer = p->cell[x->first].layer;
    x->n -= n;
    for (; n > 0; x->first++) {
        struct cell *c = &p->cell[x->first];
        if (c->group == group && c->home == NOWHERE) {
            settle(p, c, home);
            n--;
        }
    }
    while (x->n > 0 && !(p->cell[x->first].group == group && p->cell[x->first].layer == layer &&
                         p->cell[x->first].home == NOWHERE))
        x->first++;
}

/* Cores that hold only this group and have room, then `n_new` empty ones: which of them? */
static uint32_t find_homes(const struct place *p, uint32_t group, uint32_t n_free,
                           int32_t out[OPEN_HOMES])
{
    uint32_t n = 0, space = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t h = 0; h < OPEN_HOMES && space < n_free; h++) {
            if (p->home[h].group != (pass == 0 ? (int32_t)group : EMPTY) || room(p, h) == 0)
                continue;
            out[n++] = (int32_t)h;
            space += room(p, h);
        }
    }
    return space >= n_free ? n : UINT32_MAX;
}

/* Whole layers, the largest first, where they fit; else split over the roomiest cores. */
static bool pack_group(struct place *p, uint32_t group)
{
    int32_t home[OPEN_HOMES];
    uint32_t n_free = count_free(p, group), n_pieces = 0;
    uint32_t n_homes = find_homes(p, group, n_free, home);
    if (n_homes == UINT32_MAX)
        return false;
    struct piece *piece = ARENA_ARRAY(p->a, struct piece, p->n->layer.n);
    for (uint32_t i = 0; i < p->n_cells; i++) {
        const struct cell *c = &p->cell[i];
        if (c->group != group || c->home != NOWHERE)
            continue;
        if (n_pieces == 0 || p->cell[piece[n_pieces - 1].first].layer != c->layer)
            piece[n_pieces++].first = i;
        piece[n_pieces - 1].n++;
    }
    qsort(piece, n_pieces, sizeof *piece, by_size);
    for (uint32_t i = 0; i < n_pieces; i++) {
        while (piece[i].n > 0) {
            uint32_t best = 0;
            for (uint32_t h = 0; h < n_homes; h++) {
                if (room(p, (uint32_t)home[h]) >= piece[i].n) {
                    best = h;
                    break;
                }
                if (room(p, (uint32_t)home[h]) > room(p, (uint32_t)home[best]))
                    best = h;
            }
            uint32_t space = room(p, (uint32_t)home[best]);
            settle_piece(p, &piece[i], piece[i].n < space ? piece[i].n : space, home[best]);
        }
    }
    return true;
}

/* Each group on cores of its own. False, and nothing changed, if there aren't enough. */
static bool pack(struct place *p)
{
    struct home before[HOMES];
    int32_t *cell_home = ARENA_ARRAY(p->a, int32_t, p->n_cells);
    memcpy(before, p->home, sizeof before);
    for (uint32_t i = 0; i < p->n_cells; i++)
        cell_home[i] = p->cell[i].home;
    for (uint32_t g = 0; g < p->n_groups; g++) {
        if (pack_group(p, g))
            continue;
        memcpy(p->home, before, sizeof before);
        for (uint32_t i = 0; i < p->n_cells; i++)
            p->cell[i].home = cell_home[i];
        return false;
    }
    return true;
}

static void cluster(struct place *p)
{
    uint32_t space[OPEN_HOMES];
    int32_t *where = ARENA_ARRAY(p->a, int32_t, p->n_cells);
    uint32_t *which = ARENA_ARRAY(p->a, uint32_t, p->n_cells);
    struct d2_currents *current = ARENA_ARRAY(p->a, struct d2_currents, p->n_cells);
    struct d2_points points = {.current = current, .cluster = where};
    for (uint32_t i = 0; i < p->n_cells; i++) {
        if (p->cell[i].home >= OPEN_HOMES)
            continue; /* by hand on another chip */
        which[points.n] = i;
        where[points.n] = p->cell[i].home;
        current[points.n++] = p->current[i];
    }
    for (uint32_t h = 0; h < OPEN_HOMES; h++)
        space[h] = room(p, h);
    d2_cluster(&points, OPEN_HOMES, space);
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
    for (uint32_t h = 0; h < OPEN_HOMES; h++)
        space += room(p, h);
    if (n_free > space) {
        const struct net_layer *largest = &p->n->layer.data[0];
        for (uint32_t l = 1; l < p->n->layer.n; l++) {
            if (p->n->layer.data[l].n > largest->n)
                largest = &p->n->layer.data[l];
        }
        struct diag *g = diag_add(p->d, E0601, p->n->span,
                                  "%u neurons are to be placed, %d chip has room for %u", n_free,
                                  D2_OPEN_CHIPS, space);
        diag_label(p->d, g, largest->span, "the largest layer, %u neurons", largest->n);
        diag_hint(p->d, g, "%u fewer neurons fit, or place some on chip 1 to %d in a board section",
                  n_free - space, D2_CHIPS - 1);
        return false;
    }
    if (!pack(p))
        cluster(p);
    return true;
}

/* ---- into the board ---- */

static void fill_board(struct place *p)
{
    for (uint32_t h = 0; h < HOMES; h++) {
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
    for (uint32_t h = 0; h < HOMES; h++) {
        if (p->home[h].group != EMPTY)
            buf_printf(&r->text, "place: chip %u core %u: %u neurons\n", h / D2_CORES, h % D2_CORES,
                       p->home[h].used);
    }
}

static void start(struct place *p, uint32_t n_cells)
{
    uint32_t *first = ARENA_ARRAY(p->a, uint32_t, p->n->layer.n + 1);
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
    for (uint32_t h = 0; h < HOMES; h++)
        p->home[h].group = EMPTY;
}

static bool few_enough(const struct net *n, uint32_t *total, struct diags *d)
{
    uint64_t sum = 0;
    for (uint32_t l = 0; l < n->layer.n; l++)
        sum += n->layer.data[l].n;
    *total = (uint32_t)sum;
    if (sum <= D2_CHIPS * D2_CORES * D2_NEURONS)
        return true;
    struct diag *g = diag_add(d, E0601, n->span, "network `%s` has %llu neurons, a board has %d",
                              n->name, (unsigned long long)sum, D2_CHIPS * D2_CORES * D2_NEURONS);
    diag_hint(d, g, "make its layers smaller");
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
    if (!few_enough(n, &total, d) || !d2_check(n, d) || !d2_check_board(n, d))
        return false;
    struct arena scratch = {0};
    struct place p = {.n = n, .d = d, .a = &scratch};
    start(&p, total);
    find_currents(&p);
    find_groups(&p);
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
